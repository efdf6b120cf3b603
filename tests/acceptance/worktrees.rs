//! Worktrees that work, and what becomes of them.

use std::fs;

use serde_json::Value;

use crate::support::machine::{Machine, bash, put, say, write, writes};

fn lines<'a>(report: &'a Value, key: &str) -> &'a Vec<Value> {
    report[key].as_array().unwrap()
}

#[test]
fn a_run_tells_of_setup_and_no_command_writes_through_a_link() {
    let machine = Machine::new();
    machine.write(".gitignore", "node_modules/\n.env\n*.log\n");
    machine.commit_all("ignore packages");
    machine.write("node_modules/a.js", "original\n");
    machine.write(".env", "KEY=of-the-checkout-1234567890\n");
    let evil = "echo changed > node_modules/a.js; echo new > node_modules/b.js; rm -rf node_modules/; \
        cat node_modules/a.js; cat .env > /dev/null; echo mine >> .env";
    machine.script_with(
        &[vec![bash(evil), put("work.txt", "1\n"), say("Done.")]],
        "[worktree]\ncopy = [\".env\"]\nlink = [\"node_modules\"]\nsetup = [\"echo ready > setup.log\"]\n",
    );
    let before = machine.fingerprint();
    let run = machine.run_well(&["one"]);
    before.assert_same(&machine);
    let notices: Vec<String> =
        run.all("notice").iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect();
    assert!(notices.contains(&"setting up: copying".to_owned()), "{notices:?}");
    assert!(notices.contains(&"setting up: echo ready > setup.log".to_owned()), "{notices:?}");
    let files = machine.git(&["show", "--format=", "--name-only", &run.commits()[0]]);
    assert_eq!(files, "work.txt");
    assert!(run.worktree().join("setup.log").exists());
    // Nothing of what was copied is in git, in a log, or anywhere that we wrote.
    let known = "of-the-checkout-1234567890";
    let told = format!("{}{}", run.stdout, run.stderr);
    assert!(!told.contains(known) && !machine.git(&["log", "--all", "-p"]).contains(known));
}

#[test]
fn a_run_with_a_failing_setup_goes_on_and_says_so() {
    let machine = Machine::new();
    machine.script_with(&[writes("a.txt", "1\n")], "[worktree]\nsetup = [\"echo broken; exit 4\"]\n");
    let run = machine.run_well(&["one"]);
    assert!(
        run.complaints().contains("setup failed: echo broken; exit 4: exit code 4"),
        "{}",
        run.complaints()
    );
    assert_eq!(run.commits().len(), 1);
}

#[test]
fn a_projects_own_settings_run_nothing_before_they_are_trusted() {
    let machine = Machine::new();
    machine.write(
        ".offshoot/config.toml",
        "[worktree]\nsetup = [\"echo ran > ran.log\"]\nenv = { X = \"y\" }\n",
    );
    machine.commit_all("a project's settings");
    machine.script(&[vec![bash("echo \"x is <$X>\""), say("One.")], vec![say("Two.")]]);
    let run = machine.run_well(&["one"]);
    assert!(!run.worktree().join("ran.log").exists());
    assert!(
        !machine.git(&["log", "-1", "--format=%B", "--all", "--glob=refs/offshoot"]).contains("x is <y>")
    );
    machine.offshoot(&["config", "trust"]).finish();
    assert!(machine.run_well(&["two"]).worktree().join("ran.log").exists());
}

#[test]
fn worktrees_are_told_by_size_and_gc_frees_what_has_landed() {
    let machine = Machine::new();
    machine.scenes(&[
        ("landed", writes("a.txt", "1\n")),
        ("open", writes("b.txt", "1\n")),
        ("dirty", writes("c.txt", "1\n")),
    ]);
    let runs = ["landed", "open", "dirty"].map(|name| machine.run_well(&["--branch", name, name]));
    machine.git(&["merge", "-q", "--squash", "landed"]);
    machine.git(&["commit", "-qm", "all of it"]);
    machine.git(&["merge", "-q", "--squash", "dirty"]);
    machine.git(&["commit", "-qm", "of this, too"]);
    write(&runs[2].worktree(), "c.txt", "more\n");
    write(&runs[1].worktree(), "target/debug/big", &"x".repeat(3_000_000));
    write(&runs[0].worktree(), "target/debug/small", &"x".repeat(1_000_000));

    let report = machine.report(&["worktrees"]);
    let branches: Vec<&str> =
        lines(&report, "worktrees").iter().map(|one| one["branch"].as_str().unwrap()).collect();
    assert_eq!(branches[..2], ["open", "landed"], "the largest first");
    let of =
        |name: &str| lines(&report, "worktrees").iter().find(|one| one["branch"] == name).unwrap().clone();
    assert_eq!((&of("landed")["free"], &of("landed")["landed"]), (&true.into(), &true.into()));
    assert_eq!((&of("open")["unlanded"], &of("open")["free"]), (&1.into(), &false.into()));
    assert_eq!((&of("dirty")["dirty"], &of("dirty")["free"]), (&true.into(), &false.into()));
    assert!(of("open")["build_bytes"].as_u64().unwrap() >= 3_000_000);
    assert!(of("open")["ports"].is_array() && of("open")["last_use"].is_i64());
    assert_ne!(of("open")["ports"], of("landed")["ports"]);
    let text = machine.offshoot(&["worktrees"]).finish().stdout;
    assert!(text.contains("open") && text.contains("1 unlanded") && text.contains("MB"), "{text}");

    // It shows first.
    let shown = machine.report(&["gc", "--builds"]);
    assert_eq!(shown["applied"], false);
    assert!(runs.iter().all(|run| run.worktree().exists()));
    let old = machine.report(&["gc", "--older-than", "30"]);
    assert!(lines(&old, "items").iter().all(|item| item["free"] == false), "{old}");
    let refs = machine.git(&["for-each-ref"]);
    let before = machine.fingerprint();
    let done = machine.report(&["gc", "--builds", "--apply"]);
    before.assert_same(&machine);
    assert_eq!(machine.git(&["for-each-ref"]), refs);
    assert!(done["bytes"].as_u64().unwrap() >= 4_000_000, "{done}");
    assert_eq!(lines(&done, "freed").len(), 1);
    assert!(!runs[0].worktree().exists() && runs[1].worktree().join("b.txt").exists());
    assert!(!runs[1].worktree().join("target").exists());
    assert_eq!(fs::read_to_string(runs[2].worktree().join("c.txt")).unwrap(), "more\n");
    // The session goes on where its worktree was freed.
    assert_eq!(machine.run_well(&["--branch", "landed", "landed once more"]).worktree(), runs[0].worktree());
}

#[test]
fn a_home_directory_is_no_place_to_work_in() {
    let machine = Machine::new();
    machine.script(&[vec![say("Never.")]]);
    let home = machine.repo.display().to_string();
    let config = machine.path("config/offshoot/config.toml").display().to_string();
    let refused = machine.offshoot(&["--config", &config, "run", "one"]).env("HOME", &home).finish();
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("your home directory"), "{}", refused.stderr);
    assert_eq!(machine.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_stale_lock_is_told_with_age_and_owner_and_stays() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "1\n")]);
    let lock = machine.repo.join(".git/index.lock");
    let file = fs::File::create(&lock).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(5 * 3600);
    file.set_modified(long_ago).unwrap();
    drop(file);
    let report: Value =
        serde_json::from_str(&machine.offshoot(&["--json", "doctor"]).finish().stdout).unwrap();
    let check = lines(&report, "checks").iter().find(|check| check["id"] == "locks").unwrap();
    assert_eq!(check["state"], "warn");
    let message = check["message"].as_str().unwrap();
    assert!(message.contains("has been there for 5 h") && message.contains("no process here"), "{message}");
    assert!(check["hint"].as_str().unwrap().contains(&format!("rm '{}'", lock.display())));
    // It is in nobody's way, and nobody's to remove.
    machine.run_well(&["one"]);
    assert!(lock.exists());
}
