//! Reading JSON whose shape is another program's: what is not there, or of another type, is passed over.

use serde_json::{Map, Value};

/// The object on a line; `None` for a banner, a stack trace or half of a line.
pub(super) fn object(line: &str) -> Option<Value> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    serde_json::from_str(line).ok()
}

/// The string at a pointer, unless it is empty.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

pub(super) fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

pub(super) fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn number(value: &Value, pointer: &str) -> Option<u32> {
    value.pointer(pointer)?.as_u64()?.try_into().ok()
}

/// An HTTP status, which some write as a string.
pub(super) fn status(value: &Value, pointer: &str) -> Option<u16> {
    let value = value.pointer(pointer)?;
    let status = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(status).ok().filter(|status| (400..600).contains(status))
}

/// The input of a tool call: an object, or the raw text of what is none.
pub(super) fn input(value: Option<&Value>) -> Value {
    match value {
        Some(object @ Value::Object(_)) => object.clone(),
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(Value::String(text)) => {
            serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or_else(|| text.clone().into())
        }
        Some(other) => Value::String(other.to_string()),
    }
}

/// What a tool gave, as text: a string, a list of parts, or an object that holds either.
pub(super) fn content(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<String> = parts.iter().map(content).filter(|text| !text.is_empty()).collect();
            texts.join("\n")
        }
        Value::Object(_) => ["text", "content", "result", "output", "message", "error"]
            .iter()
            .find_map(|key| value.get(*key).filter(|inner| !inner.is_null()))
            .map_or_else(|| value.to_string(), content),
        other => other.to_string(),
    }
}
