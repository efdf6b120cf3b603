//! How things stand: backends, runs, costs, and what is there on the machine.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use offshoot::chat::{ErrorClass, WireFormat};
use offshoot::workbench::state::{self, HealthState};
use serde_json::json;

use super::desk::{Desk, TAB, new, place};
use crate::support::machine::{Machine, say};
use crate::support::model_server::{ModelServer, Reply};

#[tokio::test]
async fn backends_are_told_in_the_routers_order_with_what_was_seen_of_them() {
    let machine = Machine::new();
    machine.script(&[vec![json!({ "error": { "class": "overloaded", "message": "too many", "times": 1 } })]]);
    let settings = std::fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
    machine.settings(&format!(
        "{settings}max_retries = 0\n[backends.paid]\nkind = \"anthropic\"\nmodel = \"m\"\napi_key_env = \"PAID_KEY\"\n"
    ));
    let mut desk = Desk::new(machine);
    let base = desk.workbench.place().base.clone();
    let lines = state::health(&base);
    assert_eq!(lines.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), ["script", "paid"]);
    assert_eq!(
        (lines[0].state, lines[0].local, lines[0].model.as_deref()),
        (HealthState::Unknown, true, Some("player"))
    );
    assert_eq!(lines[1].state, HealthState::Unconfigured);
    assert!(lines[1].missing.as_ref().unwrap().contains("PAID_KEY"));

    desk.open(TAB, new()).await;
    desk.turn("first").await;
    let line = state::health(&base).remove(0);
    assert_eq!((line.state, line.failures), (HealthState::Down, 1));
    let error = line.last_error.as_ref().unwrap();
    assert_eq!((error.class, error.message.as_str()), (ErrorClass::Overloaded, "too many"));
    let tail = state::ledger_tail(&base, 10).await;
    assert_eq!((tail.len(), tail[0].error_class), (1, Some(ErrorClass::Overloaded)));
    let spent = state::spent(&base).await;
    assert_eq!((spent.total.calls, spent.lines.len(), spent.lines[0].backend.as_str()), (1, 1, "script"));
}

#[tokio::test]
async fn what_could_answer_on_this_machine_is_found() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")]]);
    let bin = machine.path("bin");
    std::fs::create_dir(&bin).unwrap();
    for (name, mode) in [("aider", 0o755), ("claude", 0o644)] {
        std::fs::write(bin.join(name), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let variables = [("PATH", bin.to_str().unwrap()), ("OPENAI_API_KEY", "sk-x"), ("GROQ_API_KEY", " ")];
    let base = place(&machine, &variables, false).base;

    let servers = [(); 4].map(|()| ModelServer::start_blocking(WireFormat::OpenaiChat, Vec::new()));
    let list = json!({ "object": "list", "data": [{ "id": "qwen", "owned_by": "vllm" }, { "id": "tiny" }] });
    servers[0].answer_probes(Reply::json(200, list));
    servers[1].answer_probes(Reply::html());
    servers[2].answer_probes(Reply::stall());
    let mut ports: Vec<u16> = servers
        .iter()
        .map(|server| server.url().rsplit(':').next().unwrap().trim_end_matches("/v1").parse().unwrap())
        .collect();
    // Nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    ports.push(closed);
    let found = state::discover_on(&base, &ports, Duration::from_millis(300)).await;
    let told: Vec<_> = found.servers.iter().map(|one| (one.what.as_str(), one.models.len())).collect();
    assert_eq!(told, [("vLLM", 2), ("a model server", 1)]);
    assert_eq!(found.servers[0].url, servers[0].url());
    assert_eq!(
        found.clis.iter().map(|cli| (cli.name.as_str(), cli.path.clone())).collect::<Vec<_>>(),
        [("aider", bin.join("aider"))]
    );
    assert_eq!(found.keys, ["OPENAI_API_KEY"]);
}
