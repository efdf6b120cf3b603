//! What holds for a repository whoever serves it: each test runs on libgit2 and on the program.

use std::path::Path;

use super::testing::{Fixture, git_in, write};
use super::*;

/// Every kind of repository of the fixture; the first is served by libgit2, the others by the program.
const KINDS: &[(&str, &[&str])] =
    &[("plain", &[]), ("sha256", &["--object-format=sha256"]), ("reftable", &["--ref-format=reftable"])];

fn each_kind(test: impl Fn(&Fixture, &Repo)) {
    for (name, init) in KINDS {
        let fixture = Fixture::with(init);
        let repo = fixture.repo();
        assert_eq!(*repo.engine() == Engine::Library, *name == "plain", "{name}: {:?}", repo.engine());
        test(&fixture, &repo);
    }
}

#[test]
fn a_commit_is_written_and_read_back_as_it_was() {
    each_kind(|fixture, repo| {
        let before = fixture.print();
        let head = repo.head().unwrap();
        assert_eq!(head.branch.as_deref(), Some("main"));
        let head = head.commit.unwrap();
        assert_eq!(fixture.git(&["rev-parse", "HEAD"]), head.to_string());
        let tree = repo.commit(&head).unwrap().tree;
        let message = "Step\n\n# kept\n{\"a\":1}\n\n\nOffshoot-Turn: 1\n\n\n";
        let made = repo.write_commit(&tree, std::slice::from_ref(&head), message).unwrap();
        let read = repo.commit(&made).unwrap();
        assert_eq!((read.message.as_str(), read.parents, &read.tree), (message, vec![head.clone()], &tree));
        assert_eq!(read.author, Person { name: "Test User".into(), email: "test@example.org".into() });
        let line: Vec<_> = repo.first_parents(&made).map(|c| c.unwrap().id).collect();
        assert_eq!(line, [made.clone(), head.clone()]);
        assert!(repo.is_ancestor(&head, &made).unwrap() && !repo.is_ancestor(&made, &head).unwrap());
        assert_eq!(repo.merge_base(&made, &head).unwrap(), Some(head));
        assert_eq!(before, fixture.print());
        fixture.git(&["fsck", "--strict"]);
    });
}

#[test]
fn references_change_only_from_where_they_were_expected() {
    each_kind(|fixture, repo| {
        let before = fixture.print();
        let one = repo.head().unwrap().commit.unwrap();
        let tree = repo.commit(&one).unwrap().tree;
        let two = repo.write_commit(&tree, std::slice::from_ref(&one), "two").unwrap();
        let name = "refs/offshoot/sessions/x";
        assert_eq!(repo.read_ref(name).unwrap(), None);
        repo.update_ref(name, &one, Expect::Absent, "start").unwrap();
        let again = repo.update_ref(name, &two, Expect::Absent, "start");
        assert!(matches!(again, Err(GitError::RefExists { .. })), "{again:?}");
        let stale = repo.update_ref(name, &two, Expect::At(&two), "step");
        assert!(matches!(&stale, Err(GitError::RefMoved { found: Some(f), .. }) if *f == one), "{stale:?}");
        repo.update_ref(name, &two, Expect::At(&one), "step").unwrap();
        let below = repo.update_ref(&format!("{name}/y"), &two, Expect::Absent, "step");
        assert!(matches!(below, Err(GitError::RefBlocked { .. })), "{below:?}");
        let missing = repo.update_ref("refs/offshoot/none", &two, Expect::At(&one), "step");
        assert!(matches!(missing, Err(GitError::RefMoved { found: None, .. })), "{missing:?}");
        assert!(matches!(
            repo.update_ref("refs/offshoot/a..b", &two, Expect::Any, ""),
            Err(GitError::BadRefName { .. })
        ));
        repo.update_ref("refs/offshoot/kept/a", &one, Expect::Any, "").unwrap();
        let all = repo.refs("refs/offshoot/").unwrap();
        assert_eq!(all, [("refs/offshoot/kept/a".to_owned(), one.clone()), (name.to_owned(), two.clone())]);
        assert_eq!(repo.refs("refs/offshoot/sessions/").unwrap().len(), 1);
        assert!(matches!(repo.delete_ref(name, Expect::At(&one)), Err(GitError::RefMoved { .. })));
        repo.delete_ref(name, Expect::At(&two)).unwrap();
        repo.delete_ref(name, Expect::Any).unwrap();
        repo.delete_ref("refs/offshoot/kept/a", Expect::Any).unwrap();
        assert!(repo.refs("refs/offshoot/").unwrap().is_empty());
        assert_eq!(before, fixture.print());
    });
}

#[test]
fn a_person_names_commits_as_in_git() {
    each_kind(|fixture, repo| {
        let head = repo.head().unwrap().commit.unwrap();
        for name in ["HEAD", "main", "refs/heads/main", head.short(), head.as_str()] {
            assert_eq!(repo.resolve(name).unwrap(), head, "{name}");
        }
        fixture.git(&["tag", "-a", "v1", "-m", "one"]);
        assert_eq!(repo.resolve("v1").unwrap(), head);
        for name in ["nothing", "-x", "", "HEAD~5", "0000000000"] {
            let found = repo.resolve(name);
            assert!(matches!(found, Err(GitError::UnknownRevision { .. })), "{name}: {found:?}");
        }
    });
}

#[test]
fn differences_are_counted_by_file() {
    each_kind(|fixture, repo| {
        let one = repo.head().unwrap().commit.unwrap();
        fixture.write("README.md", "hello\nworld\n");
        fixture.write("new file.txt", "a\nb\n");
        std::fs::write(fixture.top.join("blob.bin"), b"\0\x01\x02").unwrap();
        std::fs::remove_file(fixture.top.join("src/lib.rs")).unwrap();
        fixture.git(&["mv", "src/main.rs", "src/other.rs"]);
        fixture.git(&["update-index", "--chmod=+x", "docs/ein Wort – ü.txt"]);
        fixture.git(&["add", "--", "README.md", "new file.txt", "blob.bin", "src/lib.rs"]);
        fixture.git(&["commit", "-q", "-m", "two"]);
        let two = repo.resolve("HEAD").unwrap();
        let stat = repo.diff(Some(one.object()), &two).unwrap();
        let kinds: Vec<_> = stat.files.iter().map(|f| (f.path.to_str().unwrap(), f.kind, f.binary)).collect();
        assert_eq!(
            kinds,
            [
                ("README.md", ChangeKind::Modified, false),
                ("blob.bin", ChangeKind::Added, true),
                ("docs/ein Wort – ü.txt", ChangeKind::ModeChanged, false),
                ("new file.txt", ChangeKind::Added, false),
                ("src/lib.rs", ChangeKind::Deleted, false),
                ("src/other.rs", ChangeKind::Renamed, false),
            ]
        );
        assert_eq!(stat.files[5].old_path.as_deref(), Some(Path::new("src/main.rs")));
        assert_eq!((stat.insertions, stat.deletions), (3, 1));
        assert_eq!(repo.diff(None, &one).unwrap().files.len(), 5);
        assert!(repo.diff(Some(two.object()), &two).unwrap().is_empty());
        let patch = repo.patch(Some(one.object()), &two).unwrap();
        assert!(patch.contains("\n+world\n") && patch.contains("rename to src/other.rs"), "{patch}");
        assert_eq!(repo.blob(&two, Path::new("new file.txt")).unwrap().unwrap(), b"a\nb\n");
        assert_eq!(repo.blob(&two, Path::new("src/lib.rs")).unwrap(), None);
        assert_eq!(repo.blob(&two, Path::new("src")).unwrap(), None);
    });
}

#[test]
fn branch_names_are_free_and_read_well() {
    each_kind(|fixture, repo| {
        let head = repo.head().unwrap().commit.unwrap();
        assert_eq!(repo.branch_name("Fix it").unwrap(), "offshoot/fix-it");
        repo.update_ref("refs/heads/offshoot/fix-it", &head, Expect::Absent, "").unwrap();
        assert_eq!(repo.branch_name("Fix it").unwrap(), "offshoot/fix-it-2");
        repo.update_ref("refs/heads/offshoot/fix-it-2/sub", &head, Expect::Absent, "").unwrap();
        assert_eq!(repo.branch_name("Fix it").unwrap(), "offshoot/fix-it-3");
        fixture.git(&["branch", "-D", "offshoot/fix-it", "offshoot/fix-it-2/sub"]);
        fixture.git(&["branch", "offshoot"]);
        assert_eq!(repo.branch_name("Fix it").unwrap(), "offshoot-fix-it");
        repo.update_ref("refs/remotes/origin/offshoot-fix-it", &head, Expect::Absent, "").unwrap();
        assert_eq!(repo.branch_name("Fix it").unwrap(), "offshoot-fix-it-2");
    });
}

#[test]
fn what_is_no_usable_repository_is_named() {
    let root = tempfile::tempdir().unwrap();
    let none = Repo::discover(root.path()).unwrap_err();
    assert!(matches!(none, GitError::NotARepository { .. }) && none.hint().is_some());
    assert!(!root.path().join(".git").exists());

    git_in(root.path(), &["init", "-q", "--bare", "bare.git"]);
    let bare = Repo::discover(&root.path().join("bare.git")).unwrap_err();
    assert!(matches!(bare, GitError::Bare { .. }), "{bare:?}");
    git_in(root.path(), &["init", "-q", "--bare", "--object-format=sha256", "bare256.git"]);
    let bare = Repo::discover(&root.path().join("bare256.git")).unwrap_err();
    assert!(matches!(bare, GitError::Bare { .. }), "{bare:?}");

    let fixture = Fixture::new();
    let found = Repo::discover(&fixture.top.join("src")).unwrap();
    assert_eq!(found.checkout(), fixture.top);
    for garbage in ["garbage\n", "ref: refs/heads/\n", "0123\n"] {
        std::fs::write(fixture.top.join(".git/HEAD"), garbage).unwrap();
        let corrupt = Repo::discover(&fixture.top);
        assert!(matches!(corrupt, Err(GitError::Corrupt { .. })), "{garbage:?}: {corrupt:?}");
    }
    std::fs::write(fixture.top.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::write(fixture.top.join(".git/index"), "garbage").unwrap();
    let corrupt = Repo::discover(&fixture.top);
    assert!(matches!(corrupt, Err(GitError::Corrupt { .. })), "{corrupt:?}");
    write(&fixture.top, ".git/index", "");
}

#[test]
fn the_folder_is_the_same_from_every_worktree() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let other = fixture.place("other");
    fixture.git(&["worktree", "add", "-q", "--detach", other.to_str().unwrap()]);
    let inside = Repo::discover(&other).unwrap();
    assert_eq!(inside.folder_name(), repo.folder_name());
    assert!(repo.folder_name().starts_with("my-repo-"), "{}", repo.folder_name());
    assert_eq!(inside.common_dir(), repo.common_dir());
    assert_eq!(inside.head().unwrap(), Head { branch: None, commit: repo.head().unwrap().commit });
}
