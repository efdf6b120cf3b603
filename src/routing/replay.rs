//! What other settings would have chosen for the runs of a ledger. What the ledger does not know, such as the words of a
//! prompt, is said to be unknown; nobody is asked, and no health is touched but a copy made of the ledger itself.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::decide::{CHOSEN, decide};
use super::outcomes::{Judged, outcomes, prior};
use super::question::{Candidate, Purse, Question};
use crate::backends::Health;
use crate::config::Settings;
use crate::ledger::{Cost, Entry, Prices, TaskClass};

/// All runs, and what would have changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    pub runs: Vec<Replayed>,
    /// Runs that would have gone to the same backend.
    pub same: usize,
    /// Those that would not, by where they went and would have gone; the most frequent first.
    pub changes: Vec<Change>,
}

/// The first decision on a turn, made again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replayed {
    pub run_id: String,
    pub timestamp: String,
    /// The backend that was chosen first.
    pub was: String,
    /// Who would have been; absent when nobody might have answered.
    pub would: Option<String>,
    pub reason: String,
    /// What would have come of it, as far as it is known: that the same backend would have been left, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
    /// What might have led elsewhere and is not in the ledger.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Of the first attempt, in US dollars; absent when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The same tokens at the prices of the backend that would have answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_cost_usd: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub from: String,
    /// Absent: nobody.
    pub to: Option<String>,
    pub runs: usize,
    /// What is known of what they cost and would have cost.
    pub cost_usd: f64,
    pub would_cost_usd: f64,
    /// Runs of which one of the two is not known.
    pub unpriced: usize,
}

/// Decides again on the first attempt of every run, as it stood then, by other settings.
pub fn replay(entries: &[Entry], settings: &Settings, prices: &Prices) -> Replay {
    let mut past = Past::new(entries, settings);
    let runs: Vec<Replayed> = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.is_afterword() && entry.attempt.is_none_or(|attempt| attempt == 1))
        .filter_map(|(at, entry)| {
            let was = entry.backend.clone()?;
            past.until(at);
            Some(again(entry, was, settings, prices, &past))
        })
        .collect();
    let same = runs.iter().filter(|run| run.would.as_deref() == Some(run.was.as_str())).count();
    Replay { changes: changes(&runs), same, runs }
}

fn again(entry: &Entry, was: String, settings: &Settings, prices: &Prices, past: &Past) -> Replayed {
    let mut unknown = Vec::new();
    let reason = entry.reason.as_deref().unwrap_or_default();
    let class = entry.task_class.unwrap_or_else(|| {
        unknown.push("the class of the task".to_owned());
        TaskClass::Change
    });
    let role = entry.role.as_deref().and_then(|name| Some((name, settings.roles.get(name)?)));
    if let (Some(name), None) = (&entry.role, role) {
        unknown.push(format!("role {name}, which these settings do not have"));
    }
    let candidates = past.candidates(entry, class);
    let prompt = words_in(reason);
    let purses = past.purses(entry);
    let question = Question {
        explicit: (reason == CHOSEN).then_some(was.as_str()),
        role: role.map(|(name, _)| name),
        role_backend: role.and_then(|(_, role)| role.backend.as_deref()),
        task: class,
        prompt: &prompt,
        context_tokens: entry.task_length.unwrap_or_default().div_ceil(CHARACTERS_PER_TOKEN),
        budgets: &purses,
        ..Question::new(&settings.router, &candidates)
    };
    let (would, is_local, reason) = match decide(&question) {
        Ok(decision) => (Some(decision.backend), decision.local, decision.reason),
        Err(error) => (None, false, error.to_string()),
    };
    if is_local && prompt.is_empty() && !settings.router.escalation_keywords.is_empty() && reason != CHOSEN {
        unknown.push("whether the task has words of the policy".to_owned());
    }
    let then = would.as_deref().filter(|would| is_local && *would == was).and_then(|_| left(entry, settings));
    let would_cost_usd = would.as_deref().and_then(|id| {
        let backend = settings.backends.get(id)?;
        let model = if id == was { entry.model.as_deref() } else { backend.model.as_deref() };
        prices.cost(model.unwrap_or_default(), backend.local, &entry.usage?).usd()
    });
    Replayed {
        run_id: entry.run_id.clone(),
        timestamp: entry.timestamp.clone(),
        would,
        reason,
        then,
        unknown,
        cost_usd: entry.cost_usd.and_then(Cost::usd),
        would_cost_usd,
        was,
    }
}

/// A rough measure of a prompt; the conversation before it is not in the ledger.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// The words of the policy that a recorded reason names: all that is known of the prompt.
fn words_in(reason: &str) -> String {
    let said = reason.strip_prefix("keywords: ").unwrap_or_default();
    said.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(". ")
}

/// Whether the threshold of the settings would have had a local backend left, beside what happened.
fn left(entry: &Entry, settings: &Settings) -> Option<String> {
    let (value, threshold) = (entry.confidence?, settings.router.local_confidence_threshold);
    let was_well = entry.error_class.is_none();
    match (value < threshold, was_well) {
        (true, true) => {
            Some(format!("confidence {value:.2} is under {threshold:.2}: it might have been left"))
        }
        _ => None,
    }
}

/// What was known at a time, taken from the ledger alone.
struct Past<'a> {
    entries: &'a [Entry],
    judged: Vec<Judged<'a>>,
    settings: &'a Settings,
    health: Health,
    /// Entries that have been learned from.
    seen: usize,
    day: BTreeMap<String, f64>,
    sessions: HashMap<String, f64>,
}

impl<'a> Past<'a> {
    fn new(entries: &'a [Entry], settings: &'a Settings) -> Self {
        Self {
            judged: outcomes(entries),
            health: Health::new(settings.breaker),
            entries,
            settings,
            seen: 0,
            day: BTreeMap::new(),
            sessions: HashMap::new(),
        }
    }

    /// Learns from the attempts that had ended when one began.
    fn until(&mut self, at: usize) {
        let Some(now) = began_ms(&self.entries[at]) else { return };
        while self.seen < at {
            let entry = &self.entries[self.seen];
            let ended = began_ms(entry).unwrap_or(now).saturating_add(entry.duration_ms.unwrap_or_default());
            if ended > now {
                break;
            }
            self.health.seed_from_ledger(std::slice::from_ref(entry), ended);
            if let Some(usd) = entry.cost_usd.and_then(Cost::usd) {
                *self.day.entry(day_of(entry).to_owned()).or_default() += usd;
                if let Some(session) = &entry.session {
                    *self.sessions.entry(session.clone()).or_default() += usd;
                }
            }
            self.seen += 1;
        }
    }

    fn candidates(&self, entry: &Entry, class: TaskClass) -> Vec<Candidate> {
        let now = began_ms(entry).unwrap_or_default();
        let known: Vec<Judged> =
            self.judged.iter().filter(|judged| judged.entry.timestamp < entry.timestamp).copied().collect();
        self.settings
            .backends
            .iter()
            .map(|(id, backend)| Candidate {
                id: id.clone(),
                local: backend.local,
                unusable: self.health.usable(id, now).err().map(|reason| reason.to_string()),
                context_window: backend.context_window,
                prior: prior(&known, id, class).filter(|_| backend.local),
            })
            .collect()
    }

    fn purses(&self, entry: &Entry) -> [Purse; 2] {
        let budget = &self.settings.budget;
        let session = entry.session.as_ref().and_then(|session| self.sessions.get(session));
        let day = self.day.get(day_of(entry));
        let purse = |of, spent: Option<&f64>, limit_usd| Purse {
            of,
            spent_usd: spent.copied().unwrap_or(0.0),
            limit_usd,
        };
        [purse("session", session, budget.session_usd), purse("day", day, budget.day_usd)]
    }
}

fn began_ms(entry: &Entry) -> Option<u64> {
    let began: jiff::Timestamp = entry.timestamp.parse().ok()?;
    u64::try_from(began.as_millisecond()).ok()
}

fn day_of(entry: &Entry) -> &str {
    entry.timestamp.get(..10).unwrap_or_default()
}

fn changes(runs: &[Replayed]) -> Vec<Change> {
    let mut changes: BTreeMap<(&str, Option<&str>), Change> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.would.as_deref() != Some(run.was.as_str())) {
        let change = changes.entry((&run.was, run.would.as_deref())).or_insert_with(|| Change {
            from: run.was.clone(),
            to: run.would.clone(),
            runs: 0,
            cost_usd: 0.0,
            would_cost_usd: 0.0,
            unpriced: 0,
        });
        change.runs += 1;
        change.cost_usd += run.cost_usd.unwrap_or(0.0);
        change.would_cost_usd += run.would_cost_usd.unwrap_or(0.0);
        let is_known = run.cost_usd.is_some() && (run.would_cost_usd.is_some() || run.would.is_none());
        change.unpriced += usize::from(!is_known);
    }
    let mut changes: Vec<Change> = changes.into_values().collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.runs));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ErrorClass, Outcome, Usage};
    use crate::config::{self, Env, Sources};

    /// Settings as a file of the user's would make them.
    fn settings(text: &str) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("other.toml");
        let backends = "[backends.local]\nkind = \"openai-chat\"\nbase_url = \"http://127.0.0.1:1/v1\"\nlocal = true\n\
                        context_window = 1000\n\
                        [backends.claude]\nkind = \"anthropic\"\nmodel = \"claude-sonnet-4-5\"\n";
        std::fs::write(&file, format!("{text}\n{backends}")).unwrap();
        let env: Env = [("HOME", dir.path().to_str().unwrap())].into_iter().collect();
        let sources = Sources {
            env: &env,
            cwd: dir.path(),
            repository: None,
            config_file: Some(&file),
            flags: &[],
            trust: None,
        };
        config::load(&sources).unwrap().settings
    }

    fn run(minute: u32, backend: &str) -> Entry {
        Entry {
            timestamp: format!("2026-11-20T12:{minute:02}:00.000Z"),
            session: Some("s".into()),
            turn: Some(minute),
            attempt: Some(1),
            task_class: Some(TaskClass::Change),
            task_length: Some(40),
            backend: Some(backend.into()),
            reason: Some("local first".into()),
            outcome: Some(Outcome::Ok),
            usage: Some(Usage { input: 1_000_000, ..Usage::default() }),
            cost_usd: Some(if backend == "local" { Cost::Local } else { Cost::Usd(3.0) }),
            duration_ms: Some(1_000),
            ..Entry::new(format!("s-{minute}"))
        }
    }

    fn said(entry: Entry, reason: &str) -> Entry {
        Entry { reason: Some(reason.to_owned()), ..entry }
    }

    fn told(entries: &[Entry], settings: &Settings) -> Vec<String> {
        let shown = |run: &Replayed| {
            format!("{} → {}: {}", run.was, run.would.as_deref().unwrap_or("nobody"), run.reason)
        };
        replay(entries, settings, &Prices::shipped()).runs.iter().map(shown).collect()
    }

    #[test]
    fn the_table_of_other_policies() {
        let claude_first = settings("[router]\norder = [\"claude\", \"local\"]");
        let same = settings("");
        let no_words = settings("[router]\nescalation_keywords = []");
        let never = settings("[router]\nfallback = \"never\"");
        let keywords = said(run(1, "claude"), "keywords: the task says \"security\", \"multi-file\"");
        let chosen = said(run(2, "claude"), CHOSEN);
        let long = Entry { task_length: Some(40_000), ..run(3, "local") };
        for (entry, settings, wanted) in [
            (run(1, "local"), &same, "local → local: local first"),
            (run(1, "local"), &claude_first, "local → claude: first in order"),
            (
                keywords.clone(),
                &same,
                "claude → claude: keywords: the task says \"security\", \"multi-file\"",
            ),
            (keywords.clone(), &no_words, "claude → local: local first"),
            (
                keywords,
                &never,
                "claude → local: nobody else may answer (keywords: the task says \"security\", \"multi-file\")",
            ),
            (chosen, &same, "claude → claude: chosen explicitly"),
            (long, &same, "local → claude: context_overflow: about 10000 tokens do not fit in 1000"),
        ] {
            assert_eq!(told(&[entry], settings), [wanted]);
        }
    }

    #[test]
    fn failures_of_that_time_count_and_later_attempts_are_no_decisions_of_their_own() {
        let breaker = settings("[breaker]\nfailure_threshold = 2\ncooldown_seconds = 300");
        let down = |minute| Entry {
            outcome: Some(Outcome::Error),
            error_class: Some(ErrorClass::Unreachable),
            ..run(minute, "local")
        };
        let second = Entry { attempt: Some(2), ..run(1, "claude") };
        let entries = [down(1), second, down(2), run(3, "claude"), run(30, "local")];
        let told = told(&entries, &breaker);
        assert_eq!(told.len(), 4);
        assert_eq!(told[1], "local → local: local first");
        assert!(told[2].starts_with("claude → claude: local_unavailable: left alone for "), "{}", told[2]);
        assert_eq!(told[3], "local → local: local first");
    }

    #[test]
    fn what_changes_is_summed_with_what_it_costs_and_what_is_unknown_is_said() {
        let claude_first = settings("[router]\norder = [\"claude\"]\n[budget]\nday_usd = 5.0");
        let entries = [run(1, "local"), run(2, "local"), run(3, "claude"), run(4, "claude"), run(5, "local")];
        let found = replay(&entries, &claude_first, &Prices::shipped());
        assert_eq!(found.same, 3, "{found:?}");
        let [change] = &found.changes[..] else { panic!("{found:?}") };
        assert_eq!((change.from.as_str(), change.to.as_deref(), change.runs), ("local", Some("claude"), 2));
        assert!(change.cost_usd.abs() < 1e-9 && change.would_cost_usd > 1.0, "{change:?}");
        // Six dollars were spent by then.
        assert_eq!(found.runs[4].would.as_deref(), Some("local"));
        assert_eq!(found.runs[4].unknown, ["whether the task has words of the policy"]);
        assert_eq!(found.runs[0].unknown, [""; 0]);
    }

    #[test]
    fn another_threshold_says_what_might_have_been_left() {
        let strict = settings("[router]\nlocal_confidence_threshold = 0.9");
        let unsure = Entry { confidence: Some(0.7), ..run(1, "local") };
        let found = replay(&[unsure], &strict, &Prices::shipped());
        let then = found.runs[0].then.as_deref().unwrap();
        assert_eq!(then, "confidence 0.70 is under 0.90: it might have been left");
    }
}
