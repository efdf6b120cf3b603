//! Sub-agents, as a front-end meets them: tabs that it did not open.

use offshoot::agent::AgentEvent;
use offshoot::agent::{Answer, ApprovalState, ChildState, Persona};
use offshoot::config::PermissionMode;
use offshoot::workbench::{Command, Event, EventKind, Opened, SetupEvent, ShellEvent, Start, TabId};
use serde_json::{Value, json};

use super::desk::{Desk, TAB, new, prompt};
use crate::support::machine::{Machine, bash, call, calls, put, say};

fn ask(title: &str, task: &str) -> Value {
    call("agent", json!({ "title": title, "task": task }))
}

impl Desk {
    /// The next event that is wanted, of whichever tab.
    async fn find<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv().await.expect("the workbench is there");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    /// The tab of the next sub-agent that is opened.
    async fn child(&mut self) -> (TabId, String, Opened) {
        self.find(|event| match &event.kind {
            EventKind::Opened(opened) if opened.parent.is_some() => {
                Some((event.tab, event.session.clone(), (**opened).clone()))
            }
            _ => None,
        })
        .await
    }

    /// How the next result of the first tab's `agent` calls begins, and whether it is an error.
    async fn answer(&mut self) -> (bool, String) {
        self.find(|event| match &event.kind {
            EventKind::Agent(AgentEvent::ToolResult { name, is_error, content, .. })
                if event.tab == TAB && name == "agent" =>
            {
                Some((*is_error, content.clone()))
            }
            _ => None,
        })
        .await
    }

    async fn closed(&mut self, tab: TabId) {
        self.find(|event| (event.tab == tab && event.kind == EventKind::Closed).then_some(())).await;
    }
}

/// A11
#[tokio::test]
async fn a_tool_that_its_parent_does_not_have_is_refused() {
    let machine = Machine::new();
    machine.scenes(&[
        (
            "begin",
            vec![
                call("agent", json!({ "task": "run it", "tools": ["Read", "Bash", "teleport"] })),
                call("agent", json!({ "task": "run it", "permissions": "full" })),
                call("agent", json!({ "task": "run it", "role": "nobody" })),
                call("agent", json!({ "task": "run it", "backend": "elsewhere" })),
                call("agent", json!({ "task": "run it", "tools": ["read"] })),
                say("Done."),
            ],
        ),
        ("run it", vec![bash("echo x > x"), say("I could not.")]),
    ]);
    let mut desk = Desk::new(machine);
    desk.open_as(TAB, new(), Some(PermissionMode::Auto)).await;
    let tools = Some(vec!["read".to_owned(), "agent".to_owned()]);
    let persona = Persona { name: "reader".into(), tools, ..Persona::default() };
    desk.send(Command::Clear { tab: TAB, persona: Some(persona) }).await;
    desk.prompt("begin").await;
    for wanted in [
        "not run: a sub-agent gets no tool that you do not have: `Bash`, `teleport`; yours are: read, skill, agent",
        "not run: a sub-agent may do no more than you: `full` is more than your `auto`",
        "not run: role \"nobody\" is not defined",
        "not run: backend \"elsewhere\" is not configured; there are: ",
    ] {
        let (is_error, said) = desk.answer().await;
        assert!(is_error && said.starts_with(wanted), "{said}");
    }
    let (child, ..) = desk.child().await;
    let refused = desk.find(|event| match &event.kind {
        EventKind::Agent(AgentEvent::ToolResult { content, .. }) if event.tab == child => {
            Some(content.clone())
        }
        _ => None,
    });
    assert_eq!(refused.await, "not run: `bash` is not among your tools");
    let (is_error, said) = desk.answer().await;
    assert!(!is_error && said.contains("It changed no file."), "{said}");
    desk.ended().await;
}

#[tokio::test]
async fn a_sub_agent_is_a_tab_that_is_told_asked_for_and_closes_when_it_is_done() {
    let machine = Machine::new();
    machine.scenes(&[
        ("begin", vec![ask("Careful work", "write it"), say("Done.")]),
        ("write it", vec![put("made.txt", "made\n"), say("Made.")]),
        ("and now", vec![put("more.txt", "more\n"), say("More.")]),
    ]);
    let mut desk = Desk::with(machine, &[], true);
    let parent = desk.open_as(TAB, new(), Some(PermissionMode::Ask)).await;
    desk.prompt("begin").await;
    let (child, session, opened) = desk.child().await;
    assert!(child.0 >= TabId::CHILDREN);
    let parentage = opened.parent.unwrap();
    assert_eq!((parentage.tab, parentage.title.as_str()), (TAB, "Careful work"));
    assert_eq!(opened.branch, format!("{}--careful-work", parent.branch));
    assert_eq!(opened.permissions, PermissionMode::Ask);

    // What it asks is asked in its own tab.
    let asked = desk.find(|event| match &event.kind {
        EventKind::Agent(AgentEvent::Approval(asked)) if asked.decision == ApprovalState::Pending => {
            Some((event.tab, asked.id.clone()))
        }
        _ => None,
    });
    let (tab, call) = asked.await;
    assert_eq!(tab, child);
    desk.send(Command::Answer { tab, call, answer: Answer::Allow }).await;
    // Neither waits for the other.
    let (mut answer, mut is_closed) = (None, false);
    while answer.is_none() || !is_closed {
        let event = desk.events.recv().await.unwrap();
        match event.kind {
            EventKind::Closed => is_closed |= event.tab == child,
            EventKind::Agent(AgentEvent::ToolResult { is_error, content, .. }) if event.tab == TAB => {
                answer = Some((is_error, content));
            }
            _ => {}
        }
    }
    let (is_error, said) = answer.unwrap();
    assert!(!is_error && said.contains("merged into your files"), "{said}");
    assert!(!opened.worktree.exists(), "its worktree goes with it");
    assert_eq!(std::fs::read_to_string(parent.worktree.join("made.txt")).unwrap(), "made\n");

    // Its session goes on like any other.
    let start = Start::Continue { rev: Some(session) };
    desk.send(Command::Open { tab: child, start, permissions: Some(PermissionMode::Full) }).await;
    let again = desk.find(|event| match &event.kind {
        EventKind::Opened(opened) if event.tab == child => Some((**opened).clone()),
        _ => None,
    });
    let again = again.await;
    assert_eq!((again.turns, again.parent.is_none()), (1, true));
    assert_eq!(again.history.steps.len(), 1, "{:?}", again.history.steps);
    desk.send(prompt(child, "and now")).await;
    desk.find(|event| event.turn_end().filter(|_| event.tab == child).cloned()).await;
    assert!(desk.machine.is_in(&opened.branch, "more.txt"));
}

#[tokio::test]
async fn its_user_may_steer_it_and_stop_it_and_the_parent_goes_on() {
    let machine = Machine::new();
    let mut desk = Desk::new(machine);
    let gate = desk.gate("child");
    desk.machine.scenes(&[
        ("begin", vec![ask("Slow", "take your time"), say("Gone on without it.")]),
        ("take your time", vec![put("early.txt", "early\n"), bash(&gate), say("Never said.")]),
        ("hurry", vec![json!({ "text": "I hurry", "stall": true })]),
    ]);
    // The settings were read before the script was there.
    let machine = std::mem::replace(&mut desk.machine, Machine::without_repository());
    let mut desk = Desk::new(machine);
    desk.open_new().await;
    desk.prompt("begin").await;
    let (child, ..) = desk.child().await;
    desk.find(|event| {
        matches!(&event.kind, EventKind::Agent(AgentEvent::Step(_)) if event.tab == child).then_some(())
    })
    .await;
    desk.send(Command::Steer { tab: child, text: "hurry".into() }).await;
    desk.release("child").await;
    let steered = desk.find(|event| match &event.kind {
        EventKind::Agent(AgentEvent::Steered { text }) => Some((event.tab, text.clone())),
        _ => None,
    });
    assert_eq!(steered.await, (child, "hurry".to_owned()));
    desk.find(|event| {
        matches!(&event.kind, EventKind::Agent(AgentEvent::Text(_)) if event.tab == child).then_some(())
    })
    .await;
    desk.send(Command::Interrupt { tab: child }).await;
    let state = desk.find(|event| match &event.kind {
        EventKind::Agent(AgentEvent::Child(news)) if news.state.is_over() => Some(news.clone()),
        _ => None,
    });
    let news = state.await;
    assert_eq!((news.state, news.steps), (ChildState::Interrupted, 1));
    let (is_error, said) = desk.answer().await;
    assert!(is_error && said.contains("was interrupted by the user") && said.contains("early.txt"), "{said}");
    let end = desk.find(|event| event.turn_end().filter(|_| event.tab == TAB).cloned()).await;
    assert_eq!(end.text, "Gone on without it.");
}

#[tokio::test]
async fn more_than_may_work_at_once_wait_and_a_parent_that_may_do_less_takes_it_from_them() {
    let machine = Machine::new();
    let desk = Desk::new(machine);
    let gate = desk.gate("one");
    let scenes = [
        (
            "begin",
            vec![
                calls(vec![
                    ("agent", json!({ "title": "One", "task": "first task" })),
                    ("agent", json!({ "title": "Two", "task": "second task" })),
                ]),
                say("Done."),
            ],
        ),
        ("first task", vec![bash(&gate), put("one.txt", "1\n"), say("One.")]),
        ("second task", vec![put("two.txt", "2\n"), say("Two.")]),
    ];
    let scenes: Vec<Value> =
        scenes.iter().map(|(when, reply)| json!({ "when": when, "reply": reply })).collect();
    desk.machine.play(&json!({ "turn": scenes }), "[agent]\nmax_children = 1\n");
    let mut desk = Desk::new(desk.machine);
    desk.open_new().await;
    desk.prompt("begin").await;
    let (one, ..) = desk.child().await;
    desk.find(|event| {
        matches!(&event.kind, EventKind::Agent(AgentEvent::ToolCall { .. }) if event.tab == one).then_some(())
    })
    .await;
    // From here on nobody may change anything.
    desk.send(Command::SetPermissions { tab: TAB, mode: PermissionMode::ReadOnly }).await;
    desk.find(|event| matches!(event.kind, EventKind::Permissions(_)).then_some(())).await;
    desk.release("one").await;
    for tab in [Some(one), None] {
        let refused = desk.find(|event| match &event.kind {
            EventKind::Agent(AgentEvent::ToolResult { name, content, .. })
                if name == "write" && tab.is_none_or(|tab| tab == event.tab) =>
            {
                Some(content.clone())
            }
            _ => None,
        });
        let refused = refused.await;
        assert!(refused.contains("permissions are read-only"), "{refused}");
    }
    desk.find(|event| event.turn_end().filter(|_| event.tab == TAB).cloned()).await;
}

#[tokio::test]
async fn a_tab_that_is_closed_ends_the_sub_agents_of_its_agent() {
    let machine = Machine::new();
    machine.scenes(&[
        ("begin", vec![ask("Stuck", "never ends"), say("Never said.")]),
        ("never ends", vec![put("made.txt", "made\n"), json!({ "text": "Still", "stall": true })]),
    ]);
    let mut desk = Desk::new(machine);
    let parent = desk.open_new().await;
    desk.prompt("begin").await;
    let (child, _, opened) = desk.child().await;
    desk.find(|event| {
        matches!(&event.kind, EventKind::Agent(AgentEvent::Step(_)) if event.tab == child).then_some(())
    })
    .await;
    desk.send(Command::Close { tab: TAB }).await;
    desk.closed(child).await;
    desk.closed(TAB).await;
    assert!(!opened.worktree.exists() && parent.worktree.exists());
    assert_eq!(desk.machine.file_at(&opened.branch, "made.txt"), "made");
}

#[tokio::test]
async fn commits_in_a_submodule_keep_the_worktree_of_a_sub_agent() {
    let machine = Machine::new();
    let origin = machine.path("origin").display().to_string();
    machine.git(&["clone", "-q", &machine.repo.display().to_string(), &origin]);
    machine.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", &origin, "lib"]);
    machine.commit_all("with a submodule");
    let work = "git -C lib -c user.name=T -c user.email=t@e.org commit -q --allow-empty -m own";
    let scenes = [
        ("begin", vec![ask("Deep", "work below"), say("Done.")]),
        ("work below", vec![bash(work), say("Did it.")]),
    ];
    let scenes: Vec<Value> =
        scenes.iter().map(|(when, reply)| json!({ "when": when, "reply": reply })).collect();
    machine.play(&json!({ "turn": scenes }), "[sandbox]\nenabled = false\n[agent]\npermissions = \"full\"\n");
    let mut desk = Desk::new(machine);
    desk.open_new().await;
    desk.prompt("begin").await;
    let (_, _, opened) = desk.child().await;
    let (is_error, said) = desk.answer().await;
    assert!(!is_error && said.contains("are left in"), "{said}");
    // It waits for its children to be closed.
    desk.send(Command::Close { tab: TAB }).await;
    desk.closed(TAB).await;
    let lib = opened.worktree.join("lib");
    assert_eq!(desk.machine.git_in(&lib, &["log", "-1", "--format=%s"]).trim(), "own");
}

#[tokio::test]
async fn an_interruption_while_a_worktree_is_made_ready_begins_no_turn() {
    let machine = Machine::new();
    let desk = Desk::new(machine);
    let gate = desk.gate("setup");
    let scenes = [
        ("begin", vec![ask("Late", "never begins"), say("Never said.")]),
        ("never begins", vec![json!({ "text": "Still", "stall": true })]),
    ];
    let scenes: Vec<Value> =
        scenes.iter().map(|(when, reply)| json!({ "when": when, "reply": reply })).collect();
    // Only a worktree in which the parent has worked is made ready by waiting.
    let setup = format!("test ! -e wait || {gate}");
    desk.machine.play(&json!({ "turn": scenes }), &format!("[worktree]\nsetup = [{setup:?}]\n"));
    let mut desk = Desk::new(desk.machine);
    let parent = desk.open_new().await;
    desk.find(|event| matches!(&event.kind, EventKind::Setup(SetupEvent::Ended(_))).then_some(())).await;
    std::fs::write(parent.worktree.join("wait"), "").unwrap();
    desk.prompt("begin").await;
    let (child, ..) = desk.child().await;
    desk.find(|event| {
        let began = matches!(&event.kind, EventKind::Shell(ShellEvent::Began { .. }));
        (event.tab == child && began).then_some(())
    })
    .await;
    desk.send(Command::Interrupt { tab: TAB }).await;
    let (is_error, said) = desk.answer().await;
    assert!(is_error && said.contains("was interrupted"), "{said}");
    desk.find(|event| event.turn_end().filter(|_| event.tab == TAB).cloned()).await;
}
