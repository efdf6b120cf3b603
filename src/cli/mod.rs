//! The command line: one file per subcommand. It turns arguments into what the workbench offers, and
//! what comes back into text or JSON; it has no logic of its own.

mod args;
mod bisect;
mod blame;
mod compare;
mod config;
mod demo;
mod diff;
mod doctor;
mod gc;
mod land;
mod ledger;
mod log;
mod merge;
mod open;
mod output;
mod radar;
mod resume;
mod review;
mod run;
mod runtime;
mod show;
mod signals;
mod status;
mod sync;
mod undo;
mod worktrees;

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use futures::future::BoxFuture;

use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::config::{Env, Paths};
use crate::workbench::{self, Base, Opening, Options, Place, words};
use args::{AgentArgs, Cli, Command, Common};

/// Whoever shows the workbench to a person, until they quit. The command line knows no screen.
pub type Screen = fn(Arc<Place>, Opening) -> BoxFuture<'static, Result<(), Failure>>;

/// Runs offshoot on the arguments of this process.
pub fn main(screen: Screen) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { BAD_USAGE } else { 0 });
        }
    };
    start_log(cli.command.is_none() && !cli.common.plain);
    let runtime = match threads() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&Trouble::failed(format!("cannot start: {error}")));
            return ExitCode::from(FAILED);
        }
    };
    let done = runtime.block_on(dispatch(cli, screen));
    // A tool that cannot be stopped must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(500));
    match done {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            output::complain(&trouble);
            ExitCode::from(trouble.code)
        }
    }
}

/// Agents wait for models and tools most of the time: few threads serve many, and each takes memory.
fn threads() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(2, WORKERS))
        .thread_keep_alive(KEPT_ALIVE)
        .enable_all()
        .build()
}

/// Threads that drive tasks, at most.
const WORKERS: usize = 4;
/// How long a thread that did blocking work waits for more.
const KEPT_ALIVE: Duration = Duration::from_secs(2);

const FAILED: u8 = 1;
const BAD_USAGE: u8 = 2;
const BUDGET: u8 = 3;
const INTERRUPTED: u8 = 130;

/// Why a command ends badly, for a person, and the exit code.
#[derive(Debug)]
struct Trouble {
    class: ErrorClass,
    message: String,
    hint: Option<String>,
    code: u8,
}

type Done = Result<u8, Trouble>;

impl Trouble {
    fn failed(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::Internal, message: message.into(), hint: None, code: FAILED }
    }

    fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::Internal,
            message: message.into(),
            hint: Some(hint.into()),
            code: BAD_USAGE,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self { class: failure.class, message: failure.message, hint: failure.hint, code: FAILED }
    }
}

async fn dispatch(cli: Cli, screen: Screen) -> Done {
    let common = cli.common;
    let Some(command) = cli.command else {
        return open::run(&common, cli.open, screen).await;
    };
    if cli.open != args::OpenArgs::default() {
        return Err(Trouble::usage(
            "PATH, --prompt, --permissions and --init before a command are for the screen",
            "write them behind the command, where it has them: `offshoot run --permissions full \"…\"`",
        ));
    }
    match command {
        Command::Run(args) => run::run(&common, args).await,
        Command::Compare(args) => compare::run(&common, args).await,
        Command::Resume(args) => resume::run(&common, args, screen).await,
        Command::Log(args) => log::run(&common, &args).await,
        Command::Show(args) => show::run(&common, &args).await,
        Command::Blame(args) => blame::run(&common, &args).await,
        Command::Bisect(args) => bisect::run(&common, &args).await,
        Command::Diff(args) => diff::run(&common, &args).await,
        Command::Review(args) => review::run(&common, *args).await,
        Command::Undo(args) => undo::undo(&common, &args).await,
        Command::Redo(args) => undo::redo(&common, &args).await,
        Command::Land(args) => land::run(&common, args).await,
        Command::Merge(args) => merge::run(&common, args).await,
        Command::Radar(args) => radar::run(&common, &args).await,
        Command::Push(args) => sync::push(&common, &args).await,
        Command::Fetch(args) => sync::fetch(&common, &args).await,
        Command::Doctor => doctor::run(&common).await,
        Command::Status => status::run(&common).await,
        Command::Runtime { what } => runtime::run(&common, what).await,
        Command::Ledger(args) => ledger::run(&common, &args),
        Command::Config(args) => config::run(&common, &args),
        Command::Demo(args) => demo::run(&common, &args, screen).await,
        Command::Worktrees => worktrees::run(&common).await,
        Command::Gc(args) => gc::run(&common, &args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "offshoot", &mut script);
            output::print(&String::from_utf8_lossy(&script));
            Ok(0)
        }
        // `main` has caught it before.
        Command::Sandbox { .. } => Ok(BAD_USAGE),
    }
}

fn options(common: &Common, agent: &AgentArgs) -> Result<Options, Trouble> {
    let here = std::env::current_dir()
        .map_err(|error| Trouble::failed(format!("cannot tell the current folder: {error}")))?;
    let cwd = common.cwd.as_ref().map_or(here.clone(), |cwd| here.join(cwd));
    if !cwd.is_dir() {
        return Err(Trouble::usage(
            format!("{} is not a folder", cwd.display()),
            "name an existing one; if a command was meant, `offshoot --help` lists them",
        ));
    }
    let mut flags = Vec::new();
    if let Some(mode) = &agent.permissions {
        flags.push(("agent.permissions".to_owned(), mode.clone()));
    }
    if let Some(usd) = agent.budget_usd {
        flags.push(("budget.turn_usd".to_owned(), usd.to_string()));
    }
    if let Some(command) = &agent.verify {
        flags.push(("verify.command".to_owned(), command.clone()));
    }
    Ok(Options {
        cwd,
        env: Env::of_process(),
        config_file: common.config.as_ref().map(|file| here.join(file)),
        flags,
        helper: std::env::current_exe().ok(),
        can_ask: std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !common.json,
    })
}

/// Settings, backends, ledger. What is wrong with the settings ends in exit code 2.
fn base(common: &Common, agent: &AgentArgs) -> Result<Base, Trouble> {
    let base = Base::load(options(common, agent)?)
        .map_err(|failure| Trouble { code: BAD_USAGE, ..Trouble::from(failure) })?;
    if !common.quiet {
        for warning in &base.loaded.warnings {
            output::note(&format!("{}; {}", warning.message, warning.hint));
        }
    }
    Ok(base)
}

/// The repository to work on, with what a crash had left behind brought on record.
async fn place(common: &Common, base: &Base) -> Result<Arc<Place>, Trouble> {
    let place =
        Arc::new(base.place().map_err(|failure| Trouble { code: BAD_USAGE, ..Trouble::from(failure) })?);
    for told in workbench::landing::settle(&place).await? {
        output::note(&told);
    }
    for recovered in workbench::recover(&place).await {
        match recovered.result {
            Ok(what) if !common.quiet => output::note(&words::recovered(&recovered.branch, &what)),
            Ok(_) => {}
            Err(failure) => output::note(&format!(
                "session {} on {} could not be recovered: {}",
                recovered.session, recovered.branch, failure.message
            )),
        }
    }
    Ok(place)
}

/// Writes a log where `OFFSHOOT_LOG` says what of: beside the journals where it would be painted over a screen.
fn start_log(has_screen: bool) {
    use tracing_subscriber::EnvFilter;
    let Ok(filter) = EnvFilter::try_from_env("OFFSHOOT_LOG") else { return };
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    if !has_screen {
        let _ = log.with_writer(std::io::stderr).try_init();
    } else if let Some(file) = log_file() {
        let _ = log.with_ansi(false).with_writer(file).try_init();
    }
}

/// `offshoot.log` in the state directory.
fn log_file() -> Option<std::fs::File> {
    let here = std::env::current_dir().ok()?;
    let state = Paths::from_env(&Env::of_process(), &here).ok()?.state;
    Paths::create(&state).ok()?;
    std::fs::File::options().create(true).append(true).open(state.join("offshoot.log")).ok()
}

/// A path as a person writes it.
fn shown(path: &std::path::Path) -> String {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}
