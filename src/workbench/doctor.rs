//! Whether everything that offshoot needs is there. Looks and asks, and changes nothing.

use futures::future::join_all;
use serde::Serialize;

use super::Base;
use crate::backends::health::{HealthState, now_ms};
use crate::backends::{Backend, Probe, ProbeState};
use crate::config::BackendKind;
use crate::git::{Engine, GitError};
use crate::tools::shell::{self, Sandbox};

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
    let mut checks = vec![settings(base), git(base), sandbox(base)];
    checks.extend(folders(base));
    checks.push(ledger(base));
    let backends = backends(base).await;
    if backends.is_empty() {
        let hint = crate::routing::NoRoute::NothingConfigured.hint();
        checks.push(Check::new("backends", CheckState::Fail, "no backend is configured", Some(hint)));
    }
    let is_fine = |state: CheckState| matches!(state, CheckState::Ok | CheckState::Skipped);
    let ok = checks.iter().all(|check| is_fine(check.state))
        && backends.iter().all(|backend| backend.state == HealthState::Up);
    Report { ok, checks, backends }
}

/// How each backend fares: by a probe, and by what was seen of it lately.
pub async fn backends(base: &Base) -> Vec<BackendReport> {
    let services = &base.services;
    let asked = services.backends.iter().map(|(id, backend)| async move {
        let settings = &services.settings.backends[id];
        let probe = match backend {
            Ok(backend) => probe(backend).await,
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

async fn probe(backend: &Backend) -> Probe {
    backend.probe().await
}

impl Check {
    fn new(id: &'static str, state: CheckState, message: impl Into<String>, hint: Option<String>) -> Self {
        Self { id, state, message: message.into(), hint }
    }
}

fn settings(base: &Base) -> Check {
    let warnings = &base.loaded.warnings;
    match warnings.first() {
        None => {
            let file = &base.loaded.user_file;
            let there = if file.exists() { "" } else { " (not there: the shipped settings hold)" };
            Check::new("settings", CheckState::Ok, format!("{}{there}", file.display()), None)
        }
        Some(first) => {
            let more = warnings.len() - 1;
            let and = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let message = format!("{}{and}", first.message);
            Check::new("settings", CheckState::Warn, message, Some(first.hint.clone()))
        }
    }
}

fn git(base: &Base) -> Check {
    match &base.repo {
        Ok(repo) => {
            let by = match repo.engine() {
                Engine::Library => "in this process".to_owned(),
                Engine::Program { because } => format!("by the git program ({because})"),
            };
            Check::new("git", CheckState::Ok, format!("{}, served {by}", repo.checkout().display()), None)
        }
        Err(error) => {
            let state = match **error {
                GitError::NotARepository { .. } => CheckState::Skipped,
                _ => CheckState::Fail,
            };
            Check::new("git", state, error.to_string(), error.hint())
        }
    }
}

fn sandbox(base: &Base) -> Check {
    if !base.services.settings.sandbox.enabled {
        return Check::new("sandbox", CheckState::Warn, "turned off in the settings", None);
    }
    match shell::probe() {
        Sandbox::Available => {
            Check::new("sandbox", CheckState::Ok, "commands of agents are confined to their worktree", None)
        }
        Sandbox::Unavailable(reason) => {
            let hint = "commands run unconfined; use permissions ask, or a newer kernel".to_owned();
            Check::new("sandbox", CheckState::Warn, reason, Some(hint))
        }
    }
}

fn folders(base: &Base) -> Vec<Check> {
    let paths = base.paths();
    [("data", &paths.data), ("state", &paths.state), ("cache", &paths.cache)]
        .into_iter()
        .map(|(id, path)| {
            // The first folder above that exists is where one would be made.
            let there = path.ancestors().find(|folder| folder.exists());
            let writable =
                there.is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok());
            let shown = path.display().to_string();
            if writable {
                Check::new(id, CheckState::Ok, shown, None)
            } else {
                let hint = format!("check its permissions, or set OFFSHOOT_{}_DIR", id.to_uppercase());
                Check::new(id, CheckState::Fail, format!("{shown} cannot be written"), Some(hint))
            }
        })
        .collect()
}

fn ledger(base: &Base) -> Check {
    let ledger = &base.services.ledger;
    let shown = ledger.path().display().to_string();
    match ledger.check() {
        Ok(report) if report.bad.is_empty() => {
            Check::new("ledger", CheckState::Ok, format!("{shown}: {} entries", report.entries), None)
        }
        Ok(report) => {
            let message = format!(
                "{shown}: {} of {} lines cannot be read",
                report.bad.len(),
                report.entries + report.bad.len()
            );
            let hint = "`offshoot ledger verify` lists them; they are passed over".to_owned();
            Check::new("ledger", CheckState::Warn, message, Some(hint))
        }
        Err(error) => {
            Check::new("ledger", CheckState::Warn, error.to_string(), Some(error.hint().to_owned()))
        }
    }
}
