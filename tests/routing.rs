//! Who answers when somebody cannot or may not: through the program, with model servers on loopback.

mod support;

use offshoot::chat::WireFormat;
use serde_json::{Value, json};
use support::machine::{Finished, Machine};
use support::model_server::{ModelServer, Reply};

/// A local backend `one` and a remote one `two`, in this order, with more settings before them.
struct Pair {
    machine: Machine,
    one: ModelServer,
    two: ModelServer,
}

impl Pair {
    fn new(one: Vec<Reply>, two: Vec<Reply>, more: &str) -> Self {
        let machine = Machine::new();
        let one = ModelServer::start_blocking(WireFormat::OpenaiChat, one);
        let two = ModelServer::start_blocking(WireFormat::Anthropic, two);
        let remote = two.settings("two").replace("local = true", "local = false");
        machine
            .settings(&format!("{more}\n{}max_retries = 0\n{remote}max_retries = 0\n", one.settings("one")));
        Self { machine, one, two }
    }

    fn with_router(one: Vec<Reply>, two: Vec<Reply>, router: &str) -> Self {
        Self::new(one, two, &format!("[router]\norder = [\"one\", \"two\"]\n{router}"))
    }

    fn run(&self, args: &[&str]) -> Finished {
        self.machine.run(args)
    }

    /// Who made attempts in the last turn, and how each ended.
    fn attempts(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.machine
            .ledger()
            .iter()
            .map(|line| {
                let end = if line["error_class"].is_null() { &line["outcome"] } else { &line["error_class"] };
                (text(&line["backend"]), text(end))
            })
            .collect()
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn write(path: &str, content: &str) -> Reply {
    Reply::tool("write", json!({ "path": path, "content": content }))
}

#[test]
fn a_model_that_goes_round_in_circles_hands_over_what_it_did() {
    let circle = || Reply::tool("bash", json!({ "command": "true" }));
    let pair = Pair::with_router(
        vec![write("a", "1\n"), circle(), circle(), circle()],
        vec![write("b", "2\n"), Reply::text("Done.")],
        "",
    );
    let before = pair.machine.fingerprint();
    let run = pair.run(&["make a and b"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    before.assert_same(&pair.machine);
    let fallback = run.one("fallback");
    assert_eq!(
        (&fallback["from"], &fallback["to"], &fallback["error_class"]),
        (&json!("one"), &json!("two"), &json!("tool_loop"))
    );
    let commits = run.commits();
    assert_eq!(commits.len(), 2);
    for (commit, backend) in commits.iter().zip(["one/", "two/"]) {
        let route = pair.machine.trailer(commit, "Offshoot-Route");
        assert!(route.starts_with(backend), "{route}");
    }
    assert!(pair.machine.is_in(&commits[1], "a"), "the same worktree goes on");
    // The second one sees what the first did and said, and is told that it takes over.
    let sent = pair.two.requests()[0].body["messages"].to_string();
    assert!(
        sent.contains("make a and b")
            && sent.contains("\"write\"")
            && sent.contains("worked on this before you"),
        "{sent}"
    );
    assert_eq!(pair.attempts(), pairs(&[("one", "tool_loop"), ("two", "ok")]));
    let tried = &pair.machine.ledger()[1]["tried"];
    assert_eq!((&tried[0]["backend"], &tried[0]["error_class"]), (&json!("one"), &json!("tool_loop")));
}

#[test]
fn a_check_that_keeps_failing_goes_to_the_next_backend() {
    let pair = Pair::new(
        vec![write("a", "bad\n"), Reply::text("Done."), write("a", "worse\n"), Reply::text("Now it is.")],
        vec![write("a", "good\n"), Reply::text("Mended.")],
        "[router]\norder = [\"one\", \"two\"]\nmax_local_retries = 1\n[verify]\ncommand = \"grep -q good a\"\n",
    );
    let run = pair.run(&["make a"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let states: Vec<_> = run.all("verify").iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states, ["failed", "failed", "passed"]);
    assert_eq!(run.one("fallback")["error_class"], "verification");
    assert_eq!(pair.machine.file_at(run.commits().last().unwrap(), "a"), "good");
    assert_eq!(pair.attempts(), pairs(&[("one", "verification"), ("two", "ok")]));
    assert_eq!(pair.machine.ledger()[1]["verify"], "passed");
}

#[test]
fn with_fallback_never_nobody_else_goes_on() {
    let pair = Pair::with_router(
        vec![Reply::status(503, "down")],
        vec![Reply::text("Hi.")],
        "fallback = \"never\"\n",
    );
    let run = pair.run(&["hello"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.all("fallback").is_empty() && pair.two.requests().is_empty());
    assert_eq!(run.one("error")["error_class"], "overloaded");
    assert_eq!(pair.attempts(), pairs(&[("one", "overloaded")]));
}

#[test]
fn with_fallback_ask_and_nobody_there_to_ask_the_turn_ends() {
    let pair =
        Pair::with_router(vec![Reply::status(503, "down")], vec![Reply::text("Hi.")], "fallback = \"ask\"\n");
    let run = pair.run(&["hello"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(pair.two.requests().is_empty(), "nothing is sent anywhere without leave");
    let hint = run.one("error")["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("two") && hint.contains("router.fallback"), "{hint}");
}

#[test]
fn a_named_backend_is_not_left() {
    let pair = Pair::with_router(vec![Reply::status(503, "down")], vec![Reply::text("Hi.")], "");
    let run = pair.run(&["--backend", "one", "hello"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.all("fallback").is_empty() && pair.two.requests().is_empty());
    assert_eq!(pair.one.requests().len(), 1);
}

#[test]
fn a_limit_of_the_users_own_is_no_reason_to_ask_another() {
    let circle = |n: u32| Reply::tool("bash", json!({ "command": format!("echo {n}") }));
    let pair = Pair::new(
        vec![circle(1), circle(2), circle(3)],
        vec![Reply::text("Hi.")],
        "[router]\norder = [\"one\", \"two\"]\n[agent]\nmax_steps = 2\n",
    );
    let run = pair.run(&["hello"]);
    assert_eq!((run.code, run.one("error")["error_class"].as_str()), (Some(1), Some("tool_loop")));
    assert!(pair.two.requests().is_empty());
}

#[test]
fn a_change_counts_as_done_when_another_backend_approves_it() {
    let approve = "I looked.\n\nVERDICT: approve";
    let pair = Pair::new(
        vec![write("a", "1\n"), Reply::text("Done.")],
        vec![Reply::text(approve)],
        "[router]\norder = [\"one\", \"two\"]\n[verify]\nreview = \"two\"\n",
    );
    let run = pair.run(&["make a"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert_eq!(
        (run.one("verify")["state"].clone(), run.one("verify")["command"].clone()),
        (json!("passed"), json!("review by two"))
    );
    let asked = pair.two.requests()[0].body.to_string();
    assert!(asked.contains("make a") && asked.contains("+1"), "the reviewer sees task and diff: {asked}");
    let lines = pair.machine.ledger();
    assert!(
        lines
            .iter()
            .any(|line| line["run_id"].as_str().unwrap().ends_with("-review") && line["backend"] == "two")
    );
    let work = lines.iter().find(|line| line["backend"] == "one").unwrap();
    assert_eq!(work["outcome"], "ok");
}

#[test]
fn what_a_reviewer_rejects_goes_back_and_no_verdict_is_no_approval() {
    let reject = "a:1 says 1 where 2 was asked.\nVERDICT: reject";
    let settings =
        "[router]\norder = [\"one\", \"two\"]\nmax_local_retries = 1\n[verify]\nreview = \"two\"\n";
    let pair = Pair::new(
        vec![write("a", "1\n"), Reply::text("Done."), write("a", "2\n"), Reply::text("Mended.")],
        vec![Reply::text(reject), Reply::text("Good.\nVERDICT: approve")],
        settings,
    );
    let run = pair.run(&["make a say 2"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let sent = pair.one.requests()[2].body["messages"].to_string();
    assert!(sent.contains("a:1 says 1"), "{sent}");
    assert_eq!(pair.machine.file_at(run.commits().last().unwrap(), "a"), "2");

    for reviewer in [Reply::text("Looks good to me."), Reply::status(500, "oops"), Reply::hang_up()] {
        let pair = Pair::new(vec![write("a", "1\n"), Reply::text("Done.")], vec![reviewer], settings);
        let run = pair.run(&["make a"]);
        assert_eq!(run.code, Some(1), "{}", run.stdout);
        assert_eq!(run.one("error")["error_class"], "verification");
        assert_eq!(run.one("verify")["state"], "not_run");
        assert_eq!(run.commits().len(), 1, "the work is kept");
        assert!(run.all("fallback").is_empty(), "the worker is not to blame");
    }
}
