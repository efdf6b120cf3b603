//! The command line's grammar.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A terminal workbench for coding with several agents at once, each on a git branch of its own.
///
/// Without a command it opens the workbench on the repository at PATH.
#[derive(Debug, Parser)]
#[command(name = "offshoot", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 bad usage or settings, 3 budget reached, 130 interrupted.\n\
    Try `offshoot demo` first: it needs no key and no network."
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub open: OpenArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Without a command: the workbench on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct OpenArgs {
    /// The repository to open the workbench on; here when absent
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Send this first
    #[arg(long, short, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// What the agents may do unasked: read-only, ask, auto or full
    #[arg(long, value_name = "MODE")]
    pub permissions: Option<String>,
    /// Make a git repository here when there is none
    #[arg(long)]
    pub init: bool,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// Settings file to use instead of the user's
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Work as if started in this folder
    #[arg(long, global = true, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
    /// Print JSON: for `run` one event a line, for reports one object
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only the result
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Lines in place of a screen: for screen readers and dumb terminals
    #[arg(long, global = true)]
    pub plain: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one task in a branch and worktree of its own
    Run(RunArgs),
    /// Give one task to several agents at once, from the same commit, and compare what they make
    Compare(CompareArgs),
    /// Reopen a session from its commit, and go on with it
    Resume(ResumeArgs),
    /// Show the sessions of this repository with their steps
    Log(LogArgs),
    /// Show one step: prompt, tool calls, diff, route, usage
    Show(ShowArgs),
    /// Show what a branch, a turn or a step changed, or two states, as a patch
    Diff(DiffArgs),
    /// List the changes of a branch with their hunks; comment on them, take them back or over
    Review(Box<ReviewArgs>),
    /// Name the step, the prompt, the model and the cost behind the lines of a file
    Blame(BlameArgs),
    /// Find the prompt that broke something: try a command at the steps of a session
    #[command(
        after_help = "The command runs with `sh -c` in a worktree of its own, as agents' commands do. Exit code 0: it holds; \
    1 to 127: it is broken; 125: this step cannot be told; from 128 on: stop."
    )]
    Bisect(BisectArgs),
    /// Move a session back by a step or a turn; nothing is lost
    Undo(UndoArgs),
    /// Take back an undo
    Redo(RedoArgs),
    /// Bring a branch home to yours: as one commit, a merge, or chosen steps
    ///
    /// Shows what it does and how to take it back. What is not committed in your checkout stays as it is; where it
    /// would be lost, or something conflicts, nothing is changed and the exit code is 1. Runs no hooks, and signs nothing.
    Land(LandArgs),
    /// Merge a session into the one that it was branched off from
    Merge(MergeArgs),
    /// Show which branches would conflict, with yours and with each other; changes nothing
    Radar(RadarArgs),
    /// Send sessions to a remote, for somebody else to go on with; a plain git push sends none
    Push(PushArgs),
    /// Fetch the sessions of a remote
    Fetch(FetchArgs),
    /// Check git, settings, folders and each backend, without side effects
    Doctor,
    /// Show health, recent routes and failures, and the sessions
    Status,
    /// Look at the local model server, or restart it
    Runtime {
        #[command(subcommand)]
        what: RuntimeCommand,
    },
    /// Read the ledger of runs
    Ledger(LedgerArgs),
    /// Show the settings in force and where each comes from
    Config(ConfigArgs),
    /// Watch an agent at work in a throw-away repository: no key, no network
    Demo(DemoArgs),
    /// Show the worktrees of this repository: size, state, ports
    Worktrees,
    /// Free what finished sessions no longer need; shows it first
    Gc(GcArgs),
    /// Print the completion script of a shell
    Completions { shell: clap_complete::Shell },
    /// Run a command with write access to some folders only
    #[command(name = "__sandbox", hide = true, disable_help_flag = true)]
    Sandbox {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
}

#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The task; what is piped in is added to it
    #[arg(value_name = "TASK")]
    pub task: Vec<String>,
    #[command(flatten)]
    pub agent: AgentArgs,
    /// Continue the session on this branch, or start one on it
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Start a branch at this step, with its conversation
    #[arg(long, value_name = "HASH", conflicts_with = "from")]
    pub resume: Option<String>,
    /// Branch off this step or session (with --turn: as it stood before that turn)
    #[arg(long, value_name = "HASH")]
    pub from: Option<String>,
    /// With --from: the user's turn to branch off before, from 1
    #[arg(long, value_name = "N", requires = "from")]
    pub turn: Option<u32>,
    /// What to do with uncommitted work in the checkout
    #[arg(long, value_enum, value_name = "WHAT")]
    pub uncommitted: Option<Uncommitted>,
    /// Make a git repository here when there is none
    #[arg(long)]
    pub init: bool,
}

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "With --json every event carries the letter of its candidate, and the last line has type \"comparison\".\n\
    Exit code 0 when at least one candidate succeeded. Where an agent would ask, the answer is no."
)]
pub struct CompareArgs {
    /// The task; what is piped in is added to it
    #[arg(value_name = "TASK")]
    pub task: Vec<String>,
    /// Who takes part: BACKEND, BACKEND/MODEL, BACKEND@ROLE, @ROLE or auto; ×2 behind one takes it twice
    #[arg(long, value_name = "LIST")]
    pub with: Vec<String>,
    /// How many take part in all, 2 to 8: those named are taken in turn. The same one answers differently by chance
    #[arg(long, short, value_name = "N")]
    pub n: Option<usize>,
    #[command(flatten)]
    pub agent: AgentArgs,
    /// How many work at the same time; all when absent
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Keep this one (a letter, a name, or best: done, changed something, passed the check, no conflicts, cheapest)
    /// and archive the others; their branches stay
    #[arg(long, value_name = "WHICH")]
    pub keep: Option<String>,
    /// Start from this step, branch or session, with its conversation
    #[arg(long, value_name = "HASH")]
    pub from: Option<String>,
    /// What to do with uncommitted work in the checkout
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "from")]
    pub uncommitted: Option<Uncommitted>,
}

/// Who works, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct AgentArgs {
    /// Backend to ask, by its id in the settings
    #[arg(long, short, value_name = "ID")]
    pub backend: Option<String>,
    /// Model to ask for
    #[arg(long, short, value_name = "M")]
    pub model: Option<String>,
    /// Role to work in
    #[arg(long, value_name = "R")]
    pub role: Option<String>,
    /// What the agent may do unasked: read-only, ask, auto or full
    #[arg(long, value_name = "MODE")]
    pub permissions: Option<String>,
    /// Command that checks the work
    #[arg(long, value_name = "CMD")]
    pub verify: Option<String>,
    /// Stop when the turn has cost so much, in US dollars
    #[arg(long, value_name = "N")]
    pub budget_usd: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Uncommitted {
    /// Start from a snapshot of it
    Include,
    /// Start from the last commit
    Exclude,
}

#[derive(Debug, Clone, Args)]
pub struct ResumeArgs {
    /// A step's hash, a branch or a session; the last session when absent
    #[arg(value_name = "HASH or BRANCH")]
    pub rev: Option<String>,
    /// A task to go on with at once
    #[arg(value_name = "TASK")]
    pub task: Vec<String>,
    #[command(flatten)]
    pub agent: AgentArgs,
}

#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// Only this session, branch or step
    #[arg(value_name = "REV")]
    pub rev: Option<String>,
    /// The heads that sessions moved away from by undo, close and the like, and how to get each back
    #[arg(long)]
    pub kept: bool,
    /// Sessions to show at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// The step's hash, or a branch or session for its last step
    #[arg(value_name = "HASH")]
    pub rev: String,
    /// Leave the diff out
    #[arg(long)]
    pub no_diff: bool,
}

/// What is compared.
#[derive(Debug, Clone, Default, Args)]
pub struct WhatArgs {
    /// A branch or a session, against where it began; the last session when absent
    #[arg(value_name = "BRANCH")]
    pub rev: Option<String>,
    /// Only what this step or commit changed
    #[arg(long, value_name = "HASH", conflicts_with = "turn")]
    pub step: Option<String>,
    /// Only what this turn of the session changed, from 1
    #[arg(long, value_name = "N")]
    pub turn: Option<u32>,
}

#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    #[command(flatten)]
    pub what: WhatArgs,
    /// Compare the first with this: branches, sessions, hashes; `A..B` means the same
    #[arg(value_name = "B")]
    pub second: Option<String>,
    /// Only how many lines of each file
    #[arg(long, conflicts_with = "name_only")]
    pub stat: bool,
    /// Only the names of the files
    #[arg(long)]
    pub name_only: bool,
}

#[derive(Debug, Clone, Args)]
pub struct ReviewArgs {
    #[command(flatten)]
    pub what: WhatArgs,
    /// Comment on a line, on lines, or on a file; may be given several times
    #[arg(long, num_args = 2, value_names = ["PATH[:LINE[-LINE]]", "TEXT"])]
    pub comment: Vec<String>,
    /// Give the comments to the agent as its next prompt, and let it work
    #[arg(long)]
    pub send: bool,
    /// Only print that prompt
    #[arg(long, conflicts_with = "send")]
    pub prompt_only: bool,
    /// Take a file back, or hunks of it as in PATH:2, as a commit of yours on the branch
    #[arg(long, value_name = "PATH[:HUNK]")]
    pub revert: Vec<String>,
    /// Take a file over from --from, or hunks of it, as a commit of yours on the branch
    #[arg(long, value_name = "PATH[:HUNK]", requires = "from", conflicts_with = "revert")]
    pub take: Vec<String>,
    /// The branch or session whose changes --take takes from
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
    #[command(flatten)]
    pub agent: AgentArgs,
}

#[derive(Debug, Clone, Args)]
pub struct BlameArgs {
    /// The file, and which of its lines where not all: a number, or two with - between
    #[arg(value_name = "FILE[:LINE]")]
    pub file: String,
    /// The version of this branch, session or commit, not the one in the checkout
    #[arg(long, value_name = "REV")]
    pub rev: Option<String>,
    /// Changes of blanks alone are no changes
    #[arg(long, short = 'w')]
    pub ignore_blanks: bool,
}

#[derive(Debug, Clone, Args)]
#[group(id = "what", required = true, multiple = true, args = ["run", "go_on", "reset"])]
pub struct BisectArgs {
    /// The command that tells good from bad
    #[arg(long, value_name = "CMD", conflicts_with = "go_on")]
    pub run: Option<String>,
    /// Go on with the last search that was interrupted
    #[arg(long = "continue", conflicts_with_all = ["reset", "session", "from", "to"])]
    pub go_on: bool,
    /// Forget what searches found so far: all, or that of --run or --session
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub reset: bool,
    /// Where it held; the session's start when absent
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
    /// Where it does not; the session's last step when absent
    #[arg(long, value_name = "REV")]
    pub to: Option<String>,
    /// The session or branch; the last session when absent
    #[arg(long, value_name = "S")]
    pub session: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct UndoArgs {
    /// The session or branch; the last session when absent
    #[arg(value_name = "BRANCH")]
    pub rev: Option<String>,
    /// Undo a whole turn instead of a step
    #[arg(long)]
    pub turn: bool,
    /// Go back to before this turn of yours, counted from 1
    #[arg(long, value_name = "N", conflicts_with_all = ["turn", "count"])]
    pub to_turn: Option<u32>,
    /// How many to undo
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1)]
    pub count: u32,
    /// Only tell what would happen
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct RedoArgs {
    /// The session or branch; the last session when absent
    #[arg(value_name = "BRANCH")]
    pub rev: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct PushArgs {
    /// A remote, then branches or sessions; the usual remote and the last session when absent
    #[arg(value_name = "REMOTE or BRANCH")]
    pub what: Vec<String>,
    /// The remote: its name, a path or an address
    #[arg(long, value_name = "REMOTE")]
    pub remote: Option<String>,
    /// Every session of this repository
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Clone, Args)]
pub struct FetchArgs {
    /// The remote: its name, a path or an address; the usual one when absent
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct LandArgs {
    /// What to land: a branch or a session; the last session when absent
    #[arg(value_name = "BRANCH")]
    pub rev: Option<String>,
    /// As one commit, without the conversation (the default)
    #[arg(long, conflicts_with_all = ["merge", "pick"])]
    pub squash: bool,
    /// As a merge: the steps are in the branch's history then
    #[arg(long, conflicts_with = "pick")]
    pub merge: bool,
    /// As copies of chosen steps with their conversation: 3, 2-4, t3 (a turn), a hash; with commas between them
    #[arg(long, value_name = "STEPS")]
    pub pick: Option<String>,
    /// The branch to land in; the one that is checked out when absent. One that is not there is made
    #[arg(long, value_name = "BRANCH")]
    pub into: Option<String>,
    /// The message of the commit, in place of one that is made from the session
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,
    /// Only tell what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// Let an agent resolve the conflicts, on a branch of its own that lands after
    #[arg(long, conflicts_with_all = ["pick", "dry_run", "undo"])]
    pub resolve: bool,
    /// Land conflicts, too, that were to be resolved and that nobody touched
    #[arg(long, conflicts_with = "undo")]
    pub as_is: bool,
    /// Take back the last landing in the branch, while nothing came after it
    #[arg(long, conflicts_with_all = ["squash", "merge", "pick", "message"])]
    pub undo: bool,
    #[command(flatten)]
    pub agent: AgentArgs,
}

#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// The session or branch to merge
    #[arg(value_name = "CHILD")]
    pub child: String,
    /// The session or branch to merge it into; the one that it left when absent
    #[arg(long, value_name = "PARENT")]
    pub into: Option<String>,
    /// Only tell what would conflict
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct RadarArgs {
    /// The branches or sessions to compare; those that have not landed when absent
    #[arg(value_name = "BRANCH")]
    pub branches: Vec<String>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum RuntimeCommand {
    /// Whether it is up; exit code 0 when it is
    Status,
    /// Run your own command for it, and wait until the server answers
    Restart,
}

#[derive(Debug, Clone, Args)]
pub struct LedgerArgs {
    #[command(subcommand)]
    pub what: Option<LedgerCommand>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum LedgerCommand {
    /// The last entries
    Tail {
        #[arg(short, default_value_t = 20)]
        n: usize,
    },
    /// Sums by route, backend, outcome and failure, with times
    Stats,
    /// Check that every line can be read
    Verify,
    /// Set confidence beside what became of the work
    Calibrate {
        /// Fit the weights of the signals to the outcomes, for the router to use
        #[arg(long)]
        refit: bool,
        /// With --refit: only show what would be used
        #[arg(long, requires = "refit")]
        dry_run: bool,
    },
    /// Tell what the settings in --config FILE would have chosen
    Replay,
}

#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub what: Option<ConfigCommand>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// All settings in force
    Show,
    /// Where a setting's value comes from
    Explain { key: String },
    /// Where the settings and everything else are kept
    Path,
    /// Let this repository's own settings file set commands, permissions and endpoints
    Trust {
        /// A folder in the repository; here when absent
        path: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Keep the repository, and say where it is
    #[arg(long)]
    pub keep: bool,
}

#[derive(Debug, Clone, Args)]
pub struct GcArgs {
    /// Do it
    #[arg(long)]
    pub apply: bool,
    /// Also free folders that git ignores (`target`, `node_modules` …) of worktrees that nobody works in; what the settings
    /// give a worktree comes again when it is next opened
    #[arg(long)]
    pub builds: bool,
    /// Only worktrees in which nothing was done for so many days
    #[arg(long, value_name = "DAYS")]
    pub older_than: Option<u32>,
    /// Also drop heads kept by undo and close that are older than so many days
    #[arg(long, value_name = "DAYS")]
    pub kept_older_than: Option<u32>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_of_every_command_may_stand_before_it() {
        let parse = |words: &str| Cli::try_parse_from(words.split(' ')).unwrap();
        let cli = parse("offshoot --json --cwd . log");
        assert!(cli.common.json && matches!(cli.command, Some(Command::Log(_))));
        let cli = parse("offshoot --plain somewhere");
        assert!(cli.command.is_none() && cli.open.path == Some("somewhere".into()));
    }
}
