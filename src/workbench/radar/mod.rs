//! What would conflict: each tab with what the user has checked out, and each with each other one. Merged in
//! memory whenever a tab's head moved, on a thread of its own; nothing is changed by looking. It also sees when a
//! tab changes a file that another one's agent has read, and lets that agent know if the user wants it.

mod survey;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::{Command, Event, EventKind, Place, TabId, Tabs};
use crate::agent::AgentEvent;
use crate::git::{CommitId, Conflict, GitError, Repo};

pub use crate::git::ConflictKind;
pub use survey::{Survey, Surveyed, survey};

/// Files of a tab's that are remembered as read.
const READ: usize = 5_000;
/// Files that one notice names.
const NAMED: usize = 8;

/// Paths at which a tab and something else cannot be brought together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    pub with: Other,
    /// Never empty.
    pub paths: Vec<(String, ConflictKind)>,
}

/// What a tab would conflict with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Other {
    /// What the user has checked out: a branch, or a commit.
    Base(String),
    Tab(TabId),
}

/// Where tabs tell of themselves.
#[derive(Debug, Clone)]
pub(super) struct Radar(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    seen: Mutex<Seen>,
    /// Ends the watch when it goes.
    wake: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Seen {
    tabs: BTreeMap<TabId, Stand>,
    /// Moves that nobody looked at yet: the tab, and where it was.
    moves: Vec<(TabId, String)>,
}

/// Where a tab stands.
#[derive(Debug, Clone)]
struct Stand {
    session: String,
    branch: String,
    title: String,
    head: String,
    worktree: std::path::PathBuf,
    read: BTreeSet<String>,
    told: Vec<Clash>,
}

/// Pairs of commits that were merged already: ours, theirs.
type Known = HashMap<(CommitId, CommitId), Vec<Conflict>>;

/// What one look found.
#[derive(Debug, Default)]
struct Found {
    clashes: BTreeMap<TabId, Vec<Clash>>,
    /// Files that changed with each move.
    changed: Vec<(TabId, Vec<String>)>,
}

impl Radar {
    pub fn new() -> Self {
        Self(Arc::new(Shared { seen: Mutex::default(), wake: watch::channel(()).0 }))
    }

    /// Takes note of what a tab tells.
    pub fn hear(&self, tab: TabId, session: &str, kind: &EventKind) {
        match kind {
            EventKind::Opened(opened) if !opened.is_aside => {
                let stand = Stand {
                    session: session.to_owned(),
                    branch: opened.branch.clone(),
                    title: opened.title.clone(),
                    head: opened.base.clone(),
                    worktree: opened.worktree.clone(),
                    read: BTreeSet::new(),
                    told: Vec::new(),
                };
                self.lock().tabs.insert(tab, stand);
            }
            EventKind::Agent(AgentEvent::TurnBegan { prompt, .. }) => {
                if let Some(stand) = self.lock().tabs.get_mut(&tab)
                    && stand.title.is_empty()
                {
                    prompt.lines().next().unwrap_or_default().clone_into(&mut stand.title);
                }
                return;
            }
            EventKind::Agent(AgentEvent::Step(step)) => self.moved(tab, &step.commit),
            EventKind::Committed { commit, .. } => self.moved(tab, commit),
            EventKind::Amended(amended) => self.moved(tab, &amended.commit),
            EventKind::Moved(moved) => self.moved(tab, &moved.to),
            EventKind::Agent(AgentEvent::ToolCall { name, input, .. }) => {
                if let Some(stand) = self.lock().tabs.get_mut(&tab) {
                    stand.reads(name, input);
                }
                return;
            }
            EventKind::Closed => {
                self.lock().tabs.remove(&tab);
            }
            _ => return,
        }
        self.0.wake.send_replace(());
    }

    fn moved(&self, tab: TabId, to: &str) {
        let mut seen = self.lock();
        let Some(stand) = seen.tabs.get_mut(&tab).filter(|stand| stand.head != to) else { return };
        let before = std::mem::replace(&mut stand.head, to.to_owned());
        seen.moves.push((tab, before));
    }

    /// Watches from here on, and tells: clashes as events of their tabs, and what other agents changed to those
    /// who read it. Ends with the workbench.
    pub fn watch(&self, place: Arc<Place>, tabs: Weak<Tabs>, events: mpsc::Sender<Event>) {
        let shared = Arc::downgrade(&self.0);
        let mut wake = self.0.wake.subscribe();
        tokio::spawn(async move {
            let mut known = Known::new();
            loop {
                let Some(seen) = shared.upgrade() else { return };
                let (stands, moves) = {
                    let mut seen = lock(&seen);
                    (seen.tabs.clone(), std::mem::take(&mut seen.moves))
                };
                drop(seen);
                let (looked, found) = {
                    let stands = stands.clone();
                    let look = move |repo: &Repo| {
                        let found = look(repo, &stands, &moves, &mut known)?;
                        Ok::<_, GitError>((known, found))
                    };
                    match place.git(look).await {
                        Ok((known, found)) => (known, found),
                        Err(failure) => {
                            tracing::warn!(message = %failure.message, "cannot tell what would conflict");
                            (Known::new(), Found::default())
                        }
                    }
                };
                known = looked;
                let Some(seen) = shared.upgrade() else { return };
                let (news, notices) = {
                    let mut seen = lock(&seen);
                    let wants = place.base.services.settings.agent.notices;
                    let notices = if wants { notices(&mut seen, &found.changed) } else { Vec::new() };
                    (news(&mut seen, found.clashes), notices)
                };
                drop(seen);
                for event in news {
                    if events.send(event).await.is_err() {
                        return;
                    }
                }
                for (tab, text) in notices {
                    // A tab that is too busy to hear it does without.
                    if let Some(sender) = tabs.upgrade().and_then(|tabs| tabs.sender(tab)) {
                        let _ = sender.try_send(Command::Note { tab, text });
                    }
                }
                if wake.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        lock(&self.0)
    }
}

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Seen> {
    shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stand {
    /// Our own tools and those of CLIs name a file that they read in one of these ways.
    fn reads(&mut self, tool: &str, input: &Value) {
        if !tool.to_ascii_lowercase().contains("read") || self.read.len() >= READ {
            return;
        }
        let named = ["path", "file_path", "filePath", "absolute_path"]
            .iter()
            .find_map(|key| input.get(key)?.as_str());
        let Some(path) = named else { return };
        let path = Path::new(path);
        let inside = path.strip_prefix(&self.worktree).unwrap_or(path);
        let plain = inside.strip_prefix("./").unwrap_or(inside);
        self.read.insert(plain.to_string_lossy().into_owned());
    }

    fn name(&self) -> String {
        if self.title.is_empty() {
            self.branch.clone()
        } else {
            format!("\"{}\" ({})", crate::agent::fit(&self.title, 60), self.branch)
        }
    }
}

/// Blocks.
fn look(
    repo: &Repo,
    stands: &BTreeMap<TabId, Stand>,
    moves: &[(TabId, String)],
    known: &mut Known,
) -> Result<Found, GitError> {
    let heads: Vec<(TabId, CommitId)> =
        stands.iter().filter_map(|(tab, stand)| Some((*tab, CommitId::parse(&stand.head).ok()?))).collect();
    let here = repo.head()?;
    let mut fresh = Known::new();
    let mut merge = |ours: &CommitId, theirs: &CommitId| {
        let pair = (ours.clone(), theirs.clone());
        let conflicts = match known.get(&pair) {
            Some(conflicts) => conflicts.clone(),
            None => match repo.conflicts(ours, theirs) {
                Ok(conflicts) => conflicts,
                // The other pairs can be told of.
                Err(error) => {
                    tracing::warn!(%error, %ours, %theirs, "cannot tell what would conflict");
                    return Vec::new();
                }
            },
        };
        fresh.insert(pair, conflicts.clone());
        conflicts
    };
    let mut found = Found::default();
    for (tab, head) in &heads {
        let clashes = found.clashes.entry(*tab).or_default();
        if let Some(base) = &here.commit {
            let name = here.branch.clone().unwrap_or_else(|| base.short().to_owned());
            clashes.extend(Clash::of(Other::Base(name), merge(base, head)));
        }
    }
    for (at, (tab, head)) in heads.iter().enumerate() {
        for (other, there) in &heads[at + 1..] {
            let conflicts = merge(head, there);
            let turned: Vec<Conflict> = conflicts.iter().map(Conflict::turned).collect();
            found.clashes.entry(*tab).or_default().extend(Clash::of(Other::Tab(*other), conflicts));
            found.clashes.entry(*other).or_default().extend(Clash::of(Other::Tab(*tab), turned));
        }
    }
    *known = fresh;
    for (tab, before) in moves {
        let (Some(stand), Ok(before)) = (stands.get(tab), CommitId::parse(before)) else { continue };
        let Ok(now) = CommitId::parse(&stand.head) else { continue };
        let Ok(diff) = repo.diff(Some(&before), &now) else { continue };
        let paths = diff.files.iter().map(|file| file.path.to_string_lossy().into_owned());
        found.changed.push((*tab, paths.collect()));
    }
    Ok(found)
}

impl Clash {
    fn of(with: Other, conflicts: Vec<Conflict>) -> Option<Self> {
        let paths: Vec<_> = conflicts
            .into_iter()
            .map(|conflict| (conflict.path.to_string_lossy().into_owned(), conflict.kind))
            .collect();
        (!paths.is_empty()).then_some(Self { with, paths })
    }
}

/// Those whose clashes are not what they were told last.
fn news(seen: &mut Seen, clashes: BTreeMap<TabId, Vec<Clash>>) -> Vec<Event> {
    let mut events = Vec::new();
    for (tab, clashes) in clashes {
        let Some(stand) = seen.tabs.get_mut(&tab).filter(|stand| stand.told != clashes) else { continue };
        stand.told.clone_from(&clashes);
        events.push(Event { tab, session: stand.session.clone(), kind: EventKind::Radar(clashes) });
    }
    events
}

/// What agents are to know: which files that they read another one changed. Told once, until it is read again.
fn notices(seen: &mut Seen, changed: &[(TabId, Vec<String>)]) -> Vec<(TabId, String)> {
    let mut told = Vec::new();
    for (from, paths) in changed {
        let Some(name) = seen.tabs.get(from).map(Stand::name) else { continue };
        for (tab, stand) in &mut seen.tabs {
            let hit: Vec<&String> = paths.iter().filter(|path| stand.read.contains(*path)).collect();
            if tab == from || hit.is_empty() {
                continue;
            }
            let mut files = hit.iter().take(NAMED).map(|path| path.as_str()).collect::<Vec<_>>().join(", ");
            if hit.len() > NAMED {
                files.push_str(&format!(" and {} more", hit.len() - NAMED));
            }
            told.push((
                *tab,
                format!(
                    "Notice: another agent, {name}, changed what you have read: {files}. Its version is on its \
                     branch, not in your worktree. Go on with your own; mention it if your work depends on it."
                ),
            ));
            for path in hit {
                stand.read.remove(path);
            }
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Fixture;

    #[test]
    fn a_tab_that_cannot_be_looked_at_hides_nothing_of_the_others() {
        let fixture = Fixture::new();
        let repo = fixture.repo();
        let base = fixture.git(&["rev-parse", "HEAD"]);
        let mut stands = BTreeMap::new();
        for (tab, name) in [(1, "one"), (2, "two")] {
            fixture.git(&["checkout", "-q", "-b", name, &base]);
            fixture.write("README.md", name);
            fixture.commit_all(name);
            stands.insert(TabId(tab), stand(name, &fixture.git(&["rev-parse", "HEAD"])));
        }
        fixture.git(&["checkout", "-q", "main"]);
        stands.insert(TabId(0), stand("gone", &"1".repeat(base.len())));
        let moves = [(TabId(0), base.clone()), (TabId(1), base)];
        let found = look(&repo, &stands, &moves, &mut Known::new()).unwrap();
        let clash = |with| vec![Clash { with, paths: vec![("README.md".into(), ConflictKind::BothChanged)] }];
        assert_eq!(found.clashes[&TabId(0)], []);
        assert_eq!(found.clashes[&TabId(1)], clash(Other::Tab(TabId(2))));
        assert_eq!(found.clashes[&TabId(2)], clash(Other::Tab(TabId(1))));
        assert_eq!(found.changed, [(TabId(1), vec!["README.md".to_owned()])]);
    }

    fn stand(branch: &str, head: &str) -> Stand {
        Stand {
            session: branch.to_owned(),
            branch: branch.to_owned(),
            title: String::new(),
            head: head.to_owned(),
            worktree: branch.into(),
            read: BTreeSet::new(),
            told: Vec::new(),
        }
    }
}
