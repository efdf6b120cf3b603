//! Sessions on real repositories.

mod blame;
mod landing;
mod merging;
mod moves;
mod undo_and_gc;

use std::path::PathBuf;

use super::*;
use crate::chat::{Conversation, Entry, EntryKind, Message, Setup, Usage, Voice};
use crate::git::codec::{Origin, Route, StepKind, frames};
use crate::git::testing::{Fixture, git_in, write};
use crate::git::{CommitId, DiffStat, GitError, Repo, StepOptions, Touched, Worktree};

/// A session at work on a branch and in a worktree of its own.
pub(super) struct Desk {
    pub fixture: Fixture,
    pub repo: Repo,
    pub cursor: Cursor,
    pub conversation: Conversation,
    pub tree: PathBuf,
    turn: u32,
}

impl Desk {
    pub fn new() -> Self {
        Self::on(Fixture::new())
    }

    pub fn on(fixture: Fixture) -> Self {
        let repo = fixture.repo();
        let base = repo.resolve("main").unwrap();
        let tree = fixture.place("work");
        repo.create_worktree("offshoot/work", Some(&base), &tree).unwrap();
        let cursor = Cursor::start(new_id(), "offshoot/work", base, None);
        Self { fixture, repo, cursor, conversation: Conversation::default(), tree, turn: 0 }
    }

    pub fn id(&self) -> String {
        self.cursor.session().to_owned()
    }

    pub fn git(&self, args: &[&str]) -> String {
        git_in(&self.tree, args)
    }

    pub fn head(&self) -> CommitId {
        CommitId::parse(&self.git(&["rev-parse", "HEAD"])).unwrap()
    }

    pub fn tip(&self) -> CommitId {
        self.repo.read_ref(&session_ref(&self.id())).unwrap().unwrap()
    }

    fn push(&mut self, kind: EntryKind) {
        let at = "2026-01-02T03:04:05Z".to_owned();
        self.conversation.push(Entry { turn: self.turn, at, kind });
    }

    pub fn prompt(&mut self, text: &str) {
        self.turn = self.conversation.turn() + 1;
        let base = Some(self.head().to_string());
        if self.turn == 1 {
            self.push(EntryKind::Setup(Setup { digest: "sha256:00".into(), ..Setup::default() }));
        }
        self.push(EntryKind::Prompt { message: Message::user(text), base });
    }

    pub fn answer(&mut self, text: &str) {
        let by = Voice { backend: "local".into(), model: "m".into() };
        let usage = Usage { output: 10, ..Usage::default() };
        self.push(EntryKind::Answer { message: Message::assistant(text), by, usage, stop: None });
    }

    fn draft(subject: &str) -> Draft {
        let route = Route { backend: "local".into(), model: "m".into(), reason: "only one".into() };
        Draft { subject: subject.into(), summary: String::new(), route: Some(route), cost_usd: Some(0.25) }
    }

    pub fn worktree(&self) -> Worktree {
        self.repo.attach_worktree(self.cursor.branch(), &self.tree).unwrap()
    }

    /// Writes a file and commits the step.
    pub fn step(&mut self, path: &str, text: &str) -> CommitId {
        write(&self.tree, path, text);
        let mut worktree = self.worktree();
        let draft = |_: &DiffStat| Self::draft(&format!("Write {path}"));
        let changes = (&Touched::Scan, &StepOptions::default());
        let made = self.cursor.step_in(&mut worktree, changes, &self.conversation, &draft, &[]).unwrap();
        made.unwrap().commit
    }

    pub fn commit_by_hand(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-verify", "--cleanup=verbatim", "-m", message]);
    }

    /// A turn in which a file is written, and something is said after.
    pub fn change(&mut self, prompt: &str, path: &str) -> CommitId {
        self.prompt(prompt);
        self.answer(&format!("I write {path}"));
        let step = self.step(path, prompt);
        self.answer("Done.");
        self.record();
        step
    }

    pub fn chat(&mut self, prompt: &str) {
        self.prompt(prompt);
        self.answer("So it is.");
        self.record();
    }

    pub fn record(&mut self) -> Option<CommitId> {
        let (head, draft) = (self.head(), Self::draft("Answer"));
        self.cursor.record(&self.repo, &head, &self.conversation, &draft, &[]).unwrap()
    }

    pub fn load(&self, rev: &str) -> Session {
        load(&self.repo, Some(rev)).unwrap()
    }

    /// Goes on as a process would that was just started.
    pub fn reopen(&mut self) {
        let session = load(&self.repo, Some(&self.id())).unwrap();
        self.cursor = Cursor::resume(&self.repo, &session).unwrap();
        self.conversation = session.conversation;
    }
}

#[test]
fn a_session_is_back_from_its_id_its_branch_and_any_hash() {
    let mut desk = Desk::new();
    let one = desk.change("one", "a.txt");
    desk.chat("two");
    let three = desk.change("three", "b.txt");
    desk.chat("four");
    let all = desk.conversation.clone();

    let by_id = desk.load(&desk.id());
    assert_eq!(by_id.conversation, all);
    assert_eq!((by_id.turn, by_id.step, by_id.next_index), (4, 2, all.len()));
    assert_eq!((&by_id.head, &by_id.tip), (&three, &desk.tip()));
    assert_eq!(by_id.title.as_deref(), Some("one"));
    assert_eq!(desk.load("offshoot/work"), by_id);
    assert_eq!(load(&desk.repo, None).unwrap(), by_id);

    // A hash gives what was said up to there: the turn that only talked is in it.
    let by_hash = desk.load(three.short());
    assert_eq!(by_hash.conversation.entries(), &all.entries()[..by_hash.next_index]);
    assert_eq!((by_hash.turn, by_hash.step), (3, 2));
    assert_eq!(by_hash.conversation.prompt(2).as_deref(), Some("two"));
    assert_eq!(desk.load(one.as_str()).conversation.len(), 3);
    // A record's hash too.
    assert_eq!(desk.load(desk.tip().as_str()), by_id);
    // The branch has the steps only, and every record has the files of its step.
    assert_eq!(desk.git(&["rev-list", "--count", "main..offshoot/work"]), "2");
    assert_eq!(desk.repo.commit(&desk.tip()).unwrap().tree, desk.repo.commit(&three).unwrap().tree);
}

#[test]
fn a_session_that_only_talks_leaves_its_branch_alone() {
    let mut desk = Desk::new();
    let base = desk.head();
    desk.chat("one");
    desk.chat("two");
    assert_eq!(desk.head(), base);
    for rev in [desk.id(), "offshoot/work".into()] {
        let session = desk.load(&rev);
        assert_eq!((&session.conversation, &session.head), (&desk.conversation, &base));
        assert_eq!((session.step, session.turn), (0, 2));
    }
    assert!(desk.record().is_none(), "nothing new was said");
}

#[test]
fn the_next_step_carries_what_was_only_said() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.chat("two");
    desk.reopen();
    let step = desk.change("three", "b.txt");
    assert_eq!(desk.load(step.as_str()).conversation.entries(), &desk.conversation.entries()[..8]);
    // With what it cost: two answers since the first step, and the one of the step itself.
    let message = desk.repo.commit(&step).unwrap().message;
    let stamp = frames(&message).unwrap().pop().unwrap().stamp;
    assert_eq!((stamp.usage.output, stamp.cost_usd), (30, Some(0.75)));
    assert_eq!((stamp.total_usage.output, stamp.total_cost_usd), (40, Some(1.0)));
    assert_eq!(desk.load(&desk.id()).total_usage.output, 50);
}

#[test]
fn what_is_written_grows_with_what_is_said() {
    let mut desk = Desk::new();
    for n in 0..20 {
        desk.chat(&format!("question {n}"));
    }
    let lines = |rev: &str| desk.git(&["log", "--format=%B", rev]).matches("\n{\"role\"").count();
    assert_eq!(lines(desk.tip().as_str()), desk.conversation.len());
}

#[test]
fn a_plain_clone_is_enough() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.chat("two");
    let head = desk.change("three", "b.txt");
    let clone = desk.fixture.place("clone");
    desk.fixture.git(&["clone", "-q", "--no-local", ".", clone.to_str().unwrap()]);
    let repo = Repo::discover(&clone).unwrap();
    assert!(repo.refs(SESSIONS).unwrap().is_empty());
    let wanted = desk.load(head.as_str());
    for rev in [Some(head.short()), Some("offshoot/work"), Some("origin/offshoot/work"), None] {
        assert_eq!(load(&repo, rev).unwrap(), wanted, "{rev:?}");
    }
    assert_eq!(list(&repo).unwrap().len(), 1);
    assert_eq!(peek(&repo, None).unwrap().messages, 8);
}

#[test]
fn a_repository_that_libgit2_cannot_serve_holds_sessions_too() {
    let mut desk = Desk::on(Fixture::with(&["--object-format=sha256"]));
    desk.change("one", "a.txt");
    desk.chat("two");
    let three = desk.change("three", "b.txt");
    desk.chat("four");
    for rev in [desk.id(), "offshoot/work".into()] {
        assert_eq!(desk.load(&rev).conversation, desk.conversation, "{rev}");
    }
    assert_eq!(desk.load(three.short()).turn, 3);
    let session = desk.load(&desk.id());
    assert_eq!(branch_from_turn(&desk.repo, &session, 3).unwrap().conversation.turn(), 2);
    let plan = undo_plan(&desk.repo, None, &session, UndoScope::Steps(1)).unwrap();
    let undone = undo_apply(&desk.repo, None, &session, &plan, &[]).unwrap().session;
    assert_eq!((undone.step, desk.tree.join("b.txt").exists()), (1, false));
    assert_eq!(redo(&desk.repo, None, &undone).unwrap().session, session);
    assert_eq!(list(&desk.repo).unwrap().len(), 1);
}

#[test]
fn a_step_whose_ref_did_not_move_any_more_counts() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let before = desk.tip();
    desk.prompt("two");
    desk.answer("b");
    let step = desk.step("b.txt", "b");
    // The process died between the branch and the session's ref.
    desk.fixture.git(&["update-ref", &session_ref(&desk.id()), before.as_str()]);
    for rev in [desk.id(), "offshoot/work".into()] {
        let session = desk.load(&rev);
        assert_eq!((&session.head, &session.conversation), (&step, &desk.conversation), "{rev}");
    }
    desk.reopen();
    desk.chat("three");
    assert_eq!(desk.load(&desk.id()).conversation, desk.conversation);
}

#[test]
fn commits_of_people_are_passed_over() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.chat("two");
    write(&desk.tree, "hand.txt", "by hand");
    desk.commit_by_hand("By hand\n\nOffshoot is nice.\n");
    let hand = desk.head();
    let session = desk.load("offshoot/work");
    assert_eq!((&session.head, &session.conversation), (&hand, &desk.conversation));
    // By its hash, the commit stands for its files and for the step below it.
    let session = desk.load(hand.as_str());
    assert_eq!((&session.head, session.next_index), (&hand, 3));

    // What is said now stands on the files of now, and says again what the branch does not.
    desk.chat("three");
    let session = desk.load(&desk.id());
    assert_eq!((&session.head, &session.conversation), (&hand, &desk.conversation));
    desk.reopen();
    desk.change("four", "b.txt");
    assert_eq!(desk.load(&desk.id()).conversation, desk.conversation);
    assert!(desk.load("offshoot/work").missing.is_empty());
}

#[test]
fn a_rebased_branch_is_the_same_session() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    desk.chat("three");
    desk.fixture.write("other.txt", "x");
    desk.fixture.commit_all("someone else");
    desk.git(&["rebase", "-q", "main"]);
    for rev in [desk.id(), "offshoot/work".into()] {
        let session = desk.load(&rev);
        assert_eq!((&session.head, &session.conversation), (&desk.head(), &desk.conversation), "{rev}");
    }
    desk.reopen();
    desk.change("four", "c.txt");
    assert_eq!(desk.load(&desk.id()).conversation, desk.conversation);
    assert_eq!(desk.load("offshoot/work").conversation, desk.conversation);
}

#[test]
fn a_merge_keeps_the_conversation_of_its_first_parent() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.fixture.write("other.txt", "x");
    desk.fixture.commit_all("someone else");
    desk.git(&["merge", "-q", "--no-edit", "main"]);
    let step = desk.change("two", "b.txt");
    let session = desk.load(step.as_str());
    assert_eq!(session.conversation.entries(), &desk.conversation.entries()[..session.next_index]);
    assert_eq!(session.turn, 2);
}

#[test]
fn a_squashed_session_is_read_from_one_commit() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let two = desk.change("two", "b.txt");
    let wanted = desk.load(two.as_str()).conversation;
    desk.fixture.git(&["merge", "-q", "--squash", "offshoot/work"]);
    desk.fixture.git(&["commit", "-q", "--no-edit"]);
    assert_eq!(desk.load("main").conversation, wanted);
}

#[test]
fn a_dropped_step_is_told_and_healed() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    desk.change("three", "c.txt");
    desk.git(&["rebase", "-q", "--onto", "HEAD~2", "HEAD~"]);
    // The session's ref still has all of it.
    let session = desk.load("offshoot/work");
    assert_eq!((&session.conversation, session.missing.len()), (&desk.conversation, 0));
    // The branch alone has not.
    let session = desk.load(desk.head().as_str());
    assert_eq!(session.missing.iter().collect::<Vec<_>>(), [&(3..6)], "what the dropped step said");
    assert_eq!((session.conversation.len(), session.next_index), (6, 9));
    // The next step says all of it again.
    desk.reopen();
    let step = desk.change("four", "d.txt");
    let healed = desk.load(step.as_str());
    assert!(healed.missing.is_empty());
    assert_eq!(healed.conversation.len(), desk.conversation.len() - 1);
    assert_eq!(desk.load("offshoot/work").conversation, desk.conversation);
}

#[test]
fn a_session_with_a_hole_goes_on_and_what_its_ref_held_is_kept() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    desk.change("three", "c.txt");
    let old = desk.tip();
    desk.git(&["rebase", "-q", "--onto", "HEAD~2", "HEAD~"]);
    let session = desk.load(desk.head().as_str());
    desk.cursor = Cursor::resume(&desk.repo, &session).unwrap();
    desk.conversation = session.conversation;
    desk.chat("four");
    assert_eq!(desk.load(&desk.id()).conversation, desk.conversation);
    assert!(desk.load(&desk.id()).missing.is_empty());
    assert!(kept(&desk.repo).unwrap().iter().any(|kept| kept.why == "moved" && kept.commit == old));
}

#[test]
fn compaction_ends_the_context_and_not_the_conversation() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.prompt("two");
    desk.push(EntryKind::Summary(Message::user("in short")));
    desk.answer("on it");
    let step = desk.step("b.txt", "b");
    let message = desk.repo.commit(&step).unwrap().message;
    assert!(message.contains("Offshoot-Keyframe: true"));
    let session = desk.load(step.as_str());
    assert_eq!(session.conversation, desk.conversation);
    assert_eq!(session.conversation.context().len(), 2);
    let last = context(&desk.repo, &step).unwrap();
    assert_eq!(last.first_index, 3, "the turn before the compaction is not read");
    assert_eq!(Conversation::new(last.entries).context(), session.conversation.context());
}

#[test]
fn a_second_writer_is_refused_and_nothing_is_lost() {
    let mut desk = Desk::new();
    desk.chat("one");
    let mut other = Desk { fixture: Fixture::new(), ..desk_like(&desk) };
    other.tree = desk.tree.clone();
    other.chat("from elsewhere");
    desk.prompt("two");
    let (head, draft) = (desk.head(), Desk::draft("Answer"));
    let refused = desk.cursor.record(&desk.repo, &head, &desk.conversation, &draft, &[]).unwrap_err();
    assert!(matches!(refused, SessionError::Git(GitError::RefMoved { .. })), "{refused}");
    assert_eq!(desk.load(&desk.id()).conversation, other.conversation);
}

fn desk_like(desk: &Desk) -> Desk {
    Desk {
        fixture: Fixture::new(),
        repo: desk.repo.clone(),
        cursor: desk.cursor.clone(),
        conversation: desk.conversation.clone(),
        tree: desk.tree.clone(),
        turn: desk.turn,
    }
}

#[test]
fn the_end_of_a_conversation_comes_without_the_rest() {
    let mut desk = Desk::new();
    for n in 0..5 {
        desk.change(&format!("turn {n}"), &format!("{n}.txt"));
    }
    let end = tail(&desk.repo, &desk.tip(), 3).unwrap();
    assert!((3..=5).contains(&end.entries.len()));
    assert_eq!(end.entries, desk.conversation.entries()[end.first_index..]);
    let peek = peek(&desk.repo, Some(&desk.id())).unwrap();
    assert_eq!((peek.messages, peek.stamp.turn, peek.stamp.step), (desk.conversation.len(), 5, 5));
    assert_eq!(peek.head, desk.head());
    assert!(tail(&desk.repo, &desk.tip(), 1_000).unwrap().entries == desk.conversation.entries());
}

#[test]
fn what_is_no_session_is_said_so() {
    let desk = Desk::new();
    assert!(matches!(load(&desk.repo, Some("main")).unwrap_err(), SessionError::NoSession { .. }));
    assert!(matches!(load(&desk.repo, None).unwrap_err(), SessionError::NoSessions));
    let unknown = load(&desk.repo, Some("nonesuch")).unwrap_err();
    assert!(matches!(unknown, SessionError::Git(GitError::UnknownRevision { .. })), "{unknown}");
    assert!(unknown.hint().is_some());
}

#[test]
fn a_turn_is_left_with_exactly_its_files_and_words() {
    // Turns 1, 3 and 4 change files; between them a merge and an edit by hand.
    let mut desk = Desk::new();
    let one = desk.change("one", "a.txt");
    desk.chat("two");
    desk.fixture.write("other.txt", "x");
    desk.fixture.commit_all("someone else");
    desk.git(&["merge", "-q", "--no-edit", "main"]);
    let merge = desk.head();
    desk.change("three", "b.txt");
    write(&desk.tree, "hand.txt", "by hand");
    desk.commit_by_hand("By hand");
    let hand = desk.head();
    desk.change("four", "c.txt");
    let before = (desk.head(), desk.tip());

    let fork = |desk: &Desk, turn| branch_from_turn(&desk.repo, &desk.load(&desk.id()), turn).unwrap();
    for (turn, base, last) in [
        (1, desk.repo.resolve("main~").unwrap(), None),
        (2, one, Some(1)),
        (3, merge, Some(2)),
        (4, hand, Some(3)),
    ] {
        let fork = fork(&desk, turn);
        assert_eq!(fork.base, base, "turn {turn}");
        assert_eq!(fork.conversation.entries().last().map(|entry| entry.turn), last);
        let len = fork.conversation.len();
        assert_eq!(fork.conversation.entries(), &desk.conversation.entries()[..len]);
        assert_eq!(fork.origin, Origin { commit: base.to_string(), session: desk.id(), turn });
    }
    assert_eq!((desk.head(), desk.tip()), before);
    let session = desk.load(&desk.id());
    let none = branch_from_turn(&desk.repo, &session, 9).unwrap_err();
    assert!(matches!(none, SessionError::NoTurn { turn: 9, last: 4, .. }));

    // After a rebase the noted commits are of another history: the steps tell instead.
    desk.git(&["rebase", "-q", "--force-rebase", "main"]);
    let fork = fork(&desk, 3);
    assert_eq!(desk.git(&["show", "--format=%s", "--no-patch", fork.base.as_str()]), "Write a.txt");
}

#[test]
fn a_fork_carries_what_it_took_along_and_stands_under_its_parent() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    let parent = desk.load(&desk.id());
    let fork = branch_from_turn(&desk.repo, &parent, 2).unwrap();
    let tree = desk.fixture.place("fork");
    let path = tree.to_str().unwrap();
    desk.fixture.git(&["worktree", "add", "-q", "-b", "offshoot/fork", path, fork.base.as_str()]);
    let mut other = Desk {
        cursor: Cursor::start(new_id(), "offshoot/fork", fork.base.clone(), Some(fork.origin.clone())),
        conversation: fork.conversation,
        tree,
        ..desk_like(&desk)
    };
    let step = other.change("another two", "c.txt");
    let session = other.load(step.as_str());
    assert_eq!(session.conversation.entries(), &other.conversation.entries()[..session.next_index]);
    assert_eq!(session.forked_from.as_ref(), Some(&fork.origin));
    assert_eq!(desk.load(&desk.id()), parent, "the parent is as it was");

    let trees = log_tree(&desk.repo).unwrap();
    assert_eq!((trees.len(), trees[0].forks.len()), (1, 1));
    assert_eq!(trees[0].summary.id, desk.id());
    assert_eq!(trees[0].forks[0].summary.id, other.id());
    let titles = [&trees[0].summary.title, &trees[0].forks[0].summary.title];
    assert_eq!(titles, ["one", "another two"], "each by its own first words");
    let lines: Vec<_> = trees[0]
        .steps
        .iter()
        .map(|s| (s.kind, s.turn, s.step, s.subject.as_str(), s.prompt.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            (StepKind::Step, 1, 1, "Write a.txt", Some("one")),
            (StepKind::Step, 2, 2, "Write b.txt", Some("two")),
            (StepKind::Turn, 2, 2, "Answer", None),
        ]
    );
    let listed = list(&desk.repo).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(latest(&desk.repo).unwrap().as_ref(), listed.first());
    assert!(listed[0].started.is_some() && listed[0].cost_usd == Some(0.5), "{:?}", listed[0]);
}
