//! Who changed the lines of a file last: by the git program where there is one, which follows lines through renames,
//! moves and copies and is quick on long histories; else by libgit2, which follows renames.

use std::collections::HashMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use git2::BlameOptions;

use super::program::{Git, bytes_path};
use super::{CommitId, GitError, Repo};

/// A line, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlamedLine {
    /// `None` when it is in no commit yet.
    pub commit: Option<CommitId>,
    /// The file and the line in that commit, from 1.
    pub path: PathBuf,
    pub line: usize,
    /// With replacement characters where it is no UTF-8; without its end.
    pub text: String,
}

/// Which version of a file is looked at.
#[derive(Debug, Clone, Copy)]
pub enum BlameAt<'a> {
    Commit(&'a CommitId),
    /// As it lies in the work tree at this top, on what is checked out there.
    WorkTree(&'a Path),
}

/// What counts as a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Blanks {
    #[default]
    Count,
    Ignored,
}

/// Bytes at the start of a file in which git looks for a zero, which tells that it is binary.
const LOOKED_AT: usize = 8_000;

impl Repo {
    /// The lines of a file, all or some of them counted from 1. `path` is relative to the top.
    ///
    /// # Errors
    /// When there is no such file or no such line, or the file is binary.
    pub fn blame(
        &self,
        at: BlameAt<'_>,
        path: &Path,
        lines: Option<&RangeInclusive<usize>>,
        blanks: Blanks,
    ) -> Result<Vec<BlamedLine>, GitError> {
        let content = self.version(at, path)?;
        let last = text_lines(&content).count();
        if let Some(lines) = lines
            && (*lines.start() == 0 || lines.start() > lines.end() || *lines.start() > last)
        {
            return Err(GitError::NoSuchLine { path: path.to_owned(), line: *lines.start(), last });
        }
        let lines = match lines {
            Some(lines) => *lines.start()..=(*lines.end()).min(last),
            None => 1..=last,
        };
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        if !self.is_known(at, path)? {
            let made = text_lines(&content).enumerate().filter(|(at, _)| lines.contains(&(at + 1)));
            let line = |(at, text): (usize, String)| BlamedLine {
                commit: None,
                path: path.to_owned(),
                line: at + 1,
                text,
            };
            return Ok(made.map(line).collect());
        }
        if self.has_program() {
            self.program_blame(at, path, &lines, blanks, &content)
        } else {
            self.library_blame(at, path, &lines, blanks, &content)
        }
    }

    fn version(&self, at: BlameAt<'_>, path: &Path) -> Result<Vec<u8>, GitError> {
        let missing = |place: String| GitError::NoSuchFile { path: path.to_owned(), place };
        let content = match at {
            BlameAt::Commit(commit) => {
                self.blob(commit, path)?.ok_or_else(|| missing(format!("commit {}", commit.short())))?
            }
            BlameAt::WorkTree(top) => {
                let file = top.join(path);
                match file.symlink_metadata() {
                    Ok(meta) if meta.is_file() => fs::read(&file).map_err(|e| GitError::io(&file, e))?,
                    _ => return Err(missing(top.display().to_string())),
                }
            }
        };
        if memchr::memchr(0, &content[..content.len().min(LOOKED_AT)]).is_some() {
            return Err(GitError::NotText { path: path.to_owned() });
        }
        Ok(content)
    }

    /// Whether what is checked out has the file at all.
    fn is_known(&self, at: BlameAt<'_>, path: &Path) -> Result<bool, GitError> {
        let BlameAt::WorkTree(top) = at else { return Ok(true) };
        match Self::discover(top)?.head()?.commit {
            Some(head) => Ok(self.blob(&head, path)?.is_some()),
            None => Ok(false),
        }
    }

    fn program_blame(
        &self,
        at: BlameAt<'_>,
        path: &Path,
        lines: &RangeInclusive<usize>,
        blanks: Blanks,
        content: &[u8],
    ) -> Result<Vec<BlamedLine>, GitError> {
        let git = match at {
            BlameAt::Commit(_) => self.git("blame"),
            BlameAt::WorkTree(top) => Git::new(top, "blame"),
        };
        let git = git
            .args(["--porcelain", "-M", "-C", &format!("-L{},{}", lines.start(), lines.end())])
            .args((blanks == Blanks::Ignored).then_some("-w"));
        let git = match at {
            BlameAt::Commit(commit) => git.arg(commit.as_str()),
            BlameAt::WorkTree(_) => git,
        };
        let answer = git.arg("--").arg(path).answer()?;
        if !answer.ok && answer.err.contains("object name list") && self.is_library() {
            // The user's settings name a list of commits to be passed over, and it is not there. The program takes
            // no word against it.
            return self.library_blame(at, path, lines, blanks, content);
        }
        if !answer.ok {
            return Err(answer.error("blame"));
        }
        parse(&answer.out).ok_or_else(|| GitError::program("blame", "its answer could not be read"))
    }

    fn library_blame(
        &self,
        at: BlameAt<'_>,
        path: &Path,
        lines: &RangeInclusive<usize>,
        blanks: Blanks,
        content: &[u8],
    ) -> Result<Vec<BlamedLine>, GitError> {
        let failed = |e: &git2::Error| GitError::library("tell who changed a file", e);
        let repo = match at {
            BlameAt::Commit(_) => self.clone(),
            BlameAt::WorkTree(top) => Self::discover(top)?,
        };
        let library = repo.library()?;
        let mut options = BlameOptions::new();
        options.ignore_whitespace(blanks == Blanks::Ignored);
        if let BlameAt::Commit(commit) = at {
            options.newest_commit(commit.oid()?);
        }
        let committed = library.blame_file(path, Some(&mut options)).map_err(|e| failed(&e))?;
        let blame = match at {
            BlameAt::Commit(_) => committed,
            BlameAt::WorkTree(_) => committed.blame_buffer(content).map_err(|e| failed(&e))?,
        };
        let mut found = Vec::new();
        for (at, text) in text_lines(content).enumerate().filter(|(at, _)| lines.contains(&(at + 1))) {
            let Some(hunk) = blame.get_line(at + 1) else { continue };
            let id = hunk.final_commit_id();
            found.push(BlamedLine {
                commit: (!id.is_zero()).then(|| CommitId::of(id)),
                path: hunk.path().map_or_else(|| path.to_owned(), Path::to_owned),
                line: hunk.orig_start_line() + (at + 1 - hunk.final_start_line()),
                text,
            });
        }
        Ok(found)
    }
}

/// The lines of a text without their ends.
pub(super) fn text_lines(content: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(content).into_owned();
    let lines: Vec<String> =
        text.split_inclusive('\n').map(|line| line.trim_end_matches(['\n', '\r']).to_owned()).collect();
    lines.into_iter()
}

/// Reads `--porcelain`: of each line where it came from, of each commit once which file that was.
fn parse(out: &[u8]) -> Option<Vec<BlamedLine>> {
    let mut found = Vec::new();
    let mut files: HashMap<String, PathBuf> = HashMap::new();
    let mut open: Option<(String, usize)> = None;
    for raw in out.split_inclusive(|byte| *byte == b'\n') {
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        let line = String::from_utf8_lossy(raw);
        let Some((id, number)) = &open else {
            let mut words = line.split(' ');
            open = Some((words.next()?.to_owned(), words.next()?.parse().ok()?));
            continue;
        };
        if let Some(text) = line.strip_prefix('\t') {
            found.push(BlamedLine {
                commit: CommitId::parse(id).ok().filter(|id| id.as_str().bytes().any(|digit| digit != b'0')),
                path: files.get(id)?.clone(),
                line: *number,
                text: text.trim_end_matches('\r').to_owned(),
            });
            open = None;
        } else if let Some(name) = raw.strip_prefix(b"filename ") {
            files.insert(id.clone(), bytes_path(&unquoted(name)));
        }
    }
    Some(found)
}

/// A name as git writes it: between quotation marks, with escapes, where it holds anything unusual.
fn unquoted(name: &[u8]) -> Vec<u8> {
    let Some(inner) = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")) else {
        return name.to_owned();
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'a') => out.push(7),
            Some(b'b') => out.push(8),
            Some(b'v') => out.push(11),
            Some(b'f') => out.push(12),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                while let Some(digit) = bytes.next_if(|digit| (b'0'..=b'7').contains(digit)) {
                    value = value * 8 + u32::from(digit - b'0');
                }
                out.push(u8::try_from(value & 0xff).unwrap_or_default());
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Fixture;

    /// Which implementation answers.
    #[derive(Debug, Clone, Copy)]
    enum By {
        Program,
        Library,
    }

    /// Each line as the subject of its commit, the file and the line there, and its text.
    fn blame(fixture: &Fixture, by: By, at: BlameAt<'_>, path: &str, blanks: Blanks) -> Vec<String> {
        let repo = fixture.repo();
        let path = Path::new(path);
        let lines = match by {
            By::Program => repo.blame(at, path, None, blanks).unwrap(),
            By::Library => {
                let content = repo.version(at, path).unwrap();
                let all = 1..=text_lines(&content).count();
                repo.library_blame(at, path, &all, blanks, &content).unwrap()
            }
        };
        let subject = |commit: &Option<CommitId>| match commit {
            Some(commit) => repo.commit(commit).unwrap().subject().to_owned(),
            None => "not committed".to_owned(),
        };
        let line = |line: BlamedLine| {
            format!("{} {}:{} {}", subject(&line.commit), line.path.display(), line.line, line.text)
        };
        lines.into_iter().map(line).collect()
    }

    fn with_history() -> Fixture {
        let fixture = Fixture::new();
        fixture.write("old name", "one\ntwo\nthree\nfour\nfive\nsix\n");
        fixture.commit_all("add");
        fixture.write("old name", "one\ntwo!\nthree\nfour\nfive\nsix\n");
        fixture.commit_all("shout");
        fixture.git(&["mv", "old name", "nëw\tname"]);
        fixture.commit_all("move");
        fixture.write("nëw\tname", "one\ntwo!\nthree\nfour\n  five\nsix\nseven\n");
        fixture.commit_all("indent");
        fixture
    }

    #[test]
    fn lines_are_followed_through_renames_by_both() {
        let fixture = with_history();
        let head = fixture.repo().resolve("main").unwrap();
        for by in [By::Program, By::Library] {
            let found = blame(&fixture, by, BlameAt::Commit(&head), "nëw\tname", Blanks::Count);
            let expected = [
                "add old name:1 one",
                "shout old name:2 two!",
                "add old name:3 three",
                "add old name:4 four",
                "indent nëw\tname:5   five",
                "add old name:6 six",
                "indent nëw\tname:7 seven",
            ];
            assert_eq!(found, expected, "{by:?}");
            let found = blame(&fixture, by, BlameAt::Commit(&head), "nëw\tname", Blanks::Ignored);
            assert_eq!(found[4], "add old name:5   five", "{by:?}");
        }
    }

    #[test]
    fn lines_that_are_in_no_commit_are_said_so() {
        let fixture = with_history();
        fixture.write("nëw\tname", "zero\none\ntwo!\nthree\nfour\n  five\nsix\nseven\n");
        fixture.write("untracked", "a\nb\n");
        let top = BlameAt::WorkTree(&fixture.top);
        let print = fixture.print();
        for by in [By::Program, By::Library] {
            let found = blame(&fixture, by, top, "nëw\tname", Blanks::Count);
            assert!(
                found[0].starts_with("not committed ") && found[0].ends_with(" zero"),
                "{by:?} {found:?}"
            );
            assert_eq!(found[1], "add old name:1 one", "{by:?}");
        }
        let found = blame(&fixture, By::Program, top, "untracked", Blanks::Count);
        assert_eq!(found, ["not committed untracked:1 a", "not committed untracked:2 b"]);
        assert_eq!(fixture.print(), print);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let fixture = with_history();
        fixture.write("binary", "a\0b");
        fixture.write("empty", "");
        fixture.commit_all("more");
        let repo = fixture.repo();
        let head = repo.resolve("main").unwrap();
        let ask = |path: &str, lines: Option<RangeInclusive<usize>>| {
            repo.blame(BlameAt::Commit(&head), Path::new(path), lines.as_ref(), Blanks::Count)
        };
        let message = |result: Result<Vec<BlamedLine>, GitError>| result.unwrap_err().to_string();
        assert_eq!(
            message(ask("nowhere", None)),
            format!("there is no file nowhere in commit {}", head.short())
        );
        assert!(message(ask("src", None)).starts_with("there is no file src in"));
        assert_eq!(message(ask("binary", None)), "binary is binary: it has no lines");
        assert_eq!(message(ask("README.md", Some(3..=4))), "README.md has no line 3: its last is 1");
        assert_eq!(ask("empty", None).unwrap(), []);
        let two = ask("nëw\tname", Some(2..=99)).unwrap();
        assert_eq!((two.len(), two[0].text.as_str()), (6, "two!"));
    }

    #[test]
    fn a_list_of_commits_to_pass_over_that_is_missing_does_not_matter() {
        let fixture = with_history();
        fixture.git(&["config", "blame.ignoreRevsFile", ".not-here"]);
        let head = fixture.repo().resolve("main").unwrap();
        let at = BlameAt::Commit(&head);
        assert_eq!(blame(&fixture, By::Program, at, "nëw\tname", Blanks::Count)[0], "add old name:1 one");
    }

    #[test]
    fn names_with_escapes_are_read() {
        assert_eq!(unquoted(b"plain"), b"plain");
        assert_eq!(unquoted(br#""a\tb\"c\\d\303\244""#), "a\tb\"c\\dä".as_bytes());
    }
}
