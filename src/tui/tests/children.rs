//! Sub-agents: tabs that nobody opened by hand, the call that started them, and their list.

use super::*;
use crate::agent::{AgentEvent, ChildNews, ChildState};
use crate::tui::message::Message;
use crate::workbench::landing::Resolution;
use crate::workbench::{BranchName, Event, EventKind, Merging, Parentage, Start, Stat, TabId};

fn id(number: u32) -> TabId {
    TabId(TabId::CHILDREN | number)
}

/// What the workbench tells of a sub-agent's own tab.
fn tells(studio: &mut Studio, number: u32, kind: EventKind) {
    studio.take(Message::Workbench(Event { tab: id(number), session: format!("child-{number}"), kind }));
}

fn opens(studio: &mut Studio, number: u32, title: &str, parent: TabId) {
    let parentage =
        Parentage { tab: parent, session: "S1".into(), call: format!("c{number}"), title: title.into() };
    let opened = told::opened(&format!("fix--{number}"));
    let opened = crate::workbench::Opened { parent: Some(parentage), ..opened };
    tells(studio, number, EventKind::Opened(Box::new(opened)));
    let turn = AgentEvent::TurnBegan { turn: 1, prompt: format!("task {number}") };
    tells(studio, number, EventKind::Agent(turn));
}

fn news(number: u32, title: &str, state: ChildState, steps: u32) -> AgentEvent {
    AgentEvent::Child(ChildNews {
        call: format!("c{number}"),
        title: title.into(),
        session: format!("child-{number}"),
        branch: Some(format!("offshoot/fix--{number}")),
        state,
        steps,
        cost_usd: Some(0.02),
    })
}

fn is_done(studio: &mut Studio, number: u32) {
    let end = crate::agent::TurnEnd {
        outcome: crate::chat::Outcome::Ok,
        reason: EndReason::Done,
        text: "Done.".into(),
        commits: Vec::new(),
        usage: crate::chat::Usage::default(),
        cost_usd: Some(0.0),
    };
    tells(studio, number, EventKind::Agent(AgentEvent::TurnEnded(end)));
    tells(studio, number, EventKind::Closed);
}

/// An agent at work in the first tab that has given work to two others; the user is in the second tab.
fn split() -> Studio {
    let mut studio = at_work(80, 24);
    studio.keys("ctrl-t").keys("type:words of mine");
    let parent = studio.app.tabs[0].id;
    for (number, title) in [(1, "Notes\u{1b}[31m"), (2, "Tests")] {
        let input = json!({ "title": title, "task": format!("task {number}") });
        studio.agent_of(1).calls(&format!("c{number}"), "agent", input);
        opens(&mut studio, number, title, parent);
        studio.agent_of(1).does(news(number, title, ChildState::Working, 1));
    }
    studio
}

#[test]
fn their_tabs_stand_behind_their_parents_and_the_user_stays_where_they_are() {
    let mut studio = split();
    assert_eq!(studio.app.active, 3);
    insta::assert_snapshot!(studio.first_row(), @" 1 fix the failing test ◐  2 ↳ Notes ◐  3 ↳ Tests ◐  4 new ○             parser");
    assert_eq!(studio.app.tab().composer.text(), "words of mine");
    studio.keys("alt-1");
    insta::assert_snapshot!(studio.row_with("agent Notes"), @" ● agent Notes  working · 1 step · $0.02");
    studio.runs("agents");
    insta::assert_snapshot!(studio.row_with("fix--2"), @"│  Tests  offshoot/fix--2                              working · 1 step · $0.02│");
    studio.keys("down").keys("enter");
    assert_eq!(studio.app.tab().id, id(2));
    assert!(studio.shows("task 2"));
}

#[test]
fn those_that_went_well_close_with_their_parents_turn_and_others_stay_to_be_seen() {
    let mut studio = split();
    studio.keys("alt-1");
    is_done(&mut studio, 1);
    is_done(&mut studio, 2);
    studio.agent_of(1).does(news(1, "Notes", ChildState::Merged, 1));
    studio.agent_of(1).gets("c1", "Notes · merged", "It is merged.");
    studio.agent_of(1).does(news(2, "Tests", ChildState::Conflict, 1));
    studio.agent_of(1).fails_at("c2", "Tests · conflict");
    insta::assert_snapshot!(studio.first_row(), @" 1 fix the failing test ◐  2 ↳ Notes ✓  3 ↳ Tests ⚠  4 new ○             parser");
    studio.agent_of(1).ends(EndReason::Done);
    insta::assert_snapshot!(studio.first_row(), @" 1 fix the failing test ✓  2 ↳ Tests ⚠  3 new ○                          parser");
    assert_eq!(studio.app.active, 0);
    assert!(studio.shows("conflict · 1 step"));

    // What is said in one that stayed goes on with its session.
    studio.keys("alt-2").says("try again");
    let wanted = |action: &crate::tui::message::Action| {
        matches!(action, crate::tui::message::Action::Load(crate::tui::message::Load::Standing { tab, rev })
            if *tab == id(2) && rev == "child-2")
    };
    assert!(studio.actions().iter().any(wanted));
    insta::assert_snapshot!(studio.first_row(), @" 1 fix the failing test ✓  2 Tests ◌  3 new ○                            parser");
}

#[test]
fn one_whose_conflicts_were_resolved_is_merged_and_its_tab_closes() {
    let mut studio = split();
    studio.keys("alt-1");
    is_done(&mut studio, 2);
    studio.agent_of(1).does(news(2, "Tests", ChildState::Conflict, 1));
    studio.agent_of(1).ends(EndReason::Done);
    let tab = studio.app.tabs[0].id;
    let resolution = Resolution {
        name: "offshoot/fix--2".into(),
        into: studio.app.tabs[0].session.clone().unwrap().branch,
        start: Start::Resolve {
            rev: "child-2".into(),
            base: "1".repeat(40),
            branch: BranchName::From("land fix--2".into()),
        },
        prompt: "resolve it".into(),
    };
    studio.loads(Loaded::Resolution { tab, resolution: Ok(resolution) });
    let place = studio.app.active;
    studio.agent_of(place + 1).opens("land-fix--2");
    assert!(studio.shows("; then /merge"), "{}", studio.screen());
    let session = studio.app.tab().session.clone().unwrap().id;
    studio.agent_of(1).tells(EventKind::Merging(Merging::Merged {
        child: "offshoot/land-fix--2".into(),
        session: Some(session),
        commit: "1".repeat(40),
        subject: "Merge".into(),
        stat: Stat::default(),
    }));
    assert!(!studio.first_row().contains('⚠'), "{}", studio.first_row());
    assert!(studio.app.tabs.iter().all(|tab| tab.id != id(2)));
    studio.runs("agents");
    assert!(studio.shows("merged · 1 step"), "{}", studio.screen());
}

#[test]
fn a_key_at_the_call_goes_to_the_sub_agent() {
    let mut studio = split();
    studio.keys("alt-1").keys("esc").keys("G");
    studio.keys("o");
    assert_eq!(studio.app.tab().id, id(2));
}

#[test]
fn one_of_a_tab_that_is_gone_is_not_shown() {
    let mut studio = at_work(80, 24);
    opens(&mut studio, 1, "Orphan", TabId(77));
    assert_eq!(studio.app.tabs.len(), 1);
    is_done(&mut studio, 1);
    assert_eq!(studio.app.tabs.len(), 1);
}

#[test]
fn closing_who_started_them_says_that_they_stop_too() {
    let mut studio = split();
    studio.keys("alt-1").keys("ctrl-d");
    let shown = studio.screen();
    assert!(shown.contains("Its agent and 2 sub-agents are at work: they are"), "{shown}");
}
