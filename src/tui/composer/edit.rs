//! What the acts of insert mode do to the text. Vi shares it whenever it inserts.

use crossterm::event::{KeyCode, KeyEvent};

use super::buffer::Pos;
use super::keys::{self, Act, Move};
use super::track::{Class, Track};
use super::{Around, Composer, Register, Run, clean, images};

/// A typed file name is looked for in so many words.
const WORDS_IN_NAME: usize = 16;

impl Composer {
    /// False when the key means nothing here.
    pub(super) fn insert_mode_key(&mut self, key: KeyEvent, around: &Around) -> bool {
        if key.code == KeyCode::Esc {
            return self.escape();
        }
        let Some(act) = keys::act(key) else { return false };
        if !matches!(act, Act::Up { .. } | Act::Down { .. }) {
            self.goal = None;
        }
        match act {
            Act::Type(c) => return self.type_char(c, around),
            Act::Erase(to) => return self.erase(to),
            Act::Kill(to) => return self.kill(to),
            _ => self.stop_run(),
        }
        match act {
            Act::Move { to, select } => self.go(to, select),
            Act::Up { select } => return self.up(select, around),
            Act::Down { select } => return self.down(select, around),
            Act::Yank => self.yank(),
            Act::Copy => self.copy(),
            Act::Transpose => self.transpose(),
            Act::Undo => {
                self.anchor = None;
                self.buffer.undo();
            }
            Act::Redo => {
                self.anchor = None;
                self.buffer.redo();
            }
            Act::Type(_) | Act::Erase(_) | Act::Kill(_) => {}
        }
        true
    }

    pub(super) fn up(&mut self, select: bool, around: &Around) -> bool {
        self.extend(select);
        self.move_by_row(true) || !select && self.recall_older(around.history)
    }

    pub(super) fn down(&mut self, select: bool, around: &Around) -> bool {
        self.extend(select);
        self.move_by_row(false) || !select && self.recall_newer(around.history)
    }

    /// Inserts what was typed, in one step with what was typed before if that was alike.
    pub(super) fn type_text(&mut self, text: &str, class: Class) {
        let goes_on = match self.run {
            Run::Typing(before) => before == class || class == Class::Space || before == Class::Newline,
            Run::None | Run::Erasing | Run::Killing => false,
        };
        // In vi all that is inserted at once is undone at once.
        if !goes_on && self.vi.is_none() {
            self.buffer.close();
        }
        self.goal = None;
        self.erase_selection();
        self.buffer.insert(text);
        self.run = Run::Typing(class);
    }

    pub(super) fn go_to(&mut self, pos: Pos, select: bool) {
        self.extend(select);
        self.buffer.move_to(pos);
    }

    pub(super) fn erase_selection(&mut self) -> bool {
        let Some((from, to)) = self.selection() else {
            self.anchor = None;
            return false;
        };
        self.anchor = None;
        self.buffer.delete(from, to);
        true
    }

    /// Makes a chip of the image that is named so many stops before the cursor. Undone by itself.
    pub(super) fn name_image(&mut self, behind: usize, around: &Around) {
        let track = self.track();
        let cursor = track.index(self.buffer.cursor());
        let end = cursor.saturating_sub(behind);
        let line = track.line_start(end);
        let blank = |at: usize| track.class(at).is_blank();
        if end == line || blank(end - 1) {
            return;
        }
        // A blank that is escaped or quoted belongs to the name, so the longest one is tried first.
        let words = (line..end).rev().filter(|at| !blank(*at) && (*at == line || blank(*at - 1)));
        let starts: Vec<usize> = words.take(WORDS_IN_NAME).collect();
        for start in starts.into_iter().rev() {
            let (from, to) = (track.pos(start), track.pos(end));
            if let Some(image) = images::named(&self.buffer.between(from, to), around.image)
                && let Some(letter) = self.chips.image(image)
            {
                let rest = self.buffer.between(to, self.buffer.cursor());
                self.buffer.close();
                self.buffer.delete(from, track.pos(cursor));
                self.buffer.insert(&format!("{letter}{rest}"));
                self.stop_run();
                return;
            }
        }
    }

    fn escape(&mut self) -> bool {
        let had_selection = self.anchor.take().is_some();
        match &mut self.vi {
            Some(vi) => {
                vi.leave_insert();
                self.stop_run();
                self.step_left_in_line();
                true
            }
            None => had_selection,
        }
    }

    fn type_char(&mut self, c: char, around: &Around) -> bool {
        let text = clean::text(c.encode_utf8(&mut [0; 4]));
        if text.is_empty() {
            return false;
        }
        let class = Class::of(&text);
        self.type_text(&text, class);
        if class.is_blank() {
            self.name_image(1, around);
        }
        true
    }

    fn erase(&mut self, to: Move) -> bool {
        if self.run != Run::Erasing && self.vi.is_none() {
            self.stop_run();
        }
        let erased = self.erase_selection() || {
            let (from, to) = self.reach(to);
            !self.buffer.delete(from, to).is_empty()
        };
        self.run = Run::Erasing;
        erased || !self.is_empty()
    }

    fn kill(&mut self, to: Move) -> bool {
        let goes_on = self.run == Run::Killing;
        if self.vi.is_none() {
            self.stop_run();
        }
        let (from, to) = self.selection().unwrap_or_else(|| self.reach(to));
        self.anchor = None;
        let backward = from < self.buffer.cursor();
        let killed = self.buffer.delete(from, to);
        if killed.is_empty() {
            return true;
        }
        // Kills in a row are yanked together.
        let text = match (goes_on, backward) {
            (false, _) => killed,
            (true, true) => killed + &self.register.text,
            (true, false) => std::mem::take(&mut self.register.text) + &killed,
        };
        self.register = Register { text, lines: false };
        self.run = Run::Killing;
        true
    }

    fn yank(&mut self) {
        self.erase_selection();
        let text = self.register.text.clone();
        self.insert(&text);
        self.stop_run();
    }

    fn copy(&mut self) {
        if let Some((from, to)) = self.selection() {
            self.register = Register { text: self.buffer.between(from, to), lines: false };
        }
        self.anchor = None;
    }

    /// Swaps the two stops at the cursor; at the end of a line the two before it.
    fn transpose(&mut self) {
        let track = self.track();
        let mut at = track.index(self.buffer.cursor());
        let start = track.line_start(at);
        if track.class(at) == Class::Newline {
            at = at.saturating_sub(1);
        }
        if at > start && track.class(at) != Class::Newline {
            let (from, middle, to) = (track.pos(at - 1), track.pos(at), track.pos(at + 1));
            let first = self.buffer.delete(from, middle);
            let second = self.buffer.between(from, Pos::new(from.row, from.col + (to.col - middle.col)));
            self.buffer.move_to(Pos::new(from.row, from.col + second.chars().count()));
            self.buffer.insert(&first);
        }
        self.stop_run();
    }

    fn go(&mut self, to: Move, select: bool) {
        let track = self.track();
        let target = target(&track, track.index(self.buffer.cursor()), to);
        self.go_to(track.pos(target), select);
    }

    /// Before the cursor moves: what it passes is selected, or nothing is.
    fn extend(&mut self, select: bool) {
        self.anchor = if select { self.anchor.or(Some(self.buffer.cursor())) } else { None };
    }

    /// What lies between the cursor and where it would go.
    fn reach(&self, to: Move) -> (Pos, Pos) {
        let track = self.track();
        let at = track.index(self.buffer.cursor());
        let mut target = target(&track, at, to);
        let to_line_end = to == Move::LineEnd && target == at;
        let over_line_start = matches!(to, Move::WordLeft | Move::TokenLeft) && at == track.line_start(at);
        if to_line_end {
            target = track.next(at);
        } else if over_line_start {
            target = at.saturating_sub(1);
        }
        (track.pos(at.min(target)), track.pos(at.max(target)))
    }
}

fn target(track: &Track, at: usize, to: Move) -> usize {
    match to {
        Move::Left => at.saturating_sub(1),
        Move::Right => track.next(at),
        Move::WordLeft => track.before_word(at),
        Move::WordRight => track.behind_word(at),
        Move::TokenLeft => track.before_token(at),
        Move::LineStart => track.line_start(at),
        Move::LineEnd => track.line_end(at),
        Move::TextStart => 0,
        Move::TextEnd => track.last(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::typed;
    use super::super::{Composer, Handled};

    #[test]
    fn keys_of_readline_do_what_readline_does() {
        for (keys, shown) in [
            ("hello<enter>you", "hello\nyou|"),
            ("hello<left><left><bs>", "he|lo"),
            ("hello<home><del>", "|ello"),
            ("one two<c-a>x<c-e>y", "xone twoy|"),
            ("ab<c-b>x<c-f>y", "axby|"),
            ("a<enter>b<left><left>x", "ax|\nb"),
            ("one two_x.y<a-b>", "one two_x.|y"),
            ("one two_x.y<a-b><a-b>", "one |two_x.y"),
            ("one two.<a-b><a-b><a-b>", "|one two."),
            ("one two<c-a><a-f>", "one| two"),
            ("one two<c-a><a-f><a-f>", "one two|"),
            ("one two<c-left><c-right><c-left>", "one |two"),
            ("one two<c-a><a-d>", "| two"),
            ("one two<a-bs>", "one |"),
            ("one a.b/c  <c-w>", "one |"),
            ("one<enter><c-w>", "one|"),
            ("one two<a-b><c-k>", "one |"),
            ("a<enter>b<up><c-e><c-k>", "a|b"),
            ("one two<a-b><c-u>", "|two"),
            ("a<enter><c-u>", "a\n|"),
            ("one two<c-w><c-y><c-y>", "one twotwo|"),
            ("one two three<c-w><c-w><c-a><c-y>", "two three|one "),
            ("one two<c-a><a-d><a-d><c-y>", "one two|"),
            ("abc<c-t>", "acb|"),
            ("abc<left><c-t>", "acb|"),
            ("a<c-t>", "a|"),
            ("abc<c-d>", "abc|"),
            ("abc<left><c-d><c-h>", "a|"),
            ("a<enter>b<c-home>x<c-end>y", "xa\nby|"),
            ("a<enter>b<a-lt>x", "x|a\nb"),
            ("👩‍👩‍👧e\u{301}<bs>", "👩‍👩‍👧|"),
            ("👩‍👩‍👧x<left><bs>", "|x"),
            ("👩‍👩‍👧x<left><left><del>", "|x"),
            ("שלום<left>x", "שלוx|ם"),
        ] {
            assert_eq!(typed(keys), shown, "{keys}");
        }
    }

    #[test]
    fn what_is_selected_is_replaced_cut_or_copied() {
        for (keys, shown) in [
            ("abcd<s-left><s-left>", "ab|cd^"),
            ("abcd<s-left><s-left>x", "abx|"),
            ("abcd<s-left><s-left><bs>", "ab|"),
            ("abcd<s-left><s-left><left>", "a|bcd"),
            ("abcd<s-left><s-left><c-w><c-a><c-y>", "cd|ab"),
            ("abcd<s-left><s-left><a-w><c-a><c-y>", "cd|abcd"),
            ("ab<enter>cd<s-up><del>", "ab|"),
            ("abcd<s-home>x", "x|"),
            ("abcd<s-left><esc>x", "abcx|d"),
        ] {
            assert_eq!(typed(keys), shown, "{keys}");
        }
    }

    #[test]
    fn undo_goes_back_word_by_word_and_redo_returns() {
        for (keys, shown) in [
            ("one two<c-_>", "one |"),
            ("one two<c-_><c-_>", "|"),
            ("one two<c-_><c-_><c-_>", "|"),
            ("one two<c-7><a-_>", "one two|"),
            ("one two<c-/><c-/><a-_><a-_>", "one two|"),
            ("one<bs><bs><c-_>", "one|"),
            ("one two<c-w><c-_>", "one two|"),
            ("one<left>x<c-_>", "on|e"),
            ("abc<s-left><s-left>x<c-_>", "a|bc"),
            ("one<c-_>two<a-_>", "two|"),
        ] {
            assert_eq!(typed(keys), shown, "{keys}");
        }
    }

    #[test]
    fn keys_with_another_meaning_are_left_to_the_caller() {
        let mut composer = Composer::new(false);
        for key in
            ["<tab>", "<esc>", "<c-c>", "<c-r>", "<c-d>", "<bs>", "<up>", "<down>", "<c-z>", "<a-1>", "<a-x>"]
        {
            assert_eq!(composer.type_keys(key), Handled::Ignored, "{key}");
        }
        assert_eq!(composer.type_keys("a"), Handled::Changed);
        assert_eq!(composer.type_keys("<left>"), Handled::Moved);
    }
}
