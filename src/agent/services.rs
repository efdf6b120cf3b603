//! What the agents of a workbench share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::event::Failure;
use super::turn::Order;
use crate::backends::health::{Unusable, now_ms};
use crate::backends::{Backend, Health};
use crate::chat::ErrorClass;
use crate::config::{Env, Settings};
use crate::git::redact::SHORTEST_KNOWN;
use crate::ledger::{Ledger, Prices, TaskClass};
use crate::routing::{self, Candidate, Cause, Decision, NoRoute, Prior, Purse, Question, Rejected, Weights};

/// Settings, backends and their health, the ledger and the prices.
pub struct Services {
    pub settings: Settings,
    /// Every configured backend by id; those that cannot be used say why.
    pub backends: BTreeMap<String, Result<Backend, Failure>>,
    pub health: Health,
    pub ledger: Ledger,
    pub prices: Prices,
    /// What the router goes by when it reckons how sure work is.
    pub weights: Weights,
    /// See [`Services::prior`].
    pub priors: OnceLock<BTreeMap<(String, TaskClass), Prior>>,
    /// Values that must not reach a git object.
    pub secrets: Vec<String>,
    /// The user's real home.
    pub home: Option<PathBuf>,
    /// The user's own instruction files.
    pub user_instructions: Vec<PathBuf>,
}

/// Runs that an expectation is learnt from.
const REMEMBERED: usize = 2000;

/// What a decision goes by besides the order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Situation<'a> {
    /// A change, when nobody says.
    pub task: Option<TaskClass>,
    /// Tokens that the next request will have, about.
    pub context_tokens: u64,
    /// Backends that failed at the turn already, or were left, the last one last.
    pub tried: &'a [String],
    /// Why the last of them was left.
    pub after: Option<&'a Cause>,
    pub budgets: &'a [Purse],
}

impl Services {
    /// The backends that the settings describe. One that is described wrongly is kept with its
    /// error, so that choosing it tells what is wrong.
    pub fn backends(settings: &Settings, env: &Env) -> BTreeMap<String, Result<Backend, Failure>> {
        let lookup = |name: &str| env.get(name).map(str::to_owned);
        settings
            .backends
            .iter()
            .map(|(id, one)| (id.clone(), Backend::new(id, one, &lookup).map_err(Failure::from)))
            .collect()
    }

    /// The values of the environment that are secrets: because their names say so, or because a
    /// backend's key or header is made of them.
    pub fn secrets(settings: &Settings, env: &Env) -> Vec<String> {
        let is_used = |name: &str| {
            settings.backends.values().any(|backend| {
                backend.api_key_env.as_deref() == Some(name)
                    || backend.headers.values().any(|value| {
                        value.contains(&format!("${name}")) || value.contains(&format!("${{{name}}}"))
                    })
            })
        };
        let of_worktrees = settings.worktree.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let of_worktrees = of_worktrees.filter(|(name, _)| crate::tools::shell::is_secret(name));
        env.iter()
            .filter(|(name, _)| crate::tools::shell::is_secret(name) || is_used(name))
            .chain(of_worktrees)
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| value.len() >= SHORTEST_KNOWN)
            .collect()
    }

    /// How often a backend's work of a kind was good, where the ledger tells of enough outcomes. The ledger is read when
    /// this is first asked: a start need not wait for it.
    pub fn prior(&self, backend: &str, task: TaskClass) -> Option<Prior> {
        let priors = self.priors.get_or_init(|| {
            let entries = self.ledger.tail(REMEMBERED).unwrap_or_default();
            let judged = routing::outcomes(&entries);
            let of = |id: &String, class| Some(((id.clone(), class), routing::prior(&judged, id, class)?));
            let classes = [TaskClass::Advisory, TaskClass::Change];
            self.backends.keys().flat_map(|id| classes.map(|class| of(id, class))).flatten().collect()
        });
        priors.get(&(backend.to_owned(), task)).copied()
    }

    pub fn candidates(&self, task: TaskClass) -> Vec<Candidate> {
        self.backends
            .iter()
            .map(|(id, backend)| Candidate {
                id: id.clone(),
                local: self.settings.backends.get(id).is_some_and(|settings| settings.local),
                unusable: match backend {
                    Err(failure) => Some(failure.message.clone()),
                    Ok(backend) => match backend.missing() {
                        Some(missing) => Some(missing.message.clone()),
                        None => self.health.usable(id, now_ms()).err().map(|reason| reason.to_string()),
                    },
                },
                context_window: self.window(id),
                prior: self.prior(id, task),
            })
            .collect()
    }

    /// Tokens that fit in a backend's context; `None` where nobody knows, and of a CLI, which keeps a context of its
    /// own.
    fn window(&self, id: &str) -> Option<u64> {
        let backend = self.backends.get(id)?.as_ref().ok().filter(|backend| backend.as_cli().is_none())?;
        backend.context_window().or_else(|| self.prices.context_window(backend.model()?))
    }

    /// Why a role cannot be taken.
    pub fn unknown_role(&self, name: &str) -> Failure {
        let known = self.settings.roles.keys().cloned().collect::<Vec<_>>().join(", ");
        Failure::new(ErrorClass::NotFound, format!("role \"{name}\" is not defined"))
            .hint(format!("define it under [roles.{name}] in the settings; known: {known}"))
    }

    pub fn backend(&self, id: &str) -> Result<Backend, Failure> {
        self.backends.get(id).cloned().unwrap_or_else(|| {
            Err(Failure::new(ErrorClass::NotFound, format!("backend \"{id}\" is not configured")))
        })
    }

    /// Why none of these may be asked: what the first of them that failed lately failed with.
    fn class_of(&self, rejected: &[Rejected]) -> ErrorClass {
        let class = |one: &Rejected| match self.health.usable(&one.backend, now_ms()) {
            Err(Unusable::Open { class, .. }) => class,
            Err(Unusable::Quota) => Some(ErrorClass::Quota),
            Err(Unusable::Auth) => Some(ErrorClass::Auth),
            Err(Unusable::Trying | Unusable::Unconfigured(_)) | Ok(()) => None,
        };
        rejected.iter().find_map(class).unwrap_or(ErrorClass::NotFound)
    }

    /// Who answers an order as things stand.
    pub fn decide(&self, order: &Order, situation: &Situation<'_>) -> Result<(Decision, Backend), Failure> {
        let settings = &self.settings;
        let role = order.role.as_deref();
        let role_settings = match role {
            None => None,
            Some(name) => Some(settings.roles.get(name).ok_or_else(|| self.unknown_role(name))?),
        };
        let task = situation.task.unwrap_or(TaskClass::Change);
        let candidates = self.candidates(task);
        let decision = routing::decide(&Question {
            explicit: order.backend.as_deref(),
            role,
            role_backend: role_settings.and_then(|role| role.backend.as_deref()),
            task,
            prompt: &order.prompt,
            context_tokens: situation.context_tokens,
            tried: situation.tried,
            after: situation.after,
            budgets: situation.budgets,
            ..Question::new(&settings.router, &candidates)
        })
        .map_err(|error| Failure {
            class: match &error {
                NoRoute::NoneUsable(rejected) | NoRoute::Forbidden { rejected, .. } => {
                    self.class_of(rejected)
                }
                NoRoute::OverBudget { .. } => ErrorClass::Quota,
                NoRoute::NothingConfigured | NoRoute::Unknown { .. } => ErrorClass::NotFound,
            },
            hint: Some(error.hint()),
            message: error.to_string(),
        })?;
        let backend = self.backend(&decision.backend)?;
        match backend.missing() {
            Some(missing) => Err(missing.clone().into()),
            None => Ok((decision, backend)),
        }
    }
}
