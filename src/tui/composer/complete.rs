//! Words that can be completed: a path behind `@`, a command behind `/`. Which completions there are is not
//! known here.

use unicode_segmentation::UnicodeSegmentation;

use super::buffer::{Pos, part};
use super::track::Class;
use super::{Composer, ViMode, clean, kind};

/// A word behind `@` that the cursor stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Where the `@` is.
    pub start: Pos,
    /// What stands between it and the cursor.
    pub word: String,
}

/// The name of a command at the very start of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandQuery {
    /// Without the slash.
    pub word: String,
    /// Whether the name is finished: a blank follows it.
    pub args_started: bool,
}

impl Composer {
    pub fn completion(&self) -> Option<Query> {
        if self.mode().is_some_and(|mode| mode != ViMode::Insert) {
            return None;
        }
        let cursor = self.buffer.cursor();
        let before = part(self.buffer.line(cursor.row), 0, cursor.col);
        let at = before
            .rfind(char::is_whitespace)
            .map_or(0, |blank| blank + before[blank..].chars().next().map_or(0, char::len_utf8));
        let token = before[at..].trim_start_matches(['(', '[', '{', '"', '\'', '`']);
        let word = token.strip_prefix('@')?;
        let plain = |c: char| !matches!(Class::of(c.encode_utf8(&mut [0; 4])), Class::Chip);
        let start = before.chars().count() - token.chars().count();
        word.chars().all(plain).then(|| Query { start: Pos::new(cursor.row, start), word: word.to_owned() })
    }

    pub fn command(&self) -> Option<CommandQuery> {
        let line = self.buffer.line(0).strip_prefix('/')?;
        let (word, args) = match line.split_once(char::is_whitespace) {
            Some((word, _)) => (word, true),
            None => (line, self.buffer.lines().len() > 1),
        };
        (word.is_empty() || kind::is_name(word))
            .then(|| CommandQuery { word: word.to_owned(), args_started: args })
    }

    /// Puts `replacement` for the whole word, sign included, that [`Self::completion`] or else
    /// [`Self::command`] tells of. Does nothing when there is none.
    pub fn complete(&mut self, replacement: &str) {
        let from = match (self.completion(), self.command()) {
            (Some(query), _) => query.start,
            (None, Some(_)) => Pos::default(),
            (None, None) => return,
        };
        let line = self.buffer.line(from.row);
        let word = part(line, from.col, usize::MAX)
            .graphemes(true)
            .take_while(|grapheme| !matches!(Class::of(grapheme), Class::Space | Class::Chip));
        let to = Pos::new(from.row, from.col + word.map(|grapheme| grapheme.chars().count()).sum::<usize>());
        self.buffer.close();
        self.anchor = None;
        self.buffer.delete(from, to);
        self.insert(&clean::line(replacement));
        self.stop_run();
        self.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composer(keys: &str) -> Composer {
        let mut composer = Composer::new(false);
        composer.type_keys(keys);
        composer
    }

    #[test]
    fn a_word_behind_an_at_sign_is_completed() {
        let cases = [
            ("@", Some((0, ""))),
            ("see @src/ma", Some((4, "src/ma"))),
            ("see @src/ma<left><left>", Some((4, "src/"))),
            ("see (@a", Some((5, "a"))),
            ("a<enter>漢 @é", Some((2, "é"))),
            ("see @a ", None),
            ("me@host", None),
            ("see @a<home>", None),
            ("@a<home>", None),
        ];
        for (keys, found) in cases {
            let query = composer(keys).completion();
            assert_eq!(query.as_ref().map(|query| (query.start.col, query.word.as_str())), found, "{keys}");
        }
    }

    #[test]
    fn a_command_is_completed_only_at_the_start() {
        let cases = [
            ("/", Some(("", false))),
            ("/mod", Some(("mod", false))),
            ("/model ", Some(("model", true))),
            ("/model x<enter>y", Some(("model", true))),
            (" /mod", None),
            ("x /mod", None),
            ("/usr/bin", None),
            ("//x", None),
        ];
        for (keys, found) in cases {
            let query = composer(keys).command();
            assert_eq!(
                query.as_ref().map(|query| (query.word.as_str(), query.args_started)),
                found,
                "{keys}"
            );
        }
    }

    #[test]
    fn a_completion_takes_the_place_of_the_whole_word() {
        for (keys, replacement, shown) in [
            ("see @sr, ok<home><a-f><right><right>", "@src/main.rs", "see @src/main.rs| ok"),
            ("see @src/ma<left><left>", "@src/main.rs ", "see @src/main.rs |"),
            ("/mo", "/model ", "/model |"),
            ("/mo fast<home>", "/model", "/model| fast"),
            ("nothing", "/model", "nothing|"),
        ] {
            let mut composer = composer(keys);
            composer.complete(replacement);
            assert_eq!(composer.shown(), shown, "{keys}");
        }
    }

    #[test]
    fn a_completion_is_undone_at_once() {
        let mut composer = composer("see @sr");
        composer.complete("@src/main.rs ");
        composer.type_keys("<c-_>");
        assert_eq!(composer.shown(), "see @sr|");
    }
}
