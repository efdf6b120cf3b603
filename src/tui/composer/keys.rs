//! The keys of readline, as acts. Which key means what is decided here and nowhere else; what an act does is
//! not decided here.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where a cursor can go by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Left,
    Right,
    WordLeft,
    WordRight,
    /// To the blank before.
    TokenLeft,
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Type(char),
    Move {
        to: Move,
        select: bool,
    },
    /// By rows; at the edge through the history, unless something is being selected.
    Up {
        select: bool,
    },
    Down {
        select: bool,
    },
    /// Removes up to there.
    Erase(Move),
    /// Removes up to there, to be yanked.
    Kill(Move),
    Yank,
    Copy,
    Transpose,
    Undo,
    Redo,
}

/// What a key means; `None` when it is not for the composer.
pub(super) fn act(key: KeyEvent) -> Option<Act> {
    let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
    if !known.contains(key.modifiers) {
        return None;
    }
    let select = key.modifiers.contains(KeyModifiers::SHIFT);
    let to = |to| Some(Act::Move { to, select });
    match (key.code, key.modifiers.difference(KeyModifiers::SHIFT)) {
        (KeyCode::Char(c), KeyModifiers::NONE) => Some(Act::Type(c)),
        (KeyCode::Char(c), KeyModifiers::CONTROL) => control(c.to_ascii_lowercase(), select),
        (KeyCode::Char(c), KeyModifiers::ALT) => alt(c),
        (KeyCode::Left, KeyModifiers::NONE) => to(Move::Left),
        (KeyCode::Right, KeyModifiers::NONE) => to(Move::Right),
        (KeyCode::Left, _) => to(Move::WordLeft),
        (KeyCode::Right, _) => to(Move::WordRight),
        (KeyCode::Up, KeyModifiers::NONE) => Some(Act::Up { select }),
        (KeyCode::Down, KeyModifiers::NONE) => Some(Act::Down { select }),
        (KeyCode::Home, KeyModifiers::NONE) => to(Move::LineStart),
        (KeyCode::End, KeyModifiers::NONE) => to(Move::LineEnd),
        (KeyCode::Home, KeyModifiers::CONTROL) => to(Move::TextStart),
        (KeyCode::End, KeyModifiers::CONTROL) => to(Move::TextEnd),
        (KeyCode::Backspace, KeyModifiers::NONE) => Some(Act::Erase(Move::Left)),
        (KeyCode::Backspace, _) => Some(Act::Kill(Move::WordLeft)),
        (KeyCode::Delete, KeyModifiers::NONE) => Some(Act::Erase(Move::Right)),
        (KeyCode::Delete, _) => Some(Act::Kill(Move::WordRight)),
        _ => None,
    }
}

fn control(c: char, shift: bool) -> Option<Act> {
    let to = |to| Some(Act::Move { to, select: shift });
    match c {
        'a' => to(Move::LineStart),
        'e' => to(Move::LineEnd),
        'b' => to(Move::Left),
        'f' => to(Move::Right),
        'p' => Some(Act::Up { select: shift }),
        'n' => Some(Act::Down { select: shift }),
        'd' => Some(Act::Erase(Move::Right)),
        'h' => Some(Act::Erase(Move::Left)),
        'k' => Some(Act::Kill(Move::LineEnd)),
        'u' => Some(Act::Kill(Move::LineStart)),
        'w' => Some(Act::Kill(Move::TokenLeft)),
        'y' => Some(Act::Yank),
        't' => Some(Act::Transpose),
        'z' if shift => Some(Act::Redo),
        // Terminals without the newer protocol report ctrl-_ and ctrl-/ as ctrl-7.
        '_' | '/' | '7' => Some(Act::Undo),
        '-' if shift => Some(Act::Undo),
        _ => None,
    }
}

fn alt(c: char) -> Option<Act> {
    let to = |to| Some(Act::Move { to, select: false });
    match c {
        'b' => to(Move::WordLeft),
        'f' => to(Move::WordRight),
        '<' => to(Move::TextStart),
        '>' => to(Move::TextEnd),
        'd' => Some(Act::Kill(Move::WordRight)),
        'w' => Some(Act::Copy),
        '_' | '/' => Some(Act::Redo),
        _ => None,
    }
}
