//! Is it there, and new enough? Asks the program for its version, and does nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::backend::{CliBackend, Shared};
use crate::backends::{Probe, ProbeState, millis};
use crate::tools::output::Cap;
use crate::tools::shell::{Process, SandboxPolicy};

/// Interpreters take their time on a busy machine.
const LONGEST: Duration = Duration::from_secs(15);

impl CliBackend {
    /// What a probe found. A good answer is asked for once.
    pub(in crate::backends) async fn probe(&self) -> Probe {
        if let Some(probe) = self.shared.probed.get() {
            return probe.clone();
        }
        let probe = match &self.shared.program {
            Ok(program) => self.shared.ask(program).await,
            Err(missing) => Probe::failed(ProbeState::Unconfigured, missing, None),
        };
        if probe.state == ProbeState::Up {
            let _ = self.shared.probed.set(probe.clone());
        }
        probe
    }
}

impl Shared {
    async fn ask(&self, program: &Path) -> Probe {
        let started = Instant::now();
        let process = Process {
            program: program.into(),
            args: self.profile.version.args.iter().map(Into::into).collect(),
            dir: std::env::temp_dir(),
            env: self.env.clone(),
            sandbox: SandboxPolicy::default(),
            timeout: Some(LONGEST),
            cap: Cap::COMMAND,
        };
        let finished = match process.run(&CancellationToken::new(), |_| {}).await {
            Ok(finished) => finished,
            Err(error) => return Probe::failed(ProbeState::Down, &self.words.not_started(&error), None),
        };
        let latency = started.elapsed();
        let text = &finished.output.text;
        if !finished.end.is_success() {
            let error = self.words.no_version(finished.end, text);
            return Probe::failed(ProbeState::Down, &error, Some(latency));
        }
        let version = version(text);
        if let (Some(version), Some(minimum)) = (version, &self.profile.version.minimum)
            && numbers(version) < numbers(minimum)
        {
            return Probe::failed(ProbeState::Unconfigured, &self.words.too_old(version), Some(latency));
        }
        Probe {
            state: ProbeState::Up,
            latency_ms: Some(millis(latency)),
            version: version.map(str::to_owned),
            message: None,
        }
    }
}

/// The first word that looks like a version.
fn version(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v').trim_end_matches([',', ';']))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
}

/// Its numbers, for comparing. What follows them (`-beta`) does not count.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    plain.split('.').map_while(|part| part.parse().ok()).collect()
}
