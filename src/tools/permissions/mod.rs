//! Whether a tool call may run: the mode, the user's rules, the answers they gave, and, for shell
//! commands, what the command would do. Judges by what is written only; the path guard and the
//! sandbox hold whatever is decided here.

mod readonly;
mod remembered;
mod risk;
mod rule;
mod script;
mod words;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use crate::config::PermissionMode as Mode;
pub use remembered::{Answer, Remembered, Scope};
pub use rule::{RuleError, Rules};
use script::{Part, Script};

use super::args::{self, Args};
use super::{RelPath, Tool};

/// What a tool does, as far as permissions go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Looks at the worktree, or keeps notes: always free.
    Reads,
    /// Changes files of the worktree by path.
    Edits,
    /// Runs a shell command.
    Shell,
    /// Anything else: the network, tools of MCP servers, tools of the user's own.
    Other,
}

/// A tool call, as it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub tool: String,
    pub kind: Kind,
    /// What rules match: the command of a shell call, the paths of others, relative to the worktree.
    pub arguments: Vec<String>,
}

/// Where commands may write: the first is the worktree, the others such as its `TMPDIR`. Absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places(pub Vec<PathBuf>);

/// The answer, from mild to strict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Allow,
    /// A person has to say. The reason completes "asks because it …".
    Ask {
        reason: String,
    },
    /// The reason is a sentence for the model.
    Deny {
        reason: String,
    },
}

/// Judges a call. Rules that deny win over everything; of several parts of a command the strictest
/// verdict holds.
pub fn judge(mode: Mode, rules: &Rules, remembered: &Remembered, call: &Call, places: &Places) -> Verdict {
    let judge = Judge { mode, rules, remembered, call, places };
    match call.kind {
        Kind::Shell => judge.shell(call.arguments.first().map_or("", String::as_str)),
        kind => judge.plain(kind),
    }
}

/// Whether a shell command surely changes nothing. `false` means only that it is not known.
pub fn is_surely_read_only(command: &str) -> bool {
    let script = Script::parse(command);
    script.unclear.is_empty()
        && script.writes.iter().all(|target| is_sink(&target.text))
        && script.assigned.iter().all(|name| !readonly::is_loaded_variable(name))
        && script.parts.iter().all(readonly::is_read_only)
}

/// Rules that a person may choose from to stop being asked about this call, narrow first.
pub fn suggestions(call: &Call) -> Vec<String> {
    let tool = &call.tool;
    let mut all: Vec<String> =
        call.arguments.iter().map(|argument| format!("{tool}({})", globset::escape(argument))).collect();
    if call.kind == Kind::Shell {
        let script = Script::parse(call.arguments.first().map_or("", String::as_str));
        if let [part] = script.parts.as_slice()
            && let Some(start) = part.stem()
        {
            all.push(format!("{tool}({} *)", globset::escape(&start)));
        }
    } else {
        all.push(tool.clone());
    }
    all.dedup();
    all
}

impl Call {
    /// A call of one of our own tools, or of one we do not know, read as the tool itself reads it.
    pub fn new(tool: &str, input: &Value) -> Self {
        let tool = Tool::by_name(tool).map_or_else(|| tool.to_owned(), |known| known.name().to_owned());
        let kind = Kind::of(&tool);
        // Arguments that cannot be read fail in the tool, without an effect.
        let arguments = Args::new(&tool, input).map_or(Vec::new(), |args| match kind {
            Kind::Shell => args.value(args::COMMAND).map(command_text).into_iter().collect(),
            _ if tool == "apply_patch" => {
                args.text(args::PATCH).map_or(Vec::new(), |patch| patched_paths(&patch))
            }
            _ => args.path().ok().or_else(|| args.text(&["name", "url"]).ok()).into_iter().collect(),
        });
        Self { tool, kind, arguments }
    }

    /// A command that a person or a setting wants to run.
    pub fn shell(command: &str) -> Self {
        Self { tool: "bash".to_owned(), kind: Kind::Shell, arguments: vec![command.to_owned()] }
    }
}

impl Kind {
    pub fn of(tool: &str) -> Self {
        match tool {
            "read" | "grep" | "find" | "ls" | "todo" | "skill" | "lsp" | "agent" => Self::Reads,
            "write" | "edit" | "apply_patch" => Self::Edits,
            "bash" => Self::Shell,
            _ => Self::Other,
        }
    }
}

impl Places {
    pub fn worktree(&self) -> &Path {
        self.0.first().map_or(Path::new("/"), PathBuf::as_path)
    }
}

impl Verdict {
    fn ask(reason: impl Into<String>) -> Self {
        Self::Ask { reason: reason.into() }
    }

    fn deny(reason: impl Into<String>) -> Self {
        Self::Deny { reason: reason.into() }
    }
}

struct Judge<'a> {
    mode: Mode,
    rules: &'a Rules,
    remembered: &'a Remembered,
    call: &'a Call,
    places: &'a Places,
}

impl Judge<'_> {
    fn plain(&self, kind: Kind) -> Verdict {
        let tool = &self.call.tool;
        let arguments = &self.paths();
        if let Some(rule) = self.denied(arguments) {
            return Verdict::deny(format!("The rule `{rule}` forbids this."));
        }
        if self.mode == Mode::Full || kind == Kind::Reads {
            return Verdict::Allow;
        }
        if self.mode == Mode::ReadOnly {
            return Verdict::deny(format!("`{tool}` is not available: permissions are read-only."));
        }
        if let Some(rule) = self.rules.ask.any(tool, arguments) {
            return Verdict::ask(format!("matches the rule `{rule}`"));
        }
        let allowed = self.rules.allow.all(tool, arguments) || self.remembered.allowed().all(tool, arguments);
        match (kind, self.mode) {
            _ if allowed => Verdict::Allow,
            (Kind::Edits, Mode::Auto) => Verdict::Allow,
            (Kind::Edits, _) => Verdict::ask(format!("changes {}", list(arguments))),
            _ => Verdict::ask(format!("calls `{tool}`")),
        }
    }

    /// The arguments as the path guard will read them, however they were spelled.
    fn paths(&self) -> Vec<String> {
        let worktree = self.places.worktree();
        let spelled = |argument: &String| {
            let path = Path::new(argument);
            RelPath::new(path.strip_prefix(worktree).unwrap_or(path))
                .map_or_else(|_| argument.clone(), |path| path.to_string())
        };
        self.call.arguments.iter().map(spelled).collect()
    }

    fn shell(&self, command: &str) -> Verdict {
        let whole = [command.trim().to_owned()];
        if let Some(rule) = self.denied(&whole) {
            return Verdict::deny(format!("The rule `{rule}` forbids this."));
        }
        let script = Script::parse(command);
        let parts = script.parts.iter().map(|part| self.part(part, &script)).max();
        if let Some(verdict @ Verdict::Deny { .. }) = parts {
            return verdict;
        }
        if self.mode == Mode::Full {
            return Verdict::Allow;
        }
        if self.mode == Mode::ReadOnly {
            return if is_surely_read_only(command) {
                Verdict::Allow
            } else {
                Verdict::deny("Permissions are read-only, and this command is not known to change nothing.")
            };
        }
        // Word for word what the user allowed, or everything.
        if self.rules.allow.exactly(&self.call.tool, command)
            || self.remembered.allowed().exactly(&self.call.tool, command)
        {
            return Verdict::Allow;
        }
        let unclear = script.unclear.iter().map(Verdict::ask).next();
        let writes = script
            .writes
            .iter()
            .filter(|target| !is_sink(&target.text))
            .filter_map(|target| match self.mode {
                Mode::Auto => risk::outside(target, &script.dirs, self.places),
                _ => Some(format!("`{}`", target.text)),
            })
            .map(|target| Verdict::ask(format!("writes to {target}")))
            .next();
        [parts, unclear, writes].into_iter().flatten().max().unwrap_or(Verdict::Allow)
    }

    fn part(&self, part: &Part, script: &Script) -> Verdict {
        let tool = &self.call.tool;
        let texts = part.texts();
        if let Some(rule) = self.denied(&texts) {
            return Verdict::deny(format!("The rule `{rule}` forbids `{}`.", part.text()));
        }
        if matches!(self.mode, Mode::Full | Mode::ReadOnly) {
            return Verdict::Allow;
        }
        if let Some(rule) = self.rules.ask.any(tool, &texts) {
            return Verdict::ask(format!("runs `{}`, which the rule `{rule}` asks about", part.text()));
        }
        let text = [part.text()];
        if self.rules.allow.all(tool, &text) || self.remembered.allowed().all(tool, &text) {
            return Verdict::Allow;
        }
        match self.mode {
            Mode::Auto => risk::of(part, script, self.places).map_or(Verdict::Allow, Verdict::ask),
            _ if readonly::is_read_only(part) => Verdict::Allow,
            _ => Verdict::ask(format!("runs `{}`", part.text())),
        }
    }

    fn denied(&self, arguments: &[String]) -> Option<String> {
        let tool = &self.call.tool;
        let rule = self.rules.deny.any(tool, arguments);
        rule.or_else(|| self.remembered.denied().any(tool, arguments)).map(str::to_owned)
    }
}

/// The command of a shell call: a text, or a list of words.
pub(crate) fn command_text(command: &Value) -> String {
    match command {
        Value::String(text) => text.clone(),
        Value::Array(words) => words
            .iter()
            .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
            .map(|word| words::quote(&word))
            .collect::<Vec<_>>()
            .join(" "),
        _ => String::new(),
    }
}

/// The paths that a patch names, in either of its common formats.
fn patched_paths(text: &str) -> Vec<String> {
    let marks = ["*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "];
    let mut paths: Vec<String> = text
        .lines()
        .filter_map(|line| {
            if let Some(path) = marks.iter().find_map(|mark| line.strip_prefix(mark)) {
                return Some(path.trim());
            }
            let path = line.strip_prefix("+++ ").or(line.strip_prefix("--- "))?;
            let path = path.split('\t').next().unwrap_or(path).trim();
            (path != "/dev/null").then(|| path.strip_prefix("b/").or(path.strip_prefix("a/")).unwrap_or(path))
        })
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

fn is_sink(path: &str) -> bool {
    matches!(path, "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/zero") || path.starts_with("/dev/fd/")
}

fn list(arguments: &[String]) -> String {
    if arguments.is_empty() {
        return "files".to_owned();
    }
    arguments.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
