//! What the words of a failure mean: one table for the messages of all CLIs, which are their own words, those of
//! their HTTP libraries, and those of the provider passed through. Only what is known to be a failure is looked up
//! here, never the text of an answer.

mod stderr;
mod table;

use std::time::Duration;

use regex::Regex;

use crate::chat::ErrorClass;
use crate::wire;

use table::{CERTAIN, DENIED, HARD_LIMIT, INNER, LIKELY, LIMITED, RETRY_AFTER, Row, STATUS};

pub(super) use stderr::{error_in, last_line};

/// What a message of a failure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// `None` when nothing in it is known.
    pub meaning: Option<Meaning>,
    /// The HTTP status that it names.
    pub status: Option<u16>,
    pub retry_after: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Class(ErrorClass),
    /// The session that was to be continued is not there.
    SessionGone,
    /// It makes no sense of its own settings.
    Settings,
    /// It wants an approval that nobody can give.
    NotAllowed,
}

/// Reads a message that is known to tell of a failure.
pub(super) fn read(message: &str) -> Reading {
    let message = head(message);
    let status = status_in(message);
    Reading { meaning: meaning(message, status), status, retry_after: retry_after(message) }
}

/// Whether the error of a tool call says that leave was not given. What the operating system denies is none.
pub(super) fn is_denial(message: &str) -> bool {
    DENIED.is_match(head(message))
}

/// The message within an error object that stands in the middle of the words, as JSON or as Python prints it.
pub(super) fn inner_message(words: &str) -> Option<String> {
    let found = INNER.captures(head(words))?;
    if let Some(json) = found.name("json") {
        return serde_json::from_str(json.as_str()).ok();
    }
    found.name("single").or_else(|| found.name("double")).map(|found| found.as_str().to_owned())
}

/// An HTTP status of a failure, where the words name one as such.
pub(super) fn status_in(message: &str) -> Option<u16> {
    let found = STATUS.captures(message)?;
    (1..found.len()).find_map(|group| found.get(group)?.as_str().parse().ok())
}

fn meaning(message: &str, status: Option<u16>) -> Option<Meaning> {
    let told = |rows: &[Row]| rows.iter().find(|row| row.pattern.is_match(message)).map(|row| row.meaning);
    if status == Some(429) || LIMITED.is_match(message) {
        let hard = HARD_LIMIT.is_match(message);
        let class = if hard { ErrorClass::Quota } else { wire::classify(Some(429), message) };
        return Some(Meaning::Class(class));
    }
    let by_status = || status.map(|status| Meaning::Class(wire::classify(Some(status), message)));
    // What a provider says in its own words, where ours know nothing.
    let by_wire = || match wire::classify(None, message) {
        ErrorClass::BadResponse => None,
        class => Some(Meaning::Class(class)),
    };
    told(&CERTAIN).or_else(by_status).or_else(|| told(&LIKELY)).or_else(by_wire)
}

fn retry_after(message: &str) -> Option<Duration> {
    let found = RETRY_AFTER.captures(message)?;
    let number: f64 = found[1].parse().ok()?;
    let unit = match found[2].to_ascii_lowercase().as_str() {
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => 1.0,
    };
    Duration::try_from_secs_f64(number * unit).ok()
}

/// Messages can be whole pages; what they are about stands at their beginning.
fn head(message: &str) -> &str {
    const LIMIT: usize = 8 * 1024;
    let end = (0..=LIMIT.min(message.len())).rev().find(|end| message.is_char_boundary(*end));
    &message[..end.unwrap_or(0)]
}

/// A constant pattern.
#[allow(clippy::expect_used, reason = "the patterns are constants, and tested")]
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(message: &str) -> Option<ErrorClass> {
        match read(message).meaning {
            Some(Meaning::Class(class)) => Some(class),
            _ => None,
        }
    }

    #[test]
    fn each_cli_says_its_failures_in_its_own_words() {
        use ErrorClass as E;
        let table: &[(E, &[&str])] = &[
            (
                E::Auth,
                &[
                    "unexpected status 401 Unauthorized: Incorrect API key provided: fake, url: http://127.0.0.1:18080/v1/responses",
                    "[API Error: 401 Incorrect API key provided: fake]",
                    "[API Error: {\"error\":{\"code\":401,\"message\":\"Incorrect API key provided: fake\",\"status\":\"UNAUTHENTICATED\"}}]",
                    "401 Incorrect API key provided: fake",
                    "Incorrect API key provided: fake",
                    "Authentication error: Authentication failed for http://127.0.0.1:1/v1. Status: 401 Unauthorized.",
                    "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key",
                    "Error code: 401 - {'error': {'message': 'Incorrect API key provided: fake'}}",
                    "Invalid API key · Please run /login",
                    "Not logged in · Please run /login",
                    "Please set an Auth method in your settings.json",
                    "OAuth token has expired",
                    "No API key found for provider openai",
                ],
            ),
            (
                E::NotFound,
                &[
                    "The model `nope` does not exist or you do not have access to it.",
                    "[API Error: 404 The model `nope` does not exist or you do not have access to it.]",
                    "There's an issue with the selected model (x-1.5). It may not exist or you may not have access to it.",
                    "litellm.NotFoundError: OpenAIException - no",
                    "Request failed: Resource not found (404) at http://127.0.0.1:1/v1: The model is gone",
                    "ProviderModelNotFoundError: nope",
                    "model 'qwen3' not found",
                ],
            ),
            (
                E::Unreachable,
                &[
                    "Connection failed: error sending request",
                    "[API Error: Connection error. (cause: connect ECONNREFUSED 127.0.0.1:18080)]",
                    "Cannot connect to API: Unable to connect. Is the computer able to access the url?",
                    "Network error: Could not connect to 127.0.0.1:18080 — check your network connection and try again.",
                    "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.",
                    "exception TypeError: fetch failed sending request",
                    "getaddrinfo EAI_AGAIN api.example.com",
                ],
            ),
            (
                E::RateLimit,
                &[
                    "429 Rate limit reached for requests",
                    "unexpected status 429 Too Many Requests: slow down",
                    "litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached",
                    "[API Error: You exceeded your current quota. requests per minute, status: RESOURCE_EXHAUSTED]",
                    "rate_limit_error",
                ],
            ),
            (
                E::Quota,
                &[
                    "You've hit your usage limit. Upgrade to Pro or try again in 3 days 2 hours.",
                    "Claude AI usage limit reached|1767225600",
                    "You've hit your limit · resets 3pm",
                    "5-hour limit reached ∙ resets 4pm",
                    "429 You exceeded your current quota, please check your plan: insufficient_quota",
                    "Your credit balance is too low to access the API.",
                    "[API Error: You have exhausted your capacity on this model. Your quota will reset after 2h.]",
                    "402 Payment Required",
                ],
            ),
            (
                E::Overloaded,
                &[
                    "API Error: 529 {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
                    "unexpected status 503 Service Unavailable: upstream",
                    "litellm.InternalServerError: InternalServerError: OpenAIException - boom",
                    "We're currently experiencing high demand",
                    "500 The server had an error",
                ],
            ),
            (
                E::ContextOverflow,
                &[
                    "Codex ran out of room in the model's context window. Start a new thread.",
                    "API Error: 400 prompt is too long: 210000 tokens > 200000 maximum",
                    "litellm.ContextWindowExceededError: no",
                    "This model's maximum context length is 8192 tokens.",
                    "input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000",
                ],
            ),
            (
                E::Truncated,
                &[
                    "Incomplete response returned, reason: max_output_tokens",
                    "Model reached the maximum output token limit before completing the turn",
                    "API Error: Claude's response exceeded the 32000 output token maximum.",
                ],
            ),
            (E::Timeout, &["Request timed out.", "litellm.Timeout: no", "connect ETIMEDOUT 10.0.0.1:443"]),
            (
                E::Refused,
                &[
                    "litellm.ContentPolicyViolationError: no",
                    "400 The response was filtered: content_filter",
                    "Claude Code is unable to respond to this request, which appears to violate our Usage Policy: it violates our usage policy",
                ],
            ),
            (E::BadResponse, &["stream disconnected before completion", "400 something else"]),
        ];
        for (expected, messages) in table {
            for message in *messages {
                assert_eq!(class(message), Some(*expected), "{message}");
            }
        }
    }

    #[test]
    fn what_is_no_matter_of_the_provider_has_a_meaning_of_its_own() {
        for (message, meaning) in [
            ("No conversation found with session ID: 5f0c", Meaning::SessionGone),
            ("no rollout found for thread id 01a1", Meaning::SessionGone),
            ("Session 'run1' not found", Meaning::SessionGone),
            ("Invalid session identifier \"x\"", Meaning::SessionGone),
            ("Error loading config.toml: wire_api", Meaning::Settings),
            ("Tool approval required in non-interactive mode", Meaning::NotAllowed),
            (
                "Not inside a trusted directory and --skip-git-repo-check was not specified.",
                Meaning::NotAllowed,
            ),
        ] {
            assert_eq!(read(message).meaning, Some(meaning), "{message}");
        }
        assert_eq!(read("something odd happened at line 429").meaning, None);
    }

    #[test]
    fn a_status_is_one_only_where_it_is_named_as_such() {
        for (message, status) in [
            ("unexpected status 401 Unauthorized", Some(401)),
            ("Error code: 404 - no", Some(404)),
            ("[API Error: 503 busy]", Some(503)),
            ("{\"code\":429}", Some(429)),
            ("not found (404) at x", Some(404)),
            ("502 Bad Gateway", Some(502)),
            ("http 500", Some(500)),
            ("at chunk.js:404:24", None),
            ("127.0.0.1:500 refused", None),
            ("wrote 429 lines", None),
            ("exit code 1", None),
        ] {
            assert_eq!(status_in(message), status, "{message}");
        }
    }

    #[test]
    fn the_time_to_wait_is_read() {
        for (message, seconds) in [
            ("Please try again in 20s.", Some(20.0)),
            ("please retry in 34.5s", Some(34.5)),
            ("try again in 350ms", Some(0.35)),
            ("try again in 3 days", Some(259_200.0)),
            ("quota will reset after 2h30m", Some(7_200.0)),
            ("try again later", None),
            ("retry in 1e999 s", None),
        ] {
            assert_eq!(read(message).retry_after.map(|wait| wait.as_secs_f64()), seconds, "{message}");
        }
    }

    #[test]
    fn only_the_refusal_of_leave_is_a_denial() {
        for message in [
            "Claude requested permissions to write to /w/hello.txt, but you haven't granted it yet.",
            "The user rejected permission to use this specific tool call.",
            "Tool \"editor\" requires approval in a TTY session -- NOT a tool or system failure.",
            "exec command rejected by user",
        ] {
            assert!(is_denial(message), "{message}");
        }
        for message in ["bash: /etc/x: Permission denied", "File not found", "no such tool"] {
            assert!(!is_denial(message), "{message}");
        }
    }
}
