//! `offshoot doctor`: is everything there?

use super::args::{AgentArgs, Common};
use super::output::{self, Tone, toned};
use super::{Done, base};
use crate::backends::health::HealthState;
use crate::chat::sanitise;
use crate::workbench::doctor::{self, BackendReport, CheckState, Report};

pub(super) async fn run(common: &Common) -> Done {
    let quiet = Common { quiet: true, ..common.clone() };
    let report = match base(&quiet, &AgentArgs::default()) {
        Ok(base) => doctor::examine(&base).await,
        // A program reads a report in every case; a person reads the error.
        Err(trouble) if common.json => {
            let report = Report::without_settings(trouble.message.clone(), trouble.hint.clone());
            output::print_json(&report);
            return Err(trouble);
        }
        Err(trouble) => return Err(trouble),
    };
    if common.json {
        output::print_json(&report);
    } else {
        output::print(&as_text(&report));
    }
    Ok(report.exit_code())
}

fn as_text(report: &Report) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let mark = match check.state {
            CheckState::Ok => toned("ok  ", Tone::Good),
            CheckState::Warn => toned("warn", Tone::Strong),
            CheckState::Fail => toned("fail", Tone::Bad),
            CheckState::Skipped => toned("skip", Tone::Quiet),
        };
        text.push_str(&format!("{mark} {:<9} {}\n", check.id, sanitise(&check.message)));
        if let Some(hint) = check.hint.as_ref().filter(|_| check.state != CheckState::Ok) {
            text.push_str(&format!("               {}\n", toned(&sanitise(hint), Tone::Quiet)));
        }
    }
    for backend in &report.backends {
        text.push_str(&backend_line(backend));
    }
    text
}

pub(super) fn backend_line(backend: &BackendReport) -> String {
    let tone = match backend.state {
        HealthState::Up => Tone::Good,
        HealthState::Unconfigured | HealthState::Unknown => Tone::Quiet,
        HealthState::Down | HealthState::Open => Tone::Bad,
    };
    let latency = backend.latency_ms.map(|ms| format!(" {ms} ms")).unwrap_or_default();
    let local = if backend.local { " local" } else { "" };
    let message =
        backend.message.as_deref().map(|message| format!("  {}", sanitise(message))).unwrap_or_default();
    format!(
        "{} {}{local}{latency}{message}\n",
        toned(&format!("{:<12}", backend.state.name()), tone),
        backend.id
    )
}
