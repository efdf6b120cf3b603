//! How sure a model was of the tokens that it chose, where its server tells.

use serde::Serialize;

/// Log-probabilities of the tokens of an answer, or of a piece of it: their sum, the least of them and their
/// number, so that an answer of any length takes the same room.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Certainty {
    pub sum: f64,
    pub min: f64,
    pub tokens: u64,
}

impl Certainty {
    /// `None` where there is no number that could be a log-probability.
    pub fn of(logprobs: impl IntoIterator<Item = f64>) -> Option<Self> {
        logprobs
            .into_iter()
            .filter(|logprob| logprob.is_finite() && *logprob <= 0.0)
            .map(|logprob| Self { sum: logprob, min: logprob, tokens: 1 })
            .reduce(Self::join)
    }

    /// Of two pieces together.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            tokens: self.tokens.saturating_add(other.tokens),
        }
    }

    /// The mean log-probability of a token.
    #[expect(clippy::cast_precision_loss, reason = "an answer has nowhere near 2^52 tokens")]
    pub fn mean(self) -> f64 {
        self.sum / self.tokens.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_whole_and_what_is_no_probability_is_left_out() {
        let whole = Certainty::of([-0.5, -1.5, -1.0]).unwrap();
        let pieces = Certainty::of([-0.5]).unwrap().join(Certainty::of([-1.5, -1.0]).unwrap());
        assert_eq!(whole, pieces);
        assert!((whole.mean() + 1.0).abs() < 1e-12);
        assert_eq!((whole.min, whole.tokens), (-1.5, 3));
        // Some servers write -9999 for "none", others a positive number: only the second cannot be.
        assert_eq!(Certainty::of([0.5, f64::NAN, f64::NEG_INFINITY]), None);
        assert_eq!(Certainty::of([]), None);
    }
}
