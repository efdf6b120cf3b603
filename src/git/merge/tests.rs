use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::git::testing::{Fixture, git_in, write};

/// Makes a base, two sides of it, and merges them by each engine: the conflicts must be the same.
fn both(
    base: impl Fn(&Fixture),
    ours: impl Fn(&Fixture),
    theirs: impl Fn(&Fixture),
) -> (Fixture, Vec<String>) {
    let fixture = Fixture::new();
    base(&fixture);
    fixture.commit_all("base");
    fixture.git(&["checkout", "-q", "-b", "side"]);
    theirs(&fixture);
    fixture.commit_all("theirs");
    fixture.git(&["checkout", "-q", "main"]);
    ours(&fixture);
    fixture.commit_all("ours");
    let repo = fixture.repo();
    let at = |rev: &str| repo.resolve(rev).unwrap();
    let program = repo.merge_tree(&at("main"), &at("side"), Objects::Kept).unwrap();
    let library = repo.merge_by_library(&at("main"), &at("side"), Objects::Kept).unwrap();
    let said = |merged: &Merged| -> Vec<String> {
        let line = |c: &Conflict| format!("{} {}", c.path.display(), c.kind.name());
        merged.conflicts.iter().map(line).collect()
    };
    let mut by_library = said(&library);
    by_library.sort();
    by_library.dedup();
    if let Some(program) = program {
        let by_program = said(&program);
        assert_eq!(by_program, by_library, "the engines agree");
        if by_program.is_empty() {
            assert_eq!(program.tree, library.tree);
        }
    }
    (fixture, by_library)
}

fn text(edit: &str) -> String {
    format!("1\n2\n3\n{edit}\n5\n6\n7\n")
}

#[test]
fn changes_of_different_files_and_places_come_together() {
    let (fixture, conflicts) = both(
        |f| f.write("a", "1\n2\n3\n4\n5\n6\n7\n8\n"),
        |f| {
            f.write("a", "one\n2\n3\n4\n5\n6\n7\n8\n");
            f.write("b", "b\n");
        },
        |f| f.write("a", "1\n2\n3\n4\n5\n6\n7\neight\n"),
    );
    assert_eq!(conflicts, [""; 0]);
    let repo = fixture.repo();
    let merged = repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap();
    let shown = fixture.git(&["show", &format!("{}:a", merged.tree)]);
    assert_eq!(shown, "one\n2\n3\n4\n5\n6\n7\neight");
    assert!(merged.is_clean());
}

#[test]
fn a_text_that_both_changed_is_given_with_markers() {
    let (fixture, conflicts) =
        both(|f| f.write("a", &text("4")), |f| f.write("a", &text("four")), |f| f.write("a", &text("vier")));
    assert_eq!(conflicts, ["a content"]);
    let repo = fixture.repo();
    for objects in [Objects::Kept, Objects::ThrownAway] {
        let (main, side) = (repo.resolve("main").unwrap(), repo.resolve("side").unwrap());
        let merged = repo.merge_with(&main, &side, objects).unwrap();
        assert_eq!(merged.conflicts.len(), 1);
    }
    for merged in [
        repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap(),
        repo.merge_by_library(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap(), Objects::Kept)
            .unwrap(),
    ] {
        let shown = fixture.git(&["show", &format!("{}:a", merged.tree)]);
        let lines: Vec<&str> = shown.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(lines, ["1", "2", "3", "<<<<<<<", "four", "=======", "vier", ">>>>>>>", "5", "6", "7"]);
    }
}

#[test]
fn each_kind_of_conflict_is_told() {
    let plain = |f: &Fixture| f.write("a", &text("4"));
    let (_, both_added) = both(plain, |f| f.write("b", "here\n"), |f| f.write("b", "there\n"));
    assert_eq!(both_added, ["b add_add"]);
    let (_, deleted) = both(plain, |f| drop(f.git(&["rm", "-q", "a"])), |f| f.write("a", &text("four")));
    assert_eq!(deleted, ["a delete_modify"]);
    let (_, deleted) = both(plain, |f| f.write("a", &text("four")), |f| drop(f.git(&["rm", "-q", "a"])));
    assert_eq!(deleted, ["a modify_delete"]);
    let (_, binary) = both(|f| f.write("a", "\0one"), |f| f.write("a", "\0two"), |f| f.write("a", "\0three"));
    assert_eq!(binary, ["a binary"]);
}

#[test]
fn a_file_that_became_a_link_on_one_side_is_told() {
    let fixture = Fixture::new();
    fixture.write("a", &text("4"));
    fixture.commit_all("base");
    fixture.git(&["checkout", "-q", "-b", "side"]);
    fixture.write("a", &text("four"));
    fixture.commit_all("theirs");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.git(&["rm", "-q", "a"]);
    symlink("elsewhere", fixture.top.join("a")).unwrap();
    fixture.commit_all("ours");
    let repo = fixture.repo();
    let (main, side) = (repo.resolve("main").unwrap(), repo.resolve("side").unwrap());
    for merged in
        [repo.merge(&main, &side).unwrap(), repo.merge_by_library(&main, &side, Objects::Kept).unwrap()]
    {
        // The program puts the other one aside under a name with its commit.
        assert!(merged.conflicts.iter().all(|conflict| conflict.kind == ConflictKind::Mode));
        assert_eq!(merged.conflicts[0].path, PathBuf::from("a"));
    }
}

#[test]
fn renames_are_followed_and_their_conflicts_told() {
    let plain = |f: &Fixture| f.write("a", &(0..40).map(|n| format!("{n}\n")).collect::<String>());
    let (fixture, none) = both(
        plain,
        |f| drop(f.git(&["mv", "a", "b"])),
        |f| f.write("a", &(0..41).map(|n| format!("{n}\n")).collect::<String>()),
    );
    assert_eq!(none, [""; 0]);
    let repo = fixture.repo();
    let merged = repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap();
    assert!(fixture.git(&["show", &format!("{}:b", merged.tree)]).ends_with("\n40"));
}

#[test]
fn an_executable_bit_and_a_text_come_together() {
    let (fixture, none) = both(
        |f| f.write("a", &text("4")),
        |f| {
            let path = f.top.join("a");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        },
        |f| f.write("a", &text("four")),
    );
    assert_eq!(none, [""; 0]);
    let repo = fixture.repo();
    let merged = repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap();
    assert!(fixture.git(&["ls-tree", merged.tree.as_str(), "a"]).starts_with("100755"));
}

#[test]
fn a_submodule_that_moved_on_both_sides_is_told() {
    let set = |f: &Fixture, digit: &str| {
        let entry = format!("160000,{},sub", digit.repeat(40));
        f.git(&["update-index", "--add", "--cacheinfo", &entry]);
        std::fs::create_dir_all(f.top.join("sub")).unwrap();
    };
    let fixture = Fixture::new();
    let commit = |f: &Fixture, message: &str| {
        f.git(&["commit", "-q", "--allow-empty", "-m", message]);
    };
    set(&fixture, "1");
    commit(&fixture, "base");
    fixture.git(&["checkout", "-q", "-b", "side"]);
    set(&fixture, "2");
    commit(&fixture, "theirs");
    fixture.git(&["checkout", "-q", "main"]);
    set(&fixture, "3");
    commit(&fixture, "ours");
    let repo = fixture.repo();
    let (main, side) = (repo.resolve("main").unwrap(), repo.resolve("side").unwrap());
    for merged in
        [repo.merge(&main, &side).unwrap(), repo.merge_by_library(&main, &side, Objects::Kept).unwrap()]
    {
        let kinds: Vec<_> = merged.conflicts.iter().map(|conflict| conflict.kind).collect();
        assert_eq!(kinds, [ConflictKind::Submodule]);
        assert!(fixture.git(&["ls-tree", merged.tree.as_str(), "sub"]).contains(&"3".repeat(40)));
    }
}

#[test]
fn a_change_is_put_on_a_commit_of_another_history() {
    let fixture = Fixture::new();
    fixture.write("a", &text("4"));
    fixture.commit_all("one");
    fixture.write("a", &text("four"));
    fixture.write("b", "b\n");
    fixture.commit_all("two");
    fixture.git(&["checkout", "-q", "--orphan", "alone"]);
    fixture.git(&["rm", "-q", "-f", "b"]);
    fixture.write("a", &format!("0\n{}", text("4")));
    fixture.commit_all("alone");
    let repo = fixture.repo();
    let at = |rev: &str| repo.resolve(rev).unwrap();
    let picked = repo.merge_from(&at("main~"), &at("alone"), &at("main")).unwrap();
    assert!(picked.is_clean());
    let show = |path: &str| fixture.git(&["show", &format!("{}:{path}", picked.tree)]);
    assert_eq!(
        (show("a"), show("b")),
        (format!("0\n{}", text("four")).trim_end().to_owned(), "b".to_owned())
    );
    let reverted = repo.merge_from(&at("main"), &at("main"), &at("main~")).unwrap();
    assert_eq!(reverted.tree, repo.commit(&at("main~")).unwrap().tree);
}

fn objects(fixture: &Fixture) -> String {
    fixture.git(&["count-objects"])
}

#[test]
fn looking_leaves_no_object_behind() {
    for partial in [false, true] {
        let fixture = Fixture::new();
        if partial {
            fixture.git(&["config", "extensions.partialClone", "nowhere"]);
        }
        let lines = |edit: &str| format!("{edit}1\n2\n3\n4\n5\n6\n7\n8\n");
        fixture.write("a", &lines(""));
        fixture.commit_all("base");
        fixture.git(&["checkout", "-q", "-b", "side"]);
        fixture.write("a", &format!("{}9\n", lines("")));
        fixture.commit_all("side");
        fixture.git(&["checkout", "-q", "main"]);
        fixture.write("a", &lines("0\n"));
        fixture.commit_all("main");
        let (repo, before) = (fixture.repo(), objects(&fixture));
        let at = |rev: &str| repo.resolve(rev).unwrap();
        assert_eq!(repo.conflicts(&at("main"), &at("side")).unwrap(), []);
        if !partial {
            repo.merge_by_library(&at("main"), &at("side"), Objects::ThrownAway).unwrap();
        }
        assert_eq!(objects(&fixture), before, "partial: {partial}");
        assert_eq!(repo.conflicts(&at("main"), &at("main~")).unwrap(), [], "nothing happened since");
    }
}

#[test]
fn histories_without_a_common_beginning_conflict_where_they_differ() {
    let fixture = Fixture::new();
    fixture.write("both – ü", "main\n");
    fixture.commit_all("main");
    fixture.git(&["checkout", "-q", "--orphan", "alone"]);
    fixture.write("both – ü", "alone\n");
    fixture.commit_all("alone");
    let repo = fixture.repo();
    let at = |rev: &str| repo.resolve(rev).unwrap();
    let conflicts = repo.conflicts(&at("alone"), &at("main")).unwrap();
    assert!(conflicts.iter().any(|conflict| conflict.path.ends_with("both – ü")), "{conflicts:?}");
}

#[test]
fn a_file_and_a_folder_of_one_name_are_told_and_nothing_is_lost() {
    let fixture = Fixture::new();
    fixture.write("keep", "k\n");
    fixture.commit_all("base");
    fixture.git(&["checkout", "-q", "-b", "side"]);
    write(&fixture.top, "a/inside", "there\n");
    fixture.commit_all("theirs");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write("a", "here\n");
    fixture.commit_all("ours");
    let repo = fixture.repo();
    let at = |rev: &str| repo.resolve(rev).unwrap();
    for merged in [
        repo.merge(&at("main"), &at("side")).unwrap(),
        repo.merge_by_library(&at("main"), &at("side"), Objects::Kept).unwrap(),
    ] {
        let kinds: Vec<_> = merged.conflicts.iter().map(|conflict| conflict.kind).collect();
        assert_eq!(kinds, [ConflictKind::FileAndFolder]);
        let listed = git_in(&fixture.top, &["ls-tree", "-r", "--name-only", merged.tree.as_str()]);
        let files: Vec<&str> = listed.lines().filter(|path| path.starts_with('a')).collect();
        assert!(files.len() == 2 && files[0] == "a/inside" && files[1].starts_with("a~"), "{files:?}");
    }
}
