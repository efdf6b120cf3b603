//! How a model of Anthropic is told to think, which depends on its generation.

use serde_json::{Value, json};

use crate::wire::Effort;

/// What goes into a request for its effort.
pub(super) struct Plan {
    pub max_tokens: u32,
    pub thinking: Option<Value>,
    /// Goes into `output_config`.
    pub effort: Option<&'static str>,
    pub takes_temperature: bool,
}

/// The plan for a model. `bound` means that a tool loop is open whose last answer holds no reasoning
/// of this format: then a thinking budget would be rejected.
pub(super) fn plan(model: &str, effort: Option<Effort>, limit: Option<u32>, bound: bool) -> Plan {
    let version = version(model);
    let max_tokens = limit.unwrap_or(match version {
        Some((3, minor)) if minor < 5 => 4096,
        Some((3, 5)) => 8192,
        _ => 32_000,
    });
    // From 4.7 on, sampling parameters are rejected.
    let samples = version.is_none_or(|version| version < (4, 7));
    let none = Plan { max_tokens, thinking: None, effort: None, takes_temperature: samples };
    let Some(effort) = effort else { return none };
    match version {
        Some(version) if version < (3, 7) => none,
        Some(version) if version >= (4, 6) => Plan {
            // From 4.7 on, the text of the reasoning is left out unless asked for.
            thinking: Some(match version {
                (4, 6) => json!({"type": "adaptive"}),
                _ => json!({"type": "adaptive", "display": "summarized"}),
            }),
            effort: Some(match effort {
                Effort::Minimal | Effort::Low => "low",
                Effort::Medium => "medium",
                Effort::High => "high",
            }),
            takes_temperature: false,
            ..none
        },
        _ if bound => none,
        _ => {
            let wanted = match effort {
                Effort::Minimal => 1024,
                Effort::Low => 4096,
                Effort::Medium => 10_000,
                Effort::High => 24_000,
            };
            // The budget counts against the limit, and the answer needs room as well.
            let budget = wanted.min(max_tokens.saturating_sub(2048));
            if budget < 1024 {
                return none;
            }
            let thinking = json!({"type": "enabled", "budget_tokens": budget});
            Plan { thinking: Some(thinking), takes_temperature: false, ..none }
        }
    }
}

/// Major and minor of a Claude model's name: `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet-latest`,
/// `claude-opus-4.6`. `None` for other names.
fn version(model: &str) -> Option<(u32, u32)> {
    let name = &model[model.find("claude")?..];
    // Words before the number are the family's, words after it end it, and dates are longer.
    let mut numbers = name
        .split(['-', '.', '@', ':', '_'])
        .skip_while(|word| word.parse::<u32>().is_err())
        .map_while(|word| word.parse::<u32>().ok().filter(|_| word.len() <= 2));
    let major = numbers.next()?;
    Some((major, numbers.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        let cases = [
            ("claude-sonnet-4-5-20250929", Some((4, 5))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-3-7-sonnet-latest", Some((3, 7))),
            ("claude-3-haiku-20240307", Some((3, 0))),
            ("anthropic/claude-opus-4.7", Some((4, 7))),
            ("us.anthropic.claude-sonnet-4-6-v1:0", Some((4, 6))),
            ("claude-fable-5", Some((5, 0))),
            ("claude", None),
            ("qwen3", None),
        ];
        for (name, wanted) in cases {
            assert_eq!(version(name), wanted, "{name}");
        }
    }

    #[test]
    fn a_budget_leaves_room_and_is_left_out_where_it_would_be_rejected() {
        let budget = |model: &str, limit, bound| {
            plan(model, Some(Effort::High), limit, bound).thinking.map(|t| t["budget_tokens"].clone())
        };
        assert_eq!(budget("claude-sonnet-4-5", None, false), Some(24_000.into()));
        assert_eq!(budget("claude-sonnet-4-5", Some(8192), false), Some(6144.into()));
        assert_eq!(budget("claude-sonnet-4-5", Some(2000), false), None);
        assert_eq!(budget("claude-sonnet-4-5", None, true), None);
        assert_eq!(budget("claude-3-5-sonnet-latest", None, false), None);
        let adaptive = plan("claude-opus-4-7", Some(Effort::High), None, true);
        assert_eq!((adaptive.effort, adaptive.takes_temperature), (Some("high"), false));
        assert!(!plan("claude-opus-4-8", None, None, false).takes_temperature);
        assert!(plan("claude-sonnet-4-5", None, None, false).takes_temperature);
    }
}
