//! Shell commands: their environment, their sandbox, and running them to their end.

mod bash;
mod environment;
mod helper;
mod launch;
mod pointer;
mod process;
mod running;
mod sandbox;
mod stream;

pub use bash::{DEFAULT_TIMEOUT, MAX_TIMEOUT, Shell};
pub(super) use bash::{run, spec};
pub use environment::{Environment, is_secret};
pub use helper::enter;
pub use launch::Launch;
pub use process::{End, Finished, Process, ProcessError};
pub use running::{Input, Piped, Running};
pub use sandbox::{Network, SUBCOMMAND, Sandbox, SandboxPolicy, probe, secret_paths};
