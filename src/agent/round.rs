//! A round: the tool calls of one answer, judged, run, and answered every one. Calls that only read
//! run side by side, and so do agents that are started; all others wait their turn.

use super::Agent;
use super::approval::{Leave, Wish};
use super::control::Control;
use super::event::{AgentEvent, Failure};
use super::turn::{Attempt, Task};
use crate::chat::{StopReason, ToolCall, ToolResult};
use crate::tools::permissions::Call;
use crate::tools::{self, Progress, Tool, ToolContext, ToolOutput, Touched};
use futures::StreamExt;
use futures::stream::FuturesOrdered;

/// Reads that run at once.
const PARALLEL: usize = 8;

/// What a round came to.
pub(super) struct Round {
    /// One for each call, in their order.
    pub results: Vec<ToolResult>,
    /// For a person, one for each call.
    pub summaries: Vec<String>,
    pub touched: Touched,
    pub interrupted: bool,
}

impl Round {
    fn add(&mut self, call: &ToolCall, output: ToolOutput) {
        self.touched = merge(std::mem::replace(&mut self.touched, Touched::Nothing), output.touched);
        self.summaries.push(output.summary);
        self.results.push(ToolResult {
            id: call.id.clone(),
            name: call.name.clone(),
            is_error: output.is_error,
            content: output.content,
        });
    }
}

impl Agent {
    pub(super) async fn round(
        &mut self,
        calls: &[ToolCall],
        stop: Option<StopReason>,
        task: &Task<'_>,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<Round, Failure> {
        let mut round = Round {
            results: Vec::new(),
            summaries: Vec::new(),
            touched: Touched::Nothing,
            interrupted: false,
        };
        let mut next = 0;
        while next < calls.len() {
            let rest = &calls[next..];
            let reads = rest.iter().take_while(|call| is_read(call)).take(PARALLEL).count();
            let agents = rest.iter().take_while(|call| is_agent(call)).count();
            let batch = &rest[..reads.max(agents).max(1)];
            next += batch.len();
            let mut allowed = Vec::new();
            for call in batch {
                let event = AgentEvent::ToolCall {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    input: call.input.clone(),
                };
                self.emit(event).await;
                allowed.push(if control.cancel.is_cancelled() {
                    Err(ToolOutput::error("not run: the user interrupted"))
                } else if stop == Some(StopReason::MaxTokens) && !call.input.is_object() {
                    Err(ToolOutput::error(
                        "not run: your answer was cut off at its output limit in the middle of this call; \
                         make smaller calls",
                    ))
                } else {
                    self.permit(call, attempt, control).await
                });
            }
            let outputs = if agents > 0 {
                self.run_children(batch, allowed, task, attempt, control).await?
            } else {
                self.run_batch(batch, allowed, control).await
            };
            for (call, output) in batch.iter().zip(outputs) {
                round.add(call, output);
                let result = round.results.last().expect("one was just added");
                self.journal.result(result, &self.services.secrets)?;
                let event = AgentEvent::ToolResult {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    is_error: result.is_error,
                    summary: round.summaries.last().cloned().unwrap_or_default(),
                    content: result.content_text(),
                };
                self.emit(event).await;
            }
        }
        round.interrupted = control.cancel.is_cancelled();
        Ok(round)
    }

    async fn run_batch(
        &self,
        calls: &[ToolCall],
        allowed: Vec<Result<(), ToolOutput>>,
        control: &Control,
    ) -> Vec<ToolOutput> {
        let runs: FuturesOrdered<_> = calls
            .iter()
            .zip(allowed)
            .map(|(call, allowed)| async move {
                match allowed {
                    Err(output) => output,
                    Ok(()) => self.run_one(call, control).await,
                }
            })
            .collect();
        runs.collect().await
    }

    /// Runs a call, showing what it prints while it runs.
    async fn run_one(&self, call: &ToolCall, control: &Control) -> ToolOutput {
        let (progress, mut reader) = Progress::channel();
        let context = ToolContext { cancel: control.cancel.clone(), progress, ..self.tools.clone() };
        let run = tools::run(call, &context);
        tokio::pin!(run);
        loop {
            tokio::select! {
                output = &mut run => return output,
                Some(printed) = reader.next() => {
                    self.emit(AgentEvent::ToolProgress { id: call.id.clone(), text: printed.text }).await;
                }
            }
        }
    }

    /// Lets a call through, or says with what result it is answered instead.
    async fn permit(
        &mut self,
        call: &ToolCall,
        attempt: &Attempt,
        control: &mut Control,
    ) -> Result<(), ToolOutput> {
        let is_offered = || self.tool_specs(attempt).iter().any(|tool| tool.name == call.name);
        if Tool::by_name(&call.name).is_none() && !is_offered() {
            // Nobody runs it: the model is told which tools there are.
            return Ok(());
        }
        if let Some(tool) = Tool::by_name(&call.name)
            && !self.has_tool(tool)
        {
            return Err(ToolOutput::error(format!("not run: `{}` is not among your tools", tool.name())));
        }
        self.heed(control);
        let mode = self.mode(attempt);
        let wish = Wish { id: &call.id, tool: &call.name, input: &call.input };
        match self.leave_for(&wish, &Call::new(&call.name, &call.input), mode, control).await {
            Leave::Given { .. } => Ok(()),
            Leave::NotPermitted(reason) => Err(ToolOutput::error(format!("not permitted: {reason}"))),
            Leave::Refused => Err(ToolOutput::error("the user did not allow this call")),
            Leave::Interrupted => Err(ToolOutput::error("not run: the user interrupted")),
        }
    }
}

fn is_agent(call: &ToolCall) -> bool {
    Tool::by_name(&call.name) == Some(Tool::Agent)
}

fn is_read(call: &ToolCall) -> bool {
    Tool::by_name(&call.name).is_some_and(Tool::is_read_only)
}

fn merge(one: Touched, other: Touched) -> Touched {
    match (one, other) {
        (Touched::Unknown, _) | (_, Touched::Unknown) => Touched::Unknown,
        (Touched::Nothing, touched) | (touched, Touched::Nothing) => touched,
        (Touched::Paths(mut paths), Touched::Paths(more)) => {
            paths.extend(more);
            paths.sort();
            paths.dedup();
            Touched::Paths(paths)
        }
    }
}
