//! A CLI as a backend: its profile, where it is, what of the environment is its own, and how it is started.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::acp::Setup;
use super::command::{CommandLine, Given, PromptWay, agent_line, command_line, prompt_way, wording};
use super::decode::{self, RunFacts};
use super::places::{self, Access};
use super::profile::{Acp, Home, Profile};
use super::run::{self, CliRun, Launch};
use super::tidy::Before;
use super::watch::Watch;
use super::words::Words;
use super::{CliJob, variables};
use crate::backends::{BackendError, Probe};
use crate::chat::ErrorClass;
use crate::config::{BackendKind, BackendSettings, PermissionMode};
use crate::tools::output::Cap;
use crate::tools::shell::{self, Environment, Process, Sandbox, SandboxPolicy};

/// An external CLI that can be asked to work.
#[derive(Clone)]
pub struct CliBackend {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub id: String,
    pub settings: BackendSettings,
    pub profile: Profile,
    /// Where it is, or why it cannot be started.
    pub program: Result<PathBuf, BackendError>,
    /// Variables of ours that it gets besides those of the tab's commands, and those of the settings.
    pub variables: Vec<(String, String)>,
    /// What a probe works with.
    pub env: Environment,
    pub words: Words,
    pub probed: OnceCell<Probe>,
}

/// What the tab's commands work with; the CLI's own is made from it.
#[derive(Debug, Clone)]
pub struct CliSetting {
    pub env: Environment,
    pub sandbox: SandboxPolicy,
}

impl CliBackend {
    /// Reads its profile, and finds its program by the `PATH` that `env` gives. That it is not installed is no error
    /// here, see [`CliBackend::missing`].
    ///
    /// # Errors
    /// When there is no such profile, or it makes no sense.
    pub fn new(
        id: &str,
        settings: &BackendSettings,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, BackendError> {
        let profile = Profile::load(settings.profile.as_deref().unwrap_or(id)).map_err(|mut error| {
            error.message = format!("backend \"{id}\": {}", error.message);
            error
        })?;
        if settings.kind == BackendKind::Acp && profile.acp.is_none() {
            let message =
                format!("backend \"{id}\": its profile has no [acp], so it is no agent of the protocol");
            let hint = format!("use backends.{id}.kind = \"cli\"");
            return Err(BackendError::new(ErrorClass::NotFound, message).with_hint(hint));
        }
        let own = variables::collect(settings, &profile.env.pass, env);
        let words = Words::new(id, &profile, own.secrets);
        let probe_env = variables::environment(&own.variables, env);
        let program = match own.unset {
            Some(name) => Err(words.unset(&name)),
            None => find(&profile, &probe_env).ok_or_else(|| words.missing(profile.program.names())),
        };
        let shared = Shared {
            id: id.to_owned(),
            settings: settings.clone(),
            profile,
            program,
            variables: own.variables,
            env: probe_env,
            words,
            probed: OnceCell::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    pub fn id(&self) -> &str {
        &self.shared.id
    }

    pub fn settings(&self) -> &BackendSettings {
        &self.shared.settings
    }

    /// What only the user can give: a program that is not installed, a variable that is not set.
    pub fn missing(&self) -> Option<&BackendError> {
        self.shared.program.as_ref().err()
    }

    pub fn profile(&self) -> &Profile {
        &self.shared.profile
    }

    /// Whether it asks before each thing that needs leave, where every change does. One that does not is not let
    /// write then.
    pub fn asks(&self) -> bool {
        self.agent(PermissionMode::Ask).is_some()
    }

    /// Whether it can go on with a session of an earlier run. Where it cannot, the prompt has to tell all.
    pub fn resumes(&self, permissions: PermissionMode) -> bool {
        match self.agent(permissions) {
            Some(acp) => !acp.forgets,
            None => self.shared.profile.resume.is_some(),
        }
    }

    /// Whether this machine keeps a run from writing to the worktree where it only may look: in read-only, and where
    /// it would have to ask and cannot. Where it does not, the caller has to undo what was written.
    pub fn read_only_enforced(&self, setting: &CliSetting) -> bool {
        setting.sandbox.helper.is_some() && setting.sandbox.enabled && shell::probe() == Sandbox::Available
    }

    /// Starts a run. Needs a runtime around it.
    ///
    /// # Errors
    /// Whatever keeps it from being started. What happens later is told by [`CliEvent::Ended`].
    ///
    /// [`CliEvent::Ended`]: super::CliEvent::Ended
    pub fn start(
        &self,
        job: CliJob,
        setting: &CliSetting,
        cancel: &CancellationToken,
    ) -> Result<CliRun, BackendError> {
        let shared = &self.shared;
        let job = self.complete(job);
        let facts = RunFacts {
            backend: shared.id.clone(),
            counted: job.resume.as_ref().and_then(|resume| resume.counted),
        };
        let decoder = decode::by_name(&shared.profile.decoder, facts).ok_or_else(|| {
            let message = format!("backend \"{}\": no decoder \"{}\"", shared.id, shared.profile.decoder);
            BackendError::new(ErrorClass::Internal, message)
        })?;
        let Some(acp) = self.agent(job.permissions) else {
            return run::start(self.launch(&job, setting)?, decoder, cancel);
        };
        let launch = self.launch_agent(acp, &job, setting)?;
        let login = shared.profile.log_in.as_ref().map(|log_in| format!("log in: {log_in}"));
        let setup = Setup { backend: shared.id.clone(), login, profile: acp.clone(), job };
        run::converse(launch, setup, decoder, cancel)
    }

    /// The job with what the settings say where it is silent.
    fn complete(&self, mut job: CliJob) -> CliJob {
        let settings = &self.shared.settings;
        job.model = job.model.or_else(|| settings.model.clone());
        job.effort = job.effort.or_else(|| settings.effort.as_ref()?.parse().ok());
        if !self.resumes(job.permissions) {
            job.resume = None;
        }
        job
    }

    /// How it is led as an agent, where that is the way in with these permissions.
    fn agent(&self, permissions: PermissionMode) -> Option<&Acp> {
        let always = self.shared.settings.kind == BackendKind::Acp;
        self.shared.profile.acp.as_ref().filter(|acp| always || acp.prefer.contains(&permissions))
    }

    fn launch_agent(&self, acp: &Acp, job: &CliJob, setting: &CliSetting) -> Result<Launch, BackendError> {
        let shared = &self.shared;
        let profile = &shared.profile;
        let given = Given {
            home: &self.home(setting),
            confined: self.read_only_enforced(setting),
            way: PromptWay::Argument,
            file: None,
            more: &shared.settings.args,
        };
        let CommandLine { args, env, .. } = agent_line(profile, acp, job, given);
        let access = match job.permissions {
            PermissionMode::ReadOnly => Access::Look,
            PermissionMode::Ask | PermissionMode::Auto | PermissionMode::Full => Access::Work,
        };
        Ok(Launch {
            process: self.process(job, setting, access, args, env)?,
            stdin: None,
            prompt_file: None,
            before: Before::look(job, &profile.leaves),
            watch: self.watch(),
            grace: seconds(profile.end.grace_seconds),
            // It says itself what its session is called.
            session: None,
            words: shared.words.clone(),
        })
    }

    fn watch(&self) -> Watch {
        let most = self.shared.profile.end.max_retries.unwrap_or(self.shared.settings.max_retries);
        Watch::new(self.silence(), most)
    }

    fn launch(&self, job: &CliJob, setting: &CliSetting) -> Result<Launch, BackendError> {
        let shared = &self.shared;
        let profile = &shared.profile;
        let way = prompt_way(profile, &job.prompt)?;
        let prompt_file = match way {
            PromptWay::File => Some(self.prompt_file(job)?),
            PromptWay::Argument | PromptWay::Stdin => None,
        };
        let given = Given {
            home: &self.home(setting),
            confined: self.read_only_enforced(setting),
            way,
            file: prompt_file.as_ref().map(NamedTempFile::path),
            more: &shared.settings.args,
        };
        let CommandLine { args, env, stdin } = command_line(profile, job, given);
        let access = match job.permissions {
            // It cannot ask, and is not let do unasked what it would have to ask for.
            PermissionMode::ReadOnly | PermissionMode::Ask => Access::Look,
            PermissionMode::Auto | PermissionMode::Full => Access::Work,
        };
        let own = profile.names_sessions().then(|| job.session.clone());
        Ok(Launch {
            process: self.process(job, setting, access, args, env)?,
            stdin,
            prompt_file,
            before: Before::look(job, &profile.leaves),
            watch: self.watch(),
            grace: seconds(profile.end.grace_seconds),
            session: job.resume.as_ref().map(|resume| resume.id.clone()).or(own),
            words: shared.words.clone(),
        })
    }

    /// The process of a run, in its sandbox. `env` is what the profile sets for this run.
    fn process(
        &self,
        job: &CliJob,
        setting: &CliSetting,
        access: Access,
        args: Vec<OsString>,
        env: Vec<(String, OsString)>,
    ) -> Result<Process, BackendError> {
        let shared = &self.shared;
        let git = places::git_variables().map(|(name, value)| (name, value.into()));
        let own = shared.variables.iter().map(|(name, value)| (name.clone(), value.into()));
        let fixed = shared.profile.env.fixed.iter().map(|(name, value)| (name.clone(), value.into()));
        let start = setting.env.clone().with("TMPDIR", &job.temporary).with("HOME", self.home(setting));
        let all = env.into_iter().chain(own).chain(git).chain(fixed);
        let env = all.fold(start, |env, (name, value): (String, OsString)| env.with(name, value));
        let sandbox = places::sandbox(&shared.id, &shared.profile, job, &env, &setting.sandbox, access)?;
        let program = shared.program.clone()?.into();
        Ok(Process { program, args, dir: job.dir.clone(), env, sandbox, timeout: None, cap: Cap::COMMAND })
    }

    /// The home directory that it gets.
    fn home(&self, setting: &CliSetting) -> PathBuf {
        let own = || PathBuf::from(setting.env.get("HOME").unwrap_or_default());
        match self.shared.profile.home {
            Home::Real => setting.env.real_home().map_or_else(own, Path::to_owned),
            Home::Own => own(),
        }
    }

    fn prompt_file(&self, job: &CliJob) -> Result<NamedTempFile, BackendError> {
        let text = wording(&self.shared.profile, &job.prompt);
        let written = NamedTempFile::with_prefix_in("prompt-", &job.temporary)
            .and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
        written.map_err(|error| {
            let place = job.temporary.display();
            let message =
                format!("backend \"{}\": cannot write its prompt to {place}: {error}", self.shared.id);
            BackendError::new(ErrorClass::Internal, message)
        })
    }

    /// The longest silence: by the settings, and never less than this CLI needs.
    fn silence(&self) -> Duration {
        let own = self.shared.profile.end.silence_seconds.map(seconds).unwrap_or_default();
        seconds(self.shared.settings.idle_timeout_seconds).max(own)
    }
}

impl fmt::Debug for CliBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its variables may be secret.
        let Shared { id, program, .. } = &*self.shared;
        f.debug_struct("CliBackend").field("id", id).field("program", program).finish_non_exhaustive()
    }
}

/// The first of the profile's programs that is there: by name on the `PATH`, or by path.
fn find(profile: &Profile, env: &Environment) -> Option<PathBuf> {
    profile.program.names().iter().filter(|name| !name.is_empty()).find_map(|name| {
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(|path| path.is_absolute() && Path::is_file(path));
        }
        env.find_program(name)
    })
}

/// A setting in seconds; what cannot be one counts as an hour.
fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::from_secs(3600))
}
