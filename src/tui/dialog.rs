//! What an agent asks of the user, as rows, and the keys that answer it.

use std::time::{Duration, Instant};

use super::app::asks::{Asks, Standstill};
use super::look::{Piece, Role, Row};
use super::words::seconds;
use super::wrap::{Hanging, clean, fit_pieces, wrap};
use crate::agent::{Approval, Resort};
use crate::chat::sanitise;
use crate::workbench::words::{count, describe};

/// Rows of what is asked about that are shown above the prompt.
const SHOWN: usize = 8;
/// Lines of it that anybody would read.
const READ: usize = 1_000;

/// What is asked, the whole of it, in rows of a width.
pub fn asked(asks: Asks, now: Instant, width: usize) -> Vec<Row> {
    match asks {
        Asks::Call(asked) => approval(asked, width),
        Asks::Stuck(standstill) => stuck(standstill, now, width),
    }
}

/// As much of it as there is room for above the prompt, and how much there is beyond.
pub fn start(asks: Asks, now: Instant, width: usize, room: usize) -> Vec<Row> {
    let mut rows = asked(asks, now, width);
    // How long it waits is never what is left out.
    let (room, last) = match asks {
        Asks::Call(_) => (SHOWN, None),
        Asks::Stuck(_) => (room.clamp(2, SHOWN), rows.pop()),
    };
    let room = room - usize::from(last.is_some());
    if rows.len() > room {
        let more = rows.len() - room + 1;
        let is_low = room < 2;
        rows.truncate(room - usize::from(!is_low));
        rows.extend((!is_low).then(|| Row::of(format!("… and {}", count(more, "more line")), Role::Warn)));
    }
    rows.extend(last);
    rows
}

/// Rows that this takes above the composer.
pub fn rows_above(asks: Asks, now: Instant, width: u16) -> u16 {
    let rows = start(asks, now, usize::from(width).saturating_sub(4), SHOWN).len() + 2;
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// The keys that answer, each with what it does, and the same in fewer words.
pub fn keys(asks: Asks) -> [Vec<(&'static str, String)>; 2] {
    let Asks::Stuck(standstill) = asks else {
        let long = [("y", "allow once"), ("a", "allow for the session"), ("n", "deny")];
        let short = [("y", "once"), ("a", "session"), ("n", "no")];
        return [long, short].map(|keys| keys.map(|(key, does)| (key, does.to_owned())).to_vec());
    };
    let pair = |resort| (key_of(resort), clean(&standstill.told(resort)).into_owned());
    let short = |resort: Resort| (key_of(resort), resort.name().to_owned());
    [standstill.resorts().map(pair).collect(), standstill.resorts().map(short).collect()]
}

/// The key of a choice, in dialogs and in `--plain`.
pub fn key_of(resort: Resort) -> &'static str {
    match resort {
        Resort::Wait => "w",
        Resort::FallBack => "f",
        Resort::Stop => "s",
    }
}

fn stuck(standstill: &Standstill, now: Instant, width: usize) -> Vec<Row> {
    let stuck = &standstill.stuck;
    let none = Hanging::default();
    let head = [
        Piece::new(clean(&stuck.from), Role::Strong),
        Piece::new(" cannot answer now  ", Role::Text),
        Piece::new(stuck.error_class.name(), Role::Bad),
    ];
    let mut rows = wrap(&head, width, &none);
    for line in sanitise(&stuck.message).lines().filter(|line| !line.trim().is_empty()).take(READ) {
        rows.extend(wrap(&[Piece::new(clean(line), Role::Dim)], width, &none));
    }
    let next = stuck.to.as_deref().map(clean);
    let (wait, next) = match (standstill.left(now), stuck.otherwise, next) {
        (Some(left), Some((_, Resort::FallBack)), Some(next)) => {
            (format!("{next} goes on in {}", seconds(up(left))), String::new())
        }
        (Some(left), otherwise, next) => {
            let what = match otherwise {
                Some((_, Resort::Stop)) => "stopped",
                _ => "asked again",
            };
            (format!("{what} in {}", seconds(up(left))), could_go_on(next.as_deref()))
        }
        (None, _, next) => ("nothing happens until you choose".to_owned(), could_go_on(next.as_deref())),
    };
    let last = [Piece::new(wait, Role::Waiting), Piece::new(next, Role::Text)];
    rows.push(Row::new(fit_pieces(&last, width)));
    rows
}

fn could_go_on(next: Option<&str>) -> String {
    match next {
        Some(next) => format!("  {next} could go on"),
        None => "  nobody else may go on".to_owned(),
    }
}

/// To whole seconds: a countdown ends with 1.
fn up(time: Duration) -> Duration {
    time + Duration::from_nanos(u64::from((1_000_000_000 - time.subsec_nanos()) % 1_000_000_000))
}

fn approval(asked: &Approval, width: usize) -> Vec<Row> {
    let none = Hanging::default();
    let mut rows = Vec::new();
    let head = [
        Piece::new(clean(&asked.tool), Role::Strong),
        Piece::new(format!("  because it {}", clean(&asked.reason)), Role::Dim),
    ];
    rows.extend(wrap(&head, width, &none));
    let about = about(asked);
    for line in about.lines().take(READ) {
        rows.extend(wrap(&[Piece::new(clean(line), Role::Code)], width, &none));
    }
    let more = about.lines().count().saturating_sub(READ);
    if more > 0 {
        rows.push(Row::of(format!("… and {}", count(more, "more line")), Role::Warn));
    }
    rows
}

/// The whole of what it would do: a person must see what they allow.
fn about(asked: &Approval) -> String {
    let text = |key: &str| asked.input.get(key).and_then(serde_json::Value::as_str);
    match text("command").or_else(|| text("patch")) {
        Some(command) => command.to_owned(),
        None => {
            let line = describe(&asked.tool, &asked.input);
            line.strip_prefix(&asked.tool).unwrap_or(&line).trim_start().to_owned()
        }
    }
}
