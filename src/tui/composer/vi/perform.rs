//! What vi's commands do to the text.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::buffer::{MOST_CHARS, Pos, part};
use super::super::track::{Class, Track};
use super::super::{Around, Composer, Register};
use super::ViMode;
use super::keys::{Command, Insert, Motion, Operator, Pending, Spelled, Target};
use super::motion::{Ground, Span};

impl Composer {
    /// A key in any mode but insert. False when it means nothing here.
    pub(in super::super) fn normal_mode_key(&mut self, key: KeyEvent, around: &Around) -> bool {
        let Some(vi) = &mut self.vi else { return false };
        let selecting = vi.mode != ViMode::Normal;
        let waiting = !vi.pending.is_empty();
        let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        let spelled = match key.code {
            KeyCode::Char('r') if key.modifiers == KeyModifiers::CONTROL => {
                vi.pending = Pending::default();
                self.redo();
                return true;
            }
            KeyCode::Char(c) if plain => vi.pending.spell(c, selecting),
            KeyCode::Esc => {
                vi.pending = Pending::default();
                self.leave_selection();
                return waiting || selecting;
            }
            KeyCode::Up | KeyCode::Down if plain && !waiting => {
                self.stop_run();
                let anchor = self.anchor.filter(|_| selecting);
                let moved = if key.code == KeyCode::Up {
                    self.up(selecting, around)
                } else {
                    self.down(selecting, around)
                };
                self.anchor = anchor;
                return moved;
            }
            code if plain => match letter(code) {
                Some(c) => vi.pending.spell(c, selecting),
                None => {
                    vi.pending = Pending::default();
                    return false;
                }
            },
            _ => return false,
        };
        match spelled {
            Spelled::More => {}
            Spelled::Nonsense => self.goal = None,
            Spelled::Command(command, count) => {
                self.stop_run();
                self.command_of_vi(command, count);
            }
        }
        true
    }

    pub(in super::super) fn step_left_in_line(&mut self) {
        let track = self.track();
        let at = track.index(self.buffer.cursor());
        if at > track.line_start(at) {
            self.buffer.move_to(track.pos(at - 1));
        }
    }

    fn command_of_vi(&mut self, command: Command, count: Option<usize>) {
        let vertical = matches!(command, Command::Go(Motion::Up | Motion::Down));
        if !vertical {
            self.goal = None;
        }
        match command {
            Command::Go(motion) => self.go_by(motion, count),
            Command::Operate(operator, target) => self.operate(operator, target, count),
            Command::Insert(at) => self.start_insert(at),
            Command::Open if self.anchor.is_some() => self.swap_ends(),
            Command::Open => self.start_insert(Insert::LineBelow),
            Command::Put { before } => self.put(before, count.unwrap_or(1)),
            Command::Replace(c) => self.replace_stops(c, count.unwrap_or(1)),
            Command::Join => self.join(count.unwrap_or(2)),
            Command::ToggleCase => self.toggle_case(count.unwrap_or(1)),
            Command::Undo if self.anchor.is_some() => {}
            Command::Undo => {
                for _ in 0..count.unwrap_or(1) {
                    if !self.buffer.undo() {
                        break;
                    }
                }
            }
            Command::Visual { lines } => {
                self.select_by(if lines { ViMode::VisualLine } else { ViMode::Visual });
            }
            Command::Select(target) => self.widen(target),
        }
    }

    fn ground<T>(&self, see: impl FnOnce(&Ground) -> T) -> T {
        let track = self.track();
        let cursor = self.buffer.cursor();
        see(&Ground {
            lines: self.buffer.lines(),
            track: &track,
            cursor,
            last_find: self.vi.as_ref().and_then(|vi| vi.last_find),
            goal: self.goal.unwrap_or(cursor.col),
        })
    }

    fn go_by(&mut self, motion: Motion, count: Option<usize>) {
        let to = self.ground(|ground| ground.go(motion, count));
        if matches!(motion, Motion::Up | Motion::Down) {
            self.goal.get_or_insert(self.buffer.cursor().col);
        } else if motion == Motion::LineEnd {
            self.goal = Some(MOST_CHARS);
        }
        self.remember_find(motion);
        if let Some(to) = to {
            self.land(to);
        }
    }

    /// Goes to a place, or to the start of the cluster that it is in.
    fn land(&mut self, to: Pos) {
        let track = self.track();
        let col = to.col.min(self.buffer.length(to.row));
        self.buffer.move_to(track.pos(track.index(Pos::new(to.row, col))));
    }

    fn remember_find(&mut self, motion: Motion) {
        if let (Motion::Find(find), Some(vi)) = (motion, &mut self.vi) {
            vi.last_find = Some(find);
        }
    }

    fn operate(&mut self, operator: Operator, target: Target, count: Option<usize>) {
        let selected = self.selected_span();
        let span = selected.or_else(|| self.ground(|ground| ground.span(operator, target, count)));
        if let Target::Motion(motion) = target {
            self.remember_find(motion);
        }
        self.leave_selection();
        match (operator, span) {
            (_, None) => {}
            (Operator::Yank, Some(span)) => {
                self.keep(span);
                match span {
                    Span::Chars(from, _) => self.buffer.move_to(from),
                    Span::Lines(from, _) if from < self.buffer.cursor().row => self.land(Pos::new(from, 0)),
                    Span::Lines(..) => {}
                }
            }
            (Operator::Delete, Some(span)) => self.delete_span(span),
            (Operator::Change, Some(span)) => {
                self.keep(span);
                let (from, to) = match span {
                    Span::Chars(from, to) => (from, to),
                    Span::Lines(from, to) => (Pos::new(from, 0), Pos::new(to, self.buffer.length(to))),
                };
                self.buffer.move_to(from);
                self.buffer.delete(from, to);
                self.set_mode(ViMode::Insert);
            }
        }
    }

    fn selected_span(&self) -> Option<Span> {
        self.anchor?;
        let (from, to) = self.selection()?;
        Some(match self.mode() {
            Some(ViMode::VisualLine) => Span::Lines(from.row, to.row),
            _ => Span::Chars(from, to),
        })
    }

    fn keep(&mut self, span: Span) {
        let (text, lines) = match span {
            Span::Chars(from, to) => (self.buffer.between(from, to), false),
            Span::Lines(from, to) => (self.buffer.lines()[from..=to].join("\n"), true),
        };
        if lines || !text.is_empty() {
            self.register = Register { text, lines };
        }
    }

    fn delete_span(&mut self, span: Span) {
        self.keep(span);
        match span {
            Span::Chars(from, to) => {
                self.buffer.delete(from, to);
            }
            Span::Lines(from, to) => {
                let last = self.buffer.lines().len() - 1;
                let (start, end) = if to < last {
                    (Pos::new(from, 0), Pos::new(to + 1, 0))
                } else if from > 0 {
                    (Pos::new(from - 1, self.buffer.length(from - 1)), self.buffer.end())
                } else {
                    (Pos::default(), self.buffer.end())
                };
                self.buffer.delete(start, end);
                self.go_to_first_text(from);
            }
        }
    }

    fn start_insert(&mut self, at: Insert) {
        let cursor = self.buffer.cursor();
        let line_end = Pos::new(cursor.row, self.buffer.length(cursor.row));
        match at {
            Insert::Here => {}
            Insert::Behind => self.buffer.move_to(self.behind_cursor()),
            Insert::FirstText => self.go_to_first_text(cursor.row),
            Insert::LineEnd => self.buffer.move_to(line_end),
            Insert::LineBelow => {
                self.buffer.move_to(line_end);
                self.buffer.insert("\n");
            }
            Insert::LineAbove => {
                self.buffer.move_to(Pos::new(cursor.row, 0));
                self.buffer.insert("\n");
                self.buffer.move_to(Pos::new(cursor.row, 0));
            }
        }
        self.anchor = None;
        self.set_mode(ViMode::Insert);
    }

    fn put(&mut self, before: bool, times: usize) {
        let register = self.register.clone();
        if register.text.is_empty() && !register.lines {
            return;
        }
        let selected = self.selected_span();
        if let Some(span) = selected {
            self.leave_selection();
            self.delete_span(span);
        }
        let length = register.text.chars().count() + usize::from(register.lines);
        let times = times.clamp(1, (self.buffer.room() / length.max(1)).max(1));
        let row = self.buffer.cursor().row;
        if register.lines {
            let lines = vec![register.text.as_str(); times].join("\n");
            if before {
                self.buffer.move_to(Pos::new(row, 0));
                self.insert(&format!("{lines}\n"));
                self.go_to_first_text(row);
            } else {
                self.buffer.move_to(Pos::new(row, self.buffer.length(row)));
                self.insert(&format!("\n{lines}"));
                self.go_to_first_text(row + 1);
            }
            return;
        }
        if !before && selected.is_none() {
            self.buffer.move_to(self.behind_cursor());
        }
        let start = self.buffer.cursor();
        self.insert(&register.text.repeat(times));
        if self.buffer.cursor().row > start.row {
            self.buffer.move_to(start);
        } else {
            self.step_left_in_line();
        }
    }

    fn replace_stops(&mut self, c: char, times: usize) {
        let text = super::super::clean::text(c.encode_utf8(&mut [0; 4]));
        let track = self.track();
        let (from, to) = match self.selection_stops(&track) {
            Some(stops) => stops,
            None => {
                let at = track.index(self.buffer.cursor());
                (at, at + times)
            }
        };
        let selected = self.anchor.is_some();
        if text.is_empty() || !selected && to > track.line_end(from) {
            return;
        }
        let new = |at: usize| if track.class(at) == Class::Newline { "\n" } else { text.as_str() };
        let new: String = (from..to).map(new).collect();
        self.leave_selection();
        self.buffer.delete(track.pos(from), track.pos(to));
        self.insert(&new);
        if selected {
            self.buffer.move_to(track.pos(from));
        } else {
            self.step_left_in_line();
        }
    }

    fn toggle_case(&mut self, times: usize) {
        let track = self.track();
        let selected = self.selection_stops(&track);
        let at = track.index(self.buffer.cursor());
        let (from, to) = selected.unwrap_or((at, (at + times).min(track.line_end(at))));
        self.leave_selection();
        self.buffer.move_to(track.pos(from));
        let old = self.buffer.delete(track.pos(from), track.pos(to));
        self.insert(&old.chars().map(toggled).collect::<String>());
        if selected.is_some() {
            self.buffer.move_to(track.pos(from));
        }
    }

    /// Makes one line of so many, with one space where there were line ends and indents.
    fn join(&mut self, lines: usize) {
        let (first, count) = match self.selection().filter(|_| self.anchor.is_some()) {
            Some((from, to)) => (from.row, (to.row - from.row + 1).max(2)),
            None => (self.buffer.cursor().row, lines.max(2)),
        };
        self.leave_selection();
        for _ in 1..count.min(self.buffer.lines().len() - first) {
            let line = self.buffer.line(first);
            let next = self.buffer.line(first + 1);
            let indent = next.chars().take_while(|c| c.is_whitespace()).count();
            let bare = part(next, indent, usize::MAX).is_empty();
            let space = !bare && !line.is_empty() && !line.ends_with(char::is_whitespace);
            let end = Pos::new(first, self.buffer.length(first));
            self.buffer.delete(end, Pos::new(first + 1, indent));
            if space {
                self.buffer.insert(" ");
                self.buffer.move_to(end);
            }
        }
    }

    fn redo(&mut self) {
        self.leave_selection();
        self.buffer.redo();
    }

    fn select_by(&mut self, mode: ViMode) {
        if self.mode() == Some(mode) {
            self.leave_selection();
        } else {
            self.anchor.get_or_insert(self.buffer.cursor());
            self.set_mode(mode);
        }
    }

    fn swap_ends(&mut self) {
        let cursor = self.buffer.cursor();
        if let Some(anchor) = self.anchor.replace(cursor) {
            self.buffer.move_to(anchor);
        }
    }

    /// Selects the word that the cursor is in, from the start of what was selected if that is before.
    fn widen(&mut self, target: Target) {
        let Target::Word { around, words } = target else { return };
        let Span::Chars(from, to) = self.ground(|ground| ground.word(around, words)) else { return };
        let cursor = self.buffer.cursor();
        self.anchor =
            Some(self.anchor.filter(|anchor| *anchor < cursor).map_or(from, |anchor| anchor.min(from)));
        let track = self.track();
        let last = track.index(to).saturating_sub(usize::from(to > from));
        self.buffer.move_to(track.pos(last));
    }

    fn leave_selection(&mut self) {
        self.anchor = None;
        self.set_mode(ViMode::Normal);
    }

    fn set_mode(&mut self, mode: ViMode) {
        if let Some(vi) = &mut self.vi {
            vi.mode = mode;
        }
    }

    fn selection_stops(&self, track: &Track) -> Option<(usize, usize)> {
        self.anchor?;
        let (from, to) = self.selection()?;
        Some((track.index(from), track.index(to)))
    }

    fn behind_cursor(&self) -> Pos {
        let track = self.track();
        let at = track.index(self.buffer.cursor());
        if track.class(at) == Class::Newline { track.pos(at) } else { track.pos(at + 1) }
    }

    fn go_to_first_text(&mut self, row: usize) {
        let track = self.track();
        let row = row.min(self.buffer.lines().len() - 1);
        self.buffer.move_to(track.pos(track.first_text(track.index(Pos::new(row, 0)))));
    }
}

/// What keys without a letter of their own mean.
fn letter(code: KeyCode) -> Option<char> {
    Some(match code {
        KeyCode::Left | KeyCode::Backspace => 'h',
        KeyCode::Right => 'l',
        KeyCode::Up => 'k',
        KeyCode::Down => 'j',
        KeyCode::Home => '0',
        KeyCode::End => '$',
        KeyCode::Delete => 'x',
        _ => return None,
    })
}

fn toggled(c: char) -> char {
    let mut other: Vec<char> =
        if c.is_lowercase() { c.to_uppercase().collect() } else { c.to_lowercase().collect() };
    // What would become several letters stays as it is.
    if other.len() == 1 { other.remove(0) } else { c }
}
