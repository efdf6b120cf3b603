//! `/land`: the preview of a landing and its keys, what came of it, and conflicts given to an agent.

use super::Actions;
use super::run::Ran;
use crate::agent::Failure;
use crate::git::session::{LandHow, LandPlan, LandWish, LandedAs};
use crate::tui::app::landing::Landing;
use crate::tui::app::layer::{Layer, Text, Topic};
use crate::tui::app::tab::{Phase, Tab};
use crate::tui::app::{App, Tone};
use crate::tui::commands::{Asked, Do};
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load, Run};
use crate::tui::transcript::cell::Kind;
use crate::tui::wrap::clean;
use crate::workbench::landing::{self, InBranch, Resolution};
use crate::workbench::review::Range;
use crate::workbench::{Command, TabId};

pub(super) fn land(app: &mut App, asked: &Asked) -> Ran {
    let mut wish = LandWish::default();
    let mut is_dry = false;
    let mut words = asked.args.split_whitespace();
    while let Some(word) = words.next() {
        let mut next = |what: &str| {
            words.next().map(str::to_owned).ok_or_else(|| asked.misuse(format!("{word} needs {what}")))
        };
        match word {
            "--squash" => wish.how = LandHow::Squash,
            "--merge" => wish.how = LandHow::Merge,
            "--pick" => wish.how = LandHow::Pick(next("steps: 3, 2-4, t3 or a hash")?),
            "--into" => wish.into = Some(next("a branch")?),
            "--dry-run" => is_dry = true,
            "--as-is" => wish.as_is = true,
            // The rest of the line.
            "--message" => {
                let text = words.by_ref().collect::<Vec<_>>().join(" ");
                wish.message = Some(text.trim_matches('"').to_owned()).filter(|text| !text.is_empty());
            }
            flag if flag.starts_with('-') => {
                return Err(asked.misuse(format!("\"{flag}\" is none of its flags")));
            }
            rev => wish.rev = Some(rev_of(app, rev)),
        }
    }
    let tab = app.tab();
    let id = tab.id;
    if wish.rev.is_none() {
        let Some(session) = tab.session.as_ref().filter(|session| !session.is_aside) else {
            app.toast("there is nothing to land in this tab yet", Tone::Plain);
            return Ok(Vec::new());
        };
        wish.rev = Some(session.branch.clone());
    }
    let mut actions = Vec::new();
    if tab.is_open() {
        // What was edited by hand comes along.
        actions.push(Action::Send(Command::Keep { tab: id }));
    }
    let steps = match &wish.how {
        LandHow::Pick(steps) => Some(steps.clone()),
        _ => None,
    };
    let title = format!("Land {}", clean(wish.rev.as_deref().unwrap_or_default()));
    actions.push(Action::Load(Load::Land { tab: id, wish: wish.clone() }));
    app.layers.push(Layer::Land(Box::new(Landing {
        tab: id,
        wish,
        plan: None,
        has_failed: false,
        is_landing: false,
        is_dry,
        steps,
        text: Text::awaited(title, Topic::Fixed),
    })));
    Ok(actions)
}

/// A tab's number means its branch; anything else is what it says.
pub(super) fn rev_of(app: &App, word: &str) -> String {
    let place = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let session = place.and_then(|place| app.tabs.get(place)).and_then(|tab| tab.session.as_ref());
    session.map_or_else(|| word.to_owned(), |session| session.branch.clone())
}

fn open(app: &mut App) -> Option<&mut Landing> {
    app.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Land(landing) => Some(&mut **landing),
        _ => None,
    })
}

/// The plan was worked out.
pub(super) fn planned(app: &mut App, wish: &LandWish, plan: Result<Box<LandPlan>, Failure>) {
    let Some(landing) = open(app).filter(|landing| landing.wish == *wish && !landing.is_landing) else {
        return;
    };
    match plan {
        Ok(plan) => {
            landing.text.title = format!("Land {} in {}", clean(&plan.name), clean(&plan.into));
            landing.text.set_lines(lines(&plan));
            landing.plan = Some(plan);
            landing.has_failed = false;
        }
        Err(failure) => {
            landing.text.set_lines(failure_lines(&failure));
            landing.plan = None;
            landing.has_failed = true;
        }
    }
}

fn failure_lines(failure: &Failure) -> Vec<Vec<Piece>> {
    let bad = failure.message.lines().map(|line| vec![Piece::new(clean(line), Role::Bad)]);
    let hint = failure.hint.iter().map(|hint| vec![Piece::new(clean(hint), Role::Dim)]);
    bad.chain(hint).collect()
}

fn lines(plan: &LandPlan) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    for (place, line) in landing::list(plan).iter().enumerate() {
        let is_bad =
            ["conflict: ", "unresolved: ", "untouched: "].iter().any(|start| line.starts_with(start))
                || line.ends_with("would be lost:")
                || line.ends_with("end that first");
        let role = match (place, is_bad) {
            (0, _) => Role::Heading,
            (_, true) => Role::Bad,
            _ if line.starts_with("  ") => Role::Dim,
            _ => Role::Text,
        };
        lines.push(vec![Piece::new(clean(line), role)]);
    }
    if !plan.message.is_empty() {
        lines.push(Vec::new());
        lines.push(vec![Piece::new("message", Role::Heading)]);
        lines.extend(
            plan.message.lines().map(|line| vec![Piece::new(format!("  {}", clean(line)), Role::Text)]),
        );
    }
    lines
}

/// Something was committed in a tab: a preview of it is worked out anew.
pub(super) fn refresh(app: &mut App, tab: TabId) -> Actions {
    let Some(landing) = open(app).filter(|landing| landing.tab == tab && !landing.is_landing) else {
        return Vec::new();
    };
    vec![Action::Load(Load::Land { tab, wish: landing.wish.clone() })]
}

/// A command in the preview.
pub(super) fn act(app: &mut App, does: Do) -> Option<Actions> {
    let screen = ratatui::layout::Rect::new(0, 0, app.size.0, app.size.1);
    let page = crate::tui::view::text_rows(screen).saturating_sub(1).max(1);
    let Some(Layer::Land(landing)) = app.layers.last_mut() else { return None };
    let scroll = &mut landing.text.scroll;
    match does {
        Do::ListDown => *scroll += 1,
        Do::ListUp => *scroll = scroll.saturating_sub(1),
        Do::ListPageDown => *scroll += page,
        Do::ListPageUp => *scroll = scroll.saturating_sub(page),
        Do::ListFirst => *scroll = 0,
        Do::ListLast => *scroll = usize::MAX / 2,
        Do::ListClose | Do::DialogNo | Do::DialogCancel => {
            app.layers.pop();
        }
        Do::ListComplete if !landing.is_landing => {
            landing.wish.how = landing.next_how();
            landing.plan = None;
            landing.has_failed = false;
            let load = Load::Land { tab: landing.tab, wish: landing.wish.clone() };
            // What was said of the plan before is not true of this one.
            app.toast = None;
            return Some(vec![Action::Load(load)]);
        }
        Do::ListAccept | Do::DialogYes => return Some(accept(app)),
        _ => return None,
    }
    Some(Vec::new())
}

fn accept(app: &mut App) -> Actions {
    let Some(Layer::Land(landing)) = app.layers.last_mut() else { return Vec::new() };
    if landing.is_landing {
        return Vec::new();
    }
    if landing.is_dry || landing.has_failed {
        app.layers.pop();
        return Vec::new();
    }
    let Some(plan) = landing.plan.clone() else { return Vec::new() };
    if !plan.is_ready() {
        app.toast("it cannot land like this: see what is in its way", Tone::Bad);
        return Vec::new();
    }
    landing.is_landing = true;
    let (tab, wish) = (landing.tab, landing.wish.clone());
    vec![Action::Load(Load::Landing { tab, wish, plan })]
}

/// A letter in the preview.
pub(super) fn typed(app: &mut App, letter: char) -> Actions {
    let Some(Layer::Land(landing)) = app.layers.last_mut() else { return Vec::new() };
    let does = match letter {
        'q' => Do::ListClose,
        'j' => Do::ListDown,
        'k' => Do::ListUp,
        ' ' | 'f' => Do::ListPageDown,
        'b' => Do::ListPageUp,
        'g' => Do::ListFirst,
        'G' => Do::ListLast,
        _ => {
            let tab = landing.tab;
            let Some(plan) = landing.plan.as_ref().filter(|_| !landing.is_landing) else { return Vec::new() };
            return match letter {
                'd' => diff(tab, plan),
                'e' if !plan.message.is_empty() => {
                    vec![Action::Run(Run::Message { tab, text: plan.message.clone() })]
                }
                'r' if !plan.conflicts.is_empty() && !matches!(plan.how, LandHow::Pick(_)) => {
                    let wish = landing.wish.clone();
                    app.layers.pop();
                    vec![Action::Load(Load::Resolution { tab, wish })]
                }
                _ => Vec::new(),
            };
        }
    };
    act(app, does).unwrap_or_default()
}

/// What would change, in the review.
fn diff(tab: TabId, plan: &LandPlan) -> Actions {
    let Some(preview) = &plan.preview else { return Vec::new() };
    let range = Range::Between { from: plan.tip.as_ref().map(ToString::to_string), to: preview.to_string() };
    vec![Action::Load(Load::Diff { tab, title: format!("{} in {}", plan.name, plan.into), range })]
}

/// The user has written other words.
pub(super) fn message_is(app: &mut App, text: Result<String, String>) {
    match text {
        Ok(text) if text.trim().is_empty() => app.toast("an empty message changes nothing", Tone::Plain),
        Ok(text) => {
            let text = text.trim().to_owned();
            if let Some(landing) = open(app) {
                landing.wish.message = Some(text.clone());
                if let Some(plan) = &mut landing.plan {
                    plan.set_message(text);
                    let lines = lines(plan);
                    landing.text.set_lines(lines);
                }
            }
        }
        Err(error) => app.toast(error, Tone::Bad),
    }
}

/// It is landed, or could not be.
pub(super) fn landed(
    app: &mut App,
    tab: TabId,
    landed: Result<Box<(LandPlan, LandedAs)>, Failure>,
) -> Actions {
    app.layers.retain(|layer| !matches!(layer, Layer::Land(landing) if landing.is_landing));
    match landed {
        Ok(landed) => {
            let (plan, landed) = *landed;
            let mut text = landing::done(&plan, &landed);
            if !landed.checkouts.is_empty() {
                text.push_str("; the files of the checkout went along");
            }
            let takes_back = landing::takes_back(&plan, &landed);
            app.toast(landing::done(&plan, &landed), Tone::Good);
            let place = app.tabs.iter().position(|one| is_on(one, &plan.name));
            let place = place.or_else(|| app.place_of(tab)).unwrap_or(app.active);
            let tab = &mut app.tabs[place];
            for text in [text, takes_back] {
                tab.transcript.push(tab.turn, Kind::Notice(clean(&text).into_owned()));
            }
            // All tabs stand differently to the branch now.
            app.tabs.iter().flat_map(super::events::measure).collect()
        }
        Err(failure) => {
            if let Some(tab) = app.by_id(tab) {
                let kind = Kind::Failure { message: failure.message, hint: failure.hint };
                tab.transcript.push(tab.turn, kind);
            }
            Vec::new()
        }
    }
}

fn is_on(tab: &Tab, branch: &str) -> bool {
    tab.session.as_ref().is_some_and(|session| session.branch == branch && !session.is_aside)
}

/// How a tab's branch stands to the user's.
pub(super) fn standing_is(app: &mut App, tab: TabId, standing: Option<InBranch>) {
    if let Some(tab) = app.by_id(tab) {
        tab.landed = standing;
    }
}

/// An agent resolves conflicts in a tab of its own.
pub(super) fn resolve(app: &mut App, tab: TabId, resolution: Result<Resolution, Failure>) -> Actions {
    let resolution = match resolution {
        Ok(resolution) => resolution,
        Err(failure) => {
            super::program::tell(app, &failure);
            return Vec::new();
        }
    };
    let parent = app.by_id(tab).map(|tab| (tab.choice.clone(), tab.permissions));
    // What an agent works on takes it by a merge, and what the user has checked out by a landing.
    let is_merge = app.tabs.iter().any(|tab| is_on(tab, &resolution.into));
    let next = if is_merge { "/merge" } else { "/land" };
    let origin =
        format!("resolves what conflicts of {} and {}; then {next}", resolution.name, resolution.into);
    let tab = app.add_tab();
    tab.resolves = Some(resolution.name.clone());
    let permissions = parent.map(|(choice, permissions)| {
        tab.choice = choice;
        tab.permissions = permissions;
        permissions
    });
    tab.origin = Some(clean(&origin).into_owned());
    tab.title = format!("land {}", resolution.name.rsplit('/').next().unwrap_or_default());
    let id = tab.id;
    let order = tab.order(resolution.prompt);
    tab.phase = Phase::Opening { is_asked: true, then: vec![Command::Prompt { tab: id, order }] };
    vec![Action::Send(Command::Open { tab: id, start: resolution.start, permissions })]
}
