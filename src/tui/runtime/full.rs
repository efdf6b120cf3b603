//! The full screen: keys in, frames out. A frame is painted when something changed; otherwise it sleeps.
//! What arrives by itself is painted at most every few milliseconds, and what the user does at once: a key
//! never waits for a frame that a stream had before it.

use std::io;
use std::time::{Duration, Instant};

use ratatui::Frame;
use tokio::signal::unix::{SignalKind, signal};

use super::desk::{Desk, FAREWELL, clock, until};
use super::handover;
use super::signals::Endings;
use crate::tui::arrange::arrange;
use crate::tui::message::{Action, Message, Run};
use crate::tui::terminal::{Input, Inputs, Terminal};
use crate::tui::update::Actions;
use crate::tui::view::view;

/// From one frame to the next at least; and from one key's to the next one's, where keys come in floods.
const FRAME: Duration = Duration::from_millis(8);
/// How long messages are taken before keys are looked at again, and painted.
const AT_ONCE: Duration = Duration::from_millis(2);

pub struct FullScreen {
    desk: Desk,
    terminal: Terminal,
    inputs: Inputs,
    /// When the last frame was painted, and the last one that showed what the user did.
    painted: Option<Instant>,
    answered: Option<Instant>,
    shown: Shown,
    /// The terminal is gone: nothing is read or painted any more, and what is open is closed.
    is_hung_up: bool,
    /// A program that is to get the terminal.
    guest: Option<Run>,
}

/// How the picture stands to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// It shows all of it.
    All,
    /// Something changed.
    Stale,
    /// The user did something that is not seen yet.
    Asked,
}

enum Next {
    Message(Box<Message>),
    Paint,
    Over,
}

impl FullScreen {
    pub fn new(desk: Desk, terminal: Terminal) -> io::Result<Self> {
        Ok(Self {
            desk,
            terminal,
            inputs: Inputs::start()?,
            painted: None,
            answered: None,
            shown: Shown::Stale,
            is_hung_up: false,
            guest: None,
        })
    }

    /// Runs until the user quits. `first` is done once the first frame is there.
    pub async fn run(mut self, first: Actions) -> io::Result<()> {
        let mut endings = Endings::new()?;
        // The keys for these are keys here; while a program has the terminal they are meant for that one,
        // and reach this one too.
        let _interrupts = [signal(SignalKind::interrupt())?, signal(SignalKind::quit())?];
        let mut resized = signal(SignalKind::window_change())?;
        self.paint()?;
        let mut is_over = self.do_all(first)?;
        let mut farewell: Option<Instant> = None;
        while !is_over {
            let frame = self.due();
            let wake = self.desk.app.wake();
            let next = tokio::select! {
                biased;
                input = self.inputs.next(), if !self.is_hung_up => Next::Message(Box::new(self.of_input(input))),
                () = endings.next() => Next::Message(Box::new(Message::Ended)),
                _ = resized.recv() => Next::Message(Box::new(self.resized()?)),
                () = until(frame) => Next::Paint,
                message = self.desk.next() => Next::Message(Box::new(message)),
                () = until(wake) => Next::Message(Box::new(Message::Woken)),
                () = until(farewell) => Next::Over,
            };
            match next {
                Next::Over => break,
                Next::Paint => self.paint()?,
                Next::Message(message) => is_over = self.take_all(*message)?,
            }
            if let Some(run) = self.guest.take() {
                is_over = is_over || self.hand_over(run).await?;
            }
            if self.desk.app.is_ending {
                farewell.get_or_insert_with(|| Instant::now() + FAREWELL);
            }
        }
        Ok(())
    }

    /// When the next frame is to be painted, if there is something to be shown.
    fn due(&self) -> Option<Instant> {
        let last = match self.shown {
            Shown::All => return None,
            Shown::Stale => self.painted,
            Shown::Asked => self.answered,
        };
        Some(last.map_or_else(Instant::now, |last| last + FRAME))
    }

    /// A message and those that are there already, what the user did first; then a frame, if it is time for
    /// one. `true` when the program is to end.
    fn take_all(&mut self, message: Message) -> io::Result<bool> {
        let end = Instant::now() + AT_ONCE;
        let mut next = Some(message);
        while let Some(message) = next {
            if self.take(message)? {
                return Ok(true);
            }
            if Instant::now() >= end {
                break;
            }
            next = self.inputs.ready().map(|input| self.of_input(input));
            // A key is shown before anything else is looked at.
            if next.is_none() && self.shown != Shown::Asked {
                next = self.desk.ready();
            }
        }
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.paint()?;
        }
        Ok(false)
    }

    fn take(&mut self, message: Message) -> io::Result<bool> {
        if matches!(message, Message::Terminal(_)) {
            self.shown = Shown::Asked;
        } else if self.shown == Shown::All {
            self.shown = Shown::Stale;
        }
        let rest = self.desk.take(message);
        self.do_all(rest)
    }

    /// Even where the size is what it was: it may have been another in between, and then what is seen is not
    /// what was painted.
    fn resized(&mut self) -> io::Result<Message> {
        self.terminal.forget()?;
        let (width, height) = self.terminal.size()?;
        Ok(Message::Terminal(crossterm::event::Event::Resize(width, height)))
    }

    fn of_input(&mut self, input: Input) -> Message {
        match input {
            Input::Event(event) => Message::Terminal(event),
            Input::HungUp => {
                self.is_hung_up = true;
                Message::Ended
            }
        }
    }

    /// Lends the terminal to a program until it ends. The agents go on meanwhile, and what they tell is taken.
    async fn hand_over(&mut self, run: Run) -> io::Result<bool> {
        self.inputs.pause();
        self.terminal.leave();
        let env = self.desk.place.base.options.env.clone();
        let mut program = tokio::task::spawn_blocking(move || handover::run(run, &env));
        let mut later = Vec::new();
        let returned = loop {
            tokio::select! {
                returned = &mut program => break returned,
                message = self.desk.next() => later.extend(self.desk.take(message)),
            }
        };
        self.terminal.take_back()?;
        self.inputs.resume();
        self.back()?;
        let is_over = self.do_all(later)?;
        match returned {
            Ok(returned) => Ok(self.take(Message::Returned(returned))? || is_over),
            Err(_) => Ok(is_over),
        }
    }

    fn paint(&mut self) -> io::Result<()> {
        if self.is_hung_up {
            self.shown = Shown::All;
            return Ok(());
        }
        let app = &mut self.desk.app;
        app.clock = clock();
        let actions = arrange(app);
        self.terminal.draw(|frame: &mut Frame| {
            // A terminal that changed its size a moment ago is painted at the size that it has.
            app.size = frame.area().as_size().into();
            view(app, frame);
        })?;
        let now = Some(Instant::now());
        self.painted = now;
        if self.shown == Shown::Asked {
            self.answered = now;
        }
        self.shown = Shown::All;
        let rest = self.desk.carry_out(actions);
        self.do_all(rest).map(|_| ())
    }

    /// What needs the terminal. `true` when the program is to end.
    fn do_all(&mut self, actions: Actions) -> io::Result<bool> {
        for action in self.desk.carry_out(actions) {
            match action {
                // Nobody sees or hears it.
                Action::Copy(_) | Action::Notify(_) | Action::Title(_) | Action::Forget
                    if self.is_hung_up => {}
                Action::Copy(text) => self.terminal.copy(&text)?,
                Action::Notify(notice) => self.terminal.notify(&notice)?,
                Action::Title(title) => self.terminal.set_title(&title)?,
                Action::Forget => self.terminal.forget()?,
                Action::Mouse(on) => self.terminal.set_mouse(on)?,
                Action::Suspend => {
                    self.inputs.pause();
                    self.terminal.suspend()?;
                    self.inputs.resume();
                    self.back()?;
                }
                Action::Run(run) => self.guest = Some(run),
                Action::Quit => return Ok(true),
                Action::Send(_)
                | Action::Load(_)
                | Action::KeepChoice(_)
                | Action::Remember(_)
                | Action::KeepLooks(_) => {}
            }
        }
        Ok(false)
    }

    /// The terminal is ours again, and may have another size.
    fn back(&mut self) -> io::Result<()> {
        self.desk.app.size = self.terminal.size()?;
        self.shown = Shown::Asked;
        Ok(())
    }
}
