//! The conversation as words for an external CLI, which knows nothing of it: what was said before, shortened, and
//! what is to be done now.

use crate::chat::{Entry, EntryKind, Message, Part};

/// Bytes of all that was said before.
const CAP: usize = 48 * 1024;
/// Bytes of one text, and of one tool's input or result.
const TEXT_CAP: usize = 6 * 1024;
const TOOL_CAP: usize = 600;

/// What a CLI is told that has heard nothing of `entries`. The words of the user that end them come last, as they
/// are; if nothing comes before them, they are all.
pub(super) fn brief(entries: &[Entry], system: Option<&str>) -> String {
    let from = entries.iter().rposition(|entry| matches!(entry.kind, EntryKind::Summary(_))).unwrap_or(0);
    let entries = &entries[from..];
    let is_users = |entry: &&Entry| {
        matches!(entry.kind, EntryKind::Prompt { .. } | EntryKind::Steer(_) | EntryKind::Setup(_))
    };
    let now = entries.iter().rev().take_while(is_users).count();
    let (before, now) = entries.split_at(entries.len() - now);
    let words: Vec<String> = now.iter().filter_map(|entry| entry.kind.message().map(Message::text)).collect();
    let mut text = String::new();
    if let Some(system) = system {
        text.push_str(&format!("{}\n\n", system.trim()));
    }
    let before = history(before);
    if !before.is_empty() {
        text.push_str(&format!(
            "What was said and done in this session before, which you have not heard:\n\n<history>\n{before}</history>\n\n\
             The changes told of there are in the working directory already. What you are asked now:\n\n"
        ));
    }
    text.push_str(&words.join("\n\n"));
    text
}

/// Newest first as far as there is room, told in their order.
fn history(entries: &[Entry]) -> String {
    let mut told = Vec::new();
    let mut room = CAP;
    let mut is_cut = false;
    for entry in entries.iter().rev() {
        let Some(words) = worded(entry) else { continue };
        if words.len() > room {
            is_cut = true;
            break;
        }
        room -= words.len();
        told.push(words);
    }
    if is_cut {
        told.push("[what was said before that is left out]\n".to_owned());
    }
    told.reverse();
    told.concat()
}

fn worded(entry: &Entry) -> Option<String> {
    let (who, message) = match &entry.kind {
        EntryKind::Setup(_) => return None,
        EntryKind::Prompt { message, .. } | EntryKind::Steer(message) => ("user".to_owned(), message),
        EntryKind::Answer { message, by, .. } => (by.backend.clone(), message),
        EntryKind::Results(message) => ("tools".to_owned(), message),
        EntryKind::Summary(message) => ("summary".to_owned(), message),
    };
    let mut words = String::new();
    for part in &message.parts {
        match part {
            Part::Text(text) if text.trim().is_empty() => {}
            Part::Text(text) => words.push_str(&format!("{who}: {}\n", shortened(text.trim(), TEXT_CAP))),
            Part::ToolCall(call) => {
                let input = shortened(&call.input.to_string(), TOOL_CAP);
                words.push_str(&format!("{who} called {} {input}\n", call.name));
            }
            Part::ToolResult(result) => {
                let failed = if result.is_error { " failed" } else { "" };
                let content = shortened(result.content_text().trim(), TOOL_CAP);
                words.push_str(&format!("{}{failed}: {content}\n", result.name));
            }
            Part::Thinking { .. } | Part::Image { .. } => {}
        }
    }
    (!words.is_empty()).then_some(words)
}

/// Head and tail of a long text.
fn shortened(text: &str, cap: usize) -> String {
    if text.len() <= cap {
        return text.to_owned();
    }
    let head = (0..=cap / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let tail = (text.len() - cap / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("{} […] {}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{Role, ToolCall, ToolResult, Usage, Voice};

    fn entry(kind: EntryKind) -> Entry {
        Entry { turn: 1, at: String::new(), kind }
    }

    fn prompt(text: &str) -> Entry {
        entry(EntryKind::Prompt { message: Message::user(text), base: None })
    }

    fn answer(parts: Vec<Part>) -> Entry {
        let by = Voice { backend: "local".into(), model: "m".into() };
        let message = Message { role: Role::Assistant, parts };
        entry(EntryKind::Answer { message, by, usage: Usage::default(), stop: None })
    }

    #[test]
    fn a_first_prompt_is_told_as_it_is() {
        assert_eq!(brief(&[prompt("create hello.txt")], None), "create hello.txt");
        assert_eq!(brief(&[prompt("create it")], Some("Be brief.\n")), "Be brief.\n\ncreate it");
    }

    #[test]
    fn what_others_said_and_did_comes_before_the_words_of_now() {
        let call =
            ToolCall { id: "1".into(), name: "write".into(), input: json!({"path": "a"}), signature: None };
        let result = ToolResult::text(&call, "written", false);
        let entries = [
            prompt("make a"),
            answer(vec![Part::Text("Well.".into()), Part::ToolCall(call)]),
            entry(EntryKind::Results(Message::results(vec![result]))),
            answer(vec![Part::Text("Done.".into())]),
            prompt("now b"),
            entry(EntryKind::Steer(Message::user("quickly"))),
        ];
        let text = brief(&entries, None);
        let (history, now) = text.split_once("</history>").unwrap();
        for line in [
            "user: make a",
            "local: Well.",
            "local called write {\"path\":\"a\"}",
            "write: written",
            "local: Done.",
        ] {
            assert!(history.contains(line), "{line} is missing in {history}");
        }
        assert!(now.ends_with("now b\n\nquickly"), "{now}");
    }

    #[test]
    fn a_long_history_keeps_its_newest_part() {
        let mut entries: Vec<Entry> =
            (0..100).map(|n| answer(vec![Part::Text(format!("{n} {}", "x".repeat(5000)))])).collect();
        entries.push(prompt("go on"));
        let text = brief(&entries, None);
        assert!(text.len() < CAP + 1000);
        assert!(text.contains("local: 99 ") && !text.contains("local: 5 ") && text.contains("left out"));
    }

    #[test]
    fn a_compacted_conversation_begins_with_its_summary() {
        let entries =
            [prompt("ancient"), entry(EntryKind::Summary(Message::user("all of it"))), prompt("new")];
        let text = brief(&entries, None);
        assert!(text.contains("summary: all of it") && !text.contains("ancient") && text.ends_with("new"));
    }
}
