//! Looking for words in everything that was ever said.

use std::collections::HashSet;

use crate::agent::Failure;
use crate::chat::{Entry, Message, Part, Role};
use crate::git::Repo;
use crate::git::session;
use crate::workbench::Place;

/// Characters that are shown of a long line.
const SHOWN: usize = 240;

/// Characters of it before what was found.
const BEFORE: usize = 60;

/// A line in which the words stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub session: String,
    pub branch: Option<String>,
    /// The first words of the session.
    pub title: String,
    pub turn: u32,
    /// Who said it.
    pub role: Role,
    /// Of a long line, the part around what was found.
    pub line: String,
    /// When it was said: RFC 3339, UTC.
    pub at: String,
}

/// The lines in which a text stands, in upper or lower case: the session last worked on first, and what was
/// said last in it. What a fork has from another session is told once.
pub async fn search(place: &Place, text: String, limit: usize) -> Result<Vec<Hit>, Failure> {
    place.git(move |repo| find(repo, &text.to_lowercase(), limit)).await
}

fn find(repo: &Repo, wanted: &str, limit: usize) -> Result<Vec<Hit>, Failure> {
    let mut hits = Vec::new();
    if wanted.trim().is_empty() {
        return Ok(hits);
    }
    let mut told: HashSet<(String, String)> = HashSet::new();
    for summary in session::list(repo)? {
        let session = match session::load(repo, Some(&summary.id)) {
            Ok(session) => session,
            Err(error) => {
                tracing::warn!(session = summary.id, %error, "a session was not searched");
                continue;
            }
        };
        for entry in session.conversation.entries().iter().rev() {
            let Some(message) = entry.kind.message() else { continue };
            for line in lines(message).iter().rev().filter_map(|line| excerpt(line, wanted)) {
                if hits.len() == limit {
                    return Ok(hits);
                }
                if told.insert((entry.at.clone(), line.clone())) {
                    hits.push(hit(&summary, entry, message.role, line));
                }
            }
        }
    }
    Ok(hits)
}

fn hit(summary: &session::SessionSummary, entry: &Entry, role: Role, line: String) -> Hit {
    Hit {
        session: summary.id.clone(),
        branch: summary.branch.clone(),
        title: summary.title.clone(),
        turn: entry.turn,
        role,
        line,
        at: entry.at.clone(),
    }
}

/// All that a message says, line by line.
fn lines(message: &Message) -> Vec<String> {
    let texts = message.parts.iter().flat_map(|part| match part {
        Part::Text(text) | Part::Thinking { text, .. } => vec![text.clone()],
        Part::ToolCall(call) => vec![format!("{} {}", call.name, call.input)],
        Part::ToolResult(result) => vec![result.content_text()],
        Part::Image(_) => Vec::new(),
    });
    texts.flat_map(|text| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()).collect()
}

/// The part of a line that shows what was found; `None` when it is not in there.
fn excerpt(line: &str, wanted: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let at = lower.find(wanted)?;
    let length = line.chars().count();
    if length <= SHOWN {
        return Some(line.to_owned());
    }
    // Few letters have another length in lower case: near enough for an excerpt.
    let from = lower[..at].chars().count().saturating_sub(BEFORE).min(length - SHOWN);
    let part: String = line.chars().skip(from).take(SHOWN).collect();
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    Some(format!("{}{part}{}", cut(from > 0), cut(from + SHOWN < length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_shown_around_what_was_found() {
        assert_eq!(excerpt("It is HERE.", "here").as_deref(), Some("It is HERE."));
        assert_eq!(excerpt("nothing", "here"), None);
        let long = format!("{}Needle{}", "a".repeat(500), "b".repeat(500));
        let found = excerpt(&long, "needle").unwrap();
        assert!(found.contains("aNeedleb") && found.starts_with('…') && found.ends_with('…'));
        assert_eq!(found.chars().count(), SHOWN + 2);
        let late = excerpt(&format!("{}Ende", "ä".repeat(500)), "ende").unwrap();
        assert!(late.ends_with("äEnde") && late.starts_with('…'));
    }
}
