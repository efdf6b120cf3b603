//! From a block to rows.

use ratatui::style::Modifier;

use super::block::Block;
use super::table;
use super::tree::{self, Item, Label, List, Node};
use crate::tui::look::{Look, Piece, Role, Row};
use crate::tui::wrap::{Hanging, clean, pieces_columns, wrap};

const CODE_MARGIN: &str = "  ";
/// The rows with which a long line of code goes on stand so much further to the right than the line.
const CODE_HANGING: usize = 2;
const QUOTE_BAR: &str = "▎ ";
const BULLETS: [&str; 3] = ["• ", "◦ ", "‣ "];

/// The rows of a block, none wider than `width`; without blank rows around them. `highlighted` are the
/// lines of its code, as [`highlight`](super::highlight) gives them; a line that has changed since, or
/// is not among them, is plain.
pub fn rows(block: &Block, width: usize, highlighted: Option<&[Vec<Piece>]>) -> Vec<Row> {
    let mut layout = Layout {
        width,
        rows: Vec::new(),
        margin: Margin::default(),
        highlighted: highlighted.unwrap_or_default(),
        depth: 0,
    };
    match block.code() {
        Some(code) => layout.code(&code.text()),
        None => layout.nodes(&tree::parse(block.source()), Spacing::Loose),
    }
    layout.rows
}

pub(super) struct Layout<'a> {
    width: usize,
    rows: Vec<Row>,
    margin: Margin,
    /// Of the code that is still to come.
    highlighted: &'a [Vec<Piece>],
    /// Lists around the one at hand.
    depth: usize,
}

/// What stands left of the rows: bars, indents, and the marks of items that have not had a row yet.
#[derive(Debug, Clone, Default)]
struct Margin {
    next: Vec<Piece>,
    after: Vec<Piece>,
    /// So many pieces are never copied, even before the mark of an item.
    bare: usize,
    /// `next` has the mark of an item.
    has_mark: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spacing {
    Tight,
    Loose,
}

impl Layout<'_> {
    fn nodes(&mut self, nodes: &[Node], spacing: Spacing) {
        for (index, node) in nodes.iter().enumerate() {
            if index > 0 && spacing == Spacing::Loose && wants_blank(&nodes[index - 1], node) {
                self.blank();
            }
            match node {
                Node::Paragraph(lines) | Node::Heading(lines) => {
                    for line in lines {
                        self.line(line, 0);
                    }
                }
                Node::Code { text, .. } => self.code(text),
                Node::Quote { label, nodes } => self.quote(*label, nodes),
                Node::List(list) => self.list(list),
                Node::Table(table) => table::lay(table, self),
                Node::Rule => self.rule(),
            }
        }
    }

    /// A line of text, wrapped; the rows that go on with it stand `further` to the right.
    pub(super) fn line(&mut self, line: &[Piece], further: usize) {
        let mut hanging = self.margin.hanging();
        if further > 0 {
            hanging.rest.push(Piece::new(" ".repeat(further), Role::Text));
        }
        let first = self.rows.len();
        self.rows.extend(wrap(line, self.width, &hanging));
        let wrapped = self.rows[first..].iter_mut().rev().skip(1);
        wrapped.for_each(bare_end);
        self.margin.passed();
    }

    /// A row of the table or the line at hand, which fits in the [`room`](Self::room).
    pub(super) fn row(&mut self, pieces: Vec<Piece>, is_copied: bool) {
        let Hanging { mut first, mut decoration, .. } = self.margin.hanging();
        first.extend(pieces);
        if !is_copied {
            decoration = first.len();
        }
        self.rows.push(Row { decoration, ..Row::new(first) });
        self.margin.passed();
    }

    pub(super) fn blank(&mut self) {
        let mut bars = self.margin.after.clone();
        while bars.pop_if(|piece| piece.text.trim().is_empty()).is_some() {}
        self.rows.extend(wrap(&[], self.width, &Hanging::bar(bars)));
    }

    /// The columns that the margin leaves.
    pub(super) fn room(&self) -> usize {
        self.width.saturating_sub(self.margin.columns())
    }

    fn code(&mut self, text: &str) {
        if text.is_empty() {
            self.code_row(&[]);
        }
        for line in text.lines() {
            let pieces = self.code_line(line);
            self.code_row(&pieces);
        }
    }

    fn code_row(&mut self, line: &[Piece]) {
        let Hanging { mut first, mut rest, .. } = self.margin.hanging();
        first.push(Piece::new(CODE_MARGIN, Role::CodeBlock));
        let indent =
            line.first().map_or(0, |piece| piece.text.len() - piece.text.trim_start_matches(' ').len());
        let hanging = CODE_MARGIN.len() + CODE_HANGING + indent.min(self.room() / 3);
        rest.push(Piece::new(" ".repeat(hanging), Role::CodeBlock));
        let hanging = Hanging { decoration: first.len(), first, rest };
        let of_diff = line.first().map(|piece| piece.look.role).filter(|role| is_of_diff(*role));
        let fill = of_diff.unwrap_or(Role::CodeBlock);
        self.rows.extend(wrap(line, self.width, &hanging).into_iter().map(|row| row.filled(fill)));
        self.margin.passed();
    }

    /// The pieces of the next line of code.
    fn code_line(&mut self, text: &str) -> Vec<Piece> {
        let text = clean(text);
        let pieces = match self.highlighted.split_first() {
            Some((pieces, rest)) => {
                self.highlighted = rest;
                pieces.as_slice()
            }
            None => &[],
        };
        if !is_text_of(pieces, &text) {
            return vec![Piece::new(text, Role::CodeBlock)];
        }
        let on_block = |piece: &Piece| match piece.look.role {
            Role::Text => Piece { look: Look { role: Role::CodeBlock, ..piece.look }, ..piece.clone() },
            _ => piece.clone(),
        };
        pieces.iter().map(on_block).collect()
    }

    fn quote(&mut self, label: Option<Label>, nodes: &[Node]) {
        let outer = self.margin.clone();
        let role = label.map_or(Role::Quote, |label| label.role);
        self.margin.push_bar(Piece::new(QUOTE_BAR, role));
        if let Some(Label { text, role }) = label {
            self.line(&[Piece::new(text, Look::new(role).with(Modifier::BOLD))], 0);
        }
        self.nodes(nodes, Spacing::Loose);
        self.leave(outer);
    }

    fn list(&mut self, list: &List) {
        let outer = self.margin.clone();
        let further = list.items.len().saturating_sub(1) as u64;
        let digits = list.first.map_or(0, |first| first.saturating_add(further).to_string().len());
        let bullet = BULLETS[self.depth % BULLETS.len()];
        self.depth += 1;
        let spacing = if list.is_loose { Spacing::Loose } else { Spacing::Tight };
        for (item, index) in list.items.iter().zip(0..) {
            if index > 0 && spacing == Spacing::Loose {
                self.blank();
            }
            let number = list.first.map(|first| format!("{:>digits$}. ", first.saturating_add(index)));
            self.item(item, &number.unwrap_or_else(|| bullet.to_owned()), list.first.is_some(), spacing);
        }
        self.depth -= 1;
        self.leave(outer);
    }

    fn item(&mut self, item: &Item, mark: &str, is_numbered: bool, spacing: Spacing) {
        let outer = self.margin.clone();
        let mut marks = Vec::new();
        if is_numbered || item.done.is_none() {
            marks.push(Piece::new(mark, Role::ListMark));
        }
        match item.done {
            Some(true) => marks.push(Piece::new("☑ ", Role::Good)),
            Some(false) => marks.push(Piece::new("☐ ", Role::ListMark)),
            None => {}
        }
        self.margin.push_mark(marks);
        self.nodes(&item.nodes, spacing);
        if self.margin.has_mark {
            self.line(&[], 0);
        }
        self.leave(outer);
    }

    /// Back to the margin around a part; its own mark is shown by now, if it had one and any row came.
    fn leave(&mut self, outer: Margin) {
        let is_shown = !self.margin.has_mark;
        self.margin = outer;
        if is_shown {
            self.margin.passed();
        }
    }

    fn rule(&mut self) {
        let line = Piece::new("─".repeat(self.room()), Role::Faint);
        if self.room() > 0 {
            self.row(vec![line], false);
        }
    }
}

impl Margin {
    fn hanging(&self) -> Hanging {
        let decoration = if self.has_mark { self.bare } else { self.next.len() };
        Hanging { first: self.next.clone(), decoration, rest: self.after.clone() }
    }

    fn columns(&self) -> usize {
        pieces_columns(&self.next).max(pieces_columns(&self.after))
    }

    fn passed(&mut self) {
        self.next.clone_from(&self.after);
        self.has_mark = false;
    }

    fn push_bar(&mut self, bar: Piece) {
        self.next.push(bar.clone());
        self.after.push(bar);
        self.bare = self.next.len();
    }

    fn push_mark(&mut self, marks: Vec<Piece>) {
        self.after.push(Piece::new(" ".repeat(pieces_columns(&marks)), Role::Text));
        self.next.extend(marks);
        self.has_mark = true;
    }
}

fn wants_blank(previous: &Node, node: &Node) -> bool {
    let is_close = match previous {
        Node::Heading(_) => matches!(node, Node::Paragraph(_) | Node::List(_)),
        Node::Paragraph(_) => matches!(node, Node::List(_)),
        _ => false,
    };
    !is_close
}

/// The blank at which a row was wrapped must not show the line under a link.
fn bare_end(row: &mut Row) {
    let Some(last) = row.pieces.pop_if(|last| last.text.ends_with(' ')) else { return };
    let is_lined = last.look.role == Role::Link || last.look.add.contains(Modifier::UNDERLINED);
    let (word, blanks) = last.text.split_at(last.text.trim_end_matches(' ').len());
    if !is_lined {
        row.pieces.push(last);
        return;
    }
    if !word.is_empty() {
        row.pieces.push(Piece::new(word, last.look));
    }
    row.pieces.push(Piece::new(blanks, Role::Text));
}

fn is_of_diff(role: Role) -> bool {
    matches!(role, Role::Added | Role::Removed | Role::Hunk | Role::FileHeader)
}

fn is_text_of(pieces: &[Piece], text: &str) -> bool {
    let mut rest = Some(text);
    for piece in pieces {
        rest = rest.and_then(|rest| rest.strip_prefix(piece.text.as_str()));
    }
    rest == Some("")
}
