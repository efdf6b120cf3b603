//! Everything that can be asked of the screen, in one table: it feeds keys, the palette, help, `--plain`
//! and the README's reference. What a command does stands in `update`.

mod parse;
mod table;

pub use parse::{Asked, Misuse, parse};
pub use table::TABLE;

/// One command. Its name is what is typed behind `/`, and what keys are bound to.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    pub does: Do,
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// As the help shows them; `[…]` is optional.
    pub args: &'static str,
    /// One sentence without a full stop.
    pub doc: &'static str,
    pub group: Group,
}

/// Where the help lists a command, and where it can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    Tabs,
    Agent,
    History,
    Review,
    Session,
    Look,
    Program,
    /// Only bound to keys: moving about in the transcript.
    Reading,
    /// Only bound to keys: the composer.
    Writing,
    /// Only bound to keys: the diff review.
    Reviewing,
    /// Only bound to keys: lists and dialogs.
    Choosing,
}

impl Group {
    /// Those whose commands can be typed behind a slash.
    pub const TYPED: [Self; 7] =
        [Self::Tabs, Self::Agent, Self::History, Self::Review, Self::Session, Self::Look, Self::Program];

    pub fn title(self) -> &'static str {
        match self {
            Self::Tabs => "Tabs and branches",
            Self::Agent => "The agent",
            Self::History => "Going back",
            Self::Review => "What changed",
            Self::Session => "The conversation",
            Self::Look => "Looks and keys",
            Self::Program => "The program",
            Self::Reading => "Reading the transcript",
            Self::Writing => "Writing",
            Self::Reviewing => "Reviewing",
            Self::Choosing => "Lists and dialogs",
        }
    }

    pub fn is_typed(self) -> bool {
        Self::TYPED.contains(&self)
    }
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub enum Do {
    New, Branch, Branches, Tab, TabNext, TabPrevious, Merge, Land, Close, Exit, Model, Route, Role, Permissions, Tools, Abort, Steer, Queue, Why, Context, Verify, Budget, Setup, Undo, Redo, Rewind, Resume, Log, Diff, Radar, Push, Fetch, Blame, Bisect, Agents, Review, Compare,
    History, Search, Export, Import, Clear, Copy, Errors, Verbose,
    Theme, Keys, Panel, PanelFocus, PanelWider, PanelNarrower, Mouse, Vim, Redraw,
    Help, Palette, Health, Restart, Doctor, Status, Worktrees, Gc, Ledger, Usage, Config, Approvals, Interrupt, Suspend,
    Read, ReadWhenEmpty, ScrollCentre, ScrollUp, ScrollDown, ScrollHalfUp, ScrollHalfDown, ScrollPageUp, ScrollPageDown, ScrollTop,
    ScrollBottom, PreviousTurn, NextTurn, PreviousItem, NextItem, Find, FindNext, FindPrevious, Select, Yank, Fold, OpenHere,
    BranchHere, RewindHere, DiffHere, Leave,
    Send, Newline, SteerWith, Complete, HistorySearch, Editor,
    HunkNext, HunkPrevious, FileNext, FilePrevious, FilesFocus, SideBySide, SideLeft, SideRight, Expand, Scope,
    Accept, AcceptFile, Revert, RevertFile, Take, TakeFile, Comment, CommentDrop, Comments, CommentsSend, EditFile,
    PanelNext, PanelPrevious, PanelOpen,
    CompareMark, CompareDiff, CompareSort, CompareTake, CompareKeep, CompareVerify, CompareVerifyAll, CompareStop, CompareAsk,
    ListUp, ListDown, ListPageUp, ListPageDown, ListFirst, ListLast, ListAccept, ListComplete, ListClear, ListClose,
    DialogYes, DialogAlways, DialogNo, DialogWait, DialogFallBack, DialogStop, DialogAccept, DialogCancel, DialogNext, DialogPrevious, DialogScrollDown,
    DialogScrollUp, DialogPageDown, DialogPageUp,
}

/// The command of a name or an alias.
pub fn by_name(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.name == name || spec.aliases.contains(&name))
}

pub fn by_action(does: Do) -> &'static Spec {
    TABLE.iter().find(|spec| spec.does == does).expect("the table has every command; a test holds it")
}

/// The commands that can be typed, in the order of the help.
pub fn typed() -> impl Iterator<Item = &'static Spec> {
    TABLE.iter().filter(|spec| spec.group.is_typed())
}

/// The reference of the README: one table a group.
pub fn reference() -> String {
    let mut text = String::new();
    for group in Group::TYPED {
        text.push_str(&format!("| {} | |\n| --- | --- |\n", group.title()));
        for spec in TABLE.iter().filter(|spec| spec.group == group) {
            let args = spec.args.replace('|', "\\|");
            let usage = format!("/{} {args}", spec.name);
            text.push_str(&format!("| `{}` | {} |\n", usage.trim_end(), spec.doc));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_means_two_things() {
        let mut names = HashSet::new();
        for spec in TABLE {
            for name in std::iter::once(&spec.name).chain(spec.aliases) {
                assert!(names.insert(*name), "{name} stands twice");
            }
            assert!(!spec.doc.is_empty() && !spec.doc.ends_with('.'), "{}", spec.name);
        }
    }

    #[test]
    fn the_readme_has_the_reference() {
        let readme = include_str!("../../../README.md");
        assert!(readme.contains(&reference()), "put this in the README:\n{}", reference());
    }
}
