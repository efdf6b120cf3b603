//! A conversation read from a file: what an export wrote, or a commit's message with its conversation.

use std::path::Path;

use crate::agent::Failure;
use crate::chat::{Conversation, Entry, ErrorClass, Line};

/// Where the conversation in a commit's message begins, and where it ends.
const OPENING: &str = "```offshoot-conversation";
const FENCE: &str = "```";

/// Reads a conversation whole.
///
/// # Errors
/// When the file cannot be read or holds none; one that is wrong is told by its line.
pub fn read(file: &Path) -> Result<Conversation, Failure> {
    let failed = |message: String| Failure::new(ErrorClass::NotFound, message);
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| {
        failed(format!("cannot read {shown}: {error}")).hint("check the path and its permissions")
    })?;
    parse(&String::from_utf8_lossy(&bytes)).map_err(|wrong| match wrong {
        Wrong::Empty => failed(format!("{shown} holds no conversation"))
            .hint("import what /export wrote, or the message of a step commit"),
        Wrong::Line { number, why } => failed(format!("{shown}, line {number}: {why}"))
            .hint("each line is an entry as /export writes it; mend or remove this one"),
    })
}

enum Wrong {
    Empty,
    Line { number: usize, why: String },
}

fn parse(text: &str) -> Result<Conversation, Wrong> {
    let lines = || text.lines().map(str::trim).enumerate();
    let is_message = lines().any(|(_, line)| line.starts_with(OPENING));
    let mut is_inside = !is_message;
    let mut entries: Vec<Entry> = Vec::new();
    for (at, line) in lines() {
        if is_message && line.starts_with(FENCE) {
            is_inside = line.starts_with(OPENING);
            continue;
        }
        if !is_inside || line.is_empty() {
            continue;
        }
        let wrong = |why: String| Wrong::Line { number: at + 1, why };
        let entry = Line::parse(line).map_err(|error| wrong(error.to_string()))?;
        let last = entries.last().map_or(1, |entry| entry.turn);
        if entry.turn < last {
            return Err(wrong(format!("turn {} comes after turn {last}", entry.turn)));
        }
        entries.push(entry);
    }
    if entries.is_empty() { Err(Wrong::Empty) } else { Ok(Conversation::new(entries)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = r#"{"role":"user","turn":1,"at":"","content":[{"type":"text","text":"one"}]}"#;
    const ANSWER: &str = r#"{"role":"assistant","turn":1,"at":"","backend":"b","model":"m","content":[]}"#;

    fn imported(text: &str) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("talk");
        std::fs::write(&file, text).unwrap();
        let read = read(&file).map(|conversation| conversation.len());
        read.map_err(|failure| failure.message.split_once("talk").unwrap().1.to_owned())
    }

    #[test]
    fn lines_and_the_message_of_a_commit_are_read() {
        assert_eq!(imported(&format!("{PROMPT}\n\n{ANSWER}")), Ok(2));
        let message = format!(
            "subject\n\n{{not: ours}}\n\n    ```offshoot-conversation v1\n    {PROMPT}\n    ```\n\nOffshoot-Turn: 1\n"
        );
        assert_eq!(imported(&message), Ok(1));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line() {
        assert_eq!(imported(""), Err(" holds no conversation".into()));
        let error = imported(&format!("{PROMPT}\n{{\"role\":\"oracle\"}}\n")).unwrap_err();
        assert!(error.starts_with(", line 2: not a conversation line: unknown variant"), "{error}");
        let backwards = format!("{}\n{ANSWER}", PROMPT.replace("\"turn\":1", "\"turn\":2"));
        assert_eq!(imported(&backwards), Err(", line 2: turn 1 comes after turn 2".into()));
        let none = PROMPT.replace("\"turn\":1", "\"turn\":0");
        assert!(imported(&none).is_err());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("/nowhere/talk.jsonl")).unwrap_err();
        assert!(error.message.starts_with("cannot read /nowhere/talk.jsonl"));
    }
}
