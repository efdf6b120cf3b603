//! Our own protocol: a code block whose language is `tool:` and a name. Code stands in it as it is,
//! without quotes or escapes.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{At, Known, TextCall, argument, call, json};
use crate::chat::ToolSpec;

/// What stands between the fences of a tool's block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// The whole of this argument, as it is.
    Raw(&'static str),
    /// Search and replace sections.
    Sections,
    /// Arguments as JSON, or nothing.
    Json,
}

struct Block<'a> {
    info: &'a str,
    body: &'a str,
    /// Behind the closing fence; `None` when there is none.
    end: Option<usize>,
}

const WRITE: &str = "\
````tool:write path=src/greeting.py
def greet(name):
    return f\"Hello, {name}\"
````
";
const EDIT: &str = "\
````tool:edit path=src/greeting.py
<<<<<<< SEARCH
    return f\"Hello, {name}\"
=======
    return f\"Good morning, {name}\"
>>>>>>> REPLACE
````
";
const BASH: &str = "\
````tool:bash
cargo test --quiet
````
";
const PATCH: &str = "\
````tool:apply_patch
*** Begin Patch
*** Update File: src/greeting.py
@@ def greet(name):
-    return \"Hello\"
+    return \"Good morning\"
*** End Patch
````
";

pub(super) fn prompt(tools: &[ToolSpec]) -> String {
    let mut text = String::from(
        "# Calling tools\n\n\
         To call a tool, write a block that opens with four backticks, `tool:` and its name, and that closes \
         with four backticks on a line of their own. Inside, write code exactly as it should be: no quotes \
         around it, no escapes, no line numbers. If the code itself has a line of four backticks, use five.\n\n",
    );
    for tool in tools {
        let _ = writeln!(text, "## {}\n\n{}\n", tool.name, tool.description.trim());
        let example = match tool.name.as_str() {
            "write" => WRITE.to_owned(),
            "edit" => EDIT.to_owned(),
            "bash" => BASH.to_owned(),
            "apply_patch" => PATCH.to_owned(),
            _ => example(tool),
        };
        let _ = writeln!(text, "{}{example}", arguments(tool));
        if tool.name == "edit" {
            text.push_str(
                "The lines under SEARCH must be whole lines that are in the file once; copy them exactly. \
                 A block may have several such sections.\n\n",
            );
        }
    }
    text.push_str(
        "You may write several blocks in one answer; they run in order. After your last block, stop: the results \
         come in the next message. Never write results yourself. When the task is done, answer without a block.\n",
    );
    text
}

/// A call in the form in which a model should have written it.
pub(super) fn render(name: &str, input: &Value) -> String {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let path = text("path").map(|path| format!(" path={path}")).unwrap_or_default();
    let (info, body) = match (name, text("content"), text("old_string"), text("new_string")) {
        ("write", Some(content), _, _) => (path, content.to_owned()),
        ("edit", _, Some(old), Some(new)) => {
            let line = |text: &str| {
                if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
            };
            (path, format!("<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE", line(old), line(new)))
        }
        ("bash", ..) if text("command").is_some() => {
            (String::new(), text("command").unwrap_or_default().to_owned())
        }
        ("apply_patch", ..) if text("patch").is_some() => {
            (String::new(), text("patch").unwrap_or_default().to_owned())
        }
        _ => (String::new(), input.to_string()),
    };
    // The fence must be longer than any run of backticks inside.
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(4));
    format!("{fence}tool:{name}{info}\n{}\n{fence}", body.trim_end_matches('\n'))
}

/// What stands at a fence.
pub(super) fn look(text: &str, at: usize, known: Known<'_>) -> At {
    let Some(block) = block(text, at) else { return At::Nothing };
    let end = block.end.unwrap_or(text.len());
    let Some(info) = block.info.strip_prefix("tool:") else {
        // `json` is for calls only where nothing else follows: what is in the middle is an example.
        let is_call = match block.info {
            "tool_call" | "tool_calls" | "function_call" => true,
            "json" | "" => text[end..].trim().is_empty(),
            _ => false,
        };
        return match is_call.then(|| json::all(block.body, known)).flatten() {
            Some(calls) => At::Calls(calls, end),
            None => At::Skip(end),
        };
    };
    let (name, attributes) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
    if call(name, Value::Null, known).is_none() {
        return At::Skip(end);
    }
    let finished = block.end.is_some() || is_complete(name, block.body);
    let call = finished.then(|| read(name, attributes, block.body, known)).flatten();
    call.map_or_else(|| At::CutOff(name.to_owned()), |call| At::Calls(vec![call], end))
}

/// How much can be shown of a text that ends within the block at `at`.
pub(super) fn shown_of_open_block(text: &str, at: usize) -> usize {
    let fence = text[at..].starts_with(['`', '~']);
    let info = block(text, at).map_or("", |block| block.info);
    let open =
        !text[at..].contains('\n') || ["json", "tool_call", "tool_calls", "function_call"].contains(&info);
    if fence && open { at } else { text.len() }
}

fn block(text: &str, at: usize) -> Option<Block<'_>> {
    let rest = &text[at..];
    let mark = rest.chars().next()?;
    let length = rest.len() - rest.trim_start_matches(mark).len();
    if length < 3 {
        return None;
    }
    let (first, _) = rest[length..].split_once('\n').unwrap_or((&rest[length..], ""));
    let info = first.trim();
    let start = (at + length + first.len() + 1).min(text.len());
    let is_tool = info.starts_with("tool:");
    let mut depth = 0;
    let mut last_bare = None;
    let mut line_at = start;
    for line in text[start..].split_inclusive('\n') {
        let trimmed = line.trim();
        let marks = trimmed.len() - trimmed.trim_start_matches(mark).len();
        let line_end = line_at + line.len();
        if marks >= length && marks == trimmed.len() {
            last_bare = Some((line_at, line_end));
            if depth == 0 {
                break;
            }
            depth -= 1;
        } else if marks >= length && is_tool {
            if trimmed[marks..].trim_start().starts_with("tool:") {
                break;
            }
            // A file may hold blocks of its own, which open with a language.
            depth += 1;
        }
        line_at = line_end;
    }
    Some(match last_bare {
        Some((body_end, end)) => Block { info, body: &text[start..body_end], end: Some(end) },
        None => Block { info, body: &text[start..], end: None },
    })
}

fn body_of(name: &str) -> Body {
    match name {
        "write" | "write_file" | "create_file" => Body::Raw("content"),
        "bash" | "shell" | "run" => Body::Raw("command"),
        "apply_patch" | "patch" => Body::Raw("patch"),
        "edit" | "edit_file" | "replace" => Body::Sections,
        _ => Body::Json,
    }
}

/// Whether a block without a closing fence can be taken all the same: nothing of it can be missing.
fn is_complete(name: &str, body: &str) -> bool {
    let last = body.trim_end().lines().last().unwrap_or_default();
    match body_of(name) {
        Body::Raw("patch") => last == "*** End Patch",
        Body::Raw(_) => false,
        Body::Sections => is_marker(last, '>'),
        Body::Json => json::value(body).is_some_and(|(value, _)| value.is_object()),
    }
}

fn read(name: &str, attributes: &str, body: &str, known: Known<'_>) -> Option<TextCall> {
    let mut input = read_attributes(attributes);
    let body_kind = body_of(name);
    let from_json = || match json::value(body) {
        Some((Value::Object(map), end)) if body[end..].trim().is_empty() => Some(map),
        _ => None,
    };
    match body_kind {
        // Some put JSON here out of habit. A file's content may be JSON too, but then its path is above.
        Body::Raw(key) => {
            match from_json().filter(|map| map.contains_key(key) && !input.contains_key("path")) {
                Some(map) => input.extend(map),
                None if body.trim().is_empty() && input.contains_key(key) => {}
                None => {
                    let text = if key == "content" { body } else { body.trim_end_matches('\n') };
                    input.insert(key.into(), Value::String(text.to_owned()));
                }
            }
        }
        Body::Sections => match (sections(body), from_json()) {
            (Some(sections), _) => insert_sections(&mut input, sections),
            (None, Some(map)) => input.extend(map),
            (None, None) => {}
        },
        Body::Json => match from_json() {
            Some(map) => input.extend(map),
            None => input.extend(body.lines().flat_map(|line| read_attributes(&line.replacen(": ", "=", 1)))),
        },
    }
    call(name, Value::Object(input), known)
}

/// `path=a b.rs line=3 text="x y"`: a value without quotes goes on to the next name.
fn read_attributes(text: &str) -> Map<String, Value> {
    let mut found = Map::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            break;
        }
        let value;
        let quoted = after.trim_start();
        if quoted.starts_with(['"', '\''])
            && let Some((Value::String(text), end)) = json::value(&first_quoted(quoted))
        {
            value = Value::String(text);
            rest = quoted[end..].trim_start();
        } else {
            let end = next_name(after).unwrap_or(after.len());
            value = argument(name, after[..end].trim());
            rest = after[end..].trim_start();
        }
        found.insert(name.to_owned(), value);
    }
    found
}

/// The quoted text at the beginning, alone: what follows would not be JSON.
fn first_quoted(text: &str) -> String {
    let quote = text.chars().next().unwrap_or('"');
    let mut escaped = false;
    let end = text.char_indices().skip(1).find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at + 1)
    });
    text[..end.unwrap_or(text.len())].to_owned()
}

/// Where the next ` name=` begins.
fn next_name(text: &str) -> Option<usize> {
    text.match_indices('=').find_map(|(at, _)| {
        let before = &text[..at];
        let start = before.rfind(char::is_whitespace)?;
        let name = before[start..].trim();
        (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(start)
    })
}

fn insert_sections(input: &mut Map<String, Value>, sections: Vec<(String, String)>) {
    let pair = |(old, new): (String, String)| {
        let pair = [("old_string", old), ("new_string", new)];
        pair.into_iter().map(|(key, text)| (key.to_owned(), Value::String(text))).collect::<Map<_, _>>()
    };
    if sections.len() == 1 {
        input.extend(sections.into_iter().flat_map(pair));
    } else {
        let edits = sections.into_iter().map(|section| Value::Object(pair(section))).collect();
        input.insert("edits".into(), Value::Array(edits));
    }
}

/// The texts to find and to put in their place: whole lines, each with its line break.
fn sections(body: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        if !is_marker(line, '<') {
            continue;
        }
        let mut old = String::new();
        let mut new = String::new();
        let mut into = &mut old;
        loop {
            let line = lines.next()?;
            if is_marker(line, '>') {
                break;
            }
            if is_marker(line, '=') && line.trim_end().chars().all(|c| c == '=') {
                into = &mut new;
            } else {
                into.push_str(line);
                into.push('\n');
            }
        }
        found.push((old, new));
    }
    (!found.is_empty()).then_some(found)
}

/// Seven or so of one sign, with a word behind it or not.
fn is_marker(line: &str, sign: char) -> bool {
    let signs = line.chars().take_while(|c| *c == sign).count();
    (5..=9).contains(&signs) && line[signs..].chars().next().is_none_or(|c| c == ' ')
}

fn arguments(tool: &ToolSpec) -> String {
    let required: Vec<&str> =
        tool.parameters["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = tool.parameters["properties"].as_object();
    let mut text = String::new();
    for (name, schema) in properties.into_iter().flatten() {
        let kind = schema["type"].as_str().unwrap_or("any");
        let need = if required.contains(&name.as_str()) { "" } else { ", optional" };
        let _ = writeln!(
            text,
            "- `{name}` ({kind}{need}): {}",
            schema["description"].as_str().unwrap_or_default()
        );
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// A call with its arguments as JSON, from the schema.
fn example(tool: &ToolSpec) -> String {
    let mut arguments = Map::new();
    for name in tool.parameters["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let value = match tool.parameters["properties"][name]["type"].as_str() {
            Some("integer" | "number") => Value::from(1),
            Some("boolean") => Value::Bool(true),
            Some("array") => Value::Array(vec![]),
            Some("object") => Value::Object(Map::new()),
            _ => Value::String("…".into()),
        };
        arguments.insert(name.to_owned(), value);
    }
    format!("````tool:{}\n{}\n````\n", tool.name, Value::Object(arguments))
}
