//! What an undo or a redo adds to the ledger: of each turn that it takes back or brings back, which steps.

use std::collections::BTreeMap;

use crate::git::session::Session;
use crate::ledger::Entry;

/// The turns of a session before and after it was moved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Turns(BTreeMap<u32, Vec<String>>);

/// What the user moved by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    Steps,
    Turns,
}

impl Turns {
    /// Those that are in the conversation or have steps, each with its steps.
    pub fn of(session: &Session) -> Self {
        let mut turns: BTreeMap<u32, Vec<String>> =
            session.conversation.turns().into_iter().map(|turn| (turn, Vec::new())).collect();
        for mark in session.steps.iter().flatten().filter(|mark| mark.session == session.id) {
            turns.entry(mark.turn).or_default().push(mark.commit.to_string());
        }
        Self(turns)
    }

    /// What is to be said of a move from these turns to others, the oldest turn first. Turns of words alone are left out
    /// where the user meant files: going back by steps takes words along that stand between them.
    pub fn afterwords(&self, after: &Self, session: &str, meant: Meant) -> Vec<Entry> {
        let mut afterwords = Vec::new();
        for (turns, others, kept) in [(self, after, false), (after, self, true)] {
            for (turn, steps) in &turns.0 {
                let other = others.0.get(turn);
                let moved: Vec<String> = steps
                    .iter()
                    .filter(|step| other.is_none_or(|other| !other.contains(step)))
                    .cloned()
                    .collect();
                if !moved.is_empty() || (other.is_none() && meant == Meant::Turns) {
                    afterwords.push(Entry::afterword(session, *turn, moved, kept));
                }
            }
        }
        afterwords
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(turns: &[(u32, &[&str])]) -> Turns {
        let steps = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect();
        Turns(turns.iter().map(|(turn, of)| (*turn, steps(of))).collect())
    }

    #[test]
    fn the_table_of_moves() {
        let whole = || turns(&[(1, &["a", "b"]), (2, &[]), (3, &["c"])]);
        for (from, to, said) in [
            (whole(), turns(&[(1, &["a", "b"]), (2, &[])]), vec![(3, "c", false)]),
            (whole(), turns(&[(1, &["a"])]), vec![(1, "b", false), (2, "", false), (3, "c", false)]),
            (turns(&[(1, &["a"])]), whole(), vec![(1, "b", true), (2, "", true), (3, "c", true)]),
            // The words of a turn go, and its step with them, though those of its beginning stay.
            (turns(&[(1, &["a"])]), turns(&[(1, &[])]), vec![(1, "a", false)]),
            (whole(), whole(), vec![]),
        ] {
            let told: Vec<_> = from
                .afterwords(&to, "s", Meant::Turns)
                .into_iter()
                .map(|entry| (entry.turn.unwrap(), entry.commits.concat(), entry.kept.unwrap()))
                .collect();
            let said: Vec<_> =
                said.into_iter().map(|(turn, step, kept)| (turn, step.to_owned(), kept)).collect();
            assert_eq!(told, said);
        }
        let by_steps = whole().afterwords(&turns(&[(1, &["a", "b"])]), "s", Meant::Steps);
        assert_eq!(by_steps.iter().map(|entry| entry.turn.unwrap()).collect::<Vec<_>>(), [3]);
    }
}
