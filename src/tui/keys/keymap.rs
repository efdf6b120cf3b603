//! Which keys do what where: the shipped file with the user's laid over it. What has been pressed so far
//! is `matcher`'s.

use std::path::Path;

use super::context::Context;
use super::error::{File, KeysError, KeysWarning, Place};
use super::file::{KeysFile, Line};
use super::key::{Key, shown, spelled};

const SHIPPED: &str = include_str!("../../../config/keys.toml");

/// All bindings of all contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// In the order of `Context::ALL`.
    tables: [Table; Context::ALL.len()],
}

/// Keys and the command that they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// At least one.
    pub keys: Vec<Key>,
    /// Its name and, after spaces, what it applies to.
    pub command: String,
    pub place: Place,
}

/// A key that can be pressed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next<'k> {
    pub key: Key,
    /// `None` when more keys follow.
    pub command: Option<&'k str>,
}

/// What keys lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'k> {
    Binding(&'k Binding),
    /// The beginning of something longer.
    Beginning,
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    /// Keys that it does not know are looked up in `global`.
    inherits: bool,
    /// The user's first: where a command has several keys, theirs is the one to show.
    bindings: Vec<Binding>,
    /// What the user took away, and does not want from `global` either.
    removed: Vec<Vec<Key>>,
}

impl Keymap {
    /// The keys that come with the program.
    pub fn shipped() -> Self {
        let file = KeysFile::parse(&File::Shipped, SHIPPED).expect("the shipped keys are whole");
        Self::lay(&KeysFile::default(), &file)
    }

    /// The shipped keys with the user's, if there are any, laid over them. `known` says whether there is a
    /// command of that name; what a command applies to is not checked.
    pub fn load(user: Option<(&Path, &str)>, known: &dyn Fn(&str) -> bool) -> Result<Self, KeysError> {
        let shipped = KeysFile::parse(&File::Shipped, SHIPPED)?;
        let names = shipped.commands();
        shipped.check(known, &names)?;
        let mut users = KeysFile::default();
        if let Some((path, text)) = user {
            users = KeysFile::parse(&File::User(path.to_owned()), text)?;
            users.check(known, &names)?;
        }
        Ok(Self::lay(&users, &shipped))
    }

    /// Keys that many terminals take for another one that does something else.
    pub fn warnings(&self) -> Vec<KeysWarning> {
        let mut warnings = Vec::new();
        for table in &self.tables {
            for binding in &table.bindings {
                let arrives: Vec<Key> = binding.keys.iter().map(|key| key.as_legacy()).collect();
                let twin = table.bindings.iter().find(|other| other.keys == arrives);
                if let Some(other) = twin
                    && other.command != binding.command
                {
                    warnings.push(KeysWarning {
                        place: binding.place.clone(),
                        key: spelled(&binding.keys),
                        other: spelled(&other.keys),
                        other_place: other.place.clone(),
                    });
                }
            }
        }
        warnings
    }

    /// What is bound in a context itself; `next_keys` also knows what it takes from `global`.
    pub fn bindings(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.table(context).bindings.iter()
    }

    /// The keys of a command where the context is this, for people; the best one first. The command is
    /// written as in the file: `tab 1`.
    pub fn keys_for(&self, context: Context, command: &str) -> Vec<String> {
        let bindings = self.within(context).filter(|binding| binding.command == command);
        let bindings = bindings.filter(|binding| self.reaches(context, binding));
        bindings.map(|binding| shown(&binding.keys)).collect()
    }

    /// What can follow the keys that have been pressed so far; with none, everything that can be pressed.
    pub fn next_keys(&self, context: Context, pressed: &[Key]) -> Vec<Next<'_>> {
        let mut next: Vec<Next<'_>> = Vec::new();
        for binding in self.within(context) {
            let Some([key, rest @ ..]) = binding.keys.strip_prefix(pressed) else { continue };
            if next.iter().all(|other| other.key != *key) && self.reaches(context, binding) {
                let command = rest.is_empty().then_some(binding.command.as_str());
                next.push(Next { key: *key, command });
            }
        }
        next
    }

    pub(super) fn find(&self, context: Context, keys: &[Key]) -> Found<'_> {
        for table in self.levels(context) {
            if let Some(binding) = table.bindings.iter().find(|binding| binding.keys == keys) {
                return Found::Binding(binding);
            }
            if table.bindings.iter().any(|binding| binding.keys.starts_with(keys)) {
                return Found::Beginning;
            }
            if table.removed.iter().any(|removed| keys.starts_with(removed)) {
                return Found::Nothing;
            }
        }
        Found::Nothing
    }

    /// Everything that a context might do, the nearest first.
    fn within(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.levels(context).flat_map(|table| &table.bindings)
    }

    /// Whether nothing nearer hides a binding.
    fn reaches(&self, context: Context, binding: &Binding) -> bool {
        let keys = &binding.keys;
        let begins = (1..keys.len()).all(|length| self.find(context, &keys[..length]) == Found::Beginning);
        begins && self.find(context, keys) == Found::Binding(binding)
    }

    fn levels(&self, context: Context) -> impl Iterator<Item = &Table> {
        let own = self.table(context);
        let global = (own.inherits && context != Context::Global).then(|| self.table(Context::Global));
        [own].into_iter().chain(global)
    }

    fn table(&self, context: Context) -> &Table {
        &self.tables[context as usize]
    }

    fn lay(users: &KeysFile, shipped: &KeysFile) -> Self {
        Self { tables: Context::ALL.map(|context| Table::lay(context, users, shipped)) }
    }
}

impl Table {
    fn lay(context: Context, users: &KeysFile, shipped: &KeysFile) -> Self {
        let inherits = users.inherits.iter().chain(&shipped.inherits).find(|(of, _)| *of == context);
        let of_context = |line: &&Line| line.context == context;
        let over = || users.lines.iter().filter(of_context);
        // A key and a sequence that begins with it cannot both be: the user's wins, whichever it is.
        let hidden = |line: &Line| {
            over().any(|other| {
                let longer = other.command.is_some() && other.keys.starts_with(&line.keys);
                longer || line.keys.starts_with(&other.keys)
            })
        };
        let under = shipped.lines.iter().filter(of_context).filter(|line| !hidden(line));
        Self {
            inherits: inherits.is_none_or(|(_, inherits)| *inherits),
            bindings: over().chain(under).filter_map(Binding::of).collect(),
            removed: over().filter(|line| line.command.is_none()).map(|line| line.keys.clone()).collect(),
        }
    }
}

impl Binding {
    /// Its keys, for people.
    pub fn shown(&self) -> String {
        shown(&self.keys)
    }

    fn of(line: &Line) -> Option<Self> {
        let command = line.command.clone()?;
        Some(Self { keys: line.keys.clone(), command, place: line.place.clone() })
    }
}
