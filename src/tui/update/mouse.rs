//! The mouse: tabs are clicked, text is scrolled and selected, lists are chosen from.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Actions, layers, panel, session, suggest, tabs};
use crate::tui::app::layer::Layer;
use crate::tui::app::{App, Focus};
use crate::tui::commands::Do;
use crate::tui::places::{Places, tab_at};
use crate::tui::review::Mouse as ReviewMouse;
use crate::tui::side;
use crate::tui::transcript::{Move, Point};

/// Rows for each notch of the wheel.
const NOTCH: isize = 3;

pub(super) fn update(app: &mut App, event: MouseEvent) -> Actions {
    let at = Position::new(event.column, event.row);
    let wheel = match event.kind {
        MouseEventKind::ScrollUp => Some(-1),
        MouseEventKind::ScrollDown => Some(1),
        _ => None,
    };
    if !app.layers.is_empty() {
        return over(app, event.kind, at, wheel);
    }
    let places = Places::of(app);
    if let Some(direction) = wheel {
        if places.panel.contains(at) {
            let most = side::lines(app, side::inner(places.panel).width)
                .len()
                .saturating_sub(usize::from(places.panel.height));
            app.panel.scroll = app.panel.scroll.saturating_add_signed(direction * NOTCH).min(most);
            // The cursor would pull it back.
            app.focus = if app.focus == Focus::Panel { Focus::Composer } else { app.focus };
        } else {
            app.tab_mut().transcript.go(Move::Rows(direction * NOTCH));
        }
        return Vec::new();
    }
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(app, &places, at),
        MouseEventKind::Drag(MouseButton::Left) => {
            if let Some(point) = point(app, places.transcript, at) {
                app.tab_mut().transcript.select_to(point);
            }
            Vec::new()
        }
        MouseEventKind::Up(MouseButton::Left) => {
            let transcript = &mut app.tab_mut().transcript;
            if !transcript.has_selection() {
                transcript.unselect();
                return Vec::new();
            }
            match transcript.copied() {
                Some(text) => session::copied(app, text),
                None => Vec::new(),
            }
        }
        MouseEventKind::Down(MouseButton::Middle) if places.tabs.contains(at) => match tab_at(app, at.x) {
            Some(place) => {
                tabs::show(app, place);
                tabs::close(app)
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn click(app: &mut App, places: &Places, at: Position) -> Actions {
    if places.tabs.contains(at) {
        return tab_at(app, at.x).map(|place| tabs::show(app, place)).unwrap_or_default();
    }
    if places.panel.contains(at) {
        let row = usize::from(at.y - places.panel.y) + side::top(app, places.panel);
        let target = side::target_at(app, side::inner(places.panel).width, row);
        app.focus = Focus::Panel;
        if let Some(index) = target {
            app.panel.cursor = index;
            let targets = side::targets(app);
            return panel::open(app, targets.get(index));
        }
        return Vec::new();
    }
    if places.composer.contains(at) {
        app.focus = Focus::Composer;
        let tab = app.tab_mut();
        tab.transcript.unselect();
        tab.composer.click(places.input(), at, false);
        return Vec::new();
    }
    if places.above.contains(at) {
        let taken =
            app.tab_mut().suggest.as_mut().is_some_and(|one| one.picker.click_attached(places.above, at));
        return if taken { suggest::complete(app) } else { Vec::new() };
    }
    if let Some(point) = point(app, places.transcript, at) {
        let transcript = &mut app.tab_mut().transcript;
        transcript.select_from(point);
        // A click on a mark opens what is folded behind it.
        if point.column < 2 {
            transcript.fold(point.at.cell);
        }
    }
    Vec::new()
}

/// The place in the transcript under a place on the screen.
fn point(app: &App, area: Rect, at: Position) -> Option<Point> {
    if area.is_empty() {
        return None;
    }
    let row = usize::from(at.y.clamp(area.y, area.bottom().saturating_sub(1)).saturating_sub(area.y));
    let window: Vec<_> = app.tab().transcript.window().map(|(position, _)| position).collect();
    let position = window.get(row).or(window.last())?;
    let column = usize::from(at.x.saturating_sub(area.x + crate::tui::places::MARGIN));
    Some(Point { at: *position, column })
}

/// In what lies over the screen.
fn over(app: &mut App, kind: MouseEventKind, at: Position, wheel: Option<isize>) -> Actions {
    let screen = Rect::new(0, 0, app.size.0, app.size.1);
    let is_click = matches!(kind, MouseEventKind::Down(MouseButton::Left));
    match app.layers.last_mut() {
        Some(Layer::Review(layer)) => {
            let mouse = match (kind, wheel) {
                (_, Some(direction)) => ReviewMouse::Wheel(i16::try_from(direction).unwrap_or_default()),
                (MouseEventKind::Down(MouseButton::Left), _) => ReviewMouse::Click,
                (MouseEventKind::Drag(MouseButton::Left), _) => ReviewMouse::Drag,
                _ => return Vec::new(),
            };
            layer.review.mouse(mouse, at);
            Vec::new()
        }
        Some(Layer::List(list)) => {
            if let Some(direction) = wheel {
                list.picker.scroll(direction);
                return Vec::new();
            }
            if is_click && list.picker.click(screen, at) {
                return layers::act(app, Do::ListAccept).unwrap_or_default();
            }
            Vec::new()
        }
        Some(Layer::Comparison(_)) => {
            if let Some(direction) = wheel {
                layers::act(app, if direction > 0 { Do::ListDown } else { Do::ListUp });
            }
            Vec::new()
        }
        Some(Layer::Text(_)) => {
            let does = if wheel == Some(1) { Do::ListDown } else { Do::ListUp };
            for _ in 0..if wheel.is_some() { NOTCH } else { 0 } {
                layers::act(app, does);
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}
