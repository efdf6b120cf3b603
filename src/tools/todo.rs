//! `todo`: the list of what an agent means to do, kept with its session and shown to the user.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::args::{ArgError, Args, Names};
use super::{ToolContext, ToolOutput};
use crate::chat::ToolSpec;

const ITEMS: Names = &["items", "todos", "plan", "tasks", "list"];
const TEXTS: [&str; 6] = ["content", "text", "task", "title", "step", "description"];
const MAX_ITEMS: usize = 100;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TodoItem {
    pub text: String,
    pub status: TodoStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TodoStatus {
    Pending,
    InProgress,
    Done,
}

/// The list of a session. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct TodoList(Arc<Mutex<Vec<TodoItem>>>);

#[derive(Debug, thiserror::Error)]
enum TodoError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error("item {0} has no `content`")]
    Text(usize),
    #[error("the status of item {0} is `pending`, `in_progress` or `done`, not `{1}`")]
    Status(usize, String),
    #[error("a list has at most {MAX_ITEMS} items, not {0}")]
    TooMany(usize),
}

impl TodoList {
    pub fn new(items: Vec<TodoItem>) -> Self {
        Self(Arc::new(Mutex::new(items)))
    }

    pub fn items(&self) -> Vec<TodoItem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, items: Vec<TodoItem>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = items;
    }
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "todo".into(),
        description:
            "Keeps the list of what you mean to do, for the user to see. Use it for work of several steps; \
                      give the whole list each time, with one item in progress."
                .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "content": {"type": "string"},
                            "status": {"type": "string", "enum": ["pending", "in_progress", "done"]}
                        },
                        "required": ["content", "status"]
                    }
                }
            },
            "required": ["items"]
        }),
    }
}

pub fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    match read(input) {
        Ok(items) => {
            let done = items.iter().filter(|item| item.status == TodoStatus::Done).count();
            let output = ToolOutput::ok(render(&items), format!("{done} of {} done", items.len()));
            context.todo.set(items);
            output
        }
        Err(error) => ToolOutput::error(error.to_string()),
    }
}

fn read(input: &Value) -> Result<Vec<TodoItem>, TodoError> {
    let args = Args::new("todo", input)?;
    let list = args.list(ITEMS)?.ok_or_else(|| args.missing(ITEMS))?;
    if list.len() > MAX_ITEMS {
        return Err(TodoError::TooMany(list.len()));
    }
    list.iter().zip(1..).map(|(item, number)| read_item(item, number)).collect()
}

fn read_item(item: &Value, number: usize) -> Result<TodoItem, TodoError> {
    let text = item.as_str().or_else(|| TEXTS.iter().find_map(|key| item[*key].as_str()));
    let text = text.map(str::trim).filter(|text| !text.is_empty()).ok_or(TodoError::Text(number))?;
    let status = match item["status"].as_str().unwrap_or("pending") {
        "pending" | "todo" | "open" | "not_started" => TodoStatus::Pending,
        "in_progress" | "in-progress" | "doing" | "active" => TodoStatus::InProgress,
        "done" | "completed" | "complete" | "finished" => TodoStatus::Done,
        other => return Err(TodoError::Status(number, other.to_owned())),
    };
    Ok(TodoItem { text: text.to_owned(), status })
}

fn render(items: &[TodoItem]) -> String {
    if items.is_empty() {
        return "the list is empty".to_owned();
    }
    items.iter().fold(String::new(), |mut text, item| {
        let mark = match item.status {
            TodoStatus::Pending => ' ',
            TodoStatus::InProgress => '>',
            TodoStatus::Done => 'x',
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[{mark}] {}", item.text);
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::{Fixture, text};

    #[tokio::test]
    async fn the_list_is_kept_and_told() {
        let fixture = Fixture::new();
        let items = json!([
            {"content": "read", "status": "completed"},
            {"text": "write", "status": "in_progress"},
            "test"
        ]);
        let output = fixture.call("todo_write", json!({ "todos": items })).await;
        assert_eq!(text(&output), "[x] read\n[>] write\n[ ] test\n");
        assert_eq!(output.summary, "1 of 3 done");
        assert_eq!(fixture.context.todo.items().len(), 3);
    }

    #[tokio::test]
    async fn a_list_that_is_wrong_changes_nothing() {
        let fixture = Fixture::new();
        fixture.call("todo", json!({"items": ["a"]})).await;
        for items in
            [json!([{"status": "done"}]), json!([{"content": "a", "status": "maybe"}]), json!(7), json!(null)]
        {
            assert!(fixture.call("todo", json!({ "items": items })).await.is_error);
        }
        assert_eq!(fixture.context.todo.items().len(), 1);
    }
}
