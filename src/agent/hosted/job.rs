//! What a CLI is asked: the words that it has not heard, its place, and what it may do there.

use std::path::PathBuf;

use super::super::turn::Attempt;
use super::super::{Agent, Failure, brief};
use crate::backends::cli::{CliBackend, CliJob, CliSetting, GitPlaces, Resume};
use crate::config::PermissionMode;

impl Agent {
    /// What the tab's commands work with, too.
    pub(super) fn cli_setting(&self) -> CliSetting {
        CliSetting { env: self.tools.shell.env.clone(), sandbox: self.tools.shell.sandbox.clone() }
    }

    pub(super) async fn cli_job(&self, cli: &CliBackend, attempt: &Attempt) -> Result<CliJob, Failure> {
        let conversation = &self.session.conversation;
        // Who cannot ask for single calls was let in as a whole.
        let permissions = match self.mode(attempt) {
            PermissionMode::Ask if !cli.asks() => PermissionMode::Auto,
            mode => mode,
        };
        let thread = self.natives.of(attempt.backend.id(), conversation).filter(|_| cli.resumes(permissions));
        let heard = thread.map_or(0, |thread| thread.heard);
        let persona = self.persona.as_ref().and_then(|persona| persona.system.as_deref());
        let prompt = brief::brief(&conversation.entries()[heard..], persona.filter(|_| thread.is_none()));
        let branch = format!("refs/heads/{}", self.session.branch);
        let git = self
            .keeper
            .run(move |repo, held| {
                Ok(held.worktree.as_ref().map(|worktree| GitPlaces {
                    common: repo.common_dir().to_owned(),
                    own: worktree.git_dir().to_owned(),
                    branch,
                }))
            })
            .await?;
        let temporary = self.tools.shell.env.get("TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Ok(CliJob {
            prompt,
            dir: self.session.worktree.clone(),
            git,
            temporary,
            model: Some(attempt.model.clone()).filter(|model| !model.is_empty()),
            effort: attempt.effort,
            permissions,
            resume: thread.map(|thread| Resume { id: thread.id.clone(), counted: thread.counted }),
            session: uuid(fastrand::u128(..)),
        })
    }
}

/// A random UUID (version 4) of random bits.
fn uuid(bits: u128) -> String {
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_tells_its_version_and_variant() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
