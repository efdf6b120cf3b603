//! Events of an agent become cells.

use serde_json::Value;

use super::cell::{
    Answer, Approval, Call, CallState, Cell, Commit, Counts, Detail, Kind, Route, ShellOutcome, ShellRun,
    Verify,
};
use super::tail::Tail;
use super::{Stream, Streamed, Transcript};
use crate::agent::{AgentEvent, ApprovalState, ChildNews, EndReason, Routed, StepTaken, TurnEnd};
use crate::chat::sanitise;

use crate::workbench::words::{count, describe, dollars, tokens};
use crate::workbench::{Audience, ShellEnd, ShellEvent};

/// A control sequence that is longer than this is none.
const LONGEST_SEQUENCE: usize = 256;

/// A part of an answer that is longer than this, in bytes, is not laid out anew for each frame while it grows …
const LONG: usize = 32 * 1024;
/// … but when so large a part of it is new.
const PATIENCE: usize = 16;

impl Transcript {
    /// Shows what an agent tells.
    pub fn feed(&mut self, turn: u32, event: &AgentEvent) {
        match event {
            AgentEvent::Text(text) => self.stream(turn, text, false),
            AgentEvent::Thinking(text) => self.stream(turn, text, true),
            AgentEvent::Restarted => self.restart(turn),
            AgentEvent::ToolProgress { id, text } => {
                if let Some(at) = self.call(id)
                    && let Kind::Call(call) = &mut self.cells[at].kind
                {
                    call.output.push(&sanitise(text));
                    self.cells[at].touch();
                }
            }
            AgentEvent::ToolResult { id, is_error, summary, content, .. } => {
                self.result(id, *is_error, summary, content);
            }
            AgentEvent::Child(news) => self.child(news),
            AgentEvent::Approval(asked) => self.approval(turn, asked),
            AgentEvent::TurnBegan { prompt, .. } => {
                self.answer_from = None;
                self.push(turn, Kind::Prompt(plain(prompt)));
            }
            AgentEvent::Steered { text } => self.push(turn, Kind::Steer(plain(text))),
            AgentEvent::Route(routed) => self.push(turn, Kind::Route(route(routed))),
            AgentEvent::Fallback { from, to, message, .. } => {
                let (who, why) = (format!("{from} → {to}"), plain(message));
                self.push(turn, Kind::Route(Route { who, why, is_fallback: true }));
            }
            AgentEvent::ToolCall { id, name, input } => {
                self.end_stream();
                self.answer_from = None;
                self.push(turn, Kind::Call(call(id, name, input)));
            }
            AgentEvent::Step(step) => self.push(turn, Kind::Commit(commit(step))),
            AgentEvent::Verify { state, command, exit } => {
                let verify = Verify { state: *state, command: plain(command), exit: *exit };
                self.push(turn, Kind::Verify(verify));
            }
            AgentEvent::Notice(text) => self.push(turn, Kind::Notice(plain(text))),
            AgentEvent::Error(failure) => {
                let hint = failure.hint.as_deref().map(plain);
                self.push(turn, Kind::Failure { message: plain(&failure.message), hint });
            }
            AgentEvent::TurnEnded(end) => self.turn_ended(turn, end),
            AgentEvent::Stuck(stuck) => self.push(turn, Kind::Notice(plain(&stuck.told()))),
            AgentEvent::Usage { .. }
            | AgentEvent::Context(_)
            | AgentEvent::Confidence(_)
            | AgentEvent::Model(_)
            | AgentEvent::Edits(_) => {}
        }
    }

    /// Shows what a command of the user's does.
    pub fn feed_shell(&mut self, turn: u32, event: &ShellEvent) {
        match event {
            ShellEvent::Began { id, command, audience } => {
                let run = ShellRun {
                    id: *id,
                    command: plain(command),
                    is_private: *audience == Audience::User,
                    output: Tail::default(),
                    end: None,
                };
                self.push(turn, Kind::Shell(run));
            }
            ShellEvent::Output { id, text, .. } => {
                self.with_shell(*id, |run| run.output.push(&sanitise(text)));
            }
            ShellEvent::Ended { id, exit, text, elapsed_ms, .. } => {
                let end = shell_end(exit, *elapsed_ms);
                // What was streamed may have gaps; what the command gave has none but its middle.
                self.with_shell(*id, |run| {
                    run.output = Tail::of(&sanitise(text));
                    run.end = Some(end);
                });
            }
        }
    }

    fn with_shell(&mut self, id: u64, change: impl FnOnce(&mut ShellRun)) {
        let found = self.cells.iter_mut().rev().find_map(|cell| match &mut cell.kind {
            Kind::Shell(run) if run.id == id && run.end.is_none() => Some(cell),
            _ => None,
        });
        if let Some(cell) = found {
            if let Kind::Shell(run) = &mut cell.kind {
                change(run);
            }
            cell.touch();
        }
    }

    /// What arrived becomes cells: once a frame, however many pieces came. A part that grew very long is laid
    /// out anew only when it is longer by a part of itself.
    pub(super) fn sync_stream(&mut self) {
        let Some(stream) = &self.stream else { return };
        let growing = match &stream.what {
            Streamed::Answer(splitter) => splitter.blocks().last().map_or(0, |block| block.source().len()),
            Streamed::Thinking => 0,
        };
        if growing < LONG || stream.arrived.len() >= growing / PATIENCE {
            self.take_arrived(false);
        }
    }

    /// With its end, what is held back counts too.
    fn take_arrived(&mut self, is_end: bool) {
        let Some(stream) = &mut self.stream else { return };
        if stream.arrived.is_empty() {
            return;
        }
        let arrived = std::mem::take(&mut stream.arrived);
        let (ready, held) = if is_end { (arrived.as_str(), "") } else { cut_sequence(&arrived) };
        held.clone_into(&mut stream.arrived);
        let text = sanitise(ready);
        match &mut stream.what {
            Streamed::Answer(splitter) => {
                splitter.push(&text);
                self.show_blocks();
            }
            Streamed::Thinking => {
                let cell = &mut self.cells[stream.first];
                if let Kind::Thinking(thought) = &mut cell.kind {
                    thought.push_str(&text);
                }
                cell.touch();
            }
        }
    }

    fn show_blocks(&mut self) {
        let Some(Stream { what: Streamed::Answer(splitter), first, turn, whole, .. }) = &mut self.stream
        else {
            return;
        };
        let blocks = splitter.blocks();
        let (first, turn) = (*first, *turn);
        // What was whole the last time is shown as it is; what became whole since may have grown before.
        let known = std::mem::replace(whole, splitter.finished());
        // The last lines may turn out to belong to a block before.
        self.cells.truncate(first + blocks.len());
        for (number, block) in blocks.iter().enumerate().skip(known) {
            match self.cells.get_mut(first + number) {
                Some(Cell { kind: Kind::Answer(answer), .. }) if answer.block.source() == block.source() => {}
                Some(cell) => {
                    if let Kind::Answer(answer) = &mut cell.kind {
                        answer.grow(block.clone());
                    }
                    cell.touch();
                }
                None => self.cells.push(Cell::new(turn, Kind::Answer(Answer::new(block.clone())))),
            }
        }
    }

    /// Nothing more comes of what was streamed.
    pub(super) fn end_stream(&mut self) {
        self.take_arrived(true);
        self.stream = None;
    }

    fn stream(&mut self, turn: u32, delta: &str, is_thinking: bool) {
        let goes_on = match &self.stream {
            Some(Stream { what: Streamed::Answer(_), .. }) => !is_thinking,
            Some(Stream { what: Streamed::Thinking, .. }) => is_thinking,
            None => false,
        };
        if !goes_on {
            self.end_stream();
            let first = self.cells.len();
            self.answer_from.get_or_insert(first);
            let what = if is_thinking {
                self.cells.push(Cell::new(turn, Kind::Thinking(String::new())));
                Streamed::Thinking
            } else {
                Streamed::Answer(Box::default())
            };
            self.stream = Some(Stream { what, first, turn, whole: 0, arrived: String::new() });
        }
        if let Some(stream) = &mut self.stream {
            stream.arrived.push_str(delta);
        }
    }

    /// What was shown of an answer that broke off stands for nothing.
    fn restart(&mut self, turn: u32) {
        self.stream = None;
        if let Some(from) = self.answer_from.take() {
            // What the user did meanwhile stays.
            let meanwhile = self.cells.split_off(from.min(self.cells.len()));
            self.cells.extend(
                meanwhile
                    .into_iter()
                    .filter(|cell| !matches!(cell.kind, Kind::Answer(_) | Kind::Thinking(_))),
            );
        }
        self.push(turn, Kind::Notice("the answer broke off and begins anew".to_owned()));
    }

    fn call(&self, id: &str) -> Option<usize> {
        self.cells.iter().rposition(|cell| matches!(&cell.kind, Kind::Call(call) if call.id == id))
    }

    pub(super) fn result(&mut self, id: &str, is_error: bool, summary: &str, content: &str) {
        let Some(at) = self.call(id) else { return };
        if let Kind::Call(call) = &mut self.cells[at].kind {
            call.state = if is_error { CallState::Bad } else { CallState::Good };
            plain(summary).lines().next().unwrap_or_default().clone_into(&mut call.summary);
            if !matches!(call.detail, Detail::Change { .. }) || is_error {
                call.output = Tail::of(&sanitise(content));
            }
        }
        self.cells[at].touch();
    }

    fn child(&mut self, news: &ChildNews) {
        let Some(at) = self.call(&news.call) else { return };
        if let Kind::Call(call) = &mut self.cells[at].kind {
            call.child = Some(plain(&crate::tui::words::child(news)));
        }
        self.cells[at].touch();
    }

    fn approval(&mut self, turn: u32, asked: &crate::agent::Approval) {
        let shown = Approval {
            id: asked.id.clone(),
            about: plain(&describe(&asked.tool, &asked.input)),
            reason: plain(&asked.reason),
            state: asked.decision,
        };
        let pending = self.cells.iter_mut().rev().find(|cell| {
            matches!(&cell.kind, Kind::Approval(one) if one.id == shown.id && one.state == ApprovalState::Pending)
        });
        match pending {
            Some(cell) => {
                cell.kind = Kind::Approval(shown);
                cell.touch();
            }
            None => self.push(turn, Kind::Approval(shown)),
        }
    }

    fn turn_ended(&mut self, turn: u32, end: &TurnEnd) {
        self.end_stream();
        self.answer_from = None;
        // A call that got no result was stopped.
        for cell in self.cells.iter_mut().rev().take_while(|cell| cell.turn == turn) {
            if let Kind::Call(call) = &mut cell.kind
                && call.state == CallState::Running
            {
                call.state = CallState::Bad;
                cell.touch();
            }
        }
        let (word, is_good) = match end.reason {
            EndReason::Done => (None, true),
            EndReason::Failed => (Some("failed"), false),
            EndReason::Budget => (Some("stopped: the budget is used up"), false),
            EndReason::Interrupted => (Some("interrupted"), false),
        };
        let mut told: Vec<String> = word.map(str::to_owned).into_iter().collect();
        if !end.commits.is_empty() {
            told.push(count(end.commits.len(), "step"));
        }
        let used = end.usage.input + end.usage.cache_read + end.usage.cache_write;
        if used + end.usage.output > 0 {
            told.push(format!("{} in, {} out", tokens(used), tokens(end.usage.output)));
            told.push(dollars(end.cost_usd));
        }
        if !told.is_empty() {
            self.push(turn, Kind::End { text: told.join(" · "), is_good });
        }
    }
}

/// Text with nothing in it that a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    sanitise(text).into_owned()
}

/// The text, and the start of a control sequence at its end whose rest may still come.
fn cut_sequence(text: &str) -> (&str, &str) {
    match text.rfind(['\u{1b}', '\u{9b}']) {
        Some(at) if text.len() - at < LONGEST_SEQUENCE && sanitise(&text[at..]).is_empty() => {
            text.split_at(at)
        }
        _ => (text, ""),
    }
}

pub(super) fn call(id: &str, name: &str, input: &Value) -> Call {
    let text = |key: &str| input.get(key).and_then(Value::as_str).map(plain);
    let first = |keys: &[&str]| keys.iter().find_map(|key| text(key));
    let old = first(&["old_string", "old_text", "old"]);
    let new = first(&["new_string", "new_text", "new", "content"]);
    let path = text("path").or_else(|| text("file_path"));
    let detail = match (name, old, new, first(&["patch", "command"])) {
        ("edit" | "write", old, Some(new), _) => {
            Detail::Change { path: path.unwrap_or_default(), old: old.unwrap_or_default(), new }
        }
        ("bash" | "apply_patch", _, _, Some(text)) if text.lines().count() > 1 => Detail::Command(text),
        ("bash" | "apply_patch" | "read" | "ls", ..) => Detail::Nothing,
        _ => match serde_json::to_string_pretty(input) {
            Ok(text) if text.lines().count() > 3 => Detail::Input(plain(&text)),
            _ => Detail::Nothing,
        },
    };
    let about = describe(name, input);
    let about = about.strip_prefix(name).unwrap_or(&about).trim_start();
    Call {
        id: id.to_owned(),
        name: plain(name),
        about: plain(about),
        detail,
        state: CallState::Running,
        output: Tail::default(),
        summary: String::new(),
        child: None,
    }
}

fn commit(step: &StepTaken) -> Commit {
    Commit {
        hash: step.commit.clone(),
        subject: plain(&step.subject),
        counts: Some(Counts { files: step.files, insertions: step.insertions, deletions: step.deletions }),
        step: Some(step.step),
    }
}

fn route(routed: &Routed) -> Route {
    let model = if routed.model.is_empty() { String::new() } else { format!("/{}", routed.model) };
    let role = routed.role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
    Route {
        who: plain(&format!("{}{model}{role}", routed.decision.backend)),
        why: plain(&routed.decision.reason),
        is_fallback: false,
    }
}

fn shell_end(exit: &ShellEnd, elapsed_ms: u64) -> ShellOutcome {
    let took = crate::tui::words::duration(std::time::Duration::from_millis(elapsed_ms));
    let (text, is_good) = match exit {
        ShellEnd::Exited(0) => (took, true),
        ShellEnd::Exited(code) => (format!("exit code {code} · {took}"), false),
        ShellEnd::Signalled(signal) => (format!("killed by signal {signal} · {took}"), false),
        ShellEnd::Stopped => (format!("stopped · {took}"), false),
        ShellEnd::TimedOut => (format!("stopped: its time was over · {took}"), false),
        ShellEnd::Failed(why) => (plain(why), false),
    };
    ShellOutcome { text, is_good }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(transcript: &Transcript) -> String {
        let source = |cell: &Cell| match &cell.kind {
            Kind::Answer(answer) => answer.block.source().to_owned(),
            Kind::Thinking(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        transcript.cells().iter().map(source).collect()
    }

    #[test]
    fn however_deltas_and_frames_fall_an_answer_is_shown_whole() {
        let text =
            "One\ntwo *three*.\n\n- a\n- b\n\n```rust\nfn main() {}\n```\n\nThe \u{1b}[31mend\u{1b}[0m.\n"
                .repeat(3);
        for delta in [1, 2, 7, 40] {
            for frame in [1, 3, 11] {
                let mut transcript = Transcript::default();
                let letters: Vec<char> = text.chars().collect();
                for (number, letters) in letters.chunks(delta).enumerate() {
                    transcript.feed(1, &AgentEvent::Text(letters.iter().collect()));
                    if number % frame == 0 {
                        transcript.arrange(80, 20);
                    }
                }
                transcript.arrange(80, 20);
                assert_eq!(said(&transcript), sanitise(&text), "{delta} {frame}");
            }
        }
    }

    #[test]
    fn a_very_long_part_is_shown_in_steps_and_whole_at_its_end() {
        let mut transcript = Transcript::default();
        let word = "word ".repeat(20);
        let mut looks = 0;
        for count in 1..=4_000 {
            let before = transcript.cells().last().map(|cell| cell.words()[0].len());
            transcript.feed(1, &AgentEvent::Text(word.clone()));
            transcript.arrange(80, 20);
            let shown = said(&transcript).len();
            looks += usize::from(before != Some(shown));
            assert!(shown >= count * word.len() * 9 / 10, "{shown} of {}", count * word.len());
        }
        assert!(looks < 450, "{looks}");
        transcript.end_stream();
        assert_eq!(said(&transcript).len(), 4_000 * word.len());
    }

    #[test]
    fn thinking_is_shown_once_a_frame() {
        let mut transcript = Transcript::default();
        for piece in ["I \u{1b}[3", "1mthink", " so"] {
            transcript.feed(1, &AgentEvent::Thinking(piece.to_owned()));
        }
        transcript.arrange(80, 20);
        assert_eq!(said(&transcript), "I think so");
    }
}
