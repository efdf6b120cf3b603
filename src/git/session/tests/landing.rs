use std::fs;

use super::*;
use crate::git::codec::{Came, came};
use crate::git::{ConflictKind, InTheWay};

impl Desk {
    fn wish(how: LandHow) -> LandWish {
        LandWish { rev: Some("offshoot/work".into()), how, ..LandWish::default() }
    }

    fn land_plan(&self, how: LandHow) -> LandPlan {
        land_plan(&self.repo, &Self::wish(how)).unwrap()
    }

    fn land(&self, how: LandHow) -> LandedAs {
        let plan = self.land_plan(how);
        assert!(plan.is_ready(), "{plan:#?}");
        land_apply(&self.repo, &plan, &[]).unwrap()
    }

    fn main(&self) -> CommitId {
        self.repo.resolve("main").unwrap()
    }

    fn standing(&self) -> Standing {
        Target::new(&self.repo, &self.main()).unwrap().standing(&self.head()).unwrap()
    }

    fn by_program(self) -> Self {
        self.fixture.git(&["config", "extensions.partialClone", "nowhere"]);
        let repo = self.fixture.repo();
        assert!(!repo.is_library());
        Self { repo, ..self }
    }
}

fn on_both_engines(check: impl Fn(Desk)) {
    check(Desk::new());
    check(Desk::new().by_program());
}

fn read(desk: &Desk, path: &str) -> String {
    fs::read_to_string(desk.fixture.top.join(path)).unwrap()
}

#[test]
fn a_squash_is_one_clean_commit_and_the_checkout_goes_along() {
    on_both_engines(|mut desk| {
        desk.change("please add a parser.", "a.txt");
        desk.change("Now test it", "b.txt");
        desk.fixture.write("elsewhere.txt", "theirs\n");
        desk.fixture.commit_all("someone else");
        desk.fixture.write("README.md", "edited, not committed\n");
        let (before, head) = (desk.main(), desk.head());

        let plan = desk.land_plan(LandHow::Squash);
        assert_eq!(desk.main(), before, "a plan moves nothing");
        assert_eq!((plan.into.as_str(), plan.commits.len(), plan.stat.files.len()), ("main", 2, 2));
        assert_eq!(plan.checkouts.iter().map(|fate| fate.is_main).collect::<Vec<_>>(), [true]);
        assert_eq!(plan.message, "Add a parser\n\n- Write a.txt\n\n> Now test it\n- Write b.txt");

        let done = desk.land(LandHow::Squash);
        assert_eq!(desk.main(), done.commit);
        let data = desk.repo.commit(&done.commit).unwrap();
        assert_eq!(data.parents, std::slice::from_ref(&before));
        assert!(!data.message.contains("offshoot-conversation"), "{}", data.message);
        assert_eq!(
            (read(&desk, "b.txt").as_str(), read(&desk, "elsewhere.txt").as_str()),
            ("Now test it", "theirs\n")
        );
        assert_eq!(desk.fixture.git(&["status", "--porcelain"]), " M README.md");
        let [Came::Landed(landing)] = &came(&data.message)[..] else { panic!() };
        assert_eq!((landing.head.as_str(), landing.session.clone()), (head.as_str(), Some(desk.id())));
        assert_eq!(
            (landing.turns, landing.steps, landing.cost_usd),
            (Some((1, 2)), Some((1, 2)), Some(0.75))
        );

        // Nobody takes it for a step, and the steps stay where they are.
        assert!(matches!(load(&desk.repo, Some("main")), Err(SessionError::NoSession { .. })));
        assert_eq!(desk.load("offshoot/work").conversation, desk.conversation);
        assert!(kept(&desk.repo).unwrap().iter().any(|kept| kept.why == "land" && kept.commit == head));
        let standing = desk.standing();
        assert_eq!(standing.state, Landed::Squashed);
        assert_eq!(standing.landing, Some(WasLanded { head, commit: done.commit }));
        let again = land_plan(&desk.repo, &Desk::wish(LandHow::Squash)).unwrap_err();
        assert!(matches!(again, SessionError::NothingToLand { .. }), "{again}");
    });
}

#[test]
fn landing_again_brings_only_what_is_new() {
    on_both_engines(|mut desk| {
        desk.change("one", "a.txt");
        let first = desk.land(LandHow::Squash);
        desk.fixture.write("a.txt", "changed since on main\n");
        desk.fixture.commit_all("someone else");
        desk.change("two", "b.txt");
        assert_eq!(desk.standing().state, Landed::Since { commits: 1 });
        let plan = desk.land_plan(LandHow::Squash);
        assert_eq!(plan.before.as_ref().map(|before| &before.commit), Some(&first.commit));
        assert_eq!(plan.commits.iter().map(|one| one.step).collect::<Vec<_>>(), [Some(2)]);
        assert_eq!(plan.message, "Two\n\n- Write b.txt");
        desk.land(LandHow::Squash);
        assert_eq!(read(&desk, "a.txt"), "changed since on main\n");
        assert_eq!(desk.standing().state, Landed::Squashed);
        // A merge after a squash does not conflict with it either.
        desk.change("one, again", "a2.txt");
        desk.land(LandHow::Merge);
        assert_eq!(desk.standing().state, Landed::Merged);
    });
}

#[test]
fn a_merge_keeps_both_histories() {
    on_both_engines(|mut desk| {
        let step = desk.change("one", "a.txt");
        desk.fixture.write("elsewhere.txt", "theirs\n");
        desk.fixture.commit_all("someone else");
        let before = desk.main();
        let done = desk.land(LandHow::Merge);
        let data = desk.repo.commit(&done.commit).unwrap();
        assert_eq!(data.parents, [before, step]);
        assert_eq!(data.subject(), "Merge offshoot/work into main");
        assert_eq!(desk.fixture.git(&["status", "--porcelain"]), "");
        assert_eq!(desk.standing().state, Landed::Merged);
    });
}

#[test]
fn chosen_steps_come_with_their_conversation() {
    on_both_engines(|mut desk| {
        desk.change("one", "a.txt");
        let two = desk.change("two", "b.txt");
        desk.change("three", "c.txt");
        desk.fixture.write("elsewhere.txt", "theirs\n");
        desk.fixture.commit_all("someone else");
        let before = desk.main();
        let done = desk.land(LandHow::Pick("t3, 2".into()));
        assert_eq!(desk.repo.line(&done.commit, &[before]).unwrap().len(), 2);
        let first = desk.repo.commit(&done.commits[0]).unwrap();
        assert_eq!(first.message.lines().last().unwrap(), format!("Offshoot-Picked-From: {two}"));
        assert!(first.message.contains("I write b.txt"), "its reasoning is in it");
        assert!(!desk.fixture.top.join("a.txt").exists() && desk.fixture.top.join("c.txt").exists());
        assert!(matches!(load(&desk.repo, Some("main")), Err(SessionError::NoSession { .. })));
        assert_eq!(desk.standing().state, Landed::No { commits: 1 });

        // What is there already is passed over, and said.
        let plan = desk.land_plan(LandHow::Pick("1-2".into()));
        assert_eq!(plan.skipped.iter().map(|one| one.step).collect::<Vec<_>>(), [Some(2)]);
        land_apply(&desk.repo, &plan, &[]).unwrap();
        assert_eq!(desk.standing().state, Landed::Picked);
        for wrong in ["9", "t7", "zzz", ""] {
            let error = land_plan(&desk.repo, &Desk::wish(LandHow::Pick(wrong.into()))).unwrap_err();
            assert!(matches!(error, SessionError::NoStep { .. }), "{wrong}: {error}");
        }
    });
}

#[test]
fn what_is_in_the_way_is_named_and_nothing_is_done() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.fixture.write("a.txt", "mine, untracked\n");
    let print = desk.fixture.print();
    let plan = desk.land_plan(LandHow::Squash);
    let Some(Blocked::InTheWay(found)) = &plan.checkouts[0].blocked else { panic!("{plan:?}") };
    assert_eq!((found[0].path.to_str(), found[0].why), (Some("a.txt"), InTheWay::Untracked));
    let error = land_apply(&desk.repo, &plan, &[]).unwrap_err();
    assert!(error.to_string().contains("a.txt is there and not followed by git"), "{error}");
    assert_eq!(desk.fixture.print(), print);
    // Another branch is a way out.
    let wish = LandWish { into: Some("landed/one".into()), ..Desk::wish(LandHow::Squash) };
    let plan = land_plan(&desk.repo, &wish).unwrap();
    assert!(plan.makes_branch && plan.is_ready());
    let done = land_apply(&desk.repo, &plan, &[]).unwrap();
    assert_eq!(desk.repo.commit(&done.commit).unwrap().parents, [desk.main()]);
    assert_eq!(desk.fixture.git(&["show", "landed/one:a.txt"]), "one");
}

#[test]
fn a_conflict_names_its_paths_and_leaves_everything() {
    on_both_engines(|mut desk| {
        desk.change("ours", "README.md");
        desk.fixture.write("README.md", "theirs\n");
        desk.fixture.commit_all("someone else");
        let print = desk.fixture.print();
        let plan = desk.land_plan(LandHow::Squash);
        assert_eq!(
            plan.conflicts.iter().map(|one| one.kind).collect::<Vec<_>>(),
            [ConflictKind::BothChanged]
        );
        let error = land_apply(&desk.repo, &plan, &[]).unwrap_err();
        assert!(error.to_string().contains("README.md: changed on both sides"), "{error}");
        let plan = desk.land_plan(LandHow::Pick("1".into()));
        assert_eq!(plan.conflicting, Some(desk.head()));
        assert_eq!(desk.fixture.print(), print);
    });
}

#[test]
fn conflicts_are_resolved_on_a_branch_that_then_lands_clean() {
    on_both_engines(|mut desk| {
        desk.change("ours", "README.md");
        desk.fixture.write("README.md", "theirs\n");
        desk.fixture.commit_all("someone else");
        let wish = Desk::wish(LandHow::Squash);
        let way = resolving(&desk.repo, &wish).unwrap();
        assert_eq!((way.into.as_str(), way.conflicts.len()), ("main", 1));
        assert_eq!(desk.repo.commit(&way.base).unwrap().parents, [desk.head(), desk.main()]);

        let tree = desk.fixture.place("land");
        desk.repo.create_worktree("offshoot/land-work", Some(&way.base), &tree).unwrap();
        let origin = Origin { commit: way.base.to_string(), session: desk.id(), turn: 2 };
        let cursor = Cursor::start(new_id(), "offshoot/land-work", way.base.clone(), Some(origin));
        let old = std::mem::replace(&mut desk.tree, tree);
        let session = std::mem::replace(&mut desk.cursor, cursor);
        let text = fs::read_to_string(desk.tree.join("README.md")).unwrap();
        assert!(text.contains("<<<<<<<") && text.contains("ours") && text.contains("theirs"), "{text}");
        // Before anything is resolved it does not land.
        desk.change("look", "notes.txt");
        let wish = LandWish { rev: Some("offshoot/land-work".into()), ..LandWish::default() };
        let plan = land_plan(&desk.repo, &wish).unwrap();
        assert_eq!((plan.into.as_str(), plan.unresolved.clone()), ("main", vec![PathBuf::from("README.md")]));
        assert!(!plan.is_ready() && land_apply(&desk.repo, &plan, &[]).is_err());
        desk.change("both", "README.md");
        let plan = land_plan(&desk.repo, &wish).unwrap();
        assert!(plan.is_ready(), "{plan:#?}");
        let done = land_apply(&desk.repo, &plan, &[]).unwrap();
        assert_eq!(desk.repo.commit(&done.commit).unwrap().parents.len(), 1);
        assert_eq!(read(&desk, "README.md"), "both");
        (desk.tree, desk.cursor) = (old, session);
        assert_eq!(desk.standing().state, Landed::Squashed, "and so has the branch whose work it was");
        assert!(resolving(&desk.repo, &Desk::wish(LandHow::Squash)).is_err());
    });
}

#[test]
fn a_conflict_that_no_marker_tells_lands_only_when_somebody_touched_it_or_says_so() {
    on_both_engines(|mut desk| {
        desk.fixture.write("data.bin", "\0base");
        desk.fixture.commit_all("data");
        desk.git(&["merge", "-q", "--ff-only", "main"]);
        desk.change("\0ours", "data.bin");
        desk.fixture.write("data.bin", "\0theirs");
        desk.fixture.commit_all("someone else");
        let way = resolving(&desk.repo, &Desk::wish(LandHow::Squash)).unwrap();
        let tree = desk.fixture.place("land");
        desk.repo.create_worktree("offshoot/land-work", Some(&way.base), &tree).unwrap();
        let origin = Origin { commit: way.base.to_string(), session: desk.id(), turn: 2 };
        desk.cursor = Cursor::start(new_id(), "offshoot/land-work", way.base.clone(), Some(origin));
        desk.tree = tree;
        desk.change("look", "notes.txt");
        let wish = LandWish { rev: Some("offshoot/land-work".into()), ..LandWish::default() };
        let plan = land_plan(&desk.repo, &wish).unwrap();
        assert_eq!((plan.untouched.clone(), plan.is_ready()), (vec![PathBuf::from("data.bin")], false));
        let error = land_apply(&desk.repo, &plan, &[]).unwrap_err();
        assert!(error.to_string().contains("leaves conflicts as they were:\n  data.bin"), "{error}");
        let as_is = land_plan(&desk.repo, &LandWish { as_is: true, ..wish.clone() }).unwrap();
        assert!(as_is.is_ready());
        desk.change("\0both", "data.bin");
        assert!(land_plan(&desk.repo, &wish).unwrap().is_ready());
    });
}

#[test]
fn uncommitted_work_with_which_a_session_began_is_not_landed() {
    on_both_engines(|mut desk| {
        let lines = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n8\n{last}\n");
        desk.fixture.write("text", &lines("1", "9"));
        desk.fixture.commit_all("text");
        desk.fixture.write("mine", "not committed\n");
        let snapshot = desk.repo.snapshot().unwrap().unwrap().commit;
        let tree = desk.fixture.place("snap");
        desk.repo.create_worktree("offshoot/snap", Some(&snapshot), &tree).unwrap();
        desk.cursor = Cursor::start(new_id(), "offshoot/snap", snapshot, None);
        desk.tree = tree;
        assert_eq!(desk.standing().state, Landed::Nothing, "nothing was done there yet");
        desk.change("one", "a.txt");
        let wish = LandWish { rev: Some("offshoot/snap".into()), ..LandWish::default() };
        let plan = land_plan(&desk.repo, &wish).unwrap();
        let names: Vec<_> = plan.stat.files.iter().map(|file| file.path.display().to_string()).collect();
        assert_eq!(names, ["a.txt"]);
        land_apply(&desk.repo, &plan, &[]).unwrap();
        assert_eq!(desk.fixture.git(&["status", "--porcelain"]), "?? mine");
        assert_eq!(desk.standing().state, Landed::Squashed);
    });
}

#[test]
fn a_landing_is_taken_back_while_nothing_came_after() {
    on_both_engines(|mut desk| {
        desk.change("one", "a.txt");
        desk.change("two", "b.txt");
        desk.fixture.write("README.md", "edited, not committed\n");
        let before = desk.main();
        for how in [LandHow::Squash, LandHow::Merge, LandHow::Pick("1-2".into())] {
            let done = desk.land(how);
            let plan = land_undo_plan(&desk.repo, None).unwrap();
            assert_eq!((&plan.from, &plan.to), (&done.commit, &before));
            land_undo(&desk.repo, &plan).unwrap();
            assert_eq!(desk.main(), before);
            assert_eq!(desk.fixture.git(&["status", "--porcelain"]), " M README.md");
            assert_eq!(desk.standing().state, Landed::No { commits: 2 });
            assert!(matches!(land_undo_plan(&desk.repo, None), Err(SessionError::NothingLanded { .. })));
        }
        desk.land(LandHow::Squash);
        desk.fixture.write("later", "x\n");
        desk.fixture.git(&["add", "later"]);
        desk.fixture.git(&["commit", "-qm", "later"]);
        assert!(land_undo_plan(&desk.repo, None).is_err());
    });
}

#[test]
fn a_reverted_landing_is_none_and_lands_anew() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.land(LandHow::Squash);
    desk.fixture.git(&["revert", "--no-edit", "HEAD"]);
    assert!(!desk.standing().state.is_safe(), "{:?}", desk.standing());
    desk.fixture.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(desk.standing().state, Landed::Squashed);
}

#[test]
fn what_was_landed_by_hand_is_known_too() {
    on_both_engines(|mut desk| {
        desk.change("one", "a.txt");
        desk.change("two", "b.txt");
        desk.fixture.write("elsewhere.txt", "theirs\n");
        desk.fixture.commit_all("someone else");
        desk.fixture.git(&["merge", "-q", "--squash", "offshoot/work"]);
        desk.fixture.git(&["commit", "-qm", "by hand"]);
        let landed_as = desk.main();
        desk.fixture.write("later.txt", "theirs\n");
        desk.fixture.commit_all("and on");
        assert_eq!(desk.standing().state, Landed::Squashed);
        let head = desk.head();
        desk.change("three", "c.txt");
        let standing = desk.standing();
        assert_eq!(standing.state, Landed::Since { commits: 1 });
        assert_eq!(standing.landing, Some(WasLanded { head, commit: landed_as }));
        let plan = desk.land_plan(LandHow::Squash);
        assert_eq!(plan.commits.len(), 1);
        // After a rebase the commits are others and their changes the same.
        desk.git(&["rebase", "-q", "main"]);
        assert!(matches!(desk.standing().state, Landed::No { commits: 1 } | Landed::Since { commits: 1 }));
        desk.fixture.git(&["cherry-pick", "offshoot/work"]);
        assert!(desk.standing().state.is_safe());
    });
}

#[test]
fn where_to_land_is_asked_where_it_is_not_clear() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    desk.fixture.git(&["checkout", "-q", "--detach"]);
    assert!(matches!(land_plan(&desk.repo, &Desk::wish(LandHow::Squash)), Err(SessionError::NoTarget)));
    let wish = LandWish { into: Some("refs/heads/main".into()), ..Desk::wish(LandHow::Squash) };
    let plan = land_plan(&desk.repo, &wish).unwrap();
    assert!(plan.checkouts.is_empty());
    let done = land_apply(&desk.repo, &plan, &[]).unwrap();
    assert_eq!((desk.main(), desk.fixture.top.join("a.txt").exists()), (done.commit, false));
    let wish = LandWish { into: Some("offshoot/work".into()), ..Desk::wish(LandHow::Squash) };
    assert!(matches!(land_plan(&desk.repo, &wish), Err(SessionError::IntoItself { .. })));
}

#[test]
fn a_target_that_moved_since_the_plan_is_left_where_it_is() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let plan = desk.land_plan(LandHow::Squash);
    desk.fixture.write("elsewhere.txt", "theirs\n");
    desk.fixture.commit_all("someone else");
    let print = desk.fixture.print();
    let error = land_apply(&desk.repo, &plan, &[]).unwrap_err();
    assert!(matches!(error, SessionError::Git(GitError::RefMoved { .. })), "{error}");
    assert_eq!(desk.fixture.print(), print);
    assert!(kept(&desk.repo).unwrap().is_empty());
}

#[test]
fn a_source_that_moved_since_the_plan_is_not_landed() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    let plan = desk.land_plan(LandHow::Squash);
    desk.change("two", "b.txt");
    let print = desk.fixture.print();
    let error = land_apply(&desk.repo, &plan, &[]).unwrap_err();
    assert!(matches!(error, SessionError::Git(GitError::RefMoved { .. })), "{error}");
    let wish = LandWish::default();
    let error = plan.again(&desk.repo, &wish).unwrap_err();
    assert!(matches!(error, SessionError::Git(GitError::RefMoved { .. })), "{error}");
    assert_eq!(desk.fixture.print(), print);
}

#[test]
fn a_plan_that_is_made_again_is_for_the_same_branches() {
    let mut desk = Desk::new();
    desk.change("one", "a.txt");
    // Neither the session nor the branch is named.
    let wish = LandWish::default();
    let plan = land_plan(&desk.repo, &wish).unwrap();
    desk.fixture.write("elsewhere.txt", "theirs\n");
    desk.fixture.commit_all("someone else");
    desk.fixture.git(&["switch", "-q", "-c", "another"]);
    let again = plan.again(&desk.repo, &wish).unwrap();
    assert_eq!((again.into.as_str(), &again.head), ("main", &plan.head));
    assert_eq!((again.tip, again.message), (Some(desk.main()), plan.message));
}

#[test]
fn what_was_undone_by_hand_can_be_landed_again() {
    on_both_engines(|mut desk| {
        desk.change("one", "a.txt");
        desk.land(LandHow::Squash);
        fs::remove_file(desk.fixture.top.join("a.txt")).unwrap();
        desk.fixture.commit_all("not yet");
        let plan = desk.land_plan(LandHow::Squash);
        assert!(plan.before.is_none() && plan.commits.len() == 1, "{plan:#?}");
        desk.land(LandHow::Squash);
        assert_eq!(read(&desk, "a.txt"), "one");
        // What was changed since is not undone.
        desk.fixture.write("a.txt", "changed since\n");
        desk.fixture.commit_all("went on");
        let error = land_plan(&desk.repo, &Desk::wish(LandHow::Squash)).unwrap_err();
        assert!(matches!(error, SessionError::NothingToLand { .. }), "{error}");
    });
}

#[test]
fn a_file_whose_name_looks_like_a_trailer_does_not_say_what_is_resolved() {
    let name = "x\nOffshoot-Resolves: forged";
    let mut desk = Desk::new();
    desk.fixture.write(name, "base\n");
    desk.fixture.commit_all("an unpleasant name");
    git_in(&desk.tree, &["merge", "-q", "--ff-only", "main"]);
    desk.change("ours", name);
    desk.fixture.write(name, "theirs\n");
    desk.fixture.commit_all("someone else");
    let way = resolving(&desk.repo, &Desk::wish(LandHow::Squash)).unwrap();
    let message = desk.repo.commit(&way.base).unwrap().message;
    let told: Vec<&str> = message.lines().filter(|line| line.starts_with("Offshoot-Resolves")).collect();
    assert_eq!(told, ["Offshoot-Resolves: main"]);
}

#[test]
fn the_users_own_words_and_branches_land_as_well() {
    let desk = Desk::new();
    desk.fixture.git(&["checkout", "-q", "-b", "mine"]);
    desk.fixture.write("mine.txt", "x\n");
    desk.fixture.commit_all("By hand");
    desk.fixture.git(&["checkout", "-q", "main"]);
    let wish = LandWish {
        rev: Some("mine".into()),
        message: Some("My words\n\nand more".into()),
        ..LandWish::default()
    };
    let plan = land_plan(&desk.repo, &wish).unwrap();
    let done = land_apply(&desk.repo, &plan, &[]).unwrap();
    let message = desk.repo.commit(&done.commit).unwrap().message;
    assert!(message.starts_with("My words\n\nand more\n\nOffshoot-Landed: "), "{message}");
    assert!(!message.contains("Offshoot-Session"));
}

#[test]
fn every_kind_of_conflict_is_named_and_given_to_whoever_resolves() {
    type Change = fn(&std::path::Path);
    let link = |target: &str, path: &std::path::Path| {
        let _ = fs::remove_file(path);
        std::os::unix::fs::symlink(target, path).unwrap();
    };
    let cases: &[(&str, Change, Change)] = &[
        ("content", |top| write(top, "README.md", "agent\n"), |top| write(top, "README.md", "user\n")),
        ("add_add", |top| write(top, "new", "agent\n"), |top| write(top, "new", "user\n")),
        (
            "delete_modify",
            |top| write(top, "README.md", "agent\n"),
            |top| {
                fs::remove_file(top.join("README.md")).unwrap();
            },
        ),
        (
            "modify_delete",
            |top| fs::remove_file(top.join("README.md")).unwrap(),
            |top| {
                write(top, "README.md", "user\n");
            },
        ),
        ("binary", |top| write(top, "README.md", "\0agent"), |top| write(top, "README.md", "\0user")),
        (
            "rename",
            |top| fs::rename(top.join("src/main.rs"), top.join("src/agent.rs")).unwrap(),
            |top| fs::rename(top.join("src/main.rs"), top.join("src/user.rs")).unwrap(),
        ),
        ("file_directory", |top| write(top, "place/inside", "agent\n"), |top| write(top, "place", "user\n")),
        ("mode", |_| {}, |top| write(top, "README.md", "user\n")),
    ];
    for (kind, agent, user) in cases {
        for program in [false, true] {
            let mut desk = if program { Desk::new().by_program() } else { Desk::new() };
            agent(&desk.tree);
            if *kind == "mode" {
                link("elsewhere", &desk.tree.join("README.md"));
            }
            desk.change("work", "work.txt");
            user(&desk.fixture.top);
            desk.fixture.commit_all("user");
            let print = desk.fixture.print();
            let plan = desk.land_plan(LandHow::Squash);
            let kinds: Vec<_> = plan.conflicts.iter().map(|one| one.kind.name()).collect();
            assert!(kinds.contains(kind), "{kind}, program: {program}: {kinds:?}");
            assert!(land_apply(&desk.repo, &plan, &[]).is_err());
            let way = resolving(&desk.repo, &Desk::wish(LandHow::Squash)).unwrap();
            assert!(!way.conflicts.is_empty());
            assert_eq!(desk.repo.commit(&way.base).unwrap().parents, [desk.head(), desk.main()]);
            assert_eq!(desk.fixture.print(), print, "{kind}: nothing is half-done in anyone's tree");
        }
    }
}

#[test]
fn a_bare_repository_with_worktrees_is_landed_in() {
    let desk = Desk::new();
    let bare = desk.fixture.place("bare.git");
    desk.fixture.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let place = desk.fixture.place("of-bare");
    git_in(&bare, &["worktree", "add", "-q", "-b", "feature", place.to_str().unwrap(), "main"]);
    write(&place, "a.txt", "a\n");
    git_in(&place, &["add", "a.txt"]);
    let who = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
    git_in(&place, &[&who[..], &["commit", "-qm", "Add a"]].concat());
    let repo = Repo::discover(&place).unwrap();
    let wish = LandWish { rev: Some("feature".into()), into: Some("main".into()), ..LandWish::default() };
    let plan = land_plan(&repo, &wish).unwrap();
    assert!(
        plan.is_ready() && plan.checkouts.iter().all(|fate| fate.path == bare || fate.is_main),
        "{plan:?}"
    );
    let done = land_apply(&repo, &plan, &[]).unwrap();
    assert_eq!(git_in(&bare, &["rev-parse", "main"]), done.commit.to_string());
    assert_eq!(git_in(&place, &["status", "--porcelain"]), "");
}
