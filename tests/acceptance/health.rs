//! `doctor`, `status` and `runtime`: what they say, what they exit with, and what they leave alone.

use std::collections::BTreeSet;
use std::path::Path;

use offshoot::chat::WireFormat;
use serde_json::{Value, json};

use crate::support::machine::{Machine, say};
use crate::support::model_server::{ModelServer, Reply};

/// A machine with a server at which `health_url` points, and a command that restarts it. `RAN` in it is a file
/// that grows by a letter each time.
fn machine(server: &ModelServer, restart: &str, more: &str) -> Machine {
    let machine = Machine::new();
    let ran = machine.path("ran");
    machine.settings(&format!(
        "[local_runtime]\nhealth_url = \"{}/models\"\nrestart_cmd = '''printf x >> {}; {restart}'''\n\
         restart_timeout_seconds = 1\n{more}\n{}max_retries = 0\n",
        server.url(),
        ran.display(),
        server.settings("local"),
    ));
    machine
}

fn runs(machine: &Machine) -> usize {
    std::fs::read(machine.path("ran")).map_or(0, |text| text.len())
}

fn server() -> ModelServer {
    ModelServer::start_blocking(WireFormat::OpenaiChat, vec![])
}

/// All files below a folder.
fn files(top: &Path, found: &mut BTreeSet<std::path::PathBuf>) {
    for entry in std::fs::read_dir(top).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        }
        found.insert(path);
    }
}

fn doctor(machine: &Machine) -> (Option<i32>, Value) {
    let run = machine.offshoot(&["doctor", "--json"]).finish();
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}")))
}

fn check<'r>(report: &'r Value, id: &str) -> &'r Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {report}"))
}

#[test]
fn looking_restarts_nothing_and_writes_nothing() {
    let server = server();
    server.answer_probes(Reply::json(503, json!({"error": {"message": "loading"}})));
    let machine = machine(&server, "true", "");
    let all = |machine: &Machine| {
        let mut found = BTreeSet::new();
        files(&machine.path(""), &mut found);
        found
    };
    let before = all(&machine);
    for args in
        [&["doctor"][..], &["doctor", "--json"], &["status"], &["status", "--json"], &["runtime", "status"]]
    {
        machine.offshoot(args).env("TERM", "xterm-256color").finish();
    }
    assert_eq!(all(&machine), before);
    assert_eq!(runs(&machine), 0);
    assert!(server.requests().is_empty(), "nobody was asked for an answer");
}

#[test]
fn the_doctor_exits_with_what_it_found_and_reports_as_documented() {
    let server = server();
    let machine = machine(&server, "true", "");
    let (code, report) = doctor(&machine);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["ok"], true);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(&report), names(&["ok", "checks", "backends"]));
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(keys(check), names(&["id", "state", "message", "hint"]));
    }
    let backend = names(&["id", "kind", "local", "state", "latency_ms", "version", "message"]);
    assert_eq!(keys(&report["backends"][0]), backend);
    assert_eq!(check(&report, "runtime")["state"], "ok");
    assert_eq!(check(&report, "restart")["state"], "ok");
    assert_eq!(check(&report, "verify")["state"], "skipped");

    let status = machine.report(&["status"]);
    let all = ["backends", "routes", "failures", "window", "ledger", "sessions"];
    assert_eq!(keys(&status), names(&all));
    assert_eq!(keys(&status["backends"][0]), backend);

    server.answer_probes(Reply::json(500, json!({})));
    let (code, report) = doctor(&machine);
    assert_eq!((code, &report["ok"]), (Some(2), &json!(false)), "{report:#}");
    assert_eq!(check(&report, "runtime")["state"], "warn");
    assert!(check(&report, "runtime")["message"].as_str().unwrap().ends_with("answers 500"), "{report:#}");
    assert!(check(&report, "runtime")["hint"].as_str().unwrap().contains("offshoot runtime restart"));
}

#[test]
fn a_restart_command_whose_program_is_missing_degrades() {
    let server = server();
    let machine = Machine::new();
    machine.settings(&format!(
        "[local_runtime]\nrestart_cmd = \"no-such-server --restart\"\n[verify]\ncommand = \"auto\"\n{}",
        server.settings("local")
    ));
    machine.write("go.mod", "module x\n");
    let (code, report) = doctor(&machine);
    assert_eq!(code, Some(1), "{report:#}");
    assert!(check(&report, "restart")["message"].as_str().unwrap().contains("no program no-such-server"));
    assert_eq!(check(&report, "verify")["message"], "`go test ./...` (go.mod)");
    let text = machine.offshoot(&["doctor"]).finish().stdout;
    assert!(text.contains("warn restart"), "{text}");
}

#[test]
fn the_runtime_is_restarted_on_demand_and_not_twice_in_a_moment() {
    let server = server();
    let machine = machine(&server, "echo started", "");
    let run = machine.offshoot(&["runtime", "restart"]).finish();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("restarted") && run.stdout.contains("up"), "{run:?}");
    let again = machine.offshoot(&["runtime", "restart"]).finish();
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("not again for"), "{again:?}");
    assert!(again.stderr.contains("restart_cooldown_seconds"), "{again:?}");
    assert_eq!(runs(&machine), 1);
    let eager = "LOCAL_RUNTIME__RESTART_COOLDOWN_SECONDS";
    let third =
        machine.offshoot(&["runtime", "restart", "--json"]).env(&format!("OFFSHOOT_{eager}"), "0").finish();
    let report: Value = serde_json::from_str(&third.stdout).unwrap_or_else(|_| panic!("{third:?}"));
    assert_eq!(report["runtime"]["state"], "up");
    assert_eq!(runs(&machine), 2);
}

#[test]
fn a_restart_that_fails_says_which_command_how_and_what_it_printed() {
    let server = server();
    let machine = machine(
        &server,
        "seq 1 100; printf 'no model \\033[31mat $MY_TOKEN' >&2; exit 7",
        "restart_cooldown_seconds = 0",
    );
    let run = machine.offshoot(&["runtime", "restart"]).env("MY_TOKEN", "s3cr3t-s3cr3t").finish();
    assert_eq!(run.code, Some(1), "{run:?}");
    for text in ["failed with exit code 7", "no model", "100", "hint:", "restart_cmd"] {
        assert!(run.stderr.contains(text), "{text}: {run:?}");
    }
    assert!(!run.stderr.contains("s3cr3t") && !run.stderr.contains('\x1b'), "{run:?}");
    assert!(!run.stderr.contains("\n50\n"), "only the end: {run:?}");

    server.answer_probes(Reply::json(503, json!({})));
    let machine = self::machine(&server, "echo loading weights", "");
    let run = machine.offshoot(&["runtime", "restart"]).finish();
    assert_eq!(run.code, Some(1), "{run:?}");
    for text in ["after 1 s", "answers 503", "loading weights", "restart_timeout_seconds"] {
        assert!(run.stderr.contains(text), "{text}: {run:?}");
    }
    let machine = Machine::new();
    machine.script(&[vec![say("x")]]);
    let run = machine.offshoot(&["runtime", "restart"]).finish();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("no command is configured"), "{run:?}");
}

#[test]
fn a_ledger_that_cannot_be_read_is_told_and_the_rest_is_there() {
    let server = server();
    let machine = machine(&server, "true", &format!("[ledger]\nfile_path = \"{}\"", "../folder"));
    std::fs::create_dir_all(machine.path("config/folder")).unwrap();
    let status = machine.offshoot(&["status"]).finish();
    assert_eq!(status.code, Some(0), "{status:?}");
    assert!(status.stderr.contains("cannot read the ledger"), "{status:?}");
    assert!(status.stdout.contains("local"), "{status:?}");
    let (code, report) = doctor(&machine);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(check(&report, "ledger")["state"], "warn");
}
