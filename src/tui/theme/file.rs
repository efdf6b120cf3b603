//! One theme file, taken apart. Names of colours are not looked up yet: a theme that inherits may give
//! them other values.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Place, ThemeError, Word, nearest};
use super::{colour, roles};
use crate::tui::look::Role;

#[derive(Debug)]
pub(super) struct ThemeFile {
    pub name: String,
    pub inherits: Option<Written>,
    pub dark: Option<bool>,
    pub palette: BTreeMap<String, Shade>,
    pub roles: Vec<(Role, RoleLook)>,
}

/// A word, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub word: String,
    pub place: Place,
}

/// A colour of the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shade {
    pub colour: Color,
    /// What to show in its place where there are only 256 colours; the nearest one when absent.
    pub index: Option<u8>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RoleLook {
    pub fg: Option<Written>,
    pub bg: Option<Written>,
    pub underline: Option<Written>,
    pub add: Modifier,
    /// Taken away from what lies below.
    pub remove: Modifier,
}

const KEYS: &[&str] = &["inherits", "dark", "palette", "roles"];
const SHADE_KEYS: &[&str] = &["rgb", "index"];
const COLOUR_KEYS: &[&str] = &["fg", "bg"];
const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("dim", Modifier::DIM),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

impl ThemeFile {
    pub fn parse(name: &str, path: &Path, text: &str) -> Result<Self, ThemeError> {
        let reader = Reader { path: path.to_owned(), text };
        let table = DeTable::parse(text).map_err(|error| ThemeError::Syntax {
            place: reader.place(&error.span().unwrap_or_default()),
            message: error.message().replace('\n', ", "),
        })?;
        let mut file = Self {
            name: name.to_owned(),
            inherits: None,
            dark: None,
            palette: BTreeMap::new(),
            roles: Vec::new(),
        };
        for (key, value) in in_order(table.get_ref()) {
            match key.get_ref().as_ref() {
                "inherits" => {
                    file.inherits = Some(reader.word(key, value, "the name of a theme in quotes")?);
                }
                "dark" => file.dark = Some(reader.flag(key, value)?),
                "palette" => {
                    for (name, value) in in_order(reader.table(key, value)?) {
                        file.palette.insert(name.get_ref().to_string(), reader.shade(name, value)?);
                    }
                }
                "roles" => {
                    for (name, value) in in_order(reader.table(key, value)?) {
                        let role = roles::find(name.get_ref()).ok_or_else(|| {
                            reader.unknown(name, Word::Role, roles::ALL.iter().map(|role| roles::name(*role)))
                        })?;
                        file.roles.push((role, reader.look(name, value)?));
                    }
                }
                _ => return Err(reader.unknown(key, Word::Key, KEYS.iter().copied())),
            }
        }
        Ok(file)
    }
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;
type Value<'i> = Spanned<DeValue<'i>>;

/// Knows the text for the sake of line numbers.
struct Reader<'t> {
    path: PathBuf,
    text: &'t str,
}

impl Reader<'_> {
    fn shade(&self, key: &Key<'_>, value: &Value<'_>) -> Result<Shade, ThemeError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Ok(Shade { colour: self.colour(key, value)?, index: None });
        };
        let (mut rgb, mut index) = (None, None);
        for (key, value) in in_order(table) {
            match (key.get_ref().as_ref(), self.colour(key, value)?) {
                ("rgb", colour @ Color::Rgb(..)) => rgb = Some(colour),
                ("rgb", _) => return Err(self.wrong(key, "a colour like \"#rrggbb\"")),
                ("index", Color::Indexed(number)) => index = Some(number),
                ("index", _) => return Err(self.wrong(key, "a number from 0 to 255")),
                _ => return Err(self.unknown(key, Word::Key, SHADE_KEYS.iter().copied())),
            }
        }
        let colour = rgb.ok_or_else(|| self.wrong(key, "a colour, or `rgb` and with it `index`"))?;
        Ok(Shade { colour, index })
    }

    fn look(&self, key: &Key<'_>, value: &Value<'_>) -> Result<RoleLook, ThemeError> {
        let mut look = RoleLook::default();
        let DeValue::Table(table) = value.get_ref() else {
            look.fg = Some(self.colour_word(key, value)?);
            return Ok(look);
        };
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            match (name, value.get_ref()) {
                ("fg", _) => look.fg = Some(self.colour_word(key, value)?),
                ("bg", _) => look.bg = Some(self.colour_word(key, value)?),
                ("underline", DeValue::String(_) | DeValue::Integer(_)) => {
                    look.underline = Some(self.colour_word(key, value)?);
                    look.add |= Modifier::UNDERLINED;
                }
                _ => {
                    let known = MODIFIERS.iter().find(|(known, _)| *known == name);
                    let (_, modifier) = known.ok_or_else(|| {
                        let names = MODIFIERS.iter().map(|(name, _)| *name);
                        self.unknown(key, Word::Key, names.chain(COLOUR_KEYS.iter().copied()))
                    })?;
                    if self.flag(key, value)? {
                        look.add |= *modifier;
                    } else {
                        look.remove |= *modifier;
                    }
                }
            }
        }
        Ok(look)
    }

    /// A colour that stands for itself.
    fn colour(&self, key: &Key<'_>, value: &Value<'_>) -> Result<Color, ThemeError> {
        let written = self.colour_word(key, value)?;
        colour::parse(&written.word).ok_or_else(|| ThemeError::Unknown {
            nearest: nearest(&written.word, colour::names()),
            place: written.place,
            what: Word::Colour,
            word: written.word,
        })
    }

    fn colour_word(&self, key: &Key<'_>, value: &Value<'_>) -> Result<Written, ThemeError> {
        match value.get_ref() {
            DeValue::Integer(number) => {
                Ok(Written { word: number.to_string(), place: self.place(&value.span()) })
            }
            _ => self.word(key, value, "a colour, in quotes"),
        }
    }

    fn word(&self, key: &Key<'_>, value: &Value<'_>, expected: &'static str) -> Result<Written, ThemeError> {
        match value.get_ref() {
            DeValue::String(word) => Ok(Written { word: word.to_string(), place: self.place(&value.span()) }),
            _ => Err(self.wrong(key, expected)),
        }
    }

    fn flag(&self, key: &Key<'_>, value: &Value<'_>) -> Result<bool, ThemeError> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.wrong(key, "true or false")),
        }
    }

    fn table<'v, 'i>(&self, key: &Key<'_>, value: &'v Value<'i>) -> Result<&'v DeTable<'i>, ThemeError> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.wrong(key, "a table")),
        }
    }

    fn wrong(&self, key: &Key<'_>, expected: &'static str) -> ThemeError {
        ThemeError::WrongValue { place: self.place(&key.span()), key: key.get_ref().to_string(), expected }
    }

    fn unknown<'a>(&self, key: &Key<'_>, what: Word, known: impl Iterator<Item = &'a str>) -> ThemeError {
        let word = key.get_ref().to_string();
        ThemeError::Unknown { place: self.place(&key.span()), what, nearest: nearest(&word, known), word }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Place { file: self.path.clone(), line: memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1 }
    }
}

/// As they stand in the file: the first mistake of a file is the one to report.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ThemeFile, ThemeError> {
        ThemeFile::parse("mine", Path::new("mine.toml"), text)
    }

    #[test]
    fn a_file_says_everything_in_either_form() {
        let file = parse(
            r##"
            inherits = "dusk"
            dark = false
            palette.sea = "#0af"
            palette.deep = { rgb = "#001020", index = 17 }
            [roles]
            keyword = "sea"
            number = 5
            link = { fg = "sea", bg = 17, underline = "red", bold = true, italic = false }
            "##,
        )
        .unwrap();
        assert_eq!(file.inherits.unwrap().word, "dusk");
        assert_eq!(file.dark, Some(false));
        assert_eq!(file.palette["sea"], Shade { colour: Color::Rgb(0, 0xaa, 0xff), index: None });
        assert_eq!(file.palette["deep"], Shade { colour: Color::Rgb(0, 0x10, 0x20), index: Some(17) });
        let (role, keyword) = &file.roles[0];
        assert_eq!((*role, keyword.fg.as_ref().unwrap().word.as_str()), (Role::Keyword, "sea"));
        assert_eq!(keyword.fg.as_ref().unwrap().place.line, 7);
        let link = &file.roles[2].1;
        assert_eq!(link.bg.as_ref().unwrap().word, "17");
        assert_eq!(link.underline.as_ref().unwrap().word, "red");
        assert_eq!(link.add, Modifier::BOLD | Modifier::UNDERLINED);
        assert_eq!(link.remove, Modifier::ITALIC);
    }

    #[test]
    fn every_mistake_names_its_line_and_what_was_meant() {
        let cases = [
            (
                "dark = true\ninherit = \"dusk\"",
                "mine.toml:2: unknown key \"inherit\"; did you mean \"inherits\"?",
            ),
            (
                "[roles]\nkeywrod = \"red\"",
                "mine.toml:2: unknown role \"keywrod\"; did you mean \"keyword\"?",
            ),
            (
                "[roles]\nadded-word = \"red\"",
                "mine.toml:2: unknown role \"added-word\"; did you mean \"added_word\"?",
            ),
            ("[roles]\nzzz = \"red\"", "mine.toml:2: unknown role \"zzz\""),
            ("[roles]\nlink = { fgg = \"red\" }", "mine.toml:2: unknown key \"fgg\"; did you mean \"fg\"?"),
            ("[roles]\nlink = { bold = 1 }", "mine.toml:2: \"bold\" expects true or false"),
            ("[roles]\nlink = true", "mine.toml:2: \"link\" expects a colour, in quotes"),
            ("[palette]\nsea = \"bleu\"", "mine.toml:2: unknown colour \"bleu\"; did you mean \"blue\"?"),
            ("[palette]\nsea = \"#12345\"", "mine.toml:2: unknown colour \"#12345\""),
            ("[palette]\nsea = 256", "mine.toml:2: unknown colour \"256\""),
            (
                "[palette]\nsea = { index = 4 }",
                "mine.toml:2: \"sea\" expects a colour, or `rgb` and with it `index`",
            ),
            ("[palette]\nsea = { rgb = \"red\" }", "mine.toml:2: \"rgb\" expects a colour like \"#rrggbb\""),
            ("palette = 3", "mine.toml:1: \"palette\" expects a table"),
            ("inherits = 3", "mine.toml:1: \"inherits\" expects the name of a theme in quotes"),
        ];
        for (text, message) in cases {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!error.hint().is_empty());
        }
        let broken = parse("dark = true\n\n[roles\n").unwrap_err().to_string();
        assert!(broken.starts_with("mine.toml:3: "), "{broken}");
    }
}
