use std::fmt::Write as _;

use super::*;
use crate::backends::cli::Resume;
use crate::backends::cli::profile::shipped_names;
use crate::backends::cli::profile::{Permissions, Prompt};
use crate::config::PermissionMode;
use crate::wire::Effort;

fn job(permissions: PermissionMode) -> CliJob {
    CliJob {
        prompt: "do it".into(),
        dir: "/w".into(),
        git: None,
        temporary: "/t".into(),
        model: None,
        effort: None,
        permissions,
        resume: None,
        session: "S".into(),
    }
}

fn line(name: &str, job: &CliJob) -> CommandLine {
    let profile = Profile::load(name).unwrap();
    command_line(&profile, job, Given { more: &["--more".into()], ..given() })
}

fn given() -> Given<'static> {
    Given { home: Path::new("/h"), confined: false, way: PromptWay::Argument, file: None, more: &[] }
}

/// As a person would type it: what is set for this run, then the arguments.
fn typed(line: &CommandLine, always: &CommandLine) -> String {
    let mut typed = String::new();
    for (name, value) in line.env.iter().filter(|variable| !always.env.contains(variable)) {
        write!(typed, "{name}={} ", value.display()).unwrap();
    }
    let quoted = line.args.iter().map(|arg| match arg.to_str().unwrap() {
        arg if arg.contains([' ', '"']) => format!("'{arg}'"),
        arg => arg.to_owned(),
    });
    typed + &quoted.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_shipped_cli_is_started_as_it_wants_to_be() {
    let mut all = String::new();
    for name in shipped_names() {
        let profile = Profile::load(name).unwrap();
        let nothing = Profile { permissions: Permissions::default(), ..profile.clone() };
        let auto = job(PermissionMode::Auto);
        let always = command_line(&nothing, &auto, given());
        let mut add = |what: &str, job: &CliJob| {
            writeln!(all, "{name} {what}: {}", typed(&line(name, job), &always)).unwrap();
        };
        for mode in PermissionMode::ALL {
            add(mode.name(), &job(mode));
        }
        let (model, effort) = (Some("M".to_owned()), Some(Effort::High));
        add("chosen", &CliJob { model: model.clone(), effort, ..auto.clone() });
        add("minimal", &CliJob { effort: Some(Effort::Minimal), ..auto.clone() });
        if profile.resume.is_some() {
            let resume = Some(Resume { id: "ID".into(), counted: None });
            add("resumed", &CliJob { model, effort, resume, ..auto.clone() });
        }
        for mode in PermissionMode::ALL {
            let job = job(mode);
            let confined = command_line(&profile, &job, Given { confined: true, ..given() });
            if confined != command_line(&profile, &job, given()) {
                writeln!(all, "{name} {mode}, confined: {}", typed(&confined, &always)).unwrap();
            }
        }
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn sessions_that_we_name_are_known_by_their_names() {
    let named: Vec<&str> =
        shipped_names().filter(|name| Profile::load(name).unwrap().names_sessions()).collect();
    assert_eq!(named, ["aider", "claude", "gemini", "goose", "gptme", "qwen"]);
}

#[test]
fn variables_of_a_profile_are_set_for_each_run() {
    let line = line("aider", &job(PermissionMode::Auto));
    assert!(line.env.contains(&("AIDER_ANALYTICS".into(), "false".into())), "{line:?}");
}

#[test]
fn a_prompt_that_looks_like_an_option_is_none() {
    let job = CliJob { prompt: "--help\0me".into(), ..job(PermissionMode::Auto) };
    assert_eq!(line("codex", &job).args.last().unwrap(), " --helpme");
}

#[test]
fn a_prompt_that_begins_with_a_slash_is_no_command_of_the_cli() {
    let job = CliJob { prompt: "/tmp is full".into(), ..job(PermissionMode::Auto) };
    assert_eq!(line("codex", &job).args.last().unwrap(), "/tmp is full");
    assert_eq!(line("aider", &job).args.last().unwrap(), " /tmp is full");
    assert_eq!(line("gptme", &job).args.last().unwrap(), "Task: /tmp is full");
}

#[test]
fn a_prompt_too_long_for_a_command_line_goes_another_way() {
    let long = "x".repeat(LONGEST_ARGUMENT + 1);
    let load = |name| Profile::load(name).unwrap();
    assert_eq!(prompt_way(&load("codex"), "x").unwrap(), PromptWay::Argument);
    assert_eq!(prompt_way(&load("codex"), &long).unwrap(), PromptWay::Stdin);
    assert_eq!(prompt_way(&load("aider"), &long).unwrap(), PromptWay::File);
    let none =
        Profile { prompt: Prompt { args: Vec::new(), long: None, before_slash: None }, ..load("codex") };
    assert_eq!(prompt_way(&none, &long).unwrap_err().class, ErrorClass::ContextOverflow);

    let job = CliJob { prompt: long.clone(), ..job(PermissionMode::Auto) };
    let by = |name, way, file| command_line(&load(name), &job, Given { way, file, ..given() });
    let line = by("codex", PromptWay::Stdin, None);
    assert_eq!((line.args.last().unwrap().to_str(), line.stdin), (Some("-"), Some(long)));
    let line = by("aider", PromptWay::File, Some(Path::new("/t/prompt")));
    assert_eq!(line.args[line.args.len() - 2..], ["--message-file", "/t/prompt"]);
    assert_eq!(line.stdin, None);
}

#[test]
fn as_an_agent_a_cli_is_told_neither_its_task_nor_its_session() {
    let line = |name: &str, permissions: PermissionMode| {
        let profile = Profile::load(name).unwrap();
        let acp = profile.acp.clone().unwrap();
        let job = CliJob {
            model: Some("M".into()),
            resume: Some(Resume { id: "ID".into(), counted: None }),
            ..job(permissions)
        };
        let line = agent_line(&profile, &acp, &job, Given { more: &["--more".into()], ..given() });
        typed(
            &line,
            &CommandLine {
                env: line.env.iter().filter(|(name, _)| !name.ends_with("_PERMISSION")).cloned().collect(),
                ..CommandLine::default()
            },
        )
    };
    let auto = PermissionMode::Auto;
    assert_eq!(line("gemini", auto), "--acp -m M --skip-trust --more");
    assert_eq!(line("qwen", auto), "--acp -m M --more");
    assert_eq!(line("opencode", auto), "acp --cwd /w --more");
    assert_eq!(
        line("opencode", PermissionMode::Ask),
        "OPENCODE_PERMISSION={\"edit\":\"ask\",\"bash\":\"ask\",\"webfetch\":\"ask\"} acp --cwd /w --more"
    );
    assert_eq!(line("goose", auto), "acp --with-builtin developer --more");
    assert_eq!(line("cline", auto), "--acp --more");
    assert_eq!(line("droid", auto), "exec --output-format acp --more");
}
