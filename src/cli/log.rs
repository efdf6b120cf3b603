//! `offshoot log`: the tree of sessions, branches and steps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::args::{AgentArgs, Common, LogArgs};
use super::output::{self, Tone, toned};
use super::{Done, Trouble, base, place};
use crate::agent::fit;
use crate::chat::sanitise;
use crate::git::codec::StepKind;
use crate::git::session::{SessionTree, StepSummary};
use crate::workbench::compare::{Remark, remarks};
use crate::workbench::history::KeptLine;
use crate::workbench::landing::{self, InBranch};
use crate::workbench::words::{count, dollars};
use crate::workbench::{Place, history};

/// What there is to say of sessions besides, by their ids.
struct About {
    landed: HashMap<String, InBranch>,
    remarks: BTreeMap<String, Remark>,
}

impl About {
    async fn read(place: &Arc<Place>) -> Result<Self, Trouble> {
        Ok(Self { landed: landing::of_sessions(place).await?, remarks: remarks(place).await? })
    }

    fn told(&self, session: &str) -> String {
        let landed = self.landed.get(session).map(InBranch::told);
        let remark = self.remarks.get(session).map(Remark::told);
        landed.into_iter().chain(remark).map(|text| format!(" · {}", sanitise(&text))).collect()
    }
}

pub(super) async fn run(common: &Common, args: &LogArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    if args.kept {
        return kept(common, &place, args).await;
    }
    if common.json {
        let trees = trees(&place, args.rev.as_ref(), args.limit).await?;
        let about = About::read(&place).await?;
        output::print_json(&trees.iter().map(|tree| as_json(tree, &about)).collect::<Vec<_>>());
        return Ok(0);
    }
    print(&place, args.rev.as_ref(), args.limit).await?;
    Ok(0)
}

/// The heads that are kept, each with what opens it again.
async fn kept(common: &Common, place: &Place, args: &LogArgs) -> Done {
    let mut lines = history::kept(place).await?;
    if let Some(rev) = &args.rev {
        let (session, _) = history::load(place, Some(rev.clone())).await?;
        lines.retain(|line| line.session == session.id);
    }
    lines.truncate(args.limit);
    if common.json {
        let line = |line: &KeptLine| {
            json!({
                "commit": line.commit, "ref": line.reference, "session": line.session, "branch": line.branch,
                "why": line.why, "subject": line.subject, "at": line.at,
            })
        };
        output::print_json(&lines.iter().map(line).collect::<Vec<_>>());
        return Ok(0);
    }
    if lines.is_empty() {
        output::note("no head is kept: nothing was undone, and no session was closed with unlanded work");
    }
    for line in &lines {
        let short = line.commit.get(..10).unwrap_or(&line.commit);
        let whose = line.branch.as_deref().unwrap_or(&line.session);
        output::print(&format!(
            "{}  {}\n    {}  {}\n",
            toned(&sanitise(&format!("{} of {whose}, {}", line.why, when(line.at))), Tone::Strong),
            fit(&sanitise(&line.subject), 72),
            toned(&format!("offshoot resume {short}"), Tone::Good),
            toned(&line.reference, Tone::Quiet),
        ));
    }
    Ok(0)
}

/// A moment in milliseconds since 1970, as a person reads it, in UTC.
fn when(at: u64) -> String {
    let time = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    time.map(|time| time.strftime("%F %R").to_string()).unwrap_or_default()
}

async fn trees(place: &Place, rev: Option<&String>, limit: usize) -> Result<Vec<SessionTree>, Trouble> {
    let mut trees = history::log(place).await?;
    if let Some(rev) = rev {
        let (session, _) = history::load(place, Some(rev.clone())).await?;
        trees = find(trees, &session.id).into_iter().collect();
    }
    trees.truncate(limit);
    Ok(trees)
}

/// Prints the tree for a person.
pub(super) async fn print(place: &Arc<Place>, rev: Option<&String>, limit: usize) -> Result<(), Trouble> {
    let trees = trees(place, rev, limit).await?;
    if trees.is_empty() {
        output::note("no sessions here yet; start one: offshoot run \"task\"");
    }
    let about = About::read(place).await?;
    let mut text = String::new();
    for tree in &trees {
        write_tree(&mut text, tree, &about, 0);
    }
    output::print(&text);
    Ok(())
}

fn find(trees: Vec<SessionTree>, id: &str) -> Option<SessionTree> {
    trees.into_iter().find_map(|tree| if tree.summary.id == id { Some(tree) } else { find(tree.forks, id) })
}

fn write_tree(text: &mut String, tree: &SessionTree, about: &About, depth: usize) {
    let indent = "  ".repeat(depth);
    let one = &tree.summary;
    let branch = one.branch.as_deref().unwrap_or("(no branch)");
    let mark = if depth > 0 { "└ " } else { "" };
    text.push_str(&format!(
        "{indent}{mark}{}  {}\n",
        toned(branch, Tone::Strong),
        toned(
            &format!(
                "{}{} · {} · {}{}",
                // The branch names a session well enough, where it has one.
                if one.branch.is_some() { String::new() } else { format!("{} · ", one.id) },
                count(one.turns as usize, "turn"),
                count(one.steps as usize, "step"),
                dollars(one.cost_usd),
                about.told(&one.id),
            ),
            Tone::Quiet
        )
    ));
    let mut turn = 0;
    for step in &tree.steps {
        // A prompt stands in a record first and in the next step again.
        for (number, prompt) in step.prompts.iter().filter(|(number, _)| *number > turn) {
            let prompt = prompt.lines().next().unwrap_or_default();
            text.push_str(&format!(
                "{indent}  {} {}\n",
                toned(&format!("[{number}]"), Tone::Quiet),
                fit(&sanitise(prompt), 90)
            ));
        }
        turn = step.prompts.iter().map(|(number, _)| *number).fold(turn, u32::max);
        if step.kind == StepKind::Step {
            write_step(text, step, &indent);
        }
    }
    for fork in &tree.forks {
        write_tree(text, fork, about, depth + 1);
    }
}

fn write_step(text: &mut String, step: &StepSummary, indent: &str) {
    let model = step.route.as_ref().map(|route| {
        if route.model.is_empty() {
            route.backend.clone()
        } else {
            format!("{}/{}", route.backend, route.model)
        }
    });
    text.push_str(&format!(
        "{indent}    {} {}  {}\n",
        toned(step.commit.short(), Tone::Good),
        fit(&sanitise(&step.subject), 72),
        toned(&format!("{} · {}", model.unwrap_or_default(), dollars(step.cost_usd)), Tone::Quiet)
    ));
}

fn as_json(tree: &SessionTree, about: &About) -> Value {
    let one = &tree.summary;
    let remark = about.remarks.get(&one.id).cloned().unwrap_or_default();
    json!({
        "session": one.id,
        "branch": one.branch,
        "title": one.title,
        "archived": remark.is_archived,
        "compared_with": remark.member.map(|member| member.others),
        "turns": one.turns,
        "steps": one.steps,
        "messages": one.messages,
        "tip": one.tip.to_string(),
        "head": one.head.to_string(),
        "updated": one.updated,
        "usage": one.usage,
        "cost_usd": one.cost_usd,
        "landed": about.landed.get(&one.id).map(|landed| json!({
            "into": landed.into, "commit": landed.commit, "since": landed.since,
        })),
        "forked_from": one.forked_from.as_ref().map(|origin| json!({
            "session": origin.session, "commit": origin.commit, "turn": origin.turn,
        })),
        "commits": tree.steps.iter().map(|step| json!({
            "commit": step.commit.to_string(),
            "kind": match step.kind { StepKind::Step => "step", StepKind::Turn => "turn" },
            "turn": step.turn,
            "step": step.step,
            "subject": step.subject,
            "prompt": step.prompt,
            "prompts": step.prompts.iter().map(|(turn, text)| json!({"turn": turn, "text": text})).collect::<Vec<_>>(),
            "backend": step.route.as_ref().map(|route| &route.backend),
            "model": step.route.as_ref().map(|route| &route.model),
            "reason": step.route.as_ref().map(|route| &route.reason),
            "usage": step.usage,
            "cost_usd": step.cost_usd,
            "time": step.time,
        })).collect::<Vec<_>>(),
        "forks": tree.forks.iter().map(|fork| as_json(fork, about)).collect::<Vec<_>>(),
    })
}
