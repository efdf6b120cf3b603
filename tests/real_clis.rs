//! The real CLIs, installed from their registries and run against a model server on loopback. Nothing here runs by
//! itself: see "The real CLIs" in CONTRIBUTING.md.
#![cfg(unix)]

mod real_clis {
    pub mod clis;
    pub mod install;
    pub mod report;
    pub mod trial;
}
mod support;

use std::path::PathBuf;

use real_clis::clis::{ALL, Cli};
use real_clis::install::Place;
use real_clis::report::{self, Row};
use real_clis::trial;
use support::acting_model;
use support::machine::Machine;

#[test]
#[ignore = "installs and runs other people's programs, for minutes"]
fn the_real_clis_work_in_a_worktree() {
    let place = Place::find();
    let only = std::env::var("OFFSHOOT_REAL_ONLY").ok();
    let chosen = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|one| one.trim() == name));
    let mut rows = Vec::new();
    for (cli, way) in ALL.iter().flat_map(Cli::ways).filter(|(cli, way)| chosen(&way.name(cli))) {
        let name = way.name(cli);
        let found = match place.install(cli) {
            Ok(version) => trial::run(cli, way, &place, version),
            Err(why) => Row::missing(name, why),
        };
        println!("{}", found.line());
        rows.push(found);
    }
    println!("\n{}", report::table(&rows));
    let short: Vec<String> = rows.iter().filter_map(Row::complaint).collect();
    assert!(short.is_empty(), "\n{}", short.join("\n"));
}

#[test]
fn the_acting_model_does_its_tasks_in_every_format() {
    for (kind, path) in
        [("openai-chat", "/v1"), ("openai-responses", "/v1"), ("anthropic", ""), ("gemini", "")]
    {
        let machine = Machine::new();
        let server = acting_model::start(&machine.data());
        let url = server.origin();
        machine.settings(&format!(
            "[backends.it]\nkind = \"{kind}\"\nbase_url = \"{url}{path}\"\nmodel = \"test-model\"\nlocal = true\n"
        ));
        let first = machine.run_well(&["--backend", "it", "create hello.txt containing hi"]);
        let second =
            machine.run_well(&["--backend", "it", "--branch", &first.branch(), "append bye to hello.txt"]);
        assert_eq!(machine.file_at(&second.branch(), "hello.txt"), "hi\nbye", "{kind}: {}", second.stdout);
        let told = acting_model::told(&server.requests());
        assert_eq!(told.iter().map(|told| told.results.len()).collect::<Vec<_>>(), [0, 1, 0, 1], "{kind}");
        assert!(told[2].before > 0 && told[2].tools.contains(&"bash".to_owned()), "{kind}: {told:?}");
    }
}

/// To find out by hand what a program asks of a model, and what it makes of the answers.
#[test]
#[ignore = "serves until its standard input ends"]
fn a_model_to_try_programs_with_by_hand() {
    let worktrees = std::env::var_os("OFFSHOOT_WORKTREES").map_or_else(std::env::temp_dir, PathBuf::from);
    let server = acting_model::start(&worktrees);
    println!("{}", server.origin());
    std::io::stdin().lines().for_each(drop);
    for request in server.received("GET").into_iter().chain(server.requests()) {
        println!(
            "{} {} {:?}",
            request.method,
            request.path,
            acting_model::told(std::slice::from_ref(&request))
        );
    }
}
