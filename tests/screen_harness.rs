//! The terminal that the tests of the screen use, tested with what every machine has.
#![cfg(unix)]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use support::screen::{Ended, Modes, Screen, Style, Terminal, View};
use vt100::{Color, CursorStyle, MouseProtocolMode};

fn env() -> Vec<(String, String)> {
    vec![("PATH".into(), std::env::var("PATH").unwrap()), ("LANG".into(), "C.UTF-8".into())]
}

fn sh_in(terminal: Terminal, script: &str) -> Screen {
    terminal.start("sh", &["-c", script], Path::new("/"), &env())
}

fn sh(script: &str) -> Screen {
    sh_in(Terminal::new(80, 24), script)
}

/// A program that switches modes on and then shows the bytes that it gets.
fn echo(terminal: Terminal, modes: &str) -> Screen {
    let screen = sh_in(terminal, &format!("stty raw -echo; printf '{modes}ready '; exec cat -v"));
    screen.wait("ready");
    screen
}

/// What the program got, which ends with the last bytes of `wanted`.
#[track_caller]
fn got(screen: &Screen, wanted: &str) {
    screen.wait(wanted);
    assert_eq!(screen.row(0), format!("ready {wanted}"));
}

#[test]
fn the_program_has_the_size_the_folder_and_only_the_variables_that_it_was_given() {
    let env = [&env()[..], &[("GIVEN".into(), "grün".into())]].concat();
    let screen = Screen::start("sh", &["-c", "stty size; pwd; env"], Path::new("/usr"), &env, 100, 30);
    assert_eq!(screen.wait_exit(), Ended::Code(0));
    assert_eq!(screen.row(0), "30 100");
    assert_eq!(screen.row(1), "/usr");
    screen.wait("GIVEN=grün");
    screen.wait("TERM=xterm-256color");
    // What the shell sets by itself does not count.
    let own = ["_", "OLDPWD", "PWD", "SHLVL"];
    let names = screen.text().into_iter().skip(2).filter_map(|row| Some(row.split_once('=')?.0.to_owned()));
    let mut names: Vec<String> = names.filter(|name| !own.contains(&name.as_str())).collect();
    names.sort();
    assert_eq!(names, ["GIVEN", "LANG", "PATH", "SHELL", "TERM"]);
}

#[test]
fn a_command_of_the_standard_library_runs_as_described() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo $A; pwd"]).current_dir("/usr").env_clear().envs(env()).env("A", "x y");
    let screen = Terminal::new(40, 4).run(&command);
    assert_eq!(screen.wait_exit(), Ended::Code(0));
    assert_eq!(screen.snapshot(), "x y\n/usr");
}

#[test]
fn typed_lines_arrive() {
    let screen = sh("read a; echo \"<$a>\"; read b; echo \"[$b]\"");
    screen.type_text("one two\nthree");
    screen.wait("<one two>");
    screen.enter();
    screen.wait("[three]");
    assert_eq!(screen.wait_exit(), Ended::Code(0));
}

#[test]
fn a_program_that_does_not_read_holds_nobody_up() {
    let screen = sh("stty raw -echo; printf ready; exec tail -f /dev/null");
    screen.wait("ready");
    screen.send(&vec![b'x'; 1 << 20]);
    screen.kill(Signal::TERM);
    assert_eq!(screen.wait_exit(), Ended::Signal(Signal::TERM.as_raw()));
}

#[test]
fn much_output_is_there_to_its_last_byte_at_the_end() {
    for _ in 0..20 {
        let screen = sh("seq 20000; printf 'the end'");
        assert_eq!(screen.wait_exit(), Ended::Code(0));
        assert_eq!(screen.snapshot().lines().last(), Some("the end"));
        // One carriage return for each newline.
        assert_eq!(screen.bytes_written(), 108_894 + 20_000 + 7);
        assert_eq!(screen.raw().len() as u64, screen.bytes_written());
    }
}

#[test]
fn a_resize_reaches_the_program_and_the_emulator() {
    // The loop is there for the size to be asked by the shell, not by a program in the background.
    let screen = sh("trap 'echo now $(stty size)' WINCH; echo was $(stty size); while :; do read x; done");
    screen.wait("was 24 80");
    screen.resize(100, 10);
    // The trap runs when `read` is over, in shells where the signal does not end it.
    screen.enter();
    screen.wait("now 10 100");
    assert_eq!(screen.look(View::size), (100, 10));
    assert_eq!(screen.text().len(), 10);
}

#[test]
fn keys_are_encoded_as_by_a_legacy_terminal() {
    let keys = [
        ("a", "a"),
        ("A", "A"),
        ("ctrl-t", "^T"),
        ("ctrl-c", "^C"),
        ("ctrl-z", "^Z"),
        ("alt-1", "^[1"),
        ("alt-,", "^[,"),
        ("ctrl--", "-"),
        ("ctrl-1", "1"),
        ("ctrl-3", "^["),
        ("ctrl-7", "^_"),
        ("ctrl-8", "^?"),
        ("ctrl-space", "^@"),
        ("ctrl-alt-x", "^[^X"),
        ("enter", "^M"),
        ("shift-enter", "^M"),
        ("alt-enter", "^[^M"),
        ("esc", "^["),
        ("tab", "\t"),
        ("shift-tab", "^[[Z"),
        ("backspace", "^?"),
        ("ctrl-backspace", "^H"),
        ("up", "^[[A"),
        ("ctrl-left", "^[[1;5D"),
        ("shift-alt-end", "^[[1;4F"),
        ("delete", "^[[3~"),
        ("ctrl-pageup", "^[[5;5~"),
        ("f1", "^[OP"),
        ("ctrl-f1", "^[[1;5P"),
        ("f5", "^[[15~"),
        ("f12", "^[[24~"),
    ];
    let screen = echo(Terminal::new(400, 4), "");
    for (key, _) in keys {
        screen.press(key);
        screen.type_text("|");
    }
    screen.type_text("done");
    screen.wait("done");
    let row = screen.row(0);
    let seen: Vec<&str> = row.strip_prefix("ready ").unwrap().split('|').collect();
    for ((key, wanted), seen) in keys.iter().zip(&seen) {
        // The tab has become blanks.
        assert_eq!(seen.trim(), wanted.trim(), "{key}");
    }
    assert_eq!(seen.len(), keys.len() + 1);
}

#[test]
fn cursor_keys_follow_the_application_mode() {
    let screen = echo(Terminal::new(80, 4), r"\033[?1h");
    screen.press("up");
    screen.press("home");
    screen.press("shift-up");
    got(&screen, "^[OA^[OH^[[1;2A");
}

#[test]
fn a_kitty_keyboard_says_what_a_legacy_one_cannot_once_it_is_asked_to() {
    let keys = ["a", "A", "ctrl-1", "ctrl-.", "ctrl-i", "tab", "shift-enter", "enter", "esc", "alt-x"];
    let press_all = |screen: &Screen| {
        for key in keys {
            screen.press(key);
            screen.type_text("|");
        }
    };
    let screen = echo(Terminal::new(200, 4).kitty(), r"\033[>1u");
    assert_eq!(screen.modes().kitty_flags, 1);
    press_all(&screen);
    screen.press("ctrl-shift-x");
    screen.press("f3");
    screen.press("up");
    screen.press("shift-tab");
    got(
        &screen,
        "a|A|^[[49;5u|^[[46;5u|^[[105;5u|        |^[[13;2u|^M|^[[27u|^[[120;3u|^[[120;6u^[[13~^[[A^[[9;2u"
            .replace("        ", &" ".repeat(tab_width("ready a|A|^[[49;5u|^[[46;5u|^[[105;5u|")))
            .as_str(),
    );

    let legacy = echo(Terminal::new(200, 4), r"\033[>1u");
    assert_eq!(legacy.modes().kitty_flags, 0);
    legacy.press("ctrl-1");
    legacy.press("shift-enter");
    got(&legacy, "1^M");
}

fn tab_width(before: &str) -> usize {
    8 - before.len() % 8
}

#[test]
fn each_of_the_two_screens_has_its_own_stack_of_kitty_flags() {
    let script = r"printf '\033[>1u\033[?1049hA'; read x; printf '\033[>5u\033[=2;2uB'; read x
                   printf '\033[<uC'; read x; printf '\033[?1049lD'; read x; printf '\033[<9uE'; read x";
    let screen = sh_in(Terminal::new(20, 5).kitty(), script);
    for (text, flags) in [("A", 0), ("B", 7), ("C", 0), ("D", 1), ("E", 0)] {
        screen.wait(text);
        assert_eq!(screen.modes().kitty_flags, flags, "{text}");
        screen.send(b"\r");
    }
    assert_eq!(screen.wait_exit(), Ended::Code(0));
}

#[test]
fn queries_are_answered() {
    let questions = [
        (r"\033[c", "^[[?62;22c"),
        (r"\033[>c", "^[[>1;10;0c"),
        (r"\033[5n", "^[[0n"),
        (r"\033[3;7H\033[6n", "^[[3;7R"),
        (r"\033[?6n", "^[[?3;7R"),
        (r"\033[?2026$p", "^[[?2026;2$y"),
        (r"\033[?2004h\033[?2004$p", "^[[?2004;1$y"),
        (r"\033[?9999$p", "^[[?9999;0$y"),
        (r"\033]10;?\033\\", r"^[]10;rgb:d0d0/d0d0/d0d0^[\"),
        (r"\033]11;?\007", r"^[]11;rgb:1010/1010/1010^[\"),
        (r"\033[?u", "^[[?0u"),
        (r"\033[>1u\033[?u", "^[[?1u"),
        (r"\033[18t", "^[[8;4;300t"),
    ];
    let asked: String = questions.iter().map(|(question, _)| *question).collect();
    let answers: String = questions.iter().map(|(_, answer)| *answer).collect();
    let script =
        format!("stty raw -echo; printf '{}\\033[H'; exec cat -v", asked.replace("\\\\", "\\\\\\\\"));
    let screen = sh_in(Terminal::new(300, 4).kitty(), &script.replace("\\\\\\\\", "\\\\"));
    screen.wait("[8;4;300t");
    assert_eq!(screen.row(0), answers);
}

#[test]
fn a_terminal_without_kitty_s_keyboard_does_not_answer_for_it_and_a_silent_one_not_at_all() {
    let script = r"stty raw -echo; printf '\033[?u\033[c\033[Hready '; exec cat -v";
    let screen = sh(script);
    got(&screen, "^[[?62;22c");

    let silent = sh_in(Terminal::new(80, 4).silent().kitty(), script);
    silent.wait("ready");
    silent.type_text("x");
    got(&silent, "x");

    let light =
        sh_in(Terminal::new(80, 4).light(), r"stty raw -echo; printf '\033]11;?\007ready '; exec cat -v");
    light.wait("]11;rgb:ffff/ffff/ffff");
}

#[test]
fn the_mouse_is_heard_by_programs_that_ask_for_it() {
    let screen = echo(Terminal::new(300, 4), r"\033[?1000h\033[?1002h\033[?1003h\033[?1015h\033[?1006h");
    assert_eq!(screen.modes().mouse, MouseProtocolMode::AnyMotion);
    screen.mouse_click(0, 2);
    screen.mouse_scroll(9, 9, -2);
    screen.mouse_scroll(9, 9, 1);
    screen.mouse_move(299, 3);
    screen.mouse_drag((5, 1), (2, 2));
    got(
        &screen,
        "^[[<0;1;3M^[[<0;1;3m^[[<64;10;10M^[[<64;10;10M^[[<65;10;10M^[[<35;300;4M\
         ^[[<0;6;2M^[[<32;5;2M^[[<32;4;2M^[[<32;3;3M^[[<0;3;3m",
    );

    let deaf = echo(Terminal::new(80, 4), "");
    assert!(failure(|| deaf.mouse_click(0, 0)).contains("would not hear"));
    let clicks_only = echo(Terminal::new(80, 4), r"\033[?1000;1006h");
    clicks_only.mouse_click(0, 0);
    assert!(failure(|| clicks_only.mouse_drag((0, 0), (1, 1))).contains("would not hear"));
}

#[test]
fn a_paste_is_bracketed_where_that_is_wanted() {
    let screen = echo(Terminal::new(80, 4), r"\033[?2004h");
    screen.paste("two\nli\x1b[201~nes\r\n");
    got(&screen, "^[[200~two^Mlines^M^[[201~");
    let plain = echo(Terminal::new(80, 4), "");
    plain.paste("a\nb");
    got(&plain, "a^Mb");
}

#[test]
fn the_focus_is_told_to_programs_that_ask_for_it() {
    let screen = echo(Terminal::new(80, 4), r"\033[?1004h");
    screen.focus(false);
    screen.focus(true);
    got(&screen, "^[[O^[[I");
    assert!(failure(|| echo(Terminal::new(80, 4), "").focus(true)).contains("did not ask"));
}

#[test]
fn what_is_on_the_screen_can_be_found_with_its_style() {
    let screen =
        sh(r"printf 'plain \033[1;31mred\033[0m\r\n日本 \033[3;4;38;2;1;2;3;48;5;200mé́x\033[0m'; read x");
    let (col, row) = screen.wait("red");
    assert_eq!((col, row), (6, 0));
    assert_eq!(screen.style_at(col, row), Style { fg: Color::Idx(1), bold: true, ..Style::default() });
    assert_eq!(screen.style_at(0, 0), Style::default());
    assert_eq!(screen.find("x"), Some((6, 1)));
    assert_eq!(screen.find("本 é́"), Some((2, 1)));
    assert_eq!(screen.find("nothing"), None);
    assert_eq!(screen.cursor(), (7, 1));
    let style = Style {
        fg: Color::Rgb(1, 2, 3),
        bg: Color::Idx(200),
        italic: true,
        underline: true,
        ..Style::default()
    };
    assert_eq!(screen.style_at(5, 1), style);
    assert_eq!(screen.text()[..3], ["plain red", "日本 é́x", ""]);
    assert_eq!(screen.snapshot(), "plain red\n日本 é́x");
}

#[test]
fn the_colour_of_an_underline_changes_nothing_else() {
    let screen = sh(r"printf '\033[4m\033[58;2;1;7;31mx\033[58:5:3my\033[59mz\033[1;2H'; read x");
    screen.wait("xyz");
    for col in 0..3 {
        assert_eq!(screen.style_at(col, 0), Style { underline: true, ..Style::default() });
    }
}

#[test]
fn a_styled_snapshot_marks_where_the_style_changes() {
    let screen = sh_in(
        Terminal::new(20, 6),
        r"printf '\033[1mbold one\033[m two\r\n\033[44m bar\033[K\033[m\r\n\r\n\033[7m \033[m \033[2;92;101mx\033[m\r\n\033[38;2;255;0;10mr\033[38;5;77ms\033[m'
          read x",
    );
    screen.wait("rs");
    assert_eq!(
        screen.styled_snapshot(),
        "⟦bold⟧bold one ⟦⟧two\n⟦on-blue⟧ bar                ⟦⟧\n\n⟦reverse⟧ ⟦⟧ ⟦bright-green dim on-bright-red⟧x⟦⟧\n\
         ⟦#ff000a⟧r⟦c77⟧s⟦⟧"
    );
}

#[test]
fn titles_bells_and_messages_are_kept() {
    let long = "QUJD".repeat(3000);
    let screen = sh(&format!(
        r"printf '\033]2;one\007\033[22;2t\033]0;two;three\033\\\a\a'
          printf '\033]9;done\007\033]777;notify;offshoot;a;b\033\\\033]52;c;{long}\007\033]9;again\007ready'; read x
          printf '\033[23;2tend'; read x"
    ));
    screen.wait("ready");
    assert_eq!(screen.title(), "two;three");
    assert_eq!(screen.bells(), 2);
    assert_eq!(screen.osc(9), ["done", "again"]);
    assert_eq!(screen.osc(777), ["notify;offshoot;a;b"]);
    assert_eq!(screen.osc(52), [format!("c;{long}")]);
    screen.enter();
    screen.wait("end");
    assert_eq!(screen.title(), "one");
}

#[test]
fn modes_say_what_is_not_put_back() {
    let screen = sh_in(
        Terminal::new(40, 5).kitty(),
        r"printf 'before'; read x
          printf '\033[?1049h\033[?25l\033[?2004h\033[?1003h\033[?1006h\033[?1004h\033[>1u\033[>4;2m\033[5 q\033[?1h\033=\033[31mA'; read x
          printf '\033[m\033[>4;0m\033[<u\033[?1004l\033[?1006l\033[?1003l\033[?2004l\033[0 q\033[?1l\033>\033[?25h\033[?1049lB'; read x",
    );
    screen.wait("before");
    assert_eq!(screen.modes(), Modes::default());
    screen.enter();
    screen.wait("A");
    assert!(screen.alternate_screen());
    assert_eq!(screen.find("before"), None);
    let modes = screen.modes();
    assert!(modes.cursor_hidden && modes.bracketed_paste && modes.focus && modes.application_cursor);
    assert_eq!((modes.kitty_flags, modes.modify_other_keys), (1, 2));
    assert_eq!(modes.cursor_shape, CursorStyle::BlinkVerticalBar);
    assert_eq!(modes.pen.fg, Color::Idx(1));
    screen.enter();
    screen.wait("B");
    assert_eq!(screen.modes(), Modes::default());
    screen.wait("before");
}

#[test]
fn a_synchronised_update_is_shown_only_when_it_is_whole() {
    let screen = sh(
        r"printf 'old\033[?2026h\033[2J\033[Hnew'; printf '\033]9;half\007'; read x; printf ' frame\033[?2026l'; read x",
    );
    screen.wait_for(|view| !view.osc(9).is_empty(), "half of a frame");
    assert_eq!(screen.snapshot(), "old");
    assert!(screen.modes().synchronised);
    screen.enter();
    screen.gone("old");
    screen.wait("new");
    // The echo of Enter has gone to the next line.
    screen.wait(" frame");
}

#[test]
fn the_end_of_a_program_ends_a_wait() {
    let screen = sh("echo bye; exit 3");
    let message = failure(|| screen.wait("hello"));
    assert!(message.contains("no sign to the end of: \"hello\""), "{message}");
    assert!(message.contains("│bye  "), "{message}");
    assert!(message.contains("Ended(Code(3))"), "{message}");
    assert_eq!(screen.wait_exit(), Ended::Code(3));
}

#[test]
fn a_wait_has_an_end_and_draws_the_screen() {
    let screen = sh_in(Terminal::new(20, 3).patience(Duration::from_millis(200)), "echo here; read x");
    screen.wait("here");
    let message = failure(|| screen.wait_exit());
    assert!(message.contains("no sign within 200ms of: the end of the program"), "{message}");
    assert!(message.contains("│here                │\n"), "{message}");
    assert!(failure(|| screen.gone("here")).contains("the end of \"here\""));
}

#[test]
fn a_panic_in_a_look_leaves_the_screen_usable() {
    let screen = sh("echo here; read x");
    screen.wait("here");
    assert!(failure(|| screen.wait_for(|_| panic!("oh"), "nothing")).contains("oh"));
    assert_eq!(screen.snapshot(), "here");
}

#[test]
fn a_signal_is_sent_and_told() {
    let screen = sh("trap 'echo caught' USR1; echo ready; while :; do read x; done");
    screen.wait("ready");
    screen.kill(Signal::USR1);
    screen.enter();
    screen.wait("caught");
    screen.kill(Signal::KILL);
    assert_eq!(screen.wait_exit(), Ended::Signal(9));
    // Nobody is left to get this one.
    screen.kill(Signal::KILL);
}

#[test]
fn the_interrupt_key_is_a_signal_to_a_program_in_cooked_mode() {
    let screen = sh("printf ready; exec cat");
    screen.wait("ready");
    assert!(screen.is_cooked());
    screen.press("ctrl-c");
    assert_eq!(screen.wait_exit(), Ended::Signal(2));
}

#[test]
fn a_stopped_program_goes_on_when_it_may() {
    let screen = sh("printf ready; read x; echo over");
    screen.wait("ready");
    screen.kill(Signal::STOP);
    screen.wait_stopped();
    assert!(screen.is_stopped());
    screen.enter();
    screen.cont();
    assert!(!screen.is_stopped());
    screen.wait("over");
    assert_eq!(screen.wait_exit(), Ended::Code(0));
}

#[test]
fn a_job_is_suspended_by_a_key_and_taken_back_to_the_foreground() {
    for _ in 0..10 {
        let screen = sh_in(Terminal::new(60, 8).job(), "printf ready; read x; echo \"got <$x>\"; exit 5");
        screen.wait("ready");
        let program = screen.program();
        assert_ne!(program, screen.pid());
        screen.press("ctrl-z");
        screen.wait_stopped();
        screen.cont();
        screen.type_text("again\n");
        // The shell's `read` begins again where the shell is one that lets it.
        screen.wait("got <");
        assert_eq!(screen.wait_exit(), Ended::Code(5));
        assert!(screen.is_cooked());
    }
}

#[test]
fn it_can_be_told_how_a_program_left_the_terminal() {
    for terminal in [Terminal::new(60, 8), Terminal::new(60, 8).job()] {
        let screen = sh_in(terminal.clone(), "stty raw -echo; printf ready; read x; exit 7");
        screen.wait("ready");
        assert!(!screen.is_cooked());
        screen.send(b"\n");
        assert_eq!(screen.wait_exit(), Ended::Code(7));
        assert!(!screen.is_cooked());

        let tidy = sh_in(terminal, "stty raw -echo; printf ready; read x; stty sane");
        tidy.wait("ready");
        tidy.send(b"\n");
        assert_eq!(tidy.wait_exit(), Ended::Code(0));
        assert!(tidy.is_cooked());
    }
}

#[test]
fn a_job_ended_by_a_signal_ends_as_the_shell_says() {
    let screen = sh_in(Terminal::new(60, 8).job(), "printf ready; exec cat");
    screen.wait("ready");
    screen.kill(Signal::TERM);
    assert_eq!(screen.wait_exit(), Ended::Code(128 + 15));
}

#[test]
fn dropping_the_screen_ends_the_program_and_its_children() {
    for terminal in [Terminal::new(60, 8), Terminal::new(60, 8).job()] {
        let screen =
            sh_in(terminal, "trap '' HUP TERM INT; (exec tail -f /dev/null) & echo child $! .; wait; wait");
        screen.wait(" .");
        let child = screen.row(0).split(' ').nth(1).unwrap().to_owned();
        assert!(lives(&child));
        let program = screen.program().as_raw_nonzero().to_string();
        drop(screen);
        // They were killed; the system may still be about to bury them.
        for id in [program, child] {
            while lives(&id) {
                std::thread::yield_now();
            }
        }
    }
}

/// Neither gone nor waiting to be reaped by somebody else.
fn lives(id: &str) -> bool {
    let ps = Command::new("ps").args(["-o", "stat=", "-p", id]).output().unwrap();
    let state = String::from_utf8(ps.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

#[test]
fn a_stopped_job_is_ended_too() {
    let screen = sh_in(Terminal::new(60, 8).job(), "printf ready; read x");
    screen.wait("ready");
    let program = screen.program().as_raw_nonzero().to_string();
    screen.press("ctrl-z");
    screen.wait_stopped();
    drop(screen);
    while lives(&program) {
        std::thread::yield_now();
    }
}

/// The message of the panic that this must end in.
#[track_caller]
fn failure<T>(run: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).err().expect("this must fail");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn a_program_that_is_no_job_cannot_be_suspended_by_a_key() {
    let screen = sh("printf ready; read x; echo \"got <$x>\"");
    screen.wait("ready");
    screen.press("ctrl-z");
    screen.type_text("on\n");
    screen.wait("got <on>");
    assert_eq!(screen.wait_exit(), Ended::Code(0));
}
