//! Submodules of a new worktree. Git keeps a repository of its own for each in each worktree; here it is made from the
//! one that the user's repository has already, so that nothing is fetched and, on one file system, nothing is copied.
//!
//! `git submodule` is not used for it: it would write in the user's `.git/config`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::Left;
use crate::git::program::{Git, bytes_path};
use crate::git::{CommitId, GitError, Repo};

/// How far submodules are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// On this machine, where the user has them.
    Here,
    /// Where their addresses say as well.
    Anywhere,
}

/// What became of the submodules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submodules {
    /// Those that are there now, by their paths.
    pub made: Vec<PathBuf>,
    pub left: Vec<Left>,
}

/// A repository whose submodules are to be made.
struct Super {
    top: PathBuf,
    /// Its path within the worktree; empty for the worktree itself.
    prefix: PathBuf,
    /// Where the repositories of its submodules are to lie.
    modules: PathBuf,
    /// Where those of the user's checkout lie.
    source: PathBuf,
}

/// As `.gitmodules` and the index tell.
struct Submodule {
    name: String,
    path: PathBuf,
    url: String,
    commit: CommitId,
}

impl Repo {
    /// Whether a worktree has submodules at all.
    pub fn has_submodules(&self, worktree: &Path) -> bool {
        worktree.join(".gitmodules").is_file()
    }

    /// Makes the submodules that are not there yet, those of submodules too. `tell` hears the path of each
    /// beforehand, and may end it. The user's settings and repositories stay as they are.
    pub fn provision_submodules(
        &self,
        worktree: &Path,
        reach: Reach,
        tell: &mut dyn FnMut(&Path) -> ControlFlow<()>,
    ) -> Result<Submodules, GitError> {
        let mut done = Submodules::default();
        if !self.has_submodules(worktree) {
            return Ok(done);
        }
        self.needs_program("for submodules")?;
        let mut open = vec![Super {
            top: worktree.to_owned(),
            prefix: PathBuf::new(),
            modules: self.admin_of(worktree)?.join("modules"),
            source: self.common_dir().join("modules"),
        }];
        while let Some(above) = open.pop() {
            for one in submodules(&above.top)? {
                let path = above.prefix.join(&one.path);
                let top = above.top.join(&one.path);
                if fs::read_dir(&top).is_ok_and(|mut entries| entries.next().is_some()) {
                    continue;
                }
                if tell(&path).is_break() {
                    return Ok(done);
                }
                match self.make(&above, &one, reach) {
                    Ok(()) => {
                        open.push(Super {
                            top,
                            prefix: path.clone(),
                            modules: above.modules.join(&one.name).join("modules"),
                            source: above.source.join(&one.name).join("modules"),
                        });
                        done.made.push(path);
                    }
                    Err(why) => done.left.push(Left { path, why }),
                }
            }
        }
        Ok(done)
    }

    /// Commits in submodules of a worktree that are nowhere else: the paths of their repositories, relative to the
    /// folder of all of them.
    pub fn own_submodule_work(&self, worktree: &Path) -> Result<Vec<PathBuf>, GitError> {
        let modules = self.admin_of(worktree)?.join("modules");
        let mut found = Vec::new();
        let mut open = vec![PathBuf::new()];
        while let Some(at) = open.pop() {
            for entry in fs::read_dir(modules.join(&at)).into_iter().flatten().flatten() {
                let path = at.join(entry.file_name());
                let own = modules.join(&path);
                if !own.is_dir() {
                    continue;
                }
                if !own.join("HEAD").is_file() {
                    // A part of a name with slashes.
                    open.push(path);
                    continue;
                }
                if has_own_commits(&own, &self.common_dir().join("modules").join(&path))? {
                    found.push(path.clone());
                }
                if own.join("modules").is_dir() {
                    open.push(path.join("modules"));
                }
            }
        }
        Ok(found)
    }

    fn make(&self, above: &Super, one: &Submodule, reach: Reach) -> Result<(), String> {
        let source = above.source.join(&one.name);
        let (top, own) = (above.top.join(&one.path), above.modules.join(&one.name));
        let is_here = has_commit(&source, &one.commit);
        if !is_here && reach == Reach::Here && !has_commit(&own, &one.commit) {
            return Err("it would have to be fetched: worktree.submodules = \"always\" does that".to_owned());
        }
        // Its files went, and its repository stayed: there may be work in it that is nowhere else.
        let (stands, is_free) = (own.join("HEAD").is_file(), !own.exists());
        let Address { url, is_users } = self.address(above, one).map_err(|error| error.to_string())?;
        let files = if is_here || is_users { Files::Allowed } else { Files::Refused };
        let made = (|| {
            let parent = own.parent().unwrap_or(&above.modules);
            fs::create_dir_all(parent).map_err(|error| GitError::io(parent, error))?;
            let from = if is_here { source.clone().into_os_string() } else { url.clone().into() };
            if stands {
                point_at(&top, &own)?;
            } else {
                careful(&above.top, "clone", files)
                    .args(["--quiet", "--no-checkout", "--local", "--template="])
                    .arg("--separate-git-dir")
                    .arg(&own)
                    .arg("--")
                    .arg(&from)
                    .arg(&top)
                    .run()?;
            }
            let set = |key: &str, value: &std::ffi::OsStr| {
                Git::new(&above.top, "config").arg("--file").arg(own.join("config")).arg(key).arg(value).run()
            };
            set("core.worktree", top.as_os_str())?;
            set("remote.origin.url", std::ffi::OsStr::new(&url))?;
            if !has_commit(&own, &one.commit) {
                let from: &std::ffi::OsStr = if is_here { &from } else { "origin".as_ref() };
                careful(&top, "fetch", files).arg("--quiet").arg(from).arg(one.commit.as_str()).run()?;
            }
            if stands {
                name_head(&own, &one.commit)?;
            }
            // There is no file yet; an index that was left may say that all of them were removed.
            careful(&top, "checkout", files)
                .args(["--quiet", "--force", "--detach", "--no-recurse-submodules", one.commit.as_str()])
                .run()
        })();
        made.map(drop).map_err(|error: GitError| {
            // Half of it would be taken for all. What was there before is not ours to remove.
            if is_free {
                let _ = fs::remove_dir_all(&own);
            }
            let _ = fs::remove_dir_all(&top);
            let _ = fs::create_dir(&top);
            error.to_string()
        })
    }

    /// The address as the user set it, else as `.gitmodules` says; one that is relative is meant relative to where
    /// the repository above comes from.
    fn address(&self, above: &Super, one: &Submodule) -> Result<Address, GitError> {
        // The settings that the user has for the repository above lie beside the ones of its submodules.
        let users = above.source.with_file_name("config");
        let own = format!("submodule.{}.url", one.name);
        if let Some(url) = configured(Git::new(&above.top, "config").arg("--file").arg(users), &own)? {
            return Ok(Address { url, is_users: true });
        }
        let url = if one.url.starts_with("./") || one.url.starts_with("../") {
            let base = configured(Git::new(&above.top, "config"), "remote.origin.url")?;
            beside(&base.unwrap_or_else(|| self.checkout().to_string_lossy().into_owned()), &one.url)
        } else {
            one.url.clone()
        };
        Ok(Address { url, is_users: false })
    }
}

/// Where a submodule comes from.
struct Address {
    url: String,
    /// The user agreed to it when they initialised the submodule; else a file of the repository says so.
    is_users: bool,
}

/// Whether a repository on this machine may be read as another one's submodule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Files {
    Allowed,
    Refused,
}

fn configured(git: Git, key: &str) -> Result<Option<String>, GitError> {
    let answer = git.args(["--get", key]).answer()?;
    let text = String::from_utf8_lossy(&answer.out).trim().to_owned();
    Ok(Some(text).filter(|text| answer.ok && !text.is_empty()))
}

/// A call that may reach other machines: it takes no address that could run a program, asks nobody, and does not
/// wait for ever.
fn careful(dir: &Path, name: &str, files: Files) -> Git {
    let file = if files == Files::Allowed { "always" } else { "user" };
    let settings =
        [("http.lowSpeedLimit", "100"), ("http.lowSpeedTime", "30"), ("protocol.file.allow", file)];
    let mut git = Git::new(dir, name).env("GIT_PROTOCOL_FROM_USER", "0").env("GIT_CONFIG_COUNT", "3");
    for (at, (key, value)) in settings.iter().enumerate() {
        git = git.env(&format!("GIT_CONFIG_KEY_{at}"), key).env(&format!("GIT_CONFIG_VALUE_{at}"), value);
    }
    if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
        git = git.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=20");
    }
    git
}

/// What `.gitmodules` names and the index has a commit for.
fn submodules(top: &Path) -> Result<Vec<Submodule>, GitError> {
    if !top.join(".gitmodules").is_file() {
        return Ok(Vec::new());
    }
    let listed = Git::new(top, "config")
        .args(["--file", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.(path|url)$"])
        .answer()?;
    let mut known: BTreeMap<String, (Option<PathBuf>, String)> = BTreeMap::new();
    for entry in listed.out.split(|byte| *byte == 0) {
        let Some(at) = entry.iter().position(|byte| *byte == b'\n') else { continue };
        let key = String::from_utf8_lossy(&entry[..at]).into_owned();
        let Some((name, what)) = key.strip_prefix("submodule.").and_then(|rest| rest.rsplit_once('.')) else {
            continue;
        };
        let one = known.entry(name.to_owned()).or_default();
        match what {
            "path" => one.0 = Some(bytes_path(&entry[at + 1..])),
            _ => one.1 = String::from_utf8_lossy(&entry[at + 1..]).into_owned(),
        }
    }
    let mut found = Vec::new();
    for (name, (path, url)) in known {
        let Some(path) = path else { continue };
        if !is_plain(Path::new(&name)) || !is_plain(&path) || !is_real(top, &path) {
            continue;
        }
        let listed = Git::new(top, "ls-files").args(["--stage", "-z", "--"]).arg(&path).run()?;
        let text = String::from_utf8_lossy(&listed);
        let Some(rest) = text.strip_prefix("160000 ") else { continue };
        let Ok(commit) = CommitId::parse(rest.split(' ').next().unwrap_or_default()) else { continue };
        found.push(Submodule { name, path, url, commit });
    }
    Ok(found)
}

/// A relative path that stays below where it starts.
fn is_plain(path: &Path) -> bool {
    !path.as_os_str().is_empty()
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(name) if !name.eq_ignore_ascii_case(".git")))
}

/// Whether no link stands on the way to a path or in its place.
fn is_real(top: &Path, path: &Path) -> bool {
    let mut place = top.to_owned();
    path.iter().all(|part| {
        place.push(part);
        place.symlink_metadata().map_or(true, |meta| meta.is_dir())
    })
}

fn has_commit(git_dir: &Path, commit: &CommitId) -> bool {
    let object = format!("{commit}^{{commit}}");
    git_dir.join("HEAD").is_file()
        && in_git_dir(git_dir, "cat-file").args(["-e", &object]).answer().is_ok_and(|answer| answer.ok)
}

/// Makes a folder the work tree of a repository that lies elsewhere.
fn point_at(top: &Path, own: &Path) -> Result<(), GitError> {
    fs::create_dir_all(top).map_err(|error| GitError::io(top, error))?;
    let link = top.join(".git");
    let text = [b"gitdir: ", own.as_os_str().as_bytes(), b"\n"].concat();
    fs::write(&link, text).map_err(|error| GitError::io(&link, error))
}

/// Puts a branch at the head of a repository whose head is to be set elsewhere, unless it is found from there: commits
/// that nothing names would not be counted as work, and be gone one day.
fn name_head(own: &Path, next: &CommitId) -> Result<(), GitError> {
    let is_found = in_git_dir(own, "merge-base").args(["--is-ancestor", "HEAD", next.as_str()]).answer()?.ok;
    let head = in_git_dir(own, "rev-parse").args(["--verify", "--quiet", "HEAD^{commit}"]).answer()?;
    let Ok(head) = CommitId::parse(String::from_utf8_lossy(&head.out).trim()) else { return Ok(()) };
    if is_found {
        return Ok(());
    }
    let name = format!("refs/heads/offshoot/kept-{}", head.short());
    in_git_dir(own, "update-ref").args([&name, head.as_str()]).run().map(drop)
}

fn has_own_commits(own: &Path, source: &Path) -> Result<bool, GitError> {
    let listed = in_git_dir(own, "rev-list").args(["--no-walk", "HEAD", "--branches", "--tags"]).answer()?;
    let text = String::from_utf8_lossy(&listed.out);
    for tip in text.lines().filter_map(|line| CommitId::parse(line.trim()).ok()) {
        if has_commit(source, &tip) {
            continue;
        }
        let out =
            in_git_dir(own, "rev-list").args(["--max-count=1", tip.as_str(), "--not", "--remotes"]).line()?;
        if !out.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A call in a repository without its work tree, which may be gone.
fn in_git_dir(git_dir: &Path, name: &str) -> Git {
    Git::new(git_dir, name).env("GIT_DIR", git_dir).env("GIT_WORK_TREE", git_dir)
}

/// An address relative to another one, as git reads it.
fn beside(base: &str, relative: &str) -> String {
    let mut base = base.trim_end_matches('/');
    let mut rest = relative;
    loop {
        if let Some(next) = rest.strip_prefix("./") {
            rest = next;
        } else if let Some(next) = rest.strip_prefix("../") {
            rest = next;
            // A host without a path has a colon there.
            let cut = base.rfind('/').or_else(|| base.rfind(':').map(|at| at + 1)).unwrap_or(0);
            base = &base[..cut];
        } else {
            break;
        }
    }
    let slash = if base.ends_with(':') { "" } else { "/" };
    format!("{base}{slash}{rest}")
}

#[cfg(test)]
mod tests;
