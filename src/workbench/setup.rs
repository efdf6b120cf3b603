//! Getting a worktree ready that was made anew: copies and links of what git ignores, submodules, and the project's
//! own commands, in the tab's sandbox. Whatever of it fails is told, and the tab can be used all the same.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::shell;
use super::teller::Teller;
use super::words::{bytes, count};
use super::{Audience, EventKind, Place, SetupEnd, SetupEvent, ShellEnd, ShellEvent};
use crate::agent::Failure;
use crate::config::Submodules;
use crate::git::{GitError, Given, Left, Linking, Reach, Repo, Wants};
use crate::tools::shell::{Sandbox, Shell, probe};

/// Things of a kind that are named; of more, only their number is told.
const NAMED: usize = 5;
/// Between two words of how far copying is.
const PAUSE: Duration = Duration::from_millis(100);

/// What is to be done in a worktree, and with what.
pub(super) struct Setup {
    pub place: Arc<Place>,
    pub worktree: PathBuf,
    pub shell: Arc<Shell>,
    pub secrets: Arc<[String]>,
    pub stop: CancellationToken,
    pub teller: Teller,
    /// Its commands are told of under this number and the following ones.
    pub first_id: u64,
}

/// Whether there may be anything to do.
pub(super) fn is_wanted(place: &Place, worktree: &Path) -> bool {
    let settings = &place.base.services.settings.worktree;
    !settings.setup.is_empty()
        || place.repo.has_wants(&wants(place))
        || (settings.submodules != Submodules::Never && place.repo.has_submodules(worktree))
}

/// So many commands are run.
pub(super) fn commands(place: &Place) -> usize {
    place.base.services.settings.worktree.setup.len()
}

fn wants(place: &Place) -> Wants {
    let services = &place.base.services.settings;
    let settings = &services.worktree;
    // Through a link a command could write in the user's checkout, where nothing holds it back.
    let is_confined =
        services.sandbox.enabled && place.base.options.helper.is_some() && probe() == Sandbox::Available;
    Wants {
        copy: settings.include.iter().chain(&settings.copy).cloned().collect(),
        link: settings.link.clone(),
        linking: if is_confined { Linking::Link } else { Linking::Copy },
    }
}

impl Setup {
    /// Does all of it, and tells how it ended.
    pub async fn run(self) -> SetupEnd {
        let end = match self.steps().await {
            Ok(()) if self.stop.is_cancelled() => SetupEnd::Skipped,
            Ok(()) => SetupEnd::Done,
            Err(end) => end,
        };
        self.tell(SetupEvent::Ended(end.clone())).await;
        end
    }

    async fn steps(&self) -> Result<(), SetupEnd> {
        let wants = wants(&self.place);
        if self.place.repo.has_wants(&wants) {
            self.provision(wants).await.map_err(|failure| failed("copying", &failure))?;
        }
        self.submodules().await.map_err(|failure| failed("submodules", &failure))?;
        let settings = &self.place.base.services.settings.worktree;
        let limit = Duration::from_secs(settings.setup_timeout_seconds);
        for (id, command) in (self.first_id..).zip(&settings.setup) {
            if self.stop.is_cancelled() {
                return Ok(());
            }
            self.command(id, command, limit).await?;
        }
        Ok(())
    }

    async fn provision(&self, wants: Wants) -> Result<(), Failure> {
        self.doing("copying", String::new()).await;
        let (sender, mut progress) = watch::channel(None);
        let (stop, worktree) = (self.stop.clone(), self.worktree.clone());
        let makes_copies = wants.linking == Linking::Copy && !wants.link.is_empty();
        let work = self.place.git(move |repo: &Repo| {
            repo.provision(&worktree, &wants, &mut |amount| {
                sender.send_replace(Some(*amount));
                if stop.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        // The sender goes with the work, and this ends.
        let tell = async {
            while progress.changed().await.is_ok() {
                let amount = *progress.borrow_and_update();
                if let Some(amount) = amount {
                    let (files, size) = (count_u64(amount.files, "file"), bytes(amount.bytes));
                    self.doing("copying", format!("{files}, {size}")).await;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let (given, ()) = tokio::join!(work, tell);
        for line in told(&given?, makes_copies) {
            self.tell(SetupEvent::Notice(line)).await;
        }
        Ok(())
    }

    async fn submodules(&self) -> Result<(), Failure> {
        let reach = match self.place.base.services.settings.worktree.submodules {
            Submodules::Never => return Ok(()),
            Submodules::Auto => Reach::Here,
            Submodules::Always => Reach::Anywhere,
        };
        if self.stop.is_cancelled() || !self.place.repo.has_submodules(&self.worktree) {
            return Ok(());
        }
        self.doing("submodules", String::new()).await;
        let (sender, mut progress) = watch::channel(PathBuf::new());
        let (stop, worktree) = (self.stop.clone(), self.worktree.clone());
        let work = self.place.git(move |repo: &Repo| {
            repo.provision_submodules(&worktree, reach, &mut |path| {
                sender.send_replace(path.to_owned());
                if stop.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        let tell = async {
            while progress.changed().await.is_ok() {
                let path = progress.borrow_and_update().display().to_string();
                self.doing("submodules", path).await;
            }
        };
        let (done, ()) = tokio::join!(work, tell);
        let done = match done {
            // Without the program there are none; that is no reason to do nothing else.
            Err(failure) => {
                self.tell(SetupEvent::Notice(format!("no submodules: {}", failure.message))).await;
                return Ok(());
            }
            Ok(done) => done,
        };
        if !done.made.is_empty() {
            let text = format!("submodules: {}", listed(&done.made));
            self.tell(SetupEvent::Notice(text)).await;
        }
        for line in left_out("submodule ", &done.left) {
            self.tell(SetupEvent::Notice(line)).await;
        }
        Ok(())
    }

    async fn command(&self, id: u64, command: &str, limit: Duration) -> Result<(), SetupEnd> {
        self.doing(command, String::new()).await;
        let began = ShellEvent::Began { id, command: command.to_owned(), audience: Audience::User };
        self.teller.tell(EventKind::Shell(began)).await;
        let process = self.shell.process(command, &self.worktree, Some(limit));
        let (exit, text, elapsed) = shell::run(id, &process, &self.stop, &self.secrets, &self.teller).await;
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let ended = ShellEvent::Ended { id, exit: exit.clone(), text, offered: false, elapsed_ms };
        self.teller.tell(EventKind::Shell(ended)).await;
        let why = match exit {
            ShellEnd::Exited(0) => return Ok(()),
            ShellEnd::Stopped => return Err(SetupEnd::Skipped),
            ShellEnd::Exited(code) => format!("exit code {code}"),
            ShellEnd::Signalled(signal) => format!("killed by signal {signal}"),
            ShellEnd::TimedOut => format!("not finished after {} s", limit.as_secs()),
            ShellEnd::Failed(why) => why,
        };
        Err(SetupEnd::Failed { what: command.to_owned(), why })
    }

    async fn doing(&self, what: &str, so_far: String) {
        self.tell(SetupEvent::Doing { what: what.to_owned(), so_far }).await;
    }

    async fn tell(&self, event: SetupEvent) {
        self.teller.tell(EventKind::Setup(event)).await;
    }
}

fn failed(what: &str, failure: &Failure) -> SetupEnd {
    SetupEnd::Failed { what: what.to_owned(), why: failure.message.clone() }
}

/// What a worktree got, in a few lines.
fn told(given: &Given, makes_copies: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut got = Vec::new();
    if given.copied.files > 0 {
        let files = count_u64(given.copied.files, "file");
        let shared = if given.copied.clones == given.copied.files { ", sharing their blocks" } else { "" };
        got.push(format!("copied {files} ({}{shared})", bytes(given.copied.bytes)));
    }
    if !given.links.is_empty() {
        got.push(format!("linked {}", listed(&given.links)));
    }
    if !got.is_empty() {
        lines.push(format!("{} from your checkout", got.join(", ")));
    }
    if makes_copies && given.copied.files > 0 {
        lines.push("links were made as copies: nothing confines commands here".to_owned());
    }
    if !given.missing.is_empty() {
        let names: Vec<PathBuf> = given.missing.iter().map(PathBuf::from).collect();
        lines.push(format!("not in your checkout: {}", listed(&names)));
    }
    if !given.broken.is_empty() {
        lines.push(format!("no pattern: {}", given.broken.join(", ")));
    }
    lines.extend(left_out("left out: ", &given.left));
    lines
}

fn left_out(what: &str, left: &[Left]) -> Vec<String> {
    let mut lines: Vec<String> =
        left.iter().take(NAMED).map(|one| format!("{what}{}: {}", one.path.display(), one.why)).collect();
    if left.len() > NAMED {
        lines.push(format!("{what}{} more", left.len() - NAMED));
    }
    lines
}

fn listed(paths: &[PathBuf]) -> String {
    let mut names: Vec<String> = paths.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    if paths.len() > NAMED {
        names.push(format!("{} more", paths.len() - NAMED));
    }
    names.join(", ")
}

fn count_u64(number: u64, thing: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), thing)
}

/// Marks a worktree in which there is nothing to do.
pub(super) fn settle(place: &Place, worktree: &Path) -> Result<bool, GitError> {
    if place.repo.is_ready(worktree) {
        return Ok(false);
    }
    let is_wanted = is_wanted(place, worktree);
    if !is_wanted {
        place.repo.set_ready(worktree, true)?;
    }
    Ok(is_wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Amount;

    #[test]
    fn what_a_worktree_got_is_told_in_a_few_lines() {
        let given = Given {
            copied: Amount { files: 2, bytes: 1_500, clones: 2 },
            links: vec!["node_modules".into()],
            left: (0..7).map(|at| Left { path: format!("f{at}").into(), why: "it is odd".into() }).collect(),
            missing: vec![".env".into()],
            broken: vec!["{".into()],
            is_stopped: false,
        };
        let lines = told(&given, false);
        assert_eq!(
            lines[..3],
            [
                "copied 2 files (1.5 kB, sharing their blocks), linked node_modules from your checkout",
                "not in your checkout: .env",
                "no pattern: {",
            ]
        );
        assert_eq!(lines.last().unwrap(), "left out: 2 more");
        assert!(told(&Given::default(), true).is_empty());
    }
}
