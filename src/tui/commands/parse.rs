//! A typed command, and what is wrong with one.

use super::{Spec, by_name, typed};

/// A command with its arguments, as typed.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub spec: &'static Spec,
    pub args: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    #[error("there is no command /{0}")]
    Unknown(String, Option<&'static str>),
    #[error("/{name}: {message}")]
    Arguments { name: &'static str, message: String, usage: &'static str },
}

impl Misuse {
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown(_, Some(near)) => format!("did you mean /{near}? `/help` lists them all"),
            Self::Unknown(_, None) => "`/help` lists them; `//` at the start sends a slash".to_owned(),
            Self::Arguments { name, usage, .. } => format!("it goes: /{name} {usage}"),
        }
    }
}

/// The command of a line without its slash.
///
/// # Errors
/// When there is none of that name.
pub fn parse(line: &str) -> Result<Asked<'_>, Misuse> {
    let line = line.trim();
    let (name, args) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match by_name(name).filter(|spec| spec.group.is_typed()) {
        Some(spec) => Ok(Asked { spec, args: args.trim() }),
        None => Err(Misuse::Unknown(name.to_owned(), nearest(name))),
    }
}

impl Asked<'_> {
    pub fn misuse(&self, message: impl Into<String>) -> Misuse {
        Misuse::Arguments { name: self.spec.name, message: message.into(), usage: self.spec.args }
    }

    /// Takes a flag out of the arguments: whether it was there, and the rest.
    pub fn flag(&self, flag: &str) -> (bool, String) {
        let words: Vec<&str> = self.args.split_whitespace().collect();
        match words.iter().position(|word| *word == flag) {
            Some(at) => (true, [&words[..at], &words[at + 1..]].concat().join(" ")),
            None => (false, self.args.to_owned()),
        }
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    if let Some(spec) = typed().find(|spec| !name.is_empty() && spec.name.starts_with(name)) {
        return Some(spec.name);
    }
    let names = typed().flat_map(|spec| std::iter::once(spec.name).chain(spec.aliases.iter().copied()));
    let close = names.map(|known| (strsim::damerau_levenshtein(name, known), known));
    close.filter(|(distance, _)| *distance <= 2).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_known() {
        assert_eq!(parse("branch --rev 2 try it").unwrap().args, "--rev 2 try it");
        assert_eq!(parse("quit").unwrap().spec.name, "exit");
    }

    #[test]
    fn a_mistyped_name_gets_its_neighbour() {
        let hint = |line: &str| parse(line).unwrap_err().hint();
        assert!(hint("brnach").contains("/branch"));
        assert!(hint("perm").contains("/permissions"));
        assert!(hint("xyzzy").contains("/help"));
        assert!(hint("scroll-up").contains("/help"));
    }

    #[test]
    fn a_flag_is_taken_out() {
        let asked = parse("undo 2 --turn").unwrap();
        assert_eq!(asked.flag("--turn"), (true, "2".to_owned()));
        assert_eq!(asked.flag("--all"), (false, "2 --turn".to_owned()));
    }
}
