//! From a call of the `agent` tool to what an agent is started with, or to why none is started. Whatever is asked
//! for beyond what the asking agent has itself is refused.

use std::time::Duration;

use tokio::sync::watch;

use super::{Brief, Heritage, Site};
use crate::agent::approval::{Leave, Wish};
use crate::agent::control::Control;
use crate::agent::turn::{Attempt, Order, Task};
use crate::agent::{Agent, Failure};
use crate::chat::ToolCall;
use crate::config::{Fallback, PermissionMode};
use crate::git::CommitId;
use crate::tools::{self, AgentTask, Tool, ToolOutput};

/// A task that may be given away; where it begins is not known yet.
pub(super) struct Granted {
    pub title: String,
    order: Order,
    tools: Vec<Tool>,
    permissions: PermissionMode,
}

impl Granted {
    /// Whether it needs a worktree of its own.
    pub fn works(&self) -> bool {
        self.permissions != PermissionMode::ReadOnly
    }

    pub fn brief(
        self,
        agent: &Agent,
        call: &str,
        from: CommitId,
        ceiling: watch::Receiver<PermissionMode>,
    ) -> Brief {
        let site = if self.works() { Site::Own(from) } else { Site::Parents(from) };
        Brief {
            call: call.to_owned(),
            title: self.title,
            order: self.order,
            site,
            heritage: Heritage {
                parent: agent.session.id.clone(),
                depth: agent.depth() + 1,
                permissions: self.permissions,
                tools: self.tools,
                ceiling,
                remembered: agent.remembered.clone(),
                let_in: agent.let_in.clone(),
            },
        }
    }
}

impl Agent {
    /// What a call asks for, where all of it may be had. `share`: one of so many that share what is left of the
    /// budgets.
    pub(super) async fn grant(
        &mut self,
        call: &ToolCall,
        share: usize,
        task: &Task<'_>,
        attempt: &Attempt,
        control: &mut Control,
    ) -> Result<Granted, ToolOutput> {
        let refused = |why: String| ToolOutput::error(format!("not run: {why}"));
        let asked =
            tools::read_agent_task(&call.input).map_err(|error| ToolOutput::error(error.to_string()))?;
        self.may_start().map_err(refused)?;
        let own = self.mode(attempt);
        let tools = self.granted_tools(&asked, own).map_err(refused)?;
        let permissions = self.granted_permissions(&asked, own).map_err(refused)?;
        self.granted_backend(call, &asked, attempt, control).await?;
        let budget = self.granted_budget(&asked, share, task, attempt).map_err(refused)?;
        let settings = &self.services.settings.agent;
        let timeout = Duration::from_secs(settings.child_timeout_seconds);
        let order = Order {
            prompt: asked.task,
            backend: asked.backend,
            model: asked.model,
            role: asked.role,
            budget_usd: Some(budget.unwrap_or(0.0)),
            // The session's is in what was left.
            session_budget_usd: Some(0.0),
            day_budget_usd: task.order.day_budget_usd,
            verify: task.order.verify.clone(),
            max_steps: asked.max_steps,
            timeout: Some(timeout).filter(|time| !time.is_zero()),
        };
        self.brood.started += 1;
        Ok(Granted { title: asked.title, order: self.as_chosen(order), tools, permissions })
    }

    /// Whom the user chose for this session answers in those that it starts, too, unless a role says who does.
    fn as_chosen(&self, mut order: Order) -> Order {
        if order.backend.is_none()
            && order.role.is_none()
            && let Some(chosen) = &self.session.chosen
            && self.services.backends.contains_key(&chosen.backend)
        {
            order.backend = Some(chosen.backend.clone());
            order.model = order.model.or(Some(chosen.model.clone()).filter(|model| !model.is_empty()));
        }
        order
    }

    fn may_start(&self) -> Result<(), String> {
        let settings = &self.services.settings.agent;
        let (depth, deepest) = (self.depth(), settings.max_depth);
        if depth >= deepest {
            return Err(match deepest {
                0 => "there are no sub-agents here (agent.max_depth is 0)".to_owned(),
                _ => format!(
                    "sub-agents go {deepest} deep at most (agent.max_depth), and you are at depth {depth}"
                ),
            });
        }
        if self.starter.is_none() {
            return Err("nobody can start an agent here".to_owned());
        }
        if self.brood.started >= settings.max_children_per_turn {
            let most = settings.max_children_per_turn;
            return Err(format!(
                "this turn has started {} sub-agents, and {most} are the most (agent.max_children_per_turn)",
                self.brood.started
            ));
        }
        Ok(())
    }

    /// The tools that were asked for, all of which the agent must have itself.
    fn granted_tools(&self, asked: &AgentTask, own: PermissionMode) -> Result<Vec<Tool>, String> {
        let is_mine = |tool: Tool| {
            let is_usable = match tool {
                Tool::Bash | Tool::Todo | Tool::Agent => true,
                tool => own != PermissionMode::ReadOnly || tool.is_read_only(),
            };
            is_usable && self.has_tool(tool)
        };
        let mine: Vec<Tool> = Tool::ALL.into_iter().filter(|tool| is_mine(*tool)).collect();
        let Some(names) = &asked.tools else { return Ok(mine) };
        let mut granted = Vec::new();
        let mut beyond = Vec::new();
        for name in names {
            match Tool::by_name(name).filter(|tool| mine.contains(tool)) {
                Some(tool) => granted.push(tool),
                None => beyond.push(format!("`{}`", super::report::one_line(name, 60))),
            }
        }
        if beyond.is_empty() {
            return Ok(granted);
        }
        let mine: Vec<&str> = mine.into_iter().map(Tool::name).collect();
        Err(format!(
            "a sub-agent gets no tool that you do not have: {}; yours are: {}",
            beyond.join(", "),
            mine.join(", ")
        ))
    }

    fn granted_permissions(&self, asked: &AgentTask, own: PermissionMode) -> Result<PermissionMode, String> {
        let mut mode = own;
        if let Some(name) = &asked.permissions {
            let wanted: PermissionMode = super::report::one_line(name, 40)
                .to_lowercase()
                .replace(['_', ' '], "-")
                .parse()
                .map_err(|error: crate::config::UnknownPermissions| error.to_string())?;
            if wanted > own {
                return Err(format!(
                    "a sub-agent may do no more than you: `{wanted}` is more than your `{own}`"
                ));
            }
            mode = wanted;
        }
        if let Some(role) = &asked.role {
            let settings = self.services.settings.roles.get(role);
            let settings = settings.ok_or_else(|| {
                let failure = self.services.unknown_role(role);
                format!("{}; {}", failure.message, failure.hint.unwrap_or_default())
            })?;
            mode = settings.permissions_or(mode).min(mode);
        }
        Ok(if asked.read_only { PermissionMode::ReadOnly } else { mode })
    }

    /// A backend that is not local may need the user's leave, as when it takes a local one's place.
    async fn granted_backend(
        &mut self,
        call: &ToolCall,
        asked: &AgentTask,
        attempt: &Attempt,
        control: &mut Control,
    ) -> Result<(), ToolOutput> {
        let Some(id) = &asked.backend else { return Ok(()) };
        let refused = |failure: Failure| {
            let known: Vec<&str> = self.services.backends.keys().map(String::as_str).collect();
            ToolOutput::error(format!("not run: {}; there are: {}", failure.message, known.join(", ")))
        };
        let backend = self.services.backend(id).map_err(refused)?;
        if let Some(missing) = backend.missing() {
            return Err(refused(missing.clone().into()));
        }
        if backend.is_local() || !attempt.backend.is_local() {
            return Ok(());
        }
        let why = format!("gives work to {id}, which is not local");
        match self.services.settings.router.fallback {
            Fallback::Auto => Ok(()),
            Fallback::Never => {
                Err(ToolOutput::error(format!("not permitted: it {why} (router.fallback is never)")))
            }
            Fallback::Ask => {
                let wish = Wish { id: &call.id, tool: &call.name, input: &call.input };
                match self.ask(&wish, &format!("it {why}"), control).await {
                    Leave::Given { .. } => Ok(()),
                    Leave::NotPermitted(reason) => Err(ToolOutput::error(format!("not permitted: {reason}"))),
                    Leave::Refused => Err(ToolOutput::error("the user did not allow this call")),
                    Leave::Interrupted => Err(ToolOutput::error("not run: the user interrupted")),
                }
            }
        }
    }

    /// A share of what is left of the turn's, the session's and the day's budget, or less where less was asked for.
    /// `None`: there is no limit.
    fn granted_budget(
        &self,
        asked: &AgentTask,
        share: usize,
        task: &Task<'_>,
        attempt: &Attempt,
    ) -> Result<Option<f64>, String> {
        let purses = self.purses(task.order, crate::agent::work::spent(task, attempt));
        let limited = purses.iter().filter(|purse| purse.limit_usd > 0.0);
        let left = limited.map(|purse| purse.limit_usd - purse.spent_usd).reduce(f64::min);
        let parts = u32::try_from(share.max(1)).unwrap_or(u32::MAX);
        match left.map(|left| left / f64::from(parts)) {
            Some(left) if left <= 0.0 => Err("nothing is left of the budget".to_owned()),
            Some(left) => Ok(Some(asked.budget_usd.map_or(left, |asked| asked.min(left)))),
            None => Ok(asked.budget_usd),
        }
    }
}
