//! From a message to what the step said. Tolerant of indentation, of several blocks in one message, and
//! of trailers that others added.

use std::ops::Range;

use super::{CodecError, FENCE, OPENING, Origin, Route, Stamp, StepKind, StepMessage, VERSION, key};
use crate::chat::{Entry, EntryKind, Line, Usage};

/// One conversation block of a message with its trailers; the lines are not parsed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame<'a> {
    pub stamp: Stamp,
    /// Indices in the session's conversation; empty where the commit carries nothing.
    pub messages: Range<usize>,
    lines: Vec<&'a str>,
}

/// The blocks of a message, in the order of the conversation. None in a commit of someone else.
///
/// # Errors
/// When a block is of another version, cut, or does not hold what its trailers say.
pub fn frames(message: &str) -> Result<Vec<Frame<'_>>, CodecError> {
    let mut frames = Vec::new();
    let mut lines = message.split('\n').map(str::trim);
    let mut open: Option<Vec<&str>> = None;
    let mut trailers: Vec<(&str, &str)> = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(version) = line.strip_prefix(OPENING) {
            finish(&mut frames, open.take(), &trailers)?;
            trailers.clear();
            open = Some(block(version, &mut lines)?);
        } else if let Some((name, value)) = line.split_once(": ").filter(|_| line.starts_with("Offshoot-")) {
            // A second session without a block between them: two commits squashed into one.
            let is_second = name == key::SESSION && open.is_none() && find(&trailers, key::SESSION).is_some();
            if is_second || name == key::LANDED {
                finish(&mut frames, open.take(), &trailers)?;
                trailers.clear();
            }
            trailers.push((name, value.trim()));
        }
    }
    finish(&mut frames, open, &trailers)?;
    frames.sort_by_key(|frame: &Frame<'_>| frame.messages.start);
    Ok(frames)
}

impl Frame<'_> {
    /// # Errors
    /// When a line is not the JSON of an entry.
    pub fn entries(&self) -> Result<Vec<Entry>, CodecError> {
        (0..self.lines.len()).map(|at| self.entry(at)).collect()
    }

    /// The turns that begin in this block, with the user's words. Only their lines are parsed.
    pub fn prompts(&self) -> Vec<(u32, String)> {
        let users = self.lines.iter().filter(|line| line.starts_with(r#"{"role":"user","#));
        users
            .filter_map(|line| {
                let entry = Line::parse(line).ok()?;
                match entry.kind {
                    EntryKind::Prompt { message, .. } => Some((entry.turn, message.text())),
                    _ => None,
                }
            })
            .collect()
    }

    /// The entry at `at`, counted from the first of this block.
    pub(in crate::git) fn entry(&self, at: usize) -> Result<Entry, CodecError> {
        Line::parse(self.lines[at]).map_err(|source| CodecError::Entry { at: at + 1, source })
    }
}

impl StepMessage {
    /// What the message says; of several blocks, the last. `None` for a commit of someone else. The lines
    /// for people come back as they were written, quotation marks taken off.
    ///
    /// # Errors
    /// As [`frames`], and when a line is not the JSON of an entry.
    pub fn decode(message: &str) -> Result<Option<Self>, CodecError> {
        let Some(frame) = frames(message)?.pop() else { return Ok(None) };
        let (subject, prompt, summary) = people(message);
        let entries = frame.entries()?;
        Ok(Some(Self {
            subject,
            prompt,
            summary,
            first_index: frame.messages.start,
            entries,
            stamp: frame.stamp,
        }))
    }
}

/// The subject, the quoted prompt and the summary.
pub(in crate::git) fn people(message: &str) -> (String, Option<String>, String) {
    let mut lines = message.split('\n').map(str::trim_end).skip_while(|line| line.is_empty());
    let subject = lines.next().unwrap_or_default().trim_start().to_owned();
    let mut prompt: Vec<&str> = Vec::new();
    let mut summary: Vec<&str> = Vec::new();
    for line in lines {
        let text = line.trim_start();
        if text.starts_with(OPENING) || text.starts_with("Offshoot-") {
            break;
        }
        match text.strip_prefix('>') {
            Some(quoted) if summary.iter().all(|line| line.is_empty()) => {
                prompt.push(quoted.strip_prefix(' ').unwrap_or(quoted));
            }
            _ => summary.push(line),
        }
    }
    let prompt = (!prompt.is_empty()).then(|| prompt.join("\n"));
    (subject, prompt, summary.join("\n").trim().to_owned())
}

fn block<'a>(version: &str, lines: &mut impl Iterator<Item = &'a str>) -> Result<Vec<&'a str>, CodecError> {
    let version = version.trim();
    if version.strip_prefix('v').and_then(|n| n.parse().ok()) != Some(VERSION) {
        return Err(CodecError::Version { found: version.into() });
    }
    let mut block = Vec::new();
    for line in lines {
        match line {
            FENCE => return Ok(block),
            "" => {}
            line if line.starts_with('{') => block.push(line),
            _ => return Err(CodecError::Stray { at: block.len() + 1 }),
        }
    }
    Err(CodecError::Torn)
}

fn finish<'a>(
    frames: &mut Vec<Frame<'a>>,
    block: Option<Vec<&'a str>>,
    trailers: &[(&str, &str)],
) -> Result<(), CodecError> {
    // What came here from another branch is no step of the session that it tells of.
    if find(trailers, key::LANDED).or(find(trailers, key::PICKED_FROM)).is_some() {
        return Ok(());
    }
    let is_ours = find(trailers, key::SESSION).is_some();
    let lines = match block {
        Some(lines) => lines,
        None if is_ours => Vec::new(),
        None => return Ok(()),
    };
    let messages = match find(trailers, key::MESSAGES) {
        Some(value) => range(value).ok_or_else(|| refuse(key::MESSAGES, value))?,
        None if lines.is_empty() => 0..0,
        None => return Err(CodecError::Missing { key: key::MESSAGES }),
    };
    if messages.len() != lines.len() {
        return Err(CodecError::Count { found: lines.len(), claimed: messages.len() });
    }
    frames.push(Frame { stamp: stamp(trailers)?, messages, lines });
    Ok(())
}

fn stamp(trailers: &[(&str, &str)]) -> Result<Stamp, CodecError> {
    let required = |key| find(trailers, key).ok_or(CodecError::Missing { key });
    let number = |key| {
        let value = required(key)?;
        value.parse().map_err(|_| refuse(key, value))
    };
    let text = |key| find(trailers, key).map(str::to_owned);
    let (usage, cost_usd) = find(trailers, key::USAGE).map(spent).unwrap_or_default();
    let (total_usage, total_cost_usd) = find(trailers, key::TOTAL).map(spent).unwrap_or_default();
    Ok(Stamp {
        session: required(key::SESSION)?.to_owned(),
        turn: number(key::TURN)?,
        step: number(key::STEP)?,
        kind: if find(trailers, key::KIND) == Some("turn") { StepKind::Turn } else { StepKind::Step },
        keyframe: find(trailers, key::KEYFRAME) == Some("true"),
        branch: text(key::BRANCH),
        title: text(key::TITLE),
        forked_from: find(trailers, key::FORKED_FROM).map(origin),
        merged: find(trailers, key::MERGED).map(origin),
        head: text(key::HEAD),
        route: find(trailers, key::ROUTE).map(route),
        usage,
        cost_usd,
        total_usage,
        total_cost_usd,
    })
}

/// The last one wins.
fn find<'a>(trailers: &[(&str, &'a str)], key: &str) -> Option<&'a str> {
    trailers.iter().rev().find(|(name, _)| *name == key).map(|(_, value)| *value)
}

fn refuse(key: &'static str, value: &str) -> CodecError {
    CodecError::Trailer { key, value: value.into() }
}

fn range(text: &str) -> Option<Range<usize>> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..last + 1)
}

fn route(text: &str) -> Route {
    let (who, reason) = text.split_once(" (").unwrap_or((text, ""));
    let (backend, model) = who.split_once('/').unwrap_or((who, ""));
    let reason = reason.strip_suffix(')').unwrap_or(reason);
    Route { backend: backend.into(), model: model.into(), reason: reason.into() }
}

fn origin(text: &str) -> Origin {
    let (commit, rest) = text.split_once(" (session ").unwrap_or((text, ""));
    let (session, turn) = rest.trim_end_matches(')').split_once(", turn ").unwrap_or((rest, ""));
    Origin { commit: commit.into(), session: session.into(), turn: turn.parse().unwrap_or_default() }
}

pub(super) fn spent(text: &str) -> (Usage, Option<f64>) {
    let value = |key: &str| text.split(' ').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    let count = |key: &str| value(key).and_then(|n| n.parse().ok()).unwrap_or_default();
    let usage = Usage {
        input: count("input"),
        output: count("output"),
        cache_read: count("cache_read"),
        cache_write: count("cache_write"),
        reasoning: count("reasoning"),
    };
    (usage, value("cost_usd").and_then(|cost| cost.parse().ok()))
}
