//! Keys in no order. Whatever is typed, nothing panics and what is shown stays sound.

use ratatui::buffer::Buffer as Screen;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::buffer::MOST_CHARS;
use super::script::{keys, shot};
use super::{Around, Composer, History, ViMode};

const KEYS: &str = "abhjklwbeWBE0^$gGxXdDcCyYpPuiIaAoOvVrfFtT;,~J123 /@!<esc><esc><left><right><up><down><s-left><s-right>\
    <s-up><s-down><home><end><bs><del><c-a><c-e><c-b><c-f><c-p><c-n><c-d><c-h><c-k><c-u><c-w><c-y><c-t><c-_><a-b><a-f>\
    <a-d><a-w><a-_><a-bs><c-r><c-left><c-right><tab>漢👍e\u{301}\u{200d}\u{5e9}.";

const PASTES: [&str; 7] =
    ["x y", "two\nlines\r\n", "shot.png", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj", "👩‍👩‍👧\u{301}漢\tש", "\u{1b}[31m", ""];

/// A small generator, so that a seed alone gives the same keys everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

fn play(seed: u64, vi: bool) {
    println!("seed {seed}, vi {vi}");
    let mut dice = Dice(seed);
    let keys = keys(KEYS);
    let mut history = History::new();
    history.push("an older prompt\nof two lines");
    history.push("/newer");
    let mut composer = Composer::new(vi);
    for _ in 0..5_000 {
        let around = Around { history: &history, image: &shot };
        let area =
            Rect::new(1, 1, u16::try_from(dice.roll(30)).unwrap(), u16::try_from(dice.roll(6)).unwrap());
        match dice.roll(60) {
            0 => composer.newline(&around),
            1 => composer.paste(PASTES[dice.roll(PASTES.len())], &around),
            2 => composer.complete("@src/main.rs "),
            3 => composer.click(area, Position::new(area.x + 3, area.y + 2), dice.roll(2) == 0),
            4 if dice.roll(4) == 0 => {
                let taken = composer.take(&around);
                assert!(composer.is_empty());
                history.push(&taken.text);
            }
            5 if dice.roll(10) == 0 => {
                let text = composer.text();
                composer.set_text(&text);
                assert_eq!(composer.text(), text.strip_suffix('\n').unwrap_or(&text));
            }
            6 => composer.set_width(area.width),
            _ => {
                composer.input(keys[dice.roll(keys.len())], &around);
            }
        }
        hold(&composer, area);
    }
}

fn hold(composer: &Composer, area: Rect) {
    let cursor = composer.cursor();
    let line = composer.buffer.line(cursor.row);
    let mut boundary = 0;
    let mut at_boundary = cursor.col == 0;
    let mut last = 0;
    for grapheme in line.graphemes(true) {
        last = boundary;
        boundary += grapheme.chars().count();
        at_boundary |= boundary == cursor.col;
    }
    assert!(at_boundary, "the cursor is within a grapheme: {cursor:?} in {line:?}");
    if composer.mode().is_some_and(|mode| mode != ViMode::Insert) {
        assert!(cursor.col <= last, "the cursor is behind the line: {cursor:?} in {line:?}");
    }
    assert!(composer.buffer.text().chars().count() <= MOST_CHARS);
    assert!(!composer.text().contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
    let selects = matches!(composer.mode(), Some(ViMode::Visual | ViMode::VisualLine));
    assert!(!selects || composer.anchor.is_some());

    let mut screen = Screen::empty(Rect::new(0, 0, 32, 8));
    composer.render(area, &mut screen, &|_| Style::new());
    for y in 0..8 {
        for x in 0..32 {
            let inside = area.contains(Position::new(x, y));
            assert!(inside || screen[(x, y)].symbol() == " ", "painted outside of {area:?} at {x}, {y}");
        }
    }
    if !area.is_empty() {
        let at = composer.cursor_position(area).expect("the cursor is seen");
        assert!(area.contains(at));
    }
}

#[test]
fn random_keys_of_readline_keep_the_composer_sound() {
    for seed in 1..=2 {
        play(seed, false);
    }
}

#[test]
fn random_keys_of_vi_keep_the_composer_sound() {
    for seed in 3..=4 {
        play(seed, true);
    }
}
