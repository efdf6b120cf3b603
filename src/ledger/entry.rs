//! One line of the ledger. Other programs read these names; a field that is unknown is absent,
//! never invented.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::{ErrorClass, Outcome, Usage};

/// One attempt of a turn, or an afterword to it: what became of its steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// The version of this layout: 1.
    pub schema: u32,
    /// Unique for a turn; its attempts share it.
    pub run_id: String,
    /// When the attempt began: RFC 3339, UTC. See [`now`].
    pub timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Of a sub-agent's run: the session of the agent that started it. What it used is in no other line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_session: Option<String>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_class: Option<TaskClass>,
    /// Characters of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_length: Option<u64>,
    /// `local`, or the backend's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub signals: BTreeMap<String, f64>,
    /// The backends that failed before this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_class: Option<ErrorClass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
    /// Characters of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub cost_usd: Option<Cost>,
    /// The date of the price table that gave the cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Step commits made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Their hashes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_changed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insertions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletions: Option<u64>,
    /// In an afterword: whether the steps named in `commits` are on the branch, `false` after an undo, `true` after a
    /// redo. It has the run, session and turn of the attempt, and no route, backend or outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<bool>,
}

/// What a turn may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskClass {
    /// Answer, and leave the files alone.
    Advisory,
    Change,
}

/// A backend that was asked and failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub backend: String,
    pub error_class: ErrorClass,
    /// How long it took to fail, in milliseconds.
    pub ms: u64,
}

/// How the project's own check of the work went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    Passed,
    Failed,
    NotRun,
}

/// What something cost. In JSON: dollars, 0 for a local model, null when no price is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cost {
    Usd(f64),
    /// The user's own machine: nothing.
    Local,
    /// A price that we do not know, which is not nothing.
    Unpriced,
}

/// The present moment as entries write it: RFC 3339 with milliseconds, UTC.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    format!("{now:.3}")
}

impl Entry {
    /// An entry that begins now.
    pub fn new(run_id: impl Into<String>) -> Self {
        Self { schema: 1, run_id: run_id.into(), timestamp: now(), ..Self::default() }
    }

    /// What the attempts of a turn are known by.
    pub fn run_of(session: &str, turn: u32) -> String {
        format!("{session}-{turn}")
    }

    /// That steps of a turn were undone, or are there again.
    pub fn afterword(session: &str, turn: u32, commits: Vec<String>, kept: bool) -> Self {
        Self {
            session: Some(session.to_owned()),
            turn: Some(turn),
            commits,
            kept: Some(kept),
            ..Self::new(Self::run_of(session, turn))
        }
    }

    /// Whether this is no attempt, and so counts for nothing but what it says of one.
    pub fn is_afterword(&self) -> bool {
        self.kept.is_some()
    }
}

impl Cost {
    /// Dollars; `None` when unpriced.
    pub fn usd(self) -> Option<f64> {
        match self {
            Self::Usd(usd) => Some(usd),
            Self::Local => Some(0.0),
            Self::Unpriced => None,
        }
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // `0`, not `0.0`, as for every other count of nothing.
            Self::Local => serializer.serialize_u64(0),
            _ => self.usd().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let usd = Option::<f64>::deserialize(deserializer)?;
        Ok(match usd {
            None => Self::Unpriced,
            Some(0.0) => Self::Local,
            Some(usd) => Self::Usd(usd),
        })
    }
}

/// A null is a value of its own here, unlike an absent field.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cost>, D::Error> {
    Cost::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_compact_line_in_the_documented_order() {
        let entry = Entry {
            schema: 1,
            run_id: "01J".into(),
            timestamp: "2026-11-20T12:00:00.000Z".into(),
            session: Some("s".into()),
            branch: Some("offshoot/x".into()),
            parent_session: Some("p".into()),
            turn: Some(1),
            attempt: Some(2),
            role: Some("coding".into()),
            task_class: Some(TaskClass::Change),
            task_length: Some(12),
            route: Some("local".into()),
            backend: Some("local".into()),
            model: Some("qwen3-coder".into()),
            reason: Some("first usable".into()),
            confidence: Some(0.8),
            signals: [("tests".to_owned(), 1.0)].into(),
            tried: vec![Tried { backend: "claude".into(), error_class: ErrorClass::RateLimit, ms: 9 }],
            outcome: Some(Outcome::Ok),
            error_class: Some(ErrorClass::Timeout),
            verify: Some(Verify::NotRun),
            output_length: Some(3),
            usage: Some(Usage { input: 1, output: 2, cache_read: 3, cache_write: 4, reasoning: 5 }),
            cost_usd: Some(Cost::Local),
            price_date: Some("2026-11-01".into()),
            first_token_ms: Some(1),
            duration_ms: Some(2),
            steps: Some(1),
            commits: vec!["abc".into()],
            files_changed: Some(1),
            insertions: Some(2),
            deletions: Some(0),
            kept: None,
        };
        let line = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            line,
            r#"{"schema":1,"run_id":"01J","timestamp":"2026-11-20T12:00:00.000Z","session":"s","branch":"offshoot/x","parent_session":"p","turn":1,"attempt":2,"role":"coding","task_class":"change","task_length":12,"route":"local","backend":"local","model":"qwen3-coder","reason":"first usable","confidence":0.8,"signals":{"tests":1.0},"tried":[{"backend":"claude","error_class":"rate_limit","ms":9}],"outcome":"ok","error_class":"timeout","verify":"not_run","output_length":3,"usage":{"input":1,"output":2,"cache_read":3,"cache_write":4,"reasoning":5},"cost_usd":0,"price_date":"2026-11-01","first_token_ms":1,"duration_ms":2,"steps":1,"commits":["abc"],"files_changed":1,"insertions":2,"deletions":0}"#
        );
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
    }

    #[test]
    fn what_is_unknown_is_absent_and_what_is_unpriced_is_null() {
        let bare = Entry { schema: 1, run_id: "r".into(), timestamp: "t".into(), ..Entry::default() };
        for (cost, json) in [
            (None, r#"{"schema":1,"run_id":"r","timestamp":"t"}"#),
            (Some(Cost::Unpriced), r#"{"schema":1,"run_id":"r","timestamp":"t","cost_usd":null}"#),
            (Some(Cost::Usd(0.25)), r#"{"schema":1,"run_id":"r","timestamp":"t","cost_usd":0.25}"#),
        ] {
            let entry = Entry { cost_usd: cost, ..bare.clone() };
            assert_eq!(serde_json::to_string(&entry).unwrap(), json);
            assert_eq!(serde_json::from_str::<Entry>(json).unwrap(), entry);
        }
    }

    #[test]
    fn an_afterword_says_of_which_steps_and_nothing_that_could_be_counted() {
        let afterword =
            Entry { timestamp: "t".into(), ..Entry::afterword("s", 3, vec!["abc".into()], false) };
        let line = r#"{"schema":1,"run_id":"s-3","timestamp":"t","session":"s","turn":3,"commits":["abc"],"kept":false}"#;
        assert_eq!(serde_json::to_string(&afterword).unwrap(), line);
        assert!(serde_json::from_str::<Entry>(line).unwrap().is_afterword());
    }

    #[test]
    fn a_later_versions_fields_are_passed_over() {
        let entry: Entry = serde_json::from_str(r#"{"schema":2,"run_id":"r","novel":[1]}"#).unwrap();
        assert_eq!(entry.run_id, "r");
    }

    #[test]
    fn the_moment_is_written_in_utc_with_milliseconds() {
        let now = now();
        assert_eq!(now.len(), "2026-11-20T12:00:00.000Z".len(), "{now}");
        assert!(now.ends_with('Z'));
    }
}
