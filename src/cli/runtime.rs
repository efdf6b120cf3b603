//! `offshoot runtime`: the local model server as a whole.

use serde_json::json;

use super::args::{AgentArgs, Common, RuntimeCommand};
use super::output::{self, Tone, toned};
use super::{Done, FAILED, Trouble, base};
use crate::agent::Failure;
use crate::backends::health::now_ms;
use crate::chat::sanitise;
use crate::workbench::runtime::{self, RuntimeState, Standing};

pub(super) async fn run(common: &Common, what: RuntimeCommand) -> Done {
    let base = base(common, &AgentArgs::default())?;
    match what {
        RuntimeCommand::Status => {
            let standing = runtime::standing(&base).await;
            if common.json {
                output::print_json(&standing);
            } else {
                output::print(&format!("{}\n", line(&standing)));
            }
            Ok(if standing.state == RuntimeState::Up { 0 } else { FAILED })
        }
        RuntimeCommand::Restart => {
            if !common.quiet && !common.json {
                let command = base.services.settings.local_runtime.restart_cmd.trim();
                if !command.is_empty() {
                    output::note(&format!("running `{command}`"));
                }
            }
            let done = runtime::restart(&base, now_ms()).await;
            let restarted = done.map_err(|error| Trouble::from(Failure::from(error)))?;
            if common.json {
                output::print_json(&json!({
                    "command": restarted.command,
                    "duration_ms": u64::try_from(restarted.took.as_millis()).unwrap_or(u64::MAX),
                    "runtime": restarted.standing,
                }));
            } else {
                output::print(&format!("restarted\n{}\n", line(&restarted.standing)));
            }
            Ok(0)
        }
    }
}

fn line(standing: &Standing) -> String {
    let (word, tone) = match standing.state {
        RuntimeState::Up => ("up", Tone::Good),
        RuntimeState::Down => ("down", Tone::Bad),
        RuntimeState::Unconfigured => ("unconfigured", Tone::Quiet),
    };
    let latency = standing.latency_ms.map(|ms| format!(" {ms} ms")).unwrap_or_default();
    let message = standing.message.as_deref().map(|text| format!("  {}", sanitise(text))).unwrap_or_default();
    format!("{} {}{latency}{message}", toned(word, tone), sanitise(&standing.asked))
}
