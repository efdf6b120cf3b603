//! One file of keys, read and checked by itself. How the user's lies over the shipped one is `keymap`'s.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::context::Context;
use super::error::{Fault, File, KeysError, Mistake, Place, nearest};
use super::key::{Key, KeyError};

/// Says that a key does nothing.
const NONE: &str = "none";
const INHERITS: &str = "inherits";

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct KeysFile {
    pub lines: Vec<Line>,
    /// Contexts that say whether a key that they don't know is looked up in `global`.
    pub inherits: Vec<(Context, bool)>,
}

#[derive(Debug)]
pub(super) struct Line {
    pub context: Context,
    pub keys: Vec<Key>,
    /// With what it applies to; `None` takes the key away.
    pub command: Option<String>,
    pub place: Place,
    /// As it is written, for messages.
    written: String,
}

impl KeysFile {
    pub fn parse(file: &File, text: &str) -> Result<Self, KeysError> {
        let table = DeTable::parse(text).map_err(|error| KeysError::Syntax {
            place: place(file, text, &error.span().unwrap_or_default()),
            message: error.message().replace('\n', ", "),
        })?;
        let mut reader = Reader { file, text, read: Self::default(), mistakes: Vec::new() };
        for (name, value) in table.get_ref() {
            reader.context(name, value);
        }
        reader.read.lines.sort_by_key(|line| line.place.line);
        let Reader { read, mut mistakes, .. } = reader;
        mistakes.extend(clashes(&read.lines));
        finish(mistakes)?;
        Ok(read)
    }

    /// Whether every command exists. `shipped` are names that a wrong one may have been meant to be.
    pub fn check(&self, known: &dyn Fn(&str) -> bool, shipped: &[&str]) -> Result<(), KeysError> {
        let mistakes = self.lines.iter().filter_map(|line| {
            let word = name_of(line.command.as_deref()?);
            if known(word) {
                return None;
            }
            let candidates = shipped.iter().copied().filter(|name| known(name)).chain([NONE]);
            let fault = Fault::Command { word: word.to_owned(), nearest: nearest(word, candidates) };
            Some(Mistake { place: line.place.clone(), fault })
        });
        finish(mistakes.collect())
    }

    /// The names of its commands, without what they apply to.
    pub fn commands(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.command.as_deref()).map(name_of).collect()
    }
}

type Name<'i> = Spanned<std::borrow::Cow<'i, str>>;

struct Reader<'t> {
    file: &'t File,
    text: &'t str,
    read: KeysFile,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn context(&mut self, name: &Name<'_>, value: &Spanned<DeValue<'_>>) {
        let word = name.get_ref().as_ref();
        let Some(context) = Context::find(word) else {
            let nearest = nearest(word, Context::ALL.into_iter().map(Context::name));
            return self.mistake(name, Fault::Context { word: word.to_owned(), nearest });
        };
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong(name, "a table of keys");
        };
        for (name, value) in table {
            match (name.get_ref().as_ref(), value.get_ref()) {
                (INHERITS, DeValue::Boolean(flag)) => self.read.inherits.push((context, *flag)),
                (INHERITS, _) => self.wrong(name, "true or false"),
                (written, DeValue::String(command)) => match Key::parse_sequence(written) {
                    Ok(keys) => self.line(name, context, keys, command),
                    Err(error) => self.key_mistake(name, error),
                },
                _ => self.wrong(name, "a command in quotes"),
            }
        }
    }

    fn line(&mut self, name: &Name<'_>, context: Context, keys: Vec<Key>, command: &str) {
        // Spaces between the words of a command mean nothing, so that equal ones are equal text.
        let command = command.split_whitespace().collect::<Vec<_>>().join(" ");
        self.read.lines.push(Line {
            context,
            keys,
            command: (command != NONE).then_some(command),
            place: place(self.file, self.text, &name.span()),
            written: name.get_ref().to_string(),
        });
    }

    fn key_mistake(&mut self, name: &Name<'_>, error: KeyError) {
        self.mistake(name, error.into());
    }

    fn wrong(&mut self, name: &Name<'_>, expected: &'static str) {
        self.mistake(name, Fault::WrongValue { key: name.get_ref().to_string(), expected });
    }

    fn mistake(&mut self, name: &Name<'_>, fault: Fault) {
        self.mistakes.push(Mistake { place: place(self.file, self.text, &name.span()), fault });
    }
}

/// Lines of one file that stand in each other's way.
fn clashes(lines: &[Line]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let others = lines.iter().enumerate().filter(|(_, other)| other.context == line.context);
        for (other_at, other) in others {
            let fault = if other_at < at && other.keys == line.keys {
                Fault::Twice { key: line.written.clone(), line: other.place.line }
            } else if other.keys.len() < line.keys.len()
                && line.keys.starts_with(&other.keys)
                && other.command.is_some()
                && line.command.is_some()
            {
                Fault::Unreachable {
                    key: line.written.clone(),
                    beginning: other.written.clone(),
                    line: other.place.line,
                }
            } else {
                continue;
            };
            mistakes.push(Mistake { place: line.place.clone(), fault });
            break;
        }
    }
    mistakes
}

fn finish(mut mistakes: Vec<Mistake>) -> Result<(), KeysError> {
    mistakes.sort_by_key(|mistake| mistake.place.line);
    if mistakes.is_empty() { Ok(()) } else { Err(KeysError::Mistakes(mistakes)) }
}

fn name_of(command: &str) -> &str {
    command.split(' ').next().unwrap_or_default()
}

fn place(file: &File, text: &str, span: &Range<usize>) -> Place {
    let before = text.get(..span.start).unwrap_or(text);
    Place { file: file.clone(), line: memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1 }
}
