//! What markdown looks like, and what must hold for any text.

use std::fmt::Write as _;

use super::testing::{Random, SAMPLE, copied, marked, message, nasty_markdown, shown};
use super::{Splitter, highlight, rows, split};
use crate::tui::look::{Piece, Role, Row};
use crate::tui::wrap::pieces_columns;

#[test]
fn a_message_at_eighty_columns() {
    insta::assert_snapshot!(shown(SAMPLE, 80), @r"
    A plan for the parser
    The parser reads one line at a time and keeps what it knows in State. It does
    not look ahead, so a half line is never lost; see the design notes
    (https://example.org/design/parser) or https://example.org/faq.

    What changes
    • The tokenizer lives in src/lexer.rs and no longer allocates for each token,
      which made it slow on long files.
    • Errors carry a span:
      ◦ start and end as bytes
      ◦ the line, for people
        ‣ counted from one
    • A last point.

    1. Read the file.
    2. Run the tests:
         cargo test --workspace -- --nocapture   # takes a minute
    3. Look at the result.

    Code

      /// Reads one line.
      fn next_line<'a>(input: &'a str) -> Option<(&'a str, &'a str)> {
          let end = input.find('\n').unwrap_or(input.len());
          Some((&input[..end], &input[end..])) // the newline stays with the rest
            of the input, on purpose
      }

    Then there are the tasks:

    ☑ write the lexer
    ☐ write the parser

    ▎ A quote with weight that is long enough to go on in a second row of the
    ▎ screen, whatever its width.
    ▎ • and a list
    ▎ • within it

    ▎ Warning
    ▎ This removes the branch.

    Backend   │ Model │  Cost │ What it is good for
    ──────────┼───────┼───────┼───────────────────────────────────────────
    anthropic │ opus  │ $1.20 │ Large changes over many files, and reviews
    local     │ qwen  │ $0.00 │ Names, messages, small edits

    ────────────────────────────────────────────────────────────────────────────────

      @@ -1,3 +1,3 @@
       fn main() {
      -    old();
      +    new();

    漢字かな交じり文も、きちんと折り返されます。 An image: [image: the screen]
    ");
}

#[test]
fn a_message_at_fifty_columns() {
    insta::assert_snapshot!(shown(SAMPLE, 50), @r"
    A plan for the parser
    The parser reads one line at a time and keeps
    what it knows in State. It does not look ahead,
    so a half line is never lost; see the design
    notes (https://example.org/design/parser) or
    https://example.org/faq.

    What changes
    • The tokenizer lives in src/lexer.rs and no
      longer allocates for each token, which made it
      slow on long files.
    • Errors carry a span:
      ◦ start and end as bytes
      ◦ the line, for people
        ‣ counted from one
    • A last point.

    1. Read the file.
    2. Run the tests:
         cargo test --workspace -- --nocapture   #
           takes a minute
    3. Look at the result.

    Code

      /// Reads one line.
      fn next_line<'a>(input: &'a str) -> Option<(&'a
        str, &'a str)> {
          let end =
            input.find('\n').unwrap_or(input.len());
          Some((&input[..end], &input[end..])) // the
            newline stays with the rest of the input,
            on purpose
      }

    Then there are the tasks:

    ☑ write the lexer
    ☐ write the parser

    ▎ A quote with weight that is long enough to go
    ▎ on in a second row of the screen, whatever its
    ▎ width.
    ▎ • and a list
    ▎ • within it

    ▎ Warning
    ▎ This removes the branch.

    Backend   │ Model │  Cost │ What it is good for
    ──────────┼───────┼───────┼───────────────────────
    anthropic │ opus  │ $1.20 │ Large changes over
              │       │       │ many files, and
              │       │       │ reviews
    ──────────┼───────┼───────┼───────────────────────
    local     │ qwen  │ $0.00 │ Names, messages, small
              │       │       │ edits

    ──────────────────────────────────────────────────

      @@ -1,3 +1,3 @@
       fn main() {
      -    old();
      +    new();

    漢字かな交じり文も、きちんと折り返されます。 An
    image: [image: the screen]
    ");
}

#[test]
fn text_has_its_looks() {
    insta::assert_snapshot!(marked("# A `b`\n\n## C\n\n#### D\n\n**e _f_** *g* ~~h~~ `i` **`j`**", 80), @r"
    ‹Heading+BOLD | UNDERLINED A ›‹Code+BOLD | UNDERLINED b›

    ‹Heading+BOLD C›

    ‹Heading D›
    ‹Strong+BOLD e ›‹Strong+BOLD | ITALIC f› ‹Emphasis+ITALIC g› ‹Text+CROSSED_OUT h› ‹Code i› ‹Code+BOLD j›
    ");
}

#[test]
fn links_show_where_they_lead_unless_they_say_it() {
    insta::assert_snapshot!(marked(
        "[a *b*](https://e.org) [e.org](https://e.org/) <https://e.org> <a@e.org> [c](#d)\n\
         (https://e.org/a_b_(c)). ![](x.png) ![a `b`](x.png)",
        200
    ), @"‹Link a ›‹Link+ITALIC b›‹Dim  (https://e.org)› ‹Link e.org› ‹Link https://e.org› ‹Link a@e.org› ‹Link c› (‹Link https://e.org/a_b_(c)›). ‹Dim [image: x.png]› ‹Dim [image: a b]›");
}

#[test]
fn lists_nest_and_hang() {
    insta::assert_snapshot!(shown(
        "- one two three four\n  - five six seven eight\n    - nine\n      - ten\n\n9. nine\n10. ten\n    more\n\n    again\n\n- \n- [x] yes\n1. [ ] no",
        20
    ), @r"
    • one two three four
      ◦ five six seven
        eight
        ‣ nine
          • ten

     9. nine

    10. ten more

        again

    •
    ☑ yes

    1. ☐ no
    ");
}

#[test]
fn quotes_lists_and_code_hold_each_other() {
    insta::assert_snapshot!(shown(
        "> - a\n>   > b\n>\n> ```\n> c\n> ```\n\n- > d\n- ```\n  e\n\n  f\n  ```\n- | g | h |\n  |---|---|\n  | i | j |",
        24
    ), @r"
    ▎ • a
    ▎   ▎ b
    ▎
    ▎   c

    • ▎ d
    •   e

        f
    • g │ h
      ──┼──
      i │ j
    ");
}

#[test]
fn html_is_text_and_br_breaks_the_line() {
    insta::assert_snapshot!(marked("<details>\n<b>x</b>\n\na<br/>b<i>c</i>\\\nd  \ne &lt;&#27;", 80), @r"
    ‹Dim <details>›
    ‹Dim <b>x</b>›

    a
    b‹Dim <i>›c‹Dim </i>›
    d
    e <
    ");
}

#[test]
fn tables_align_shrink_and_become_pairs() {
    let table = "| Name | Count | What for |\n|:-----|------:|:--------:|\n| `a` | 1 | short |\n| b | 20 | some more words here |";
    let mut all = String::new();
    for width in [60, 30, 18] {
        write!(all, "at {width}:\n{}", shown(table, width)).unwrap();
    }
    insta::assert_snapshot!(all, @r"
    at 60:
    Name │ Count │       What for
    ─────┼───────┼─────────────────────
    a    │     1 │        short
    b    │    20 │ some more words here
    at 30:
    Name │ Count │    What for
    ─────┼───────┼────────────────
    a    │     1 │      short
    ─────┼───────┼────────────────
    b    │    20 │ some more words
         │       │      here
    at 18:
    Name: a
    Count: 1
    What for: short

    Name: b
    Count: 20
    What for: some
      more words here
    ");
}

#[test]
fn code_fills_its_rows_and_wraps_under_itself() {
    let rows = message("```\nfn a() {\n    call(one, two, three);\n\n```", 20);
    assert!(rows.iter().all(|row| row.fill == Some(Role::CodeBlock)));
    let lines: Vec<String> = rows.iter().map(|row| format!("|{}|", row.text())).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    |  fn a() {|
    |      call(one, |
    |        two, three);|
    |  |
    ");
    assert_eq!(copied(&rows), "fn a() {\n    call(one, two, three);\n");
}

#[test]
fn lines_of_a_diff_are_filled_with_their_own_role() {
    let rows = message("```diff\n@@ -1 +1 @@\n-a\n+b\n c\n```", 20);
    let fills: Vec<_> = rows.iter().filter_map(|row| row.fill).collect();
    assert_eq!(fills, [Role::Hunk, Role::Removed, Role::Added, Role::CodeBlock]);
}

#[test]
fn a_copy_has_the_marks_and_no_decoration() {
    let text = "A paragraph that wraps, with a `code`.\n\n- item one that wraps too\n  1. nested\n\n> quoted text that wraps\n\n---\n\n```\n  code\n```";
    let copy = "A paragraph that wraps, with a code.\n\n• item one that wraps too\n  1. nested\n\nquoted text that wraps\n\n\n\n  code";
    for width in [16, 20, 80] {
        assert_eq!(copied(&message(text, width)), copy, "at {width}");
    }
}

#[test]
fn a_text_that_still_grows_looks_sane() {
    let at_once = |text: &str| shown(text, 40);
    assert_eq!(at_once("some **bo"), "some **bo\n");
    assert_eq!(at_once("text\n-"), "text\n");
    assert_eq!(at_once("text\n- a\n  -"), "text\n• a\n");
    assert_eq!(at_once("| a | b |\n|--"), "| a | b | |--\n");
    assert_eq!(at_once("```rust\nlet a"), "  let a\n");
    assert_eq!(at_once("```rust\n"), "\n");
    assert_eq!(at_once("text [a](http"), "text [a](http\n");
}

#[test]
fn code_that_grew_keeps_the_colours_of_its_old_lines() {
    let highlighted = highlight(&split("```rust\nlet a = 1;\nlet b")[0], &mut None);
    let rows = rows(&split("```rust\nlet a = 1;\nlet b = 2;")[0], 40, Some(&highlighted));
    assert_eq!(rows[0].pieces[1], Piece::new("let", Role::Keyword));
    assert_eq!(rows[1].pieces[1], Piece::new("let b = 2;", Role::CodeBlock));
}

#[test]
fn a_long_code_keeps_its_colours_from_piece_to_piece() {
    let code = format!("```rust\n/* {}*/ let a;\n```\n", "x\n".repeat(200));
    let blocks = split(&code);
    let mut state = None;
    highlight(&blocks[0], &mut state);
    let last = highlight(&blocks[1], &mut state);
    assert_eq!(last[0][0], Piece::new("*/ ", Role::Remark));
    assert_eq!(highlight(&blocks[1], &mut None)[0][0].look.role, Role::Operator);
}

#[test]
fn code_within_lists_has_colours_too() {
    let rows = message("1. Do:\n   ```rust\n   let a;\n   ```\n   ```\n   ```\n   ```sh\n   if\n   ```", 40);
    let has_keyword = |row: &Row| row.pieces.iter().any(|piece| piece.look.role == Role::Keyword);
    assert_eq!(rows.iter().map(has_keyword).collect::<Vec<_>>(), [false, true, false, true]);
}

#[test]
fn a_block_tells_whether_it_has_code() {
    let has_code = |text: &str| split(text)[0].has_code();
    assert!(has_code("```\n") && has_code("- ```\n  a") && !has_code("a `b`"));
}

#[test]
fn deep_nesting_ends_somewhere() {
    assert!(!shown(&format!("{}x", "> ".repeat(5_000)), 80).is_empty());
    assert!(!shown(&format!("{}x", "- ".repeat(5_000)), 80).is_empty());
    assert!(!shown(&format!("{}x{}", "*".repeat(5_000), "*".repeat(5_000)), 80).is_empty());
}

#[test]
fn no_row_of_any_text_is_wider_than_the_screen() {
    for seed in 0..700 {
        let text = nasty_markdown(&mut Random::new(seed));
        for width in (1..=120).step_by(if seed < 40 { 1 } else { 13 }) {
            for row in message(&text, width) {
                let shown = row.text();
                assert!(row.width() <= width, "seed {seed} at {width}: {shown:?}\nof {text:?}");
                assert!(
                    pieces_columns(&row.pieces) <= width,
                    "seed {seed} at {width}: {shown:?}\nof {text:?}"
                );
                assert!(row.decoration <= row.pieces.len(), "seed {seed} at {width}: {shown:?}");
                assert!(!shown.contains(char::is_control), "seed {seed} at {width}: {shown:?}");
                assert!(
                    row.pieces.iter().all(|piece| !piece.text.is_empty()),
                    "seed {seed} at {width}: {row:?}"
                );
            }
        }
    }
}

#[test]
fn a_copy_is_the_same_at_any_width() {
    let whole = copied(&message(SAMPLE.split("| Backend").next().unwrap(), 200));
    for width in 30..200 {
        let rows = message(SAMPLE.split("| Backend").next().unwrap(), width);
        assert_eq!(copied(&rows), whole, "at {width}");
    }
}

#[test]
fn a_growing_message_lays_out_as_the_whole_one() {
    let mut splitter = Splitter::default();
    for character in SAMPLE.chars() {
        splitter.push(character.encode_utf8(&mut [0; 4]));
    }
    assert_eq!(splitter.blocks(), split(SAMPLE));
}
