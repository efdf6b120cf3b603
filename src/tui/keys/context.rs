//! What has the focus, as far as keys care.

/// A table of the file of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere, unless a dialog or a list is open.
    Global,
    /// Writing to the agent.
    Composer,
    /// Reading the transcript.
    Scroll,
    /// The side panel.
    Panel,
    /// Reviewing a diff.
    Review,
    /// The table of a comparison.
    Compare,
    /// Pickers, the log, the palette: letters go to their filter.
    List,
    /// Questions and approvals.
    Dialog,
    /// A turn that is stuck.
    Stuck,
}

impl Context {
    pub const ALL: [Self; 9] = [
        Self::Global,
        Self::Composer,
        Self::Scroll,
        Self::Panel,
        Self::Review,
        Self::Compare,
        Self::List,
        Self::Dialog,
        Self::Stuck,
    ];

    /// As the file writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Composer => "composer",
            Self::Scroll => "scroll",
            Self::Panel => "panel",
            Self::Review => "review",
            Self::Compare => "compare",
            Self::List => "list",
            Self::Dialog => "dialog",
            Self::Stuck => "stuck",
        }
    }

    /// Whether keys answer what an agent or the program asks.
    pub const fn is_asking(self) -> bool {
        matches!(self, Self::Dialog | Self::Stuck)
    }

    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_contexts_are_listed_in_their_order_and_found_by_name() {
        for (at, context) in Context::ALL.into_iter().enumerate() {
            assert_eq!(context as usize, at);
            assert_eq!(Context::find(context.name()), Some(context));
        }
        assert_eq!(Context::find("Global"), None);
    }
}
