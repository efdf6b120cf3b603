//! Where vi's motions lead, and what operators take of the text on the way. It changes nothing.

use super::super::buffer::{Pos, part};
use super::super::track::{Class, Track, Words};
use super::keys::{Find, Motion, Operator, Target};

/// What an operator works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Chars(Pos, Pos),
    /// Whole lines, from the first to the last.
    Lines(usize, usize),
}

/// The text as motions see it.
pub(super) struct Ground<'a> {
    pub lines: &'a [String],
    pub track: &'a Track,
    pub cursor: Pos,
    pub last_find: Option<Find>,
    /// The column that moves over lines return to.
    pub goal: usize,
}

impl Ground<'_> {
    /// Where a motion leads; `None` when it fails.
    pub fn go(&self, motion: Motion, count: Option<usize>) -> Option<Pos> {
        let track = self.track;
        let at = track.index(self.cursor);
        let times = count.unwrap_or(1);
        let repeated = |step: &dyn Fn(usize) -> usize| {
            let mut at = at;
            for _ in 0..times {
                let next = step(at);
                if next == at {
                    break;
                }
                at = next;
            }
            at
        };
        let index = match motion {
            Motion::Left => at.saturating_sub(times).max(track.line_start(at)),
            Motion::Right => (at + times).min(track.line_end(at)),
            Motion::WordStart(words) => repeated(&|at| track.word_start(at, words)),
            Motion::WordEnd(words) => repeated(&|at| track.word_end(at, words)),
            Motion::WordBack(words) => repeated(&|at| track.word_back(at, words)),
            Motion::LineStart => track.line_start(at),
            Motion::FirstText => track.first_text(at),
            Motion::LineEnd => track.line_end(track.index(Pos::new(self.row(times - 1), 0))),
            Motion::Up => return Some(Pos::new(self.cursor.row.checked_sub(times)?, self.goal)),
            Motion::Down => return self.down(times).map(|row| Pos::new(row, self.goal)),
            Motion::Top => self.line(count.map_or(0, |line| line - 1)),
            Motion::Bottom => self.line(count.map_or(usize::MAX, |line| line - 1)),
            Motion::Find(find) => self.find(find, at, times)?,
            Motion::FindAgain(_) => self.find_again(motion, at, times)?,
        };
        Some(track.pos(index))
    }

    /// What an operator takes; `None` when its motion fails.
    pub fn span(&self, operator: Operator, target: Target, count: Option<usize>) -> Option<Span> {
        let motion = match target {
            Target::Lines => {
                return self.down(count.unwrap_or(1) - 1).map(|last| Span::Lines(self.cursor.row, last));
            }
            Target::Word { around, words } => return Some(self.word(around, words)),
            Target::Motion(Motion::WordStart(words)) if operator == Operator::Change && !self.on_blank() => {
                return Some(self.rest_of_word(words, count.unwrap_or(1)));
            }
            Target::Motion(motion) => motion,
        };
        let to = self.go(motion, count)?;
        let (from, to) = (self.cursor.min(to), self.cursor.max(to));
        Some(match motion {
            Motion::Up | Motion::Down | Motion::Top | Motion::Bottom => Span::Lines(from.row, to.row),
            Motion::WordStart(_) => Span::Chars(from, self.short_of_line_start(to)),
            Motion::WordEnd(_) => Span::Chars(from, self.behind(to)),
            Motion::Find(find) if find.forward => Span::Chars(from, self.behind(to)),
            Motion::FindAgain(back) if self.last_find.is_some_and(|find| find.forward != back) => {
                Span::Chars(from, self.behind(to))
            }
            _ => Span::Chars(from, to),
        })
    }

    /// The word at the cursor, and the blanks behind it or else before it.
    pub fn word(&self, around: bool, words: Words) -> Span {
        let track = self.track;
        let at = track.index(self.cursor);
        if track.class(at) == Class::Newline {
            return Span::Chars(track.pos(at), track.pos(at));
        }
        let (mut start, mut end) = (track.run_start(at, words), track.run_end(at, words));
        if around && track.class(at) == Class::Space {
            if track.class(end) != Class::Newline {
                end = track.run_end(end, words);
            }
        } else if around && track.class(end) == Class::Space {
            end = track.run_end(end, words);
        } else if around && start > 0 && track.class(start - 1) == Class::Space {
            start = track.run_start(start - 1, words);
        }
        Span::Chars(track.pos(start), track.pos(end))
    }

    /// `cw` on a word changes it only to its end.
    fn rest_of_word(&self, words: Words, times: usize) -> Span {
        let mut at = self.track.run_end(self.track.index(self.cursor), words) - 1;
        for _ in 1..times.min(self.track.last()) {
            at = self.track.word_end(at, words);
        }
        Span::Chars(self.cursor, self.behind(self.track.pos(at)))
    }

    fn on_blank(&self) -> bool {
        self.track.class(self.track.index(self.cursor)).is_blank()
    }

    /// An operator over words does not take the end of the last word's line.
    fn short_of_line_start(&self, to: Pos) -> Pos {
        let only_blank = part(&self.lines[to.row], 0, to.col).chars().all(char::is_whitespace);
        if to.row > self.cursor.row && only_blank {
            let row = to.row - 1;
            return Pos::new(row, self.lines[row].chars().count()).max(self.cursor);
        }
        to
    }

    fn behind(&self, pos: Pos) -> Pos {
        let index = self.track.index(pos);
        if self.track.class(index) == Class::Newline { pos } else { self.track.pos(index + 1) }
    }

    fn find_again(&self, motion: Motion, at: usize, times: usize) -> Option<usize> {
        let Motion::FindAgain(back) = motion else { return None };
        let find = self.last_find?;
        let find = Find { forward: find.forward != back, ..find };
        // Standing right before it, `;` goes on to the next.
        let beside = if !find.till {
            at
        } else if find.forward {
            at + 1
        } else {
            at.saturating_sub(1)
        };
        self.find(find, beside, times).filter(|index| *index != at)
    }

    fn find(&self, find: Find, at: usize, times: usize) -> Option<usize> {
        let track = self.track;
        let line: Vec<char> = self.lines[track.pos(at).row].chars().collect();
        let wanted = |index: &usize| line.get(track.pos(*index).col) == Some(&find.c);
        let found = if find.forward {
            (at + 1..track.line_end(at)).filter(wanted).nth(times - 1)?
        } else {
            (track.line_start(at)..at).rev().filter(wanted).nth(times - 1)?
        };
        Some(match (find.till, find.forward) {
            (false, _) => found,
            (true, true) => found - 1,
            (true, false) => found + 1,
        })
    }

    fn line(&self, row: usize) -> usize {
        self.track.first_text(self.track.index(Pos::new(row.min(self.lines.len() - 1), 0)))
    }

    /// So many lines further, or the last.
    fn row(&self, down: usize) -> usize {
        (self.cursor.row + down).min(self.lines.len() - 1)
    }

    fn down(&self, times: usize) -> Option<usize> {
        let row = self.cursor.row + times;
        (row < self.lines.len()).then_some(row)
    }
}
