//! One run of a CLI, from its start to its end: its output is read as it comes, both streams at once; what a decoder
//! makes of it is handed on; and whatever happens, the process is gone when the run has ended.

use std::time::Duration;

use serde::de::IgnoredAny;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::acp::{Agent, Setup};
use super::decode::Decoder;
use super::end::{self, Ending};
use super::event::{CliEvent, Exit};
use super::lines::{Line, Lines, Tail};
use super::partner::Partner;
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
/// Of that, so long an agent may take to end its turn by itself.
const GOODBYE: Duration = Duration::from_millis(200);
/// How long an agent may take to go when nothing more is said to it. Many never go.
const LEAVING: Duration = Duration::from_millis(500);
/// Answers of the user's that wait to be passed on.
const ANSWERS: usize = 64;
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
    mut launch: Launch,
    decoder: Box<dyn Decoder>,
    cancel: &CancellationToken,
) -> Result<CliRun, BackendError> {
    let input = if launch.stdin.is_some() { Input::Pipe } else { Input::None };
    let Piped { stdin, stdout, stderr, running } =
        launch.process.start(input).map_err(|error| launch.words.not_started(&error))?;
    if let (Some(mut stdin), Some(text)) = (stdin, launch.stdin.take()) {
        // It may print before it has read everything. When it ends, the pipe breaks, and so does this.
        tokio::spawn(async move {
            let _ = stdin.write_all(text.as_bytes()).await;
        });
    }
    let parts = Parts { stdout, stderr, running, partner: Partner::Prints(decoder), answers: None };
    Ok(CliRun { events: begin(launch, parts, cancel), answers: None })
}

/// Starts a CLI that is an agent of the protocol.
pub(super) fn converse(
    launch: Launch,
    setup: Setup,
    decoder: Box<dyn Decoder>,
    cancel: &CancellationToken,
) -> Result<CliRun, BackendError> {
    let Piped { stdin, stdout, stderr, running } =
        launch.process.start(Input::Pipe).map_err(|error| launch.words.not_started(&error))?;
    let partner = Partner::Speaks { agent: Box::new(Agent::start(setup, stdin)), decoder };
    let (answers, receiver) = mpsc::channel(ANSWERS);
    let parts = Parts { stdout, stderr, running, partner, answers: Some(receiver) };
    Ok(CliRun { events: begin(launch, parts, cancel), answers: Some(answers) })
}

/// A started process and who it is.
struct Parts {
    stdout: ChildStdout,
    stderr: ChildStderr,
    running: Running,
    partner: Partner,
    answers: Option<mpsc::Receiver<Answer>>,
}

fn begin(launch: Launch, parts: Parts, cancel: &CancellationToken) -> mpsc::Receiver<CliEvent> {
    let (sender, events) = mpsc::channel(CAPACITY);
    let run = Run {
        out: Some(Lines::new(parts.stdout)),
        errors: Some(Lines::new(parts.stderr)),
        running: parts.running,
        answers: parts.answers,
        reader: Reader {
            partner: parts.partner,
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
    events
}

struct Run {
    /// `None` once it has ended.
    out: Option<Lines<ChildStdout>>,
    errors: Option<Lines<ChildStderr>>,
    running: Running,
    /// Of the user's, for an agent that asks.
    answers: Option<mpsc::Receiver<Answer>>,
    reader: Reader,
    grace: Duration,
}

/// What makes events of lines.
struct Reader {
    partner: Partner,
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

/// Why nothing more is to be read.
enum Done {
    /// The process has ended.
    Gone(End),
    /// The agent has ended its turn.
    Told,
}

impl Run {
    /// Reads until the CLI has ended, or has to be ended.
    async fn drive(mut self, cancel: &CancellationToken) -> Ended {
        let done = match self.read(cancel).await {
            Ok(Done::Gone(end)) => {
                // Nothing of it prints any more; what it printed is read to the end.
                self.running.kill().await;
                self.read_rest().await.map(|()| exit(end))
            }
            Ok(Done::Told) => {
                self.part().await;
                Ok(Exit::Code(0))
            }
            Err(cut) => Err(cut),
        };
        match done {
            Ok(exit) => Ended { reader: self.reader, exit, cut: None },
            Err(cut) => {
                let grace = match cut {
                    Cut::Cancelled => self.grace.min(INTERRUPTED).saturating_sub(self.say_goodbye().await),
                    Cut::Abandoned => Duration::ZERO,
                    Cut::Silent(_) | Cut::Retries { .. } => self.grace,
                };
                self.end(grace).await;
                // SIGTERM: whatever the code is, it is our doing.
                Ended { reader: self.reader, exit: Exit::Signal(15), cut: Some(cut) }
            }
        }
    }

    /// The turn of an agent is over: it goes, or is made to go.
    async fn part(&mut self) {
        self.reader.partner.hang_up();
        let (out, errors, reader) = (&mut self.out, &mut self.errors, &mut self.reader);
        let gone = async { tokio::join!(self.running.ended(), drain(out, errors, reader)).0 };
        match timeout(LEAVING, gone).await {
            Ok(_) => self.running.kill().await,
            Err(_) => self.end(self.grace).await,
        }
    }

    /// Lets an agent end its turn: it tells what it used. Gives the time that this took.
    async fn say_goodbye(&mut self) -> Duration {
        let began = Instant::now();
        if self.reader.partner.interrupt() {
            let over = async {
                while !self.reader.partner.is_over()
                    && let Some(read) = read(&mut self.out, &mut self.errors).await
                {
                    self.reader.pass_over(read);
                }
            };
            let _ = timeout(GOODBYE, over).await;
        }
        began.elapsed()
    }

    async fn end(&mut self, grace: Duration) {
        self.reader.partner.hang_up();
        let (out, errors, reader) = (&mut self.out, &mut self.errors, &mut self.reader);
        self.running.end(grace, drain(out, errors, reader)).await;
    }

    async fn read(&mut self, cancel: &CancellationToken) -> Result<Done, Cut> {
        while !self.reader.partner.is_over() {
            let read = tokio::select! {
                () = cancel.cancelled() => return Err(Cut::Cancelled),
                () = self.reader.teller.abandoned() => return Err(Cut::Abandoned),
                () = silence(&self.reader.watch) => return Err(self.reader.watch.silent()),
                end = self.running.ended() => return Ok(Done::Gone(end.unwrap_or(End::Exited(-1)))),
                Some(answer) = answered(&mut self.answers) => {
                    self.reader.pass_on(&answer).await?;
                    continue;
                }
                Some(read) = read(&mut self.out, &mut self.errors) => read,
            };
            self.reader.take(read).await?;
        }
        Ok(Done::Told)
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

/// Reads what is of no interest any more, so that nobody waits for a reader.
async fn drain(
    out: &mut Option<Lines<ChildStdout>>,
    errors: &mut Option<Lines<ChildStderr>>,
    reader: &mut Reader,
) {
    while let Some(read) = read(out, errors).await {
        reader.pass_over(read);
    }
}

async fn answered(answers: &mut Option<mpsc::Receiver<Answer>>) -> Option<Answer> {
    answers.as_mut()?.recv().await
}

impl Reader {
    async fn take(&mut self, read: Read) -> Result<(), Cut> {
        let mut events = Vec::new();
        self.decode(read, &mut events);
        self.tell(events).await
    }

    async fn pass_on(&mut self, answer: &Answer) -> Result<(), Cut> {
        let mut events = Vec::new();
        self.partner.answer(answer, &mut events);
        self.watch.answered(&answer.id);
        self.tell(events).await
    }

    async fn tell(&mut self, events: Vec<CliEvent>) -> Result<(), Cut> {
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
                    Line::TooLong => self.lose_track(events),
                    Line::Unfinished(line) if is_cut(&line) => self.lose_track(events),
                    Line::Whole(line) | Line::Unfinished(line) => self.partner.line(&line, events),
                }
            }
            // Noise there is no sign of life: programs complain without end.
            Read::Error(Some(Line::Whole(line) | Line::Unfinished(line))) => {
                self.tail.push(&line);
                self.partner.error_line(&line, events);
            }
            Read::Error(Some(Line::TooLong)) => self.tail.push("…"),
            Read::Out(None) | Read::Error(None) => {}
        }
    }

    fn lose_track(&mut self, events: &mut Vec<CliEvent>) {
        self.watch.lost_track();
        self.partner.broken(events);
    }
}

/// Tells what comes last.
async fn finish(ended: Ended, before: Before, session: Option<String>, words: &Words) {
    let Ended { reader: Reader { mut partner, mut teller, mut tail, .. }, exit, cut } = ended;
    let notice = tokio::task::spawn_blocking(move || before.restore()).await.ok().flatten();
    let mut events = Vec::new();
    let decoded = partner.end(exit, tail.text(), &mut events);
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
