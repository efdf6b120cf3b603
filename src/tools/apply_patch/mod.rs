//! `apply_patch`: changes to several files in one call, all of them or none. The format is the
//! envelope that GPT and Codex models were trained on; unified diffs and the usual slips are
//! understood.

mod hunks;
mod parse;
mod plan;

use std::fmt::Write as _;

use serde_json::{Value, json};

use self::parse::ParseError;
use self::plan::{CommitError, File, Plan, PlanError, plan};
use super::args::{self, ArgError, Args};
use super::changes::Counts;
use super::edit::snippets;
use super::{RelPath, ToolContext, ToolOutput, Workspace, blocking};
use crate::chat::ToolSpec;

/// Bytes of snippets in one answer.
const MAX_SNIPPETS: usize = 8 * 1024;

#[derive(Debug, thiserror::Error)]
enum PatchError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error("{0}\nThe patch does not apply; no file was changed.")]
    Plan(#[from] PlanError),
    #[error("{0}\nThe patch was not applied.")]
    Commit(#[from] CommitError),
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "apply_patch".into(),
        description: "Adds, changes, moves and deletes files, all at once or not at all. The patch has this form:\n\
                      *** Begin Patch\n\
                      *** Update File: src/a.rs\n\
                      @@ fn main() {\n \
                      a line that stays\n\
                      -a line that goes\n\
                      +a line that comes\n\
                      *** Add File: src/b.rs\n\
                      +its first line\n\
                      *** Delete File: src/c.rs\n\
                      *** End Patch\n\
                      Show about three lines above and below each change, exactly as they are in the file and \
                      without line numbers. Where they are not unique, put a line that stands above them after \
                      `@@`. `*** Move to: path` after `*** Update File:` renames."
            .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "patch": {"type": "string", "description": "The whole patch, from *** Begin Patch to *** End Patch"}
            },
            "required": ["patch"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, workspace) = (input.clone(), context.workspace.clone());
    blocking(move || apply(&input, &workspace)).await
}

fn apply(input: &Value, workspace: &Workspace) -> Result<ToolOutput, PatchError> {
    let plan = plan(&parse::parse(&patch_text(input)?)?, workspace)?;
    plan.commit(workspace)?;
    Ok(report(&plan, workspace))
}

/// The patch in a call. Some models give the bare text, or a command line.
fn patch_text(input: &Value) -> Result<String, ArgError> {
    if let Value::String(text) = input
        && serde_json::from_str::<Value>(text).is_err()
        && text.contains("***")
    {
        return Ok(text.clone());
    }
    let args = Args::new("apply_patch", input)?;
    match args.value(args::PATCH).or_else(|| args.value(args::COMMAND)) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(list @ (Value::Array(_) | Value::Object(_))) => Ok(list.to_string()),
        _ => Err(args.missing(args::PATCH)),
    }
}

fn report(plan: &Plan, workspace: &Workspace) -> ToolOutput {
    let mut said: Vec<String> = Vec::new();
    let mut total = Counts::default();
    let mut shown = String::new();
    for (path, file) in plan.files() {
        let counts = file.counts();
        total.added += counts.added;
        total.removed += counts.removed;
        said.push(describe(path, file, counts));
        if !file.changed.is_empty() && shown.len() < MAX_SNIPPETS {
            let lines = snippets(&file.new_text, &mut file.changed.clone());
            // Writing to a string cannot fail.
            let _ = write!(shown, "{path}:\n{lines}");
        }
    }
    said.extend(plan.notes.iter().cloned());
    let paths: Vec<RelPath> = plan.files().map(|(path, _)| path.clone()).collect();
    let summary = match paths.as_slice() {
        [] => "nothing to change".to_owned(),
        [path] => format!("{path} {total}"),
        _ => format!("{} files {total}", paths.len()),
    };
    if paths.is_empty() {
        said.insert(0, "nothing to change".into());
        return ToolOutput::ok(said.join("\n"), summary);
    }
    ToolOutput::ok(format!("{}\n{shown}", said.join("\n")), summary).touching(workspace, paths)
}

fn describe(path: &RelPath, file: &File, counts: Counts) -> String {
    match (&file.before, &file.after, file.moved_from()) {
        (_, _, Some(source)) => format!("moved {source} to {path}"),
        (None, _, _) => format!("created {path} ({counts})"),
        (_, None, _) => format!("removed {path} ({counts})"),
        _ => format!("updated {path} ({counts})"),
    }
}

#[cfg(test)]
mod tests;
