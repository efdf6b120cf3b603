//! Patterns that choose among ignored files: the syntax of `.gitignore`, the other way round.

use std::path::Path;

use globset::GlobBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// A list of patterns; a later one wins over an earlier one, and `!` takes back.
pub(super) struct Patterns {
    matcher: Gitignore,
    /// Those that choose, without what is said of their place.
    lines: Vec<String>,
    /// Lines that are no pattern.
    pub broken: Vec<String>,
}

impl Patterns {
    pub fn parse<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> Self {
        // Paths are given relative to the top, which therefore needs no name.
        let mut builder = GitignoreBuilder::new("");
        let (mut kept, mut broken) = (Vec::new(), Vec::new());
        for line in lines {
            let line = line.as_ref();
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if builder.add_line(None, line).is_err() {
                broken.push(text.to_owned());
            } else if !text.starts_with('!') {
                kept.push(text.trim_start_matches('/').trim_end_matches('/').to_owned());
            }
        }
        let matcher = builder.build().unwrap_or_else(|_| Gitignore::empty());
        Self { matcher, lines: kept, broken }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether a path, or a folder that it lies in, is chosen.
    pub fn takes(&self, path: &Path, is_dir: bool) -> bool {
        self.matcher.matched_path_or_any_parents(path, is_dir).is_ignore()
    }

    /// Whether a path within a chosen folder is taken back by a `!`.
    pub fn drops(&self, path: &Path, is_dir: bool) -> bool {
        self.matcher.matched(path, is_dir).is_whitelist()
    }

    /// Whether some pattern names what lies in this folder. One without a place (`.env`, `**/.env`) does not:
    /// nobody who writes that means the files of packages in `node_modules`.
    pub fn enters(&self, folder: &Path) -> bool {
        let folder: Vec<String> = folder.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        self.lines.iter().any(|line| {
            let parts: Vec<&str> = line.split('/').collect();
            if parts[0] == "**" {
                return false;
            }
            for (at, name) in folder.iter().enumerate() {
                match parts.get(at) {
                    Some(&"**") => return true,
                    Some(part) if fits(part, name) => {}
                    _ => return false,
                }
            }
            parts.len() > folder.len()
        })
    }

    /// Patterns that name one thing.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str).filter(|line| !line.contains(['*', '?', '[', '\\']))
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken<'a>(lines: &[&str], paths: &[&'a str]) -> Vec<&'a str> {
        let patterns = Patterns::parse(lines);
        let is_taken =
            |path: &&&str| patterns.takes(Path::new(path.trim_end_matches('/')), path.ends_with('/'));
        paths.iter().filter(is_taken).copied().collect()
    }

    #[test]
    fn patterns_choose_as_in_gitignore() {
        let paths =
            [".env", "app/.env", "config/local.json", "config/x/local.json", "node_modules/", "a.log"];
        assert_eq!(taken(&[".env"], &paths), [".env", "app/.env"]);
        assert_eq!(taken(&["/.env", "# .env", ""], &paths), [".env"]);
        assert_eq!(taken(&["config/*.json"], &paths), ["config/local.json"]);
        assert_eq!(taken(&["config/"], &paths), ["config/local.json", "config/x/local.json"]);
        assert_eq!(taken(&["*", "!*.log", "!.env"], &paths).len(), 3);
        assert_eq!(taken(&["node_modules/"], &paths), ["node_modules/"]);
    }

    #[test]
    fn only_what_names_a_place_in_an_ignored_folder_leads_into_it() {
        let enters = |line: &str, folder: &str| Patterns::parse([line]).enters(Path::new(folder));
        assert!(!enters(".env", "node_modules"));
        assert!(!enters("**/.env", "node_modules"));
        assert!(!enters("node_modules", "node_modules"), "that takes it whole");
        assert!(enters("dist/*.json", "dist") && !enters("dist/*.json", "dist/x"));
        assert!(enters("dist/**/*.json", "dist/x/y"));
        assert!(enters("/apps/*/dist/a", "apps/web/dist") && !enters("/apps/*/dist/a", "libs"));
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        let patterns = Patterns::parse(["{a", "b"]);
        assert_eq!(patterns.broken, ["{a"]);
        assert_eq!(patterns.names().collect::<Vec<_>>(), ["b"]);
    }
}
