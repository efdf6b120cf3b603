//! Lines back into entries, and those that are none.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Entry;

/// What was read of a ledger.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    /// The oldest first.
    pub entries: Vec<Entry>,
    pub bad: Vec<BadLine>,
}

/// A line that is not an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    pub what: String,
}

/// What looking through a ledger found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The oldest first.
    pub files: Vec<PathBuf>,
    pub entries: usize,
    pub bad: Vec<BadLine>,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// Adds the lines of one file.
pub(super) fn read_into(records: &mut Records, file: &Path, bytes: &[u8]) {
    let torn_at_end = !bytes.is_empty() && !bytes.ends_with(b"\n");
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if body.is_empty() {
        return;
    }
    let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    for (at, line) in lines.iter().enumerate() {
        let bad = match serde_json::from_slice::<Entry>(line) {
            Ok(entry) if !entry.run_id.is_empty() => {
                records.entries.push(entry);
                continue;
            }
            Ok(_) => "not a ledger entry: no run_id".to_owned(),
            Err(_) if torn_at_end && at + 1 == lines.len() => "torn: the line has no end".to_owned(),
            Err(error) if error.is_eof() => "torn: the line breaks off".to_owned(),
            Err(error) => format!("not a ledger entry: {error}"),
        };
        records.bad.push(BadLine { file: file.to_owned(), line: at + 1, what: bad });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_line_says_what_is_wrong_with_it() {
        let good = r#"{"schema":1,"run_id":"a","timestamp":"t"}"#;
        for (text, entries, bad) in [
            ("", 0, vec![]),
            ("\n", 0, vec![]),
            (&format!("{good}\n{good}\n"), 2, vec![]),
            (&format!("{good}\n{good}"), 2, vec![]),
            (&format!("{good}\n{{\"sch"), 1, vec!["l:2: torn: the line has no end"]),
            (&format!("{{\"schema\":1,\n{good}\n"), 1, vec!["l:1: torn: the line breaks off"]),
            (&format!("{{}}\n{good}\n"), 1, vec!["l:1: not a ledger entry: no run_id"]),
        ] {
            let mut records = Records::default();
            read_into(&mut records, Path::new("l"), text.as_bytes());
            let said: Vec<String> = records.bad.iter().map(ToString::to_string).collect();
            assert_eq!(
                (records.entries.len(), said),
                (entries, bad.into_iter().map(str::to_owned).collect())
            );
        }
    }
}
