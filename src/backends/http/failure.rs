//! What went wrong, in words that name the backend and the next step.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER, SERVER};
use serde_json::Value;

use super::Shared;
use crate::backends::BackendError;
use crate::chat::ErrorClass;
use crate::wire::WireError;

/// Error bodies are read up to this many bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// And for no longer than this.
const BODY_TIME: Duration = Duration::from_secs(10);

impl Shared {
    /// The request did not get an answer.
    pub(super) fn transport(&self, error: &reqwest::Error) -> BackendError {
        let (id, url) = (&self.id, self.address.shown());
        let why = deepest(error);
        if error.is_connect() && error.is_timeout() || error.is_connect() && why.contains("timed out") {
            let message = format!("backend \"{id}\": no connection to {url} in time");
            return BackendError::new(ErrorClass::Timeout, message).with_hint(self.reach_hint());
        }
        if error.is_connect() {
            let message = format!("backend \"{id}\": cannot connect to {url}: {why}");
            return BackendError::new(ErrorClass::Unreachable, message).with_hint(self.reach_hint());
        }
        if error.is_timeout() {
            return self.silent();
        }
        if error.is_builder() {
            return BackendError::new(ErrorClass::Internal, format!("backend \"{id}\": {why}"));
        }
        let message = format!("backend \"{id}\": {url} closed the connection without an answer: {why}");
        BackendError::new(ErrorClass::Unreachable, message)
    }

    /// The connection broke in the middle of an answer.
    pub(super) fn broken(&self, error: &reqwest::Error) -> BackendError {
        let why = deepest(error);
        let message =
            format!("backend \"{}\": the connection broke in the middle of the answer: {why}", self.id);
        BackendError::new(ErrorClass::BadResponse, message)
    }

    /// Nothing came for too long.
    pub(super) fn silent(&self) -> BackendError {
        let seconds = self.settings.idle_timeout_seconds;
        let message = format!("backend \"{}\" said nothing for {seconds} seconds", self.id);
        let hint = format!("a slow model needs a longer backends.{}.idle_timeout_seconds", self.id);
        BackendError::new(ErrorClass::Timeout, message).with_hint(hint)
    }

    /// The server answered with a status that is no success.
    pub(super) async fn rejected(&self, response: Response, model: &str) -> BackendError {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if response.status().is_redirection() {
            let target = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("elsewhere");
            let target = target.split(['?', '#']).next().unwrap_or_default();
            let message = format!("backend \"{}\": {} redirects to {target}", self.id, self.address.shown());
            let hint =
                format!("keys do not follow redirects: set backends.{}.base_url to the new address", self.id);
            let mut error = BackendError::new(ErrorClass::BadResponse, message).with_hint(hint);
            error.status = Some(status);
            return error;
        }
        let body = read_capped(response).await;
        // Struck out before anything is shortened, so that no half of a key is left.
        let text = self.secrets.strike(&String::from_utf8_lossy(&body));
        let json: Option<Value> = serde_json::from_str(&text).ok();
        if is_html(&headers) || (json.is_none() && text.trim_start().starts_with('<')) {
            let mut error = self.not_an_api(Some(status));
            error.retry_after = retry_after(&headers, None);
            if status >= 500 || status == 429 {
                let words = format!("status {status} with a page of HTML");
                let class = if status == 429 { ErrorClass::RateLimit } else { ErrorClass::Overloaded };
                error = BackendError { class, message: format!("backend \"{}\": {words}", self.id), ..error };
            }
            return error;
        }
        let json = json.unwrap_or_else(|| Value::String(text.clone()));
        let wire = WireError::from_body(Some(status), &json)
            .unwrap_or_else(|| WireError::new(ErrorClass::BadResponse, text));
        let mut error = self.said(&wire, model, Some(status));
        error.retry_after = retry_after(&headers, Some(&json));
        error
    }

    /// What the provider said, with its status or in the middle of an answer.
    pub(super) fn said(&self, wire: &WireError, model: &str, status: Option<u16>) -> BackendError {
        let id = &self.id;
        let words = self.secrets.strike(&wire.message);
        let message = match status {
            Some(status) if !words.contains(&status.to_string()) => {
                format!("backend \"{id}\": {words} ({status})")
            }
            _ => format!("backend \"{id}\": {words}"),
        };
        let hint = match wire.class {
            ErrorClass::Auth => Some(match &self.key_variable {
                Some(variable) => format!("check the key in {variable}"),
                None => format!("name the variable that holds the key: backends.{id}.api_key_env"),
            }),
            ErrorClass::NotFound => Some(format!(
                "check the model \"{model}\" (backends.{id}.model or --model) and backends.{id}.base_url"
            )),
            ErrorClass::Quota => {
                Some("check the plan and the billing of this account, or use another backend".into())
            }
            ErrorClass::ContextOverflow => {
                Some("compact the conversation, or use a model with a larger context".into())
            }
            ErrorClass::Refused => Some("say it in other words, or use another backend".into()),
            ErrorClass::RateLimit | ErrorClass::Overloaded => {
                Some("try again later, or use another backend".into())
            }
            _ => None,
        };
        BackendError { class: wire.class, message, hint, retry_after: None, status }
    }

    /// A page of HTML, or something else that no API says.
    pub(super) fn not_an_api(&self, status: Option<u16>) -> BackendError {
        let url = self.address.shown();
        let message = format!("backend \"{}\": {url} answers with a page of HTML, not as an API", self.id);
        let hint = format!("check backends.{}.base_url: it may lack its path, such as /v1", self.id);
        let mut error = BackendError::new(ErrorClass::BadResponse, message).with_hint(hint);
        error.status = status;
        error
    }

    fn reach_hint(&self) -> String {
        if self.settings.local || self.address.is_loopback() {
            format!("start the local model server, or change backends.{}.base_url", self.id)
        } else {
            format!("check the network, the proxy and backends.{}.base_url", self.id)
        }
    }
}

pub(super) fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().contains("html")
}

/// What the server calls itself.
pub(super) fn server_name(headers: &HeaderMap) -> Option<String> {
    headers.get(SERVER)?.to_str().ok().map(str::to_owned)
}

async fn read_capped(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_LIMIT {
                break;
            }
        }
    };
    // What came in time is good enough for a message.
    tokio::time::timeout(BODY_TIME, read).await.ok();
    body
}

/// How long to wait: `retry-after-ms`, `Retry-After` in seconds or as a date, or Gemini's `retryDelay`.
fn retry_after(headers: &HeaderMap, body: Option<&Value>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = |text: &str| text.parse().ok().and_then(|n| Duration::try_from_secs_f64(n).ok());
    if let Some(delay) = text("retry-after-ms").and_then(seconds) {
        return Some(delay / 1000);
    }
    if let Some(value) = text(RETRY_AFTER.as_str()) {
        return seconds(value).or_else(|| until(value, jiff::Timestamp::now()));
    }
    let details = body?.pointer("/error/details").or_else(|| body?.pointer("/0/error/details"))?;
    let delay = details.as_array()?.iter().find_map(|detail| detail["retryDelay"].as_str())?;
    seconds(delay.strip_suffix('s')?)
}

/// From now to an HTTP date; nothing when it is past.
fn until(date: &str, now: jiff::Timestamp) -> Option<Duration> {
    let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

/// The innermost cause: the outer ones repeat the URL.
pub(super) fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_delay_is_read_in_all_its_forms() {
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            retry_after(&headers, None)
        };
        assert_eq!(with("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(with("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(with("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(with("retry-after", "soon"), None);
        assert_eq!(with("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let now = "2015-10-21T07:27:30Z".parse().unwrap();
        assert_eq!(until("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(30)));
        let body = json!({"error": {"details": [{"quotaId": "x"}, {"retryDelay": "34s"}]}});
        assert_eq!(retry_after(&HeaderMap::new(), Some(&body)), Some(Duration::from_secs(34)));
    }
}
