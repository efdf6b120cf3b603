//! Tool calls through the program: as models really write them, where they may not go, what the
//! permissions say, and what an interruption leaves.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use offshoot::chat::WireFormat;
use rustix::process::Signal;
use serde_json::{Value, json};

use support::machine::{Finished, Machine, bash, call, calls, put, say};
use support::model_server::{ModelServer, Reply};

/// A machine with a server as its only backend.
fn with_server(script: Vec<Reply>, more: &str) -> (Machine, ModelServer) {
    let machine = Machine::new();
    let server = ModelServer::start_blocking(WireFormat::OpenaiChat, script);
    machine.settings(&format!("{}max_retries = 0\n{more}\n", server.settings("local")));
    (machine, server)
}

/// What the model was told of its tool calls, oldest first.
fn results(server: &ModelServer) -> Vec<String> {
    let request = server.requests().pop().unwrap();
    let messages = request.body["messages"].as_array().unwrap();
    let results = messages.iter().filter(|message| message["role"] == "tool");
    results.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// The results of a run's tool calls: whether each is an error, and its summary.
fn outcomes(done: &Finished) -> Vec<(bool, String)> {
    let outcome =
        |event: Value| (event["is_error"].as_bool().unwrap(), event["summary"].as_str().unwrap().to_owned());
    done.all("tool_result").into_iter().map(outcome).collect()
}

#[track_caller]
fn failed(done: &Finished, class: &str) {
    assert_eq!(done.code, Some(1), "{}{}", done.stdout, done.stderr);
    assert_eq!(done.one("error")["error_class"], class, "{}", done.stdout);
    assert!(done.one("error")["hint"].is_string(), "{}", done.stdout);
    assert_eq!(done.one("end")["outcome"], "error");
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
}

#[test]
fn calls_that_models_print_as_text() {
    let json = |n: usize, key: &str| json!({ "name": "write", key: { "path": format!("f{n}.txt"), "content": format!("{n}\n") } });
    let input = |n: usize| json!({ "path": format!("f{n}.txt"), "content": format!("{n}\n") });
    let printed = [
        format!("I write it.\n<tool_call>\n{}\n</tool_call>", json(0, "arguments")),
        "<function=write>\n<parameter=path>\nf1.txt\n</parameter>\n<parameter=content>\n1\n</parameter>\n</function>".into(),
        "````tool:write path=f2.txt\n2\n````\n".into(),
        format!("[TOOL_CALLS][{}]", json(3, "arguments")),
        format!("<|python_tag|>{}", json(4, "parameters")),
        "<function_calls>\n<invoke name=\"write\">\n<parameter name=\"path\">f5.txt</parameter>\n\
         <parameter name=\"content\">5\n</parameter>\n</invoke>\n</function_calls>"
            .into(),
        format!(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>write\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            input(6)
        ),
        format!(
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.write:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
            input(7)
        ),
        format!("<|channel|>commentary to=functions.write <|constrain|>json<|message|>{}<|call|>", input(8)),
        json(9, "arguments").to_string(),
    ];
    let count = printed.len();
    let mut script: Vec<Reply> = printed.iter().map(|text| Reply::text(text)).collect();
    // What is only shown is not done.
    script.push(Reply::text(
        "Such a call looks so:\n```\n<tool_call>{\"name\":\"write\"}</tool_call>\n```\nDone.",
    ));
    let (m, server) = with_server(script, "");
    let done = m.run_well(&["go"]);
    assert_eq!(done.commits().len(), count, "{}", done.stdout);
    for (n, printed) in printed.iter().enumerate() {
        assert_eq!(m.file_at(&done.branch(), &format!("f{n}.txt")), n.to_string(), "{printed}");
    }
    assert_eq!(server.left(), 0);
}

#[test]
fn a_model_that_knows_no_tools_is_told_the_protocol() {
    let (m, server) = with_server(
        vec![Reply::text("````tool:write path=a.txt\nText.\n````"), Reply::text("Done.")],
        "tool_calls = \"text\"",
    );
    let done = m.run_well(&["go"]);
    assert_eq!(m.file_at(&done.branch(), "a.txt"), "Text.");
    let requests = server.requests();
    assert!(requests[0].body.get("tools").is_none(), "{}", requests[0].body);
    assert!(requests[0].body["messages"][0]["content"].as_str().unwrap().contains("````tool:write"));
    let messages = requests[1].body["messages"].as_array().unwrap();
    assert!(messages.iter().all(|m| m["role"] != "tool" && m.get("tool_calls").is_none()), "{messages:?}");
    assert_eq!(messages.last().unwrap()["role"], "user");
    assert!(messages.last().unwrap()["content"].to_string().contains("a.txt"), "{messages:?}");
}

#[test]
fn the_edit_format_is_the_backends() {
    let names = |server: &ModelServer| -> Vec<String> {
        let tools = server.requests()[0].body["tools"].clone();
        tools.as_array().unwrap().iter().map(|t| t["function"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let whole = "fn main() {\n    println!();\n}\n";
    let (m, server) = with_server(
        vec![Reply::tool("write", json!({"path": "src/main.rs", "content": whole})), Reply::text("Done.")],
        "edit_format = \"whole\"",
    );
    let done = m.run_well(&["go"]);
    assert_eq!(m.file_at(&done.branch(), "src/main.rs"), whole.trim_end());
    let tools = names(&server);
    assert!(!tools.iter().any(|name| name == "edit" || name == "apply_patch"), "{tools:?}");

    let patch = "*** Begin Patch\n*** Update File: src/main.rs\n@@\n-fn main() {}\n+fn main() { run() }\n\
                 *** Add File: new.txt\n+new\n*** End Patch\n";
    let (m, server) = with_server(
        vec![Reply::tool("apply_patch", json!({"patch": patch})), Reply::text("Done.")],
        "edit_format = \"apply_patch\"",
    );
    let done = m.run_well(&["go"]);
    assert_eq!(m.file_at(&done.branch(), "src/main.rs"), "fn main() { run() }");
    assert_eq!(m.file_at(&done.branch(), "new.txt"), "new");
    let tools = names(&server);
    assert!(
        tools.iter().any(|name| name == "apply_patch") && !tools.iter().any(|n| n == "edit"),
        "{tools:?}"
    );
}

/// A chat stream with one call whose arguments are these bytes.
fn raw_call(name: &str, arguments: &str) -> Reply {
    let delta = json!({"role": "assistant", "tool_calls": [{"index": 0, "id": "call_x", "type": "function",
        "function": {"name": name, "arguments": arguments}}]});
    let chunk = |delta: Value, finish: Value| {
        json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    };
    let (first, last) = (chunk(delta, Value::Null), chunk(json!({}), json!("tool_calls")));
    Reply::events(format!("data: {first}\n\ndata: {last}\n\ndata: [DONE]\n\n"))
}

#[test]
fn arguments_that_make_no_sense_are_told_to_the_model() {
    let (m, server) = with_server(
        vec![
            raw_call("write", "{\"path\": \"a.txt\", \"content\": "),
            raw_call("write", "[1, 2]"),
            raw_call("write", "{\"path\": 7}"),
            raw_call("no_such_tool", "{}"),
            raw_call("bash", ""),
            Reply::text("I give up."),
        ],
        "",
    );
    let done = m.run_well(&["go"]);
    assert!(outcomes(&done).iter().all(|(is_error, _)| *is_error), "{}", done.stdout);
    let told = results(&server);
    assert_eq!(told.len(), 5);
    for (told, word) in told.iter().zip(["JSON", "object", "path", "no_such_tool", "command"]) {
        assert!(told.contains(word), "{word:?} is not in {told}");
    }
    assert!(told[3].contains("write"), "the known ones are named: {}", told[3]);

    let (m, _server) =
        with_server((0..5).map(|n| raw_call("write", &format!("{{\"path\": \"{n}"))).collect(), "");
    failed(&m.run(&["go"]), "bad_response");
}

#[test]
fn a_model_that_goes_round_in_circles_is_stopped() {
    let look = || Reply::tool("read", json!({"path": "README.md"}));
    let write = Reply::tool("write", json!({"path": "a.txt", "content": "a\n"}));
    let (m, server) = with_server(vec![write, look(), look(), look()], "");
    let done = m.run(&["go"]);
    failed(&done, "tool_loop");
    assert_eq!(done.commits().len(), 1, "what was done is kept");
    assert_eq!(server.left(), 0);
    server.push(Reply::text("Here again."));
    assert_eq!(m.run_well(&["--branch", &done.branch(), "go on"]).one("end")["text"], "Here again.");

    server.push(look());
    server.push(look());
    let done = m.offshoot(&["run", "--json", "go"]).env("OFFSHOOT_AGENT__MAX_STEPS", "2").finish();
    failed(&done, "tool_loop");
    assert!(done.one("error")["hint"].as_str().unwrap().contains("max_steps"));
}

#[test]
fn edits_that_never_fit_end_the_turn() {
    let m = Machine::new();
    let edit = |n: usize| {
        call("edit", json!({"path": "README.md", "old_string": format!("no {n}"), "new_string": "x"}))
    };
    m.script(&[(0..12).map(edit).collect()]);
    failed(&m.run(&["go"]), "edit_failures");
}

#[test]
fn long_outputs_are_cut_in_their_middle() {
    let lines: String = (1..=3000).map(|n| n.to_string() + "\n").collect();
    let (m, server) = with_server(
        vec![
            Reply::tool("bash", json!({"command": "seq 100000; exit 7"})),
            Reply::tool("read", json!({"path": "long.txt"})),
            Reply::text("Done."),
        ],
        "",
    );
    m.write("long.txt", &lines);
    let done = m.run_well(&["go"]);
    let told = results(&server);
    let output = &told[0];
    assert!(output.contains("1\n2\n3\n") && output.contains("\n99999\n100000"), "{output}");
    assert!(output.contains('7') && output.to_lowercase().contains("exit"), "{output}");
    assert!(output.len() < 30_000, "{}", output.len());
    assert!(outcomes(&done)[0].0, "a command that fails is flagged");
    assert!(told[1].len() < 60_000 && !told[1].contains("\n3000"), "{}", told[1].len());
    assert!(told[1].contains("offset"), "how to go on is told");
}

#[test]
fn one_line_of_a_file_with_windows_line_ends() {
    let m = Machine::new();
    m.write("dos.txt", "one\r\ntwo\r\nthree\r\nno end");
    m.commit_all("dos");
    m.script(&[vec![
        call("edit", json!({"path": "dos.txt", "old_string": "two\n", "new_string": "2\n"})),
        say("Done."),
    ]]);
    let done = m.run_well(&["go"]);
    let commit = &done.commits()[0];
    assert_eq!(m.git(&["show", "--format=", "--numstat", commit]), "1\t1\tdos.txt");
    let out = m.command("git", &m.repo).args(["show", &format!("{commit}:dos.txt")]).output().unwrap();
    assert_eq!(out.stdout, b"one\r\n2\r\nthree\r\nno end");
}

#[test]
fn files_with_names_that_others_leave_out_are_committed() {
    let m = Machine::new();
    m.script(&[vec![
        calls(vec![
            ("write", json!({"path": "pkg/__init__.py", "content": ""})),
            ("write", json!({"path": "_x.rs", "content": "x\n"})),
            ("bash", json!({"command": "mkdir -p build target && echo g > build/gen.txt && echo t > target/t && echo s > .env"})),
        ]),
        say("Done."),
    ]]);
    let done = m.run_well(&["go"]);
    for path in ["pkg/__init__.py", "_x.rs", "build/gen.txt"] {
        assert!(m.is_in(&done.branch(), path), "{path}");
    }
    for path in ["target/t", ".env"] {
        assert!(!m.is_in(&done.branch(), path), "{path} is ignored");
    }
}

#[test]
fn nothing_leads_out_of_the_worktree_or_into_git() {
    let m = Machine::new();
    let outside = m.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret.txt"), "outside secret\n").unwrap();
    symlink(&outside, m.repo.join("out")).unwrap();
    symlink(outside.join("secret.txt"), m.repo.join("file")).unwrap();
    m.commit_all("links");
    let before = m.fingerprint();
    let far = outside.join("new.txt").display().to_string();
    let tries = vec![
        ("write", json!({"path": "out/new.txt", "content": "x"})),
        ("write", json!({"path": "file", "content": "x"})),
        ("write", json!({"path": far, "content": "x"})),
        ("write", json!({"path": "../escaped.txt", "content": "x"})),
        ("write", json!({"path": ".git", "content": "x"})),
        ("write", json!({"path": ".git/config", "content": "x"})),
        ("write", json!({"path": "sub/.GIT/hooks/pre-commit", "content": "x"})),
        ("edit", json!({"path": "out/secret.txt", "old_string": "secret", "new_string": "x"})),
        ("read", json!({"path": "out/secret.txt"})),
        ("read", json!({"path": "file"})),
        ("read", json!({"path": "/etc/passwd"})),
        ("grep", json!({"pattern": "secret", "path": "out"})),
        ("find", json!({"pattern": "*", "path": "../.."})),
        ("ls", json!({"path": "out"})),
    ];
    let count = tries.len();
    m.script(&[vec![calls(tries), say("Nothing worked.")]]);
    for mode in ["auto", "full"] {
        let done = m.run_well(&["--permissions", mode, "go"]);
        let all = outcomes(&done);
        assert_eq!(all.len(), count);
        let worked: Vec<_> = all.iter().enumerate().filter(|(_, (is_error, _))| !is_error).collect();
        assert!(worked.is_empty(), "{mode}: {worked:?}");
        assert!(!m.git(&["log", "--format=%B", "--all"]).contains("outside secret"), "{mode}");
    }
    assert_eq!(fs::read_to_string(outside.join("secret.txt")).unwrap(), "outside secret\n");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(m.fingerprint(), before);
}

#[test]
fn a_worktree_whose_git_file_is_overwritten_goes_on() {
    let m = Machine::new();
    m.script(&[
        vec![bash("rm -rf .git; mkdir .git; echo evil > .git/config; echo a > a.txt"), say("Done.")],
        vec![put("b.txt", "b\n"), say("Done.")],
    ]);
    let before = m.fingerprint();
    let done = m.run(&["--permissions", "full", "go"]);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    assert_eq!(done.events().last().unwrap()["type"], "end");
    let more = m.run_well(&["--branch", &done.branch(), "more"]);
    assert!(m.is_in(&more.branch(), "b.txt"));
    assert_eq!(m.fingerprint(), before);
}

#[test]
fn no_command_writes_into_the_users_checkout() {
    let m = Machine::new();
    let doctor = m.offshoot(&["doctor", "--json"]).finish();
    let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let sandbox = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == "sandbox").unwrap();
    if sandbox["state"] != "ok" {
        eprintln!("skipped: {}", sandbox["message"]);
        return;
    }
    let repo = m.repo.display();
    let command = format!(
        "echo x > '{repo}/evil.txt'; rm -f '{repo}/README.md'; git -C '{repo}' commit --allow-empty -qm evil; echo ok > fine.txt"
    );
    m.script(&[vec![bash(&command), say("Done.")]]);
    let before = m.fingerprint();
    for mode in ["read-only", "ask", "auto", "full"] {
        let done = m.run_well(&["--permissions", mode, "go"]);
        assert_eq!(m.fingerprint(), before, "{mode}");
        if mode == "read-only" || mode == "ask" {
            assert!(outcomes(&done)[0].0, "{mode}");
            assert!(done.commits().is_empty(), "{mode}");
        }
    }
}

#[test]
fn the_permissions_of_a_run_without_a_terminal() {
    let m = Machine::new();
    let script = [vec![
        put("a.txt", "a\n"),
        bash("touch b.txt"),
        bash("cat README.md"),
        call("read", json!({"path": "README.md"})),
        say("Done."),
    ]];
    m.script(&script);
    let errors = |args: &[&str]| -> Vec<bool> {
        let done = m.run_well(&[args, &["go"]].concat());
        outcomes(&done).into_iter().map(|(is_error, _)| is_error).collect()
    };
    assert_eq!(errors(&["--permissions", "read-only"]), [true, true, false, false]);
    assert_eq!(errors(&["--permissions", "ask"]), [true, true, false, false]);
    assert_eq!(errors(&["--permissions", "auto"]), [false, false, false, false]);
    assert_eq!(errors(&["--permissions", "full"]), [false, false, false, false]);
    let asked = m.run_well(&["--permissions", "ask", "go"]);
    let approvals = asked.all("approval");
    assert_eq!((approvals.len(), &approvals[0]["decision"]), (2, &json!("denied")), "{}", asked.stdout);
    assert_eq!((&approvals[0]["tool"], &approvals[1]["tool"]), (&json!("write"), &json!("bash")));

    m.script_with(&script, "[permissions]\nallow = [\"write(a.*)\"]\ndeny = [\"bash(touch *)\"]\n");
    assert_eq!(errors(&["--permissions", "ask"]), [false, true, false, false]);
    assert_eq!(errors(&["--permissions", "auto"]), [false, true, false, false]);
    assert_eq!(errors(&["--permissions", "full"]), [false, true, false, false]);
    m.script_with(&script, "[permissions]\ndeny = [\"bash(touch *\"]\n");
    let done = m.run(&["go"]);
    assert_eq!(done.code, Some(2), "{}", done.stdout);
    assert!(done.complaints().contains("touch"), "{}", done.complaints());
}

#[test]
fn an_interruption_of_the_stream_keeps_what_was_said() {
    for signal in [Signal::INT, Signal::TERM] {
        let (m, server) =
            with_server(vec![Reply::text("I begin with the first of many words").stall_at(600)], "");
        let mut running = m.offshoot(&["run", "--json", "go"]).start();
        running.wait_for("text");
        let began = Instant::now();
        running.signal(signal);
        let done = running.finish();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(done.code, Some(130), "{}", done.stderr);
        assert_eq!(done.one("end")["outcome"], "aborted");
        server.push(Reply::text("Well."));
        let more = m.run_well(&["--branch", &done.branch(), "go on"]);
        assert_eq!(more.session(), done.session());
        let body = server.requests().pop().unwrap().body;
        assert!(body.to_string().contains("I begin"), "{body}");
        assert_eq!(m.ledger()[0]["outcome"], "aborted");
    }
}

#[test]
fn an_interruption_does_not_wait_for_a_server_that_asks_for_patience() {
    let limited = Reply::status(429, "slow down").header("retry-after", "50");
    let m = Machine::new();
    let server = ModelServer::start_blocking(WireFormat::OpenaiChat, vec![limited]);
    m.settings(&server.settings("local"));
    let mut running = m.offshoot(&["run", "--json", "go"]).start();
    running.wait_for("notice");
    let began = Instant::now();
    running.interrupt();
    let done = running.finish();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!((done.code, &done.one("end")["outcome"]), (Some(130), &json!("aborted")));
    server.push(Reply::text("Well."));
    assert_eq!(m.run_well(&["--branch", &done.branch(), "go on"]).session(), done.session());
}

#[test]
fn an_interruption_of_a_command_keeps_what_was_done() {
    for signal in [Signal::INT, Signal::TERM] {
        let (m, server) = with_server(
            vec![Reply::tools(vec![
                (
                    "bash",
                    json!({"command": "echo part > part.txt; sleep 60 & echo $! > pid.txt; wait; echo never > never.txt"}),
                ),
                ("bash", json!({"command": "echo late > late.txt"})),
            ])],
            "",
        );
        let mut running = m.offshoot(&["run", "--json", "go"]).start();
        let worktree = running.wait_for("session")["worktree"].as_str().unwrap().to_owned();
        running.wait_for("tool_call");
        let limit = Instant::now() + Duration::from_secs(30);
        let child = loop {
            let text = fs::read_to_string(format!("{worktree}/pid.txt")).unwrap_or_default();
            if text.ends_with('\n') {
                break text.trim().to_owned();
            }
            assert!(Instant::now() < limit, "the command did not begin");
            std::thread::yield_now();
        };
        let began = Instant::now();
        running.signal(signal);
        let done = running.finish();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(done.code, Some(130), "{}", done.stderr);
        assert_eq!(done.one("end")["outcome"], "aborted");
        assert!(m.is_in(&done.branch(), "part.txt"), "{}", done.stdout);
        assert!(!m.is_in(&done.branch(), "late.txt") && !m.is_in(&done.branch(), "never.txt"));
        let alive = m
            .command("sh", &m.repo)
            .args([
                "-c",
                &format!("kill -0 {child} 2>/dev/null && ! grep -q 'State:.Z' /proc/{child}/status"),
            ])
            .status();
        assert!(!alive.unwrap().success(), "the command's child lives on");

        server.push(Reply::text("Well."));
        m.run_well(&["--branch", &done.branch(), "go on"]);
        assert_eq!(results(&server).len(), 2, "every call has a result");
    }
}
