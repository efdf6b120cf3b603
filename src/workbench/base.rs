//! What a workbench stands on: the settings, the backends and the ledger, and the repository.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::agent::{Failure, Services};
use crate::backends::Health;
use crate::backends::health::now_ms;
use crate::chat::ErrorClass;
use crate::config::{self, Env, Loaded, Paths, Sources, Trust};
use crate::git::{GitError, Repo, session};
use crate::ledger::{Ledger, Prices};
use crate::routing::Weights;
use crate::tools::permissions::Rules;

/// Entries of the ledger that tell how the backends fared lately.
const LATELY: usize = 200;

/// How a workbench is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub cwd: PathBuf,
    pub env: Env,
    /// `--config`.
    pub config_file: Option<PathBuf>,
    /// Settings from flags: key and value.
    pub flags: Vec<(String, String)>,
    /// A program that answers to `__sandbox`: offshoot itself. Without one, commands of agents are
    /// not confined.
    pub helper: Option<PathBuf>,
    /// Whether somebody can answer approvals.
    pub can_ask: bool,
}

/// Everything that needs no repository.
#[derive(Clone)]
pub struct Base {
    pub options: Options,
    pub loaded: Arc<Loaded>,
    pub services: Arc<Services>,
    /// The repository at the place of work, or why there is none.
    pub repo: Result<Repo, Arc<GitError>>,
}

/// The repository on which a workbench works.
pub struct Place {
    pub base: Base,
    pub repo: Repo,
    /// The folder within the repository in which the user started, relative to its top.
    pub subfolder: PathBuf,
}

impl Base {
    /// Reads settings, describes backends, finds the repository. Starts nothing and writes nothing.
    ///
    /// # Errors
    /// When the settings are wrong: the user has to mend them first.
    pub fn load(options: Options) -> Result<Self, Failure> {
        let repo = Repo::discover(&options.cwd).map_err(Arc::new);
        let paths = Paths::from_env(&options.env, &options.cwd)
            .map_err(|error| failure(&error).hint(error.hint()))?;
        let trust = Trust::open(&paths);
        let loaded = config::load(&Sources {
            env: &options.env,
            cwd: &options.cwd,
            repository: repo.as_ref().ok().map(Repo::checkout),
            config_file: options.config_file.as_deref(),
            flags: &options.flags,
            trust: Some(&trust),
        })
        .map_err(|error| failure(&error).hint(error.hint()))?;
        let own_prices = loaded.paths.config.join("prices.json");
        let prices = Prices::load(&own_prices).map_err(|error| failure(&error).hint(error.hint()))?;
        let settings = loaded.settings.clone();
        Rules::parse(&settings.permissions).map_err(|error| {
            failure(&error)
                .hint("mend [permissions] in the settings; `offshoot config show` tells which file sets it")
        })?;
        let ledger = Ledger::from_settings(&settings.ledger, &loaded.paths);
        let health = Health::new(settings.breaker);
        // What other processes saw of the backends counts here too; an unreadable ledger is no reason
        // to stop, `doctor` tells of it.
        health.seed_from_ledger(&ledger.tail(LATELY).unwrap_or_default(), now_ms());
        let services = Services {
            backends: Services::backends(&settings, &options.env),
            health,
            ledger,
            prices,
            weights: Weights::in_force(settings.router.weights, &loaded.paths).0,
            priors: OnceLock::new(),
            secrets: Services::secrets(&settings, &options.env),
            home: options.env.get("HOME").map(PathBuf::from),
            user_instructions: vec![loaded.paths.config.join("AGENTS.md")],
            settings,
        };
        Ok(Self { options, loaded: Arc::new(loaded), services: Arc::new(services), repo })
    }

    pub fn paths(&self) -> &Paths {
        &self.loaded.paths
    }

    /// The place of work.
    ///
    /// # Errors
    /// When it is in no repository, or in one that cannot be used.
    pub fn place(&self) -> Result<Place, Failure> {
        let repo = self.repo.clone().map_err(|error| Failure {
            class: ErrorClass::NotFound,
            hint: match &*error {
                GitError::NotARepository { .. } => Some(
                    "go to a repository, name one with --cwd, or let offshoot make one here: `offshoot run --init \"…\"`"
                        .to_owned(),
                ),
                other => other.hint(),
            },
            message: error.to_string(),
        })?;
        self.refuse_too_much(repo.checkout())?;
        let cwd = self.options.cwd.canonicalize().unwrap_or_else(|_| self.options.cwd.clone());
        let subfolder = cwd.strip_prefix(repo.checkout()).map(Path::to_owned).unwrap_or_default();
        Ok(Place { base: self.clone(), repo, subfolder })
    }
}

impl Base {
    /// A home directory or a whole disk that is a repository holds what no agent is to see, and is copied for each tab.
    fn refuse_too_much(&self, folder: &Path) -> Result<(), Failure> {
        let home = self.options.env.get("HOME").and_then(|home| Path::new(home).canonicalize().ok());
        let what = if folder.parent().is_none() {
            "the whole file system"
        } else if Some(folder) == home.as_deref() {
            "your home directory"
        } else {
            return Ok(());
        };
        let message =
            format!("the repository here is {what} ({}): offshoot does not work on that", folder.display());
        Err(Failure::new(ErrorClass::NotFound, message)
            .hint("go to a project's folder and make a repository there: `git init`"))
    }
}

/// Makes an empty repository in a folder, because the user said so.
pub fn init(folder: &Path) -> Result<(), Failure> {
    Ok(Repo::init(folder)?)
}

/// Makes a repository of a folder, with everything in it as its first commit.
pub fn found(folder: &Path, message: &str) -> Result<(), Failure> {
    Ok(Repo::found(folder, message)?)
}

impl Place {
    /// Whether a session can go on, or begin, on a branch of this name: it is there, or a session is
    /// known to have it, as in a fresh clone.
    pub fn has_branch(&self, name: &str) -> bool {
        let is_there = self.repo.read_ref(&format!("refs/heads/{name}")).is_ok_and(|at| at.is_some());
        is_there
            || session::peek(&self.repo, Some(name))
                .is_ok_and(|peek| peek.stamp.branch.as_deref() == Some(name))
    }

    /// Whether a name means a branch: one of this repository, one that was fetched from a remote, or
    /// the deleted one of a session.
    pub fn knows_branch(&self, name: &str) -> bool {
        self.has_branch(name)
            || self.repo.fetched_branch(name).is_ok_and(|head| head.is_some())
            || session::list(&self.repo)
                .is_ok_and(|all| all.iter().any(|one| one.branch.as_deref() == Some(name)))
    }

    /// Where this repository's worktrees are.
    pub fn worktrees(&self) -> PathBuf {
        self.base.paths().data.join("worktrees").join(self.repo.folder_name())
    }

    /// Where the journals of this repository's sessions are.
    pub fn journals(&self) -> PathBuf {
        self.base.paths().state.join("journals").join(self.repo.folder_name())
    }

    /// Held while worktrees are made or removed.
    pub(super) fn worktrees_lock(&self) -> PathBuf {
        self.journals().join("worktrees.lock")
    }

    /// What is known of the sessions that external CLIs keep for a session of ours.
    pub fn natives(&self, session: &str) -> PathBuf {
        self.base.paths().state.join("natives").join(format!("{session}.json"))
    }

    /// The home directory that agents' commands see.
    pub fn agents_home(&self) -> PathBuf {
        self.base.paths().cache.join("home").join(self.repo.folder_name())
    }

    /// The temporary directory of a session's commands.
    pub fn temporary(&self, session: &str) -> PathBuf {
        self.base.paths().cache.join("tmp").join(session)
    }

    /// Whether there is work in the user's checkout that no commit has.
    pub async fn has_uncommitted(&self) -> Result<bool, Failure> {
        self.git(Repo::has_uncommitted).await
    }

    /// Runs git work where it may block.
    pub async fn git<T: Send + 'static, E: Send + 'static>(
        &self,
        work: impl FnOnce(&Repo) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        let repo = self.repo.clone();
        tokio::task::spawn_blocking(move || work(&repo))
            .await
            .map_err(|_| Failure::new(ErrorClass::Internal, "the git thread died"))?
            .map_err(Failure::from)
    }
}

fn failure(error: &dyn std::error::Error) -> Failure {
    Failure::new(ErrorClass::Internal, error.to_string())
}
