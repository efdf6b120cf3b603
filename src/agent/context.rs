//! What a model is sent, and how its answer is understood: the system prompt, the tools, and the
//! text protocol for models that cannot call tools natively.

use super::turn::Attempt;
use super::{Agent, prompt, text_calls};
use crate::chat::{Message, Part, Role, ToolCall, ToolSpec};
use crate::config::{PermissionMode, ToolCallStyle};
use crate::tools::{self, Tool};
use crate::wire::Request;

impl Agent {
    pub(super) fn mode(&self, attempt: &Attempt) -> PermissionMode {
        self.mode_in(attempt.role.as_deref())
    }

    /// What the agent may do unasked in a role.
    pub(super) fn mode_in(&self, role: Option<&str>) -> PermissionMode {
        if self.looks_on {
            return PermissionMode::ReadOnly;
        }
        let role = role.and_then(|name| self.services.settings.roles.get(name));
        let mode = role.map_or(self.permissions, |role| role.permissions_or(self.permissions));
        self.below_ceiling(mode)
    }

    pub(super) fn tool_specs(&self, attempt: &Attempt) -> Vec<ToolSpec> {
        let is_read_only = self.mode(attempt) == PermissionMode::ReadOnly;
        let has_skills = !self.tools.skills.list().is_empty();
        tools::specs(attempt.backend.settings().edit_format, |tool| {
            self.has_tool(tool)
                && match tool {
                    Tool::Skill => has_skills,
                    Tool::Agent => self.can_start_agents(),
                    // A read-only agent may still run commands that only look.
                    Tool::Bash | Tool::Todo => true,
                    tool => !is_read_only || tool.is_read_only(),
                }
        })
    }

    pub(super) fn system_prompt(&self, attempt: &Attempt) -> String {
        let place = prompt::Place {
            worktree: &self.session.worktree,
            branch: &self.session.branch,
            checkout: &self.checkout,
            subfolder: &self.subfolder,
            home: self.services.home.as_deref(),
            user_instructions: &self.services.user_instructions,
        };
        let mut extra = Vec::new();
        let skills = self.tools.skills.listing();
        if !skills.is_empty() {
            extra.push(format!(
                "# Skills\n\nLoad one with the `skill` tool when the task is of its kind:\n{skills}"
            ));
        }
        if self.has_tool(Tool::Agent) && self.can_start_agents() && attempt.backend.as_cli().is_none() {
            extra.push(prompt::AGENTS.into());
        }
        if self.mode(attempt) == PermissionMode::ReadOnly {
            extra.push(
                "# Read-only\n\nYou may look at everything and change nothing. Answer in words.".into(),
            );
        }
        if let Some(system) = self.persona.as_ref().and_then(|persona| persona.system.as_ref()) {
            extra.push(format!("# Your part\n\n{}", system.trim()));
        }
        if attempt.backend.settings().tool_calls == ToolCallStyle::Text {
            extra.push(text_calls::prompt(&self.tool_specs(attempt)));
        }
        prompt::system(&place, &prompt::instructions(&place), &extra)
    }

    pub(super) fn request(&self, attempt: &Attempt) -> Request {
        let is_text = attempt.backend.settings().tool_calls == ToolCallStyle::Text;
        let context = self.session.conversation.context();
        Request {
            model: attempt.model.clone(),
            system: attempt.system.clone(),
            messages: if is_text { context.into_iter().map(as_text).collect() } else { context },
            tools: if is_text { Vec::new() } else { self.tool_specs(attempt) },
            max_output_tokens: attempt.backend.settings().max_output_tokens,
            temperature: None,
            effort: attempt.effort,
            stream: true,
            ..Request::default()
        }
    }

    /// Reads tool calls that a model printed as text, and gives every call an id of its own.
    pub(super) fn understand(&self, attempt: &Attempt, mut answer: Message) -> Message {
        let style = attempt.backend.settings().tool_calls;
        if style != ToolCallStyle::Native && answer.tool_calls().next().is_none() {
            let known = |name: &str| Tool::by_name(name).is_some();
            if let Some(found) = text_calls::extract(&answer.text(), &known, style) {
                let round = self.session.conversation.len();
                answer.parts.retain(|part| !matches!(part, Part::Text(_)));
                if !found.text.trim().is_empty() {
                    answer.parts.push(Part::Text(found.text));
                }
                if let Some(tool) = found.cut_off {
                    let text = format!("[a call of {tool} was begun here and not finished; it was not run]");
                    answer.parts.push(Part::Text(text));
                }
                for (number, call) in found.calls.into_iter().enumerate() {
                    let id = format!("text_{round}_{number}");
                    answer.parts.push(Part::ToolCall(ToolCall {
                        id,
                        name: call.name,
                        input: call.input,
                        signature: None,
                    }));
                }
            }
        }
        self.make_ids_unique(&mut answer);
        answer
    }

    /// Some servers number the calls of each answer anew: an id that was used before gets a suffix.
    pub(super) fn make_ids_unique(&self, answer: &mut Message) {
        if answer.tool_calls().next().is_none() {
            return;
        }
        let entries = self.session.conversation.entries();
        let mut used: std::collections::HashSet<String> = entries
            .iter()
            .filter_map(|entry| entry.kind.message())
            .flat_map(Message::tool_calls)
            .map(|call| call.id.clone())
            .collect();
        for part in &mut answer.parts {
            let Part::ToolCall(call) = part else { continue };
            if call.id.is_empty() {
                call.id = "call".into();
            }
            let wanted = call.id.clone();
            let mut number = 2;
            while !used.insert(call.id.clone()) {
                call.id = format!("{wanted}_{number}");
                number += 1;
            }
        }
    }
}

/// A message in the text protocol: calls as the fences in which the model wrote them, results as the
/// user's words.
fn as_text(message: Message) -> Message {
    let mut texts = Vec::new();
    let mut parts = Vec::new();
    for part in message.parts {
        match part {
            Part::ToolCall(call) => texts.push(text_calls::render(&call.name, &call.input)),
            Part::ToolResult(result) => {
                let failed = if result.is_error { " (failed)" } else { "" };
                texts.push(format!("Result of {}{failed}:\n{}", result.name, result.content_text()));
            }
            Part::Text(text) => texts.push(text),
            Part::Thinking { .. } => {}
            Part::Image(image) => parts.push(Part::Image(image)),
        }
    }
    parts.insert(0, Part::Text(texts.join("\n\n")));
    let role = if message.role == Role::Assistant { Role::Assistant } else { Role::User };
    Message { role, parts }
}
