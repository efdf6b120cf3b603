//! `offshoot review`: the changes of a branch with their hunks; comments that become the session's next
//! prompt; hunks and files taken back, or taken over from elsewhere.

mod asked;
mod listed;

use std::sync::Arc;

use serde_json::json;

use super::args::{Common, ReviewArgs, WhatArgs};
use super::diff::range;
use super::run::{drive, order};
use super::{Done, Trouble, base, output, place};
use crate::agent::Failure;
use crate::workbench::amend::{Amend, Amended, Way};
use crate::workbench::comments::{self, About, Comment};
use crate::workbench::review::{self, Compared, Range};
use crate::workbench::words::count;
use crate::workbench::{Command, EventKind, Place, Start, TabId, Workbench};
use asked::{Remark, picks};

const TAB: TabId = TabId(1);

pub(super) async fn run(common: &Common, args: ReviewArgs) -> Done {
    let remarks = asked::remarks(&args.comment)?;
    let is_amending = !args.revert.is_empty() || !args.take.is_empty();
    match (remarks.is_empty(), is_amending) {
        (false, true) => {
            return Err(Trouble::usage(
                "--comment and --revert or --take are two things",
                "take back first, then send the comments",
            ));
        }
        (true, _) if args.send || args.prompt_only => {
            return Err(Trouble::usage(
                "there are no comments",
                "--comment src/main.rs:12 \"why?\" makes one",
            ));
        }
        (false, _) if !args.send && !args.prompt_only => {
            return Err(Trouble::usage(
                "what shall become of the comments?",
                "--send gives them to the agent as its next prompt, --prompt-only prints that",
            ));
        }
        _ => {}
    }
    let base = base(common, &args.agent)?;
    let place = place(common, &base).await?;
    if is_amending {
        return amend(common, &place, &args).await;
    }
    let compared = review::diff(&place, range(&place, &args.what, None).await?).await?;
    if remarks.is_empty() {
        if common.json {
            output::print_json(&listed::as_json(&compared));
        } else {
            output::print(&listed::as_text(&compared));
        }
        return Ok(0);
    }
    let prompt = comments::prompt(&said(&place, &compared, remarks).await?);
    if args.prompt_only {
        if common.json {
            output::print_json(&json!({ "prompt": prompt }));
        } else {
            output::print(&listed::clean(&prompt));
        }
        return Ok(0);
    }
    let start = Start::Continue { rev: args.what.rev };
    drive(common, place, start, Some(order(&args.agent, prompt))).await
}

/// The comments with the lines that they are about.
async fn said(
    place: &Arc<Place>,
    compared: &Compared,
    remarks: Vec<Remark>,
) -> Result<Vec<Comment>, Failure> {
    let mut comments = Vec::new();
    for Remark { path, lines, text } in remarks {
        let about = match lines {
            None => About::File,
            Some((first, last)) => {
                let quote = review::lines(place, compared.to.clone(), path.clone(), (first, last)).await?;
                About::Lines { first, last, is_old: false, quote }
            }
        };
        comments.push(Comment { path, about, text });
    }
    comments.sort_by_key(|comment| {
        let line = match comment.about {
            About::File => 0,
            About::Lines { first, .. } => first,
        };
        (comment.path.clone(), line)
    });
    Ok(comments)
}

async fn amend(common: &Common, place: &Arc<Place>, args: &ReviewArgs) -> Done {
    let mut amends = Vec::new();
    if !args.revert.is_empty() {
        let range = range(place, &args.what, None).await?;
        amends.push(part(place, Way::Revert, range, &args.revert).await?);
    }
    if !args.take.is_empty() {
        let what = WhatArgs { rev: args.from.clone(), ..args.what.clone() };
        let range = match (&what.step, what.turn) {
            (None, None) => Range::Whole(args.from.clone()),
            _ => range(place, &what, None).await?,
        };
        amends.push(part(place, Way::Take, range, &args.take).await?);
    }
    carry_out(common, place, args.what.rev.clone(), amends).await
}

async fn part(place: &Arc<Place>, way: Way, range: Range, words: &[String]) -> Result<Amend, Trouble> {
    let compared = review::diff(place, range).await?;
    let picks = picks(&compared, words)?;
    Ok(Amend { way, from: compared.from, to: compared.to, picks, about: compared.title })
}

/// Opens the session, has it amended, and closes it.
async fn carry_out(common: &Common, place: &Arc<Place>, rev: Option<String>, amends: Vec<Amend>) -> Done {
    let (workbench, mut events) = Workbench::new(place.clone());
    workbench.send(Command::Open { tab: TAB, start: Start::Continue { rev }, permissions: None }).await;
    let mut waiting = amends.into_iter().map(|amend| Command::Amend { tab: TAB, amend });
    let mut branch = String::new();
    let mut failed = None;
    while let Some(event) = events.recv().await {
        match event.kind {
            EventKind::Opened(opened) => branch = opened.branch,
            EventKind::Amended(amended) => tell(common, &branch, &amended),
            EventKind::Failed(failure) if event.session.is_empty() => return Err(failure.into()),
            EventKind::Failed(failure) => failed = Some(failure),
            EventKind::Closed => break,
            _ => continue,
        }
        let next = if failed.is_some() { None } else { waiting.next() };
        workbench.send(next.unwrap_or(Command::Close { tab: TAB })).await;
    }
    failed.map_or(Ok(0), |failure| Err(failure.into()))
}

fn tell(common: &Common, branch: &str, amended: &Amended) {
    let Amended { commit, subject, stat, .. } = amended;
    if common.json {
        output::print_json(&json!({
            "branch": branch, "commit": commit, "subject": subject,
            "files": stat.files, "insertions": stat.insertions, "deletions": stat.deletions,
        }));
        return;
    }
    output::print(&listed::clean(&format!(
        "{branch}: {subject}, commit {} ({}, +{} -{})\n",
        commit.get(..10).unwrap_or(commit),
        count(stat.files, "file"),
        stat.insertions,
        stat.deletions
    )));
}
