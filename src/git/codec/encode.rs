//! From what a step says to its message.

use super::{FENCE, OPENING, Stamp, StepKind, StepMessage, VERSION, human, key};
use crate::chat::Line;
use crate::git::redact::{redact, redact_entry};

impl StepMessage {
    /// The message, ending in a newline. `known` are secrets to mask wherever they stand; common forms
    /// of secrets are masked too.
    pub fn encode(&self, known: &[String]) -> String {
        let otherwise = match self.stamp.kind {
            StepKind::Step => format!("Step {}", self.stamp.step),
            StepKind::Turn => format!("Turn {}", self.stamp.turn),
        };
        // Masked before it is shortened: half a secret would pass for none.
        let mut out = human::subject(&redact(&self.subject, known), &otherwise);
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

    fn write_trailers(&self, out: &mut String, known: &[String]) {
        let mut write = |key: &str, value: &str| {
            let value = human::one_line(&redact(value, known));
            if !value.is_empty() {
                out.push_str(&[key, ": ", &value, "\n"].concat());
            }
        };
        let Stamp { session, turn, step, kind, keyframe, branch, forked_from, route, usage, cost_usd } =
            &self.stamp;
        write(key::SESSION, session);
        write(key::TURN, &turn.to_string());
        write(key::STEP, &step.to_string());
        if let Some(last) = (self.first_index + self.entries.len()).checked_sub(1)
            && !self.entries.is_empty()
        {
            write(key::MESSAGES, &format!("{}-{last}", self.first_index));
        }
        if *keyframe {
            write(key::KEYFRAME, "true");
        }
        if *kind == StepKind::Turn {
            write(key::KIND, "turn");
        }
        write(key::BRANCH, branch.as_deref().unwrap_or_default());
        write(key::FORKED_FROM, forked_from.as_deref().unwrap_or_default());
        if let Some(route) = route {
            write(key::ROUTE, &format!("{}/{} ({})", route.backend, route.model, route.reason));
        }
        let cost = cost_usd.map_or_else(|| "unpriced".into(), |cost| cost.to_string());
        let usage = format!(
            "input={} output={} cache_read={} cache_write={} reasoning={} cost_usd={cost}",
            usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning
        );
        write(key::USAGE, &usage);
    }
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
