//! The formats that leak out of chat templates: tags of Qwen, Hermes, Llama, GLM and Claude, and the
//! special tokens of Mistral, Llama, DeepSeek, Kimi and gpt-oss.

use serde_json::{Map, Value};

use super::{At, Known, TextCall, argument, call, json};

/// How the formats begin.
pub(super) const MARKS: &[&str] = &[
    "<tool_call",
    "<function_call",
    "<function=",
    "<function name=",
    "<invoke name=",
    "<function_calls>",
    "<|tool_call",
    "<|tool_calls_section_begin|>",
    "<|python_tag|>",
    "<|channel|>commentary",
    "<｜tool▁call",
    "[TOOL_CALLS]",
    "functions.",
];

struct Tag<'a> {
    /// Without a namespace.
    name: &'a str,
    /// The value after `=` or of `name="…"`.
    value: &'a str,
    end: usize,
}

/// What stands at a `<`, a `[` or an `f`.
pub(super) fn look(text: &str, at: usize, known: Known<'_>) -> At {
    let rest = &text[at..];
    if let Some(body) = rest.strip_prefix("[TOOL_CALLS]") {
        return mistral(text, text.len() - body.len(), known);
    }
    if let Some(body) = rest.strip_prefix("<|python_tag|>") {
        return python_tag(text, text.len() - body.len(), known);
    }
    if rest.starts_with("<｜tool▁call") || rest.starts_with("<|tool_call") {
        return tokens(text, at, known);
    }
    if rest.starts_with("<|channel|>") {
        return channel(text, at, known);
    }
    if rest.starts_with("functions.") {
        return as_code(text, at, known);
    }
    match tag(text, at) {
        Some(tag) => tagged(text, &tag, known),
        None if !rest.contains(['>', '\n']) && MARKS.iter().any(|mark| rest.starts_with(mark)) => {
            At::CutOff(String::new())
        }
        None => At::Nothing,
    }
}

fn tagged(text: &str, tag: &Tag<'_>, known: Known<'_>) -> At {
    match tag.name {
        "think" | "thinking" | "tool_response" | "tool_result" | "tool_output" | "function_results" => {
            let close = format!("</{}>", tag.name);
            text[tag.end..].find(&close).map_or(At::Nothing, |at| At::Skip(tag.end + at + close.len()))
        }
        "tool_call" | "tool_calls" | "function_call" | "function_calls" => container(text, tag, known),
        "function" | "invoke" if !tag.value.is_empty() => function(text, tag, known),
        _ => At::Nothing,
    }
}

/// `<tool_call>` with JSON, with `<function=…>` or with GLM's pairs in it.
fn container(text: &str, outer: &Tag<'_>, known: Known<'_>) -> At {
    let mut found = Vec::new();
    let mut at = outer.end;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
        let rest = &text[at..];
        if rest.is_empty() {
            return if found.is_empty() { At::CutOff(String::new()) } else { At::Calls(found, at) };
        }
        if let Some(close) = rest.strip_prefix("</").and_then(|rest| rest.find('>')) {
            return if found.is_empty() { At::Nothing } else { At::Calls(found, at + 2 + close + 1) };
        }
        let part = if rest.starts_with(['{', '[']) {
            match json::value(rest) {
                Some((value, end)) => {
                    json::calls(&value, known).map_or(At::Nothing, |c| At::Calls(c, at + end))
                }
                None if rest.contains("</") => At::Nothing,
                None => At::CutOff(named_in(rest, known)),
            }
        } else if let Some(inner) = tag(text, at) {
            // Thinking and results between calls are none of ours.
            tagged(text, &inner, known)
        } else {
            pairs(text, at, known)
        };
        match part {
            At::Calls(calls, end) => {
                found.extend(calls);
                at = end;
            }
            At::Skip(end) => at = end,
            At::CutOff(name) if found.is_empty() => return At::CutOff(name),
            // What follows finished calls is text again.
            _ if !found.is_empty() => return At::Calls(found, at),
            _ => return At::Nothing,
        }
    }
}

/// `<function=name>` or `<invoke name="name">` with parameters, or with JSON.
fn function(text: &str, tag_of: &Tag<'_>, known: Known<'_>) -> At {
    let Some(empty) = call(tag_of.value, Value::Null, known) else { return At::Nothing };
    let mut input = Map::new();
    let mut at = tag_of.end;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        if rest.is_empty() {
            return At::CutOff(empty.name);
        }
        if rest.starts_with('{') && input.is_empty() {
            let Some((value, end)) = json::value(rest) else {
                return if rest.contains("</") { At::Nothing } else { At::CutOff(empty.name) };
            };
            let Value::Object(map) = value else { return At::Nothing };
            input = map;
            at += end;
            continue;
        }
        let Some(inner) = tag(text, at) else {
            return if rest.starts_with('<') && !rest.contains('>') {
                At::CutOff(empty.name)
            } else {
                At::Nothing
            };
        };
        match inner.name {
            "/function" | "/invoke" => {
                return At::Calls(vec![TextCall { input: Value::Object(input), ..empty }], inner.end);
            }
            // The template forgot to close it.
            "/tool_call" => return At::Calls(vec![TextCall { input: Value::Object(input), ..empty }], at),
            "parameter" | "param" if !inner.value.is_empty() => {
                let Some((value, end)) = parameter(text, inner.end) else { return At::CutOff(empty.name) };
                input.insert(inner.value.to_owned(), argument(inner.value, value));
                at = end;
            }
            _ => return At::Nothing,
        }
    }
}

/// The text of a parameter, and where it ends. Some models do not close it.
fn parameter(text: &str, start: usize) -> Option<(&str, usize)> {
    let mut at = start;
    while let Some(found) = text[at..].find('<') {
        at += found;
        let Some(inner) = tag(text, at) else {
            at += 1;
            continue;
        };
        let end = match inner.name {
            "/parameter" | "/param" => inner.end,
            "parameter" if !inner.value.is_empty() => at,
            "/function" | "/invoke" => at,
            _ => {
                at += 1;
                continue;
            }
        };
        let value = &text[start..at];
        let value = value.strip_prefix('\n').unwrap_or(value);
        return Some((value.strip_suffix('\n').unwrap_or(value), end));
    }
    None
}

/// GLM's `name`, then `<arg_key>` and `<arg_value>` in turn.
fn pairs(text: &str, start: usize, known: Known<'_>) -> At {
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    if name.is_empty() {
        return At::Nothing;
    }
    let mut at = start + end;
    if text[at..].trim().is_empty() {
        return At::CutOff(name.to_owned());
    }
    if call(name, Value::Null, known).is_none() {
        return At::Nothing;
    }
    let mut input = Map::new();
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let between = |rest: &str, open: &str, close: &str| -> Option<(String, usize)> {
            let body = rest.strip_prefix(open)?;
            let end = body.find(close)?;
            Some((body[..end].to_owned(), open.len() + end + close.len()))
        };
        let rest = &text[at..];
        if !rest.starts_with("<arg_key>") {
            break;
        }
        let Some((key, used)) = between(rest, "<arg_key>", "</arg_key>") else {
            return At::CutOff(name.to_owned());
        };
        let value_at = at + used + text[at + used..].len() - text[at + used..].trim_start().len();
        let Some((value, used)) = between(&text[value_at..], "<arg_value>", "</arg_value>") else {
            return At::CutOff(name.to_owned());
        };
        input.insert(key.trim().to_owned(), argument(key.trim(), &value));
        at = value_at + used;
    }
    call(name, Value::Object(input), known).map_or(At::Nothing, |call| At::Calls(vec![call], at))
}

/// `[TOOL_CALLS][{…}]`, and the later `[TOOL_CALLS]name{…}` and `[TOOL_CALLS]name[ARGS]{…}`.
fn mistral(text: &str, start: usize, known: Known<'_>) -> At {
    let mut at = start + text[start..].len() - text[start..].trim_start().len();
    let rest = &text[at..];
    if rest.is_empty() {
        return At::CutOff(String::new());
    }
    if rest.starts_with(['[', '{']) {
        return match json::value(rest) {
            Some((value, end)) => json::calls(&value, known).map_or(At::Nothing, |c| At::Calls(c, at + end)),
            None => At::CutOff(named_in(rest, known)),
        };
    }
    let mut found = Vec::new();
    loop {
        let rest = text[at..].trim_start().trim_start_matches("[TOOL_CALLS]");
        let Some(open) = rest.find('{') else { break };
        let name = rest[..open].split('[').next().unwrap_or_default().trim();
        if call(name, Value::Null, known).is_none() {
            break;
        }
        let Some((value, end)) = json::value(&rest[open..]) else { return At::CutOff(name.to_owned()) };
        let Some(call) = call(name, value, known) else { break };
        found.push(call);
        at = text.len() - rest.len() + open + end;
    }
    match (found.is_empty(), text[at..].contains('{')) {
        (false, _) => At::Calls(found, at),
        (true, false) => At::CutOff(text[at..].split('[').next().unwrap_or_default().trim().to_owned()),
        (true, true) => At::Nothing,
    }
}

/// Llama's `<|python_tag|>{…}; {…}`.
fn python_tag(text: &str, start: usize, known: Known<'_>) -> At {
    let body = &text[start..];
    let body = &body[..body.find("<|e").unwrap_or(body.len())];
    let end =
        text[start + body.len()..].find("|>").map_or(start + body.len(), |at| start + body.len() + at + 2);
    match json::all(body, known) {
        Some(calls) => At::Calls(calls, end),
        None if json::value(body.trim_start()).is_none() => At::CutOff(named_in(body, known)),
        None => At::Nothing,
    }
}

/// Calls between special tokens: a name, a separator, and arguments as JSON, in a fence or not.
/// DeepSeek's name may stand before the separator or behind it; Kimi numbers its names.
fn tokens(text: &str, start: usize, known: Known<'_>) -> At {
    const DEEPSEEK: [&str; 5] = [
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁call▁begin｜>",
        "<｜tool▁sep｜>",
        "<｜tool▁call▁end｜>",
        "<｜tool▁calls▁end｜>",
    ];
    const KIMI: [&str; 5] = [
        "<|tool_calls_section_begin|>",
        "<|tool_call_begin|>",
        "<|tool_call_argument_begin|>",
        "<|tool_call_end|>",
        "<|tool_calls_section_end|>",
    ];
    let rest = &text[start..];
    let [begin_all, begin, separator, close, close_all] =
        if rest.starts_with("<｜") { DEEPSEEK } else { KIMI };
    let opened = rest.strip_prefix(begin_all).unwrap_or(rest).trim_start();
    if !opened.starts_with(begin) {
        let unfinished = begin.starts_with(opened) || begin_all.starts_with(opened);
        return if unfinished { At::CutOff(String::new()) } else { At::Nothing };
    }
    let mut found = Vec::new();
    let mut end = start;
    while let Some(at) = text[end..].find(begin) {
        let body_at = end + at + begin.len();
        if !found.is_empty() && !text[end..end + at].trim().is_empty() {
            break;
        }
        let Some(length) = text[body_at..].find(close) else {
            return if found.is_empty() {
                At::CutOff(named_in(&text[body_at..], known))
            } else {
                At::Calls(found, end)
            };
        };
        let body = &text[body_at..body_at + length];
        let Some((name, arguments)) = body.split_once(separator) else { return At::Nothing };
        let Some(open) = arguments.find('{') else { return At::Nothing };
        let before = arguments[..open].trim().trim_end_matches("json").trim().trim_end_matches('`').trim();
        let name = if before.is_empty() { name } else { before };
        let Some((value, _)) = json::value(&arguments[open..]) else { return At::Nothing };
        let Some(call) = call(name, value, known) else { return At::Nothing };
        found.push(call);
        end = body_at + length + close.len();
    }
    let rest = text[end..].trim_start();
    if let Some(after) = rest.strip_prefix(close_all) {
        end = text.len() - after.len();
    }
    At::Calls(found, end)
}

/// gpt-oss: `<|channel|>commentary to=functions.name <|constrain|>json<|message|>{…}<|call|>`.
fn channel(text: &str, start: usize, known: Known<'_>) -> At {
    let rest = &text[start..];
    let Some((head, body)) = rest.split_once("<|message|>") else { return At::Nothing };
    let Some(name) = head.split_once("to=").and_then(|(_, to)| to.split([' ', '<']).next()) else {
        return At::Nothing;
    };
    let Some((value, used)) = json::value(body) else {
        return if body.contains("<|") { At::Nothing } else { At::CutOff(named_in(head, known)) };
    };
    let Some(call) = call(name, value, known) else { return At::Nothing };
    let after = body[used..].trim_start();
    At::Calls(vec![call], text.len() - after.strip_prefix("<|call|>").unwrap_or(&body[used..]).len())
}

/// `functions.name({…})` on a line of its own.
fn as_code(text: &str, start: usize, known: Known<'_>) -> At {
    let rest = &text[start + "functions.".len()..];
    let Some((name, arguments)) = rest.split_once('(') else { return At::Nothing };
    if call(name, Value::Null, known).is_none() || !arguments.trim_start().starts_with('{') {
        return At::Nothing;
    }
    let Some((value, used)) = json::value(arguments) else { return At::CutOff(name.to_owned()) };
    let Some(after) = arguments[used..].trim_start().strip_prefix(')') else { return At::Nothing };
    let after = after.strip_prefix(';').unwrap_or(after);
    call(name, value, known).map_or(At::Nothing, |call| At::Calls(vec![call], text.len() - after.len()))
}

/// The tag at this place.
fn tag(text: &str, at: usize) -> Option<Tag<'_>> {
    let inner = text[at..].strip_prefix('<')?;
    let close = inner.find('>').filter(|close| *close <= 200)?;
    let inner = &inner[..close];
    if inner.contains(['<', '\n']) {
        return None;
    }
    let (head, value) = inner.split_once('=').unwrap_or((inner, ""));
    let word = head.split_whitespace().next().unwrap_or_default();
    // A namespace before the name, as some templates write.
    let name = match word.split_once(':') {
        Some((_, name)) if word.starts_with('/') => {
            ["/function", "/invoke", "/parameter", "/param", "/tool_call"]
                .into_iter()
                .find(|closing| &closing[1..] == name)?
        }
        Some((_, name)) => name,
        None => word,
    };
    let value = value.trim().trim_matches(['"', '\'']);
    Some(Tag { name, value, end: at + close + 2 })
}

/// The known tool that an unfinished call names, or nothing.
fn named_in(text: &str, known: Known<'_>) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
    words.filter(|word| !word.is_empty()).find(|word| known(word)).unwrap_or_default().to_owned()
}
