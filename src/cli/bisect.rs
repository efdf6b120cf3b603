//! `offshoot bisect`: the prompt that broke something. Progress and what the command prints go to standard error.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::args::{AgentArgs, BisectArgs, Common};
use super::blame::credit_json;
use super::output::{self, Tone, toned};
use super::signals::Signals;
use super::{Done, FAILED, INTERRUPTED, Trouble, base, place};
use crate::agent::fit;
use crate::chat::{ErrorClass, sanitise};
use crate::git::session::Credit;
use crate::workbench::bisect::{self, Culprit, Found, Progress, Wanted, no_answer, place_in, tried};
use crate::workbench::blame;
use crate::workbench::words::{count, path_text};

/// Columns of a subject.
const SUBJECT: usize = 60;

pub(super) async fn run(common: &Common, args: &BisectArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let wanted = Wanted {
        command: args.run.clone(),
        session: args.session.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
    };
    if args.reset {
        let forgotten = bisect::forget(&place, &wanted).await?;
        if common.json {
            output::print_json(&json!({ "forgotten": forgotten }));
        } else {
            let searches =
                if forgotten == 1 { "1 search".to_owned() } else { format!("{forgotten} searches") };
            output::note(&format!("{searches} forgotten"));
        }
        return Ok(0);
    }
    let mut signals = Signals::new()?;
    let cancel = CancellationToken::new();
    let is_silent = common.quiet || common.json;
    let mut command = args.run.clone().unwrap_or_default();
    let mut tell = |progress: Progress| {
        if let Progress::Began { command: begun, .. } = &progress {
            command.clone_from(begun);
        }
        if !is_silent {
            output::told(&progress_line(&progress));
        }
    };
    let found = {
        let mut search = std::pin::pin!(bisect::bisect(&place, wanted, &cancel, &mut tell));
        loop {
            tokio::select! {
                found = &mut search => break found,
                () = signals.next() => {
                    // Whoever asks twice does not want to wait; what was found is on disk already.
                    if cancel.is_cancelled() {
                        std::process::exit(i32::from(INTERRUPTED));
                    }
                    cancel.cancel();
                }
            }
        }
    };
    let found = found.map_err(|failure| {
        let code = if failure.class == ErrorClass::Cancelled { INTERRUPTED } else { FAILED };
        Trouble { code, ..Trouble::from(failure) }
    })?;
    if common.json {
        output::print_json(&as_json(&found, &command));
    }
    if let Some((why, hint)) = no_answer(&found, &command) {
        return Err(Trouble::failed(why).hint(hint));
    }
    if !common.json {
        output::print(&as_text(&found, &command));
    }
    Ok(0)
}

fn progress_line(progress: &Progress) -> String {
    match progress {
        Progress::Began { command, commits, known } => {
            let before = if *known > 0 { format!("; {known} known from before") } else { String::new() };
            format!("trying `{}` at {}{before}\n", sanitise(command), count(*commits, "step"))
        }
        Progress::Trying { at, of, commit, subject } => {
            let subject = fit(&sanitise(subject), SUBJECT);
            format!("{}: {} {subject}\n", place_in(*at, *of), commit.get(..10).unwrap_or(commit))
        }
        Progress::Output(text) => sanitise(text).into_owned(),
        Progress::Tried { at, of, told, left } => format!("{}\n", tried(*at, *of, *told, *left)),
    }
}

fn as_text(found: &Found, command: &str) -> String {
    match found {
        Found::Culprit(culprit) => format!(
            "{}\n{}",
            toned(&format!("this broke `{}`:", sanitise(command)), Tone::Strong),
            culprit_text(culprit)
        ),
        Found::Between(all) => {
            let head = format!("one of these broke `{}`; the others cannot be told:", sanitise(command));
            let all: String = all.iter().map(culprit_text).collect();
            format!("{}\n{all}", toned(&head, Tone::Strong))
        }
        _ => String::new(),
    }
}

fn culprit_text(culprit: &Culprit) -> String {
    let mut text = format!("{}\n", toned(&sanitise(&blame::credited(&culprit.credit)), Tone::Good));
    if let Credit::Step(step) = &culprit.credit {
        for line in step.prompt.as_deref().unwrap_or_default().lines() {
            text.push_str(&format!("  > {}\n", sanitise(line)));
        }
        if let Some(route) = step.route.as_ref().filter(|route| !route.reason.is_empty()) {
            text.push_str(&format!("  chosen because: {}\n", sanitise(&route.reason)));
        }
    }
    let stat = &culprit.stat;
    text.push_str(&format!(
        "  {} +{} −{}\n",
        count(stat.files.len(), "file"),
        stat.insertions,
        stat.deletions
    ));
    for file in &stat.files {
        let path = sanitise(&file.path.display().to_string()).into_owned();
        text.push_str(&format!("    {path} +{} −{}\n", file.insertions, file.deletions));
    }
    if let Some(told) = culprit.told {
        text.push_str(&format!("  {}, exit code {}\n", told.verdict.name(), told.exit));
    }
    text
}

fn as_json(found: &Found, command: &str) -> Value {
    let culprit = |culprit: &Culprit| {
        let mut value = credit_json(&culprit.credit);
        let files = culprit.stat.files.iter();
        let files = files.map(
            |file| json!({"path": path_text(&file.path), "insertions": file.insertions, "deletions": file.deletions}),
        );
        value["commit"] = json!(culprit.commit.to_string());
        value["files"] = json!(files.collect::<Vec<_>>());
        value["insertions"] = json!(culprit.stat.insertions);
        value["deletions"] = json!(culprit.stat.deletions);
        value["verdict"] = json!(culprit.told.map(|told| told.verdict.name()));
        value["exit"] = json!(culprit.told.map(|told| told.exit));
        value
    };
    let (result, commits) = match found {
        Found::Culprit(one) => ("found", vec![culprit(one)]),
        Found::Between(all) => ("between", all.iter().map(culprit).collect()),
        Found::StartIsBad { commit, exit } => {
            ("start_is_bad", vec![json!({"commit": commit.to_string(), "exit": exit})])
        }
        Found::EndIsGood { commit } => ("end_is_good", vec![json!({"commit": commit.to_string()})]),
        Found::EndIsSkipped { commit } => ("end_is_skipped", vec![json!({"commit": commit.to_string()})]),
    };
    json!({ "command": command, "result": result, "commits": commits })
}
