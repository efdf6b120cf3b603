//! What calls have cost: a sum that remembers whether every part of it had a price.

/// US dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Bill {
    priced: f64,
    has_unpriced: bool,
}

impl Bill {
    /// Adds the cost of a call; `None` when it has no price.
    pub fn add(&mut self, usd: Option<f64>) {
        self.priced += usd.unwrap_or(0.0);
        self.has_unpriced |= usd.is_none();
    }

    pub fn join(&mut self, other: &Self) {
        self.priced += other.priced;
        self.has_unpriced |= other.has_unpriced;
    }

    /// The whole; `None` when a part has no price.
    pub fn total(&self) -> Option<f64> {
        (!self.has_unpriced).then_some(self.priced)
    }

    /// The part that has a price: what counts against a budget.
    pub fn priced(&self) -> f64 {
        self.priced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_without_a_price_hides_the_sum_and_not_the_rest() {
        let mut bill = Bill::default();
        bill.add(Some(0.25));
        assert_eq!(bill.total(), Some(0.25));
        bill.add(None);
        bill.add(Some(0.5));
        assert_eq!((bill.total(), bill.priced()), (None, 0.75));
    }
}
