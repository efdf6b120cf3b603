//! Leave for what an agent wants to do: by the permissions, else by the user, if somebody is there.

use serde_json::Value;

use super::Agent;
use super::control::Control;
use super::event::{AgentEvent, Answer, Approval, ApprovalState};
use crate::tools::permissions::{self, Call, Mode, Scope, Verdict};

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leave {
    /// `for_session`: and for the same in this session.
    Given {
        for_session: bool,
    },
    /// By the permissions, which say why, or since nobody is there to ask.
    NotPermitted(String),
    /// By the user.
    Refused,
    Interrupted,
}

/// Something that needs leave.
pub(super) struct Wish<'a> {
    /// For the answer.
    pub id: &'a str,
    /// As it is shown.
    pub tool: &'a str,
    pub input: &'a Value,
}

impl Agent {
    /// Leave for a call, as `judged`.
    pub(super) async fn leave_for(
        &mut self,
        wish: &Wish<'_>,
        judged: &Call,
        mode: Mode,
        control: &mut Control,
    ) -> Leave {
        match permissions::judge(mode, &self.rules, &self.remembered, judged, &self.places) {
            Verdict::Allow => Leave::Given { for_session: false },
            Verdict::Deny { reason } => {
                self.tell_approval(wish, &reason, ApprovalState::Denied).await;
                Leave::NotPermitted(reason)
            }
            Verdict::Ask { reason } => {
                let leave = self.ask(wish, &reason, control).await;
                if leave == (Leave::Given { for_session: true })
                    // The narrowest rule that covers the call: the user said yes to this and no more.
                    && let Some(rule) = permissions::suggestions(judged).into_iter().next()
                {
                    let answer = permissions::Answer { scope: Scope::Session, rule, allow: true };
                    let _ = self.remembered.remember(answer);
                }
                leave
            }
        }
    }

    /// Asks the user; the reason completes "asks, because …".
    pub(super) async fn ask(&mut self, wish: &Wish<'_>, reason: &str, control: &mut Control) -> Leave {
        if !self.can_ask {
            self.tell_approval(wish, reason, ApprovalState::Denied).await;
            return Leave::NotPermitted(format!("{reason}, and nobody is there to ask"));
        }
        self.tell_approval(wish, reason, ApprovalState::Pending).await;
        let answer = loop {
            tokio::select! {
                biased;
                () = control.cancel.cancelled() => break None,
                answer = control.answers.recv() => match answer {
                    Some((id, answer)) if id == wish.id => break Some(answer),
                    Some(_) => {}
                    None => break None,
                },
            }
        };
        let (leave, state) = match answer {
            Some(Answer::Allow) => (Leave::Given { for_session: false }, ApprovalState::Allowed),
            Some(Answer::AllowForSession) => (Leave::Given { for_session: true }, ApprovalState::Allowed),
            Some(Answer::Deny) => (Leave::Refused, ApprovalState::Denied),
            None => (Leave::Interrupted, ApprovalState::Denied),
        };
        self.tell_approval(wish, reason, state).await;
        leave
    }

    async fn tell_approval(&self, wish: &Wish<'_>, reason: &str, decision: ApprovalState) {
        let approval = Approval {
            id: wish.id.to_owned(),
            tool: wish.tool.to_owned(),
            input: shown(wish.input),
            reason: reason.to_owned(),
            decision,
        };
        self.emit(AgentEvent::Approval(approval)).await;
    }
}

/// The input without the bulk of long texts: enough to decide by.
fn shown(input: &Value) -> Value {
    match input {
        Value::String(text) if text.len() > 4000 => {
            let head: String = text.chars().take(4000).collect();
            Value::String(format!("{head}…"))
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shown(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
