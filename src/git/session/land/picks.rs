//! Steps as people name them: `3`, `2-4`, `t3`, a hash.

use super::Landable;
use crate::git::Repo;
use crate::git::session::SessionError;

/// The chosen ones of a branch's commits, in their order there.
pub(super) fn picks(repo: &Repo, all: &[Landable], chosen: &str) -> Result<Vec<Landable>, SessionError> {
    let words: Vec<&str> =
        chosen.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(unknown(all, chosen));
    }
    let mut taken = vec![false; all.len()];
    for word in words {
        let found: Vec<usize> = match range(word) {
            Some((first, last)) => {
                places(all, |one| one.step.is_some_and(|step| first <= step && step <= last))
            }
            None => match word.strip_prefix(['t', 'T']).and_then(range) {
                Some((first, last)) => {
                    places(all, |one| one.turn.is_some_and(|turn| first <= turn && turn <= last))
                }
                None => match repo.resolve(word) {
                    Ok(commit) => places(all, |one| one.commit == commit),
                    Err(_) => Vec::new(),
                },
            },
        };
        if found.is_empty() {
            return Err(unknown(all, word));
        }
        for place in found {
            taken[place] = true;
        }
    }
    Ok(all.iter().zip(taken).filter(|(_, taken)| *taken).map(|(one, _)| one.clone()).collect())
}

fn places(all: &[Landable], is_meant: impl Fn(&Landable) -> bool) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, one)| is_meant(one)).map(|(place, _)| place).collect()
}

fn unknown(all: &[Landable], asked: &str) -> SessionError {
    let steps: Vec<u32> = all.iter().filter_map(|one| one.step).collect();
    SessionError::NoStep {
        asked: asked.to_owned(),
        steps: steps.iter().min().copied().zip(steps.iter().max().copied()),
    }
}

/// `3` or `2-4`. Seven digits and more are the beginning of a hash.
fn range(text: &str) -> Option<(u32, u32)> {
    let number = |text: &str| text.parse().ok().filter(|_| text.len() < 7);
    match text.split_once('-') {
        Some((first, last)) => Some((number(first)?, number(last)?)),
        None => number(text).map(|one| (one, one)),
    }
}
