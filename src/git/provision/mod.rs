//! What a new worktree gets besides what git tracks: copies of chosen ignored files of the user's checkout, links to
//! others, and submodules. It remembers what it put there, so that no step ever commits it.
//!
//! Running the project's own commands is not done here.

mod copy;
mod patterns;
mod record;
mod submodules;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use copy::{Copier, Halt, make_folders};
use patterns::Patterns;
pub(super) use record::Provided;
use record::{Kind, Record};
pub use submodules::{Reach, Submodules};

use super::ignored::Ignored;
use super::{GitError, Repo};

/// Patterns at the top of the repository, as other tools know them too.
const INCLUDE_FILE: &str = ".worktreeinclude";

/// What a worktree is to get, as patterns like those of `.gitignore`; only what git ignores counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Besides those of `.worktreeinclude`.
    pub copy: Vec<String>,
    pub link: Vec<String>,
    pub linking: Linking,
}

/// What is made of what is to be linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Linking {
    #[default]
    Link,
    /// Where nothing keeps commands from writing through a link.
    Copy,
}

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    pub files: u64,
    pub bytes: u64,
    /// Of the files: those that share their blocks with the originals.
    pub clones: u64,
}

/// Something that was to be there and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub path: PathBuf,
    /// A sentence that begins with "it".
    pub why: String,
}

/// What a worktree got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    pub copied: Amount,
    pub links: Vec<PathBuf>,
    pub left: Vec<Left>,
    /// Patterns that name one thing which the checkout does not have.
    pub missing: Vec<String>,
    /// Lines that are no pattern.
    pub broken: Vec<String>,
    /// The caller ended it before all was there.
    pub is_stopped: bool,
}

impl Repo {
    /// Whether there may be anything to give: patterns, or a file of them.
    pub fn has_wants(&self, wants: &Wants) -> bool {
        !wants.copy.is_empty() || !wants.link.is_empty() || self.checkout().join(INCLUDE_FILE).is_file()
    }

    /// Copies and links what is wanted from the user's checkout into a worktree. What is there already stays as it
    /// is. `tell` hears of the progress and may end it; nothing is half there then.
    pub fn provision(
        &self,
        worktree: &Path,
        wants: &Wants,
        tell: &mut dyn FnMut(&Amount) -> ControlFlow<()>,
    ) -> Result<Given, GitError> {
        let admin = self.admin_of(worktree)?;
        let file = fs::read_to_string(self.checkout().join(INCLUDE_FILE)).unwrap_or_default();
        let copies = Patterns::parse(file.lines().chain(wants.copy.iter().map(String::as_str)));
        let links = Patterns::parse(&wants.link);
        let mut given = Given {
            broken: copies.broken.iter().chain(&links.broken).cloned().collect(),
            ..Given::default()
        };
        if copies.is_empty() && links.is_empty() {
            return Ok(given);
        }
        let (mut to_link, mut to_copy) = self.on_checkout(|ground| {
            let (mut to_link, mut to_copy) = (Vec::new(), Vec::new());
            for one in ground.ignored()? {
                self.choose(&links, &one, &mut to_link);
                self.choose(&copies, &one, &mut to_copy);
            }
            Ok((to_link, to_copy))
        })?;
        to_copy.retain(|path| !to_link.iter().any(|link| path.starts_with(link)));
        if wants.linking == Linking::Copy {
            to_copy.append(&mut to_link);
        }
        let chosen: Vec<PathBuf> = to_copy.iter().chain(&to_link).cloned().collect();
        // Before anything is there: whatever comes between, no step takes it for the agent's work.
        let mut record = Record::open(&admin)?;
        record.add(Kind::Link, &to_link)?;
        record.add(Kind::Copy, &to_copy)?;

        for path in to_link {
            match self.link(worktree, &path) {
                Ok(true) => given.links.push(path),
                Ok(false) => {}
                Err(error @ GitError::DiskFull { .. }) => return Err(error),
                Err(error) => given.left.push(Left { path, why: error.to_string() }),
            }
        }
        let mut work = Copier {
            from: self.checkout(),
            to: worktree,
            patterns: &copies,
            amount: Amount::default(),
            left: Vec::new(),
            tell,
            tries_clones: true,
        };
        for path in &to_copy {
            match work.copy(path) {
                Ok(()) => {}
                Err(Halt::Stopped) => {
                    given.is_stopped = true;
                    break;
                }
                Err(Halt::Failed(GitError::PathOccupied { path: at })) => {
                    let why = format!("{} is in the way", at.display());
                    work.left.push(Left { path: path.clone(), why });
                }
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
        given.copied = work.amount;
        given.left.append(&mut work.left);
        self.tell_missing([&copies, &links], &chosen, &mut given);
        Ok(given)
    }

    /// Whether a worktree has got all that it was to get, so that nobody need look again.
    pub fn is_ready(&self, worktree: &Path) -> bool {
        self.admin_of(worktree).is_ok_and(|admin| record::is_ready(&admin))
    }

    /// Says so, or the contrary.
    pub fn set_ready(&self, worktree: &Path, is_ready: bool) -> Result<(), GitError> {
        record::set_ready(&self.admin_of(worktree)?, is_ready)
    }

    /// The paths among something ignored that the patterns choose: itself, or what lies in it.
    fn choose(&self, patterns: &Patterns, one: &Ignored, chosen: &mut Vec<PathBuf>) {
        if patterns.takes(&one.path, one.is_dir) {
            chosen.push(one.path.clone());
        } else if one.is_dir && patterns.enters(&one.path) {
            for entry in fs::read_dir(self.checkout().join(&one.path)).into_iter().flatten().flatten() {
                let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
                self.choose(patterns, &Ignored { path: one.path.join(entry.file_name()), is_dir }, chosen);
            }
        }
    }

    /// `false` when something is there already.
    fn link(&self, worktree: &Path, path: &Path) -> Result<bool, GitError> {
        make_folders(worktree, path.parent().unwrap_or(Path::new("")))?;
        let place = worktree.join(path);
        match std::os::unix::fs::symlink(self.checkout().join(path), &place) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(GitError::io(place, error)),
        }
    }

    /// Names of one thing that chose nothing: told once, since who names a thing expects it.
    fn tell_missing(&self, patterns: [&Patterns; 2], chosen: &[PathBuf], given: &mut Given) {
        for name in patterns.into_iter().flat_map(Patterns::names) {
            // One without a place may be anywhere.
            let is_it = |path: &PathBuf| path.starts_with(name) || path.iter().any(|part| part == name);
            if chosen.iter().any(is_it) {
                continue;
            }
            match self.checkout().join(name).symlink_metadata() {
                Ok(_) => {
                    given.left.push(Left { path: name.into(), why: "it is not ignored by git".to_owned() });
                }
                Err(_) => given.missing.push(name.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
