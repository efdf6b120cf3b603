//! The preview of a landing: what would come of it, before anything does.

use super::layer::Text;
use crate::git::session::{LandHow, LandPlan, LandWish};
use crate::workbench::TabId;

#[derive(Debug)]
pub struct Landing {
    pub tab: TabId,
    pub wish: LandWish,
    /// Once it is worked out.
    pub plan: Option<Box<LandPlan>>,
    /// Why there is none.
    pub has_failed: bool,
    /// It is being carried out.
    pub is_landing: bool,
    /// Only to be looked at.
    pub is_dry: bool,
    /// The steps that the user chose, while another kind is looked at.
    pub steps: Option<String>,
    pub text: Text,
}

impl Landing {
    /// The kind that follows when the user turns through them.
    pub fn next_how(&self) -> LandHow {
        match (&self.wish.how, &self.steps) {
            (LandHow::Squash, _) => LandHow::Merge,
            (LandHow::Merge, Some(steps)) => LandHow::Pick(steps.clone()),
            // All of them, each by itself.
            (LandHow::Merge, None) => LandHow::Pick("t1-999999".to_owned()),
            (LandHow::Pick(_), _) => LandHow::Squash,
        }
    }

    /// Whether it waits for what is being worked out.
    pub fn is_loading(&self) -> bool {
        self.is_landing || (self.plan.is_none() && !self.has_failed)
    }

    /// Whether there is something to say yes to.
    pub fn can_land(&self) -> bool {
        !self.is_dry && self.plan.as_ref().is_some_and(|plan| plan.is_ready())
    }

    /// What the keys do, as far as they do anything now.
    pub fn keys(&self) -> String {
        let Some(plan) = self.plan.as_ref().filter(|_| !self.is_landing) else {
            return "Esc closes".to_owned();
        };
        let mut keys = Vec::new();
        if plan.is_ready() && !self.is_dry {
            keys.push("Enter lands");
        }
        if !plan.conflicts.is_empty() && !matches!(plan.how, LandHow::Pick(_)) {
            keys.push("r lets an agent resolve");
        }
        keys.push("Tab kind");
        if plan.preview.is_some() {
            keys.push("d diff");
        }
        if !plan.message.is_empty() {
            keys.push("e message");
        }
        keys.push("Esc leaves");
        keys.join(" · ")
    }
}
