//! What is wrong around the agent, through the program: settings, backends, repositories, disks, tool
//! calls, signals. Each ends in a message that names the thing and the next step and in the right exit
//! code, nothing is lost, and with `--json` the `end` is the last line, once.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use offshoot::chat::WireFormat;
use serde_json::{Value, json};

use support::machine::{Finished, Machine, bash, put, say, writes};
use support::model_server::{ModelServer, Reply};

/// The run ended badly as it should: one error of this class that says this, one end.
#[track_caller]
fn failed(done: &Finished, code: i32, class: &str, says: &[&str]) {
    let shown = format!("{}\n{}", done.stdout, done.stderr);
    assert_eq!(done.code, Some(code), "{shown}");
    assert!(!shown.contains("panicked"), "{shown}");
    let errors = done.all("error");
    let error = errors.last().unwrap_or_else(|| panic!("no error in {shown}"));
    assert_eq!(error["error_class"], class, "{shown}");
    assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "no next step: {shown}");
    for word in says {
        assert!(error.to_string().contains(word), "{word:?} is not in {error}");
    }
    assert_eq!(done.one("end")["outcome"], "error", "{shown}");
    assert_eq!(done.events().last().unwrap()["type"], "end", "{shown}");
}

/// The same without `--json`: an error and a hint on standard error, nothing on standard output.
#[track_caller]
fn complained(done: &Finished, code: i32, says: &[&str]) {
    assert_eq!(done.code, Some(code), "{}", done.stderr);
    assert!(done.stderr.contains("error: ") && done.stderr.contains("hint: "), "{}", done.stderr);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    for word in says {
        assert!(done.stderr.contains(word), "{word:?} is not in {}", done.stderr);
    }
    assert_eq!(done.stdout, "");
}

/// A machine with a server as its only backend.
fn with_server(script: Vec<Reply>, backend: &str, more: &str) -> (Machine, ModelServer) {
    let machine = Machine::new();
    let server = ModelServer::start_blocking(WireFormat::OpenaiChat, script);
    machine.settings(&format!("{}max_retries = 0\n{backend}\n{more}\n", server.settings("local")));
    (machine, server)
}

mod settings {
    use super::*;

    #[test]
    fn no_backend_is_configured() {
        let m = Machine::new();
        let before = m.fingerprint();
        failed(&m.run(&["do it"]), 2, "not_found", &["no backend is configured", "ANTHROPIC_API_KEY"]);
        complained(&m.offshoot(&["run", "do it"]).finish(), 2, &["no backend", "offshoot demo"]);
        assert_eq!(m.fingerprint(), before);
        assert_eq!(m.git(&["for-each-ref", "refs/heads/offshoot", "refs/offshoot"]), "");
        let doctor = m.offshoot(&["doctor", "--json"]).finish();
        assert_eq!(doctor.code, Some(2));
        let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
        assert_eq!((&report["ok"], &report["backends"]), (&json!(false), &json!([])));
    }

    #[test]
    fn names_that_nobody_knows() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n")]);
        failed(&m.run(&["--backend", "scrip", "go"]), 2, "not_found", &["scrip", "known: script"]);
        failed(&m.run(&["--role", "nobody", "go"]), 2, "not_found", &["nobody"]);
        failed(&m.run(&["--resume", "0000000", "go"]), 1, "not_found", &["0000000"]);
        failed(&m.run(&["--permissions", "al", "go"]), 2, "internal", &["auto"]);
        failed(&m.run(&["--cwd", "/nowhere/at/all", "go"]), 2, "internal", &["/nowhere/at/all"]);
        failed(&m.run(&["--config", "/nowhere.toml", "go"]), 2, "internal", &["/nowhere.toml"]);
        failed(&m.run(&[]), 2, "internal", &["no task"]);
        let usage = m.offshoot(&["run", "--no-such-flag", "go"]).finish();
        assert_eq!((usage.code, usage.stdout.as_str()), (Some(2), ""));
    }

    #[test]
    fn a_typo_names_the_file_the_line_and_the_key() {
        let m = Machine::new();
        for (text, says) in [
            ("[router]\n\nordr = []\n", &["config.toml", "3", "router.order"][..]),
            ("[backends.x]\nkind = \"openai\"\n", &["config.toml", "2", "openai-chat"]),
            (
                "[router]\nlocal_confidence_threshold = 2\n",
                &["config.toml", "2", "router.local_confidence_threshold", "from 0 to 1"],
            ),
            ("[agent]\nmax_steps = \"many\"\n", &["config.toml", "2", "whole number"]),
            ("[agent\n", &["config.toml", "1"]),
            (
                "[backends.x]\nkind = \"anthropic\"\napi_key_env = \"sk-ant-123\"\n",
                &["config.toml", "3", "variable"],
            ),
        ] {
            m.settings(text);
            failed(&m.run(&["go"]), 2, "internal", says);
            complained(&m.offshoot(&["run", "go"]).finish(), 2, says);
            complained(&m.offshoot(&["status"]).finish(), 2, says);
            complained(&m.offshoot(&["config", "show"]).finish(), 2, says);
            complained(&m.offshoot(&["doctor"]).finish(), 2, says);
            // Programs read a report in every case.
            let doctor = m.offshoot(&["doctor", "--json"]).finish();
            let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
            assert_eq!((doctor.code, &report["ok"]), (Some(2), &json!(false)));
            assert_eq!(
                (&report["checks"][0]["id"], &report["checks"][0]["state"]),
                (&json!("settings"), &json!("fail"))
            );
            assert_eq!(report["backends"], json!([]));
        }
        m.settings("");
        let done = m.offshoot(&["run", "go"]).env("OFFSHOOT_ROUTER__ORDR", "x").finish();
        complained(&done, 2, &["OFFSHOOT_ROUTER__ORDR", "router.order"]);
    }

    #[test]
    fn a_project_may_not_set_what_runs_commands_before_it_is_trusted() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n")]);
        m.write(
            ".offshoot/config.toml",
            "[verify]\ncommand = \"touch /tmp/never\"\n[agent]\nmax_steps = 9\n",
        );
        let show = m.offshoot(&["config", "show"]).finish();
        assert!(show.stdout.contains("max_steps = 9"), "{}", show.stdout);
        assert!(!show.stdout.contains("touch /tmp/never"), "{}", show.stdout);
        let done = m.run_well(&["go"]);
        assert!(done.all("verify").is_empty());
        assert!(done.complaints().contains("trust"), "{}", done.complaints());

        assert_eq!(m.offshoot(&["config", "trust"]).finish().code, Some(0));
        let show = m.offshoot(&["config", "show"]).finish();
        assert!(show.stdout.contains("touch /tmp/never"), "{}", show.stdout);
        let explain = m.offshoot(&["config", "explain", "verify.command"]).finish();
        assert!(explain.stdout.contains(".offshoot/config.toml"), "{}", explain.stdout);
        let explain = m.offshoot(&["config", "explain", "verify.comand"]).finish();
        complained(&explain, 2, &["verify.comand", "verify.command"]);
        let path = m.offshoot(&["config", "path"]).finish();
        assert!(path.stdout.contains("config.toml"), "{}", path.stdout);
    }
}

mod backends {
    use super::*;

    #[test]
    fn nobody_listens_and_the_breaker_opens_for_other_processes() {
        let m = Machine::new();
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        m.settings(&format!(
            "[backends.local]\nkind = \"openai-chat\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\nmodel = \"m\"\n\
             local = true\nmax_retries = 0\n"
        ));
        for _ in 0..3 {
            failed(&m.run(&["go"]), 1, "unreachable", &["local", "start the local model server"]);
        }
        let refused = m.run(&["go"]);
        failed(&refused, 1, "unreachable", &["no backend can answer", "local"]);
        assert_eq!(m.ledger().len(), 3);
        let status = m.report(&["status"]);
        assert_eq!(status["failures"], json!([{"error_class": "unreachable", "count": 3}]));
        assert_eq!(status["routes"], json!({"local": 3}));
        let doctor = m.offshoot(&["doctor", "--json"]).finish();
        assert_eq!(doctor.code, Some(2), "{}", doctor.stdout);
        // Named, it is asked all the same.
        failed(&m.run(&["--backend", "local", "go"]), 1, "unreachable", &["local"]);
    }

    #[test]
    fn a_wrong_key_is_told_and_forgotten_once_it_is_put_right() {
        let m = Machine::new();
        let server = ModelServer::start_blocking(WireFormat::OpenaiChat, vec![]);
        let url = server.url();
        m.settings(&format!(
            "[backends.cloud]\nkind = \"openai-chat\"\nbase_url = \"{url}\"\nmodel = \"test-model\"\n\
             api_key_env = \"CLOUD_KEY\"\n"
        ));
        let run = |key: &str| m.offshoot(&["run", "--json", "go"]).env("CLOUD_KEY", key).finish();
        failed(&m.run(&["go"]), 2, "not_found", &["cloud", "CLOUD_KEY"]);
        failed(&m.run(&["--backend", "cloud", "go"]), 2, "auth", &["cloud", "set CLOUD_KEY"]);
        for _ in 0..4 {
            server.push(Reply::status(401, "Incorrect API key"));
            failed(&run("wrong-key"), 1, "auth", &["cloud", "check the key in CLOUD_KEY"]);
        }
        server.push(Reply::text("Hello."));
        assert_eq!(run("right-key").one("end")["text"], "Hello.");
    }

    #[test]
    fn when_nobody_can_answer_each_is_named_with_what_is_wrong() {
        let m = Machine::new();
        let limited = ModelServer::start_blocking(
            WireFormat::OpenaiChat,
            (0..3).map(|_| Reply::status(500, "it broke")).collect(),
        );
        m.settings(&format!(
            "{}max_retries = 0\n[backends.cloud]\nkind = \"anthropic\"\nmodel = \"m\"\napi_key_env = \"CLOUD_KEY\"\n\
             [router]\norder = [\"broken\", \"cloud\"]\n",
            limited.settings("broken"),
        ));
        for _ in 0..3 {
            failed(&m.run(&["go"]), 1, "overloaded", &["broken", "it broke"]);
        }
        let all = ["broken", "left alone for", "cloud", "CLOUD_KEY is not set", "offshoot doctor"];
        failed(&m.run(&["go"]), 1, "overloaded", &all);
        let doctor = m.offshoot(&["doctor"]).finish();
        assert_eq!(doctor.code, Some(2), "{}", doctor.stdout);
        assert!(doctor.stdout.contains("set CLOUD_KEY in the environment"), "{}", doctor.stdout);
    }

    #[test]
    fn the_next_backend_takes_over_and_both_are_in_the_ledger() {
        let m = Machine::new();
        let bad = ModelServer::start_blocking(WireFormat::OpenaiChat, vec![Reply::status(500, "it broke")]);
        let good = ModelServer::start_blocking(
            WireFormat::Anthropic,
            vec![Reply::tool("write", json!({"path": "a.txt", "content": "a\n"})), Reply::text("Done.")],
        );
        m.settings(&format!(
            "{}max_retries = 0\n{}[router]\norder = [\"bad\", \"good\"]\n",
            bad.settings("bad"),
            good.settings("good")
        ));
        let done = m.run_well(&["go"]);
        let fallback = done.one("fallback");
        assert_eq!((&fallback["from"], &fallback["to"]), (&json!("bad"), &json!("good")));
        assert_eq!(fallback["error_class"], "overloaded");
        assert!(done.all("error").is_empty());
        let [first, second] = &m.ledger()[..] else { panic!("two lines of the ledger") };
        assert_eq!((&first["outcome"], &first["error_class"]), (&json!("error"), &json!("overloaded")));
        assert_eq!((&first["attempt"], &second["attempt"]), (&json!(1), &json!(2)));
        assert_eq!(first["run_id"], second["run_id"]);
        assert_eq!(second["tried"][0]["backend"], "bad");
        assert_eq!(second["tried"][0]["error_class"], "overloaded");
        assert!(m.trailer(&done.commits()[0], "Offshoot-Route").starts_with("good/"));

        // Not where the user does not want it.
        bad.push(Reply::status(500, "it broke"));
        let more = m.offshoot(&["run", "--json", "go"]).env("OFFSHOOT_ROUTER__FALLBACK", "never").finish();
        failed(&more, 1, "overloaded", &["bad"]);
    }

    #[test]
    fn a_session_goes_on_after_its_backend_failed() {
        let (m, server) = with_server(
            vec![
                Reply::tool("write", json!({"path": "a.txt", "content": "a\n"})),
                Reply::text("this is cut off in the middle of it").cut_at(500),
            ],
            "",
            "",
        );
        let done = m.run(&["write a"]);
        failed(&done, 1, "bad_response", &["local", "middle of the answer"]);
        assert_eq!(done.commits().len(), 1);
        server.push(Reply::text("Went on."));
        let more = m.run_well(&["--branch", &done.branch(), "go on"]);
        assert_eq!(more.session(), done.session());
        let body = server.requests().last().unwrap().body.to_string();
        assert!(body.contains("write a") && body.contains("go on") && body.contains("a.txt"), "{body}");
    }

    #[test]
    fn a_context_that_is_too_long_is_compacted_or_told() {
        let long = || Reply::status(400, "This model's maximum context length is 10 tokens, you sent 99");
        let (m, server) =
            with_server(vec![long(), Reply::text("In short: go."), Reply::text("Done.")], "", "");
        let done = m.run_well(&["go"]);
        assert_eq!(done.one("end")["text"], "Done.");
        assert!(done.complaints().contains("compacted"), "{}", done.complaints());
        assert!(server.requests()[2].body.to_string().contains("In short: go."));
        server.push(long());
        server.push(long());
        failed(&m.run(&["again"]), 1, "context_overflow", &["local", "context"]);
        server.push(long());
        server.push(Reply::text("Short."));
        server.push(long());
        failed(&m.run(&["again"]), 1, "context_overflow", &["local", "context"]);
    }

    #[test]
    fn a_ledger_that_cannot_be_written_or_read_stops_nobody() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n")]);
        // A folder where the file should be.
        fs::create_dir_all(m.state().join("run_ledger.jsonl")).unwrap();
        let done = m.run_well(&["go"]);
        assert!(done.complaints().contains("ledger"), "{}", done.complaints());
        fs::remove_dir_all(m.state().join("run_ledger.jsonl")).unwrap();

        fs::write(
            m.state().join("run_ledger.jsonl"),
            "{\"schema\":1,\"outcome\":\"ok\"}\n{\"torn\": \n\0\0\nno",
        )
        .unwrap();
        m.run_well(&["go"]);
        let text = fs::read_to_string(m.state().join("run_ledger.jsonl")).unwrap();
        assert!(text.lines().last().unwrap().contains("\"outcome\":\"ok\""), "{text}");
        let status = m.offshoot(&["status", "--json"]).finish();
        assert_eq!(status.code, Some(0), "{}", status.stderr);
        let verify = m.offshoot(&["ledger", "verify"]).finish();
        assert_eq!(verify.code, Some(1), "{}{}", verify.stdout, verify.stderr);
        assert_eq!(m.offshoot(&["ledger", "tail"]).finish().code, Some(0));
        assert_eq!(m.offshoot(&["ledger", "stats"]).finish().code, Some(0));
        let doctor = m.offshoot(&["doctor", "--json"]).finish();
        let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
        let ledger =
            report["checks"].as_array().unwrap().iter().find(|check| check["id"] == "ledger").unwrap();
        assert_eq!(ledger["state"], "warn");
        assert_eq!(doctor.code, Some(1), "{}", doctor.stdout);
    }
}

mod repositories {
    use super::*;

    #[test]
    fn outside_a_repository_nothing_is_made_unless_asked_for() {
        let m = Machine::without_repository();
        m.script(&[writes("a.txt", "a\n"), writes("b.txt", "b\n")]);
        m.write("note.txt", "mine\n");
        failed(&m.run(&["go"]), 2, "not_found", &["not in a git repository", "--init"]);
        complained(&m.offshoot(&["run", "go"]).finish(), 2, &["not in a git repository", "--init"]);
        for command in [&["log"][..], &["resume"], &["undo"], &["show", "HEAD"]] {
            complained(&m.offshoot(command).finish(), 2, &["not in a git repository"]);
        }
        assert!(!m.repo.join(".git").exists());
        assert_eq!(m.offshoot(&["status", "--json"]).finish().code, Some(0));
        let done = m.run_well(&["--init", "go"]);
        assert!(m.repo.join(".git").is_dir());
        assert_eq!(fs::read_to_string(m.repo.join("note.txt")).unwrap(), "mine\n");
        assert!(m.is_in(&done.commits()[0], "a.txt"));
    }

    #[test]
    fn a_bare_repository() {
        let m = Machine::without_repository();
        m.git(&["init", "-q", "--bare"]);
        m.script(&[writes("a.txt", "a\n")]);
        failed(&m.run(&["go"]), 2, "not_found", &["bare", "clone"]);
    }

    #[test]
    fn a_corrupt_repository() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n")]);
        fs::write(m.repo.join(".git/HEAD"), "garbage\n").unwrap();
        let done = m.run(&["go"]);
        failed(&done, 2, "not_found", &[]);
        assert_eq!(fs::read_to_string(m.repo.join(".git/HEAD")).unwrap(), "garbage\n");

        // The objects of the present commit are gone.
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n")]);
        let tree = m.git(&["rev-parse", "HEAD^{tree}"]);
        fs::remove_file(m.repo.join(".git/objects").join(&tree[..2]).join(&tree[2..])).unwrap();
        let done = m.run(&["go"]);
        failed(&done, 1, "internal", &["git fsck"]);
        let blob = m.path("x");
        assert!(!blob.exists());
    }

    #[test]
    fn the_users_index_lock_is_no_obstacle() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n")]);
        fs::write(m.repo.join(".git/index.lock"), "").unwrap();
        let done = m.run_well(&["go"]);
        assert!(m.is_in(&done.commits()[0], "a.txt"));
        assert!(m.repo.join(".git/index.lock").exists());
    }

    #[test]
    fn a_locked_branch_is_told_and_the_session_goes_on_later() {
        let m = Machine::new();
        let ready = m.path("tmp/ready");
        let command = format!("echo b > b.txt; until [ -e '{}' ]; do sleep 0.01; done", ready.display());
        m.script(&[writes("a.txt", "a\n"), vec![bash(&command), say("Done.")], vec![say("All is well.")]]);
        let first = m.run_well(&["go"]);
        let lock = m.repo.join(".git/refs/heads").join(format!("{}.lock", first.branch()));
        let args = ["run", "--json", "--permissions", "full", "--branch", &first.branch(), "more"];
        let mut running = m.offshoot(&args).start();
        running.wait_for("tool_call");
        // As long as it is open somebody owns it; one that nobody owns would be cleared away.
        let owner = fs::File::create(&lock).unwrap();
        fs::write(&ready, "").unwrap();
        let done = running.finish();
        failed(&done, 1, "internal", &[".lock", "has it open", "wait until process"]);
        assert!(done.commits().is_empty());
        drop(owner);
        fs::remove_file(&lock).unwrap();
        let last = m.run_well(&["--branch", &first.branch(), "and now"]);
        assert_eq!(last.session(), first.session());
        assert!(m.is_in(&last.branch(), "b.txt"), "what was written then is on the branch now");
        let told = m.git(&["log", "--format=%B", &last.branch()]);
        assert!(told.contains("> more") && !told.contains("by hand"), "{told}");
    }

    #[test]
    fn a_session_that_cannot_be_recorded_has_failed() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n"), vec![say("Only words.")], vec![say("All is well.")]]);
        let first = m.run_well(&["go"]);
        let lock = m.repo.join(".git/refs/offshoot/sessions").join(format!("{}.lock", first.session()));
        // As long as it is open somebody owns it; one that nobody owns would be cleared away.
        let owner = fs::File::create(&lock).unwrap();
        let done = m.run(&["--branch", &first.branch(), "talk"]);
        failed(&done, 1, "internal", &[".lock", "has it open", "wait until process"]);
        drop(owner);
        fs::remove_file(&lock).unwrap();
        let last = m.run_well(&["--branch", &first.branch(), "and now"]);
        let session = format!("refs/offshoot/sessions/{}", last.session());
        let told = m.git(&["log", "--format=%B", &session]);
        assert!(told.contains("Only words."), "{told}");
    }

    #[test]
    fn a_worktree_and_a_branch_deleted_behind_our_back() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n"), writes("b.txt", "b\n"), writes("c.txt", "c\n")]);
        let first = m.run_well(&["go"]);
        if first.worktree().exists() {
            fs::remove_dir_all(first.worktree()).unwrap();
        }
        let second = m.run_well(&["--branch", &first.branch(), "more"]);
        assert_eq!(second.session(), first.session());
        assert!(m.is_in(&second.branch(), "a.txt") && m.is_in(&second.branch(), "b.txt"));

        if second.worktree().exists() {
            fs::remove_dir_all(second.worktree()).unwrap();
            m.git(&["worktree", "prune"]);
        }
        m.git(&["branch", "-D", &first.branch()]);
        let third = m.offshoot(&["resume", "--json", &first.session(), "even more"]).finish();
        assert_eq!(third.code, Some(0), "{}{}", third.stdout, third.stderr);
        assert!(m.is_in(&third.branch(), "c.txt") && m.is_in(&third.branch(), "b.txt"));
    }

    #[test]
    fn a_branch_that_is_checked_out_elsewhere() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n"), writes("b.txt", "b\n")]);
        let first = m.run_well(&["go"]);
        if first.worktree().exists() {
            m.git(&["worktree", "remove", "--force", &first.worktree().display().to_string()]);
        }
        let elsewhere = m.path("elsewhere");
        m.git(&["worktree", "add", "-q", &elsewhere.display().to_string(), &first.branch()]);
        let done = m.run(&["--branch", &first.branch(), "more"]);
        failed(&done, 1, "internal", &["checked out at", "elsewhere"]);
        failed(&m.run(&["--branch", "main", "more"]), 1, "internal", &["main"]);
        assert_eq!(m.git(&["log", "--format=%s", "main"]), "first");
    }

    /// A repository in which nothing can be written, if this user is bound by modes.
    #[test]
    fn a_read_only_repository() {
        let m = Machine::new();
        m.script(&[writes("a.txt", "a\n")]);
        let git = m.repo.join(".git");
        let folders = ["", "refs", "refs/heads", "objects", "worktrees"];
        let set = |mode: u32| {
            for folder in folders {
                let path = git.join(folder);
                if path.exists() {
                    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
                }
            }
        };
        set(0o555);
        if fs::write(git.join("probe"), "").is_ok() {
            fs::remove_file(git.join("probe")).unwrap();
            set(0o755);
            eprintln!("skipped: this user may write in spite of modes");
            return;
        }
        let done = m.run(&["go"]);
        set(0o755);
        failed(&done, 1, "internal", &["permission denied"]);
    }

    /// As on a full disk: no file may grow beyond a few kilobytes.
    #[test]
    fn a_disk_without_space() {
        let m = Machine::new();
        let numbers = (0..40_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_string());
        let noise = numbers.collect::<Vec<_>>().join(
            "
",
        );
        m.script(&[vec![put("big.txt", &noise), say("Done.")], vec![say("All is well.")]]);
        let binary = env!("CARGO_BIN_EXE_offshoot");
        let script = format!("trap '' XFSZ; ulimit -f 16; exec {binary} run --json 'write it'");
        let out = m
            .command("sh", &m.repo)
            .args(["-c", &script])
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let done = Finished {
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).unwrap(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        };
        failed(&done, 1, "internal", &["space"]);
        assert_eq!(m.git(&["status", "--porcelain"]), "");
        m.git(&["fsck", "--strict"]);
        let after = m.offshoot(&["resume", "--json", &done.session(), "go on"]).finish();
        assert_eq!(after.code, Some(0), "{}{}", after.stdout, after.stderr);
    }
}
