//! Worktrees that get what git does not track, on real repositories.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::git::testing::{Fixture, git_in, write};
use crate::git::{StepOptions, Touched, Worktree};

/// A checkout with ignored files, and a worktree of it.
struct Site {
    fixture: Fixture,
    repo: Repo,
    tree: PathBuf,
    worktree: Worktree,
}

impl Site {
    fn new(init: &[&str]) -> Self {
        let fixture = Fixture::with(init);
        fixture.write(".gitignore", "target/\n*.log\n.env\nnode_modules/\ngen/\nbig.bin\n");
        fixture.commit_all("ignore more");
        fixture.write(".env", "KEY=value\n");
        fixture.write("app/.env", "KEY=other\n");
        fixture.write("node_modules/a/index.js", "a\n");
        fixture.write("node_modules/a/.env", "of a package\n");
        fixture.write("gen/deep/api.json", "{}\n");
        fixture.write("gen/deep/other.txt", "x\n");
        fixture.write("notes.log", "log\n");
        fixture.write("loose.txt", "not ignored\n");
        let (repo, tree) = (fixture.repo(), fixture.place("work"));
        let worktree = repo.create_worktree("offshoot/work", None, &tree).unwrap();
        Self { fixture, repo, tree, worktree }
    }

    fn give(&self, copy: &[&str], link: &[&str]) -> Given {
        let wants = Wants { copy: owned(copy), link: owned(link), linking: Linking::Link };
        self.repo.provision(&self.tree, &wants, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.tree.join(path)).ok()
    }

    fn step(&mut self, touched: &Touched) -> Option<String> {
        let made = self.worktree.commit(touched, &|_| "step".into(), &StepOptions::default()).unwrap()?;
        Some(git_in(&self.tree, &["show", "--format=", "--name-only", made.commit.as_str()]))
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}

#[test]
fn what_matches_and_is_ignored_is_copied() {
    let site = Site::new(&[]);
    site.fixture.write(".worktreeinclude", "# secrets\n.env\n/gen/**/*.json\n");
    fs::set_permissions(site.fixture.top.join(".env"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("notes.log", site.fixture.top.join("link.log")).unwrap();
    let print = site.fixture.print();
    let given = site.give(&["*.log", "loose.txt", "gone.txt"], &[]);

    assert_eq!(site.read(".env").as_deref(), Some("KEY=value\n"));
    assert_eq!(site.read("app/.env").as_deref(), Some("KEY=other\n"));
    assert_eq!(site.read("gen/deep/api.json").as_deref(), Some("{}\n"));
    assert!(site.read("gen/deep/other.txt").is_none() && site.read("loose.txt").is_none());
    assert!(!site.tree.join("node_modules").exists(), "a name without a place leads into no ignored folder");
    let mode = site.tree.join(".env").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(fs::read_link(site.tree.join("link.log")).unwrap(), Path::new("notes.log"));
    assert_eq!(given.copied.files, 5);
    assert_eq!(given.missing, ["gone.txt"]);
    let left: Vec<_> =
        given.left.iter().map(|left| format!("{}: {}", left.path.display(), left.why)).collect();
    assert_eq!(left, ["loose.txt: it is not ignored by git"]);
    assert_eq!(site.fixture.print(), print);
    // Again: what is there stays as it is.
    write(&site.tree, ".env", "KEY=mine\n");
    assert_eq!(site.give(&[], &[]).copied.files, 0);
    assert_eq!(site.read(".env").as_deref(), Some("KEY=mine\n"));
}

#[test]
fn folders_are_copied_with_times_modes_and_links_and_without_other_worktrees() {
    let site = Site::new(&[]);
    let top = &site.fixture.top;
    site.fixture.write("target/debug/tool", "#!/bin/sh\n");
    fs::set_permissions(top.join("target/debug/tool"), fs::Permissions::from_mode(0o755)).unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(top.join("target/debug/tool")).unwrap().set_modified(old).unwrap();
    symlink("debug/tool", top.join("target/latest")).unwrap();
    site.fixture.write("target/keep/not/this", "x");
    site.fixture.git(&["worktree", "add", "-q", "-b", "nested", "target/nested"]);
    fs::create_dir(top.join("target/closed")).unwrap();
    fs::set_permissions(top.join("target/closed"), fs::Permissions::from_mode(0o555)).unwrap();

    let given = site.give(&["target", "!target/keep/not"], &[]);
    let meta = site.tree.join("target/debug/tool").metadata().unwrap();
    assert_eq!((meta.permissions().mode() & 0o777, meta.modified().unwrap()), (0o755, old));
    assert_eq!(fs::read_link(site.tree.join("target/latest")).unwrap(), Path::new("debug/tool"));
    assert!(site.tree.join("target/keep").is_dir() && !site.tree.join("target/keep/not").exists());
    assert!(!site.tree.join("target/nested").exists());
    assert_eq!(site.tree.join("target/closed").metadata().unwrap().permissions().mode() & 0o777, 0o555);
    assert_eq!(given.left.len(), 1, "{:?}", given.left);
    // The whole of it goes again with the worktree.
    site.repo.remove_worktree(&site.tree).unwrap();
    assert!(!site.tree.exists() && top.join("target/closed").exists());
}

#[test]
fn a_link_leads_to_the_checkout_and_is_never_in_a_step() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let mut site = Site::new(init);
        let given = site.give(&[".env", "gen"], &["node_modules"]);
        assert_eq!(given.links, [Path::new("node_modules")]);
        let link = site.tree.join("node_modules");
        assert_eq!(fs::read_link(&link).unwrap(), site.fixture.top.join("node_modules"));
        // `node_modules/` ignores a folder, and a link is none.
        assert!(git_in(&site.tree, &["status", "--porcelain"]).contains("node_modules"));
        assert!(!site.worktree.is_dirty().unwrap());
        assert!(site.step(&Touched::Scan).is_none());

        // Not even when the agent ignores less, or puts it into the index.
        write(&site.tree, ".gitignore", "");
        write(&site.tree, "new.txt", "work\n");
        git_in(&site.tree, &["add", "-A"]);
        let files = site.step(&Touched::Scan).unwrap();
        assert_eq!(files.lines().collect::<Vec<_>>(), [".gitignore", "new.txt"]);
        let named = Touched::Paths(vec![".env".into(), "gen/deep/api.json".into(), "node_modules".into()]);
        assert!(site.step(&named).is_none());
        assert!(site.worktree.left_out().iter().any(|left| left.path == Path::new(".env")));
        assert!(!site.worktree.is_dirty().unwrap());

        site.repo.remove_worktree(&site.tree).unwrap();
        assert!(!link.exists() && site.fixture.top.join("node_modules/a/index.js").exists());
    }
}

#[test]
fn where_nothing_closes_a_link_a_copy_is_made() {
    let site = Site::new(&[]);
    let wants = Wants { link: owned(&["node_modules/"]), linking: Linking::Copy, ..Wants::default() };
    let given = site.repo.provision(&site.tree, &wants, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(given.links.is_empty() && given.copied.files == 2);
    assert!(site.tree.join("node_modules").symlink_metadata().unwrap().is_dir());
}

#[test]
fn it_can_be_ended_and_taken_up_again() {
    let site = Site::new(&[]);
    let wants = Wants { copy: owned(&["node_modules", ".env"]), ..Wants::default() };
    let given = site.repo.provision(&site.tree, &wants, &mut |_| ControlFlow::Break(())).unwrap();
    assert!(given.is_stopped && given.copied.files == 1);
    assert!(!site.repo.is_ready(&site.tree));
    let given = site.repo.provision(&site.tree, &wants, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(given.copied.files, 3);
    site.repo.set_ready(&site.tree, true).unwrap();
    assert!(site.repo.is_ready(&site.tree));
    // A worktree that is made again has got nothing.
    site.repo.remove_worktree(&site.tree).unwrap();
    site.repo.attach_worktree("offshoot/work", &site.tree).unwrap();
    assert!(!site.repo.is_ready(&site.tree));
}

#[test]
fn nothing_is_written_through_a_link_that_stands_in_the_worktree() {
    let site = Site::new(&[]);
    let outside = site.fixture.root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, site.tree.join("app")).unwrap();
    let given = site.give(&["app/.env"], &["gen"]);
    assert!(fs::read_dir(&outside).unwrap().next().is_none());
    assert_eq!(given.left.len(), 1, "{:?}", given.left);
}

#[test]
fn both_engines_list_the_same_as_ignored() {
    let site = Site::new(&[]);
    site.fixture.write("logs/one.log", "x");
    let listed = site
        .repo
        .on_checkout(|ground| Ok((ground.ignored()?, ground.ignored_by_library(ground.library.unwrap())?)));
    let (program, mut library) = listed.unwrap();
    library.sort();
    assert_eq!(program, library);
    let names: Vec<String> = program.iter().map(|one| one.path.display().to_string()).collect();
    assert_eq!(names, [".env", "app/.env", "gen", "logs/one.log", "node_modules", "notes.log"]);
}

/// Where the file system shares blocks, a copy costs nothing; elsewhere it is a copy all the same.
#[test]
fn copies_are_clones_where_the_file_system_can() {
    let site = Site::new(&[]);
    site.fixture.write("big.bin", &"x".repeat(1 << 20));
    let given = site.give(&["big.bin", ".env"], &[]);
    assert!(given.copied.clones == 0 || given.copied.clones == given.copied.files, "{:?}", given.copied);
    assert_eq!(site.read("big.bin").unwrap().len(), 1 << 20);
}
