//! An agent behind a pipe: what the client wants to say is written to its standard input, by a task of its own, so
//! that an agent that does not read cannot hold up reading what it says.

use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::Setup;
use super::client::{Client, Out};
use crate::backends::cli::decode::Decoded;
use crate::backends::cli::{CliEvent, Exit};

/// Lines that wait to be written. An agent that does not read its answers does not get to ask more than this.
const CAPACITY: usize = 256;

pub(in crate::backends::cli) struct Agent {
    client: Client,
    /// `None` once nothing more is to be said.
    mouth: Option<mpsc::Sender<String>>,
}

impl Agent {
    /// Greets the agent. Needs a runtime around it.
    pub fn start(setup: Setup, stdin: Option<ChildStdin>) -> Self {
        let (mouth, mut lines) = mpsc::channel::<String>(CAPACITY);
        tokio::spawn(async move {
            let Some(mut stdin) = stdin else { return };
            while let Some(mut line) = lines.recv().await {
                line.push('\n');
                // When the agent has ended, the pipe is broken; its end is noticed elsewhere.
                if stdin.write_all(line.as_bytes()).await.is_err() {
                    break;
                }
            }
        });
        let mut out = Out::default();
        let client = Client::start(setup, &mut out);
        let mut agent = Self { client, mouth: Some(mouth) };
        agent.send(out, &mut Vec::new());
        agent
    }

    pub fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        self.with(events, |client, out| client.line(line, out));
    }

    pub fn answer(&mut self, id: &str, allow: bool, events: &mut Vec<CliEvent>) {
        self.with(events, |client, out| client.answer(id, allow, out));
    }

    pub fn is_over(&self) -> bool {
        self.client.is_over()
    }

    /// Asks it to end its turn. Whether it has one to end.
    pub fn interrupt(&mut self) -> bool {
        self.with(&mut Vec::new(), Client::cancel);
        !self.is_over()
    }

    /// Its standard input ends when all is written.
    pub fn hang_up(&mut self) {
        self.mouth = None;
    }

    /// What it came to. `exit` counts only when the turn had no end of its own.
    pub fn end(&mut self, exit: Exit, stderr: &str) -> Decoded {
        self.client.died(exit, stderr);
        self.client.end()
    }

    fn with(&mut self, events: &mut Vec<CliEvent>, act: impl FnOnce(&mut Client, &mut Out)) {
        let mut out = Out::default();
        act(&mut self.client, &mut out);
        self.send(out, events);
    }

    fn send(&mut self, out: Out, events: &mut Vec<CliEvent>) {
        events.extend(out.events);
        let Some(mouth) = &self.mouth else { return };
        for line in out.lines {
            if let Err(TrySendError::Full(_)) = mouth.try_send(line) {
                self.client.overrun();
                self.mouth = None;
                return;
            }
        }
    }
}
