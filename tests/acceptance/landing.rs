//! Branches brought home: landed in the user's branch, and merged into the session that they left.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::support::machine::{Finished, Machine, put, say, writes};

/// A machine with a session that wrote two files in two turns.
fn with_work() -> (Machine, Finished) {
    let machine = Machine::new();
    machine.scenes(&[
        ("make one", writes("one.txt", "1\n")),
        ("make two", writes("two.txt", "2\n")),
        ("change the readme", writes("README.md", "agent\n")),
        ("conflict", vec![put("README.md", "both\n"), say("Resolved.")]),
        ("chat", vec![say("So it is.")]),
    ]);
    let first = machine.run_well(&["please make one."]);
    machine.run_well(&["--branch", &first.branch(), "make two"]);
    (machine, first)
}

fn land(machine: &Machine, args: &[&str]) -> Finished {
    machine.offshoot(&[&["land"], args].concat()).finish()
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|_| panic!("{}\n{}", finished.stdout, finished.stderr))
}

#[test]
fn a_dry_run_tells_everything_and_does_nothing() {
    let (machine, first) = with_work();
    let before = machine.fingerprint();
    let told = land(&machine, &["--dry-run"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    for words in [&format!("{} → main", first.branch()), "2 commits as one commit", "one.txt", "    Make one"]
    {
        assert!(told.stdout.contains(words), "{words}\n{}", told.stdout);
    }
    let plan = json(&land(&machine, &["--dry-run", "--json", &first.branch()]));
    assert_eq!((plan["ready"].clone(), plan["landed"].clone()), (true.into(), Value::Null));
    assert_eq!(plan["commits"].as_array().unwrap().len(), 2);
    before.assert_same(&machine);
}

#[test]
fn a_session_lands_as_one_clean_commit_and_is_taken_back() {
    let (machine, first) = with_work();
    machine.write("README.md", "my own, not committed\n");
    let main = machine.git(&["rev-parse", "main"]);
    let done = land(&machine, &[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("landed in main as"), "{}", done.stdout);
    assert!(done.stderr.contains("offshoot land --undo"), "{}", done.stderr);
    assert_eq!(machine.git(&["rev-parse", "main~"]), main);
    assert_eq!(machine.git(&["status", "--porcelain"]), " M README.md");
    assert_eq!(fs::read_to_string(machine.repo.join("two.txt")).unwrap(), "2\n");
    let message = machine.git(&["log", "-1", "--format=%B", "main"]);
    assert!(message.starts_with("Make one\n\n"), "{message}");
    assert!(!message.contains("offshoot-conversation"), "a plain push of main carries no conversation");
    assert_eq!(machine.trailer("main", "Offshoot-Landed"), machine.git(&["rev-parse", &first.branch()]));
    assert_eq!(machine.trailer("main", "Offshoot-Session"), first.session());

    let log = machine.offshoot(&["log"]).finish().stdout;
    assert!(log.contains("landed in main as"), "{log}");
    let again = land(&machine, &[]);
    assert!(again.code == Some(1) && again.stderr.contains("nothing to land"), "{}", again.stderr);
    // What is said on main is a session of its own.
    let other = machine.run_well(&["chat"]);
    assert_ne!(other.session(), first.session());
    // And the session that landed goes on.
    machine.run_well(&["--branch", &first.branch(), "chat"]);

    let back = land(&machine, &["--undo"]);
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    assert_eq!(machine.git(&["rev-parse", "main"]), main);
    assert_eq!(machine.git(&["status", "--porcelain"]), " M README.md");
}

#[test]
fn work_in_the_way_is_named_and_another_branch_is_a_way_out() {
    let (machine, _) = with_work();
    machine.write("one.txt", "mine\n");
    let before = machine.fingerprint();
    let refused = land(&machine, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("one.txt is there and not followed by git"), "{}", refused.stderr);
    assert!(refused.stdout.contains("--into offshoot-landed/"), "{}", refused.stdout);
    before.assert_same(&machine);
    let plan = json(&land(&machine, &["--json"]));
    assert_eq!(plan["checkouts"][0]["in_the_way"][0]["path"], "one.txt");
    let done = land(&machine, &["--into", "offshoot-landed/one"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(machine.file_at("offshoot-landed/one", "one.txt"), "1");
}

#[test]
fn chosen_steps_and_merges_land_too() {
    let (machine, first) = with_work();
    let done = json(&land(&machine, &["--pick", "2", "--json"]));
    assert_eq!(done["landed"]["commits"].as_array().unwrap().len(), 1);
    assert!(machine.is_in("main", "two.txt") && !machine.is_in("main", "one.txt"));
    assert!(!machine.block("main").is_empty(), "its conversation came along");
    assert_eq!(machine.trailer("main", "Offshoot-Picked-From"), machine.git(&["rev-parse", &first.branch()]));
    let done = land(&machine, &["--merge", "--message", "My merge", &first.branch()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(machine.git(&["log", "-1", "--format=%s %P", "main"]).split(' ').count(), 4);
}

#[test]
fn conflicts_are_listed_and_an_agent_resolves_them_on_a_branch_of_its_own() {
    let (machine, first) = with_work();
    machine.run_well(&["--branch", &first.branch(), "change the readme"]);
    machine.write("README.md", "user\n");
    machine.commit_all("user");
    let before = machine.fingerprint();
    let refused = land(&machine, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("README.md: changed on both sides"), "{}", refused.stderr);
    let resolved = land(&machine, &["--resolve"]);
    assert_eq!(resolved.code, Some(0), "{}\n{}", resolved.stdout, resolved.stderr);
    before.assert_same(&machine);
    let branches = machine.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/offshoot/land-*"]);
    let step = machine.git(&["log", "-1", "--format=%P", &format!("{branches}~")]);
    assert_eq!(step.split(' ').count(), 2, "it begins with the merge");
    let done = land(&machine, &[]);
    assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
    assert_eq!(machine.file_at("main", "README.md"), "both");
    let log = machine.report(&["log", &first.branch()]);
    assert_eq!(log[0]["landed"]["since"], 0, "the branch whose work it was has landed as well");
}

/// A8: child and parent edited different files; then the same one.
#[test]
fn a_child_is_merged_into_its_parent_with_both_conversations() {
    let (machine, parent) = with_work();
    let child = machine.run_well(&["--from", &parent.branch(), "change the readme"]);
    machine.run_well(&["--branch", &parent.branch(), "chat"]);
    let edited = parent.worktree().join("by-hand.txt");
    fs::write(edited, "mine\n").unwrap();
    let before = machine.fingerprint();
    let merge = |args: &[&str]| machine.offshoot(&[&["merge", "--json"], args].concat()).finish();

    let dry = json(&merge(&["--dry-run", &child.branch()]));
    assert_eq!((dry["into"].as_str(), dry["merged"].clone()), (Some(&*parent.branch()), Value::Null));
    let done = merge(&[&child.branch()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let hash = json(&done)["merged"]["commit"].as_str().unwrap().to_owned();
    assert_eq!(machine.git(&["rev-parse", &parent.branch()]), hash);
    assert_eq!(
        machine.git(&["rev-parse", &format!("{hash}^2")]),
        machine.git(&["rev-parse", &child.branch()])
    );
    assert_eq!(machine.trailer(&hash, "Offshoot-Session"), parent.session());
    assert_eq!(machine.trailer(&child.branch(), "Offshoot-Title"), "change the readme");
    let message = machine.git(&["log", "-1", "--format=%B", &hash]);
    assert!(message.contains(&child.session()) && message.contains("So it is."), "{message}");
    assert!(machine.is_in(&hash, "by-hand.txt"), "what was edited by hand is kept first");
    assert_eq!(machine.file_at(&hash, "README.md"), "agent");
    assert_eq!(fs::read_to_string(parent.worktree().join("README.md")).unwrap(), "agent\n");
    before.assert_same(&machine);

    for flags in [&["--dry-run", &child.branch()][..], &[&child.branch()]] {
        let again = machine.offshoot(&[&["merge"], flags].concat()).finish();
        assert!(again.code == Some(0) && again.stdout.contains("has all of"), "{again:?}");
    }

    // Resuming from the merge gives the parent's conversation, with the note of what was merged.
    let export = |rev: &str| machine.offshoot(&["resume", rev]).finish().stdout;
    let resumed = export(&hash);
    assert!(
        resumed.contains("please make one.") && resumed.contains("was merged")
            || resumed.contains("merged branch"),
        "{resumed}"
    );
    // It is taken back as one step.
    let undone = machine.offshoot(&["undo", &parent.branch()]).finish();
    assert_eq!(undone.code, Some(0), "{}", undone.stderr);
    assert!(
        !machine.is_in(&parent.branch(), "README.md")
            || machine.file_at(&parent.branch(), "README.md") != "agent"
    );

    // A conflict leaves the parent alone.
    fs::write(parent.worktree().join("README.md"), "parent's own\n").unwrap();
    machine.run_well(&["--branch", &parent.branch(), "chat"]);
    let head = machine.git(&["rev-parse", &parent.branch()]);
    let refused = merge(&[&child.branch()]);
    assert_eq!(refused.code, Some(1));
    assert_eq!(json(&refused)["conflicts"][0]["path"], "README.md");
    assert_eq!(machine.git(&["rev-parse", &parent.branch()]), head);
}

#[test]
fn a_child_with_conflicts_that_nobody_resolved_is_not_merged() {
    let (machine, parent) = with_work();
    let child = machine.run_well(&["--from", &parent.branch(), "chat"]);
    fs::write(child.worktree().join("half.txt"), "<<<<<<< x\na\n=======\nb\n>>>>>>> y\n").unwrap();
    machine.run_well(&["--branch", &child.branch(), "chat"]);
    let head = machine.git(&["rev-parse", &parent.branch()]);
    for flags in [&["--dry-run", &child.branch()][..], &[&child.branch()]] {
        let refused = machine.offshoot(&[&["merge"], flags].concat()).finish();
        assert_eq!(refused.code, Some(1), "{}", refused.stdout);
        assert!(refused.stderr.contains("half.txt"), "{}", refused.stderr);
    }
    assert_eq!(machine.git(&["rev-parse", &parent.branch()]), head);
}

/// Killed with everything that it started, at many instants of a landing that writes many files.
#[test]
fn a_landing_that_is_killed_is_there_or_is_not() {
    const FILES: usize = 200;
    let (machine, first) = with_work();
    let tree = first.worktree();
    for number in 0..FILES {
        let text = format!("{number}\n").repeat(300);
        fs::write(tree.join(format!("made{number}.txt")), text).unwrap();
    }
    fs::write(tree.join("README.md"), "agent\n").unwrap();
    machine.run_well(&["--branch", &first.branch(), "chat"]);
    machine.write("src/main.rs", "fn main() { /* mine */ }\n");
    let main = machine.git(&["rev-parse", "main"]);
    let mut dice = fastrand::Rng::with_seed(7);
    let (mut ended, mut begun) = (0, 0);
    for round in 0..12 {
        let mut command = machine.command(env!("CARGO_BIN_EXE_offshoot"), &machine.repo);
        command.args(["land", "--quiet", &first.branch()]).process_group(0);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let git = machine.repo.join(".git");
        // Told by what it has done, not by a clock.
        let wanted = dice.usize(..FILES);
        let written = || (0..FILES).filter(|n| machine.repo.join(format!("made{n}.txt")).exists()).count();
        while child.try_wait().unwrap().is_none() {
            let is_time = match round % 4 {
                0 => git.join("offshoot-landing").exists(),
                1 => git.join("index.lock").exists(),
                _ => written() > wanted,
            };
            if is_time {
                break;
            }
            std::thread::yield_now();
        }
        if round % 2 == 0 {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = kill_process(pid, Signal::KILL);
        child.wait().unwrap();
        begun += usize::from(git.join("offshoot-landing").exists());

        // Whoever comes next ends it or takes it back.
        let next = land(&machine, &["--dry-run", &first.branch()]);
        assert!(!git.join("offshoot-landing").exists(), "round {round}: {}", next.stderr);
        let status = machine.git(&["status", "--porcelain"]);
        assert_eq!(status, " M src/main.rs", "round {round}: {}", next.stderr);
        let now = machine.git(&["rev-parse", "main"]);
        if now == main {
            assert_eq!((next.code, written()), (Some(0), 0), "round {round}: {}", next.stderr);
        } else {
            assert_eq!(written(), FILES, "round {round}");
            ended += 1;
            let back = land(&machine, &["--undo"]);
            assert_eq!(back.code, Some(0), "round {round}: {}", back.stderr);
        }
        machine.git(&["fsck", "--no-dangling"]);
    }
    eprintln!("{begun} landings were cut off, {ended} were there");
}
