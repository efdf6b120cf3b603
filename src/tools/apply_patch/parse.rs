//! Patches as models write them: the envelope with `*** Begin Patch`, unified diffs, and what
//! becomes of both in fences, heredocs, JSON and haste. This only reads; `plan` looks at files.

use serde_json::Value;

use super::super::args::bare_path;
use super::super::edit::unescape;

/// What is to be done to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePatch {
    pub path: String,
    pub action: Action,
    /// From a unified diff, where paths may begin with `a/` or `b/`.
    pub is_unified: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Add { content: String },
    Delete,
    Update { move_to: Option<String>, hunks: Vec<Hunk> },
}

/// Lines to find, and lines to put there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hunk {
    /// Lines that stand above it, outermost first.
    pub anchors: Vec<String>,
    /// The line, from 1, at which it should begin. Often wrong.
    pub line: Option<usize>,
    pub old: Vec<String>,
    pub new: Vec<String>,
    /// Whether it ends where the file ends.
    pub at_end: bool,
    /// Whether the file ends with a line end afterwards; `None` leaves that as it is.
    pub final_newline: Option<bool>,
}

impl Hunk {
    /// Whether it asks for any change.
    pub fn changes(&self) -> bool {
        self.old != self.new || (self.final_newline.is_some() && !self.old.is_empty())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    #[error(
        "the patch names no file. Begin each file with `*** Update File: path`, `*** Add File: path` or `*** Delete File: path`"
    )]
    NoFile,
    #[error(
        "the patch of {path} changes nothing: give lines that begin with `+` or `-`, and some around them"
    )]
    NoChange { path: String },
    #[error("{path}: binary patches cannot be applied")]
    Binary { path: String },
}

/// A line that is about the patch and not of a file.
enum Marker {
    Begin,
    End,
    EndOfFile,
    Add(String),
    Update(String),
    Delete(String),
    MoveTo(String),
    Stray,
}

/// Reads a patch.
pub fn parse(text: &str) -> Result<Vec<FilePatch>, ParseError> {
    let text = unwrap(text);
    let mut lines: Vec<&str> = text.lines().collect();
    while lines.last().is_some_and(|line| is_closing(line)) {
        lines.pop();
    }
    let mut parser = Parser::default();
    for (at, line) in lines.iter().enumerate() {
        parser.line(line, lines.get(at + 1).copied().unwrap_or_default(), lines.get(at + 2).copied())?;
    }
    parser.finish()
}

#[derive(Default)]
struct Parser {
    files: Vec<FilePatch>,
    open: Option<Section>,
    /// The next line has been read along with this one.
    skips_next: bool,
}

/// The file that is being read.
struct Section {
    kind: Kind,
    path: String,
    move_to: Option<String>,
    is_unified: bool,
    /// Lines of a file to be added.
    added: Vec<String>,
    hunks: Vec<Hunk>,
    /// Blank lines without a prefix: context if more follows, else nothing.
    blanks: usize,
    /// The sign of the last line with one.
    last_sign: char,
    /// Past the `---` and `+++` of a unified diff.
    has_header: bool,
    no_final_newline: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Add,
    Delete,
    Update,
}

impl Parser {
    fn line(&mut self, line: &str, next: &str, after: Option<&str>) -> Result<(), ParseError> {
        if std::mem::take(&mut self.skips_next) {
            return Ok(());
        }
        if let Some(marker) = marker(line) {
            self.marker(marker);
            return Ok(());
        }
        if let Some(paths) = line.strip_prefix("diff --git ") {
            let (old, _) = paths.split_once(" b/").unwrap_or((paths, paths));
            let mut section = Section::new(Kind::Update, old);
            section.is_unified = true;
            self.open_section(section);
            return Ok(());
        }
        if self.is_header(line, next, after) {
            self.skips_next = true;
            self.header(header_path(&line[4..]), header_path(&next[4..]));
            return Ok(());
        }
        match &mut self.open {
            Some(section) => section.line(line),
            None => Ok(()),
        }
    }

    fn marker(&mut self, marker: Marker) {
        match marker {
            Marker::Begin | Marker::End => self.close(),
            Marker::Stray => {}
            Marker::Add(path) => self.open_section(Section::new(Kind::Add, &path)),
            Marker::Update(path) => self.open_section(Section::new(Kind::Update, &path)),
            Marker::Delete(path) => self.open_section(Section::new(Kind::Delete, &path)),
            Marker::MoveTo(path) => {
                if let Some(section) = &mut self.open {
                    section.move_to = Some(path);
                }
            }
            Marker::EndOfFile => {
                if let Some(hunk) = self.open.as_mut().and_then(|section| section.hunks.last_mut()) {
                    hunk.at_end = true;
                }
            }
        }
    }

    /// Whether this line and the next are the header of a unified diff. Within an envelope such
    /// lines can also be a removed `-- x` and an added `++ y`, so there a hunk has to follow.
    fn is_header(&self, line: &str, next: &str, after: Option<&str>) -> bool {
        line.starts_with("--- ")
            && next.starts_with("+++ ")
            && (self.open.as_ref().is_none_or(|section| section.hunks.is_empty())
                || after.is_none_or(|after| after.starts_with("@@")))
    }

    fn header(&mut self, old: &str, new: &str) {
        let (kind, path) = match (old, new) {
            ("/dev/null", new) => (Kind::Add, new),
            (old, "/dev/null") => (Kind::Delete, old),
            (_, new) => (Kind::Update, new),
        };
        // After `*** Update File:`, or after git's own lines, it only says the same again.
        let is_announced = |s: &&mut Section| {
            s.hunks.is_empty() && !s.has_header && (s.is_unified || s.kind == Kind::Update)
        };
        if let Some(section) = self.open.as_mut().filter(is_announced) {
            section.has_header = true;
            if section.is_unified {
                section.kind = kind;
                if section.move_to.is_none() {
                    path.clone_into(&mut section.path);
                }
            }
            return;
        }
        let mut section = Section::new(kind, path);
        section.is_unified = true;
        section.has_header = true;
        if kind == Kind::Update && without_side(old) != without_side(new) {
            old.clone_into(&mut section.path);
            section.move_to = Some(new.to_owned());
        }
        self.open_section(section);
    }

    fn open_section(&mut self, section: Section) {
        self.close();
        self.open = Some(section);
    }

    fn close(&mut self) {
        if let Some(section) = self.open.take() {
            self.files.push(section.finish());
        }
    }

    fn finish(mut self) -> Result<Vec<FilePatch>, ParseError> {
        self.close();
        if self.files.is_empty() {
            return Err(ParseError::NoFile);
        }
        for file in &self.files {
            if let Action::Update { move_to: None, hunks } = &file.action
                && !hunks.iter().any(Hunk::changes)
            {
                return Err(ParseError::NoChange { path: file.path.clone() });
            }
        }
        Ok(self.files)
    }
}

impl Section {
    fn new(kind: Kind, path: &str) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            move_to: None,
            is_unified: false,
            added: Vec::new(),
            hunks: Vec::new(),
            blanks: 0,
            last_sign: ' ',
            has_header: false,
            no_final_newline: false,
        }
    }

    fn line(&mut self, line: &str) -> Result<(), ParseError> {
        if self.is_unified && self.hunks.is_empty() && self.git_line(line)? {
            return Ok(());
        }
        if line.starts_with("\\ ") {
            self.no_newline();
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix("@@") {
            self.hunk_line(rest);
            return Ok(());
        }
        match self.kind {
            Kind::Delete => {}
            Kind::Add => self.added.push(line.to_owned()),
            Kind::Update => self.body_line(line),
        }
        Ok(())
    }

    /// What git says of a file between `diff --git` and the first hunk.
    fn git_line(&mut self, line: &str) -> Result<bool, ParseError> {
        if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
            return Err(ParseError::Binary { path: self.path.clone() });
        }
        if line.starts_with("new file mode") {
            self.kind = Kind::Add;
        } else if line.starts_with("deleted file mode") {
            self.kind = Kind::Delete;
        } else if let Some(path) = line.strip_prefix("rename from ") {
            path.clone_into(&mut self.path);
        } else if let Some(path) = line.strip_prefix("rename to ") {
            self.move_to = Some(path.to_owned());
        } else {
            const OTHERS: [&str; 5] =
                ["index ", "similarity index", "dissimilarity index", "old mode", "new mode"];
            return Ok(OTHERS.iter().any(|other| line.starts_with(other)));
        }
        Ok(true)
    }

    fn hunk_line(&mut self, rest: &str) {
        if self.kind != Kind::Update {
            return;
        }
        let rest = rest.trim();
        let rest = rest.strip_suffix("@@").unwrap_or(rest).trim_end();
        let is_fresh = |hunk: &Hunk| hunk.old.is_empty() && hunk.new.is_empty();
        if !self.hunks.last().is_some_and(is_fresh) {
            self.hunks.push(Hunk::default());
        }
        self.blanks = 0;
        let Some(hunk) = self.hunks.last_mut() else { return };
        if is_range(rest) {
            hunk.line = old_line(rest);
        } else if !rest.is_empty() && rest != "..." {
            hunk.anchors.push(rest.to_owned());
        }
    }

    fn body_line(&mut self, line: &str) {
        if line.trim().is_empty() && !line.starts_with(' ') {
            self.blanks += 1;
            return;
        }
        if self.hunks.is_empty() {
            self.hunks.push(Hunk::default());
            self.blanks = 0;
        }
        let Some(hunk) = self.hunks.last_mut() else { return };
        for _ in 0..std::mem::take(&mut self.blanks) {
            hunk.old.push(String::new());
            hunk.new.push(String::new());
        }
        let sign = line.chars().next().filter(|sign| matches!(sign, '+' | '-' | ' '));
        // A line without a sign is one whose blank was forgotten.
        let text = if sign.is_some() { &line[1..] } else { line };
        self.last_sign = sign.unwrap_or(' ');
        if self.last_sign != '+' {
            hunk.old.push(text.to_owned());
        }
        if self.last_sign != '-' {
            hunk.new.push(text.to_owned());
        }
    }

    /// `\ No newline at end of file`, of the line before it.
    fn no_newline(&mut self) {
        self.no_final_newline = true;
        if let Some(hunk) = self.hunks.last_mut() {
            // First of the old line only, and of the new one when it comes again.
            hunk.final_newline = Some(self.last_sign == '-');
        }
    }

    fn finish(self) -> FilePatch {
        let action = match self.kind {
            Kind::Delete => Action::Delete,
            Kind::Add => Action::Add { content: added(&self.added, !self.no_final_newline) },
            Kind::Update => Action::Update { move_to: self.move_to, hunks: self.hunks },
        };
        FilePatch { path: self.path, action, is_unified: self.is_unified }
    }
}

/// The patch without what it came wrapped in.
fn unwrap(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed.starts_with(['{', '[', '"'])
        && let Ok(value) = serde_json::from_str::<Value>(trimmed)
        && let Some(inner) = patch_in(&value)
    {
        return unwrap(inner);
    }
    if !trimmed.contains('\n')
        && let Some(plain) = unescape(trimmed)
    {
        return plain;
    }
    text.to_owned()
}

/// The text of a patch somewhere in JSON.
fn patch_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => looks_like_patch(text).then_some(text),
        Value::Array(items) => items.iter().rev().find_map(patch_in),
        Value::Object(map) => map.values().find_map(patch_in),
        _ => None,
    }
}

fn looks_like_patch(text: &str) -> bool {
    ["***", "--- ", "diff --git", "@@"].iter().any(|sign| text.contains(sign))
}

/// Whether a last line only closes a fence or a heredoc.
fn is_closing(line: &str) -> bool {
    matches!(
        line.trim_end(),
        "" | "```" | "~~~" | "EOF" | "PATCH" | "END" | "EOS" | "'" | "\"" | "')" | "\")" | ")"
    )
}

/// Recognises a line of the envelope, also misspelt or with stars after it.
fn marker(line: &str) -> Option<Marker> {
    const PHRASES: [&str; 12] = [
        "begin patch",
        "end patch",
        "end of file",
        "add file",
        "create file",
        "new file",
        "update file",
        "modify file",
        "delete file",
        "remove file",
        "move to",
        "rename to",
    ];
    let rest = line.strip_prefix("***")?;
    let rest = rest.trim_matches(|c: char| c == '*' || c.is_whitespace());
    if rest.is_empty() {
        return Some(Marker::Stray);
    }
    let (phrase, path) = match rest.split_once(':') {
        Some((phrase, path)) => (phrase, Some(bare_path(path).to_owned()).filter(|path| !path.is_empty())),
        None => (rest, None),
    };
    let phrase = phrase.to_lowercase();
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&phrase, known);
    let known = PHRASES.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    if likeness(known) < 0.8 {
        return None;
    }
    Some(match (known, path) {
        ("begin patch", _) => Marker::Begin,
        ("end patch", _) => Marker::End,
        ("end of file", _) => Marker::EndOfFile,
        ("add file" | "create file" | "new file", Some(path)) => Marker::Add(path),
        ("update file" | "modify file", Some(path)) => Marker::Update(path),
        ("delete file" | "remove file", Some(path)) => Marker::Delete(path),
        ("move to" | "rename to", Some(path)) => Marker::MoveTo(path),
        _ => Marker::Stray,
    })
}

/// The path of a `---` or `+++` line, without the time that may follow.
fn header_path(rest: &str) -> &str {
    bare_path(rest.split('\t').next().unwrap_or(rest))
}

/// A path of a unified diff without `a/` or `b/`.
pub fn without_side(path: &str) -> &str {
    path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path)
}

/// Whether this is `-1,2 +1,2`, and not a line to look for.
fn is_range(rest: &str) -> bool {
    let range = rest.strip_prefix('-').unwrap_or_default().trim_start_matches(|c: char| c.is_ascii_digit());
    rest.contains(" +") && range.starts_with([',', ' '])
}

/// The first number of such a range.
fn old_line(range: &str) -> Option<usize> {
    range[1..].split([',', ' ']).next()?.parse().ok()
}

/// The content of a new file. Lines should begin with `+`; where none does, they are taken as they are.
fn added(lines: &[String], final_newline: bool) -> String {
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    let lines = &lines[..end];
    let has_signs = lines.iter().any(|line| line.starts_with('+'));
    let texts: Vec<&str> =
        lines.iter().map(|line| line.strip_prefix('+').filter(|_| has_signs).unwrap_or(line)).collect();
    let mut content = texts.join("\n");
    if !texts.is_empty() && final_newline {
        content.push('\n');
    }
    content
}
