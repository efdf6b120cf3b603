//! `edit`: replaces text in a file. The old text is looked for exactly, then by a ladder of tolerant
//! matches, each told as such and never a guess between several places; everything else in the file
//! stays as it is, byte for byte.

pub(super) mod anchors;
mod fold;
pub(super) mod ladder;
pub(super) mod lines;
pub(super) mod nearest;
mod transplant;

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Value, json};

pub(super) use self::fold::unescape;
use self::ladder::{Found, Miss, Occurrences, Rung, Splice, line_texts, locate, locate_by_anchors};
use self::lines::Lines;
use super::args::{self, ArgError, Args};
use super::changes::{Counts, count, snippet};
use super::text::{Text, TextError};
use super::{PathError, RelPath, ToolContext, ToolOutput, Workspace, blocking, omission, read};
use crate::chat::ToolSpec;

/// Changes of one call that are shown as snippets.
const MAX_SNIPPETS: usize = 5;

/// Line numbers that are listed.
const MAX_LISTED: usize = 10;

#[derive(Debug, thiserror::Error)]
enum EditError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("{path}: no such file{near}; to create it, use `write`")]
    NotFound { path: String, near: String },
    #[error("{path}: {source}")]
    Text { path: RelPath, source: TextError },
    #[error("{path}: {which}{problem}\nNothing was changed.")]
    Edit { path: RelPath, which: String, problem: Problem },
}

/// What is wrong with one edit.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("old_string and new_string are the same")]
    Same,
    #[error(
        "old_string is empty, but the file is not: give the text to replace, or use `write` for a new content"
    )]
    EmptyOld,
    #[error("{0}")]
    Omission(String),
    #[error("{}", several(*rung, lines))]
    Several { rung: Rung, lines: Vec<usize> },
    #[error("old_string was not found. {near}")]
    Nowhere { near: String },
}

struct Edit {
    old: String,
    new: String,
    occurrences: Occurrences,
}

/// How an edit went.
enum Done {
    Changed { rung: Rung, places: usize },
    Already { line: usize },
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "edit".into(),
        description: "Replaces text in a file. old_string must be in the file exactly once, with its \
                      indentation and without line numbers: include lines around it until it is unique, or set \
                      replace_all. new_string is what comes there, complete: nothing is filled in."
            .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "File, relative to the root of the worktree"},
                "old_string": {"type": "string", "description": "Text to replace"},
                "new_string": {"type": "string", "description": "Text that takes its place"},
                "replace_all": {"type": "boolean", "description": "Replace every occurrence"}
            },
            "required": ["path", "old_string", "new_string"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, workspace) = (input.clone(), context.workspace.clone());
    blocking(move || edit(&input, &workspace)).await
}

fn edit(input: &Value, workspace: &Workspace) -> Result<ToolOutput, EditError> {
    let args = Args::new("edit", input)?;
    let path = workspace.relative(&args.path()?)?;
    let edits = edits(&args)?;
    let Some(bytes) = workspace.read_if_exists(&path)? else {
        return create(workspace, path, &edits);
    };
    let before = Text::decode(&bytes).map_err(|source| EditError::Text { path: path.clone(), source })?;
    let mut text = before.content.clone();
    let mut changed: Vec<Range<usize>> = Vec::new();
    let mut notes = String::new();
    for (index, edit) in edits.iter().enumerate() {
        let which =
            if edits.len() > 1 { format!("edit {} of {}: ", index + 1, edits.len()) } else { String::new() };
        let done = apply(edit, &mut text, &mut changed).map_err(|problem| EditError::Edit {
            path: path.clone(),
            which: which.clone(),
            problem,
        })?;
        note(&mut notes, &which, &done);
    }
    if text == before.content {
        return Ok(ToolOutput::ok(format!("{path}: nothing to change{notes}"), format!("{path} unchanged")));
    }
    let bytes = before.encode(&text).map_err(|source| EditError::Text { path: path.clone(), source })?;
    workspace.write_atomically(&path, &bytes)?;
    let counts = count(&before.content, &text);
    let said = format!("edited {path} ({counts}){notes}\n{}", snippets(&text, &mut changed));
    Ok(ToolOutput::ok(said, format!("{path} {counts}")).touching(workspace, [path]))
}

fn edits(args: &Args) -> Result<Vec<Edit>, ArgError> {
    let Some(list) = args.list(args::EDITS)? else { return Ok(vec![one_edit(args)?]) };
    if list.is_empty() {
        return Err(args.missing(args::EDITS));
    }
    list.iter().map(|item| one_edit(&Args::new("edit", item)?)).collect()
}

fn one_edit(args: &Args) -> Result<Edit, ArgError> {
    let bare = |text: String| text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned);
    let old = bare(args.text(args::OLD)?);
    let new = bare(args.text(args::NEW)?);
    let all = args.flag(args::REPLACE_ALL)?;
    Ok(Edit { old, new, occurrences: if all { Occurrences::All } else { Occurrences::One } })
}

/// An edit of a file that is not there: one of nothing creates it.
fn create(workspace: &Workspace, path: RelPath, edits: &[Edit]) -> Result<ToolOutput, EditError> {
    match edits {
        [edit] if edit.old.is_empty() && !edit.new.is_empty() => {
            workspace.write_atomically(&path, edit.new.as_bytes())?;
            let counts = Counts { added: edit.new.lines().count(), removed: 0 };
            let said = format!("created {path} ({counts})");
            Ok(ToolOutput::ok(said, format!("{path} {counts}")).touching(workspace, [path]))
        }
        _ => Err(EditError::NotFound { path: path.to_string(), near: read::near(workspace, &path) }),
    }
}

/// Applies one edit to `text`, and notes in `changed` which bytes are new.
fn apply(edit: &Edit, text: &mut String, changed: &mut Vec<Range<usize>>) -> Result<Done, Problem> {
    let Edit { old, new, occurrences } = edit;
    if old == new {
        return Err(Problem::Same);
    }
    if let Some(line) = omission::placeholder(old, new) {
        return Err(Problem::Omission(omission::refusal(line)));
    }
    if old.is_empty() {
        if !text.trim().is_empty() {
            return Err(Problem::EmptyOld);
        }
        let splice = Splice { range: 0..text.len(), text: new.clone() };
        splice_all(text, &[splice], changed);
        return Ok(Done::Changed { rung: Rung::Exact, places: 1 });
    }
    let found = {
        let file = Lines::new(text);
        match find(&file, old, new, *occurrences)? {
            Some(found) => found,
            None => match applied_at(&file, old, new) {
                Some(line) => return Ok(Done::Already { line }),
                None => match locate_by_anchors(&file, old, new) {
                    Ok(found) => found,
                    Err(Miss::Several { rung, lines }) => return Err(Problem::Several { rung, lines }),
                    Err(Miss::Nowhere) => return Err(nowhere(&file, old)),
                },
            },
        }
    };
    let unchanged = found.splices.iter().all(|splice| text[splice.range.clone()] == splice.text);
    if unchanged {
        let line = found.splices.first().map_or(0, |splice| text[..splice.range.start].matches('\n').count());
        return Ok(Done::Already { line: line + 1 });
    }
    let places = found.splices.len();
    splice_all(text, &found.splices, changed);
    Ok(Done::Changed { rung: found.rung, places })
}

fn find(file: &Lines, old: &str, new: &str, wanted: Occurrences) -> Result<Option<Found>, Problem> {
    match locate(file, old, new, wanted) {
        Ok(found) => Ok(Some(found)),
        Err(Miss::Nowhere) => Ok(None),
        Err(Miss::Several { rung, lines }) => Err(Problem::Several { rung, lines }),
    }
}

/// The line, from 1, at which the new text already stands, where it is long enough to tell.
fn applied_at(file: &Lines, old: &str, new: &str) -> Option<usize> {
    let is_telling = new.trim().len() >= 12 || new.trim().lines().count() > 1;
    if !is_telling || old.contains(new.trim()) {
        return None;
    }
    let found = locate(file, new, "", Occurrences::All).ok()?;
    let at = found
        .splices
        .first()
        .filter(|_| found.splices.len() == 1 && found.rung <= Rung::TrailingWhitespace)?;
    Some(file.line_at(at.range.start) + 1)
}

fn nowhere(file: &Lines, old: &str) -> Problem {
    let near = match nearest::nearest(file, &line_texts(old)) {
        Some(lines) => format!("The nearest lines of the file are:\n{lines}"),
        None => format!("The file has {} lines and none is like it: read it again.", file.all.len()),
    };
    Problem::Nowhere { near }
}

/// Puts the splices in place. Ranges that were changed before move along.
fn splice_all(text: &mut String, splices: &[Splice], changed: &mut Vec<Range<usize>>) {
    let grown: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut result = String::with_capacity(text.len() + grown);
    let mut kept = 0;
    let mut fresh = Vec::with_capacity(splices.len());
    for splice in splices {
        result.push_str(&text[kept..splice.range.start]);
        let start = result.len();
        result.push_str(&splice.text);
        fresh.push(start..result.len());
        kept = splice.range.end;
    }
    result.push_str(&text[kept..]);
    let moved = |at: usize| {
        let before = splices.iter().take_while(|splice| splice.range.end <= at);
        before.fold(at, |at, splice| at + splice.text.len() - splice.range.len()).min(result.len())
    };
    for range in changed.iter_mut() {
        let start = moved(range.start);
        *range = start..moved(range.end).max(start);
    }
    changed.extend(fresh);
    *text = result;
}

fn note(notes: &mut String, which: &str, done: &Done) {
    // Writing to a string cannot fail.
    let _ = match done {
        Done::Changed { rung, places } => {
            let several = if *places > 1 { format!("replaced at {places} places") } else { String::new() };
            match (rung.note(), several.is_empty()) {
                (None, true) => Ok(()),
                (None, false) => write!(notes, "\n{which}{several}"),
                (Some(note), true) => write!(notes, "\n{which}{note}"),
                (Some(note), false) => write!(notes, "\n{which}{several}; {note}"),
            }
        }
        Done::Already { line } => {
            write!(notes, "\n{which}already applied: new_string is in the file, at line {line}")
        }
    };
}

pub(super) fn snippets(text: &str, changed: &mut [Range<usize>]) -> String {
    changed.sort_by_key(|range| range.start);
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let shown: Vec<String> = changed
        .iter()
        .take(MAX_SNIPPETS)
        .map(|range| snippet(text, floor(range.start)..floor(range.end.max(range.start))))
        .collect();
    let mut shown = shown.join("[…]\n");
    if changed.len() > MAX_SNIPPETS {
        let _ = write!(shown, "[… {} more places]", changed.len() - MAX_SNIPPETS);
    }
    shown
}

fn several(rung: Rung, lines: &[usize]) -> String {
    let places = list(lines);
    let count = lines.len();
    match rung {
        Rung::Exact => format!(
            "old_string stands at {count} places (lines {places}): include lines around it until it is unique, \
             or set replace_all to change all of them"
        ),
        _ => format!(
            "old_string was not found exactly, and nearly at {count} places (lines {places}): copy it as it \
             stands in the file, with lines around it until it is unique"
        ),
    }
}

pub(super) fn list(lines: &[usize]) -> String {
    let mut shown: Vec<String> = lines.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    if lines.len() > MAX_LISTED {
        shown.push("…".into());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests;
