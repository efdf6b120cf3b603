//! Worktrees that are made ready before anything else is done in them.

use std::fs;
use std::path::Path;

use offshoot::git::session::GcOptions;
use offshoot::workbench::worktrees;
use offshoot::workbench::{Back, Command, EventKind, SetupEnd, SetupEvent, ShellEnd, ShellEvent, Start};

use super::desk::{Desk, TAB, new, place};
use crate::support::machine::{Machine, bash, put, say};

/// A machine whose worktrees are made ready as these settings say.
fn machine(worktree: &str) -> Machine {
    let machine = Machine::new();
    let more = format!("[sandbox]\nenabled = false\n[worktree]\n{worktree}\n");
    machine.script_with(&[vec![say("One.")], vec![say("Two.")]], &more);
    machine
}

impl Desk {
    async fn set_up(&mut self) -> SetupEnd {
        self.next(|kind| match kind {
            EventKind::Setup(SetupEvent::Ended(end)) => Some(end),
            _ => None,
        })
        .await
    }

    /// What a command in the tab prints.
    async fn printed(&mut self, command: &str) -> String {
        self.shell(command, offshoot::workbench::Audience::User).await;
        self.shell_ended().await.1
    }
}

fn again(branch: &str) -> Start {
    Start::Continue { rev: Some(branch.to_owned()) }
}

#[tokio::test]
async fn a_new_worktree_gets_files_and_runs_commands_once() {
    let machine = machine("copy = ['.env', 'gone']\nsetup = ['cat .env; echo made > target-of-setup.log']");
    machine.write(".env", "KEY=hidden\n");
    machine.write("deep/.env", "KEY=deep\n");
    machine.write(".worktreeinclude", "*.log\n!skip.log\n");
    machine.write("keep.log", "kept\n");
    machine.write("skip.log", "skipped\n");
    let before = machine.fingerprint();
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    let mut notices = Vec::new();
    let mut told = Vec::new();
    let end = desk
        .next(|kind| match kind {
            EventKind::Setup(SetupEvent::Notice(text)) => {
                notices.push(text);
                None
            }
            EventKind::Setup(SetupEvent::Doing { what, .. }) => {
                told.push(what);
                None
            }
            EventKind::Setup(SetupEvent::Ended(end)) => Some(end),
            _ => None,
        })
        .await;
    assert_eq!(end, SetupEnd::Done);
    told.dedup();
    assert_eq!(told, ["copying", "cat .env; echo made > target-of-setup.log"]);
    assert!(
        notices[0].starts_with("copied 3 files (") && notices[0].ends_with(" from your checkout"),
        "{notices:?}"
    );
    assert_eq!(notices[1], "not in your checkout: gone");
    let read = |name: &str| fs::read_to_string(opened.worktree.join(name)).unwrap_or_default();
    assert_eq!((read(".env"), read("deep/.env")), ("KEY=hidden\n".into(), "KEY=deep\n".into()));
    assert_eq!((read("keep.log"), read("skip.log")), ("kept\n".into(), String::new()));
    assert_eq!(read("target-of-setup.log"), "made\n");
    desk.turn("first").await;
    desk.close(TAB).await;
    assert_eq!(desk.machine.fingerprint(), before);

    // Not at each resume; again when the worktree is made anew.
    fs::remove_file(opened.worktree.join("target-of-setup.log")).unwrap();
    desk.open(TAB, again(&opened.branch)).await;
    assert_eq!(desk.turn("second").await.text, "Two.");
    assert!(!opened.worktree.join("target-of-setup.log").exists());
    desk.close(TAB).await;
    desk.machine.git(&["worktree", "remove", "--force", opened.worktree.to_str().unwrap()]);
    let opened = desk.open(TAB, again(&opened.branch)).await;
    assert_eq!(desk.set_up().await, SetupEnd::Done);
    assert!(opened.worktree.join("target-of-setup.log").exists() && opened.worktree.join(".env").exists());
}

#[tokio::test]
async fn the_first_prompt_waits_for_setup_and_sees_what_it_made() {
    let machine = machine("");
    let gate = machine.path("gate-setup");
    let mut desk = Desk::new(machine);
    let command = desk.gate("setup");
    desk.machine.script_with(
        &[vec![bash("cat made.log"), say("Seen.")]],
        &format!("[sandbox]\nenabled = false\n[worktree]\nsetup = [\"{command} > made.log\", 'echo last']\n"),
    );
    let place = place(&desk.machine, &[], false);
    (desk.workbench, desk.events) = offshoot::workbench::Workbench::new(std::sync::Arc::new(place));
    desk.open_new().await;
    desk.prompt("first").await;
    let waiting = desk
        .next(|kind| match kind {
            EventKind::Queue(queue) => Some(queue),
            EventKind::Agent(_) => panic!("the agent began before the setup had ended"),
            _ => None,
        })
        .await;
    assert_eq!(waiting[0].prompt, "first");
    assert!(gate.exists());
    desk.release("setup").await;
    let mut outputs = Vec::new();
    let end = desk
        .next(|kind| match kind {
            EventKind::Shell(ShellEvent::Ended { exit, text, offered, .. }) => {
                assert!(exit == ShellEnd::Exited(0) && !offered);
                outputs.push(text);
                None
            }
            EventKind::Setup(SetupEvent::Ended(end)) => Some(end),
            EventKind::Agent(_) => panic!("the agent began before the setup had ended"),
            _ => None,
        })
        .await;
    assert_eq!((end, outputs), (SetupEnd::Done, vec![String::new(), "last\n".to_owned()]));
    assert_eq!(desk.ended().await.text, "Seen.");
    assert!(desk.recorded().contains("released"));
    assert!(!desk.recorded().contains("echo last"), "the model is not told of it");
}

#[tokio::test]
async fn a_setup_that_fails_is_told_and_leaves_a_tab_that_works() {
    let mut desk = Desk::new(machine("setup = ['echo trouble; exit 3', 'echo never']"));
    desk.open_new().await;
    let end = desk.set_up().await;
    let what = "echo trouble; exit 3".to_owned();
    assert_eq!(end, SetupEnd::Failed { what, why: "exit code 3".into() });
    let failure = end.failure().unwrap();
    assert_eq!(failure.message, "setup failed: echo trouble; exit 3: exit code 3");
    assert!(failure.hint.unwrap().contains("/setup"));
    assert_eq!(desk.turn("first").await.text, "One.");
    desk.send(Command::Setup { tab: TAB }).await;
    assert!(matches!(desk.set_up().await, SetupEnd::Failed { .. }));
    assert_eq!(desk.turn("second").await.text, "Two.");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped_and_told() {
    let mut desk = Desk::new(machine("setup = ['sleep 600']\nsetup_timeout_seconds = 1"));
    desk.open_new().await;
    let why = "not finished after 1 s".to_owned();
    assert_eq!(desk.set_up().await, SetupEnd::Failed { what: "sleep 600".into(), why });
}

#[tokio::test]
async fn an_interruption_skips_the_setup_and_the_prompt_goes_on() {
    let mut desk = Desk::new(machine("setup = ['echo begun; sleep 600', 'echo never']"));
    let opened = desk.open_new().await;
    desk.prompt("first").await;
    desk.next(|kind| matches!(kind, EventKind::Shell(ShellEvent::Output { .. })).then_some(())).await;
    desk.send(Command::Interrupt { tab: TAB }).await;
    assert_eq!(desk.set_up().await, SetupEnd::Skipped);
    assert_eq!(desk.ended().await.text, "One.");
    desk.close(TAB).await;
    // Skipped is skipped.
    desk.open(TAB, again(&opened.branch)).await;
    assert_eq!(desk.turn("second").await.text, "Two.");
    desk.close(TAB).await;
}

#[tokio::test]
async fn a_tab_that_is_closed_meanwhile_is_made_ready_when_it_is_opened_again() {
    let machine = machine("setup = ['echo begun; sleep 600']");
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    desk.next(|kind| matches!(kind, EventKind::Shell(ShellEvent::Output { .. })).then_some(())).await;
    desk.prompt("first").await;
    desk.send(Command::Close { tab: TAB }).await;
    let dropped = desk.next(|kind| match kind {
        EventKind::Dropped(prompts) => Some(prompts),
        EventKind::Agent(_) => panic!("a closed tab works"),
        _ => None,
    });
    assert_eq!(dropped.await, ["first"]);
    desk.next(|kind| matches!(kind, EventKind::Closed).then_some(())).await;
    assert!(!opened.worktree.exists(), "nothing was said in it");
}

#[tokio::test]
async fn what_moves_the_branch_waits_for_the_setup() {
    let machine = Machine::new();
    let wait = machine.path("wait");
    let setup = format!("test ! -e {} || {{ echo begun; sleep 600; }}", wait.display());
    machine.script_with(
        &[vec![put("one.txt", "one\n"), say("One.")]],
        &format!("[sandbox]\nenabled = false\n[worktree]\nsetup = ['{setup}']\n"),
    );
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    desk.turn("first").await;
    desk.close(TAB).await;
    fs::remove_dir_all(&opened.worktree).unwrap();
    fs::write(&wait, "").unwrap();
    desk.open(TAB, again(&opened.branch)).await;
    desk.next(|kind| matches!(kind, EventKind::Shell(ShellEvent::Output { .. })).then_some(())).await;
    desk.send(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    // What came before it is done, though the setup is not waited for.
    desk.send(Command::Close { tab: TAB }).await;
    let moved = desk.next(|kind| match kind {
        EventKind::Moved(moved) => Some(moved),
        EventKind::Failed(failure) => panic!("{}", failure.message),
        _ => None,
    });
    assert_eq!(moved.await.files_removed, [Path::new("one.txt")]);
    desk.next(|kind| matches!(kind, EventKind::Closed).then_some(())).await;
}

#[tokio::test]
async fn worktrees_have_ports_and_variables_of_their_own() {
    let machine = machine(
        "ports = 5\nport_base = 41000\nenv = { DB_PASSWORD = 'open-sesame-98765', PORT = '$OFFSHOOT_PORT', WHERE = '${OFFSHOOT_CACHE}/target', OFFSHOOT_BRANCH = 'x' }",
    );
    let checkout = machine.repo.display().to_string();
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    let print = "echo $OFFSHOOT_PORT $OFFSHOOT_PORT_END $OFFSHOOT_PORTS $PORT; echo \"$OFFSHOOT_BRANCH|$OFFSHOOT_WORKTREE|$OFFSHOOT_CHECKOUT\"; \
        test -d $OFFSHOOT_CACHE -a -w $OFFSHOOT_CACHE && echo cache; echo ${WHERE#$OFFSHOOT_CACHE}";
    let printed = desk.printed(print).await;
    let lines: Vec<&str> = printed.lines().collect();
    let numbers: Vec<u16> = lines[0].split(' ').map(|word| word.parse().unwrap()).collect();
    let first = numbers[0];
    assert_eq!(numbers, [first, first + 4, 5, first]);
    assert_eq!(lines[1], format!("{}|{}|{checkout}", opened.branch, opened.worktree.display()));
    assert_eq!(lines[2..], ["cache", "/target"]);
    let hidden = desk.printed("echo \"<$DB_PASSWORD>\"").await;
    assert!(hidden.starts_with('<') && hidden.len() > 3 && !hidden.contains("sesame"), "{hidden}");
    let variable =
        |name: &str| opened.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(variable("PORT"), Some(first.to_string()), "front-ends know them, for $");

    let other = offshoot::workbench::TabId(2);
    let second = desk.open(other, new()).await;
    let theirs = second.variables.iter().find(|(name, _)| name == "OFFSHOOT_PORT").unwrap();
    assert_ne!(theirs.1, first.to_string());
    desk.turn("first").await;
    desk.close(TAB).await;
    let reopened = desk.open(TAB, again(&opened.branch)).await;
    assert_eq!(reopened.variables, opened.variables, "they stay as long as the worktree does");
}

#[tokio::test]
async fn submodules_are_there_and_the_users_settings_stay() {
    let machine = machine("");
    let origin = machine.path("origin");
    fs::create_dir(&origin).unwrap();
    machine.git_in(&origin, &["init", "-q", "-b", "main"]);
    fs::write(origin.join("lib.c"), "int x;\n").unwrap();
    machine.git_in(&origin, &["add", "-A"]);
    machine.git_in(&origin, &["commit", "-qm", "one"]);
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", origin.to_str().unwrap(), "lib"];
    machine.git(&add);
    machine.commit_all("with a submodule");
    let config = fs::read(machine.repo.join(".git/config")).unwrap();
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    assert_eq!(desk.set_up().await, SetupEnd::Done);
    assert_eq!(fs::read_to_string(opened.worktree.join("lib/lib.c")).unwrap(), "int x;\n");
    assert_eq!(desk.machine.git_in(&opened.worktree, &["status", "--porcelain"]), "");
    assert_eq!(fs::read(desk.machine.repo.join(".git/config")).unwrap(), config);
    desk.close(TAB).await;
    assert!(!opened.worktree.exists());

    // A commit in a submodule lies in the worktree's own folder, and stays with it.
    let opened = desk.open_new().await;
    assert_eq!(desk.set_up().await, SetupEnd::Done);
    let lib = opened.worktree.join("lib");
    let git = |args: &[&str]| desk.machine.git_in(&lib, args);
    git(&["checkout", "-q", "-b", "idea"]);
    git(&["-c", "user.name=T", "-c", "user.email=t@e.org", "commit", "-q", "--allow-empty", "-m", "own"]);
    git(&["checkout", "-q", "--detach", "HEAD~"]);
    desk.close(TAB).await;
    assert_eq!(desk.machine.git_in(&lib, &["log", "-1", "--format=%s", "idea"]).trim(), "own");
}

#[tokio::test]
async fn gc_leaves_a_worktree_alone_that_is_open_here() {
    let mut desk = Desk::new(machine(""));
    let opened = desk.open_new().await;
    desk.turn("first").await;
    let place = place(&desk.machine, &[], false);
    let listed = worktrees::worktrees(&place).await.unwrap();
    let line = &listed.worktrees[0];
    assert_eq!((line.state, line.branch.as_ref(), line.free), ("working", Some(&opened.branch), false));
    assert!(line.bytes > 0 && listed.bytes >= line.bytes && line.ports.is_some());
    let plan = worktrees::gc_plan(&place, GcOptions::default()).await.unwrap();
    let freed = worktrees::gc_apply(&place, plan, GcOptions::default()).await.unwrap();
    assert!(freed.worktrees.is_empty() && opened.worktree.exists());

    desk.close(TAB).await;
    let plan = worktrees::gc_plan(&place, GcOptions::default()).await.unwrap();
    // Somebody opens it between the plan and the act.
    desk.open(TAB, again(&opened.branch)).await;
    let freed = worktrees::gc_apply(&place, plan.clone(), GcOptions::default()).await.unwrap();
    assert_eq!(freed.stayed[0].1, "somebody works in it");
    desk.close(TAB).await;
    let freed = worktrees::gc_apply(&place, plan, GcOptions::default()).await.unwrap();
    assert_eq!(freed.worktrees, std::slice::from_ref(&opened.worktree));
    assert!(!Path::new(&opened.worktree).exists());
}
