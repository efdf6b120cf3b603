//! What a commit is owed to: a step of an agent, with the prompt that it answers, or a person. A commit by which work
//! landed on another branch leads to the steps behind it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::load::load;
use super::walk::walk;
use super::{SessionError, session_ref};
use crate::chat::Usage;
use crate::git::codec::{Came, Frame, Route, StepKind, came, frames, people};
use crate::git::{CommitData, CommitId, Person, Repo};

/// Whom or what a commit is owed to.
#[derive(Debug, Clone, PartialEq)]
pub enum Credit {
    Step(Box<StepCredit>),
    Person(PersonCredit),
}

/// A step of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct StepCredit {
    pub commit: CommitId,
    pub session: String,
    /// The branch of the session, without `refs/heads/`.
    pub branch: Option<String>,
    /// The first words of the session.
    pub title: Option<String>,
    pub turn: u32,
    pub step: u32,
    /// The user's words that it answers; as far as they are known here.
    pub prompt: Option<String>,
    pub subject: String,
    pub route: Option<Route>,
    /// Of this step.
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    /// Seconds since 1970.
    pub time: i64,
}

/// A commit that no agent made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCredit {
    pub commit: CommitId,
    pub author: Person,
    pub subject: String,
    /// Seconds since 1970.
    pub time: i64,
}

/// Looks up what commits are owed to; what was found once is kept.
pub struct Credits<'r> {
    repo: &'r Repo,
    known: HashMap<CommitId, Credit>,
    prompts: HashMap<(String, u32), Option<String>>,
}

/// The trailer that says of which commit one is a copy.
const PICKED_FROM: &str = "Offshoot-Picked-From: ";

/// How many landings are looked through, one behind the other.
const DEPTH: usize = 8;

impl Credit {
    pub fn commit(&self) -> &CommitId {
        match self {
            Self::Step(step) => &step.commit,
            Self::Person(person) => &person.commit,
        }
    }
}

impl<'r> Credits<'r> {
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, known: HashMap::new(), prompts: HashMap::new() }
    }

    /// Of a copy of a step, the credit is that step's.
    pub fn of(&mut self, commit: &CommitId) -> Result<Credit, SessionError> {
        self.at(commit, DEPTH)
    }

    fn at(&mut self, commit: &CommitId, depth: usize) -> Result<Credit, SessionError> {
        if let Some(known) = self.known.get(commit) {
            return Ok(known.clone());
        }
        let data = self.repo.commit(commit)?;
        let original = came(&data.message).into_iter().rev().find_map(|came| match came {
            Came::Picked(from) => CommitId::parse(&from).ok().filter(|_| depth > 0),
            Came::Landed(_) => None,
        });
        let credit = match original.filter(|original| self.repo.commit(original).is_ok()) {
            Some(original) => self.at(&original, depth - 1)?,
            None => self.read(&data)?,
        };
        self.known.insert(commit.clone(), credit.clone());
        Ok(credit)
    }

    fn read(&mut self, data: &CommitData) -> Result<Credit, SessionError> {
        let (subject, quoted, _) = people(&data.message);
        // A copy whose original is gone still says all that the step said.
        let message = without(&data.message, PICKED_FROM);
        // A message that somebody cut or edited is that of a person.
        let found = frames(&message).unwrap_or_default();
        let Some(frame) = found.iter().rev().find(|frame| frame.stamp.kind == StepKind::Step) else {
            return Ok(Credit::Person(PersonCredit {
                commit: data.id.clone(),
                author: data.author.clone(),
                subject,
                time: data.time,
            }));
        };
        let prompt = match self.prompt(data, frame) {
            Ok(prompt) => prompt.or(quoted),
            Err(SessionError::Codec { .. }) => quoted,
            Err(error) => return Err(error),
        };
        let stamp = frame.stamp.clone();
        Ok(Credit::Step(Box::new(StepCredit {
            commit: data.id.clone(),
            session: stamp.session,
            branch: stamp.branch,
            title: stamp.title,
            turn: stamp.turn,
            step: stamp.step,
            prompt,
            subject,
            route: stamp.route,
            usage: stamp.usage,
            cost_usd: stamp.cost_usd,
            time: data.time,
        })))
    }

    /// The prompt that a step answers: in its own commit, in one below it, or in the session as it is known here.
    fn prompt(&mut self, data: &CommitData, frame: &Frame<'_>) -> Result<Option<String>, SessionError> {
        let (session, turn) = (frame.stamp.session.clone(), frame.stamp.turn);
        if let Some(known) = self.prompts.get(&(session.clone(), turn)) {
            return Ok(known.clone());
        }
        let of = |frame: &Frame<'_>| {
            frame.prompts().into_iter().rfind(|(of, _)| *of == turn).map(|(_, text)| text)
        };
        let mut found = of(frame);
        if found.is_none() {
            walk(self.repo, &data.id, Some(&session), |_, frames| {
                found = frames.iter().rev().find_map(of);
                let is_past =
                    frames.iter().any(|frame| frame.stamp.turn < turn && !frame.messages.is_empty());
                Ok(if found.is_some() || is_past {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        }
        if found.is_none() && self.repo.read_ref(&session_ref(&session))?.is_some() {
            // Rebased or picked one by one: only the session's own line has it.
            found =
                load(self.repo, Some(&session)).ok().and_then(|session| session.conversation.prompt(turn));
        }
        self.prompts.insert((session, turn), found.clone());
        Ok(found)
    }
}

/// The head that stands behind a commit by which several steps came to its branch in one; nothing when it is no such
/// commit, or what it names is not here.
pub(super) fn landed_from(repo: &Repo, data: &CommitData) -> Result<Option<CommitId>, SessionError> {
    let landed = came(&data.message).into_iter().rev().find_map(|came| match came {
        Came::Landed(landing) => CommitId::parse(&landing.head).ok(),
        Came::Picked(_) => None,
    });
    if let Some(head) = landed {
        return Ok(repo.commit(&head).is_ok().then_some(head));
    }
    // Steps that somebody squashed with git itself leave all their messages in one.
    let found = frames(&data.message).unwrap_or_default();
    let steps: Vec<&Frame<'_>> = found.iter().filter(|frame| frame.stamp.kind == StepKind::Step).collect();
    let Some(last) = steps.last().filter(|_| steps.len() > 1) else { return Ok(None) };
    let stamp = &last.stamp;
    let Some(tip) = repo.read_ref(&session_ref(&stamp.session))? else { return Ok(None) };
    let mut head = None;
    walk(repo, &tip, Some(&stamp.session), |commit, frames| {
        let is_it = |frame: &Frame<'_>| frame.stamp.kind == StepKind::Step && frame.stamp.step == stamp.step;
        if frames.iter().any(is_it) {
            head = Some(commit.id.clone()).filter(|head| *head != data.id);
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(head)
}

fn without(message: &str, name: &str) -> String {
    let lines = message.split('\n').filter(|line| !line.trim().starts_with(name));
    lines.collect::<Vec<_>>().join("\n")
}
