//! The words of a step: its subject, and the paragraph that a reader of `git log` sees first.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::chat::{Message, ToolResult};

/// Columns of a subject.
const SUBJECT_COLUMNS: usize = 72;

/// Columns that the prompt may take in the subject of a turn's later steps.
const PROMPT_COLUMNS: usize = 40;

/// What became of a file, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub verb: Verb,
    pub path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Create,
    Edit,
    Delete,
    Rename,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Rename => "rename",
        }
    }
}

/// The subject of a step: the prompt for the first of a turn; for a later one the prompt, shortened,
/// and what the step did.
pub fn subject(prompt: &str, is_first: bool, changes: &[Change]) -> String {
    let prompt = first_line(prompt);
    match (is_first, prompt.is_empty()) {
        (true, false) => fit(&prompt, SUBJECT_COLUMNS),
        (_, true) => fit(&deeds(changes), SUBJECT_COLUMNS),
        (false, false) => {
            let prompt = fit(&prompt, PROMPT_COLUMNS);
            fit(&format!("{prompt}: {}", deeds(changes)), SUBJECT_COLUMNS)
        }
    }
}

/// What was done, in words: what the model said of it, then its calls that did something.
pub fn paragraph(answer: &Message, results: &[ToolResult], summaries: &[String]) -> String {
    let mut lines = Vec::new();
    let said = answer.text();
    let said = said.split("\n\n").map(str::trim).find(|paragraph| !paragraph.is_empty()).unwrap_or_default();
    if !said.is_empty() {
        lines.push(fit(&one_line(said), 400));
        lines.push(String::new());
    }
    for (result, summary) in results.iter().zip(summaries) {
        let failed = if result.is_error { " (failed)" } else { "" };
        lines.push(
            format!("- {} {}{failed}", result.name, fit(&one_line(summary), 120)).trim_end().to_owned(),
        );
    }
    lines.join("\n").trim().to_owned()
}

fn deeds(changes: &[Change]) -> String {
    let Some(first) = changes.first() else { return "change files".to_owned() };
    let one_verb = changes.iter().all(|change| change.verb == first.verb);
    let verb = if one_verb { first.verb } else { Verb::Edit }.word();
    match changes {
        [one] => format!("{verb} {}", one.path),
        [one, two] if one_verb => format!("{verb} {} and {}", one.path, two.path),
        [one, two] => format!("{} {}, {} {}", one.verb.word(), one.path, two.verb.word(), two.path),
        [one, rest @ ..] => format!("{verb} {} and {} more files", one.path, rest.len()),
        [] => unreachable!("the first change was found above"),
    }
}

fn first_line(text: &str) -> String {
    text.lines().map(one_line).find(|line| !line.is_empty()).unwrap_or_default()
}

fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shortens to so many columns, with an ellipsis.
pub fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > columns.saturating_sub(1) {
            break;
        }
        short.push(character);
    }
    format!("{}…", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(verb: Verb, path: &str) -> Change {
        Change { verb, path: path.into() }
    }

    #[test]
    fn the_first_step_of_a_turn_bears_the_prompt() {
        assert_eq!(subject("\n  Fix the\ttest \nplease", true, &[]), "Fix the test");
        let long = subject(&"漢字".repeat(60), true, &[]);
        assert!(long.width() <= 72 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn later_steps_say_what_they_did() {
        let cases: &[(&[Change], &str)] = &[
            (&[change(Verb::Create, "b.py")], "make two files: create b.py"),
            (&[change(Verb::Edit, "a"), change(Verb::Edit, "b")], "make two files: edit a and b"),
            (&[change(Verb::Edit, "a"), change(Verb::Delete, "b")], "make two files: edit a, delete b"),
            (
                &[change(Verb::Edit, "a"), change(Verb::Edit, "b"), change(Verb::Edit, "c")],
                "make two files: edit a and 2 more files",
            ),
        ];
        for (changes, expected) in cases {
            assert_eq!(subject("make two files", false, changes), *expected);
        }
        assert_eq!(subject("", false, &[change(Verb::Rename, "a")]), "rename a");
    }

    #[test]
    fn the_paragraph_tells_words_and_deeds() {
        let call = crate::chat::ToolCall {
            id: "1".into(),
            name: "bash".into(),
            input: serde_json::json!({}),
            signature: None,
        };
        let results = [ToolResult::text(&call, "x", true)];
        let told = paragraph(&Message::assistant("I try.\nNow.\n\nMore."), &results, &["make\ntest".into()]);
        assert_eq!(told, "I try. Now.\n\n- bash make test (failed)");
    }
}
