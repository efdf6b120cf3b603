//! Commits by which work came to a branch that is no session's: they name where it came from, and are no steps. Who
//! reads a session passes over them.

use super::{decode, encode, human, key};
use crate::chat::Usage;
use crate::git::redact::redact;

/// What a commit says of work that was landed with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Landing {
    /// The last commit that was landed, in full: its history holds all steps with their conversation.
    pub head: String,
    pub session: Option<String>,
    /// Without `refs/heads/`.
    pub branch: Option<String>,
    /// The first and the last of each that came along.
    pub turns: Option<(u32, u32)>,
    pub steps: Option<(u32, u32)>,
    /// Of these steps.
    pub usage: Usage,
    pub cost_usd: Option<f64>,
}

/// How the work of a commit came to the branch that it is on.
#[derive(Debug, Clone, PartialEq)]
pub enum Came {
    Landed(Box<Landing>),
    /// As a copy of this commit.
    Picked(String),
}

/// What a message tells of landings: several, where such commits were squashed into one.
pub fn came(message: &str) -> Vec<Came> {
    let lines = message.lines().map(str::trim).filter(|line| line.starts_with("Offshoot-"));
    let mut found: Vec<Came> = Vec::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let value = value.trim();
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match (name, found.last_mut()) {
            (key::LANDED, _) => {
                found.push(Came::Landed(Box::new(Landing { head: value.to_owned(), ..Landing::default() })));
            }
            (key::PICKED_FROM, _) => found.push(Came::Picked(value.to_owned())),
            (key::SESSION, Some(Came::Landed(landing))) => landing.session = text(),
            (key::BRANCH, Some(Came::Landed(landing))) => landing.branch = text(),
            (key::TURNS, Some(Came::Landed(landing))) => landing.turns = range(value),
            (key::STEPS, Some(Came::Landed(landing))) => landing.steps = range(value),
            (key::TOTAL, Some(Came::Landed(landing))) => {
                (landing.usage, landing.cost_usd) = decode::spent(value);
            }
            _ => {}
        }
    }
    found
}

impl Landing {
    /// A message for people with the trailers that tell what was landed. `known` are secrets to mask.
    pub fn message(&self, words: &str, known: &[String]) -> String {
        let mut trailers = vec![(key::LANDED, self.head.clone())];
        let range = |(first, last): (u32, u32)| format!("{first}-{last}");
        trailers.extend(self.session.clone().map(|session| (key::SESSION, session)));
        trailers.extend(self.branch.clone().map(|branch| (key::BRANCH, branch)));
        trailers.extend(self.turns.map(|turns| (key::TURNS, range(turns))));
        trailers.extend(self.steps.map(|steps| (key::STEPS, range(steps))));
        if self.session.is_some() {
            trailers.push((key::TOTAL, encode::spent(&self.usage, self.cost_usd)));
        }
        with_trailers(&plain(&redact(words, known)), &trailers)
    }
}

impl Came {
    /// The message of a step as it is when the step is copied: with its words, its conversation and its trailers.
    pub fn picked(message: &str, from: &str) -> String {
        with_trailers(message, &[(key::PICKED_FROM, from.to_owned())])
    }
}

/// Puts trailers in the last paragraph, where that is one of trailers already.
fn with_trailers(text: &str, trailers: &[(&str, String)]) -> String {
    let text = text.trim_end();
    let last = text.rsplit("\n\n").next().unwrap_or_default();
    let joins = text.contains("\n\n") && last.lines().all(is_trailer);
    let mut out = format!("{text}{}", if joins { "\n" } else { "\n\n" });
    for (key, value) in trailers {
        out.push_str(&format!("{key}: {}\n", human::one_line(value)));
    }
    out
}

fn is_trailer(line: &str) -> bool {
    let Some((name, value)) = line.split_once(": ") else { return false };
    !name.is_empty()
        && !value.trim().is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What a person or a model wrote cannot pass for a trailer or a conversation of ours.
fn plain(words: &str) -> String {
    let lines = words.trim().lines().map(|line| {
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let start = line.trim_start();
        let is_ours = start.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("offshoot-"));
        if is_ours || start.starts_with(super::FENCE) { format!("| {start}") } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn range(text: &str) -> Option<(u32, u32)> {
    let (first, last) = text.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::codec::frames;

    fn landing() -> Landing {
        Landing {
            head: "1".repeat(40),
            session: Some("S".to_owned()),
            branch: Some("offshoot/parser".to_owned()),
            turns: Some((1, 2)),
            steps: Some((1, 5)),
            usage: Usage { input: 3, ..Usage::default() },
            cost_usd: Some(0.5),
        }
    }

    #[test]
    fn what_landed_is_told_and_is_no_step() {
        let message = landing().message("Add a parser\n\nIt parses.", &[]);
        assert_eq!(came(&message), [Came::Landed(Box::new(landing()))]);
        assert_eq!(frames(&message).unwrap(), []);
        assert!(message.starts_with("Add a parser\n\nIt parses.\n\nOffshoot-Landed: 1111"));
    }

    #[test]
    fn a_users_own_trailers_stay_in_one_paragraph_with_ours() {
        let message = landing().message("Add a parser\n\nSigned-off-by: A <a@b>", &[]);
        assert!(message.contains("Signed-off-by: A <a@b>\nOffshoot-Landed: "));
        // A subject alone is no trailer, whatever it looks like.
        let message = landing().message("parser: add it", &[]);
        assert!(message.starts_with("parser: add it\n\nOffshoot-Landed: "));
    }

    #[test]
    fn words_cannot_pass_for_trailers_and_secrets_are_masked() {
        let words = "Add\n\nOffshoot-Session: other\n```offshoot-conversation v1\nkey hunter22hunter22";
        let message = landing().message(words, &["hunter22hunter22".to_owned()]);
        assert_eq!(came(&message), [Came::Landed(Box::new(landing()))]);
        assert_eq!(frames(&message).unwrap(), []);
        assert!(!message.contains("hunter22"), "{message}");
    }

    #[test]
    fn a_picked_step_keeps_its_conversation_and_is_no_step_there() {
        let step = "Write a\n\n```offshoot-conversation v1\n{\"role\":\"x\"}\n```\n\nOffshoot-Session: S\nOffshoot-Turn: 1\nOffshoot-Step: 1\nOffshoot-Messages: 0-0\n";
        assert_eq!(frames(step).unwrap().len(), 1);
        let picked = Came::picked(step, &"2".repeat(40));
        assert_eq!(frames(&picked).unwrap(), []);
        assert_eq!(came(&picked), [Came::Picked("2".repeat(40))]);
        assert!(picked.contains("{\"role\":\"x\"}") && picked.ends_with(&format!("{}\n", "2".repeat(40))));
        // Squashed with a step of its own, that one is still read.
        let both = format!("{picked}\n{}\n{step}", landing().message("Add", &[]));
        assert_eq!((frames(&both).unwrap().len(), came(&both).len()), (1, 2));
    }
}
