//! What is behind lines, which step broke something, and how much each turn changed.

use super::*;
use crate::agent::Failure;
use crate::chat::{ErrorClass, Usage};
use crate::git::codec::Route;
use crate::git::session::{Blame, Credit, LineCredit, PersonCredit, Source, StepCredit};
use crate::git::{CommitId, DiffStat, Person};
use crate::workbench::bisect::{Culprit, Found, Progress, Told, Verdict};
use crate::workbench::blame::Blamed;
use crate::workbench::{Stat, TabId};

fn commit(digits: &str) -> CommitId {
    CommitId::parse(&digits.repeat(10)).unwrap()
}

pub fn step(prompt: &str) -> Credit {
    Credit::Step(Box::new(StepCredit {
        commit: commit("9f31"),
        session: "S1".to_owned(),
        branch: Some("offshoot/fix-the-failing-test".to_owned()),
        title: None,
        turn: 2,
        step: 5,
        prompt: Some(prompt.to_owned()),
        subject: "Count".to_owned(),
        route: Some(Route { backend: "local".into(), model: "qwen3-coder".into(), reason: String::new() }),
        usage: Usage::default(),
        cost_usd: Some(0.0),
        time: 0,
    }))
}

pub fn person(subject: &str) -> Credit {
    let author = Person { name: "Ada".to_owned(), email: "ada@example.org".to_owned() };
    Credit::Person(PersonCredit { commit: commit("0a0b"), author, subject: subject.to_owned(), time: 86_400 })
}

pub fn blamed(text: &str) -> Blamed {
    let line = |number, source| LineCredit { number, text: text.to_owned(), source };
    let lines = vec![line(9, Some(0)), line(10, Some(1)), line(11, Some(0)), line(12, None)];
    let source = |credit, landed| Source { credit, landed, path: text.into() };
    let sources = vec![source(step("fix it\nplease"), Some(commit("7777"))), source(person(text), None)];
    Blamed { path: text.into(), blame: Blame { lines, sources } }
}

pub fn culprit(credit: Credit) -> Box<Culprit> {
    let told = Some(Told { verdict: Verdict::Bad, exit: 1 });
    Box::new(Culprit { commit: credit.commit().clone(), credit, stat: DiffStat::default(), told })
}

#[test]
fn turns_to_go_back_to_say_how_much_they_changed() {
    let mut studio = finished(80, 24);
    studio.agent().begins("now the docs").says("Done.").ends(EndReason::Done);
    let tab = studio.agent().id();
    studio.did();
    studio.runs("rewind");
    assert!(studio.did().ends_with("load turns of S1"));
    let stat = Stat { files: 2, insertions: 10, deletions: 3 };
    studio.loads(Loaded::Turns { tab, turns: vec![(1, stat)] });
    assert!(studio.shows("2 files +10 −3 · turn 1"), "{}", studio.screen());
    studio.keys("down").keys("enter");
    assert!(studio.did().ends_with("load undo of Before(1) in tab 1"));
}

#[test]
fn blame_shows_prompts_once_and_people() {
    let mut studio = finished(80, 24);
    studio.did();
    studio.runs("blame");
    assert!(studio.shows("say which file: /blame src/main.rs"));
    studio.runs("blame src/a.rs:9-12");
    assert!(studio.did().contains("load blame of src/a.rs:9-12 in Worktree("));
    studio.loads(Loaded::Blame(Ok(blamed("let x = 1;"))));
    let screen = studio.screen();
    for told in [
        "9f319f319f  turn 2, step 5 of offshoot/fix-the-failing-test ·",
        "0a0b0a0b0a  Ada, 1970-01-02 · let x = 1;",
        " 9  let x = 1;",
        "not committed yet",
        "12  let x = 1;",
    ] {
        assert!(screen.contains(told), "{told} is not in\n{screen}");
    }
    assert_eq!(screen.matches("❯ fix it").count(), 1);
    assert!(!screen.contains("please"));
    studio.keys("esc").runs("blame nowhere");
    let failure = Failure::new(ErrorClass::NotFound, "there is no file nowhere").hint("name it");
    studio.loads(Loaded::Blame(Err(failure)));
    assert!(studio.shows("there is no file nowhere") && studio.shows("name it"));
}

#[test]
fn a_bisect_goes_on_behind_the_tab_and_answers_with_a_step_to_open() {
    let mut studio = finished(80, 24);
    let tab = studio.agent().id();
    studio.did();
    studio.runs("bisect stop");
    assert!(!studio.did().contains("load"));
    studio.runs("bisect cargo test");
    assert!(studio.did().ends_with("load bisect of S1 in tab 1 with cargo test"));
    studio.runs("bisect make");
    assert!(studio.shows("a command is being tried already"));
    let progress = |progress| Loaded::Bisecting { tab, progress };
    studio.loads(progress(Progress::Began { command: "cargo test".into(), commits: 40, known: 2 }));
    let told = Told { verdict: Verdict::Bad, exit: 101 };
    studio.loads(progress(Progress::Tried { at: 12, of: 40, told, left: 3 }));
    assert!(studio.shows("trying `cargo test` at 40 steps, 2 known from before"));
    assert!(studio.shows("step 12 of 40 bad, about 3 more"));
    studio.did();
    let found = Ok(Found::Culprit(culprit(step("make it fast"))));
    studio.loads(Loaded::Bisected { tab, command: "cargo test".into(), found });
    assert!(studio.shows("This broke `cargo test`") && studio.shows("make it fast"), "{}", studio.screen());
    studio.keys("enter");
    assert!(studio.did().contains("diff"), "{}", studio.did());
}

#[test]
fn an_answer_does_not_come_over_what_the_user_is_at() {
    let mut studio = finished(80, 24);
    let tab = studio.agent().id();
    studio.runs("bisect cargo test").keys("ctrl-t");
    let found = Ok(Found::Between(vec![*culprit(step("one")), *culprit(person("two"))]));
    studio.loads(Loaded::Bisected { tab, command: "cargo test".into(), found });
    assert!(studio.app.layers.is_empty() && studio.shows("it is known what broke `cargo test`"));
    studio.keys("alt-1");
    assert!(studio.shows("Ada, 1970-01-02 · two"), "{}", studio.screen());
    // What has no answer says why.
    studio.runs("bisect false");
    let found = Ok(Found::StartIsBad { commit: commit("9f31"), exit: 1 });
    studio.loads(Loaded::Bisected { tab, command: "false".into(), found });
    assert!(studio.shows("`false` fails at the start already"));
}

#[test]
fn closing_a_tab_stops_what_is_tried_at_its_steps() {
    let mut studio = finished(80, 24);
    studio.runs("bisect cargo test");
    studio.did();
    studio.keys("ctrl-d");
    assert!(studio.shows("A command is being tried at its steps"));
    studio.keys("y");
    assert_eq!(studio.did(), "load stop of the bisect of tab 1\nclose tab 1");
    assert_eq!(studio.app.tabs[0].id, TabId(2));
}

#[test]
fn ending_the_program_with_all_tabs_asks_for_unlanded_work_and_a_key_does_not() {
    let mut studio = finished(80, 24);
    studio.runs("exit --all");
    assert!(studio.shows("1 tab has work that is not landed: its branch stays."));
    studio.keys("n");
    studio.did();
    studio.keys("ctrl-c");
    assert_eq!(studio.did(), "close tab 1");
}
