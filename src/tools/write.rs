//! `write`: a whole file, new or replaced. What was not asked for stays: the encoding, the
//! permission bits, and Windows line endings.

use serde_json::{Value, json};

use super::args::{self, ArgError, Args};
use super::changes::{Counts, count};
use super::text::{Encoding, Text, TextError};
use super::{PathError, RelPath, ToolContext, ToolOutput, Workspace, blocking, omission};
use crate::chat::ToolSpec;

#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("{path}: {source}")]
    Text { path: RelPath, source: TextError },
    #[error("{path}: {reason}")]
    Omission { path: RelPath, reason: String },
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "write".into(),
        description:
            "Writes a whole file, replacing what it held; missing directories are created. Give the \
                      complete content: nothing is filled in."
                .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "File, relative to the root of the worktree"},
                "content": {"type": "string", "description": "All of its new content"}
            },
            "required": ["path", "content"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, workspace) = (input.clone(), context.workspace.clone());
    blocking(move || write(&input, &workspace)).await
}

fn write(input: &Value, workspace: &Workspace) -> Result<ToolOutput, WriteError> {
    let args = Args::new("write", input)?;
    let path = workspace.relative(&args.path()?)?;
    let content = args.text(args::CONTENT)?;
    let Some(old) = workspace.read_if_exists(&path)? else {
        workspace.write_atomically(&path, content.as_bytes())?;
        let counts = Counts { added: content.lines().count(), removed: 0 };
        let lines = if counts.added == 1 { "1 line".into() } else { format!("{} lines", counts.added) };
        let said = format!("created {path} ({lines})");
        return Ok(ToolOutput::ok(said, format!("{path} {counts}")).touching(workspace, [path]));
    };
    // A file that is no text is simply replaced.
    let before = Text::decode(&old).unwrap_or_default();
    if let Some(line) = omission::placeholder(&before.content, &content) {
        return Err(WriteError::Omission { path, reason: omission::refusal(line) });
    }
    let content = content.strip_prefix('\u{feff}').unwrap_or(&content);
    let content = if is_crlf(&before.content) && !content.contains('\r') {
        content.replace('\n', "\r\n")
    } else {
        content.to_owned()
    };
    let (bytes, note) = encode(&before, &content, &path)?;
    if bytes == old {
        let said = format!("{path} already has exactly this content; nothing was written");
        return Ok(ToolOutput::ok(said, format!("{path} unchanged")));
    }
    workspace.write_atomically(&path, &bytes)?;
    let counts = count(&before.content, &content);
    let said = format!("overwrote {path} ({counts}){note}");
    Ok(ToolOutput::ok(said, format!("{path} {counts}")).touching(workspace, [path]))
}

/// The bytes to write, and what to say about them. Text that the old encoding has no signs for goes
/// to UTF-8, since all of the file is new.
fn encode(before: &Text, content: &str, path: &RelPath) -> Result<(Vec<u8>, String), WriteError> {
    let fail = |source| WriteError::Text { path: path.clone(), source };
    let note = match before.encoding {
        Encoding::Utf8 | Encoding::Utf8Bom => String::new(),
        other => format!(", still encoded as {}", other.name()),
    };
    match before.encode(content) {
        Ok(bytes) => Ok((bytes, note)),
        Err(TextError::Unencodable { encoding, character }) => {
            let note = format!(", now as UTF-8 since {encoding} has no `{character}`");
            Ok((Encoding::Utf8.encode(content).map_err(fail)?, note))
        }
        Err(error) => Err(fail(error)),
    }
}

/// Whether every line ends in the Windows way, and there is one.
fn is_crlf(text: &str) -> bool {
    let ends = text.matches('\n').count();
    ends > 0 && ends == text.matches("\r\n").count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::{Fixture, text};

    #[tokio::test]
    async fn a_new_file_is_created_with_its_directories() {
        let fixture = Fixture::new();
        let output = fixture.call("write", json!({"path": "a/b/__init__.py", "content": "x\ny\n"})).await;
        assert_eq!(
            (text(&output), output.summary.as_str()),
            ("created a/b/__init__.py (2 lines)", "a/b/__init__.py +2 -0")
        );
        assert_eq!(output.touched, crate::tools::Touched::Paths(vec!["a/b/__init__.py".into()]));
        assert_eq!(fixture.bytes("a/b/__init__.py"), b"x\ny\n");
    }

    #[tokio::test]
    async fn line_endings_and_encoding_of_the_old_file_are_kept() {
        let cases: [(&[u8], &str, &[u8]); 6] = [
            (b"a\r\nb\r\n", "a\nc\n", b"a\r\nc\r\n"),
            (b"a\r\nb\n", "a\nc\n", b"a\nc\n"),
            (b"a\r\nb\r\n", "a\r\nc\n", b"a\r\nc\n"),
            (b"\xef\xbb\xbfa\n", "c\n", b"\xef\xbb\xbfc\n"),
            (b"\xe4\n", "\u{f6}\n", b"\xf6\n"),
            (b"\xe4\n", "\u{2192}\n", "\u{2192}\n".as_bytes()),
        ];
        for (old, new, wanted) in cases {
            let fixture = Fixture::new();
            fixture.put("f.txt", old);
            let output = fixture.call("write", json!({"path": "f.txt", "content": new})).await;
            assert!(!output.is_error, "{}", text(&output));
            assert_eq!(fixture.bytes("f.txt"), wanted, "{old:?} {new:?}");
        }
    }

    #[tokio::test]
    async fn unchanged_content_touches_nothing() {
        let fixture = Fixture::new();
        fixture.put("f.txt", b"a\r\n");
        let output = fixture.call("write", json!({"path": "f.txt", "content": "a\n"})).await;
        assert_eq!(text(&output), "f.txt already has exactly this content; nothing was written");
        assert_eq!(output.touched, crate::tools::Touched::Nothing);
    }

    #[tokio::test]
    async fn a_placeholder_does_not_replace_code() {
        let fixture = Fixture::new();
        fixture.put("f.rs", b"fn a() {}\nfn b() {}\n");
        let new = "fn a() { 1 }\n// ... rest of the code unchanged ...\n";
        let output = fixture.call("write", json!({"path": "f.rs", "content": new})).await;
        assert!(output.is_error && text(&output).contains("stands for text that is left out"));
        assert_eq!(fixture.bytes("f.rs"), b"fn a() {}\nfn b() {}\n");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_written_through_a_link_is_named_as_git_knows_it() {
        let fixture = Fixture::new();
        fixture.put("real/f.txt", "a\n");
        std::os::unix::fs::symlink("real", fixture.path("link")).unwrap();
        let output = fixture.call("write", json!({"path": "link/f.txt", "content": "b\n"})).await;
        assert_eq!(output.touched, crate::tools::Touched::Paths(vec!["real/f.txt".into()]));
        assert_eq!(output.summary, "link/f.txt +1 -1");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_executable_bit_is_kept() {
        use std::os::unix::fs::PermissionsExt;
        let fixture = Fixture::new();
        fixture.put("run.sh", b"a\n");
        let path = fixture.path("run.sh");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o754)).unwrap();
        fixture.call("write", json!({"path": "run.sh", "content": "b\n"})).await;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o754);
    }
}
