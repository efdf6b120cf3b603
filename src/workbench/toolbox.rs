//! What an agent's tools work with: its worktree, the environment of its commands, their sandbox, and
//! the skills that it may load.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Place;
use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::tools::output::Cap;
use crate::tools::shell::{Environment, Network, SandboxPolicy, Shell, secret_paths};
use crate::tools::{Progress, SkillDir, Skills, TodoList, ToolContext, Workspace};

/// What an agent does in a worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Work,
    Look,
}

/// The context of a session's tools. `temporary` is the directory for its commands' temporary files, `variables` is
/// what they are told of the worktree.
pub(super) fn context(
    place: &Place,
    worktree: &Path,
    temporary: &Path,
    variables: &[(String, String)],
    access: Access,
) -> Result<ToolContext, Failure> {
    let workspace = Workspace::open_root(worktree).map_err(|error| {
        Failure::new(ErrorClass::Internal, format!("cannot open worktree {}: {error}", worktree.display()))
    })?;
    Ok(ToolContext {
        workspace: Arc::new(workspace),
        cancel: CancellationToken::new(),
        progress: Progress::none(),
        shell: Arc::new(shell(place, worktree, temporary, variables, access)),
        todo: TodoList::default(),
        skills: Arc::new(skills(place, worktree)),
    })
}

fn shell(
    place: &Place,
    worktree: &Path,
    temporary: &Path,
    variables: &[(String, String)],
    access: Access,
) -> Shell {
    let settings = &place.base.services.settings;
    let home = place.agents_home();
    let parent = place.base.options.env.iter().map(|(name, value)| (name.into(), value.into()));
    let env = Environment::new(parent, &settings.agent.env_allow, &home, temporary);
    let env = variables.iter().fold(env, |env, (name, value)| env.with(name, value));
    let own =
        if access == Access::Work { vec![worktree.to_owned(), place.shared_cache()] } else { Vec::new() };
    let mut writable: Vec<PathBuf> = own.into_iter().chain([temporary.to_owned(), home]).collect();
    writable.extend(env.cache_dirs());
    writable.extend(settings.sandbox.writable.iter().cloned());
    let hidden = env.real_home().map(secret_paths).unwrap_or_default();
    let sandbox = SandboxPolicy {
        helper: place.base.options.helper.clone(),
        writable,
        hidden,
        network: if settings.sandbox.network { Network::Open } else { Network::Closed },
        enabled: settings.sandbox.enabled,
    };
    Shell {
        timeout: settings.agent.shell_timeout_seconds,
        cap: Cap::of_bytes(settings.agent.tool_output_bytes),
        ..Shell::new(env, sandbox)
    }
}

fn skills(place: &Place, worktree: &Path) -> Skills {
    let user = [place.base.paths().config.join("skills")];
    Skills::discover(&SkillDir::usual(worktree, user))
}
