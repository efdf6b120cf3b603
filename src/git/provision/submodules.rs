//! Submodules of a new worktree. Git keeps a repository of its own for each in each worktree; here it is made from the
//! one that the user's repository has already, so that nothing is fetched and, on one file system, nothing is copied.
//!
//! `git submodule` is not used for it: it would write in the user's `.git/config`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
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
        let is_here = has_commit(&source, &one.commit);
        if !is_here && reach == Reach::Here {
            return Err("it would have to be fetched: worktree.submodules = \"always\" does that".to_owned());
        }
        let (top, own) = (above.top.join(&one.path), above.modules.join(&one.name));
        let Address { url, is_users } = self.address(above, one).map_err(|error| error.to_string())?;
        let files = if is_here || is_users { Files::Allowed } else { Files::Refused };
        let made = (|| {
            let parent = own.parent().unwrap_or(&above.modules);
            fs::create_dir_all(parent).map_err(|error| GitError::io(parent, error))?;
            let from = if is_here { source.clone().into_os_string() } else { url.clone().into() };
            careful(&above.top, "clone", files)
                .args(["--quiet", "--no-checkout", "--local", "--template="])
                .arg("--separate-git-dir")
                .arg(&own)
                .arg("--")
                .arg(from)
                .arg(&top)
                .run()?;
            let set = |key: &str, value: &std::ffi::OsStr| {
                Git::new(&above.top, "config").arg("--file").arg(own.join("config")).arg(key).arg(value).run()
            };
            set("core.worktree", top.as_os_str())?;
            set("remote.origin.url", std::ffi::OsStr::new(&url))?;
            if !has_commit(&own, &one.commit) {
                careful(&top, "fetch", files).args(["--quiet", "origin", one.commit.as_str()]).run()?;
            }
            careful(&top, "checkout", files)
                .args(["--quiet", "--detach", "--no-recurse-submodules", one.commit.as_str()])
                .run()
        })();
        made.map(drop).map_err(|error: GitError| {
            // Half of it would be taken for all.
            let _ = fs::remove_dir_all(&own);
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
    Git::new(git_dir, name).env("GIT_DIR", git_dir)
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
mod tests {
    use super::*;
    use crate::git::testing::{Fixture, git_in, write};

    /// A repository with a submodule in a submodule, which the user has initialised.
    fn site() -> (Fixture, Vec<PathBuf>) {
        let fixture = Fixture::new();
        let root = fixture.root.path().canonicalize().unwrap();
        let make = |name: &str| {
            let top = root.join(name);
            fs::create_dir(&top).unwrap();
            git_in(&top, &["init", "-q", "-b", "main"]);
            git_in(&top, &["config", "user.name", "T"]);
            git_in(&top, &["config", "user.email", "t@example.org"]);
            write(&top, "lib.c", "int x;\n");
            git_in(&top, &["add", "-A"]);
            git_in(&top, &["commit", "-qm", "one"]);
            top
        };
        let (inner, outer) = (make("inner"), make("outer"));
        let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
        git_in(&outer, &[&add[..], &[inner.to_str().unwrap(), "deps/inner"]].concat());
        git_in(&outer, &["commit", "-qm", "with inner"]);
        fixture.git(&[&add[..], &[outer.to_str().unwrap(), "vendor/outer"]].concat());
        let update =
            ["-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init", "--recursive"];
        fixture.git(&update);
        fixture.commit_all("with outer");
        (fixture, vec![inner, outer])
    }

    fn provision(repo: &Repo, tree: &Path, reach: Reach) -> Submodules {
        repo.provision_submodules(tree, reach, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    #[test]
    fn submodules_are_made_from_what_the_user_has_without_a_trace() {
        let (fixture, origins) = site();
        // What they were fetched from is not needed.
        for origin in &origins {
            fs::rename(origin, origin.with_extension("away")).unwrap();
        }
        let config = fs::read(fixture.top.join(".git/config")).unwrap();
        let (repo, tree) = (fixture.repo(), fixture.place("work"));
        let mut worktree = repo.create_worktree("offshoot/work", None, &tree).unwrap();
        let print = fixture.print();
        let done = provision(&repo, &tree, Reach::Here);
        assert_eq!(done.left, []);
        assert_eq!(done.made, [Path::new("vendor/outer"), Path::new("vendor/outer/deps/inner")]);
        assert!(tree.join("vendor/outer/deps/inner/lib.c").is_file());
        assert_eq!(git_in(&tree, &["status", "--porcelain"]), "");
        assert!(!worktree.is_dirty().unwrap());
        let url = git_in(&tree.join("vendor/outer"), &["config", "remote.origin.url"]);
        assert_eq!(url, origins[1].to_str().unwrap());
        assert_eq!(fs::read(fixture.top.join(".git/config")).unwrap(), config);
        assert_eq!(fixture.print(), print);
        assert_eq!(provision(&repo, &tree, Reach::Here), Submodules::default(), "once is enough");

        // Work in it is told of; a commit in it is what a step records.
        let outer = tree.join("vendor/outer");
        write(&outer, "lib.c", "int y;\n");
        assert!(repo.own_submodule_work(&tree).unwrap().is_empty());
        let step = |worktree: &mut crate::git::Worktree| {
            worktree
                .commit(&crate::git::Touched::Scan, &|_| "step".into(), &crate::git::StepOptions::default())
                .unwrap()
        };
        assert!(step(&mut worktree).is_none());
        let told: Vec<String> = worktree.left_out().iter().map(ToString::to_string).collect();
        assert!(told[0].contains("vendor/outer: it changed inside a submodule"), "{told:?}");
        git_in(&outer, &["-c", "user.name=T", "-c", "user.email=t@e.org", "commit", "-qam", "own"]);
        assert!(step(&mut worktree).is_some());
        assert_eq!(repo.own_submodule_work(&tree).unwrap(), [Path::new("vendor/outer")]);

        repo.remove_worktree(&tree).unwrap();
        assert!(!tree.exists() && fixture.top.join("vendor/outer/deps/inner/lib.c").is_file());
    }

    #[test]
    fn what_is_not_here_is_fetched_only_when_that_is_wanted() {
        let (fixture, _) = site();
        fs::remove_dir_all(fixture.top.join(".git/modules")).unwrap();
        let (repo, tree) = (fixture.repo(), fixture.place("work"));
        repo.create_worktree("offshoot/work", None, &tree).unwrap();
        let done = provision(&repo, &tree, Reach::Here);
        assert!(done.made.is_empty() && done.left[0].why.contains("would have to be fetched"), "{done:?}");
        let done = provision(&repo, &tree, Reach::Anywhere);
        // The user agreed to one address, and nobody to that of the submodule within, which is a file's.
        assert_eq!(done.made, [Path::new("vendor/outer")]);
        assert_eq!(done.left[0].path, Path::new("vendor/outer/deps/inner"), "{done:?}");
    }

    #[test]
    fn addresses_that_would_run_something_are_refused() {
        let fixture = Fixture::new();
        let mark = fixture.root.path().join("ran");
        let commit = fixture.git(&["rev-parse", "HEAD"]);
        let text = |name: &str, url: &str| format!("[submodule \"{name}\"]\n\tpath = sub\n\turl = {url}\n");
        for (name, url) in [
            ("sub", format!("ext::sh -c 'touch {}'", mark.display())),
            ("../../hooks", fixture.top.display().to_string()),
            ("sub", format!("--upload-pack=touch {}", mark.display())),
        ] {
            fixture.write(".gitmodules", &text(name, &url));
            fixture.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
            fixture.git(&["add", ".gitmodules"]);
            fixture.git(&["commit", "-q", "--allow-empty", "-m", "evil"]);
            let tree = fixture.place("evil");
            let repo = fixture.repo();
            repo.create_worktree("offshoot/evil", None, &tree).unwrap();
            let done = provision(&repo, &tree, Reach::Anywhere);
            assert!(done.made.is_empty() && !mark.exists(), "{url}: {done:?}");
            repo.remove_worktree(&tree).unwrap();
            fixture.git(&["branch", "-qD", "offshoot/evil"]);
        }
    }

    #[test]
    fn relative_addresses_are_read_as_git_does() {
        for (base, relative, url) in [
            ("https://h/a/b.git", "../c.git", "https://h/a/c.git"),
            ("git@h:a/b.git", "../c.git", "git@h:a/c.git"),
            ("git@h:b.git", "../c.git", "git@h:c.git"),
            ("/srv/b", "./sub", "/srv/b/sub"),
            ("/srv/b/", "../../c", "/c"),
        ] {
            assert_eq!(beside(base, relative), url, "{base} {relative}");
        }
    }
}
