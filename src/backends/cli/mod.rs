//! External coding CLIs as backends: programs that run a loop of their own, with their own tools, in the tab's
//! worktree. A profile (`config/cli/<name>.toml`, or a file of the user's) says how a CLI is started and read; a
//! decoder reads what it prints, or it speaks the Agent Client Protocol. What comes of it is always the same:
//! [`CliEvent`]s, the last of which tells how the run ended. Nothing here knows of conversations or commits.

pub mod decode;
mod event;
mod job;

pub use event::{CliEnd, CliEvent, Exit, ToolKind};
pub use job::{CliJob, GitPlaces, Resume};

// STUB: only until the engine is merged
use crate::backends::BackendError;
pub struct CliSetting {
    pub env: crate::tools::shell::Environment,
    pub sandbox: crate::tools::shell::SandboxPolicy,
}
#[derive(Debug, Clone)]
pub struct CliBackend;
pub struct CliRun;
impl CliBackend {
    pub fn start(
        &self,
        _job: CliJob,
        _s: &CliSetting,
        _c: &tokio_util::sync::CancellationToken,
    ) -> Result<CliRun, BackendError> {
        unimplemented!()
    }
    pub fn holds_read_only(&self, _s: &CliSetting) -> bool {
        true
    }
    pub fn asks(&self) -> bool {
        false
    }
    pub fn resumes(&self) -> bool {
        true
    }
}
impl CliRun {
    pub async fn next(&mut self) -> Option<CliEvent> {
        None
    }
    pub fn answer(&self, _id: &str, _allow: bool) {}
}
impl crate::backends::Backend {
    pub fn as_cli(&self) -> Option<&CliBackend> {
        None
    }
}
