//! What is told of a comparison on the command line: lines with the candidate's letter while it runs, the table at its
//! end; with `--json` the events of each with its letter, and a last line with the table.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::agent::{AgentEvent, ApprovalState, VerifyState};
use crate::chat::sanitise;
use crate::cli::args::Common;
use crate::cli::output::{self, Tone, toned_err};
use crate::cli::run::Json;
use crate::workbench::compare::{Fate, Ground, Row, text};
use crate::workbench::words::{count, describe};
use crate::workbench::{Event, EventKind};

pub(super) struct Report {
    is_json: bool,
    is_quiet: bool,
    /// Nobody reads standard output any more.
    unread: bool,
}

/// An event of a candidate.
#[derive(Serialize)]
struct Tagged<'a> {
    candidate: char,
    #[serde(flatten)]
    line: &'a Json,
}

impl Report {
    pub fn new(common: &Common) -> Self {
        Self { is_json: common.json, is_quiet: common.quiet, unread: false }
    }

    pub fn is_unread(&self) -> bool {
        self.unread
    }

    pub fn begins(&self, ground: &Ground) {
        if !self.is_json && !self.is_quiet {
            for line in std::iter::once(&ground.told()).chain(&ground.notices) {
                output::told(&format!("{}\n", toned_err(&sanitise(line), Tone::Quiet)));
            }
        }
    }

    pub fn tells(&mut self, row: &Row, event: &Event) {
        if self.is_json {
            for line in Json::of(event) {
                self.print(&output::json_line(&Tagged { candidate: row.letter, line: &line }));
            }
            if let Some(end) = event.turn_end() {
                let line = Json::end(event.session.clone(), row.branch.clone(), end);
                self.print(&output::json_line(&Tagged { candidate: row.letter, line: &line }));
            }
        } else if !self.is_quiet
            && let Some((told, tone)) = words(row, &event.kind)
        {
            let line = format!(
                "{} {}",
                toned_err(&row.letter.to_string(), Tone::Strong),
                toned_err(&sanitise(&told), tone)
            );
            output::told(&format!("{line}\n"));
        }
    }

    pub fn ends(&mut self, ground: &Ground, rows: &[Row], time: Duration, kept: Option<char>) {
        if self.is_json {
            let rows: Vec<Value> = rows.iter().map(|row| as_json(row, time)).collect();
            let line = json!({ "type": "comparison", "base": ground.base, "kept": kept, "rows": rows });
            self.print(&output::json_line(&line));
            return;
        }
        self.print(&text(rows, time));
        if self.is_quiet {
            return;
        }
        match rows.iter().find(|row| row.fate == Fate::Kept) {
            Some(row) => output::note(&format!(
                "kept {} on {}; the others are archived: their branches and conversations stay, `offshoot resume` opens one",
                row.letter, row.branch
            )),
            None => {
                let branches: Vec<String> = rows
                    .iter()
                    .filter(|row| row.session.is_some())
                    .map(|row| format!("{} {}", row.letter, row.branch))
                    .collect();
                output::note(&format!("the branches are there to be looked at: {}", branches.join(", ")));
            }
        }
    }

    fn print(&mut self, text: &str) {
        self.unread = self.unread || output::try_print(text).is_err();
    }
}

/// What an event comes to in a line for a person; `None` for what only fills a screen.
fn words(row: &Row, kind: &EventKind) -> Option<(String, Tone)> {
    Some(match kind {
        EventKind::Opened(opened) => (format!("{} on {}", row.candidate.name(), opened.branch), Tone::Strong),
        EventKind::Failed(failure) => (failure.message.clone(), Tone::Bad),
        EventKind::Agent(event) => match event {
            AgentEvent::Route(routed) => {
                (format!("→ {} ({})", routed.who(), routed.decision.reason), Tone::Quiet)
            }
            AgentEvent::Fallback { from, to, message, .. } => {
                (format!("{from} failed ({message}): on to {to}"), Tone::Bad)
            }
            AgentEvent::Stuck(stuck) => (stuck.told(), Tone::Bad),
            AgentEvent::Step(step) => {
                let short = step.commit.get(..10).unwrap_or(&step.commit);
                let files = count(step.files, "file");
                let told =
                    format!("● {short} {} · {files} +{} -{}", step.subject, step.insertions, step.deletions);
                (told, Tone::Good)
            }
            AgentEvent::Approval(asked) if asked.decision == ApprovalState::Denied => {
                (format!("denied: {} ({})", describe(&asked.tool, &asked.input), asked.reason), Tone::Bad)
            }
            AgentEvent::Verify { state, command, .. } => match state {
                VerifyState::Passed => (format!("verification passed: {command}"), Tone::Good),
                VerifyState::Failed => (format!("verification failed: {command}"), Tone::Bad),
                VerifyState::NotRun => (format!("verification not run: {command}"), Tone::Bad),
            },
            AgentEvent::Error(failure) => (failure.message.clone(), Tone::Bad),
            AgentEvent::TurnEnded(_) => (row.state().word().to_owned(), Tone::Strong),
            _ => return None,
        },
        _ => return None,
    })
}

fn as_json(row: &Row, time: Duration) -> Value {
    let who = row.who.as_deref().map(|who| who.split_once('/').unwrap_or((who, "")));
    json!({
        "candidate": row.letter,
        "name": row.candidate.name(),
        "backend": who.map(|(backend, _)| backend),
        "model": who.map(|(_, model)| model),
        "role": row.candidate.role,
        "branch": row.branch,
        "session": row.session,
        "worktree": row.worktree,
        "state": row.state().word().replace(' ', "_"),
        "fate": match row.fate {
            Fate::Kept => Some("kept"),
            Fate::Archived => Some("archived"),
            Fate::Open | Fate::Closed => None,
        },
        "verify": row.verified.map_or("not_run", VerifyState::name),
        "files": row.changes.map(|stat| stat.files),
        "insertions": row.changes.map(|stat| stat.insertions),
        "deletions": row.changes.map(|stat| stat.deletions),
        "conflicts": row.conflicts,
        "steps": row.steps,
        "duration_ms": u64::try_from(row.time(time).as_millis()).unwrap_or(u64::MAX),
        "usage": row.usage,
        "tokens": row.tokens(),
        "cost_usd": row.cost_usd,
        "error": row.trouble,
    })
}
