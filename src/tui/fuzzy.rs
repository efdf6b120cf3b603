//! Fuzzy matching, as every filtered list does it: which texts match, how well, and with which letters.
//! It knows nothing of the screen, borrows nothing for long, and may run on any thread.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Above any difference that the place of a match in a path makes, so that a file's own name wins.
const NAME_BONUS: u32 = 160;

/// Room in a path's score for its length, which decides between equally good matches.
const LENGTH_STEPS: u32 = 64;

/// What is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Names and sentences.
    Plain,
    /// Paths with slashes: a match in the last part counts more, and of equals the shorter path wins.
    Path,
}

/// A text that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Higher is better. Comparable only within one pattern.
    pub score: u32,
    /// The graphemes of the text that matched, by number, ascending.
    pub letters: Vec<u32>,
}

/// An item of a ranked list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Its place in what was ranked.
    pub index: usize,
    pub hit: Hit,
}

/// The best of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranking {
    /// Best first; equals keep the order they came in.
    pub best: Vec<Ranked>,
    /// How many matched, those included that are not among the best.
    pub matched: usize,
}

/// A pattern, ready to match. Its words, parted by spaces, must all match; a word with a capital letter
/// minds case.
#[derive(Debug)]
pub struct Fuzzy {
    words: Vec<Atom>,
    target: Target,
    matcher: Matcher,
    wide: Vec<char>,
}

impl Fuzzy {
    pub fn new(pattern: &str, target: Target) -> Self {
        let words = pattern
            .split_whitespace()
            .map(|word| Atom::new(word, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy, false))
            .collect();
        let config = match target {
            Target::Plain => Config::DEFAULT,
            Target::Path => Config::DEFAULT.match_paths(),
        };
        Self { words, target, matcher: Matcher::new(config), wide: Vec::new() }
    }

    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How well a text matches, and with which letters.
    pub fn hit(&mut self, text: &str) -> Option<Hit> {
        let score = self.score(text)?;
        let name = self.name_start(text);
        let mut letters = Vec::new();
        for word in &self.words {
            let from = letters.len();
            if let Some(start) = name {
                let part = Utf32Str::new(&text[start..], &mut self.wide);
                if word.indices(part, &mut self.matcher, &mut letters).is_some() {
                    let before = u32::try_from(Utf32Str::new(&text[..start], &mut self.wide).len()).ok()?;
                    letters[from..].iter_mut().for_each(|letter| *letter += before);
                    continue;
                }
            }
            word.indices(Utf32Str::new(text, &mut self.wide), &mut self.matcher, &mut letters)?;
        }
        letters.sort_unstable();
        letters.dedup();
        Some(Hit { score, letters })
    }

    /// The `top` best of a list. An empty pattern gives its first items as they are.
    pub fn rank<T>(&mut self, items: &[T], key: impl Fn(&T) -> &str, top: usize) -> Ranking {
        let mut scores: Vec<(u32, usize)> = Vec::new();
        if self.is_empty() {
            scores.extend((0..items.len().min(top)).map(|index| (0, index)));
        } else {
            let matching = items.iter().enumerate();
            scores.extend(matching.filter_map(|(index, item)| Some((self.score(key(item))?, index))));
        }
        let matched = if self.is_empty() { items.len() } else { scores.len() };
        let better = |a: &(u32, usize), b: &(u32, usize)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
        if top < scores.len() {
            scores.select_nth_unstable_by(top, better);
            scores.truncate(top);
        }
        scores.sort_unstable_by(better);
        let best = scores
            .into_iter()
            .filter_map(|(_, index)| Some(Ranked { index, hit: self.hit(key(&items[index]))? }))
            .collect();
        Ranking { best, matched }
    }

    fn score(&mut self, text: &str) -> Option<u32> {
        let whole = Utf32Str::new(text, &mut self.wide);
        let length = u32::try_from(whole.len()).unwrap_or(u32::MAX);
        let mut scores = [0; 8];
        let mut sum = 0;
        for (place, word) in self.words.iter().enumerate() {
            let score = u32::from(word.score(whole, &mut self.matcher)?);
            sum += score;
            if let Some(kept) = scores.get_mut(place) {
                *kept = score;
            }
        }
        let name = match self.target {
            Target::Plain => return Some(sum),
            Target::Path => self.name_start(text),
        };
        if let Some(start) = name {
            let part = Utf32Str::new(&text[start..], &mut self.wide);
            for (word, in_path) in self.words.iter().zip(scores) {
                if let Some(in_name) = word.score(part, &mut self.matcher) {
                    sum = sum - in_path + in_path.max(u32::from(in_name)) + NAME_BONUS;
                }
            }
        } else {
            sum += NAME_BONUS * u32::try_from(self.words.len()).unwrap_or(0);
        }
        Some(sum * LENGTH_STEPS + (LENGTH_STEPS - 1).saturating_sub(length / 2))
    }

    /// Where the last part of a path starts, if it has others.
    fn name_start(&self, text: &str) -> Option<usize> {
        match self.target {
            Target::Plain => None,
            Target::Path => text.trim_end_matches('/').rfind('/').map(|slash| slash + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked<'a>(pattern: &str, target: Target, items: &[&'a str]) -> Vec<&'a str> {
        let ranking = Fuzzy::new(pattern, target).rank(items, |item| item, 50);
        ranking.best.iter().map(|ranked| items[ranked.index]).collect()
    }

    #[test]
    fn every_word_must_match_in_any_order() {
        let items = ["git rebase main", "git merge", "main menu"];
        assert_eq!(ranked("main git", Target::Plain, &items), ["git rebase main"]);
        assert_eq!(ranked("gm", Target::Plain, &items), ["git merge", "git rebase main"]);
    }

    #[test]
    fn a_capital_letter_minds_case() {
        let items = ["readme", "README"];
        assert_eq!(ranked("readme", Target::Plain, &items), ["readme", "README"]);
        assert_eq!(ranked("README", Target::Plain, &items), ["README"]);
    }

    #[test]
    fn equals_keep_their_order_and_only_the_best_are_given() {
        let items: Vec<String> = (0..100).map(|number| format!("item {number:03}")).collect();
        let ranking = Fuzzy::new("item", Target::Plain).rank(&items, |item| item, 3);
        assert_eq!(ranking.matched, 100);
        assert_eq!(ranking.best.iter().map(|ranked| ranked.index).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(Fuzzy::new("item", Target::Plain).rank(&items, |item| item, 0).best.is_empty());
    }

    #[test]
    fn an_empty_pattern_matches_everything_in_order() {
        assert_eq!(ranked("  ", Target::Path, &["b", "a"]), ["b", "a"]);
    }

    #[test]
    fn the_name_of_a_file_counts_more_than_its_directories() {
        let items = ["src/composer/history/notes.txt", "docs/old/composer_notes/a.txt", "src/tui/history.rs"];
        assert_eq!(ranked("history", Target::Path, &items)[0], "src/tui/history.rs");
        assert_eq!(ranked("comp not", Target::Path, &items)[0], "src/composer/history/notes.txt");
        assert_eq!(ranked("tui/his", Target::Path, &items), ["src/tui/history.rs"]);
    }

    #[test]
    fn of_equal_paths_the_shorter_wins() {
        let items = ["a/long/way/down/to/main.rs", "src/main.rs", "main.rs"];
        assert_eq!(ranked("main.rs", Target::Path, &items), ["main.rs", "src/main.rs", items[0]]);
    }

    #[test]
    fn letters_are_graphemes_of_the_whole_text() {
        let hit = Fuzzy::new("mod", Target::Path).hit("src/mödels/mod.rs").unwrap();
        assert_eq!(hit.letters, [11, 12, 13]);
        let hit = Fuzzy::new("b", Target::Plain).hit("👩‍👩‍👧e\u{301}b").unwrap();
        assert_eq!(hit.letters, [2]);
        assert_eq!(Fuzzy::new("x", Target::Plain).hit("abc"), None);
    }

    #[test]
    fn signs_mean_themselves() {
        assert_eq!(ranked("!x", Target::Plain, &["a", "!x"]), ["!x"]);
        assert_eq!(ranked("a$", Target::Plain, &["ba", "a$"]), ["a$"]);
    }

    #[test]
    fn a_fuzzy_can_go_to_another_thread() {
        let found = std::thread::spawn(|| ranked("b", Target::Plain, &["a", "b"]).len()).join().unwrap();
        assert_eq!(found, 1);
    }
}
