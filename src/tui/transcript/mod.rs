//! The transcript of one tab: cells, and the window through which they are seen. Only what is in the
//! window is laid out, so that a frame costs the same whatever was said before.

pub mod cell;
mod feed;
mod replay;
mod rows;
mod search;
mod select;
mod tail;
#[cfg(test)]
mod tests;
mod window;

use cell::{Cell, Fold, Kind, Laid};
use search::Search;
use select::Selection;
use window::Scroll;

use crate::tui::look::Row;
use crate::tui::markdown::{Block, Splitter};

pub use select::Point;
pub use window::{Move, Position};

/// Cells whose rows are kept at most, around the window.
const KEPT_LAYOUTS: usize = 400;

#[derive(Debug, Default)]
pub struct Transcript {
    cells: Vec<Cell>,
    /// The answer that is arriving.
    stream: Option<Stream>,
    scroll: Scroll,
    /// Where the user reads, while they read.
    cursor: Option<Position>,
    search: Option<Search>,
    selection: Option<Selection>,
    /// Size of the window, in columns and rows.
    size: (u16, u16),
    /// What the window shows: a row of a cell each.
    window: Vec<Position>,
    /// Tool calls are shown opened.
    verbose: bool,
    /// Cells that hold their rows.
    laid: usize,
    /// The first cell of the answer that arrives, as long as it may have to be taken back.
    answer_from: Option<usize>,
}

/// Text that arrives piece by piece.
#[derive(Debug)]
struct Stream {
    what: Streamed,
    /// The first cell made of it.
    first: usize,
    turn: u32,
    /// So many blocks were whole when they became cells.
    whole: usize,
    /// What arrived since it was last looked at, once a frame, however many pieces came. It may begin with the
    /// start of an escape sequence.
    arrived: String,
}

#[derive(Debug)]
enum Streamed {
    Answer(Box<Splitter>),
    Thinking,
}

impl Transcript {
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Forgets everything that is shown.
    pub fn clear(&mut self) {
        *self = Self { size: self.size, verbose: self.verbose, ..Self::default() };
    }

    pub fn push(&mut self, turn: u32, kind: Kind) {
        self.end_stream();
        self.cells.push(Cell::new(turn, kind));
    }

    /// Whether tool calls and thinking are shown opened.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    pub fn set_verbose(&mut self, verbose: bool) {
        self.verbose = verbose;
        for cell in &mut self.cells {
            cell.fold = None;
            cell.touch();
        }
    }

    /// Everything is laid out anew: the looks of something changed.
    pub fn touch(&mut self) {
        self.cells.iter_mut().for_each(Cell::touch);
    }

    /// Makes the window ready to be painted: lays out what it shows, and forgets what is far from it.
    pub fn arrange(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        self.sync_stream();
        self.fill_window();
        if self.laid > KEPT_LAYOUTS {
            self.forget_far();
        }
    }

    /// The rows of the window from above, with their places. Only after [`Transcript::arrange`].
    pub fn window(&self) -> impl Iterator<Item = (Position, &Row)> {
        self.window.iter().filter_map(|at| {
            let laid = self.cells.get(at.cell)?.laid.as_ref()?;
            Some((*at, laid.rows.get(at.row)?))
        })
    }

    /// Code in the window whose colours are not worked out yet, each block once.
    pub fn uncoloured(&mut self) -> Vec<(usize, Block)> {
        let mut cells: Vec<usize> = self.window.iter().map(|at| at.cell).collect();
        cells.dedup();
        let mut wanted = Vec::new();
        for at in cells {
            if let Some(Cell { kind: Kind::Answer(answer), .. }) = self.cells.get_mut(at)
                && answer.block.has_code()
                && answer.ask()
            {
                wanted.push((at, answer.block.clone()));
            }
        }
        wanted
    }

    /// Colours for the code of a cell, if it is still that code or has grown since.
    pub fn colour(&mut self, at: usize, source: &str, lines: Vec<Vec<crate::tui::look::Piece>>) {
        let Some(cell) = self.cells.get_mut(at) else { return };
        if let Kind::Answer(answer) = &mut cell.kind
            && answer.block.source().starts_with(source)
        {
            answer.colour(source, lines);
            cell.touch();
        }
    }

    /// Opens or closes the cell at a place.
    pub fn fold(&mut self, at: usize) {
        let verbose = self.verbose;
        let Some(cell) = self.cells.get_mut(at).filter(|cell| cell.can_fold()) else { return };
        cell.fold = Some(match fold_of(cell, verbose) {
            Fold::Open => Fold::Closed,
            Fold::Closed => Fold::Open,
        });
        cell.touch();
    }

    /// The rows of a cell at a width, with the blank one before it where one belongs.
    pub fn rows_of(&self, at: usize, width: usize) -> Vec<Row> {
        let cell = &self.cells[at];
        let mut rows = rows::rows(&cell.kind, width, fold_of(cell, self.verbose));
        if self.has_gap(at) {
            rows.insert(0, Row::default());
        }
        rows
    }

    /// The cell that still grows.
    pub fn growing(&self) -> Option<usize> {
        self.stream.as_ref().and(self.cells.len().checked_sub(1))
    }

    /// What arrived of an answer is there as cells.
    pub fn catch_up(&mut self) {
        self.sync_stream();
    }

    fn has_gap(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.cells.get(before));
        before.is_some_and(|before| rows::wants_gap(&before.kind, &self.cells[at].kind))
    }

    fn lay_out(&mut self, at: usize) -> usize {
        let width = self.size.0;
        let verbose = self.verbose;
        let gap = self.has_gap(at);
        let cell = &mut self.cells[at];
        let fold = fold_of(cell, verbose);
        match &cell.laid {
            Some(laid) if laid.width == width && laid.fold == fold => laid.rows.len(),
            other => {
                self.laid += usize::from(other.is_none());
                let mut rows = rows::rows(&cell.kind, usize::from(width), fold);
                if gap {
                    rows.insert(0, Row::default());
                }
                let count = rows.len();
                cell.laid = Some(Laid { width, fold, rows });
                count
            }
        }
    }

    fn forget_far(&mut self) {
        let (first, last) = match (self.window.first(), self.window.last()) {
            (Some(first), Some(last)) => (first.cell, last.cell),
            _ => (0, 0),
        };
        let near = first.saturating_sub(KEPT_LAYOUTS / 4)..=last + KEPT_LAYOUTS / 4;
        self.laid = 0;
        for (at, cell) in self.cells.iter_mut().enumerate() {
            if near.contains(&at) {
                self.laid += usize::from(cell.laid.is_some());
            } else {
                cell.touch();
            }
        }
    }
}

fn fold_of(cell: &Cell, verbose: bool) -> Fold {
    cell.fold.unwrap_or(if verbose { Fold::Open } else { Fold::Closed })
}
