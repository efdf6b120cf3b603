//! What is known beyond the tabs: the repository, the backends, the ledger. Read elsewhere, kept to be
//! shown.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::config::BudgetSettings;
use crate::ledger::Entry;
use crate::routing::Weights;
use crate::workbench::state::{BackendLine, Found, Spent};

/// Failures that `/errors` lists.
const ERRORS: usize = 100;

#[derive(Debug, Default)]
pub struct Facts {
    /// The repository's folder, as a person writes it.
    pub repository: String,
    pub checkout: PathBuf,
    /// Where the user started: relative paths of theirs count from here.
    pub folder: PathBuf,
    /// Where conversations are written that the user names no place for.
    pub exports: PathBuf,
    /// The branch that the user's checkout is on.
    pub user_branch: Option<String>,
    pub backends: Vec<BackendLine>,
    pub roles: Vec<String>,
    /// Below this confidence the router asks the next backend.
    pub threshold: f64,
    /// How much it counts what was observed.
    pub weights: Weights,
    /// The command that checks work, as the settings have it.
    pub verify: String,
    pub budget: BudgetSettings,
    pub ledger: Vec<Entry>,
    pub spent: Option<Spent>,
    /// What could answer, where nothing is configured.
    pub found: Option<Found>,
    pub errors: VecDeque<Trouble>,
    /// The user's commands: name, and what they ask.
    pub user_commands: Vec<crate::tui::custom::UserCommand>,
    pub demo: Option<&'static [&'static str]>,
    /// What a crash had left behind, brought on record at the start.
    pub recovered: Vec<String>,
    /// A session to be opened once that is done.
    pub awaited: Option<String>,
}

/// Something that went wrong.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Seconds since 1970.
    pub at: i64,
    pub tab: String,
    pub message: String,
    pub hint: Option<String>,
}

impl Facts {
    pub fn went_wrong(&mut self, trouble: Trouble) {
        if self.errors.len() == ERRORS {
            self.errors.pop_front();
        }
        self.errors.push_back(trouble);
    }

    /// Whether anybody could answer.
    pub fn has_backend(&self) -> bool {
        self.backends.iter().any(|backend| backend.missing.is_none())
    }
}
