//! Lock files that a killed process left behind. Git never removes those, and nobody but a person can
//! in general; here it is done only for what is ours alone (the index of a session's worktree, the
//! references of sessions), and only when no living process can be its owner. Of all others it is told how
//! old they are and whose they seem to be.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::age_of;
use super::program::bytes_path;
use super::{GitError, Repo};

/// How often and how long a lock is waited for: two seconds in all.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);
/// Between the two looks at a lock that nobody seems to hold.
const BLINK: Duration = Duration::from_millis(10);

/// A lock that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    pub path: PathBuf,
    /// Since it was made.
    pub age: Duration,
    pub owner: Owner,
}

/// Whose a lock seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A process that has it open.
    Holder { pid: u32, name: String },
    /// A git that is at work in the same place.
    Worker { pid: u32, name: String },
    /// No process on this machine: it was left behind.
    Nobody,
    /// Processes cannot be looked at here.
    Unknown,
}

impl Lock {
    /// Looks at a lock, and at the processes that may own it.
    pub(super) fn look_at(lock: &Path) -> Self {
        let places = places_of(lock);
        let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
        Self { age: age_of(lock), owner: owner(lock, &places), path: lock.to_owned() }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> String {
        let remove = format!("rm '{}'", self.path.display());
        match &self.owner {
            Owner::Holder { pid, .. } | Owner::Worker { pid, .. } => {
                format!("wait until process {pid} has ended, and retry")
            }
            Owner::Nobody => format!("if no git on another machine works there: {remove}"),
            Owner::Unknown => format!("wait for the other git process; if none runs: {remove}"),
        }
    }
}

impl std::fmt::Display for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} has been there for {}", self.path.display(), span(self.age))?;
        match &self.owner {
            Owner::Holder { pid, name } => write!(f, "; {name} (process {pid}) has it open"),
            Owner::Worker { pid, name } => write!(f, "; {name} (process {pid}) is at work there"),
            Owner::Nobody => f.write_str("; no process here seems to own it: one that was killed left it"),
            Owner::Unknown => Ok(()),
        }
    }
}

impl Repo {
    /// Locks on the index, the head and the settings of the user's checkout, and on those of other worktrees.
    pub fn locks(&self) -> Vec<Lock> {
        let common = self.common_dir();
        let mut folders = vec![common.to_owned()];
        let worktrees = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
        folders.extend(worktrees.map(|entry| entry.path()));
        let names = ["index.lock", "HEAD.lock", "config.lock", "config.worktree.lock", "packed-refs.lock"];
        let locks = folders.iter().flat_map(|folder| names.map(|name| folder.join(name)));
        locks.filter(|lock| look(lock).is_some()).map(|lock| Lock::look_at(&lock)).collect()
    }
}

/// Waits a little for a lock to go.
pub(super) fn wait_for(lock: &Path) -> Result<(), GitError> {
    for _ in 0..TRIES {
        if !lock.exists() {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(GitError::locked(lock))
}

/// Waits for a lock of ours to go, and removes it when it was abandoned. `places` are the folders that
/// its owner would work in.
pub(super) fn clear(lock: &Path, places: &[&Path]) -> Result<(), GitError> {
    wait_for_owner(lock, places)?;
    remove(lock)
}

/// Waits until a lock is gone or nobody lives who may own it.
pub(super) fn wait_for_owner(lock: &Path, places: &[&Path]) -> Result<(), GitError> {
    for _ in 0..TRIES {
        let Some(found) = look(lock) else { return Ok(()) };
        if is_held(lock, places) {
            std::thread::sleep(PAUSE);
            continue;
        }
        std::thread::sleep(BLINK);
        // The same file, and still nobody's: its owner is dead.
        if look(lock).is_some_and(|again| is_same(&found, &again)) && !is_held(lock, places) {
            return Ok(());
        }
    }
    Err(GitError::locked(lock))
}

fn remove(lock: &Path) -> Result<(), GitError> {
    match fs::remove_file(lock) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::io(lock, error)),
        _ => Ok(()),
    }
}

fn look(lock: &Path) -> Option<Metadata> {
    lock.symlink_metadata().ok()
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |of: &Metadata| (of.dev(), of.ino(), of.size(), of.mtime(), of.mtime_nsec());
    identity(one) == identity(other)
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Whether a living process may own the lock: one that has it open, or a git that works in one of the
/// places. Where processes cannot be looked at, anybody may.
fn is_held(lock: &Path, places: &[&Path]) -> bool {
    owner(lock, places) != Owner::Nobody
}

/// Whether a living process has a file open. Where processes cannot be looked at, one may.
pub(super) fn is_open(file: &Path) -> bool {
    is_held(file, &[])
}

fn owner(lock: &Path, places: &[&Path]) -> Owner {
    let Ok(processes) = fs::read_dir("/proc") else { return Owner::Unknown };
    let lock = lock.canonicalize().unwrap_or_else(|_| lock.to_owned());
    let (mut seen, mut worker) = (false, None);
    for process in processes.flatten().map(|entry| entry.path()) {
        // `self` is one of the others, by another name.
        let Some(number) = process.file_name().and_then(|pid| pid.to_str()?.parse().ok()) else { continue };
        let Ok(name) = fs::read_to_string(process.join("comm")) else { continue };
        seen = true;
        if has_open(&process, &lock) {
            return Owner::Holder { pid: number, name: name.trim().to_owned() };
        }
        if worker.is_none() && name.starts_with("git") && works_in(&process, places) {
            worker = Some(Owner::Worker { pid: number, name: name.trim().to_owned() });
        }
    }
    worker.unwrap_or(if seen { Owner::Nobody } else { Owner::Unknown })
}

/// The git directory that a lock lies in, and the work tree that belongs to it.
fn places_of(lock: &Path) -> Vec<PathBuf> {
    let Some(git_dir) = lock.ancestors().skip(1).find(|folder| folder.join("HEAD").is_file()) else {
        return lock.parent().map(Path::to_owned).into_iter().collect();
    };
    let linked = fs::read(git_dir.join("gitdir")).ok();
    let linked = linked.and_then(|text| Some(bytes_path(text.trim_ascii_end()).parent()?.to_owned()));
    let main = || (git_dir.file_name()? == ".git").then(|| git_dir.parent().map(Path::to_owned))?;
    [Some(git_dir.to_owned()), linked.or_else(main)].into_iter().flatten().collect()
}

/// A time in its largest unit.
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn has_open(process: &Path, lock: &Path) -> bool {
    let Ok(open) = fs::read_dir(process.join("fd")) else { return false };
    open.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == lock))
}

/// By its working directory, or by being told of the place.
fn works_in(process: &Path, places: &[&Path]) -> bool {
    // One that is dead and not yet collected works nowhere; that of another user does not tell.
    let folder = fs::read_link(process.join("cwd")).unwrap_or_default();
    let told: Vec<u8> = ["environ", "cmdline"]
        .iter()
        .flat_map(|file| fs::read(process.join(file)).unwrap_or_default())
        .collect();
    let names = |place: &Path| {
        let place = super::program::path_bytes(place);
        told.split(|byte| *byte == 0).any(|word| word.ends_with(&place))
    };
    places.iter().any(|place| {
        let real = place.canonicalize().unwrap_or_else(|_| PathBuf::from(place));
        folder.starts_with(&real) || names(&real) || names(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_lock_that_nobody_holds_goes_and_one_that_is_open_stays() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("index.lock");
        fs::write(&lock, "").unwrap();
        clear(&lock, &[folder.path()]).unwrap();
        assert!(!lock.exists());
        let owner = fs::File::create(&lock).unwrap();
        assert!(is_held(&lock, &[]));
        drop(owner);
        // A process that another test is just starting has it for a moment, too.
        while is_held(&lock, &[]) {
            std::thread::yield_now();
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_lock_is_told_with_its_age_its_owner_and_the_way_out() {
        let fixture = crate::git::testing::Fixture::new();
        let lock = fixture.top.join(".git/index.lock");
        let file = fs::File::create(&lock).unwrap();
        let held = Lock::look_at(&lock);
        let own = std::process::id();
        assert!(matches!(held.owner, Owner::Holder { pid, .. } if pid == own), "{held}");
        assert_eq!(held.hint(), format!("wait until process {own} has ended, and retry"));
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(3 * 3600 + 5)).unwrap();
        drop(file);
        let left = Lock::look_at(&lock);
        assert_eq!(left.owner, Owner::Nobody);
        assert!(left.to_string().contains("index.lock has been there for 3 h; no process here"), "{left}");
        assert!(left.hint().ends_with(&format!("rm '{}'", lock.display())));
        let all = fixture.repo().locks();
        assert_eq!((all.len(), &all[0].path, &all[0].owner), (1, &lock, &Owner::Nobody));
        assert!(lock.exists(), "the user's locks are theirs");
        // A git at work in the checkout may be the one.
        let mut git = std::process::Command::new("git")
            .current_dir(fixture.top.join("src"))
            .args(["hash-object", "--stdin"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let worked = Lock::look_at(&lock);
        git.kill().unwrap();
        git.wait().unwrap();
        assert!(matches!(worked.owner, Owner::Worker { pid, .. } if pid == git.id()), "{worked}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_git_at_work_in_the_place_may_own_its_locks() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("index.lock");
        fs::write(&lock, "").unwrap();
        let mut git = std::process::Command::new("git")
            .current_dir(folder.path())
            .args(["hash-object", "--stdin"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        assert!(is_held(&lock, &[folder.path()]));
        git.kill().unwrap();
        git.wait().unwrap();
        assert!(!is_held(&lock, &[folder.path()]));
    }
}
