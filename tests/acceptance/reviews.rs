//! `offshoot diff` and `offshoot review`: what changed, for scripts; comments that are sent, parts that are taken
//! back or over.

use serde_json::Value;

use crate::support::machine::{Finished, Machine, bash, put, say};

const BEFORE: &str = "one\ntwo\nthree\nfour\nfive\nsix\n";
const AFTER: &str = "one\nTWO\nthree\nfour\nfive\nSIX\n";

/// A session that changed two lines far apart, made a file, a program and a file of bytes, and removed one.
fn worked(machine: &Machine) -> Finished {
    machine.write("list", BEFORE);
    machine.commit_all("second");
    machine.script(&[
        vec![
            put("list", AFTER),
            put("new/run.sh", "#!/bin/sh\n"),
            bash("chmod +x new/run.sh; printf 'a\\0b' > blob; mv README.md READ.md"),
            say("Done."),
        ],
        vec![put("list", &AFTER.replace("one", "ONE")), say("I see.")],
    ]);
    machine.run_well(&["change the list"])
}

#[test]
fn a_branch_is_a_patch_that_git_applies() {
    let machine = Machine::new();
    let run = worked(&machine);
    let print = machine.fingerprint();
    let patch = machine.offshoot(&["diff"]).finish();
    assert_eq!((patch.code, patch.stderr.as_str()), (Some(0), ""));
    assert!(!patch.stdout.contains('\u{1b}'), "{}", patch.stdout);
    let tree = machine.path("applied");
    machine.git(&["worktree", "add", "-q", "--detach", &tree.display().to_string(), "main"]);
    std::fs::write(machine.path("patch"), &patch.stdout).unwrap();
    machine.git_in(&tree, &["apply", "--index", &machine.path("patch").display().to_string()]);
    let applied = machine.git_in(&tree, &["write-tree"]);
    assert_eq!(applied, machine.git(&["rev-parse", &format!("{}^{{tree}}", run.branch())]));
    machine.git(&["worktree", "remove", "--force", &tree.display().to_string()]);

    let lines = |args: &[&str]| machine.offshoot(&[&["diff"], args].concat()).finish().stdout;
    assert_eq!(lines(&["--name-only"]), "READ.md\nblob\nlist\nnew/run.sh\n");
    let stat = lines(&["--stat", &run.branch()]);
    assert!(stat.contains("README.md → READ.md") && stat.contains(" 4 files changed, +3 -2\n"), "{stat}");
    let step = lines(&["--step", &run.commits()[0], "--name-only"]);
    assert_eq!(step, "list\n");
    assert_eq!(lines(&["--turn", "1", "--name-only"]), lines(&["--name-only"]));
    assert_eq!(lines(&["main", &run.branch(), "--name-only"]), lines(&["--name-only"]));
    assert_eq!(lines(&[&format!("main..{}", run.branch()), "--name-only"]), lines(&["--name-only"]));
    let report = machine.report(&["diff", "--json"]);
    assert_eq!(
        (report["insertions"].as_u64(), report["files"][0]["change"].as_str()),
        (Some(3), Some("renamed"))
    );
    assert_eq!(report["patch"].as_str().unwrap(), patch.stdout);
    print.assert_same(&machine);
}

#[test]
fn hunks_are_listed_and_taken_back_and_over_by_their_numbers() {
    let machine = Machine::new();
    let branch = worked(&machine).branch();
    let print = machine.fingerprint();
    let text = machine.offshoot(&["review"]).finish().stdout;
    for part in [
        "list  modified +2 -2",
        "  hunk 1  -2 +2\n    -two\n    +TWO\n",
        "  hunk 2  -6 +6",
        "binary file, 0 → 3 bytes",
        "only the name changed",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let report = machine.report(&["review", "--json", &branch]);
    let list = report["files"].as_array().unwrap().iter().find(|file| file["path"] == "list").unwrap();
    assert_eq!(list["hunks"][1]["new"], Value::from(vec!["SIX"]));

    let done = machine.report(&["review", "--json", "--revert", "list:1", "--revert", "new/run.sh"]);
    assert_eq!(done["subject"], "Revert parts of 2 files");
    assert_eq!(machine.git(&["rev-parse", &branch]), done["commit"].as_str().unwrap());
    assert_eq!(machine.file_at(&branch, "list"), AFTER.replace("TWO", "two").trim_end());
    assert!(!machine.is_in(&branch, "new/run.sh"));
    let refused = machine.offshoot(&["review", "--revert", "list:9"]).finish();
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("list has no hunk 9") && refused.stderr.contains("go from 1 to 1"),
        "{}",
        refused.stderr
    );
    let refused = machine.offshoot(&["review", "--turn", "1", "--revert", "list:1"]).finish();
    assert!(refused.stderr.contains("list stands like that already"), "{}", refused.stderr);
    // What the user took back is no part of what the branch changed.
    assert_eq!(machine.offshoot(&["diff", "--name-only"]).finish().stdout, "READ.md\nblob\nlist\n");

    machine.script(&[vec![put("other", "1\n"), say("Other.")]]);
    let other = machine.run_well(&["something else"]).branch();
    let done = machine.offshoot(&["review", &other, "--take", "list:1", "--from", &branch]).finish();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(machine.file_at(&other, "list"), BEFORE.replace("six", "SIX").trim_end());
    print.assert_same(&machine);
}

#[test]
fn comments_become_the_next_prompt() {
    let machine = Machine::new();
    let branch = worked(&machine).branch();
    let comments = ["review", "--comment", "list:2", "Why so loud?", "--comment", "new/run.sh", "What for?"];
    let prompt = machine.offshoot(&[&comments[..], &["--prompt-only"]].concat()).finish();
    assert_eq!(prompt.code, Some(0), "{}", prompt.stderr);
    let expected = "## 1. `list:2`\n\n```\nTWO\n```\n\nWhy so loud?\n\n## 2. `new/run.sh`\n\nWhat for?\n";
    assert!(prompt.stdout.ends_with(expected), "{}", prompt.stdout);
    let sent = machine.offshoot(&[&comments[..], &["--send", "--json"]].concat()).finish();
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    assert_eq!((sent.branch(), sent.commits().len()), (branch.clone(), 1));
    let asked = machine.git(&["log", "--format=%B", "-1", &branch]);
    assert!(asked.contains("Why so loud?"), "{asked}");

    for (args, code, word) in [
        (vec!["review", "--comment", "list:2", "Why?"], 2, "--send"),
        (vec!["review", "--send"], 2, "there are no comments"),
        (vec!["review", "--comment", "list:99", "Why?", "--prompt-only"], 1, "has no lines 99"),
        (vec!["review", "--comment", "nowhere:1", "Why?", "--prompt-only"], 1, "no file nowhere"),
        (vec!["review", "--take", "list"], 2, "--from"),
        (vec!["diff", "nowhere"], 1, "nowhere"),
        (vec!["diff", "a", "b", "--turn", "1"], 2, "--turn"),
    ] {
        let ended = machine.offshoot(&args).finish();
        assert_eq!(ended.code, Some(code), "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(word), "{args:?}: {}", ended.stderr);
    }
}
