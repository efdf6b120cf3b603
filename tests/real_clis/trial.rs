//! One CLI on a machine of its own: a turn, a second one that goes on, and one that may only read.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::clis::{Cli, Shows, Way};
use super::install::Place;
use super::report::{Answer, Row};
use crate::support::acting_model::{self, AFTER, Told, USAGE};
use crate::support::machine::{Finished, Machine};
use crate::support::model_server::ModelServer;

/// It looks like no provider's key, so that only knowing it helps to strike it out.
pub const KEY: &str = "steinmetz-3390-huflattich";

/// Where offshoot finds it.
const KEY_VARIABLE: &str = "MODEL_KEY";

const CREATE: &str = "create hello.txt containing hi";
/// What begins with a slash is a command to some.
const APPEND: &str = "/tmp is not meant: append bye to hello.txt";
const FORBIDDEN: &str = "create forbidden.txt containing hi";

struct Trial<'a> {
    cli: &'a Cli,
    way: Way,
    path: String,
    machine: Machine,
    server: ModelServer,
}

pub fn run(cli: &Cli, way: Way, place: &Place, version: String) -> Row {
    let machine = Machine::new();
    let server = acting_model::start(&machine.data());
    let path = format!("{}:{}", place.bin().display(), std::env::var("PATH").unwrap());
    let trial = Trial { cli, way, path, machine, server };
    trial.set_up();
    let began = Instant::now();
    let answers = trial.answers();
    Row::new(way.name(cli), version, answers, began.elapsed().as_secs())
}

impl Trial<'_> {
    fn set_up(&self) {
        let (cli, url) = (self.cli, self.server.origin());
        (cli.settings)(&self.machine, &url);
        let env = |(name, value): &(&str, &str)| {
            let value = if *value == "KEY" { format!("${KEY_VARIABLE}") } else { value.replace("URL", &url) };
            ((*name).to_owned(), Value::from(value))
        };
        let kind = match self.way {
            Way::Headless => "cli",
            Way::Acp => "acp",
        };
        let backend = json!({
            "kind": kind, "profile": cli.name, "model": cli.model, "args": cli.args,
            "env": cli.env.iter().map(env).collect::<serde_json::Map<_, _>>(),
        });
        let settings = json!({"router": {"order": ["it"], "fallback": "never"}, "backends": {"it": backend}});
        self.machine.settings(&toml::to_string(&settings).unwrap());
    }

    fn answers(&self) -> Vec<(&'static str, Answer)> {
        let print = self.machine.fingerprint();
        let (first, first_told) = self.turn(&["--permissions", "auto", CREATE]);
        let mut answers = vec![("file", self.file(&first, "hi\n"))];
        answers.push(("commit", self.commit(&first, CREATE)));
        answers.push(("text", Self::text(&first)));
        answers.push(("calls", self.calls(&first)));
        answers.push(("usage", self.usage(&first)));
        let branch = branch(&first).unwrap_or_else(|| "none".to_owned());
        let (second, second_told) = self.turn(&["--permissions", "auto", "--branch", &branch, APPEND]);
        answers.push(("second turn", self.file(&second, "hi\nbye\n")));
        answers.push(("resumed", self.resumed(&first_told, &second_told)));
        // What begins with a dash is an option to most.
        let dashed = format!("- {FORBIDDEN}");
        let (third, _) = self.turn(&["--permissions", "read-only", "--", &dashed]);
        answers.push(("read-only", self.read_only(&third)));
        answers.push((
            "checkout",
            match catch_unwind(AssertUnwindSafe(|| print.assert_same(&self.machine))) {
                Ok(()) => Answer::Yes,
                Err(panic) => Answer::No(panic.downcast_ref::<String>().cloned().unwrap_or_default()),
            },
        ));
        answers.push(("key kept", self.key_kept()));
        answers.push(("ended", self.ended()));
        answers
    }

    /// A run, and what the model was asked for in it.
    fn turn(&self, args: &[&str]) -> (Finished, Vec<Told>) {
        let before = self.server.requests().len();
        let args = [&["run", "--json", "--backend", "it"], args].concat();
        let finished = self.machine.offshoot(&args).env("PATH", &self.path).env(KEY_VARIABLE, KEY).finish();
        let told = acting_model::told(&self.server.requests()[before..]);
        if std::env::var_os("OFFSHOOT_REAL_VERBOSE").is_some() {
            println!("{args:?}\n{}\n{}\n{told:?}", finished.stdout, finished.stderr);
        }
        (finished, told)
    }

    fn file(&self, turn: &Finished, content: &str) -> Answer {
        let Some(branch) = branch(turn) else { return Answer::No(all_of(turn)) };
        let found = self
            .machine
            .command("git", &self.machine.repo)
            .args(["show", &format!("{branch}:hello.txt")])
            .output();
        let found = String::from_utf8_lossy(&found.unwrap().stdout).into_owned();
        let one_of_ours = !Self::commits(turn).is_empty();
        Answer::of(turn.code == Some(0) && found == content && one_of_ours, || {
            format!("{found:?}\n{}", all_of(turn))
        })
    }

    /// The step has the prompt and the answer in its message, and nothing but the file.
    fn commit(&self, turn: &Finished, prompt: &str) -> Answer {
        let commits = Self::commits(turn);
        let told: String =
            commits.iter().map(|commit| self.machine.git(&["log", "-1", "--format=%B", commit])).collect();
        let files: Vec<String> = commits
            .iter()
            .map(|commit| self.machine.git(&["show", "--format=", "--name-only", commit]))
            .collect();
        let is_whole = told.contains(prompt) && told.contains("Offshoot-Route") && files == ["hello.txt"];
        Answer::of(is_whole, || format!("{files:?}\n{told}"))
    }

    fn text(turn: &Finished) -> Answer {
        let text: String = all(turn, "text").iter().filter_map(|event| event["text"].as_str()).collect();
        Answer::of(text.contains(AFTER), || format!("{text:?}"))
    }

    /// Each call has a result.
    fn calls(&self, turn: &Finished) -> Answer {
        if self.cli.shows == Shows::Text {
            return Answer::Spared;
        }
        let (calls, results) = (all(turn, "tool_call"), all(turn, "tool_result"));
        let is_whole = !calls.is_empty()
            && calls.iter().all(|call| {
                results.iter().any(|result| result["id"] == call["id"] && result["is_error"] == false)
            });
        Answer::of(is_whole, || format!("{calls:?} {results:?}"))
    }

    /// As many tokens as there were answers. The protocol has no place for the usage of a whole turn: what some say
    /// there is just shown.
    fn usage(&self, turn: &Finished) -> Answer {
        if self.cli.shows == Shows::Text {
            return Answer::Spared;
        }
        let all = all(turn, "usage");
        let sum = |key: &str| all.iter().filter_map(|event| event[key].as_u64()).sum::<u64>();
        let (input, cached, output) = (sum("input"), sum("cache_read"), sum("output"));
        let answers = output / USAGE.2;
        let is_right = answers >= 2
            && (input, cached, output)
                == ((USAGE.0 - USAGE.1) * answers, USAGE.1 * answers, USAGE.2 * answers);
        let figures = format!("{input}+{cached}/{output}/{}", sum("reasoning"));
        match self.way {
            Way::Acp if all.is_empty() => Answer::Spared,
            Way::Headless if !is_right => Answer::No(format!("{figures} in {all:?}")),
            Way::Acp | Way::Headless => Answer::Just(figures),
        }
    }

    /// The model saw its own earlier words as such.
    fn resumed(&self, first: &[Told], second: &[Told]) -> Answer {
        if !self.cli.goes_on(self.way) {
            return Answer::Spared;
        }
        let before =
            |told: &[Told]| told.iter().filter(|told| !told.tools.is_empty()).map(|told| told.before).min();
        let before = |told: &[Told]| before(told).or_else(|| told.iter().map(|told| told.before).max());
        Answer::of(before(second) > before(first), || format!("{first:?}\n{second:?}"))
    }

    /// The model was asked, and nothing came of it.
    fn read_only(&self, turn: &Finished) -> Answer {
        let asked = acting_model::told(&self.server.requests()).iter().any(|told| told.task == FORBIDDEN);
        let written =
            worktree(turn).is_none_or(|worktree| Path::new(&worktree).join("forbidden.txt").exists());
        let committed = Self::commits(turn).iter().any(|commit| self.machine.is_in(commit, "forbidden.txt"));
        Answer::of(asked && !written && !committed, || all_of(turn))
    }

    /// The key is in nothing that offshoot wrote.
    fn key_kept(&self) -> Answer {
        let mut found = Vec::new();
        for dir in [self.machine.data(), self.machine.state()] {
            holding(&dir, &mut found);
        }
        let log = self.machine.git(&["log", "--all", "-p", "--format=%B"]);
        Answer::of(found.is_empty() && !log.contains(KEY), || format!("in {found:?}"))
    }

    /// No process is left that works on this machine.
    fn ended(&self) -> Answer {
        let root = self.machine.path("");
        let mut left = Vec::new();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let cwd = fs::read_link(process.path().join("cwd")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            if words.contains(&*root.to_string_lossy()) || cwd.starts_with(&root) {
                left.push(words);
            }
        }
        Answer::of(left.is_empty(), || left.join("\n"))
    }

    fn commits(turn: &Finished) -> Vec<String> {
        all(turn, "step").iter().filter_map(|step| step["commit"].as_str().map(str::to_owned)).collect()
    }
}

/// The events of a type; what is none is left out.
fn all(turn: &Finished, kind: &str) -> Vec<Value> {
    let events = turn.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.filter(|event| event["type"] == kind).collect()
}

fn branch(turn: &Finished) -> Option<String> {
    all(turn, "session").first()?["branch"].as_str().map(str::to_owned)
}

fn worktree(turn: &Finished) -> Option<String> {
    all(turn, "session").first()?["worktree"].as_str().map(str::to_owned)
}

fn all_of(turn: &Finished) -> String {
    format!("ended with {:?}\n{}\n{}", turn.code, turn.stdout, turn.stderr)
}

/// The files below a folder that hold the key.
fn holding(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            holding(&path, found);
        } else if fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()))
        {
            found.push(path);
        }
    }
}
