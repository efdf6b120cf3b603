//! Keys, events, answers and sizes in no order: nothing of it may panic, and every cell of every picture stays
//! printable.

use crossterm::event::{
    Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::diffs::{file, shown};
use super::*;
use crate::agent::AgentEvent;
use crate::tui::keys::Context;
use crate::tui::message::{Action, Load, Message, Shown};
use crate::workbench::{Audience, EventKind};

const STEPS: usize = 20_000;
const LONG: &str =
    "a_word_that_is_longer_than_any_row_of_a_narrow_screen_and_has_no_place_to_break_it_at_all_until_here";
/// Messages that share a frame, at most.
const A_FRAME: usize = 6;
/// More tabs are not of interest.
const TABS: usize = 12;

/// A small generator: the seed alone gives the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }

    fn column(&mut self, most: usize) -> u16 {
        u16::try_from(self.roll(most)).unwrap()
    }

    fn words(&mut self) -> String {
        let words = [
            "word",
            "a longer word",
            "漢字かな交じり文",
            "👩‍👩‍👧",
            "תקן",
            "\u{1b}[31m",
            "\n",
            "\n\n",
            "```rust\n",
            "```\n",
            "- item\n",
            "| a | b |\n| - | - |\n| 1 | 2 |\n",
            "# ",
            "`code`",
            "**",
            "\t",
            "e\u{301}",
            "> ",
            "/",
            "@",
            "!",
            " ",
            "\u{7f}",
            LONG,
        ];
        let count = self.roll(7);
        (0..count).map(|_| *self.one_of(&words)).collect()
    }
}

fn key(dice: &mut Dice, bound: &[KeyEvent]) -> KeyEvent {
    const LETTERS: [char; 19] = [
        'y', 'a', 'n', 'w', 'f', 's', 'q', 'j', 'k', 'g', 'G', '/', '@', '!', '$', ' ', 'x', '漢', '\u{301}',
    ];
    match dice.roll(4) {
        0 => KeyEvent::new(KeyCode::Char(*dice.one_of(&LETTERS)), KeyModifiers::NONE),
        _ => *dice.one_of(bound),
    }
}

fn mouse(dice: &mut Dice) -> MouseEvent {
    let kinds = [
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Middle),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Moved,
    ];
    MouseEvent {
        kind: *dice.one_of(&kinds),
        column: dice.column(140),
        row: dice.column(50),
        modifiers: KeyModifiers::NONE,
    }
}

/// Something that the agent of a tab, or its session, tells.
fn news(dice: &mut Dice, studio: &mut Studio) {
    let tab = dice.roll(studio.app.tabs.len()) + 1;
    let words = dice.words();
    let id = format!("c{}", dice.roll(4));
    let agent = studio.agent_of(tab).unseen();
    let reasons = [EndReason::Done, EndReason::Failed, EndReason::Interrupted, EndReason::Budget];
    match dice.roll(22) {
        0 => agent.opens("some-branch"),
        1 => agent.begins(&words),
        2..=6 => agent.says(&words),
        7 => agent.thinks(&words),
        8 => agent.calls(&id, "bash", json!({ "command": words })),
        9 => agent.prints(&id, &words),
        10 => agent.gets(&id, &words, &words),
        11 => agent.does(AgentEvent::Restarted),
        12 => agent.asks(&id, "bash", json!({ "command": words }), "runs it"),
        13 => agent.commits("9f31c07e", &words, (1, 2, 3)),
        14 => agent.fails(&words, &words),
        15 => agent.has_in_line(&[&words, "x"]),
        16 => agent.runs(1, &words, Audience::User).outputs(1, &words),
        17 => agent.exits(1, 0, &words),
        18 => agent.changes(&[("src/a.rs", 3, 1), ("漢字.md", 1, 0)]),
        19 => agent.goes_to("local", "m", &words).uses(9_000, 100, None),
        20 => agent.tells(EventKind::Closed),
        _ => agent.ends(*dice.one_of(&reasons)),
    };
}

/// What was asked for is answered, sooner or later, one way or the other.
fn answer(dice: &mut Dice, studio: &mut Studio) -> bool {
    let mut quits = false;
    for action in studio.actions() {
        let loaded = match action {
            Action::Quit => {
                quits = true;
                continue;
            }
            Action::Load(Load::Uncommitted) => {
                let answers = [None, Some(Uncommitted::Include), Some(Uncommitted::Exclude)];
                Loaded::Uncommitted(*dice.one_of(&answers))
            }
            Action::Load(Load::Files { tab, .. }) => {
                Loaded::Files { tab, files: vec!["src/a.rs".to_owned(), "漢字/".to_owned()] }
            }
            Action::Load(Load::Diff { tab, title, range }) => {
                Loaded::Diff { tab, title, range, shown: Ok(diff(dice)) }
            }
            Action::Load(Load::Log) => Loaded::Log(Ok(Vec::new())),
            Action::Load(Load::History { .. }) => Loaded::History { text: Ok(dice.words()) },
            _ => continue,
        };
        studio.take_unseen(Message::Loaded(loaded));
    }
    quits
}

fn diff(dice: &mut Dice) -> Shown {
    let mut some = |path: &str| {
        let (old, new) = (dice.words() + &dice.words(), dice.words() + &dice.words());
        file(path, &old, &new)
    };
    shown(vec![some("a.rs"), some("b/漢字.md")])
}

fn fresh() -> Studio {
    let mut studio = finished(80, 24);
    studio.actions();
    studio
}

fn run(seed: u64, steps: usize) {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut studio = fresh();
    let keymap = &studio.app.keymap;
    let all = Context::ALL.into_iter().flat_map(|context| keymap.bindings(context));
    let mut bound: Vec<KeyEvent> =
        all.flat_map(|binding| binding.keys.clone()).map(crate::tui::keys::Key::to_event).collect();
    bound.extend(
        [KeyCode::Backspace, KeyCode::Delete, KeyCode::Left, KeyCode::Right, KeyCode::F(30)]
            .map(KeyEvent::from),
    );
    let mut until_frame = 0;
    for _ in 0..steps {
        match dice.roll(20) {
            0 => {
                let (width, height) = (dice.column(140), dice.column(50));
                studio.take_unseen(Message::Terminal(TerminalEvent::Resize(width, height)));
            }
            1 => {
                let words = dice.words();
                studio.take_unseen(Message::Terminal(TerminalEvent::Paste(words)));
            }
            2 | 3 => {
                let mouse = mouse(&mut dice);
                studio.take_unseen(Message::Terminal(TerminalEvent::Mouse(mouse)));
            }
            4..=8 => news(&mut dice, &mut studio),
            9 => {
                studio.app.clock.now += std::time::Duration::from_millis(700);
                studio.take_unseen(Message::Woken);
            }
            _ => {
                let key = key(&mut dice, &bound);
                studio.take_unseen(Message::Terminal(TerminalEvent::Key(key)));
            }
        }
        if until_frame == 0 {
            studio.frame();
            until_frame = dice.roll(A_FRAME);
        }
        until_frame = until_frame.saturating_sub(1);
        if answer(&mut dice, &mut studio) || studio.app.is_ending || studio.app.tabs.len() > TABS {
            studio.frame();
            studio = fresh();
        }
    }
}

#[test]
fn nothing_that_happens_breaks_the_screen() {
    // Another seed, for whoever looks for more.
    let seed = std::env::var("OFFSHOOT_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    run(seed.unwrap_or(2_026), STEPS);
}
