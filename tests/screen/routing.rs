//! Backends that cannot go on, and external CLIs, as they are seen on the screen.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use offshoot::chat::WireFormat;

use super::user::{IDLE, User, terminal};
use crate::support::machine::Machine;
use crate::support::model_server::{ModelServer, Reply};

/// A local backend `one` at its limit and another, `two`.
fn limited(router: &str) -> (User, ModelServer, ModelServer) {
    let machine = Machine::new();
    let busy = || Reply::status(429, "slow down").header("retry-after", "120");
    let one = ModelServer::start_blocking(WireFormat::OpenaiChat, vec![busy(), busy()]);
    let two = ModelServer::start_blocking(WireFormat::Anthropic, vec![Reply::text("I go on.")]);
    machine.settings(&format!(
        "[router]\norder = [\"one\", \"two\"]\n{router}\n{}{}",
        one.settings("one"),
        two.settings("two").replace("local = true", "local = false")
    ));
    (User::with(machine, terminal(), &[]), one, two)
}

#[test]
fn a_rate_limit_gives_a_countdown_and_a_choice() {
    let (user, one, two) = limited("fallback = \"ask\"");
    user.say("hello");
    user.wait("The agent is stuck");
    user.wait("slow down");
    user.wait("w wait");
    user.wait("f let two go on");
    // It counts down by itself.
    user.wait("asked again in 1 min");
    assert!(two.requests().is_empty(), "nothing is sent anywhere without leave");
    user.press("f");
    user.turn_ends("I go on.");
    user.gone("The agent is stuck");
    assert_eq!(one.received("POST").len(), 1);
    let lines = user.machine.ledger();
    assert_eq!((&lines[0]["error_class"], &lines[1]["route"]), (&"rate_limit".into(), &"two".into()));
}

#[test]
fn a_stuck_turn_can_be_stopped_and_the_session_goes_on() {
    let (user, _one, two) = limited("fallback = \"never\"");
    user.say("hello");
    user.wait("nobody else may go on");
    user.press("s");
    user.wait(IDLE);
    assert!(two.requests().is_empty());
    user.say("/model two");
    user.turn("hello again", "I go on.");
}

#[test]
fn an_external_cli_is_seen_like_any_agent() {
    let machine = Machine::new();
    let tool = machine.path("tool");
    let line = |json: &str| format!("printf '%s\\n' '{json}'\n");
    let script = [
        "#!/bin/sh\n".to_owned(),
        line(r#"{"type":"system","subtype":"init","session_id":"n","model":"model-x"}"#),
        line(
            r#"{"type":"assistant","message":{"content":[{"type":"text","text":"I make it."},{"type":"tool_use","id":"t1","name":"Write","input":{"file_path":"a.txt"}}]}}"#,
        ),
        "echo 1 > a.txt\n".to_owned(),
        line(
            r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t1","content":"made it"}]}}"#,
        ),
        line(r#"{"type":"assistant","message":{"content":[{"type":"text","text":"All done."}]}}"#),
        line(
            r#"{"type":"result","subtype":"success","is_error":false,"result":"","stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5}}"#,
        ),
    ];
    fs::write(&tool, script.concat()).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let profile = machine.path("tool.toml");
    let text = format!(
        "program = \"{}\"\ninstall = \"get it\"\ndecoder = \"claude\"\nstart = [\"@prompt\"]\n[prompt]\nargs = [\"{{prompt}}\"]\n",
        tool.display()
    );
    fs::write(&profile, text).unwrap();
    machine.settings(&format!("[backends.tool]\nkind = \"cli\"\nprofile = \"{}\"\n", profile.display()));
    let user = User::with(machine, terminal(), &[]);
    user.turn("make a.txt", "All done.");
    user.wait("I make it.");
    user.wait("Write");
    user.wait("tool/model-x");
    assert_eq!(user.machine.file_at(&user.branch(), "a.txt"), "1");
}
