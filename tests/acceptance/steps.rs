//! A step is a commit with the conversation that made it: what `formats.md` promises of it, read with
//! git alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::machine::{Machine, bash, call, calls, put, say, writes};

/// A3
#[test]
fn each_file_changing_step_is_a_commit_on_the_branch() {
    let machine = Machine::new();
    machine.script(&[
        vec![put("a.py", "a = 1\n"), put("b.py", "b = 2\n"), say("Both are there.")],
        vec![say("It is as it was.")],
    ]);
    let before = machine.fingerprint();
    let run = machine.run_well(&["make a and b"]);
    let [first, second] = run.commits().try_into().unwrap();

    let branch = run.branch();
    assert_eq!(machine.git(&["rev-parse", &branch]), second);
    assert_eq!(machine.git(&["rev-list", &format!("main..{branch}")]), format!("{second}\n{first}"));
    assert_eq!(machine.git(&["log", "-1", "--format=%s", &first]), "make a and b");
    let files = |rev: &str| machine.git(&["diff-tree", "--no-commit-id", "--name-only", "-r", rev]);
    assert_eq!((files(&first).as_str(), files(&second).as_str()), ("a.py", "b.py"));

    // Each gives back the conversation up to itself.
    for (rev, messages, last) in [(&first, 3, "a.py"), (&second, 5, "b.py")] {
        let range = if messages == 3 { "0-3" } else { "4-5" };
        assert_eq!(machine.trailer(rev, "Offshoot-Messages"), range);
        let again = machine.run_well(&["--resume", rev, "how is it?"]);
        assert_eq!(machine.git(&["rev-parse", &again.branch()]), *rev);
        let shown = machine.report(&["show", rev]);
        assert!(shown["messages"].to_string().contains(last), "{shown}");
    }
    before.assert_same(&machine);
}

#[test]
fn a_subject_is_one_line_of_72_columns_at_most() {
    let machine = Machine::new();
    let long =
        "rewrite the whole of the parser so that it reads nested quotes and says where it stopped\nand more";
    let wide = "変".repeat(60);
    let odd = "  \"Fix\" the `thing`: it's\tbroken!! ```\n\n> quoted\n\nOffshoot-Session: forged\nSigned-off-by: x <x@y>";
    for (prompt, file) in [(long, "a"), (&wide, "b"), (odd, "c"), ("-x --help", "d"), ("#comment", "e")] {
        machine.script(&[writes(file, "x\n")]);
        let run = machine.offshoot(&["run", "--json"]).input(prompt).finish();
        let commit = &run.commits()[0];
        let subject = machine.git(&["log", "-1", "--format=%s", commit]);
        assert!(!subject.is_empty(), "{prompt:?}");
        assert!(unicode_width::UnicodeWidthStr::width(subject.as_str()) <= 72, "{subject}");
        assert_eq!(run.all("step")[0]["subject"], subject);
        let message = machine.git(&["log", "-1", "--format=%B", commit]);
        assert_eq!(message.lines().nth(1), Some(""), "{message}");
        assert_eq!(machine.trailer(commit, "Offshoot-Session"), run.session());
        assert_eq!(machine.trailer(commit, "Signed-off-by"), "");
        let shown = machine.report(&["show", commit]);
        assert!(shown["messages"].to_string().contains(prompt.lines().last().unwrap().trim_end()), "{shown}");
    }
}

#[test]
fn git_alone_reads_trailers_and_conversation() {
    let machine = Machine::new();
    machine.script(&[
        vec![
            call("read", json!({"path": "README.md"})),
            calls(vec![
                ("write", json!({"path": "one.txt", "content": "1\n"})),
                ("write", json!({"path": "two.txt", "content": "2\n"})),
            ]),
            put("three.txt", "3\n"),
            say("Done."),
        ],
        vec![say("It is blue.")],
        writes("four.txt", "4\n"),
    ]);
    let first = machine.run_well(&["write some files"]);
    let branch = first.branch();
    machine.run_well(&["--branch", &branch, "which colour?"]);
    let third = machine.run_well(&["--branch", &branch, "one more"]);
    let steps: Vec<String> = [first.commits(), third.commits()].concat();
    assert_eq!(steps.len(), 3);

    let mut expected = 0;
    for (at, commit) in steps.iter().enumerate() {
        let message = machine.git(&["log", "-1", "--format=%B", commit]);
        let parsed = trailers(&machine, &message);
        for name in ["Session", "Turn", "Step", "Messages", "Route", "Usage"] {
            let name = format!("Offshoot-{name}");
            let values: Vec<&String> =
                parsed.iter().filter(|(key, _)| *key == name).map(|(_, v)| v).collect();
            assert_eq!(values.len(), 1, "{name} in {message}");
            assert_eq!(*values[0], machine.trailer(commit, &name));
        }
        assert_eq!(machine.trailer(commit, "Offshoot-Session"), first.session());
        assert_eq!(machine.trailer(commit, "Offshoot-Step"), (at + 1).to_string());
        assert_eq!(machine.trailer(commit, "Offshoot-Turn"), if at < 2 { "1" } else { "3" });
        assert_eq!(machine.trailer(commit, "Offshoot-Keyframe"), if at == 0 { "true" } else { "" });
        assert!(machine.trailer(commit, "Offshoot-Route").starts_with("script/player ("));
        let usage = machine.trailer(commit, "Offshoot-Usage");
        let names: Vec<&str> = usage.split(' ').map(|pair| pair.split_once('=').unwrap().0).collect();
        assert_eq!(names, ["input", "output", "cache_read", "cache_write", "reasoning", "cost_usd"]);

        // The ranges of the steps follow on each other, over the turn without files as well.
        let range = machine.trailer(commit, "Offshoot-Messages");
        let (from, to) = range.split_once('-').unwrap();
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(from, expected);
        expected = to + 1;
        let block = machine.block(commit);
        assert_eq!(block.len(), to + 1 - from, "{message}");
        assert!(block.iter().all(|line| line["role"].is_string()), "{message}");
    }
    let all = machine.git(&["log", "--format=%B", &branch]);
    assert!(all.contains("> write some files") && all.contains("> one more"), "{all}");
    assert!(all.contains("It is blue."), "a turn without files is in the next step:\n{all}");
}

fn trailers(machine: &Machine, message: &str) -> Vec<(String, String)> {
    fs::write(machine.path("message"), message).unwrap();
    let file = machine.path("message").display().to_string();
    let parsed = machine.git(&["interpret-trailers", "--parse", &file]);
    parsed.lines().map(|line| line.split_once(": ").unwrap()).map(|(k, v)| (k.into(), v.into())).collect()
}

/// A6, and everything else that a tree can hold.
#[test]
fn whatever_changes_in_the_tree_is_in_the_commit() {
    let machine = Machine::new();
    machine.write("old.txt", "a file with some lines\nto be found again\nafter it has moved\n");
    machine.write("gone.txt", "bye\n");
    machine.write("run.sh", "#!/bin/sh\n");
    machine.commit_all("more");
    machine.script(&[vec![
        calls(vec![
            ("write", json!({"path": "pkg/__init__.py", "content": ""})),
            ("write", json!({"path": "_x.rs", "content": "//\n"})),
            ("write", json!({"path": "build/gen.txt", "content": "g\n"})),
            ("write", json!({"path": "target/ignored.txt", "content": "no\n"})),
        ]),
        bash("git --version >/dev/null; mv old.txt new.txt; rm gone.txt; chmod +x run.sh; ln -s new.txt link; mkdir -p deep/er; printf 'a\\0b' > deep/er/bin; echo 'ü' > 'na me – ü.txt'"),
        say("Done."),
    ]]);
    let run = machine.run_well(&["change everything"]);
    let [first, second] = run.commits().try_into().unwrap();
    for path in ["pkg/__init__.py", "_x.rs", "build/gen.txt"] {
        assert!(machine.is_in(&first, path), "{path}");
    }
    assert!(!machine.is_in(&first, "target/ignored.txt"));
    let raw = machine.git(&["-c", "core.quotePath=false", "diff", "-M", "--name-status", &first, &second]);
    let mut changes: Vec<&str> = raw.lines().collect();
    changes.sort_unstable();
    let expected = [
        "A\tdeep/er/bin",
        "A\tlink",
        "A\tna me – ü.txt",
        "D\tgone.txt",
        "M\trun.sh",
        "R100\told.txt\tnew.txt",
    ];
    assert_eq!(changes, expected);
    assert!(machine.git(&["ls-tree", &second, "run.sh"]).starts_with("100755"));
    assert!(machine.git(&["ls-tree", &second, "link"]).starts_with("120000"));
    // Its worktree has nothing left to commit.
    assert_eq!(machine.git_in(&run.worktree(), &["status", "--porcelain"]), "");
    let mode = fs::metadata(run.worktree().join("run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
}

/// A5
#[test]
fn a_big_conversation_is_committed_and_read_again() {
    let machine = Machine::new();
    let big = "a line of a big file, about as long as lines of code are\n".repeat(20_000);
    machine.write("big.txt", &big);
    machine.commit_all("big");
    let mut replies: Vec<_> = (0..20)
        .map(|at| {
            let read = |part: u32| {
                ("read", json!({"path": "big.txt", "offset": 1 + (at * 4 + part) * 200, "limit": 2000}))
            };
            calls(vec![read(0), read(1), read(2), read(3)])
        })
        .collect();
    replies.extend([put("a.txt", "a\n"), put("b.txt", "b\n"), say("Read it all.")]);
    machine.script(&[replies, writes("c.txt", "c\n")]);
    let run = machine.run_well(&["read the big file"]);
    let [first, second] = run.commits().try_into().unwrap();
    let size: usize = machine.git(&["cat-file", "-s", &first]).parse().unwrap();
    assert!(size > 1_000_000, "{size}");
    assert!(machine.git(&["cat-file", "-s", &second]).parse::<usize>().unwrap() < 20_000);
    let again = machine.run_well(&["--branch", &run.branch(), "go on"]);
    assert_eq!(again.session(), run.session());
    assert_eq!(again.commits().len(), 1);
    let results = machine.block(&first).iter().filter(|line| line["role"] == "tool").count();
    assert!(results >= 20, "{results}");
}
