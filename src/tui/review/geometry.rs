//! Where the parts of the review lie on the screen, for those who paint and for those who click.

use ratatui::layout::Rect;

/// From this width on, the list of files stands beside the diff.
const WIDE: u16 = 100;

/// From this width on, a diff is shown side by side when the user did not say otherwise.
const SIDE_BY_SIDE: u16 = 100;

/// Below this width of the diff, one column of line numbers has to do, and one side.
const NARROW: u16 = 56;

/// A comment's lines are no longer than this, however wide the screen.
const COMMENT: usize = 96;

/// The list's width is a quarter of the screen's, within these.
const LIST: (u16, u16) = (26, 44);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panes {
    pub title: Rect,
    /// With the line that separates it from the diff as its last column, when the diff is there too.
    pub list: Rect,
    pub diff: Rect,
}

impl Panes {
    /// `list` says whether the list may stand beside the diff, `on_list` whether the user is in it.
    /// A part that is not shown is empty.
    pub fn of(area: Rect, list: bool, on_list: bool) -> Self {
        let title = Rect { height: u16::from(area.height >= 3), ..area };
        let body =
            Rect { y: area.y + title.height, height: area.height.saturating_sub(title.height), ..area };
        let (list_width, diff_width) = match (area.width >= WIDE, list, on_list) {
            (true, true, _) | (true, false, true) => {
                let width = (area.width / 4).clamp(LIST.0, LIST.1);
                (width, area.width - width)
            }
            (false, _, true) => (area.width, 0),
            _ => (0, area.width),
        };
        let list = Rect { width: list_width, ..body };
        Self { title, list, diff: Rect { x: body.x + list_width, width: diff_width, ..body } }
    }

    pub fn is_wide(area: Rect) -> bool {
        area.width >= WIDE
    }
}

/// How a width is divided between line numbers and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// Columns of a line number.
    pub digits: u16,
    /// How many line numbers stand before the text of a unified diff.
    pub numbers: u16,
    /// Where the right side begins, the column of the separator before it not counted; unused in a
    /// unified diff.
    pub right: u16,
    pub width: u16,
}

impl Columns {
    pub fn of(width: u16, digits: u16) -> Self {
        let numbers = if width < NARROW { 1 } else { 2 };
        Self { digits, numbers, right: 1 + (width.saturating_sub(2)).div_ceil(2) + 1, width }
    }

    /// For a file that has only one side.
    pub fn with_one_number(self) -> Self {
        Self { numbers: 1, ..self }
    }

    pub fn prefers_sides(self) -> bool {
        self.width >= SIDE_BY_SIDE
    }

    pub fn allows_sides(self) -> bool {
        self.width >= NARROW
    }

    /// Where text begins in a unified diff: behind the cursor's bar, the numbers and the sign.
    pub fn unified_text(self) -> u16 {
        1 + self.numbers * (self.digits + 1) + 2
    }

    /// The columns for the text of a row.
    pub fn text_width(self, side_by_side: bool) -> u16 {
        if side_by_side {
            self.width.saturating_sub(self.right + self.gutter())
        } else {
            self.width.saturating_sub(self.unified_text())
        }
    }

    /// What stands before the text of one side: a number and a sign, each with a blank behind it.
    pub fn gutter(self) -> u16 {
        self.digits + 1 + 2
    }

    /// How wide the lines of a comment may be.
    pub fn comment(self) -> usize {
        usize::from(self.width.saturating_sub(self.comment_indent() + 3)).clamp(1, COMMENT)
    }

    pub fn comment_indent(self) -> u16 {
        if self.width < NARROW { 1 } else { 1 + self.digits + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(width: u16, list: bool, on_list: bool) -> (u16, u16) {
        let panes = Panes::of(Rect::new(5, 7, width, 20), list, on_list);
        assert_eq!(panes.list.right(), panes.diff.x);
        assert_eq!(panes.diff.right(), 5 + width);
        assert_eq!((panes.title.y, panes.list.y, panes.diff.bottom()), (7, 8, 27));
        (panes.list.width, panes.diff.width)
    }

    #[test]
    fn the_list_stands_beside_the_diff_where_there_is_room() {
        assert_eq!(widths(120, true, false), (30, 90));
        assert_eq!(widths(300, true, true), (44, 256));
        assert_eq!(widths(120, false, false), (0, 120));
    }

    #[test]
    fn on_a_narrow_screen_either_is_shown() {
        assert_eq!(widths(80, true, false), (0, 80));
        assert_eq!(widths(80, true, true), (80, 0));
    }

    #[test]
    fn both_sides_have_the_same_room() {
        for width in 60..200 {
            let columns = Columns::of(width, 3);
            let left = columns.right - 2;
            let right = width - columns.right;
            assert!(left == right || left == right + 1, "{width}: {left} {right}");
        }
    }

    #[test]
    fn a_tiny_screen_overflows_nothing() {
        for width in 0..20 {
            for height in 0..4 {
                let area = Rect::new(0, 0, width, height);
                let panes = Panes::of(area, true, false);
                assert_eq!(panes.diff.intersection(area), panes.diff);
                assert!(Columns::of(width, 5).comment() >= 1);
                assert_eq!(Columns::of(width, 20).text_width(true), 0);
            }
        }
    }
}
