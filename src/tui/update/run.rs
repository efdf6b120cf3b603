//! From a command of the table to what carries it out.

use super::{
    Actions, agent, approvals, bisect, blame, children, compare, compare_keys, health, landing, layers,
    limits, look, merging, moves, panel, program, prompt, radar, reading, records, review, review_keys,
    route, session, suggest, sync, tabs, why, worktrees,
};
use crate::tui::app::{App, Tone};
use crate::tui::commands::{self, Asked, Do, Misuse};
use crate::tui::composer::Composer;
use crate::tui::keys::Context;
use crate::tui::message::Action;

/// What comes of a command: what is to be done, or what is wrong with it.
pub(super) type Ran = Result<Actions, Misuse>;

/// Carries out a command that was typed.
pub(super) fn run(app: &mut App, asked: &Asked) -> Actions {
    match carry_out(app, asked) {
        Ok(actions) => actions,
        Err(misuse) => {
            prompt::wrong(app, &misuse);
            Vec::new()
        }
    }
}

/// Carries out what a key is bound to: a command's name, and perhaps arguments.
pub(super) fn bound(app: &mut App, line: &str) -> Actions {
    let (name, args) = line.split_once(' ').unwrap_or((line, ""));
    let Some(spec) = commands::by_name(name) else { return Vec::new() };
    // What has the focus is asked first what the command means there.
    let own = match app.context() {
        Context::List | Context::Dialog | Context::Stuck => layers::act(app, spec.does),
        Context::Review => review_keys::act(app, spec.does, args),
        Context::Compare => compare_keys::act(app, spec.does),
        Context::Panel => panel::act(app, spec.does),
        Context::Composer | Context::Scroll | Context::Global => None,
    };
    own.unwrap_or_else(|| match spec.does {
        // The key must not close a tab in which something is written.
        Do::Close if !app.tab().composer.is_empty() => Vec::new(),
        _ => carry_out(app, &Asked { spec, args }).unwrap_or_else(|misuse| {
            app.toast(misuse.to_string(), Tone::Bad);
            Vec::new()
        }),
    })
}

fn carry_out(app: &mut App, asked: &Asked) -> Ran {
    use Do as D;
    match asked.spec.does {
        D::New => Ok(tabs::new(app, asked.args)),
        D::Branch => tabs::branch(app, asked),
        D::Branches => Ok(tabs::branches(app)),
        D::Compare => compare::compare(app, asked),
        D::Tab => tabs::tab(app, asked),
        D::TabNext => Ok(tabs::go(app, 1)),
        D::TabPrevious => Ok(tabs::go(app, -1)),
        D::Close => Ok(tabs::close(app)),
        D::Exit => Ok(if asked.flag("--all").0 { tabs::exit_all(app) } else { tabs::close(app) }),
        D::Resume => Ok(tabs::resume(app, asked.args)),
        D::Merge => Ok(merging::merge(app, asked)),
        D::Land => landing::land(app, asked),

        D::Model => route::model(app, asked),
        D::Route => route::route(app, asked),
        D::Role => agent::role(app, asked),
        D::Permissions => agent::permissions(app, asked),
        D::Tools => Ok(agent::tools(app)),
        D::Abort => Ok(agent::abort(app)),
        D::Steer => Ok(prompt::steer(app, asked.args.to_owned())),
        D::Queue => session::queue(app, asked),
        D::Why => why::why(app, asked),
        D::Verify => limits::verify(app, asked),
        D::Budget => limits::budget(app, asked),
        D::Setup => Ok(agent::setup(app)),
        D::Context => Ok(agent::context(app)),
        D::Approvals => Ok(approvals::go(app)),
        D::Agents => Ok(children::agents(app)),
        D::Interrupt => Ok(agent::interrupt(app)),

        D::Undo => moves::undo(app, asked),
        D::Redo => Ok(moves::redo(app)),
        D::Rewind => moves::rewind(app, asked),
        D::Bisect => bisect::bisect(app, asked),
        D::Blame => blame::blame(app, asked),
        D::Log => Ok(program::log(app)),

        D::Diff => review::diff(app, asked),
        D::Review => review::review(app, asked),
        D::Radar => Ok(radar::radar(app, asked)),

        D::History => Ok(session::history(app, asked)),
        D::Search => session::search(app, asked),
        D::Export => session::export(app, asked),
        D::Import => session::import(app, asked),
        D::Push => Ok(sync::push(app, asked)),
        D::Fetch => Ok(sync::fetch(app, asked)),
        D::Clear => session::clear(app, asked),
        D::Copy => session::copy(app, asked),
        D::Errors => Ok(program::errors(app)),
        D::Verbose => Ok(look::verbose(app)),

        D::Theme => look::theme(app, asked),
        D::Keys => Ok(program::keys(app)),
        D::Panel => Ok(look::panel(app)),
        D::PanelFocus => Ok(look::panel_focus(app)),
        D::PanelWider => Ok(look::panel_width(app, 4)),
        D::PanelNarrower => Ok(look::panel_width(app, -4)),
        D::Mouse => Ok(look::mouse(app)),
        D::Vim => Ok(look::vim(app)),
        D::Redraw => Ok(vec![Action::Forget]),

        D::Help => program::help(app, asked),
        D::Palette => Ok(program::palette(app)),
        D::Health => health::health(app, asked),
        D::Restart => Ok(health::restart(app)),
        D::Doctor => Ok(health::doctor(app)),
        D::Status => Ok(program::status(app)),
        D::Worktrees => Ok(worktrees::list(app)),
        D::Gc => worktrees::gc(app, asked),
        D::Ledger => records::ledger(app, asked),
        D::Usage => Ok(records::usage(app)),
        D::Config => Ok(program::config(app, asked.args)),
        D::Suspend => Ok(vec![Action::Suspend]),

        D::Send => Ok(prompt::send(app)),
        D::Newline => Ok(suggest::write(app, Composer::newline)),
        D::SteerWith => {
            let text = suggest::take(app).text;
            if text.is_empty() {
                return Ok(Vec::new());
            }
            let mut actions = prompt::remember(app, &text);
            actions.extend(prompt::steer(app, text));
            Ok(actions)
        }
        D::Complete => Ok(suggest::complete(app)),
        D::HistorySearch => Ok(session::prompts(app)),
        D::Editor => Ok(program::editor(app)),

        reading => Ok(reading::act(app, reading)),
    }
}
