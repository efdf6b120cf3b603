//! Moving, folding, searching and clicking.

use ratatui::layout::Position;

use super::*;

fn long() -> Vec<FileDiff> {
    let changed = [(10, "ten"), (60, "sixty"), (61, "sixty-one")];
    vec![
        modified("src/a.rs", &numbered(100, &[]), &numbered(100, &changed)),
        modified("src/b.rs", "one\ntwo\n", "one\n2\n"),
    ]
}

#[test]
fn hunks_are_gone_through_across_files() {
    let mut review = review(long(), 80, 24);
    let mut seen = Vec::new();
    for _ in 0..4 {
        act(&mut review, [Act::NextHunk]);
        seen.push(at_cursor(&review));
    }
    assert_eq!(seen, ["10     − line 10", "60     − line 60", "2     − two", "2     − two"]);
    act(&mut review, [Act::PreviousHunk]);
    assert_eq!(at_cursor(&review), "60     − line 60");
}

#[test]
fn files_are_gone_through_and_headers_stay_on_the_screen() {
    let mut review = review(long(), 80, 12);
    act(&mut review, [Act::NextFile]);
    assert!(at_cursor(&review).contains("src/b.rs"));
    act(&mut review, [Act::PreviousFile, Act::NextHunk, Act::NextHunk, Act::PageDown]);
    assert!(screen(&review).lines().nth(1).unwrap().contains("src/a.rs"), "{}", screen(&review));
    act(&mut review, [Act::PreviousFile]);
    assert!(at_cursor(&review).contains("src/a.rs"));
}

#[test]
fn the_cursor_is_on_the_screen_wherever_it_goes() {
    for height in [4, 7, 12, 24] {
        let mut review = review(long(), 80, height);
        for movement in [Act::Down, Act::Up, Act::HalfPageDown, Act::HalfPageUp, Act::PageDown, Act::PageUp] {
            for _ in 0..70 {
                act(&mut review, [movement.clone()]);
                let _ = at_cursor(&review);
            }
        }
        act(&mut review, [Act::Bottom]);
        assert_eq!(at_cursor(&review), "2 + 2");
        act(&mut review, [Act::Top]);
        assert!(at_cursor(&review).contains("src/a.rs"));
    }
}

#[test]
fn unchanged_lines_unfold_bit_by_bit() {
    let mut review = review(long(), 80, 60);
    act(&mut review, [Act::Down]);
    assert_eq!(at_cursor(&review), "⋯ 6 lines");
    act(&mut review, [Act::Open]);
    assert!(!screen(&review).contains("⋯ 6 lines"));
    act(&mut review, [Act::NextHunk, Act::Expand]);
    let text = screen(&review);
    assert!(text.contains("⋯ 23 lines"), "{text}");
    act(&mut review, [Act::ExpandFile]);
    assert!(!screen(&review).contains('⋯'));
    act(&mut review, [Act::ExpandFile]);
    assert!(screen(&review).contains("⋯ 6 lines"));
}

#[test]
fn the_cursor_stays_at_its_line_when_rows_change() {
    let mut review = review(long(), 80, 24);
    act(&mut review, [Act::NextHunk, Act::NextHunk, Act::Down, Act::Down, Act::Down]);
    assert_eq!(at_cursor(&review), "61 + sixty-one");
    act(&mut review, [Act::ExpandFile]);
    assert_eq!(at_cursor(&review), "61 + sixty-one");
    act(&mut review, [Act::ToggleLayout]);
    assert!(at_cursor(&review).ends_with("61 + sixty-one"));
    review.fit(Rect::new(0, 0, 200, 50));
    assert!(at_cursor(&review).ends_with("61 + sixty-one"));
    act(&mut review, [Act::FoldFile]);
    assert!(at_cursor(&review).contains("▸ M src/a.rs"));
    act(&mut review, [Act::Open]);
    assert!(at_cursor(&review).contains("▾ M src/a.rs"));
}

#[test]
fn a_search_finds_folded_lines_and_unfolds_them() {
    let mut review = review(long(), 80, 24);
    act(&mut review, [Act::Search("line 3".to_owned())]);
    assert_eq!(review.search().unwrap().summary(), "1 of 11");
    assert_eq!(at_cursor(&review), "3   3   line 3");
    act(&mut review, [Act::SearchNext]);
    assert_eq!(at_cursor(&review), "30  30   line 30");
    assert_eq!(on(&review, Role::MatchCurrent), ["line 3"]);
    act(&mut review, [Act::SearchPrevious, Act::SearchPrevious]);
    assert_eq!(review.search().unwrap().summary(), "11 of 11");
    act(&mut review, [Act::Search("TWO".to_owned())]);
    assert_eq!(review.search().unwrap().summary(), "not found");
    act(&mut review, [Act::FoldAll, Act::Search("two".to_owned())]);
    assert_eq!(at_cursor(&review), "2     − two");
    act(&mut review, [Act::Cancel]);
    assert!(review.search().is_none());
}

#[test]
fn a_search_walks_through_hits_of_one_line_and_of_both_sides() {
    let files = vec![modified("a.txt", "x and x\n", "x and y and x\n")];
    for layout in [Layout::Unified, Layout::SideBySide] {
        let mut review = review(files.clone(), 80, 10);
        act(&mut review, [Act::SetLayout(layout), Act::Search("x".to_owned())]);
        let mut said = vec![review.search().unwrap().summary()];
        for _ in 0..4 {
            act(&mut review, [Act::SearchNext]);
            said.push(review.search().unwrap().summary());
        }
        assert_eq!(said, ["1 of 4", "2 of 4", "3 of 4", "4 of 4", "1 of 4"]);
    }
}

#[test]
fn a_hit_beyond_the_edge_is_scrolled_to() {
    let line = format!("{}needle\n", "hay ".repeat(60));
    let mut review = review(vec![added("a.txt", &line)], 60, 8);
    act(&mut review, [Act::Search("needle".to_owned())]);
    assert_eq!(on(&review, Role::MatchCurrent), ["needle"]);
    act(&mut review, [Act::ScrollHome]);
    assert!(screen(&review).lines().nth(2).unwrap().ends_with('…'));
}

#[test]
fn an_editor_opens_at_the_line_that_is_there_now() {
    let mut review = review(long(), 80, 24);
    assert_eq!(review.at(), Some(("src/a.rs", 1)));
    act(&mut review, [Act::NextHunk]);
    assert_eq!(review.at(), Some(("src/a.rs", 10)));
    act(&mut review, [Act::NextHunk, Act::Down, Act::Down, Act::Down]);
    assert_eq!(review.at(), Some(("src/a.rs", 61)));
    let gone = super::review(vec![deleted("x", "a\nb\n")], 80, 24);
    assert_eq!(gone.at(), Some(("x", 1)));
    assert_eq!(super::review(Vec::new(), 80, 24).at(), None);
}

#[test]
fn the_list_takes_the_screen_where_it_is_narrow() {
    let mut review = review(long(), 60, 10);
    assert!(!screen(&review).contains("src/\n"));
    act(&mut review, [Act::FocusFiles, Act::Down]);
    insta::assert_snapshot!(screen(&review), @r"
     Turn 4  2 files  +4 −4                                 88%
     src/
     M a.rs                                               +3 −3
    ▌M b.rs                                               +1 −1
    ");
    act(&mut review, [Act::Open]);
    assert!(at_cursor(&review).contains("src/b.rs"));
}

#[test]
fn the_mouse_goes_where_it_clicks() {
    let mut review = review(long(), 120, 20);
    review.mouse(Mouse::Click, Position::new(5, 3));
    assert!(at_cursor(&review).contains("src/b.rs"));
    review.mouse(Mouse::Wheel(-30), Position::new(60, 5));
    review.mouse(Mouse::Click, Position::new(60, 2));
    assert!(!screen(&review).contains("⋯ 6 lines"), "a fold opens at a click");
    review.mouse(Mouse::Click, Position::new(60, 4));
    assert!(at_cursor(&review).ends_with("line 3"), "{}", at_cursor(&review));
    review.mouse(Mouse::Drag, Position::new(60, 6));
    assert!(review.is_selecting());
    assert_eq!(review.comment_place().as_deref(), Some("src/a.rs:3-5"));
    review.mouse(Mouse::Wheel(2), Position::new(60, 6));
    assert!(screen(&review).lines().nth(1).unwrap().contains("src/a.rs"));
}

#[test]
fn twenty_thousand_lines_are_gone_through() {
    let replaced: Vec<(usize, String)> =
        (1..=20_000).step_by(20).map(|n| (n, format!("changed {n}"))).collect();
    let mut new = String::new();
    for number in 1..=20_000 {
        match replaced.binary_search_by_key(&number, |(at, _)| *at) {
            Ok(at) => new.push_str(&format!("{}\n", replaced[at].1)),
            Err(_) => new.push_str(&format!("line {number}\n")),
        }
    }
    let mut review = review(vec![modified("big.txt", &numbered(20_000, &[]), &new)], 120, 30);
    assert_eq!(review.counts(), Counts { insertions: 1000, deletions: 1000 });
    act(&mut review, [Act::Bottom, Act::PreviousHunk]);
    assert_eq!(at_cursor(&review), "19981       − line 19981");
    act(&mut review, [Act::Top, Act::Search("changed 10001".to_owned())]);
    assert_eq!(at_cursor(&review), "10001 + changed 10001");
    act(&mut review, [Act::ExpandFile, Act::NextHunk]);
    assert_eq!(at_cursor(&review), "10021       − line 10021");
    act(&mut review, [Act::ToggleLayout, Act::PageDown, Act::PageUp]);
    assert!(at_cursor(&review).contains("line 10021"));
}

#[test]
fn only_files_that_are_looked_at_are_dressed_and_each_once() {
    let mut files = long();
    files.extend((0..50).map(|n| added(&format!("z{n}"), &numbered(30, &[]))));
    let mut review = review(files, 80, 24);
    let asked = |review: &mut Review| -> Vec<String> {
        std::iter::from_fn(|| review.to_dress()).map(|undressed| undressed.file.path.clone()).collect()
    };
    assert_eq!(asked(&mut review), ["src/a.rs", "src/b.rs", "z0"]);
    act(&mut review, [Act::NextFile]);
    assert_eq!(asked(&mut review), ["z1"]);
    act(&mut review, [Act::Bottom]);
    assert_eq!(asked(&mut review), ["z49"]);
}

#[test]
fn a_large_file_is_dressed_in_parts_that_fit_together() {
    let code: String = (0..1200).map(|n| if n == 1190 { "let x = 1;\n" } else { "// y\n" }).collect();
    let mut review = review(vec![added("a.rs", &code)], 80, 24);
    let mut parts = 0;
    let undressed = review.to_dress().unwrap();
    undressed.dress(|dressed| {
        parts += 1;
        review.dressed(dressed);
        ControlFlow::Continue(())
    });
    assert_eq!(parts, 3);
    act(&mut review, [Act::Search("let".to_owned()), Act::Cancel]);
    let buffer = painted(&review);
    let y = (0..24).find(|y| row(&buffer, *y).contains("let x")).unwrap();
    let x = (0..80).find(|x| buffer[(*x, y)].symbol() == "l").unwrap();
    assert_eq!(buffer[(x, y)].fg, Color::Indexed(Role::Keyword as u8));
}

#[test]
fn no_sequence_of_acts_loses_the_cursor() {
    let mut files = long();
    files.extend([added("c/new.rs", "日本\n"), deleted("gone", "x\n\ty\n"), added("empty", "")]);
    files.push(FileDiff { body: Body::Binary { old_bytes: 1, new_bytes: 2 }, ..modified("d", "", "") });
    let mut seed: usize = 7;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for files in [files, Vec::new()] {
        let empty = files.is_empty();
        let mut review = review(files, 120, 24);
        for _ in 0..1500 {
            match next(12) {
                0 => {
                    let (width, height) = ([40, 60, 99, 100, 160, 250][next(6)], [6, 9, 24, 50][next(4)]);
                    review.fit(Rect::new(0, 0, width, height));
                }
                1 => {
                    let at = Position::new([1, 20, 50, 90, 125][next(5)], [0, 1, 2, 5, 8, 20][next(6)]);
                    let what = [Mouse::Click, Mouse::Drag, Mouse::Wheel(2), Mouse::Wheel(-2)][next(4)];
                    review.mouse(what, at);
                }
                2 => {
                    let id = review.comments().get(next(9)).map(|comment| comment.id);
                    if let Some(id) = id {
                        review.act(Act::DropComment(id));
                    }
                }
                _ => review.act(any_act(next(34))),
            }
            let _ = painted(&review);
            if !empty {
                review.act(Act::FocusDiff);
                let _ = at_cursor(&review);
            }
        }
    }
}

#[rustfmt::skip]
fn any_act(number: usize) -> Act {
    let mut acts = vec![
        Act::Up, Act::Down, Act::HalfPageUp, Act::HalfPageDown, Act::PageUp, Act::PageDown, Act::Top, Act::Bottom,
        Act::ScrollLeft, Act::ScrollRight, Act::NextHunk, Act::PreviousHunk, Act::NextFile, Act::PreviousFile,
        Act::NextComment, Act::PreviousComment, Act::Open, Act::FoldFile, Act::FoldAll, Act::Expand,
        Act::ExpandFile, Act::ToggleLayout, Act::SetLayout(Layout::Auto), Act::ToggleFiles, Act::FocusFiles,
        Act::Search("line".to_owned()), Act::Search("日".to_owned()), Act::SearchNext, Act::SearchPrevious,
        Act::Select, Act::Select, Act::Cancel, Act::Comment("Look at this again.".to_owned()),
        Act::Search(String::new()),
    ];
    acts.swap_remove(number % acts.len())
}
