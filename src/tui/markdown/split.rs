//! Cuts a message into blocks, whole or while it grows.

use super::block::{Block, Fenced, Kind};
use super::line::{self, Fence};
use crate::tui::highlight::Language;

/// A longer code is cut in pieces of so many lines, so that a growing one is not laid out anew each time.
const LINES_OF_PIECE: usize = 200;

/// So many items may begin on one line.
const DEEPEST_ITEM: usize = 8;

/// The blocks of a whole message.
pub fn split(text: &str) -> Vec<Block> {
    let mut splitter = Splitter::default();
    splitter.push(text);
    splitter.blocks
}

/// The blocks of a message that grows at its end.
#[derive(Debug, Clone, Default)]
pub struct Splitter {
    blocks: Vec<Block>,
    state: State,
    /// What stands behind the last newline: it may still turn out to be something else.
    tail: String,
    before_tail: Mark,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// No block is open: blank lines go to the one before, any other line begins one.
    #[default]
    Closed,
    Prose(Prose),
    Code {
        fence: Fence,
        lines: usize,
    },
}

/// What decides whether a line still belongs to a prose.
#[derive(Debug, Clone, Copy)]
struct Prose {
    /// Where the text of its latest item of a list begins.
    item: Option<usize>,
    /// A code within that item.
    fence: Option<Fence>,
    begins_indented: bool,
    after_blank: bool,
}

/// A place to go back to.
#[derive(Debug, Clone, Default)]
struct Mark {
    blocks: usize,
    last: Option<(usize, Kind)>,
    state: State,
}

impl Splitter {
    /// The text goes on with this. Any way of cutting it leads to the same blocks.
    pub fn push(&mut self, delta: &str) {
        self.drop_tail();
        let mut text = std::mem::take(&mut self.tail);
        text.push_str(delta);
        let whole = text.rfind('\n').map_or(0, |newline| newline + 1);
        for line in text[..whole].split_inclusive('\n') {
            self.line(line);
        }
        text.drain(..whole);
        self.before_tail = self.mark();
        if !text.is_empty() {
            self.line(&text);
        }
        self.tail = text;
    }

    /// All blocks so far. Those after the [`finished`](Self::finished) ones may still change, and when a line
    /// turns out to belong to the block before, there may be one less than there was.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// So many blocks at the start will never change again.
    pub fn finished(&self) -> usize {
        self.before_tail.blocks.saturating_sub(1)
    }

    fn line(&mut self, line: &str) {
        let is_blank = line::is_blank(line);
        match self.state {
            State::Closed if is_blank && !self.blocks.is_empty() => self.append(line),
            State::Prose(mut prose) if prose.holds(line) => {
                prose.take(line);
                self.state = State::Prose(prose);
                self.append(line);
            }
            State::Code { fence, .. } if fence.is_closed_by(line) => {
                self.state = State::Closed;
                self.append(line);
            }
            State::Code { fence, lines } => self.code_line(fence, lines, line),
            State::Closed | State::Prose(_) => self.begin(line),
        }
    }

    fn code_line(&mut self, fence: Fence, lines: usize, line: &str) {
        let is_full = lines == LINES_OF_PIECE;
        if is_full && let Some(Block { kind: Kind::Code(fenced), .. }) = self.blocks.last() {
            let fenced = Fenced { continues: true, text: 0..0, ..fenced.clone() };
            self.blocks.push(Block { source: String::new(), kind: Kind::Code(fenced) });
        }
        self.append(line);
        if let Some(Block { source, kind: Kind::Code(fenced) }) = self.blocks.last_mut() {
            fenced.text.end = source.len();
        }
        self.state = State::Code { fence, lines: if is_full { 1 } else { lines + 1 } };
    }

    fn begin(&mut self, line: &str) {
        // Blank lines at the very start of a message wait in a block for what comes.
        let waiting = self.blocks.pop_if(|block| line::is_blank(&block.source));
        let mut source = waiting.map(|block| block.source).unwrap_or_default();
        source.push_str(line);
        let (kind, state) = match Fence::opened_by(line) {
            _ if line::is_blank(line) => (Kind::Prose, State::Closed),
            Some((fence, info)) => {
                let text = source.len()..source.len();
                let language = Language::of_fence(info);
                let code = Fenced { fence, language, continues: false, text };
                (Kind::Code(code), State::Code { fence, lines: 0 })
            }
            None => (Kind::Prose, State::Prose(Prose::begun_by(line))),
        };
        self.blocks.push(Block { source, kind });
        self.state = state;
    }

    fn append(&mut self, line: &str) {
        if let Some(block) = self.blocks.last_mut() {
            block.source.push_str(line);
        }
    }

    fn mark(&self) -> Mark {
        let last = self.blocks.last().map(|block| (block.source.len(), block.kind.clone()));
        Mark { blocks: self.blocks.len(), last, state: self.state }
    }

    fn drop_tail(&mut self) {
        let Mark { blocks, last, state } = std::mem::take(&mut self.before_tail);
        self.blocks.truncate(blocks);
        if let Some((block, (length, kind))) = self.blocks.last_mut().zip(last) {
            block.source.truncate(length);
            block.kind = kind;
        }
        self.state = state;
    }
}

impl Prose {
    fn begun_by(line: &str) -> Self {
        let begins_indented = line::indent(line) >= 4;
        let mut prose = Self { item: None, fence: None, begins_indented, after_blank: false };
        prose.take(line);
        prose
    }

    fn holds(&self, line: &str) -> bool {
        let indent = line::indent(line);
        let is_in_item = self.item.is_some_and(|content| indent >= content);
        if line::is_blank(line) || is_in_item {
            return true;
        }
        if Fence::opened_by(line).is_some() {
            return false;
        }
        let goes_on_with_list = self.item.is_some() && (indent >= 2 || line::item(line).is_some());
        let goes_on_with_code = self.begins_indented && indent >= 4;
        !self.after_blank || goes_on_with_list || goes_on_with_code
    }

    fn take(&mut self, line: &str) {
        self.after_blank = line::is_blank(line);
        if self.after_blank {
            return;
        }
        let indent = line::indent(line);
        let is_in_item = self.item.is_some_and(|content| indent >= content);
        if let Some(fence) = self.fence.filter(|_| is_in_item) {
            if fence.is_closed_by(line.trim_start()) {
                self.fence = None;
            }
            return;
        }
        self.fence = None;
        let mut text = line.trim_start();
        let mut is_item = false;
        for _ in 0..DEEPEST_ITEM {
            let Some((content, rest)) = line::item(text) else { break };
            if !is_item && !is_in_item && indent < 4 {
                self.item = Some(indent + content);
            }
            is_item = true;
            text = rest;
        }
        if is_item || is_in_item {
            self.fence = Fence::opened_by(text).map(|(fence, _)| fence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::wants_gap;
    use super::super::testing::{Random, SAMPLE, nasty_markdown};
    use super::*;

    fn sources(text: &str) -> Vec<String> {
        split(text).iter().map(|block| block.source().to_owned()).collect()
    }

    #[test]
    fn blank_lines_part_blocks_and_stay_with_the_one_before() {
        assert_eq!(sources("one\ntwo\n\n\nthree"), ["one\ntwo\n\n\n", "three"]);
        assert_eq!(sources("\n\none"), ["\n\none"]);
        assert_eq!(sources("\n\n"), ["\n\n"]);
        assert_eq!(sources(""), Vec::<String>::new());
    }

    #[test]
    fn a_list_holds_its_items_and_what_they_hold() {
        assert_eq!(sources("- a\n\n- b\n\n  more\n\nend"), ["- a\n\n- b\n\n  more\n\n", "end"]);
        assert_eq!(sources("1. a\n\n   ```\n\n   x\n   ```\n\n2. b\n\n---\n").len(), 2);
        assert_eq!(sources("- ```\n  a\n\n  b\n  ```\n- c\n"), ["- ```\n  a\n\n  b\n  ```\n- c\n"]);
    }

    #[test]
    fn a_fence_is_a_block_even_without_blank_lines() {
        assert_eq!(sources("a\n```rs\nx\n\ny\n```\nb"), ["a\n", "```rs\nx\n\ny\n```\n", "b"]);
        assert_eq!(sources("1. a\n```\nx\n```\n2. b"), ["1. a\n", "```\nx\n```\n", "2. b"]);
        let blocks = split("\n  ~~~~ py\n  x\n    y\n ~~~\n ~~~~\n\n");
        assert_eq!(blocks.len(), 1);
        let code = blocks[0].code().unwrap();
        assert_eq!((code.text().as_ref(), code.language().name()), ("x\n  y\n~~~\n", "py"));
    }

    #[test]
    fn an_open_fence_is_code_so_far() {
        let blocks = split("```rust\nlet a");
        assert_eq!(blocks[0].code().unwrap().text(), "let a");
        assert_eq!(split("```ru")[0].code().unwrap().text(), "");
    }

    #[test]
    fn a_long_code_is_cut_in_pieces() {
        let code = "x\n".repeat(450);
        let blocks = split(&format!("```rust\n{code}```\n\nend"));
        let lines = |block: &Block| block.code().map(|code| (code.text().lines().count(), code.continues()));
        let pieces: Vec<_> = blocks.iter().map(lines).collect();
        assert_eq!(pieces, [Some((200, false)), Some((200, true)), Some((50, true)), None]);
        assert!(!wants_gap(&blocks[0], &blocks[1]) && wants_gap(&blocks[2], &blocks[3]));
        assert_eq!(split(&format!("```\n{}```\n", "\n".repeat(200))).len(), 1);
    }

    #[test]
    fn what_follows_a_heading_stands_close_to_it() {
        let wants = |text: &str| {
            let blocks = split(text);
            wants_gap(&blocks[0], &blocks[1])
        };
        assert!(wants("a\n\nb") && wants("```\n# a\n```\nb") && wants("---\n\nb"));
        assert!(wants("# a\n```\nb") && wants("# a\n\n| b |"));
        assert!(!wants("# a\n\nb") && !wants("a\n===\n\n- b"));
    }

    #[test]
    fn any_way_of_pushing_gives_the_same_blocks() {
        let mut random = Random::new(7);
        for round in 0..600 {
            let text = if round == 0 { SAMPLE.to_owned() } else { nasty_markdown(&mut random) };
            let whole = split(&text);
            let joined: String = whole.iter().map(Block::source).collect();
            assert_eq!(joined, text, "round {round}");
            let mut splitter = Splitter::default();
            let mut finished: Vec<Block> = Vec::new();
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let mut cut = (1 + random.below(20)).min(rest.len());
                while !rest.is_char_boundary(cut) {
                    cut += 1;
                }
                splitter.push(&rest[..cut]);
                rest = &rest[cut..];
                assert_eq!(splitter.blocks()[..finished.len()], finished, "round {round}");
                finished = splitter.blocks()[..splitter.finished()].to_vec();
                let so_far: String = splitter.blocks().iter().map(Block::source).collect();
                assert_eq!(so_far, text[..text.len() - rest.len()], "round {round}");
            }
            assert_eq!(splitter.blocks(), whole, "round {round}");
        }
    }
}
