//! From what a step says to its message.

use super::{FENCE, OPENING, Origin, StepKind, StepMessage, VERSION, human, key};
use crate::chat::{Line, Usage};
use crate::git::redact::{redact, redact_entry};

impl StepMessage {
    /// The message, ending in a newline. `known` are secrets to mask wherever they stand; common forms
    /// of secrets are masked too.
    pub fn encode(&self, known: &[String]) -> String {
        let mut out = self.first_line(known);
        out.push('\n');
        let prompt = self.prompt.as_ref().map(|text| human::quote(&redact(text, known))).unwrap_or_default();
        let summary = human::summary(&redact(&self.summary, known));
        for part in [prompt, summary] {
            if !part.is_empty() {
                out.push('\n');
                out.push_str(&part);
                out.push('\n');
            }
        }
        if !self.entries.is_empty() {
            out.push_str(&["\n", OPENING, " v", &VERSION.to_string(), "\n"].concat());
            for entry in &self.entries {
                out.push_str(&without_scissors(Line::write(&redact_entry(entry, known))));
                out.push('\n');
            }
            out.push_str(FENCE);
            out.push('\n');
        }
        out.push('\n');
        self.write_trailers(&mut out, known);
        out
    }

    /// The subject as it stands in the message.
    pub fn first_line(&self, known: &[String]) -> String {
        let otherwise = match self.stamp.kind {
            StepKind::Step => format!("Step {}", self.stamp.step),
            StepKind::Turn => format!("Turn {}", self.stamp.turn),
        };
        // Masked before it is shortened: half a secret would pass for none.
        human::subject(&redact(&self.subject, known), &otherwise)
    }

    fn write_trailers(&self, out: &mut String, known: &[String]) {
        let mut write = |key: &str, value: &str| {
            let value = human::one_line(&redact(value, known));
            if !value.is_empty() {
                out.push_str(&[key, ": ", &value, "\n"].concat());
            }
        };
        let stamp = &self.stamp;
        write(key::SESSION, &stamp.session);
        write(key::TURN, &stamp.turn.to_string());
        write(key::STEP, &stamp.step.to_string());
        if !self.entries.is_empty() {
            let last = self.first_index + self.entries.len() - 1;
            write(key::MESSAGES, &format!("{}-{last}", self.first_index));
        }
        if stamp.keyframe {
            write(key::KEYFRAME, "true");
        }
        if stamp.kind == StepKind::Turn {
            write(key::KIND, "turn");
        }
        write(key::BRANCH, stamp.branch.as_deref().unwrap_or_default());
        write(key::TITLE, &human::subject(stamp.title.as_deref().unwrap_or_default(), ""));
        for (key, place) in [(key::FORKED_FROM, &stamp.forked_from), (key::MERGED, &stamp.merged)] {
            if let Some(Origin { commit, session, turn }) = place {
                write(key, &format!("{commit} (session {session}, turn {turn})"));
            }
        }
        write(key::HEAD, stamp.head.as_deref().unwrap_or_default());
        if let Some(route) = &stamp.route {
            write(key::ROUTE, &format!("{}/{} ({})", route.backend, route.model, route.reason));
        }
        write(key::USAGE, &spent(&stamp.usage, stamp.cost_usd));
        write(key::TOTAL, &spent(&stamp.total_usage, stamp.total_cost_usd));
    }
}

pub(super) fn spent(usage: &Usage, cost_usd: Option<f64>) -> String {
    let Usage { input, output, cache_read, cache_write, reasoning } = usage;
    let cost = cost_usd.map_or_else(|| "unpriced".into(), |cost| cost.to_string());
    format!(
        "input={input} output={output} cache_read={cache_read} cache_write={cache_write} reasoning={reasoning} cost_usd={cost}"
    )
}

/// A mail tool told to look for scissors (`mailinfo.scissors`) cuts a message at them, even within
/// JSON. There they can only stand in strings, where an escape says the same.
fn without_scissors(mut line: String) -> String {
    for (scissors, escaped) in
        [(">8", "\\u003e8"), ("8<", "8\\u003c"), (">%", "\\u003e%"), ("%<", "%\\u003c")]
    {
        if line.contains(scissors) {
            line = line.replace(scissors, escaped);
        }
    }
    line
}
