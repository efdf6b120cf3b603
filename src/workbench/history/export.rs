//! A conversation as a file: for offshoot itself, line by line, and for a person to read. What looks like a
//! secret is masked in both.

use crate::agent::Failure;
use crate::chat::{Conversation, Entry, EntryKind, Image, Line, Message, Part, ToolResult, sanitise};
use crate::git::redact::redact_entry;
use crate::git::session;
use crate::workbench::words::{count, describe, fenced};
use crate::workbench::{Base, History, Place, StepMark};

/// How a conversation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a person.
    Markdown,
    /// For offshoot: what [`Start::Import`](crate::workbench::Start) reads.
    JsonLines,
}

/// The conversation of a session that is on record, as a text.
pub async fn export(place: &Place, rev: String, form: Form) -> Result<String, Failure> {
    let history = place.git(move |repo| History::of(repo, session::load(repo, Some(&rev))?)).await?;
    Ok(match form {
        Form::Markdown => export_markdown(&place.base, &history),
        Form::JsonLines => export_jsonl(&place.base, &history.conversation),
    })
}

/// One JSON line for each entry, as commits keep them: what [`Start::Import`](crate::workbench::Start) reads.
pub fn export_jsonl(base: &Base, conversation: &Conversation) -> String {
    masked(base, conversation).iter().map(|entry| Line::write(entry) + "\n").collect()
}

/// Prompts, answers, tool calls with what they gave folded away, and the commits where they were made.
pub fn export_markdown(base: &Base, history: &History) -> String {
    let entries = masked(base, &history.conversation);
    let mut page = format!("# {}\n", history.conversation.title().unwrap_or_else(|| "A session".to_owned()));
    for (at, entry) in entries.iter().enumerate() {
        write_entry(&mut page, entry, &entries[at..]);
        for step in history.steps.iter().filter(|step| step.last_entry == at) {
            add(&mut page, &commit_line(step));
        }
    }
    sanitise(&page).into_owned()
}

fn masked(base: &Base, conversation: &Conversation) -> Vec<Entry> {
    let secrets = &base.services.secrets;
    conversation.entries().iter().map(|entry| redact_entry(entry, secrets)).collect()
}

/// `after` begins with the entry itself: the results of its calls stand there.
fn write_entry(page: &mut String, entry: &Entry, after: &[Entry]) {
    match &entry.kind {
        // A frame says nothing, and results stand with their calls.
        EntryKind::Setup(_) | EntryKind::Results(_) => {}
        EntryKind::Prompt { message, .. } => say(page, &format!("## {}. You", entry.turn), message),
        EntryKind::Steer(message) => say(page, "### In between", message),
        EntryKind::Summary(message) => say(page, "### In short, from here on", message),
        EntryKind::Answer { message, by, .. } => {
            let who = [by.backend.as_str(), by.model.as_str()].join("/");
            add(page, &format!("### {}", who.trim_matches('/')));
            for part in &message.parts {
                match part {
                    Part::Text(text) => add(page, text.trim()),
                    Part::Thinking { text, .. } => fold(page, "Reasoning", text.trim()),
                    Part::Image(image) => add(page, &image_line(image)),
                    Part::ToolCall(call) => {
                        let result = result_of(&call.id, after);
                        let failed =
                            if result.is_some_and(|result| result.is_error) { " (failed)" } else { "" };
                        let input = serde_json::to_string_pretty(&call.input).unwrap_or_default();
                        let mut inside = fenced(&input, "json");
                        if let Some(result) = result {
                            inside.push_str(&format!("\n\n{}", fenced(&result.content_text(), "")));
                        }
                        fold(page, &format!("{}{failed}", describe(&call.name, &call.input)), &inside);
                    }
                    Part::ToolResult(_) => {}
                }
            }
        }
    }
}

fn say(page: &mut String, heading: &str, message: &Message) {
    add(page, heading);
    add(page, message.text().trim());
    for part in &message.parts {
        if let Part::Image(image) = part {
            add(page, &image_line(image));
        }
    }
}

/// A paragraph of its own; nothing for an empty one.
fn add(page: &mut String, text: &str) {
    if !text.is_empty() {
        page.push_str(&format!("\n{text}\n"));
    }
}

fn fold(page: &mut String, summary: &str, inside: &str) {
    let summary = summary.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if !inside.is_empty() {
        add(page, &format!("<details>\n<summary>{summary}</summary>\n\n{inside}\n\n</details>"));
    }
}

fn image_line(image: &Image) -> String {
    format!("*(an image: {})*", image.media_type)
}

fn commit_line(step: &StepMark) -> String {
    let short = step.commit.get(..10).unwrap_or(&step.commit);
    let stat = step
        .stat
        .map(|stat| format!(" · {}, +{} -{}", count(stat.files, "file"), stat.insertions, stat.deletions));
    format!("> commit `{short}` {}{}", step.subject, stat.unwrap_or_default())
}

/// What a call gave: it is said before anything else is asked.
fn result_of<'a>(id: &str, entries: &'a [Entry]) -> Option<&'a ToolResult> {
    let results = entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Results(message) => Some(message),
        _ => None,
    });
    results.flat_map(Message::tool_results).find(|result| result.id == id)
}
