//! A failure of a CLI in words for a person: which backend, what it said, and what to do next.

use crate::backends::BackendError;
use crate::chat::{ErrorClass, sanitise};
use crate::git::redact::redact;
use crate::wire::shorten;

use super::words::{self, Meaning};

/// What is the same for all runs of a CLI.
#[derive(Debug, Clone, Copy)]
pub(in crate::backends::cli) struct Cli {
    pub name: &'static str,
}

/// What is known of a failure.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::backends::cli) struct Complaint<'a> {
    pub words: &'a str,
    /// Where the CLI says it in a field of its own; else the words tell.
    pub class: Option<ErrorClass>,
    pub status: Option<u16>,
}

impl<'a> Complaint<'a> {
    pub fn of(words: &'a str) -> Self {
        Self { words, ..Self::default() }
    }

    pub fn class(self, class: Option<ErrorClass>) -> Self {
        Self { class, ..self }
    }

    pub fn status(self, status: Option<u16>) -> Self {
        Self { status, ..self }
    }

    /// The class that it is of; `None` when nothing in it is known.
    pub fn known_class(&self) -> Option<ErrorClass> {
        self.meaning().map(class_of)
    }

    fn meaning(&self) -> Option<Meaning> {
        let told = self.class.map(Meaning::Class);
        told.or_else(|| words::read(&self.told()).meaning)
    }

    /// The words, with the status as one of them.
    fn told(&self) -> String {
        match self.status {
            Some(status) if words::status_in(self.words).is_none() => {
                format!("{} ({status})", self.words)
            }
            _ => self.words.to_owned(),
        }
    }
}

impl Cli {
    /// The failure as it is told. What nothing is known of is a bad response.
    pub fn failure(self, backend: &str, complaint: Complaint<'_>) -> BackendError {
        let told = complaint.told();
        let reading = words::read(&told);
        let meaning = complaint.meaning();
        let said = words::inner_message(complaint.words).unwrap_or_else(|| complaint.words.to_owned());
        let said = one_line(&said);
        let message = match reading.status {
            Some(status) if !said.is_empty() && !said.contains(&status.to_string()) => {
                format!("backend \"{backend}\": {said} ({status})")
            }
            Some(status) if said.is_empty() => format!("backend \"{backend}\": status {status}"),
            _ if said.is_empty() => format!("backend \"{backend}\": failed without a word"),
            _ => format!("backend \"{backend}\": {said}"),
        };
        BackendError {
            class: meaning.map_or(ErrorClass::BadResponse, class_of),
            message,
            hint: meaning.and_then(|meaning| self.hint(backend, meaning)),
            retry_after: reading.retry_after,
            status: reading.status,
        }
    }

    /// The next step. How to log in is in the profile: who starts the CLI adds it.
    fn hint(self, backend: &str, meaning: Meaning) -> Option<String> {
        let name = self.name;
        Some(match meaning {
            Meaning::SessionGone => {
                format!("the session of {name} that was to go on is gone: begin a new one with /clear")
            }
            Meaning::Settings => format!("check the settings of {name}"),
            Meaning::NotAllowed => {
                format!(
                    "{name} asks for an approval that it cannot get here: see its profile and its settings"
                )
            }
            Meaning::Class(class) => match class {
                ErrorClass::NotFound => {
                    format!("pick another model: backends.{backend}.model, or --model")
                }
                ErrorClass::Quota => "check the plan of this account, or use another backend".into(),
                ErrorClass::RateLimit | ErrorClass::Overloaded => {
                    "try again later, or use another backend".into()
                }
                ErrorClass::ContextOverflow => {
                    "begin a new session with /clear, or use a model with a larger context".into()
                }
                ErrorClass::Unreachable => {
                    format!("check the network, and the address of the model in the settings of {name}")
                }
                ErrorClass::Refused => "say it in other words, or use another backend".into(),
                ErrorClass::Truncated => {
                    format!("ask for less at a time, or raise the limit in the settings of {name}")
                }
                _ => return None,
            },
        })
    }
}

/// Words of a CLI as one line that may be shown, kept and logged.
pub(in crate::backends::cli) fn one_line(words: &str) -> String {
    shorten(&redact(&sanitise(words), &[]))
}

fn class_of(meaning: Meaning) -> ErrorClass {
    match meaning {
        Meaning::Class(class) => class,
        Meaning::SessionGone => ErrorClass::NotFound,
        Meaning::Settings | Meaning::NotAllowed => ErrorClass::Internal,
    }
}

/// The class of a code that a CLI gives in a field of its own.
pub(super) fn class_of_code(code: &str) -> Option<ErrorClass> {
    Some(match code {
        "auth" | "authentication" | "authentication_failed" | "authentication_error" => ErrorClass::Auth,
        "model_not_found" | "not_found_error" | "not_found" => ErrorClass::NotFound,
        "rate_limit" | "rate_limit_error" => ErrorClass::RateLimit,
        "billing_error" | "credits_exhausted" | "insufficient_quota" => ErrorClass::Quota,
        "overloaded" | "overloaded_error" | "server_error" => ErrorClass::Overloaded,
        "max_output_tokens" => ErrorClass::Truncated,
        "context_length_exceeded" | "prompt_too_long" => ErrorClass::ContextOverflow,
        "network" | "network_error" | "connection_error" => ErrorClass::Unreachable,
        "timeout" => ErrorClass::Timeout,
        _ => return None,
    })
}
