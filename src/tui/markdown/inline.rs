//! Text within a paragraph, a heading or a cell: it gathers pieces and gives them their looks.

use pulldown_cmark::{CowStr, Event, Tag, TagEnd};
use ratatui::style::Modifier;

use crate::tui::look::{Look, Piece, Role};
use crate::tui::wrap::clean;

/// The lines that a text has by itself, before any is wrapped.
pub type Lines = Vec<Vec<Piece>>;

#[derive(Debug, Default)]
pub struct Inline {
    lines: Lines,
    pub heading: Option<u8>,
    pub quotes: usize,
    strong: usize,
    emphasis: usize,
    strike: usize,
    link: Option<Link>,
    /// The text of an image, while in one.
    image: Option<Link>,
}

#[derive(Debug)]
struct Link {
    url: String,
    text: String,
}

impl Inline {
    pub fn take(&mut self) -> Lines {
        std::mem::take(&mut self.lines)
    }

    /// Events of blocks are not for it.
    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => self.code(&code),
            Event::InlineHtml(html) if is_break(&html) => self.line_break(),
            Event::InlineHtml(html) | Event::Html(html) => self.push(&html, self.look_of(Role::Dim)),
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => self.line_break(),
            Event::FootnoteReference(_) | Event::Rule | Event::TaskListMarker(_) => {}
        }
    }

    /// The text of an HTML block, as it stands.
    pub fn html(&mut self, html: &str) {
        for line in html.lines() {
            self.push(line, Look::new(Role::Dim));
            self.line_break();
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let link = |url: CowStr<'_>| Some(Link { url: clean(&url).into_owned(), text: String::new() });
        match tag {
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { dest_url, .. } => self.link = link(dest_url),
            Tag::Image { dest_url, .. } if self.image.is_none() => self.image = link(dest_url),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Link => {
                if let Some(link) = self.link.take().filter(Link::says_less_than_its_url) {
                    self.push(&format!(" ({})", link.url), Look::new(Role::Dim));
                }
            }
            TagEnd::Image => {
                if let Some(Link { url, text }) = self.image.take() {
                    let alt = if text.trim().is_empty() { url } else { text };
                    self.push(&format!("[image: {alt}]"), self.look_of(Role::Dim));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.link.is_some() || self.image.is_some() || !text.contains("://") {
            self.push(text, self.look());
            return;
        }
        let mut rest = text;
        while let Some(url) = first_url(rest) {
            self.push(&rest[..url.start], self.look());
            self.push(&rest[url.clone()], self.look_of(Role::Link));
            rest = &rest[url.end..];
        }
        self.push(rest, self.look());
    }

    fn code(&mut self, code: &str) {
        self.push(code, self.look_of(Role::Code));
    }

    fn push(&mut self, text: &str, look: Look) {
        let text = clean(text);
        if let Some(image) = &mut self.image {
            image.text.push_str(&text);
            return;
        }
        if let Some(link) = &mut self.link {
            link.text.push_str(&text);
        }
        if self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
        let Some(line) = self.lines.last_mut().filter(|_| !text.is_empty()) else { return };
        match line.last_mut() {
            Some(last) if last.look == look => last.text.push_str(&text),
            _ => line.push(Piece::new(text, look)),
        }
    }

    fn line_break(&mut self) {
        self.lines.push(Vec::new());
    }

    fn look(&self) -> Look {
        self.look_of(match self {
            Self { link: Some(_), .. } => Role::Link,
            Self { heading: Some(_), .. } => Role::Heading,
            Self { strong: 1.., .. } => Role::Strong,
            Self { emphasis: 1.., .. } => Role::Emphasis,
            Self { quotes: 1.., .. } => Role::Quote,
            _ => Role::Text,
        })
    }

    /// A role with what the text around it adds.
    fn look_of(&self, role: Role) -> Look {
        let mut look = Look::new(role);
        if let Some(level) = self.heading {
            look = look.with(match level {
                1 => Modifier::BOLD.union(Modifier::UNDERLINED),
                2 | 3 => Modifier::BOLD,
                _ => Modifier::empty(),
            });
        }
        if self.strong > 0 {
            look = look.with(Modifier::BOLD);
        }
        if self.emphasis > 0 {
            look = look.with(Modifier::ITALIC);
        }
        if self.strike > 0 {
            look = look.with(Modifier::CROSSED_OUT);
        }
        look
    }
}

impl Link {
    fn says_less_than_its_url(&self) -> bool {
        let plain = |url: &str| url.trim_start_matches("mailto:").trim_end_matches('/').to_owned();
        let without_scheme = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let text = plain(self.text.trim());
        !self.url.is_empty()
            && !self.url.starts_with('#')
            && text != plain(&self.url)
            && text != plain(without_scheme)
    }
}

fn is_break(html: &str) -> bool {
    let name = html.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/').trim();
    name.eq_ignore_ascii_case("br")
}

/// An address that stands in a text by itself. The punctuation of its sentence is not part of it.
fn first_url(text: &str) -> Option<std::ops::Range<usize>> {
    let start = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|');
    let url = text[start..].split(ends).next().unwrap_or_default();
    let mut url = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', ']', '}', '…']);
    while url.ends_with(')') && url.matches(')').count() > url.matches('(').count() {
        url = &url[..url.len() - 1];
    }
    Some(start..start + url.len())
}
