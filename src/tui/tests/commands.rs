//! Every command, with good arguments and with bad ones; and every command by a key.

use std::collections::HashSet;
use std::path::Path;

use super::diffs::{file, shown};
use super::*;
use crate::tui::commands::{Do, Group, TABLE, by_name};
use crate::tui::keys::{Context, Keymap};
use crate::workbench::Queued;
use crate::workbench::review::Range;

/// What comes of a line: what is to be done, what is said in the last line, what is said in the transcript, or
/// which box opens.
fn outcome(studio: &mut Studio, line: &str) -> String {
    studio.did();
    studio.app.toast = None;
    let before = studio.app.tab().transcript.cells().len();
    let (layers, tabs) = (studio.app.layers.len(), studio.app.tabs.len());
    studio.runs(line);
    let did = studio.did();
    let mut told: Vec<String> =
        did.lines().filter(|line| !line.starts_with("remember")).map(str::to_owned).collect();
    if let Some(toast) = &studio.app.toast {
        told.push(format!("~ {}", toast.text));
    }
    if studio.app.tabs.len() > tabs {
        told.push(format!("+ tab {}", studio.app.tab().title));
    } else if studio.app.tabs.len() == tabs && studio.app.tab().transcript.cells().len() > before {
        let transcript = &studio.app.tab().transcript;
        let last = transcript.rows_of(transcript.cells().len() - 1, 200);
        let rows = last.iter().map(|row| row.text().trim().to_owned()).filter(|row| !row.is_empty());
        told.push(rows.collect::<Vec<_>>().join(" | "));
    }
    if studio.app.layers.len() > layers {
        told.push(format!("[{}]", title(studio)));
    }
    let text = studio.app.tab().composer.text();
    if !text.is_empty() {
        told.push(format!("❯ {text}"));
    }
    told.join("; ")
}

fn title(studio: &Studio) -> String {
    use crate::tui::app::layer::Layer;
    match studio.app.layers.last().unwrap() {
        Layer::List(list) => list.picker.title().to_owned(),
        Layer::Text(text) => text.title.clone(),
        Layer::Question(question) => question.title.clone(),
        Layer::Line(line) => line.title.to_owned(),
        Layer::Review(review) => review.title.clone(),
        Layer::Land(landing) => landing.text.title.clone(),
        Layer::Comparison(number) => format!("Comparison {number}"),
        Layer::Asked { .. } => "approval".to_owned(),
    }
}

fn table(make: impl Fn() -> Studio, lines: &[&str]) -> String {
    let row = |line: &&str| format!("/{line}\n    {}", outcome(&mut make(), line).replace('\n', "⏎"));
    lines.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn commands_in_a_tab_that_was_not_used_yet() {
    let lines = [
        "new",
        "new look at it",
        "branch",
        "branch --rev 1",
        "branches",
        "tab",
        "tab 2",
        "close",
        "exit",
        "exit --all",
        "model",
        "model local",
        "model local/llama3",
        "model nobody",
        "model auto",
        "route",
        "route local",
        "route nobody",
        "route auto",
        "role",
        "role debug",
        "role none",
        "role king",
        "permissions",
        "permissions full",
        "permissions sudo",
        "tools",
        "abort",
        "steer",
        "steer look at it",
        "queue",
        "queue drop 1",
        "queue rest",
        "why",
        "why x",
        "verify",
        "verify run",
        "verify make check",
        "verify auto",
        "verify off",
        "budget",
        "budget turn",
        "budget turn 2.5",
        "budget session $5",
        "budget day off",
        "budget week 3",
        "budget day -1",
        "budget day NaN",
        "context",
        "approvals",
        "undo",
        "undo x",
        "undo 0",
        "redo",
        "rewind",
        "rewind 1",
        "resume",
        "resume offshoot/x",
        "log",
        "diff",
        "diff --all",
        "diff a b c",
        "history",
        "search",
        "search depth",
        "export",
        "import",
        "import talk.jsonl",
        "clear",
        "clear --soft",
        "clear --config",
        "clear --config a.md",
        "clear all",
        "copy",
        "copy code",
        "copy cat",
        "errors",
        "verbose",
        "theme",
        "theme moss",
        "theme mss",
        "keys",
        "panel",
        "mouse",
        "vim",
        "help",
        "help undo",
        "help /undo",
        "help undoo",
        "health",
        "health probe",
        "health x",
        "restart",
        "doctor",
        "status",
        "ledger",
        "ledger 5",
        "ledger stats",
        "ledger verify",
        "ledger 0",
        "ledger all",
        "usage",
        "config",
        "config ui.theme",
        "quit",
        "scroll-up",
        "xyzzy",
        "",
    ];
    insta::assert_snapshot!(table(|| Studio::new(120, 40), &lines));
}

#[test]
fn commands_in_a_tab_that_was_worked_in() {
    let make = || {
        let mut studio = finished(120, 40);
        studio.agent().begins("now the docs").says("Done.").ends(EndReason::Done);
        studio
    };
    let lines = [
        "branch",
        "branch try it with a map",
        "branch --rev 2",
        "branch --rev 3",
        "branch --rev 0",
        "branch --rev",
        "branch --rev x",
        "branch --from 9f31c07e",
        "branch --from offshoot/x --rev 2 again",
        "branch --no-worktree why?",
        "branch --now",
        "tab rename",
        "tab rename parser",
        "tab move 1",
        "tab move 2",
        "tab next",
        "tab 1",
        "tab x",
        "close",
        "permissions ask",
        "abort",
        "steer look",
        "undo",
        "undo 2",
        "undo --turn",
        "undo 2 --turn",
        "undo --turns",
        "redo",
        "rewind",
        "rewind 2",
        "rewind 3",
        "resume S1",
        "resume offshoot/fix-the-failing-test",
        "diff",
        "diff --all",
        "diff 1 9f31",
        "diff 9f31",
        "history",
        "history --raw",
        "export",
        "export notes.md",
        "clear",
        "clear --soft",
        "copy",
        "copy answer",
        "copy code",
        "copy all",
        "why",
        "why 1",
        "verify run",
        "context",
    ];
    insta::assert_snapshot!(table(make, &lines));
}

#[test]
fn commands_while_an_agent_works() {
    let make = || {
        let mut studio = at_work(120, 40);
        let queue =
            vec![Queued { id: 7, prompt: "one".to_owned() }, Queued { id: 9, prompt: "two".to_owned() }];
        studio.agent().tells(crate::workbench::EventKind::Queue(queue));
        studio
    };
    let lines = [
        "abort",
        "steer look",
        "queue",
        "queue edit 2",
        "queue drop 1",
        "queue drop 3",
        "queue clear",
        "undo",
        "redo",
        "rewind 1",
        "permissions full",
        "model local",
        "close",
        "exit",
        "exit --all",
    ];
    insta::assert_snapshot!(table(make, &lines));
}

#[test]
fn the_table_has_every_command_once() {
    let all: HashSet<usize> = TABLE.iter().map(|spec| spec.does as usize).collect();
    assert_eq!(all.len(), TABLE.len(), "two rows do the same");
    assert_eq!(all.len(), Do::DialogPageUp as usize + 1, "a command is in no row");
}

#[test]
fn the_shipped_keys_are_bound_to_commands_that_there_are() {
    let known = |name: &str| by_name(name).is_some();
    let keymap = Keymap::load(None, &known).unwrap();
    assert_eq!(keymap.warnings(), []);
    for context in Context::ALL {
        for binding in keymap.bindings(context) {
            let (name, args) = binding.command.split_once(' ').unwrap_or((&binding.command, ""));
            let spec = by_name(name).unwrap();
            assert!(args.is_empty() || !spec.args.is_empty(), "{name} takes no {args}");
        }
    }
}

/// Screens on which a command may have something to do.
fn situations() -> Vec<Box<dyn Fn() -> Studio>> {
    vec![
        Box::new(|| Studio::new(100, 12)),
        Box::new(|| with(Studio::new(100, 12), &["type:hello @par"])),
        Box::new(|| with(Studio::new(100, 12), &["type:/mod"])),
        Box::new(|| finished(100, 12)),
        Box::new(|| with(finished(100, 12), &["ctrl-t"])),
        Box::new(|| at_work(100, 12)),
        Box::new(|| with(at_work(100, 12), &["type:look"])),
        Box::new(|| with(long(), &["pageup", "pageup"])),
        Box::new(reading),
        Box::new(|| with(reading(), &["G"])),
        Box::new(|| with(finished(100, 30), &["esc", "[", "}", "}"])),
        Box::new(|| with(super::panel::full(130, 12), &["alt-p", "tab"])),
        Box::new(reviewing),
        Box::new(|| with(reviewing(), &["G", "l", "l"])),
        Box::new(|| with(reviewing(), &["c", "type:why", "enter"])),
        Box::new(|| with(Studio::new(100, 12), &["ctrl-p", "type:e", "down", "down"])),
        Box::new(|| with(finished(100, 12), &["type:/rewind", "enter"])),
        Box::new(|| with(Studio::new(100, 12), &["f1", "down", "down"])),
        Box::new(asks),
        Box::new(|| with(asks(), &["alt-a", "down"])),
        Box::new(|| with(finished(100, 12), &["ctrl-d"])),
        Box::new(|| super::compare::done(100, 24)),
    ]
}

fn reviewing() -> Studio {
    let mut studio = finished(100, 12);
    let old = numbered(60, |number| format!("line {number} {}\n", "word ".repeat(40)));
    let new = old.replace("line 30 ", "line thirty ").replace("line 50 ", "line fifty ");
    let files = vec![file("a.rs", &old, &new), file("b.rs", "1\n", "2\n")];
    let range = Range::Turn { session: "S1".to_owned(), turn: 1 };
    let tab = studio.app.tab().id;
    studio.loads(Loaded::Diff { tab, title: "turn 1".to_owned(), range, shown: Ok(shown(files)) });
    studio.keys("/").keys("type:line").keys("enter").keys("n").keys("n").keys("n");
    studio
}

fn long() -> Studio {
    let mut studio = finished(100, 12);
    for number in 1..=9 {
        studio.agent().begins(&format!("turn {number}")).says(&"words\n\n".repeat(6)).ends(EndReason::Done);
    }
    studio
}

fn reading() -> Studio {
    let mut studio = long();
    studio.keys("esc").keys("/").keys("type:words").keys("enter").keys("[").keys("[").keys("[").keys("j");
    studio
}

fn asks() -> Studio {
    let mut studio = at_work(100, 12);
    let command = numbered(40, |number| format!("rm {number}\n"));
    studio.agent().asks("c", "bash", json!({ "command": command }), "runs `rm`");
    studio
}

fn with(mut studio: Studio, keys: &[&str]) -> Studio {
    for key in keys {
        studio.keys(key);
    }
    studio
}

#[test]
fn every_command_does_something_by_a_key() {
    let known = |name: &str| by_name(name).is_some();
    let situations = situations();
    let mut idle = Vec::new();
    for spec in TABLE {
        let args = match spec.does {
            Do::Scope => " branch",
            Do::Steer => " look",
            Do::Search => " depth",
            Do::Import => " talk.jsonl",
            _ => "",
        };
        let bindings =
            Context::ALL.map(|context| format!("[{}]\nf12 = \"{}{args}\"\n", context.name(), spec.name));
        let keymap = Keymap::load(Some((Path::new("keys.toml"), &bindings.concat())), &known).unwrap();
        // Where it most likely has something to do.
        let likely = match spec.group {
            Group::Reading => 8,
            Group::Reviewing => 12,
            Group::Choosing => 15,
            _ => 3,
        };
        let does_something = situations.iter().cycle().skip(likely).take(situations.len()).any(|situation| {
            let mut studio = situation();
            studio.app.keymap = keymap.clone();
            studio.frame();
            studio.did();
            let state = |studio: &Studio| {
                (studio.screen(), studio.app.tab().composer.text(), studio.app.panel.cursor)
            };
            let before = state(&studio);
            studio.keys("f12");
            !studio.did().is_empty() || state(&studio) != before
        });
        if !does_something {
            idle.push(spec.name);
        }
    }
    assert!(idle.is_empty(), "these do nothing anywhere: {idle:?}");
}
