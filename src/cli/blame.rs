//! `offshoot blame`: who or what is behind the lines of a file.

use serde_json::{Value, json};

use super::args::{AgentArgs, BlameArgs, Common};
use super::output::{self, Tone, toned};
use super::{Done, base, place};
use crate::chat::sanitise;
use crate::git::Blanks;
use crate::git::session::{Credit, LineCredit};
use crate::workbench::blame::{self, Blamed, Question, Version, headline};
use crate::workbench::words::path_text;

/// Columns of a prompt.
const PROMPT: usize = 90;

pub(super) async fn run(common: &Common, args: &BlameArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let question = Question {
        what: args.file.clone(),
        version: args.rev.clone().map_or(Version::Checkout, Version::Rev),
        blanks: if args.ignore_blanks { Blanks::Ignored } else { Blanks::Count },
    };
    let blamed = blame::blame(&place, question).await?;
    if common.json {
        output::print_json(&as_json(&blamed));
    } else {
        output::print(&as_text(&blamed));
    }
    Ok(0)
}

fn as_text(blamed: &Blamed) -> String {
    let width = blamed.blame.lines.last().map_or(1, |line| line.number.to_string().len());
    let mut text = String::new();
    for block in blamed.blocks() {
        let source = blamed.source(&block);
        text.push_str(&format!("{}\n", toned(&sanitise(&headline(source)), Tone::Good)));
        let prompt = source.filter(|_| block.is_first).and_then(|source| blame::prompt(&source.credit));
        if let Some(prompt) = prompt {
            let prompt = crate::agent::fit(&sanitise(prompt), PROMPT);
            text.push_str(&format!("{}\n", toned(&format!("> {prompt}"), Tone::Strong)));
        }
        for line in &blamed.blame.lines[block.lines] {
            let number = toned(&format!("{:>width$}", line.number), Tone::Quiet);
            text.push_str(&format!("  {number}  {}\n", sanitise(&line.text)));
        }
    }
    text
}

fn as_json(blamed: &Blamed) -> Value {
    let line = |line: &LineCredit| json!({"line": line.number, "text": line.text, "source": line.source});
    let source = |source: &crate::git::session::Source| {
        let mut value = credit_json(&source.credit);
        value["path"] = json!(path_text(&source.path));
        value["landed"] = json!(source.landed.as_ref().map(ToString::to_string));
        value
    };
    json!({
        "file": path_text(&blamed.path),
        "lines": blamed.blame.lines.iter().map(line).collect::<Vec<_>>(),
        "sources": blamed.blame.sources.iter().map(source).collect::<Vec<_>>(),
    })
}

/// What a commit is owed to.
pub(super) fn credit_json(credit: &Credit) -> Value {
    match credit {
        Credit::Step(step) => json!({
            "kind": "step", "commit": step.commit.to_string(), "session": step.session, "branch": step.branch,
            "turn": step.turn, "step": step.step, "prompt": step.prompt, "subject": step.subject,
            "backend": step.route.as_ref().map(|route| &route.backend),
            "model": step.route.as_ref().map(|route| &route.model),
            "reason": step.route.as_ref().map(|route| &route.reason),
            "usage": step.usage, "cost_usd": step.cost_usd, "time": step.time,
        }),
        Credit::Person(person) => json!({
            "kind": "person", "commit": person.commit.to_string(), "author": person.author.name,
            "email": person.author.email, "subject": person.subject, "time": person.time,
        }),
    }
}
