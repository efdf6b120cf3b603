//! What is carried, what is in the way, and what a crash leaves, in real repositories with both engines.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::note::{NOTE, Note};
use super::{Checkout, InTheWay, Leg};
use crate::git::testing::{Fixture, git_in, write};
use crate::git::{CommitId, GitError, Repo};

/// A repository whose branch `next` is one commit on from `main`, which is checked out.
fn ahead(change: impl Fn(&Fixture)) -> (Fixture, CommitId, CommitId) {
    let fixture = Fixture::new();
    fixture.write("a", "one\n");
    fixture.write("folder/b", "b\n");
    fixture.write("other", "other\n");
    fixture.commit_all("base");
    fixture.git(&["checkout", "-q", "-b", "next"]);
    change(&fixture);
    fixture.commit_all("next");
    fixture.git(&["checkout", "-q", "main"]);
    let repo = fixture.repo();
    let at = |rev: &str| repo.resolve(rev).unwrap();
    let (main, next) = (at("main"), at("next"));
    (fixture, main, next)
}

fn usual(fixture: &Fixture) {
    fixture.write("a", "two\n");
    fixture.write("new/c", "c\n");
    fixture.git(&["rm", "-q", "folder/b"]);
}

fn carry(repo: &Repo, from: &CommitId, to: &CommitId) -> Result<(), GitError> {
    repo.carry("main", Some(from), to, "offshoot: test").map(drop)
}

fn in_the_way(error: &GitError) -> Vec<(String, InTheWay)> {
    match error {
        GitError::InTheWay { obstacles, .. } => {
            obstacles.iter().map(|one| (one.path.display().to_string(), one.why)).collect()
        }
        other => panic!("{other}"),
    }
}

fn by_program(fixture: &Fixture) {
    fixture.git(&["config", "extensions.partialClone", "nowhere"]);
    assert!(!fixture.repo().is_library());
}

#[test]
fn a_clean_checkout_goes_along() {
    for program in [false, true] {
        let (fixture, main, next) = ahead(usual);
        if program {
            by_program(&fixture);
        }
        carry(&fixture.repo(), &main, &next).unwrap();
        assert_eq!(fixture.git(&["status", "--porcelain"]), "");
        assert_eq!(fixture.git(&["rev-parse", "main"]), next.to_string());
        assert_eq!(fs::read_to_string(fixture.top.join("new/c")).unwrap(), "c\n");
        assert!(!fixture.top.join("folder").exists());
        assert!(!fixture.top.join(".git").join(NOTE).exists());
    }
}

#[test]
fn other_changes_stay_as_they_are_and_staged_ones_staged() {
    let (fixture, main, next) = ahead(usual);
    fixture.write("other", "edited\n");
    fixture.write("staged", "new\n");
    fixture.git(&["add", "staged"]);
    fixture.write("README.md", "staged\n");
    fixture.git(&["add", "README.md"]);
    fixture.write("README.md", "staged, then edited\n");
    fixture.write("untracked", "u\n");
    fixture.write("debug.log", "ignored\n");
    let before = fixture.git(&["status", "--porcelain", "--ignored"]);
    carry(&fixture.repo(), &main, &next).unwrap();
    assert_eq!(fixture.git(&["status", "--porcelain", "--ignored"]), before);
    assert_eq!(fixture.git(&["show", ":README.md"]), "staged");
    assert_eq!(fs::read_to_string(fixture.top.join("README.md")).unwrap(), "staged, then edited\n");
}

#[test]
fn what_would_be_lost_is_named_and_nothing_changes() {
    use InTheWay as W;
    type Case = (fn(&Fixture), &'static [(&'static str, InTheWay)]);
    let cases: &[Case] = &[
        (|f| f.write("a", "mine\n"), &[("a", W::Edited)]),
        (
            |f| {
                f.write("a", "mine\n");
                f.git(&["add", "a"]);
            },
            &[("a", W::Staged)],
        ),
        (|f| fs::remove_file(f.top.join("a")).unwrap(), &[("a", W::Edited)]),
        (|f| f.write("folder/b", "mine\n"), &[("folder/b", W::Edited)]),
        (|f| f.write("new/c", "untracked\n"), &[("new/c", W::Untracked)]),
        (|f| f.write("new", "a file in place of the folder\n"), &[("new", W::Untracked)]),
        (|f| f.write("new/c/deep", "x\n"), &[("new/c/deep", W::Untracked)]),
        (
            |f| {
                f.write(".git/info/exclude", "new/\n");
                f.write("new/c", "ignored\n");
            },
            &[("new/c", W::Untracked)],
        ),
        (
            |f| {
                f.git(&["update-index", "--assume-unchanged", "a"]);
                f.write("a", "mine, and git is not to look\n");
            },
            &[("a", W::Edited)],
        ),
        (
            |f| {
                f.git(&["update-index", "--skip-worktree", "a"]);
                f.write("a", "mine, and git is not to look\n");
            },
            &[("a", W::Edited)],
        ),
    ];
    for (number, (change, expected)) in cases.iter().enumerate() {
        for program in [false, true] {
            let (fixture, main, next) = ahead(usual);
            if program {
                by_program(&fixture);
            }
            change(&fixture);
            let before = fixture.print();
            let error = carry(&fixture.repo(), &main, &next).unwrap_err();
            let expected: Vec<_> = expected.iter().map(|(path, why)| ((*path).to_owned(), *why)).collect();
            assert_eq!(in_the_way(&error), expected, "case {number}, program: {program}");
            assert_eq!(fixture.print(), before, "case {number}, program: {program}");
        }
    }
}

#[test]
fn a_link_in_place_of_a_folder_is_not_followed() {
    let (fixture, main, next) = ahead(usual);
    let elsewhere = fixture.root.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, fixture.top.join("new")).unwrap();
    let error = carry(&fixture.repo(), &main, &next).unwrap_err();
    assert_eq!(in_the_way(&error), [("new".to_owned(), InTheWay::Untracked)]);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn files_and_folders_change_places() {
    let (fixture, main, next) = ahead(|f| {
        f.git(&["rm", "-q", "folder/b", "a"]);
        f.write("folder", "a file now\n");
        f.write("a/inside", "a folder now\n");
    });
    carry(&fixture.repo(), &main, &next).unwrap();
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert!(fixture.top.join("folder").is_file() && fixture.top.join("a").is_dir());
    // And with something of the user's in the folder that is to go.
    carry(&fixture.repo(), &next, &main).unwrap();
    fixture.write("folder/mine", "x\n");
    let error = carry(&fixture.repo(), &main, &next).unwrap_err();
    assert_eq!(in_the_way(&error), [("folder/mine".to_owned(), InTheWay::Untracked)]);
}

#[test]
fn where_case_does_not_count_another_name_of_the_file_is_in_the_way() {
    let (fixture, main, next) = ahead(|f| f.write("Notes", "theirs\n"));
    fixture.git(&["config", "core.ignorecase", "true"]);
    fixture.write("Notes", "mine\n");
    let error = carry(&fixture.repo(), &main, &next).unwrap_err();
    assert_eq!(in_the_way(&error), [("Notes".to_owned(), InTheWay::Untracked)]);
    fs::remove_file(fixture.top.join("Notes")).unwrap();
    carry(&fixture.repo(), &main, &next).unwrap();
    // A file that only changes the case of its name is the same file.
    fixture.git(&["checkout", "-q", "-b", "renamed"]);
    fixture.git(&["mv", "-f", "Notes", "notes"]);
    fixture.git(&["commit", "-q", "-m", "lower"]);
    let renamed = fixture.repo().resolve("renamed").unwrap();
    let checkout = fixture.repo().checkouts("renamed").unwrap().remove(0);
    assert_eq!(fixture.repo().obstacles(&checkout, Some(&next), &renamed).unwrap(), []);
}

#[test]
fn a_merge_or_a_rebase_of_the_users_is_not_disturbed() {
    let (fixture, main, next) = ahead(usual);
    fs::write(fixture.top.join(".git/MERGE_HEAD"), format!("{next}\n")).unwrap();
    let error = carry(&fixture.repo(), &main, &next).unwrap_err();
    assert!(matches!(error, GitError::UnderWay { doing: "merge", .. }), "{error}");
    fs::remove_file(fixture.top.join(".git/MERGE_HEAD")).unwrap();
    // Its head is detached, but the branch is moved at its end.
    fixture.git(&["checkout", "-q", "--detach"]);
    write(&fixture.top, ".git/rebase-merge/head-name", "refs/heads/main\n");
    let error = carry(&fixture.repo(), &main, &next).unwrap_err();
    assert!(matches!(error, GitError::UnderWay { doing: "rebase", .. }), "{error}");
}

#[test]
fn an_unresolved_conflict_anywhere_is_in_the_way() {
    let (fixture, main, next) = ahead(usual);
    let blob = fixture.git(&["rev-parse", "HEAD:other"]);
    let entries = format!("0 {} 0\tother\n100644 {blob} 1\tother\n100644 {blob} 2\tother\n", "0".repeat(40));
    let path = fixture.root.path().join("entries");
    fs::write(&path, entries).unwrap();
    let shell = format!("git update-index --index-info < '{}'", path.display());
    let done = std::process::Command::new("sh").args(["-c", &shell]).current_dir(&fixture.top).status();
    assert!(done.unwrap().success());
    let error = carry(&fixture.repo(), &main, &next).unwrap_err();
    assert_eq!(in_the_way(&error), [("other".to_owned(), InTheWay::Unresolved)]);
}

#[test]
fn another_worktree_goes_along_and_a_branch_that_nobody_has_just_moves() {
    let (fixture, main, next) = ahead(usual);
    fixture.git(&["checkout", "-q", "--detach"]);
    let repo = fixture.repo();
    carry(&repo, &main, &next).unwrap();
    assert_eq!(fixture.git(&["rev-parse", "HEAD"]), main.to_string());
    carry(&repo, &next, &main).unwrap();
    let place = fixture.place("linked");
    fixture.git(&["worktree", "add", "-q", place.to_str().unwrap(), "main"]);
    let carried = repo.carry("main", Some(&main), &next, "test").unwrap();
    assert_eq!(
        carried.iter().map(|c| (c.path.clone(), c.is_main)).collect::<Vec<_>>(),
        [(place.clone(), false)]
    );
    assert_eq!(git_in(&place, &["status", "--porcelain"]), "");
    assert!(place.join("new/c").exists());
}

#[test]
fn a_branch_without_a_commit_gets_its_first() {
    let (fixture, _, next) = ahead(usual);
    fixture.git(&["checkout", "-q", "--orphan", "unborn"]);
    fixture.git(&["rm", "-rfq", "."]);
    fixture.write("mine", "stays\n");
    fixture.repo().carry("unborn", None, &next, "test").unwrap();
    assert_eq!(fixture.git(&["status", "--porcelain"]), "?? mine");
    assert_eq!(fixture.git(&["rev-parse", "unborn"]), next.to_string());
}

#[test]
fn a_branch_that_moved_is_left_where_it_is() {
    let (fixture, main, next) = ahead(usual);
    fixture.write("other", "went on\n");
    fixture.commit_all("went on");
    let before = fixture.print();
    let error = carry(&fixture.repo(), &main, &next).unwrap_err();
    assert!(matches!(error, GitError::RefMoved { .. }), "{error}");
    assert_eq!(fixture.print(), before);
}

fn checkout(repo: &Repo) -> Checkout {
    repo.checkouts("main").unwrap().remove(0)
}

fn leg(from: &CommitId, to: &CommitId) -> Leg {
    Leg { branch: "main".to_owned(), from: Some(from.clone()), to: to.clone() }
}

/// As a killed process leaves it: the notes stay, and nobody holds them.
fn leave_note(repo: &Repo, from: &CommitId, to: &CommitId) {
    for checkout in repo.checkouts("main").unwrap() {
        let note = Note::write(&checkout, &leg(from, to)).unwrap();
        let text = fs::read(&note.path).unwrap();
        let path = note.path.clone();
        drop(note);
        fs::write(path, text).unwrap();
    }
}

/// Another worktree on the branch that the main one has.
fn linked(fixture: &Fixture) -> PathBuf {
    let place = fixture.place("linked");
    fixture.git(&["worktree", "add", "-q", "-f", place.to_str().unwrap(), "main"]);
    place
}

#[test]
fn a_crash_before_the_index_was_written_is_taken_back() {
    for program in [false, true] {
        let (fixture, main, next) = ahead(usual);
        if program {
            by_program(&fixture);
        }
        let repo = fixture.repo();
        fixture.write("other", "mine\n");
        fixture.git(&["update-index", "-q", "--refresh"]);
        let status = fixture.git(&["status", "--porcelain"]);
        leave_note(&repo, &main, &next);
        // Some files are written, one is cut short, one was taken away, and the lock was left.
        fixture.write("a", "tw");
        fixture.write("new/c", "c\n");
        fs::remove_dir_all(fixture.top.join("folder")).unwrap();
        fixture.write(".git/index.lock", "");
        let settled = repo.settle_carries().unwrap();
        assert_eq!(settled.iter().map(|one| one.is_there).collect::<Vec<_>>(), [false]);
        assert_eq!(fixture.git(&["status", "--porcelain"]), status, "program: {program}");
        assert_eq!(fixture.git(&["rev-parse", "main"]), main.to_string());
        assert!(!fixture.top.join("new").exists() && !fixture.top.join(".git").join(NOTE).exists());
        carry(&repo, &main, &next).unwrap();
        assert_eq!(repo.settle_carries().unwrap(), []);
    }
}

#[test]
fn a_crash_after_the_files_were_there_is_ended() {
    let (fixture, main, next) = ahead(usual);
    let repo = fixture.repo();
    leave_note(&repo, &main, &next);
    fixture.git(&["read-tree", "-m", "-u", "main", "next"]);
    let settled = repo.settle_carries().unwrap();
    assert!(settled[0].is_there);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert_eq!(fixture.git(&["rev-parse", "main"]), next.to_string());
}

#[test]
fn what_somebody_is_at_is_left_alone_and_refused_to_others() {
    let (fixture, main, next) = ahead(usual);
    let repo = fixture.repo();
    let _note = Note::write(&checkout(&repo), &leg(&main, &next)).unwrap();
    assert_eq!(repo.settle_carries().unwrap(), []);
    let error = carry(&repo, &main, &next).unwrap_err();
    assert!(matches!(error, GitError::UnderWay { doing: "landing", .. }), "{error}");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn without_the_program_the_library_does_the_same() {
    let (fixture, main, next) = ahead(usual);
    let repo = fixture.repo();
    fixture.write("other", "mine\n");
    super::files::put_by_library(&checkout(&repo), &next).unwrap();
    assert_eq!(fs::read_to_string(fixture.top.join("a")).unwrap(), "two\n");
    assert_eq!(fs::read_to_string(fixture.top.join("other")).unwrap(), "mine\n");
    assert_eq!(fixture.git(&["diff", "--cached", "--name-only", "next"]), "");
    let _ = main;
}

#[test]
fn a_checkout_that_was_switched_while_it_was_looked_at_stays_as_it_is() {
    for program in [false, true] {
        let (fixture, main, next) = ahead(usual);
        if program {
            by_program(&fixture);
        }
        let repo = fixture.repo();
        let checkouts = repo.checkouts("main").unwrap();
        fixture.git(&["switch", "-q", "-c", "elsewhere"]);
        let before = fixture.print();
        let error = repo.bring(&checkouts, &leg(&main, &next), "test").unwrap_err();
        assert!(matches!(error, GitError::UnderWay { doing: "switch of branches", .. }), "{error}");
        assert_eq!(fixture.print(), before);
        // One that came to the branch meanwhile is none that was looked at.
        fixture.git(&["switch", "-q", "main"]);
        let error = repo.bring(&[], &leg(&main, &next), "test").unwrap_err();
        assert!(matches!(error, GitError::UnderWay { .. }), "{error}");
        assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn a_branch_that_others_hold_or_moved_leaves_the_files_alone() {
    for program in [false, true] {
        let (fixture, main, next) = ahead(usual);
        if program {
            by_program(&fixture);
        }
        let repo = fixture.repo();
        let checkouts = repo.checkouts("main").unwrap();
        fixture.write(".git/refs/heads/main.lock", "");
        let before = fixture.print();
        let error = carry(&repo, &main, &next).unwrap_err();
        assert!(matches!(error, GitError::Locked(_)), "{error}");
        assert_eq!(fixture.print(), before);
        fs::remove_file(fixture.top.join(".git/refs/heads/main.lock")).unwrap();
        fixture.git(&["commit", "-q", "--allow-empty", "-m", "meanwhile"]);
        let before = fixture.print();
        let error = repo.bring(&checkouts, &leg(&main, &next), "test").unwrap_err();
        assert!(matches!(error, GitError::RefMoved { .. }), "{error}");
        assert_eq!(fixture.print(), before);
    }
}

#[test]
fn while_files_are_written_nobody_else_moves_the_branch() {
    for program in [false, true] {
        let (fixture, main, next) = ahead(usual);
        if program {
            by_program(&fixture);
        }
        let repo = fixture.repo();
        let moved = repo.moving(&leg(&main, &next), "offshoot: test", || {
            let to = ["update-ref", "refs/heads/main", next.as_str()];
            let done = std::process::Command::new("git").args(to).current_dir(&fixture.top).output();
            assert!(!done.unwrap().status.success());
            Err(GitError::program("test", "it did not work"))
        });
        assert!(moved.is_err());
        assert_eq!(fixture.git(&["rev-parse", "main"]), main.to_string());
        repo.moving(&leg(&main, &next), "offshoot: test", || Ok(())).unwrap();
        assert_eq!(fixture.git(&["rev-parse", "main"]), next.to_string());
        assert_eq!(fixture.git(&["reflog", "-1", "--format=%gs", "HEAD"]), "offshoot: test");
    }
}

#[test]
fn where_one_of_two_worktrees_cannot_go_along_neither_does() {
    let (fixture, main, next) = ahead(usual);
    let place = linked(&fixture);
    let repo = fixture.repo();
    let checkouts = repo.checkouts("main").unwrap();
    assert_eq!(checkouts.len(), 2);
    // Written after it was looked at.
    write(&place, "a", "mine\n");
    repo.bring(&checkouts, &leg(&main, &next), "test").unwrap_err();
    assert_eq!(fixture.git(&["rev-parse", "main"]), main.to_string());
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert_eq!(git_in(&place, &["status", "--porcelain"]), " M a");
    // The same after a crash between the two.
    git_in(&place, &["checkout", "-q", "a"]);
    leave_note(&repo, &main, &next);
    fixture.git(&["read-tree", "-m", "-u", "main", "next"]);
    let settled = repo.settle_carries().unwrap();
    assert_eq!(settled.iter().map(|one| one.is_there).collect::<Vec<_>>(), [false, false]);
    assert_eq!(fixture.git(&["rev-parse", "main"]), main.to_string());
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert_eq!(git_in(&place, &["status", "--porcelain"]), "");
}

#[test]
fn what_was_written_to_the_end_is_put_back_in_the_index_too() {
    for only_new in [false, true] {
        let (fixture, main, next) = ahead(|f| if only_new { f.write("new/c", "c\n") } else { usual(f) });
        let repo = fixture.repo();
        fixture.git(&["read-tree", "-m", "-u", "main", "next"]);
        fixture.write("mine", "staged\n");
        fixture.git(&["add", "mine"]);
        repo.put_back(&checkout(&repo), &leg(&main, &next)).unwrap();
        assert_eq!(fixture.git(&["status", "--porcelain"]), "A  mine");
        // The library does the same.
        let all = repo.paths_of(&leg(&main, &next)).unwrap();
        let staged: Vec<_> = all.iter().map(|(path, _)| path).collect();
        let lost: Vec<_> = all.iter().filter(|(_, was_there)| *was_there).map(|(path, _)| path).collect();
        fixture.git(&["read-tree", "-m", "-u", "main", "next"]);
        fs::remove_dir_all(fixture.top.join("new")).unwrap();
        super::put_back::restore_by_library(&checkout(&repo), &leg(&main, &next), &staged, &lost).unwrap();
        assert_eq!(fixture.git(&["status", "--porcelain"]), "A  mine");
    }
}

#[test]
fn a_first_commit_that_was_not_brought_leaves_no_trace() {
    let (fixture, _, next) = ahead(usual);
    fixture.git(&["checkout", "-q", "--orphan", "unborn"]);
    fixture.git(&["rm", "-rfq", "."]);
    let repo = fixture.repo();
    let checkout = repo.checkouts("unborn").unwrap().remove(0);
    let leg = Leg { branch: "unborn".to_owned(), from: None, to: next };
    repo.put_files(&checkout, None, &leg.to).unwrap();
    repo.put_back(&checkout, &leg).unwrap();
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_branch_that_a_killed_process_held_is_let_go() {
    let (fixture, main, next) = ahead(usual);
    let repo = fixture.repo();
    leave_note(&repo, &main, &next);
    fixture.write(".git/refs/heads/main.lock", &format!("{next}\n"));
    repo.settle_carries().unwrap();
    fixture.git(&["commit", "-q", "--allow-empty", "-m", "goes on"]);
}

#[test]
fn of_many_who_look_and_write_only_one_has_the_note() {
    let (fixture, main, next) = ahead(usual);
    let checkout = checkout(&fixture.repo());
    let leg = leg(&main, &next);
    let is_held = AtomicBool::new(false);
    let work = || {
        for _ in 0..100 {
            let left = Note::left(&checkout).unwrap().map(|(note, _)| note);
            if let Some(note) = left.or_else(|| Note::write(&checkout, &leg).ok()) {
                assert!(!is_held.swap(true, Ordering::SeqCst));
                is_held.store(false, Ordering::SeqCst);
                drop(note);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    assert!(!fixture.top.join(".git").join(NOTE).exists());
}
