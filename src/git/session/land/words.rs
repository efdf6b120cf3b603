//! The words of a landing: a subject in the imperative, and for each turn what was asked and what was done.

use super::Landable;
use super::basis::{Source, stamp_of};
use crate::chat::Usage;
use crate::git::codec::{Landing, frames, people};
use crate::git::session::SessionError;
use crate::git::{CommitData, Repo};

const SUBJECT: usize = 72;
/// Characters of a prompt, and of what a step did.
const PROMPT: usize = 300;
const DEED: usize = 160;
/// Lines that tell of steps.
const DEEDS: usize = 40;
/// What people say before what they want.
const COURTESIES: &[&str] = &[
    "please ",
    "can you ",
    "could you ",
    "would you ",
    "i want you to ",
    "i would like you to ",
    "let's ",
    "now ",
];

/// A step as it is told of.
struct Told {
    turn: Option<u32>,
    prompt: Option<String>,
    deed: String,
}

/// Subject and body for commits that are landed as one.
pub(super) fn words(repo: &Repo, source: &Source, commits: &[Landable]) -> Result<String, SessionError> {
    let mut told = Vec::new();
    for one in commits {
        told.push(tell(&repo.commit(&one.commit)?));
    }
    let title = source.stamp.as_ref().and_then(|stamp| stamp.title.clone());
    let first = told.iter().find_map(|step| step.prompt.clone()).or(title);
    let asked = first.or_else(|| commits.first().map(|one| one.subject.clone())).unwrap_or_default();
    let subject = subject(&asked);
    let mut body: Vec<String> = Vec::new();
    let mut turn = None;
    for step in told.iter().take(DEEDS) {
        if step.turn != turn || turn.is_none() {
            turn = step.turn;
            if let Some(prompt) = &step.prompt {
                let line = short(&one_line(prompt), PROMPT);
                // Of the only turn the subject says it, unless it had to be shortened.
                if imperative(&line) != subject {
                    body.extend((!body.is_empty()).then(String::new));
                    body.push(format!("> {line}"));
                }
            }
        }
        if !step.deed.is_empty() {
            body.push(format!("- {}", step.deed));
        }
    }
    if let Some(more) = told.len().checked_sub(DEEDS).filter(|more| *more > 0) {
        body.push(format!("- and {more} more"));
    }
    Ok(if body.is_empty() { subject } else { format!("{subject}\n\n{}", body.join("\n")) })
}

/// What the trailers of the landing say.
pub(super) fn record(repo: &Repo, source: &Source, commits: &[Landable]) -> Result<Landing, SessionError> {
    let span = |numbers: Vec<u32>| numbers.iter().min().copied().zip(numbers.iter().max().copied());
    let (mut usage, mut cost_usd) = (Usage::default(), Some(0.0));
    for one in commits {
        if let Some(stamp) = stamp_of(&repo.commit(&one.commit)?.message) {
            usage += stamp.usage;
            cost_usd = cost_usd.zip(stamp.cost_usd).map(|(all, one)| all + one);
        }
    }
    Ok(Landing {
        head: source.head.to_string(),
        session: source.stamp.as_ref().map(|stamp| stamp.session.clone()),
        branch: Some(source.name.clone()),
        turns: span(commits.iter().filter_map(|one| one.turn).collect()),
        steps: span(commits.iter().filter_map(|one| one.step).collect()),
        usage,
        cost_usd,
    })
}

/// A subject for a merge.
pub(super) fn merge_subject(name: &str, into: &str, words: &str) -> String {
    let (subject, body) = words.split_once('\n').unwrap_or((words, ""));
    let head = short(&format!("Merge {name} into {into}"), SUBJECT);
    format!("{head}\n\n{subject}\n{body}").trim_end().to_owned()
}

fn tell(commit: &CommitData) -> Told {
    let (subject, quoted, summary) = people(&commit.message);
    let Ok(mut frames) = frames(&commit.message) else {
        return Told { turn: None, prompt: None, deed: subject };
    };
    let Some(frame) = frames.pop() else {
        return Told { turn: None, prompt: None, deed: short(&one_line(&subject), DEED) };
    };
    let turn = frame.stamp.turn;
    let prompt = frame.prompts().into_iter().find(|(number, _)| *number == turn).map(|(_, text)| text);
    let prompt = prompt.or(quoted);
    let said = summary.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("- "));
    // The first step of a turn has the prompt for its subject: what it did, the model said.
    let deed = match (said, &prompt) {
        (Some(said), Some(_)) => said.to_owned(),
        (None, Some(prompt)) if prompt.starts_with(subject.trim_end_matches('…')) => {
            summary.lines().next().unwrap_or_default().trim_start_matches("- ").to_owned()
        }
        _ => subject,
    };
    Told { turn: Some(turn), prompt, deed: short(&one_line(&deed), DEED) }
}

/// What was asked, as the subject of a commit.
pub(super) fn subject(asked: &str) -> String {
    let line = asked.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let subject = short(&imperative(&one_line(line)), SUBJECT);
    if subject.is_empty() { "Land a branch".to_owned() } else { subject }
}

fn imperative(line: &str) -> String {
    let mut rest = line.trim_start_matches(['#', '`', '~', '>', '|', '-', '*', ' ']);
    while let Some(courtesy) = COURTESIES
        .iter()
        .find(|courtesy| rest.get(..courtesy.len()).is_some_and(|start| start.eq_ignore_ascii_case(courtesy)))
    {
        rest = rest[courtesy.len()..].trim_start();
    }
    let rest = rest.trim_end_matches(['.', '!', '?', ' ']);
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Without control characters: what follows cannot begin a line of its own.
pub(super) fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    let kept = match kept.rfind(' ').filter(|&at| at > kept.len() * 2 / 3) {
        Some(space) => &kept[..space],
        None => &kept,
    };
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn what_was_asked_becomes_a_subject() {
        assert_eq!(subject("please could you fix the parser?"), "Fix the parser");
        assert_eq!(subject("\n\n# add tests.\nmore"), "Add tests");
        assert_eq!(subject("ändere das"), "Ändere das");
        assert_eq!(subject(""), "Land a branch");
        assert!(subject(&"word ".repeat(40)).chars().count() <= 72);
    }
}
