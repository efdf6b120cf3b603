//! One run of a CLI, from its start to its end: its output is read as it comes, both streams at once; what a decoder
//! makes of it is handed on; and whatever happens, the process is gone when the run has ended.

use std::time::Duration;

use serde::de::IgnoredAny;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::decode::Decoder;
use super::end::{self, Ending};
use super::event::{CliEvent, Exit};
use super::lines::{Line, Lines, Tail};
use super::tell::Teller;
use super::tidy::Before;
use super::watch::{Cut, Watch};
use super::words::Words;
use crate::backends::BackendError;
use crate::tools::shell::{End, Input, Piped, Process, Running};

/// Events that wait for whoever listens.
const CAPACITY: usize = 64;
/// From SIGTERM to SIGKILL when the user interrupts: with all that follows less than a second.
const INTERRUPTED: Duration = Duration::from_millis(400);
/// How long a pipe is read that something holds open after the CLI has ended.
const LINGER: Duration = Duration::from_millis(300);

/// A CLI at work. Dropping it ends the CLI and everything that came of it.
#[derive(Debug)]
pub struct CliRun {
    events: mpsc::Receiver<CliEvent>,
    answers: Option<mpsc::Sender<Answer>>,
}

/// The user's word on a [`CliEvent::Permission`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub id: String,
    pub allow: bool,
}

impl CliRun {
    /// `answers` is where the user's words go, for a CLI that asks.
    pub(super) fn new(events: mpsc::Receiver<CliEvent>, answers: Option<mpsc::Sender<Answer>>) -> Self {
        Self { events, answers }
    }

    /// The next event; the last one is [`CliEvent::Ended`], and `None` comes after it.
    pub async fn next(&mut self) -> Option<CliEvent> {
        self.events.recv().await
    }

    /// Answers a [`CliEvent::Permission`]. A CLI that does not ask gets nothing.
    pub fn answer(&self, id: &str, allow: bool) {
        if let Some(answers) = &self.answers {
            // It waits for as many answers as it asked for, so there is room; and if it is gone, it needs none.
            let _ = answers.try_send(Answer { id: id.to_owned(), allow });
        }
    }
}

/// A CLI that is about to be started.
pub(super) struct Launch {
    pub process: Process,
    pub stdin: Option<String>,
    /// Holds the prompt while the CLI runs.
    pub prompt_file: Option<NamedTempFile>,
    pub before: Before,
    pub watch: Watch,
    pub grace: Duration,
    /// What its session is called, where the CLI does not say so itself.
    pub session: Option<String>,
    pub words: Words,
}

/// Starts a CLI that prints what it does.
pub(super) fn start(
    launch: Launch,
    decoder: Box<dyn Decoder>,
    cancel: &CancellationToken,
) -> Result<CliRun, BackendError> {
    let input = if launch.stdin.is_some() { Input::Pipe } else { Input::None };
    let Piped { stdin, stdout, stderr, running } =
        launch.process.start(input).map_err(|error| launch.words.not_started(&error))?;
    if let (Some(mut stdin), Some(text)) = (stdin, launch.stdin) {
        // It may print before it has read everything. When it ends, the pipe breaks, and so does this.
        tokio::spawn(async move {
            let _ = stdin.write_all(text.as_bytes()).await;
        });
    }
    let (sender, events) = mpsc::channel(CAPACITY);
    let run = Run {
        out: Some(Lines::new(stdout)),
        errors: Some(Lines::new(stderr)),
        running,
        reader: Reader {
            decoder,
            watch: launch.watch,
            teller: Teller::new(sender, cancel.clone()),
            tail: Tail::default(),
        },
        grace: launch.grace,
    };
    let (cancel, words, session, before) = (cancel.clone(), launch.words, launch.session, launch.before);
    let prompt_file = launch.prompt_file;
    tokio::spawn(async move {
        let ended = run.drive(&cancel).await;
        drop(prompt_file);
        finish(ended, before, session, &words).await;
    });
    Ok(CliRun::new(events, None))
}

struct Run {
    /// `None` once it has ended.
    out: Option<Lines<ChildStdout>>,
    errors: Option<Lines<ChildStderr>>,
    running: Running,
    reader: Reader,
    grace: Duration,
}

/// What makes events of lines.
struct Reader {
    decoder: Box<dyn Decoder>,
    watch: Watch,
    teller: Teller,
    tail: Tail,
}

/// A run whose process is gone.
struct Ended {
    reader: Reader,
    exit: Exit,
    cut: Option<Cut>,
}

enum Read {
    Out(Option<Line>),
    Error(Option<Line>),
}

impl Run {
    /// Reads until the CLI has ended, or has to be ended.
    async fn drive(mut self, cancel: &CancellationToken) -> Ended {
        let end = self.read(cancel).await;
        let end = match end {
            Ok(end) => {
                // Nothing of it prints any more; what it printed is read to the end.
                self.running.kill().await;
                self.read_rest().await.map(|()| end)
            }
            Err(cut) => Err(cut),
        };
        match end {
            Ok(end) => Ended { reader: self.reader, exit: exit(end), cut: None },
            Err(cut) => {
                let grace = match cut {
                    Cut::Cancelled => self.grace.min(INTERRUPTED),
                    Cut::Abandoned => Duration::ZERO,
                    Cut::Silent(_) | Cut::Retries { .. } => self.grace,
                };
                let (out, errors, reader) = (&mut self.out, &mut self.errors, &mut self.reader);
                let drained = async {
                    while let Some(read) = read(out, errors).await {
                        reader.pass_over(read);
                    }
                };
                self.running.end(grace, drained).await;
                // SIGTERM: whatever the code is, it is our doing.
                Ended { reader: self.reader, exit: Exit::Signal(15), cut: Some(cut) }
            }
        }
    }

    async fn read(&mut self, cancel: &CancellationToken) -> Result<End, Cut> {
        loop {
            let read = tokio::select! {
                () = cancel.cancelled() => return Err(Cut::Cancelled),
                () = self.reader.teller.abandoned() => return Err(Cut::Abandoned),
                () = silence(&self.reader.watch) => return Err(self.reader.watch.silent()),
                end = self.running.ended() => return Ok(end.unwrap_or(End::Exited(-1))),
                Some(read) = read(&mut self.out, &mut self.errors) => read,
            };
            self.reader.take(read).await?;
        }
    }

    async fn read_rest(&mut self) -> Result<(), Cut> {
        while let Ok(Some(read)) = timeout(LINGER, read(&mut self.out, &mut self.errors)).await {
            self.reader.take(read).await?;
        }
        Ok(())
    }
}

/// The next line of either stream; `None` when both have ended.
async fn read(out: &mut Option<Lines<ChildStdout>>, errors: &mut Option<Lines<ChildStderr>>) -> Option<Read> {
    let read = match (&mut *out, &mut *errors) {
        (None, None) => return None,
        (Some(lines), None) => Read::Out(lines.next().await),
        (None, Some(lines)) => Read::Error(lines.next().await),
        (Some(lines), Some(complaints)) => tokio::select! {
            line = lines.next() => Read::Out(line),
            line = complaints.next() => Read::Error(line),
        },
    };
    match read {
        Read::Out(None) => *out = None,
        Read::Error(None) => *errors = None,
        _ => {}
    }
    Some(read)
}

impl Reader {
    async fn take(&mut self, read: Read) -> Result<(), Cut> {
        let mut events = Vec::new();
        self.decode(read, &mut events);
        for event in events {
            self.watch.saw(&event)?;
            self.teller.tell(event).await?;
            // Time in which nobody took what it said is no silence of its own.
            self.watch.alive();
        }
        Ok(())
    }

    /// Of a run that is being ended, what is printed still counts for its usage; it is not told.
    fn pass_over(&mut self, read: Read) {
        let mut events = Vec::new();
        self.decode(read, &mut events);
    }

    fn decode(&mut self, read: Read, events: &mut Vec<CliEvent>) {
        match read {
            Read::Out(Some(line)) => {
                self.watch.alive();
                match line {
                    Line::Whole(line) => self.decoder.line(&line, events),
                    Line::Unfinished(line) if is_cut(&line) => self.decoder.broken(events),
                    Line::Unfinished(line) => self.decoder.line(&line, events),
                    Line::TooLong => self.decoder.broken(events),
                }
            }
            // Noise there is no sign of life: programs complain without end.
            Read::Error(Some(Line::Whole(line) | Line::Unfinished(line))) => {
                self.tail.push(&line);
                self.decoder.error_line(&line, events);
            }
            Read::Error(Some(Line::TooLong)) => self.tail.push("…"),
            Read::Out(None) | Read::Error(None) => {}
        }
    }
}

/// Tells what comes last.
async fn finish(ended: Ended, before: Before, session: Option<String>, words: &Words) {
    let Ended { reader: Reader { mut decoder, mut teller, mut tail, .. }, exit, cut } = ended;
    let notice = tokio::task::spawn_blocking(move || before.restore()).await.ok().flatten();
    let mut events = Vec::new();
    let decoded = decoder.end(exit, tail.text(), &mut events);
    let told = teller.told;
    if cut.is_none() {
        events.extend(notice.map(CliEvent::Notice));
        for event in events {
            if teller.tell(event).await.is_err() {
                break;
            }
        }
    }
    let anything = teller.told.anything;
    if let Some(session) = session.filter(|_| anything && !told.session) {
        teller.tell_last(CliEvent::Session(session)).await;
    }
    let ending = Ending { decoded, cut, anything, exit, stderr: tail.text() };
    teller.tell_last(CliEvent::Ended(end::judge(ending, words))).await;
}

/// Whether a last line without a newline is the beginning of something longer. A CLI may leave the newline out.
fn is_cut(line: &str) -> bool {
    line.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(line).is_err()
}

fn exit(end: End) -> Exit {
    match end {
        End::Exited(code) => Exit::Code(code),
        End::Signalled(signal) => Exit::Signal(signal),
        End::TimedOut | End::Cancelled => Exit::Signal(15),
    }
}

async fn silence(watch: &Watch) {
    match watch.deadline() {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
