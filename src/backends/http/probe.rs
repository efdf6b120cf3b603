//! Is it there? One request for the list of models.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::failure::{is_html, server_name};
use super::{HttpBackend, Shared, seconds};
use crate::backends::{Probe, ProbeState, millis};
use crate::chat::ErrorClass;

const LONGEST: Duration = Duration::from_secs(5);

impl HttpBackend {
    pub(in crate::backends) async fn probe(&self) -> Probe {
        let shared = &self.shared;
        if let Some(missing) = &shared.missing {
            return Probe::failed(ProbeState::Unconfigured, missing, None);
        }
        let client = match shared.client() {
            Ok(client) => client,
            Err(error) => return Probe::failed(ProbeState::Down, &error, None),
        };
        let limit = seconds(shared.settings.connect_timeout_seconds).min(LONGEST);
        let started = Instant::now();
        let request = client.get(shared.address.models()).headers(shared.headers.clone()).timeout(limit);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => {
                let mut silent = shared.silent();
                silent.message =
                    format!("backend \"{}\" said nothing for {} seconds", shared.id, limit.as_secs_f64());
                silent.hint = None;
                return Probe::failed(ProbeState::Down, &silent, None);
            }
            Err(error) => return Probe::failed(ProbeState::Down, &shared.transport(&error), None),
        };
        let latency = started.elapsed();
        let status = response.status();
        if status.is_success() && is_html(response.headers()) {
            return Probe::failed(ProbeState::Down, &shared.not_an_api(None), Some(latency));
        }
        let mut up = Probe {
            state: ProbeState::Up,
            latency_ms: Some(millis(latency)),
            version: server_name(response.headers()),
            message: None,
        };
        if status.is_success() {
            let list = response.json().await.unwrap_or(Value::Null);
            up.message = shared.unlisted(&list);
            return up;
        }
        let model = shared.settings.model.clone().unwrap_or_default();
        let error = shared.rejected(response, &model).await;
        match error.class {
            // Not every server has a list of models; one that says so is there.
            ErrorClass::NotFound | ErrorClass::RateLimit => {
                if error.class == ErrorClass::RateLimit {
                    up.message = Some(error.message);
                }
                up
            }
            _ if status.as_u16() == 405 => up,
            _ => Probe::failed(ProbeState::Down, &error, Some(latency)),
        }
    }
}

impl Shared {
    /// A word about the configured model when a list that is complete does not have it.
    fn unlisted(&self, list: &Value) -> Option<String> {
        let model = self.settings.model.as_deref()?;
        let more = list["has_more"].as_bool() == Some(true) || list["nextPageToken"].is_string();
        let listed = list["data"].as_array().or_else(|| list["models"].as_array())?;
        let names: Vec<&str> = listed
            .iter()
            .filter_map(|entry| entry["id"].as_str().or_else(|| entry["name"].as_str()))
            .map(|name| name.strip_prefix("models/").unwrap_or(name))
            .collect();
        let wanted = model.strip_prefix("models/").unwrap_or(model);
        let known = names.iter().any(|name| *name == wanted || name.split(':').next() == Some(wanted));
        if more || names.is_empty() || known {
            return None;
        }
        let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        Some(format!(
            "does not list the model \"{wanted}\"; it has {shown}{}",
            if names.len() > 5 { ", …" } else { "" }
        ))
    }
}
