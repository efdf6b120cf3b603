//! What the screen shows, whole. It changes in `update` only, and knows neither terminals nor tasks.

pub mod asks;
pub mod compare;
pub mod facts;
pub mod landing;
pub mod layer;
pub mod panel;
pub mod suggest;
pub mod tab;

use std::time::{Duration, Instant};

use crate::config::PermissionMode;
use crate::tui::composer::{Composer, History};
use crate::tui::keys::{Context, Keymap, Matcher};
use crate::tui::theme::{Theme, Themes};
use crate::workbench::TabId;

use asks::Asks;
use compare::{Comparison, Setup};
use facts::Facts;
use layer::Layer;
use panel::Panel;
use tab::Tab;

/// How long a passing message stays.
const TOAST: Duration = Duration::from_secs(6);
/// How often what moves while an agent works is painted.
const BEAT: Duration = Duration::from_millis(250);
/// How often a countdown is.
const SECOND: Duration = Duration::from_secs(1);

pub struct App {
    pub clock: Clock,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Never empty.
    pub tabs: Vec<Tab>,
    pub active: usize,
    /// What lies over the screen; the last one gets the keys.
    pub layers: Vec<Layer>,
    /// In the order in which they began.
    pub comparisons: Vec<Comparison>,
    /// A comparison about to begin.
    pub setup: Option<Setup>,
    pub focus: Focus,
    pub panel: Panel,
    pub facts: Facts,
    pub prefs: Prefs,
    pub keymap: Keymap,
    pub matcher: Matcher,
    pub theme: Theme,
    pub themes: Themes,
    pub toast: Option<Toast>,
    pub history: History,
    /// Whether the user looks at this terminal, where it tells.
    pub is_watched: bool,
    /// Everything is being closed, to quit.
    pub is_ending: bool,
    next_tab: u32,
    serial: u64,
}

/// The time as `update` and `view` know it.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub now: Instant,
    /// Milliseconds since 1970.
    pub unix_ms: u64,
}

/// Where keys go when nothing lies over the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Composer,
    Transcript,
    Panel,
}

/// What the user can switch.
#[derive(Debug, Clone)]
pub struct Prefs {
    pub mouse: bool,
    pub vim: bool,
    pub theme: String,
    pub permissions: PermissionMode,
    pub depth: crate::tui::theme::Depth,
    pub background: Option<crate::tui::theme::Background>,
    /// The terminal is likely to report keys such as `Ctrl-1`.
    pub has_more_keys: bool,
}

/// A message that passes.
#[derive(Debug, Clone)]
pub struct Toast {
    pub text: String,
    pub tone: Tone,
    pub until: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
}

/// What an [`App`] is made of.
pub struct Parts {
    pub clock: Clock,
    pub size: (u16, u16),
    pub facts: Facts,
    pub prefs: Prefs,
    pub keymap: Keymap,
    pub theme: Theme,
    pub themes: Themes,
    pub history: History,
    pub shows_panel: bool,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        let mut app = Self {
            clock: parts.clock,
            size: parts.size,
            tabs: Vec::new(),
            active: 0,
            layers: Vec::new(),
            comparisons: Vec::new(),
            setup: None,
            focus: Focus::Composer,
            panel: Panel::new(parts.shows_panel),
            facts: parts.facts,
            prefs: parts.prefs,
            keymap: parts.keymap,
            matcher: Matcher::default(),
            theme: parts.theme,
            themes: parts.themes,
            toast: None,
            history: parts.history,
            is_watched: true,
            is_ending: false,
            next_tab: 1,
            serial: 0,
        };
        app.add_tab();
        app
    }

    pub fn tab(&self) -> &Tab {
        &self.tabs[self.active]
    }

    pub fn tab_mut(&mut self) -> &mut Tab {
        &mut self.tabs[self.active]
    }

    pub fn by_id(&mut self, id: TabId) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    pub fn place_of(&self, id: TabId) -> Option<usize> {
        self.tabs.iter().position(|tab| tab.id == id)
    }

    /// Adds a tab behind the others and goes there.
    pub fn add_tab(&mut self) -> &mut Tab {
        let id = TabId(self.next_tab);
        self.next_tab += 1;
        let composer = Composer::new(self.prefs.vim);
        let tab = Tab::new(id, composer, self.prefs.permissions);
        self.tabs.push(Tab { budget: self.facts.budget, ..tab });
        self.active = self.tabs.len() - 1;
        self.focus = Focus::Composer;
        self.tab_mut()
    }

    /// Puts a tab at a place without going there.
    pub fn insert_tab(&mut self, place: usize, id: TabId) -> &mut Tab {
        let composer = Composer::new(self.prefs.vim);
        let tab = Tab::new(id, composer, self.prefs.permissions);
        let place = place.min(self.tabs.len());
        self.tabs.insert(place, Tab { budget: self.facts.budget, ..tab });
        self.active += usize::from(self.active >= place);
        &mut self.tabs[place]
    }

    pub fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub fn toast(&mut self, text: impl Into<String>, tone: Tone) {
        self.toast = Some(Toast { text: text.into(), tone, until: self.clock.now + TOAST });
    }

    /// Where the next key is looked up.
    pub fn context(&self) -> Context {
        let asks = match self.layers.last() {
            Some(Layer::Asked { tab, .. }) => self.place_of(*tab).and_then(|place| self.tabs[place].asks()),
            Some(_) => None,
            None => self.asks(),
        };
        match (asks, self.layers.last(), self.focus()) {
            (Some(Asks::Call(_)), ..) => Context::Dialog,
            (Some(Asks::Stuck(_)), ..) => Context::Stuck,
            (None, Some(layer), _) => layer.context(),
            (None, None, Focus::Composer) => Context::Composer,
            (None, None, Focus::Transcript) => Context::Scroll,
            (None, None, Focus::Panel) => Context::Panel,
        }
    }

    /// Where keys go when nothing lies over the screen: a panel that has no room has no keys either.
    pub fn focus(&self) -> Focus {
        match self.focus {
            Focus::Panel if self.panel.columns(self.size.0) == 0 => Focus::Composer,
            focus => focus,
        }
    }

    /// What the active tab asks and the next key answers, while the user is not in the middle of writing
    /// something else.
    pub fn asks(&self) -> Option<Asks<'_>> {
        let tab = self.tab();
        let is_free = self.focus() == Focus::Composer && tab.composer.is_empty();
        tab.asks().filter(|_| is_free)
    }

    /// How long it may sleep: until something that is shown changes by itself.
    pub fn wake(&self) -> Option<Instant> {
        let mut wakes: Vec<Instant> = self.toast.iter().map(|toast| toast.until).collect();
        let moves =
            |tab: &Tab| tab.setup.is_some() || tab.is_working() && tab.asks().is_none() || tab.is_opening();
        if self.tabs.iter().any(moves) {
            wakes.push(self.clock.now + BEAT);
        }
        let counts_down =
            self.panel.is_open && self.facts.backends.iter().any(|backend| backend.retry_in_ms > 0);
        let is_asked = |layer: &Layer| matches!(layer, Layer::Asked { .. });
        if counts_down || self.tab().asks().is_some() || self.layers.iter().any(is_asked) {
            wakes.push(self.clock.now + SECOND);
        }
        wakes.into_iter().min()
    }
}
