//! What a prompt that was sent means: words for the agent, a command of the workbench, or something to run.

/// What to do with a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// For the agent, as it is to be sent.
    Prompt(String),
    /// `/name args`: a command of the workbench.
    Slash { name: String, args: String },
    /// `!command`: to be run; the agent sees it.
    Bang { command: String },
    /// `!!command`: to be run; the agent does not see it.
    BangBang { command: String },
    /// `$command`: to be run with the terminal.
    Dollar { command: String },
}

/// Only the very start of a text counts. A space there, or a second slash, makes a prompt of anything.
pub fn parse(text: &str) -> Kind {
    let prompt = || Kind::Prompt(text.trim().to_owned());
    if let Some(rest) = text.strip_prefix("//") {
        return Kind::Prompt(format!("/{rest}").trim_end().to_owned());
    }
    if let Some(rest) = text.strip_prefix('/') {
        let (name, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if !is_name(name) {
            return prompt();
        }
        return Kind::Slash { name: name.to_owned(), args: args.trim().to_owned() };
    }
    let signed = |sign: &str| {
        let command = text.strip_prefix(sign)?.trim();
        (!command.is_empty()).then(|| command.to_owned())
    };
    if text.starts_with("!!") {
        return signed("!!").map_or_else(prompt, |command| Kind::BangBang { command });
    }
    if let Some(command) = signed("!") {
        return Kind::Bang { command };
    }
    match signed("$") {
        // A price is no program.
        Some(command) if !text[1..].starts_with(|c: char| c.is_ascii_digit()) => Kind::Dollar { command },
        _ => prompt(),
    }
}

/// Whether a word can name a command; a path cannot.
pub(super) fn is_name(word: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':');
    word.starts_with(char::is_alphabetic) && word.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(text: &str) -> Kind {
        Kind::Prompt(text.into())
    }

    #[test]
    fn the_start_of_a_text_says_what_it_is() {
        let slash = |name: &str, args: &str| Kind::Slash { name: name.into(), args: args.into() };
        let cases = [
            ("fix the parser\n", prompt("fix the parser")),
            ("/help", slash("help", "")),
            ("/branch --rev 2  try it ", slash("branch", "--rev 2  try it")),
            ("/review look\nat this", slash("review", "look\nat this")),
            ("/review\nat this", slash("review", "at this")),
            ("/team:deploy x", slash("team:deploy", "x")),
            ("//foo", prompt("/foo")),
            (" /foo", prompt("/foo")),
            ("/usr/bin/env is missing", prompt("/usr/bin/env is missing")),
            ("/", prompt("/")),
            ("!ls -l", Kind::Bang { command: "ls -l".into() }),
            ("! ls\nwc", Kind::Bang { command: "ls\nwc".into() }),
            ("!!make", Kind::BangBang { command: "make".into() }),
            ("!", prompt("!")),
            (" !x", prompt("!x")),
            ("look:\n!ls", prompt("look:\n!ls")),
            ("$vim a.rs", Kind::Dollar { command: "vim a.rs".into() }),
            ("$ cargo test", Kind::Dollar { command: "cargo test".into() }),
            ("$5 is too much", prompt("$5 is too much")),
        ];
        for (text, kind) in cases {
            assert_eq!(parse(text), kind, "{text:?}");
        }
    }
}
