//! Whether everything that offshoot needs is there. Looks and asks, changes nothing, and runs nothing of the
//! user's.

mod backends;
mod local;
mod machine;

use serde::Serialize;

use super::Base;
use crate::backends::health::HealthState;
use crate::config::BackendKind;

pub use backends::backends;

/// What was found, in the words of `offshoot doctor --json`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub ok: bool,
    pub checks: Vec<Check>,
    pub backends: Vec<BackendReport>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub id: &'static str,
    pub state: CheckState,
    pub message: String,
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    Ok,
    Warn,
    Fail,
    Skipped,
}

#[derive(Debug, Clone, Serialize)]
pub struct BackendReport {
    pub id: String,
    pub kind: BackendKind,
    pub local: bool,
    pub state: HealthState,
    pub latency_ms: Option<u64>,
    pub version: Option<String>,
    pub message: Option<String>,
}

impl Report {
    /// Of settings that cannot be read: nothing else can be looked at.
    pub fn without_settings(message: String, hint: Option<String>) -> Self {
        let check = Check::new("settings", CheckState::Fail, message, hint);
        Self { ok: false, checks: vec![check], backends: Vec::new() }
    }

    /// 0 all good, 1 degraded, 2 no usable backend.
    pub fn exit_code(&self) -> u8 {
        let usable = self.backends.iter().any(|backend| backend.state == HealthState::Up);
        match (usable, self.ok) {
            (false, _) => 2,
            (true, true) => 0,
            (true, false) => 1,
        }
    }
}

/// Checks everything; the backends are asked all at once.
pub async fn examine(base: &Base) -> Report {
    let mut checks =
        vec![machine::settings(base), machine::git(base), machine::terminal(base), machine::sandbox(base)];
    checks.extend(machine::locks(base).await);
    checks.extend(machine::folders(base));
    checks.extend([machine::ledger(base), local::verification(base), local::restart(base)]);
    let (runtime, backends) = futures::join!(local::runtime(base), backends(base));
    checks.push(runtime);
    if backends.is_empty() {
        let hint = crate::routing::NoRoute::NothingConfigured.hint();
        checks.push(Check::new("backends", CheckState::Fail, "no backend is configured", Some(hint)));
    }
    let is_fine = |state: CheckState| matches!(state, CheckState::Ok | CheckState::Skipped);
    let ok = checks.iter().all(|check| is_fine(check.state))
        && backends.iter().all(|backend| backend.state == HealthState::Up);
    Report { ok, checks, backends }
}

impl Check {
    fn new(id: &'static str, state: CheckState, message: impl Into<String>, hint: Option<String>) -> Self {
        Self { id, state, message: message.into(), hint }
    }
}
