//! What was read or worked out elsewhere is there.

use super::{
    Actions, bisect, blame, compare, compare_take, health, landing, limits, merging, moves, panel, program,
    prompt, radar, records, review, session, suggest, sync, tabs, why, worktrees,
};
use crate::tui::app::layer::{Choice, Layer, ListKind, Topic};
use crate::tui::app::suggest::Suggested;
use crate::tui::app::{App, Tone};
use crate::tui::look::{Piece, Role};
use crate::tui::message::Loaded;
use crate::tui::picker::Item;
use crate::tui::transcript::cell::Kind;
use crate::tui::words::ago;
use crate::tui::wrap::clean;
use crate::workbench::history::{BranchLine, SessionLine};
use crate::workbench::words::{count, recovered};
use crate::workbench::{Command, RecoveredSession};

pub(super) fn update(app: &mut App, loaded: Loaded) -> Actions {
    let now = i64::try_from(app.clock.unix_ms / 1000).unwrap_or_default();
    match loaded {
        Loaded::Recovered(sessions) => {
            for one in &sessions {
                tell_recovered(app, one);
            }
            if let Some(rev) = app.facts.awaited.take() {
                return tabs::open_session(app, rev);
            }
        }
        Loaded::UserBranch(branch) => app.facts.user_branch = branch,
        Loaded::Health(backends) => app.facts.backends = backends,
        Loaded::Probed(backends) => return health::probed(app, &backends),
        Loaded::Doctor(report) => health::examined(app, &report),
        Loaded::Ledger(entries) => app.facts.ledger = entries,
        Loaded::Records(read) => records::read(app, read),
        Loaded::Why { tab, turn, told } => why::told(app, tab, turn, told),
        Loaded::Bisecting { tab, progress } => bisect::goes_on(app, tab, &progress),
        Loaded::Bisected { tab, command, found } => bisect::ended(app, tab, &command, found),
        Loaded::Blame(found) => blame::blamed(app, found),
        Loaded::Verification { tab, found, origin, run } => {
            return limits::verification_is(app, tab, found, &origin, run);
        }
        Loaded::Restarted(done) => return health::restarted(app, done),
        Loaded::Spent(spent) => {
            app.facts.spent = Some(spent);
            let lines = records::usage_lines(app);
            program::replace(app, Topic::Usage, lines);
            let lines = limits::budget_lines(app);
            program::replace(app, Topic::Budget, lines);
        }
        Loaded::Found(found) => app.facts.found = Some(found),
        Loaded::Uncommitted(what) => return prompt::uncommitted_is(app, what),
        Loaded::Log(trees) => {
            let items = trees.map(|trees| program::log_items(&trees, now));
            fill(app, &ListKind::Log, items, "no session yet: the first prompt begins one");
        }
        Loaded::Sessions(sessions) => {
            let items = sessions.map(|all| all.iter().map(|one| session_item(one, now)).collect());
            fill(app, &ListKind::Sessions, items, "no session yet");
        }
        Loaded::Branches(branches) => {
            let items = branches.map(|all| all.iter().map(|one| branch_item(one, now)).collect());
            fill(app, &ListKind::Branches, items, "no branch yet");
        }
        Loaded::Standing { tab, rev, standing } => return tabs::standing_is(app, tab, rev, standing),
        Loaded::Files { tab, files } => {
            if let Some(tab) = app.by_id(tab) {
                if let Some(suggest) = tab.suggest.as_mut().filter(|one| one.what == Suggested::Paths) {
                    suggest.picker = crate::tui::picker::Picker::paths("");
                    suggest.picker.set_items(suggest::path_items(&files));
                }
                tab.files = Some(files);
            }
            return suggest::offer(app);
        }
        Loaded::Changes { tab: id, changes } => {
            // A branch that is not there yet has no changes.
            if let (Some(tab), Ok(changes)) = (app.by_id(id), changes) {
                tab.changes = Some(changes);
            }
            compare::measured(app, id);
        }
        Loaded::Synced { tab, synced } => sync::synced(app, tab, synced),
        Loaded::Landed { tab, standing } => landing::standing_is(app, tab, standing),
        Loaded::Land { wish, plan } => landing::planned(app, &wish, plan),
        Loaded::Landing { tab, landed } => return landing::landed(app, tab, landed),
        Loaded::Resolution { tab, resolution } => return landing::resolve(app, tab, resolution),
        Loaded::Pair(pair) => return merging::pair_is(app, pair),
        Loaded::Survey(survey) => radar::surveyed(app, survey),
        Loaded::Diff { tab, title, range, shown } => {
            let actions = review::loaded(app, tab, title, range, shown);
            panel::go_to_wanted(app);
            return actions;
        }
        Loaded::Comparison { tab, prompt, candidates, ground } => {
            return compare::ground_is(app, tab, prompt, candidates, ground);
        }
        Loaded::Offers { comparison, offers } => compare_take::offered(app, comparison, offers),
        Loaded::Taken { comparison, mixed } => return compare_take::taken(app, comparison, mixed),
        Loaded::Archived(sessions) => compare::archived(app, sessions),
        Loaded::Dressed { serial, dressed } => {
            for layer in &mut app.layers {
                if let Layer::Review(layer) = layer
                    && layer.serial == serial
                {
                    layer.review.dressed(dressed);
                    break;
                }
            }
        }
        Loaded::Undo { tab, back, plan } => return moves::planned(app, tab, back, plan),
        Loaded::Turns { tab, turns } => moves::turns_are(app, tab, &turns),
        Loaded::Search { text, hits } => session::found(app, &text, hits),
        Loaded::Worktrees(found) => worktrees::listed(app, found),
        Loaded::GcPlan { options, plan } => worktrees::planned(app, options, plan),
        Loaded::Gc(done) => worktrees::freed(app, done),
        Loaded::Settings(lines) => {
            let lines = lines.iter().map(|line| vec![Piece::new(clean(line), Role::Text)]).collect();
            program::replace(app, Topic::Settings, lines);
        }
        Loaded::Exported { tab, written } => match written {
            Ok(file) => {
                let text = format!("the conversation is in {}", file.display());
                if let Some(tab) = app.by_id(tab) {
                    tab.transcript.push(tab.turn, Kind::Notice(clean(&text).into_owned()));
                }
            }
            Err(failure) => program::tell(app, &failure),
        },
        Loaded::History { text } => match text {
            Ok(text) => {
                let lines = text.lines().map(|line| vec![Piece::new(clean(line), Role::Text)]).collect();
                program::replace(app, Topic::History, lines);
            }
            Err(failure) => {
                let lines = vec![vec![Piece::new(clean(&failure.message), Role::Bad)]];
                program::replace(app, Topic::History, lines);
            }
        },
        Loaded::Persona { tab, soft, persona } => return session::persona_is(app, tab, soft, persona),
        Loaded::Colours { tab, cell, source, lines } => {
            if let Some(tab) = app.by_id(tab) {
                tab.transcript.colour(cell, &source, lines);
            }
        }
        Loaded::Done => {}
        Loaded::Prompts(earlier) => app.history.put_before(earlier),
        Loaded::Trouble(message, hint) => {
            app.toast(format!("{message}; {hint}"), Tone::Bad);
        }
        Loaded::Busy(command) => return busy(app, &command),
    }
    Vec::new()
}

fn fill(
    app: &mut App,
    kind: &ListKind,
    items: Result<Vec<Item<Choice>>, crate::agent::Failure>,
    empty: &str,
) {
    match items {
        Ok(items) => session::set_items(app, kind, items, empty),
        Err(failure) => {
            session::set_items(app, kind, Vec::new(), &failure.message);
            program::tell(app, &failure);
        }
    }
}

fn session_item(one: &SessionLine, now: i64) -> Item<Choice> {
    let hint = format!(
        "{} · {} · {}",
        count(one.turns as usize, "turn"),
        count(one.steps as usize, "step"),
        ago(one.updated, now)
    );
    let branch = one.branch.clone().unwrap_or_default();
    let state = if one.state == "idle" { String::new() } else { format!("  {}", one.state) };
    Item::new(&clean(&one.title), Choice::Session(one.id.clone()))
        .detail(&format!("{branch}{state}"))
        .hint(&hint)
}

fn branch_item(one: &BranchLine, now: i64) -> Item<Choice> {
    let mut hint =
        if one.steps > 0 { format!("{} · ", count(one.steps as usize, "step")) } else { String::new() };
    hint.push_str(&ago(one.updated, now));
    if let Some(landed) = &one.landed_in {
        hint.push_str(&format!(" · {}", clean(&landed.told())));
    } else if one.landed {
        hint.push_str(" · landed");
    }
    if one.archived {
        hint.push_str(" · archived");
    }
    if one.is_current {
        hint.push_str(" · yours now");
    }
    if !one.kept.is_empty() {
        hint.push_str(&format!(" · {} kept", one.kept.len()));
    }
    let state = if one.state == "idle" { String::new() } else { format!("  {}", one.state) };
    let rev = one.session.clone().unwrap_or_else(|| one.name.clone());
    // The user's own branches are listed to be seen; a session is made on one by opening it.
    Item::new(&clean(&one.name), Choice::Session(rev))
        .detail(&format!("{}{state}", clean(&one.title)))
        .hint(&hint)
}

/// A session that a crash had cut off is on record.
pub fn tell_recovered(app: &mut App, one: &RecoveredSession) {
    let text = match &one.result {
        Ok(what) => recovered(&one.branch, what),
        Err(failure) => format!("session on {} could not be recovered: {}", one.branch, failure.message),
    };
    app.facts.recovered.push(clean(&text).into_owned());
    app.toast(text, Tone::Plain);
}

/// Too much waits for a tab already: the words go back to the user.
fn busy(app: &mut App, command: &Command) -> Actions {
    if let Command::Prompt { tab, order } = command
        && let Some(tab) = app.by_id(*tab)
        && tab.composer.is_empty()
    {
        tab.composer.set_text(&order.prompt);
    }
    if let Command::Amend { tab, .. } = command
        && let Some(tab) = app.by_id(*tab)
    {
        tab.amending = None;
    }
    app.toast("too much waits for this tab already: try again in a moment", Tone::Bad);
    Vec::new()
}
