//! What fills the model's window, and what the tab and the day have cost.

use super::{Line, Target, dim, heading};
use crate::tui::app::App;
use crate::tui::look::{Piece, Role, Row};
use crate::tui::words::percent;
use crate::tui::wrap::fit;
use crate::workbench::words::{count, dollars, tokens};

pub(super) fn context(app: &App, width: usize, lines: &mut Vec<Line>) {
    let Some(context) = &app.tab().context else { return };
    let note = match context.window {
        Some(window) => format!("{} of {}", tokens(context.used), tokens(window)),
        None => format!("{} tokens", tokens(context.used)),
    };
    heading("Context", &note, width, lines);
    if let Some(window) = context.window {
        let share = percent(context.used, window).min(100);
        let full = width * usize::try_from(share).unwrap_or_default() / 100;
        let role = if share >= 80 { Role::Warn } else { Role::Accent };
        let row = Row::new(vec![
            Piece::new("━".repeat(full), role),
            Piece::new("─".repeat(width - full), Role::Faint),
        ]);
        lines.push(Line { row, target: Some(Target::Context) });
    }
    let all: u64 = context.parts.iter().map(|(_, size)| size).sum();
    let mut parts = context.parts.clone();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    for (part, size) in parts.iter().take(3) {
        let text = format!("{:<14}{:>4} %", part.name(), percent(*size, all));
        lines.push(dim(&text, width));
    }
}

pub(super) fn usage(app: &App, width: usize, lines: &mut Vec<Line>) {
    let tab = app.tab();
    let used = &tab.usage;
    if used.output == 0 && app.facts.spent.as_ref().is_none_or(|spent| spent.lines.is_empty()) {
        return;
    }
    heading("Usage", &dollars(tab.cost), width, lines);
    let cached =
        if used.cache_read > 0 { format!(" ({} cached)", tokens(used.cache_read)) } else { String::new() };
    let text = format!(
        "{} in{cached}, {} out",
        tokens(used.input + used.cache_read + used.cache_write),
        tokens(used.output)
    );
    let row = Row::of(fit(&text, width), Role::Text);
    lines.push(Line { row, target: Some(Target::Usage) });
    if let Some(spent) = &app.facts.spent {
        let all = &spent.total;
        lines
            .push(dim(&format!("today {}, {}", dollars(Some(all.cost_usd)), count(all.calls, "run")), width));
    }
}
