//! Unified text, which has to be applicable.

use super::*;

fn unified(file: &FileDiff) -> String {
    Review::new("", Prepared::align(vec![file.clone()], None)).unified()
}

#[test]
fn changes_far_apart_are_hunks_of_their_own() {
    let file = modified("a b", &numbered(30, &[]), &numbered(30, &[(2, "two"), (8, "eight"), (28, "x\ny")]));
    insta::assert_snapshot!(unified(&file), @r"
    diff --git a/a b b/a b
    --- a/a b
    +++ b/a b
    @@ -1,11 +1,11 @@
     line 1
    -line 2
    +two
     line 3
     line 4
     line 5
     line 6
     line 7
    -line 8
    +eight
     line 9
     line 10
     line 11
    @@ -25,6 +25,7 @@
     line 25
     line 26
     line 27
    -line 28
    +x
    +y
     line 29
     line 30
    ");
}

#[test]
fn added_deleted_and_renamed_files_have_their_headers() {
    let renamed = FileDiff {
        kind: Change::Renamed,
        old_path: Some("o\tld".to_owned()),
        new_mode: Some(0o100_755),
        ..modified("new", "a\n", "a")
    };
    let all: String = [added("n", "x\n"), deleted("d", "y"), renamed].iter().map(unified).collect();
    insta::assert_snapshot!(all, @r#"
    diff --git a/n b/n
    new file mode 100644
    --- /dev/null
    +++ b/n
    @@ -0,0 +1 @@
    +x
    diff --git a/d b/d
    deleted file mode 100644
    --- a/d
    +++ /dev/null
    @@ -1 +0,0 @@
    -y
    \ No newline at end of file
    diff --git "a/o\tld" b/new
    old mode 100644
    new mode 100755
    rename from "o\tld"
    rename to new
    --- "a/o\tld"
    +++ b/new
    @@ -1 +1 @@
    -a
    +a
    \ No newline at end of file
    "#);
}

#[test]
fn what_is_no_text_is_named() {
    let sized = |body| FileDiff { body, ..modified("b", "", "") };
    let binary = sized(Body::Binary { old_bytes: 1, new_bytes: 2 });
    let submodule = sized(Body::Submodule { old: Some("abc".to_owned()), new: Some("def".to_owned()) });
    let mode = FileDiff { new_mode: Some(0o100_755), ..modified("m", "a", "a") };
    let all: String = [binary, submodule, mode].iter().map(unified).collect();
    insta::assert_snapshot!(all, @r"
    diff --git a/b b/b
    Binary files a/b and b/b differ
    diff --git a/b b/b
    --- a/b
    +++ b/b
    @@ -1 +1 @@
    -Subproject commit abc
    +Subproject commit def
    diff --git a/m b/m
    old mode 100644
    new mode 100755
    ");
}

#[test]
fn converted_line_endings_are_in_the_patch() {
    let text = unified(&modified("a", "x\ny\n", "x\r\ny\r\n"));
    assert!(text.ends_with("@@ -1,2 +1,2 @@\n-x\n-y\n+x\r\n+y\r\n"), "{text:?}");
}
