//! How each backend fares: asked now, and as it was seen lately.

use futures::future::join_all;

use super::BackendReport;
use crate::backends::health::{HealthState, now_ms};
use crate::backends::{Probe, ProbeState};
use crate::workbench::Base;

/// How each backend fares: by a probe, and by what was seen of it lately.
pub async fn backends(base: &Base) -> Vec<BackendReport> {
    let services = &base.services;
    let asked = services.backends.iter().map(|(id, backend)| async move {
        let settings = &services.settings.backends[id];
        let probe = match backend {
            Ok(backend) => backend.probe().await,
            Err(failure) => Probe {
                state: ProbeState::Unconfigured,
                latency_ms: None,
                version: None,
                message: Some(failure.message.clone()),
            },
        };
        let lately = services.health.state(id, now_ms());
        let state = match probe.state {
            ProbeState::Unconfigured => HealthState::Unconfigured,
            ProbeState::Down => HealthState::Down,
            ProbeState::Up if lately.state == HealthState::Open => HealthState::Open,
            ProbeState::Up => HealthState::Up,
        };
        let message = match state {
            HealthState::Open => {
                let last = lately.last_error.map(|error| error.message).unwrap_or_default();
                Some(format!("left alone for {} s more: {last}", lately.retry_in_ms / 1000))
            }
            _ => probe.message,
        };
        BackendReport {
            id: id.clone(),
            kind: settings.kind,
            local: settings.local,
            state,
            latency_ms: probe.latency_ms,
            version: probe.version,
            message,
        }
    });
    join_all(asked).await
}
