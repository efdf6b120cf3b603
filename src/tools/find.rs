//! `find`: files and directories by name, in the order of their paths.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::args::{ArgError, Args, Names};
use super::walk::{Entry, EntryKind, PathPattern, walk};
use super::{PathError, RelPath, ToolContext, ToolOutput, Workspace, blocking};
use crate::chat::ToolSpec;

const DEFAULT_RESULTS: usize = 200;
const MAX_RESULTS: usize = 2000;

const PATTERN: Names = &["pattern", "glob", "glob_pattern", "name", "query", "file_pattern"];
const START: Names = &["path", "directory", "dir", "root", "cwd"];
const TYPE: Names = &["type", "kind"];
const RESULTS: Names = &["max_results", "limit", "max", "head_limit"];

#[derive(Debug, thiserror::Error)]
enum FindError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("`pattern` is no valid glob: {0}")]
    Pattern(#[from] globset::Error),
    #[error("`type` is `file`, `dir` or `any`, not `{0}`")]
    Type(String),
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "find".into(),
        description: format!(
            "Finds files by a glob such as `*.rs` (any directory) or `src/**/mod.rs` (whole path). What git \
             ignores is left out. Results are sorted by path, at most {DEFAULT_RESULTS} unless max_results says otherwise."
        ),
        parameters: json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "description": "Glob"},
                "path": {"type": "string", "description": "Directory to look in; the worktree if missing"},
                "type": {"type": "string", "enum": ["file", "dir", "any"], "description": "`file` if missing"},
                "max_results": {"type": "integer"}
            },
            "required": ["pattern"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, workspace, cancel) = (input.clone(), context.workspace.clone(), context.cancel.clone());
    blocking(move || find(&input, &workspace, &cancel)).await
}

fn find(input: &Value, workspace: &Workspace, cancel: &CancellationToken) -> Result<ToolOutput, FindError> {
    let args = Args::new("find", input)?;
    let given = args.text(PATTERN)?;
    let pattern = PathPattern::new(&given)?;
    let start = match args.optional_text(START)? {
        Some(path) => workspace.relative(&path)?,
        None => RelPath::root(),
    };
    let kind = args.optional_text(TYPE)?.unwrap_or_default();
    let wanted: &[EntryKind] = match kind.as_str() {
        "" | "file" | "files" | "f" => &[EntryKind::File, EntryKind::Link],
        "dir" | "directory" | "dirs" | "d" => &[EntryKind::Dir],
        "any" | "all" => &[EntryKind::File, EntryKind::Link, EntryKind::Dir, EntryKind::Special],
        _ => return Err(FindError::Type(kind)),
    };
    let limit = args.number(RESULTS)?.map_or(DEFAULT_RESULTS, |n| usize::try_from(n).unwrap_or(MAX_RESULTS));
    let limit = limit.clamp(1, MAX_RESULTS);
    let matching = |entry: &Entry| wanted.contains(&entry.kind) && pattern.matches(&entry.path, &start);
    let mut found: Vec<Entry> = walk(workspace, &start, None, cancel)?.filter(matching).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    if found.is_empty() {
        let text = format!("no match for `{given}` in {start} (what git ignores is not searched)");
        return Ok(ToolOutput::ok(noted(text, cancel), format!("{given} (no match)")));
    }
    let mut text = String::new();
    for entry in found.iter().take(limit) {
        let mark = if entry.kind == EntryKind::Dir { "/" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}{mark}", entry.path);
    }
    if found.len() > limit {
        let _ = writeln!(text, "[{} more; narrow the pattern, or raise max_results]", found.len() - limit);
    }
    Ok(ToolOutput::ok(noted(text, cancel), format!("{given} ({} found)", found.len())))
}

/// The text, with a note if the walk was cut short.
pub(super) fn noted(mut text: String, cancel: &CancellationToken) -> String {
    if cancel.is_cancelled() {
        text.push_str("\n[interrupted: not everything was searched]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::{Fixture, text};

    fn fixture() -> Fixture {
        let fixture = Fixture::new();
        fixture.put(".gitignore", "/target\n*.gen\n!keep.gen\n");
        for path in [
            "a.rs",
            "src/b.rs",
            "src/deep/c.rs",
            "target/d.rs",
            "x.gen",
            "keep.gen",
            ".hidden/e.rs",
            ".git/f.rs",
            "sub/target/g.rs",
        ] {
            fixture.put(path, "");
        }
        fixture
    }

    #[tokio::test]
    async fn files_are_found_as_git_sees_them() {
        let fixture = fixture();
        for (input, wanted) in [
            (json!({"pattern": "*.rs"}), ".hidden/e.rs\na.rs\nsrc/b.rs\nsrc/deep/c.rs\nsub/target/g.rs\n"),
            (json!({"pattern": "src/*.rs"}), "src/b.rs\n"),
            (json!({"pattern": "**/*.rs", "path": "src"}), "src/b.rs\nsrc/deep/c.rs\n"),
            (json!({"pattern": "deep/*", "path": "src"}), "src/deep/c.rs\n"),
            (json!({"pattern": "*.gen"}), "keep.gen\n"),
            (json!({"pattern": "*", "type": "dir", "path": "src"}), "src/deep/\n"),
            (
                json!({"pattern": "*.rs", "max_results": 1}),
                ".hidden/e.rs\n[4 more; narrow the pattern, or raise max_results]\n",
            ),
        ] {
            assert_eq!(text(&fixture.call("find", input.clone()).await), wanted, "{input}");
        }
    }

    #[tokio::test]
    async fn nothing_outside_is_found() {
        let fixture = fixture();
        std::fs::create_dir(fixture.outside().join("other")).unwrap();
        std::fs::write(fixture.outside().join("other/secret.rs"), "").unwrap();
        std::os::unix::fs::symlink(fixture.outside().join("other"), fixture.path("link")).unwrap();
        assert!(!text(&fixture.call("find", json!({"pattern": "*.rs"})).await).contains("secret"));
        for path in ["link", "..", "/", ".git"] {
            let output = fixture.call("find", json!({"pattern": "*", "path": path})).await;
            assert!(output.is_error, "{path}: {}", text(&output));
        }
    }

    #[tokio::test]
    async fn no_match_and_bad_input_are_told() {
        let fixture = fixture();
        let output = fixture.call("find", json!({"pattern": "nothing*"})).await;
        assert!(!output.is_error && text(&output).starts_with("no match for `nothing*`"));
        assert!(fixture.call("find", json!({"pattern": "[z-"})).await.is_error);
        assert!(fixture.call("find", json!({"pattern": "*", "type": "pipe"})).await.is_error);
    }
}
