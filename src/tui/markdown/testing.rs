//! For the tests of this module: texts to try, and how rows look in writing.

use super::{highlight, rows, split, wants_gap};
use crate::tui::look::{Role, Row};

/// A message with everything in it.
pub const SAMPLE: &str = include_str!("sample.md");

/// The rows of a whole message, blank rows between its blocks, as a transcript has them.
pub fn message(text: &str, width: usize) -> Vec<Row> {
    let mut shown = Vec::new();
    let mut state = None;
    let blocks = split(text);
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 && wants_gap(&blocks[index - 1], block) {
            shown.push(Row::default());
        }
        let highlighted = highlight(block, &mut state);
        shown.extend(rows(block, width, Some(&highlighted)));
    }
    shown
}

/// The text of the rows, without the blanks at their ends.
pub fn shown(text: &str, width: usize) -> String {
    let lines: Vec<String> =
        message(text, width).iter().map(|row| row.text().trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// The text of the rows, each piece that is not plain as `‹Role text›` with what is added to the role.
pub fn marked(text: &str, width: usize) -> String {
    let mut marked = String::new();
    for row in message(text, width) {
        for piece in &row.pieces {
            match piece.look.role {
                Role::Text if piece.look.add.is_empty() => marked.push_str(&piece.text),
                role if piece.look.add.is_empty() => marked.push_str(&format!("‹{role:?} {}›", piece.text)),
                role => marked.push_str(&format!("‹{role:?}+{:?} {}›", piece.look.add, piece.text)),
            }
        }
        marked.push('\n');
    }
    marked
}

/// What is copied of the rows.
pub fn copied(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{}{}", if row.continues { "" } else { "\n" }, row.copied());
    rows.iter().map(line).collect::<String>().trim_start_matches('\n').to_owned()
}

/// Numbers that are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Markdown and strings that layouts trip over, in any order.
pub fn nasty_markdown(random: &mut Random) -> String {
    const PARTS: &[&str] = &[
        "\n",
        "\n",
        "\n\n",
        "\n\n",
        " ",
        "  ",
        "    ",
        "\t",
        "- ",
        "- [ ] ",
        "- [x] ",
        "* ",
        "1. ",
        "99. ",
        "> ",
        "> [!NOTE]\n",
        "# ",
        "### ",
        "---\n",
        "===\n",
        "```",
        "```rust\n",
        "~~~\n",
        "````\n",
        "| a | b |\n|--|:-:|\n",
        "| x ",
        "|",
        "**",
        "*",
        "_",
        "`",
        "~~",
        "[",
        "](https://e.org/a_b)",
        "![",
        "](u)",
        "<br>",
        "<div>\n",
        "https://e.org/x_y_z. ",
        "\\",
        "&amp;",
        "&#27;",
        "word ",
        "word",
        "two words ",
        "averyveryveryverylongword",
        "let x = \"s\"; // c\n",
        "漢字",
        "。",
        "👩‍👩‍👧‍👦",
        "e\u{301}",
        "\u{301}",
        "\u{200d}",
        "ﾊﾞ",
        "لا",
        "שלום ",
        "🇩🇪",
        "#\u{fe0f}\u{20e3}",
        "ᄀᄀᄀᄀ",
        "❤\u{fe0f}",
        "\u{1b}[31m",
        "\u{7}",
        "\r\n",
        "\u{202e}",
        "\u{9b}",
        "\u{200b}",
        "\u{17d8}",
    ];
    (0..random.below(40)).map(|_| random.of(PARTS)).collect()
}
