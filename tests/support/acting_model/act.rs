//! What the model does: it finds the task, and the call of an offered tool that carries it out.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::asked::{Tool, Turn};
use crate::support::model_server::Piece;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    Create { file: String, word: String },
    Append { file: String, word: String },
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { file, word } => write!(f, "create {file} containing {word}"),
            Self::Append { file, word } => write!(f, "append {word} to {file}"),
        }
    }
}

/// Tools that write a whole file, the more usual ones first.
const WRITERS: &[&str] = &["Write", "write_file", "write", "Create", "editor", "text_editor", "save"];

/// Tools that run a command.
const SHELLS: &[&str] = &[
    "exec_command",
    "run_shell_command",
    "shell",
    "Bash",
    "bash",
    "Execute",
    "run_commands",
    "shell_command",
];

const PATHS: &[&str] = &["path", "file_path", "filePath", "filepath", "absolute_path"];
const CONTENTS: &[&str] = &["content", "contents", "file_text", "new_text"];
const COMMANDS: &[&str] = &["command", "cmd", "commands"];

/// The last task in the words of the user, and which turn it stands in.
pub fn task(turns: &[Turn]) -> Option<(Task, usize)> {
    let found = |(at, turn): (usize, &Turn)| match turn {
        Turn::User(text) => task_in(text).map(|task| (task, at)),
        _ => None,
    };
    turns.iter().enumerate().rev().find_map(found)
}

fn task_in(text: &str) -> Option<Task> {
    let bare = |word: &str| {
        let mark = |c: char| "\"'`<>()*,;:!?".contains(c);
        word.split(['<', '\\']).next().unwrap_or_default().trim_matches(mark).trim_end_matches('.').to_owned()
    };
    let words: Vec<String> = text.split_whitespace().map(bare).collect();
    words.windows(4).rev().find_map(|four| match [&*four[0], &*four[1], &*four[2], &*four[3]] {
        ["create" | "Create", file, "containing", word] => {
            Some(Task::Create { file: file.to_owned(), word: word.to_owned() })
        }
        ["append" | "Append", word, "to", file] => {
            Some(Task::Append { file: file.to_owned(), word: word.to_owned() })
        }
        _ => None,
    })
}

/// The call that does it.
pub fn call(task: &Task, tools: &[Tool], dir: Option<&Path>) -> Option<Piece> {
    let named = |names: &[&str], needs: &[&[&str]]| {
        let fits = |tool: &&Tool| needs.iter().all(|any| any.iter().any(|name| has(tool, name)));
        let tool = names.iter().find_map(|name| tools.iter().filter(fits).find(|tool| is_called(tool, name)));
        tool.map(|tool| Piece::Call(tool.name.clone(), fill(&tool.schema, Some((task, dir)))))
    };
    let by_command = || named(SHELLS, &[COMMANDS]);
    match task {
        Task::Create { .. } => named(WRITERS, &[PATHS, CONTENTS]).or_else(by_command),
        Task::Append { .. } => by_command(),
    }
}

/// Some programs want a call when all is done.
pub fn call_of_the_end(tools: &[Tool]) -> Option<Piece> {
    let tool = tools.iter().find(|tool| ["complete", "attempt_completion"].contains(&&*tool.name))?;
    Some(Piece::Call(tool.name.clone(), fill(&tool.schema, None)))
}

/// An edit in one of the formats that programs without tools explain to the model.
pub fn edit_as_text(task: &Task, system: &str) -> Option<String> {
    match task {
        Task::Create { file, word } | Task::Append { file, word } if system.contains("SEARCH/REPLACE") => {
            // An empty part to search for means the end of the file.
            Some(format!("{file}\n```\n<<<<<<< SEARCH\n=======\n{word}\n>>>>>>> REPLACE\n```"))
        }
        Task::Create { file, word } if system.contains("file listing") => {
            Some(format!("{file}\n```\n{word}\n```"))
        }
        _ => None,
    }
}

/// The first work tree below `worktrees` that a request names anywhere.
pub fn dir_named_in(body: &Value, worktrees: &Path) -> Option<PathBuf> {
    let start = worktrees.to_str()?;
    match body {
        Value::String(text) => text.match_indices(start).find_map(|(at, _)| work_tree(&text[at..])),
        Value::Array(values) => values.iter().find_map(|value| dir_named_in(value, worktrees)),
        Value::Object(map) => map.values().find_map(|value| dir_named_in(value, worktrees)),
        _ => None,
    }
}

/// The longest work tree that is a beginning of a text: a path may have blanks in it.
fn work_tree(text: &str) -> Option<PathBuf> {
    let line = text.split(['\n', '"', '\'', '`', '<', '\\']).next()?;
    let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    let is_work_tree = |end: &usize| Path::new(&line[..*end]).join(".git").exists();
    ends.rev().find(is_work_tree).map(|end| line[..end].into())
}

/// Arguments after a schema: for the task where a name says what it is for, something valid for what else is needed.
pub fn fill(schema: &Value, task: Option<(&Task, Option<&Path>)>) -> Value {
    let needed = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|n| n == name));
    let mut arguments = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let value = task.and_then(|(task, dir)| for_the_task(name, property, task, dir));
        let value = value.or_else(|| needed(name).then(|| anything(property)));
        arguments.extend(value.map(|value| (name.clone(), value)));
    }
    arguments.into()
}

fn for_the_task(name: &str, property: &Value, task: &Task, dir: Option<&Path>) -> Option<Value> {
    let (Task::Create { file, word } | Task::Append { file, word }) = task;
    let is_choice = property["enum"].is_array();
    if PATHS.contains(&name) {
        let path = dir.map_or_else(|| file.into(), |dir| dir.join(file));
        Some(path.to_str()?.into())
    } else if CONTENTS.contains(&name) {
        Some(format!("{word}\n").into())
    } else if COMMANDS.contains(&name) && !is_choice {
        let arrow = if matches!(task, Task::Create { .. }) { ">" } else { ">>" };
        let command = format!("echo {word} {arrow} {file}");
        Some(match (kind(property).as_str(), kind(&property["items"]).as_str()) {
            ("array", _) if name == "commands" => json!([command]),
            ("array", _) => json!(["bash", "-c", command]),
            _ => command.into(),
        })
    } else {
        None
    }
}

fn anything(property: &Value) -> Value {
    if let Some(choices) = property["enum"].as_array() {
        let gentle =
            choices.iter().find(|choice| ["low", "create", "write"].iter().any(|word| choice == word));
        return gentle.or(choices.first()).cloned().unwrap_or_default();
    }
    match kind(property).as_str() {
        "boolean" => false.into(),
        "integer" | "number" => 60.into(),
        "array" => json!([]),
        "object" => fill(property, None),
        _ => "a file to write".into(),
    }
}

/// The type of a property, in lower case; the first one of several.
fn kind(property: &Value) -> String {
    let options = [&property["anyOf"], &property["oneOf"]].into_iter().find_map(|any| any.get(0));
    let of = |value: &Value| match &value["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).map(str::to_lowercase),
        kind => kind.as_str().map(str::to_lowercase),
    };
    of(property).or_else(|| options.and_then(of)).unwrap_or_else(|| "string".to_owned())
}

fn has(tool: &Tool, property: &str) -> bool {
    tool.schema["properties"].get(property).is_some()
}

/// By its name, or behind the name of what it comes from.
fn is_called(tool: &Tool, name: &str) -> bool {
    tool.name == name || tool.name.rsplit_once("__").is_some_and(|(_, own)| own == name)
}
