//! All themes that there are: those that come with the program, and the user's files. A file that
//! cannot be used does not hinder the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::error::{ThemeError, Word, nearest};
use super::file::ThemeFile;
use super::{Background, Depth, Theme, build};

/// Themes by name. Where two have the same name, the user's wins over the shipped one.
#[derive(Debug)]
pub struct Themes {
    /// The first of a name is the one that counts.
    entries: Vec<Entry>,
}

/// A line of the picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    /// `None`: it uses the terminal's own colours and suits both.
    pub background: Option<Background>,
    pub shipped: bool,
}

/// A theme, which is read once it is asked for: a start needs one of them.
#[derive(Debug)]
struct Entry {
    name: String,
    /// Which folder it lies in; the shipped ones lie in the last.
    folder: usize,
    source: Source,
    file: OnceLock<Result<ThemeFile, ThemeError>>,
}

#[derive(Debug)]
enum Source {
    Shipped(&'static str),
    Users(PathBuf),
}

/// In the order of the picker.
const SHIPPED: &[(&str, &str)] = &[
    ("dusk", include_str!("../../../themes/dusk.toml")),
    ("paper", include_str!("../../../themes/paper.toml")),
    ("moss", include_str!("../../../themes/moss.toml")),
    ("ember", include_str!("../../../themes/ember.toml")),
    ("fathom", include_str!("../../../themes/fathom.toml")),
    ("rime", include_str!("../../../themes/rime.toml")),
    ("contrast-dark", include_str!("../../../themes/contrast-dark.toml")),
    ("contrast-light", include_str!("../../../themes/contrast-light.toml")),
    ("ansi", include_str!("../../../themes/ansi.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

impl Themes {
    pub fn shipped() -> Self {
        Self::load(&[])
    }

    /// With the user's: every `<name>.toml` of these folders, of which an earlier one wins. A folder that
    /// does not exist is an empty one.
    pub fn load(folders: &[PathBuf]) -> Self {
        let mut entries = Vec::new();
        for (folder, path) in folders.iter().enumerate() {
            for path in theme_files(path) {
                let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
                if name.contains(char::is_control) {
                    continue;
                }
                let (name, source) = (name.to_owned(), Source::Users(path));
                entries.push(Entry { name, folder, source, file: OnceLock::new() });
            }
        }
        for (name, text) in SHIPPED {
            let (name, source) = ((*name).to_owned(), Source::Shipped(text));
            entries.push(Entry { name, folder: folders.len(), source, file: OnceLock::new() });
        }
        Self { entries }
    }

    /// Every theme that can be used: in the order of the shipped ones, then the user's own by name.
    pub fn list(&self) -> Vec<Listed> {
        let place =
            |name: &str| SHIPPED.iter().position(|(shipped, _)| *shipped == name).unwrap_or(SHIPPED.len());
        let mut listed: Vec<Listed> = Vec::new();
        for entry in &self.entries {
            if listed.iter().any(|other| other.name == entry.name) {
                continue;
            }
            if let Ok(theme) = self.theme(&entry.name) {
                let shipped = matches!(entry.source, Source::Shipped(_));
                listed.push(Listed { name: entry.name.clone(), background: theme.background(), shipped });
            }
        }
        listed.sort_by(|a, b| (place(&a.name), &a.name).cmp(&(place(&b.name), &b.name)));
        listed
    }

    /// What is wrong with files of the user, one mistake for each file that cannot be used.
    pub fn problems(&self) -> Vec<ThemeError> {
        (0..self.entries.len()).filter_map(|at| self.build(at).err()).collect()
    }

    pub fn theme(&self, name: &str) -> Result<Theme, ThemeError> {
        let at = self.entries.iter().position(|entry| entry.name == name).ok_or_else(|| {
            let names = self.entries.iter().map(|entry| entry.name.as_str());
            ThemeError::UnknownTheme { name: name.to_owned(), nearest: nearest(name, names) }
        })?;
        self.build(at)
    }

    /// The theme that the settings name, or the default one where they name none, as it looks with so many
    /// colours. There is always one to start with: when the wished one cannot be used, the default stands
    /// in, and the reason comes with it.
    pub fn choose(
        &self,
        setting: &str,
        background: Option<Background>,
        depth: Depth,
    ) -> (Theme, Option<ThemeError>) {
        let default = match background {
            Some(Background::Light) => "paper",
            Some(Background::Dark) | None => "dusk",
        };
        let wished = if setting.is_empty() { default } else { setting };
        let (theme, problem) = match self.theme(wished) {
            Ok(theme) => (theme, None),
            Err(problem) => (shipped(default), Some(problem)),
        };
        (theme.at(depth), problem)
    }

    fn build(&self, at: usize) -> Result<Theme, ThemeError> {
        build::theme(&self.lineage(at)?)
    }

    /// A theme's file and what it inherits from, itself first. A file sees those of its own folder and of
    /// the folders after it, so that the user's `dusk` can inherit from the shipped one, and changes
    /// none of the other shipped ones.
    fn lineage(&self, mut at: usize) -> Result<Vec<&ThemeFile>, ThemeError> {
        let mut passed = Vec::new();
        let mut files: Vec<&ThemeFile> = Vec::new();
        loop {
            let entry = &self.entries[at];
            let file = entry.file()?;
            passed.push(at);
            files.push(file);
            let Some(parent) = &file.inherits else { return Ok(files) };
            let of_same_name = parent.word == entry.name;
            let next = self.entries.iter().position(|other| {
                let seen =
                    if of_same_name { other.folder > entry.folder } else { other.folder >= entry.folder };
                seen && other.name == parent.word
            });
            let back_at = match next {
                Some(next) => passed.iter().position(|earlier| *earlier == next),
                None if of_same_name => Some(passed.len() - 1),
                None => None,
            };
            if let Some(back_at) = back_at {
                let names = files[back_at..].iter().map(|file| file.name.clone());
                let circle = names.chain([parent.word.clone()]).collect();
                return Err(ThemeError::Circle { place: parent.place.clone(), circle });
            }
            let Some(next) = next else {
                let others = self.entries.iter().filter(|other| other.name != entry.name);
                return Err(ThemeError::Unknown {
                    place: parent.place.clone(),
                    what: Word::Parent,
                    word: parent.word.clone(),
                    nearest: nearest(&parent.word, others.map(|other| other.name.as_str())),
                });
            };
            at = next;
        }
    }
}

impl Entry {
    fn file(&self) -> Result<&ThemeFile, ThemeError> {
        let read = || match &self.source {
            Source::Shipped(text) => {
                let path = Path::new("themes").join(format!("{}.toml", self.name));
                ThemeFile::parse(&self.name, &path, text)
            }
            Source::Users(path) => match fs::read_to_string(path) {
                Ok(text) => ThemeFile::parse(&self.name, path, &text),
                Err(error) => Err(ThemeError::Unreadable { path: path.clone(), reason: error.to_string() }),
            },
        };
        self.file.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

/// One that comes with the program; tests build all of them.
pub(super) fn shipped(name: &str) -> Theme {
    Themes::shipped().theme(name).expect("shipped themes are whole")
}

fn theme_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        // Whatever is no file might never end.
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml") && path.is_file())
        .collect();
    files.sort();
    files
}
