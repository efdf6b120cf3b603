//! `--plain`: the same state and the same commands without a screen, as lines that are only ever added.
//! For screen readers, for dumb terminals, and for a pipe.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use futures::FutureExt as _;
use tokio::sync::mpsc;

use super::desk::{Desk, FAREWELL, until};
use super::signals::Endings;
use crate::tui::app::layer::Layer;
use crate::tui::app::tab::Tab;
use crate::tui::message::{Action, Message, Returned, Run};
use crate::tui::said;
use crate::tui::update::{Actions, interrupt, is_below, say};
use crate::workbench::TabId;

/// Columns, where nobody says how many there are.
const COLUMNS: usize = 100;

pub struct Plain {
    desk: Desk,
    /// Cells that were printed, by tab.
    printed: HashMap<TabId, usize>,
    /// The tab whose lines were printed last.
    speaker: Option<TabId>,
    /// What lies over the screen was told of.
    told: usize,
    toast: Option<String>,
    /// What the agent that is looked at asked last.
    asked: Option<String>,
}

impl Plain {
    pub fn new(desk: Desk) -> Self {
        Self { desk, printed: HashMap::new(), speaker: None, told: 0, toast: None, asked: None }
    }

    pub async fn run(mut self, first: Actions) -> io::Result<()> {
        let mut endings = Endings::new()?;
        let mut interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        let (mut lines, ask) = lines();
        let mut is_asked = false;
        let mut has_input = true;
        let mut farewell: Option<Instant> = None;
        print(&format!(
            "offshoot · {} · /help lists the commands, /exit --all ends\n",
            self.desk.app.facts.repository
        ))?;
        let mut is_over = self.act(first)?;
        while !is_over {
            // A line is read when it can be taken, and not while a program has the terminal.
            if has_input && !is_asked && self.is_free() {
                is_asked = ask.send(()).is_ok();
            }
            let message = tokio::select! {
                biased;
                _ = interrupts.recv() => {
                    let actions = interrupt(&mut self.desk.app);
                    is_over = self.act(actions)?;
                    continue;
                }
                () = endings.next() => Message::Ended,
                line = lines.recv(), if has_input && self.is_free() => match line {
                    Some(line) => {
                        is_asked = false;
                        let actions = self.line(&line);
                        is_over = self.act(actions)?;
                        // A program that had the terminal was meant by these, not this one.
                        while interrupts.recv().now_or_never().is_some() {}
                        continue;
                    }
                    None => {
                        has_input = false;
                        continue;
                    }
                },
                // Nobody is there to answer any more: nothing is allowed, and nothing is chosen.
                () = std::future::ready(()), if !has_input && self.is_asking() => {
                    let actions = said::decline(&mut self.desk.app);
                    is_over = self.act(actions)?;
                    continue;
                }
                // Nobody can say anything more, and nothing is left to be done.
                () = std::future::ready(()), if !has_input && self.is_idle() && !self.is_ending() => Message::Ended,
                message = self.desk.next() => message,
                () = until(farewell) => return Ok(()),
            };
            let rest = self.desk.take(message);
            is_over = self.act(rest)?;
            if self.is_ending() {
                farewell.get_or_insert_with(|| Instant::now() + FAREWELL);
            }
        }
        Ok(())
    }

    /// Does what has to be done, and tells what came of it. `true` when the program is to end: there may be no
    /// tab left then.
    fn act(&mut self, actions: Actions) -> io::Result<bool> {
        let is_over = self.do_all(actions)?;
        if !is_over {
            self.tell()?;
        }
        Ok(is_over)
    }

    fn is_ending(&self) -> bool {
        self.desk.app.is_ending
    }

    /// A line that came through a pipe waits until what was asked before it is done; a person need not.
    fn is_free(&self) -> bool {
        io::stdin().is_terminal() || self.is_idle() || self.is_asking()
    }

    /// Whether the next line answers something.
    fn is_asking(&self) -> bool {
        match self.desk.app.layers.last() {
            Some(Layer::List(list)) => !list.picker.is_loading(),
            Some(Layer::Text(text)) => !text.is_loading(),
            Some(Layer::Land(landing)) => !landing.is_loading(),
            Some(_) => true,
            None => self.desk.app.tab().asks().is_some(),
        }
    }

    fn is_idle(&self) -> bool {
        self.desk.is_quiet() && !self.desk.app.tabs.iter().any(Tab::is_busy)
    }

    fn line(&mut self, line: &str) -> Actions {
        let app = &mut self.desk.app;
        let word = line.trim();
        match app.layers.last() {
            Some(Layer::List(_)) if said::chooses(word) => said::choose(app, word),
            Some(Layer::List(_)) => {
                let mut actions = said::decline(app);
                // What comes in its place is told of, too.
                self.told = self.told.min(app.layers.len());
                actions.extend(say(app, line));
                actions
            }
            Some(Layer::Question(_) | Layer::Asked { .. } | Layer::Land(_)) => said::answer(app, word),
            None if app.tab().asks().is_some() => said::answer(app, word),
            _ => say(app, line),
        }
    }

    fn do_all(&mut self, actions: Actions) -> io::Result<bool> {
        for action in self.desk.carry_out(actions) {
            match action {
                Action::Quit => return Ok(true),
                Action::Copy(text) => print(&format!("{text}\n"))?,
                Action::Run(run) => {
                    let returned = self.hand_over(run);
                    let rest = self.desk.take(Message::Returned(returned));
                    if self.do_all(rest)? {
                        return Ok(true);
                    }
                }
                Action::Notify(_) if io::stdout().is_terminal() => print("\u{7}")?,
                _ => {}
            }
        }
        Ok(false)
    }

    fn hand_over(&self, run: Run) -> Returned {
        super::handover::run(run, &self.desk.place.base.options.env)
    }

    /// Prints what is new: in the tab that is looked at, in what lies over it, and what passes.
    fn tell(&mut self) -> io::Result<()> {
        let app = &mut self.desk.app;
        let mut text = String::new();
        let tab = app.tab_mut();
        tab.transcript.catch_up();
        let from = self.printed.entry(tab.id).or_default();
        *from = (*from).min(tab.transcript.cells().len());
        let ready = said::whole(&tab.transcript, *from);
        if ready > *from && self.speaker != Some(tab.id) {
            self.speaker = Some(tab.id);
            text.push_str(&format!("[{}]\n", crate::tui::wrap::clean(&tab.title)));
        }
        for cell in *from..ready {
            text.push_str(&said::cell(&tab.transcript, cell, COLUMNS));
        }
        *from = ready;
        let active = tab.id;
        let below: Vec<TabId> =
            app.tabs.iter().map(|tab| tab.id).filter(|id| is_below(app, *id, active)).collect();
        for id in below {
            let Some(tab) = app.by_id(id) else { continue };
            tab.transcript.catch_up();
            let from = self.printed.entry(id).or_default();
            *from = (*from).min(tab.transcript.cells().len());
            let ready = said::whole(&tab.transcript, *from);
            if ready > *from && self.speaker != Some(id) {
                self.speaker = Some(id);
                text.push_str(&format!("  ↳ [{}]\n", crate::tui::wrap::clean(&tab.title)));
            }
            for cell in *from..ready {
                let lines = said::cell(&tab.transcript, cell, COLUMNS - 4);
                text.extend(lines.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n"));
            }
            *from = ready;
        }
        let app = &mut self.desk.app;
        let tab = app.tab();
        let asked = tab.asks().map(|asks| said::asked(asks, app.clock.now, COLUMNS));
        let which = tab.asks().map(|asks| format!("{} {}", tab.id.0, asks.id()));
        if which != self.asked {
            text.push_str(&asked.unwrap_or_default());
            self.asked = which;
        }
        self.told = self.told.min(app.layers.len());
        while let Some(layer) = app.layers.get(self.told) {
            text.push_str(&said::layer(layer, app, COLUMNS));
            if matches!(layer, Layer::List(list) if list.picker.is_loading()) {
                break;
            }
            if matches!(layer, Layer::Text(text) if text.is_loading()) {
                break;
            }
            if matches!(layer, Layer::Land(landing) if landing.is_loading()) {
                break;
            }
            if said::waits(layer) {
                self.told += 1;
            } else {
                app.layers.remove(self.told);
            }
        }
        // What was given back would stand in a composer that nobody sees.
        let given_back = app.tab().composer.text();
        if !given_back.is_empty() {
            text.push_str(&format!("* not done: {}\n", crate::tui::wrap::clean(&given_back)));
            app.tab_mut().composer.set_text("");
        }
        let toast = app.toast.as_ref().map(|toast| toast.text.clone());
        if toast != self.toast {
            if let Some(toast) = &toast {
                text.push_str(&format!("* {}\n", crate::tui::wrap::clean(toast)));
            }
            self.toast = toast;
        }
        print(&text)
    }
}

/// What is typed or piped in, a line each time that one is asked for.
fn lines() -> (mpsc::Receiver<String>, std::sync::mpsc::Sender<()>) {
    let (sender, receiver) = mpsc::channel(1);
    let (ask, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while asked.recv().is_ok() {
            let mut line = String::new();
            match io::stdin().read_line(&mut line) {
                Ok(count) if count > 0 => {}
                _ => break,
            }
            if sender.blocking_send(line.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
                break;
            }
        }
    });
    (receiver, ask)
}

fn print(text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
