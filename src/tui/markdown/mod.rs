//! Markdown as rows. A message is [`split()`] into blocks (a [`Splitter`] does it while the message still
//! grows), and each block becomes [`rows`] of its own, so that a block that no longer changes need not be
//! laid out again. Nothing here knows of scrolling, caching or colours.

mod block;
mod inline;
mod layout;
mod line;
mod split;
mod table;
mod tree;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use super::highlight::{Highlighter, Language};
use super::look::Piece;

pub use block::{Block, Code, wants_gap};
pub use layout::rows;
pub use split::{Splitter, split};

/// The highlighted lines of all code in a block, in its order, as [`rows`] takes them. It takes time: run
/// it in the background. A piece of a long code block goes on where `state` was left by the piece before;
/// give the blocks of a message in order with one state, which begins as `None`, and for a block that
/// still grows a clone of it.
pub fn highlight(block: &Block, state: &mut Option<Highlighter>) -> Vec<Vec<Piece>> {
    if let Some(code) = block.code() {
        if !code.continues() {
            *state = None;
        }
        let highlighter = state.get_or_insert_with(|| Highlighter::new(code.language()));
        return highlighter.lines(&code.text());
    }
    let nodes = tree::parse(block.source());
    let lines = |(language, text): (&Language, &str)| Highlighter::new(language).lines(text);
    tree::codes(&nodes).into_iter().flat_map(lines).collect()
}
