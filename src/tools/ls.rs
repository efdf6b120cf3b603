//! `ls`: what is in a directory, as a tree of some levels.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::args::{ArgError, Args, Names};
use super::find::noted;
use super::walk::{EntryKind, walk};
use super::{PathError, RelPath, ToolContext, ToolOutput, Workspace, blocking};
use crate::chat::ToolSpec;

const MAX_DEPTH: usize = 8;
const MAX_ENTRIES: usize = 500;
/// Names of ignored entries that are listed.
const MAX_IGNORED: usize = 20;

const DEPTH: Names = &["depth", "max_depth", "levels"];
const DIR: Names = &["path", "directory", "dir", "dir_path", "target_directory", "relative_workspace_path"];

#[derive(Debug, thiserror::Error)]
enum LsError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error(transparent)]
    Path(#[from] PathError),
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "ls".into(),
        description:
            "Lists a directory, with sizes of files; what git ignores is only named. Use depth for a tree."
                .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Directory; the worktree if missing"},
                "depth": {"type": "integer", "description": "Levels to show, 1 if missing"}
            }
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, workspace, cancel) = (input.clone(), context.workspace.clone(), context.cancel.clone());
    blocking(move || ls(&input, &workspace, &cancel)).await
}

fn ls(input: &Value, workspace: &Workspace, cancel: &CancellationToken) -> Result<ToolOutput, LsError> {
    let args = Args::new("ls", input)?;
    let dir = match args.optional_text(DIR)? {
        Some(path) if !path.trim().is_empty() => workspace.relative(&path)?,
        _ => RelPath::root(),
    };
    let depth = args.number(DEPTH)?.map_or(1, |depth| usize::try_from(depth).unwrap_or(MAX_DEPTH));
    let handle = workspace.open_dir(&dir)?;
    let mut entries: Vec<_> = walk(workspace, &dir, Some(depth.clamp(1, MAX_DEPTH)), cancel)?.collect();
    let mut text = String::new();
    for entry in entries.iter().take(MAX_ENTRIES) {
        let name = entry.path.file_name().unwrap_or_default().to_string_lossy();
        let indent = "  ".repeat(entry.depth - 1);
        // Writing to a string cannot fail.
        let _ = match entry.kind {
            EntryKind::Dir => writeln!(text, "{indent}{name}/"),
            EntryKind::Link => writeln!(text, "{indent}{name} (link)"),
            EntryKind::Special => writeln!(text, "{indent}{name} (special)"),
            EntryKind::File => match workspace.metadata(&entry.path) {
                Ok(found) => writeln!(text, "{indent}{name} ({} bytes)", found.len()),
                Err(_) => writeln!(text, "{indent}{name}"),
            },
        };
    }
    let count = entries.len();
    if count > MAX_ENTRIES {
        let _ = writeln!(text, "[{} more; list a directory below, or less depth]", count - MAX_ENTRIES);
    }
    entries.retain(|entry| entry.depth == 1);
    let shown =
        |name: &str| entries.iter().any(|entry| entry.path.file_name().is_some_and(|shown| shown == name));
    let mut ignored: Vec<String> = handle
        .entries()
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != ".git" && !shown(name))
        .collect();
    ignored.sort();
    if !ignored.is_empty() && !cancel.is_cancelled() {
        let more = if ignored.len() > MAX_IGNORED { ", …" } else { "" };
        let _ = writeln!(
            text,
            "[ignored by git: {}{more}]",
            ignored[..ignored.len().min(MAX_IGNORED)].join(", ")
        );
    }
    if text.is_empty() {
        "(empty)".clone_into(&mut text);
    }
    Ok(ToolOutput::ok(noted(text, cancel), format!("{dir} ({count} entries)")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::{Fixture, text};

    #[tokio::test]
    async fn a_directory_is_listed_as_git_sees_it() {
        let fixture = Fixture::new();
        fixture.put(".gitignore", "/target\n");
        fixture.put("src/main.rs", "12345");
        fixture.put("src/deep/x", "");
        fixture.put("target/debug/x", "");
        fixture.put(".git/config", "");
        std::os::unix::fs::symlink("src", fixture.path("link")).unwrap();
        let list = async |input: Value| text(&fixture.call("ls", input).await).to_owned();
        assert_eq!(
            list(json!({})).await,
            ".gitignore (8 bytes)\nlink (link)\nsrc/\n[ignored by git: target]\n"
        );
        assert_eq!(
            list(json!({"path": "src", "depth": 2})).await,
            "deep/\n  x (0 bytes)\nmain.rs (5 bytes)\n"
        );
        fixture.put("empty/x", "");
        std::fs::remove_file(fixture.path("empty/x")).unwrap();
        assert_eq!(list(json!({"path": "empty"})).await, "(empty)");
    }

    #[tokio::test]
    async fn what_is_no_directory_of_the_worktree_is_refused() {
        let fixture = Fixture::new();
        fixture.put("file", "");
        fixture.put(".git/config", "");
        std::os::unix::fs::symlink("/", fixture.path("out")).unwrap();
        for path in ["file", "missing", "..", "/etc", "out", "out/etc", ".git"] {
            let output = fixture.call("ls", json!({ "path": path })).await;
            assert!(output.is_error, "{path}: {}", text(&output));
        }
    }
}
