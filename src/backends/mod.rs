//! Who can answer: HTTP providers, external CLIs and scripts; their health. A backend makes one attempt: what to do
//! when it fails is the caller's business, helped by [`RetryPolicy`].

pub mod breaker;
pub mod cli;
pub mod health;

mod error;
mod http;
mod retry;
mod scripted;

use std::time::Duration;

use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::chat::{Delta, ErrorClass};
use crate::config::{BackendKind, BackendSettings};
use crate::wire::Request;

pub use cli::CliBackend;
pub use error::BackendError;
pub use health::Health;
pub use http::{FoundServer, HttpBackend, discover, reach, usual_ports};
pub use retry::RetryPolicy;
pub use scripted::Scripted;

/// The deltas of one answer. It ends after the answer is complete, or with an error as its last item.
/// Dropping it drops the connection.
pub type Deltas = BoxStream<'static, Result<Delta, BackendError>>;

/// A configured backend.
#[derive(Debug, Clone)]
pub enum Backend {
    Http(HttpBackend),
    Scripted(Scripted),
    Cli(CliBackend),
}

impl Backend {
    /// Reads what it needs of the environment through `env`. A missing key is no error here: the
    /// backend is there, but not configured ([`Backend::probe`] and [`Backend::stream`] say so).
    ///
    /// # Errors
    /// When the settings make no sense: a base URL that is none, a kind that cannot answer.
    pub fn new(
        id: &str,
        settings: &BackendSettings,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, BackendError> {
        match settings.kind {
            BackendKind::OpenaiChat
            | BackendKind::OpenaiResponses
            | BackendKind::Anthropic
            | BackendKind::Gemini
            | BackendKind::Deepseek => Ok(Self::Http(HttpBackend::new(id, settings, env)?)),
            BackendKind::Scripted => Ok(Self::Scripted(Scripted::new(id, settings)?)),
            BackendKind::Cli | BackendKind::Acp => Ok(Self::Cli(CliBackend::new(id, settings, env)?)),
            BackendKind::Embedded => {
                let message = format!("backend \"{id}\": this version cannot answer with its kind");
                let hint =
                    "use kind openai-chat, openai-responses, anthropic, gemini, deepseek, cli or scripted";
                Err(BackendError::new(ErrorClass::NotFound, message).with_hint(hint))
            }
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Self::Http(http) => http.id(),
            Self::Scripted(scripted) => scripted.id(),
            Self::Cli(cli) => cli.id(),
        }
    }

    /// What only the user can give and has not given, such as a key.
    pub fn missing(&self) -> Option<&BackendError> {
        match self {
            Self::Http(http) => http.missing(),
            Self::Scripted(_) => None,
            Self::Cli(cli) => cli.missing(),
        }
    }

    /// A CLI is not asked for answers but for whole pieces of work, see [`CliBackend::start`].
    pub fn as_cli(&self) -> Option<&CliBackend> {
        match self {
            Self::Cli(cli) => Some(cli),
            Self::Http(_) | Self::Scripted(_) => None,
        }
    }

    pub fn kind(&self) -> BackendKind {
        self.settings().kind
    }

    /// The model that answers unless a request names another one.
    pub fn model(&self) -> Option<&str> {
        self.settings().model.as_deref()
    }

    /// Whether it counts as local and costs nothing.
    pub fn is_local(&self) -> bool {
        self.settings().local
    }

    /// Tokens that the model's context holds, where the settings say it.
    pub fn context_window(&self) -> Option<u64> {
        self.settings().context_window
    }

    pub fn settings(&self) -> &BackendSettings {
        match self {
            Self::Http(http) => http.settings(),
            Self::Scripted(scripted) => scripted.settings(),
            Self::Cli(cli) => cli.settings(),
        }
    }

    /// How often and when to try again.
    pub fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::new(self.settings().max_retries)
    }

    /// One attempt at an answer, always streamed. The settings fill in the model, the effort and the
    /// output limit where the request leaves them open. Cancelling drops the connection at once, while
    /// waiting for the answer to begin and in its middle.
    ///
    /// # Errors
    /// Everything that can be known before the first byte of an answer; what happens later comes as
    /// the stream's last item.
    pub async fn stream(
        &self,
        request: &Request,
        cancel: &CancellationToken,
    ) -> Result<Deltas, BackendError> {
        match self {
            Self::Http(http) => http.stream(request, cancel).await,
            Self::Scripted(scripted) => scripted.stream(request),
            Self::Cli(cli) => {
                let message = format!("backend \"{}\" is a program with a loop of its own", cli.id());
                Err(BackendError::new(ErrorClass::Internal, message))
            }
        }
    }

    /// Whether it would answer: one cheap request without side effects, a few seconds at most.
    pub async fn probe(&self) -> Probe {
        match self {
            Self::Http(http) => http.probe().await,
            Self::Scripted(scripted) => scripted.probe(),
            Self::Cli(cli) => cli.probe().await,
        }
    }
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub state: ProbeState,
    pub latency_ms: Option<u64>,
    /// What the server says it is, where it says so.
    pub version: Option<String>,
    /// What a person should know: why it is not up, or what looks odd though it is.
    pub message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeState {
    Up,
    Down,
    /// Something is missing that only the user can give, such as a key.
    Unconfigured,
}

impl Probe {
    fn failed(state: ProbeState, error: &BackendError, latency: Option<Duration>) -> Self {
        let message = match &error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message.clone(),
        };
        Self { state, latency_ms: latency.map(millis), version: None, message: Some(message) }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
