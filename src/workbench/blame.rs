//! Who or what is behind the lines of a file, for somebody who asks. Reads git; changes nothing.

use std::ops::{Range, RangeInclusive};
use std::path::{Component, Path, PathBuf};

use super::Place;
use super::review::commit;
use super::words::dollars;
use crate::agent::Failure;
use crate::git::session::{self, Blame, Credit, Source};
use crate::git::{BlameAt, Blanks, GitError, Repo};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// `FILE`, `FILE:LINE` or `FILE:FIRST-LAST`, as the user writes it.
    pub what: String,
    pub version: Version,
    pub blanks: Blanks,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// As the file lies in the user's checkout.
    Checkout,
    /// As it lies in a tab's worktree.
    Worktree(PathBuf),
    /// Of a hash, a branch, a session's id, or anything that git resolves.
    Rev(String),
}

/// A file with what is behind its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Blamed {
    /// Relative to the top of the repository.
    pub path: PathBuf,
    pub blame: Blame,
}

/// Lines that follow each other and came from the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub source: Option<usize>,
    /// It was not told of above.
    pub is_first: bool,
    /// Of `Blame::lines`.
    pub lines: Range<usize>,
}

/// Looks it up.
///
/// # Errors
/// When there is no such file, line or revision.
pub async fn blame(place: &Place, question: Question) -> Result<Blamed, Failure> {
    let subfolder = place.subfolder.clone();
    place.git(move |repo| look_up(repo, &subfolder, &question)).await
}

fn look_up(repo: &Repo, subfolder: &Path, question: &Question) -> Result<Blamed, Failure> {
    let (at, top) = match &question.version {
        Version::Rev(rev) => (Some(commit(repo, rev)?), repo.checkout().to_owned()),
        Version::Checkout => (None, repo.checkout().to_owned()),
        Version::Worktree(top) => (None, top.clone()),
    };
    let version = at.as_ref().map_or(BlameAt::WorkTree(&top), BlameAt::Commit);
    let ask = |name: &str, lines: Option<RangeInclusive<usize>>| {
        // As from where the user stands; and as it is named from the top, which is how names are shown.
        let mut missing = None;
        for path in [subfolder.join(name), PathBuf::from(name)] {
            let Some(path) = within(&path, &[repo.checkout(), &top]) else { continue };
            match session::blame(repo, version, &path, lines.as_ref(), question.blanks) {
                Ok(blame) => return Ok(Blamed { path, blame }),
                Err(session::SessionError::Git(error @ GitError::NoSuchFile { .. })) => {
                    missing.get_or_insert(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let outside =
            || GitError::NoSuchFile { path: name.into(), place: repo.checkout().display().to_string() };
        Err(Failure::from(missing.unwrap_or_else(outside)))
    };
    match split(&question.what) {
        // The name of a file may end as if lines were meant.
        Some((name, lines)) => ask(&question.what, None).or_else(|_| ask(name, Some(lines))),
        None => ask(&question.what, None),
    }
}

/// The file and the lines of `FILE:LINE` and `FILE:FIRST-LAST`.
fn split(what: &str) -> Option<(&str, RangeInclusive<usize>)> {
    let (name, lines) = what.rsplit_once(':')?;
    let (first, last) = lines.split_once(['-', ',']).unwrap_or((lines, lines));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (!name.is_empty()).then_some((name, first..=last))
}

/// A path relative to one of the tops, without `.` and `..`; nothing when it leads out of them.
fn within(path: &Path, tops: &[&Path]) -> Option<PathBuf> {
    let path =
        if path.is_absolute() { tops.iter().find_map(|top| path.strip_prefix(top).ok())? } else { path };
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => out.push(part),
            Component::CurDir => {}
            Component::ParentDir if out.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

impl Blamed {
    /// The lines in blocks.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        for (at, line) in self.blame.lines.iter().enumerate() {
            match blocks.last_mut() {
                Some(block) if block.source == line.source => block.lines.end = at + 1,
                _ => {
                    let is_first = blocks.iter().all(|block| block.source != line.source);
                    blocks.push(Block { source: line.source, is_first, lines: at..at + 1 });
                }
            }
        }
        blocks
    }

    pub fn source(&self, block: &Block) -> Option<&Source> {
        block.source.map(|at| &self.blame.sources[at])
    }
}

/// In a line: which commit, by whom, in which turn, for how much. As people and models wrote it.
pub fn headline(source: Option<&Source>) -> String {
    let Some(source) = source else { return "not committed yet".to_owned() };
    let mut text = credited(&source.credit);
    if let Some(landed) = &source.landed {
        text.push_str(&format!(" · landed as {}", landed.short()));
    }
    text
}

/// The same of a credit alone.
pub fn credited(credit: &Credit) -> String {
    match credit {
        Credit::Step(step) => {
            let model = step.route.as_ref().map_or_else(String::new, |route| match route.model.as_str() {
                "" => format!(" · {}", route.backend),
                model => format!(" · {}/{model}", route.backend),
            });
            format!(
                "{}  turn {}, step {} of {}{model} · {}",
                step.commit.short(),
                step.turn,
                step.step,
                step.branch.as_deref().unwrap_or(&step.session),
                dollars(step.cost_usd),
            )
        }
        Credit::Person(person) => format!(
            "{}  {}, {} · {}",
            person.commit.short(),
            person.author.name,
            day(person.time),
            person.subject
        ),
    }
}

/// The first line of the user's words behind a step.
pub fn prompt(credit: &Credit) -> Option<&str> {
    let Credit::Step(step) = credit else { return None };
    step.prompt.as_deref()?.lines().find(|line| !line.trim().is_empty()).map(str::trim)
}

/// The day of a moment in seconds since 1970, in UTC.
fn day(time: i64) -> String {
    jiff::Timestamp::from_second(time).map_or_else(|_| String::new(), |time| time.strftime("%F").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::session::LineCredit;

    #[test]
    fn lines_are_named_behind_the_file() {
        assert_eq!(split("src/a.rs"), None);
        assert_eq!(split("src/a.rs:7"), Some(("src/a.rs", 7..=7)));
        assert_eq!(split("src/a.rs:7-9"), Some(("src/a.rs", 7..=9)));
        assert_eq!(split("a:b:7,9"), Some(("a:b", 7..=9)));
        assert_eq!((split("a:b"), split(":7")), (None, None));
    }

    #[test]
    fn a_path_stays_in_the_repository() {
        let top = Path::new("/r");
        let within = |path: &str| within(Path::new(path), &[top]);
        assert_eq!(within("./a/../b"), Some("b".into()));
        assert_eq!(within("/r/a/b"), Some("a/b".into()));
        assert_eq!((within("../a"), within("/elsewhere")), (None, None));
    }

    #[test]
    fn lines_of_one_source_are_one_block() {
        let line = |number, source| LineCredit { number, text: String::new(), source };
        let lines =
            [Some(0), Some(0), None, Some(0)].iter().enumerate().map(|(at, source)| line(at + 1, *source));
        let blame = Blame { lines: lines.collect(), sources: Vec::new() };
        let blocks = Blamed { path: "a".into(), blame }.blocks();
        let told: Vec<_> = blocks.iter().map(|block| (block.is_first, block.lines.clone())).collect();
        assert_eq!(told, [(true, 0..2), (true, 2..3), (false, 3..4)]);
        assert_eq!(headline(None), "not committed yet");
    }
}
