//! Text of models, tools, files and prompts that would like to be more than text.

use super::user::{IDLE, User, sized};
use crate::support::machine::{Machine, bash, put, say};

/// Each with words around it, which are to be seen.
const SEQUENCES: [&str; 30] = [
    "\x1b]0;pwned\x07",
    "\x1b]2;pwned\x1b\\",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]9;pwned\x07",
    "\x1b]777;notify;pwned;pwned\x07",
    "\x1b]8;;http://pwned\x1b\\",
    "\x1b]11;#ff0000\x07",
    "\x07",
    "\x1b[2J",
    "\x1b[H",
    "\x1b[999;999H",
    "\x1b[31;7;5m",
    "\x1b[?1049l",
    "\x1b[?25l",
    "\x1b[?1003l",
    "\x1b[?2004l",
    "\x1b[?2026h",
    "\x1b[6n",
    "\x1b[c",
    "\x1b[>1u",
    "\x1b[8;5;5t",
    "\x1b[3J",
    "\x1bc",
    "\x1b(0",
    "\x0e",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gf=24;pwned\x1b\\",
    "\u{9b}31m",
    "\u{9d}0;pwned\u{9c}",
    "\x08\x08\x08\r",
];

fn corpus() -> String {
    let lines =
        SEQUENCES.iter().enumerate().map(|(n, sequence)| format!("before{n} {sequence} after{n}\n\n"));
    lines.collect::<Vec<_>>().concat()
}

#[test]
fn nothing_of_what_is_said_or_printed_or_named_reaches_the_terminal() {
    let machine = Machine::new();
    let corpus = corpus();
    machine.write("corpus.txt", &corpus);
    machine.commit_all("corpus");
    let named = r#"touch "$(printf 'evil\033]0;pwned\007\033[2J.txt')""#;
    machine.script(&[
        vec![
            bash("cat corpus.txt"),
            bash(named),
            put("evil\u{1b}]2;pwned\u{7}\u{1b}[H.rs", &corpus),
            serde_json::json!({ "thinking": corpus, "text": corpus + "The end of it." }),
        ],
        vec![say("Still here.")],
    ]);
    let user = User::with(machine, sized(140, 50), &["--permissions", "full"]);
    let modes = user.modes();
    // The title of the tab, the branch and the commits come from these.
    user.paste("do \x1b]0;pwned\x07 it \x1b[2J now");
    user.enter();
    user.wait("The end of it.");
    user.wait(IDLE);
    unharmed(&user, &modes);
    // Everything opened, the whole of it scrolled through.
    user.press("ctrl-o");
    user.esc();
    user.wait("▸");
    user.type_text("gg");
    for _ in 0..30 {
        user.press("ctrl-f");
    }
    user.wait("The end of it.");
    user.type_text("q");
    user.wait(IDLE);
    unharmed(&user, &modes);
    for command in ["/log", "/branches", "/resume", "/history", "/status", "/rewind"] {
        user.say(command);
        user.wait(if command == "/history" || command == "/status" { "Esc closes" } else { "╭" });
        unharmed(&user, &modes);
        user.esc();
        user.wait_for(|view| view.find("╭").is_none(), "the list closed");
    }
    user.say("/diff --all");
    user.wait("c comment");
    user.type_text("}}}");
    unharmed(&user, &modes);
    user.type_text("q");
    user.wait(IDLE);
    user.turn("second", "Still here.");
    unharmed(&user, &modes);
    user.quit();
}

#[track_caller]
fn unharmed(user: &User, modes: &crate::support::screen::Modes) {
    assert!(!user.title().contains("pwned"), "{}", user.title());
    assert_eq!(user.bells(), 0);
    for code in [8, 9, 11, 52, 777] {
        assert_eq!(user.osc(code), [""; 0]);
    }
    let now = user.modes();
    assert_eq!(
        (now.alternate_screen, now.mouse, now.bracketed_paste, now.kitty_flags, now.focus),
        (true, modes.mouse, true, modes.kitty_flags, true)
    );
    assert_eq!(user.look(crate::support::screen::View::size), (140, 50));
    let raw = String::from_utf8_lossy(&user.raw()).into_owned();
    for sequence in SEQUENCES.iter().filter(|one| one.contains("pwned") || one.contains("cHdu")) {
        assert!(!raw.contains(sequence), "{}", sequence.escape_debug());
    }
}

#[test]
fn plain_lines_hold_no_sequences_either() {
    let machine = Machine::new();
    machine.script(&[vec![bash("printf 'a \\033]0;pwned\\007 b\\n'"), say(&(corpus() + "The end."))]]);
    let run = machine.offshoot(&["--plain"]).input("do \x1b[2J it\n").finish();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("after29") && run.stdout.contains("The end."), "{}", run.stdout);
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!run.stdout.contains(control), "{}", run.stdout.escape_debug());
}
