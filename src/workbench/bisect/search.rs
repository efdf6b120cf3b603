//! Which commit is tried next, from what is known of the others. Pure: it runs nothing.

use serde::{Deserialize, Serialize};

/// What a command said of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Good,
    Bad,
    /// It cannot be told.
    Skip,
}

/// What follows from what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Test(usize),
    /// The first bad one.
    Found(usize),
    /// One of these is the first bad one: all but the last were skipped.
    Between(usize, usize),
    /// It is broken at the start already.
    StartIsBad,
    /// It holds at the end still.
    EndIsGood,
    /// An end itself cannot be told.
    EndIsSkipped(usize),
}

impl Verdict {
    /// As `git bisect run` reads exit codes; nothing for one that means to stop.
    pub fn of_exit(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Good),
            125 => Some(Self::Skip),
            1..=127 => Some(Self::Bad),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Skip => "skipped",
        }
    }
}

/// The commits in order, the first of them the start. Both ends are tried before anything between.
pub(super) fn next(known: &[Option<Verdict>]) -> Next {
    let end = known.len() - 1;
    for (at, wrong) in [(0, Verdict::Bad), (end, Verdict::Good)] {
        match known[at] {
            None => return Next::Test(at),
            Some(Verdict::Skip) => return Next::EndIsSkipped(at),
            Some(verdict) if verdict == wrong => {
                return if at == 0 { Next::StartIsBad } else { Next::EndIsGood };
            }
            Some(_) => {}
        }
    }
    let (good, bad) = bounds(known);
    let middle = usize::midpoint(good, bad);
    let untold = (good + 1..bad).filter(|at| known[*at].is_none());
    match untold.min_by_key(|at| at.abs_diff(middle)) {
        Some(at) => Next::Test(at),
        None if bad == good + 1 => Next::Found(bad),
        None => Next::Between(good + 1, bad),
    }
}

/// About how many commits are still to be tried.
pub(super) fn left(known: &[Option<Verdict>]) -> u32 {
    let ends =
        [known.first(), known.last()].into_iter().flatten().filter(|verdict| verdict.is_none()).count();
    let (good, bad) = bounds(known);
    let untold = (good + 1..bad).filter(|at| known[*at].is_none()).count();
    u32::try_from(ends).unwrap_or(0) + (usize::BITS - untold.leading_zeros())
}

/// The last good one before the first bad one, and that.
fn bounds(known: &[Option<Verdict>]) -> (usize, usize) {
    let is = |verdict: Verdict| move |at: &usize| known[*at] == Some(verdict);
    let bad = (1..known.len()).find(is(Verdict::Bad)).unwrap_or(known.len() - 1);
    let good = (0..bad).rev().find(is(Verdict::Good)).unwrap_or(0);
    (good, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries to the end, and gives what was found and how many were tried.
    fn run(truth: &[Verdict]) -> (Next, usize) {
        let mut known = vec![None; truth.len()];
        let mut tries = 0;
        loop {
            match next(&known) {
                Next::Test(at) => {
                    assert_eq!(known[at], None, "{at} was tried before");
                    known[at] = Some(truth[at]);
                    tries += 1;
                }
                end => return (end, tries),
            }
        }
    }

    fn truth(of: &str) -> Vec<Verdict> {
        let verdict = |letter| match letter {
            'g' => Verdict::Good,
            'b' => Verdict::Bad,
            _ => Verdict::Skip,
        };
        of.chars().map(verdict).collect()
    }

    #[test]
    fn every_first_bad_one_is_found_in_few_tries() {
        for length in 2..60_usize {
            for bad in 1..length {
                let truth: Vec<Verdict> =
                    (0..length).map(|at| if at < bad { Verdict::Good } else { Verdict::Bad }).collect();
                let (found, tries) = run(&truth);
                assert_eq!(found, Next::Found(bad));
                let most = 2 + usize::BITS - (length - 2).leading_zeros();
                assert!(tries <= most as usize, "{tries} for {length}");
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_gone_around_or_said() {
        assert_eq!(run(&truth("gssbb")).0, Next::Between(1, 3));
        assert_eq!(run(&truth("ggsgbb")).0, Next::Found(4));
        assert_eq!(run(&truth("gb")), (Next::Found(1), 2));
        assert_eq!(run(&truth("gssssb")).0, Next::Between(1, 5));
    }

    #[test]
    fn the_ends_are_tried_first() {
        assert_eq!(run(&truth("bbb")), (Next::StartIsBad, 1));
        assert_eq!(run(&truth("ggg")), (Next::EndIsGood, 2));
        assert_eq!(run(&truth("sbb")), (Next::EndIsSkipped(0), 1));
        assert_eq!(run(&truth("ggs")), (Next::EndIsSkipped(2), 2));
    }

    #[test]
    fn exit_codes_are_read_as_git_reads_them() {
        let told = [0, 1, 124, 125, 126, 127, 128, 255, -1].map(Verdict::of_exit);
        let (good, bad, skip) = (Some(Verdict::Good), Some(Verdict::Bad), Some(Verdict::Skip));
        assert_eq!(told, [good, bad, bad, skip, bad, bad, None, None, None]);
    }

    #[test]
    fn it_is_told_about_how_much_is_left() {
        assert_eq!(left(&[None; 10]), 2 + 4);
        assert_eq!(left(&[Some(Verdict::Good), None, Some(Verdict::Bad)]), 1);
        assert_eq!(left(&[Some(Verdict::Good), Some(Verdict::Bad)]), 0);
    }
}
