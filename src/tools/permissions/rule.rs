//! Rules as they stand in settings: `tool`, or `tool(glob of its argument)`. In the glob of a shell
//! command `*` matches anything; in that of a path it stays within a name, and `**` does not.

use globset::{GlobBuilder, GlobMatcher};

use crate::config::PermissionRules;

/// The three lists.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(super) allow: RuleList,
    pub(super) ask: RuleList,
    pub(super) deny: RuleList,
}

/// A rule that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("the rule `{rule}` is not of the form `tool` or `tool(pattern)`")]
    Form { rule: String },
    #[error("the pattern of the rule `{rule}` is invalid: {source}")]
    Pattern { rule: String, source: globset::Error },
}

#[derive(Debug, Clone, Default)]
pub(super) struct RuleList(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    text: String,
    tool: String,
    /// `None`: any argument.
    pattern: Option<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    globs: Vec<GlobMatcher>,
}

impl Rules {
    pub fn parse(rules: &PermissionRules) -> Result<Self, RuleError> {
        Ok(Self {
            allow: RuleList::parse(&rules.allow)?,
            ask: RuleList::parse(&rules.ask)?,
            deny: RuleList::parse(&rules.deny)?,
        })
    }
}

impl RuleList {
    pub fn parse(rules: &[String]) -> Result<Self, RuleError> {
        rules.iter().map(|rule| Rule::parse(rule)).collect::<Result<_, _>>().map(Self)
    }

    pub fn push(&mut self, rule: &str) -> Result<(), RuleError> {
        self.0.push(Rule::parse(rule)?);
        Ok(())
    }

    /// The first rule that matches one of the arguments; for a call without any, a rule without a
    /// pattern.
    pub fn any(&self, tool: &str, arguments: &[String]) -> Option<&str> {
        self.0
            .iter()
            .find(|rule| {
                rule.is_for(tool)
                    && (rule.pattern.is_none() || arguments.iter().any(|argument| rule.matches(argument)))
            })
            .map(|rule| rule.text.as_str())
    }

    /// Whether every argument is matched by some rule.
    pub fn all(&self, tool: &str, arguments: &[String]) -> bool {
        if arguments.is_empty() {
            return self.any(tool, &[]).is_some();
        }
        arguments.iter().all(|argument| self.0.iter().any(|rule| rule.is_for(tool) && rule.matches(argument)))
    }

    /// Whether a rule names this very argument, without wildcards, or all of them.
    pub fn exactly(&self, tool: &str, argument: &str) -> bool {
        let escaped = globset::escape(argument.trim());
        self.0.iter().filter(|rule| rule.is_for(tool)).any(|rule| match &rule.pattern {
            None => true,
            Some(pattern) => pattern.text == "*" || pattern.text == escaped,
        })
    }
}

impl Rule {
    fn parse(rule: &str) -> Result<Self, RuleError> {
        let form = || RuleError::Form { rule: rule.to_owned() };
        let text = rule.trim();
        let (tool, pattern) = match text.split_once('(') {
            None => (text, None),
            Some((tool, rest)) => (tool.trim(), Some(rest.strip_suffix(')').ok_or_else(form)?.trim())),
        };
        let named = !tool.is_empty()
            && tool.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '.' | ':' | '/'));
        if !named || pattern == Some("") {
            return Err(form());
        }
        let tool = tool.to_ascii_lowercase();
        let pattern = pattern.map(|pattern| Pattern::new(pattern, &tool, rule)).transpose()?;
        Ok(Self { text: text.to_owned(), tool, pattern })
    }

    fn is_for(&self, tool: &str) -> bool {
        match self.tool.strip_suffix('*') {
            Some(prefix) => tool.to_ascii_lowercase().starts_with(prefix),
            None => tool.eq_ignore_ascii_case(&self.tool),
        }
    }

    fn matches(&self, argument: &str) -> bool {
        let Some(pattern) = &self.pattern else { return true };
        let argument = argument.trim();
        let argument = argument.strip_prefix("./").unwrap_or(argument);
        pattern.globs.iter().any(|glob| glob.is_match(argument))
    }
}

impl Pattern {
    fn new(text: &str, tool: &str, rule: &str) -> Result<Self, RuleError> {
        // `git push *` is also meant for `git push` alone; `git push:*` is how others write it.
        let start = text.strip_suffix(":*").or(text.strip_suffix(" *"));
        let texts = match start {
            Some(start) if tool == "bash" => vec![start.to_owned(), format!("{start} *")],
            _ => vec![text.to_owned()],
        };
        let globs = texts
            .iter()
            .map(|text| {
                let glob =
                    GlobBuilder::new(text).literal_separator(tool != "bash").backslash_escape(true).build();
                glob.map(|glob| glob.compile_matcher())
            })
            .collect::<Result<_, _>>()
            .map_err(|source| RuleError::Pattern { rule: rule.to_owned(), source })?;
        Ok(Self { text: text.to_owned(), globs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_matches_its_tool_and_argument() {
        let cases = [
            ("bash(git push *)", "bash", "git push origin main", true),
            ("bash(git push *)", "bash", "git push", true),
            ("bash(git push *)", "bash", "git pushy", false),
            ("bash(git push:*)", "bash", "git push -f", true),
            ("bash(npm run *)", "bash", "npm run a/b", true),
            ("Bash(ls)", "bash", "ls", true),
            ("bash", "bash", "anything", true),
            ("write(docs/**)", "write", "docs/a/b.md", true),
            ("write(docs/**)", "write", "./docs/a.md", true),
            ("write(docs/*)", "write", "docs/a/b.md", false),
            ("write(docs/**)", "edit", "docs/a.md", false),
            ("mcp__*", "mcp__files__read", "x", true),
        ];
        for (rule, tool, argument, wanted) in cases {
            let list = RuleList::parse(&[rule.to_owned()]).unwrap();
            assert_eq!(
                list.any(tool, &[argument.to_owned()]).is_some(),
                wanted,
                "{rule} on {tool} {argument}"
            );
        }
    }

    #[test]
    fn an_exact_rule_is_one_without_wildcards() {
        let command = "rm -rf build/* && echo [ok]";
        let exact = RuleList::parse(&[format!("bash({})", globset::escape(command))]).unwrap();
        assert!(exact.exactly("bash", command));
        let wild = RuleList::parse(&["bash(rm -rf *)".to_owned()]).unwrap();
        assert!(!wild.exactly("bash", command));
    }

    #[test]
    fn a_rule_that_says_nothing_is_an_error() {
        for rule in ["", "bash(", "bash()", "(x)", "a b", "bash(x", "write([)"] {
            assert!(RuleList::parse(&[rule.to_owned()]).is_err(), "{rule}");
        }
    }
}
