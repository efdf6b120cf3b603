//! The local model server as a whole: whether it is up, and its restart. It is restarted on an explicit demand
//! and never otherwise; nothing here is called by what only looks.

mod restart;
mod stamp;

use std::time::Duration;

use serde::Serialize;

use super::Base;
use crate::backends::{self, Backend, ProbeState};

pub use restart::{RestartError, Restarted, restart};

/// How long it may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the local runtime is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub state: RuntimeState,
    /// What was asked: a URL, or backends by their ids.
    pub asked: String,
    pub latency_ms: Option<u64>,
    /// Why it is not up.
    pub message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeState {
    Up,
    Down,
    /// There is nothing that could be asked.
    Unconfigured,
}

/// Asks the local runtime how it is: at the URL that the settings name for that, else through the local
/// backends, of which one that is up is enough.
pub async fn standing(base: &Base) -> Standing {
    let url = base.services.settings.local_runtime.health_url.as_str();
    if url.is_empty() { through_backends(base).await } else { at_url(url).await }
}

async fn at_url(url: &str) -> Standing {
    let reached = backends::reach(url, PATIENCE).await;
    let (state, message) = match &reached {
        Ok(_) => (RuntimeState::Up, None),
        Err(how) => (RuntimeState::Down, Some(how.clone())),
    };
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Standing { state, asked: url.to_owned(), latency_ms: reached.ok().map(millis), message }
}

async fn through_backends(base: &Base) -> Standing {
    let local: Vec<&Backend> = local(base).collect();
    let asked = local.iter().map(|backend| backend.id()).collect::<Vec<_>>().join(", ");
    let probes = futures::future::join_all(local.iter().map(|backend| backend.probe())).await;
    let best = probes.into_iter().min_by_key(|probe| match probe.state {
        ProbeState::Up => 0,
        ProbeState::Down => 1,
        ProbeState::Unconfigured => 2,
    });
    let Some(best) = best else {
        let message = Some("no local backend is configured, and no local_runtime.health_url".to_owned());
        return Standing { state: RuntimeState::Unconfigured, asked, latency_ms: None, message };
    };
    let state = match best.state {
        ProbeState::Up => RuntimeState::Up,
        ProbeState::Down | ProbeState::Unconfigured => RuntimeState::Down,
    };
    Standing { state, asked, latency_ms: best.latency_ms, message: best.message }
}

/// The backends on this machine, as far as they can be used.
fn local(base: &Base) -> impl Iterator<Item = &Backend> {
    base.services.backends.values().flatten().filter(|backend| backend.is_local())
}
