//! Another backend looks at what a turn changed before it counts as done. Who gives no clear verdict has not
//! approved: a review fails closed.

use super::Agent;
use super::call::{Audience, CallEnd};
use super::control::Control;
use super::event::{AgentEvent, Failure, VerifyState};
use super::services::Situation;
use super::turn::{Attempt, Order, Task};
use super::work::Stop;
use crate::chat::{EntryKind, ErrorClass, Message};
use crate::ledger::TaskClass;
use crate::routing::Decision;
use crate::wire::Request;

const INSTRUCTIONS: &str = include_str!("../../assets/prompts/review.md");

/// Bytes of a diff that a reviewer is given; of a longer one it is told that it is cut.
const DIFF_CAP: usize = 200 * 1024;

/// What a reviewer said of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Approved,
    Rejected(String),
}

impl Agent {
    /// Whether the turn's changes pass: `false` when the model was told what is wrong and goes on.
    pub(super) async fn review(
        &mut self,
        task: &Task<'_>,
        attempt: &mut Attempt,
        corrections: &mut u32,
        control: &mut Control,
    ) -> Result<bool, Stop> {
        let who = self.services.settings.verify.review.trim().to_owned();
        if who.is_empty() {
            return Ok(true);
        }
        let diff = self.changes_of_turn(task.turn).await?;
        if diff.trim().is_empty() {
            return Ok(true);
        }
        let mut reviewer = self.reviewer(&who)?;
        let id = reviewer.backend.id().to_owned();
        self.emit(AgentEvent::Notice(format!("{id} reviews the change"))).await;
        let prompt = worded(&task.order.prompt, &diff);
        let said = self.ask_reviewer(&mut reviewer, prompt, control).await;
        self.write_review(task, &reviewer, &said).await;
        attempt.join(&reviewer);
        let command = format!("review by {id}");
        let verdict = match said {
            Ok(said) => judge(&said).ok_or_else(|| {
                Failure::new(ErrorClass::BadResponse, format!("{id} reviewed the change and gave no verdict"))
            }),
            Err(Stop::Failed(failure)) => Err(failure),
            Err(stop) => return Err(stop),
        };
        let (state, reasons) = match verdict {
            Ok(Verdict::Approved) => (VerifyState::Passed, None),
            Ok(Verdict::Rejected(reasons)) => (VerifyState::Failed, Some(reasons)),
            Err(failure) => {
                self.emit(AgentEvent::Verify { state: VerifyState::NotRun, command, exit: None }).await;
                let message = format!("the review by {id} could not be had: {}", failure.message);
                let hint = "the work is committed, but does not count as done; send another prompt to have it \
                            reviewed again, or set verify.review to another backend";
                return Err(Stop::Final(Failure::new(ErrorClass::Verification, message).hint(hint)));
            }
        };
        self.emit(AgentEvent::Verify { state, command, exit: None }).await;
        let Some(reasons) = reasons else { return Ok(true) };
        if *corrections < self.services.settings.router.max_local_retries {
            *corrections += 1;
            let words =
                format!("{id} has reviewed your changes and rejects them:\n\n{reasons}\n\nMend them.");
            self.say(task.turn, EntryKind::Steer(Message::user(words)))?;
            return Ok(false);
        }
        let message = format!("the review by {id} still rejects the change: {reasons}");
        let hint = "the work so far is committed; look at it with `offshoot show`, or say how to go on";
        Err(Failure::new(ErrorClass::Verification, message).hint(hint).into())
    }

    /// From the commit at which the turn began to the branch's head, as a unified diff.
    async fn changes_of_turn(&self, turn: u32) -> Result<String, Failure> {
        let base = self.session.conversation.entries().iter().find_map(|entry| match &entry.kind {
            EntryKind::Prompt { base, .. } if entry.turn == turn => base.clone(),
            _ => None,
        });
        self.keeper
            .run(move |repo, held| {
                let Some(head) = held.head()? else { return Ok(String::new()) };
                let base = base.map(|base| repo.resolve(&base)).transpose()?;
                Ok(repo.patch(base.as_ref().map(crate::git::CommitId::object), head.object())?)
            })
            .await
    }

    /// The backend that the settings name, by its id or by a role.
    fn reviewer(&self, who: &str) -> Result<Attempt, Stop> {
        let is_role = self.services.settings.roles.contains_key(who);
        let order = Order {
            backend: (!is_role).then(|| who.to_owned()),
            role: is_role.then(|| who.to_owned()),
            ..Order::default()
        };
        let (decision, backend) = self
            .services
            .decide(&order, &Situation { task: Some(TaskClass::Advisory), ..Situation::default() })
            .map_err(|failure| {
                let message = format!("verify.review names \"{who}\": {}", failure.message);
                Stop::Final(Failure { message, ..failure })
            })?;
        let decision = Decision { reason: "verify.review".to_owned(), ..decision };
        let mut reviewer = self.attempt(&order, 1, decision, backend);
        reviewer.is_review = true;
        Ok(reviewer)
    }

    async fn ask_reviewer(
        &mut self,
        reviewer: &mut Attempt,
        prompt: String,
        control: &mut Control,
    ) -> Result<String, Stop> {
        if let Some(cli) = reviewer.backend.as_cli().cloned() {
            let prompt = format!("{}\n\n{prompt}", INSTRUCTIONS.trim());
            return self.ask_cli_aside(&cli, reviewer, prompt, control).await;
        }
        let request = Request {
            model: reviewer.model.clone(),
            system: INSTRUCTIONS.trim().to_owned(),
            messages: vec![Message::user(prompt)],
            max_output_tokens: reviewer.backend.settings().max_output_tokens,
            effort: reviewer.effort,
            stream: true,
            ..Request::default()
        };
        match self.call(reviewer, &request, Audience::Nobody, &control.cancel).await {
            CallEnd::Answered(called) => {
                self.count(reviewer, called.usage).await;
                Ok(called.message.text())
            }
            CallEnd::Interrupted(called) => {
                self.count(reviewer, called.usage).await;
                Err(Stop::Interrupted)
            }
            CallEnd::Unjournaled(error) => Err(error.into()),
            CallEnd::Failed(error, _) => Err(Failure::from(error).into()),
        }
    }
}

fn worded(task: &str, diff: &str) -> String {
    let end = (0..=diff.len().min(DIFF_CAP)).rev().find(|at| diff.is_char_boundary(*at)).unwrap_or(0);
    let rest = if end < diff.len() {
        "\n[the rest of the diff is left out here: look at the files themselves]"
    } else {
        ""
    };
    format!("What was asked:\n\n{task}\n\nThe change, as a diff:\n\n{}{rest}", &diff[..end])
}

/// The verdict is the last line that says anything; other words do not count.
fn judge(said: &str) -> Option<Verdict> {
    let said = said.trim();
    let (reasons, last) = said.rsplit_once('\n').unwrap_or(("", said));
    let last = last.trim().trim_matches(['*', '`', '.', ' ']).to_ascii_lowercase();
    match last.strip_prefix("verdict:")?.trim() {
        "approve" => Some(Verdict::Approved),
        "reject" => Some(Verdict::Rejected(reasons.trim().to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_last_line_is_a_verdict() {
        let rejected = |reasons: &str| Some(Verdict::Rejected(reasons.to_owned()));
        for (said, verdict) in [
            ("Fine.\n\nVERDICT: approve", Some(Verdict::Approved)),
            ("VERDICT: approve\n", Some(Verdict::Approved)),
            ("**Verdict: Approve**", Some(Verdict::Approved)),
            ("a.rs:3 is wrong.\nVERDICT: reject", rejected("a.rs:3 is wrong.")),
            ("VERDICT: approve\nbut wait", None),
            ("I would approve this.", None),
            ("VERDICT: approve or reject", None),
            ("", None),
        ] {
            assert_eq!(judge(said), verdict, "{said}");
        }
    }

    #[test]
    fn a_long_diff_is_cut_and_said_to_be() {
        let text = worded("task", &"é".repeat(DIFF_CAP));
        assert!(text.len() < DIFF_CAP + 500 && text.contains("left out here"));
    }
}
