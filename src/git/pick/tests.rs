//! Parts of differences in real repositories, served by the library and by the program.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::git::testing::Fixture;

/// The same repository, served by the library and by the program.
fn both(act: impl Fn(&Fixture)) {
    act(&Fixture::new());
    let program = Fixture::new();
    program.git(&["config", "extensions.partialClone", "nowhere"]);
    assert!(!program.repo().is_library());
    act(&program);
}

fn file(path: &str) -> Pick {
    Pick { path: path.to_owned(), part: Part::File }
}

/// The hunks of these numbers.
fn lines(fixture: &Fixture, path: &str, which: &[usize]) -> Pick {
    let show = |rev: &str| {
        let found = fixture.repo().blob(&fixture.repo().resolve(rev).unwrap(), Path::new(path));
        found.unwrap().unwrap_or_default()
    };
    let all = hunks(&show("before"), &show("after"));
    Pick { path: path.to_owned(), part: Part::Hunks(which.iter().map(|at| all[*at].clone()).collect()) }
}

/// What becomes of `onto` when parts of the difference between the tags `before` and `after` are put in; the
/// files that differ from `onto`, as git tells them.
fn pick(fixture: &Fixture, way: Way, picks: &[Pick], onto: &str) -> Result<String, String> {
    let repo = fixture.repo();
    let id = |rev: &str| repo.resolve(rev).unwrap().object().clone();
    let difference = Difference { from: Some(id("before")), to: id("after"), way };
    let print = fixture.print();
    let picked = repo.pick(&difference, picks, &id(onto));
    assert_eq!(fixture.print(), print, "the checkout changed");
    let tree = picked.map_err(|error| error.to_string())?;
    Ok(fixture.git(&["diff", "--no-renames", "--summary", "-p", "-U0", onto, tree.as_str()]))
}

/// What it makes of a file.
fn becomes(fixture: &Fixture, way: Way, picks: &[Pick], path: &str) -> String {
    let repo = fixture.repo();
    let id = |rev: &str| repo.resolve(rev).unwrap().object().clone();
    let difference = Difference { from: Some(id("before")), to: id("after"), way };
    let tree = repo.pick(&difference, picks, &id("HEAD")).unwrap();
    fixture.git(&["show", &format!("{tree}:{path}")])
}

fn tag(fixture: &Fixture, name: &str) {
    fixture.commit_all(name);
    fixture.git(&["tag", name]);
}

#[test]
fn hunks_are_taken_back_where_later_commits_moved_them() {
    both(|fixture| {
        fixture.write("a", "1\n2\n3\n4\n5\n6\n7\n8\n");
        tag(fixture, "before");
        fixture.write("a", "1\n2\nthree\n4\n5\n6\n7\neight\n");
        tag(fixture, "after");
        fixture.write("a", "0\n0\n1\n2\nthree\n4\n5\n6\n7\neight\n9\n");
        tag(fixture, "later");
        let first = lines(fixture, "a", &[0]);
        assert_eq!(
            becomes(fixture, Way::Revert, std::slice::from_ref(&first), "a"),
            "0\n0\n1\n2\n3\n4\n5\n6\n7\neight\n9"
        );
        let both = lines(fixture, "a", &[0, 1]);
        assert_eq!(becomes(fixture, Way::Revert, &[both], "a"), "0\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9");
        assert_eq!(becomes(fixture, Way::Revert, &[file("a")], "a"), "0\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9");
        let again = pick(fixture, Way::Take, std::slice::from_ref(&first), "later");
        assert_eq!(again.unwrap_err(), "a stands like that already");
        fixture.write("a", "else\n");
        tag(fixture, "gone");
        let gone = pick(fixture, Way::Revert, &[first], "gone");
        assert_eq!(gone.unwrap_err(), "a: the lines that this would change are not there any more");
    });
}

#[test]
fn files_that_came_go_and_files_that_went_come_back() {
    both(|fixture| {
        fixture.write("gone", "it was here\n");
        tag(fixture, "before");
        std::fs::remove_file(fixture.top.join("gone")).unwrap();
        fixture.write("new/file", "new\n");
        tag(fixture, "after");
        let text = pick(fixture, Way::Revert, &[file("gone"), file("new/file")], "after").unwrap();
        assert!(
            text.contains("create mode 100644 gone") && text.contains("delete mode 100644 new/file"),
            "{text}"
        );
        // By their only hunks, too.
        let hunks = [lines(fixture, "gone", &[0]), lines(fixture, "new/file", &[0])];
        assert_eq!(pick(fixture, Way::Revert, &hunks, "after").unwrap(), text);
        let taken = pick(fixture, Way::Take, &[file("gone"), file("new/file")], "before").unwrap();
        assert!(taken.contains("delete mode 100644 gone") && taken.contains("create mode 100644 new/file"));
        assert_eq!(pick(fixture, Way::Take, &hunks, "before").unwrap(), taken);

        fixture.write("new/file", "new\nand more\n");
        fixture.write("gone", "another\n");
        tag(fixture, "later");
        let refused = pick(fixture, Way::Revert, &[file("gone"), file("new/file")], "later").unwrap_err();
        assert_eq!(refused, "another gone is there already; new/file was changed since");
    });
}

#[test]
fn a_renamed_file_goes_back_with_what_was_changed_in_it_later() {
    both(|fixture| {
        let text = |changed: &str, last: &str| {
            format!("{}{changed}\n{}{last}\n", "line\n".repeat(20), "more\n".repeat(9))
        };
        fixture.write("old name", &text("x", "end"));
        tag(fixture, "before");
        std::fs::rename(fixture.top.join("old name"), fixture.top.join("new name")).unwrap();
        fixture.write("new name", &text("X", "end"));
        tag(fixture, "after");
        fixture.write("new name", &text("X", "END"));
        tag(fixture, "later");
        assert_eq!(
            becomes(fixture, Way::Revert, &[file("new name")], "old name"),
            text("x", "END").trim_end()
        );
        // Only its lines: the name stays.
        let hunk = Pick {
            path: "new name".into(),
            part: Part::Hunks(hunks(text("x", "end").as_bytes(), text("X", "end").as_bytes())),
        };
        assert_eq!(becomes(fixture, Way::Revert, &[hunk], "new name"), text("x", "END").trim_end());
        fixture.write("old name", "taken\n");
        tag(fixture, "taken");
        let refused = pick(fixture, Way::Revert, &[file("new name")], "taken").unwrap_err();
        assert_eq!(refused, "another new name is there already");
    });
}

#[test]
fn modes_links_and_bytes_go_as_wholes() {
    both(|fixture| {
        let top = &fixture.top;
        let mode = |name: &str, mode| {
            std::fs::set_permissions(top.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        fixture.write("script", "#!/bin/sh\n");
        std::fs::write(top.join("blob"), b"a\0b").unwrap();
        std::os::unix::fs::symlink("README.md", top.join("link")).unwrap();
        tag(fixture, "before");
        mode("script", 0o755);
        std::fs::write(top.join("blob"), b"a\0bc").unwrap();
        std::fs::remove_file(top.join("link")).unwrap();
        std::os::unix::fs::symlink("src", top.join("link")).unwrap();
        tag(fixture, "after");
        fixture.write("script", "#!/bin/sh\necho\n");
        tag(fixture, "later");
        let picks = [file("script"), file("blob"), file("link")];
        let text = pick(fixture, Way::Revert, &picks, "later").unwrap();
        assert!(text.contains("mode change 100755 => 100644 script"), "{text}");
        assert!(text.contains("Binary files") && text.contains("+README.md"), "{text}");
        assert_eq!(becomes(fixture, Way::Revert, &picks, "script"), "#!/bin/sh\necho");
        let hunk =
            |path: &str| Pick { path: path.into(), part: Part::Hunks(vec![Hunk { old: 0..1, new: 0..1 }]) };
        let refused = pick(fixture, Way::Revert, &[hunk("blob"), hunk("link")], "later").unwrap_err();
        assert!(refused.matches("has no lines to choose from").count() == 2, "{refused}");
        std::fs::write(top.join("blob"), b"a\0bcd").unwrap();
        tag(fixture, "latest");
        let refused = pick(fixture, Way::Revert, &[file("blob")], "HEAD").unwrap_err();
        assert_eq!(refused, "blob was changed since");
    });
}

#[test]
fn bytes_that_are_no_text_and_line_endings_survive_a_revert_beside_them() {
    both(|fixture| {
        let write = |bytes: &[u8]| std::fs::write(fixture.top.join("latin"), bytes).unwrap();
        write(b"caf\xe9\r\nb\r\nc");
        tag(fixture, "before");
        write(b"caf\xe9\r\nB\r\nc");
        tag(fixture, "after");
        write(b"\xe9\xe8\r\ncaf\xe9\r\nB\r\nc");
        tag(fixture, "later");
        let repo = fixture.repo();
        let id = |rev: &str| repo.resolve(rev).unwrap().object().clone();
        let difference = Difference { from: Some(id("before")), to: id("after"), way: Way::Revert };
        let tree = repo.pick(&difference, &[lines(fixture, "latin", &[0])], &id("later")).unwrap();
        let (_, blob) = repo.entry(&tree, b"latin").unwrap().unwrap();
        assert_eq!(repo.blob_of(&blob).unwrap(), b"\xe9\xe8\r\ncaf\xe9\r\nb\r\nc");
    });
}

#[test]
fn what_a_first_commit_brought_can_be_taken_back_and_nothing_half() {
    both(|fixture| {
        let repo = fixture.repo();
        let head = repo.resolve("HEAD").unwrap().object().clone();
        let difference = Difference { from: None, to: head.clone(), way: Way::Revert };
        let tree = repo.pick(&difference, &[file("docs/ein Wort – ü.txt")], &head).unwrap();
        assert!(
            repo.entry(&tree, b"docs").unwrap().is_none()
                && repo.entry(&tree, b"README.md").unwrap().is_some()
        );
        let refused = repo.pick(&difference, &[file("README.md"), file("nowhere")], &head).unwrap_err();
        assert_eq!(refused.to_string(), "nowhere does not differ there");
    });
}

#[test]
fn a_submodules_commit_is_left_to_the_submodule() {
    both(|fixture| {
        let head = fixture.git(&["rev-parse", "HEAD"]);
        let entry = format!("160000,{head},sub");
        fixture.git(&["tag", "before"]);
        fixture.git(&["update-index", "--add", "--cacheinfo", &entry]);
        fixture.git(&["commit", "-q", "-m", "after"]);
        fixture.git(&["tag", "after"]);
        let refused = pick(fixture, Way::Revert, &[file("sub")], "after").unwrap_err();
        assert_eq!(refused, "sub is a submodule: its commit is moved in there");
    });
}
