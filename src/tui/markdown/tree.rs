//! The structure of a prose block: what the parser of markdown found, as a tree of what is laid out.

use pulldown_cmark::{
    Alignment, BlockQuoteKind, CodeBlockKind, Event, Options, Parser, Tag, TagEnd, TextMergeStream,
};

use super::inline::{Inline, Lines};
use super::line;
use crate::tui::highlight::Language;
use crate::tui::look::Role;

/// Deeper quotes and lists lie flat in the one around them.
const DEEPEST: usize = 24;

#[derive(Debug)]
pub enum Node {
    Paragraph(Lines),
    Heading(Lines),
    Code { language: Language, text: String },
    Quote { label: Option<Label>, nodes: Vec<Node> },
    List(List),
    Table(Table),
    Rule,
}

/// The title of a quote that is a note or a warning.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    pub text: &'static str,
    pub role: Role,
}

#[derive(Debug, Default)]
pub struct List {
    /// The number of the first item, where items have numbers.
    pub first: Option<u64>,
    pub items: Vec<Item>,
    /// Its items stand apart from each other.
    pub is_loose: bool,
}

#[derive(Debug, Default)]
pub struct Item {
    /// For a task: whether it is done.
    pub done: Option<bool>,
    pub nodes: Vec<Node>,
}

#[derive(Debug, Default)]
pub struct Table {
    pub alignments: Vec<Alignment>,
    pub head: Vec<Lines>,
    pub rows: Vec<Vec<Lines>>,
}

pub fn parse(source: &str) -> Vec<Node> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut builder = Builder::default();
    for event in TextMergeStream::new(Parser::new_ext(without_half_underline(source), options)) {
        builder.event(event);
    }
    builder.flush();
    builder.nodes
}

/// The codes within, in the order in which they are laid out.
pub fn codes<'tree>(nodes: &'tree [Node]) -> Vec<(&'tree Language, &'tree str)> {
    let within = |node: &'tree Node| match node {
        Node::Code { language, text } => vec![(language, text.as_str())],
        Node::Quote { nodes, .. } => codes(nodes),
        Node::List(list) => list.items.iter().flat_map(|item| codes(&item.nodes)).collect(),
        Node::Paragraph(_) | Node::Heading(_) | Node::Table(_) | Node::Rule => Vec::new(),
    };
    nodes.iter().flat_map(within).collect()
}

/// What has been begun and not ended.
enum Open {
    Quote {
        label: Option<Label>,
        nodes: Vec<Node>,
    },
    List(List),
    Item(Item),
    /// Too deep: what it holds goes to the one around it.
    Flat,
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    open: Vec<Open>,
    inline: Inline,
    code: Option<(Language, String)>,
    table: Option<Table>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if let Some((_, code)) = &mut self.code => code.push_str(&text),
            Event::Html(html) => self.inline.html(&html),
            Event::Rule => {
                self.flush();
                self.add(Node::Rule);
            }
            Event::TaskListMarker(done) => {
                if let Some(Open::Item(item)) = self.open.last_mut() {
                    item.done = Some(done);
                }
            }
            other => self.inline.event(other),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => {
                self.flush();
                if let [.., Open::List(list), Open::Item(_)] = self.open.as_mut_slice() {
                    list.is_loose = true;
                }
            }
            Tag::Heading { level, .. } => {
                self.flush();
                self.inline.heading = Some(level as u8);
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.code = Some((language(&kind), String::new()));
            }
            Tag::BlockQuote(kind) => {
                self.inline.quotes += 1;
                self.open(Open::Quote { label: kind.map(label), nodes: Vec::new() });
            }
            Tag::List(first) => self.open(Open::List(List { first, ..List::default() })),
            Tag::Item => self.open(Open::Item(Item::default())),
            Tag::HtmlBlock => self.flush(),
            Tag::Table(alignments) => {
                self.flush();
                self.table = Some(Table { alignments, ..Table::default() });
            }
            Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::TableHead | Tag::TableCell => {}
            inline => self.inline.event(Event::Start(inline)),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush(),
            TagEnd::Heading(_) => {
                self.inline.heading = None;
                let lines = self.inline.take();
                self.add(Node::Heading(lines));
            }
            TagEnd::CodeBlock => {
                if let Some((language, text)) = self.code.take() {
                    self.add(Node::Code { language, text });
                }
            }
            TagEnd::BlockQuote(_) => {
                self.close();
                self.inline.quotes = self.inline.quotes.saturating_sub(1);
            }
            TagEnd::List(_) | TagEnd::Item => self.close(),
            TagEnd::TableCell => {
                let lines = self.inline.take();
                if let Some(table) = &mut self.table {
                    table.rows.last_mut().unwrap_or(&mut table.head).push(lines);
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.add(Node::Table(table));
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {}
            inline => self.inline.event(Event::End(inline)),
        }
    }

    fn open(&mut self, open: Open) {
        self.flush();
        self.open.push(if self.open.len() < DEEPEST { open } else { Open::Flat });
    }

    fn close(&mut self) {
        self.flush();
        match self.open.pop() {
            Some(Open::Quote { label, nodes }) => self.add(Node::Quote { label, nodes }),
            Some(Open::List(mut list)) => {
                list.is_loose &= list.items.iter().any(Item::is_long);
                self.add(Node::List(list));
            }
            Some(Open::Item(item)) => match self.open.last_mut() {
                Some(Open::List(list)) => list.items.push(item),
                _ => item.nodes.into_iter().for_each(|node| self.add(node)),
            },
            Some(Open::Flat) | None => {}
        }
    }

    fn add(&mut self, node: Node) {
        let holder = self.open.iter_mut().rev().find_map(|open| match open {
            Open::Quote { nodes, .. } => Some(nodes),
            Open::Item(item) => Some(&mut item.nodes),
            Open::List(_) | Open::Flat => None,
        });
        holder.unwrap_or(&mut self.nodes).push(node);
    }

    /// Text that stands in no paragraph, as in the items of a list, is one.
    fn flush(&mut self) {
        let mut lines = self.inline.take();
        while lines.pop_if(|line| line.is_empty()).is_some() {}
        if !lines.is_empty() {
            self.add(Node::Paragraph(lines));
        }
    }
}

impl Item {
    /// It holds more than a text and a list below it.
    fn is_long(&self) -> bool {
        !matches!(self.nodes.as_slice(), [] | [_] | [Node::Paragraph(_), Node::List(_)])
    }
}

fn language(kind: &CodeBlockKind<'_>) -> Language {
    match kind {
        CodeBlockKind::Indented => Language::PLAIN,
        CodeBlockKind::Fenced(info) => Language::of_fence(info),
    }
}

fn label(kind: BlockQuoteKind) -> Label {
    let (text, role) = match kind {
        BlockQuoteKind::Note => ("Note", Role::Info),
        BlockQuoteKind::Tip => ("Tip", Role::Good),
        BlockQuoteKind::Important => ("Important", Role::Accent),
        BlockQuoteKind::Warning => ("Warning", Role::Warn),
        BlockQuoteKind::Caution => ("Caution", Role::Bad),
    };
    Label { text, role }
}

/// While a list grows under a text, its first `-` would make the text a heading for a moment.
fn without_half_underline(source: &str) -> &str {
    let before = source.rfind('\n').map_or(0, |newline| newline + 1);
    let (above, last) = source.split_at(before);
    let is_half = matches!(last.trim(), "-" | "--" | "=" | "==");
    let is_under_text = above.lines().next_back().is_some_and(|line| !line::is_blank(line));
    if is_half && is_under_text { above } else { source }
}
