//! Kills at one known point each, and what they would leave there at the worst.

use std::fs;
use std::path::Path;

use crate::told::{Kept, Told};
use crate::world::{BRANCH, Instant, Kill, Target, World};
use crate::{check, finish, script};

/// A session that was killed in the middle of its first turn, after its first step.
fn killed() -> (World, Told) {
    let world = World::new(&script::session(2));
    let kill = Kill { at: Instant::SessionMoved(1), spins: 0, target: Target::Process };
    let ran = world.run_and_kill(&["run", "--json", "--branch", BRANCH, &script::prompt(0)], kill);
    assert_eq!(ran.code, None, "{:?}", ran.lines.last());
    let mut told = Told::default();
    told.add(&ran.lines);
    (world, told)
}

#[test]
fn locks_that_a_killed_process_left_are_removed_and_those_of_the_user_are_not() {
    let (world, mut told) = killed();
    let git = world.repo().join(".git");
    let session = told.session.clone().unwrap();
    let ours = [
        world.admin().join("index.lock"),
        world.admin().join("HEAD.lock"),
        git.join(format!("refs/heads/{BRANCH}.lock")),
        git.join(format!("refs/offshoot/sessions/{session}.lock")),
    ];
    let theirs = [git.join("index.lock"), git.join("refs/heads/main.lock")];
    for lock in ours.iter().chain(&theirs) {
        // The kill may have left a lock there that is still a second name of the reference itself.
        let _ = fs::remove_file(lock);
        fs::write(lock, "").unwrap();
    }
    let ran = world.run(&["run", "--json", "--branch", BRANCH, &script::prompt(1)]);
    assert_eq!(ran.code, Some(0), "{:#?}\n{}", ran.lines.last(), ran.stderr);
    told.add(&ran.lines);
    let ran = world.run(&["run", "--json", "--branch", BRANCH, script::LAST]);
    assert_eq!(ran.code, Some(0), "{:#?}\n{}", ran.lines.last(), ran.stderr);
    told.add(&ran.lines);
    let left = |locks: &[std::path::PathBuf]| locks.iter().filter(|lock| lock.exists()).count();
    assert_eq!((left(&ours), left(&theirs)), (0, 2));
    for lock in theirs {
        fs::remove_file(lock).unwrap();
    }
    check(&world, &told);
}

#[test]
fn a_worktree_that_was_not_finished_is_made_anew_and_no_file_counts_as_deleted() {
    let (world, mut told) = killed();
    check(&world, &told);
    let before = Kept::read(&world.repo(), told.session.as_deref().unwrap()).file("src/lib.rs");
    // As `git worktree add` leaves it when it is killed while it writes files.
    let (admin, worktree) = (world.admin(), world.worktree());
    fs::write(admin.join("locked"), "initializing").unwrap();
    fs::remove_file(admin.join("index")).unwrap();
    fs::write(admin.join("index.lock"), "").unwrap();
    fs::remove_dir_all(worktree.join("src")).unwrap();
    fs::write(worktree.join("README.md"), "cut in the mid").unwrap();
    finish(&world, &mut told);
    let kept = Kept::read(&world.repo(), told.session.as_deref().unwrap());
    assert!(before.is_some() && kept.file("src/old.rs").is_some());
}

#[test]
fn a_file_that_was_not_put_in_its_place_is_swept_and_in_no_commit() {
    let (world, mut told) = killed();
    let name = "src/.offshoot-tmp-0123456789abcdef";
    fs::write(world.worktree().join(name), "half a fi").unwrap();
    check(&world, &told);
    assert!(!world.worktree().join(name).exists());
    finish(&world, &mut told);
}

#[test]
fn a_session_whose_ref_is_gone_is_found_by_its_journal() {
    let (world, mut told) = killed();
    let session = told.session.clone().unwrap();
    let reference = format!("refs/offshoot/sessions/{session}");
    // Where the kill came while the reference was locked, git would refuse to remove it.
    let _ = fs::remove_file(world.repo().join(".git").join(format!("{reference}.lock")));
    world.git(&["update-ref", "-d", &reference]);
    check(&world, &told);
    finish(&world, &mut told);
}

#[test]
#[cfg(target_os = "linux")]
fn commands_do_not_outlive_the_process_that_ran_them() {
    let calls =
        "tool = \"bash\"\ninput = { command = \"sleep 1000 & echo $! > pid.part; mv pid.part pid; wait\" }\n";
    let script = format!("[[turn]]\n[[turn.reply]]\ntext = \"I wait.\"\n[[turn.reply.call]]\n{calls}");
    for target in [Target::Process, Target::Group] {
        let world = World::new(&script);
        let mut running = world.spawn(&["run", "--json", "--branch", BRANCH, "wait"]);
        let sleeper = loop {
            let worktree = world.path("data/worktrees");
            let found = fs::read_dir(worktree).into_iter().flatten().flatten().next();
            let pid = found.and_then(|folder| fs::read_to_string(folder.path().join("work/pid")).ok());
            match pid {
                Some(pid) => break pid.trim().to_owned(),
                None => std::thread::yield_now(),
            }
        };
        running.kill(target);
        running.wait();
        // Its number may be another's some day, but not within the moment that this takes.
        let is_alive = || {
            let line = fs::read_to_string(Path::new("/proc").join(&sleeper).join("cmdline"));
            line.is_ok_and(|line| line.starts_with("sleep"))
        };
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while is_alive() {
            assert!(std::time::Instant::now() < limit, "the command goes on");
            std::thread::yield_now();
        }
    }
}
