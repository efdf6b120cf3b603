//! JSON as models print it: trailing commas, single quotes, bare keys, line breaks and quotes within
//! texts, Python's words. And calls written as nothing but JSON.

use serde_json::{Map, Value};

use super::{Known, TextCall, call};

const DEPTH: usize = 64;
const CANDIDATES: usize = 64;

/// The value at the beginning of a text, and where it ends. Strict where that works.
pub(super) fn value(text: &str) -> Option<(Value, usize)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Some(Ok(value)) = stream.next() {
        return Some((value, stream.byte_offset()));
    }
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// The calls that a JSON value describes: `{"name":…,"arguments":{…}}` under any of the usual names,
/// or a list of such. `None` when any of it is something else.
pub(super) fn calls(value: &Value, known: Known<'_>) -> Option<Vec<TextCall>> {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let calls: Option<Vec<_>> = items.iter().map(|item| calls(item, known)).collect();
            calls.map(|calls| calls.into_iter().flatten().collect())
        }
        Value::Object(map) => {
            let inner = ["function", "tool_call", "function_call"].iter().find_map(|key| map.get(*key));
            if let Some(inner @ Value::Object(_)) = inner {
                return calls(inner, known);
            }
            if let Some(list @ Value::Array(_)) = map.get("tool_calls") {
                return calls(list, known);
            }
            let name = ["name", "tool", "tool_name", "function", "action"]
                .iter()
                .find_map(|key| map.get(*key)?.as_str())?;
            let input = ["arguments", "parameters", "args", "input", "tool_input", "action_input", "params"]
                .iter()
                .find_map(|key| map.get(*key))?;
            Some(vec![call(name, input.clone(), known)?])
        }
        _ => None,
    }
}

/// Calls as bare JSON that a text consists of or ends with, and where they begin.
pub(super) fn at_the_end(text: &str, known: Known<'_>) -> Option<(usize, Vec<TextCall>)> {
    let mut in_fence = false;
    let mut at = 0;
    let mut starts = Vec::new();
    for line in text.split_inclusive('\n') {
        // What a code block shows is not said.
        in_fence ^= line.trim_start().starts_with("```");
        if !in_fence && (line.starts_with(['{', '[']) || text[..at].trim().is_empty()) {
            starts.push(at);
        }
        at += line.len();
    }
    // A text of very many such lines is data.
    let few = &starts[starts.len().saturating_sub(CANDIDATES)..];
    few.iter().find_map(|start| Some((*start, all(&text[*start..], known)?)))
}

/// The calls, if a text is nothing but calls in JSON.
pub(super) fn all(text: &str, known: Known<'_>) -> Option<Vec<TextCall>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (value, end) = value(rest)?;
        found.extend(calls(&value, known)?);
        rest = rest[end..].trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == ',');
    }
    (!found.is_empty()).then_some(found)
}

/// Where JSON begins, at or after `from`, that reaches the end of a growing text and so may turn out
/// to be a call.
pub(super) fn may_begin(text: &str, from: usize) -> Option<usize> {
    let begins = |at: usize| {
        let rest = text[at..].trim_start();
        let inner = rest.strip_prefix('[').unwrap_or(rest).trim_start();
        let inner = inner.strip_prefix('{').map(str::trim_start);
        inner.is_some_and(|inner| inner.is_empty() || inner.starts_with(['"', '\'']))
            && value(rest).is_none_or(|(_, end)| rest[end..].trim().is_empty())
    };
    let line = text[..from].rfind('\n').map_or(0, |at| at + 1);
    let lines = std::iter::once(line).chain(text[line..].match_indices('\n').map(|(at, _)| line + at + 1));
    lines
        .filter(|at| text[*at..].starts_with(['{', '[']))
        .find(|at| begins(*at) && text[..*at].matches("```").count().is_multiple_of(2))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH {
            return None;
        }
        self.space();
        match self.peek()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            quote @ ('"' | '\'') => self.string(quote).map(Value::String),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut map = Map::new();
        loop {
            self.space();
            match self.peek()? {
                '}' => {
                    self.at += 1;
                    return Some(Value::Object(map));
                }
                ',' => self.at += 1,
                quote => {
                    let key =
                        if matches!(quote, '"' | '\'') { self.string(quote)? } else { self.bare_key()? };
                    self.space();
                    if self.peek()? != ':' {
                        return None;
                    }
                    self.at += 1;
                    let value = self.value(depth + 1)?;
                    map.insert(key, value);
                }
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.space();
            match self.peek()? {
                ']' => {
                    self.at += 1;
                    return Some(Value::Array(items));
                }
                ',' => self.at += 1,
                _ => items.push(self.value(depth + 1)?),
            }
        }
    }

    /// A text: it may break lines, and a quote within it ends it only where something that can follow
    /// a text follows.
    fn string(&mut self, quote: char) -> Option<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let c = self.peek()?;
            self.at += c.len_utf8();
            match c {
                '\\' => self.escape(&mut text)?,
                c if c == quote => {
                    let after = self.text[self.at..].trim_start();
                    if after.is_empty() || after.starts_with([',', ':', '}', ']']) {
                        return Some(text);
                    }
                    text.push(c);
                }
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        match c {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            '"' | '\'' | '\\' | '/' => text.push(c),
            'u' => {
                let unit = self.hex()?;
                let pair = (0xd800..0xdc00).contains(&unit) && self.text[self.at..].starts_with("\\u");
                let code = if pair {
                    self.at += 2;
                    match self.hex()? {
                        low @ 0xdc00..0xe000 => 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
                        _ => unit,
                    }
                } else {
                    unit
                };
                text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            // No escape of JSON's: most likely a regular expression.
            other => text.extend(['\\', other]),
        }
        Some(())
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn bare_key(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')?;
        self.at += end;
        (end > 0).then(|| rest[..end].to_owned())
    }

    fn word(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| c.is_whitespace() || ",]}:".contains(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        self.at += end;
        match word {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            "null" | "None" | "undefined" => Some(Value::Null),
            number => serde_json::from_str::<Value>(number).ok().filter(Value::is_number),
        }
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_it_was_meant() {
        for (text, meant) in [
            (r#"{"a": 1,}"#, Some(json!({"a": 1}))),
            (r"{'a': 'b', c: [1, 2,],}", Some(json!({"a": "b", "c": [1, 2]}))),
            ("{\"a\": \"one\ntwo\"}", Some(json!({"a": "one\ntwo"}))),
            (r#"{"a": "say "hi" now"}"#, Some(json!({"a": "say \"hi\" now"}))),
            (r#"{"a": "\d+\n", }"#, Some(json!({"a": "\\d+\n"}))),
            (r#"{"a": True, "b": None, "c": -1.5e3,}"#, Some(json!({"a": true, "b": null, "c": -1500.0}))),
            (r#"{"a": "\u00e9\ud83d\ude00",}"#, Some(json!({"a": "é😀"}))),
            (r#"{"a": "it's"}"#, Some(json!({"a": "it's"}))),
            (r"{'a': 'it\'s'}", Some(json!({"a": "it's"}))),
            (r#"{"a": "b"#, None),
            (r#"{"a""#, None),
            ("{a b}", None),
            ("", None),
            ("{\"a\": \"\\u12\",}", None),
            ("{\"a\": \"\\ud800\\u0041\",}", Some(json!({"a": "\u{fffd}"}))),
        ] {
            let found = value(text).filter(|(_, end)| text[*end..].trim().is_empty()).map(|(value, _)| value);
            assert_eq!(found, meant, "{text}");
        }
        assert_eq!(value(&"[".repeat(100_000)), None);
    }
}
