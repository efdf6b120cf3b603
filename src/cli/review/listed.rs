//! The changes of a review for a person and for a program: files, what became of them, and numbered hunks.

use std::io::IsTerminal;

use serde_json::{Value, json};

use crate::chat::sanitise;
use crate::cli::diff::change;
use crate::cli::output::{Tone, toned};
use crate::git::Hunk;
use crate::workbench::review::{Body, ChangeKind, Compared, FileDiff, hunks_of};
use crate::workbench::words::count;

/// Lines of a hunk's side that are printed.
const MOST_LINES: usize = 200;

/// Text for a terminal, without what it would obey; as it is for a program.
pub fn clean(text: &str) -> String {
    if std::io::stdout().is_terminal() { sanitise(text).into_owned() } else { text.to_owned() }
}

pub fn as_text(compared: &Compared) -> String {
    let mut text = String::new();
    let mut total = 0;
    for file in &compared.files {
        let hunks = hunks_of(file);
        total += hunks.len();
        let (plus, minus) = counts(&hunks);
        let name = match &file.old_path {
            Some(old) => format!("{old} → {}", file.path),
            None => file.path.clone(),
        };
        let head = toned(&clean(&name), Tone::Strong);
        text.push_str(&format!("{head}  {}{}\n", change(file.kind), figures(plus, minus)));
        for note in notes(file) {
            text.push_str(&format!("  {}\n", toned(&note, Tone::Quiet)));
        }
        if let Body::Text { old, new } = &file.body {
            let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
            for (number, hunk) in hunks.iter().enumerate() {
                let place = format!("  hunk {}  -{} +{}", number + 1, span(&hunk.old), span(&hunk.new));
                text.push_str(&format!("{}\n", toned(&place, Tone::Quiet)));
                side(&mut text, ('-', Tone::Bad), old.get(hunk.old.clone()).unwrap_or_default());
                side(&mut text, ('+', Tone::Good), new.get(hunk.new.clone()).unwrap_or_default());
            }
        }
        text.push('\n');
    }
    let files = count(compared.files.len(), "file");
    text.push_str(&format!("{}: {files}, {}\n", clean(&compared.title), count(total, "hunk")));
    text
}

pub fn as_json(compared: &Compared) -> Value {
    let file = |file: &FileDiff| {
        let hunks = hunks_of(file);
        let (insertions, deletions) = counts(&hunks);
        let (old, new): (Vec<&str>, Vec<&str>) = match &file.body {
            Body::Text { old, new } => (old.lines().collect(), new.lines().collect()),
            _ => Default::default(),
        };
        json!({
            "path": file.path, "old_path": file.old_path, "change": change(file.kind),
            "old_mode": file.old_mode.map(|mode| format!("{mode:06o}")),
            "new_mode": file.new_mode.map(|mode| format!("{mode:06o}")),
            "notes": notes(file), "insertions": insertions, "deletions": deletions,
            "hunks": hunks.iter().enumerate().map(|(number, hunk)| json!({
                "number": number + 1,
                "old_start": hunk.old.start + 1, "old": old.get(hunk.old.clone()),
                "new_start": hunk.new.start + 1, "new": new.get(hunk.new.clone()),
            })).collect::<Vec<_>>(),
        })
    };
    json!({
        "title": compared.title, "from": compared.from, "to": compared.to,
        "files": compared.files.iter().map(file).collect::<Vec<_>>(),
    })
}

fn counts(hunks: &[Hunk]) -> (usize, usize) {
    (hunks.iter().map(|hunk| hunk.new.len()).sum(), hunks.iter().map(|hunk| hunk.old.len()).sum())
}

fn figures(plus: usize, minus: usize) -> String {
    let mut text = String::new();
    for (sign, lines, tone) in [('+', plus, Tone::Good), ('-', minus, Tone::Bad)] {
        if lines > 0 {
            text.push_str(&format!(" {}", toned(&format!("{sign}{lines}"), tone)));
        }
    }
    text
}

/// What lines do not tell of a file.
fn notes(file: &FileDiff) -> Vec<String> {
    let mut notes = Vec::new();
    match &file.body {
        Body::Binary { old_bytes, new_bytes } => {
            notes.push(format!("binary file, {old_bytes} → {new_bytes} bytes"));
        }
        Body::TooLarge { old_bytes, new_bytes } => {
            notes.push(format!("too large to show, {old_bytes} → {new_bytes} bytes"));
        }
        Body::Submodule { old, new } => {
            let name = |id: &Option<String>| {
                id.as_ref().map_or_else(|| "nothing".to_owned(), |id| id.chars().take(10).collect())
            };
            notes.push(format!("submodule, {} → {}", name(old), name(new)));
        }
        Body::Text { .. } | Body::None => {}
    }
    if let (Some(old), Some(new)) = (file.old_mode, file.new_mode)
        && old != new
    {
        notes.push(format!("mode {old:06o} → {new:06o}"));
    }
    let is_link = |mode: Option<u32>| mode.is_some_and(|mode| mode & 0o170_000 == 0o120_000);
    if is_link(file.old_mode) || is_link(file.new_mode) {
        notes.push("symlink: its text is its target".to_owned());
    }
    if file.kind == ChangeKind::Renamed && file.body == Body::None {
        notes.push("only the name changed".to_owned());
    }
    notes
}

/// Counted from 1, as people do.
fn span(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        many => format!("{},{many}", lines.start + 1),
    }
}

fn side(text: &mut String, (sign, tone): (char, Tone), lines: &[&str]) {
    for line in lines.iter().take(MOST_LINES) {
        text.push_str(&format!("    {}\n", toned(&format!("{sign}{}", clean(line)), tone)));
    }
    if lines.len() > MOST_LINES {
        let more = format!("    {sign}… and {} more", count(lines.len() - MOST_LINES, "line"));
        text.push_str(&format!("{}\n", toned(&more, Tone::Quiet)));
    }
}
