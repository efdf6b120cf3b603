//! The table of roles: how each is called in theme files, and what it looks like where a theme does
//! not set it. How roles look is written in `themes/`.

use crate::tui::look::Role;

/// What stands in for a role that a theme does not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    /// Looks like that one.
    Like(Role),
    /// The terminal's own colours.
    Plain,
    /// Those two swapped: what is chosen must never be invisible.
    Reversed,
}

/// Writes the list, the names and the fallbacks from one table. The matches make it an error to
/// leave out a role.
macro_rules! roles {
    ($($role:ident = $name:literal, $fallback:expr;)*) => {
        /// Every role, in the order of the enum.
        pub(super) const ALL: &[Role] = &[$(Role::$role),*];

        /// As it is written in theme files.
        pub(super) const fn name(role: Role) -> &'static str {
            match role { $(Role::$role => $name),* }
        }

        pub(super) const fn fallback(role: Role) -> Fallback {
            match role { $(Role::$role => $fallback),* }
        }
    };
}

use Fallback::{Like, Plain, Reversed};

roles! {
    Text = "text", Plain;
    Dim = "dim", Like(Role::Text);
    Faint = "faint", Like(Role::Dim);
    Strong = "strong", Like(Role::Text);
    Accent = "accent", Like(Role::Strong);
    Good = "good", Like(Role::Text);
    Bad = "bad", Like(Role::Strong);
    Warn = "warn", Like(Role::Bad);
    Info = "info", Like(Role::Text);
    Bar = "bar", Like(Role::Text);
    BarDim = "bar_dim", Like(Role::Bar);
    BarAccent = "bar_accent", Like(Role::Bar);
    TabActive = "tab_active", Like(Role::Selected);
    Working = "working", Like(Role::Info);
    Waiting = "waiting", Like(Role::Warn);
    Failed = "failed", Like(Role::Bad);
    Done = "done", Like(Role::Good);
    Popup = "popup", Like(Role::Text);
    PopupBorder = "popup_border", Like(Role::Border);
    PopupTitle = "popup_title", Like(Role::Strong);
    Selected = "selected", Reversed;
    Selection = "selection", Like(Role::Selected);
    Match = "match", Like(Role::Accent);
    MatchCurrent = "match_current", Like(Role::Selected);
    Fuzzy = "fuzzy", Like(Role::Match);
    Border = "border", Like(Role::Faint);
    BorderFocus = "border_focus", Like(Role::Accent);
    Input = "input", Like(Role::Text);
    Placeholder = "placeholder", Like(Role::Dim);
    Chip = "chip", Like(Role::Accent);
    Cursor = "cursor", Reversed;
    User = "user", Like(Role::Strong);
    UserBar = "user_bar", Like(Role::Accent);
    Thinking = "thinking", Like(Role::Dim);
    Tool = "tool", Like(Role::Info);
    ToolOutput = "tool_output", Like(Role::Dim);
    Commit = "commit", Like(Role::Accent);
    Notice = "notice", Like(Role::Dim);
    Heading = "heading", Like(Role::Strong);
    Emphasis = "emphasis", Like(Role::Text);
    Code = "code", Like(Role::Accent);
    CodeBlock = "code_block", Like(Role::Text);
    Link = "link", Like(Role::Info);
    Quote = "quote", Like(Role::Dim);
    ListMark = "list_mark", Like(Role::Accent);
    TableBorder = "table_border", Like(Role::Border);
    Added = "added", Like(Role::Good);
    Removed = "removed", Like(Role::Bad);
    AddedWord = "added_word", Like(Role::Added);
    RemovedWord = "removed_word", Like(Role::Removed);
    Context = "context", Like(Role::Text);
    LineNumber = "line_number", Like(Role::Faint);
    AddedNumber = "added_number", Like(Role::Added);
    RemovedNumber = "removed_number", Like(Role::Removed);
    Hunk = "hunk", Like(Role::Info);
    FileHeader = "file_header", Like(Role::Heading);
    Comment = "comment", Like(Role::Warn);
    Keyword = "keyword", Like(Role::Accent);
    String = "string", Like(Role::Good);
    Number = "number", Like(Role::Constant);
    Remark = "remark", Like(Role::Dim);
    Function = "function", Like(Role::Text);
    Type = "type", Like(Role::Text);
    Variable = "variable", Like(Role::Text);
    Constant = "constant", Like(Role::Text);
    Operator = "operator", Like(Role::Text);
    Punctuation = "punctuation", Like(Role::Operator);
    Attribute = "attribute", Like(Role::Type);
    Tag = "tag", Like(Role::Keyword);
}

pub(super) const COUNT: usize = ALL.len();

/// The place of a role in tables.
pub(super) const fn index(role: Role) -> usize {
    role as usize
}

// Tables are indexed by a role's place in the enum, so the list above must keep to its order.
const _: () = {
    let mut at = 0;
    while at < COUNT {
        assert!(index(ALL[at]) == at, "the table of roles is in another order than the enum");
        at += 1;
    }
};

pub(super) fn find(written: &str) -> Option<Role> {
    ALL.iter().copied().find(|role| name(*role) == written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_by_its_variant_in_snake_case() {
        for role in ALL {
            let mut snake = String::new();
            for letter in format!("{role:?}").chars() {
                if letter.is_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.extend(letter.to_lowercase());
            }
            assert_eq!(name(*role), snake);
            assert_eq!(find(&snake), Some(*role));
        }
        assert_eq!(find("Text"), None);
    }

    #[test]
    fn every_chain_of_fallbacks_ends() {
        for role in ALL {
            let mut seen = vec![*role];
            while let Like(next) = fallback(*seen.last().unwrap()) {
                assert!(!seen.contains(&next), "{role:?} falls back to itself: {seen:?}");
                seen.push(next);
            }
        }
    }
}
