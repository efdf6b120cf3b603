//! Providers that answer over HTTP: five kinds, four formats. Keys come from the environment, go into
//! headers and nowhere else.

mod address;
mod answer;
mod discover;
mod failure;
mod probe;
mod reach;
mod secrets;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use reqwest::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use discover::{FoundServer, discover, usual_ports};
pub use reach::reach;

use super::{BackendError, Deltas};
use crate::chat::{ErrorClass, WireFormat};
use crate::config::{BackendKind, BackendSettings};
use crate::wire::{self, Dialect, Request};
use address::Address;
use secrets::Secrets;

/// A provider at an address.
#[derive(Clone)]
pub struct HttpBackend {
    shared: Arc<Shared>,
}

struct Shared {
    id: String,
    settings: BackendSettings,
    address: Address,
    headers: HeaderMap,
    secrets: Secrets,
    /// The variable that the key is or would be in; `None` where no key is looked for.
    key_variable: Option<String>,
    /// What is missing before it can be used.
    missing: Option<BackendError>,
    client: OnceLock<Client>,
}

impl HttpBackend {
    pub(super) fn new(
        id: &str,
        settings: &BackendSettings,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, BackendError> {
        let address = Address::new(id, settings)?;
        let mut secrets = Secrets::default();
        let mut missing = None;
        let variables = key_variables(settings, &address);
        let found = variables.iter().find_map(|name| {
            let key = env(name)?.trim().to_owned();
            (!key.is_empty()).then(|| ((*name).to_owned(), key))
        });
        let mut headers = HeaderMap::new();
        let mut key_variable = variables.first().map(|name| (*name).to_owned());
        if let Some((variable, key)) = found {
            secrets.add(&key);
            if let Err(error) = add_key(settings.kind, &key, &mut headers) {
                missing = Some(error_of(id, &format!("the key in {variable} {error}")));
            }
            key_variable = Some(variable);
        } else if let Some(variable) = &key_variable
            && (settings.api_key_env.is_some() || address.is_default())
        {
            let message = format!("backend \"{id}\" has no key: {} is not set", variables.join(" or "));
            let hint = format!("set {variable} in the environment");
            missing = Some(BackendError::new(ErrorClass::Auth, message).with_hint(hint));
        }
        if settings.kind == BackendKind::Anthropic {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        for (name, value) in &settings.headers {
            match secrets.expand(value, env) {
                Ok(value) => add_header(name, &value, &mut headers)
                    .map_err(|error| error_of(id, &format!("the header \"{name}\" {error}")))?,
                Err(variable) => {
                    let text = format!("the header \"{name}\" needs {variable}, which is not set");
                    let hint = format!("set {variable} in the environment");
                    missing.get_or_insert(error_of(id, &text).with_hint(hint));
                }
            }
        }
        let (id, settings) = (id.to_owned(), settings.clone());
        let client = OnceLock::new();
        let shared = Shared { id, settings, address, headers, secrets, key_variable, missing, client };
        Ok(Self { shared: Arc::new(shared) })
    }

    pub fn id(&self) -> &str {
        &self.shared.id
    }

    pub fn settings(&self) -> &BackendSettings {
        &self.shared.settings
    }

    /// The format that it speaks.
    /// What only the user can give and has not given.
    pub fn missing(&self) -> Option<&BackendError> {
        self.shared.missing.as_ref()
    }

    pub fn format(&self) -> WireFormat {
        self.shared.format()
    }

    pub(super) async fn stream(
        &self,
        request: &Request,
        cancel: &CancellationToken,
    ) -> Result<Deltas, BackendError> {
        let shared = &self.shared;
        if let Some(missing) = &shared.missing {
            return Err(missing.clone());
        }
        let request = shared.complete(request)?;
        let body = shared.body(&request);
        let url = shared.address.answers(&request.model);
        tracing::debug!(backend = shared.id, model = request.model, url = shared.address.shown(), "request");
        let call = shared
            .client()?
            .post(url)
            .headers(shared.headers.clone())
            .header(ACCEPT, "text/event-stream, application/json")
            .json(&body)
            .send();
        let response = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(BackendError::cancelled()),
            sent = tokio::time::timeout(shared.idle(), call) => match sent {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(shared.transport(&error)),
                Err(_) => return Err(shared.silent()),
            },
        };
        tracing::debug!(backend = shared.id, status = response.status().as_u16(), "answer");
        if !response.status().is_success() {
            return tokio::select! {
                biased;
                () = cancel.cancelled() => Err(BackendError::cancelled()),
                error = shared.rejected(response, &request.model) => Err(error),
            };
        }
        Ok(answer::deltas(Arc::clone(shared), request.model, response, cancel.clone()).boxed())
    }
}

impl std::fmt::Debug for HttpBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpBackend")
            .field("id", &self.shared.id)
            .field("url", &self.shared.address.shown())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn format(&self) -> WireFormat {
        match self.settings.kind {
            BackendKind::Anthropic => WireFormat::Anthropic,
            BackendKind::Gemini => WireFormat::Gemini,
            BackendKind::OpenaiResponses => WireFormat::OpenaiResponses,
            _ => WireFormat::OpenaiChat,
        }
    }

    /// The request with what the settings say where it is silent.
    fn complete(&self, request: &Request) -> Result<Request, BackendError> {
        let mut request = request.clone();
        request.stream = true;
        if request.model.is_empty() {
            let Some(model) = self.settings.model.clone() else {
                let message = format!("backend \"{}\" has no model", self.id);
                let hint = format!("set backends.{}.model, or name one with --model", self.id);
                return Err(BackendError::new(ErrorClass::NotFound, message).with_hint(hint));
            };
            request.model = model;
        }
        request.max_output_tokens = request.max_output_tokens.or(self.settings.max_output_tokens);
        request.logprobs |= self.settings.logprobs;
        request.effort = request.effort.or_else(|| self.settings.effort.as_ref()?.parse().ok());
        Ok(request)
    }

    fn body(&self, request: &Request) -> Value {
        match self.settings.kind {
            BackendKind::Deepseek => wire::openai_chat::encode_request(request, Dialect::Deepseek),
            _ => wire::encode_request(self.format(), request),
        }
    }

    /// Built when first used: reading the system's certificates takes a while.
    fn client(&self) -> Result<&Client, BackendError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        rustls::crypto::ring::default_provider().install_default().ok();
        // Keys are not carried to where a redirect points.
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(seconds(self.settings.connect_timeout_seconds))
            .user_agent(concat!("offshoot/", env!("CARGO_PKG_VERSION")));
        if self.address.is_loopback() {
            builder = builder.no_proxy();
        }
        if self.address.is_loopback() && !self.address.is_tls() {
            // No certificates are needed, and there may be none.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| {
            let message = format!("backend \"{}\": no HTTP client: {}", self.id, failure::deepest(&error));
            BackendError::new(ErrorClass::Internal, message)
                .with_hint("check the system's certificates and the proxy settings in the environment")
        })?;
        Ok(self.client.get_or_init(|| client))
    }

    fn idle(&self) -> Duration {
        seconds(self.settings.idle_timeout_seconds)
    }
}

/// Where a key is looked for, best first. A local server gets none unless the settings name one.
fn key_variables<'a>(settings: &'a BackendSettings, address: &Address) -> Vec<&'a str> {
    if let Some(name) = &settings.api_key_env {
        return vec![name];
    }
    if settings.local || address.is_loopback() {
        return Vec::new();
    }
    match settings.kind {
        BackendKind::Anthropic => vec!["ANTHROPIC_API_KEY"],
        BackendKind::Gemini => vec!["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        BackendKind::Deepseek => vec!["DEEPSEEK_API_KEY"],
        _ => vec!["OPENAI_API_KEY"],
    }
}

fn add_key(kind: BackendKind, key: &str, headers: &mut HeaderMap) -> Result<(), &'static str> {
    let (name, value) = match kind {
        BackendKind::Anthropic => (HeaderName::from_static("x-api-key"), key.to_owned()),
        BackendKind::Gemini => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
        _ => (AUTHORIZATION, format!("Bearer {key}")),
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| "holds characters that no header may hold")?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn add_header(name: &str, value: &str, headers: &mut HeaderMap) -> Result<(), &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "has no valid name")?;
    let mut value = HeaderValue::from_str(value).map_err(|_| "holds characters that no header may hold")?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn error_of(id: &str, text: &str) -> BackendError {
    BackendError::new(ErrorClass::Auth, format!("backend \"{id}\": {text}"))
}

/// A setting in seconds; what cannot be one counts as an hour.
fn seconds(value: f64) -> Duration {
    const LONGEST: Duration = Duration::from_secs(3600);
    match Duration::try_from_secs_f64(value) {
        Ok(duration) if !duration.is_zero() => duration,
        _ => LONGEST,
    }
}
