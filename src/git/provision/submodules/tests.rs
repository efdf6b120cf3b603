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
    let update = ["-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init", "--recursive"];
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
fn commits_in_a_submodule_outlive_its_files() {
    let (fixture, _) = site();
    let (repo, tree) = (fixture.repo(), fixture.place("work"));
    let mut worktree = repo.create_worktree("offshoot/work", None, &tree).unwrap();
    provision(&repo, &tree, Reach::Here);
    let outer = tree.join("vendor/outer");
    let commit = |text: &str| {
        write(&outer, "lib.c", text);
        git_in(&outer, &["-c", "user.name=T", "-c", "user.email=t@e.org", "commit", "-qam", text]);
        git_in(&outer, &["rev-parse", "HEAD"])
    };
    commit("recorded");
    let options = crate::git::StepOptions::default();
    worktree.commit(&crate::git::Touched::Scan, &|_| "step".into(), &options).unwrap().unwrap();
    let unrecorded = commit("unrecorded");
    for empty in [true, false] {
        fs::remove_dir_all(tree.join("vendor")).unwrap();
        if empty {
            fs::create_dir_all(&outer).unwrap();
        }
        let done = provision(&repo, &tree, Reach::Here);
        assert_eq!(done.left, []);
        assert!(done.made.contains(&PathBuf::from("vendor/outer")), "{done:?}");
        assert_eq!(fs::read_to_string(outer.join("lib.c")).unwrap(), "recorded");
        assert_eq!(git_in(&tree, &["status", "--porcelain"]), "");
        let kept = git_in(&outer, &["for-each-ref", "--format=%(objectname)", "refs/heads/offshoot"]);
        assert_eq!(kept, unrecorded);
        assert_eq!(repo.own_submodule_work(&tree).unwrap(), [Path::new("vendor/outer")]);
    }

    // Where it cannot be made, what was there before stays.
    fs::remove_dir_all(&outer).unwrap();
    let own = repo.admin_of(&tree).unwrap().join("modules/vendor/outer");
    write(&own, "index.lock", "");
    let done = provision(&repo, &tree, Reach::Here);
    assert_eq!(done.left[0].path, Path::new("vendor/outer"), "{done:?}");
    assert!(has_commit(&own, &CommitId::parse(&unrecorded).unwrap()));
    fs::remove_file(own.join("index.lock")).unwrap();
    assert_eq!(provision(&repo, &tree, Reach::Here).left, []);
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
