//! Comments: where they stand, what is shown of them, and the prompt.

use super::*;

fn files() -> Vec<FileDiff> {
    vec![
        modified("src/a.rs", "one\ntwo\nthree\nfour\n", "one\n2\n3\nfour\n"),
        modified("src/b.md", "x\n", "```\ncode\n```\n"),
    ]
}

fn comment(text: &str) -> Act {
    Act::Comment(text.to_owned())
}

#[test]
fn a_comment_stands_below_its_line() {
    let mut review = review(files(), 60, 14);
    act(&mut review, [Act::NextHunk, comment("Why not keep the word?\nIt reads better.")]);
    act(&mut review, [Act::NextHunk, Act::PreviousHunk, comment("And here.")]);
    insta::assert_snapshot!(screen(&review), @r"
     Turn 4  2 files  +5 −3                    2 comments   13%
     ▾ M src/a.rs                                      ◆2 +2 −2
       1   1   one
    ▌  2     − two
         ┃ Why not keep the word?
         ┃ It reads better.
         ┃ And here.
       3     − three
           2 + 2
           3 + 3
       4   4   four

     ▾ M src/b.md                                         +3 −1
       1     − x
    ");
}

#[test]
fn a_range_is_commented_as_one() {
    let mut review = review(files(), 60, 14);
    act(&mut review, [Act::NextHunk, Act::Down, Act::Down, Act::Select, Act::Down]);
    assert_eq!(review.comment_place().as_deref(), Some("src/a.rs:2-3"));
    act(&mut review, [comment("Digits?")]);
    assert!(!review.is_selecting());
    let text = screen(&review);
    let (heading, words) = (text.find("┃ On lines 2-3"), text.find("┃ Digits?"));
    assert!(heading.is_some() && heading < words, "{text}");
    act(&mut review, [Act::Top, comment("This file?")]);
    assert!(screen(&review).lines().nth(2).unwrap().contains("┃ This file?"));
}

#[test]
fn the_prompt_quotes_each_place_in_the_order_of_the_files() {
    let mut review = review(files(), 60, 30);
    act(&mut review, [Act::NextFile, Act::NextHunk, Act::Down, Act::Select, Act::Down, Act::Down]);
    act(&mut review, [comment("Name the language.")]);
    act(&mut review, [Act::Top, Act::NextHunk, comment("Keep it.")]);
    act(&mut review, [Act::Top, comment("Add tests.")]);
    insta::assert_snapshot!(review.remarks().prompt(), @r"
    I have reviewed your changes and have 3 comments. Please see to each of them.

    ## 1. `src/a.rs`

    Add tests.

    ## 2. `src/a.rs:2`, as it was before the change

    ```
    two
    ```

    Keep it.

    ## 3. `src/b.md:1-3`

    ````
    ```
    code
    ```
    ````

    Name the language.
    ");
}

#[test]
fn without_comments_there_is_no_prompt() {
    let mut review = review(files(), 60, 14);
    act(&mut review, [Act::NextHunk, comment("  ")]);
    assert_eq!(review.remarks().prompt(), "");
}

#[test]
fn a_comment_is_found_edited_and_dropped() {
    let mut review = review(files(), 60, 14);
    act(&mut review, [Act::NextHunk, comment("First"), Act::Top, Act::NextComment]);
    assert_eq!(at_cursor(&review), "┃ First");
    let id = review.comment_here().unwrap().id;
    act(&mut review, [Act::EditComment(id, "Second".to_owned())]);
    assert_eq!(at_cursor(&review), "┃ Second");
    act(&mut review, [Act::DropComment(id)]);
    assert_eq!(at_cursor(&review), "2     − two");
    assert!(review.comments().is_empty());
}

#[test]
fn comments_don_t_part_a_hunk_and_survive_another_layout() {
    let mut review = review(files(), 60, 20);
    act(&mut review, [Act::NextHunk, comment("Here"), Act::Top, Act::NextHunk, Act::NextHunk]);
    assert!(at_cursor(&review).contains("− x"), "{}", at_cursor(&review));
    review.fit(Rect::new(0, 0, 200, 20));
    assert!(screen(&review).contains("┃ Here"));
}

#[test]
fn a_commented_line_is_not_folded_away() {
    let file = modified("a", &numbered(60, &[]), &numbered(60, &[(50, "fifty")]));
    let mut review = review(vec![file], 60, 20);
    act(&mut review, [Act::Search("line 20".to_owned()), comment("Look"), Act::ExpandFile, Act::ExpandFile]);
    let text = screen(&review);
    assert!(text.contains("line 20") && text.contains("┃ Look") && !text.contains("line 21"), "{text}");
}
