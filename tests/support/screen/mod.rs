//! A terminal for a program under test: a real pty, an emulator fed by a thread, and a person's hands on
//! keyboard and mouse. Nothing sleeps or polls: every wait looks again when output came or the program
//! stopped or ended. It knows nothing of offshoot.
//!
//! A wait must name what only the new state shows: one that the old screen already meets ends at once.

mod host;
mod job;
mod keys;
mod terminal;
mod view;

use std::io::Write as _;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{MasterPty, PtySize};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal};
use rustix::termios::{LocalModes, OutputModes, QueueSelector, tcflush};
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

pub use self::job::Ended;
use self::job::Life;
use self::keys::{Key, Keyboard};
pub use self::terminal::Terminal;
pub use self::view::{Modes, Style, View};

/// A terminal with a program in it. Dropping it kills the program.
pub struct Screen {
    shared: Arc<Shared>,
    master: Box<dyn MasterPty + Send>,
    /// What is typed; a thread writes it, because a program that does not read must not hold up the test.
    /// `None` while being dropped.
    input: Option<Sender<Vec<u8>>>,
    writer: Option<JoinHandle<()>>,
    /// They end when the program and its output do.
    threads: Vec<JoinHandle<()>>,
    pid: Pid,
    is_job: bool,
    patience: Duration,
}

struct Shared {
    view: Mutex<View>,
    changed: Condvar,
}

impl Shared {
    /// A predicate of a test may have panicked under the lock; the state is whole all the same.
    fn lock(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

/// Starting and ending.
impl Screen {
    /// In a plain terminal; [`Terminal`] has more to choose from.
    pub fn start(
        program: &str,
        args: &[&str],
        cwd: &std::path::Path,
        env: &[(String, String)],
        cols: u16,
        rows: u16,
    ) -> Self {
        Terminal::new(cols, rows).start(program, args, cwd, env)
    }

    /// The process that was started: for a job, its shell.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The program: for a job, whatever the shell has put in the foreground.
    pub fn program(&self) -> Pid {
        let foreground = || Pid::from_raw(self.master.process_group_leader()?);
        if self.is_job { foreground().unwrap_or(self.pid) } else { self.pid }
    }

    /// Sends a signal to the program alone. One that has ended gets none.
    pub fn kill(&self, signal: Signal) {
        // Under the lock nobody reaps it, so that its id is still its own.
        let view = self.shared.lock();
        if view.ended().is_none() {
            rustix::process::kill_process(self.program(), signal).unwrap();
        }
    }

    /// Waits for the end, and for the last of the output.
    #[track_caller]
    pub fn wait_exit(&self) -> Ended {
        self.wait_until("the end of the program", |view| view.ended().filter(|_| view.is_closed()))
    }

    pub fn ended(&self) -> Option<Ended> {
        self.shared.lock().ended()
    }

    pub fn is_stopped(&self) -> bool {
        self.shared.lock().life == Life::Stopped
    }

    /// Waits until the program has suspended itself, as with Ctrl-Z. A program that is not started
    /// [as a job](Terminal::job) leads an orphaned process group, where SIGTSTP stops nothing.
    #[track_caller]
    pub fn wait_stopped(&self) {
        self.wait_for(|view| view.life == Life::Stopped, "the program stopped");
    }

    /// Lets a stopped program go on, in the foreground, and waits until it does.
    #[track_caller]
    pub fn cont(&self) {
        assert!(self.is_stopped(), "the program is not stopped");
        rustix::process::kill_process(self.pid, Signal::CONT).unwrap();
        self.wait_for(|view| view.life != Life::Stopped, "the program going on");
    }

    /// Whether the terminal reads lines, echoes them and returns the carriage, as a shell wants it. After
    /// the end it is as the program left it.
    pub fn is_cooked(&self) -> bool {
        let settings = self.master.get_termios().unwrap();
        let local = (LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG).bits();
        let output = OutputModes::OPOST.bits();
        settings.local_flags.bits() & local == local && settings.output_flags.bits() & output == output
    }
}

/// Waiting.
impl Screen {
    /// Waits for a text within one row, and says where it begins: column and row.
    #[track_caller]
    pub fn wait(&self, text: &str) -> (u16, u16) {
        self.wait_until(&format!("{text:?}"), |view| view.find(text))
    }

    #[track_caller]
    pub fn gone(&self, text: &str) {
        self.wait_for(|view| view.find(text).is_none(), &format!("the end of {text:?}"));
    }

    #[track_caller]
    pub fn wait_for(&self, is_so: impl Fn(&View) -> bool, what: &str) {
        self.wait_until(what, |view| is_so(view).then_some(()));
    }

    /// Waits until `look` finds something in the view.
    #[track_caller]
    pub fn wait_until<T>(&self, what: &str, mut look: impl FnMut(&View) -> Option<T>) -> T {
        let mut found = None;
        let (view, time) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), self.patience, |view| {
                found = look(view);
                found.is_none() && !(view.ended().is_some() && view.is_closed())
            })
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = found {
            return found;
        }
        let report = view.report();
        drop(view);
        let how = if time.timed_out() { format!("within {:?}", self.patience) } else { "to the end".into() };
        panic!("no sign {how} of: {what}\n{report}");
    }
}

/// Typing and pointing.
impl Screen {
    /// Bytes as they are.
    pub fn send(&self, bytes: &[u8]) {
        // The writing thread is gone only when the program is.
        self.input.as_ref().unwrap().send(bytes.to_vec()).ok();
    }

    /// Each newline is the Enter key.
    pub fn type_text(&self, text: &str) {
        self.send(text.replace('\n', "\r").as_bytes());
    }

    /// A key by its name: `a`, `ctrl-t`, `alt-1`, `ctrl-shift-x`, `shift-enter`, `f5`, `pageup`, `space` …
    /// Where a legacy terminal has no code for a combination it sends the bare key, and so does this.
    pub fn press(&self, name: &str) {
        let key = Key::named(name).unwrap_or_else(|| panic!("no key has the name {name:?}"));
        let keyboard = {
            let view = self.shared.lock();
            match view.modes().kitty_flags {
                0 => Keyboard::Legacy { application_cursor: view.modes().application_cursor },
                1 => Keyboard::Disambiguated,
                flags => panic!("this keyboard does not know what kitty's flags {flags} ask for"),
            }
        };
        self.send(&key.encode(keyboard));
    }

    pub fn enter(&self) {
        self.press("enter");
    }

    pub fn esc(&self) {
        self.press("esc");
    }

    /// In brackets if the program wants them. As terminals do, newlines become carriage returns, and the
    /// end of the brackets is taken out of the text.
    pub fn paste(&self, text: &str) {
        let text = text.replace("\x1b[201~", "").replace("\r\n", "\r").replace('\n', "\r");
        let bracketed = self.modes().bracketed_paste;
        self.send(if bracketed { format!("\x1b[200~{text}\x1b[201~") } else { text }.as_bytes());
    }

    /// Presses and releases the left button. Cells are counted from 0.
    #[track_caller]
    pub fn mouse_click(&self, col: u16, row: u16) {
        self.need_mouse(MouseProtocolMode::PressRelease);
        self.send(&[keys::mouse(0, col, row, 'M'), keys::mouse(0, col, row, 'm')].concat());
    }

    /// Turns the wheel by so many notches: down, or up if negative.
    #[track_caller]
    pub fn mouse_scroll(&self, col: u16, row: u16, notches: i16) {
        self.need_mouse(MouseProtocolMode::PressRelease);
        let notch = keys::mouse(if notches < 0 { 64 } else { 65 }, col, row, 'M');
        self.send(&notch.repeat(notches.unsigned_abs().into()));
    }

    /// Holds the left button from one cell to another, through all cells between.
    #[track_caller]
    pub fn mouse_drag(&self, from: (u16, u16), to: (u16, u16)) {
        self.need_mouse(MouseProtocolMode::ButtonMotion);
        let mut bytes = keys::mouse(0, from.0, from.1, 'M');
        for (col, row) in keys::way(from, to) {
            bytes.extend(keys::mouse(32, col, row, 'M'));
        }
        bytes.extend(keys::mouse(0, to.0, to.1, 'm'));
        self.send(&bytes);
    }

    /// Moves the pointer to a cell with no button held.
    #[track_caller]
    pub fn mouse_move(&self, col: u16, row: u16) {
        self.need_mouse(MouseProtocolMode::AnyMotion);
        self.send(&keys::mouse(35, col, row, 'M'));
    }

    #[track_caller]
    fn need_mouse(&self, least: MouseProtocolMode) {
        let modes = self.modes();
        let rank = |mode| match mode {
            MouseProtocolMode::None => 0,
            MouseProtocolMode::Press => 1,
            MouseProtocolMode::PressRelease => 2,
            MouseProtocolMode::ButtonMotion => 3,
            MouseProtocolMode::AnyMotion => 4,
        };
        let hears = rank(modes.mouse) >= rank(least) && modes.mouse_encoding == MouseProtocolEncoding::Sgr;
        assert!(hears, "the program would not hear of this from the mouse: {modes:?}");
    }

    /// The terminal's window gets or loses the focus.
    #[track_caller]
    pub fn focus(&self, gained: bool) {
        assert!(self.modes().focus, "the program did not ask for the focus");
        self.send(if gained { b"\x1b[I" } else { b"\x1b[O" });
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        // In one step, so that no output of the new size meets the old emulator.
        let mut view = self.shared.lock();
        view.resize(cols, rows);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }
}

/// Looking.
impl Screen {
    /// Looks at several things of one moment.
    pub fn look<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.shared.lock())
    }

    pub fn text(&self) -> Vec<String> {
        self.look(View::text)
    }

    pub fn row(&self, row: u16) -> String {
        self.look(|view| view.row(row))
    }

    pub fn find(&self, text: &str) -> Option<(u16, u16)> {
        self.look(|view| view.find(text))
    }

    pub fn cursor(&self) -> (u16, u16) {
        self.look(View::cursor)
    }

    pub fn style_at(&self, col: u16, row: u16) -> Style {
        self.look(|view| view.style_at(col, row))
    }

    pub fn title(&self) -> String {
        self.look(|view| view.title().to_owned())
    }

    pub fn bells(&self) -> usize {
        self.look(View::bells)
    }

    pub fn osc(&self, code: u16) -> Vec<String> {
        self.look(|view| view.osc(code))
    }

    pub fn modes(&self) -> Modes {
        self.look(View::modes)
    }

    pub fn alternate_screen(&self) -> bool {
        self.modes().alternate_screen
    }

    pub fn bytes_written(&self) -> u64 {
        self.look(View::bytes_written)
    }

    pub fn raw(&self) -> Vec<u8> {
        self.look(View::raw)
    }

    pub fn snapshot(&self) -> String {
        self.look(View::snapshot)
    }

    pub fn styled_snapshot(&self) -> String {
        self.look(View::styled_snapshot)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        {
            let view = self.shared.lock();
            if view.ended().is_none() {
                // Either may be gone already; the system hangs up on whatever else there is.
                rustix::process::kill_process_group(self.program(), Signal::KILL).ok();
                rustix::process::kill_process_group(self.pid, Signal::KILL).ok();
            }
        }
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
        self.input = None;
        if let Some(writer) = self.writer.take() {
            self.read_for(&writer);
            writer.join().ok();
        }
    }
}

impl Screen {
    /// A terminal keeps what is typed even when there is no program left, and when it is full the writing
    /// blocks for good. So somebody has to take the rest.
    fn read_for(&self, writer: &JoinHandle<()>) {
        let name = self.master.tty_name().expect("a terminal has a name");
        let end = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        while let Ok(end) = &end
            && !writer.is_finished()
        {
            tcflush(end, QueueSelector::IOFlush).ok();
            std::thread::yield_now();
        }
    }
}

fn write_all(mut to: Box<dyn std::io::Write + Send>, input: &std::sync::mpsc::Receiver<Vec<u8>>) {
    while let Ok(bytes) = input.recv() {
        if to.write_all(&bytes).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}
