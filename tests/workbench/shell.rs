//! Commands that the user runs in a tab, beside the agent.

use offshoot::agent::AgentEvent;
use offshoot::workbench::{Audience, Command, EventKind, ShellEnd, ShellEvent, Stat};

use super::desk::{Desk, TAB};
use crate::support::machine::{Machine, bash, say};

/// With a session in which one turn was run.
async fn after_a_turn() -> Desk {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")], vec![say("Heard.")], vec![say("Three.")]]);
    let mut desk = Desk::new(machine);
    desk.open_new().await;
    desk.turn("first").await;
    desk
}

#[tokio::test]
async fn a_command_for_the_model_is_on_record_at_once_and_its_files_are_committed() {
    let mut desk = after_a_turn().await;
    desk.shell("echo made > made; cat made; exit 3", Audience::Model).await;
    let began = desk.next(|kind| match kind {
        EventKind::Shell(ShellEvent::Began { id, command, audience }) => Some((id, command, audience)),
        _ => None,
    });
    assert_eq!(began.await, (1, "echo made > made; cat made; exit 3".into(), Audience::Model));
    let output = desk.next(|kind| match kind {
        EventKind::Shell(ShellEvent::Output { id, text, dropped }) => Some((id, text, dropped)),
        _ => None,
    });
    assert_eq!(output.await, (1, "made\n".into(), 0));
    assert_eq!(desk.shell_ended().await, (ShellEnd::Exited(3), "made\n".into(), true));
    let record = desk.recorded();
    assert!(
        record.contains(r"The user ran `echo made > made; cat made; exit 3` (exit code 3):\n```\nmade\n```")
    );
    let (commit, subject, stat) = desk
        .next(|kind| match kind {
            EventKind::Committed { commit, subject, stat } => Some((commit, subject, stat)),
            _ => None,
        })
        .await;
    assert_eq!((&*subject, stat), ("create made", Stat { files: 1, insertions: 1, deletions: 0 }));
    assert_eq!(desk.machine.file_at(&commit, "made"), "made");
    assert_eq!(desk.machine.trailer(&commit, "Offshoot-Session"), "");
    // The model sees it with the next prompt: what it was sent has two prompts and a note.
    assert_eq!(desk.turn("second").await.text, "Three.");
}

#[tokio::test]
async fn a_command_for_the_user_alone_is_nowhere_in_git() {
    let mut desk = after_a_turn().await;
    let before = desk.recorded();
    desk.shell("echo for my eyes only", Audience::User).await;
    assert_eq!(desk.shell_ended().await, (ShellEnd::Exited(0), "for my eyes only\n".into(), false));
    assert_eq!(desk.turn("second").await.text, "Heard.");
    let after = desk.recorded();
    assert!(after.len() > before.len() && !after.contains("for my eyes only"));
}

#[tokio::test]
async fn what_was_run_before_the_first_prompt_is_given_with_it() {
    let machine = Machine::new();
    // The note of both is one more message of the user's to the script.
    machine.script(&[vec![say("Unheard.")], vec![say("Heard both.")]]);
    let mut desk = Desk::new(machine);
    desk.open_new().await;
    for word in ["early", "bird"] {
        desk.shell(&format!("echo {word}"), Audience::Model).await;
        assert_eq!(desk.shell_ended().await, (ShellEnd::Exited(0), format!("{word}\n"), true));
    }
    desk.prompt("first").await;
    let end = desk
        .next(|kind| match kind {
            // It was shown when it ran: nothing is said of it again.
            EventKind::Agent(AgentEvent::Steered { text }) => panic!("{text}"),
            EventKind::Agent(AgentEvent::TurnEnded(end)) => Some(end),
            _ => None,
        })
        .await;
    assert_eq!(end.text, "Heard both.");
    let record = desk.recorded();
    assert!(record.contains("`echo early`") && record.contains("`echo bird`"), "{record}");
}

#[tokio::test]
async fn what_is_run_while_the_agent_works_is_given_before_its_next_call() {
    let desk = Desk::new(Machine::new());
    let wait = desk.gate("turn");
    // The note is one more message of the user's to the script.
    desk.machine.script(&[vec![bash(&wait), say("Unheard.")], vec![say("Heard.")]]);
    let mut desk = Desk::new(desk.machine);
    desk.open_new().await;
    desk.prompt("first").await;
    desk.next(|kind| matches!(kind, EventKind::Agent(AgentEvent::ToolCall { .. })).then_some(())).await;
    desk.shell("echo meanwhile", Audience::Model).await;
    assert!(desk.shell_ended().await.2);
    desk.release("turn").await;
    assert_eq!(desk.ended().await.text, "Heard.");
}

#[tokio::test]
async fn a_model_that_is_done_is_not_called_again_for_what_was_run() {
    let machine = Machine::new();
    // More deltas than events may wait: the answer is held up until they are read.
    machine.script(&[vec![say(&"word ".repeat(10_000))], vec![say("Called again.")]]);
    let mut desk = Desk::new(machine);
    desk.open_new().await;
    desk.prompt("first").await;
    desk.next(|kind| matches!(kind, EventKind::Agent(AgentEvent::Text(_))).then_some(())).await;
    let done = desk.gate("done").replace("cat ", "echo > ");
    desk.shell(&format!("echo late; {done}"), Audience::Model).await;
    desk.next(|kind| matches!(kind, EventKind::Shell(ShellEvent::Began { .. })).then_some(())).await;
    desk.wait_for("done").await;
    // Whichever of the two ends first.
    let (mut shell, mut turn) = (None, None);
    desk.next(|kind| {
        match kind {
            EventKind::Shell(ShellEvent::Ended { text, offered, .. }) => shell = Some((text, offered)),
            EventKind::Agent(AgentEvent::TurnEnded(end)) => turn = Some(end.text),
            _ => {}
        }
        (shell.is_some() && turn.is_some()).then_some(())
    })
    .await;
    assert_eq!(shell, Some(("late\n".into(), true)));
    assert!(turn.is_some_and(|text| text.starts_with("word word")));
    desk.close(TAB).await;
    assert!(desk.recorded().contains("The user ran `echo late"));
}

#[tokio::test]
async fn an_interruption_stops_commands_and_a_tab_that_closes_does_too() {
    let mut desk = after_a_turn().await;
    desk.shell("echo ready; exec sleep 1000", Audience::User).await;
    desk.shell("echo ready; exec sleep 1000", Audience::User).await;
    let mut ready = 0;
    desk.next(|kind| {
        ready += usize::from(matches!(kind, EventKind::Shell(ShellEvent::Output { .. })));
        (ready == 2).then_some(())
    })
    .await;
    desk.send(Command::Interrupt { tab: TAB }).await;
    for _ in 0..2 {
        assert_eq!(desk.shell_ended().await, (ShellEnd::Stopped, "ready\n".into(), false));
    }
    desk.shell("echo ready; exec sleep 1000", Audience::Model).await;
    desk.next(|kind| matches!(kind, EventKind::Shell(ShellEvent::Output { .. })).then_some(())).await;
    desk.send(Command::Close { tab: TAB }).await;
    assert_eq!(desk.shell_ended().await, (ShellEnd::Stopped, "ready\n".into(), true));
    desk.next(|kind| matches!(kind, EventKind::Closed).then_some(())).await;
    assert!(desk.recorded().contains("(stopped by the user)"));
}

#[tokio::test]
async fn output_that_nobody_reads_fast_enough_is_dropped_and_counted() {
    const BYTES: usize = 16 * 1024 * 1024;
    let mut desk = after_a_turn().await;
    desk.shell(&format!("yes 0123456789abcde | head -c {BYTES}"), Audience::User).await;
    let (mut seen, mut largest) = (0, 0);
    let (exit, text) = desk
        .next(|kind| match kind {
            EventKind::Shell(ShellEvent::Output { text, dropped, .. }) => {
                seen += text.len() + dropped;
                largest = largest.max(text.len());
                None
            }
            EventKind::Shell(ShellEvent::Ended { exit, text, .. }) => Some((exit, text)),
            _ => None,
        })
        .await;
    assert_eq!((exit, seen), (ShellEnd::Exited(0), BYTES));
    assert!(largest <= 64 * 1024 && text.len() < 64 * 1024, "{largest} {}", text.len());
}

#[tokio::test]
async fn secrets_are_neither_in_its_environment_nor_shown() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")]]);
    let mut desk = Desk::with(machine, &[("SHOP_API_KEY", "topsecret-1234567")], false);
    desk.open_new().await;
    desk.shell("echo [$SHOP_API_KEY]; echo topsecret-1234567", Audience::Model).await;
    let mut shown = String::new();
    let text = desk
        .next(|kind| match kind {
            EventKind::Shell(ShellEvent::Output { text, .. }) => {
                shown.push_str(&text);
                None
            }
            EventKind::Shell(ShellEvent::Ended { text, .. }) => Some(text),
            _ => None,
        })
        .await;
    assert!(text.starts_with("[]\n") && !text.contains("topsecret") && shown == text, "{text} {shown}");
}

#[tokio::test]
async fn a_command_that_cannot_be_run_says_why() {
    let mut desk = after_a_turn().await;
    let opened = desk.machine.git(&["worktree", "list"]);
    let worktree = opened.lines().last().unwrap().split("  ").next().unwrap().to_owned();
    std::fs::remove_dir_all(&worktree).unwrap();
    desk.shell("true", Audience::Model).await;
    let (exit, _, offered) = desk.shell_ended().await;
    assert!(matches!(exit, ShellEnd::Failed(_)) && !offered, "{exit:?}");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_committed_when_asked_and_nothing_is_told_of_nothing() {
    let mut desk = after_a_turn().await;
    let opened = desk.machine.git(&["worktree", "list", "--porcelain"]);
    let worktree = opened.lines().filter_map(|line| line.strip_prefix("worktree ")).next_back().unwrap();
    desk.send(Command::Keep { tab: TAB }).await;
    std::fs::write(std::path::Path::new(worktree).join("notes"), "one\ntwo\n").unwrap();
    // The first one may see the file already, and then the second sees nothing new.
    desk.send(Command::Keep { tab: TAB }).await;
    desk.send(Command::Close { tab: TAB }).await;
    let mut committed = Vec::new();
    desk.next(|kind| match kind {
        EventKind::Committed { subject, stat, .. } => {
            committed.push((subject, stat));
            None
        }
        EventKind::Closed => Some(()),
        _ => None,
    })
    .await;
    let wanted = ("create notes".to_owned(), Stat { files: 1, insertions: 2, deletions: 0 });
    assert_eq!(committed, [wanted]);
}
