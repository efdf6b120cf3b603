//! What the reader thinks of the parts of a difference: a hunk, or a file that has no lines. A part is known by
//! what it changes, so that a verdict holds in every review that shows the same change.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Knows a part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    path: String,
    digest: u64,
    /// Among parts of the file that change the same.
    nth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is good.
    Accepted,
    /// It was taken back in the tab's branch.
    Reverted,
    /// It was taken over to the tab's branch.
    Taken,
}

impl Verdict {
    /// In a word, behind its sign.
    pub fn said(self) -> &'static str {
        match self {
            Self::Accepted => "✓ accepted",
            Self::Reverted => "↶ reverted",
            Self::Taken => "✓ taken",
        }
    }
}

/// Gives the parts of a file their keys, in order.
pub struct Keys<'a> {
    path: &'a str,
    seen: HashMap<u64, usize>,
}

impl<'a> Keys<'a> {
    pub fn of(path: &'a str) -> Self {
        Self { path, seen: HashMap::new() }
    }

    pub fn next(&mut self, what: &impl Hash) -> Key {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let digest = hasher.finish();
        let count = self.seen.entry(digest).or_insert(0);
        let nth = *count;
        *count += 1;
        Key { path: self.path.to_owned(), digest, nth }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_change_is_known_again_and_two_of_a_kind_are_told_apart() {
        let keys = |path, what: &[&str]| {
            let mut keys = Keys::of(path);
            what.iter().map(|what| keys.next(what)).collect::<Vec<_>>()
        };
        let all = keys("a", &["x", "y", "x"]);
        assert!(all[0] != all[1] && all[0] != all[2]);
        assert_eq!(all[2], keys("a", &["x", "x"])[1]);
        assert_ne!(all[0], keys("b", &["x"])[0]);
    }
}
