//! `read`: a file, or a part of it, with line numbers; an image as an image. Lines are shown as
//! `cat -n` would, without its padding: the number, a tab, the line. Models know the format, it
//! costs few tokens, and `edit` recognises numbers that were copied from it.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::args::{self, ArgError, Args};
use super::text::{Encoding, Text, TextError};
use super::{PathError, RelPath, ToolContext, ToolOutput, Workspace, blocking};
use crate::chat::{Image, Part, ToolSpec};

/// Lines in one answer when no limit is given, and at most.
pub const MAX_LINES: usize = 2000;

/// Bytes of one answer.
pub const MAX_BYTES: usize = 50 * 1024;

/// Characters of one line.
const MAX_LINE_CHARS: usize = 2000;

/// Bytes of an image: what the strictest provider takes, less what base64 adds.
const MAX_IMAGE_BYTES: usize = 3_750_000;

/// Entries looked at for a name like the one that is missing.
const MAX_SEARCHED: usize = 20_000;

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error("{path}: is a directory; use `ls` to see what is in it")]
    Directory { path: RelPath },
    #[error("{path}: no such file{near}")]
    NotFound { path: String, near: String },
    #[error(transparent)]
    Path(PathError),
    #[error("{path}: {source} ({bytes} bytes)")]
    Text { path: RelPath, source: TextError, bytes: usize },
    #[error(
        "{path}: is an image of {bytes} bytes, more than the {MAX_IMAGE_BYTES} that can be shown; make a smaller copy first"
    )]
    ImageTooLarge { path: RelPath, bytes: usize },
    #[error("{path}: has {lines} lines, so there is nothing at line {offset}")]
    PastEnd { path: RelPath, lines: usize, offset: usize },
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "read".into(),
        description: format!(
            "Reads a file. Each line is preceded by its number and a tab, which are not part of the file. \
             At most {MAX_LINES} lines or {} KB are shown at once; use offset and limit for more. \
             Images (png, jpeg, gif, webp) are shown as such.",
            MAX_BYTES / 1024
        ),
        parameters: json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "File, relative to the root of the worktree"},
                "offset": {"type": "integer", "description": "First line to show, from 1"},
                "limit": {"type": "integer", "description": "How many lines to show"}
            },
            "required": ["path"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, workspace) = (input.clone(), context.workspace.clone());
    blocking(move || read(&input, &workspace)).await
}

fn read(input: &Value, workspace: &Workspace) -> Result<ToolOutput, ReadError> {
    let args = Args::new("read", input)?;
    let given = args.path()?;
    let (offset, limit) = range(&args)?;
    let path = workspace.relative(&given).map_err(ReadError::Path)?;
    let bytes = workspace.read(&path).map_err(|error| match error {
        PathError::Directory { .. } => ReadError::Directory { path: path.clone() },
        PathError::NotFound { path: shown } => {
            ReadError::NotFound { path: shown, near: near(workspace, &path) }
        }
        other => ReadError::Path(other),
    })?;
    if let Some(media_type) = image_type(&bytes) {
        return image(path, media_type, &bytes);
    }
    let text = Text::decode(&bytes).map_err(|source| ReadError::Text {
        path: path.clone(),
        source,
        bytes: bytes.len(),
    })?;
    show(path, &text, offset, limit)
}

/// The first line to show, from 0, and how many.
fn range(args: &Args) -> Result<(usize, usize), ArgError> {
    let whole = |number: Option<u64>| number.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let pair = args.list(&["view_range", "range", "line_range"]).ok().flatten().unwrap_or_default();
    let of_pair = |index: usize| pair.get(index).and_then(Value::as_u64);
    let first = whole(args.number(args::OFFSET)?.or(of_pair(0))).unwrap_or(1).max(1);
    let last = whole(args.number(args::END_LINE)?.or(of_pair(1)));
    let of_last = last.filter(|last| *last >= first).map(|last| last - first + 1);
    let limit = whole(args.number(args::LIMIT)?).filter(|limit| *limit > 0).or(of_last).unwrap_or(MAX_LINES);
    Ok((first - 1, limit.min(MAX_LINES)))
}

fn show(path: RelPath, text: &Text, offset: usize, limit: usize) -> Result<ToolOutput, ReadError> {
    let lines: Vec<&str> = text.content.lines().collect();
    let total = lines.len();
    if total == 0 {
        return Ok(ToolOutput::ok(format!("{path}: the file is empty"), format!("{path} (empty)")));
    }
    if offset >= total {
        return Err(ReadError::PastEnd { path, lines: total, offset: offset + 1 });
    }
    let mut shown = String::new();
    let mut end = offset;
    for line in lines[offset..].iter().take(limit) {
        let before = shown.len();
        // Writing to a string cannot fail.
        let _ = writeln!(shown, "{}\t{}", end + 1, cut(line));
        if shown.len() > MAX_BYTES && end > offset {
            shown.truncate(before);
            break;
        }
        end += 1;
    }
    if offset > 0 || end < total {
        let _ = write!(shown, "[lines {}-{end} of {total}", offset + 1);
        let _ = if end < total {
            write!(shown, "; continue with offset {}]", end + 1)
        } else {
            write!(shown, "; the end of the file]")
        };
    }
    if !matches!(text.encoding, Encoding::Utf8 | Encoding::Utf8Bom) {
        let _ = write!(shown, "\n[decoded from {}]", text.encoding.name());
    }
    let summary = if offset == 0 && end == total {
        format!("{path} ({total} lines)")
    } else {
        format!("{path} (lines {}-{end} of {total})", offset + 1)
    };
    Ok(ToolOutput::ok(shown, summary))
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE_CHARS) {
        None => line.to_owned(),
        Some((at, _)) => {
            format!("{} [… {} more characters on this line]", &line[..at], line[at..].chars().count())
        }
    }
}

fn image(path: RelPath, media_type: &str, bytes: &[u8]) -> Result<ToolOutput, ReadError> {
    if bytes.len() > MAX_IMAGE_BYTES {
        return Err(ReadError::ImageTooLarge { path, bytes: bytes.len() });
    }
    let about = format!("{path}: {media_type}, {} bytes", bytes.len());
    let mut output = ToolOutput::ok(about.clone(), about);
    let image = Image { media_type: media_type.into(), data: STANDARD.encode(bytes) };
    output.content.push(Part::Image(image));
    Ok(output)
}

/// By the first bytes, since names lie.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Names like the one that is missing, as the end of a sentence.
pub(super) fn near(workspace: &Workspace, missing: &RelPath) -> String {
    let wanted = missing.to_string();
    let wanted_name = missing.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut found: Vec<(f64, String)> = ignore::WalkBuilder::new(workspace.root())
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build()
        .take(MAX_SEARCHED)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(workspace.root()).ok()?;
            let path = RelPath::new(path).ok()?;
            let score = likeness(&path, &wanted, &wanted_name);
            (score > 0.75).then(|| (score, path.to_string()))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let names: Vec<String> = found.into_iter().take(3).map(|(_, path)| format!("`{path}`")).collect();
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(" or ")) }
}

fn likeness(path: &Path, wanted: &str, wanted_name: &str) -> f64 {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let by_name =
        if name == wanted_name { 0.9 } else { strsim::normalized_levenshtein(&name, wanted_name) * 0.9 };
    // The right name nearest to the right place comes first.
    by_name + 0.1 * strsim::normalized_levenshtein(&path.to_string_lossy(), wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::{Fixture, numbered, text};

    #[tokio::test]
    async fn lines_are_numbered_and_cut_at_the_limit() {
        let fixture = Fixture::new();
        fixture.put("long.txt", numbered("line", 3000));
        let output = fixture.call("read", json!({"path": "long.txt"})).await;
        let shown = text(&output);
        assert!(shown.starts_with("1\tline 1\n2\tline 2\n"));
        assert!(shown.ends_with("2000\tline 2000\n[lines 1-2000 of 3000; continue with offset 2001]"));
        assert_eq!(output.summary, "long.txt (lines 1-2000 of 3000)");

        let output = fixture.call("read", json!({"path": "long.txt", "offset": "2999", "limit": 10})).await;
        assert_eq!(
            text(&output),
            "2999\tline 2999\n3000\tline 3000\n[lines 2999-3000 of 3000; the end of the file]"
        );
        let output = fixture.call("view", json!({"path": "long.txt", "view_range": [5, 6]})).await;
        assert_eq!(text(&output), "5\tline 5\n6\tline 6\n[lines 5-6 of 3000; continue with offset 7]");
        let output = fixture.call("read", json!({"path": "long.txt", "offset": 4000})).await;
        assert!(output.is_error);
        assert_eq!(text(&output), "long.txt: has 3000 lines, so there is nothing at line 4000");
    }

    #[tokio::test]
    async fn much_text_is_cut_by_bytes() {
        let fixture = Fixture::new();
        fixture.put("wide.txt", format!("{}\n", "x".repeat(1500)).repeat(100));
        let output = fixture.call("read", json!({"path": "wide.txt"})).await;
        assert!(text(&output).len() < MAX_BYTES + 200);
        assert!(text(&output).contains("of 100; continue with offset "));
        fixture.put("one.txt", "é".repeat(3000));
        let output = fixture.call("read", json!({"path": "one.txt"})).await;
        assert!(text(&output).ends_with("é [… 1000 more characters on this line]\n"), "{}", text(&output));
    }

    #[tokio::test]
    async fn encodings_are_decoded() {
        let fixture = Fixture::new();
        fixture.put("bom.txt", b"\xef\xbb\xbfa\r\nb");
        assert_eq!(text(&fixture.call("read", json!({"path": "bom.txt"})).await), "1\ta\n2\tb\n");
        fixture.put("latin.txt", b"gr\xfcn\n");
        let output = fixture.call("read", json!({"path": "latin.txt"})).await;
        assert_eq!(text(&output), "1\tgr\u{fc}n\n\n[decoded from Windows-1252]");
        fixture.put("wide.txt", b"\xff\xfea\0\n\0");
        let output = fixture.call("read", json!({"path": "wide.txt"})).await;
        assert_eq!(text(&output), "1\ta\n\n[decoded from UTF-16 LE]");
    }

    #[tokio::test]
    async fn what_is_no_text_is_said_or_shown() {
        let fixture = Fixture::new();
        fixture.put("empty", "");
        assert_eq!(text(&fixture.call("read", json!({"path": "empty"})).await), "empty: the file is empty");
        fixture.put("data.bin", b"\0\x01\x02");
        let output = fixture.call("read", json!({"path": "data.bin"})).await;
        assert!(output.is_error);
        assert_eq!(text(&output), "data.bin: is a binary file, not text (3 bytes)");
        fixture.put("dir/x", "");
        let output = fixture.call("read", json!({"path": "dir"})).await;
        assert_eq!(text(&output), "dir: is a directory; use `ls` to see what is in it");
        assert!(fixture.call("read", json!({"path": "."})).await.is_error);
        fixture.put("pic", b"\x89PNG\r\n\x1a\n123");
        let output = fixture.call("read", json!({"path": "pic"})).await;
        assert!(!output.is_error);
        assert_eq!(
            output.content[1],
            Part::Image(Image { media_type: "image/png".into(), data: "iVBORw0KGgoxMjM=".into() })
        );
        let mut large = b"GIF89a".to_vec();
        large.resize(MAX_IMAGE_BYTES + 1, 0);
        fixture.put("large.gif", large);
        assert!(fixture.call("read", json!({"path": "large.gif"})).await.is_error);
    }

    #[tokio::test]
    async fn names_like_a_missing_one_are_offered() {
        let fixture = Fixture::new();
        fixture.put("src/tools/workspace.rs", "");
        fixture.put("src/agent/mod.rs", "");
        fixture.put("src/config/mod.rs", "");
        let output = fixture.call("read", json!({"path": "src/workspace.rs"})).await;
        assert_eq!(text(&output), "src/workspace.rs: no such file; did you mean `src/tools/workspace.rs`?");
        let output = fixture.call("read", json!({"path": "src/config/mo.rs"})).await;
        assert!(text(&output).contains("did you mean `src/config/mod.rs`"), "{}", text(&output));
        let output = fixture.call("read", json!({"path": "nothing-like-it.xyz"})).await;
        assert_eq!(text(&output), "nothing-like-it.xyz: no such file");
    }
}
