//! The side panel: which of its parts is looked at, and how wide it is.

/// Columns that it has at first.
const WIDTH: u16 = 40;
/// On a wide screen.
const WIDE: u16 = 60;
/// At most, and at least.
const WIDEST: u16 = 100;
const NARROWEST: u16 = 24;
/// Columns of the screen below which it is shown only when it is asked for.
const ROOMY: u16 = 110;
/// Columns that stay for the transcript.
const REST: u16 = 36;

#[derive(Debug)]
pub struct Panel {
    pub is_open: bool,
    /// The user asked for it: it is shown on narrow screens too.
    is_wanted: bool,
    /// As the user made it.
    width: Option<u16>,
    /// The row at the cursor, while the panel has the keys.
    pub cursor: usize,
    pub scroll: usize,
    /// The file that the review is to show first.
    pub wanted_file: Option<String>,
}

impl Panel {
    pub fn new(is_open: bool) -> Self {
        Self { is_open, is_wanted: false, width: None, cursor: 0, scroll: 0, wanted_file: None }
    }

    pub fn toggle(&mut self, screen: u16) {
        let is_shown = self.columns(screen) > 0;
        self.is_open = !is_shown;
        self.is_wanted = !is_shown;
    }

    pub fn open(&mut self) {
        self.is_open = true;
        self.is_wanted = true;
    }

    pub fn resize(&mut self, by: i16, screen: u16) {
        let width = self.wished(screen).saturating_add_signed(by);
        self.width = Some(width.clamp(NARROWEST, WIDEST));
    }

    /// Columns that it takes of a screen; 0 when it is not shown.
    pub fn columns(&self, screen: u16) -> u16 {
        let has_room = screen >= ROOMY || self.is_wanted && screen >= REST + NARROWEST;
        if self.is_open && has_room { self.wished(screen).min(screen - REST) } else { 0 }
    }

    /// A wide screen has more room for it.
    fn wished(&self, screen: u16) -> u16 {
        self.width.unwrap_or_else(|| (screen / 4).clamp(WIDTH, WIDE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leaves_room_for_the_transcript() {
        let mut panel = Panel::new(true);
        assert_eq!([80, 109, 110, 250].map(|screen| panel.columns(screen)), [0, 0, 40, 60]);
        panel.toggle(80);
        assert_eq!([40, 60, 80, 250].map(|screen| panel.columns(screen)), [0, 24, 40, 60]);
        panel.toggle(80);
        assert_eq!(panel.columns(250), 0);
        panel.open();
        panel.resize(200, 250);
        assert_eq!([120, 250].map(|screen| panel.columns(screen)), [84, 100]);
    }
}
