//! Tool calls that a model prints as text: our own fenced protocol, which weak models get right more
//! often than JSON, and the formats that leak out of chat templates. Pure text in, calls out; whether
//! a call may run is decided elsewhere.
//!
//! Only names of known tools count. What stands in an ordinary code block, in a quotation, in inline
//! code, in thinking or in a repeated tool result is not a call.

mod fenced;
mod json;
mod markup;

use serde_json::{Map, Value};

use crate::chat::ToolSpec;
use crate::config::ToolCallStyle;

/// A call as it was printed. It has no id yet.
#[derive(Debug, Clone, PartialEq)]
pub struct TextCall {
    pub name: String,
    /// An object.
    pub input: Value,
}

/// What a text holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extracted {
    /// The text without the calls.
    pub text: String,
    /// In order.
    pub calls: Vec<TextCall>,
    /// The tool of a call that was begun at the end of the text and not finished; it is not among
    /// `calls`, and its text is not in `text`.
    pub cut_off: Option<String>,
}

/// What stands at one place of a text.
enum At {
    /// Calls, and where they end.
    Calls(Vec<TextCall>, usize),
    /// Something that holds no calls, and where it ends.
    Skip(usize),
    /// A call to this tool that never ends.
    CutOff(String),
    Nothing,
}

type Known<'a> = &'a dyn Fn(&str) -> bool;

/// The part of a system prompt that teaches the fenced protocol for these tools.
pub fn prompt(tools: &[ToolSpec]) -> String {
    fenced::prompt(tools)
}

/// A call as a model would write it in the fenced protocol: for the history of a model that only
/// knows that one.
pub fn render(name: &str, input: &Value) -> String {
    fenced::render(name, input)
}

/// The calls in a finished text; `None` when there are none. `known` says which names are tools.
pub fn extract(text: &str, known: Known<'_>, style: ToolCallStyle) -> Option<Extracted> {
    if style == ToolCallStyle::Native {
        return None;
    }
    let mut found = Extracted::default();
    let mut rest_from = 0;
    let mut at = 0;
    while let Some(next) = next_mark(text, at) {
        at = next;
        let what = if is_quoted(text, at) { At::Nothing } else { look(text, at, known) };
        match what {
            At::Calls(calls, end) => {
                append(&mut found.text, &text[rest_from..at]);
                found.calls.extend(calls);
                (at, rest_from) = (end, end);
            }
            At::Skip(end) => at = end,
            At::CutOff(name) => {
                append(&mut found.text, &text[rest_from..at]);
                found.cut_off = Some(name);
                return Some(found);
            }
            At::Nothing => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if found.calls.is_empty() {
        let (start, calls) = json::at_the_end(text, known)?;
        append(&mut found.text, &text[..start]);
        found.calls = calls;
        return Some(found);
    }
    append(&mut found.text, &text[rest_from..]);
    Some(found)
}

/// Whether the end of a growing text is, or may become, a call.
pub fn could_begin_call(text: &str, known: Known<'_>) -> bool {
    settled(text, 0, known).0 < text.len()
}

/// Holds back the end of a streamed text while it may be a call.
#[derive(Debug, Clone, Default)]
pub struct Holdback {
    text: String,
    shown: usize,
    from: usize,
}

impl Holdback {
    /// Adds a piece; returns what can be shown now.
    pub fn push(&mut self, piece: &str, known: Known<'_>) -> &str {
        self.text.push_str(piece);
        let (safe, from) = settled(&self.text, self.from, known);
        let before = self.shown;
        self.from = from;
        self.shown = before.max(safe);
        &self.text[before..self.shown]
    }

    /// All that came, shown or not.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was not shown.
    pub fn held(&self) -> &str {
        &self.text[self.shown..]
    }
}

/// How much of a growing text can be shown, and from where it has to be looked at again when more
/// comes. `from` is such a place.
fn settled(text: &str, from: usize, known: Known<'_>) -> (usize, usize) {
    let mut at = from;
    while let Some(next) = next_mark(text, at) {
        at = next;
        let what = if is_quoted(text, at) { At::Nothing } else { look(text, at, known) };
        match what {
            At::Calls(..) | At::CutOff(_) => return (at, at),
            At::Skip(end) if end < text.len() => at = end,
            At::Skip(_) => return (fenced::shown_of_open_block(text, at), at),
            At::Nothing if could_grow(&text[at..]) && !is_quoted(text, at) => return (at, at),
            At::Nothing => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    json::may_begin(text, from).map_or((text.len(), text.len()), |begin| (begin, begin))
}

/// The next place at which a call may begin.
fn next_mark(text: &str, from: usize) -> Option<usize> {
    let at_line_start = |at: usize| text[..at].rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
    text[from..].char_indices().map(|(at, c)| (from + at, c)).find_map(|(at, c)| {
        let may = match c {
            '<' | '[' => true,
            '`' | '~' | 'f' => at_line_start(at),
            _ => false,
        };
        may.then_some(at)
    })
}

fn look(text: &str, at: usize, known: Known<'_>) -> At {
    match text.as_bytes()[at] {
        b'`' | b'~' => fenced::look(text, at, known),
        _ => markup::look(text, at, known),
    }
}

/// Whether this place is in inline code or in a quotation.
fn is_quoted(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.trim_start().starts_with('>') || line.matches('`').count() % 2 == 1
}

/// Whether more text could make a mark of this.
fn could_grow(rest: &str) -> bool {
    let marks = markup::MARKS.iter().chain(&["```tool:", "~~~tool:", "```json", "```tool_call"]);
    // A fence may be longer than three.
    let rest = match rest.find(|c| c != '`') {
        Some(more) if more > 3 => &rest[more - 3..],
        None if rest.len() > 3 => "```",
        _ => rest,
    };
    marks.into_iter().any(|mark| mark.len() > rest.len() && mark.starts_with(rest))
        || rest.strip_prefix("functions.").is_some_and(|name| !name.contains(char::is_whitespace))
}

/// Joins what is left of a text where a call was taken out.
fn append(text: &mut String, more: &str) {
    if text.is_empty() {
        text.push_str(more.trim_start_matches('\n'));
    } else if !more.trim().is_empty() {
        text.push_str("\n\n");
        text.push_str(more.trim_start());
    }
    text.truncate(text.trim_end().len());
}

/// A call to a known tool. Templates put `functions.` before names and a number behind.
fn call(name: &str, input: Value, known: Known<'_>) -> Option<TextCall> {
    let name = name.trim().trim_matches(['"', '\'']);
    let name = name.strip_prefix("functions.").unwrap_or(name);
    let name = match name.split_once(':') {
        Some((plain, number)) if !known(name) && number.bytes().all(|b| b.is_ascii_digit()) => plain,
        _ => name,
    };
    let input = match input {
        Value::Object(_) => input,
        Value::Null => Value::Object(Map::new()),
        // Arguments as a text of JSON.
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        Value::String(text) => {
            let (value, end) = json::value(&text)?;
            (value.is_object() && text[end..].trim().is_empty()).then_some(value)?
        }
        _ => return None,
    };
    (!name.is_empty() && known(name)).then(|| TextCall { name: name.to_owned(), input })
}

/// The value of an argument that was printed without quotes. Where an argument is a text by its
/// nature, it stays one even if it looks like JSON: a file may hold just that.
fn argument(key: &str, text: &str) -> Value {
    const TEXTS: &[&str] = &[
        "path",
        "file",
        "file_path",
        "content",
        "contents",
        "text",
        "command",
        "cmd",
        "script",
        "pattern",
        "query",
        "prompt",
        "patch",
        "diff",
        "input",
        "name",
        "url",
        "message",
        "description",
        "glob",
    ];
    let is_text =
        TEXTS.contains(&key) || key.contains("string") || key.contains("str") || key.contains("text");
    if is_text {
        return Value::String(text.to_owned());
    }
    match serde_json::from_str::<Value>(text.trim()) {
        Ok(value) if !value.is_string() => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
#[path = "text_calls/tests.rs"]
mod tests;
