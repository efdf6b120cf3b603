//! `grep`: lines that match a regular expression, by ripgrep's own libraries. Its expressions take
//! time linear in the text, so no pattern can hang it; sizes are limited besides.

use std::fmt::Write as _;
use std::io;
use std::ops::ControlFlow;

use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkFinish, SinkMatch};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::args::{ArgError, Args, Names};
use super::find::noted;
use super::output::cap_line;
use super::walk::{EntryKind, PathPattern, walk};
use super::{MAX_FILE_BYTES, PathError, RelPath, ToolContext, ToolOutput, Workspace, blocking};
use crate::chat::ToolSpec;

const DEFAULT_RESULTS: usize = 100;
const MAX_RESULTS: usize = 1000;
const MAX_CONTEXT: usize = 20;
const MAX_LINE: usize = 300;
const MAX_BYTES: usize = 40_000;
/// Of a compiled expression, and of what it remembers while it searches.
const MAX_REGEX_BYTES: usize = 10 << 20;

const PATTERN: Names = &["pattern", "query", "regex", "search", "search_pattern", "text"];
const START: Names = &["path", "directory", "dir", "file", "file_path", "root"];
const GLOB: Names = &["glob", "include", "include_pattern", "file_pattern", "files"];
const IGNORE_CASE: Names = &["ignore_case", "case_insensitive", "i"];
const CONTEXT: Names = &["context", "context_lines", "C"];
const RESULTS: Names = &["max_results", "limit", "head_limit", "max_matches", "max_count"];
const OUTPUT: Names = &["output", "output_mode", "mode"];

#[derive(Debug, thiserror::Error)]
enum GrepError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("`glob` is no valid glob: {0}")]
    Glob(#[from] globset::Error),
    #[error("cannot search for this pattern: {0}")]
    Pattern(grep_regex::Error),
    #[error("`output` is `content`, `files` or `count`, not `{0}`")]
    Output(String),
}

/// What is told of the matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Content,
    Files,
    Count,
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "grep".into(),
        description: format!(
            "Searches files for a regular expression (Rust syntax, as ripgrep). What git ignores and binary \
             files are left out. Results read `path:line:text`, at most {DEFAULT_RESULTS} lines unless max_results says otherwise."
        ),
        parameters: json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "description": "Regular expression"},
                "path": {"type": "string", "description": "File or directory to search; the worktree if missing"},
                "glob": {"type": "string", "description": "Only these files, such as `*.rs` or `src/**`; with `!` in front, all but these"},
                "ignore_case": {"type": "boolean"},
                "context": {"type": "integer", "description": "Lines to show around each match"},
                "max_results": {"type": "integer"},
                "output": {"type": "string", "enum": ["content", "files", "count"], "description": "`content` if missing"}
            },
            "required": ["pattern"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, workspace, cancel) = (input.clone(), context.workspace.clone(), context.cancel.clone());
    blocking(move || grep(&input, &workspace, &cancel)).await
}

fn grep(input: &Value, workspace: &Workspace, cancel: &CancellationToken) -> Result<ToolOutput, GrepError> {
    let args = Args::new("grep", input)?;
    let pattern = args.text(PATTERN)?;
    let start = match args.optional_text(START)? {
        Some(path) => workspace.relative(&path)?,
        None => RelPath::root(),
    };
    let globs = Globs::new(args.optional_text(GLOB)?.as_deref().unwrap_or_default())?;
    let number = |names, most: usize| -> Result<Option<usize>, ArgError> {
        Ok(args.number(names)?.map(|number| usize::try_from(number).unwrap_or(most).min(most)))
    };
    let context = number(CONTEXT, MAX_CONTEXT)?.unwrap_or(0);
    let limit = number(RESULTS, MAX_RESULTS)?.unwrap_or(DEFAULT_RESULTS).max(1);
    let output = match args.optional_text(OUTPUT)?.unwrap_or_default().as_str() {
        "" | "content" | "lines" => Output::Content,
        "files" | "files_with_matches" | "paths" => Output::Files,
        "count" | "counts" => Output::Count,
        other => return Err(GrepError::Output(other.to_owned())),
    };
    let expression = Expression::new(&pattern, args.flag(IGNORE_CASE)?)?;
    let mut searcher = expression.searcher(context);
    let mut found = Found { output, limit, cancel, text: String::new(), lines: 0, files: 0, full: false };
    let mut skipped = 0;
    let search = |path: &RelPath| {
        let file = workspace.open(path)?;
        if file.metadata().is_ok_and(|meta| meta.len() > MAX_FILE_BYTES) {
            skipped += 1;
            return Ok(ControlFlow::Continue(()));
        }
        let mut sink = FileSink { path, found: &mut found, lines: 0, text: String::new(), binary: false };
        // A file that cannot be read to its end has no matches after that.
        let _ = searcher.search_file(&expression.matcher, &file, &mut sink);
        sink.finish_file();
        Ok(if found.full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    search_all(workspace, &start, &globs, cancel, search)?;
    Ok(found.told(&pattern, &start, &expression, skipped))
}

fn search_all(
    workspace: &Workspace,
    start: &RelPath,
    globs: &Globs,
    cancel: &CancellationToken,
    mut search: impl FnMut(&RelPath) -> Result<ControlFlow<()>, PathError>,
) -> Result<(), PathError> {
    if !workspace.metadata(start)?.is_dir() {
        return search(start).map(|_| ());
    }
    for entry in walk(workspace, start, None, cancel)? {
        // One that is gone or unreadable since it was listed is passed over.
        let wanted = entry.kind == EntryKind::File && globs.take(&entry.path, start);
        if wanted && matches!(search(&entry.path), Ok(ControlFlow::Break(()))) {
            break;
        }
    }
    Ok(())
}

/// Which files are searched.
struct Globs {
    only: Vec<PathPattern>,
    but: Vec<PathPattern>,
}

impl Globs {
    fn new(globs: &str) -> Result<Self, globset::Error> {
        let mut all = Self { only: Vec::new(), but: Vec::new() };
        // Commas part globs, but not within braces.
        let mut depth = 0;
        let parts = globs.split(|c: char| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            c == ',' && depth == 0
        });
        for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
            match part.strip_prefix('!') {
                Some(part) => all.but.push(PathPattern::new(part)?),
                None => all.only.push(PathPattern::new(part)?),
            }
        }
        Ok(all)
    }

    fn take(&self, path: &RelPath, start: &RelPath) -> bool {
        let any = |patterns: &[PathPattern]| patterns.iter().any(|pattern| pattern.matches(path, start));
        (self.only.is_empty() || any(&self.only)) && !any(&self.but)
    }
}

/// A pattern, ready to search.
struct Expression {
    matcher: RegexMatcher,
    across_lines: bool,
    /// Why it was taken for plain text.
    problem: Option<String>,
}

impl Expression {
    fn new(pattern: &str, ignore_case: bool) -> Result<Self, GrepError> {
        let across_lines = pattern.contains("\\n") || pattern.contains('\n');
        let mut builder = RegexMatcherBuilder::new();
        builder
            .case_insensitive(ignore_case)
            .multi_line(true)
            .size_limit(MAX_REGEX_BYTES)
            .dfa_size_limit(MAX_REGEX_BYTES);
        if !across_lines {
            builder.crlf(true);
        }
        match builder.build(pattern) {
            Ok(matcher) => Ok(Self { matcher, across_lines, problem: None }),
            Err(error) => {
                let matcher = builder.fixed_strings(true).build(pattern).map_err(GrepError::Pattern)?;
                let problem = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                Ok(Self { matcher, across_lines, problem: Some(problem) })
            }
        }
    }

    fn searcher(&self, context: usize) -> Searcher {
        SearcherBuilder::new()
            .line_terminator(if self.across_lines {
                LineTerminator::byte(b'\n')
            } else {
                LineTerminator::crlf()
            })
            .line_number(true)
            .multi_line(self.across_lines)
            .before_context(context)
            .after_context(context)
            .binary_detection(BinaryDetection::quit(0))
            .build()
    }
}

/// All that was found so far.
struct Found<'a> {
    output: Output,
    limit: usize,
    cancel: &'a CancellationToken,
    text: String,
    lines: usize,
    files: usize,
    /// A limit was reached.
    full: bool,
}

impl Found<'_> {
    fn told(self, pattern: &str, start: &RelPath, expression: &Expression, skipped: usize) -> ToolOutput {
        // Here as below: writing to a string cannot fail.
        let mut text = self.text;
        if self.files == 0 {
            text = format!(
                "no match for `{pattern}` in {start} (binary files and what git ignores are not searched)"
            );
        }
        if self.full {
            text.push_str("[there may be more; narrow the search, or raise max_results]\n");
        }
        if let Some(problem) = &expression.problem {
            let _ = write!(
                text,
                "\n[`{pattern}` is no valid regular expression ({problem}); it was searched for as plain text]"
            );
        }
        if skipped > 0 {
            let _ = write!(
                text,
                "\n[{skipped} files of more than {} MB were not searched]",
                MAX_FILE_BYTES >> 20
            );
        }
        let more = if self.full { "+" } else { "" };
        let summary = format!("{pattern} ({}{more} lines in {} files)", self.lines, self.files);
        ToolOutput::ok(noted(text, self.cancel), summary)
    }
}

/// What was found in one file; forgotten if the file turns out to be binary.
struct FileSink<'a, 'b> {
    path: &'a RelPath,
    found: &'a mut Found<'b>,
    lines: usize,
    text: String,
    binary: bool,
}

impl FileSink<'_, '_> {
    fn add(&mut self, bytes: &[u8], first: Option<u64>, mark: char) {
        for (line, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(first.unwrap_or(1)..) {
            let line = String::from_utf8_lossy(line);
            let line = cap_line(line.trim_end_matches(['\n', '\r']), MAX_LINE);
            let _ = writeln!(self.text, "{}{mark}{number}{mark}{line}", self.path);
        }
    }

    fn is_full(&self) -> bool {
        match self.found.output {
            Output::Content => {
                self.found.lines + self.lines >= self.found.limit
                    || self.found.text.len() + self.text.len() > MAX_BYTES
            }
            Output::Files => self.lines > 0,
            Output::Count => false,
        }
    }

    fn finish_file(self) {
        if self.binary || self.lines == 0 {
            return;
        }
        let full = self.is_full();
        let found = self.found;
        found.lines += self.lines;
        found.files += 1;
        match found.output {
            Output::Content => {
                found.text.push_str(&self.text);
                found.full = full;
            }
            Output::Files => {
                let _ = writeln!(found.text, "{}", self.path);
            }
            Output::Count => {
                let _ = writeln!(found.text, "{}:{}", self.path, self.lines);
            }
        }
        if found.output != Output::Content {
            found.full = found.files >= found.limit || found.text.len() > MAX_BYTES;
        }
    }
}

impl Sink for FileSink<'_, '_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        if self.is_full() {
            return Ok(false);
        }
        self.lines += 1;
        if self.found.output == Output::Content {
            self.add(found.bytes(), found.line_number(), ':');
        }
        Ok(!self.found.cancel.is_cancelled())
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        if self.found.output == Output::Content {
            self.add(context.bytes(), context.line_number(), '-');
        }
        Ok(true)
    }

    fn context_break(&mut self, _: &Searcher) -> io::Result<bool> {
        if self.found.output == Output::Content {
            self.text.push_str("--\n");
        }
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, end: &SinkFinish) -> io::Result<()> {
        self.binary = end.binary_byte_offset().is_some();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::{Fixture, text};

    fn fixture() -> Fixture {
        let fixture = Fixture::new();
        fixture.put(".gitignore", "/target\n*.gen\n!keep.gen\n");
        fixture.put("src/a.rs", "fn one() {}\nfn two() {}\n// Three\nfn four() {}\n");
        fixture.put("b.txt", "one fish\r\ntwo fish\r\n");
        fixture.put("target/c.rs", "fn one() {}\n");
        fixture.put("x.gen", "one\n");
        fixture.put("keep.gen", "one\n");
        fixture.put(".hidden", "one\n");
        fixture.put(".git/config", "one\n");
        fixture.put("bin", b"one\n\0\n");
        fixture
    }

    async fn check(input: Value, wanted: &str) {
        let output = fixture().call("grep", input.clone()).await;
        assert_eq!(text(&output), wanted, "{input}");
        assert!(!output.is_error);
    }

    #[tokio::test]
    async fn lines_are_found_as_git_sees_the_files() {
        check(
            json!({"pattern": "one"}),
            ".hidden:1:one\nb.txt:1:one fish\nkeep.gen:1:one\nsrc/a.rs:1:fn one() {}\n",
        )
        .await;
        check(
            json!({"pattern": r"^fn \w+", "path": "src"}),
            "src/a.rs:1:fn one() {}\nsrc/a.rs:2:fn two() {}\nsrc/a.rs:4:fn four() {}\n",
        )
        .await;
        check(json!({"pattern": "fish$", "path": "b.txt"}), "b.txt:1:one fish\nb.txt:2:two fish\n").await;
    }

    #[tokio::test]
    async fn what_is_told_can_be_chosen() {
        check(json!({"pattern": "three", "-i": true}), "src/a.rs:3:// Three\n").await;
        check(
            json!({"pattern": "Three", "context": 1}),
            "src/a.rs-2-fn two() {}\nsrc/a.rs:3:// Three\nsrc/a.rs-4-fn four() {}\n",
        )
        .await;
        check(
            json!({"pattern": "one", "output_mode": "files_with_matches", "glob": "*.{rs,txt}"}),
            "b.txt\nsrc/a.rs\n",
        )
        .await;
        check(json!({"pattern": "o", "output": "count", "glob": "src/**, !*.txt"}), "src/a.rs:3\n").await;
        check(json!({"pattern": r"two.*\n.*Three"}), "src/a.rs:2:fn two() {}\nsrc/a.rs:3:// Three\n").await;
        check(
            json!({"pattern": "fn", "max_results": 1}),
            "src/a.rs:1:fn one() {}\n[there may be more; narrow the search, or raise max_results]\n",
        )
        .await;
    }

    #[tokio::test]
    async fn a_pattern_that_is_no_expression_is_plain_text() {
        let fixture = fixture();
        let output = fixture.call("grep", json!({"pattern": "one("})).await;
        assert!(text(&output).starts_with("src/a.rs:1:fn one() {}\n"));
        assert!(text(&output).contains("no valid regular expression"));
        let output = fixture.call("grep", json!({"pattern": "zzz"})).await;
        assert!(text(&output).starts_with("no match for `zzz`") && !output.is_error);
    }

    #[tokio::test]
    async fn long_lines_and_hostile_patterns_are_harmless() {
        let fixture = Fixture::new();
        fixture.put("long", format!("{}!\n", "a".repeat(200_000)));
        let output = fixture.call("grep", json!({"pattern": "(a+)+$|(a|aa)+!"})).await;
        assert!(text(&output).len() < 500, "{}", text(&output).len());
        assert!(text(&output).contains("characters more]"));
        let output = fixture.call("grep", json!({"pattern": "(((a{1000}){1000}){1000})"})).await;
        assert!(text(&output).contains("plain text"), "{}", text(&output));
    }

    #[tokio::test]
    async fn nothing_outside_is_searched() {
        let fixture = fixture();
        std::fs::write(fixture.outside().join("secret"), "one secret\n").unwrap();
        std::os::unix::fs::symlink("../secret", fixture.path("link")).unwrap();
        assert!(!text(&fixture.call("grep", json!({"pattern": "one"})).await).contains("secret"));
        for path in ["link", "../secret", ".git", ".git/config", "/etc/passwd"] {
            let output = fixture.call("grep", json!({"pattern": "one", "path": path})).await;
            assert!(output.is_error, "{path}: {}", text(&output));
        }
    }

    #[tokio::test]
    async fn a_cancelled_search_says_so() {
        let fixture = fixture();
        fixture.context.cancel.cancel();
        let output = fixture.call("grep", json!({"pattern": "one"})).await;
        assert!(text(&output).contains("interrupted"));
    }
}
