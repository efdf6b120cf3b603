//! `agent`: a task given to an agent of its own. What is here is how it is asked for; starting one is the asking
//! agent's affair.

use serde_json::{Value, json};

use super::args::{ArgError, Args, Names};
use super::{Tool, ToolOutput};
use crate::chat::ToolSpec;

const TASK: Names = &["task", "prompt", "instructions", "message"];
const TITLE: Names = &["title", "description", "name"];
const ROLE: Names = &["role", "subagent_type", "agent_type"];
const BACKEND: Names = &["backend"];
const MODEL: Names = &["model"];
const TOOLS: Names = &["tools", "allowed_tools"];
const PERMISSIONS: Names = &["permissions", "permission_mode"];
const MAX_STEPS: Names = &["max_steps", "max_turns"];
const BUDGET: Names = &["budget_usd", "budget"];
const READ_ONLY: Names = &["read_only"];

/// Words of a task that make its title, where it was given none.
const TITLE_WORDS: usize = 6;

/// What a model asks for with a call.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentTask {
    pub task: String,
    /// In a few words.
    pub title: String,
    pub role: Option<String>,
    pub backend: Option<String>,
    pub model: Option<String>,
    /// As the model names them; `None` asks for all that the asking agent has.
    pub tools: Option<Vec<String>>,
    pub permissions: Option<String>,
    pub max_steps: Option<u32>,
    /// US dollars.
    pub budget_usd: Option<f64>,
    pub read_only: bool,
}

pub fn spec() -> ToolSpec {
    let text = |description: &str| json!({"type": "string", "description": description});
    ToolSpec {
        name: "agent".into(),
        description: "Gives a task to an agent of its own, in a worktree of its own that begins with your files as \
                      they are now. It knows nothing of this conversation: say in `task` all that it needs, what \
                      files it is about, and what to answer. You get its report; its changes are merged into your \
                      files, and where they conflict with yours you are told and keep your own. Several calls in \
                      one answer run side by side. Use it sparingly, for work that is independent of yours and \
                      worth a conversation of its own; for anything small do it yourself."
            .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "task": text("the whole task, with everything that is needed to do it"),
                "title": text("a few words for the user"),
                "role": text("a role of the settings, such as review or test"),
                "backend": text("who is to answer, if not whom the router chooses"),
                "model": text("a model of that backend"),
                "tools": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "the only tools that it gets; all of yours when absent, never others"
                },
                "permissions": {
                    "type": "string",
                    "enum": ["read-only", "ask", "auto", "full"],
                    "description": "yours when absent, never more"
                },
                "max_steps": {"type": "integer", "description": "calls of the model that it may make"},
                "budget_usd": {"type": "number", "description": "what it may cost"},
                "read_only": {"type": "boolean", "description": "it looks at your files and changes nothing"}
            },
            "required": ["task"]
        }),
    }
}

/// What a call asks for.
///
/// # Errors
/// When an argument is missing or of the wrong kind: to be told to the model.
pub fn read(input: &Value) -> Result<AgentTask, ArgError> {
    let args = Args::new("agent", input)?;
    let task = args.text(TASK)?;
    if task.trim().is_empty() {
        return Err(args.missing(TASK));
    }
    let given =
        |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let title = given(args.optional_text(TITLE)?).unwrap_or_else(|| {
        let line = task.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        line.split_whitespace().take(TITLE_WORDS).collect::<Vec<_>>().join(" ")
    });
    let tools = args.list(TOOLS)?.map(|names| {
        let name = |name: &Value| name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        names.iter().map(name).collect()
    });
    let max_steps = args.number(MAX_STEPS)?.map(|steps| u32::try_from(steps).unwrap_or(u32::MAX));
    let budget_usd = given(args.optional_text(BUDGET)?)
        .map(|text| {
            let amount =
                text.trim_start_matches('$').parse::<f64>().ok().filter(|usd| usd.is_finite() && *usd >= 0.0);
            amount.ok_or_else(|| args.wrong(BUDGET, "a number of US dollars", &Value::String(text)))
        })
        .transpose()?;
    Ok(AgentTask {
        title,
        role: given(args.optional_text(ROLE)?),
        backend: given(args.optional_text(BACKEND)?),
        model: given(args.optional_text(MODEL)?),
        tools,
        permissions: given(args.optional_text(PERMISSIONS)?),
        max_steps,
        // Nothing is no budget, as in the settings.
        budget_usd: budget_usd.filter(|usd| *usd > 0.0),
        read_only: args.flag(READ_ONLY)?,
        task,
    })
}

/// Where nobody can start an agent.
pub(super) fn run() -> ToolOutput {
    ToolOutput::error(format!("not run: `{}` cannot be called here", Tool::Agent.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_as_models_write_it() {
        let read = |input: Value| read(&input).unwrap();
        let plain = read(json!({"task": "Find out why the tests of the parser fail, please."}));
        assert_eq!(plain.title, "Find out why the tests of");
        assert_eq!((plain.tools, plain.budget_usd, plain.read_only), (None, None, false));
        let other = read(json!({
            "description": "Review", "prompt": "Look.", "subagent_type": "review", "tools": ["Read", "Bash"],
            "budget_usd": "0.5", "max_turns": "3", "read_only": "yes", "model": ""
        }));
        assert_eq!((other.title.as_str(), other.task.as_str()), ("Review", "Look."));
        assert_eq!(other.role.as_deref(), Some("review"));
        assert_eq!(other.tools, Some(vec!["Read".to_owned(), "Bash".to_owned()]));
        assert_eq!((other.budget_usd, other.max_steps, other.model), (Some(0.5), Some(3), None));
        assert!(other.read_only);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (input, told) in [
            (json!({"title": "x"}), "`agent` needs `task`"),
            (json!({"task": "  "}), "`agent` needs `task`"),
            (json!({"task": "x", "budget_usd": "much"}), "must be a number of US dollars"),
            (json!({"task": "x", "tools": 3}), "must be a list"),
        ] {
            let error = read(&input).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
