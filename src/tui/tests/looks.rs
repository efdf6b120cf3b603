//! What pieces of the screen mean, and screens without colours.

use super::*;
use crate::tui::theme::Depth;
use ratatui::style::{Color, Modifier};

#[test]
fn each_piece_of_a_turn_has_its_role() {
    let mut studio = finished(80, 24);
    studio.marked();
    let all =
        ["fix the failing test ✓", "▌ ", "→", "∴", "✗ bash", "✓ edit", "◆", "twice", "let depth", "done"];
    let looks: Vec<String> = all.iter().map(|text| studio.looks_of(text)).collect();
    insta::assert_snapshot!(looks.join("\n\n"), @r"
    [tab_active on tab_active]  1
    [tab_active on tab_active bold] fix the failing test
    [bar_dim on tab_active]  ✓
    [tab_active on tab_active] 
    [good on tab_active] +1
    [bad on tab_active]  −1
    [tab_active on tab_active] 
    [bar on bar] 
    [bar_dim on bar]  parser

    [user_bar on user] ▌
    [user on user] fix the failing test

    [dim] →
    [text] local/qwen3-coder
    [dim]   it is local, and up

    [thinking] ∴
    [thinking italic] The test wants the depth of the innermost list. …

    [bad] ✗
    [tool] bash
    [text]  cargo test nested
    [bad]   (exit code 101, 2 lines)

    [good] ✓
    [tool] edit
    [text]  src/parser.rs: 1 replacement

    [commit] ◆ 9f31c07e
    [text]  Count the innermost list once
    [dim] 1 file
    [good] +1
    [bad]  −1

    [text]    The depth was counted
    [strong bold] twice
    [text] . It is
    [code] depth
    [text]  now:

    [text on code_block] 
    [code_block on code_block] 
    [keyword on code_block] let
    [code_block on code_block]  depth
    [operator on code_block] =
    [code_block on code_block]  list
    [punctuation on code_block] .
    [function on code_block] depth
    [punctuation on code_block] ();
    [code_block on code_block] 

    [accent on input] ❯
    [input on input] 
    [placeholder on input] what shall be done?
    [input on input]
    ");
}

#[test]
fn nothing_has_a_colour_in_the_mono_theme() {
    let mut studio = finished(100, 24);
    studio.wears("mono", Depth::None);
    studio.keys("alt-p");
    let colours = |studio: &Studio| -> Vec<Color> {
        studio
            .buffer()
            .content
            .iter()
            .flat_map(|cell| [cell.fg, cell.bg])
            .filter(|colour| *colour != Color::Reset)
            .collect()
    };
    assert_eq!(colours(&studio), []);
    studio.keys("esc").keys("ctrl-p");
    assert_eq!(colours(&studio), []);
    // What is chosen is seen all the same.
    let chosen = studio.place_of("› abort").unwrap();
    assert!(studio.buffer()[chosen].modifier.contains(Modifier::REVERSED));
}

#[test]
fn the_active_tab_and_the_mode_of_the_prompt_are_seen() {
    let mut studio = at_work(80, 24);
    studio.keys("ctrl-t").keys("type:!ls").marked();
    insta::assert_snapshot!(studio.looks(0), @r"
    [bar_dim on bar]  1
    [bar on bar] fix the failing test
    [working on bar]  ◐
    [bar_dim on bar] 
    [tab_active on tab_active]  2
    [tab_active on tab_active bold] new
    [bar_dim on tab_active]  ○
    [tab_active on tab_active] 
    [bar on bar] 
    [bar_dim on bar]  parser
    ");
    insta::assert_snapshot!(studio.looks_of("!ls"), @r"
    [warn on input] ❯
    [input on input] 
    [accent on input] !
    [input on input] ls
    ");
    studio.keys("alt-r").keys("alt-1");
    insta::assert_snapshot!(studio.looks(23), @r"
    [working on bar]  ◐
    [bar on bar] working
    [bar_dim on bar]  0 s
    [bar_accent on bar]   Ctrl-P
    [bar_dim on bar]  commands
    [bar_accent on bar]   Alt-D
    [bar_dim on bar]  diff
    [bar_accent on bar]   Ctrl-B
    [bar_dim on bar]  panel
    [bar on bar]      local/qwen3-coder
    ");
}

#[test]
fn letters_that_match_are_seen_in_a_list() {
    let mut studio = Studio::new(80, 24);
    studio.keys("ctrl-p").keys("type:usg").marked();
    insta::assert_snapshot!(studio.looks_of("› usage"), @r"
    [popup_border on popup] │
    [accent on selected] ›
    [fuzzy on selected] us
    [selected on selected] a
    [fuzzy on selected] g
    [selected on selected] e  shows tokens and cost of this tab and of today
    [popup_border on popup] │
    ");
}
