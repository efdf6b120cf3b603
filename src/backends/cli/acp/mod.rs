//! The Agent Client Protocol as a way in: we are the client, an external CLI is the agent, and they talk over its
//! standard input and output. What it tells becomes the same [`CliEvent`](super::CliEvent)s as what other CLIs print.
//!
//! Only the types of the protocol come from elsewhere. Reading and writing are our own, so that lines, queues and
//! waiting have bounds. One process has one session and one turn; a session that goes on is loaded by the next one.

mod agent;
mod calls;
mod change;
mod client;
mod failure;
mod meter;
mod offers;
mod rpc;
mod turn;

#[cfg(test)]
mod tests;

pub(super) use agent::Agent;

use super::CliJob;
use super::profile::Acp;

/// All that a turn of an agent needs to be known.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    /// The id of the backend, for the words of failures.
    pub backend: String,
    /// What a person does to log in, for the hint of a failure.
    pub login: Option<String>,
    pub profile: Acp,
    pub job: CliJob,
}
