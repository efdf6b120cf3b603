//! A shell script taken apart: every command it would run, wherever it stands: in pipes, lists,
//! subshells, substitutions, `bash -c`, `xargs`, `find -exec`. A real parser reads it; what it
//! cannot read, and what is only known when it runs, is said to be unclear.

use tree_sitter::{Node, Parser};

use super::words::{Known, Word};

/// What a script would do, as far as can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub parts: Vec<Part>,
    /// Targets of redirections that write.
    pub writes: Vec<Word>,
    /// Names of variables that it sets.
    pub assigned: Vec<String>,
    pub dirs: Dirs,
    /// Why not all of it could be judged; each completes "asks because it …".
    pub unclear: Vec<String>,
}

/// One simple command, freed from what it is wrapped in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// The command and its arguments; never empty.
    pub words: Vec<Word>,
    /// The same with its wrappers, as `timeout 5 git push`, outermost first.
    pub wrapped: Vec<String>,
    /// The commands before it in its pipe.
    pub fed_by: Vec<String>,
}

/// Where the script changes directory to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dirs {
    /// Any of these may be where a command runs; relative ones follow on those before them.
    pub targets: Vec<String>,
    /// Some command runs nobody knows where.
    pub unknown: bool,
}

/// What surrounds a node.
#[derive(Debug, Clone, Default)]
struct Around {
    /// In a loop or a function: may run any number of times.
    repeated: bool,
    fed_by: Vec<String>,
    /// How many scripts within scripts.
    depth: usize,
}

const MAX_DEPTH: usize = 6;
const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "rbash", "fish"];

impl Script {
    pub fn parse(source: &str) -> Self {
        let mut script = Self::default();
        script.add(source, &Around::default());
        script
    }

    fn add(&mut self, source: &str, around: &Around) {
        if around.depth > MAX_DEPTH {
            self.unclear("nests scripts too deeply");
            return;
        }
        let mut parser = Parser::new();
        let tree = parser
            .set_language(&tree_sitter_bash::LANGUAGE.into())
            .ok()
            .and_then(|()| parser.parse(source, None));
        let Some(tree) = tree else {
            self.unclear("cannot be parsed");
            return;
        };
        if tree.root_node().has_error() {
            self.unclear("cannot be parsed as a shell command");
        }
        self.walk(tree.root_node(), source, around);
    }

    fn walk(&mut self, node: Node<'_>, source: &str, around: &Around) {
        match node.kind() {
            "command" => self.command(node, source, around),
            "pipeline" => self.pipeline(node, source, around),
            "while_statement" | "for_statement" | "c_style_for_statement" | "function_definition" => {
                if let Some(name) = node.child_by_field_name("variable") {
                    self.assigned.push(source[name.byte_range()].to_owned());
                }
                self.children(node, source, &Around { repeated: true, ..around.clone() });
            }
            "file_redirect" => self.redirect(node, source, around),
            "variable_assignment" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.assigned.push(source[name.byte_range()].to_owned());
                }
                self.children(node, source, around);
            }
            // The pipe into a script within it is another one.
            "command_substitution" | "process_substitution" => {
                self.children(node, source, &Around { fed_by: Vec::new(), ..around.clone() });
            }
            "comment" => {}
            _ => self.children(node, source, around),
        }
    }

    fn children(&mut self, node: Node<'_>, source: &str, around: &Around) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.walk(child, source, around);
        }
    }

    fn pipeline(&mut self, node: Node<'_>, source: &str, around: &Around) {
        let mut around = around.clone();
        let mut cursor = node.walk();
        for stage in node.named_children(&mut cursor) {
            let before = self.parts.len();
            self.walk(stage, source, &around);
            around.fed_by.extend(self.parts[before..].iter().map(Part::name));
        }
    }

    fn redirect(&mut self, node: Node<'_>, source: &str, around: &Around) {
        self.children(node, source, around);
        let mut cursor = node.walk();
        let writes = node
            .children(&mut cursor)
            .any(|child| matches!(child.kind(), ">" | ">>" | "&>" | "&>>" | ">|" | ">&" | "<>" | ">&-"));
        let mut cursor = node.walk();
        for target in node.children_by_field_name("destination", &mut cursor).filter(|_| writes) {
            let word = Word::read(target, source);
            // `2>&1` copies a descriptor.
            if !word.text.chars().all(|c| c.is_ascii_digit() || c == '-') {
                self.writes.push(word);
            }
        }
    }

    fn command(&mut self, node: Node<'_>, source: &str, around: &Around) {
        let mut words = Vec::new();
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.walk(child, source, around);
            match child.kind() {
                "variable_assignment" | "file_redirect" | "herestring_redirect" | "heredoc_redirect" => {}
                _ => words.push(Word::read(child, source)),
            }
        }
        if !words.is_empty() {
            self.simple(words, Vec::new(), around);
        }
    }

    /// Takes a simple command out of its wrappers, and scripts out of its arguments.
    fn simple(&mut self, words: Vec<Word>, mut wrapped: Vec<String>, around: &Around) {
        let Some(first) = words.first() else { return };
        if wrapped.len() > MAX_DEPTH {
            self.unclear("wraps commands too deeply");
            return;
        }
        if !first.is_exact() {
            self.unclear(format!("runs `{}`, which is only known at run time", first.text));
        }
        let name = base_name(&first.text).to_owned();
        if SHELLS.contains(&name.as_str()) {
            self.shell(&words[1..], &name, around);
        }
        match name.as_str() {
            "eval" => self.nested(&words[1..], "eval", around),
            "trap" => self.nested(words.get(1..2).unwrap_or_default(), "trap", around),
            "source" | "." if words.get(1).is_some_and(|file| !file.is_exact()) => {
                self.unclear("reads commands from a file that is only known at run time");
            }
            "cd" | "pushd" => self.change_dir(words.get(1), around),
            "popd" => self.dirs.unknown = true,
            "find" => self.find_commands(&words, around),
            "fd" | "fdfind" => {
                let run = |word: &Word| matches!(word.text.as_str(), "-x" | "-X" | "--exec" | "--exec-batch");
                if let Some(at) = words.iter().position(run) {
                    self.simple(with_unknown(&words[at + 1..]), Vec::new(), around);
                }
            }
            _ => {}
        }
        let part = Part { words, wrapped: wrapped.clone(), fed_by: around.fed_by.clone() };
        match unwrap(&name, &part.words) {
            None => self.parts.push(part),
            Some(Inner { words, privileged, assigned }) => {
                wrapped.push(part.text());
                self.assigned.extend(assigned);
                if privileged || words.is_empty() {
                    self.parts.push(part);
                }
                self.simple(words, wrapped, around);
            }
        }
    }

    /// A shell started by name: with `-c` we read its script, else it may read anything.
    fn shell(&mut self, args: &[Word], name: &str, around: &Around) {
        let (mut has_script, mut reads_input) = (false, false);
        let mut rest = args;
        while let Some((flag, after)) = rest.split_first() {
            let text = flag.text.as_str();
            if !text.starts_with(['-', '+']) || text == "-" {
                break;
            }
            rest = after;
            if matches!(text, "--version" | "--help" | "-n") {
                return;
            }
            if text == "--" {
                break;
            }
            if !text.starts_with("--") {
                has_script |= text.contains('c');
                reads_input |= text.contains('s');
                // `-o pipefail` takes a word of its own.
                if text.contains(['o', 'O']) {
                    rest = rest.get(1..).unwrap_or_default();
                }
            } else if matches!(text, "--rcfile" | "--init-file") {
                self.unclear(format!("lets `{name}` read another file first"));
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        if reads_input && !has_script {
            rest = &[];
        }
        match rest.first() {
            script if has_script => {
                self.nested(
                    script.map(std::slice::from_ref).unwrap_or_default(),
                    &format!("{name} -c"),
                    around,
                );
            }
            Some(file) if file.text != "-" && !file.text.starts_with("/dev/") => {
                if !file.is_exact() {
                    self.unclear(format!("lets `{name}` run what is only known at run time"));
                }
            }
            _ if around.fed_by.is_empty() => {
                self.unclear(format!("lets `{name}` run what it reads from its input"));
            }
            _ => self.unclear(format!("pipes `{}` into `{name}`", around.fed_by.join(" | "))),
        }
    }

    fn nested(&mut self, words: &[Word], by: &str, around: &Around) {
        if !words.iter().all(Word::is_exact) {
            self.unclear(format!("gives `{by}` commands that are only known at run time"));
            return;
        }
        let source = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        self.add(&source, &Around { depth: around.depth + 1, fed_by: Vec::new(), ..around.clone() });
    }

    fn find_commands(&mut self, words: &[Word], around: &Around) {
        let mut rest = words;
        let run = |word: &Word| matches!(word.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir");
        while let Some(at) = rest.iter().position(run) {
            rest = &rest[at + 1..];
            let end =
                rest.iter().position(|word| matches!(word.text.as_str(), ";" | "+")).unwrap_or(rest.len());
            self.simple(with_unknown(&rest[..end]), Vec::new(), around);
            rest = &rest[end..];
        }
    }

    fn change_dir(&mut self, target: Option<&Word>, around: &Around) {
        match target {
            Some(word) if word.is_exact() && word.text != "-" => {
                if around.repeated && word.text.split('/').any(|name| name == "..") {
                    self.dirs.unknown = true;
                }
                self.dirs.targets.push(word.text.clone());
            }
            Some(_) => self.dirs.unknown = true,
            None => self.dirs.targets.push("~".to_owned()),
        }
    }

    fn unclear(&mut self, reason: impl Into<String>) {
        self.unclear.push(reason.into());
    }
}

impl Part {
    /// The command without its directory.
    pub fn name(&self) -> String {
        self.words.first().map_or(String::new(), |word| base_name(&word.text).to_owned())
    }

    pub fn args(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The words, joined by one space.
    pub fn text(&self) -> String {
        join(&self.words)
    }

    /// All that a rule may mean: with its wrappers, as written, and without the command's directory.
    pub fn texts(&self) -> Vec<String> {
        let mut texts = self.wrapped.clone();
        texts.push(self.text());
        texts.push(
            [self.name()]
                .into_iter()
                .chain(self.args().iter().map(|word| word.text.clone()))
                .collect::<Vec<_>>()
                .join(" "),
        );
        texts.dedup();
        texts
    }

    /// The command and its subcommand, where it has one.
    pub fn stem(&self) -> Option<String> {
        let first = self.words.first().filter(|word| word.is_exact())?;
        match self.words.get(1) {
            Some(word)
                if word.is_exact()
                    && word.text.starts_with(|c: char| c.is_ascii_alphabetic())
                    && !word.text.contains(['/', '.']) =>
            {
                Some(format!("{} {}", first.text, word.text))
            }
            _ => Some(first.text.clone()),
        }
    }
}

/// What a wrapper runs.
struct Inner {
    words: Vec<Word>,
    /// The wrapper itself is to be judged as well.
    privileged: bool,
    /// Variables that it sets.
    assigned: Vec<String>,
}

/// The command in a command, if this is one that runs another one.
fn unwrap(name: &str, words: &[Word]) -> Option<Inner> {
    // Options that take a word of their own.
    let valued: &[&str] = match name {
        "env" => &["-u", "-C", "--unset", "--chdir"],
        "sudo" => &["-u", "-g", "-h", "-p", "-C", "-D", "-r", "-t", "-U", "-T", "-R"],
        "doas" => &["-u", "-C"],
        "xargs" => &[
            "-I",
            "-n",
            "-P",
            "-d",
            "-L",
            "-a",
            "-s",
            "-E",
            "--max-args",
            "--max-procs",
            "--delimiter",
            "--arg-file",
        ],
        "timeout" => &["-k", "-s", "--kill-after", "--signal"],
        "nice" => &["-n", "--adjustment"],
        "ionice" => &["-c", "-n", "-p"],
        "stdbuf" => &["-i", "-o", "-e"],
        "watch" => &["-n", "--interval"],
        "strace" | "ltrace" => &["-e", "-o", "-s", "-p", "-u"],
        "exec" => &["-a"],
        "time" => &["-f", "-o"],
        "flock" => &["-w", "-E"],
        "command" | "builtin" | "nohup" | "setsid" | "chronic" | "unbuffer" | "caffeinate" | "pkexec"
        | "busybox" | "taskset" | "chrt" | "catchsegv" | "winpty" | "then" | "do" | "else" | "!" => &[],
        _ => return None,
    };
    let mut at = 1;
    let mut assigned = Vec::new();
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        if text == "--" {
            at += 1;
            break;
        }
        if name == "command" && matches!(text, "-v" | "-V") {
            return None;
        }
        if text.starts_with('-') && text.len() > 1 {
            at += if valued.contains(&text) { 2 } else { 1 };
        } else if matches!(name, "env" | "sudo" | "doas") && is_assignment(text) {
            assigned.push(text.split('=').next().unwrap_or_default().to_owned());
            at += 1;
        } else {
            break;
        }
    }
    // A duration, a mask, a lock file.
    if matches!(name, "timeout" | "taskset" | "chrt" | "flock") {
        at += 1;
    }
    let mut inner = words.get(at..).unwrap_or_default().to_vec();
    if name == "xargs" {
        if inner.is_empty() {
            inner.push(Word::exact("echo"));
        }
        inner = with_unknown(&inner);
    }
    // These write a file themselves, or run their argument through a shell.
    let writes =
        matches!(name, "strace" | "ltrace" | "time" | "flock" | "watch") && inner.len() + 1 < words.len();
    let split = name == "env"
        && words.iter().any(|word| word.text.starts_with("-S") || word.text.starts_with("--split"));
    Some(Inner {
        words: inner,
        privileged: matches!(name, "sudo" | "doas" | "pkexec") || writes || split,
        assigned,
    })
}

/// A command that gets further arguments when it runs.
fn with_unknown(words: &[Word]) -> Vec<Word> {
    if words.is_empty() {
        return Vec::new();
    }
    let mut words = words.to_vec();
    for word in words.iter_mut().skip(1).filter(|word| word.text.contains("{}")) {
        word.known = Known::AtRunTime;
    }
    words.push(Word { text: "{}".to_owned(), known: Known::AtRunTime });
    words
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn base_name(command: &str) -> &str {
    command.rsplit('/').next().unwrap_or(command)
}

fn join(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(source: &str) -> Vec<String> {
        Script::parse(source).parts.iter().map(Part::text).collect()
    }

    #[test]
    fn every_command_is_found_where_it_stands() {
        let cases: &[(&str, &[&str])] = &[
            ("ls -la", &["ls -la"]),
            ("a && b || c; d & e", &["a", "b", "c", "d", "e"]),
            ("a | b |& c", &["a", "b", "c"]),
            ("(a; b) && { c; }", &["a", "b", "c"]),
            ("echo $(a) `b` \"$(c)\"", &["a", "b", "c", "echo $(a) `b` $(c)"]),
            ("diff <(a) <(b)", &["a", "b", "diff <(a) <(b)"]),
            ("X=1 Y=$(a) b", &["a", "b"]),
            ("X=$(a)", &["a"]),
            ("if a; then b; elif c; then d; else e; fi", &["a", "b", "c", "d", "e"]),
            ("for x in $(a); do b \"$x\"; done", &["a", "b $x"]),
            ("while a; do b; done", &["a", "b"]),
            ("case $x in y) a;; *) b;; esac", &["a", "b"]),
            ("f() { a; }; f", &["a", "f"]),
            ("bash -c 'a && b'", &["a", "b", "bash -c a && b"]),
            ("sh -euo pipefail -c \"a; b\"", &["a", "b", "sh -euo pipefail -c a; b"]),
            ("eval 'a b'", &["a b", "eval a b"]),
            ("env -u X A=1 timeout -k 5 10 nohup a b", &["a b"]),
            (
                "find . -name x -exec a {} \\; -exec b {} +",
                &["a {} {}", "b {} {}", "find . -name x -exec a {} ; -exec b {} +"],
            ),
            ("a | xargs -n 1 b c", &["a", "b c {}"]),
            ("sudo -u me a b", &["sudo -u me a b", "a b"]),
            ("a <<EOF\n$(b)\nEOF", &["a", "b"]),
            ("a # b", &["a"]),
            ("! a", &["a"]),
            ("[ -n \"$(a)\" ] && b", &["a", "b"]),
            ("[[ $(a) == x ]] && b", &["a", "b"]),
            ("a 'b c' \"d e\" f\\ g", &["a b c d e f g"]),
            ("trap 'a' EXIT; b", &["a", "trap a EXIT", "b"]),
            ("export A=$(a)", &["a"]),
            ("time a", &["a"]),
        ];
        for (source, wanted) in cases {
            let mut found = parts(source);
            let mut wanted: Vec<String> = wanted.iter().map(|&part| part.to_owned()).collect();
            found.sort();
            wanted.sort();
            assert_eq!(found, wanted, "{source}");
            assert_eq!(Script::parse(source).unclear, Vec::<String>::new(), "{source}");
        }
    }

    #[test]
    fn what_is_only_known_at_run_time_is_unclear() {
        for source in [
            "$CMD x",
            "\"$(which a)\" b",
            "bash -c \"$X\"",
            "eval $X",
            "curl x | sh",
            "a | bash -s -- b",
            "sh <<< 'a'",
            "bash <(curl x)",
            ". <(curl x)",
            "a 'unclosed",
            "a && ",
            "if a; then",
            "python x | bash -",
        ] {
            assert!(!Script::parse(source).unclear.is_empty(), "{source}");
        }
    }

    #[test]
    fn targets_of_redirections_are_found() {
        let writes = |source: &str| -> Vec<String> {
            Script::parse(source).writes.into_iter().map(|word| word.text).collect()
        };
        assert_eq!(writes("a > b 2>&1"), ["b"]);
        assert_eq!(writes("a >> 'b c' 2> d"), ["b c", "d"]);
        assert_eq!(writes("a &> b < c"), ["b"]);
        assert_eq!(writes("(a; b) >| /etc/x"), ["/etc/x"]);
        assert_eq!(writes("> b"), ["b"]);
        assert_eq!(writes("for x in y; do a; done > b"), ["b"]);
        assert_eq!(writes("cat <<EOF > b\nx\nEOF"), ["b"]);
        assert_eq!(writes("echo 'a > b'"), [""; 0]);
    }
}
