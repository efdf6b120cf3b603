//! What a piece of the screen means, and rows made of such pieces. How a meaning looks is the theme's
//! business: nothing outside `theme` names a colour.

use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

/// A meaning that themes give a look to. Its name in theme files is the variant in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[rustfmt::skip]
pub enum Role {
    /// The screen's own background and ordinary text.
    Text,
    /// Less important than text: hints, counts, times.
    Dim,
    /// Lines that separate, and what should hardly be seen.
    Faint,
    Strong,
    /// What the eye should find first: the active thing, the key to press.
    Accent,
    Good, Bad, Warn, Info,
    /// Bars above and below, and what lies on them.
    Bar, BarDim, BarAccent,
    /// The active tab.
    TabActive,
    /// A tab's state: at work, waiting for the user, failed, done.
    Working, Waiting, Failed, Done,
    /// Boxes that lie over the screen.
    Popup, PopupBorder, PopupTitle,
    /// The chosen row of a list; a selection made with the mouse.
    Selected, Selection,
    /// What a search found, and the one hit that the user stands at.
    Match, MatchCurrent,
    /// Letters that a fuzzy search matched.
    Fuzzy,
    Border, BorderFocus,
    /// The composer's text, its placeholder, and a folded paste in it.
    Input, Placeholder, Chip,
    Cursor,
    /// The transcript: the user's words, thinking, tool calls, their output, commits, notices.
    User, UserBar, Thinking, Tool, ToolOutput, Commit, Notice,
    /// Markdown.
    Heading, Emphasis, Code, CodeBlock, Link, Quote, ListMark, TableBorder,
    /// Diffs: whole lines, the words within that differ, line numbers, what stands between hunks.
    Added, Removed, AddedWord, RemovedWord, Context, LineNumber, AddedNumber, RemovedNumber, Hunk, FileHeader, Comment,
    /// Syntax.
    Keyword, String, Number, Remark, Function, Type, Variable, Constant, Operator, Punctuation, Attribute, Tag,
}

/// A role and what is added to it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Look {
    pub role: Role,
    /// Bold, italic and the like, on top of what the theme says of the role.
    pub add: Modifier,
}

impl Look {
    pub const fn new(role: Role) -> Self {
        Self { role, add: Modifier::empty() }
    }

    #[must_use]
    pub const fn with(self, add: Modifier) -> Self {
        Self { role: self.role, add: self.add.union(add) }
    }
}

impl From<Role> for Look {
    fn from(role: Role) -> Self {
        Self::new(role)
    }
}

/// Text of one look. It holds no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Piece {
    pub text: String,
    pub look: Look,
}

impl Piece {
    pub fn new(text: impl Into<String>, look: impl Into<Look>) -> Self {
        Self { text: text.into(), look: look.into() }
    }

    /// In columns.
    pub fn width(&self) -> usize {
        self.text.width()
    }
}

/// One row of the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Row {
    pub pieces: Vec<Piece>,
    /// So many pieces at its start are decoration (bars, bullets of quotes, line numbers): they are
    /// shown and not copied.
    pub decoration: usize,
    /// Goes on with the logical line of the row above: copied without a newline between.
    pub continues: bool,
    /// What the rest of the row is filled with; the role of the screen when `None`.
    pub fill: Option<Role>,
}

impl Row {
    pub fn new(pieces: Vec<Piece>) -> Self {
        Self { pieces, ..Self::default() }
    }

    pub fn of(text: impl Into<String>, look: impl Into<Look>) -> Self {
        Self::new(vec![Piece::new(text, look)])
    }

    /// In columns.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(Piece::width).sum()
    }

    /// Everything on it, decoration too.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// What is copied of it.
    pub fn copied(&self) -> String {
        self.pieces.iter().skip(self.decoration).map(|piece| piece.text.as_str()).collect()
    }

    #[must_use]
    pub fn filled(self, role: Role) -> Self {
        Self { fill: Some(role), ..self }
    }

    /// With decoration before it.
    #[must_use]
    pub fn behind(mut self, decoration: Piece) -> Self {
        self.pieces.insert(0, decoration);
        self.decoration += 1;
        self
    }
}
