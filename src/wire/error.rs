//! What a provider's error says, sorted into the classes of the ledger.

use serde_json::Value;

use crate::chat::ErrorClass;

/// An error that came over the wire, or bytes that make no sense in its format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    pub class: ErrorClass,
    /// The provider's own words, shortened to one line.
    pub message: String,
}

impl WireError {
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::BadResponse, message)
    }

    pub(crate) fn cut() -> Self {
        Self::bad("the stream broke off before the answer was complete")
    }

    /// The error object in a body, whatever format it is of. `None` when the body holds none; with a
    /// status of 400 or more, any body counts as an error.
    pub fn from_body(status: Option<u16>, body: &Value) -> Option<Self> {
        // Gemini wraps the error of a stream in an array.
        let body = match body {
            Value::Array(items) if items.len() == 1 => &items[0],
            other => other,
        };
        let failed = status.is_some_and(|status| status >= 400);
        let error = match body.get("error") {
            Some(error) if !error.is_null() => error,
            _ if failed || body["type"] == "error" => body,
            _ => return None,
        };
        let message = message_of(error)
            .or_else(|| message_of(body))
            .unwrap_or_else(|| if error.is_object() { error.to_string() } else { String::new() });
        // Some proxies put the status in the object of a 200 answer.
        let inner = || error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).filter(|c| *c >= 400);
        let status = status.filter(|s| *s >= 400).or_else(inner);
        let class = classify(status, &error.to_string());
        let message = shorten(&message);
        let message = match (message.is_empty(), status) {
            (false, _) => message,
            (true, Some(status)) => format!("status {status} without a message"),
            (true, None) => "an error without a message".into(),
        };
        Some(Self { class, message })
    }
}

fn message_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) => ["message", "detail", "error", "msg"].iter().find_map(|key| match &value[*key] {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            nested @ Value::Object(_) => message_of(nested),
            _ => None,
        }),
        _ => None,
    }
}

/// The class of an error, from its status (if it had one) and its words: codes, types and message.
pub(crate) fn classify(status: Option<u16>, words: &str) -> ErrorClass {
    let words = words.to_lowercase();
    let says = |needles: &[&str]| needles.iter().any(|needle| words.contains(needle));
    let limited = status == Some(429) || says(&["rate_limit", "resource_exhausted", "too many requests"]);
    if limited {
        // Gemini says "quota" for limits by the minute as well; only the id of the quota tells.
        let passing = says(&["perminute", "per minute", "requests per min", "tokens per min", "retrydelay"]);
        return match () {
            () if says(&["perday", "per day"]) || says(HARD_QUOTA) => ErrorClass::Quota,
            () if !passing && says(SOFT_QUOTA) => ErrorClass::Quota,
            () => ErrorClass::RateLimit,
        };
    }
    match status {
        Some(402) => return ErrorClass::Quota,
        Some(403) if says(HARD_QUOTA) => return ErrorClass::Quota,
        Some(401 | 403) => return ErrorClass::Auth,
        Some(408 | 504) => return ErrorClass::Timeout,
        _ => {}
    }
    match () {
        () if says(TOO_LONG) => ErrorClass::ContextOverflow,
        () if says(HARD_QUOTA) || says(SOFT_QUOTA) => ErrorClass::Quota,
        () if says(AUTH) => ErrorClass::Auth,
        () if says(NO_MODEL) || status == Some(404) => ErrorClass::NotFound,
        () if says(REFUSED) => ErrorClass::Refused,
        () if says(&["overloaded", "capacity", "unavailable", "server is busy", "slow_down"]) => {
            ErrorClass::Overloaded
        }
        () if says(&["timeout_error", "timed out", "deadline_exceeded"]) => ErrorClass::Timeout,
        () if status == Some(413) => ErrorClass::ContextOverflow,
        () if status.is_some_and(|status| status >= 500) => ErrorClass::Overloaded,
        () if says(&["server_error", "api_error", "internal_error", "\"internal\""]) => {
            ErrorClass::Overloaded
        }
        () => ErrorClass::BadResponse,
    }
}

const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "context length",
    "context window",
    "context limit",
    "context size",
    "exceed_context_size",
    "model_max_prompt_tokens_exceeded",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input too long",
    "too many input tokens",
    "maximum prompt length",
    "maximum number of tokens",
    "input token count",
    "reduce the length of",
    "request_too_large",
    "request entity too large",
    "exceeds the limit of tokens",
];
const HARD_QUOTA: &[&str] = &[
    "insufficient_quota",
    "insufficient balance",
    "insufficient credits",
    "credit balance",
    "billing_error",
    "billing_hard_limit",
    "payment required",
    "out of credits",
    "usage limit",
];
const SOFT_QUOTA: &[&str] = &["exceeded your current quota", "quota exceeded", "exceeded_quota"];
const AUTH: &[&str] = &[
    "invalid_api_key",
    "api_key_invalid",
    "api key not valid",
    "incorrect api key",
    "authentication",
    "unauthorized",
    "unauthenticated",
    "permission_denied",
    "permission_error",
];
const NO_MODEL: &[&str] = &[
    "model_not_found",
    "not_found_error",
    "model not found",
    "model not exist",
    "no such model",
    "unknown model",
    "invalid model",
    "does not exist",
    "is not found for api version",
];
const REFUSED: &[&str] = &[
    "content_filter",
    "content filter",
    "content_policy",
    "content policy",
    "content management policy",
    "cyber_policy",
    "prohibited_content",
    "blocked by",
    "flagged",
    "refusal",
    "data_inspection_failed",
];

/// One line of at most 500 characters.
pub(crate) fn shorten(text: &str) -> String {
    const LIMIT: usize = 500;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The HTTP status that a server answers an error of this class with.
pub fn error_status(class: ErrorClass) -> u16 {
    match class {
        ErrorClass::Auth => 401,
        ErrorClass::NotFound => 404,
        ErrorClass::Quota => 402,
        ErrorClass::RateLimit => 429,
        ErrorClass::ContextOverflow | ErrorClass::Refused | ErrorClass::Truncated => 400,
        ErrorClass::Overloaded => 503,
        ErrorClass::Timeout => 504,
        ErrorClass::Cancelled => 499,
        ErrorClass::Unreachable | ErrorClass::BadResponse => 502,
        ErrorClass::ToolLoop | ErrorClass::EditFailures | ErrorClass::Verification | ErrorClass::Internal => {
            500
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "reads better below")]
    fn class(status: u16, body: Value) -> ErrorClass {
        WireError::from_body(Some(status), &body).unwrap().class
    }

    #[test]
    fn every_provider_says_too_long_in_its_own_words() {
        for message in [
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "the request exceeds the available context size, try increasing it",
            "Your input exceeds the context window of this model.",
            "Please reduce the length of the messages or completion.",
        ] {
            let body = json!({"error": {"message": message, "type": "invalid_request_error"}});
            assert_eq!(class(400, body), ErrorClass::ContextOverflow, "{message}");
        }
        assert_eq!(
            class(
                413,
                json!({"type": "error", "error": {"type": "request_too_large",
            "message": "Request exceeds the maximum size"}})
            ),
            ErrorClass::ContextOverflow
        );
    }

    #[test]
    fn a_limit_by_the_minute_is_not_a_quota() {
        let gemini = |id: &str| {
            json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "details": [{"violations": [{"quotaId": id}]}]}})
        };
        assert_eq!(class(429, gemini("GenerateRequestsPerMinutePerProjectPerModel")), ErrorClass::RateLimit);
        assert_eq!(class(429, gemini("GenerateRequestsPerDayPerProjectPerModel")), ErrorClass::Quota);
        assert_eq!(
            class(429, json!({"error": {"code": "insufficient_quota", "message": "…"}})),
            ErrorClass::Quota
        );
        assert_eq!(
            class(
                429,
                json!({"error": {"code": "rate_limit_exceeded", "message":
                "Request too large for gpt-4o on tokens per min (TPM): Limit 30000"}})
            ),
            ErrorClass::RateLimit
        );
    }

    #[test]
    fn statuses_and_codes_have_their_class() {
        let plain = || json!({"error": {"message": "no"}});
        assert_eq!(class(401, plain()), ErrorClass::Auth);
        assert_eq!(class(402, plain()), ErrorClass::Quota);
        assert_eq!(class(404, plain()), ErrorClass::NotFound);
        assert_eq!(class(500, plain()), ErrorClass::Overloaded);
        assert_eq!(class(529, plain()), ErrorClass::Overloaded);
        assert_eq!(class(504, plain()), ErrorClass::Timeout);
        assert_eq!(class(400, plain()), ErrorClass::BadResponse);
        let key = json!({"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT"}});
        assert_eq!(class(400, key), ErrorClass::Auth);
        assert_eq!(class(400, json!({"error": {"message": "Model Not Exist"}})), ErrorClass::NotFound);
        let filtered = json!({"error": {"code": "content_filter", "message": "The response was filtered"}});
        assert_eq!(class(400, filtered), ErrorClass::Refused);
    }

    #[test]
    fn the_words_are_found_wherever_they_stand() {
        let words = |body: Value| WireError::from_body(Some(400), &body).unwrap().message;
        assert_eq!(words(json!({"error": "plain"})), "plain");
        assert_eq!(words(json!({"detail": "of fastapi"})), "of fastapi");
        assert_eq!(words(json!([{"error": {"message": "in an\n array"}}])), "in an array");
        assert_eq!(words(json!({})), "{}");
        assert_eq!(WireError::from_body(Some(200), &json!({"id": "x", "error": null})), None);
        assert!(words(json!({"error": "x".repeat(9000)})).len() < 600);
    }
}
