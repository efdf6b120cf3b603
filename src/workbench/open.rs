//! Opening a session: on a new branch, on its own branch, or as a branch off another one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::past::{Past, Steps};
use super::{Back, BranchName, History, Moved, Opened, Place, Start, Uncommitted};
use crate::agent::journal::{self, Header, Journal, JournalError, SessionLock};
use crate::agent::{Agent, Failure, Parts, Replay, SessionState};
use crate::chat::{Conversation, ErrorClass, Voice};
use crate::config::{Paths, PermissionMode};
use crate::git::codec::{Origin, Route};
use crate::git::session::{self, Cursor, Line, Peek, Session, SessionError, UndoScope};
use crate::git::{CommitId, Expect, GitError, Repo, Worktree};
use crate::routing::CHOSEN;
use crate::tools::permissions::{Places, Rules};

/// How often a name is made up before giving in to whoever takes them all.
const NAME_TRIES: u32 = 16;

/// An open session with its agent.
pub(super) struct OpenTab {
    pub agent: Agent,
    pub opened: Opened,
    past: Past,
    /// The branch was made for this session: it goes again when nothing is said in it.
    is_new: bool,
    hold: SessionLock,
    temporary: PathBuf,
}

/// A branch, a worktree and a conversation, before there is an agent.
struct Ground {
    id: String,
    branch: String,
    hold: SessionLock,
    worktree: Worktree,
    cursor: Cursor,
    conversation: Conversation,
    step: u32,
    /// Who answered last, if the user had chosen them.
    chosen: Option<Voice>,
    cost_usd: f64,
    is_new: bool,
    /// Entries that git holds of this very session.
    recorded: usize,
    notices: Vec<String>,
}

impl Ground {
    /// Of a session that git holds, in the worktree of its branch.
    fn of(
        repo: &Repo,
        session: Session,
        held: HeldBranch,
        worktree: Worktree,
        notices: Vec<String>,
    ) -> Result<Self, Failure> {
        let mut cursor = Cursor::resume(repo, &session)?;
        cursor.settle(repo)?;
        Ok(Self {
            id: session.id,
            branch: held.name,
            hold: held.lock,
            worktree,
            cursor,
            chosen: chosen(session.route.as_ref()),
            step: session.step,
            cost_usd: session.total_cost_usd.unwrap_or(0.0),
            is_new: false,
            recorded: session.conversation.len(),
            conversation: session.conversation,
            notices,
        })
    }
}

/// Opens a session; what a crash had left of it is on record first. The agent talks to nobody yet.
///
/// # Errors
/// When it cannot be opened. A branch and a worktree that were made for it are gone again.
pub(super) async fn open(
    place: &Arc<Place>,
    start: Start,
    permissions: Option<PermissionMode>,
) -> Result<OpenTab, Failure> {
    let prepared = {
        let place = place.clone();
        tokio::task::spawn_blocking(move || prepare(&place, start, permissions))
            .await
            .map_err(|_| Failure::new(ErrorClass::Internal, "the git thread died"))??
    };
    let Prepared { mut agent, replay, is_new, hold, temporary, notices } = prepared;
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
    let (history, start) = history(&agent, &mut past).await?;
    let session = agent.session();
    let opened = Opened {
        branch: session.branch.clone(),
        worktree: session.worktree.clone(),
        title: session.conversation.title().unwrap_or_default(),
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
    Ok(OpenTab { agent, opened, past, is_new, hold, temporary })
}

/// What was said and done so far, and the commit at which the branch began.
async fn history(agent: &Agent, past: &mut Past) -> Result<(History, String), Failure> {
    let session = agent.session();
    let (conversation, step) = (session.conversation.clone(), session.step);
    let mut reading = std::mem::take(past);
    let (read, steps) = agent
        .with_git(move |repo, held| {
            let Some(head) = held.worktree.head()? else { return Ok((reading, None)) };
            let line = Line {
                session: held.cursor.session().to_owned(),
                head,
                has_steps: step > 0,
                forked_from: held.cursor.forked_from().cloned(),
                entries: conversation.len(),
            };
            let steps = reading.read(repo, &line, &conversation)?;
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
    is_new: bool,
    hold: SessionLock,
    temporary: PathBuf,
    notices: Vec<String>,
}

/// The part of opening that blocks.
fn prepare(place: &Place, start: Start, permissions: Option<PermissionMode>) -> Result<Prepared, Failure> {
    let settings = &place.base.services.settings;
    let rules = Rules::parse(&settings.permissions).map_err(|error| {
        Failure::new(ErrorClass::Internal, error.to_string()).hint("mend [permissions] in the settings")
    })?;
    for folder in [place.worktrees(), place.journals(), place.agents_home()] {
        make_folder(&folder)?;
    }
    let (ground, lock) = ground(place, start)?;
    let made = ground.is_new.then(|| (ground.branch.clone(), ground.worktree.path().to_owned()));
    let base = head_of(&ground.worktree)?;
    equip(place, ground, lock, rules, permissions.unwrap_or(settings.agent.permissions)).inspect_err(|_| {
        if let Some((branch, worktree)) = made {
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
    let header = Header {
        version: 1,
        session: ground.id.clone(),
        repository: place.repo.common_dir().to_owned(),
        branch: ground.branch.clone(),
        worktree: ground.worktree.path().to_owned(),
    };
    let temporary = place.temporary(&ground.id);
    make_folder(&temporary)?;
    let tools = super::toolbox::context(place, ground.worktree.path(), &temporary)?;
    if was_killed {
        crate::tools::sweep(&tools.workspace)
            .map_err(|error| Failure::new(ErrorClass::Internal, error.to_string()))?;
    }
    let places = Places(tools.shell.sandbox.writable.clone());
    // A journal that tells of something lost stays as it is until the agent has it on record.
    let journal = Journal::start(&place.journals(), header, lock, ground.recorded, replay.as_ref())?;
    let agent = Agent::new(Parts {
        services: place.base.services.clone(),
        session: SessionState {
            id: ground.id,
            branch: ground.branch,
            worktree: ground.worktree.path().to_owned(),
            conversation: Arc::new(ground.conversation),
            step: ground.step,
            chosen: ground.chosen,
            recorded: ground.recorded,
            cost_usd: ground.cost_usd,
        },
        repo: place.repo.clone(),
        worktree: ground.worktree,
        cursor: ground.cursor,
        journal,
        tools,
        permissions,
        rules,
        places,
        can_ask: place.base.options.can_ask,
        subfolder: place.subfolder.clone(),
        day_cost: super::history::cost_today(&place.base),
    });
    Ok(Prepared {
        agent,
        replay,
        is_new: ground.is_new,
        hold: ground.hold,
        temporary,
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
        let scope = match back {
            Back::Steps(steps) => UndoScope::Steps(steps),
            Back::Turns(turns) => UndoScope::Turns(turns),
        };
        let id = self.agent.session().id.clone();
        let secrets = self.agent.services().secrets.clone();
        let (plan, session) = self
            .agent
            .with_git(move |repo, held| {
                let session = session::load(repo, Some(&id))?;
                let plan = session::undo_plan(repo, Some(&held.worktree), &session, scope)?;
                let undone = session::undo_apply(repo, Some(&mut held.worktree), &session, &plan, &secrets)?;
                held.cursor = Cursor::resume(repo, &undone.session)?;
                Ok((plan, undone.session))
            })
            .await?;
        let from = plan.from.to_string();
        self.moved(from, session, plan.removed, plan.changed).await
    }

    pub async fn redo(&mut self) -> Result<Moved, Failure> {
        let id = self.agent.session().id.clone();
        let (from, session) = self
            .agent
            .with_git(move |repo, held| {
                let session = session::load(repo, Some(&id))?;
                let undone = session::redo(repo, Some(&mut held.worktree), &session)?;
                held.cursor = Cursor::resume(repo, &undone.session)?;
                Ok((session.head, undone.session))
            })
            .await?;
        self.moved(from.to_string(), session, Vec::new(), Vec::new()).await
    }

    async fn moved(
        &mut self,
        from: String,
        session: Session,
        files_removed: Vec<PathBuf>,
        files_changed: Vec<PathBuf>,
    ) -> Result<Moved, Failure> {
        let (turn, step, to) = (session.conversation.turn(), session.step, session.head.to_string());
        self.agent.set_conversation(session.conversation, step)?;
        let (history, _) = history(&self.agent, &mut self.past).await?;
        Ok(Moved { from, to, turn, step, files_removed, files_changed, history })
    }

    /// Ends the session; a branch made for it goes when nothing was said, and nothing changed by hand.
    pub async fn close(mut self, place: &Place) {
        let mut is_unused = self.is_new && self.agent.session().conversation.is_empty();
        if is_unused {
            let kept = self.agent.keep_edits().await;
            let head = self.agent.head().await.ok().flatten();
            is_unused = kept.is_ok() && head.as_ref() == Some(&self.opened.base);
        }
        let session = self.agent.session();
        let (branch, worktree) = (session.branch.clone(), session.worktree.clone());
        let _ = std::fs::remove_dir_all(&self.temporary);
        self.agent.close();
        if let (true, Ok(base)) = (is_unused, CommitId::parse(&self.opened.base)) {
            let _ = place.git(move |repo| drop_unused(repo, &branch, &worktree, &base)).await;
        }
        self.hold.release();
    }
}

fn drop_unused(repo: &Repo, branch: &str, worktree: &Path, base: &CommitId) -> Result<(), GitError> {
    repo.remove_worktree(worktree)?;
    // A branch that somebody moved meanwhile is not ours to drop.
    repo.delete_ref(&format!("refs/heads/{branch}"), Expect::At(base))
}

fn ground(place: &Place, start: Start) -> Result<(Ground, SessionLock), Failure> {
    let _one_at_a_time = lock_worktrees(place)?;
    place.repo.drop_half_made_below(&place.worktrees())?;
    match start {
        Start::New { branch, uncommitted } => new(place, &branch, uncommitted),
        Start::Continue { rev } => resume(place, rev.as_deref()),
        Start::Recover { session, branch } => recover(place, &session, &branch),
        Start::Fork { rev, turn, branch } => fork(place, &rev, turn, &branch),
        Start::Import { file, branch, uncommitted } => {
            let conversation = super::history::import(&file)?;
            let (ground, lock) = new(place, &branch, uncommitted)?;
            Ok((Ground { conversation, ..ground }, lock))
        }
    }
}

/// Git stumbles over a worktree that another process is making at the same moment: ours are made one after
/// the other. Held until the file is dropped.
fn lock_worktrees(place: &Place) -> Result<File, Failure> {
    let path = place.journals().join("worktrees.lock");
    let failed = |error: io::Error| {
        let message = format!("cannot lock {}: {error}", path.display());
        Failure::new(ErrorClass::Internal, message).hint("check the permissions of the state directory")
    };
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn new(
    place: &Place,
    branch: &BranchName,
    uncommitted: Uncommitted,
) -> Result<(Ground, SessionLock), Failure> {
    let repo = &place.repo;
    let mut notices = Vec::new();
    let head = repo.head()?.commit;
    let snapshot = repo.snapshot()?;
    let base = match (snapshot, uncommitted) {
        (Some(snapshot), Uncommitted::Include) => {
            notices.push(
                "starts from a snapshot of your uncommitted work; your checkout stays as it is".to_owned(),
            );
            notices.extend(snapshot.left_out.iter().map(|one| format!("left out of the snapshot: {one}")));
            Some(snapshot.commit)
        }
        (Some(_), Uncommitted::Exclude) => {
            notices.push("starts from the last commit: your uncommitted work is left out".to_owned());
            head
        }
        (None, _) => head,
    };
    let (branch, worktree) = create(place, branch, base.as_ref())?;
    fresh(place, branch, worktree, true, notices)
}

/// A session without a past, on a branch that stands already.
fn fresh(
    place: &Place,
    held: HeldBranch,
    worktree: Worktree,
    is_new: bool,
    notices: Vec<String>,
) -> Result<(Ground, SessionLock), Failure> {
    let id = session::new_id();
    let lock = SessionLock::take(&place.journals(), &id)?;
    let base = head_of(&worktree)?;
    let cursor = Cursor::start(&id, &held.name, base, None);
    let ground = Ground {
        id,
        branch: held.name,
        hold: held.lock,
        worktree,
        cursor,
        conversation: Conversation::default(),
        step: 0,
        chosen: None,
        cost_usd: 0.0,
        is_new,
        recorded: 0,
        notices,
    };
    Ok((ground, lock))
}

fn resume(place: &Place, rev: Option<&str>) -> Result<(Ground, SessionLock), Failure> {
    let repo = &place.repo;
    let branch_exists =
        |name: &str| repo.read_ref(&format!("refs/heads/{name}")).is_ok_and(|at| at.is_some());
    let mut notices = Vec::new();
    if let Some(name) = rev.filter(|name| !branch_exists(name))
        && let Some(head) = repo.fetched_branch(name)?
    {
        repo.update_ref(&format!("refs/heads/{name}"), &head, Expect::Absent, "offshoot: from a remote")?;
        notices.push(format!("branch {name} was made at {}, where the remote has it", head.short()));
    }
    let named = rev.filter(|name| branch_exists(name));
    // A look at the last commit tells which session it is; the whole is read under its lock.
    let id = match (session::peek(repo, rev), named) {
        (Ok(peek), Some(name)) if !is_its_branch(repo, &peek, name) => None,
        (Ok(peek), _) => Some(peek.stamp.session),
        (Err(SessionError::NoSession { .. }), Some(_)) => None,
        (Err(error), _) => return Err(error.into()),
    };
    let Some(id) = id else {
        let (held, worktree) = attach(place, named.unwrap_or_default())?;
        return fresh(place, held, worktree, false, notices);
    };
    let lock = SessionLock::take(&place.journals(), &id)?;
    // By its id it is read with what was said since its last step.
    let mut session = match session::load(repo, Some(named.unwrap_or(&id))) {
        Ok(session) => session,
        // Nothing but the commit tells of it here.
        Err(_) => session::load(repo, Some(rev.unwrap_or(&id)))?,
    };
    if let Some(name) = named {
        // It may have been renamed.
        session.branch = Some(name.to_owned());
    }
    let branch = match session.branch.clone() {
        Some(branch) => branch,
        None => repo.branch_name(session.title.as_deref().unwrap_or_default())?,
    };
    if !branch_exists(&branch) {
        // A fresh clone has it only as a remote's, and a deleted one is still on record.
        repo.update_ref(&format!("refs/heads/{branch}"), &session.head, Expect::Absent, "offshoot: resumed")?;
        notices.push(format!("branch {branch} was made again at {}", session.head.short()));
    }
    let (held, worktree) = attach(place, &branch)?;
    let ground = Ground::of(repo, session, held, worktree, notices)?;
    Ok((ground, lock))
}

/// Whether a session that was read from a branch is that branch's own: not when the branch was made
/// on top of another one that still stands, or of work that has landed.
fn is_its_branch(repo: &Repo, session: &Peek, name: &str) -> bool {
    // The session's ref knows the latest name of its branch.
    let latest = session::peek(repo, Some(&session.stamp.session)).ok();
    let own = latest.and_then(|latest| latest.stamp.branch).or_else(|| session.stamp.branch.clone());
    own.is_none_or(|own| {
        let is_gone = || repo.read_ref(&format!("refs/heads/{own}")).is_ok_and(|at| at.is_none());
        own == name || (session.tip == session.head && is_gone())
    })
}

/// A session known by its journal. When it was killed before git held anything of it, all that there
/// is besides is its branch.
fn recover(place: &Place, id: &str, branch: &str) -> Result<(Ground, SessionLock), Failure> {
    let repo = &place.repo;
    if repo.read_ref(&session::session_ref(id))?.is_some() {
        return resume(place, Some(id));
    }
    let lock = SessionLock::take(&place.journals(), id)?;
    if repo.read_ref(&format!("refs/heads/{branch}"))?.is_none() {
        let head = repo.head()?.commit.ok_or_else(|| {
            Failure::new(ErrorClass::Internal, format!("branch \"{branch}\" is gone and there is no commit"))
        })?;
        repo.update_ref(&format!("refs/heads/{branch}"), &head, Expect::Absent, "offshoot: recovered")?;
    }
    let (held, worktree) = attach(place, branch)?;
    // The crash may have come between a step's commit and the session's ref.
    if let Ok(session) = session::load(repo, Some(branch))
        && session.id == id
    {
        let ground = Ground::of(repo, session, held, worktree, Vec::new())?;
        return Ok((ground, lock));
    }
    let base = head_of(&worktree)?;
    let cursor = Cursor::start(id, branch, base, None);
    let ground = Ground {
        id: id.to_owned(),
        branch: held.name,
        hold: held.lock,
        worktree,
        cursor,
        conversation: Conversation::default(),
        step: 0,
        chosen: None,
        cost_usd: 0.0,
        is_new: false,
        recorded: 0,
        notices: Vec::new(),
    };
    Ok((ground, lock))
}

fn fork(
    place: &Place,
    rev: &str,
    turn: Option<u32>,
    branch: &BranchName,
) -> Result<(Ground, SessionLock), Failure> {
    let repo = &place.repo;
    let parent = session::load(repo, Some(rev))?;
    let (conversation, base, origin) = match turn {
        Some(turn) => {
            let fork = session::branch_from_turn(repo, &parent, turn)?;
            (fork.conversation, fork.base, fork.origin)
        }
        None => {
            let origin = Origin {
                commit: parent.head.to_string(),
                session: parent.id.clone(),
                turn: parent.conversation.next_turn(),
            };
            (parent.conversation.clone(), parent.head.clone(), origin)
        }
    };
    let id = session::new_id();
    let lock = SessionLock::take(&place.journals(), &id)?;
    let (held, worktree) = create(place, branch, Some(&base))?;
    let cursor = Cursor::start(&id, &held.name, base, Some(origin));
    let ground = Ground {
        id,
        branch: held.name,
        hold: held.lock,
        worktree,
        cursor,
        conversation,
        step: 0,
        chosen: chosen(parent.route.as_ref()),
        cost_usd: 0.0,
        is_new: true,
        recorded: 0,
        notices: Vec::new(),
    };
    Ok((ground, lock))
}

/// A choice of the user's holds in the sessions that go on from it.
fn chosen(route: Option<&Route>) -> Option<Voice> {
    let route = route.filter(|route| route.reason == CHOSEN)?;
    Some(Voice { backend: route.backend.clone(), model: route.model.clone() })
}

/// A branch that no other process may work on meanwhile: its session may not be known to git yet.
struct HeldBranch {
    name: String,
    lock: SessionLock,
}

fn hold(place: &Place, branch: &str) -> Result<HeldBranch, Failure> {
    let name = format!("branch-{}", branch.replace('%', "%25").replace('/', "%2F"));
    let lock = SessionLock::take(&place.journals(), &name).map_err(|error| match &error {
        JournalError::Locked { .. } => {
            let message = format!("branch {branch} is open in another offshoot process");
            Failure::new(ErrorClass::Internal, message).hint(error.hint())
        }
        JournalError::Io { .. } => error.into(),
    })?;
    Ok(HeldBranch { name: branch.to_owned(), lock })
}

/// The worktree of a branch that stands already.
fn attach(place: &Place, branch: &str) -> Result<(HeldBranch, Worktree), Failure> {
    let held = hold(place, branch)?;
    let worktree = place.repo.attach_worktree(branch, &folder(place, branch)?)?;
    Ok((held, worktree))
}

/// A new branch in a worktree of its own. A made-up name that another process took in the meantime is
/// made up again.
fn create(
    place: &Place,
    branch: &BranchName,
    base: Option<&CommitId>,
) -> Result<(HeldBranch, Worktree), Failure> {
    let repo = &place.repo;
    let mut tries = 0;
    loop {
        tries += 1;
        let name = match branch {
            BranchName::Given(name) => {
                repo.check_branch_name(name)?;
                name.clone()
            }
            BranchName::From(words) => repo.branch_name(words)?,
        };
        match repo.create_worktree(&name, base, &folder(place, &name)?) {
            Ok(worktree) => return Ok((hold(place, &name)?, worktree)),
            Err(GitError::RefExists { .. } | GitError::PathOccupied { .. })
                if tries < NAME_TRIES && matches!(branch, BranchName::From(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The folder of a branch's worktree: the one that it has, else one where nothing is in the way, such as
/// what a repository left that stood at the same place before. Branches that differ in their slashes only
/// get folders of their own.
fn folder(place: &Place, branch: &str) -> Result<PathBuf, GitError> {
    let root = place.worktrees();
    let held =
        place.repo.worktrees()?.into_iter().find(|held| {
            held.branch.as_deref() == Some(branch) && !held.is_main && held.path.starts_with(&root)
        });
    if let Some(held) = held {
        return Ok(held.path);
    }
    let short = branch.strip_prefix("offshoot/").unwrap_or(branch);
    let name = short.replace('%', "%25").replace('/', "%2F");
    let numbered = (2..).map(|number| root.join(format!("{name}-{number}")));
    let free = std::iter::once(root.join(&name)).chain(numbered).find(|path| !path.exists());
    Ok(free.unwrap_or_else(|| root.join(name)))
}

fn head_of(worktree: &Worktree) -> Result<CommitId, Failure> {
    worktree.head()?.ok_or_else(|| {
        Failure::new(ErrorClass::Internal, format!("branch \"{}\" has no commit", worktree.branch()))
    })
}
