//! Sessions through an ordinary remote: pushed by ref, fetched, and gone on with by somebody else.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::machine::{Finished, Machine, put, say};

/// A machine whose repository has a bare remote, and a colleague's clone of that.
struct Team {
    machine: Machine,
    theirs: PathBuf,
}

impl Team {
    fn new() -> Self {
        let machine = Machine::new();
        let (hub, theirs) = (machine.path("hub.git"), machine.path("theirs"));
        machine.git(&["init", "-q", "--bare", "-b", "main", &hub.display().to_string()]);
        machine.git(&["remote", "add", "origin", &hub.display().to_string()]);
        machine.git(&["push", "-q", "origin", "main"]);
        machine.git(&["clone", "-q", &hub.display().to_string(), &theirs.display().to_string()]);
        machine.git_in(&theirs, &["config", "user.name", "Somebody Else"]);
        machine.git_in(&theirs, &["config", "user.email", "else@example.org"]);
        machine.script(&[
            vec![put("one.txt", "one\n"), say("First done.")],
            vec![put("two.txt", "two\n"), say("Second done.")],
            vec![put("three.txt", "three\n"), say("Third done.")],
        ]);
        Self { machine, theirs }
    }

    /// Their offshoot has folders of its own, as on another machine.
    fn they(&self, args: &[&str]) -> (Option<i32>, Value) {
        let folder = |name: &str| self.machine.path(format!("their-{name}")).display().to_string();
        let finished = self
            .machine
            .offshoot(&[&["--json"], args].concat())
            .cwd(&self.theirs)
            .env("XDG_DATA_HOME", &folder("data"))
            .env("XDG_STATE_HOME", &folder("state"))
            .env("XDG_CACHE_HOME", &folder("cache"))
            .finish();
        let last = finished.stdout.lines().last().unwrap_or_default();
        (
            finished.code,
            serde_json::from_str(last).unwrap_or_else(|_| json!(finished.stdout + &finished.stderr)),
        )
    }

    fn offshoot(&self, args: &[&str]) -> Finished {
        self.machine.offshoot(&[&["--json"], args].concat()).finish()
    }

    fn states(&self, args: &[&str]) -> Vec<String> {
        states(&self.machine.report(args))
    }

    fn hub_refs(&self) -> String {
        self.machine.git_in(&self.machine.path("hub.git"), &["for-each-ref", "--format=%(refname)"])
    }
}

fn states(report: &Value) -> Vec<String> {
    let sessions = report["sessions"].as_array().unwrap();
    sessions.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

fn config_of(repository: &Path) -> Vec<u8> {
    std::fs::read(repository.join(".git/config")).unwrap()
}

#[test]
fn a_colleague_goes_on_with_a_session_and_hands_it_back() {
    let team = Team::new();
    let first = team.machine.run_well(&["make one"]);
    let branch = first.branch();
    let (before, config) = (team.machine.fingerprint(), config_of(&team.machine.repo));
    team.machine.git(&["push", "-q", "origin", "main"]);
    assert_eq!(team.hub_refs().trim(), "refs/heads/main", "a plain push carries nothing of it");
    assert_eq!(team.states(&["push"]), ["new"]);
    assert_eq!(team.states(&["push", "origin", &branch]), ["current"]);
    let refs = team.hub_refs();
    assert!(refs.lines().any(|name| name.starts_with("refs/offshoot/sessions/")), "{refs}");
    assert_eq!(refs.lines().count(), 2, "{refs}");

    let their_config = config_of(&team.theirs);
    let (code, fetched) = team.they(&["fetch"]);
    assert_eq!((code, states(&fetched)), (Some(0), vec!["new".to_owned()]));
    assert!(!team.theirs.join(".git/FETCH_HEAD").exists());
    let (code, end) = team.they(&["resume", &branch, "make two"]);
    assert_eq!((code, end["outcome"].as_str()), (Some(0), Some("ok")), "{end}");
    assert_eq!(team.machine.git_in(&team.theirs, &["show", &format!("{branch}:one.txt")]), "one");
    let (code, pushed) = team.they(&["push"]);
    assert_eq!((code, states(&pushed)), (Some(0), vec!["updated".to_owned()]));
    assert_eq!(config_of(&team.theirs), their_config);

    assert_eq!(team.states(&["fetch"]), ["updated"]);
    assert_eq!(team.machine.file_at(&branch, "two.txt"), "two");
    let worktree = first.worktree();
    assert_eq!(std::fs::read_to_string(worktree.join("two.txt")).unwrap(), "two\n");
    let third = team.machine.run_well(&["--branch", &branch, "make three"]);
    assert_eq!(third.one("step")["turn"], 3);
    before.assert_same(&team.machine);
    assert_eq!(config_of(&team.machine.repo), config);
}

#[test]
fn a_session_that_went_on_in_both_places_is_overwritten_in_neither() {
    let team = Team::new();
    let first = team.machine.run_well(&["make one"]);
    let branch = first.branch();
    team.offshoot(&["push"]);
    team.they(&["fetch"]);
    team.they(&["resume", &branch, "make two"]);
    team.they(&["push"]);
    team.machine.run_well(&["--branch", &branch, "make it otherwise"]);
    let refused = team.offshoot(&["push"]);
    assert_eq!((refused.code, states(&refused.events()[0])), (Some(1), vec!["diverged".to_owned()]));
    let ours = team.machine.git(&["rev-parse", &branch]);
    let fetched = team.offshoot(&["fetch"]);
    assert_eq!(fetched.code, Some(1));
    let row = &fetched.events()[0]["sessions"][0];
    assert_eq!(row["state"], "diverged");
    assert_eq!(team.machine.git(&["rev-parse", &branch]), ours);
    let theirs = row["theirs"].as_str().unwrap();
    let resumed = team.offshoot(&["resume", theirs, "make three"]);
    assert_ne!(resumed.branch(), branch);
    assert!(
        team.machine.is_in(&resumed.branch(), "two.txt")
            && team.machine.is_in(&resumed.branch(), "three.txt")
    );
}

#[test]
fn a_session_whose_branch_has_the_name_of_another_one_gets_a_branch_of_its_own() {
    let team = Team::new();
    let ours = team.machine.run_well(&["make one"]);
    team.offshoot(&["push"]);
    let (code, _) = team.they(&["run", "make one"]);
    assert_eq!(code, Some(0));
    let theirs = team.machine.git_in(&team.theirs, &["rev-parse", &ours.branch()]);
    team.they(&["fetch"]);
    let (code, end) = team.they(&["resume", &ours.session(), "make two"]);
    assert_eq!((code, end["branch"].as_str()), (Some(0), Some("offshoot/make-one-2")), "{end}");
    assert_eq!(team.machine.git_in(&team.theirs, &["rev-parse", &ours.branch()]), theirs);
}

#[test]
fn what_was_undone_here_is_undone_there_by_the_next_push() {
    let team = Team::new();
    let branch = team.machine.run_well(&["make one"]).branch();
    team.machine.run_well(&["--branch", &branch, "make two"]);
    assert_eq!(team.states(&["push"]), ["new"]);
    team.offshoot(&["undo", "--turn"]);
    assert_eq!(team.states(&["fetch"]), ["current"], "a fetch brings nothing back");
    assert_eq!(team.states(&["push"]), ["updated"]);
    let (_, fetched) = team.they(&["fetch"]);
    assert_eq!(states(&fetched), ["new"]);
    let (_, log) = team.they(&["log"]);
    assert_eq!(log[0]["steps"], 1, "{log}");
}

#[test]
fn a_branch_with_changes_that_no_commit_has_is_left_alone() {
    let team = Team::new();
    let first = team.machine.run_well(&["make one"]);
    team.offshoot(&["push"]);
    team.they(&["fetch"]);
    team.they(&["resume", &first.branch(), "make two"]);
    team.they(&["push"]);
    std::fs::write(first.worktree().join("mine.txt"), "by hand").unwrap();
    let fetched = team.offshoot(&["fetch"]);
    assert_eq!((fetched.code, states(&fetched.events()[0])), (Some(1), vec!["held".to_owned()]));
    assert!(!first.worktree().join("two.txt").exists());
    assert_eq!(std::fs::read_to_string(first.worktree().join("mine.txt")).unwrap(), "by hand");
}

#[test]
fn what_git_ignores_in_a_worktree_is_not_written_over() {
    let team = Team::new();
    let first = team.machine.run_well(&["make one"]);
    team.offshoot(&["push"]);
    team.they(&["fetch"]);
    team.they(&["resume", &first.branch(), "make two"]);
    team.they(&["push"]);
    let exclude = team.machine.repo.join(".git/info/exclude");
    std::fs::create_dir_all(exclude.parent().unwrap()).unwrap();
    std::fs::write(exclude, "two.txt\n").unwrap();
    std::fs::write(first.worktree().join("two.txt"), "a key of mine").unwrap();
    let head = team.machine.git(&["rev-parse", &first.branch()]);
    let fetched = team.offshoot(&["fetch"]);
    let row = &fetched.events()[0]["sessions"][0];
    assert_eq!((fetched.code, row["state"].as_str()), (Some(1), Some("held")), "{row}");
    assert!(row.to_string().contains("two.txt"), "{row}");
    assert_eq!(std::fs::read_to_string(first.worktree().join("two.txt")).unwrap(), "a key of mine");
    assert_eq!(team.machine.git(&["rev-parse", &first.branch()]), head);
    std::fs::remove_file(first.worktree().join("two.txt")).unwrap();
    assert_eq!(team.states(&["fetch"]), ["updated"]);
    assert_eq!(std::fs::read_to_string(first.worktree().join("two.txt")).unwrap(), "two\n");
}

#[test]
fn a_plain_branch_of_the_same_name_is_not_gone_on_with() {
    let team = Team::new();
    let ours = team.machine.run_well(&["make one"]);
    team.offshoot(&["push"]);
    let theirs = &team.theirs;
    team.machine.git_in(theirs, &["checkout", "-q", "-b", &ours.branch()]);
    std::fs::write(theirs.join("mine.txt"), "mine").unwrap();
    team.machine.git_in(theirs, &["add", "-A"]);
    team.machine.git_in(theirs, &["commit", "-qm", "mine"]);
    let mine = team.machine.git_in(theirs, &["rev-parse", "HEAD"]);
    team.machine.git_in(theirs, &["checkout", "-q", "main"]);
    team.they(&["fetch"]);
    let (code, end) = team.they(&["resume", &ours.session(), "make two"]);
    assert_eq!((code, end["branch"].as_str()), (Some(0), Some("offshoot/make-one-2")), "{end}");
    assert_eq!(team.machine.git_in(theirs, &["rev-parse", &ours.branch()]), mine);
}

#[test]
fn a_session_that_cannot_be_read_keeps_nobody_from_the_others() {
    let team = Team::new();
    let first = team.machine.run_well(&["make one"]);
    let second = team.machine.run_well(&["make another"]);
    team.offshoot(&["push", "--all"]);
    team.they(&["fetch"]);
    team.they(&["resume", &second.branch(), "make two"]);
    team.they(&["push"]);
    let broken = format!("refs/offshoot/sessions/{}", first.session());
    let hub = team.machine.path("hub.git");
    let other =
        ["-c", "user.name=T", "-c", "user.email=t@e.org", "commit-tree", "main^{tree}", "-m", "broken"];
    let other = team.machine.git_in(&hub, &other);
    team.machine.git_in(&hub, &["update-ref", &broken, other.trim()]);
    let fetched = team.offshoot(&["fetch"]);
    let mut states = states(&fetched.events()[0]);
    states.sort();
    assert_eq!((fetched.code, states), (Some(1), vec!["held".to_owned(), "updated".to_owned()]));
}

#[test]
fn a_remote_that_is_not_there_is_named_with_the_next_step() {
    let machine = Machine::new();
    machine.script(&[vec![put("one.txt", "one\n"), say("Done.")]]);
    machine.run_well(&["make one"]);
    let run = |args: &[&str]| machine.offshoot(args).finish();
    let none = run(&["push"]);
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("this repository has no remote"), "{}", none.stderr);
    assert!(none.stderr.contains("git remote add origin"), "{}", none.stderr);
    let gone = run(&["push", "--remote", &machine.path("nowhere").display().to_string()]);
    assert!(gone.code == Some(1) && gone.stderr.contains("nowhere"), "{}", gone.stderr);
}
