//! Opening and reading a diff of many lines.

use std::time::{Duration, Instant};

use offshoot::tui::look::Look;
use offshoot::tui::review::{Act, Body, Change, FileDiff, Prepared, Review, render};
use offshoot::tui::theme::{Depth, Themes};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::table::{heading, times};

const LINES: usize = 20_000;
const ROUNDS: usize = 15;

pub fn run() {
    let screen = Rect::new(0, 0, 120, 40);
    let themes = Themes::shipped();
    let (theme, _) = themes.choose("", None, Depth::True);
    let style = |look: Look| theme.style(look);
    for (name, files) in [("in one file", 1), ("in 200 files", 200), ("in 2,000 files", 2_000)] {
        heading(&format!("Review of {LINES} changed lines {name}, 120×40, {ROUNDS} times"));
        let mut of = [const { Vec::new() }; 6];
        for _ in 0..ROUNDS {
            let diff: Vec<FileDiff> = (0..files).map(|file| changed(file, LINES / files)).collect();
            let (prepared, align) = timed(|| Prepared::align(diff, None));
            let (mut review, open) = timed(|| {
                let mut review = Review::new("Turn 1", prepared);
                review.fit(screen);
                review
            });
            let mut buffer = Buffer::empty(screen);
            let ((), paint) = timed(|| render(&review, screen, &mut buffer, &style));
            let ((), page) = timed(|| {
                review.act(Act::PageDown);
                render(&review, screen, &mut buffer, &style);
            });
            let ((), bottom) = timed(|| {
                review.act(Act::Bottom);
                render(&review, screen, &mut buffer, &style);
            });
            let ((), other) = timed(|| {
                review.act(Act::ToggleLayout);
                render(&review, screen, &mut buffer, &style);
            });
            for (all, time) in of.iter_mut().zip([align, open, paint, page, bottom, other]) {
                all.push(time);
            }
        }
        let names = [
            "aligned, in the background",
            "opened",
            "painted first",
            "a page on",
            "to the end",
            "the other layout",
        ];
        for (name, all) in names.iter().zip(&of) {
            times(name, all, "");
        }
    }
}

fn changed(number: usize, lines: usize) -> FileDiff {
    let line =
        |at: usize, word: &str| format!("    let value_{at} = {word}(input, {at}, \"text {}\");\n", at % 7);
    let old: String = (0..lines).map(|at| line(at, "parse_old")).collect();
    let new: String =
        (0..lines).map(|at| line(at, if at % 9 == 8 { "parse_old" } else { "parse_new" })).collect();
    FileDiff {
        path: format!("src/module{}/file{number}.rs", number % 10),
        old_path: None,
        kind: Change::Modified,
        old_mode: Some(0o100_644),
        new_mode: Some(0o100_644),
        body: Body::Text { old, new },
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}
