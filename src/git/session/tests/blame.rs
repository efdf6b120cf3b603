//! The steps and the prompts behind lines, however they came to where they are.

use std::path::Path;

use super::*;
use crate::git::{BlameAt, Blanks};

/// Each line as who is behind it, and its text.
fn blamed(repo: &Repo, rev: &str, path: &str) -> Vec<String> {
    let commit = repo.resolve(rev).unwrap();
    let blame = blame(repo, BlameAt::Commit(&commit), Path::new(path), None, Blanks::Count).unwrap();
    blame.lines.iter().map(|line| format!("{} | {}", told(&blame, line), line.text)).collect()
}

fn told(blame: &Blame, line: &LineCredit) -> String {
    let Some(source) = line.source.map(|at| &blame.sources[at]) else { return "nobody".into() };
    let landed = if source.landed.is_some() { ", landed" } else { "" };
    match &source.credit {
        Credit::Step(step) => {
            let prompt = step.prompt.as_deref().unwrap_or("?");
            format!("turn {} step {}: {prompt}{landed}", step.turn, step.step)
        }
        Credit::Person(person) => format!("{}: {}{landed}", person.author.name, person.subject),
    }
}

/// Three turns on one file, with a commit by hand between them.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.fixture.write("f.txt", "base\n");
    desk.fixture.commit_all("base");
    desk.git(&["reset", "-q", "--hard", "main"]);
    let base = desk.head();
    desk.cursor = Cursor::start(new_id(), "offshoot/work", base, None);
    desk.prompt("write one");
    desk.answer("So.");
    desk.step("f.txt", "base\none\n");
    desk.answer("And more.");
    desk.step("f.txt", "base\none\nmore\n");
    desk.answer("Done.");
    desk.record();
    write(&desk.tree, "f.txt", "base\none\nmore\nhand\n");
    desk.commit_by_hand("By hand");
    desk.chat("what is that?");
    desk.prompt("write three");
    desk.answer("So.");
    desk.step("f.txt", "base\none\nmore\nhand\nthree\n");
    desk
}

const STEPS: [&str; 5] = [
    "Test User: base | base",
    "turn 1 step 1: write one | one",
    "turn 1 step 2: write one | more",
    "Test User: By hand | hand",
    "turn 3 step 3: write three | three",
];

#[test]
fn lines_lead_to_steps_with_their_prompts_and_to_people() {
    let desk = desk();
    assert_eq!(blamed(&desk.repo, "offshoot/work", "f.txt"), STEPS);
    let found =
        blame(&desk.repo, BlameAt::Commit(&desk.head()), Path::new("f.txt"), Some(&(3..=3)), Blanks::Count)
            .unwrap();
    let line = &found.lines[0];
    assert_eq!((found.lines.len(), line.number, line.text.as_str()), (1, 3, "more"));
    let Credit::Step(step) = &found.sources[0].credit else { panic!() };
    assert_eq!((step.session.clone(), step.branch.as_deref()), (desk.id(), Some("offshoot/work")));
    assert_eq!((step.route.as_ref().unwrap().backend.as_str(), step.cost_usd), ("local", Some(0.25)));
}

#[test]
fn a_squash_landing_leads_to_the_steps_behind_it() {
    let desk = desk();
    // The user's branch went on meanwhile, in the same file.
    desk.fixture.write("f.txt", "zero\nbase\n");
    desk.fixture.commit_all("went on");
    desk.fixture.git(&["merge", "-q", "--squash", "offshoot/work"]);
    let message =
        format!("Land the work\n\nOffshoot-Landed: {}\nOffshoot-Session: {}\n", desk.head(), desk.id());
    desk.fixture.git(&["commit", "-q", "-m", &message]);
    let mut expected = vec!["Test User: went on | zero".to_owned()];
    expected.push(STEPS[0].to_owned());
    expected.extend(STEPS[1..].iter().map(|line| line.replace(" | ", ", landed | ")));
    assert_eq!(blamed(&desk.repo, "main", "f.txt"), expected);
    // The branch is gone, and a ref of ours keeps what landed.
    keep(&desk.repo, &desk.id(), &desk.head(), "land").unwrap();
    desk.repo.remove_worktree(&desk.tree).unwrap();
    desk.fixture.git(&["branch", "-q", "-D", "offshoot/work"]);
    assert_eq!(blamed(&desk.repo, "main", "f.txt"), expected);
}

#[test]
fn steps_that_were_squashed_with_git_itself_are_found_by_their_messages() {
    let desk = desk();
    let messages = desk.git(&["log", "--reverse", "--format=%B", "main.."]);
    desk.fixture.git(&["merge", "-q", "--squash", "offshoot/work"]);
    desk.fixture.git(&["commit", "-q", "--cleanup=verbatim", "-m", &format!("Squashed\n\n{messages}")]);
    let found = blamed(&desk.repo, "main", "f.txt");
    assert_eq!(found[1], "turn 1 step 1: write one, landed | one");
    assert_eq!(found[4], "turn 3 step 3: write three, landed | three");
}

#[test]
fn a_picked_step_is_that_step() {
    let desk = desk();
    let first = desk.repo.resolve("offshoot/work~3").unwrap();
    desk.fixture.git(&["cherry-pick", first.as_str()]);
    // As git itself copies it, the copy speaks for itself.
    assert_eq!(blamed(&desk.repo, "main", "f.txt")[1], STEPS[1]);
    let message = desk.fixture.git(&["log", "-1", "--format=%B"]);
    desk.fixture.git(&[
        "commit",
        "-q",
        "--amend",
        "-m",
        &format!("{message}\nOffshoot-Picked-From: {first}"),
    ]);
    assert_eq!(blamed(&desk.repo, "main", "f.txt")[1], "turn 1 step 1: write one, landed | one");
    // Its original is not here.
    let gone = "1".repeat(40);
    desk.fixture.git(&["commit", "-q", "--amend", "-m", &format!("{message}\nOffshoot-Picked-From: {gone}")]);
    assert_eq!(blamed(&desk.repo, "main", "f.txt")[1], STEPS[1]);
}

#[test]
fn what_landed_and_is_not_here_is_whoever_landed_it() {
    let desk = desk();
    desk.fixture.git(&["merge", "-q", "--squash", "offshoot/work"]);
    let message = format!("Land the work\n\nOffshoot-Landed: {}\n", "1".repeat(40));
    desk.fixture.git(&["commit", "-q", "-m", &message]);
    assert_eq!(blamed(&desk.repo, "main", "f.txt")[1], "Test User: Land the work | one");
}

#[test]
fn a_merge_leads_to_the_steps_on_its_other_side() {
    let desk = desk();
    desk.fixture.write("other.txt", "x\n");
    desk.fixture.commit_all("went on");
    desk.fixture.git(&["merge", "-q", "--no-edit", "offshoot/work"]);
    assert_eq!(blamed(&desk.repo, "main", "f.txt"), STEPS);
}

#[test]
fn a_rebased_step_keeps_its_prompt() {
    let desk = desk();
    desk.fixture.write("other.txt", "x\n");
    desk.fixture.commit_all("went on");
    desk.git(&["rebase", "-q", "main"]);
    assert_eq!(blamed(&desk.repo, "offshoot/work", "f.txt"), STEPS);
}
