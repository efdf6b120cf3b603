use serde_json::json;

use super::*;
use crate::tools::Touched;
use crate::tools::tests::{Fixture, numbered, text};

const FILE: &str = "fn one() {\n    first();\n    done();\n}\n\nfn two() {\n    second();\n    done();\n}\n";

/// Applies a patch to a worktree with `src/a.rs` in it, and gives what was said and that file.
async fn apply_to(file: &str, patch: &str) -> (Fixture, ToolOutput, String) {
    let fixture = Fixture::new();
    fixture.put("src/a.rs", file);
    let output = fixture.call("apply_patch", json!({ "patch": patch })).await;
    let after = std::fs::read(fixture.path("src/a.rs")).unwrap_or_default();
    let after = String::from_utf8(after).unwrap();
    assert!(!output.is_error || after == file, "{}", text(&output));
    (fixture, output, after)
}

#[tokio::test]
async fn every_way_to_write_the_same_patch_is_understood() {
    let body = "*** Update File: src/a.rs\n@@ fn two() {\n-    second();\n+    third();\n     done();\n";
    let plain = format!("*** Begin Patch\n{body}*** End Patch\n");
    let patches = [
        plain.clone(),
        body.to_owned(),
        format!("*** Begin Pacth ***\n{}*** End Patch ***", body.replace("a.rs\n", "a.rs ***\n")),
        format!("Here it is:\n```diff\n{plain}```\n"),
        format!("apply_patch <<'EOF'\n{plain}EOF"),
        format!("***\n{plain}***\n"),
        plain.replace('\n', "\r\n"),
        plain.trim_end().replace('\n', "\\n"),
        json!({"command": ["apply_patch", plain]}).to_string(),
        json!({ "input": plain }).to_string(),
        "*** Begin Patch\n*** Update File: `src/a.rs`\n@@ fn two\n-second();\n+third();\n*** End Patch".into(),
        "*** Begin Patch\n*** Update File: src/a.rs\n@@\n fn two() {\n-    second();\n+    third();\n     done();\n }\n".into(),
        "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -6,3 +6,3 @@\n fn two() {\n-    second();\n+    third();\n     done();\n".into(),
        "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\t2024-01-01\n+++ b/src/a.rs\n@@ -96,3 +1,3 @@ fn x\n fn two() {\n-    second();\n+    third();\n     done();\n".into(),
        "--- src/a.rs\n+++ src/a.rs\n@@ ... @@\n-    second();\n+    third();\n".into(),
        "*** Begin Patch\n*** Update File: src/a.rs\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -7 +7 @@\n-    second();\n+    third();\n*** End Patch".into(),
    ];
    for patch in patches {
        let (_, output, after) = apply_to(FILE, &patch).await;
        assert_eq!(after, FILE.replace("second", "third"), "{patch}\n{}", text(&output));
        assert_eq!(output.summary, "src/a.rs +1 -1");
        assert_eq!(output.touched, Touched::Paths(vec!["src/a.rs".into()]));
    }
}

#[tokio::test]
async fn the_call_itself_may_be_odd() {
    let patch = "*** Begin Patch\n*** Update File: src/a.rs\n-    second();\n+    third();\n*** End Patch";
    for input in [
        json!(patch),
        json!({"input": patch}),
        json!({"command": ["apply_patch", patch]}),
        json!({"cmd": patch}),
    ] {
        let fixture = Fixture::new();
        fixture.put("src/a.rs", FILE);
        let output = fixture.call("applyPatch", input).await;
        assert!(!output.is_error, "{}", text(&output));
        assert_eq!(fixture.bytes("src/a.rs"), FILE.replace("second", "third").as_bytes());
    }
}

#[tokio::test]
async fn files_are_added_moved_and_deleted() {
    let fixture = Fixture::new();
    fixture.put("old.txt", "a\r\nb\r\n");
    fixture.put("gone.txt", "x\n");
    let patch = "*** Begin Patch\n*** Add File: new/__init__.py\n+one\n+\n+two\n*** Update File: old.txt\n*** Move to: moved/new.txt\n@@\n-b\n+c\n*** Delete File: gone.txt\n*** End Patch";
    let output = fixture.call("apply_patch", json!({ "patch": patch })).await;
    assert!(!output.is_error, "{}", text(&output));
    assert_eq!(fixture.bytes("new/__init__.py"), b"one\n\ntwo\n");
    assert_eq!(fixture.bytes("moved/new.txt"), b"a\r\nc\r\n");
    assert!(!fixture.path("old.txt").exists() && !fixture.path("gone.txt").exists());
    let Touched::Paths(paths) = &output.touched else { panic!("{:?}", output.touched) };
    assert_eq!(paths.len(), 4);
    assert!(text(&output).contains("moved old.txt to moved/new.txt"), "{}", text(&output));

    let git = "diff --git a/moved/new.txt b/back.txt\nsimilarity index 100%\nrename from moved/new.txt\nrename to back.txt\ndiff --git a/n.txt b/n.txt\nnew file mode 100644\n--- /dev/null\n+++ b/n.txt\n@@ -0,0 +1 @@\n+n\n\\ No newline at end of file\ndiff --git a/new/__init__.py b/new/__init__.py\ndeleted file mode 100644\n--- a/new/__init__.py\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-one\n-\n-two\n";
    let output = fixture.call("apply_patch", json!({ "patch": git })).await;
    assert!(!output.is_error, "{}", text(&output));
    assert_eq!(fixture.bytes("back.txt"), b"a\r\nc\r\n");
    assert_eq!(fixture.bytes("n.txt"), b"n");
    assert!(!fixture.path("new/__init__.py").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_moved_program_stays_one() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    fixture.put("run.sh", "a\n");
    std::fs::set_permissions(fixture.path("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let patch = "*** Update File: run.sh\n*** Move to: bin/run.sh\n-a\n+b\n";
    fixture.call("apply_patch", json!({ "patch": patch })).await;
    let mode = std::fs::metadata(fixture.path("bin/run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[tokio::test]
async fn hunks_find_their_places() {
    let same = "a\nx\nb\nx\nc\nx\n";
    let cases = [
        // In order, one after the other.
        (same, "-x\n+1\n@@\n-x\n+2\n@@\n-x\n+3\n", "a\n1\nb\n2\nc\n3\n"),
        // By the anchor above.
        (same, "@@ b\n-x\n+2\n", "a\nx\nb\n2\nc\nx\n"),
        // By a number that is about right.
        (same, "@@ -3,1 +3,1 @@\n-x\n+2\n", "a\n2\nb\nx\nc\nx\n"),
        (same, "@@ -600,1 +6,1 @@\n-x\n+3\n", "a\nx\nb\nx\nc\n3\n"),
        // At the end.
        (same, "-x\n+3\n*** End of File\n", "a\nx\nb\nx\nc\n3\n"),
        // Out of order.
        (same, "@@\n c\n-x\n+3\n@@\n a\n-x\n+1\n", "a\n1\nb\nx\nc\n3\n"),
        // Nothing but new lines.
        (same, "@@ b\n+new\n", "a\nx\nb\nnew\nx\nc\nx\n"),
        ("a\r\nb", "+c\n", "a\r\nb\r\nc"),
        (same, "@@ -2,0 +3,1 @@\n+new\n", "a\nx\nnew\nb\nx\nc\nx\n"),
        // Tolerantly.
        ("  a  \r\n  “b”\r\n", " a\n-\"b\"\n+c\n", "  a  \r\n  c\r\n"),
        // The final line end.
        ("a\nb", "-b\n\\ No newline at end of file\n+b\n", "a\nb\n"),
        ("a\nb\n", "-b\n+c\n\\ No newline at end of file\n", "a\nc"),
        ("a\nb", "-b\n+c\n", "a\nc"),
    ];
    for (file, hunks, wanted) in cases {
        let (_, output, after) = apply_to(file, &format!("*** Update File: src/a.rs\n{hunks}")).await;
        assert_eq!(after, wanted, "{hunks}\n{}", text(&output));
    }
}

#[tokio::test]
async fn a_patch_that_does_not_apply_changes_nothing_and_says_where() {
    let fixture = Fixture::new();
    fixture.put("src/a.rs", FILE);
    fixture.put("b.txt", "b\n");
    let before = (fixture.bytes("src/a.rs"), fixture.bytes("b.txt"));
    let good = "*** Begin Patch\n*** Add File: new.txt\n+x\n*** Update File: b.txt\n-b\n+c\n";
    let cases = [
        (
            "*** Update File: src/a.rs\n@@\n-    first();\n+    zeroth();\n@@\n-    second(1, 2);\n-    finished();\n+    x();\n",
            "src/a.rs: hunk 2 of 2: its lines were not found. The nearest lines of the file are:\n5\t\n6\tfn two() {\n7\t    second();",
        ),
        (
            "*** Update File: src/a.rs\n-    done();\n+    x();\n",
            "hunk 1 of 1: its lines stand at 2 places (lines 3, 8)",
        ),
        ("*** Update File: src/b.rs\n-x\n+y\n", "src/b.rs: no such file; did you mean `src/a.rs`"),
        ("*** Add File: src/a.rs\n+x\n", "src/a.rs: exists already"),
        ("*** Delete File: c.txt\n", "c.txt: no such file"),
        ("*** Update File: src/a.rs\n*** Move to: b.txt\n", "b.txt: exists already"),
        ("*** Add File: .git/hooks/post-commit\n+x\n", ".git/hooks/post-commit: `.git` belongs to git"),
        ("*** Update File: src/a.rs\n*** Move to: ../a.rs\n", "../a.rs: leaves the worktree"),
        (
            "*** Update File: src/a.rs\n     first();\n+    // ... rest of the code unchanged ...\n",
            "stands for text that is left out",
        ),
        (
            "*** Update File: src/a.rs\n-    first();\n+    x();\n@@\n-    first();\n-    done();\n+    y();\n",
            "hunk 2 of 2",
        ),
    ];
    for (patch, wanted) in cases {
        let output = fixture.call("apply_patch", json!({ "patch": format!("{good}{patch}") })).await;
        assert!(output.is_error && text(&output).contains(wanted), "{patch}\n{}", text(&output));
        assert!(text(&output).ends_with("no file was changed."), "{}", text(&output));
        assert_eq!((fixture.bytes("src/a.rs"), fixture.bytes("b.txt")), before);
        assert!(!fixture.path("new.txt").exists());
    }
    for (patch, wanted) in [
        ("just words", "the patch names no file"),
        ("@@ -1 +1 @@\n-a\n+b\n", "the patch names no file"),
        ("*** Update File: b.txt\n", "changes nothing"),
        ("diff --git a/x.png b/x.png\nBinary files a/x.png and b/x.png differ\n", "binary patches"),
    ] {
        let output = fixture.call("apply_patch", json!({ "patch": patch })).await;
        assert!(output.is_error && text(&output).contains(wanted), "{patch}\n{}", text(&output));
    }
}

#[tokio::test]
async fn a_file_may_be_touched_twice() {
    let (fixture, output, after) = apply_to(
        "a\nb\n",
        "*** Update File: src/a.rs\n-a\n+x\n*** Update File: src/a.rs\n x\n-b\n+y\n*** Add File: c\n+1\n*** Update File: c\n-1\n+2\n",
    )
    .await;
    assert_eq!(after, "x\ny\n", "{}", text(&output));
    assert_eq!(fixture.bytes("c"), b"2\n");
    let (_, output, after) =
        apply_to("a\nb\n", "*** Delete File: src/a.rs\n*** Add File: src/a.rs\n+new\n").await;
    assert_eq!((after.as_str(), output.summary.as_str()), ("new\n", "src/a.rs +1 -2"));
}

#[tokio::test]
async fn a_patch_that_was_already_applied_is_told() {
    let patch = "*** Update File: src/a.rs\n-    first_old();\n+    first();\n     done();\n";
    let (_, output, _) = apply_to(FILE, patch).await;
    assert!(
        !output.is_error && text(&output).contains("hunk 1: already applied, at line 2"),
        "{}",
        text(&output)
    );
    assert_eq!(output.touched, Touched::Nothing);
}

#[cfg(unix)]
#[tokio::test]
async fn a_failure_while_writing_puts_everything_back() {
    use std::os::unix::fs::symlink;
    let fixture = Fixture::new();
    fixture.put("a.txt", "a\n");
    symlink(fixture.outside(), fixture.path("out")).unwrap();
    let patch = "*** Update File: a.txt\n-a\n+b\n*** Add File: out/x\n+x\n";
    let output = fixture.call("apply_patch", json!({ "patch": patch })).await;
    assert!(output.is_error && text(&output).contains("leaves the worktree"), "{}", text(&output));
    assert_eq!(fixture.bytes("a.txt"), b"a\n");
    // A file in the way of a directory is noticed only when it comes to writing.
    let patch = "*** Update File: a.txt\n-a\n+b\n*** Add File: a.txt/x\n+x\n";
    let output = fixture.call("apply_patch", json!({ "patch": patch })).await;
    assert!(output.is_error, "{}", text(&output));
    assert_eq!(fixture.bytes("a.txt"), b"a\n");
    assert_eq!(std::fs::read_dir(fixture.path("")).unwrap().count(), 2);
}

#[tokio::test]
async fn a_large_patch_of_a_large_file_takes_no_time() {
    let fixture = Fixture::new();
    fixture.put("large.txt", numbered("line", 100_000));
    let hunks: Vec<String> =
        (1..1000).map(|n| format!("@@\n line {}\n-line {}\n+changed\n", n * 100 - 1, n * 100)).collect();
    let patch = format!("*** Update File: large.txt\n{}", hunks.concat());
    let start = std::time::Instant::now();
    let output = fixture.call("apply_patch", json!({ "patch": patch })).await;
    assert_eq!(output.summary, "large.txt +999 -999", "{}", text(&output));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

proptest::proptest! {
    /// Whatever comes, there is an answer and no panic.
    #[test]
    fn no_patch_panics(lines in proptest::collection::vec("(\\*\\*\\* (Update|Add|Delete) File: (a|b)|@@( [ab]| -1,2 \\+1,2 @@)?|[-+ ][ab]{0,2}|\\*\\*\\* End of File|\\\\ No|--- a|\\+\\+\\+ b|)", 0..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new();
            fixture.put("a", "a\nb\r\nab\nb");
            let patch = format!("*** Update File: a\n{}", lines.join("\n"));
            let output = fixture.call("apply_patch", json!({ "patch": patch })).await;
            assert!(!text(&output).contains("internal error"), "{patch}");
        });
    }
}
