//! The prompt box of one tab: the text that is being written, with its cursor, selection, undo, folded pastes
//! and images, in the manner of readline or of vi. It is not the list of completions (a picker of the
//! caller's), and it sends nothing: the caller decides what `Enter` does.

mod buffer;
mod chips;
mod clean;
mod complete;
mod edit;
#[cfg(test)]
mod fuzz;
mod history;
mod history_file;
mod images;
mod keys;
mod kind;
mod layout;
mod paint;
mod recall;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
mod track;
mod vi;

use std::path::PathBuf;

use crossterm::event::{KeyEvent, KeyEventKind};

use buffer::Buffer;
use chips::Chips;
use layout::{Layout, Spot};
use recall::Recall;
use track::Track;
use vi::Vi;

pub use buffer::Pos;
pub use complete::{CommandQuery, Query};
pub use history::{History, Remembered};
pub use history_file::{HistoryError, HistoryFile};
pub use images::FindImage;
pub use kind::{Kind, parse};
pub use vi::ViMode;

/// Longer pastes are folded.
const PASTED_LINES: usize = 8;
const PASTED_CHARS: usize = 1_000;

/// What a composer needs of the world to take a key.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub history: &'a History,
    pub image: FindImage<'a>,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It means nothing here; the caller may use it.
    Ignored,
    /// The cursor, the selection or the mode may differ; the text does not.
    Moved,
    /// The text differs.
    Changed,
}

/// A prompt, ready to be parsed and sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submission {
    /// With pastes in full, and the label of each image where it stood.
    pub text: String,
    pub images: Vec<PathBuf>,
}

/// What was cut or copied.
#[derive(Debug, Clone, Default)]
struct Register {
    text: String,
    /// Whether it is put as whole lines; only vi does that.
    lines: bool,
}

/// What the key before did, when the next may go on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    None,
    /// The class of the last character.
    Typing(track::Class),
    Erasing,
    Killing,
}

#[derive(Debug)]
pub struct Composer {
    buffer: Buffer,
    chips: Chips,
    /// Where the selection starts; it ends at the cursor.
    anchor: Option<Pos>,
    /// The column that moves up and down return to.
    goal: Option<usize>,
    register: Register,
    run: Run,
    vi: Option<Vi>,
    recall: Option<Recall>,
    placeholder: String,
    width: u16,
}

impl Composer {
    /// Empty. `vi` says whether keys mean what they mean in vi; then it starts in insert mode.
    pub fn new(vi: bool) -> Self {
        Self {
            buffer: Buffer::new(),
            chips: Chips::default(),
            anchor: None,
            goal: None,
            register: Register::default(),
            run: Run::None,
            vi: vi.then(Vi::default),
            recall: None,
            placeholder: String::new(),
            width: 80,
        }
    }

    /// Shown while there is no text.
    pub fn set_placeholder(&mut self, text: &str) {
        self.placeholder = clean::line(text);
    }

    /// Whether keys mean what they mean in vi, from now on.
    pub fn set_vi(&mut self, vi: bool) {
        if vi != self.vi.is_some() {
            self.vi = vi.then(Vi::default);
            self.anchor = None;
            self.stop_run();
        }
    }

    /// How wide the text is shown, in columns: `Up` and `Down` go by the rows that are seen.
    pub fn set_width(&mut self, width: u16) {
        self.width = width;
    }

    /// `None` unless vi keys are on.
    pub fn mode(&self) -> Option<ViMode> {
        self.vi.as_ref().map(Vi::mode)
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Whether an earlier prompt is looked at.
    pub fn is_recalling(&self) -> bool {
        self.recall.is_some()
    }

    /// The first character that is written.
    pub fn first(&self) -> Option<char> {
        self.buffer.line(0).chars().next()
    }

    /// All of it, as it would be sent.
    pub fn text(&self) -> String {
        self.chips.expand(&self.buffer.text())
    }

    /// Another text, after an editor or to take back a queued prompt; the cursor goes to its end. What was
    /// folded and is still there stays folded, and a newline at the end is dropped. Can be undone.
    pub fn set_text(&mut self, text: &str) {
        let text = clean::text(text);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = self.chips.fold(text, &self.buffer.text());
        self.recall = None;
        self.replace_all(&text);
        self.settle();
    }

    /// A key. `Enter`, `Tab`, `Esc` that means nothing here, and everything with a meaning elsewhere is
    /// left to the caller.
    pub fn input(&mut self, key: KeyEvent, around: &Around) -> Handled {
        if key.kind == KeyEventKind::Release {
            return Handled::Ignored;
        }
        let before = self.buffer.revision();
        let taken = if self.mode().is_none_or(|mode| mode == ViMode::Insert) {
            self.insert_mode_key(key, around)
        } else {
            self.normal_mode_key(key, around)
        };
        self.settle();
        if self.buffer.revision() != before {
            Handled::Changed
        } else if taken {
            Handled::Moved
        } else {
            Handled::Ignored
        }
    }

    /// Starts a new line at the cursor.
    pub fn newline(&mut self, around: &Around) {
        self.type_text("\n", track::Class::Newline);
        self.name_image(1, around);
        self.settle();
    }

    /// What the terminal pasted. Long texts and images become chips.
    pub fn paste(&mut self, text: &str, around: &Around) {
        let text = clean::text(text);
        self.buffer.close();
        self.erase_selection();
        match images::dropped(&text, around.image) {
            Some(images) => {
                let letters: Vec<String> = images
                    .into_iter()
                    .filter_map(|image| self.chips.image(image))
                    .map(String::from)
                    .collect();
                self.buffer.insert(&letters.join(" "));
            }
            None if text.lines().count() > PASTED_LINES || text.chars().count() > PASTED_CHARS => {
                self.insert_folded(&text);
            }
            None => self.insert(&text),
        }
        self.stop_run();
        self.settle();
    }

    /// Ends the prompt: gives it, and starts anew with an empty text.
    pub fn take(&mut self, around: &Around) -> Submission {
        self.buffer.move_to(self.buffer.end());
        self.name_image(0, around);
        let raw = self.buffer.text();
        let submission = Submission { text: self.chips.expand(&raw), images: self.chips.images(&raw) };
        self.register.text = self.chips.expand(&self.register.text);
        self.buffer = Buffer::new();
        self.chips = Chips::default();
        (self.anchor, self.goal, self.run, self.recall) = (None, None, Run::None, None);
        if let Some(vi) = &mut self.vi {
            vi.start_over();
        }
        submission
    }

    /// Where the cursor is in the text, a chip counting as one character.
    pub fn cursor(&self) -> Pos {
        self.buffer.cursor()
    }

    /// What is selected, from and to, in the order of the text.
    fn selection(&self) -> Option<(Pos, Pos)> {
        let anchor = self.anchor?;
        let cursor = self.buffer.cursor();
        let (from, to) = (anchor.min(cursor), anchor.max(cursor));
        match self.mode() {
            Some(ViMode::VisualLine) => {
                Some((Pos::new(from.row, 0), Pos::new(to.row, self.buffer.length(to.row))))
            }
            Some(ViMode::Visual) => {
                let track = self.track();
                Some((from, track.pos(track.next(track.index(to)))))
            }
            _ => (from < to).then_some((from, to)),
        }
    }

    fn track(&self) -> Track {
        Track::new(self.buffer.lines())
    }

    fn layout(&self, width: u16) -> Layout {
        Layout::new(self.buffer.lines(), &self.chips, usize::from(width))
    }

    /// At the cursor. What there is no room for is folded.
    fn insert(&mut self, text: &str) {
        if !self.buffer.insert(text) {
            self.insert_folded(text);
        }
    }

    fn insert_folded(&mut self, text: &str) {
        let text = self.chips.expand(text);
        if !text.is_empty()
            && let Some(letter) = self.chips.paste(&text)
        {
            self.buffer.insert(letter.encode_utf8(&mut [0; 4]));
        }
    }

    fn replace_all(&mut self, text: &str) {
        self.buffer.close();
        self.anchor = None;
        self.buffer.delete(Pos::default(), self.buffer.end());
        self.insert(text);
        self.stop_run();
    }

    /// The next edit stands for itself.
    fn stop_run(&mut self) {
        self.buffer.close();
        self.run = Run::None;
    }

    /// Brings the cursor, the anchor and vi's mode to where they may be.
    fn settle(&mut self) {
        let track = self.track();
        let mut index = track.index_after(self.buffer.cursor());
        let normal = self.mode().is_some_and(|mode| mode != ViMode::Insert);
        if normal && index > track.line_start(index) && track.class(index) == track::Class::Newline {
            index -= 1;
        }
        if track.pos(index) != self.buffer.cursor() {
            self.buffer.move_to(track.pos(index));
        }
        self.anchor = self.anchor.map(|anchor| track.pos(track.index(anchor)));
        if let Some(vi) = &mut self.vi {
            vi.agree(self.anchor.is_some());
        }
    }

    /// One row up or down, as the text is seen. False at the edge.
    fn move_by_row(&mut self, up: bool) -> bool {
        let layout = self.layout(self.width);
        let spot = layout.spot(self.buffer.cursor());
        let x = *self.goal.get_or_insert(spot.x);
        let row = if up { spot.row.checked_sub(1) } else { Some(spot.row + 1) };
        match row.filter(|row| *row < layout.rows.len()) {
            Some(row) => {
                self.buffer.move_to(layout.pos(Spot { row, x }));
                true
            }
            None => false,
        }
    }
}
