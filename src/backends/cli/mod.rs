//! External coding CLIs as backends: programs that run a loop of their own, with their own tools, in the tab's
//! worktree. A profile (`config/cli/<name>.toml`, or a file of the user's) says how a CLI is started and read; a
//! decoder reads what it prints, or it speaks the Agent Client Protocol. What comes of it is always the same:
//! [`CliEvent`]s, the last of which tells how the run ended. Nothing here knows of conversations or commits.

pub mod decode;
pub mod profile;

mod acp;
mod backend;
mod command;
mod end;
mod event;
mod job;
mod lines;
mod partner;
mod places;
mod probe;
mod run;
mod tell;
mod tidy;
mod variables;
mod watch;
mod words;

pub use backend::{CliBackend, CliSetting};
pub use event::{CliEnd, CliEvent, Exit, ToolKind};
pub use job::{CliJob, GitPlaces, Resume};
pub use run::CliRun;
