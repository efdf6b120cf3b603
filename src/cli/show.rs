//! `offshoot show`: one step with its prompt, words, tool calls, diff, route and usage.

use serde_json::json;

use super::args::{AgentArgs, Common, ShowArgs};
use super::output::{self, Tone, toned};
use super::{Done, base, place};
use crate::agent::fit;
use crate::chat::sanitise;
use crate::chat::{Entry, EntryKind, Part};
use crate::git::codec::StepKind;
use crate::workbench::history::{self, StepView};
use crate::workbench::words::{count, dollars, path_text};

pub(super) async fn run(common: &Common, args: &ShowArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let step = history::show(&place, &args.rev).await?;
    if common.json {
        output::print_json(&as_json(&step, args.no_diff));
    } else {
        output::print(&as_text(&step, args.no_diff));
    }
    Ok(0)
}

fn as_text(view: &StepView, no_diff: bool) -> String {
    let message = &view.message;
    let stamp = &message.stamp;
    let kind = match stamp.kind {
        StepKind::Step => "step",
        StepKind::Turn => "record",
    };
    let mut text = format!("{} {}\n", toned(&format!("{kind} {}", view.commit), Tone::Good), "");
    text = text.trim_end().to_owned();
    text.push('\n');
    let mut field = |name: &str, value: String| {
        text.push_str(&format!("{} {}\n", toned(&format!("{name:<8}"), Tone::Quiet), sanitise(&value)));
    };
    field("subject", message.subject.clone());
    field("session", format!("{}, turn {}, step {}", stamp.session, stamp.turn, stamp.step));
    if let Some(branch) = &stamp.branch {
        field("branch", branch.clone());
    }
    if let Some(route) = &stamp.route {
        field("route", format!("{}/{} ({})", route.backend, route.model, route.reason));
    }
    let usage = stamp.usage;
    field(
        "usage",
        format!(
            "{} in, {} out, {} cached, {} written to cache, {} reasoning · {}",
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write,
            usage.reasoning,
            dollars(stamp.cost_usd)
        ),
    );
    text.push('\n');
    for entry in &message.entries {
        write_entry(&mut text, entry);
    }
    let stat = &view.stat;
    text.push_str(&format!(
        "{}\n",
        toned(
            &format!("{} +{} -{}", count(stat.files.len(), "file"), stat.insertions, stat.deletions),
            Tone::Strong
        )
    ));
    if !no_diff {
        text.push_str(&sanitise(&view.patch));
    }
    text
}

fn write_entry(text: &mut String, entry: &Entry) {
    let mut says = |who: &str, what: &str| {
        if !what.trim().is_empty() {
            text.push_str(&format!("{}\n{}\n\n", toned(who, Tone::Strong), sanitise(what.trim())));
        }
    };
    match &entry.kind {
        EntryKind::Setup(_) => {}
        EntryKind::Prompt { message, .. } => says(&format!("prompt {}", entry.turn), &message.text()),
        EntryKind::Steer(message) => says("note", &message.text()),
        EntryKind::Summary(message) => says("summary", &message.text()),
        EntryKind::Answer { message, by, .. } => {
            for part in &message.parts {
                match part {
                    Part::Thinking { text, .. } => says("reasoning", &fit_lines(text, 12)),
                    Part::Text(text) => says(&by.backend, text),
                    Part::ToolCall(call) => {
                        says(&format!("call {}", call.name), &fit(&call.input.to_string(), 2000));
                    }
                    Part::ToolResult(_) | Part::Image(_) => {}
                }
            }
        }
        EntryKind::Results(message) => {
            for result in message.tool_results() {
                let failed = if result.is_error { " (failed)" } else { "" };
                says(&format!("result {}{failed}", result.name), &fit_lines(&result.content_text(), 20));
            }
        }
    }
}

/// The first lines, and how many more there are.
fn fit_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    if all.len() <= lines {
        return text.to_owned();
    }
    format!("{}\n… {} more", all[..lines].join("\n"), count(all.len() - lines, "line"))
}

fn as_json(view: &StepView, no_diff: bool) -> serde_json::Value {
    let message = &view.message;
    let stamp = &message.stamp;
    json!({
        "commit": view.commit,
        "kind": match stamp.kind { StepKind::Step => "step", StepKind::Turn => "turn" },
        "subject": message.subject,
        "prompt": message.prompt,
        "summary": message.summary,
        "session": stamp.session,
        "branch": stamp.branch,
        "turn": stamp.turn,
        "step": stamp.step,
        "route": stamp.route.as_ref().map(|route| json!({
            "backend": route.backend, "model": route.model, "reason": route.reason,
        })),
        "usage": stamp.usage,
        "cost_usd": stamp.cost_usd,
        "author": view.author,
        "time": view.time,
        "messages": message.entries.iter().map(history::entry_json).collect::<Vec<_>>(),
        "files": view.stat.files.iter().map(|file| json!({
            "path": path_text(&file.path), "old_path": file.old_path.as_deref().map(path_text),
            "insertions": file.insertions, "deletions": file.deletions, "binary": file.binary,
        })).collect::<Vec<_>>(),
        "insertions": view.stat.insertions,
        "deletions": view.stat.deletions,
        "diff": if no_diff { serde_json::Value::Null } else { view.patch.clone().into() },
    })
}
