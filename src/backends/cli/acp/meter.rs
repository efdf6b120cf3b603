//! What a turn of an agent cost, as far as the agent tells. The protocol leaves open what is counted: whether the
//! input includes what a cache held shows in the sum that comes along.

use agent_client_protocol_schema::v1::{Meta, UsageUpdate};
use serde::Deserialize;
use serde_json::Value;

use crate::backends::cli::Resume;
use crate::backends::cli::profile::Counts;
use crate::chat::Usage;

pub(super) struct Meter {
    counts: Counts,
    resume: Option<Resume>,
    /// The sum of what was told for single calls of the model.
    calls: Option<Usage>,
    cost: Option<f64>,
}

/// What it came to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Bill {
    pub usage: Option<Usage>,
    pub counted: Option<Usage>,
    pub cost_usd: Option<f64>,
}

impl Meter {
    pub fn new(counts: Counts, resume: Option<Resume>) -> Self {
        Self { counts, resume, calls: None, cost: None }
    }

    /// What came beside a piece of text: some agents tell the usage of each call there. Gives the usage so far.
    pub fn beside(&mut self, meta: Option<&Meta>) -> Option<Usage> {
        let call = Tokens::read(meta?.get("usage")?)?.usage();
        *self.calls.get_or_insert_default() += call;
        self.calls
    }

    pub fn update(&mut self, update: &UsageUpdate) {
        // The context that it also tells is none of our usage: it counts what earlier turns left as well.
        if let Some(cost) = update.cost.as_ref().filter(|cost| cost.currency == "USD") {
            self.cost = Some(cost.amount);
        }
    }

    /// Reads the answer to the prompt; `Value::Null` when there was none.
    pub fn bill(&self, answer: &Value, called_tools: bool) -> Bill {
        let at_end = Tokens::read(&answer["usage"]).map(|tokens| tokens.usage());
        let (usage, counted) = match (self.calls, at_end, self.counts) {
            (Some(calls), ..) => (Some(calls), None),
            (None, Some(total), Counts::Session) => {
                let before = self.resume.as_ref().map(|resume| resume.counted);
                let usage = match before {
                    None => Some(total),
                    Some(before) => before.map(|before| less(total, before)),
                };
                (usage, Some(total))
            }
            // A turn with tools took more than one call, and nothing is told of the others.
            (None, Some(_), Counts::LastCall) if called_tools => (None, None),
            (None, Some(usage), Counts::Turn | Counts::LastCall) => (Some(usage), None),
            (None, None, _) => (quota(answer), None),
        };
        // What a session cost before this run is not known, and a model without a price "costs" nothing.
        let cost_usd = self.cost.filter(|cost| self.resume.is_none() && *cost > 0.0);
        Bill { usage, counted, cost_usd }
    }
}

/// Token counts as the protocol writes them.
#[derive(Deserialize)]
struct Tokens {
    #[serde(rename = "inputTokens")]
    input: u64,
    #[serde(rename = "outputTokens")]
    output: u64,
    #[serde(rename = "totalTokens")]
    total: Option<u64>,
    #[serde(rename = "thoughtTokens")]
    thought: Option<u64>,
    #[serde(rename = "cachedReadTokens")]
    cached_read: Option<u64>,
    #[serde(rename = "cachedWriteTokens")]
    cached_write: Option<u64>,
}

impl Tokens {
    fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// In our buckets: the input without what a cache held, the output with what was thought.
    fn usage(&self) -> Usage {
        let (input, output) = (self.input, self.output);
        let reasoning = self.thought.unwrap_or_default();
        let (cache_read, cache_write) =
            (self.cached_read.unwrap_or_default(), self.cached_write.unwrap_or_default());
        let cached = cache_read.saturating_add(cache_write);
        let sums_up =
            |more: u64| self.total == input.checked_add(output).and_then(|sum| sum.checked_add(more));
        let (has_cached, has_thought) = match () {
            () if sums_up(cached.saturating_add(reasoning)) => (false, false),
            () if sums_up(cached) => (false, true),
            () if sums_up(reasoning) => (true, false),
            () if sums_up(0) => (true, true),
            () => (false, false),
        };
        Usage {
            input: if has_cached { input.saturating_sub(cached) } else { input },
            output: if has_thought { output } else { output.saturating_add(reasoning) },
            cache_read,
            cache_write,
            reasoning,
        }
    }
}

/// What an agent that counts for a quota tells of the turn: nothing of caches, so its input may hold what one held.
fn quota(answer: &Value) -> Option<Usage> {
    let count = answer.pointer("/_meta/quota/token_count")?;
    let (input, output) = (count["input_tokens"].as_u64()?, count["output_tokens"].as_u64()?);
    Some(Usage { input, output, ..Usage::default() })
}

fn less(total: Usage, before: Usage) -> Usage {
    Usage {
        input: total.input.saturating_sub(before.input),
        output: total.output.saturating_sub(before.output),
        cache_read: total.cache_read.saturating_sub(before.cache_read),
        cache_write: total.cache_write.saturating_sub(before.cache_write),
        reasoning: total.reasoning.saturating_sub(before.reasoning),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usage(tokens: &Value) -> Usage {
        Tokens::read(tokens).unwrap().usage()
    }

    #[test]
    fn the_sum_tells_what_the_input_and_the_output_include() {
        let ours = Usage { input: 1034, output: 56, cache_read: 200, cache_write: 0, reasoning: 7 };
        let tell = |input: u64, output: u64, total: u64| {
            usage(&json!({ "inputTokens": input, "outputTokens": output, "totalTokens": total,
                "thoughtTokens": 7, "cachedReadTokens": 200 }))
        };
        assert_eq!(tell(1234, 56, 1290), ours);
        assert_eq!(tell(1034, 49, 1290), ours);
        assert_eq!(tell(1034, 56, 1290), ours);
        assert_eq!(tell(1234, 49, 1290), ours);
        let plain = usage(&json!({ "inputTokens": 1234, "outputTokens": 56, "totalTokens": 1290 }));
        assert_eq!(plain, Usage { input: 1234, output: 56, ..Usage::default() });
    }

    #[test]
    fn absurd_counts_do_no_harm() {
        let huge = json!({ "inputTokens": u64::MAX, "outputTokens": u64::MAX, "totalTokens": 3, "cachedReadTokens": 9 });
        assert_eq!(usage(&huge).input, u64::MAX);
        assert!(Tokens::read(&json!({ "inputTokens": -1, "outputTokens": 2 })).is_none());
        assert!(Tokens::read(&json!("much")).is_none());
    }

    #[test]
    fn the_last_call_alone_is_no_usage_of_a_turn_with_tools() {
        let meter = Meter::new(Counts::LastCall, None);
        let answer = json!({ "usage": { "inputTokens": 10, "outputTokens": 2, "totalTokens": 12 } });
        assert_eq!(meter.bill(&answer, true).usage, None);
        assert_eq!(meter.bill(&answer, false).usage.unwrap().input, 10);
    }

    #[test]
    fn what_a_session_counted_before_is_not_counted_again() {
        let resume = |counted| Some(Resume { id: "s".into(), counted });
        let answer = json!({ "usage": { "inputTokens": 30, "outputTokens": 5, "totalTokens": 35 } });
        let total = Usage { input: 30, output: 5, ..Usage::default() };
        let before = Usage { input: 10, output: 2, ..Usage::default() };
        let bill = Meter::new(Counts::Session, resume(Some(before))).bill(&answer, true);
        assert_eq!(bill.usage, Some(Usage { input: 20, output: 3, ..Usage::default() }));
        assert_eq!(bill.counted, Some(total));
        assert_eq!(Meter::new(Counts::Session, None).bill(&answer, true).usage, Some(total));
        assert_eq!(Meter::new(Counts::Session, resume(None)).bill(&answer, true).usage, None);
    }

    #[test]
    fn a_cost_is_told_in_dollars_or_not_at_all() {
        let cost = |amount: f64, currency: &str, resume: Option<Resume>| {
            let mut meter = Meter::new(Counts::Turn, resume);
            let update = json!({ "used": 1, "size": 2, "cost": { "amount": amount, "currency": currency } });
            meter.update(&serde_json::from_value(update).unwrap());
            meter.bill(&Value::Null, false).cost_usd
        };
        assert_eq!(cost(0.25, "USD", None), Some(0.25));
        assert_eq!(cost(0.0, "USD", None), None);
        assert_eq!(cost(3.0, "credits", None), None);
        assert_eq!(cost(0.25, "USD", Some(Resume { id: "s".into(), counted: None })), None);
    }
}
