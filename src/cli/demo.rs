//! `offshoot demo`: an agent at work in a throw-away repository. The model is a script; the tools, the
//! commits and the undo are real.

use std::path::Path;
use std::sync::Arc;

use super::args::{AgentArgs, Common, DemoArgs};
use super::output::{self, Tone, toned_err};
use super::run::drive;
use super::{Done, Screen, Trouble, open, options};
use crate::agent::Order;
use crate::config::Env;
use crate::workbench::{self, Base, BranchName, Opening, Start, Uncommitted};

const SCRIPT: &str = include_str!("../../assets/demo/script.toml");
const CODE: &str = include_str!("../../assets/demo/shopping.py");
const TEST: &str = include_str!("../../assets/demo/test_shopping.py");

/// Variables that the demonstration has from the user.
const OWN: &[&str] = &[
    "TERM",
    "COLORTERM",
    "TERM_PROGRAM",
    "TMUX",
    "COLORFGBG",
    "NO_COLOR",
    "LANG",
    "LC_ALL",
    "SHELL",
    "EDITOR",
    "VISUAL",
];

const PROMPT: &str = PROMPTS[0];
/// What a user is invited to type on the screen.
const PROMPTS: &[&str] = &["fix the failing test", "add a discount for ten or more", "publish it"];

pub(super) async fn run(common: &Common, args: &DemoArgs, screen: Screen) -> Done {
    let folder = tempfile::Builder::new()
        .prefix("offshoot-demo-")
        .tempdir()
        .map_err(|error| Trouble::failed(format!("cannot make a folder for the demonstration: {error}")))?;
    let project = folder.path().join("shop");
    set_up(folder.path(), &project)
        .map_err(|error| Trouble::failed(format!("cannot write the demonstration: {error}")))?;
    workbench::found(&project, "Shopping basket")?;

    let has_screen = common.plain || open::has_person() && !common.json && !common.quiet;
    let heading = |text: &str| {
        if !common.json && !common.quiet && !has_screen {
            output::told(&format!("\n{}\n", toned_err(text, Tone::Strong)));
        }
    };
    heading(&format!("$ cd {}\n$ offshoot run \"{PROMPT}\"", project.display()));
    let base = Base::load(workbench::Options {
        cwd: project.clone(),
        env: environment(folder.path()),
        config_file: None,
        flags: Vec::new(),
        can_ask: has_screen,
        ..options(common, &AgentArgs::default())?
    })?;
    let place = Arc::new(base.place()?);
    if has_screen {
        let opening = Opening { demo: Some(PROMPTS), ..Opening::default() };
        let code = open::show(common, place, opening, screen).await?;
        keep(args, folder);
        return Ok(code);
    }
    let start = Start::New { branch: BranchName::From(PROMPT.to_owned()), uncommitted: Uncommitted::Exclude };
    let order = Order { prompt: PROMPT.to_owned(), ..Order::default() };
    let code = drive(common, place.clone(), start, Some(order)).await?;

    if !common.json && !common.quiet {
        heading("$ offshoot log");
        super::log::print(&place, None, 50).await?;
        heading("Your own checkout is as it was.");
        output::told(
            "Each step is a commit on a branch of its own, with the conversation inside:\n\
             `git log offshoot/…` shows it, `offshoot undo` takes it back.\n\n\
             Next: set a key or describe a local model (`offshoot doctor` says what is\n\
             there), then in a repository of yours: offshoot run \"…\"\n",
        );
    }
    keep(args, folder);
    Ok(code)
}

fn keep(args: &DemoArgs, folder: tempfile::TempDir) {
    if args.keep {
        output::note(&format!("kept in {}", folder.keep().display()));
    }
}

fn set_up(folder: &Path, project: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(project)?;
    std::fs::create_dir_all(folder.join("config/offshoot"))?;
    std::fs::write(project.join("shopping.py"), CODE)?;
    std::fs::write(project.join("test_shopping.py"), TEST)?;
    std::fs::write(project.join(".gitignore"), "__pycache__/\n")?;
    std::fs::write(folder.join("script.toml"), SCRIPT)?;
    let config = format!(
        "[router]\norder = [\"demo\"]\n\n[backends.demo]\nkind = \"scripted\"\nmodel = \"script\"\nlocal = true\n\
         script = {}\n",
        toml::Value::String(folder.join("script.toml").display().to_string())
    );
    std::fs::write(folder.join("config/offshoot/config.toml"), config)
}

/// Everything that the demonstration writes lies in its own folder; no setting of the user's counts.
fn environment(folder: &Path) -> Env {
    let below = |name: &str| folder.join(name).display().to_string();
    let process = Env::of_process();
    let path = process.get("PATH").unwrap_or("/usr/bin:/bin").to_owned();
    // What the user's terminal is, and which programs they like.
    let own = OWN.iter().filter_map(|name| Some((*name, process.get(name)?.to_owned())));
    let ours = [
        ("PATH", path),
        ("HOME", below("home")),
        ("XDG_CONFIG_HOME", below("config")),
        ("OFFSHOOT_DATA_DIR", below("data")),
        ("OFFSHOOT_STATE_DIR", below("state")),
        ("OFFSHOOT_CACHE_DIR", below("cache")),
    ];
    own.chain(ours).collect()
}
