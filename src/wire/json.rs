//! Small helpers over JSON that every format uses.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::WireError;
use crate::chat::{Certainty, Image, Part};

/// The arguments of a call as an object: what models write as arguments is not always one.
pub(super) fn input_object(input: &Value) -> Value {
    match input {
        Value::Object(_) => input.clone(),
        Value::Null => Value::Object(Map::new()),
        Value::String(raw) => json!({ "invalid_json": raw }),
        other => json!({ "value": other }),
    }
}

/// Arguments that came as JSON text.
pub(super) fn parse_input(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The id in a form that providers accept: letters, digits, `_` and `-`, at most `max` of them. The
/// same id always gives the same result, different ids different ones.
pub(super) fn fit_id(id: &str, max: usize) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !id.is_empty() && id.len() <= max && id.chars().all(fine) {
        return id.to_owned();
    }
    let digest = Sha256::digest(id.as_bytes());
    let digest = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let digest = format!("{digest:016x}");
    let mut head: String = id.chars().map(|c| if fine(c) { c } else { '_' }).collect();
    head.truncate(max - digest.len() - 1);
    format!("{head}_{digest}")
}

/// What a list of tokens with their log-probabilities comes to.
pub(super) fn logprobs(tokens: &Value) -> Option<Certainty> {
    Certainty::of(tokens.as_array()?.iter().filter_map(|token| token["logprob"].as_f64()))
}

pub(super) fn data_url(image: &Image) -> String {
    format!("data:{};base64,{}", image.media_type, image.data)
}

/// An image given as a `data:` URL.
pub(super) fn image_from_url(url: &str) -> Result<Part, WireError> {
    url.strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"))
        .map(|(media_type, data)| {
            Part::Image(Image { media_type: media_type.to_owned(), data: data.to_owned() })
        })
        .ok_or_else(|| WireError::bad("images can only be sent as base64 data, not by URL"))
}

/// A string field; `None` when it is absent, null or of another type.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// The same, and not empty.
pub(super) fn filled<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    text(value, key).filter(|text| !text.is_empty())
}

/// A count; 0 when absent.
pub(super) fn count(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(number).unwrap_or(0)
}

pub(super) fn number(value: &Value) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of tokens")]
    value.as_u64().or_else(|| value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
}

pub(super) fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn max_tokens(body: &Value, key: &str) -> Option<u32> {
    body.get(key).and_then(number).and_then(|n| u32::try_from(n).ok())
}

/// Adds a field when there is something to add.
pub(super) fn put(object: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[key] = value.into();
    }
}

pub(super) fn now_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_ids_are_made_fit_and_stay_apart() {
        assert_eq!(fit_id("call_1-a", 40), "call_1-a");
        let odd = ["a.b", "a:b", "", "ü", &"x".repeat(100), &"x".repeat(101)].map(|id| fit_id(id, 40));
        for (at, id) in odd.iter().enumerate() {
            assert!(
                id.len() <= 40 && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)),
                "{id}"
            );
            assert!(!odd[..at].contains(id));
        }
    }
}
