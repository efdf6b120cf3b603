use super::*;
use crate::git::ConflictKind;

impl Desk {
    /// A session that left this one at its end, on a branch and in a worktree of its own.
    pub(super) fn fork(&self, name: &str) -> Desk {
        let tree = self.fixture.place(name);
        let branch = format!("offshoot/{name}");
        let base = self.head();
        self.repo.create_worktree(&branch, Some(&base), &tree).unwrap();
        let origin =
            Origin { commit: base.to_string(), session: self.id(), turn: self.conversation.next_turn() };
        let fixture = Fixture { root: tempfile::tempdir().unwrap(), top: self.fixture.top.clone() };
        let cursor = Cursor::start(new_id(), &branch, base, Some(origin));
        let conversation = self.conversation.clone();
        Desk { fixture, repo: self.repo.clone(), cursor, conversation, tree, turn: self.turn }
    }

    pub(super) fn merge(&mut self, rev: &str) -> Result<ChildMerge, SessionError> {
        let child = Child::of(&self.repo, rev).unwrap();
        let (repo, mut worktree) = (self.repo.clone(), self.worktree());
        merge_child(
            &repo,
            &mut worktree,
            &mut self.cursor,
            &self.conversation,
            &child,
            &Draft::default(),
            &[],
        )
    }
}

fn merged(what: ChildMerge) -> MergedChild {
    match what {
        ChildMerge::Merged(merged) => *merged,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_child_is_merged_with_both_conversations() {
    let mut parent = Desk::new();
    parent.change("one", "a.txt");
    let mut child = parent.fork("child");
    let childs = child.change("try b", "b.txt");
    parent.change("two", "c.txt");
    parent.chat("what do you think?");
    write(&parent.tree, "by-hand.txt", "mine\n");
    let print = parent.fixture.print();

    let done = merged(parent.merge("offshoot/child").unwrap());
    assert_eq!(parent.head(), done.commit);
    assert_eq!(done.stat.files.len(), 1);
    for file in ["a.txt", "b.txt", "c.txt", "by-hand.txt"] {
        assert!(parent.tree.join(file).exists(), "{file}");
    }
    assert_eq!(parent.git(&["status", "--porcelain"]), "");
    assert_eq!(parent.fixture.print(), print);
    let data = parent.repo.commit(&done.commit).unwrap();
    assert_eq!(data.parents[1], childs);
    assert!(data.subject().starts_with("Merge offshoot/child: try b"), "{}", data.subject());
    let text = &data.message;
    assert!(text.contains("what do you think?") && text.contains("Its last answer:\nDone."), "{text}");
    assert!(text.contains(&child.id()), "{text}");
    let frame = frames(text).unwrap().pop().unwrap();
    let origin = Origin { commit: childs.to_string(), session: child.id(), turn: 2 };
    assert_eq!((frame.stamp.merged, frame.stamp.session), (Some(origin), parent.id()));

    // The parent's conversation, byte for byte; and the child's is reachable.
    let hash = done.commit.to_string();
    for rev in [hash.as_str(), "offshoot/work", &parent.id()] {
        assert_eq!(parent.load(rev).conversation, parent.conversation, "{rev}");
    }
    assert_eq!(parent.load(&format!("{hash}^2")).conversation.turn(), 2);
    assert!(kept(&parent.repo).unwrap().iter().any(|kept| kept.why == "merged" && kept.commit == childs));
    assert_eq!(merge_again(&mut parent), ChildMerge::Nothing);
    // It goes on.
    parent.reopen();
    parent.change("three", "d.txt");
    assert_eq!(parent.load(&parent.id()).conversation, parent.conversation);
}

fn merge_again(parent: &mut Desk) -> ChildMerge {
    parent.merge("offshoot/child").unwrap()
}

#[test]
fn a_merge_is_undone_as_one_step() {
    let mut parent = Desk::new();
    parent.change("one", "a.txt");
    let mut child = parent.fork("child");
    child.change("try b", "b.txt");
    let before = parent.head();
    merged(parent.merge("offshoot/child").unwrap());
    let session = parent.load(&parent.id());
    let plan = undo_plan(&parent.repo, Some(&parent.worktree()), &session, UndoScope::Steps(1)).unwrap();
    assert_eq!((&plan.to, &plan.removed), (&before, &vec![PathBuf::from("b.txt")]));
    undo_apply(&parent.repo, Some(&mut parent.worktree()), &session, &plan, &[]).unwrap();
    assert_eq!(parent.head(), before);
    let again = redo(&parent.repo, Some(&mut parent.worktree()), &parent.load(&parent.id())).unwrap();
    assert!(parent.tree.join("b.txt").exists() && again.session.head == session.head);
}

#[test]
fn a_conflict_leaves_the_parent_as_it_is() {
    let mut parent = Desk::new();
    parent.change("one", "a.txt");
    let mut child = parent.fork("child");
    child.change("this", "same.txt");
    parent.change("that", "same.txt");
    let (head, tip) = (parent.head(), parent.tip());
    let ChildMerge::Conflicts(found) = parent.merge("offshoot/child").unwrap() else { panic!() };
    let found: Vec<_> = found.iter().map(|one| (one.path.display().to_string(), one.kind)).collect();
    assert_eq!(found, [("same.txt".to_owned(), ConflictKind::BothAdded)]);
    assert_eq!((parent.head(), parent.tip()), (head, tip));
    assert_eq!(parent.git(&["status", "--porcelain"]), "");
}

#[test]
fn conflicts_that_nobody_resolved_do_not_reach_the_parent() {
    let mut parent = Desk::new();
    parent.change("one", "a.txt");
    let mut child = parent.fork("child");
    child.prompt("merge it");
    child.step("b.txt", "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n");
    child.record();
    let head = parent.head();
    let error = parent.merge("offshoot/child").unwrap_err();
    let SessionError::Unresolved { paths, .. } = &error else { panic!("{error}") };
    assert_eq!((paths, parent.head()), (&vec![PathBuf::from("b.txt")], head));
    child.step("b.txt", "x\ny\n");
    child.record();
    merged(parent.merge("offshoot/child").unwrap());
    // What the parent has already is its own.
    let mut other = parent.fork("other");
    parent.step("shown.txt", "<<<<<<< a\n=======\n>>>>>>> b\n");
    other.step("shown.txt", "<<<<<<< a\n=======\n>>>>>>> b\n");
    other.change("more", "c.txt");
    merged(parent.merge("offshoot/other").unwrap());
}

#[test]
fn an_ignored_file_in_the_way_is_not_lost() {
    let mut parent = Desk::new();
    parent.change("one", "a.txt");
    let mut child = parent.fork("child");
    write(&child.tree, ".gitignore", "nothing\n");
    child.change("log it", "run.log");
    write(&parent.tree, "run.log", "ignored here\n");
    let error = parent.merge("offshoot/child").unwrap_err();
    assert!(matches!(&error, SessionError::Git(GitError::InTheWay { .. })), "{error}");
    assert_eq!(std::fs::read_to_string(parent.tree.join("run.log")).unwrap(), "ignored here\n");
    assert_eq!(parent.git(&["status", "--porcelain"]), "");
    assert!(!parent.repo.read_ref("refs/heads/offshoot/work").unwrap().unwrap().as_str().is_empty());
    assert_eq!(parent.load(&parent.id()).conversation, parent.conversation);
}

#[test]
fn a_branch_of_a_person_is_merged_too() {
    let mut parent = Desk::new();
    parent.change("one", "a.txt");
    parent.fixture.git(&["checkout", "-q", "-b", "mine", "offshoot/work"]);
    parent.fixture.write("mine.txt", "x\n");
    parent.fixture.commit_all("by hand");
    let child = Child::of(&parent.repo, "mine").unwrap();
    assert_eq!((child.session.as_deref(), child.title.as_str()), (None, "by hand"));
    merged(parent.merge("mine").unwrap());
    assert!(parent.tree.join("mine.txt").exists());
    assert_eq!(parent.load("offshoot/work").conversation, parent.conversation);
}
