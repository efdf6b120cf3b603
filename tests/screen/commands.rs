//! The user's own commands: `!` for the model too, `!!` for their eyes only, `$` with the whole terminal.

use super::user::{Gate, IDLE, User, terminal};
use crate::support::machine::{Machine, say};
use crate::support::screen::Modes;

/// After a turn, with answers that tell how many messages of the user's the model sees.
fn after_a_turn() -> User {
    let user = User::new(&[vec![say("Answer one.")], vec![say("Answer two.")], vec![say("Answer three.")]]);
    user.turn("first", "Answer one.");
    user
}

#[test]
fn the_output_of_a_command_is_shown_and_told_to_the_model() {
    let user = after_a_turn();
    user.say("!echo made > made.txt; cat made.txt; exit 3");
    user.wait("│ made");
    user.wait("exit code 3");
    // What it changed is a commit of the user's own.
    user.wait("by you");
    assert_eq!(user.machine.file_at(&user.branch(), "made.txt"), "made");
    // The note is one more message.
    user.turn("second", "Answer three.");
    assert!(user.recorded().contains("The user ran `echo made > made.txt; cat made.txt; exit 3`"));
}

#[test]
fn the_model_is_not_told_of_a_command_behind_two_marks() {
    let user = after_a_turn();
    user.say("!!echo for my eyes");
    user.wait("│ for my eyes");
    user.turn("second", "Answer two.");
    assert!(!user.recorded().contains("for my eyes"));
}

#[test]
fn a_command_that_runs_can_be_stopped() {
    let user = after_a_turn();
    user.say("!echo begun; sleep 60 & wait");
    user.wait("│ begun");
    user.wait("running a command");
    user.press("ctrl-c");
    user.wait("stopped");
    user.turn("second", "Answer three.");
}

#[test]
fn commands_do_not_see_the_keys_of_the_user() {
    let machine = Machine::new();
    machine.script(&[vec![say("Unheard.")], vec![say("Heard.")]]);
    let offshoot =
        machine.offshoot(&[]).env("GITHUB_TOKEN", "ghp_0123456789abcdefghij").env("MY_API_KEY", "hush");
    let screen = offshoot.on(terminal());
    let user = User::seated(machine, screen);
    user.say("!env | sort; echo END");
    user.wait("│ END");
    user.wait(" ○");
    user.say("!echo ${GITHUB_TOKEN-none} ${MY_API_KEY-none}");
    user.wait("│ none none");
    // Both have ended: the model gets one note of them.
    user.wait(" ○");
    user.turn("first", "Heard.");
    for secret in ["ghp_0123456789abcdefghij", "hush", "GITHUB_TOKEN="] {
        assert_eq!(user.find(secret), None);
        assert!(!user.recorded().contains(secret), "{secret}");
    }
}

#[test]
fn a_program_gets_the_whole_terminal_and_gives_it_back() {
    let user = after_a_turn();
    let modes = user.modes();
    user.say(r"$stty -icanon -echo; printf 'GIVE ME %s' 'A KEY'; k=$(dd bs=1 count=1 2>/dev/null); stty sane; echo $k > key.txt");
    user.wait("GIVE ME A KEY");
    assert_eq!(user.find("Answer one."), None);
    assert_eq!(user.modes(), Modes::default());
    user.type_text("k");
    user.wait("Answer one.");
    user.wait(IDLE);
    assert_eq!(user.modes(), modes);
    assert_eq!(user.find("GIVE ME A KEY"), None);
    user.wait("· $ stty -icanon");
    user.wait("by you");
    assert_eq!(user.machine.file_at(&user.branch(), "key.txt"), "k");
    user.turn("second", "Answer two.");
    user.quit();
}

#[test]
fn ctrl_c_ends_a_program_that_has_the_terminal_and_not_offshoot() {
    let user = after_a_turn();
    user.say("$printf 'CAT IS %s' THERE; exec cat");
    user.wait("CAT IS THERE");
    user.press("ctrl-c");
    user.wait("Answer one.");
    user.wait(IDLE);
    user.turn("second", "Answer two.");
}

#[test]
fn a_program_needs_a_worktree_and_the_words_are_not_lost() {
    let user = User::new(&[]);
    user.say("$vim README.md");
    user.wait("this tab has no worktree yet");
    user.wait("$vim README.md");
}

#[test]
fn the_prompt_is_written_in_the_editor_of_the_user() {
    let machine = Machine::new();
    machine.script(&[vec![say("Answer one.")]]);
    let gate = Gate::new(&machine, "editor");
    let editor = machine.path("editor");
    std::fs::write(
        &editor,
        format!("#!/bin/sh\necho EDITOR; {}\nprintf '\\nedited\\n' >> \"$1\"\n", gate.command()),
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&editor, mode).unwrap();
    let screen = machine.offshoot(&[]).env("EDITOR", &editor.display().to_string()).on(terminal());
    let user = User::seated(machine, screen);
    user.type_text("my words");
    user.press("ctrl-g");
    user.wait("EDITOR");
    assert!(!user.alternate_screen());
    gate.open();
    user.wait("❯ my words");
    user.wait("  edited");
    user.enter();
    user.wait("Answer one.");
    user.wait("▌ edited");
}
