//! Starts, interruptions, and what happens behind offshoot's back: nothing of the user's is touched and
//! nothing that was said is lost.

use std::fs;
use std::time::{Duration, Instant};

use offshoot::chat::WireFormat;
use serde_json::{Value, json};

use crate::support::machine::{Machine, bash, calls, put, say, write, writes};
use crate::support::model_server::{ModelServer, Reply};

/// A1
#[test]
fn looking_around_changes_nothing() {
    let machine = Machine::new();
    machine.script(&[vec![say("x")]]);
    let print = machine.fingerprint();
    for args in [
        &["log"][..],
        &["status"],
        &["doctor"],
        &["config", "show"],
        &["ledger"],
        &["gc"],
        &["resume"],
        &["undo"],
        &["run"],
        &["show", "HEAD"],
        &["--version"],
        &["run", "--help"],
        &["completions", "bash"],
    ] {
        machine.offshoot(args).finish();
    }
    print.assert_same(&machine);
    assert_eq!(machine.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(machine.git(&["for-each-ref", "refs/heads/offshoot", "refs/offshoot"]), "");
    let worktrees = machine.data().join("worktrees");
    let left = fs::read_dir(&worktrees)
        .map_or(0, |trees| trees.flatten().map(|t| fs::read_dir(t.path()).unwrap().count()).sum());
    assert_eq!(left, 0);
}

/// A2
#[test]
fn uncommitted_work_is_in_the_session_and_secrets_are_not() {
    let machine = Machine::new();
    machine.write("README.md", "# Changed\n");
    machine.write("staged.txt", "staged\n");
    machine.git(&["add", "staged.txt"]);
    machine.write("staged.txt", "staged, then changed\n");
    machine.write("untracked.txt", "untracked\n");
    machine.write(".env", "TOKEN=1\n");
    for secret in ["id_rsa", ".env.local", "server.pem", "credentials.json"] {
        machine.write(secret, "secret\n");
    }
    fs::remove_file(machine.repo.join("src/main.rs")).unwrap();
    machine.script(&[writes("a.txt", "1\n")]);
    let print = machine.fingerprint();
    let run = machine.run_well(&["write a"]);
    print.assert_same(&machine);
    assert_eq!(machine.file_at(&run.branch(), "README.md"), "# Changed");
    assert_eq!(machine.file_at(&run.branch(), "staged.txt"), "staged, then changed");
    assert_eq!(machine.file_at(&run.branch(), "untracked.txt"), "untracked");
    assert!(!machine.is_in(&run.branch(), "src/main.rs"));
    let all = machine.git(&["log", "--all", "--name-only", "--format="]);
    for secret in [".env", "id_rsa", ".env.local", "server.pem", "credentials.json"] {
        assert!(!all.lines().any(|line| line == secret), "{secret} in\n{all}");
    }
    let told: String = run.all("notice").iter().map(|notice| notice["message"].to_string()).collect();
    assert!(told.contains("snapshot") && told.contains("id_rsa"), "{told}");
    assert_eq!(run.one("step")["files"], 1);

    let run = machine.run_well(&["--uncommitted", "exclude", "write a"]);
    assert_eq!(machine.file_at(&run.branch(), "README.md"), "# Readme");
    assert_eq!(
        machine.git(&["rev-parse", &format!("{}~1", run.branch())]),
        machine.git(&["rev-parse", "main"])
    );
    print.assert_same(&machine);
}

/// A10
#[test]
fn an_interrupt_ends_the_process_group_at_once() {
    let machine = Machine::new();
    machine.script(&[
        vec![calls(vec![
            ("write", json!({"path": "before.txt", "content": "1\n"})),
            ("bash", json!({"command": "echo $$ > pids; sleep 600 & echo $! >> pids; echo half > edited.txt; echo ready; wait"})),
            ("write", json!({"path": "never.txt", "content": "1\n"})),
        ])],
        vec![say("Going on.")],
    ]);
    let mut running = machine.offshoot(&["run", "--json", "--branch", "b", "wait"]).start();
    running.wait_for("tool_call");
    let pids = machine.data().join("worktrees");
    let pids = || {
        let tree = fs::read_dir(&pids).ok()?.flatten().next()?.path().join("b");
        let text = fs::read_to_string(tree.join("pids")).ok()?;
        tree.join("edited.txt").exists().then_some(())?;
        (text.lines().count() == 2)
            .then(|| text.lines().map(|pid| pid.parse::<i32>().unwrap()).collect::<Vec<_>>())
    };
    let limit = Instant::now() + Duration::from_secs(30);
    let pids = loop {
        if let Some(pids) = pids() {
            break pids;
        }
        assert!(Instant::now() < limit, "the command did not start");
        std::thread::yield_now();
    };
    let began = Instant::now();
    running.interrupt();
    let run = running.finish();
    let took = began.elapsed();
    assert_eq!(run.code, Some(130), "{}", run.stdout);
    // A second, and some for a machine that is busy with other tests.
    assert!(took < Duration::from_secs(5), "{took:?}");
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    }
    // Each call has a result; what was edited is committed.
    assert_eq!(run.all("tool_result").len(), 3, "{}", run.stdout);
    assert_eq!(machine.file_at("b", "edited.txt"), "half");
    assert!(!machine.is_in("b", "never.txt"));
    let block = machine.block("b");
    assert_eq!(block.iter().filter(|line| line["role"] == "tool").count(), 1);
    let again = machine.run_well(&["--branch", "b", "go on"]);
    assert_eq!(again.session(), run.session());
}

/// A10, over HTTP: what is sent after an interrupt has a result for each call, in every format.
#[test]
fn an_interrupted_stream_leaves_a_history_that_can_be_sent() {
    for format in
        [WireFormat::OpenaiChat, WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini]
    {
        let machine = Machine::new();
        let server = ModelServer::start_blocking(
            format,
            vec![
                Reply::tools(vec![
                    ("bash", json!({"command": "sleep 600"})),
                    ("bash", json!({"command": "sleep 601"})),
                ]),
                Reply::text("Gone on."),
            ],
        );
        machine.settings(&format!("{}[router]\norder = [\"local\"]\n", server.settings("local")));
        let mut running = machine.offshoot(&["run", "--json", "--branch", "b", "wait"]).start();
        running.wait_for("tool_call");
        running.interrupt();
        let run = running.finish();
        assert_eq!(run.code, Some(130), "{}", run.stdout);
        machine.run_well(&["--branch", "b", "go on"]);
        let sent = server.requests().last().unwrap().body.clone();
        let (calls, results) = count_calls(format, &sent);
        assert_eq!((calls, results), (2, 2), "{format:?}: {sent}");
    }
}

fn count_calls(format: WireFormat, body: &Value) -> (usize, usize) {
    let text = body.to_string();
    let count = |what: &str| text.matches(what).count();
    match format {
        WireFormat::OpenaiChat => {
            (count("\"function\":{\"name\":\"bash\",\"arguments\""), count("\"role\":\"tool\""))
        }
        WireFormat::OpenaiResponses => {
            (count("\"type\":\"function_call\""), count("\"type\":\"function_call_output\""))
        }
        WireFormat::Anthropic => (count("\"type\":\"tool_use\""), count("\"type\":\"tool_result\"")),
        WireFormat::Gemini => (count("\"functionCall\":"), count("\"functionResponse\":")),
    }
}

/// A14
#[test]
fn commands_see_no_secrets_and_a_home_of_their_own() {
    let machine = Machine::new();
    machine.script(&[vec![bash("env > env.txt; echo \"$HOME\" > home.txt; pwd > pwd.txt"), say("Done.")]]);
    let run = machine
        .offshoot(&["run", "--json", "show the environment"])
        .env("GITHUB_TOKEN", "ghp_0123456789abcdefghijklmnopqrstuvwxyz")
        .env("AWS_SECRET_ACCESS_KEY", "aws-secret-value")
        .env("OPENAI_API_KEY", "sk-0123456789abcdefghijklmnop")
        .env("MY_SETTING", "plain")
        .env("SSH_AUTH_SOCK", "/nowhere")
        .finish();
    assert_eq!(run.code, Some(0), "{}", run.complaints());
    let seen = fs::read_to_string(run.worktree().join("env.txt")).unwrap();
    for secret in ["GITHUB_TOKEN", "AWS_SECRET", "OPENAI_API_KEY", "SSH_AUTH_SOCK", "MY_SETTING", "ghp_"] {
        assert!(!seen.contains(secret), "{secret} in\n{seen}");
    }
    assert!(seen.contains("PATH="), "{seen}");
    let home = fs::read_to_string(run.worktree().join("home.txt")).unwrap();
    assert_ne!(home.trim(), machine.path("home").display().to_string());
    assert_eq!(
        fs::read_to_string(run.worktree().join("pwd.txt")).unwrap().trim(),
        run.worktree().display().to_string()
    );

    let text = fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
    machine.settings(&format!("agent.env_allow = [\"MY_SETTING\"]\n{text}"));
    let run = machine.offshoot(&["run", "--json", "again"]).env("MY_SETTING", "plain").finish();
    let seen = fs::read_to_string(run.worktree().join("env.txt")).unwrap();
    assert!(seen.contains("MY_SETTING=plain"), "{seen}\n{}", run.stdout);
    let shown = machine.offshoot(&["config", "explain", "agent.env_allow"]).finish().stdout;
    assert!(shown.contains("MY_SETTING"), "{shown}");

    // A secret that a tool prints is in no object.
    machine.script(&[vec![
        bash("echo token ghp_0123456789abcdefghijklmnopqrstuvwxyz; echo x > x.txt"),
        say("It is ghp_0123456789abcdefghijklmnopqrstuvwxyz."),
    ]]);
    let run = machine.run_well(&["print a token"]);
    let tip = format!("refs/offshoot/sessions/{}", run.session());
    for rev in [run.branch(), tip] {
        let message = machine.git(&["log", "-1", "--format=%B", &rev]);
        assert!(!message.contains("ghp_0123456789"), "{message}");
    }
}

#[test]
fn a_session_that_is_open_elsewhere_is_told_of() {
    let machine = Machine::new();
    machine.script(&[
        vec![bash("echo started > started; while [ ! -e go ]; do sleep 0.05; done"), say("Done.")],
        vec![say("Second.")],
    ]);
    let mut first = machine.offshoot(&["run", "--json", "--branch", "b", "wait"]).start();
    first.wait_for("tool_call");
    for args in [
        &["run", "--json", "--branch", "b", "me too"][..],
        &["resume", "--json", "b", "me too"],
        &["undo", "b"],
    ] {
        let second = machine.offshoot(args).finish();
        assert_eq!(second.code, Some(1), "{args:?}: {}", second.stdout);
        let told = second.complaints();
        assert!(
            told.contains("another") || told.contains("open") || told.contains("work"),
            "{args:?}: {told}"
        );
        assert!(!told.contains("panicked"), "{told}");
    }
    // Other sessions of the same repository go on beside it.
    machine.script(&[writes("a.txt", "1\n")]);
    let runs: Vec<_> = (0..3).map(|_| machine.offshoot(&["run", "--json", "write a"]).start()).collect();
    let branches: Vec<String> = runs
        .into_iter()
        .map(|run| {
            let run = run.finish();
            assert_eq!(run.code, Some(0), "{}", run.complaints());
            run.branch()
        })
        .collect();
    assert!(branches[0] != branches[1] && branches[1] != branches[2] && branches[0] != branches[2]);
    let state = machine.report(&["status"]);
    assert!(state["sessions"].to_string().contains("working"), "{state}");
    let tree =
        fs::read_dir(machine.data().join("worktrees")).unwrap().next().unwrap().unwrap().path().join("b");
    write(&tree, "go", "");
    let run = first.finish();
    // The script was replaced meanwhile; it was read before.
    assert_eq!(run.code, Some(0), "{}", run.complaints());
    machine.git(&["fsck", "--no-dangling", "--no-progress"]);
}

#[test]
fn a_worktree_deleted_behind_our_back_is_made_again() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "1\n"), writes("b.txt", "2\n"), writes("c.txt", "3\n")]);
    let run = machine.run_well(&["one"]);
    fs::remove_dir_all(run.worktree()).unwrap();
    let again = machine.run_well(&["--branch", &run.branch(), "two"]);
    assert_eq!(again.session(), run.session());
    assert!(again.worktree().join("a.txt").exists() && again.worktree().join("b.txt").exists());
    machine.git(&["worktree", "remove", "--force", again.worktree().to_str().unwrap()]);
    let print = machine.fingerprint();
    machine.run_well(&["--branch", &run.branch(), "three"]);
    machine.offshoot(&["undo", &run.branch()]).finish();
    assert_eq!(machine.git(&["rev-parse", &run.branch()]), again.commits()[0]);
    print.assert_same(&machine);
    // While the agent works in it: told, and the conversation is kept.
    machine.script(&[
        writes("a.txt", "1\n"),
        writes("b.txt", "2\n"),
        vec![bash("rm -rf \"$PWD\"/* \"$PWD\"/.git"), put("x.txt", "x\n"), say("Done.")],
        vec![say("Later.")],
    ]);
    let lost = machine.run(&["--branch", &run.branch(), "destroy it"]);
    assert!(!lost.complaints().contains("panicked"), "{}", lost.complaints());
    let told = machine.offshoot(&["resume", &run.branch()]).finish();
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains("destroy it"), "{}", told.stdout);
}

#[test]
fn a_deleted_or_moved_branch_is_no_loss() {
    let machine = Machine::new();
    machine.script(&[
        writes("a.txt", "1\n"),
        vec![say("Words.")],
        writes("c.txt", "3\n"),
        vec![say("More.")],
    ]);
    let run = machine.run_well(&["one"]);
    let branch = run.branch();
    machine.run_well(&["--branch", &branch, "two"]);
    machine.git(&["worktree", "remove", "--force", run.worktree().to_str().unwrap()]);
    machine.git(&["branch", "-q", "-D", &branch]);
    // It is still listed, and goes on by its name.
    assert!(machine.offshoot(&["log"]).finish().stdout.contains("[1] one"));
    let again = machine.run_well(&["--branch", &branch, "three"]);
    assert_eq!(again.session(), run.session());
    assert_eq!(machine.git(&["rev-parse", &format!("{branch}~1")]), run.commits()[0]);
    let told = machine.offshoot(&["resume", &branch]).finish().stdout;
    assert!(told.contains("Words.") && told.contains("three"), "{told}");

    // Renamed: the session has gone with it. Copied: that is another one's.
    machine.git_in(&run.worktree(), &["branch", "-q", "-m", &branch, "renamed"]);
    let renamed = machine.run_well(&["--branch", "renamed", "four"]);
    assert_eq!((renamed.session(), renamed.branch()), (run.session(), "renamed".to_owned()));
    machine.git(&["branch", "copied", "renamed"]);
    machine.script(&[writes("d.txt", "4\n")]);
    let copied = machine.run_well(&["--branch", "copied", "five"]);
    assert_ne!(copied.session(), run.session());
    assert_eq!(copied.branch(), "copied");
    assert_eq!(machine.git(&["rev-parse", "renamed"]), machine.git(&["rev-parse", "copied~1"]));
}

#[test]
fn a_branch_that_is_checked_out_elsewhere_is_left_alone() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "1\n"), writes("b.txt", "2\n")]);
    let run = machine.run_well(&["one"]);
    let branch = run.branch();
    machine.git(&["worktree", "remove", "--force", run.worktree().to_str().unwrap()]);
    machine.git(&["checkout", "-q", &branch]);
    let print = machine.fingerprint();
    let second = machine.run(&["--branch", &branch, "two"]);
    assert_eq!(second.code, Some(1), "{}", second.stdout);
    let there = machine.repo.display().to_string();
    assert!(
        second.complaints().contains(&there) && second.one("error")["hint"].is_string(),
        "{}",
        second.complaints()
    );
    print.assert_same(&machine);
    let own = machine.run(&["--branch", "main", "two"]);
    assert_eq!(own.code, Some(0), "main is free now: {}", own.complaints());
    // The user's current branch is theirs.
    let theirs = Machine::new();
    theirs.script(&[writes("a.txt", "1\n")]);
    let print = theirs.fingerprint();
    let run = theirs.run(&["--branch", "main", "one"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    print.assert_same(&theirs);
    assert_eq!(theirs.git(&["for-each-ref", "refs/offshoot"]), "");
}

#[test]
fn edits_by_hand_between_turns_are_committed_as_such() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "1\n"), writes("b.txt", "2\n"), vec![say("Fine.")]]);
    let run = machine.run_well(&["one"]);
    let branch = run.branch();
    write(&run.worktree(), "hand.txt", "by hand\n");
    write(&run.worktree(), "a.txt", "mended\n");
    let second = machine.run_well(&["--branch", &branch, "two"]);
    let hand = format!("{branch}~1");
    assert_eq!(machine.git(&["rev-parse", &format!("{branch}~2")]), run.commits()[0]);
    assert_eq!(machine.file_at(&hand, "hand.txt"), "by hand");
    assert_eq!(machine.trailer(&hand, "Offshoot-Session"), "");
    assert_eq!(
        machine.git(&["show", "--stat", "--format=", &second.commits()[0]]).lines().count(),
        2,
        "the step has its own file only"
    );
    assert!(second.all("notice").iter().any(|notice| notice["message"].to_string().contains("by hand")));

    // And commits by hand: the session goes on above them.
    write(&run.worktree(), "own.txt", "own\n");
    machine.git_in(&run.worktree(), &["add", "-A"]);
    machine.git_in(&run.worktree(), &["commit", "-qm", "my own commit"]);
    let third = machine.run_well(&["--branch", &branch, "three"]);
    assert_eq!(third.session(), run.session());
    assert_eq!(machine.git(&["log", "-1", "--format=%s", &branch]), "my own commit");
    let told = machine.offshoot(&["resume", &branch]).finish().stdout;
    assert!(told.contains("[3] you\nthree"), "{told}");
}

/// A9
#[test]
fn heads_are_kept_and_gc_asks_first() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "1\n"), writes("b.txt", "2\n")]);
    let run = machine.run_well(&["one"]);
    let second = machine.run_well(&["--branch", &run.branch(), "two"]);
    machine.report(&["undo"]);
    let kept = machine.git(&["for-each-ref", "--format=%(objectname)", "refs/offshoot/kept"]);
    assert!(kept.contains(&second.commits()[0]), "{kept}");
    let plan = machine.report(&["gc"]);
    assert!(
        plan.to_string().contains(&run.branch()) || plan.to_string().contains("refs/offshoot/kept"),
        "{plan}"
    );
    let refs = machine.git(&["for-each-ref"]);
    machine.offshoot(&["gc", "--apply"]).finish();
    assert_eq!(machine.git(&["for-each-ref"]), refs, "work that has not landed is not freed");
    assert!(machine.offshoot(&["log"]).finish().stdout.contains("one"));
}
