//! What kind of terminal a program is started in, and the starting itself.

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::spawn;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::Pid;

use super::{Screen, Shared, View, job, write_all};

/// No test waits longer than this for something that does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal that nothing runs in yet. It answers queries, and has no kitty keyboard.
#[derive(Debug, Clone)]
pub struct Terminal {
    pub(super) cols: u16,
    pub(super) rows: u16,
    pub(super) kitty: bool,
    pub(super) silent: bool,
    pub(super) foreground: [u8; 3],
    pub(super) background: [u8; 3],
    is_job: bool,
    patience: Duration,
}

impl Terminal {
    pub fn new(cols: u16, rows: u16) -> Self {
        Self {
            cols,
            rows,
            kitty: false,
            silent: false,
            foreground: [0xd0; 3],
            background: [0x10; 3],
            is_job: false,
            patience: PATIENCE,
        }
    }

    /// With kitty's keyboard protocol, for programs that switch it on.
    pub fn kitty(mut self) -> Self {
        self.kitty = true;
        self
    }

    /// Answers no query at all.
    pub fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Dark letters on white.
    pub fn light(mut self) -> Self {
        (self.foreground, self.background) = ([0x20; 3], [0xff; 3]);
        self
    }

    /// Started by a shell with job control, as a user does, so that Ctrl-Z can suspend the program. One
    /// that a signal ended ends with 128 and the signal's number, as the shell reports it.
    pub fn job(mut self) -> Self {
        self.is_job = true;
        self
    }

    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same program, arguments, folder and variables. Only those variables count that were set on
    /// the command, which must name a folder.
    pub fn run(self, command: &Command) -> Screen {
        let text = |text: &std::ffi::OsStr| text.to_str().expect("tests use UTF-8").to_owned();
        let args: Vec<String> = command.get_args().map(text).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let variables = command.get_envs();
        let env: Vec<_> = variables.filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
        let cwd = command.get_current_dir().expect("the command has a folder");
        self.start(&text(command.get_program()), &args, cwd, &env)
    }

    /// Starts a program with these variables and no others, but for `TERM` and `SHELL`, which have to be
    /// something.
    pub fn start(self, program: &str, args: &[&str], cwd: &Path, env: &[(String, String)]) -> Screen {
        assert!(cwd.is_dir(), "no folder {}", cwd.display());
        let size = PtySize { rows: self.rows, cols: self.cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = if self.is_job { job::command(program) } else { CommandBuilder::new(program) };
        command.args(args);
        command.cwd(cwd);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("SHELL", "/bin/sh");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        let pid = Pid::from_raw(child.process_id().unwrap().try_into().unwrap()).unwrap();
        // Whoever holds this end keeps the output from ending.
        drop(pty.slave);

        let (is_job, patience) = (self.is_job, self.patience);
        let shared = Arc::new(Shared { view: Mutex::new(View::new(self)), changed: Condvar::new() });
        let (input, typed) = channel();
        let writer = pty.master.take_writer().unwrap();
        let reader = pty.master.try_clone_reader().unwrap();
        let threads = vec![
            spawn({
                let shared = shared.clone();
                move || job::watch(pid, &shared)
            }),
            spawn({
                let (shared, replies) = (shared.clone(), input.clone());
                move || read_all(reader, &Closing(shared), &replies)
            }),
        ];
        let writer = Some(spawn(move || write_all(writer, &typed)));
        Screen { shared, master: pty.master, input: Some(input), writer, threads, pid, is_job, patience }
    }
}

/// Says that no more output comes, even if the emulator panics, so that nobody waits for it.
struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.change(View::close);
    }
}

fn read_all(mut from: Box<dyn Read + Send>, closing: &Closing, replies: &Sender<Vec<u8>>) {
    let mut buffer = vec![0; 1 << 16];
    // A pty whose other end is closed gives an error where a pipe gives an end.
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        closing.0.change(|view| {
            let reply = view.process(&buffer[..length]);
            if !reply.is_empty() {
                replies.send(reply).ok();
            }
        });
    }
}
