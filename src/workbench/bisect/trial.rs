//! The worktree in which a command is tried, as an agent's command would run: in the sandbox, with the same environment.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::search::Verdict;
use super::state::Told;
use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::config::Paths;
use crate::git::{CommitId, Repo, Scratch};
use crate::tools::shell::{End, Process, Shell};
use crate::workbench::held::lock_worktrees;
use crate::workbench::radar::Radar;
use crate::workbench::setup::{self, Setup};
use crate::workbench::surroundings;
use crate::workbench::teller::Teller;
use crate::workbench::toolbox::{self, Access};
use crate::workbench::{EventKind, Place, SetupEnd, SetupEvent, ShellEvent, TabId};

/// Words of a setup that may wait to be passed on.
const EVENTS: usize = 64;

pub(super) struct Trial {
    scratch: Scratch,
    shell: Shell,
    temporary: PathBuf,
}

impl Trial {
    pub async fn begin(place: &Arc<Place>, path: PathBuf, key: &str, at: &CommitId) -> Result<Self, Failure> {
        let temporary = place.temporary(&format!("bisect-{key}"));
        for folder in [&temporary, &place.agents_home(), &place.journals()] {
            Paths::create(folder)
                .map_err(|error| Failure::new(ErrorClass::Internal, error.to_string()).hint(error.hint()))?;
        }
        let (at, lock) = (at.clone(), place.worktrees_lock());
        let make = move |repo: &Repo| {
            let _one_at_a_time = lock_worktrees(&lock)?;
            Ok::<_, Failure>(repo.scratch(&path, &at)?)
        };
        let scratch = place.git(make).await?;
        let variables = surroundings::variables(place, scratch.path(), "");
        let context = toolbox::context(place, scratch.path(), &temporary, &variables, Access::Work)?;
        Ok(Self { scratch, shell: Shell::clone(&context.shell), temporary })
    }

    /// Gives the worktree what those of tabs get: copies, links, the project's own commands. What fails of it is told,
    /// and the command is tried all the same.
    pub async fn make_ready(
        &self,
        place: &Arc<Place>,
        cancel: &CancellationToken,
        output: &mut (dyn FnMut(String) + Send),
    ) -> Result<(), Failure> {
        let (of_setup, path) = (Arc::clone(place), self.scratch.path().to_owned());
        if !place.git(move |_| Ok::<_, Failure>(setup::is_wanted(&of_setup, &path))).await? {
            return Ok(());
        }
        let (events, mut told) = mpsc::channel(EVENTS);
        let setup = Setup {
            place: Arc::clone(place),
            worktree: self.scratch.path().to_owned(),
            shell: Arc::new(self.shell.clone()),
            secrets: place.base.services.secrets.as_slice().into(),
            stop: cancel.clone(),
            teller: Teller::new(TabId(0), Radar::new(), events),
            first_id: 0,
        };
        let pass_on = async {
            while let Some(event) = told.recv().await {
                match event.kind {
                    EventKind::Setup(SetupEvent::Notice(text)) => output(format!("{text}\n")),
                    EventKind::Shell(ShellEvent::Output { text, .. }) => output(text),
                    _ => {}
                }
            }
        };
        let (end, ()) = tokio::join!(setup.run(), pass_on);
        if let SetupEnd::Failed { what, why } = end {
            output(format!("setup failed: {what}: {why}\n"));
        }
        Ok(())
    }

    /// What the command says of a commit.
    ///
    /// # Errors
    /// When it asks to stop, cannot be run, or was cancelled.
    pub async fn run(
        &self,
        place: &Place,
        commit: &CommitId,
        command: &str,
        cancel: &CancellationToken,
        output: &mut (dyn FnMut(String) + Send),
    ) -> Result<Told, Failure> {
        let (scratch, at) = (self.scratch.clone(), commit.clone());
        place.git(move |_| scratch.go_to(&at)).await?;
        let process =
            Process { program: "/bin/sh".into(), ..self.shell.process(command, self.scratch.path(), None) };
        let finished = process.run(cancel, |text| output(text.to_owned())).await.map_err(|error| {
            let failure = Failure::new(ErrorClass::Internal, error.to_string());
            match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        let stopped = |what: String| {
            Failure::new(ErrorClass::Internal, format!("`{command}` {what} at commit {}", commit.short())).hint(
                "that means to stop; what was found is kept: `offshoot bisect --continue` goes on, exit code 125 passes a commit over",
            )
        };
        let exit = match finished.end {
            End::Exited(exit) => exit,
            End::Signalled(signal) => return Err(stopped(format!("was killed by signal {signal}"))),
            End::Cancelled | End::TimedOut => {
                return Err(Failure::new(ErrorClass::Cancelled, "stopped; what was found so far is kept")
                    .hint("`offshoot bisect --continue` goes on from there"));
            }
        };
        let verdict =
            Verdict::of_exit(exit).ok_or_else(|| stopped(format!("ended with exit code {exit}")))?;
        Ok(Told { verdict, exit })
    }

    /// Removes the worktree. What stays of it goes with the next search.
    pub async fn end(self, place: &Place) {
        let Self { scratch, temporary, .. } = self;
        let remove = move |repo: &Repo| {
            let _ = std::fs::remove_dir_all(&temporary);
            repo.drop_scratch(scratch.path())
        };
        if let Err(failure) = place.git(remove).await {
            tracing::warn!(failure.message, "the worktree of a search stays");
        }
    }
}
