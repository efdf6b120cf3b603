//! A person at a terminal with offshoot in it, on a machine of their own.

use std::fs::File;
use std::io::Write as _;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::support::machine::Machine;
use crate::support::screen::{Ended, Modes, Screen, Terminal};

/// What an empty composer shows while its agent has nothing to do.
pub const IDLE: &str = "what shall be done?";
/// What it shows while the agent works.
pub const WORKING: &str = "what you send now waits in line";

pub struct User {
    /// Before the machine, so that the program is gone when its files go.
    screen: Screen,
    pub machine: Machine,
}

impl Deref for User {
    type Target = Screen;

    fn deref(&self) -> &Screen {
        &self.screen
    }
}

/// A terminal of the size that most tests use: too narrow for the side panel.
pub fn terminal() -> Terminal {
    sized(100, 30)
}

pub fn sized(cols: u16, rows: u16) -> Terminal {
    Terminal::new(cols, rows).patience(Duration::from_secs(30))
}

impl User {
    /// With a model that has these replies to each prompt.
    pub fn new(turns: &[Vec<Value>]) -> Self {
        let machine = Machine::new();
        machine.script(turns);
        Self::at(machine, terminal())
    }

    pub fn at(machine: Machine, terminal: Terminal) -> Self {
        Self::with(machine, terminal, &[])
    }

    /// The same, with arguments; waits until the screen is there.
    pub fn with(machine: Machine, terminal: Terminal, args: &[&str]) -> Self {
        let screen = machine.offshoot(args).on(terminal);
        Self::seated(machine, screen)
    }

    /// At a terminal in which the program was started; waits until the screen is there.
    pub fn seated(machine: Machine, screen: Screen) -> Self {
        screen.wait(IDLE);
        Self { screen, machine }
    }

    /// Leaves the program that runs to its fate, and starts another.
    pub fn again(self, args: &[&str]) -> Self {
        let Self { screen, machine } = self;
        drop(screen);
        let screen = machine.offshoot(args).on(terminal());
        Self { screen, machine }
    }

    /// Types a line and sends it.
    pub fn say(&self, text: &str) {
        self.type_text(text);
        self.enter();
    }

    /// Sends a prompt, and waits for a part of the last answer and the end of the turn.
    #[track_caller]
    pub fn turn(&self, prompt: &str, answer: &str) {
        self.say(prompt);
        self.turn_ends(answer);
    }

    /// Waits for a part of the last answer of a turn, and for its end.
    #[track_caller]
    pub fn turn_ends(&self, answer: &str) {
        self.wait(answer);
        self.wait(IDLE);
    }

    /// Ends the program as a person does, and looks whether the terminal is as it was.
    #[track_caller]
    pub fn quit(&self) {
        self.press("ctrl-c");
        assert_eq!(self.wait_exit(), Ended::Code(0));
        self.assert_restored();
    }

    #[track_caller]
    pub fn assert_restored(&self) {
        // Of one that is stopped, the last of the output may still be on its way.
        self.wait_for(|view| view.modes() == Modes::default(), "the terminal as it was");
        assert!(self.is_cooked(), "the terminal is still raw");
    }

    /// The branches of all sessions, in the order of their names.
    pub fn branches(&self) -> Vec<String> {
        let names = self.machine.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/offshoot"]);
        names.lines().map(str::to_owned).collect()
    }

    /// The branch of the only session.
    #[track_caller]
    pub fn branch(&self) -> String {
        let branches = self.branches();
        assert_eq!(branches.len(), 1, "{branches:?}");
        branches.into_iter().next().unwrap()
    }

    /// Subjects of the commits of a branch that are not the user's, the oldest first.
    pub fn subjects(&self, branch: &str) -> Vec<String> {
        let log = self.machine.git(&["log", "--reverse", "--format=%s", &format!("main..{branch}")]);
        log.lines().map(str::to_owned).collect()
    }

    /// Everything that git holds of all sessions, as one text.
    pub fn recorded(&self) -> String {
        self.machine.git(&["log", "--format=%B", "--glob=refs/offshoot/sessions", "--branches=offshoot/*"])
    }
}

/// A pipe at which a command waits until the test lets it go on.
pub struct Gate {
    path: PathBuf,
    end: File,
}

impl Gate {
    pub fn new(machine: &Machine, name: &str) -> Self {
        let path = machine.path(format!("gate-{name}"));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        // For both: neither side waits for the other to open it.
        let end = File::options().read(true).write(true).open(&path).unwrap();
        Self { path, end }
    }

    /// The command that waits.
    pub fn command(&self) -> String {
        format!("read gone < '{}'", self.path.display())
    }

    pub fn open(&self) {
        (&self.end).write_all(b"on\n").unwrap();
    }
}
