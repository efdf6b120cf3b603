//! `offshoot ledger calibrate` and `replay`, on a ledger as runs would have left it.

use serde_json::{Value, json};

use crate::support::machine::Machine;

/// Sixty runs of a local backend: those whose edits fitted passed the check, most others did not.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.settings(LOCAL);
    let lines: String = (0..60)
        .map(|n| {
            let fitted = n % 3 != 0;
            let verify = if fitted || n % 9 == 0 { "passed" } else { "failed" };
            let line = json!({
                "schema": 1, "run_id": format!("s-{n}"), "timestamp": format!("2026-11-20T12:{n:02}:00.000Z"),
                "session": "s", "turn": n, "attempt": 1, "task_class": "change", "task_length": 40,
                "route": "local", "backend": "local", "model": "m", "reason": "local first",
                "signals": {"edits": if fitted { 0.95 } else { 0.4 }, "verification": 1.0}, "outcome": "ok",
                "verify": verify, "usage": {"input": 1000, "output": 100}, "cost_usd": 0, "duration_ms": 10,
            });
            format!("{line}\n")
        })
        .collect();
    std::fs::create_dir_all(machine.state()).unwrap();
    std::fs::write(machine.state().join("run_ledger.jsonl"), lines).unwrap();
    machine
}

const LOCAL: &str = "[backends.local]\nkind = \"openai-chat\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\nlocal = true\n";

#[test]
fn calibrate_sets_predictions_beside_outcomes_and_fits_weights() {
    let machine = machine();
    let weights = machine.state().join("weights.json");
    let shown = machine.report(&["ledger", "calibrate"]);
    assert_eq!((&shown["count"], &shown["is_enough"]), (&json!(60), &json!(true)));
    let bins = shown["bins"].as_array().unwrap();
    assert_eq!(bins.iter().map(|bin| bin["count"].as_u64().unwrap()).sum::<u64>(), 60);
    assert_eq!(shown["expected"][0]["backend"], "local");
    assert!(shown["brier"].as_f64().unwrap() > 0.0);
    assert_eq!(shown["weights"]["weights"]["edits"], 4.0);

    let tried = machine.report(&["ledger", "calibrate", "--refit", "--dry-run"]);
    assert_eq!(tried["refit"]["saved"], false);
    assert!(!weights.exists());
    let fitted = machine.report(&["ledger", "calibrate", "--refit"]);
    assert!(fitted["refit"]["brier"].as_f64() < shown["brier"].as_f64(), "{fitted}");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&weights).unwrap()).unwrap();
    assert_eq!((&kept["version"], &kept["outcomes"]), (&json!(1), &json!(60)));
    assert_eq!(kept["weights"]["edits"], fitted["refit"]["weights"]["edits"]);
    // From now on these hold, and fitting again gives the same.
    let after = machine.report(&["ledger", "calibrate", "--refit", "--dry-run"]);
    assert_eq!(after["weights"]["weights"]["edits"], kept["weights"]["edits"]);
    assert_eq!(after["refit"]["weights"], fitted["refit"]["weights"]);

    let text = machine.offshoot(&["ledger", "calibrate"]).finish();
    assert!(
        text.stdout.contains("Brier score") && text.stdout.contains("changes were good"),
        "{}",
        text.stdout
    );
    std::fs::write(&weights, "{").unwrap();
    let told = machine.offshoot(&["ledger", "calibrate"]).finish();
    assert_eq!(told.code, Some(0));
    assert!(told.stderr.contains("weights.json") && told.stderr.contains("--refit"), "{}", told.stderr);
}

#[test]
fn too_few_outcomes_are_said_so_and_fit_nothing() {
    let machine = Machine::new();
    machine.settings(LOCAL);
    let empty = machine.offshoot(&["ledger", "calibrate"]).finish();
    assert_eq!(empty.code, Some(0), "{}", empty.stderr);
    assert!(empty.stdout.contains("fewer than 50"), "{}", empty.stdout);
    let refit = machine.offshoot(&["ledger", "calibrate", "--refit"]).finish();
    assert_eq!(refit.code, Some(1), "{}", refit.stdout);
    assert!(!machine.state().join("weights.json").exists());
}

#[test]
fn replay_says_what_other_settings_would_have_chosen() {
    let machine = machine();
    let before = std::fs::read(machine.state().join("run_ledger.jsonl")).unwrap();
    let other = machine.path("other.toml");
    let text = format!(
        "{LOCAL}[router]\norder = [\"big\", \"local\"]\n[backends.big]\nkind = \"anthropic\"\nmodel = \"claude-sonnet-4-5\"\n"
    );
    std::fs::write(&other, text).unwrap();
    let found = machine.report(&["ledger", "replay", "--config", other.to_str().unwrap()]);
    assert_eq!(found["same"], 0);
    let change = &found["changes"][0];
    assert_eq!(
        (&change["from"], &change["to"], &change["runs"]),
        (&json!("local"), &json!("big"), &json!(60))
    );
    assert_eq!(change["cost_usd"], 0.0);
    assert!(change["would_cost_usd"].as_f64().unwrap() > 0.0);
    assert_eq!(found["runs"].as_array().unwrap().len(), 60);
    let text = machine.offshoot(&["ledger", "replay", "--config", other.to_str().unwrap()]).finish();
    assert!(text.stdout.contains("local → big: 60 runs"), "{}", text.stdout);
    let none = machine.offshoot(&["ledger", "replay"]).finish();
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("--config FILE"), "{}", none.stderr);
    assert_eq!(std::fs::read(machine.state().join("run_ledger.jsonl")).unwrap(), before);
}
