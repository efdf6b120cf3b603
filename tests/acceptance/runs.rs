//! `offshoot run` as scripts see it: events, exit codes, pipes, checks, budgets, roles, settings.

use std::process::Stdio;

use offshoot::chat::WireFormat;
use serde_json::{Value, json};

use crate::support::machine::{Finished, Machine, bash, calls, put, say, writes};
use crate::support::model_server::{ModelServer, Piece, Reply};

/// What holds of the events of every run.
fn assert_well_formed(run: &Finished) {
    let events = run.events();
    let session =
        events.iter().find(|event| event["type"] == "session").map(|event| event["session"].clone());
    for event in &events {
        assert!(event["type"].is_string() && event["session"].is_string(), "{event}");
        if let Some(session) = &session {
            assert_eq!(&event["session"], session, "{event}");
        }
    }
    let ends = events.iter().filter(|event| event["type"] == "end").count();
    assert_eq!((ends, &events.last().unwrap()["type"]), (1, &json!("end")), "{}", run.stdout);
    let end = events.last().unwrap();
    assert!(end["outcome"].is_string() && end["text"].is_string() && end["branch"].is_string(), "{end}");
    assert_eq!(end["commits"], json!(run.commits()), "{end}");
}

fn keys(event: &Value) -> Vec<&str> {
    event.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn events_have_the_names_that_programs_read() {
    let machine = Machine::new();
    machine.script_with(
        &[vec![
            json!({ "thinking": "Hmm.", "text": "I look.", "call": [{"tool": "read", "input": {"path": "README.md"}}] }),
            calls(vec![("read", json!({"path": "missing"})), ("write", json!({"path": "a.txt", "content": "1\n2\n"}))]),
            say("All done, in a text longer than a delta of the script."),
        ]],
        "verify.command = \"test -e a.txt\"",
    );
    let run = machine.run_well(&["write a"]);
    assert_well_formed(&run);
    let session = run.one("session");
    assert_eq!(keys(&session), ["type", "session", "branch", "worktree", "base"]);
    assert_eq!(session["base"], *machine.git(&["rev-parse", "main"]));
    assert!(std::path::Path::new(session["worktree"].as_str().unwrap()).join("a.txt").exists());
    for key in ["backend", "model", "reason", "signals", "rejected"] {
        assert!(run.one("route").get(key).is_some(), "{key}");
    }
    let text: String =
        run.all("text").iter().map(|event| event["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(text, "I look.All done, in a text longer than a delta of the script.");
    assert_eq!(run.one("thinking")["text"], "Hmm.");
    let called = run.all("tool_call");
    assert_eq!(
        called.iter().map(|c| c["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["read", "read", "write"]
    );
    assert!(called.iter().all(|c| c["id"].is_string() && c["input"].is_object()));
    let results = run.all("tool_result");
    let of = |id: &Value| results.iter().find(|r| &r["id"] == id).unwrap()["is_error"].clone();
    assert_eq!(called.iter().map(|c| of(&c["id"])).collect::<Vec<_>>(), [false, true, false]);
    let step = run.one("step");
    assert_eq!(
        keys(&step),
        ["type", "session", "commit", "turn", "step", "subject", "files", "insertions", "deletions"]
    );
    assert_eq!((&step["files"], &step["insertions"], &step["deletions"]), (&json!(1), &json!(2), &json!(0)));
    assert_eq!(run.one("verify")["state"], "passed");
    for usage in run.all("usage") {
        assert_eq!(
            keys(&usage)[2..],
            ["input", "output", "cache_read", "cache_write", "reasoning", "cost_usd"]
        );
    }
    let end = run.one("end");
    assert_eq!(end["outcome"], "ok");
    assert_eq!(end["text"], "All done, in a text longer than a delta of the script.");
    assert_eq!(end["branch"], session["branch"]);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn exit_codes_tell_how_it_ended() {
    let machine = Machine::new();
    // 2: nothing to work with, or bad words.
    for args in [
        &["run"][..],
        &["run", "--json"],
        &["run", "--nonsense", "x"],
        &["frobnicate"],
        &["run", "--turn", "1", "x"],
    ] {
        assert_eq!(machine.offshoot(args).finish().code, Some(2), "{args:?}");
    }
    let mistyped = machine.offshoot(&["--plain", "frobnicate"]).finish();
    for part in ["frobnicate", "not a folder", "offshoot --help"] {
        assert!(mistyped.complaints().contains(part), "{part}: {}", mistyped.complaints());
    }
    let none = machine.run(&["x"]);
    assert_eq!(none.code, Some(2), "no backend: {}", none.complaints());
    assert!(none.one("error")["hint"].is_string());
    assert_well_formed(&none);
    machine.script(&[writes("a", "1\n"), vec![json!({"text": "no", "stop": "refusal"})], vec![say("fine")]]);
    let unknown = machine.run(&["--backend", "nobody", "x"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.complaints());
    assert!(unknown.complaints().contains("nobody"));
    machine.settings("[agent]\nmax_stepz = 3\n");
    let typo = machine.run(&["x"]);
    assert_eq!(typo.code, Some(2));
    for part in ["max_stepz", "max_steps", "config.toml", "2"] {
        assert!(typo.complaints().contains(part), "{part}: {}", typo.complaints());
    }
    assert_well_formed(&typo);
    assert_eq!(
        machine.git(&["for-each-ref", "refs/heads/offshoot", "refs/offshoot"]),
        "",
        "nothing was made"
    );

    // 0 and 1.
    machine.script(&[writes("a", "1\n"), vec![json!({"text": "no", "stop": "refusal"})], vec![say("fine")]]);
    let done = machine.run_well(&["x"]);
    let refused = machine.run(&["--branch", &done.branch(), "y"]);
    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.one("error")["error_class"], "refused");
    assert_eq!(refused.one("end")["outcome"], "error");
    assert_well_formed(&refused);
    // The session goes on after it.
    assert_eq!(machine.run(&["--branch", &done.branch(), "z"]).one("end")["text"], "fine");

    // Outside a repository: a clear choice.
    let nowhere = Machine::without_repository();
    nowhere.script(&[writes("a", "1\n")]);
    let run = nowhere.run(&["x"]);
    assert_eq!(run.code, Some(2));
    assert!(run.complaints().contains("--init"), "{}", run.complaints());
    assert!(!nowhere.repo.join(".git").exists());
    assert_eq!(nowhere.run(&["--init", "x"]).code, Some(0));
    assert!(nowhere.repo.join(".git").exists() && !nowhere.repo.join("a").exists());
}

#[test]
fn an_interrupted_run_exits_130_and_keeps_what_was_done() {
    let machine = Machine::new();
    machine.script(&[vec![put("a", "1\n"), json!({"text": "Slowly", "stall": true})], vec![say("Again.")]]);
    let mut running = machine.offshoot(&["run", "--json", "x"]).start();
    running.wait_for("step");
    running.wait_for("text");
    running.interrupt();
    let run = running.finish();
    assert_eq!(run.code, Some(130));
    assert_well_formed(&run);
    assert_eq!(run.one("end")["outcome"], "aborted");
    assert_eq!(run.commits().len(), 1);
    let again = machine.run_well(&["--branch", &run.branch(), "go on"]);
    assert_eq!(again.session(), run.session());
    assert!(machine.offshoot(&["resume", &run.branch()]).finish().stdout.contains("Slowly"));
    assert_eq!(machine.ledger()[0]["outcome"], "aborted");
}

#[test]
fn runs_compose_in_pipes() {
    let machine = Machine::new();
    let server = ModelServer::start_blocking(
        WireFormat::OpenaiChat,
        vec![Reply::say(vec![Piece::Text("first answer".into())]), Reply::text("second answer")],
    );
    machine.settings(&format!("{}[router]\norder = [\"local\"]\n", server.settings("local")));
    machine.write("PLAN.md", "the plan\n");
    let offshoot = env!("CARGO_BIN_EXE_offshoot");
    let line = format!(
        "echo from echo | '{offshoot}' run first task | cat - PLAN.md | '{offshoot}' run --quiet second task"
    );
    let out = machine.command("sh", &machine.repo).args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "second answer\n", "{errors}");
    assert!(out.status.success());
    let asked: Vec<String> = server
        .requests()
        .iter()
        .map(|r| r.body["messages"].as_array().unwrap().last().unwrap()["content"].to_string())
        .collect();
    assert!(asked[0].contains("first task") && asked[0].contains("from echo"), "{}", asked[0]);
    for part in ["second task", "first answer", "the plan"] {
        assert!(asked[1].contains(part), "{part}: {}", asked[1]);
    }

    // A reader that goes away early is no failure of ours, and bytes that are no text are no crash.
    machine.script(&[vec![say(&"long ".repeat(100_000))]]);
    let line = format!("'{offshoot}' run x | head -c 5");
    let out = machine.command("sh", &machine.repo).args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(out.stdout, b"long ");
    assert!(!String::from_utf8_lossy(&out.stderr).contains("panicked"));
    let odd = machine.offshoot(&["run", "x"]).input(b"\xff\xfe\x00\x1b[31m odd".to_vec()).finish();
    assert_eq!(odd.code, Some(0), "{}", odd.stderr);
    let only = machine.offshoot(&["run"]).input("the task is piped\n").finish();
    assert_eq!(only.code, Some(0), "{}", only.stderr);
    assert_eq!(machine.offshoot(&["run"]).input("  \n").finish().code, Some(2));
}

#[test]
fn a_reader_that_goes_away_does_not_stop_the_work() {
    let machine = Machine::new();
    machine.script(&[vec![put("a", "1\n"), put("b", "2\n"), put("c", "3\n"), say("Done.")]]);
    let offshoot = env!("CARGO_BIN_EXE_offshoot");
    let line = format!("'{offshoot}' run --json --branch kept x | head -n 1; '{offshoot}' log >/dev/null; :");
    machine.command("sh", &machine.repo).args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
    // Whatever was reached when the reader went is whole.
    assert_eq!(machine.git(&["fsck", "--no-dangling", "--no-progress"]), "");
    let again = machine.offshoot(&["resume", "kept"]).finish();
    assert_eq!(again.code, Some(0), "{}", again.stderr);
}

#[test]
fn quiet_prints_the_answer_and_nothing_else() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1\n"), vec![json!({"text": "", "stop": "refusal"})]]);
    machine.write("dirty.txt", "dirty\n");
    let run = machine.offshoot(&["run", "--quiet", "--branch", "b", "x"]).finish();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("Wrote a.\n", ""));
    let run = machine.offshoot(&["run", "-q", "--branch", "b", "y"]).finish();
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.contains("refused"), "an error is told in any case: {:?}", run.stderr);
    // Escape sequences of a model never reach a terminal.
    machine.script(&[vec![say("\u{1b}[31mred\u{1b}]0;title\u{7} plain")]]);
    assert_eq!(machine.offshoot(&["run", "-q", "x"]).finish().stdout, "red plain\n");
}

#[test]
fn verification_is_passed_failed_or_not_run() {
    let machine = Machine::new();
    machine.script(&[vec![put("a", "bad\n"), say("Done.")], vec![put("a", "good\n"), say("Now.")]]);
    let run = machine.run_well(&["--verify", "grep -q good a", "x"]);
    let states: Vec<Value> = run.all("verify").iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states, ["failed", "passed"]);
    assert_eq!(run.all("verify")[0]["exit"], 1);
    assert_eq!(run.all("verify")[0]["command"], "grep -q good a");
    assert_eq!(machine.ledger()[0]["verify"], "passed");

    machine.script(&[vec![put("a", "bad\n"), say("Done.")], vec![say("Is it not?")]]);
    let run = machine.run(&["--verify", "exit 7", "y"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert_eq!(run.all("verify").last().unwrap()["exit"], 7);
    assert_eq!(run.one("error")["error_class"], "verification");
    assert_eq!(machine.ledger().last().unwrap()["verify"], "failed");

    machine.script(&[writes("a", "x\n")]);
    let run = machine.run_well(&["z"]);
    assert!(run.all("verify").iter().all(|event| event["state"] == "not_run"), "{}", run.stdout);
    assert_eq!(machine.ledger().last().unwrap()["verify"], "not_run");
    let run = machine.run(&["--verify", "no-such-program-anywhere", "z"]);
    assert_eq!(run.all("verify").last().unwrap()["state"], "not_run", "{}", run.stdout);
}

#[test]
fn the_projects_own_check_is_found_where_that_is_wanted() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    machine.script(&[writes("a", "x\n")]);
    let run = machine.run_well(&["--verify", "auto", "x"]);
    assert!(run.stdout.contains("nothing here tells how"), "{}", run.stdout);
    assert_eq!(machine.ledger().last().unwrap()["verify"], "not_run");

    machine.write("gradlew", "#!/bin/sh\ngrep -q x a && echo \"asked to $*\"\n");
    let program = machine.repo.join("gradlew");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    machine.commit_all("a build");
    machine.script_with(&[writes("a", "x\n")], "[verify]\ncommand = \"auto\"");
    let run = machine.run_well(&["y"]);
    assert_eq!(run.one("verify")["command"], "./gradlew test");
    assert_eq!(run.one("verify")["state"], "passed");
}

#[test]
fn a_budget_stops_the_turn_with_exit_code_3() {
    let machine = Machine::new();
    let usage = |value: Value| {
        let mut value = value;
        value["usage"] = json!({"input": 1_000_000, "output": 100_000});
        value
    };
    let script = [vec![usage(put("a", "1\n")), usage(put("b", "2\n")), say("Done.")]];
    machine.script(&script);
    let text = std::fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
    machine.settings(&text.replace("local = true", "local = false").replace("player", "claude-sonnet-4-5"));
    let run = machine.run(&["--budget-usd", "0.5", "x"]);
    assert_eq!(run.code, Some(3), "{}", run.stdout);
    assert_well_formed(&run);
    assert_eq!(run.commits().len(), 1, "what was done before is committed");
    assert!(run.one("error")["hint"].as_str().unwrap().contains("budget"), "{}", run.stdout);
    assert!(run.all("usage")[0]["cost_usd"].as_f64().unwrap() > 0.5);
    assert!(machine.trailer(&run.commits()[0], "Offshoot-Usage").contains("cost_usd="));
    let session =
        machine.offshoot(&["run", "--json", "y"]).env("OFFSHOOT_BUDGET__SESSION_USD", "0.5").finish();
    assert_eq!(session.code, Some(3), "{}", session.stdout);
    let day = machine.offshoot(&["run", "--json", "y"]).env("OFFSHOOT_BUDGET__DAY_USD", "0.5").finish();
    assert_eq!(day.code, Some(3), "{}", day.stdout);
    assert!(day.commits().is_empty(), "the day's budget was spent before");
}

#[test]
fn roles_choose_backend_model_effort_and_permissions() {
    let machine = Machine::new();
    let replies = || (0..4).map(|_| Reply::tool("write", json!({"path": "a", "content": "1\n"}))).collect();
    let (one, two) = (
        ModelServer::start_blocking(WireFormat::OpenaiChat, replies()),
        ModelServer::start_blocking(WireFormat::Anthropic, replies()),
    );
    machine.settings(&format!(
        "{}{}[router]\norder = [\"one\", \"two\"]\n[agent]\nmax_steps = 1\n[roles.review]\nbackend = \"two\"\nmodel = \"big\"\nread_only = true\n",
        one.settings("one"),
        two.settings("two")
    ));
    let run = machine.run(&["--role", "review", "look at it"]);
    assert_eq!((&run.one("route")["backend"], &run.one("route")["model"]), (&json!("two"), &json!("big")));
    assert_eq!(run.one("route")["role"], "review");
    assert_eq!(two.requests()[0].body["model"], "big");
    assert!(run.commits().is_empty() && run.one("tool_result")["is_error"] == true, "{}", run.stdout);

    let run = machine
        .offshoot(&["run", "--json", "--role", "review", "again"])
        .env("OFFSHOOT_ROLE_REVIEW", "one:small:low")
        .finish();
    assert_eq!((&run.one("route")["backend"], &run.one("route")["model"]), (&json!("one"), &json!("small")));
    assert_eq!(one.requests()[0].body["model"], "small");
    let run = machine.run(&["--role", "nobody", "x"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.complaints().contains("nobody"));

    // Flags over roles over environment over files.
    let run = machine.run(&["--backend", "one", "--model", "mine", "x"]);
    assert_eq!(one.requests().last().unwrap().body["model"], "mine");
    assert_eq!(run.one("route")["backend"], "one");
    let run = machine.run(&["--permissions", "read-only", "x"]);
    assert!(run.commits().is_empty() && run.one("tool_result")["is_error"] == true, "{}", run.stdout);
    assert_eq!(machine.run(&["--permissions", "sometimes", "x"]).code, Some(2));
}

#[test]
fn settings_come_from_the_environment_too() {
    let machine = Machine::new();
    machine.script(&[vec![bash("true"), bash("echo 1"), bash("echo 2"), say("Done.")]]);
    let limited = machine.offshoot(&["run", "--json", "x"]).env("OFFSHOOT_AGENT__MAX_STEPS", "2").finish();
    assert_eq!(limited.code, Some(1));
    assert_eq!(limited.one("error")["error_class"], "tool_loop");
    let typo = machine.offshoot(&["run", "--json", "x"]).env("OFFSHOOT_AGENT__MAX_STEP", "2").finish();
    assert_eq!(typo.code, Some(2), "{}", typo.stdout);
    assert!(
        typo.complaints().contains("OFFSHOOT_AGENT__MAX_STEP") && typo.complaints().contains("max_steps")
    );
    let elsewhere = machine.path("elsewhere");
    let moved = machine
        .offshoot(&["run", "--json", "x"])
        .env("OFFSHOOT_DATA_DIR", elsewhere.join("data").to_str().unwrap())
        .env("OFFSHOOT_STATE_DIR", elsewhere.join("state").to_str().unwrap())
        .env("OFFSHOOT_CACHE_DIR", elsewhere.join("cache").to_str().unwrap())
        .finish();
    assert_eq!(moved.code, Some(0), "{}", moved.complaints());
    assert!(moved.worktree().starts_with(elsewhere.join("data")));
    assert!(elsewhere.join("state/run_ledger.jsonl").exists());
    let text = std::fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
    machine.settings("nonsense = 1\n");
    std::fs::write(machine.path("own.toml"), &text).unwrap();
    let own = machine.path("own.toml").display().to_string();
    assert_eq!(machine.run(&["--config", &own, "x"]).code, Some(0));
    assert_eq!(machine.offshoot(&["run", "x"]).env("OFFSHOOT_CONFIG", &own).finish().code, Some(0));
    let there = machine.repo.display().to_string();
    let away = machine
        .offshoot(&["run", "--json", "--config", &own, "--cwd", &there, "x"])
        .cwd(machine.path("home"))
        .finish();
    assert_eq!(away.code, Some(0), "{}", away.complaints());
}

#[test]
fn every_wire_format_makes_the_same_session() {
    for format in
        [WireFormat::OpenaiChat, WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini]
    {
        let machine = Machine::new();
        let server = ModelServer::start_blocking(
            format,
            vec![
                Reply::tools(vec![
                    ("write", json!({"path": "a.txt", "content": "a\n"})),
                    ("write", json!({"path": "b.txt", "content": "b\n"})),
                ]),
                Reply::thinking("It is written.", "Both written."),
                Reply::text("Nothing to do."),
            ],
        );
        machine.settings(&format!("{}[router]\norder = [\"local\"]\n", server.settings("local")));
        let print = machine.fingerprint();
        let run = machine.run_well(&["write both"]);
        assert_well_formed(&run);
        assert_eq!(run.one("step")["files"], 2, "{format:?}");
        assert_eq!(run.one("end")["text"], "Both written.", "{format:?}");
        let again = machine.run_well(&["--resume", &run.commits()[0], "go on"]);
        assert_eq!(again.one("end")["text"], "Nothing to do.");
        let sent = server.requests().last().unwrap().body.to_string();
        assert!(sent.contains("write both") && sent.contains("b.txt") && sent.contains("go on"), "{sent}");
        let usage = run.all("usage").into_iter().next().unwrap();
        assert_eq!(
            (&usage["input"], &usage["cache_read"]),
            (&json!(1000), &json!(200)),
            "{format:?}: {usage}"
        );
        print.assert_same(&machine);
    }
}

#[test]
fn the_demonstration_needs_nothing() {
    let machine = Machine::without_repository();
    let demo = machine.offshoot(&["demo"]).finish();
    assert_eq!(demo.code, Some(0), "{}", demo.stderr);
    assert!(
        demo.stdout.contains("test_shopping") || demo.stderr.contains("test_shopping"),
        "{}",
        demo.stderr
    );
    assert!(!machine.state().exists() && !machine.data().exists(), "it leaves nothing");
}
