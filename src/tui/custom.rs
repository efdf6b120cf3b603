//! Commands of the user's own: Markdown files in `commands/` beside the settings, in `.offshoot/commands` of
//! the repository, and where other tools keep them. The file's name is the command's; its text is the
//! prompt; `$ARGUMENTS`, `$1` … `$9` stand for what is typed behind it.

use std::path::{Path, PathBuf};

/// A file that is longer is no command.
const LONGEST: u64 = 256 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCommand {
    pub name: String,
    /// From the front matter, or the first line.
    pub doc: String,
    /// What it asks for, from the front matter.
    pub args: String,
    text: String,
}

/// Where commands are looked for, the first that has a name wins.
pub fn folders(settings: &Path, checkout: &Path) -> Vec<PathBuf> {
    vec![checkout.join(".offshoot/commands"), settings.join("commands"), checkout.join(".claude/commands")]
}

/// All commands of some folders, by name. What cannot be read is left out.
pub fn discover(folders: &[PathBuf]) -> Vec<UserCommand> {
    let mut all: Vec<UserCommand> = Vec::new();
    for folder in folders {
        let Ok(files) = std::fs::read_dir(folder) else { continue };
        for file in files.flatten() {
            let path = file.path();
            let is_short = file.metadata().is_ok_and(|data| data.is_file() && data.len() <= LONGEST);
            if !is_short || path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            if !is_name(name) || all.iter().any(|known| known.name == name) {
                continue;
            }
            if let Ok(text) = std::fs::read_to_string(&path) {
                all.push(UserCommand::parse(name, &text));
            }
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// What can be typed behind a slash.
fn is_name(name: &str) -> bool {
    let is_inner = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
    name.starts_with(char::is_alphabetic) && name.chars().all(is_inner)
}

impl UserCommand {
    fn parse(name: &str, file: &str) -> Self {
        let (front, text) = front_matter(file);
        let field = |wanted: &str| {
            front.lines().filter_map(|line| line.split_once(':')).find_map(|(key, value)| {
                (key.trim() == wanted).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
            })
        };
        let first = || text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let doc = field("description").unwrap_or_else(|| first().trim_start_matches('#').trim().to_owned());
        let args = field("argument-hint").or_else(|| field("arguments")).unwrap_or_default();
        Self { name: name.to_owned(), doc, args, text: text.trim().to_owned() }
    }

    /// The prompt, with the arguments in their places; behind it where it has no place for them.
    pub fn prompt(&self, args: &str) -> String {
        let words: Vec<&str> = args.split_whitespace().collect();
        let mut prompt = String::with_capacity(self.text.len() + args.len());
        let mut used = false;
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find('$') {
            prompt.push_str(&rest[..at]);
            let behind = &rest[at + 1..];
            if let Some(after) = behind.strip_prefix("ARGUMENTS") {
                prompt.push_str(args);
                (used, rest) = (true, after);
            } else if let Some(digit) = behind.chars().next().filter(|c| ('1'..='9').contains(c)) {
                let place = digit as usize - '1' as usize;
                prompt.push_str(words.get(place).copied().unwrap_or_default());
                (used, rest) = (true, &behind[1..]);
            } else {
                prompt.push('$');
                rest = behind;
            }
        }
        prompt.push_str(rest);
        if !used && !args.is_empty() {
            prompt.push_str("\n\n");
            prompt.push_str(args);
        }
        prompt
    }
}

/// What stands between `---` lines at the top, and the rest.
fn front_matter(file: &str) -> (&str, &str) {
    let Some(after) = file.strip_prefix("---\n") else { return ("", file) };
    match after.split_once("\n---\n") {
        Some((front, text)) => (front, text),
        None => ("", file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_go_where_the_text_wants_them() {
        let cases = [
            ("Fix $ARGUMENTS now", "a b", "Fix a b now"),
            ("From $2 to $1, $3.", "a b", "From b to a, ."),
            ("Costs $5.", "", "Costs ."),
            ("Say $HOME", "", "Say $HOME"),
            ("Review.", "the tests", "Review.\n\nthe tests"),
        ];
        for (text, args, expected) in cases {
            assert_eq!(UserCommand::parse("x", text).prompt(args), expected);
        }
    }

    #[test]
    fn files_are_found_and_the_first_of_a_name_wins() {
        let root = tempfile::tempdir().unwrap();
        let (one, two) = (root.path().join("one"), root.path().join("two"));
        for folder in [&one, &two] {
            std::fs::create_dir(folder).unwrap();
        }
        let front = "---\ndescription: \"Looks at it\"\nargument-hint: FILE\n---\nLook at $1.\n";
        std::fs::write(one.join("look.md"), front).unwrap();
        std::fs::write(two.join("look.md"), "other").unwrap();
        std::fs::write(two.join("tidy.md"), "# Tidy up\n\nTidy.").unwrap();
        std::fs::write(two.join("notes.txt"), "no").unwrap();
        let found = discover(&[one, two, root.path().join("missing")]);
        let seen: Vec<_> = found.iter().map(|c| (c.name.as_str(), c.doc.as_str(), c.args.as_str())).collect();
        assert_eq!(seen, [("look", "Looks at it", "FILE"), ("tidy", "Tidy up", "")]);
        assert_eq!(found[0].prompt("a.rs"), "Look at a.rs.");
    }
}
