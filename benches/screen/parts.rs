//! What a frame is made of, and how long each part of it takes.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyModifiers};
use offshoot::agent::AgentEvent;
use offshoot::tui::app::App;
use offshoot::tui::arrange::arrange;
use offshoot::tui::view::view;

use crate::desk::{self, Terminal, press, tell};
use crate::process;
use crate::table::{heading, mb, ms, percentile};

const ROUNDS: usize = 200;
const LINES: usize = 100_000;

/// One frame by its parts.
#[derive(Default, Clone)]
struct Frame {
    update: Duration,
    arrange: Duration,
    view: Duration,
    bytes: Duration,
    written: usize,
}

pub fn run() {
    println!("\nA frame with a transcript of {LINES} lines, {ROUNDS} times, medians");
    println!(
        "  {:<36}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>9}",
        "", "update", "arrange", "view", "to bytes", "whole", "whole p95", "bytes"
    );
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut app = desk::app(width, height);
        desk::talk(&mut app, LINES);
        let mut terminal = desk::terminal(width, height);
        frame(&mut app, &mut terminal, |_| {});
        let size = format!("{width}×{height}");
        let mut column = 0;
        row(&format!("{size}: a letter is typed"), &mut app, &mut terminal, |app| {
            column += 1;
            if column % 40 == 0 {
                press(app, KeyCode::Char('u'), KeyModifiers::CONTROL);
            } else {
                press(app, KeyCode::Char('k'), KeyModifiers::NONE);
            }
        });
        row(&format!("{size}: an answer arrives"), &mut app, &mut terminal, |app| {
            for word in ["some ", "more ", "words ", "in an ", "answer", ", ", "and ", "so on.\n"] {
                tell(app, AgentEvent::Text(word.to_owned()));
            }
        });
        row(&format!("{size}: a page up, laid out anew"), &mut app, &mut terminal, |app| {
            press(app, KeyCode::PageUp, KeyModifiers::NONE);
        });
        row(&format!("{size}: everything laid out anew"), &mut app, &mut terminal, |app| {
            app.tab_mut().transcript.touch();
        });
        let mut is_narrow = false;
        row(&format!("{size}: another width"), &mut app, &mut terminal, |app| {
            is_narrow = !is_narrow;
            app.size.0 = width - u16::from(is_narrow);
        });
    }
    heading("Where a frame might wait for the whole of the transcript");
    let mut app = desk::app(120, 40);
    let (begun, before) = (Instant::now(), process::memory(rustix::process::getpid()).own);
    desk::talk(&mut app, LINES);
    crate::table::figure("all of it told", &ms(begun.elapsed()), "");
    let taken = process::memory(rustix::process::getpid()).own.saturating_sub(before);
    crate::table::figure("memory of it, of which text is 4.9 MB", &mb(taken), "");
    let mut terminal = desk::terminal(120, 40);
    frame(&mut app, &mut terminal, |_| {});
    for (what, code, modifiers) in [
        ("to the top", KeyCode::Home, KeyModifiers::CONTROL),
        ("to the end", KeyCode::End, KeyModifiers::CONTROL),
        ("all calls opened", KeyCode::Char('o'), KeyModifiers::CONTROL),
    ] {
        let begun = Instant::now();
        frame(&mut app, &mut terminal, |app| press(app, code, modifiers));
        crate::table::figure(what, &ms(begun.elapsed()), "");
    }
    let begun = Instant::now();
    let is_found = app.tab_mut().transcript.search("nowhere to be found");
    assert!(!is_found);
    crate::table::figure("searched for what is not there", &ms(begun.elapsed()), "");
}

fn row(what: &str, app: &mut App, terminal: &mut Terminal, mut change: impl FnMut(&mut App)) {
    let frames: Vec<Frame> = (0..ROUNDS).map(|_| frame(app, terminal, &mut change)).collect();
    let median =
        |part: fn(&Frame) -> Duration| ms(percentile(&frames.iter().map(part).collect::<Vec<_>>(), 50));
    let whole: Vec<Duration> =
        frames.iter().map(|frame| frame.update + frame.arrange + frame.view + frame.bytes).collect();
    let mut written: Vec<usize> = frames.iter().map(|frame| frame.written).collect();
    written.sort_unstable();
    println!(
        "  {what:<36}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>9}",
        median(|frame| frame.update),
        median(|frame| frame.arrange),
        median(|frame| frame.view),
        median(|frame| frame.bytes),
        ms(percentile(&whole, 50)),
        ms(percentile(&whole, 95)),
        written[ROUNDS / 2],
    );
}

fn frame(app: &mut App, terminal: &mut Terminal, change: impl FnOnce(&mut App)) -> Frame {
    let mut frame = Frame::default();
    let before = terminal.bytes.get();
    let Terminal { inner, bytes } = terminal;
    frame.update = timed(|| change(app));
    frame.arrange = timed(|| drop(arrange(app)));
    frame.view = timed(|| view(app, &mut inner.get_frame()));
    frame.bytes = timed(|| inner.flush().expect("nothing is written anywhere"));
    inner.swap_buffers();
    frame.written = bytes.get() - before;
    frame
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
