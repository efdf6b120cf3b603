//! Repositories of all kinds: a session works in each, and the user's checkout stays as it was.

use std::path::Path;

use serde_json::json;

use crate::support::machine::{Finished, Machine, bash, calls, put, say, write, writes};

/// Two steps, by a tool and by a command, then a second turn.
fn works(machine: &Machine) -> Finished {
    works_from(machine, &machine.repo)
}

fn works_from(machine: &Machine, cwd: &Path) -> Finished {
    machine.script(&[
        vec![
            put("made/by tool ü.txt", "1\n"),
            bash("mkdir -p made; echo 2 > made/by-command.txt"),
            say("Done."),
        ],
        vec![
            calls(vec![
                ("read", json!({"path": "made/by-command.txt"})),
                ("write", json!({"path": "more.txt", "content": "3\n"})),
            ]),
            say("More."),
        ],
    ]);
    let print = machine.fingerprint();
    let first = machine.offshoot(&["run", "--json", "make some files"]).cwd(cwd).finish();
    assert_eq!(first.code, Some(0), "{}\n{}", first.stdout, first.stderr);
    let steps = first.commits();
    assert_eq!(steps.len(), 2, "{}", first.stdout);
    let names = |rev: &str| {
        machine.git(&[
            "-c",
            "core.quotePath=false",
            "diff-tree",
            "--no-commit-id",
            "--name-only",
            "-r",
            "--root",
            rev,
        ])
    };
    assert!(names(&steps[0]).ends_with("made/by tool ü.txt"), "{}", names(&steps[0]));
    assert!(names(&steps[1]).ends_with("made/by-command.txt"), "{}", names(&steps[1]));
    let second = machine.offshoot(&["run", "--json", "--branch", &first.branch(), "more"]).cwd(cwd).finish();
    assert_eq!(second.code, Some(0), "{}\n{}", second.stdout, second.stderr);
    assert_eq!((second.session(), second.commits().len()), (first.session(), 1));
    assert_eq!(machine.git_in(&second.worktree(), &["status", "--porcelain"]), "");
    let told = machine.offshoot(&["resume", &steps[1]]).cwd(cwd).finish();
    assert!(told.stdout.contains("make some files"), "{}\n{}", told.stdout, told.stderr);
    let undone = machine.offshoot(&["undo", &first.branch()]).cwd(cwd).finish();
    assert_eq!(undone.code, Some(0), "{}", undone.stderr);
    assert!(!second.worktree().join("more.txt").exists());
    print.assert_same(machine);
    machine.git(&["fsck", "--no-dangling", "--no-progress", "--connectivity-only"]);
    second
}

#[test]
fn empty_without_commits() {
    works(&Machine::without_commits(&[]));
}

#[test]
fn empty_with_untracked_files() {
    let machine = Machine::without_commits(&[]);
    machine.write("draft.txt", "draft\n");
    machine.write(".env", "SECRET=1\n");
    let run = works(&machine);
    assert_eq!(machine.file_at(&run.branch(), "draft.txt"), "draft");
    assert!(!machine.is_in(&run.branch(), ".env"));
}

#[test]
fn hash_sha256() {
    works(&Machine::with(&["--object-format=sha256"]));
}

#[test]
fn refs_in_reftable() {
    works(&Machine::with(&["--ref-format=reftable"]));
}

#[test]
fn split_index() {
    let machine = Machine::new();
    machine.git(&["config", "core.splitIndex", "true"]);
    machine.git(&["update-index", "--split-index"]);
    works(&machine);
}

#[test]
fn sparse_checkout() {
    let machine = Machine::new();
    machine.write("kept/a.txt", "a\n");
    machine.write("left/b.txt", "b\n");
    machine.commit_all("two folders");
    machine.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "kept", "made"]);
    let run = works(&machine);
    // What is not checked out is not deleted by a commit.
    assert_eq!(machine.file_at(&run.branch(), "left/b.txt"), "b");
}

#[test]
fn filters_like_lfs() {
    let machine = Machine::new();
    machine.git(&["config", "filter.upper.clean", "tr a-z A-Z"]);
    machine.git(&["config", "filter.upper.smudge", "tr A-Z a-z"]);
    machine.git(&["config", "filter.upper.required", "true"]);
    machine.write(".gitattributes", "*.up filter=upper\nmore.txt filter=upper\n");
    machine.write("x.up", "words\n");
    machine.commit_all("filtered");
    assert_eq!(machine.file_at("main", "x.up"), "WORDS");
    machine.script(&[vec![
        put("new.up", "fresh words\n"),
        bash("cat x.up; echo more >> x.up"),
        say("Done."),
    ]]);
    let print = machine.fingerprint();
    let run = machine.run_well(&["write filtered files"]);
    assert_eq!(machine.file_at(&run.branch(), "new.up"), "FRESH WORDS");
    assert_eq!(machine.file_at(&run.branch(), "x.up"), "WORDS\nMORE");
    assert!(run.all("tool_result")[1]["summary"].is_string());
    print.assert_same(&machine);
    works(&machine);
}

#[test]
fn line_endings_of_windows() {
    let machine = Machine::new();
    machine.git(&["config", "core.autocrlf", "true"]);
    machine.script(&[vec![
        put("crlf.txt", "one\r\ntwo\r\n"),
        bash("printf 'a\\r\\nb\\r\\n' > by-command.txt"),
        say("Done."),
    ]]);
    let print = machine.fingerprint();
    let run = machine.run_well(&["write lines"]);
    let raw = machine.git(&["cat-file", "blob", &format!("{}:crlf.txt", run.branch())]);
    assert_eq!(raw, "one\ntwo");
    assert_eq!(machine.git_in(&run.worktree(), &["status", "--porcelain"]), "");
    print.assert_same(&machine);
    works(&machine);
}

#[test]
fn signing_and_hooks_that_fail() {
    let machine = Machine::new();
    machine.git(&["config", "commit.gpgsign", "true"]);
    machine.git(&["config", "tag.gpgsign", "true"]);
    machine.git(&["config", "gpg.program", "/nonexistent/gpg"]);
    for hook in [
        "pre-commit",
        "commit-msg",
        "prepare-commit-msg",
        "post-checkout",
        "post-commit",
        "reference-transaction",
    ] {
        let path = machine.repo.join(".git/hooks").join(hook);
        write(
            &machine.repo,
            &format!(".git/hooks/{hook}"),
            "#!/bin/sh\ntouch \"$GIT_DIR/../ran\" /tmp/none/ran; exit 1\n",
        );
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let run = works(&machine);
    assert!(!machine.git(&["cat-file", "commit", &run.branch()]).contains("gpgsig"));
}

#[test]
fn submodules() {
    let machine = Machine::new();
    let inner = machine.path("inner");
    std::fs::create_dir(&inner).unwrap();
    machine.git_in(&inner, &["init", "-q", "-b", "main"]);
    write(&inner, "lib.txt", "lib\n");
    machine.git_in(&inner, &["add", "-A"]);
    machine.git_in(&inner, &["commit", "-qm", "lib"]);
    let url = inner.display().to_string();
    machine.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", &url, "vendor/lib"]);
    machine.commit_all("with a submodule");
    let before = machine.git(&["rev-parse", "main:vendor/lib"]);
    let run = works(&machine);
    assert_eq!(machine.git(&["rev-parse", &format!("{}:vendor/lib", run.branch())]), before);
    assert_eq!(machine.git_in(&machine.repo.join("vendor/lib"), &["status", "--porcelain"]), "");
}

#[test]
fn a_linked_worktree_as_the_place_to_start() {
    let machine = Machine::new();
    let linked = machine.path("linked tree");
    machine.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    write(&linked, "side.txt", "side\n");
    machine.git_in(&linked, &["add", "-A"]);
    machine.git_in(&linked, &["commit", "-qm", "side"]);
    write(&linked, "uncommitted.txt", "here\n");
    let run = works_from(&machine, &linked);
    assert_eq!(machine.file_at(&run.branch(), "side.txt"), "side");
    assert_eq!(machine.file_at(&run.branch(), "uncommitted.txt"), "here");
    assert_eq!(machine.git_in(&linked, &["status", "--porcelain"]), "?? uncommitted.txt");
}

#[test]
fn a_session_within_a_sessions_worktree() {
    let machine = Machine::new();
    let outer = works(&machine);
    machine.script(&[writes("inner.txt", "inner\n")]);
    let print = machine.fingerprint();
    let inner = machine.offshoot(&["run", "--json", "within"]).cwd(outer.worktree()).finish();
    assert_eq!(inner.code, Some(0), "{}", inner.complaints());
    assert_eq!(
        machine.git(&["rev-parse", &format!("{}~1", inner.branch())]),
        machine.git(&["rev-parse", &outer.branch()])
    );
    print.assert_same(&machine);
    assert_ne!(inner.branch(), outer.branch());
    assert!(!inner.worktree().starts_with(outer.worktree()));
}

#[test]
fn a_detached_head_and_a_subfolder() {
    let machine = Machine::new();
    machine.write("deep/er/x.txt", "x\n");
    machine.write("deep/AGENTS.md", "# Rules of the deep\n");
    machine.commit_all("deep");
    machine.git(&["checkout", "-q", "--detach"]);
    let run = works_from(&machine, &machine.repo.join("deep/er"));
    // Paths count from the root of the repository's worktree.
    assert!(machine.is_in(&run.branch(), "made/by-command.txt"));
    assert_eq!(machine.git(&["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
}

#[test]
fn names_that_are_hard_to_write() {
    let machine = Machine::new();
    for name in [
        "with space.txt",
        "ünï/cødé 漢字.txt",
        "-dash",
        "quote\"s'.txt",
        "new\nline.txt",
        "tab\t.txt",
        "*star?.txt",
        "back\\slash",
    ] {
        machine.write(name, "x\n");
    }
    machine.commit_all("names");
    machine.script(&[vec![
        calls(vec![
            ("write", json!({"path": "ünï/cødé 漢字.txt", "content": "y\n"})),
            ("write", json!({"path": "-dash", "content": "y\n"})),
            ("write", json!({"path": "quote\"s'.txt", "content": "y\n"})),
            ("write", json!({"path": "new\nline.txt", "content": "y\n"})),
            ("write", json!({"path": "*star?.txt", "content": "y\n"})),
            ("write", json!({"path": "back\\slash", "content": "y\n"})),
        ]),
        say("Done."),
    ]]);
    let print = machine.fingerprint();
    let run = machine.run_well(&["change names"]);
    assert_eq!(run.one("step")["files"], 6, "{}", run.stdout);
    assert_eq!(machine.git_in(&run.worktree(), &["status", "--porcelain"]), "");
    print.assert_same(&machine);
}

#[test]
fn a_bare_and_a_broken_repository_are_told_of() {
    let machine = Machine::without_repository();
    machine.git_in(&machine.repo, &["init", "-q", "--bare"]);
    machine.script(&[vec![say("x")]]);
    let run = machine.run(&["x"]);
    assert_eq!(run.code, Some(2), "{}", run.complaints());
    assert!(run.complaints().contains("bare"), "{}", run.complaints());
    let machine = Machine::new();
    machine.script(&[vec![say("x")]]);
    std::fs::write(machine.repo.join(".git/HEAD"), "garbage").unwrap();
    let run = machine.run(&["x"]);
    assert!(matches!(run.code, Some(1 | 2)), "{}", run.complaints());
    assert!(!run.complaints().contains("panicked"), "{}", run.complaints());
}
