//! The work of an external CLI at a turn: it runs a loop of its own in our worktree, with its own tools. We tell it
//! what was said, hear what it says and does, put that on record as if it were ours, and commit what it changes.
//! How a CLI is started and read is the backend's business.

mod folding;
mod job;
mod told;

use std::time::Instant;

use serde_json::Value;
use told::Told;

use super::Agent;
use super::approval::{Leave, Wish};
use super::control::Control;
use super::event::{AgentEvent, Failure};
use super::mask::Mask;
use super::turn::{Attempt, Task};
use super::work::{Stop, WorkEnd, ended_badly};
use crate::backends::BackendError;
use crate::backends::cli::{CliBackend, CliEnd, CliEvent, CliJob, CliRun, ToolKind};
use crate::backends::health::now_ms;
use crate::chat::{ErrorClass, StopReason, ToolCall};
use crate::config::PermissionMode;
use crate::tools::permissions::Call;

/// What one run of a CLI came to.
struct Ran {
    end: CliEnd,
    /// The last words.
    text: String,
    /// It said or did something.
    was_heard: bool,
}

impl Agent {
    /// Lets the CLI work until it is done and the work holds.
    pub(super) async fn host(
        &mut self,
        cli: &CliBackend,
        task: &Task<'_>,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> WorkEnd {
        let mut corrections = 0;
        let mut silences = 0;
        self.let_in(cli, task, attempt, control).await?;
        loop {
            if control.cancel.is_cancelled() {
                return Err(Stop::Interrupted);
            }
            self.tell_unpriced(task, attempt).await;
            if let Some(message) = self.over_budget(task, attempt) {
                return Err(Stop::Budget(message));
            }
            self.listen(task.turn, attempt, control).await?;
            let ran = self.run_cli(cli, task, attempt, control).await?;
            let stop = match ran.end.outcome {
                Ok(stop) => stop,
                Err(error) if error.class == ErrorClass::Cancelled => return Err(Stop::Interrupted),
                Err(error) => {
                    attempt.retry_after = error.retry_after;
                    return Err(Failure::from(error).into());
                }
            };
            if stop == StopReason::Interrupted {
                return Err(Stop::Interrupted);
            }
            let is_silent = ran.text.trim().is_empty() && !ran.was_heard;
            if is_silent && silences == 0 {
                // Nothing said, nothing done: once more, told everything anew.
                silences += 1;
                self.natives.forget(attempt.backend.id());
                continue;
            }
            if let Some(failure) = ended_badly(Some(stop), is_silent, attempt) {
                return Err(failure.into());
            }
            if !control.steer.is_empty() {
                continue;
            }
            self.estimate(task, attempt).await;
            if self.holds(task, attempt, &mut corrections, control).await? {
                self.estimate(task, attempt).await;
                return Ok(ran.text);
            }
        }
    }

    /// Where every change is asked for, a CLI that cannot ask for single calls is asked for as a whole.
    async fn let_in(
        &mut self,
        cli: &CliBackend,
        task: &Task<'_>,
        attempt: &Attempt,
        control: &mut Control,
    ) -> Result<(), Stop> {
        let id = attempt.backend.id().to_owned();
        if self.mode(attempt) == PermissionMode::ReadOnly
            && !cli.read_only_enforced(&self.cli_setting())
            && self.looks_on
        {
            let message = format!("{id} cannot be kept from writing in a worktree that is another tab's");
            return Err(Failure::new(ErrorClass::Internal, message)
                .hint("pick another backend here, or branch off with a worktree")
                .into());
        }
        if self.mode(attempt) != PermissionMode::Ask || cli.asks() || self.let_in.contains(&id) {
            return Ok(());
        }
        let input = serde_json::json!({ "prompt": task.order.prompt });
        let call = format!("{id}-{}-{}", task.turn, attempt.number);
        let wish = Wish { id: &call, tool: &id, input: &input };
        let reason = format!("{id} asks for no single call: once it runs, it works unasked in this worktree");
        match self.ask(&wish, &reason, control).await {
            Leave::Given { for_session } => {
                if for_session {
                    self.let_in.insert(id);
                }
                Ok(())
            }
            Leave::Interrupted => Err(Stop::Interrupted),
            Leave::NotPermitted(reason) => {
                Err(Failure::new(ErrorClass::Cancelled, format!("{id} was not started: {reason}"))
                    .hint("use --permissions auto, or a backend that asks for each call")
                    .into())
            }
            Leave::Refused => Err(Failure::new(
                ErrorClass::Cancelled,
                format!("{id} was not started: the user did not allow it"),
            )
            .hint("pick another backend, or send the prompt again")
            .into()),
        }
    }

    /// One run of the CLI, from what it has not heard yet to its end. A native session that is gone is left, and
    /// everything told anew.
    async fn run_cli(
        &mut self,
        cli: &CliBackend,
        task: &Task<'_>,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<Ran, Stop> {
        let id = attempt.backend.id().to_owned();
        let is_resumed = self.natives.of(&id, &self.session.conversation).is_some();
        let ran = self.run_once(cli, task, attempt, control).await?;
        let is_gone = is_resumed
            && !ran.was_heard
            && matches!(&ran.end.outcome, Err(error) if matches!(error.class,
                ErrorClass::NotFound | ErrorClass::BadResponse | ErrorClass::Internal | ErrorClass::ContextOverflow));
        if !is_gone {
            return Ok(ran);
        }
        self.natives.forget(&id);
        self.emit(AgentEvent::Notice(format!(
            "{id} does not know its session any more: it is told everything anew"
        )))
        .await;
        self.run_once(cli, task, attempt, control).await
    }

    async fn run_once(
        &mut self,
        cli: &CliBackend,
        task: &Task<'_>,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<Ran, Stop> {
        let id = attempt.backend.id().to_owned();
        let base = self.base_to_fold_on().await?;
        let job = self.cli_job(cli, attempt).await?;
        let resumes = cli.resumes(job.permissions);
        // What it was started with counts, whatever the user permits meanwhile.
        let read_only = job.permissions == PermissionMode::ReadOnly;
        let mut session = None;
        let began = Instant::now();
        let run = cli.start(job, &self.cli_setting(), &control.cancel).map_err(|error| {
            self.services.health.record(&id, Some((error.class, &error.message)), None, now_ms());
            Failure::from(error)
        })?;
        let mut told = Told::new(self, task.turn, base, read_only);
        // Whatever went wrong on our side: what the CLI said and did so far is put in order first.
        let (end, trouble) = match self.hear(run, &mut told, &mut session, attempt, control).await {
            Ok(end) => (end, None),
            Err(stop) => {
                let error = BackendError::new(ErrorClass::Internal, format!("{id} was not heard to its end"));
                let end = CliEnd { outcome: Err(error), usage: None, counted: None, cost_usd: None };
                (end, Some(stop))
            }
        };
        told.finish(self, attempt, &end).await?;
        // Where the sandbox held, what has changed is the user's own work.
        if read_only && !cli.read_only_enforced(&self.cli_setting()) {
            self.take_back_changes(&id, told.base.clone()).await?;
        } else if !read_only {
            self.keep_rest(&mut told, attempt).await?;
        }
        attempt.first_token = attempt.first_token.or(told.first_heard.map(|at| at - began));
        match &end.outcome {
            Ok(_) => {
                let latency = told.first_heard.map(|at| at - began);
                self.services.health.record(&id, None, latency, now_ms());
                if let Some(session) = session.filter(|_| resumes) {
                    self.natives.heard(&id, session, end.counted, &self.session.conversation);
                }
            }
            Err(error) => {
                self.services.health.record(&id, Some((error.class, &error.message)), None, now_ms());
                // What it has heard of this turn is not known: it is told anew.
                self.natives.forget(&id);
            }
        }
        if let Some(stop) = trouble {
            return Err(stop);
        }
        Ok(Ran { was_heard: told.first_heard.is_some(), text: told.last_words(), end })
    }

    /// One answer of the CLI to a question beside the conversation: it may look at the worktree, and change nothing.
    pub(super) async fn ask_cli_aside(
        &mut self,
        cli: &CliBackend,
        attempt: &mut Attempt,
        prompt: String,
        control: &mut Control,
    ) -> Result<String, Stop> {
        let id = attempt.backend.id().to_owned();
        let base = self.base_to_fold_on().await?;
        let job = CliJob {
            prompt,
            permissions: PermissionMode::ReadOnly,
            resume: None,
            ..self.cli_job(cli, attempt).await?
        };
        let mut run = cli.start(job, &self.cli_setting(), &control.cancel).map_err(Failure::from)?;
        let mut text = String::new();
        // The last message is the answer.
        let mut is_ended = false;
        let end = loop {
            match run.next().await {
                Some(CliEvent::Text(piece)) => {
                    if std::mem::take(&mut is_ended) {
                        text.clear();
                    }
                    text.push_str(&piece);
                }
                Some(CliEvent::Break | CliEvent::ToolCall { .. }) => is_ended = true,
                Some(CliEvent::Permission { id, .. }) => run.answer(&id, false),
                Some(CliEvent::Ended(end)) => break end,
                Some(_) => {}
                None => {
                    return Err(
                        Failure::new(ErrorClass::Internal, format!("{id} ended without a word")).into()
                    );
                }
            }
        };
        if !cli.read_only_enforced(&self.cli_setting()) {
            self.take_back_changes(&id, base).await?;
        }
        self.count_hosted(attempt, end.usage, end.cost_usd).await;
        match end.outcome {
            Ok(StopReason::Interrupted) => Err(Stop::Interrupted),
            Ok(_) => {
                self.services.health.record(&id, None, None, now_ms());
                Ok(text)
            }
            Err(error) if error.class == ErrorClass::Cancelled => Err(Stop::Interrupted),
            Err(error) => {
                self.services.health.record(&id, Some((error.class, &error.message)), None, now_ms());
                Err(Failure::from(error).into())
            }
        }
    }

    /// Takes everything in that the CLI tells, until it ends.
    async fn hear(
        &mut self,
        mut run: CliRun,
        told: &mut Told,
        session: &mut Option<String>,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<CliEnd, Stop> {
        let mut mask = Mask::new(self.services.clone());
        while let Some(event) = run.next().await {
            if !matches!(event, CliEvent::Text(_) | CliEvent::Thinking(_)) {
                let said = mask.flush();
                self.show(said).await?;
            }
            match event {
                CliEvent::Session(id) => *session = Some(id),
                CliEvent::Model(model) => self.learn_model(model, attempt).await,
                CliEvent::Text(text) => {
                    let text = told.text(text);
                    self.show(mask.text(&text)).await?;
                }
                CliEvent::Thinking(text) => {
                    told.thinking(&text);
                    self.show(mask.thinking(&text)).await?;
                }
                CliEvent::Break => told.end_message(),
                CliEvent::ToolCall { call, kind } => {
                    let call = told.call(call, kind);
                    let (id, name, input) = (call.id, call.name, call.input);
                    self.emit(AgentEvent::ToolCall { id, name, input }).await;
                }
                CliEvent::ToolOutput { id, text } => {
                    if let Some(id) = told.known_id(&id) {
                        self.emit(AgentEvent::ToolProgress { id, text }).await;
                    }
                }
                CliEvent::ToolResult { id, is_error, content } => {
                    told.result(self, &id, is_error, content, attempt).await?;
                }
                CliEvent::Permission { id, call, kind } => {
                    let allowed = self.permit_cli(&call, kind, attempt, control).await;
                    run.answer(&id, allowed);
                }
                CliEvent::Usage(usage) => told.usage = Some(usage),
                CliEvent::Retry { attempt: number, class, message } => {
                    let words = format!(
                        "{}: {message} ({class}); it tries again by itself ({number})",
                        attempt.backend.id()
                    );
                    self.emit(AgentEvent::Notice(words)).await;
                }
                CliEvent::Notice(message) => {
                    self.emit(AgentEvent::Notice(format!("{}: {message}", attempt.backend.id()))).await;
                }
                CliEvent::Ended(end) => return Ok(end),
            }
        }
        Err(Failure::new(ErrorClass::Internal, format!("{} ended without a word", attempt.backend.id()))
            .into())
    }

    /// Leave for a call that the CLI asks for: its tools are judged as ours that do the same.
    async fn permit_cli(
        &mut self,
        call: &ToolCall,
        kind: ToolKind,
        attempt: &Attempt,
        control: &mut Control,
    ) -> bool {
        self.heed(control);
        let mode = self.mode(attempt);
        // A title is no proof of what will run: where each change is asked for, the user reads it.
        let command = command_of(call, mode != PermissionMode::Ask);
        let judged = match (kind, command) {
            // Nothing but a rule of the user's speaks against looking.
            (ToolKind::Read, _) => Call::new("read", &call.input),
            (ToolKind::Edit, _) => Call::new("write", &call.input),
            (ToolKind::Other, Some(command)) => Call::shell(&command),
            (ToolKind::Other, None) => Call::new(&call.name, &call.input),
        };
        let wish = Wish { id: &call.id, tool: &call.name, input: &call.input };
        matches!(self.leave_for(&wish, &judged, mode, control).await, Leave::Given { .. })
    }

    async fn learn_model(&mut self, model: String, attempt: &mut Attempt) {
        if attempt.model.is_empty() {
            attempt.model.clone_from(&model);
            self.emit(AgentEvent::Model(model)).await;
            self.pending.route = Some(super::record::route(attempt));
        }
    }
}

/// The command that a call runs, as one line, where it tells one: as text, as a list of words, as several commands, or
/// as its title for people, where that may do.
fn command_of(call: &ToolCall, may_be_title: bool) -> Option<String> {
    let listed = |value: &Value, between: &str| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            words.map(|words| words.join(between))
        }
        _ => None,
    };
    let told = |name: &str, between| call.input.get(name).and_then(|value| listed(value, between));
    let title = || told("title", "").filter(|_| may_be_title && call.name == "execute");
    told("command", " ").or_else(|| told("cmd", " ")).or_else(|| told("commands", " && ")).or_else(title)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_is_found_however_it_is_told() {
        for (name, input, command) in [
            ("Bash", json!({"command": "ls -l"}), Some("ls -l")),
            ("shell", json!({"command": ["ls", "-l"]}), Some("ls -l")),
            ("exec_command", json!({"cmd": "ls"}), Some("ls")),
            ("run_commands", json!({"commands": ["ls", "rm a"]}), Some("ls && rm a")),
            ("execute", json!({"title": "rm a"}), Some("rm a")),
            ("other", json!({"title": "rm a"}), None),
            ("odd", json!({"command": {"a": 1}}), None),
        ] {
            let call = ToolCall { id: "1".into(), name: name.into(), input, signature: None };
            assert_eq!(command_of(&call, true).as_deref(), command, "{name}");
            let untitled = command.filter(|_| name != "execute");
            assert_eq!(command_of(&call, false).as_deref(), untitled, "{name}");
        }
    }
}
