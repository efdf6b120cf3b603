//! What an agent that another one started has from it: never more than that one has itself.

use std::collections::HashSet;

use tokio::sync::watch;

use crate::agent::{Agent, Persona};
use crate::config::PermissionMode;
use crate::tools::Tool;
use crate::tools::permissions::Remembered;

const PART: &str = include_str!("../../../assets/prompts/child.md");

#[derive(Debug, Clone)]
pub struct Heritage {
    /// The session of who started it.
    pub parent: String,
    /// Of those that a user started: 0.
    pub depth: u32,
    pub permissions: PermissionMode,
    pub(in crate::agent) tools: Vec<Tool>,
    /// What who started it may do itself: it changes with the user's mind.
    pub(in crate::agent) ceiling: watch::Receiver<PermissionMode>,
    pub(in crate::agent) remembered: Remembered,
    pub(in crate::agent) let_in: HashSet<String>,
}

impl Agent {
    /// Makes it one that another agent started.
    pub fn inherit(&mut self, heritage: Heritage) {
        self.permissions = heritage.permissions;
        self.remembered = heritage.remembered.clone();
        self.let_in.clone_from(&heritage.let_in);
        self.persona = Some(Persona {
            name: "sub-agent".to_owned(),
            tools: Some(heritage.tools.iter().map(|tool| tool.name().to_owned()).collect()),
            system: Some(PART.to_owned()),
            ..Persona::default()
        });
        self.heritage = Some(heritage);
    }

    pub(in crate::agent) fn depth(&self) -> u32 {
        self.heritage.as_ref().map_or(0, |heritage| heritage.depth)
    }

    /// Whether it may start agents, as far as depth goes.
    pub(in crate::agent) fn can_start_agents(&self) -> bool {
        self.starter.is_some() && self.depth() < self.services.settings.agent.max_depth
    }

    /// A mode, or what is left of it under that of who started the agent.
    pub(in crate::agent) fn below_ceiling(&self, mode: PermissionMode) -> PermissionMode {
        let ceiling = self.heritage.as_ref().map(|heritage| *heritage.ceiling.borrow());
        ceiling.map_or(mode, |ceiling| mode.min(ceiling))
    }
}
