//! What the arguments of `offshoot review` mean: places of comments, files and hunks.

use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::cli::Trouble;
use crate::workbench::amend::{Part, Pick};
use crate::workbench::review::{Compared, hunks_of};

/// A comment as it was given.
#[derive(Debug, PartialEq, Eq)]
pub struct Remark {
    pub path: String,
    /// Counted from 1, both included.
    pub lines: Option<(usize, usize)>,
    pub text: String,
}

/// Reads `PATH[:LINE[-LINE]]` and `TEXT` by turns.
pub fn remarks(words: &[String]) -> Result<Vec<Remark>, Trouble> {
    words
        .chunks(2)
        .map(|pair| {
            let [place, text] = pair else {
                return Err(Trouble::usage("a comment needs a place and words", EXAMPLE));
            };
            if text.trim().is_empty() {
                return Err(Trouble::usage(format!("the comment on {place} says nothing"), EXAMPLE));
            }
            let (path, lines) = match place.rsplit_once(':') {
                Some((path, lines)) if lines.starts_with(|c: char| c.is_ascii_digit()) => {
                    let lines = span(lines)
                        .ok_or_else(|| Trouble::usage(format!("\"{lines}\" names no lines"), EXAMPLE))?;
                    (path, Some(lines))
                }
                _ => (place.as_str(), None),
            };
            Ok(Remark { path: path.to_owned(), lines, text: text.clone() })
        })
        .collect()
}

const EXAMPLE: &str = "as in --comment src/main.rs:12-14 \"why twice?\"";

/// `12` or `12-14`.
fn span(text: &str) -> Option<(usize, usize)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (0 < first && first <= last).then_some((first, last))
}

/// Reads `PATH[:HUNK]`, hunks counted from 1; several of one file may be named apart or as `PATH:1,3`.
pub fn picks(compared: &Compared, words: &[String]) -> Result<Vec<Pick>, Failure> {
    let mut picks: Vec<Pick> = Vec::new();
    for word in words {
        let is_file = compared.files.iter().any(|file| file.path == *word);
        let (path, numbers) = match word.rsplit_once(':') {
            Some((path, numbers)) if !is_file => (path, Some(numbers)),
            _ => (word.as_str(), None),
        };
        let missing = |message: String| Failure::new(ErrorClass::NotFound, message);
        let file = compared.files.iter().find(|file| file.path == path).ok_or_else(|| {
            missing(format!("{path} does not differ there"))
                .hint("`offshoot review` lists the files that do, with their hunks")
        })?;
        let Some(numbers) = numbers else {
            picks.push(Pick { path: path.to_owned(), part: Part::File });
            continue;
        };
        let all = hunks_of(file);
        for number in numbers.split(',') {
            let hunk = number.trim().parse::<usize>().ok().and_then(|number| all.get(number.checked_sub(1)?));
            let hunk = hunk.cloned().ok_or_else(|| {
                missing(format!("{path} has no hunk {number}"))
                    .hint(format!("its hunks go from 1 to {}; `offshoot review` shows them", all.len()))
            })?;
            match picks.iter_mut().find(|pick| pick.path == path) {
                Some(Pick { part: Part::Hunks(hunks), .. }) => hunks.push(hunk),
                Some(_) => {}
                None => picks.push(Pick { path: path.to_owned(), part: Part::Hunks(vec![hunk]) }),
            }
        }
    }
    Ok(picks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_on_a_file_a_line_or_a_range() {
        let read = |place: &str| {
            let remark = remarks(&[place.to_owned(), "x".to_owned()]).map_err(|trouble| trouble.message);
            remark.map(|mut all| all.remove(0)).map(|remark| (remark.path, remark.lines))
        };
        assert_eq!(read("a.rs"), Ok(("a.rs".into(), None)));
        assert_eq!(read("a.rs:3"), Ok(("a.rs".into(), Some((3, 3)))));
        assert_eq!(read("a:b.rs:3-5"), Ok(("a:b.rs".into(), Some((3, 5)))));
        assert_eq!(read("a:b.rs"), Ok(("a:b.rs".into(), None)));
        assert!(read("a.rs:5-3").is_err() && read("a.rs:0").is_err());
        assert!(remarks(&["a".into(), " ".into()]).is_err());
    }
}
