//! The one list that is filtered by typing: commands, paths, prompts, sessions, models, themes. It holds
//! what there is to choose from and what is chosen; what a choice does is the caller's business.

mod ink;
mod item;
mod paint;
mod place;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

pub use item::Item;

use super::fuzzy::{Fuzzy, Target};
use super::look::Row;

/// More matches are counted but not shown.
const MOST_SHOWN: usize = 1_000;

/// How far a page goes.
const PAGE: usize = 10;

/// Who finds what matches the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Here,
    /// The caller, because there is too much to look through between two frames.
    Caller,
}

/// A row that is shown.
#[derive(Debug, Clone)]
struct Shown {
    index: usize,
    letters: Vec<u32>,
}

/// Moves the choice; it stops at the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickerAct {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Forgets the query.
    Clear,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// It means nothing here; the caller may use it. So is `Backspace` when nothing is typed.
    Ignored,
    Moved,
    /// The query differs.
    Filtered,
}

#[derive(Debug)]
pub struct Picker<T> {
    title: String,
    filter: Filter,
    target: Target,
    query: String,
    items: Vec<Item<T>>,
    shown: Vec<Shown>,
    /// The chosen one among those that are shown; 0 when there are none.
    chosen: usize,
    matched: usize,
    total: usize,
    /// The query is newer than what is shown: the best of what is found next will be chosen.
    stale: bool,
    loading: bool,
    empty_text: String,
    preview: Vec<Row>,
}

impl<T> Picker<T> {
    /// A list of names.
    pub fn new(title: &str) -> Self {
        Self {
            title: item::flat(title),
            filter: Filter::Here,
            target: Target::Plain,
            query: String::new(),
            items: Vec::new(),
            shown: Vec::new(),
            chosen: 0,
            matched: 0,
            total: 0,
            stale: false,
            loading: false,
            empty_text: "nothing found".into(),
            preview: Vec::new(),
        }
    }

    /// A list of paths: file names count more than folders, and what is too long loses its start.
    pub fn paths(title: &str) -> Self {
        Self { target: Target::Path, ..Self::new(title) }
    }

    /// A list of names whose items are still to come.
    pub fn loading(title: &str) -> Self {
        Self { loading: true, ..Self::new(title) }
    }

    /// Shows what [`Self::set_found`] gives; for lists that are ranked on another thread.
    pub fn filtered_elsewhere(title: &str, target: Target) -> Self {
        Self { filter: Filter::Caller, target, ..Self::new(title) }
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether its items are still to come.
    pub fn is_loading(&self) -> bool {
        self.loading
    }

    /// The items that are shown, from the first.
    pub fn found(&self) -> impl Iterator<Item = &Item<T>> {
        self.shown.iter().map(|shown| &self.items[shown.index])
    }

    /// What there is to choose from; nothing more is to come. The choice stays on the same label if that is
    /// still there.
    pub fn set_items(&mut self, items: Vec<Item<T>>) {
        let label = self.chosen_label();
        self.items = items;
        self.loading = false;
        self.refresh();
        self.choose_label(label.as_deref());
    }

    /// What was found for the query, best first, each with the graphemes of its label that matched; how many
    /// matched, and of how many. The first time for a query the best is chosen; then the choice stays on
    /// the same key if that is still there.
    pub fn set_found(&mut self, found: Vec<(Item<T>, Vec<u32>)>, matched: usize, total: usize) {
        let label = self.chosen_label().filter(|_| !self.stale);
        let (items, letters): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        self.items = items;
        self.shown =
            letters.into_iter().enumerate().map(|(index, letters)| Shown { index, letters }).collect();
        (self.matched, self.total, self.stale) = (matched, total, false);
        self.choose_label(label.as_deref());
    }

    /// More is to come, or no more.
    pub fn set_loading(&mut self, loading: bool) {
        self.loading = loading;
    }

    /// Shown when there is nothing to choose from.
    pub fn set_empty(&mut self, text: &str) {
        self.empty_text = item::flat(text);
    }

    /// Shown beside the list where there is room for it; about what is chosen.
    pub fn set_preview(&mut self, rows: Vec<Row>) {
        self.preview = rows;
    }

    pub fn query(&self) -> &str {
        &self.query
    }

    /// Filters anew and chooses the best.
    pub fn set_query(&mut self, query: &str) {
        let query = item::flat(query);
        if query != self.query {
            self.query = query;
            self.chosen = 0;
            self.stale = true;
            self.refresh();
        }
    }

    /// What is chosen.
    pub fn chosen(&self) -> Option<&Item<T>> {
        self.items.get(self.shown.get(self.chosen)?.index)
    }

    pub fn act(&mut self, act: PickerAct) {
        let last = self.shown.len().saturating_sub(1);
        let to = match act {
            PickerAct::Clear => return self.set_query(""),
            PickerAct::Up => self.chosen.saturating_sub(1),
            PickerAct::Down => self.chosen + 1,
            PickerAct::PageUp => self.chosen.saturating_sub(PAGE),
            PickerAct::PageDown => self.chosen + PAGE,
            PickerAct::First => 0,
            PickerAct::Last => last,
        };
        self.chosen = to.min(last);
    }

    /// Types into the query, or moves the choice. `Enter` and `Esc` are the caller's.
    pub fn input(&mut self, key: KeyEvent) -> Typed {
        if key.kind == KeyEventKind::Release {
            return Typed::Ignored;
        }
        let act = match (key.code, key.modifiers.difference(KeyModifiers::SHIFT)) {
            (KeyCode::Char(c), KeyModifiers::NONE) if !c.is_control() => {
                return self.edit(|query| query.push(c));
            }
            (KeyCode::Backspace, KeyModifiers::NONE) | (KeyCode::Char('h'), KeyModifiers::CONTROL) => {
                return self.edit(|query| {
                    query.pop();
                });
            }
            (KeyCode::Char('u'), KeyModifiers::CONTROL) => return self.edit(String::clear),
            (KeyCode::Char('w'), KeyModifiers::CONTROL) | (KeyCode::Backspace, _) => {
                return self.edit(|query| query.truncate(word_start(query)));
            }
            (KeyCode::Up, KeyModifiers::NONE) | (KeyCode::Char('p'), KeyModifiers::CONTROL) => PickerAct::Up,
            (KeyCode::Down, KeyModifiers::NONE) | (KeyCode::Char('n'), KeyModifiers::CONTROL) => {
                PickerAct::Down
            }
            (KeyCode::PageUp, KeyModifiers::NONE) => PickerAct::PageUp,
            (KeyCode::PageDown, KeyModifiers::NONE) => PickerAct::PageDown,
            (KeyCode::Home, KeyModifiers::NONE) => PickerAct::First,
            (KeyCode::End, KeyModifiers::NONE) => PickerAct::Last,
            _ => return Typed::Ignored,
        };
        self.act(act);
        Typed::Moved
    }

    /// What the terminal pasted goes into the query.
    pub fn paste(&mut self, text: &str) -> Typed {
        self.edit(|query| query.push_str(text.trim()))
    }

    /// The mouse wheel: the choice moves so many rows down, or up if negative.
    pub fn scroll(&mut self, rows: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.chosen = self.chosen.saturating_add_signed(rows).min(last);
    }

    fn edit(&mut self, change: impl FnOnce(&mut String)) -> Typed {
        let mut query = self.query.clone();
        change(&mut query);
        if query == self.query {
            return Typed::Ignored;
        }
        self.set_query(&query);
        Typed::Filtered
    }

    fn refresh(&mut self) {
        if self.filter == Filter::Caller {
            return;
        }
        let ranking = Fuzzy::new(&self.query, self.target).rank(&self.items, Item::label, MOST_SHOWN);
        self.shown = ranking
            .best
            .into_iter()
            .map(|ranked| Shown { index: ranked.index, letters: ranked.hit.letters })
            .collect();
        (self.matched, self.total, self.stale) = (ranking.matched, self.items.len(), false);
    }

    fn chosen_label(&self) -> Option<String> {
        self.chosen().map(|item| item.label().to_owned())
    }

    fn choose_label(&mut self, label: Option<&str>) {
        let same = |shown: &Shown| label == self.items.get(shown.index).map(Item::label);
        let last = self.shown.len().saturating_sub(1);
        self.chosen = self.shown.iter().position(same).unwrap_or_else(|| self.chosen.min(last));
    }
}

fn word_start(query: &str) -> usize {
    let trimmed = query.trim_end();
    trimmed.char_indices().rev().find(|(_, c)| c.is_whitespace()).map_or(0, |(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn picker(keys: &[&str]) -> Picker<usize> {
        let mut picker = Picker::new("Title 漢");
        picker.set_items(keys.iter().enumerate().map(|(value, key)| Item::new(key, value)).collect());
        picker
    }

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    fn chosen(picker: &Picker<usize>) -> &str {
        picker.chosen().map_or("", Item::label)
    }

    #[test]
    fn typing_filters_and_chooses_the_best() {
        let mut picker = picker(&["branch", "merge", "model", "theme"]);
        picker.act(PickerAct::Last);
        assert_eq!(picker.input(key(KeyCode::Char('m'))), Typed::Filtered);
        assert_eq!(picker.input(key(KeyCode::Char('o'))), Typed::Filtered);
        assert_eq!((chosen(&picker), picker.matched, picker.total), ("model", 1, 4));
        picker.input(key(KeyCode::Backspace));
        assert_eq!((chosen(&picker), picker.matched), ("merge", 3));
        picker.paste("x\n");
        assert_eq!((picker.query(), picker.chosen()), ("mx", None));
        picker.input(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!((picker.query(), picker.matched), ("", 4));
        assert_eq!(picker.input(key(KeyCode::Backspace)), Typed::Ignored);
        assert_eq!(picker.input(key(KeyCode::Enter)), Typed::Ignored);
    }

    #[test]
    fn the_choice_stops_at_the_ends() {
        let keys: Vec<String> = (0..25).map(|number| format!("item {number}")).collect();
        let mut picker = picker(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        for (code, at) in [
            (KeyCode::Up, 0),
            (KeyCode::Down, 1),
            (KeyCode::PageDown, 11),
            (KeyCode::PageDown, 21),
            (KeyCode::PageDown, 24),
            (KeyCode::Down, 24),
            (KeyCode::PageUp, 14),
            (KeyCode::End, 24),
            (KeyCode::Home, 0),
        ] {
            assert_eq!(picker.input(key(code)), Typed::Moved);
            assert_eq!(picker.chosen, at, "{code:?}");
        }
        picker.scroll(3);
        picker.scroll(-1);
        assert_eq!(picker.chosen, 2);
    }

    #[test]
    fn the_choice_stays_on_its_label_while_items_come_and_go() {
        let mut picker = picker(&["a", "b", "c"]);
        picker.act(PickerAct::Down);
        picker.set_items(["x", "y", "b", "a"].map(|key| Item::new(key, 0)).into());
        assert_eq!(chosen(&picker), "b");
        picker.set_items(["x", "y"].map(|key| Item::new(key, 0)).into());
        assert_eq!(chosen(&picker), "y");
        picker.set_items(Vec::new());
        assert_eq!(picker.chosen(), None);
        picker.act(PickerAct::Down);
        picker.act(PickerAct::PageUp);
        assert_eq!(picker.chosen(), None);
    }

    #[test]
    fn what_the_caller_found_is_shown_as_it_is() {
        let mut picker = Picker::filtered_elsewhere("", Target::Path);
        picker.set_query("zz");
        let found = ["src/b.rs", "src/a.rs"].map(|key| (Item::new(key, ()), vec![4])).into();
        picker.set_found(found, 90, 100_000);
        assert_eq!(picker.chosen().map(Item::label), Some("src/b.rs"));
        assert_eq!((picker.shown.len(), picker.matched, picker.total), (2, 90, 100_000));
        picker.set_query("zzz");
        assert_eq!(picker.shown.len(), 2);
    }

    #[test]
    fn the_best_of_a_new_query_is_chosen_and_then_stays() {
        let mut picker = Picker::filtered_elsewhere("", Target::Path);
        let found = |keys: [&str; 3]| keys.map(|key| (Item::new(key, 0), Vec::new())).into();
        picker.set_found(found(["a", "b", "c"]), 3, 3);
        picker.set_query("x");
        picker.set_found(found(["b", "a", "c"]), 3, 3);
        assert_eq!(chosen(&picker), "b");
        picker.set_found(found(["c", "a", "b"]), 3, 3);
        assert_eq!(chosen(&picker), "b");
    }

    #[test]
    fn a_list_waits_for_its_items_and_forgets_its_query() {
        let mut picker = Picker::loading("Sessions");
        picker.set_query("b");
        assert!(picker.loading && picker.chosen().is_none());
        picker.set_items(["a", "b"].map(|label| Item::new(label, 0)).into());
        assert_eq!((chosen(&picker), picker.loading), ("b", false));
        picker.act(PickerAct::Clear);
        assert_eq!((picker.query(), picker.shown.len()), ("", 2));
    }

    /// Keys in no order, from a small generator so that the seed alone gives the same keys everywhere.
    #[test]
    fn random_keys_keep_the_picker_sound() {
        let mut dice = 5_u64;
        println!("seed {dice}");
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((dice >> 33) % sides).unwrap()
        };
        let codes =
            [KeyCode::Up, KeyCode::Down, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home, KeyCode::End];
        let mut picker = picker(&["branch", "漢字", "👩‍👩‍👧 x", "e\u{301}", "model", ""]);
        for _ in 0..5_000 {
            match roll(5) {
                0 => _ = picker.input(key(codes[roll(6)])),
                1 => _ = picker.input(key(KeyCode::Char(['m', 'x', '漢', ' ', '\u{301}'][roll(5)]))),
                2 => _ = picker.input(key(KeyCode::Backspace)),
                3 => {
                    let items =
                        (0..roll(40)).map(|number| Item::new(&format!("m漢{number}"), number).group("g"));
                    picker.set_items(items.collect());
                }
                _ => {
                    let area = super::paint::tests::area(roll(60), roll(20));
                    let shape = if roll(2) == 0 { place::Shape::Attached } else { place::Shape::Popup };
                    super::paint::tests::paint_within(&picker, shape, area);
                    let at = ratatui::layout::Position::new(area.x + 4, area.y + 3);
                    let _ = picker.click(area, at) || picker.click_attached(area, at);
                }
            }
            assert!(picker.chosen < picker.shown.len().max(1));
            assert!(picker.shown.iter().all(|shown| shown.index < picker.items.len()));
        }
    }
}
