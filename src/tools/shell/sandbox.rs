//! The helper that commands run through: it confines itself with landlock, runs the command, and
//! ends with it. It is our own program, started again as `offshoot __sandbox`, because a process
//! with threads cannot safely confine what it forks.
//!
//! What is confined: writing anywhere but in the given places, reading the given secrets, and
//! signals to processes outside; TCP where it is asked for. What is not: other protocols, and
//! reading everything else. Where the
//! kernel has no landlock, the helper runs the command all the same; [`probe`] says so beforehand.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How the commands of a tab are confined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SandboxPolicy {
    /// A program that answers to `__sandbox`: offshoot itself. `None` runs commands directly; they
    /// are not confined then, and may outlive us if we are killed.
    pub helper: Option<PathBuf>,
    /// Where the command may write, besides a few devices: directories or files. What does not
    /// exist is skipped.
    pub writable: Vec<PathBuf>,
    /// What the command may not even read. What does not exist is skipped.
    pub hidden: Vec<PathBuf>,
    /// TCP to and from other programs and machines; older kernels than 6.7 cannot close it.
    pub network: Network,
    /// Whether the helper confines at all. It looks after the command in any case.
    pub enabled: bool,
}

/// Whether commands reach the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    #[default]
    Open,
    /// No TCP connections, in or out. Other protocols stay open.
    Closed,
}

/// What this machine can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sandbox {
    Available,
    /// Why not, as a clause: `the kernel has no landlock`.
    Unavailable(String),
}

/// The name of the hidden subcommand.
pub const SUBCOMMAND: &str = "__sandbox";

/// Devices that everyone writes to.
const DEVICES: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];

/// Where people keep what no agent needs, below the home directory.
const SECRETS: &[&str] = &[
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker/config.json",
    ".netrc",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".password-store",
    ".config/gh",
    ".config/glab-cli",
    ".config/hub",
    ".config/gcloud",
    ".config/git/credentials",
    ".config/op",
    ".local/share/keyrings",
    ".mozilla",
    ".config/google-chrome",
    ".config/chromium",
    ".codex/auth.json",
    ".claude/.credentials.json",
    ".gemini/oauth_creds.json",
    ".bash_history",
    ".zsh_history",
];

impl SandboxPolicy {
    /// Arguments for the helper, up to the `--`.
    pub fn helper_args(&self) -> Vec<OsString> {
        let mut args = vec![OsString::from(SUBCOMMAND)];
        if !self.enabled {
            args.push("--unconfined".into());
            return args;
        }
        for path in &self.writable {
            args.extend(["--rw".into(), path.into()]);
        }
        if self.network == Network::Closed {
            args.push("--no-network".into());
        }
        for path in &self.hidden {
            args.extend(["--hide".into(), path.into()]);
        }
        args
    }
}

/// The secrets below a home directory, whether they exist or not.
pub fn secret_paths(home: &Path) -> Vec<PathBuf> {
    SECRETS.iter().map(|path| home.join(path)).collect()
}

/// What the helper was asked to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub writable: Vec<PathBuf>,
    pub hidden: Vec<PathBuf>,
    pub network: Network,
    pub unconfined: bool,
    /// The number of the inherited file whose end is offshoot's; standard input when there is none.
    pub lifeline: Option<u32>,
    pub command: Vec<OsString>,
}

impl Order {
    /// Reads the arguments after `__sandbox`.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut order = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.to_str() {
                Some("--rw") => order.writable.push(args.next().ok_or("--rw needs a path")?.into()),
                Some("--hide") => order.hidden.push(args.next().ok_or("--hide needs a path")?.into()),
                Some("--no-network") => order.network = Network::Closed,
                Some("--unconfined") => order.unconfined = true,
                Some("--lifeline") => {
                    let number = args.next().and_then(|number| number.to_str()?.parse().ok());
                    order.lifeline = Some(number.ok_or("--lifeline needs the number of a file")?);
                }
                Some("--") => {
                    order.command = args.collect();
                    break;
                }
                _ => return Err(format!("unknown argument {}", arg.display())),
            }
        }
        if order.command.is_empty() {
            return Err("no command after --".to_owned());
        }
        Ok(order)
    }
}

/// Whether this machine can confine commands.
#[cfg(target_os = "linux")]
pub fn probe() -> Sandbox {
    use landlock::{ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
    let able = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    match able {
        Ok(_) => Sandbox::Available,
        Err(_) => Sandbox::Unavailable("the kernel has no landlock, or it is switched off".to_owned()),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn probe() -> Sandbox {
    Sandbox::Unavailable("only Linux has landlock".to_owned())
}

/// Confines this thread and all that it will start.
#[cfg(target_os = "linux")]
pub(super) fn confine(order: &Order) -> Result<(), landlock::RulesetError> {
    use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, Scope};
    // The newest version this was tried with; older kernels enforce what they know.
    let abi = ABI::V7;
    let mut rules = Ruleset::default().handle_access(AccessFs::from_all(abi))?.scope(Scope::from_all(abi))?;
    if order.network == Network::Closed {
        // Handled, and nothing granted.
        rules = rules.handle_access(AccessNet::from_all(abi))?;
    }
    let mut rules = rules.create()?;
    let writable = order.writable.iter().map(PathBuf::as_path).chain(DEVICES.iter().map(Path::new));
    for path in writable {
        rules = grant(rules, path, AccessFs::from_all(abi))?;
    }
    let hidden: Vec<PathBuf> = order.hidden.iter().filter_map(|path| path.canonicalize().ok()).collect();
    // A rule holds for all that is below, and nothing can be taken out of it: so everything beside
    // the hidden paths gets a rule of its own. Names may be listed everywhere.
    rules = grant(rules, Path::new("/"), AccessFs::ReadDir.into())?;
    for path in beside(Path::new("/"), &hidden) {
        rules = grant(rules, &path, AccessFs::from_read(abi))?;
    }
    rules.restrict_self()?;
    drop_powers();
    Ok(())
}

/// Root keeps powers that reach past landlock: with these, it reads the environment and the memory
/// of processes outside. Fails harmlessly for everyone else.
#[cfg(target_os = "linux")]
fn drop_powers() {
    use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
    let powers = [
        CapabilitySet::PERFMON,
        CapabilitySet::BPF,
        CapabilitySet::SYS_PTRACE,
        CapabilitySet::SYS_ADMIN,
        CapabilitySet::SYS_MODULE,
        CapabilitySet::SYS_RAWIO,
        CapabilitySet::SYS_BOOT,
        CapabilitySet::MKNOD,
    ];
    for power in powers {
        let _ = remove_capability_from_bounding_set(power);
    }
}

/// Adds a rule for a path; one that does not exist or cannot be opened needs none.
#[cfg(target_os = "linux")]
fn grant(
    rules: landlock::RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<landlock::AccessFs>,
) -> Result<landlock::RulesetCreated, landlock::RulesetError> {
    use landlock::{ABI, AccessFs, PathBeneath, PathFd, RulesetCreatedAttr as _};
    let (Ok(meta), Ok(file)) = (path.metadata(), PathFd::new(path)) else { return Ok(rules) };
    let access = if meta.is_dir() { access } else { access & AccessFs::from_file(ABI::V7) };
    rules.add_rule(PathBeneath::new(file, access))
}

/// The fewest paths that together hold everything below `dir` but the hidden paths. Symbolic links
/// are left out: what they lead to is held by its own place.
fn beside(dir: &Path, hidden: &[PathBuf]) -> Vec<PathBuf> {
    if hidden.is_empty() {
        return vec![dir.to_owned()];
    }
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if hidden.contains(&path) || entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            continue;
        }
        let below: Vec<PathBuf> = hidden.iter().filter(|hidden| hidden.starts_with(&path)).cloned().collect();
        all.extend(beside(&path, &below));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helper_reads_what_the_policy_writes() {
        let policy = SandboxPolicy {
            helper: None,
            writable: vec!["/a b".into(), "/c".into()],
            hidden: vec!["/d".into()],
            network: Network::Closed,
            enabled: true,
        };
        let mut args = policy.helper_args();
        assert_eq!(args.remove(0), SUBCOMMAND);
        args.extend(["--".into(), "sh".into(), "--rw".into()]);
        let order = Order::parse(args).unwrap();
        assert_eq!(order.writable, policy.writable);
        assert_eq!(order.hidden, policy.hidden);
        assert_eq!(order.command, ["sh", "--rw"]);
        assert!(!order.unconfined && order.network == Network::Closed);
        assert!(Order::parse(["--".into()]).is_err());
        assert!(Order::parse(["--rw".into()]).is_err());
        assert!(Order::parse(["--bogus".into()]).is_err());
        assert!(Order::parse(["--lifeline".into(), "x".into(), "--".into(), "sh".into()]).is_err());
    }

    #[test]
    fn all_but_the_hidden_paths_is_covered() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for dir in ["home/.ssh", "home/.config/gh", "home/.config/other", "home/work", "usr"] {
            std::fs::create_dir_all(path(dir)).unwrap();
        }
        std::os::unix::fs::symlink(path("home/.ssh"), path("home/link")).unwrap();
        let mut all = beside(root.path(), &[path("home/.ssh"), path("home/.config/gh")]);
        all.sort();
        assert_eq!(all, [path("home/.config/other"), path("home/work"), path("usr")]);
        assert_eq!(beside(root.path(), &[]), [root.path()]);
    }
}
