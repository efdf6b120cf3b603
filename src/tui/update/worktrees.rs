//! The worktrees of the repository: what they take, and what of it can be freed. Looked at in the background.

use super::Actions;
use super::program::{replace, tell};
use super::run::Ran;
use crate::agent::Failure;
use crate::git::session::{Freed, GcOptions, GcPlan, Verdict};
use crate::tui::app::layer::{Layer, Question, Text, Then, Topic};
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::transcript::cell::Kind;
use crate::tui::words::ago;
use crate::tui::wrap::clean;
use crate::workbench::words::{self, bytes, freeable};
use crate::workbench::worktrees::{WorktreeLine, Worktrees};

/// Things that the question names.
const NAMED: usize = 10;

pub(super) fn list(app: &mut App) -> Actions {
    app.layers.push(Layer::Text(Text::awaited("Worktrees", Topic::Worktrees)));
    vec![Action::Load(Load::Worktrees)]
}

pub(super) fn listed(app: &mut App, found: Result<Worktrees, Failure>) {
    let now = i64::try_from(app.clock.unix_ms / 1000).unwrap_or_default();
    let lines = match found {
        Ok(found) => lines(&found, now),
        Err(failure) => vec![vec![Piece::new(clean(&failure.message), Role::Bad)]],
    };
    replace(app, Topic::Worktrees, lines);
}

fn lines(found: &Worktrees, now: i64) -> Vec<Vec<Piece>> {
    let mut lines = Vec::new();
    for one in &found.worktrees {
        let name = one.branch.as_deref().unwrap_or("no branch");
        lines.push(vec![
            Piece::new(format!("{:>9}  ", bytes(one.bytes)), Role::Accent),
            Piece::new(clean(name), Role::Strong),
            Piece::new(format!("  {}", about(one, now)), Role::Dim),
        ]);
    }
    let cache = &found.shared_cache;
    if cache.bytes > 0 {
        lines.push(vec![
            Piece::new(format!("{:>9}  ", bytes(cache.bytes)), Role::Accent),
            Piece::new("shared cache", Role::Text),
        ]);
    }
    if lines.is_empty() {
        return vec![vec![Piece::new("there is no worktree yet", Role::Dim)]];
    }
    lines.push(Vec::new());
    let all = format!("{:>9}  in all; /gc tells what can be freed", bytes(found.bytes));
    lines.push(vec![Piece::new(all, Role::Dim)]);
    lines
}

fn about(one: &WorktreeLine, now: i64) -> String {
    let mut words = vec![one.standing()];
    words.extend(one.last_use.map(|last| ago(last, now)));
    if one.build_bytes > 0 {
        words.push(format!("{} builds", bytes(one.build_bytes)));
    }
    words.extend(one.ports.map(|(first, last)| format!("ports {first}-{last}")));
    words.retain(|word| !word.is_empty());
    words.join(" · ")
}

pub(super) fn gc(app: &mut App, asked: &Asked) -> Ran {
    let (builds, rest) = asked.flag("--builds");
    if !rest.is_empty() {
        return Err(asked.misuse(format!("\"{rest}\" is not --builds")));
    }
    app.toast("looking for what can be freed …", Tone::Plain);
    Ok(vec![Action::Load(Load::GcPlan(GcOptions { builds, ..GcOptions::default() }))])
}

/// It is known what could be freed: the user decides.
pub(super) fn planned(app: &mut App, options: GcOptions, plan: Result<GcPlan, Failure>) {
    app.toast = None;
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => return tell(app, &failure),
    };
    let mut free = Vec::new();
    let mut stay = Vec::new();
    for item in &plan.items {
        let name = item.branch.clone().unwrap_or_else(|| item.path.display().to_string());
        match &item.verdict {
            Verdict::Free(why) => free.push(format!("{:>9}  {name}: {why}", bytes(item.bytes))),
            Verdict::Stay(why) => {
                stay.push(format!("{:>9}  {name}: {why}", bytes(item.bytes)));
                let builds = item.builds.iter().filter(|_| item.frees_builds);
                free.extend(
                    builds.map(|build| {
                        format!("{:>9}  {} of {name}", bytes(build.bytes), build.path.display())
                    }),
                );
            }
        }
    }
    let leftovers: u64 = plan.leftovers.iter().map(|leftover| leftover.bytes).sum();
    if leftovers > 0 {
        free.push(format!("{:>9}  unfinished objects of killed processes", bytes(leftovers)));
    }
    let mut lines = Vec::new();
    if free.is_empty() {
        let hint = if options.builds { "" } else { "; /gc --builds looks at build output, too" };
        lines.push(vec![Piece::new(format!("nothing can be freed{hint}"), Role::Text)]);
        lines.extend(named(&stay, Role::Dim));
        app.layers.push(Layer::Text(Text::new("Worktrees that stay", lines)));
        return;
    }
    lines.extend(named(&free, Role::Text));
    if !stay.is_empty() {
        lines.push(vec![Piece::new("What stays:", Role::Heading)]);
        lines.extend(named(&stay, Role::Dim));
    }
    lines.push(vec![Piece::new("Branches and sessions stay; /resume makes a worktree again.", Role::Dim)]);
    app.layers.push(Layer::Question(Question {
        title: format!("{}. Free it?", freeable(&plan)),
        lines,
        scroll: 0,
        yes: "free".to_owned(),
        no: "leave".to_owned(),
        chooses_yes: false,
        then: Then::Free(Box::new((plan, options))),
    }));
}

fn named(lines: &[String], role: Role) -> Vec<Vec<Piece>> {
    let more = lines.len().saturating_sub(NAMED);
    let mut shown: Vec<_> =
        lines.iter().take(NAMED).map(|line| vec![Piece::new(clean(line), role)]).collect();
    if more > 0 {
        shown.push(vec![Piece::new(format!("and {more} more"), Role::Dim)]);
    }
    shown
}

pub(super) fn free(app: &mut App, plan: GcPlan, options: GcOptions) -> Actions {
    app.toast("freeing …", Tone::Plain);
    vec![Action::Load(Load::Gc(Box::new((plan, options))))]
}

pub(super) fn freed(app: &mut App, done: Result<Freed, Failure>) {
    app.toast = None;
    let done = match done {
        Ok(done) => done,
        Err(failure) => return tell(app, &failure),
    };
    let tab = app.tab_mut();
    for (path, why) in &done.stayed {
        let text = format!("{} stayed: {why}", path.display());
        tab.transcript.push(tab.turn, Kind::Notice(clean(&text).into_owned()));
    }
    tab.transcript.push(tab.turn, Kind::Notice(words::freed(&done)));
}
