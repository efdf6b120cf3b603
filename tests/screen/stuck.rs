//! A backend that wants to be left alone in the middle of a turn: the user says how to go on.

use offshoot::chat::WireFormat;

use super::user::{IDLE, User, terminal};
use crate::support::machine::Machine;
use crate::support::model_server::{ModelServer, Reply};

fn limited(seconds: &str) -> Reply {
    Reply::status(429, "slow down").header("retry-after", seconds)
}

/// A local server that is limited, and another one that could go on.
fn machine(first: &ModelServer, second: &ModelServer) -> Machine {
    let machine = Machine::new();
    let paid = second.settings("spare").replace("local = true", "local = false");
    machine.settings(&format!(
        "{}max_retries = 0\n{paid}[router]\norder = [\"local\", \"spare\"]\nfallback = \"ask\"\n",
        first.settings("local")
    ));
    machine
}

fn server(replies: Vec<Reply>) -> ModelServer {
    ModelServer::start_blocking(WireFormat::OpenaiChat, replies)
}

#[test]
fn the_next_backend_goes_on_when_the_user_lets_it() {
    let (first, second) = (server(vec![limited("90")]), server(vec![Reply::text("It is done.")]));
    let user = User::with(machine(&first, &second), terminal(), &[]);
    user.say("go");
    user.wait("The agent is stuck");
    user.wait("local cannot answer now  rate_limit");
    user.wait("asked again in 1 min");
    user.wait("f let spare go on");
    assert_eq!((first.requests().len(), second.requests().len()), (1, 0), "nobody is asked unasked");
    user.press("f");
    user.wait("It is done.");
    user.wait(IDLE);
    user.say("/why");
    user.wait("local/test-model  failed: rate_limit");
    user.wait("spare/test-model  answered");
}

#[test]
fn a_turn_that_is_stuck_can_be_stopped_and_the_tab_goes_on() {
    let (first, second) = (server(vec![limited("90"), Reply::text("Back.")]), server(vec![]));
    let user = User::with(machine(&first, &second), terminal(), &[]);
    user.say("go");
    user.wait("s stop");
    user.press("s");
    user.wait("failed");
    user.gone("The agent is stuck");
    user.say("/model local");
    user.wait("local answers in this tab");
    user.turn("again", "Back.");
}

#[test]
fn as_lines_it_is_answered_by_a_letter_or_a_word() {
    for word in ["f", "fall back"] {
        let (first, second) = (server(vec![limited("90")]), server(vec![Reply::text("It is done.")]));
        let machine = machine(&first, &second);
        // Somebody has to be there to be asked.
        let screen = machine.offshoot(&["--plain"]).on(terminal());
        screen.wait("/help lists the commands");
        screen.type_text("go\r");
        screen.wait("local cannot answer now");
        screen.wait("f: let spare go on");
        screen.type_text(&format!("{word}\r"));
        screen.wait("It is done.");
    }
}

#[test]
fn a_key_that_expired_leaves_the_session_usable() {
    let server = server(vec![Reply::text("Hello."), Reply::status(401, "Incorrect API key: expired")]);
    let machine = Machine::new();
    machine.settings(&format!("{}api_key_env = \"LOCAL_KEY\"\nmax_retries = 0\n", server.settings("cloud")));
    let screen = machine.offshoot(&[]).env("LOCAL_KEY", "a-key-that-ends").on(terminal());
    let user = User::seated(machine, screen);
    user.turn("first", "Hello.");
    user.say("second");
    user.wait("check the key in LOCAL_KEY");
    user.wait(IDLE);
    user.say("third");
    user.wait("▌ third");
    user.wait("its key was rejected");
    user.wait(IDLE);
    // It was renewed where it was made.
    server.push(Reply::text("And again."));
    user.say("/health probe");
    user.wait("● cloud");
    user.esc();
    user.gone("● cloud");
    user.turn("fourth", "And again.");
    assert!(!user.recorded().contains("a-key-that-ends"));
}
