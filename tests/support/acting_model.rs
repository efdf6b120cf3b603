//! A model on loopback that acts for whichever program asks: it finds the task in the last prompt that has one, calls
//! the offered tool that does it, and says so once the result is there. It knows no program by name, only what tools
//! are called. It speaks all wire formats, told apart by the path, streamed or whole.
//!
//! The tasks are `create FILE containing WORD` (by a tool that writes files, else by a command) and
//! `append WORD to FILE` (by a command). Whoever offers no tools gets an edit as text if it explains a format for
//! edits, else a title.

mod act;
mod asked;
mod whole;

use std::path::Path;

use offshoot::chat::WireFormat;
use serde_json::json;

use super::model_server::{ModelServer, Piece, Received, Reply};
use asked::{Asked, Turn};

/// Tokens of each answer's prompt (cached ones included), of them cached, of the answer, of them reasoning.
pub const USAGE: (u64, u64, u64, u64) = (1234, 200, 56, 7);

/// What the model says before it calls a tool.
pub const BEFORE: &str = "I am going to write that file.";
/// What it says when the task is done.
pub const AFTER: &str = "That file is written now.";

/// Starts one. Where a request names a folder below `worktrees` that is a work tree, files are written there by
/// their whole path.
pub fn start(worktrees: &Path) -> ModelServer {
    let worktrees = worktrees.to_owned();
    ModelServer::answering(move |request| answer(request, &worktrees))
}

/// What a request asked, if it was one for an answer of the model's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// As in the prompt.
    pub task: String,
    /// Messages of the model's own that came before the prompt with the task, each as such.
    pub before: usize,
    /// The results of tools that came after it.
    pub results: Vec<String>,
    /// The names of the offered tools.
    pub tools: Vec<String>,
}

/// What was asked for in those requests that have a task.
pub fn told(requests: &[Received]) -> Vec<Told> {
    let told = |request: &Received| {
        let asked = Asked::read(request)?;
        let (task, at) = act::task(&asked.turns)?;
        let before = asked.turns[..at].iter().filter(|turn| matches!(turn, Turn::Model)).count();
        let result = |turn: &Turn| match turn {
            Turn::Result(text) => Some(text.clone()),
            _ => None,
        };
        let results = asked.turns[at..].iter().filter_map(result).collect();
        let tools = asked.tools.iter().map(|tool| tool.name.clone()).collect();
        Some(Told { task: task.to_string(), before, results, tools })
    };
    requests.iter().filter_map(told).collect()
}

fn answer(request: &Received, worktrees: &Path) -> Reply {
    if request.method == "GET" {
        return get(request);
    }
    if request.path.contains("/count_tokens") || request.path.contains(":countTokens") {
        return Reply::json(200, json!({"input_tokens": USAGE.0, "totalTokens": USAGE.0}));
    }
    let Some(asked) = Asked::read(request) else {
        return Reply::status(404, "this model server has no such path");
    };
    let pieces = pieces(&asked, &request.body, worktrees);
    if asked.streamed {
        Reply::say(pieces).in_format(asked.format).usage(USAGE.0, USAGE.1, USAGE.2, USAGE.3)
    } else {
        Reply::json(200, whole::render(&pieces, asked.format))
    }
}

fn get(request: &Received) -> Reply {
    if request.header("upgrade").is_some() {
        return Reply::status(426, "there is no WebSocket here");
    }
    let path = request.path.split('?').next().unwrap_or_default();
    if path.ends_with("/models") {
        let model = json!({"id": "test-model", "object": "model", "created": 1, "owned_by": "test",
            "name": "models/test-model", "display_name": "test-model", "type": "model"});
        return Reply::json(
            200,
            json!({"object": "list", "data": [model], "models": [model], "has_more": false}),
        );
    }
    Reply::status(404, "this model server has no such path")
}

fn pieces(asked: &Asked, body: &serde_json::Value, worktrees: &Path) -> Vec<Piece> {
    let text = |text: &str| Piece::Text(text.to_owned());
    let task = act::task(&asked.turns);
    if asked.tools.is_empty() {
        let edit = task.as_ref().and_then(|(task, _)| act::edit_as_text(task, &asked.system));
        return vec![match (edit, &asked.schema) {
            (Some(edit), _) => Piece::Text(format!("{BEFORE}\n\n{edit}\n\n{AFTER}\n")),
            (None, Some(schema)) => Piece::Text(act::fill(schema, None).to_string()),
            (None, None) => text("A file to write"),
        }];
    }
    let Some((task, at)) = task else { return vec![text("There is nothing to do.")] };
    if asked.turns[at..].iter().any(|turn| matches!(turn, Turn::Result(_))) {
        let end = act::call_of_the_end(&asked.tools);
        return [text(AFTER)].into_iter().chain(end).collect();
    }
    let dir = act::dir_named_in(body, worktrees);
    match act::call(&task, &asked.tools, dir.as_deref()) {
        Some(call) => vec![text(BEFORE), call],
        None => vec![text("No tool that is offered can do that.")],
    }
}

/// The format that a path is of.
fn format_of(path: &str) -> Option<WireFormat> {
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/chat/completions") {
        Some(WireFormat::OpenaiChat)
    } else if path.ends_with("/responses") {
        Some(WireFormat::OpenaiResponses)
    } else if path.ends_with("/messages") {
        Some(WireFormat::Anthropic)
    } else if path.contains(":generateContent") || path.contains(":streamGenerateContent") {
        Some(WireFormat::Gemini)
    } else {
        None
    }
}
