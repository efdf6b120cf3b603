//! What goes wrong with an agent, as a typed error that names the backend and the next step.

use serde_json::Value;

use super::rpc::RpcError;
use crate::backends::BackendError;
use crate::backends::cli::Exit;
use crate::backends::cli::decode::failure::{Cli, Complaint, one_line};
use crate::backends::cli::words::last_words;
use crate::chat::ErrorClass;

/// How failures name a backend, and what its user has to do to be logged in.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub backend: String,
    pub login: Option<String>,
}

const AGENT: Cli = Cli { name: "the agent" };

/// Codes of the protocol's own.
const AUTH_REQUIRED: i64 = -32000;
const NOT_FOUND: i64 = -32002;

impl Names {
    /// The agent answered a request with an error.
    pub fn said(&self, error: &RpcError) -> BackendError {
        let words = words(error);
        // Some agents answer with the status that they got from their provider as the code.
        let statuses = [Some(error.code), status_in(error.data.as_ref())];
        let status = statuses.into_iter().flatten().find(|code| (400..600).contains(code));
        let complaint = Complaint::of(&words).status(status.and_then(|code| u16::try_from(code).ok()));
        // Those codes are also used for what is none of their meaning: the words go before.
        let by_code = || match error.code {
            AUTH_REQUIRED => Some(ErrorClass::Auth),
            NOT_FOUND => Some(ErrorClass::NotFound),
            _ => None,
        };
        let class = complaint.known_class().or_else(by_code);
        self.failure(complaint.class(class))
    }

    /// The agent told a failure in the words of an answer.
    pub fn told(&self, words: &str) -> BackendError {
        self.said(&RpcError { code: 0, message: words.to_owned(), data: None })
    }

    /// Whether the agent wants to be authenticated first.
    pub fn wants_login(error: &RpcError) -> bool {
        error.code == AUTH_REQUIRED
    }

    /// It cannot go on with an earlier session.
    pub fn lost_session(&self, id: &str, why: &str) -> BackendError {
        let mut failure = self.of(ErrorClass::NotFound, &format!("cannot continue its session {id}: {why}"));
        failure.hint = Some("its sessions may have been cleaned up: begin a new one".into());
        failure
    }

    /// The model that was asked for is not to be had.
    pub fn no_model(&self, model: &str, why: &str, offered: &[&str]) -> BackendError {
        let mut failure = self.of(ErrorClass::NotFound, &format!("cannot use the model {model}: {why}"));
        failure.hint = Some(match offered {
            [] => "choose the model in its own settings".into(),
            _ => one_line(&format!("it offers {}", offered.join(", "))),
        });
        failure
    }

    pub fn other_version(&self, version: &Value) -> BackendError {
        let message =
            format!("speaks version {version} of the Agent Client Protocol, and we speak version 1");
        let mut failure = self.of(ErrorClass::BadResponse, &message);
        failure.hint = Some("update it, or offshoot".into());
        failure
    }

    /// It ended its turn, and there is nothing to show for it.
    pub fn empty(&self) -> BackendError {
        self.of(ErrorClass::BadResponse, "ended its turn without having said or done anything")
    }

    pub fn too_many_calls(&self) -> BackendError {
        let mut failure =
            self.of(ErrorClass::ToolLoop, "stopped after as many calls of the model as it allows itself");
        failure.hint = Some("ask it to continue, or raise the limit in its settings".into());
        failure
    }

    /// Its process ended in the middle of it.
    pub fn died(&self, exit: Exit, stderr: &str) -> BackendError {
        let line = last_words(stderr).unwrap_or_default();
        let class = self.told(line).class;
        let said = if line.is_empty() { String::new() } else { format!(": {line}") };
        self.of(class, &format!("ended before its turn did ({exit}){said}"))
    }

    pub fn overrun(&self) -> BackendError {
        self.of(ErrorClass::BadResponse, "asks faster than it reads the answers")
    }

    pub fn gave_up(&self) -> BackendError {
        self.of(ErrorClass::BadResponse, "cancelled the turn by itself")
    }

    fn of(&self, class: ErrorClass, words: &str) -> BackendError {
        self.failure(Complaint::of(words).class(Some(class)))
    }

    fn failure(&self, complaint: Complaint<'_>) -> BackendError {
        let mut failure = AGENT.failure(&self.backend, complaint);
        if failure.class == ErrorClass::Auth {
            let login = self.login.clone();
            failure.hint = login.or_else(|| Some("log in with the program itself first".into()));
        }
        failure
    }
}

/// The message, and what is told beside it, which is often the only part that says something.
pub(super) fn words(error: &RpcError) -> String {
    let detail = error.data.as_ref().and_then(detail).unwrap_or_default();
    let message = error.message.trim();
    match (message.is_empty(), detail.is_empty()) {
        (true, true) => format!("an error with the code {} and no message", error.code),
        (true, false) => detail,
        (false, true) => message.to_owned(),
        (false, false) if message.contains(&detail) => message.to_owned(),
        (false, false) => format!("{message}: {detail}"),
    }
}

fn detail(data: &Value) -> Option<String> {
    match data {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Object(fields) => {
            let names = ["details", "detail", "message", "reason", "error", "data"];
            names.iter().find_map(|name| detail(fields.get(*name)?))
        }
        _ => None,
    }
}

fn status_in(data: Option<&Value>) -> Option<i64> {
    let data = data?;
    ["status", "statusCode", "httpStatus", "code"].iter().find_map(|name| data[*name].as_i64())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> Names {
        Names { backend: "agent".into(), login: Some("run `agent login`".into()) }
    }

    fn class(code: i64, message: &str, data: Value) -> ErrorClass {
        names().said(&RpcError { code, message: message.into(), data: Some(data) }).class
    }

    #[test]
    fn errors_of_agents_have_their_class() {
        let cases = [
            (-32000, "Authentication required", Value::Null, ErrorClass::Auth),
            (-32000, "Please sign in", Value::Null, ErrorClass::Auth),
            (-32000, "Rate limit exceeded", json!({ "status": 429 }), ErrorClass::RateLimit),
            (-32002, "Resource not found", json!({ "uri": "x" }), ErrorClass::NotFound),
            (429, "Too many requests", Value::Null, ErrorClass::RateLimit),
            (401, "API key not valid", Value::Null, ErrorClass::Auth),
            (500, "Internal error", json!({ "details": "overloaded" }), ErrorClass::Overloaded),
            (
                -32603,
                "Internal error",
                json!({ "details": "prompt is too long: 9 > 8" }),
                ErrorClass::ContextOverflow,
            ),
            (
                -32603,
                "Internal error",
                json!({ "details": "connect ECONNREFUSED 127.0.0.1:1" }),
                ErrorClass::Unreachable,
            ),
            (-32603, "Internal error", json!("The model `x` does not exist"), ErrorClass::NotFound),
            (-32603, "Internal error", json!({ "statusCode": 404 }), ErrorClass::NotFound),
            (-32603, "Internal error", Value::Null, ErrorClass::BadResponse),
            (-32601, "Method not found", Value::Null, ErrorClass::BadResponse),
        ];
        for (code, message, data, expected) in cases {
            assert_eq!(class(code, message, data.clone()), expected, "{code} {message} {data}");
        }
    }

    #[test]
    fn a_message_names_the_backend_and_what_was_said_on_one_clean_line() {
        let error = RpcError {
            code: -32603,
            message: "Internal error".into(),
            data: Some(
                json!({ "details": "no\n\u{1b}[31msuch thing with sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz" }),
            ),
        };
        let message = names().said(&error).message;
        assert!(
            message.starts_with("backend \"agent\": Internal error: no such thing with [redacted"),
            "{message}"
        );
        assert!(!message.contains('\u{1b}') && !message.contains("0123456789"), "{message}");
        let long = RpcError { code: 1, message: "word ".repeat(10_000), data: None };
        assert!(names().said(&long).message.len() < 600);
        let none = RpcError { code: 7, message: String::new(), data: None };
        assert!(names().said(&none).message.contains("code 7"));
    }

    #[test]
    fn a_missing_login_says_how_to_log_in() {
        let error = RpcError { code: -32000, message: "Authentication required".into(), data: None };
        assert_eq!(names().said(&error).hint(), Some("run `agent login`"));
    }
}
