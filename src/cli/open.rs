//! `offshoot [PATH]`: the workbench on the screen. What is shown there is not the command line's business;
//! this finds the repository, and says what is in the way.

use std::io::IsTerminal;
use std::sync::Arc;

use super::args::{AgentArgs, Common, OpenArgs};
use super::{Done, Screen, Trouble, base};
use crate::workbench::{Opening, Place};

pub(super) async fn run(common: &Common, args: OpenArgs, screen: Screen) -> Done {
    check(common)?;
    let common = match &args.path {
        Some(path) => Common {
            cwd: Some(common.cwd.as_ref().map_or(path.clone(), |cwd| cwd.join(path))),
            ..common.clone()
        },
        None => common.clone(),
    };
    let agent = AgentArgs { permissions: args.permissions, ..AgentArgs::default() };
    let mut base = base(&Common { quiet: true, ..common.clone() }, &agent)?;
    if args.init && base.repo.is_err() {
        crate::workbench::init(&base.options.cwd)?;
        base = super::base(&Common { quiet: true, ..common.clone() }, &agent)?;
    }
    base.options.can_ask = true;
    let place = base.place().map_err(|failure| {
        let hint = failure.hint.as_ref().map(|_| {
            "go to a repository, name one (`offshoot PATH`), or let offshoot make one here: `offshoot --init`".to_owned()
        });
        Trouble { code: super::BAD_USAGE, hint, ..failure.into() }
    })?;
    show(&common, Arc::new(place), Opening { prompt: args.prompt, ..Opening::default() }, screen).await
}

/// Opens the screen, or the lines in its place.
pub(super) async fn show(common: &Common, place: Arc<Place>, opening: Opening, screen: Screen) -> Done {
    let opening = Opening { is_plain: common.plain, ..opening };
    screen(place, opening).await?;
    Ok(0)
}

/// Whether a person sits at a terminal.
pub(super) fn has_person() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !is_dumb()
}

/// What keeps a screen from being painted.
fn check(common: &Common) -> Result<(), Trouble> {
    if common.json {
        return Err(Trouble::usage(
            "the screen prints no JSON",
            "`offshoot run --json \"…\"` does; so do status, log, ledger and doctor",
        ));
    }
    if common.plain || has_person() {
        return Ok(());
    }
    if is_dumb() && std::io::stdin().is_terminal() {
        return Err(Trouble::usage(
            "this terminal (TERM=dumb) cannot show a screen",
            "`offshoot --plain` has the same commands as lines",
        ));
    }
    Err(Trouble::usage(
        "there is no terminal to show a screen on",
        "`offshoot run \"…\"` needs none; `offshoot --plain` reads commands and prompts line by line",
    ))
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty())
}
