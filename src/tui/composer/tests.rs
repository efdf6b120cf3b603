//! Tests of the composer as a whole: pastes, images, sending, the history.

use std::path::Path;

use super::{Composer, Handled, History, Submission, ViMode, buffer, script};

fn lines(count: usize) -> String {
    vec!["line"; count].join("\n")
}

#[test]
fn a_short_paste_is_text_and_a_long_one_a_chip() {
    let mut composer = Composer::new(false);
    composer.pasted("a\r\nb\tc\u{1b}[0m");
    assert_eq!(composer.shown(), "a\nb\tc[0m|");
    composer.pasted(&lines(9));
    composer.pasted(&"x".repeat(1_001));
    assert_eq!(composer.shown(), "a\nb\tc[0m[pasted 9 lines][pasted 1001 characters]|");
    assert_eq!(composer.text(), format!("a\nb\tc[0m{}{}", lines(9), "x".repeat(1_001)));
    composer.set_text("");
    composer.pasted(&lines(8));
    assert_eq!(composer.shown(), lines(8) + "|");
}

#[test]
fn a_chip_is_passed_deleted_and_undone_as_one() {
    for (keys, shown) in [
        ("<left>x", "ab x|[pasted 9 lines]"),
        ("x<left><left>y", "ab y|[pasted 9 lines]x"),
        ("<a-b>", "ab |[pasted 9 lines]"),
        ("<home><a-f><a-f>", "ab [pasted 9 lines]|"),
        ("<bs>", "ab |"),
        ("<bs><c-_>", "ab [pasted 9 lines]|"),
        ("<bs><c-_><a-_>", "ab |"),
        ("<c-w>", "ab |"),
        ("x<c-w><c-y><c-y>", "ab [pasted 9 lines]x[pasted 9 lines]x|"),
        ("<left><del>", "ab |"),
        ("<c-_>", "ab |"),
        ("<c-t>", "ab[pasted 9 lines] |"),
    ] {
        let mut composer = Composer::new(false);
        composer.type_keys("ab ");
        composer.pasted(&lines(9));
        composer.type_keys(keys);
        assert_eq!(composer.shown(), shown, "{keys}");
    }
}

#[test]
fn a_prompt_is_taken_in_full_and_the_next_starts_empty() {
    let mut composer = Composer::new(false);
    composer.type_keys("see ");
    composer.pasted(&lines(9));
    composer.type_keys(" and<enter>");
    composer.pasted("'/tmp/my shot.png'");
    composer.type_keys("<s-left><a-w><end>!");
    let text = format!("see {} and\n[image my shot.png]!", lines(9));
    assert_eq!(composer.taken(), Submission { text, images: vec!["/tmp/my shot.png".into()] });
    assert!(composer.is_empty());
    composer.type_keys("<c-_>");
    assert!(composer.is_empty());
    composer.type_keys("<c-y>");
    assert_eq!(composer.taken(), Submission { text: "[image my shot.png]".into(), images: vec![] });
}

#[test]
fn a_path_of_an_image_becomes_a_chip_when_its_word_is_done() {
    for (keys, shown) in [
        ("see shot.png ", "see [image shot.png] |"),
        ("see @shot.png<enter>", "see [image shot.png]\n|"),
        ("see /tmp/my\\ shot.png ok", "see [image my shot.png] ok|"),
        ("see missing.png ", "see missing.png |"),
        ("shot.png <c-_>", "shot.png |"),
        ("shot.png <c-_> ", "shot.png  |"),
        ("shot.png other/shot.png ", "[image shot.png] [image shot.png 2] |"),
    ] {
        assert_eq!(script::typed(keys), shown, "{keys}");
    }
    let mut composer = Composer::new(false);
    composer.type_keys("see shot.png");
    let taken = composer.taken();
    assert_eq!((taken.text.as_str(), taken.images.len()), ("see [image shot.png]", 1));
}

#[test]
fn several_dropped_images_become_chips() {
    let mut composer = Composer::new(false);
    composer.pasted("shot.png /tmp/my\\ shot.png ");
    assert_eq!(composer.shown(), "[image shot.png] [image my shot.png]|");
    assert_eq!(composer.taken().images, [Path::new("shot.png"), Path::new("/tmp/my shot.png")]);
}

#[test]
fn a_text_comes_back_from_an_editor_with_its_chips() {
    let mut composer = Composer::new(false);
    composer.pasted(&lines(9));
    composer.pasted("shot.png");
    let edited = format!("First: {}!\n", composer.text());
    composer.set_text(&edited);
    assert_eq!(composer.shown(), "First: [pasted 9 lines][image shot.png]!|");
    composer.type_keys("<c-_>");
    assert_eq!(composer.shown(), "[pasted 9 lines][image shot.png]|");
}

#[test]
fn a_text_too_long_to_edit_is_folded() {
    let mut composer = Composer::new(false);
    let long = "x".repeat(buffer::MOST_CHARS + 1);
    composer.set_text(&long);
    assert_eq!(composer.shown(), "[pasted 60001 characters]|");
    assert_eq!(composer.text(), long);
}

#[test]
fn up_and_down_go_by_rows_and_then_through_the_history() {
    let mut history = History::new();
    history.push("first");
    history.push("second\nline");
    let shown = |keys: &str| {
        let mut composer = Composer::new(false);
        composer.set_width(7);
        composer.type_keys_with(keys, &history);
        composer.shown()
    };
    for (keys, text) in [
        ("a<enter>bc<up>", "a|\nbc"),
        ("abcde fghi<up>", "abcd|e fghi"),
        ("abcde fghi<up><down>", "abcde fghi|"),
        ("new<up>", "second\nline|"),
        ("new<up><up>", "seco|nd\nline"),
        ("new<up><up><up>", "first|"),
        ("new<up><up><up><up>", "first|"),
        ("new<up><up><up><down><down>", "new|"),
        ("new<left><up><down>", "ne|w"),
        ("<up><down>", "|"),
        ("new<up>!<up><up><down><down>", "secon|d\nline!"),
    ] {
        assert_eq!(shown(keys), text, "{keys}");
    }
}

#[test]
fn vi_goes_through_the_history_only_by_arrows() {
    let mut history = History::new();
    history.push("older");
    let mut composer = Composer::new(true);
    composer.type_keys_with("new<esc>kj", &history);
    assert_eq!(composer.shown(), "ne|w");
    composer.type_keys_with("<up>", &history);
    assert_eq!(composer.shown(), "olde|r");
    composer.type_keys_with("<down>", &history);
    assert_eq!(composer.shown(), "ne|w");
    composer.taken();
    assert_eq!(composer.mode(), Some(ViMode::Insert));
}

#[test]
fn vi_keys_can_be_turned_on_and_off() {
    let mut composer = Composer::new(false);
    composer.type_keys("abc<s-left>");
    composer.set_vi(true);
    composer.type_keys("<esc>hx");
    assert_eq!(composer.shown(), "|bc");
    composer.set_vi(false);
    composer.type_keys("x");
    assert_eq!((composer.shown().as_str(), composer.mode()), ("x|bc", None));
}

#[test]
fn a_key_without_effect_on_a_text_is_not_given_back() {
    let mut composer = Composer::new(false);
    assert_eq!(composer.type_keys("<c-d>"), Handled::Ignored);
    assert_eq!(composer.type_keys("a<c-d>"), Handled::Moved);
}
