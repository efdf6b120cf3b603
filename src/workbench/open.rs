//! Opening a session and closing it again: what it begins with becomes an agent, and what a crash had left is
//! on record before anybody is told of anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::afterwords::{Meant, Turns};
use super::ground::{Beginning, Ground, Site, ground};
use super::held::{head_of, lock_worktrees};
use super::past::{Past, Steps};
use super::surroundings::{Variables, variables};
use super::toolbox::Access;
use super::{Back, History, Moved, Opened, Place};
use crate::agent::journal::{self, Header, Journal, JournaledOrigin, SessionLock};
use crate::agent::{Agent, Failure, Parts, Replay, SessionState};
use crate::chat::ErrorClass;
use crate::config::{Paths, PermissionMode};
use crate::git::session::{self, Cursor, Mark, Redone, Session, Trail};
use crate::git::{CommitId, Expect, GitError, Repo};
use crate::ledger::Ledger;
use crate::tools::permissions::{Places, Rules};

/// An open session with its agent.
pub(super) struct OpenTab {
    pub agent: Agent,
    pub opened: Opened,
    /// Its worktree was made anew, and has not got yet what it is to get.
    pub needs_setup: bool,
    past: Past,
    /// The branch was made for this session: it goes again when nothing is said in it.
    is_new: bool,
    /// Its worktree goes with it; everything in it is committed.
    pub drops_worktree: bool,
    /// On its branch; an aside has none.
    hold: Option<SessionLock>,
    temporary: PathBuf,
}

/// Opens a session; what a crash had left of it is on record first. The agent talks to nobody yet.
///
/// # Errors
/// When it cannot be opened. A branch and a worktree that were made for it are gone again.
pub(super) async fn open(
    place: &Arc<Place>,
    beginning: impl Into<Beginning>,
    permissions: Option<PermissionMode>,
) -> Result<OpenTab, Failure> {
    let prepared = {
        let (place, beginning) = (place.clone(), beginning.into());
        tokio::task::spawn_blocking(move || prepare(&place, beginning, permissions))
            .await
            .map_err(|_| Failure::new(ErrorClass::Internal, "the git thread died"))??
    };
    let Prepared {
        mut agent,
        replay,
        steps,
        own_from,
        is_new,
        hold,
        temporary,
        variables,
        needs_setup,
        notices,
    } = prepared;
    let recovered = match replay {
        Some(replay) => Some(agent.recover(replay).await?),
        None => None,
    };
    if agent.session().recorded < agent.session().conversation.len() {
        // A branched-off conversation is on record before anything is added to it.
        agent.keep().await?;
    }
    let base = agent.head().await?.unwrap_or_default();
    let mut past = Past::default();
    // What a crash had left may have become a step.
    let steps = steps.filter(|_| recovered.is_none());
    let (history, start) = history(&agent, &mut past, steps).await?;
    let session = agent.session();
    let opened = Opened {
        branch: session.branch.clone(),
        worktree: session.worktree.clone(),
        variables,
        is_aside: hold.is_none(),
        parent: None,
        title: session.conversation.title_since(own_from).unwrap_or_default(),
        base,
        start,
        turns: session.conversation.turn(),
        steps: session.step,
        history,
        permissions: agent.permissions(),
        chosen: session.chosen.clone(),
        context: agent.context_use(),
        recovered,
        notices,
    };
    Ok(OpenTab { agent, opened, needs_setup, past, is_new, drops_worktree: false, hold, temporary })
}

/// What was said and done so far, and the commit at which the branch began.
async fn history(
    agent: &Agent,
    past: &mut Past,
    steps: Option<Vec<Mark>>,
) -> Result<(History, String), Failure> {
    let conversation = agent.session().conversation.clone();
    let mut reading = std::mem::take(past);
    let (read, steps) = agent
        .with_git(move |repo, held| {
            let Some(head) = held.head()? else { return Ok((reading, None)) };
            let trail = Trail {
                session: held.cursor.session().to_owned(),
                head,
                steps,
                forked_from: held.cursor.forked_from().cloned(),
                entries: conversation.len(),
            };
            let steps = reading.read(repo, &trail, Some(held.cursor.branch()), &conversation)?;
            Ok((reading, Some(steps)))
        })
        .await?;
    *past = read;
    let (steps, start) = match steps {
        Some(Steps { marks, start }) => (marks, start.to_string()),
        None => Default::default(),
    };
    Ok((History { conversation: agent.session().conversation.clone(), steps }, start))
}

/// A session with its agent, before what a crash had left of it is on record.
struct Prepared {
    agent: Agent,
    replay: Option<Replay>,
    steps: Option<Vec<Mark>>,
    /// The first turn that is not another session's.
    own_from: u32,
    is_new: bool,
    hold: Option<SessionLock>,
    temporary: PathBuf,
    variables: Variables,
    needs_setup: bool,
    notices: Vec<String>,
}

/// The part of opening that blocks.
fn prepare(
    place: &Place,
    beginning: Beginning,
    permissions: Option<PermissionMode>,
) -> Result<Prepared, Failure> {
    let settings = &place.base.services.settings;
    let rules = Rules::parse(&settings.permissions).map_err(|error| {
        Failure::new(ErrorClass::Internal, error.to_string()).hint("mend [permissions] in the settings")
    })?;
    for folder in [place.worktrees(), place.journals(), place.agents_home()] {
        make_folder(&folder)?;
    }
    let (ground, lock) = ground(place, beginning)?;
    let made = match &ground.site {
        Site::Own { worktree, .. } if ground.is_new => {
            Some((ground.branch.clone(), worktree.path().to_owned(), head_of(worktree)?))
        }
        _ => None,
    };
    equip(place, ground, lock, rules, permissions.unwrap_or(settings.agent.permissions)).inspect_err(|_| {
        if let Some((branch, worktree, base)) = made {
            let _ = drop_unused(&place.repo, &branch, &worktree, &base);
        }
    })
}

fn equip(
    place: &Place,
    ground: Ground,
    lock: SessionLock,
    rules: Rules,
    permissions: PermissionMode,
) -> Result<Prepared, Failure> {
    let replay = journal::replay(&place.journals(), &ground.id)?;
    // Whoever had the session open last did not close it.
    let was_killed = replay.is_some();
    let replay = replay.filter(Replay::is_pending);
    let path = ground.site.path().to_owned();
    let header = Header {
        version: 1,
        session: ground.id.clone(),
        repository: place.repo.common_dir().to_owned(),
        branch: ground.cursor.branch().to_owned(),
        worktree: path.clone(),
        forked_from: ground.cursor.forked_from().map(JournaledOrigin::from),
    };
    let temporary = place.temporary(&ground.id);
    make_folder(&temporary)?;
    let (worktree, hold) = match ground.site {
        Site::Own { worktree, hold } => (Some(worktree), Some(hold)),
        Site::Others(_) => (None, None),
    };
    let access = if worktree.is_some() { Access::Work } else { Access::Look };
    let variables = variables(place, &path, &ground.branch);
    let tools = super::toolbox::context(place, &path, &temporary, &variables, access)?;
    let needs_setup = worktree.is_some() && super::setup::settle(place, &path)?;
    if was_killed && worktree.is_some() {
        crate::tools::sweep(&tools.workspace)
            .map_err(|error| Failure::new(ErrorClass::Internal, error.to_string()))?;
    }
    let mut places = Places(tools.shell.sandbox.writable.clone());
    if access == Access::Look {
        // What is judged is judged from there, though nothing is written.
        places.0.insert(0, path.clone());
    }
    // A journal that tells of something lost stays as it is until the agent has it on record.
    let journal = Journal::start(&place.journals(), header, lock, ground.recorded, replay.as_ref())?;
    let natives = place.natives(&ground.id);
    let own_from = ground.cursor.own_from();
    let agent = Agent::new(Parts {
        services: place.base.services.clone(),
        session: SessionState {
            id: ground.id,
            branch: ground.branch,
            worktree: path,
            conversation: Arc::new(ground.conversation),
            step: ground.step,
            chosen: ground.chosen,
            recorded: ground.recorded,
            cost_usd: ground.cost_usd,
        },
        repo: place.repo.clone(),
        worktree,
        cursor: ground.cursor,
        journal,
        tools,
        permissions,
        rules,
        places,
        can_ask: place.base.options.can_ask,
        subfolder: place.subfolder.clone(),
        day_cost: super::history::cost_today(&place.base),
        natives,
    });
    Ok(Prepared {
        steps: ground.steps,
        agent,
        replay,
        own_from,
        is_new: ground.is_new,
        hold,
        temporary,
        variables,
        needs_setup,
        notices: ground.notices,
    })
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    Paths::create(folder)
        .map_err(|error| Failure::new(ErrorClass::Internal, error.to_string()).hint(error.hint()))
}

impl OpenTab {
    /// Moves back. Uncommitted work in the worktree is kept on record by it.
    pub async fn undo(&mut self, back: Back) -> Result<Moved, Failure> {
        let meant = match back {
            Back::Steps(_) => Meant::Steps,
            Back::Turns(_) | Back::Before(_) => Meant::Turns,
        };
        self.check_movable()?;
        let id = self.agent.session().id.clone();
        let secrets = self.agent.services().secrets.clone();
        let ledger = self.agent.services().ledger.clone();
        let (plan, session) = self
            .agent
            .with_git(move |repo, held| {
                let session = session::load(repo, Some(&id))?;
                let plan = session::undo_plan(repo, held.worktree.as_ref(), &session, back.into())?;
                let undone = session::undo_apply(repo, held.worktree.as_mut(), &session, &plan, &secrets)?;
                tell(&ledger, &session, &undone.session, meant);
                held.cursor = Cursor::resume(repo, &undone.session)?;
                Ok((plan, undone.session))
            })
            .await?;
        let moved = Moved {
            from: plan.from.to_string(),
            files_removed: plan.removed,
            files_changed: plan.changed,
            ..Moved::default()
        };
        self.moved(moved, session, Vec::new()).await
    }

    pub async fn redo(&mut self) -> Result<Moved, Failure> {
        self.check_movable()?;
        let id = self.agent.session().id.clone();
        let ledger = self.agent.services().ledger.clone();
        let (from, redone) = self
            .agent
            .with_git(move |repo, held| {
                let session = session::load(repo, Some(&id))?;
                let redone = session::redo(repo, held.worktree.as_mut(), &session)?;
                tell(&ledger, &session, &redone.session, Meant::Turns);
                held.cursor = Cursor::resume(repo, &redone.session)?;
                Ok((session.head, redone))
            })
            .await?;
        let Redone { session, by_hand, removed, changed, notes, .. } = redone;
        let moved = Moved {
            is_forward: true,
            from: from.to_string(),
            files_removed: removed,
            files_changed: changed,
            by_hand,
            ..Moved::default()
        };
        self.moved(moved, session, notes).await
    }

    fn check_movable(&self) -> Result<(), Failure> {
        if self.opened.is_aside {
            let why = "this tab only looks on: it has no branch that could be moved";
            return Err(
                Failure::new(ErrorClass::Internal, why).hint("branch off from the turn that you mean")
            );
        }
        Ok(())
    }

    /// Goes on from another state of the session. What the model had not heard yet, it hears still.
    async fn moved(&mut self, moved: Moved, session: Session, notes: Vec<String>) -> Result<Moved, Failure> {
        let (turn, step, to) = (session.conversation.turn(), session.step, session.head.to_string());
        self.agent.set_conversation(session.conversation, step)?;
        for note in notes {
            self.agent.offer(note).await?;
        }
        let (history, _) = history(&self.agent, &mut self.past, session.steps).await?;
        Ok(Moved { to, turn, step, history, ..moved })
    }

    /// Ends the session; a branch made for it goes when nothing was said, and nothing changed by hand.
    pub async fn close(mut self, place: &Arc<Place>) {
        let mut is_unused = self.is_new && self.agent.session().conversation.is_empty();
        if is_unused {
            let kept = self.agent.keep_edits().await;
            let head = self.agent.head().await.ok().flatten();
            is_unused = kept.is_ok() && head.as_ref() == Some(&self.opened.base);
        }
        let session = self.agent.session();
        let (branch, worktree) = (session.branch.clone(), session.worktree.clone());
        let (id, has_steps) = (session.id.clone(), session.step > 0);
        let _ = std::fs::remove_dir_all(&self.temporary);
        self.agent.close();
        if let (true, Ok(base)) = (is_unused, CommitId::parse(&self.opened.base)) {
            let worktree = worktree.clone();
            let _ = place.git(move |repo| drop_unused(repo, &branch, &worktree, &base)).await;
        } else if !self.opened.is_aside && has_steps {
            // The branch stays as well: this is for whoever deletes it.
            let kept = place.git(move |repo| session::keep_closed(repo, &id)).await;
            if let Err(failure) = kept {
                tracing::warn!(failure.message, "the head of a closed session is kept by its branch alone");
            }
        }
        if self.drops_worktree && self.hold.is_some() {
            // Before anybody else may have the branch.
            let place = Arc::clone(place);
            let _ = tokio::task::spawn_blocking(move || drop_worktree(&place, &worktree)).await;
        }
        if let Some(hold) = self.hold {
            hold.release();
        }
    }
}

/// Puts on record which turns a move took back or brought back.
fn tell(ledger: &Ledger, before: &Session, after: &Session, meant: Meant) {
    for afterword in Turns::of(before).afterwords(&Turns::of(after), &before.id, meant) {
        if let Err(error) = ledger.append(&afterword) {
            // The move itself is in git; without this line it is one outcome fewer to learn from.
            tracing::warn!(%error, "an undo or a redo is not in the ledger");
            return;
        }
    }
}

fn drop_worktree(place: &Place, worktree: &Path) {
    let dropped = lock_worktrees(&place.worktrees_lock())
        .and_then(|_one_at_a_time| Ok(place.repo.remove_worktree(worktree)?));
    if let Err(failure) = dropped {
        // Nothing is lost by it, and `gc` finds it.
        tracing::warn!(why = failure.message, "a worktree that is not needed any more could not be removed");
    }
}

fn drop_unused(repo: &Repo, branch: &str, worktree: &Path, base: &CommitId) -> Result<(), GitError> {
    if !repo.own_submodule_work(worktree)?.is_empty() {
        // It would be gone with the worktree.
        return Ok(());
    }
    repo.remove_worktree(worktree)?;
    // A branch that somebody moved meanwhile is not ours to drop.
    repo.delete_ref(&format!("refs/heads/{branch}"), Expect::At(base))
}
