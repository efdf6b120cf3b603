//! Reads what vi keys spell, one key after the other: counts, operators, motions. It knows nothing of the
//! text.

use super::super::track::Words;

/// Counts are cut here: more than this is a slip of the finger.
const MOST: usize = 9_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Delete,
    Change,
    Yank,
}

/// A character looked for in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Find {
    pub c: char,
    pub forward: bool,
    /// Stops before it.
    pub till: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motion {
    Left,
    Right,
    Up,
    Down,
    WordStart(Words),
    WordEnd(Words),
    WordBack(Words),
    LineStart,
    FirstText,
    LineEnd,
    /// To the line of the count, or else to the first or the last.
    Top,
    Bottom,
    Find(Find),
    /// The last find again; `true` the other way.
    FindAgain(bool),
}

/// What an operator works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Motion(Motion),
    Lines,
    /// `iw`, and `aw` with the blanks around.
    Word {
        around: bool,
        words: Words,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Insert {
    Here,
    Behind,
    FirstText,
    LineEnd,
    LineBelow,
    LineAbove,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Go(Motion),
    Operate(Operator, Target),
    Insert(Insert),
    Put {
        before: bool,
    },
    Replace(char),
    Join,
    ToggleCase,
    Undo,
    Visual {
        lines: bool,
    },
    /// The other end of the selection; `o` inserts a line when nothing is selected.
    Open,
    /// Only with a selection: the word it is widened to.
    Select(Target),
}

/// What a key came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelled {
    More,
    Command(Command, Option<usize>),
    Nonsense,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    G,
    Find { forward: bool, till: bool },
    Replace,
    Word { around: bool },
}

/// What was spelled of a command so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pending {
    count: Option<usize>,
    /// With the count before it.
    operator: Option<(Operator, Option<usize>)>,
    prefix: Option<Prefix>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes a key. `selecting` tells whether operators have a selection to work on and so wait for nothing.
    pub fn spell(&mut self, c: char, selecting: bool) -> Spelled {
        let spelled = self.read(c, selecting);
        if spelled != Spelled::More {
            *self = Self::default();
        }
        spelled
    }

    fn read(&mut self, c: char, selecting: bool) -> Spelled {
        if let Some(prefix) = self.prefix.take() {
            return self.read_behind(prefix, c);
        }
        if c.is_ascii_digit() && (c != '0' || self.count.is_some()) {
            let digit = usize::from(c as u8 - b'0');
            self.count = Some((self.count.unwrap_or(0) * 10 + digit).min(MOST));
            return Spelled::More;
        }
        let wait = |prefix| Some(prefix);
        self.prefix = match c {
            'g' => wait(Prefix::G),
            'f' | 't' => wait(Prefix::Find { forward: true, till: c == 't' }),
            'F' | 'T' => wait(Prefix::Find { forward: false, till: c == 'T' }),
            'i' | 'a' if self.operator.is_some() || selecting => wait(Prefix::Word { around: c == 'a' }),
            'r' if self.operator.is_none() => wait(Prefix::Replace),
            _ => None,
        };
        if self.prefix.is_some() {
            return Spelled::More;
        }
        if let Some(motion) = motion(c) {
            return self.motion(motion);
        }
        if let Some((operator, count)) = self.operator {
            let doubled = operator_of(c) == Some(operator);
            return if doubled {
                self.finish(Command::Operate(operator, Target::Lines), count)
            } else {
                Spelled::Nonsense
            };
        }
        if let Some(operator) = operator_of(c) {
            if selecting {
                return self.finish(Command::Operate(operator, Target::Lines), None);
            }
            self.operator = Some((operator, self.count.take()));
            return Spelled::More;
        }
        command(c).map_or(Spelled::Nonsense, |command| self.finish(command, None))
    }

    fn read_behind(&mut self, prefix: Prefix, c: char) -> Spelled {
        match (prefix, c) {
            (Prefix::G, 'g') => self.motion(Motion::Top),
            (Prefix::Find { forward, till }, c) => self.motion(Motion::Find(Find { c, forward, till })),
            (Prefix::Replace, c) => self.finish(Command::Replace(c), None),
            (Prefix::Word { around }, 'w' | 'W') => {
                let words = if c == 'w' { Words::Small } else { Words::Big };
                let target = Target::Word { around, words };
                match self.operator {
                    Some((operator, count)) => self.finish(Command::Operate(operator, target), count),
                    None => self.finish(Command::Select(target), None),
                }
            }
            _ => Spelled::Nonsense,
        }
    }

    fn motion(&self, motion: Motion) -> Spelled {
        match self.operator {
            Some((operator, count)) => self.finish(Command::Operate(operator, Target::Motion(motion)), count),
            None => self.finish(Command::Go(motion), None),
        }
    }

    /// Counts before the operator and before the motion multiply.
    fn finish(&self, command: Command, before: Option<usize>) -> Spelled {
        let count = match (before, self.count) {
            (Some(before), Some(count)) => Some((before * count).min(MOST)),
            (before, count) => before.or(count),
        };
        Spelled::Command(command, count)
    }
}

fn motion(c: char) -> Option<Motion> {
    Some(match c {
        'h' => Motion::Left,
        'l' | ' ' => Motion::Right,
        'k' => Motion::Up,
        'j' => Motion::Down,
        'w' => Motion::WordStart(Words::Small),
        'W' => Motion::WordStart(Words::Big),
        'e' => Motion::WordEnd(Words::Small),
        'E' => Motion::WordEnd(Words::Big),
        'b' => Motion::WordBack(Words::Small),
        'B' => Motion::WordBack(Words::Big),
        '0' => Motion::LineStart,
        '^' => Motion::FirstText,
        '$' => Motion::LineEnd,
        'G' => Motion::Bottom,
        ';' => Motion::FindAgain(false),
        ',' => Motion::FindAgain(true),
        _ => return None,
    })
}

fn operator_of(c: char) -> Option<Operator> {
    Some(match c {
        'd' => Operator::Delete,
        'c' => Operator::Change,
        'y' => Operator::Yank,
        _ => return None,
    })
}

fn command(c: char) -> Option<Command> {
    let operate = |operator, motion| Command::Operate(operator, Target::Motion(motion));
    Some(match c {
        'x' => operate(Operator::Delete, Motion::Right),
        'X' => operate(Operator::Delete, Motion::Left),
        'D' => operate(Operator::Delete, Motion::LineEnd),
        'C' => operate(Operator::Change, Motion::LineEnd),
        's' => operate(Operator::Change, Motion::Right),
        'S' => Command::Operate(Operator::Change, Target::Lines),
        'Y' => Command::Operate(Operator::Yank, Target::Lines),
        'i' => Command::Insert(Insert::Here),
        'a' => Command::Insert(Insert::Behind),
        'I' => Command::Insert(Insert::FirstText),
        'A' => Command::Insert(Insert::LineEnd),
        'O' => Command::Insert(Insert::LineAbove),
        'o' => Command::Open,
        'p' => Command::Put { before: false },
        'P' => Command::Put { before: true },
        'J' => Command::Join,
        '~' => Command::ToggleCase,
        'u' => Command::Undo,
        'v' => Command::Visual { lines: false },
        'V' => Command::Visual { lines: true },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(keys: &str) -> Spelled {
        let mut pending = Pending::default();
        keys.chars().map(|c| pending.spell(c, false)).last().unwrap()
    }

    #[test]
    fn counts_multiply_and_a_leading_zero_is_a_motion() {
        let delete = |motion| Command::Operate(Operator::Delete, Target::Motion(motion));
        assert_eq!(spelled("2d3l"), Spelled::Command(delete(Motion::Right), Some(6)));
        assert_eq!(spelled("d0"), Spelled::Command(delete(Motion::LineStart), None));
        assert_eq!(spelled("10l"), Spelled::Command(Command::Go(Motion::Right), Some(10)));
        assert_eq!(
            spelled("99999999999999999999999j"),
            Spelled::Command(Command::Go(Motion::Down), Some(MOST))
        );
        assert_eq!(spelled("9999d9999l"), Spelled::Command(delete(Motion::Right), Some(MOST)));
    }

    #[test]
    fn nonsense_is_forgotten() {
        let mut pending = Pending::default();
        assert_eq!(pending.spell('d', false), Spelled::More);
        assert_eq!(pending.spell('x', false), Spelled::Nonsense);
        assert!(pending.is_empty());
        assert_eq!(spelled("dy"), Spelled::Nonsense);
        assert_eq!(spelled("gx"), Spelled::Nonsense);
    }
}
