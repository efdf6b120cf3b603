//! Tokens and prices as CLIs count them, in our buckets.

use crate::chat::Usage;

/// From counts whose input includes what was read from and written to a cache, as most of them are.
pub(super) fn gross(input: u64, cache_read: u64, cache_write: u64, output: u64, reasoning: u64) -> Usage {
    Usage {
        input: input.saturating_sub(cache_read).saturating_sub(cache_write),
        output,
        cache_read,
        cache_write,
        reasoning: reasoning.min(output),
    }
}

/// What was used since `before`, of a CLI that counts over its whole session. One that counts less than it did
/// has begun anew.
pub(super) fn since(total: Usage, before: Option<Usage>) -> Usage {
    let Some(before) = before else { return total };
    let difference = || {
        Some(Usage {
            input: total.input.checked_sub(before.input)?,
            output: total.output.checked_sub(before.output)?,
            cache_read: total.cache_read.checked_sub(before.cache_read)?,
            cache_write: total.cache_write.checked_sub(before.cache_write)?,
            reasoning: total.reasoning.checked_sub(before.reasoning)?,
        })
    };
    difference().unwrap_or(total)
}

/// The sum; absurd counts stay at the greatest number that there is.
pub(super) fn plus(one: Usage, other: Usage) -> Usage {
    Usage {
        input: one.input.saturating_add(other.input),
        output: one.output.saturating_add(other.output),
        cache_read: one.cache_read.saturating_add(other.cache_read),
        cache_write: one.cache_write.saturating_add(other.cache_write),
        reasoning: one.reasoning.saturating_add(other.reasoning),
    }
}

/// A price that a CLI reckons. Nought is what it says of models whose price it does not know.
pub(super) fn price(cost: Option<f64>) -> Option<f64> {
    cost.filter(|cost| cost.is_finite() && *cost > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64) -> Usage {
        Usage { input, output, ..Usage::default() }
    }

    #[test]
    fn only_what_was_used_since_counts() {
        assert_eq!(since(usage(300, 30), None), usage(300, 30));
        assert_eq!(since(usage(300, 30), Some(usage(100, 10))), usage(200, 20));
        assert_eq!(since(usage(50, 5), Some(usage(100, 10))), usage(50, 5), "it has begun anew");
    }

    #[test]
    fn cached_input_is_counted_once() {
        let counted = gross(2468, 400, 0, 112, 14);
        assert_eq!((counted.input, counted.cache_read, counted.total()), (2068, 400, 2580));
        assert_eq!(
            gross(1, 5, 5, 3, 9),
            Usage { output: 3, cache_read: 5, cache_write: 5, reasoning: 3, input: 0 }
        );
        assert_eq!(price(Some(0.0)), None);
        assert_eq!(price(Some(f64::NAN)), None);
    }
}
