//! `offshoot resume`: a session reopened from its commit alone.

use super::args::{Common, ResumeArgs};
use super::run::{drive, order};
use super::{Done, Screen, base, open, output, place};
use crate::chat::sanitise;
use crate::chat::{EntryKind, Role};
use crate::cli::output::{Tone, toned};
use crate::workbench::history::{self, Standing};
use crate::workbench::words::{count, describe};
use crate::workbench::{self, BranchName, Opening, Start};

pub(super) async fn run(common: &Common, args: ResumeArgs, screen: Screen) -> Done {
    let mut base = base(common, &args.agent)?;
    if args.task.is_empty() && !common.json && !common.quiet && (common.plain || open::has_person()) {
        base.options.can_ask = true;
        let place = std::sync::Arc::new(base.place()?);
        // A session that was killed in its first turn is not on record before that.
        let recovered = workbench::recover(&place).await;
        let (session, _) = history::load(&place, args.rev.clone()).await?;
        let resume = Some(args.rev.unwrap_or(session.id));
        return open::show(common, place, Opening { resume, recovered, ..Opening::default() }, screen).await;
    }
    let place = place(common, &base).await?;
    let (session, standing) = history::load(&place, args.rev.clone()).await?;
    let start = match standing {
        Standing::AtTip => Start::Continue { rev: args.rev.clone() },
        // Its branch went on since: what comes now is another future.
        Standing::Behind => Start::Fork {
            rev: args.rev.clone().unwrap_or_default(),
            turn: None,
            branch: BranchName::From(session.title.clone().unwrap_or_default()),
        },
    };
    if !common.json && !common.quiet {
        output::print(&transcript(&session.conversation));
    }
    let task = args.task.join(" ");
    let order = (!task.trim().is_empty()).then(|| order(&args.agent, task));
    if order.is_none() && !common.json && !common.quiet {
        output::note(&format!(
            "{}, {}; go on with: offshoot resume {} \"…\"",
            count(session.turn as usize, "turn"),
            count(session.step as usize, "step"),
            session.branch.as_deref().unwrap_or(&session.id),
        ));
    }
    drive(common, place, start, order).await
}

/// A conversation for a person to read: words, and calls in one line each.
fn transcript(conversation: &crate::chat::Conversation) -> String {
    let mut text = String::new();
    for entry in conversation.entries() {
        match &entry.kind {
            EntryKind::Prompt { message, .. } => {
                let head = toned(&format!("[{}] you", entry.turn), Tone::Strong);
                text.push_str(&format!("{head}\n{}\n\n", sanitise(&message.text())));
            }
            EntryKind::Answer { message, by, .. } => {
                let said = message.text();
                if !said.trim().is_empty() {
                    let head = toned(&format!("[{}] {}", entry.turn, by.backend), Tone::Strong);
                    text.push_str(&format!("{head}\n{}\n\n", sanitise(said.trim())));
                }
                for call in message.tool_calls() {
                    text.push_str(&format!("  · {}\n", sanitise(&describe(&call.name, &call.input))));
                }
                if message.tool_calls().next().is_some() {
                    text.push('\n');
                }
            }
            EntryKind::Steer(message) | EntryKind::Summary(message) if message.role == Role::User => {
                text.push_str(&format!("{}\n\n", toned(&sanitise(&message.text()), Tone::Quiet)));
            }
            _ => {}
        }
    }
    text
}
