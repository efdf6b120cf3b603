//! Worktrees, steps, snapshots and resets in every kind of repository that people have.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::testing::{Fixture, git_in, write};
use super::*;

/// How a repository is set up; whether libgit2 serves it.
const KINDS: &[(&str, bool)] = &[
    ("plain", true),
    ("sha256", false),
    ("reftable", false),
    ("split index", false),
    ("sparse index", false),
    ("sparse checkout", false),
    ("partial clone", false),
    ("unpleasant settings", true),
];

fn made(kind: &str) -> Fixture {
    let fixture = match kind {
        "sha256" => Fixture::with(&["--object-format=sha256"]),
        "reftable" => Fixture::with(&["--ref-format=reftable"]),
        _ => Fixture::new(),
    };
    match kind {
        "split index" => {
            fixture.git(&["config", "core.splitIndex", "true"]);
            fixture.git(&["update-index", "--split-index"]);
        }
        "sparse index" => {
            fixture.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "src"]);
        }
        "sparse checkout" => {
            fixture.git(&["sparse-checkout", "set", "--no-cone", "/src/", "/README.md", "/.gitignore"]);
        }
        "partial clone" => {
            fixture.git(&["config", "remote.origin.promisor", "true"]);
            fixture.git(&["config", "remote.origin.url", "https://offshoot.invalid/x.git"]);
        }
        "unpleasant settings" => {
            for (key, value) in [
                ("commit.gpgSign", "true"),
                ("gpg.program", "false"),
                ("branch.autoSetupMerge", "always"),
                ("status.showUntrackedFiles", "no"),
                ("diff.noprefix", "true"),
                ("gc.auto", "1"),
                ("core.untrackedCache", "true"),
            ] {
                fixture.git(&["config", key, value]);
            }
            for hook in ["pre-commit", "commit-msg", "post-commit", "post-checkout", "reference-transaction"]
            {
                let path = fixture.top.join(".git/hooks").join(hook);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, "#!/bin/sh\nexit 1\n").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        _ => {}
    }
    fixture
}

/// Runs a test in a worktree of every kind of repository, and sees that the user's things stayed.
fn each_kind(test: impl Fn(&Fixture, &Repo, &mut Worktree)) {
    for (kind, library) in KINDS {
        let fixture = made(kind);
        let repo = fixture.repo();
        assert_eq!(*repo.engine() == Engine::Library, *library, "{kind}: {:?}", repo.engine());
        let before = fixture.print();
        let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a b")).unwrap();
        println!("-- {kind}");
        test(&fixture, &repo, &mut tree);
        assert_eq!(before, fixture.print(), "{kind}");
        fixture.git(&["fsck", "--strict", "--no-dangling"]);
    }
}

fn step(tree: &mut Worktree, touched: &Touched) -> Option<Committed> {
    let message = |stat: &DiffStat| format!("Change {} files\n\n# body\n", stat.files.len());
    tree.commit(touched, &message, &StepOptions::default()).unwrap()
}

fn paths(list: &[&str]) -> Touched {
    Touched::Paths(list.iter().map(PathBuf::from).collect())
}

fn listing(dir: &Path) -> String {
    git_in(dir, &["ls-tree", "-r", "-z", "HEAD"])
        .split('\0')
        .filter_map(|l| l.split_once('\t').map(|(meta, path)| format!("{} {path}\n", &meta[..6])))
        .collect()
}

fn status(tree: &Worktree) -> String {
    git_in(tree.path(), &["status", "--porcelain", "--untracked-files=all"])
}

#[test]
fn a_step_commits_what_changed_and_leaves_the_worktree_clean() {
    each_kind(|_, repo, tree| {
        let start = tree.head().unwrap().unwrap();
        assert!(step(tree, &Touched::Scan).is_none() && !tree.is_dirty().unwrap());
        write(tree.path(), "src/main.rs", "fn main() { println!() }\n");
        write(tree.path(), "src/new/ein Wort – ü.rs", "//! new\n");
        assert!(tree.is_dirty().unwrap());
        let one = step(tree, &paths(&["src/main.rs", "src/new/ein Wort – ü.rs"])).unwrap();
        assert_eq!(one.stat.files.len(), 2);
        assert_eq!(tree.head().unwrap().as_ref(), Some(&one.commit));
        let read = repo.commit(&one.commit).unwrap();
        assert_eq!(
            (read.message.as_str(), read.parents),
            ("Change 2 files\n\n# body\n", vec![start.clone()])
        );
        assert_eq!(status(tree), "");
        // Nothing changed, or only its time.
        write(tree.path(), "src/main.rs", "fn main() { println!() }\n");
        assert!(step(tree, &paths(&["src/main.rs", "src/none.rs"])).is_none());

        fs::remove_file(tree.path().join("src/lib.rs")).unwrap();
        fs::rename(tree.path().join("src/main.rs"), tree.path().join("src/app.rs")).unwrap();
        fs::set_permissions(tree.path().join("src/new/ein Wort – ü.rs"), fs::Permissions::from_mode(0o755))
            .unwrap();
        symlink("app.rs", tree.path().join("src/link")).unwrap();
        write(tree.path(), "src/empty/full/x", "x");
        let two = step(tree, &Touched::Scan).unwrap();
        assert_eq!(repo.commit(&two.commit).unwrap().parents, vec![one.commit.clone()]);
        let list = listing(tree.path());
        for line in [
            "100644 src/app.rs",
            "100755 src/new/ein Wort – ü.rs",
            "120000 src/link",
            "100644 src/empty/full/x",
        ] {
            assert!(list.contains(line), "{line} in {list}");
        }
        assert!(!list.contains("src/lib.rs") && !list.contains("src/main.rs"), "{list}");
        assert!(two.stat.files.iter().any(|f| f.kind == ChangeKind::Renamed));
        assert!(two.stat.files.iter().any(|f| f.kind == ChangeKind::ModeChanged));
        assert_eq!(status(tree), "");
        assert!(list.contains("docs/"), "files outside a sparse checkout stay: {list}");

        // A file takes a folder's place, and a folder a file's.
        fs::remove_dir_all(tree.path().join("src/empty")).unwrap();
        write(tree.path(), "src/empty", "a file now");
        fs::remove_file(tree.path().join("src/app.rs")).unwrap();
        write(tree.path(), "src/app.rs/inner", "a folder now");
        assert!(
            step(tree, &paths(&["src/empty", "src/empty/full/x", "src/app.rs", "src/app.rs/inner"]))
                .is_some()
        );
        let list = listing(tree.path());
        assert!(list.contains("100644 src/empty\n") && list.contains("src/app.rs/inner"), "{list}");
        assert_eq!(status(tree), "");

        let preview = tree.reset_preview(&one.commit).unwrap();
        assert!(
            preview.files.iter().any(|f| f.kind == ChangeKind::Deleted && f.path == Path::new("src/link"))
        );
        write(tree.path(), "src/build.log", "ignored");
        write(tree.path(), "src/untracked", "new");
        let head = tree.head().unwrap().unwrap();
        for moved in [tree.reset_to(&two.commit, &one.commit), tree.follow(&two.commit, &head, "late")] {
            assert!(matches!(moved, Err(GitError::RefMoved { .. })), "somebody was faster: {moved:?}");
        }
        assert_eq!(status(tree), "?? src/untracked");
        assert_eq!(tree.head().unwrap().as_ref(), Some(&head));
        tree.reset_to(&head, &one.commit).unwrap();
        assert_eq!(tree.head().unwrap(), Some(one.commit.clone()));
        assert!(tree.path().join("src/lib.rs").is_file() && tree.path().join("src/main.rs").is_file());
        assert!(!tree.path().join("src/link").exists() && !tree.path().join("src/empty").exists());
        assert!(tree.path().join("src/build.log").exists());
        assert_eq!(status(tree), "?? src/untracked");
        fs::remove_file(tree.path().join("src/untracked")).unwrap();
        tree.reset_to(&one.commit, &start).unwrap();
        assert!(step(tree, &Touched::Scan).is_none());
    });
}

#[test]
fn ignore_rules_are_obeyed_as_git_does() {
    each_kind(|fixture, _, tree| {
        let excluded = fixture.top.join(".git/info/exclude");
        let old = fs::read(&excluded).unwrap_or_default();
        fs::create_dir_all(excluded.parent().unwrap()).unwrap();
        fs::write(&excluded, "src/secretly\n").unwrap();
        write(tree.path(), "src/a.log", "ignored");
        write(tree.path(), "src/keep.log", "kept by a negated rule");
        write(tree.path(), "target/x", "ignored folder");
        write(tree.path(), "src/secretly", "excluded");
        write(tree.path(), "src/.gitignore", "*.tmp\n");
        write(tree.path(), "src/b.tmp", "ignored by a nested rule");
        write(tree.path(), "src/__init__.py", "");
        let all = [
            "src/a.log",
            "src/keep.log",
            "target/x",
            "src/secretly",
            "src/.gitignore",
            "src/b.tmp",
            "src/__init__.py",
        ];
        let named = step(tree, &paths(&all)).unwrap();
        let files: Vec<_> = named.stat.files.iter().map(|f| f.path.to_str().unwrap()).collect();
        assert_eq!(files, ["src/.gitignore", "src/__init__.py", "src/keep.log"]);
        assert!(step(tree, &Touched::Scan).is_none());
        // A tracked file is committed whatever the rules say of it.
        git_in(tree.path(), &["add", "-f", "src/a.log"]);
        git_in(
            tree.path(),
            &["-c", "core.hooksPath=/dev/null", "commit", "-q", "--no-gpg-sign", "-m", "by hand"],
        );
        write(tree.path(), "src/a.log", "changed");
        let tracked = step(tree, &paths(&["src/a.log"])).unwrap();
        assert_eq!(tracked.stat.files.len(), 1);
        fs::write(&excluded, old).unwrap();
    });
}

#[test]
fn commits_by_hand_in_the_worktree_are_built_upon() {
    each_kind(|_, repo, tree| {
        write(tree.path(), "src/a", "1");
        step(tree, &Touched::Scan).unwrap();
        write(tree.path(), "src/b", "by hand");
        git_in(tree.path(), &["add", "src/b"]);
        git_in(
            tree.path(),
            &["-c", "core.hooksPath=/dev/null", "commit", "-q", "--no-gpg-sign", "-m", "by hand"],
        );
        let hand = tree.head().unwrap().unwrap();
        write(tree.path(), "src/a", "2");
        let made = step(tree, &paths(&["src/a"])).unwrap();
        assert_eq!(repo.commit(&made.commit).unwrap().parents, [hand]);
        assert!(listing(tree.path()).contains("src/b"));
        git_in(tree.path(), &["-c", "core.hooksPath=/dev/null", "switch", "-q", "--detach"]);
        let lost = tree.head();
        assert!(matches!(&lost, Err(e @ GitError::WrongBranch { .. }) if e.hint().is_some()), "{lost:?}");
    });
}

#[test]
fn an_index_that_lags_behind_the_head_does_no_harm() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a")).unwrap();
    let index = fixture.top.join(".git/worktrees/a/index");
    let old = fs::read(&index).unwrap();
    write(tree.path(), "src/a", "1");
    write(tree.path(), "README.md", "changed\n");
    step(&mut tree, &Touched::Scan).unwrap();
    fs::write(&index, old).unwrap();
    drop(tree);
    let mut tree = repo.attach_worktree("offshoot/a", &fixture.place("a")).unwrap();
    write(tree.path(), "src/b", "2");
    let made = step(&mut tree, &paths(&["src/b"])).unwrap();
    assert_eq!(made.stat.files.len(), 1, "{:?}", made.stat);
    assert!(step(&mut tree, &Touched::Scan).is_none());
}

#[test]
fn line_ends_and_clean_filters_are_those_of_git() {
    let fixture = Fixture::new();
    fixture.git(&["config", "core.autocrlf", "true"]);
    fixture.git(&["config", "filter.upper.clean", "tr a-z A-Z"]);
    fixture.git(&["config", "filter.upper.smudge", "tr A-Z a-z"]);
    fixture.git(&["config", "filter.upper.required", "true"]);
    fixture
        .write(".gitattributes", "*.up filter=upper\n*.bat text eol=crlf\n*.raw -text\n*.sh text eol=lf\n");
    fixture.write("old.up", "abc\n");
    fixture.commit_all("attributes");
    let repo = fixture.repo();
    assert_eq!(*repo.engine(), Engine::Library);
    let before = fixture.print();
    let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a")).unwrap();
    assert_eq!(fs::read_to_string(tree.path().join("README.md")).unwrap(), "hello\r\n");
    assert!(step(&mut tree, &Touched::Scan).is_none());
    assert_eq!(fs::read_to_string(tree.path().join("old.up")).unwrap(), "abc\r\n");
    write(tree.path(), "a.txt", "one\r\ntwo\r\n");
    write(tree.path(), "b.bat", "x\r\n");
    write(tree.path(), "c.raw", "y\r\n");
    let lines = step(&mut tree, &paths(&["a.txt", "b.bat", "c.raw"])).unwrap();
    let blob = |commit: &CommitId, path: &str| {
        String::from_utf8(repo.blob(commit, Path::new(path)).unwrap().unwrap()).unwrap()
    };
    assert_eq!(blob(&lines.commit, "a.txt"), "one\ntwo\n");
    assert_eq!((blob(&lines.commit, "b.bat"), blob(&lines.commit, "c.raw")), ("x\n".into(), "y\r\n".into()));
    write(tree.path(), "new.up", "def");
    write(tree.path(), "old.up", "xyz\r\n");
    write(tree.path(), "plain.txt", "plain\n");
    let named = step(&mut tree, &paths(&["new.up", "plain.txt"])).unwrap();
    assert_eq!((named.stat.files.len(), blob(&named.commit, "new.up")), (2, "DEF".into()));
    let scanned = step(&mut tree, &Touched::Scan).unwrap();
    assert_eq!(blob(&scanned.commit, "old.up"), "XYZ\n");
    assert_eq!(status(&tree), "");
    tree.reset_to(&scanned.commit, &lines.commit).unwrap();
    assert_eq!(fs::read_to_string(tree.path().join("old.up")).unwrap(), "abc\r\n");
    assert_eq!(before, fixture.print());

    // The snapshot takes filters too.
    fixture.write("mine.up", "mine");
    let snapshot = repo.snapshot().unwrap().unwrap();
    assert_eq!(blob(&snapshot.commit, "mine.up"), "MINE");
}

#[test]
fn executable_bits_are_left_alone_where_the_file_system_has_none() {
    let fixture = Fixture::new();
    fixture.git(&["config", "core.fileMode", "false"]);
    let repo = fixture.repo();
    let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a")).unwrap();
    fs::set_permissions(tree.path().join("README.md"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(step(&mut tree, &Touched::Scan).is_none());
    assert!(step(&mut tree, &paths(&["README.md"])).is_none());
}

#[test]
fn an_empty_repository_is_worked_in_without_touching_its_unborn_branch() {
    for init in [&[][..], &["--object-format=sha256"], &["--ref-format=reftable"]] {
        let fixture = Fixture::empty(init);
        let repo = fixture.repo();
        assert_eq!(repo.head().unwrap(), Head { branch: Some("main".into()), commit: None });
        assert!(repo.snapshot().unwrap().is_none() && !repo.has_uncommitted().unwrap());
        fixture.write("draft.txt", "mine\n");
        let before = fixture.print();
        let snapshot = repo.snapshot().unwrap().unwrap();
        assert_eq!(repo.commit(&snapshot.commit).unwrap().parents, []);
        let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a")).unwrap();
        write(tree.path(), "a.txt", "a\n");
        let made = step(&mut tree, &Touched::Scan).unwrap();
        assert_eq!(made.stat.insertions, 1);
        assert_eq!(before, fixture.print());
        assert_eq!(repo.head().unwrap().commit, None);
        let on_top = repo.create_worktree("offshoot/b", Some(&snapshot.commit), &fixture.place("b")).unwrap();
        assert!(on_top.path().join("draft.txt").exists());
    }
}

#[test]
fn uncommitted_work_becomes_a_commit_without_a_trace() {
    for (kind, _) in KINDS {
        let fixture = made(kind);
        let repo = fixture.repo();
        assert!(repo.snapshot().unwrap().is_none(), "{kind}");
        fixture.write("src/main.rs", "changed\n");
        fixture.write("src/staged.rs", "staged\n");
        fixture.git(&["add", "src/staged.rs"]);
        fixture.write("src/staged.rs", "staged and changed\n");
        fixture.git(&["rm", "-q", "--cached", "src/lib.rs"]);
        fs::remove_file(fixture.top.join("src/lib.rs")).unwrap();
        fixture.write("src/new.rs", "new\n");
        fixture.write("src/.env", "TOKEN=1\n");
        fixture.write("src/server.pem", "key\n");
        fixture.write("src/x.log", "ignored\n");
        fs::write(fixture.top.join("src/huge.bin"), vec![1; 11_000_000]).unwrap();
        let before = fixture.print();
        assert!(repo.has_uncommitted().unwrap());
        let snapshot = repo.snapshot().unwrap().unwrap();
        assert_eq!(before, fixture.print(), "{kind}");
        let stat =
            repo.diff(repo.head().unwrap().commit.as_ref().map(CommitId::object), &snapshot.commit).unwrap();
        let files: Vec<_> = stat.files.iter().map(|f| f.path.to_str().unwrap()).collect();
        assert_eq!(files, ["src/lib.rs", "src/main.rs", "src/new.rs", "src/staged.rs"], "{kind}");
        let staged = repo.blob(&snapshot.commit, Path::new("src/staged.rs")).unwrap().unwrap();
        assert_eq!(staged, b"staged and changed\n");
        let mut left: Vec<_> = snapshot.left_out.iter().map(|l| l.path.to_str().unwrap()).collect();
        left.sort_unstable();
        assert_eq!(left, ["src/.env", "src/huge.bin", "src/server.pem"], "{kind}");
        let tree = repo.create_worktree("offshoot/a", Some(&snapshot.commit), &fixture.place("a")).unwrap();
        assert!(tree.path().join("src/new.rs").exists() && !tree.path().join("src/.env").exists());
        assert_eq!(before, fixture.print(), "{kind}");
    }
}

#[test]
fn a_snapshot_of_nothing_but_secrets_is_the_head() {
    let fixture = Fixture::new();
    fixture.write(".env", "TOKEN=1\n");
    let repo = fixture.repo();
    let snapshot = repo.snapshot().unwrap().unwrap();
    assert_eq!(Some(&snapshot.commit), repo.head().unwrap().commit.as_ref());
    assert_eq!(snapshot.left_out, [LeftOut { path: ".env".into(), why: Why::Secret }]);
}

#[test]
fn repositories_in_the_worktree_are_reported_and_not_swallowed() {
    each_kind(|_, _, tree| {
        write(tree.path(), "src/nested/a.txt", "inner");
        git_in(&tree.path().join("src/nested"), &["init", "-q"]);
        write(tree.path(), "src/own.txt", "mine");
        let made = step(tree, &Touched::Scan).unwrap();
        assert_eq!(made.stat.files.len(), 1);
        let nested = LeftOut { path: "src/nested".into(), why: Why::NestedRepository };
        assert_eq!(made.left_out, std::slice::from_ref(&nested));
        assert!(step(tree, &paths(&["src/nested/a.txt"])).is_none());
        git_in(
            &tree.path().join("src/nested"),
            &["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "x"],
        );
        assert!(step(tree, &Touched::Scan).is_none());
        assert_eq!(tree.left_out(), std::slice::from_ref(&nested));
        assert!(step(tree, &paths(&[".git", ".git/config", "src/nested/.git/config"])).is_none());
        let outside = tree.commit(&paths(&["../x"]), &|_| String::new(), &StepOptions::default());
        assert!(matches!(outside, Err(GitError::OutsideWorktree { .. })));
    });
}

#[test]
fn submodules_keep_their_place() {
    let inner = Fixture::new();
    let fixture = Fixture::new();
    let url = inner.top.to_str().unwrap();
    fixture.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", url, "sub"]);
    fixture.git(&["commit", "-q", "-m", "submodule"]);
    let repo = fixture.repo();
    assert!(repo.snapshot().unwrap().is_none());
    let before = fixture.print();
    let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a")).unwrap();
    assert!(step(&mut tree, &Touched::Scan).is_none());
    write(tree.path(), "a.txt", "a");
    assert_eq!(step(&mut tree, &Touched::Scan).unwrap().stat.files.len(), 1);
    assert!(listing(tree.path()).contains("160000 sub"));
    git_in(tree.path(), &["-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init"]);
    write(tree.path(), "sub/README.md", "changed inside");
    assert!(step(&mut tree, &Touched::Scan).is_none());
    let changed = [LeftOut { path: "sub".into(), why: Why::SubmoduleChanged }];
    assert_eq!(tree.left_out(), changed);
    assert!(step(&mut tree, &paths(&["sub/README.md"])).is_none());
    assert_eq!(tree.left_out(), changed);
    let sub = tree.path().join("sub");
    git_in(&sub, &["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-a", "-m", "inside"]);
    let moved = step(&mut tree, &Touched::Scan).unwrap();
    assert_eq!(moved.stat.files[0].path, Path::new("sub"));
    assert_eq!(status(&tree), "");
    assert_eq!(before, fixture.print());
    repo.remove_worktree(tree.path()).unwrap();
}

#[test]
fn what_lies_behind_a_symlink_is_not_followed() {
    each_kind(|fixture, _, tree| {
        let elsewhere = fixture.root.path().join("elsewhere");
        write(&elsewhere, "x", "outside");
        symlink(&elsewhere, tree.path().join("src/out")).unwrap();
        let made = step(tree, &paths(&["src/out/x"])).unwrap();
        assert_eq!(made.stat.files.len(), 1);
        assert!(listing(tree.path()).contains("120000 src/out\n"));
    });
}

#[test]
fn huge_new_files_are_left_out_with_a_notice() {
    each_kind(|_, _, tree| {
        let big = fs::File::create(tree.path().join("src/big.bin")).unwrap();
        big.set_len(60_000_000).unwrap();
        write(tree.path(), "src/.env", "TOKEN=1");
        assert!(step(tree, &Touched::Scan).is_none());
        let left = [
            LeftOut { path: "src/.env".into(), why: Why::Secret },
            LeftOut { path: "src/big.bin".into(), why: Why::TooLarge { bytes: 60_000_000 } },
        ];
        assert_eq!(tree.left_out(), left);
        assert!(step(tree, &paths(&["src/big.bin"])).is_none());
        assert_eq!(tree.left_out(), &left[1..]);
    });
}

#[test]
fn a_merge_has_two_parents_and_a_kept_step_may_be_empty() {
    each_kind(|_, repo, tree| {
        let head = tree.head().unwrap().unwrap();
        let data = repo.commit(&head).unwrap();
        let side = repo.write_commit(&data.tree, std::slice::from_ref(&head), "side").unwrap();
        let merge = StepOptions { extra_parents: vec![side.clone()], ..StepOptions::default() };
        let made = tree.commit(&Touched::Scan, &|_| "merge".into(), &merge).unwrap().unwrap();
        assert_eq!(repo.commit(&made.commit).unwrap().parents, [head, side]);
        let keep = StepOptions { empty: Empty::Keep, ..StepOptions::default() };
        assert!(tree.commit(&Touched::Scan, &|_| "kept".into(), &keep).unwrap().unwrap().stat.is_empty());
    });
}

#[test]
fn looking_at_the_tree_changes_nothing() {
    each_kind(|_, repo, tree| {
        write(tree.path(), "src/a", "1");
        let seen = tree.tree_now().unwrap();
        assert!(status(tree).contains("?? src/a"));
        let made = step(tree, &Touched::Scan).unwrap();
        assert_eq!((seen, repo.commit(&made.commit).unwrap().tree), (made.tree.clone(), made.tree));
    });
}

#[test]
fn a_worktree_is_reopened_or_made_again() {
    each_kind(|fixture, repo, tree| {
        write(tree.path(), "src/a", "1");
        let made = step(tree, &Touched::Scan).unwrap();
        let path = tree.path().to_owned();
        let again = repo.attach_worktree("offshoot/a", &path).unwrap();
        assert_eq!(again.head().unwrap(), Some(made.commit.clone()));
        let elsewhere = repo.attach_worktree("offshoot/a", &fixture.place("other"));
        assert!(matches!(elsewhere, Err(GitError::CheckedOutElsewhere { .. })), "{elsewhere:?}");
        let main = repo.attach_worktree("main", &fixture.place("other"));
        assert!(
            matches!(&main, Err(GitError::CheckedOutElsewhere { path, .. }) if *path == fixture.top),
            "{main:?}"
        );
        let missing = repo.attach_worktree("offshoot/none", &path);
        assert!(matches!(missing, Err(GitError::BranchMissing { .. })));
        let taken = repo.create_worktree("offshoot/a", None, &fixture.place("third"));
        assert!(matches!(taken, Err(GitError::RefExists { .. })), "{taken:?}");
        let occupied = repo.create_worktree("offshoot/c", None, &path);
        assert!(matches!(occupied, Err(GitError::PathOccupied { .. })), "{occupied:?}");
        assert_eq!(repo.read_ref("refs/heads/offshoot/c").unwrap(), None);

        fs::remove_dir_all(&path).unwrap();
        let gone = tree.commit(&Touched::Scan, &|_| "x".into(), &StepOptions::default());
        assert!(matches!(gone, Err(GitError::WorktreeMissing { .. })), "{gone:?}");
        assert!(repo.worktrees().unwrap().iter().any(|w| w.is_missing));
        let mut back = repo.attach_worktree("offshoot/a", &path).unwrap();
        assert_eq!(fs::read_to_string(path.join("src/a")).unwrap(), "1");
        assert!(step(&mut back, &Touched::Scan).is_none());

        let all = repo.worktrees().unwrap();
        let shown: Vec<_> = all.iter().map(|w| (w.branch.as_deref(), w.is_main, w.is_missing)).collect();
        assert_eq!(shown, [(Some("main"), true, false), (Some("offshoot/a"), false, false)]);
        repo.remove_worktree(&path).unwrap();
        repo.remove_worktree(&path).unwrap();
        assert!(!path.exists() && repo.worktrees().unwrap().len() == 1);
        assert!(repo.remove_worktree(&fixture.top).is_err() && fixture.top.join("README.md").exists());
        assert_eq!(repo.read_ref("refs/heads/offshoot/a").unwrap(), Some(made.commit));
    });
}

#[test]
fn inside_a_linked_worktree_and_at_a_detached_head_it_works_as_well() {
    for (kind, _) in KINDS {
        let fixture = made(kind);
        let linked = fixture.place("linked");
        fixture.git(&[
            "-c",
            "core.hooksPath=/dev/null",
            "worktree",
            "add",
            "-q",
            "--detach",
            linked.to_str().unwrap(),
        ]);
        let repo = Repo::discover(&linked.join("src")).unwrap();
        assert_eq!((repo.checkout(), repo.head().unwrap().branch), (linked.as_path(), None), "{kind}");
        write(&linked, "src/mine.rs", "mine\n");
        let before = fixture.print();
        let snapshot = repo.snapshot().unwrap().unwrap();
        let mut tree =
            repo.create_worktree("offshoot/a", Some(&snapshot.commit), &fixture.place("a")).unwrap();
        write(tree.path(), "src/mine.rs", "theirs\n");
        assert!(step(&mut tree, &Touched::Scan).is_some());
        assert_eq!(fs::read_to_string(linked.join("src/mine.rs")).unwrap(), "mine\n");
        assert_eq!(before, fixture.print(), "{kind}");
    }
}

#[test]
fn a_lock_is_waited_for_then_named_and_never_removed() {
    for kind in ["plain", "reftable"] {
        let fixture = made(kind);
        let repo = fixture.repo();
        let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a")).unwrap();
        let lock = fixture.top.join(".git/worktrees/a/index.lock");
        fs::write(&lock, "").unwrap();
        write(tree.path(), "src/a", "1");
        let locked = tree.commit(&Touched::Scan, &|_| "x".into(), &StepOptions::default());
        assert!(matches!(&locked, Err(GitError::Locked(l)) if l.path == lock), "{locked:?}");
        assert!(lock.exists());
        fs::remove_file(&lock).unwrap();
        assert!(step(&mut tree, &Touched::Scan).is_some());
        // A lock in the user's checkout is no concern of a snapshot.
        fs::write(fixture.top.join(".git/index.lock"), "").unwrap();
        fixture.write("src/mine.rs", "x");
        assert!(repo.snapshot().unwrap().is_some());
    }
}

#[test]
fn where_nothing_can_be_written_the_place_is_named() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let mut tree = repo.create_worktree("offshoot/a", None, &fixture.place("a")).unwrap();
    let head = tree.head().unwrap();
    write(tree.path(), "src/a", "1");
    let objects = fixture.top.join(".git/objects");
    // Root may write everywhere, so the store is put out of reach in a way that holds for all.
    let aside = fixture.top.join(".git/objects.aside");
    fs::rename(&objects, &aside).unwrap();
    fs::write(&objects, "not a folder").unwrap();
    let failed = tree.commit(&Touched::Scan, &|_| "x".into(), &StepOptions::default());
    assert!(failed.is_err());
    fs::remove_file(&objects).unwrap();
    fs::rename(&aside, &objects).unwrap();
    assert_eq!(tree.head().unwrap(), head);
    assert!(step(&mut tree, &Touched::Scan).is_some());

    if rustix::process::geteuid().is_root() {
        return;
    }
    let read_only = |mode| fs::set_permissions(&objects, fs::Permissions::from_mode(mode)).unwrap();
    read_only(0o555);
    write(tree.path(), "src/b", "unheard of");
    let denied = tree.commit(&Touched::Scan, &|_| "x".into(), &StepOptions::default());
    read_only(0o755);
    assert!(matches!(denied, Err(GitError::Denied { .. })), "{denied:?}");
}

#[test]
fn the_callers_git_variables_point_nowhere() {
    let fixture = Fixture::new();
    let git = super::program::Git::new(&fixture.top, "rev-parse").arg("--show-toplevel");
    assert_eq!(git.line().unwrap(), fixture.top.to_str().unwrap());
}
