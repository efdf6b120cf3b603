//! The lines for people: kept short, clean of control characters, and unable to pass for anything else.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const SUBJECT_COLUMNS: usize = 72;
const PROMPT_LINES: usize = 12;
const PROMPT_CHARS: usize = 1_200;
const SUMMARY_LINES: usize = 40;
const SUMMARY_CHARS: usize = 4_000;

/// What stands before a line of the summary that could be taken for something else.
const GUARD: &str = "| ";

/// One line of at most 72 columns, or `otherwise` when nothing is left of it.
pub fn subject(text: &str, otherwise: &str) -> String {
    let line = one_line(text);
    // A comment, a fence or an autosquash mark would be acted on by git or by a reader.
    let mut line = line.trim_start_matches(['#', '`', '~', '>', '|', ' ']);
    while let Some(rest) = ["fixup!", "squash!", "amend!"].iter().find_map(|mark| line.strip_prefix(mark)) {
        line = rest.trim_start();
    }
    if line.is_empty() {
        return otherwise.into();
    }
    let line = if is_risky(line) { format!("Step: {line}") } else { line.to_owned() };
    shorten_columns(&line)
}

/// The prompt as a quotation.
pub fn quote(text: &str) -> String {
    let quoted: Vec<String> = shorten(text, PROMPT_LINES, PROMPT_CHARS)
        .iter()
        .map(|l| format!("> {l}").trim_end().into())
        .collect();
    quoted.join("\n")
}

pub fn summary(text: &str) -> String {
    let lines: Vec<String> = shorten(text, SUMMARY_LINES, SUMMARY_CHARS)
        .into_iter()
        .map(|line| if is_risky(&line) { format!("{GUARD}{line}") } else { line })
        .collect();
    lines.join("\n")
}

/// The text without control characters, on one line, with single spaces.
pub fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether git, a mail tool or our reader could take the line for more than words.
fn is_risky(line: &str) -> bool {
    let line = line.trim_start();
    let starts = |prefix: &str| line.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix));
    ["```", "~~~", "#", "---", "{", ">", "| "].iter().any(|prefix| line.starts_with(prefix))
        || ["offshoot-", "diff -", "index:", "index ", "from ", "from:", "date:", "subject:"]
            .iter()
            .any(|prefix| starts(prefix))
        || line.starts_with("(cherry picked from")
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A line of dashes with scissors makes `git am --scissors` drop all that stands before it.
fn blunt(line: &str) -> String {
    if !line.contains("--") && !line.contains("- -") {
        return line.into();
    }
    [(">8", "> 8"), ("8<", "8 <"), (">%", "> %"), ("%<", "% <")]
        .iter()
        .fold(line.to_owned(), |line, (sharp, blunt)| line.replace(sharp, blunt))
}

/// Clean lines without empty ones at either end, and with at most one between two others.
fn shorten(text: &str, most_lines: usize, most_chars: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut chars = 0;
    let mut is_cut = false;
    for line in text.trim().lines() {
        let line: String = line.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect();
        let line = blunt(line.trim_end());
        if line.is_empty() && lines.last().is_none_or(String::is_empty) {
            continue;
        }
        if lines.len() == most_lines || chars >= most_chars {
            is_cut = true;
            break;
        }
        let kept: String = line.chars().take(most_chars - chars).collect();
        chars += kept.chars().count();
        is_cut |= kept.len() < line.len();
        lines.push(kept);
        if is_cut {
            break;
        }
    }
    if is_cut {
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(" […]");
        }
    }
    lines
}

fn shorten_columns(line: &str) -> String {
    if line.width() <= SUBJECT_COLUMNS {
        return line.into();
    }
    let mut kept = String::new();
    let mut columns = 0;
    for c in line.chars() {
        columns += c.width().unwrap_or(0);
        if columns > SUBJECT_COLUMNS - 1 {
            break;
        }
        kept.push(c);
    }
    // Cut between words where that costs little.
    if let Some(space) = kept.rfind(' ').filter(|&at| at > kept.len() * 2 / 3) {
        kept.truncate(space);
    }
    format!("{}…", kept.trim_end())
}
