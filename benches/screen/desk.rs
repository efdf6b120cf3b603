//! The state of a screen with much in it, made within this process, and a terminal that only counts bytes.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use offshoot::agent::{AgentEvent, StepTaken};
use offshoot::config::PermissionMode;
use offshoot::tui::app::facts::Facts;
use offshoot::tui::app::{App, Parts, Prefs};
use offshoot::tui::composer::History;
use offshoot::tui::keys::Keymap;
use offshoot::tui::message::Message;
use offshoot::tui::runtime::clock;
use offshoot::tui::theme::{Depth, Themes};
use offshoot::tui::update::update;
use offshoot::workbench::{Event, EventKind, TabId};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

use crate::program::conversation;

/// Lines that each turn of [`talk`] adds.
const LINES_OF_TURN: usize = 100;

pub struct Terminal {
    pub inner: ratatui::Terminal<CrosstermBackend<Count>>,
    /// That were written to it.
    pub bytes: Rc<Cell<usize>>,
}

/// Takes everything, and counts it.
pub struct Count {
    bytes: Rc<Cell<usize>>,
}

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.set(self.bytes.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn terminal(width: u16, height: u16) -> Terminal {
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let bytes = Rc::new(Cell::new(0));
    let backend = CrosstermBackend::new(Count { bytes: Rc::clone(&bytes) });
    let inner = ratatui::Terminal::with_options(backend, TerminalOptions { viewport });
    Terminal { inner: inner.expect("nothing is asked of a terminal"), bytes }
}

pub fn app(width: u16, height: u16) -> App {
    let themes = Themes::shipped();
    let (theme, _) = themes.choose("", None, Depth::True);
    App::new(Parts {
        clock: clock(),
        size: (width, height),
        facts: Facts { repository: "bench".to_owned(), ..Facts::default() },
        prefs: Prefs {
            mouse: true,
            vim: false,
            theme: String::new(),
            permissions: PermissionMode::Auto,
            depth: Depth::True,
            background: None,
            has_more_keys: false,
        },
        keymap: Keymap::shipped(),
        theme,
        themes,
        history: History::new(),
        shows_panel: true,
    })
}

/// A conversation of so many lines, with tool calls and steps in it, told to the tab as it would have been.
pub fn talk(app: &mut App, lines: usize) {
    let answer = conversation(LINES_OF_TURN - 20);
    for turn in 1..=lines / LINES_OF_TURN {
        let number = u32::try_from(turn).unwrap_or(u32::MAX);
        let prompt = format!("Step {turn}: make the parser accept this too.\nIt should say where it failed.");
        tell(app, AgentEvent::TurnBegan { turn: number, prompt });
        for call in 0..3 {
            let id = format!("t{turn}c{call}");
            let input = serde_json::json!({ "command": "cargo test parser" });
            tell(app, AgentEvent::ToolCall { id: id.clone(), name: "bash".to_owned(), input });
            let content = "test parser::accepts ... ok\n".repeat(4);
            let (name, summary) = ("bash".to_owned(), "cargo test parser (ok, 4 lines)".to_owned());
            tell(app, AgentEvent::ToolResult { id, name, is_error: false, summary, content });
        }
        tell(app, AgentEvent::Text(answer.clone()));
        tell(
            app,
            AgentEvent::Step(StepTaken {
                commit: format!("{turn:040x}"),
                turn: number,
                step: number,
                subject: format!("Accept case {turn} in the parser"),
                files: 2,
                insertions: 14,
                deletions: 3,
            }),
        );
    }
}

pub fn tell(app: &mut App, event: AgentEvent) {
    let tab = TabId(1);
    update(app, Message::Workbench(Event { tab, session: String::new(), kind: EventKind::Agent(event) }));
}

pub fn press(app: &mut App, code: KeyCode, modifiers: KeyModifiers) {
    app.clock = clock();
    update(app, Message::Terminal(TerminalEvent::Key(KeyEvent::new(code, modifiers))));
}
