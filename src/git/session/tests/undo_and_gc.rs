use std::collections::HashSet;
use std::fs;
use std::time::{Duration, SystemTime};

use super::*;

impl Desk {
    pub fn plan(&self, scope: UndoScope) -> Result<UndoPlan, SessionError> {
        undo_plan(&self.repo, Some(&self.worktree()), &self.load(&self.id()), scope)
    }

    pub fn undo(&mut self, scope: UndoScope) -> Undone {
        let (session, plan) = (self.load(&self.id()), self.plan(scope).unwrap());
        let done = undo_apply(&self.repo, Some(&mut self.worktree()), &session, &plan, &[]).unwrap();
        self.settle(&done.session);
        done
    }

    pub fn redo(&mut self) -> Result<Redone, SessionError> {
        let done = redo(&self.repo, Some(&mut self.worktree()), &self.load(&self.id()))?;
        self.settle(&done.session);
        Ok(done)
    }

    /// What was done is what is found again, and the worktree is clean on it.
    fn settle(&mut self, done: &Session) {
        for rev in [self.id(), "offshoot/work".into()] {
            assert_eq!(self.load(&rev), *done, "{rev}");
        }
        assert_eq!(self.head(), done.head);
        assert_eq!(self.git(&["status", "--porcelain"]), "");
        self.conversation = done.conversation.clone();
        self.cursor = Cursor::resume(&self.repo, done).unwrap();
    }

    pub fn has(&self, path: &str) -> bool {
        self.tree.join(path).exists()
    }
}

#[test]
fn a_step_is_undone_and_redone_with_its_words() {
    let mut desk = Desk::new();
    let one = desk.change("one", "a.txt");
    desk.prompt("two");
    desk.answer("first b");
    let two = desk.step("b.txt", "b");
    desk.answer("then c");
    write(&desk.tree, "a.txt", "changed");
    let three = desk.step("c.txt", "c");
    desk.answer("Done.");
    desk.record();
    let (print, all, tip) = (desk.fixture.print(), desk.conversation.clone(), desk.tip());

    let plan = desk.plan(UndoScope::Steps(1)).unwrap();
    assert_eq!((&plan.from, &plan.to, plan.has_uncommitted), (&three, &two, false));
    assert_eq!(plan.removed, [PathBuf::from("c.txt")]);
    assert_eq!(plan.changed, [PathBuf::from("a.txt")]);
    assert!(desk.has("c.txt"), "a plan changes nothing");

    let done = desk.undo(UndoScope::Steps(1));
    assert_eq!((desk.head(), desk.has("c.txt"), desk.has("b.txt")), (two.clone(), false, true));
    assert_eq!(done.session.conversation.entries(), &all.entries()[..6]);
    assert_eq!((done.session.turn, done.session.step), (2, 2));
    assert_eq!(desk.repo.read_ref(&done.kept).unwrap(), Some(three.clone()));
    // Once more, and back again.
    desk.undo(UndoScope::Steps(1));
    assert_eq!((desk.head(), desk.has("b.txt")), (one, false));
    desk.redo().unwrap();
    assert_eq!(desk.head(), two);
    desk.redo().unwrap();
    assert_eq!((desk.head(), desk.tip(), &desk.conversation), (three, tip, &all));
    assert_eq!(fs::read_to_string(desk.tree.join("a.txt")).unwrap(), "changed");
    assert!(matches!(desk.redo().unwrap_err(), SessionError::NothingToRedo { .. }));
    assert_eq!(desk.fixture.print(), print, "the user's checkout is as it was");
}

#[test]
fn a_turn_is_undone_to_the_word_before_it() {
    let mut desk = Desk::new();
    let one = desk.change("one", "a.txt");
    desk.chat("two");
    let before = desk.conversation.clone();
    desk.prompt("three");
    for n in 0..3 {
        desk.answer("another");
        desk.step(&format!("{n}.txt"), "x");
    }
    desk.answer("Done.");
    desk.record();
    let all = desk.conversation.clone();
    let done = desk.undo(UndoScope::Turns(1));
    assert_eq!((desk.head(), desk.has("0.txt")), (one.clone(), false));
    assert_eq!(done.session.conversation, before, "the turn that only talked is still there");
    assert_eq!((done.session.turn, done.session.step), (2, 1));
    // That one changed no file.
    let plan = desk.plan(UndoScope::Turns(1)).unwrap();
    assert_eq!((&plan.to, plan.removed.len()), (&one, 0));
    let done = desk.undo(UndoScope::Turns(1));
    assert_eq!((done.session.turn, desk.conversation.len()), (1, 4));
    desk.redo().unwrap();
    desk.redo().unwrap();
    assert_eq!(desk.conversation, all);
    assert!(desk.has("2.txt"));
}

#[test]
fn the_first_turn_can_be_undone_and_nothing_below_it() {
    let mut desk = Desk::new();
    let base = desk.head();
    desk.change("one", "a.txt");
    let error = desk.plan(UndoScope::Steps(2)).unwrap_err();
    assert!(matches!(&error, SessionError::NothingToUndo { .. }), "{error}");
    assert!(error.to_string().starts_with("cannot undo 2 steps: the session's branch has 1 of its own"));
    let done = desk.undo(UndoScope::Turns(1));
    assert_eq!((desk.head(), done.session.conversation.len(), done.session.turn), (base, 0, 0));
    assert!(desk.plan(UndoScope::Steps(1)).is_err());
    assert!(desk.plan(UndoScope::Turns(1)).is_err());
    // A new first turn.
    let step = desk.change("another one", "b.txt");
    assert_eq!(desk.load(&desk.id()).conversation, desk.conversation);
    assert_eq!(desk.load(step.as_str()).step, 1);
}

#[test]
fn work_that_no_commit_has_is_kept_first() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    write(&desk.tree, "a.txt", "by hand");
    write(&desk.tree, "new.txt", "by hand");
    let plan = desk.plan(UndoScope::Steps(1)).unwrap();
    assert!(plan.has_uncommitted);
    assert_eq!(plan.removed, [PathBuf::from("b.txt"), PathBuf::from("new.txt")]);
    let done = desk.undo(UndoScope::Steps(1));
    assert!(!desk.has("new.txt"));
    assert_eq!(desk.git(&["show", &format!("{}:new.txt", done.kept)]), "by hand");
    assert_eq!(desk.git(&["show", &format!("{}:a.txt", done.kept)]), "by hand");
    // Redo brings it back too; what was done by hand meanwhile is kept.
    write(&desk.tree, "b.txt", "in the way");
    desk.redo().unwrap();
    assert_eq!(fs::read_to_string(desk.tree.join("new.txt")).unwrap(), "by hand");
    let aside = kept(&desk.repo).unwrap().into_iter().find(|kept| kept.why == "uncommitted").unwrap();
    assert_eq!(desk.git(&["show", &format!("{}:b.txt", aside.name)]), "in the way");
}

#[test]
fn after_new_words_there_is_no_redo() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    desk.undo(UndoScope::Turns(1));
    desk.chat("something else");
    let error = desk.redo().unwrap_err();
    assert!(matches!(error, SessionError::WentOn { .. }), "{error}");
    desk.change("and more", "c.txt");
    assert!(desk.redo().is_err());
    assert!(desk.has("c.txt"));
}

#[test]
fn a_branch_that_moved_since_the_plan_is_left_alone() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let (session, plan) = (desk.load(&desk.id()), desk.plan(UndoScope::Steps(1)).unwrap());
    write(&desk.tree, "hand.txt", "by hand");
    desk.commit_by_hand("By hand");
    let error = undo_apply(&desk.repo, None, &session, &plan, &[]).unwrap_err();
    assert!(matches!(error, SessionError::Git(GitError::RefMoved { .. })), "{error}");
    assert!(desk.has("hand.txt"));
}

#[test]
fn undo_finds_the_worktree_or_does_without() {
    let mut desk = Desk::new();
    let one = desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    let session = desk.load(&desk.id());
    let plan = undo_plan(&desk.repo, None, &session, UndoScope::Steps(1)).unwrap();
    undo_apply(&desk.repo, None, &session, &plan, &[]).unwrap();
    assert!(!desk.has("b.txt"));
    desk.repo.remove_worktree(&desk.tree).unwrap();
    let there = redo(&desk.repo, None, &desk.load("offshoot/work")).unwrap().session;
    assert_eq!(there.conversation, desk.conversation);
    let plan = undo_plan(&desk.repo, None, &there, UndoScope::Steps(1)).unwrap();
    undo_apply(&desk.repo, None, &there, &plan, &[]).unwrap();
    assert_eq!(desk.repo.resolve("offshoot/work").unwrap(), one);
}

#[test]
fn kept_heads_are_listed_newest_first() {
    let desk = Desk::new();
    let head = desk.head();
    let names: Vec<String> =
        ["close", "land", "a crash"].map(|why| keep(&desk.repo, "s", &head, why).unwrap()).to_vec();
    let kept = kept(&desk.repo).unwrap();
    assert_eq!(kept.iter().map(|k| k.why.as_str()).collect::<Vec<_>>(), ["a-crash", "land", "close"]);
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), 3);
    assert!(kept[0].name.starts_with("refs/offshoot/kept/s/") && kept[0].commit == head);
}

#[test]
fn landed_work_is_known_however_it_landed() {
    let mut desk = Desk::new();
    let main = || "main".to_owned();
    let state = |desk: &Desk| {
        let (head, into) = (desk.head(), desk.repo.resolve(&main()).unwrap());
        landed(&desk.repo, &head, &into).unwrap()
    };
    assert_eq!(state(&desk), Landed::Merged, "nothing was done yet");
    desk.change("one", "a.txt");
    desk.change("two", "b.txt");
    assert_eq!(state(&desk), Landed::No { commits: 2 });
    desk.fixture.write("other.txt", "x");
    desk.fixture.commit_all("someone else");
    desk.fixture.git(&["branch", "-q", "start"]);
    desk.fixture.git(&["cherry-pick", "offshoot/work~"]);
    assert_eq!(state(&desk), Landed::No { commits: 1 });
    desk.fixture.git(&["cherry-pick", "offshoot/work"]);
    assert_eq!(state(&desk), Landed::Picked);
    desk.fixture.git(&["reset", "-q", "--hard", "start"]);
    desk.fixture.git(&["merge", "-q", "--squash", "offshoot/work"]);
    desk.fixture.git(&["commit", "-qm", "all of it"]);
    assert_eq!(state(&desk), Landed::Squashed);
    desk.fixture.git(&["reset", "-q", "--hard", "start"]);
    desk.fixture.git(&["merge", "-q", "--no-edit", "offshoot/work"]);
    assert_eq!(state(&desk), Landed::Merged);
}

#[test]
fn gc_frees_what_has_landed_and_nothing_else() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let root = desk.fixture.place("x").parent().unwrap().to_owned();
    let now = SystemTime::now() + Duration::from_secs(10 * 86_400);
    let options = GcOptions { kept_older_than: Some(Duration::from_secs(86_400)), ..GcOptions::default() };
    let look =
        |desk: &Desk, active: bool| gc_plan(&desk.repo, &root, &move |_| active, &options, now).unwrap();
    let apply = |desk: &Desk, plan: &GcPlan| {
        gc_apply(&desk.repo, plan, &options, &mut |_| Ok(Box::new(())), now).unwrap()
    };
    let reason = |plan: &GcPlan| match &plan.items[0].verdict {
        Verdict::Stay(why) => why.clone(),
        Verdict::Free(why) => panic!("free, since {why}"),
    };
    let id = desk.id();
    keep(&desk.repo, &id, &desk.head(), "close").unwrap();

    let plan = look(&desk, true);
    assert_eq!((reason(&plan).as_str(), plan.kept.len()), ("somebody works in it", 0));
    let plan = look(&desk, false);
    assert_eq!(reason(&plan), "1 commit of it has not landed");
    assert!(apply(&desk, &GcPlan { kept: Vec::new(), ..plan }).worktrees.is_empty());
    write(&desk.tree, "new.txt", "x");
    let plan = look(&desk, false);
    assert_eq!(reason(&plan), "it holds uncommitted work");
    assert!(apply(&desk, &GcPlan { kept: Vec::new(), ..plan }).worktrees.is_empty());
    fs::remove_file(desk.tree.join("new.txt")).unwrap();
    desk.git(&["switch", "-q", "--detach"]);
    assert!(reason(&look(&desk, false)).contains("on no branch"));
    desk.git(&["switch", "-q", "offshoot/work"]);

    archive(&desk.repo, &id).unwrap();
    let plan = look(&desk, false);
    assert!(matches!(&plan.items[0].verdict, Verdict::Free(why) if why.contains("put away")));
    unarchive(&desk.repo, &id).unwrap();
    let freed = apply(&desk, &GcPlan { kept: Vec::new(), ..plan });
    assert!(freed.worktrees.is_empty(), "it was brought back meanwhile");

    keep(&desk.repo, &id, &desk.head(), "close").unwrap();
    desk.fixture.git(&["merge", "-q", "--squash", "offshoot/work"]);
    desk.fixture.git(&["commit", "-qm", "all of it"]);
    let plan = look(&desk, false);
    let item = &plan.items[0];
    assert!(matches!(&item.verdict, Verdict::Free(why) if why.contains("as one commit")), "{item:?}");
    assert_eq!((item.session.as_deref(), item.landed), (Some(id.as_str()), Some(Landed::Squashed)));
    assert_eq!((plan.items.len(), plan.kept.len(), item.kept), (1, 2, 2));
    assert!(item.bytes > 0 && item.standing == Condition::Clean);
    let lately = GcOptions { unused_for: Some(Duration::from_secs(30 * 86_400)), ..options.clone() };
    let young = gc_plan(&desk.repo, &root, &|_| false, &lately, now).unwrap();
    assert_eq!(reason(&young), "it was used lately");

    // Somebody starts to work in it, or leaves something in it, between the plan and the act.
    let mut refuse = |_: Worker<'_>| Err("somebody works in it".to_owned());
    let freed = gc_apply(&desk.repo, &plan, &options, &mut refuse, now).unwrap();
    assert_eq!((freed.worktrees.len(), freed.stayed.len(), freed.kept), (0, 1, 0));
    write(&desk.tree, "new.txt", "x");
    let freed = apply(&desk, &GcPlan { kept: Vec::new(), ..plan.clone() });
    assert_eq!((freed.worktrees.len(), freed.stayed.len()), (0, 1));
    fs::remove_file(desk.tree.join("new.txt")).unwrap();
    write(&desk.tree, "b.txt", "by hand");
    desk.commit_by_hand("By hand");
    assert_eq!(
        apply(&desk, &GcPlan { kept: Vec::new(), ..plan.clone() }).stayed[0].1,
        "1 commit of it has not landed"
    );
    desk.git(&["reset", "-q", "--hard", "HEAD~1"]);

    let print = desk.fixture.print();
    let freed = apply(&desk, &plan);
    assert_eq!((freed.worktrees.len(), freed.kept), (1, 2));
    assert!(!desk.tree.exists());
    assert_eq!(load(&desk.repo, Some(&id)).unwrap().conversation, desk.conversation);
    assert_eq!(desk.fixture.print(), print);
    // A folder that was removed by hand leaves a record only.
    desk.worktree();
    fs::remove_dir_all(&desk.tree).unwrap();
    let plan = look(&desk, false);
    assert!(matches!(&plan.items[0].verdict, Verdict::Free(why) if why.contains("folder is gone")));
    apply(&desk, &plan);
    assert!(look(&desk, false).items.is_empty());
}

#[test]
fn builds_go_where_nobody_works_though_nothing_has_landed() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    write(&desk.tree, "target/debug/out", &"x".repeat(100_000));
    write(&desk.tree, "half.txt", "uncommitted");
    write(&desk.tree, "one.log", "ignored, and no folder");
    let root = desk.fixture.place("x").parent().unwrap().to_owned();
    let now = SystemTime::now();
    let options = GcOptions { builds: true, ..GcOptions::default() };
    let busy = gc_plan(&desk.repo, &root, &|_| true, &options, now).unwrap();
    assert!(!busy.items[0].frees_builds);
    let plan = gc_plan(&desk.repo, &root, &|_| false, &options, now).unwrap();
    let item = &plan.items[0];
    assert!(item.frees_builds && matches!(item.verdict, Verdict::Stay(_)));
    assert_eq!(item.builds[0].path, PathBuf::from("target"));
    assert!(item.builds[0].bytes >= 100_000 && item.bytes > item.builds[0].bytes);
    let freed = gc_apply(&desk.repo, &plan, &options, &mut |_| Ok(Box::new(())), now).unwrap();
    assert_eq!((freed.builds, freed.bytes), (vec![item.path.join("target")], item.builds[0].bytes));
    assert!(freed.stayed.is_empty() && !desk.has("target"));
    assert!(desk.has("half.txt") && desk.has("one.log") && desk.has("a.txt"));
}
