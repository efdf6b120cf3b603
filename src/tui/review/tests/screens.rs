//! What the files of a review look like.

use super::*;

#[test]
fn a_changed_line_is_shown_with_its_context() {
    let old = "fn main() {\n    let a = 1;\n    go(a);\n}\n";
    let new = "fn main() {\n    let a = 2;\n    go(a);\n    stop();\n}\n";
    let review = review(vec![modified("src/main.rs", old, new)], 60, 12);
    insta::assert_snapshot!(screen(&review), @r"
     Turn 4  1 file  +2 −1                                   0%
    ▌▾ M src/main.rs                                      +2 −1
       1   1   fn main() {
       2     −     let a = 1;
           2 +     let a = 2;
       3   3       go(a);
           4 +     stop();
       4   5   }
    ");
    assert_eq!(on(&review, Role::RemovedWord), ["1"]);
    assert_eq!(on(&review, Role::AddedWord), ["2"]);
}

#[test]
fn side_by_side_each_line_stands_beside_its_successor() {
    let old = "fn main() {\n    let a = 1;\n    go(a);\n}\n";
    let new = "fn main() {\n    // One more.\n    let a = 2;\n    go(a);\n}\n";
    let mut review = review(vec![modified("src/main.rs", old, new)], 120, 10);
    act(&mut review, [Act::ToggleFiles]);
    insta::assert_snapshot!(screen(&review), @r"
     Turn 4  1 file  +2 −1                                                                                               0%
    ▌▾ M src/main.rs                                                                                                  +2 −1
       1   fn main() {                                          │  1   fn main() {
     ╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱│  2 +     // One more.
       2 −     let a = 1;                                       │  3 +     let a = 2;
       3       go(a);                                           │  4       go(a);
       4   }                                                    │  5   }
    ");
}

#[test]
fn the_list_of_files_stands_beside_the_diff() {
    let files = vec![
        added("docs/new.md", "# New\n"),
        modified("src/main.rs", &numbered(40, &[]), &numbered(40, &[(3, "three"), (30, "thirty")])),
        deleted("src/old.rs", "gone\n"),
        FileDiff { body: Body::Binary { old_bytes: 10, new_bytes: 2048 }, ..modified("logo.png", "", "") },
    ];
    let mut review = review(files, 120, 24);
    act(&mut review, [Act::NextFile, Act::NextHunk, Act::Comment("Why?".to_owned())]);
    insta::assert_snapshot!(screen(&review), @r"
     Turn 4  4 files  +3 −3                                                                                 1 comment   22%
     docs/                       │ ▾ M src/main.rs                                                                 ◆1 +2 −2
     A new.md              +1    │   1   1   line 1
     src/                        │   2   2   line 2
    ▌M main.rs          ◆1 +2 −2 │▌  3     − line 3
     D old.rs                 −1 │     ┃ Why?
     ./                          │       3 + three
     M logo.png           binary │   4   4   line 4
                                 │   5   5   line 5
                                 │   6   6   line 6
                                 │     ⋯ 20 lines
                                 │  27  27   line 27
                                 │  28  28   line 28
                                 │  29  29   line 29
                                 │  30     − line 30
                                 │      30 + thirty
                                 │  31  31   line 31
                                 │  32  32   line 32
                                 │  33  33   line 33
                                 │     ⋯ 7 lines
                                 │
                                 │ ▾ D src/old.rs                                                                        −1
                                 │   1 − gone
                                 │
    ");
}

#[test]
fn files_without_changed_lines_say_what_they_are() {
    let sized = |body| FileDiff { body, ..modified("b", "", "") };
    let files = vec![
        FileDiff { new_mode: Some(0o100_755), kind: Change::ModeChanged, ..modified("run.sh", "x\n", "x\n") },
        FileDiff {
            kind: Change::Renamed,
            old_path: Some("a/old.rs".to_owned()),
            ..modified("b/new.rs", "x", "x")
        },
        sized(Body::Binary { old_bytes: 3_200, new_bytes: 3_200 }),
        sized(Body::TooLarge { old_bytes: 1, new_bytes: 90 << 20 }),
        sized(Body::Submodule { old: Some("0123456789abcdef".to_owned()), new: None }),
        added("empty", ""),
        deleted("was_empty", ""),
        modified("crlf.txt", "a\nb\n", "a\r\nb\r\n"),
    ];
    insta::assert_snapshot!(screen(&review(files, 60, 30)), @r"
     Turn 4  8 files  +0 −0                                  0%
    ▌▾ M run.sh                                       644 → 755
         Only the mode changed: 644 → 755

     ▾ R a/old.rs → b/new.rs
         Renamed, nothing else changed

     ▾ M b                                               binary
         Binary file, still 3.1 KiB

     ▾ M b                                                large
         Too large to show, 1 byte → 90.0 MiB

     ▾ M b                                            submodule
         Submodule, 0123456789ab → nothing

     ▾ A empty
         The new file is empty

     ▾ D was_empty
         The file was empty

     ▾ M crlf.txt
         Only the line endings changed: LF → CRLF
    ");
}

#[test]
fn a_renamed_and_changed_file_names_both_paths_and_modes() {
    let file = FileDiff {
        kind: Change::Renamed,
        old_path: Some("src/tools/before.rs".to_owned()),
        new_mode: Some(0o100_755),
        ..modified("src/after.rs", "a\nb\n", "a\nc\n")
    };
    insta::assert_snapshot!(screen(&review(vec![file.clone()], 80, 6)), @r"
     Turn 4  1 file  +1 −1                                                       0%
    ▌▾ R src/tools/before.rs → src/after.rs                         644 → 755 +1 −1
       1   1   a
       2     − b
           2 + c
    ");
    insta::assert_snapshot!(screen(&review(vec![file], 40, 3)), @r"
     Turn 4  1 file  +1 −1               0%
    ▌▾ R …re.rs → …after.rs 644 → 755 +1 −1
       1   a
    ");
}

#[test]
fn an_empty_diff_says_so() {
    insta::assert_snapshot!(screen(&review(Vec::new(), 60, 10)), @r"
    Turn 4



     Nothing changed.
    ");
}

#[test]
fn line_endings_are_shown_where_they_are_unlike_the_rest() {
    let old = "a\r\nb\r\nc\r\n";
    let mut mixed = review(vec![modified("a.txt", old, "a\r\nb\nc\r\n")], 60, 8);
    insta::assert_snapshot!(screen(&mixed), @r"
     Turn 4  1 file  +1 −1                                   0%
    ▌▾ M a.txt                                            +1 −1
       1   1   a
       2     − b
           2 + b␊
       3   3   c
    ");
    mixed = review(vec![modified("a.txt", "a\nb\nc\n", "a\r\nB\r\nc\r\n")], 60, 8);
    insta::assert_snapshot!(screen(&mixed), @r"
     Turn 4  1 file  +1 −1                                   0%
    ▌▾ M a.txt                                            +1 −1
         Line endings: LF → CRLF
       1   1   a
       2     − b
           2 + B
       3   3   c
    ");
}

#[test]
fn a_missing_newline_at_the_end_is_said() {
    let review = review(vec![modified("a.txt", "a\nb\n", "a\nb")], 60, 7);
    insta::assert_snapshot!(screen(&review), @r"
     Turn 4  1 file  +1 −1                                   0%
    ▌▾ M a.txt                                            +1 −1
       1   1   a
       2     − b
           2 + b  no newline at the end
    ");
}

#[test]
fn tabs_and_hidden_characters_can_be_seen() {
    let review = review(vec![modified("Makefile", "all:\n\tgo\n", "all:\n\tgo\u{202e}\x1b[2J\n")], 60, 7);
    insta::assert_snapshot!(screen(&review), @r"
     Turn 4  1 file  +1 −1                                   0%
    ▌▾ M Makefile                                         +1 −1
       1   1   all:
       2     −     go
           2 +     go‹U+202E›␛[2J
    ");
}

#[test]
fn wide_characters_are_aligned_and_never_cut() {
    let old = "let 名前 = \"太郎さん\";\n";
    let new = "let 名前 = \"次郎さん\"; // 👩‍🚀 العربية\n";
    for width in 40..140 {
        let combining = format!("e\u{301}{new}🇩🇪🏴‍☠️ｶﾞ{new}");
        let mut review = review(vec![modified("src/名前/日本.rs", old, &combining)], width, 8);
        act(&mut review, [Act::ToggleLayout, Act::ScrollRight, Act::SetLayout(Layout::Unified)]);
        let _ = painted(&review);
    }
    let mut review = review(vec![modified("a.rs", old, new)], 40, 6);
    insta::assert_snapshot!(screen(&review), @r#"
     Turn 4  1 file  +1 −1               0%
    ▌▾ M a.rs                         +1 −1
       1 − let 名前 = "太郎さん";
       1 + let 名前 = "次郎さん"; // 👩‍🚀 الع…
    "#);
    assert_eq!(on(&review, Role::RemovedWord), ["太 "]);
    act(&mut review, [Act::ScrollRight]);
    insta::assert_snapshot!(screen(&review), @r#"
     Turn 4  1 file  +1 −1   column 9    0%
    ▌▾ M a.rs                         +1 −1
       1 −  = "太郎さん";
       1 +  = "次郎さん"; // 👩‍🚀 العربية
    "#);
}

#[test]
fn any_size_can_be_painted() {
    let files = || {
        vec![
            modified("src/a.rs", &numbered(50, &[]), &numbered(50, &[(7, "seven"), (40, "")])),
            added("src/b.rs", "x\n"),
            FileDiff { body: Body::Binary { old_bytes: 1, new_bytes: 2 }, ..modified("c", "", "") },
        ]
    };
    for (width, height) in [(0, 0), (1, 1), (3, 2), (10, 3), (20, 5), (39, 10), (99, 4), (100, 24), (250, 60)]
    {
        let mut review = review(files(), width, height);
        let comment = Act::Comment("Think of 日本語 here, and of very-long-words-that-break.".to_owned());
        act(&mut review, [Act::NextHunk, Act::NextHunk, comment, Act::Select, Act::Down, Act::ToggleLayout]);
        act(&mut review, [Act::FocusFiles, Act::Down, Act::FocusDiff, Act::Bottom, Act::Top, Act::FoldAll]);
    }
}

#[test]
fn syntax_keeps_its_colour_on_the_background_of_the_line() {
    let mut review = review(vec![modified("a.rs", "let a = 1;\n", "let a = 2;\n")], 60, 6);
    dress(&mut review);
    let buffer = painted(&review);
    let x = (0..60).find(|x| buffer[(*x, 3)].symbol() == "l").unwrap();
    let cell = &buffer[(x, 3)];
    assert_eq!(cell.bg, Color::Indexed(Role::Added as u8));
    assert_ne!(cell.fg, Color::Indexed(Role::Text as u8));
    let end = &buffer[(59, 3)];
    assert_eq!(end.bg, Color::Indexed(Role::Added as u8), "the background goes to the edge");
}

#[test]
fn a_theme_without_backgrounds_keeps_the_colour_of_the_line() {
    let mut review = review(vec![modified("a.rs", "let a = 1;\n", "let a = 2;\n")], 60, 6);
    dress(&mut review);
    let plain = |look: Look| Style::new().fg(Color::Indexed(look.role as u8));
    let mut buffer = Buffer::empty(review.area);
    render(&review, review.area, &mut buffer, &plain);
    let x = (0..60).find(|x| buffer[(*x, 3)].symbol() == "l").unwrap();
    assert_eq!(buffer[(x, 3)].fg, Color::Indexed(Role::Added as u8));
}
