//! The built program in a terminal of 120 columns and 40 rows, in a user's repository with a history of use.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::machine::{Machine, bash, say};
use crate::process;
use crate::screen::{Screen, Terminal};
use crate::table::{figure, heading, mb, times};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// Programs that are started for a figure.
const STARTS: usize = 41;
/// Keys that are pressed for one.
const KEYS: usize = 200;
/// Lines of the long transcript.
const LINES: usize = 100_000;
const TABS: u64 = 10;
/// What the composer says while it is empty.
const READY: &str = "what shall be done?";

pub fn start() {
    let machine = a_users_machine(&[]);
    heading(&format!("Start, {COLUMNS}×{ROWS}, {STARTS} times"));
    let bottom = ROWS - 2;
    let first = |machine: &Machine| {
        let begun = Instant::now();
        let screen = open(machine);
        screen.wait_for(|view| view.row(bottom).contains(READY), "the first frame");
        begun.elapsed()
    };
    first(&machine);
    times("first frame, from before exec", &many(STARTS, || first(&machine)), "10 ms");
    let accepted = || {
        let begun = Instant::now();
        let screen = open(&machine);
        screen.type_text("k");
        screen.wait_for(|view| view.row(bottom).contains("❯ k"), "the key");
        begun.elapsed()
    };
    times("a key typed at exec is in a frame", &many(STARTS, accepted), "15 ms");

    // What part of that is the terminal's, and what others need.
    let other = |what: &str, program: &str, args: &[&str], sign: &'static str| {
        let Some(program) = installed(program) else { return };
        let start = || {
            let mut command = machine.command(&program, &machine.repo);
            command.args(args);
            let begun = Instant::now();
            let screen = Terminal::new(COLUMNS, ROWS).run(&command);
            screen.wait(sign);
            begun.elapsed()
        };
        start();
        times(what, &many(STARTS, start), "");
    };
    other("printf, to see what the measuring takes", "printf", &["here\n"], "here");
    other("less README.md", "less", &["README.md"], "# Readme");
    other("vim README.md", "vim", &["-u", "NONE", "README.md"], "# Readme");
    other("vim with the system's settings", "vim", &["README.md"], "# Readme");
    other("tmux", "tmux", &["-L", "offshoot-bench", "-f", "/dev/null", "new", "printf here; read x"], "here");
}

pub fn keys() {
    let machine = a_users_machine(&["stream", "long"]);
    heading(&format!("Key to frame, {COLUMNS}×{ROWS}, {KEYS} keys"));
    let screen = open(&machine);
    screen.wait(READY);
    times("empty screen", &press_keys(&screen, KEYS), "5 ms p95");
    say_long(&screen);
    times(&format!("{LINES} lines of transcript"), &press_keys(&screen, KEYS), "5 ms p95");
    for tab in 1..TABS {
        screen.press("ctrl-t");
        choose(&screen, "stream");
        screen.type_text(&format!("stream {tab}\n"));
        screen.wait(&format!("stream {tab}"));
    }
    screen.press("alt-1");
    screen.wait("the last line");
    choose(&screen, "stream");
    screen.type_text("stream 0\n");
    screen.wait("stream 0");
    times(&format!("{LINES} lines, {TABS} tabs streaming"), &press_keys(&screen, KEYS), "5 ms p95");
    drop(screen);

    let other = |what: &str, program: &str, args: &[&str], ready: &str, before: &str| {
        let Some(program) = installed(program) else { return };
        let mut command = machine.command(&program, &machine.repo);
        command.args(args);
        let screen = Terminal::new(COLUMNS, ROWS).run(&command);
        screen.wait(ready);
        screen.type_text(before);
        screen.wait_for(|view| before.is_empty() || view.find("INSERT").is_some(), "ready");
        times(what, &press_keys(&screen, KEYS), "");
    };
    other("the terminal's own echo", "sh", &["-c", "printf ready; cat"], "ready", "");
    other("vim, inserting", "vim", &["-u", "NONE", "-c", "set showmode", "notes"], "[New File]", "i");
    let tmux = ["-L", "offshoot-bench", "-f", "/dev/null", "new", "printf ready; cat"];
    other("cat in tmux", "tmux", &tmux, "ready", "");
}

pub fn idle() {
    const WHILE: Duration = Duration::from_secs(10);
    /// Passing messages have passed by then.
    const SETTLED: Duration = Duration::from_secs(8);
    let machine = a_users_machine(&[]);
    heading(&format!("Idle for {} s", WHILE.as_secs()));
    let measure = |what: &str, screen: &Screen| {
        std::thread::sleep(SETTLED);
        let pid = screen.program();
        let before = (screen.bytes_written(), process::cpu(pid), process::wakes(pid));
        std::thread::sleep(WHILE);
        let bytes = screen.bytes_written() - before.0;
        let cpu = process::cpu(pid).saturating_sub(before.1);
        figure(&format!("{what}: bytes written"), &bytes.to_string(), "0");
        figure(&format!("{what}: processor time"), &format!("{} ms", cpu.as_millis()), "0");
        figure(
            &format!("{what}: threads woken"),
            &process::wakes(pid).saturating_sub(before.2).to_string(),
            "0",
        );
    };
    let screen = open(&machine);
    screen.wait(READY);
    measure("after the start", &screen);
    take_turn(&screen, "short 1");
    measure("after a turn", &screen);
}

pub fn memory() {
    let machine = a_users_machine(&[]);
    heading(&format!("Memory, {COLUMNS}×{ROWS}: resident, and what of it is not code"));
    let told = |what: &str, screen: &Screen, target: &str| {
        // What runs behind the screen ends meanwhile.
        std::thread::sleep(Duration::from_secs(1));
        let memory = process::memory(screen.program());
        let threads = process::threads(screen.program()).len();
        figure(&format!("{what} ({} own, {threads} threads)", mb(memory.own)), &mb(memory.resident), target);
        memory
    };
    let screen = open(&machine);
    screen.wait(READY);
    let one = told("one tab", &screen, "15 MB");
    for tab in 1..TABS {
        screen.press("ctrl-t");
        screen.wait(&format!("{} ", tab + 1));
    }
    let ten = told("ten tabs that nobody used", &screen, "");
    per_tab(one, ten, TABS - 1);
    drop(screen);

    let screen = open(&machine);
    screen.wait(READY);
    take_turn(&screen, "short 1");
    let one = told("one tab after a turn", &screen, "15 MB");
    for tab in 1..TABS {
        screen.press("ctrl-t");
        take_turn(&screen, &format!("short {}", tab + 1));
    }
    let ten = told("ten tabs after a turn each", &screen, "");
    per_tab(one, ten, TABS - 1);
    drop(screen);

    let screen = open(&machine);
    screen.wait(READY);
    take_turn(&screen, "code");
    told("one tab that showed highlighted code", &screen, "");
    drop(screen);

    let machine = a_users_machine(&["long"]);
    let screen = open(&machine);
    screen.wait(READY);
    say_long(&screen);
    told(&format!("one tab with {LINES} lines, {}", mb(long_text().len() as u64)), &screen, "");
}

fn per_tab(one: process::Memory, all: process::Memory, further: u64) {
    let each = all.resident.saturating_sub(one.resident) / further;
    figure("each further tab", &mb(each), "3 MB");
}

pub fn floods() {
    heading("Floods");
    let machine = a_users_machine(&["tokens", "line", "all"]);
    let screen = open(&machine);
    screen.wait(READY);
    screen.type_text("flood\n");
    screen.wait("│ y");
    let begun = Instant::now();
    times("key to frame while a tool prints 1 GB", &press_keys(&screen, KEYS), "5 ms p95");
    screen.wait("that was it");
    screen.wait(" done");
    tell_flood("a tool that printed 1 GB", &screen, begun);
    drop(screen);
    stream(&machine, "tokens", &format!("{TOKENS} tokens, twenty a delta"), KEYS);
    stream(&machine, "line", &format!("{TOKENS} tokens in one line"), KEYS);
    stream(&machine, "all", &format!("{TOKENS} tokens, one a delta, at once"), 0);
}

fn stream(machine: &Machine, backend: &str, what: &str, keys: usize) {
    let screen = open(machine);
    screen.wait(READY);
    choose(&screen, backend);
    let (bytes, cpu) = (screen.bytes_written(), process::cpu(screen.program()));
    let begun = Instant::now();
    screen.type_text(&format!("{backend}\n"));
    screen.wait("word word");
    let keys = press_keys(&screen, keys);
    let is_over = screen.find("the-last-word").is_some();
    screen.wait("the-last-word");
    screen.wait(" done");
    if !keys.is_empty() {
        let how = if is_over { " (it was faster than the keys)" } else { "" };
        times(&format!("{what}: key to frame{how}"), &keys, "5 ms p95");
    }
    tell_flood(what, &screen, begun);
    let cpu = process::cpu(screen.program()).saturating_sub(cpu);
    figure(&format!("{what}: processor time"), &format!("{:.1} s", cpu.as_secs_f64()), "");
    figure(&format!("{what}: to the terminal"), &mb(screen.bytes_written() - bytes), "");
}

fn tell_flood(what: &str, screen: &Screen, begun: Instant) {
    let memory = process::memory(screen.program());
    figure(&format!("{what}: seconds"), &format!("{:.1}", begun.elapsed().as_secs_f64()), "");
    figure(&format!("{what}: resident, at most"), &mb(memory.peak), "");
    figure(&format!("{what}: resident, then"), &mb(memory.resident), "");
}

/// Letters typed one after the other, at times that have nothing to do with those of frames.
fn press_keys(screen: &Screen, keys: usize) -> Vec<Duration> {
    const LETTERS: u16 = 30;
    let (left, row) = screen.cursor();
    let mut column = left;
    let mut pause = 7;
    let press = || {
        pause = (pause * 29 + 11) % 37;
        std::thread::sleep(Duration::from_millis(12 + pause));
        if column == left + LETTERS {
            screen.press("ctrl-u");
            screen.wait_for(|view| view.cursor() == (left, row), "an empty line");
            column = left;
        }
        column += 1;
        let begun = Instant::now();
        screen.type_text("k");
        screen.wait_for(|view| view.cursor() == (column, row), "the letter");
        begun.elapsed()
    };
    let mut all = many(keys + 1, press);
    screen.press("ctrl-u");
    screen.wait_for(|view| view.cursor() == (left, row), "an empty line");
    // The first may meet a screen that is still busy with what came before.
    all.remove(0);
    all
}

fn take_turn(screen: &Screen, prompt: &str) {
    screen.type_text(&format!("{prompt}\n"));
    screen.wait(prompt);
    screen.wait("that was it");
    screen.wait(" done");
}

fn choose(screen: &Screen, backend: &str) {
    screen.type_text(&format!("/model {backend}\n"));
    screen.wait(&format!("{backend} answers in this tab"));
}

fn say_long(screen: &Screen) {
    choose(screen, "long");
    screen.type_text("long\n");
    screen.wait("the last line");
    screen.wait(" done");
}

fn open(machine: &Machine) -> Screen {
    let command = machine.command(env!("CARGO_BIN_EXE_offshoot"), &machine.repo);
    Terminal::new(COLUMNS, ROWS).patience(Duration::from_secs(60)).run(&command)
}

fn many(rounds: usize, mut round: impl FnMut() -> Duration) -> Vec<Duration> {
    (0..rounds).map(|_| round()).collect()
}

fn installed(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found: Option<PathBuf> =
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    Some(found?.display().to_string())
}

/// Tokens of the flood: words of about four letters.
const TOKENS: usize = 150_000;

/// Settings with a model that answers shortly, and with some that say much; prompts and runs of some weeks.
fn a_users_machine(more: &[&str]) -> Machine {
    let machine = Machine::new();
    let mut settings = "[agent]\npermissions = \"full\"\n[router]\norder = [\"short\"]\n\
        [backends.local]\nkind = \"openai-chat\"\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"some\"\n\
        [backends.anthropic]\nkind = \"anthropic\"\nmodel = \"some\"\n"
        .to_owned();
    for name in [&["short"], more].concat() {
        let path = machine.path(format!("{name}.toml"));
        fs::write(&path, toml::to_string(&script(name)).expect("a script is TOML")).expect("the script");
        settings += &format!(
            "[backends.{name}]\nkind = \"scripted\"\nlocal = true\nmodel = \"player\"\nscript = {:?}\n",
            path.display().to_string()
        );
    }
    machine.settings(&settings);
    machine.run_well(&["short"]);
    let ledger = machine.state().join("run_ledger.jsonl");
    let runs = fs::read_to_string(&ledger).expect("a run is in the ledger");
    let earlier = runs.replace("\"timestamp\":\"2", "\"timestamp\":\"1");
    fs::write(ledger, earlier.repeat(2_000) + &runs.repeat(30)).expect("the ledger");
    let prompt = |number: usize| {
        let text = format!("prompt {number}: make the parser accept numbers with underscores in them");
        format!("{}\n", json!({ "v": 1, "text": text }))
    };
    let prompts: String = (0..1_000).map(prompt).collect();
    fs::write(machine.state().join("prompts.jsonl"), prompts).expect("the prompts");
    machine
}

/// What a model says, by its name.
fn script(name: &str) -> Value {
    let turn = |when: &str, replies: Vec<Value>| json!({ "when": when, "reply": replies });
    let words = |count: usize, every: usize| -> String {
        let word = |at: usize| if at % every == every - 1 { "end.\n\n" } else { "word " };
        (0..count).map(word).chain(["the-last-word"]).collect()
    };
    match name {
        "short" => json!({ "turn": [
            turn("short", vec![bash("seq 20"), say("Two words, and that was it.")]),
            turn("code", vec![say(&format!("{CODE}\nand that was it."))]),
            turn("flood", vec![bash("yes | head -c 1G"), say("and that was it.")]),
        ]}),
        "stream" => {
            json!({ "chunk": 24, "delay_ms": 5, "turn": [turn("stream", vec![say(&conversation(9_000))])] })
        }
        "long" => json!({ "chunk": 100_000, "turn": [turn("long", vec![say(&long_text())])] }),
        // Twenty tokens a millisecond, or a little less.
        "tokens" => {
            json!({ "chunk": 100, "delay_ms": 1, "turn": [turn("tokens", vec![say(&words(TOKENS, 60))])] })
        }
        "all" => json!({ "chunk": 5, "turn": [turn("all", vec![say(&words(TOKENS, 60))])] }),
        "line" => {
            json!({ "chunk": 100, "delay_ms": 1, "turn": [turn("line", vec![say(&words(TOKENS, usize::MAX))])] })
        }
        other => unreachable!("no script is called {other}"),
    }
}

const CODE: &str =
    "```rust\nfn main() {\n    let x: Option<u32> = None; // nothing\n    println!(\"{x:?}\");\n}\n```\n";

/// Prose, lists and code, of so many lines.
pub fn conversation(lines: usize) -> String {
    let part = format!(
        "## How it works\n\nThe parser reads **one token** at a time and keeps what `peek` gave, so that no \
         rule has to go back; what follows is decided by the token alone, and the errors say where.\n\n\
         - first it looks at the *kind* of the token\n- then at what may follow it\n- and then it goes on\n\n{CODE}\n\
         Tests for this are in `tests/parser.rs`, and there is a fuzz target beside them.\n\n"
    );
    part.lines().cycle().take(lines).flat_map(|line| [line, "\n"]).collect()
}

fn long_text() -> String {
    conversation(LINES) + "\nand the last line, that was it."
}
