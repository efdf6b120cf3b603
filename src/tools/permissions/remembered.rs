//! Answers that a person gave and that hold for later calls. Plain data; where it is kept is the
//! business of its owner.

use serde::{Deserialize, Serialize};

use super::rule::{RuleError, RuleList};

/// How far an answer reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    Session,
    Repository,
    User,
}

/// One answer. Rules are written as in settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub scope: Scope,
    pub rule: String,
    pub allow: bool,
}

/// All answers that hold for a session.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    answers: Vec<Answer>,
    allowed: RuleList,
    denied: RuleList,
}

impl Remembered {
    /// From what was kept.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Result<Self, RuleError> {
        let mut all = Self::default();
        for answer in answers {
            all.remember(answer)?;
        }
        Ok(all)
    }

    /// Adds an answer; one given before is not doubled, and a contrary one is replaced.
    pub fn remember(&mut self, answer: Answer) -> Result<(), RuleError> {
        let mut answers = self.answers.clone();
        answers.retain(|old| old.rule != answer.rule || old.scope != answer.scope);
        answers.push(answer);
        let mut next = Self { answers, ..Self::default() };
        for answer in &next.answers {
            if answer.allow { &mut next.allowed } else { &mut next.denied }.push(&answer.rule)?;
        }
        *self = next;
        Ok(())
    }

    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// The answers of one scope, to be kept where that scope is kept.
    pub fn in_scope(&self, scope: Scope) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(move |answer| answer.scope == scope)
    }

    pub(super) fn allowed(&self) -> &RuleList {
        &self.allowed
    }

    pub(super) fn denied(&self) -> &RuleList {
        &self.denied
    }
}
