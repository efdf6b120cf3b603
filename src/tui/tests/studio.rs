//! A screen without a terminal: keys and news go in as tests write them, and out come the screen as text and
//! what was to be done. Every picture is looked at: nothing that a terminal would obey, and no wide character
//! that something else cuts in half, may ever be in it.

use std::time::{Duration, Instant};

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

use super::deeds;
use super::told::{self, Teller};
use crate::config::PermissionMode;
use crate::tui::app::facts::Facts;
use crate::tui::app::{App, Clock, Parts, Prefs};
use crate::tui::arrange::arrange;
use crate::tui::composer::History;
use crate::tui::keys::{Key, Keymap};
use crate::tui::markdown;
use crate::tui::message::{Action, Load, Loaded, Message};
use crate::tui::places::Places;
use crate::tui::theme::{Background, Depth, Theme, Themes};
use crate::tui::update::update;
use crate::tui::view::{cursor, view};
use crate::tui::wrap::columns;

/// The first of January 2026, at noon.
pub const NOON: u64 = 1_767_268_800_000;

pub struct Studio {
    pub app: App,
    buffer: Buffer,
    cursor: Option<Position>,
    /// What was to be done, since a test last asked.
    done: Vec<Action>,
}

impl Studio {
    /// A screen in a repository with one model that can answer, and a key for another that is missing.
    pub fn new(width: u16, height: u16) -> Self {
        let facts =
            Facts { backends: vec![told::up("local"), told::without_key("anthropic")], ..told::facts() };
        Self::of(width, height, facts)
    }

    pub fn of(width: u16, height: u16, facts: Facts) -> Self {
        let themes = Themes::shipped();
        let (theme, problem) = themes.choose("dusk", Some(Background::Dark), Depth::True);
        assert_eq!(problem, None);
        let prefs = Prefs {
            mouse: true,
            vim: false,
            theme: "dusk".to_owned(),
            permissions: PermissionMode::Auto,
            depth: Depth::True,
            background: Some(Background::Dark),
            has_more_keys: true,
        };
        let app = App::new(Parts {
            clock: Clock { now: Instant::now(), unix_ms: NOON },
            size: (width, height),
            facts,
            prefs,
            keymap: Keymap::shipped(),
            theme,
            themes,
            history: History::new(),
            shows_panel: true,
        });
        let mut studio = Self { app, buffer: Buffer::default(), cursor: None, done: Vec::new() };
        studio.frame();
        studio
    }

    /// Keys as the file of keys writes them, one after the other; `type:…` types what stands behind it.
    pub fn keys(&mut self, script: &str) -> &mut Self {
        let keys: Vec<KeyEvent> = match script.strip_prefix("type:") {
            Some(text) => {
                text.chars().map(|one| KeyEvent::new(KeyCode::Char(one), KeyModifiers::NONE)).collect()
            }
            None => Key::parse_sequence(script).unwrap().into_iter().map(Key::to_event).collect(),
        };
        for key in keys {
            self.take(Message::Terminal(TerminalEvent::Key(key)));
        }
        self
    }

    /// Types a line and sends it.
    pub fn says(&mut self, line: &str) -> &mut Self {
        self.keys(&format!("type:{line}")).keys("enter")
    }

    /// Runs a command behind a slash, as the palette would.
    pub fn runs(&mut self, line: &str) -> &mut Self {
        self.keys("type:/").keys(&format!("type:{line}")).keys("enter")
    }

    pub fn pastes(&mut self, text: &str) -> &mut Self {
        self.take(Message::Terminal(TerminalEvent::Paste(text.to_owned())))
    }

    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        self.take(Message::Terminal(TerminalEvent::Mouse(event)))
    }

    pub fn resizes(&mut self, width: u16, height: u16) -> &mut Self {
        self.take(Message::Terminal(TerminalEvent::Resize(width, height)))
    }

    /// What was asked for is there.
    pub fn loads(&mut self, loaded: Loaded) -> &mut Self {
        self.take(Message::Loaded(loaded))
    }

    /// Time passes.
    pub fn waits(&mut self, seconds: u64) -> &mut Self {
        self.app.clock.now += Duration::from_secs(seconds);
        self.app.clock.unix_ms += seconds * 1000;
        self.take(Message::Woken)
    }

    /// The agent of a tab, counted from 1 as its user counts.
    pub fn agent_of(&mut self, tab: usize) -> Teller<'_> {
        Teller::new(self, tab - 1)
    }

    /// The agent of the active tab.
    pub fn agent(&mut self) -> Teller<'_> {
        let tab = self.app.active;
        Teller::new(self, tab)
    }

    /// Another theme, at so many colours.
    pub fn wears(&mut self, name: &str, depth: Depth) -> &mut Self {
        self.app.prefs.depth = depth;
        let (theme, problem) = self.app.themes.choose(name, Some(Background::Dark), depth);
        assert_eq!(problem, None);
        self.app.theme = theme;
        self.frame();
        self
    }

    pub fn take(&mut self, message: Message) -> &mut Self {
        self.take_unseen(message);
        self.frame();
        self
    }

    /// Without a frame after it.
    pub fn take_unseen(&mut self, message: Message) {
        let actions = update(&mut self.app, message);
        self.done.extend(actions);
    }

    /// Paints. The colours of code are worked out at once.
    pub fn frame(&mut self) {
        for action in arrange(&mut self.app) {
            match action {
                Action::Load(Load::Colours { tab, cell, block }) => {
                    let source = block.source().to_owned();
                    let lines = markdown::highlight(&block, &mut None);
                    self.take_unseen(Message::Loaded(Loaded::Colours { tab, cell, source, lines }));
                }
                Action::Load(Load::Dress { serial, undressed }) => {
                    let app = &mut self.app;
                    undressed.dress(|dressed| {
                        update(app, Message::Loaded(Loaded::Dressed { serial, dressed }));
                        std::ops::ControlFlow::Continue(())
                    });
                }
                other => self.done.push(other),
            }
        }
        arrange(&mut self.app);
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let app = &self.app;
        terminal.draw(|frame| view(app, frame)).unwrap();
        self.cursor = cursor(app, &Places::of(app));
        self.buffer = terminal.backend().buffer().clone();
        look_at(&self.buffer);
    }

    /// The screen as text, without blanks at the ends of its rows.
    pub fn screen(&self) -> String {
        let rows: Vec<String> = (0..self.buffer.area.height).map(|y| self.row(y)).collect();
        rows.join("\n")
    }

    /// With a `#` for each digit of a number of rows: how many commands there are changes often.
    pub fn uncounted(&self) -> String {
        let count = regex::Regex::new(r"\d+/\d+").expect("a valid pattern");
        let hidden = |found: &regex::Captures| found[0].replace(|c: char| c.is_ascii_digit(), "#");
        count.replace_all(&self.screen(), hidden).into_owned()
    }

    /// Some of its rows, counted from 1, a negative number from the end; without the blanks that all begin with.
    pub fn rows(&self, from: i32, to: i32) -> String {
        let height = i32::from(self.buffer.area.height);
        let place = |row: i32| if row < 0 { height + row } else { row - 1 };
        let rows = (place(from)..=place(to)).filter_map(|row| u16::try_from(row).ok()).map(|y| self.row(y));
        let rows: Vec<String> = rows.collect();
        let used = |row: &&String| !row.is_empty();
        let indent = |row: &String| row.len() - row.trim_start().len();
        let common = rows.iter().filter(used).map(indent).min().unwrap_or(0);
        let cut: Vec<&str> = rows.iter().map(|row| row.get(common..).unwrap_or_default()).collect();
        cut.join("\n").trim_matches('\n').to_owned()
    }

    pub fn first_row(&self) -> String {
        self.row(0)
    }

    pub fn last_row(&self) -> String {
        self.row(self.buffer.area.height - 1)
    }

    /// The row that holds a text; fails where none does.
    pub fn row_with(&self, text: &str) -> String {
        let y = self
            .place_of(text)
            .unwrap_or_else(|| panic!("\"{text}\" is not on the screen:\n{}", self.screen()))
            .1;
        self.row(y)
    }

    pub fn shows(&self, text: &str) -> bool {
        self.place_of(text).is_some()
    }

    /// The column and row at which a text begins.
    pub fn place_of(&self, text: &str) -> Option<(u16, u16)> {
        (0..self.buffer.area.height).find_map(|y| {
            let row = self.row(y);
            let at = row.find(text)?;
            Some((u16::try_from(columns(&row[..at])).unwrap(), y))
        })
    }

    /// A row as runs of one look each: the role it has, and the role of its ground where that is another than
    /// the screen's. Only in the theme that tells roles apart.
    pub fn looks(&self, y: u16) -> String {
        let mut runs: Vec<(String, String)> = Vec::new();
        let mut x = 0;
        while x < self.buffer.area.width {
            let cell = &self.buffer[(x, y)];
            let look = look(cell.fg, cell.bg, cell.modifier);
            match runs.last_mut().filter(|(of, _)| *of == look) {
                Some((_, text)) => text.push_str(cell.symbol()),
                None => runs.push((look, cell.symbol().to_owned())),
            }
            x += u16::try_from(columns(cell.symbol())).unwrap().max(1);
        }
        let runs = runs.iter().filter(|(look, text)| !(text.trim().is_empty() && look == "text"));
        runs.map(|(look, text)| format!("[{look}] {}", text.trim_end())).collect::<Vec<_>>().join("\n")
    }

    /// The looks of the row that holds a text.
    pub fn looks_of(&self, text: &str) -> String {
        let y = self
            .place_of(text)
            .unwrap_or_else(|| panic!("\"{text}\" is not on the screen:\n{}", self.screen()))
            .1;
        self.looks(y)
    }

    /// Puts on the theme in which every role is a colour of its own.
    pub fn marked(&mut self) -> &mut Self {
        self.app.theme = Theme::telling();
        self.frame();
        self
    }

    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Where the terminal's cursor stands.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        self.cursor.map(|at| (at.x, at.y))
    }

    /// What was to be done since this was last asked, in words; without what is looked up all the time.
    pub fn did(&mut self) -> String {
        let done = std::mem::take(&mut self.done);
        done.iter()
            .filter(|action| !deeds::is_routine(action))
            .map(deeds::words)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The actions themselves.
    pub fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.done)
    }

    pub fn row(&self, y: u16) -> String {
        let mut text = String::new();
        let mut x = 0;
        while x < self.buffer.area.width {
            let symbol = self.buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += u16::try_from(columns(symbol)).unwrap().max(1);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn look(fg: Color, bg: Color, modifier: Modifier) -> String {
    let mut words = Theme::told(fg).to_owned();
    if bg != Color::Reset && Theme::told(bg) != "text" {
        words.push_str(" on ");
        words.push_str(Theme::told(bg));
    }
    for (flag, word) in
        [(Modifier::BOLD, " bold"), (Modifier::ITALIC, " italic"), (Modifier::UNDERLINED, " underlined")]
    {
        if modifier.contains(flag) {
            words.push_str(word);
        }
    }
    words
}

/// Holds that a terminal shows this as it is meant, cell by cell.
pub fn look_at(buffer: &Buffer) {
    let area = buffer.area;
    for y in area.y..area.bottom() {
        let mut x = area.x;
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            assert!(!symbol.is_empty(), "nothing in the cell at {x}, {y}");
            assert!(symbol.chars().all(is_harmless), "{symbol:?} at {x}, {y}");
            let width = u16::try_from(columns(symbol)).unwrap();
            // Kana with a halfwidth mark are counted with a column to spare, here and by the screen alike.
            assert!((1..=3).contains(&width), "{symbol:?} of {width} columns at {x}, {y}");
            for hidden in x + 1..x + width {
                assert!(hidden < area.right(), "{symbol:?} hangs over the edge of row {y}");
                let under = buffer[(hidden, y)].symbol();
                assert!(under.trim().is_empty(), "{under:?} under {symbol:?} at {x}, {y}");
            }
            x += width;
        }
    }
}

/// Neither obeyed by terminals, nor able to turn what stands around it.
pub fn is_harmless(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    !character.is_control() && !turns
}
