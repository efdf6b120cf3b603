//! What the model does in a session that is killed again and again: a turn for each round, of words,
//! thinking, reads side by side, writes, edits, patches and commands; and a last one, after which the
//! files are as expected whatever happened before.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// The user's files at the first commit.
pub const FILES: &[(&str, &str)] = &[
    ("README.md", "A project\n"),
    ("src/lib.rs", "pub fn one() -> u32 {\n    1\n}\n"),
    ("src/old.rs", "// to be removed\n"),
];

/// What the last turn leaves.
pub const FINAL: &[(&str, &str)] =
    &[("src/lib.rs", "pub fn final_form() {}\n"), ("done/marker.txt", "finished\n")];

pub const LAST: &str = "bring it to an end";

pub fn prompt(round: usize) -> String {
    format!("work on round-{round}.")
}

/// The script of a session of so many rounds.
pub fn session(rounds: usize) -> String {
    let mut script = Script { text: "chunk = 5\n".to_owned() };
    for round in 0..rounds {
        script.turn(&format!("round-{round}."));
        match round % 3 {
            0 => script.building(round),
            1 => script.talking(round),
            _ => script.commanding(round),
        }
    }
    script.turn(LAST);
    let calls = FINAL.iter().map(|(path, text)| call("write", json!({"path": path, "content": text})));
    script.reply("", "I bring it to an end.", &calls.collect::<Vec<_>>());
    script.reply("", "It is done.", &[]);
    script.text
}

/// A file and a text in it that a call leaves behind when it succeeds.
pub fn trace(name: &str, input: &Value) -> Option<(String, String)> {
    let text = |key: &str| input[key].as_str().map(str::to_owned);
    match name {
        "write" => Some((text("path")?, text("content")?)),
        "edit" => Some((text("path")?, text("new_string")?)),
        "apply_patch" => {
            let patch = text("patch")?;
            let file = patch.lines().find_map(|line| line.strip_prefix("*** Add File: "))?;
            let added = patch.lines().find_map(|line| line.strip_prefix('+'))?;
            Some((file.to_owned(), added.to_owned()))
        }
        "bash" => {
            let command = text("command")?;
            let (_, rest) = command.split_once("echo trace-")?;
            let (tag, rest) = rest.split_once(" >> ")?;
            let path = rest.split([';', ' ', '&']).next()?;
            Some((path.to_owned(), format!("trace-{tag}")))
        }
        _ => None,
    }
}

struct Script {
    text: String,
}

impl Script {
    fn building(&mut self, round: usize) {
        let reads = ["README.md", "src/lib.rs", "src"]
            .map(|path| call(if path == "src" { "ls" } else { "read" }, json!({"path": path})));
        self.reply(&words("I wonder how round", round, 6), &words("First I look", round, 4), &reads);
        let lib = format!("pub fn one() -> u32 {{\n    {round}\n}}\n// round {round}\n");
        let deep = format!("deep in round {round}\n{}", "and more\n".repeat(200));
        let writes = [
            call("write", json!({"path": "src/lib.rs", "content": lib})),
            call("write", json!({"path": format!("src/deep/er/r{round}.txt"), "content": deep})),
            call("write", json!({"path": "top.txt", "content": format!("top of round {round}\n")})),
        ];
        self.reply("", &words("Then I write", round, 3), &writes);
        let edit = json!({
            "path": "src/lib.rs",
            "old_string": format!("// round {round}"),
            "new_string": format!("// edited in round {round}"),
        });
        let append = format!("echo trace-{round}a >> log.txt; echo appended");
        self.reply(
            &words("An edit may do", round, 3),
            &words("Now a small edit", round, 2),
            &[call("edit", edit), call("bash", json!({"command": append}))],
        );
        let patch = format!(
            "*** Begin Patch\n*** Add File: patched/p{round}.txt\n+patched in round {round}\n*** End Patch\n"
        );
        self.reply("", "A patch.", &[call("apply_patch", json!({"patch": patch}))]);
        self.reply(&words("Was that all of", round, 2), &words("That is it for", round, 5), &[]);
    }

    fn talking(&mut self, round: usize) {
        self.reply(&words("Only words are wanted in", round, 8), &words("I explain", round, 12), &[]);
    }

    fn commanding(&mut self, round: usize) {
        for part in ["a", "b", "c"] {
            let command =
                format!("rm -f src/old.rs; mkdir -p gen; echo trace-{round}{part} >> gen/{part}.txt");
            self.reply("", &words("By a command", round, 2), &[call("bash", json!({"command": command}))]);
        }
        let fails = json!({"path": "no/such/file", "old_string": "a", "new_string": "b"});
        self.reply("", "This one fails.", &[call("edit", fails), call("ls", json!({"path": "."}))]);
        self.reply("", &words("The commands are through", round, 3), &[]);
    }

    fn turn(&mut self, when: &str) {
        write!(self.text, "\n[[turn]]\nwhen = {when:?}\n").unwrap();
    }

    fn reply(&mut self, thinking: &str, text: &str, calls: &[(String, Value)]) {
        let thinking = toml::Value::from(thinking);
        let text = toml::Value::from(text);
        write!(self.text, "[[turn.reply]]\nthinking = {thinking}\ntext = {text}\n").unwrap();
        writeln!(self.text, "usage = {{ input = 100, output = 10 }}").unwrap();
        for (tool, input) in calls {
            let input = toml::Value::try_from(input).unwrap();
            write!(self.text, "[[turn.reply.call]]\ntool = {tool:?}\ninput = {input}\n").unwrap();
        }
    }
}

fn call(tool: &str, input: Value) -> (String, Value) {
    (tool.to_owned(), input)
}

/// Some sentences that no other round has.
fn words(start: &str, round: usize, sentences: usize) -> String {
    let mut words = String::new();
    for n in 0..sentences {
        writeln!(words, "{start} {round}, sentence {n} äöü “quoted”.").unwrap();
    }
    words
}
