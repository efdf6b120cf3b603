use std::time::Instant;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tools::Touched;
use crate::tools::tests::{Fixture, numbered, text};

/// Edits a file of these bytes, and gives what was said and what the file holds then.
async fn edit_bytes(file: &[u8], input: Value) -> (ToolOutput, Vec<u8>) {
    let fixture = Fixture::new();
    fixture.put("f.txt", file);
    let mut input = input;
    input["path"] = "f.txt".into();
    let output = fixture.call("edit", input).await;
    let bytes = fixture.bytes("f.txt");
    assert_eq!(bytes != file, output.touched == Touched::Paths(vec!["f.txt".into()]), "{}", text(&output));
    (output, bytes)
}

fn replace(old: &str, new: &str) -> Value {
    json!({"old_string": old, "new_string": new})
}

#[tokio::test]
async fn edits_are_matched_by_the_ladder_and_say_so() {
    let cases: [(&str, &str, &str, &str, &str); 14] = [
        // file, old, new, wanted, a part of the note
        ("a\nb\nc\n", "b", "x", "a\nx\nc\n", "edited f.txt (+1 -1)\n1\ta\n2\tx\n3\tc\n"),
        ("let a = 1;\n", "a = 1", "b = 2", "let b = 2;\n", "(+1 -1)"),
        ("a\r\nb\r\nc\r\n", "a\nb\n", "a\nx\n", "a\r\nx\r\nc\r\n", "but for line endings"),
        ("a\r\nb\r\nc\r\n", "b", "x\ny", "a\r\nx\r\ny\r\nc\r\n", "(+2 -1)"),
        ("a  \nb\t\nc\n", "a\nb\nc", "a\nx\nc", "a  \nx\nc\n", "blanks at line ends"),
        ("a\nb", "a\nb\n", "a\nc\n", "a\nc", "blanks at line ends"),
        ("a\nb\nc\n", "\na\nb\n\n", "\na\nx\n\n", "a\nx\nc\n", "blank lines around"),
        (
            "  if x:\n      y\n",
            "if x:\n    y",
            "if x:\n    z\n    w",
            "  if x:\n      z\n      w\n",
            "indentation",
        ),
        (
            "\tif x {\n\t\ty\n\t}\n",
            "if x {\n    y\n}",
            "if x {\n    z\n}",
            "\tif x {\n\t\tz\n\t}\n",
            "indentation",
        ),
        ("say “hello” – now\n", "say \"hello\" - now", "bye", "bye\n", "quotes, dashes"),
        ("it’s x\u{a0}y here\n", "it's x y", "that", "that here\n", "quotes, dashes"),
        (
            "a\nprint(\"x\\n\")\n",
            "a\\nprint(\\\"x\\\\n\\\")",
            "b\\nprint(\\\"y\\\\n\\\")",
            "b\nprint(\"y\\n\")\n",
            "escapes",
        ),
        ("a\n    b\n", "1\ta\n2\t    b", "1\ta\n2\t    c", "a\n    c\n", "line numbers"),
        ("if a < b && c {\n", "if a &lt; b &amp;&amp; c {", "if a &lt; b {", "if a < b {\n", "escapes"),
    ];
    for (file, old, new, wanted, said) in cases {
        let (output, bytes) = edit_bytes(file.as_bytes(), replace(old, new)).await;
        assert_eq!(String::from_utf8_lossy(&bytes), wanted, "{old:?}: {}", text(&output));
        assert!(!output.is_error && text(&output).contains(said), "{old:?}: {}", text(&output));
    }
}

#[tokio::test]
async fn a_block_is_found_by_its_edges_and_keeps_what_the_edit_does_not_mean() {
    let file = "fn f() {\n    let first = compute_first(1); // one\n    let second = compute_second(2);\n    first + second\n}\n";
    let old = "fn f() {\n    let first = compute_first(1);\n    let second = compute_second(2);\n    first + second\n}";
    let new = "fn f() {\n    let first = compute_first(1);\n    let second = compute_second(2);\n    first * second\n}";
    let (output, bytes) = edit_bytes(file.as_bytes(), replace(old, new)).await;
    assert_eq!(String::from_utf8(bytes).unwrap(), file.replace("first + second", "first * second"));
    assert!(text(&output).contains("by its first and last lines"), "{}", text(&output));
}

#[tokio::test]
async fn several_places_are_an_error_that_lists_them() {
    let (output, _) = edit_bytes(b"a\nb\na\nc\na\n", replace("a", "x")).await;
    assert!(output.is_error);
    assert!(
        text(&output).starts_with("f.txt: old_string stands at 3 places (lines 1, 3, 5)"),
        "{}",
        text(&output)
    );
    assert!(text(&output).ends_with("Nothing was changed."));
    let (output, _) = edit_bytes(b"  a\n  b\n\ta\n\tb\n", replace("a\nb", "x\ny")).await;
    assert!(
        output.is_error && text(&output).contains("nearly at 2 places (lines 1, 3)"),
        "{}",
        text(&output)
    );
    // Line numbers that were copied along tell which is meant.
    let (_, bytes) = edit_bytes(b"a\nb\na\n", replace("3\ta", "3\tx")).await;
    assert_eq!(bytes, b"a\nb\nx\n");
}

#[tokio::test]
async fn all_places_are_replaced_on_request() {
    for flag in [json!(true), json!("true")] {
        let input = json!({"old_str": "a\n", "new_str": "x\n", "replaceAll": flag});
        let (output, bytes) = edit_bytes(b"a\r\nb\r\na\r\n", input).await;
        assert_eq!(bytes, b"x\r\nb\r\nx\r\n");
        assert!(
            text(&output).contains("replaced at 2 places; matched but for line endings"),
            "{}",
            text(&output)
        );
    }
}

#[tokio::test]
async fn mixed_line_endings_stay_where_they_are() {
    let (_, bytes) = edit_bytes(b"a\r\nb\nc\r\nd\n", replace("b\nc\nd", "b\nx\nd")).await;
    assert_eq!(bytes, b"a\r\nb\nx\r\nd\n");
    let (_, bytes) = edit_bytes(b"a\r\nb\nc\r\n", replace("b", "x")).await;
    assert_eq!(bytes, b"a\r\nx\nc\r\n");
}

#[tokio::test]
async fn encodings_and_marks_are_kept() {
    let (_, bytes) = edit_bytes(b"\xef\xbb\xbfa\r\nb", replace("\u{feff}a", "x")).await;
    assert_eq!(bytes, b"\xef\xbb\xbfx\r\nb");
    let (_, bytes) = edit_bytes(b"gr\xfc\xdfe\nb\xe9\n", replace("b\u{e9}", "\u{e0}")).await;
    assert_eq!(bytes, b"gr\xfc\xdfe\n\xe0\n");
    let (_, bytes) = edit_bytes(b"\xff\xfea\0\r\0\n\0b\0", replace("b", "c\nd")).await;
    assert_eq!(bytes, b"\xff\xfea\0\r\0\n\0c\0\r\0\n\0d\0");
    let (output, bytes) = edit_bytes(b"\xe4\n", replace("\u{e4}", "\u{2192}")).await;
    assert!(output.is_error && text(&output).contains("encoded as Windows-1252, which has no `→`"));
    assert_eq!(bytes, b"\xe4\n");
    let (output, _) = edit_bytes(b"a\0b", replace("a", "b")).await;
    assert_eq!(text(&output), "f.txt: is a binary file, not text");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let cases = [
        (replace("a", "a"), "old_string and new_string are the same"),
        (replace("", "x"), "old_string is empty, but the file is not"),
        (replace("b", "x\n// ... rest of the code unchanged ..."), "stands for text that is left out"),
        (json!({"old_string": "a"}), "`edit` needs `new_string`; given: `old_string`, `path`"),
        (json!({"edits": []}), "`edit` needs `edits`"),
        (
            replace("no such words at all", "x"),
            "old_string was not found. The file has 2 lines and none is like it",
        ),
    ];
    for (input, wanted) in cases {
        let (output, bytes) = edit_bytes(b"a\nb\n", input.clone()).await;
        assert!(output.is_error && text(&output).contains(wanted), "{input}: {}", text(&output));
        assert_eq!(bytes, b"a\nb\n");
    }
}

#[tokio::test]
async fn a_miss_shows_the_nearest_lines() {
    let file = format!("{}fn total(count: u32) -> u32 {{\n    count * 2\n}}\n", numbered("// line", 50));
    let (output, _) =
        edit_bytes(file.as_bytes(), replace("fn total(n: u64) -> u64 {\n    n * 3\n}", "x")).await;
    let said = text(&output);
    assert!(said.contains("51\tfn total(count: u32) -> u32 {\n52\t    count * 2\n"), "{said}");
    assert!(said.contains("First difference: line 51 is `fn total(count: u32) -> u32 {`"), "{said}");
}

#[tokio::test]
async fn an_edit_that_was_already_made_is_told() {
    let (output, _) =
        edit_bytes(b"let total = second();\nb\n", replace("let total = first();", "let total = second();"))
            .await;
    assert!(!output.is_error);
    assert!(
        text(&output).contains("already applied: new_string is in the file, at line 1"),
        "{}",
        text(&output)
    );
    assert_eq!((output.summary.as_str(), output.touched), ("f.txt unchanged", Touched::Nothing));
    // A short text may be there by chance.
    let (output, _) = edit_bytes(b"x\nb\n", replace("gone", "x")).await;
    assert!(output.is_error);
}

#[tokio::test]
async fn several_edits_are_all_made_or_none() {
    let edits = json!({"edits": [replace("b", "x\ny"), replace("a", "z"), replace("y", "w")]});
    let (output, bytes) = edit_bytes(b"a\nb\n", edits).await;
    assert_eq!(bytes, b"z\nx\nw\n");
    assert_eq!(output.summary, "f.txt +3 -2");
    let edits = json!({"edits": [replace("b", "x"), replace("missing", "z")]});
    let (output, bytes) = edit_bytes(b"a\nb\n", edits).await;
    assert!(output.is_error && text(&output).starts_with("f.txt: edit 2 of 2: old_string was not found"));
    assert_eq!(bytes, b"a\nb\n");
}

#[tokio::test]
async fn an_edit_of_nothing_creates_a_file() {
    let fixture = Fixture::new();
    let input = json!({"path": "new/f.txt", "old_string": "", "new_string": "a\n"});
    let output = fixture.call("edit", input.clone()).await;
    assert_eq!(
        (text(&output), fixture.bytes("new/f.txt").as_slice()),
        ("created new/f.txt (+1 -0)", &b"a\n"[..])
    );
    assert!(fixture.call("edit", input).await.is_error);
    fixture.put("empty.txt", "");
    fixture.call("edit", json!({"path": "empty.txt", "old_string": "", "new_string": "b\n"})).await;
    assert_eq!(fixture.bytes("empty.txt"), b"b\n");
    let output =
        fixture.call("edit", json!({"path": "new/g.txt", "old_string": "a", "new_string": "b"})).await;
    assert!(
        text(&output).starts_with("new/g.txt: no such file; did you mean `new/f.txt`?"),
        "{}",
        text(&output)
    );
}

#[tokio::test]
async fn git_and_the_outside_are_out_of_reach() {
    let fixture = Fixture::new();
    fixture.put(".git/config", "a");
    for path in [".git/config", "../x", "/etc/hosts"] {
        let output = fixture.call("edit", json!({"path": path, "old_string": "a", "new_string": "b"})).await;
        assert!(output.is_error && text(&output).starts_with(path), "{}", text(&output));
    }
    assert_eq!(fixture.bytes(".git/config"), b"a");
}

#[tokio::test]
async fn large_and_repetitive_files_take_no_time() {
    let large = numbered("line", 100_000);
    let same = "}\n".repeat(100_000);
    let needle = format!("{}x\n", "  }\n".repeat(2000));
    let cases = [
        (large.as_str(), "line 99999\nline 100000\n", "done\n"),
        (&large, "  line 50000\n  line 50001", "  x"),
        (&large, "line 50000 \nline fifty\nline 50002", "x"),
        (&same, &needle, "x"),
        (&same, "  }\n  }\n  }", "x"),
        (&same, "}\n{\n}", "x"),
    ];
    for (file, old, new) in cases {
        let start = Instant::now();
        edit_bytes(file.as_bytes(), replace(old, new)).await;
        // A development build on a busy machine; a quadratic search takes minutes.
        assert!(start.elapsed().as_secs() < 8, "{:?} for {}", start.elapsed(), &old[..10]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Text of any line endings; the edited word stands in it once.
    #[test]
    fn an_exact_edit_leaves_every_other_byte_alone(
        before in "([a-z \t“é]{0,6}(\n|\r\n|\r)?){0,8}",
        after in "([a-z \t“é]{0,6}(\n|\r\n|\r)?){0,8}",
        new in "[A-Z]{1,5}( [A-Z]{1,3})?",
        bom: bool,
    ) {
        let mark = if bom { "\u{feff}" } else { "" };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let file = format!("{mark}{before}0{after}");
        let (_, bytes) = runtime.block_on(edit_bytes(file.as_bytes(), replace("0", &new)));
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), format!("{mark}{before}{new}{after}"));
    }

    /// Whatever is asked of whatever file, there is an answer and no panic.
    #[test]
    fn no_edit_panics(
        file in "([ab“…\t ]{0,3}(\n|\r\n|\r)){0,6}",
        old in "[ab\"\\.\t\n\r1]{0,8}",
        new in "[ab…\n\t ]{0,8}",
        all: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let input = json!({"old_string": old, "new_string": new, "replace_all": all});
        let (output, bytes) = runtime.block_on(edit_bytes(file.as_bytes(), input));
        prop_assert!(!text(&output).contains("internal error"));
        prop_assert!(!output.is_error || bytes == file.as_bytes());
    }
}
