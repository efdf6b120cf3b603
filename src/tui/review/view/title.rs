//! The bar above: what is reviewed, how much changed, and where the reader is.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::pen::Pen;
use crate::tui::look::{Look, Role};
use crate::tui::review::state::Review;
use crate::tui::wrap::clean;

pub fn paint(review: &Review, area: Rect, pen: &mut Pen<'_>) {
    if area.is_empty() {
        return;
    }
    let bar = pen.on_screen(Role::Bar);
    pen.fill(area, bar);
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let dim = pen.over(bar, Role::BarDim);

    let mut right = inner;
    for (text, accent) in state(review).into_iter().rev() {
        let style = if accent { pen.over(bar, Role::BarAccent) } else { dim };
        // The title needs some room too.
        if right.width < inner.width / 3 {
            break;
        }
        right.width = pen.text_right(right, &text, style).saturating_sub(2);
    }
    let mut rest = right;
    let mut say = |pen: &mut Pen<'_>, text: &str, style| {
        let used = pen.text(rest, text, style);
        rest = Rect { x: rest.x + used, width: rest.width - used, ..rest };
    };
    say(pen, &clean(&review.title), pen.over(bar, Look::new(Role::Bar).with(Modifier::BOLD)));
    if review.entries.is_empty() {
        return;
    }
    let counts = review.counts();
    let files = review.entries.len();
    say(pen, &format!("  {files} {}", if files == 1 { "file" } else { "files" }), dim);
    say(pen, &format!("  +{}", counts.insertions), pen.on(bar, Role::Good));
    say(pen, &format!(" −{}", counts.deletions), pen.on(bar, Role::Bad));
    match review.open_parts() {
        (open, all) if open == all => {}
        (0, all) => say(pen, &format!("  ✓ all {all}"), pen.on(bar, Role::Good)),
        (open, all) => say(pen, &format!("  {open} of {all} hunks open"), dim),
    }
}

/// What the right end says, and whether it should catch the eye.
fn state(review: &Review) -> Vec<(String, bool)> {
    let mut parts = Vec::new();
    if let Some(search) = &review.search {
        parts.push((format!("/{} {}", clean(search.query()), search.summary()), true));
    }
    if review.is_selecting() {
        let rows = review.selected().len();
        parts.push((format!("{rows} {} selected", if rows == 1 { "row" } else { "rows" }), true));
    }
    match review.comments.len() + review.comments_elsewhere() {
        0 => {}
        1 => parts.push(("1 comment".to_owned(), true)),
        many => parts.push((format!("{many} comments"), true)),
    }
    if review.left > 0 {
        parts.push((format!("column {}", review.left + 1), false));
    }
    if !review.entries.is_empty() {
        let last = review.total().saturating_sub(2).max(1);
        parts.push((format!("{:>3}%", review.cursor * 100 / last), false));
    }
    parts
}
