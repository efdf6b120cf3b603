//! What a session begins with: a branch, a worktree and a conversation, before there is an agent. Blocks.

use std::path::{Path, PathBuf};

use super::held::{HeldBranch, attach, create, create_child, head_of, lock_worktrees};
use super::{BranchName, Place, Start, Uncommitted};
use crate::agent::Failure;
use crate::agent::children;
use crate::agent::journal::{self, SessionLock};
use crate::chat::{Conversation, ErrorClass, Voice};
use crate::git::codec::{Origin, Route};
use crate::git::session::{self, Cursor, Mark, Peek, Session, SessionError};
use crate::git::{CommitId, Expect, Repo, Worktree};
use crate::routing::CHOSEN;

/// Why a session is opened.
pub(super) enum Beginning {
    /// A front-end asked for it.
    Wanted(Start),
    /// An agent gives work to another one.
    Child(Seed),
}

/// What the session of a sub-agent begins with.
pub(super) struct Seed {
    pub title: String,
    /// The session of who started it, and where that works.
    pub parent: String,
    pub branch: String,
    pub worktree: PathBuf,
    pub site: children::Site,
}

impl From<Start> for Beginning {
    fn from(start: Start) -> Self {
        Self::Wanted(start)
    }
}

/// A branch, a worktree and a conversation, before there is an agent.
pub(super) struct Ground {
    pub id: String,
    pub branch: String,
    pub site: Site,
    pub cursor: Cursor,
    pub conversation: Conversation,
    pub step: u32,
    /// The session's own steps, where they are known.
    pub steps: Option<Vec<Mark>>,
    /// Who answered last, if the user had chosen them.
    pub chosen: Option<Voice>,
    pub cost_usd: f64,
    pub is_new: bool,
    /// Entries that git holds of this very session.
    pub recorded: usize,
    pub notices: Vec<String>,
}

/// Where a session's agent works.
pub(super) enum Site {
    /// In a worktree of its own, on a branch that no other process may work on meanwhile.
    Own { worktree: Worktree, hold: SessionLock },
    /// It looks at the worktree of another session.
    Others(PathBuf),
}

impl Site {
    pub fn path(&self) -> &Path {
        match self {
            Self::Own { worktree, .. } => worktree.path(),
            Self::Others(path) => path,
        }
    }
}

impl Ground {
    /// Of a session in which nothing was said yet.
    fn unspoken(id: String, branch: String, site: Site, cursor: Cursor) -> Self {
        Self {
            id,
            branch,
            site,
            cursor,
            conversation: Conversation::default(),
            step: 0,
            steps: Some(Vec::new()),
            chosen: None,
            cost_usd: 0.0,
            is_new: false,
            recorded: 0,
            notices: Vec::new(),
        }
    }

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
            site: Site::Own { worktree, hold: held.lock },
            cursor,
            chosen: chosen(session.route.as_ref()),
            step: session.step,
            steps: session.steps,
            cost_usd: session.total_cost_usd.unwrap_or(0.0),
            is_new: false,
            recorded: session.conversation.len(),
            conversation: session.conversation,
            notices,
        })
    }
}

pub(super) fn ground(place: &Place, beginning: Beginning) -> Result<(Ground, SessionLock), Failure> {
    let _one_at_a_time = lock_worktrees(&place.worktrees_lock())?;
    place.repo.drop_half_made_below(&place.worktrees())?;
    let start = match beginning {
        Beginning::Wanted(start) => start,
        Beginning::Child(seed) => return child(place, seed),
    };
    match start {
        Start::New { branch, uncommitted } => new(place, &branch, uncommitted),
        Start::At { commit, branch } => {
            let (held, worktree) = create(place, &branch, Some(&place.repo.resolve(&commit)?))?;
            fresh(place, held, worktree, true, Vec::new())
        }
        Start::Continue { rev } => resume(place, rev.as_deref()),
        // Only an aside has none.
        Start::Recover { session, branch } if branch.is_empty() => recover_aside(place, &session),
        Start::Recover { session, branch } => recover(place, &session, &branch),
        Start::Fork { rev, turn, branch } => fork(place, &rev, turn, &branch),
        Start::Resolve { rev, base, branch } => resolve(place, &rev, &base, &branch),
        Start::Aside { rev, turn } => aside(place, &rev, turn),
        Start::Import { file, branch, uncommitted } => {
            let conversation = super::history::import(&file)?;
            let (ground, lock) = new(place, &branch, uncommitted)?;
            Ok((Ground { conversation, ..ground }, lock))
        }
    }
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
        is_new,
        notices,
        ..Ground::unspoken(id, held.name, Site::Own { worktree, hold: held.lock }, cursor)
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
    session::unarchive(repo, &id)?;
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
        // It may come from another machine, where the name was free.
        Some(branch) if named.is_none() && is_anothers(repo, &branch, &session) => {
            let free = repo.branch_name(session.title.as_deref().unwrap_or_default())?;
            notices.push(format!("branch {branch} is another one's here: this session goes on {free}"));
            session.branch = Some(free.clone());
            free
        }
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

/// Whether a branch stands that is not the session's: another session is on it, or it went another way, as a branch
/// does that somebody else gave the same name. One that was rebased tells of the session still.
fn is_anothers(repo: &Repo, branch: &str, session: &Session) -> bool {
    let Ok(Some(at)) = repo.read_ref(&format!("refs/heads/{branch}")) else { return false };
    let leads = |from: &CommitId, to: &CommitId| repo.is_ancestor(from, to).unwrap_or(false);
    match session::peek(repo, Some(branch)) {
        Ok(there) if there.stamp.session == session.id => false,
        Ok(there) if is_its_branch(repo, &there, branch) => true,
        _ => !leads(&at, &session.head) && !leads(&session.head, &at),
    }
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
    let cursor = Cursor::start(id, branch, base, left_at(place, id));
    let ground = Ground::unspoken(id.to_owned(), held.name, Site::Own { worktree, hold: held.lock }, cursor);
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
    let session::Fork { conversation, base, origin } = left(repo, &parent, turn)?;
    let id = session::new_id();
    let lock = SessionLock::take(&place.journals(), &id)?;
    let (held, worktree) = create(place, branch, Some(&base))?;
    let cursor = Cursor::start(&id, &held.name, base, Some(origin));
    let ground = Ground {
        conversation,
        chosen: chosen(parent.route.as_ref()),
        is_new: true,
        ..Ground::unspoken(id, held.name, Site::Own { worktree, hold: held.lock }, cursor)
    };
    Ok((ground, lock))
}

/// A session that resolves the conflicts of a merge.
fn resolve(
    place: &Place,
    rev: &str,
    base: &str,
    branch: &BranchName,
) -> Result<(Ground, SessionLock), Failure> {
    let repo = &place.repo;
    let base = repo.resolve(base)?;
    let (session, turn, conversation, route) = match session::load(repo, Some(rev)) {
        Ok(parent) => (parent.id, parent.conversation.next_turn(), parent.conversation, parent.route),
        // No agent worked on the branch.
        Err(SessionError::NoSession { .. }) => Default::default(),
        Err(error) => return Err(error.into()),
    };
    let origin = Origin { commit: base.to_string(), session, turn };
    let id = session::new_id();
    let lock = SessionLock::take(&place.journals(), &id)?;
    let (held, worktree) = create(place, branch, Some(&base))?;
    let cursor = Cursor::start(&id, &held.name, base, Some(origin));
    let ground = Ground {
        conversation,
        chosen: chosen(route.as_ref()),
        is_new: true,
        ..Ground::unspoken(id, held.name, Site::Own { worktree, hold: held.lock }, cursor)
    };
    Ok((ground, lock))
}

/// What a session begins with that leaves another one: at its end, or before one of its turns.
fn left(repo: &Repo, parent: &Session, turn: Option<u32>) -> Result<session::Fork, Failure> {
    if let Some(turn) = turn {
        return Ok(session::branch_from_turn(repo, parent, turn)?);
    }
    let origin = Origin {
        commit: parent.head.to_string(),
        session: parent.id.clone(),
        turn: parent.conversation.next_turn(),
    };
    Ok(session::Fork { origin, base: parent.head.clone(), conversation: parent.conversation.clone() })
}

/// A session that looks at the worktree of the one that it left.
fn aside(place: &Place, rev: &str, turn: Option<u32>) -> Result<(Ground, SessionLock), Failure> {
    let repo = &place.repo;
    let parent = session::load(repo, Some(rev))?;
    let session::Fork { conversation, origin, .. } = left(repo, &parent, turn)?;
    let branch = parent.branch.clone().unwrap_or_default();
    let held = repo
        .worktrees()?
        .into_iter()
        .find(|held| held.branch.as_deref() == Some(branch.as_str()) && !held.is_main && !held.is_missing);
    let held = held.ok_or_else(|| {
        Failure::new(ErrorClass::NotFound, format!("session {rev} has no worktree to look at"))
            .hint("open it first, or branch off with a worktree of its own")
    })?;
    let id = session::new_id();
    let lock = SessionLock::take(&place.journals(), &id)?;
    // The conversation may be of before, the files are those of now.
    let cursor = Cursor::start(&id, "", parent.head.clone(), Some(origin));
    let ground = Ground {
        conversation,
        chosen: chosen(parent.route.as_ref()),
        ..Ground::unspoken(id, branch, Site::Others(held.path), cursor)
    };
    Ok((ground, lock))
}

/// A session that knows nothing of the one whose agent started it, but its files.
fn child(place: &Place, seed: Seed) -> Result<(Ground, SessionLock), Failure> {
    let id = session::new_id();
    let lock = SessionLock::take(&place.journals(), &id)?;
    let origin =
        |commit: &CommitId| Origin { commit: commit.to_string(), session: seed.parent.clone(), turn: 0 };
    let ground = match seed.site {
        children::Site::Own(from) => {
            let (held, worktree) = create_child(place, &seed.branch, &seed.title, &from)?;
            let origin = origin(&from);
            let cursor = Cursor::start(&id, &held.name, from, Some(origin));
            let site = Site::Own { worktree, hold: held.lock };
            Ground { is_new: true, ..Ground::unspoken(id, held.name, site, cursor) }
        }
        children::Site::Parents(at) => {
            let origin = origin(&at);
            let cursor = Cursor::start(&id, "", at, Some(origin));
            Ground::unspoken(id, seed.branch, Site::Others(seed.worktree), cursor)
        }
    };
    Ok((ground, lock))
}

/// A session of an aside that a crash cut off. Nobody looks at anything: what was said is put on record.
fn recover_aside(place: &Place, id: &str) -> Result<(Ground, SessionLock), Failure> {
    let repo = &place.repo;
    let lock = SessionLock::take(&place.journals(), id)?;
    let mut ground = Ground::unspoken(
        id.to_owned(),
        String::new(),
        Site::Others(place.temporary(id)),
        Cursor::start(id, "", repo.head()?.commit.ok_or_else(|| no_commit(id))?, left_at(place, id)),
    );
    if repo.read_ref(&session::session_ref(id))?.is_some() {
        let session = session::load(repo, Some(id))?;
        ground.cursor = Cursor::resume(repo, &session)?;
        ground.cursor.settle(repo)?;
        ground.cost_usd = session.total_cost_usd.unwrap_or(0.0);
        ground.steps = session.steps;
        ground.recorded = session.conversation.len();
        ground.conversation = session.conversation;
    }
    Ok((ground, lock))
}

/// Where a session left another one, as its journal tells: git holds nothing of it yet.
fn left_at(place: &Place, id: &str) -> Option<Origin> {
    let replay = journal::replay(&place.journals(), id).ok()??;
    replay.header.forked_from.map(Origin::from)
}

fn no_commit(id: &str) -> Failure {
    Failure::new(ErrorClass::Internal, format!("session {id} cannot be recovered: there is no commit"))
}

/// A choice of the user's holds in the sessions that go on from it.
fn chosen(route: Option<&Route>) -> Option<Voice> {
    let route = route.filter(|route| route.reason == CHOSEN)?;
    Some(Voice { backend: route.backend.clone(), model: route.model.clone() })
}
