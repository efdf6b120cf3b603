//! Back and forth with everything around it: what others have, what no commit holds, what was done by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;

/// On a repository that libgit2 serves, and on one that the git program serves.
fn both(act: impl Fn(Desk)) {
    act(Desk::new());
    let program = Fixture::new();
    program.git(&["config", "extensions.partialClone", "nowhere"]);
    assert!(!program.repo().is_library());
    act(Desk::on(program));
}

impl Desk {
    /// What the model is told without being asked.
    fn note(&mut self, text: &str) {
        self.turn = self.conversation.turn();
        self.push(EntryKind::Steer(Message::user(text)));
        self.record();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree.join(path)).unwrap()
    }
}

/// Every file below a folder with its content, and when it was written.
fn files(top: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            let meta = entry.path().symlink_metadata().unwrap();
            if meta.is_dir() {
                folders.push(entry.path());
            } else {
                let text = format!("{:?} {:?}", meta.modified().unwrap(), fs::read(entry.path()).unwrap());
                found.insert(entry.path().display().to_string(), text);
            }
        }
    }
    found
}

#[test]
fn the_first_step_of_a_turn_goes_with_its_prompt_and_nothing_before_it() {
    let mut desk = Desk::new();
    let one = desk.change("one", "a.txt");
    desk.chat("two");
    let before = desk.conversation.clone();
    desk.change("three", "b.txt");
    let all = desk.conversation.clone();
    let done = desk.undo(UndoScope::Steps(1));
    assert_eq!(
        (desk.head(), &done.session.conversation),
        (one, &before),
        "the closing words are still there"
    );
    desk.redo().unwrap();
    assert_eq!(desk.conversation, all);
    // Two steps: back to the beginning.
    let done = desk.undo(UndoScope::Steps(2));
    assert_eq!((done.session.turn, done.session.conversation.len()), (0, 0));
}

#[test]
fn a_session_goes_back_to_before_any_of_its_turns() {
    let mut desk = Desk::new();
    let base = desk.head();
    let one = desk.change("one", "a.txt");
    desk.chat("two");
    desk.change("three", "b.txt");
    let done = desk.undo(UndoScope::Before(2));
    assert_eq!((desk.head(), done.session.turn), (one, 1));
    let error = desk.plan(UndoScope::Before(3)).unwrap_err();
    assert!(matches!(error, SessionError::NoTurn { turn: 3, last: 1, .. }), "{error}");
    desk.redo().unwrap();
    let done = desk.undo(UndoScope::Before(1));
    assert_eq!((desk.head(), done.session.turn), (base, 0));
}

#[test]
fn a_fork_goes_back_to_before_it_was_one() {
    let mut desk = Desk::new();
    let base = desk.head();
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    let parent = desk.load(&desk.id());
    let fork = branch_from_turn(&desk.repo, &parent, 3).err();
    assert!(fork.is_some(), "there is no third turn");
    let tree = desk.fixture.place("fork");
    desk.repo.create_worktree("offshoot/fork", Some(&parent.head), &tree).unwrap();
    let origin = Origin { commit: parent.head.to_string(), session: parent.id.clone(), turn: 3 };
    desk.cursor = Cursor::start(new_id(), "offshoot/fork", parent.head.clone(), Some(origin));
    desk.tree = tree;
    desk.change("three", "c.txt");
    let (session, other) = (desk.load(&desk.id()), desk.repo.resolve("offshoot/work").unwrap());
    let plan = undo_plan(&desk.repo, None, &session, UndoScope::Before(1)).unwrap();
    assert_eq!(plan.to, base);
    let done = undo_apply(&desk.repo, None, &session, &plan, &[]).unwrap();
    assert_eq!((done.session.turn, desk.has("a.txt")), (0, false));
    assert_eq!(desk.repo.resolve("offshoot/work").unwrap(), other, "the session that was left stays");
}

#[test]
fn what_was_done_by_hand_after_an_undo_comes_along_with_a_redo() {
    both(|mut desk| {
        desk.change("one", "a.txt");
        let two = desk.change("two", "b.txt");
        let all = desk.conversation.clone();
        desk.undo(UndoScope::Turns(1));
        write(&desk.tree, "hand.txt", "by hand");
        desk.commit_by_hand("Add hand.txt");
        desk.note("The user ran `touch hand.txt`");
        // And something that is in no commit yet.
        write(&desk.tree, "late.txt", "late");
        let done = desk.redo().unwrap();
        let ByHand::Along(commit) = done.by_hand else { panic!("{:?}", done.by_hand) };
        assert_eq!((desk.head(), desk.repo.commit(&commit).unwrap().parents), (commit, vec![two]));
        assert_eq!((desk.read("hand.txt"), desk.read("late.txt")), ("by hand".into(), "late".into()));
        assert!(desk.has("b.txt"));
        assert_eq!(done.changed, ["b.txt"].map(PathBuf::from));
        assert_eq!(desk.conversation, all);
        assert_eq!(done.notes, ["The user ran `touch hand.txt`"]);
        // Another turn, and all of it back and forth.
        desk.change("three", "c.txt");
        desk.undo(UndoScope::Before(2));
        assert!(!desk.has("hand.txt") && desk.has("a.txt"));
        desk.redo().unwrap();
        assert!(desk.has("hand.txt") && desk.has("c.txt"));
    });
}

#[test]
fn what_was_done_by_hand_and_does_not_fit_is_kept() {
    both(|mut desk| {
        desk.change("one", "a.txt");
        let two = desk.change("two", "b.txt");
        desk.undo(UndoScope::Turns(1));
        write(&desk.tree, "b.txt", "another b");
        desk.commit_by_hand("Write b.txt");
        let left = desk.head();
        let done = desk.redo().unwrap();
        let ByHand::Aside { kept, paths } = done.by_hand else { panic!("{:?}", done.by_hand) };
        assert_eq!((desk.head(), desk.read("b.txt")), (two, "two".into()));
        assert_eq!((desk.repo.read_ref(&kept).unwrap(), paths), (Some(left), vec![PathBuf::from("b.txt")]));
    });
}

#[test]
fn the_same_done_by_hand_is_nothing_to_bring_along() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let two = desk.change("two", "b.txt");
    desk.undo(UndoScope::Turns(1));
    write(&desk.tree, "b.txt", "two");
    desk.commit_by_hand("Write b.txt");
    let done = desk.redo().unwrap();
    assert_eq!((desk.head(), done.by_hand), (two, ByHand::Nothing));
}

#[test]
fn a_file_that_no_commit_holds_is_never_written_over() {
    both(|mut desk| {
        desk.change("one", "data.bin");
        desk.prompt("two");
        desk.answer("It should be ignored.");
        fs::remove_file(desk.tree.join("data.bin")).unwrap();
        let two = desk.step(".gitignore", "data.bin\nfolder\n");
        write(&desk.tree, "data.bin", "precious");
        let plan = desk.plan(UndoScope::Steps(1)).unwrap();
        assert_eq!(plan.in_the_way, ["data.bin"].map(PathBuf::from));
        let (session, print) = (desk.load(&desk.id()), files(&desk.tree));
        let error = undo_apply(&desk.repo, Some(&mut desk.worktree()), &session, &plan, &[]).unwrap_err();
        assert_eq!(error.to_string(), "a file is in the way, and no commit holds it:\n  data.bin");
        assert_eq!((desk.head(), files(&desk.tree)), (two, print));
        // A folder where the file was, with something in it that is ignored.
        fs::remove_file(desk.tree.join("data.bin")).unwrap();
        write(&desk.tree, "data.bin/deep", "precious");
        assert_eq!(desk.plan(UndoScope::Steps(1)).unwrap().in_the_way, ["data.bin/deep"].map(PathBuf::from));
        fs::remove_dir_all(desk.tree.join("data.bin")).unwrap();
        desk.undo(UndoScope::Steps(1));
        assert_eq!(desk.read("data.bin"), "one");
    });
}

#[test]
fn a_redo_writes_over_nothing_either() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.change("two", "data.log.txt");
    desk.undo(UndoScope::Turns(1));
    let exclude = desk.fixture.top.join(".git/info/exclude");
    fs::create_dir_all(exclude.parent().unwrap()).unwrap();
    fs::write(exclude, "data.log.txt\n").unwrap();
    write(&desk.tree, "data.log.txt", "precious");
    let error = redo(&desk.repo, Some(&mut desk.worktree()), &desk.load(&desk.id())).unwrap_err();
    assert!(matches!(error, SessionError::InTheWay { .. }), "{error}");
    assert_eq!(desk.read("data.log.txt"), "precious");
}

#[test]
fn folders_that_nothing_is_left_in_go_and_ignored_files_stay() {
    both(|mut desk| {
        desk.change("one", "a.txt");
        desk.prompt("two");
        desk.answer("Files in folders.");
        write(&desk.tree, "new/deep/er/file.txt", "x");
        fs::create_dir_all(desk.tree.join("new/empty/too")).unwrap();
        write(&desk.tree, "kept/file.txt", "x");
        write(&desk.tree, "kept/build.log", "ignored");
        desk.step("new/deep/other.txt", "x");
        desk.undo(UndoScope::Steps(1));
        assert!(!desk.has("new"), "{:?}", files(&desk.tree));
        assert!(!desk.has("kept/file.txt") && desk.has("kept/build.log"));
    });
}

#[test]
fn a_merge_is_taken_back_as_one_step() {
    both(|mut desk| {
        desk.change("one", "a.txt");
        let one = desk.head();
        // What a child made, of two commits of its own.
        let child = desk.fixture.place("child");
        desk.repo.create_worktree("offshoot/child", Some(&one), &child).unwrap();
        for name in ["b.txt", "c.txt"] {
            write(&child, name, name);
            git_in(&child, &["add", "-A"]);
            git_in(&child, &["commit", "-qm", name]);
        }
        let theirs = desk.repo.resolve("offshoot/child").unwrap();
        desk.prompt("take it in");
        desk.answer("Merged.");
        git_in(&desk.tree, &["checkout", "-q", "offshoot/child", "--", "b.txt", "c.txt"]);
        let mut worktree = desk.worktree();
        let options = StepOptions { extra_parents: vec![theirs.clone()], ..StepOptions::default() };
        let draft = |_: &DiffStat| Desk::draft("Merge offshoot/child");
        let conversation = desk.conversation.clone();
        let made = desk.cursor.step_in(&mut worktree, (&Touched::Scan, &options), &conversation, &draft, &[]);
        assert_eq!(desk.repo.commit(&made.unwrap().unwrap().commit).unwrap().parents.len(), 2);
        desk.undo(UndoScope::Steps(1));
        assert_eq!((desk.head(), desk.has("b.txt"), desk.has("a.txt")), (one, false, true));
        assert_eq!(desk.repo.resolve("offshoot/child").unwrap(), theirs);
        desk.redo().unwrap();
        assert!(desk.has("b.txt") && desk.has("c.txt"));
    });
}

/// A session's worktree and another tab's, on a repository whose own work tree lies at `top`.
fn beside_others(top: &Path, repo: Repo, fixture: Fixture) {
    let base = repo.head().unwrap().commit.unwrap();
    let other = fixture.place("other");
    repo.create_worktree("offshoot/other", Some(&base), &other).unwrap();
    write(&other, "half-done.txt", "not committed");
    git_in(&other, &["add", "-A"]);
    write(&other, "half-done.txt", "nor staged");
    let tree = fixture.place("work");
    repo.create_worktree("offshoot/work", Some(&base), &tree).unwrap();
    write(top, "README.md", "changed by the user");
    write(top, "own.txt", "new");
    git_in(top, &["add", "own.txt"]);
    let main = fixture.top.clone();
    let cursor = Cursor::start(new_id(), "offshoot/work", base, None);
    let (conversation, turn) = (Conversation::default(), 0);
    let mut desk = Desk { fixture, repo, cursor, conversation, tree, turn };
    desk.change("one", "README.md");
    desk.change("two", "own.txt");
    desk.change("three", "half-done.txt");
    let git_dir = |of: &Path| PathBuf::from(git_in(of, &["rev-parse", "--absolute-git-dir"]));
    let print = || {
        let state = |of: &Path| {
            let read = |name: &str| fs::read(git_dir(of).join(name)).unwrap();
            (
                files(of).into_iter().filter(|(path, _)| !path.contains("/.git/")).collect::<Vec<_>>(),
                read("index"),
                read("HEAD"),
            )
        };
        let ref_of = |name: &str| git_in(top, &["rev-parse", name]);
        let main = state(&main);
        (
            main,
            state(top),
            state(&other),
            ref_of("offshoot/other"),
            ref_of("HEAD"),
            git_in(top, &["stash", "list"]),
        )
    };
    let before = print();
    write(&desk.tree, "uncommitted.txt", "x");
    desk.undo(UndoScope::Steps(1));
    desk.undo(UndoScope::Before(1));
    desk.redo().unwrap();
    desk.redo().unwrap();
    assert!(desk.has("uncommitted.txt"));
    assert_eq!(print(), before);
}

#[test]
fn neither_the_checkout_nor_another_tab_is_touched_wherever_the_repository_lies() {
    // The checkout that the repository was made with.
    let fixture = Fixture::new();
    let top = fixture.top.clone();
    beside_others(&top, fixture.repo(), fixture);
    // A linked worktree of the user's.
    let fixture = Fixture::new();
    let linked = fixture.place("linked");
    fixture.git(&["worktree", "add", "-q", "-b", "mine", linked.to_str().unwrap()]);
    beside_others(&linked, Repo::discover(&linked).unwrap(), fixture);
    // A bare repository with a worktree of the user's.
    let fixture = Fixture::new();
    let bare = fixture.place("bare.git");
    fixture.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let top = fixture.place("of bare");
    git_in(&bare, &["worktree", "add", "-q", top.to_str().unwrap(), "main"]);
    beside_others(&top, Repo::discover(&top).unwrap(), fixture);
}

#[test]
fn commits_of_people_that_an_undo_takes_along_are_in_its_plan() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    write(&desk.tree, "before.txt", "x");
    desk.commit_by_hand("before the last step");
    desk.change("two", "b.txt");
    write(&desk.tree, "after.txt", "x");
    desk.commit_by_hand("after it");
    let session = desk.load("offshoot/work");
    let subjects = |scope| {
        let plan = undo_plan(&desk.repo, None, &session, scope).unwrap();
        plan.by_people.into_iter().map(|one| one.subject).collect::<Vec<_>>()
    };
    assert_eq!(subjects(UndoScope::Steps(1)), ["after it"]);
    assert_eq!(subjects(UndoScope::Steps(2)), ["after it", "before the last step"]);
}

#[test]
fn a_branch_that_the_user_has_checked_out_is_refused_before_anything_is_planned() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let session = desk.load(&desk.id());
    desk.repo.remove_worktree(&desk.tree).unwrap();
    desk.fixture.git(&["switch", "-q", "offshoot/work"]);
    let error = undo_plan(&desk.repo, None, &session, UndoScope::Steps(1)).unwrap_err();
    assert!(matches!(error, SessionError::Git(GitError::CheckedOutElsewhere { .. })), "{error}");
}
