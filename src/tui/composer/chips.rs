//! What stands in the text for something bigger: a folded paste, an image. In the lines that are edited a
//! chip is a single character out of Unicode's last private plane, so that moving, deleting and undoing
//! treat it as one by themselves; what it means is kept here until the prompt is sent.

use std::path::{Path, PathBuf};

use super::clean;

const FIRST: u32 = 0x10_0000;
const LAST: u32 = 0x10_FFFD;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Chip {
    Paste { text: String, label: String },
    Image { path: PathBuf, label: String },
}

/// All chips that were made since the last prompt, those included that were deleted: an undo may bring them
/// back.
#[derive(Debug, Default)]
pub(super) struct Chips {
    chips: Vec<Chip>,
}

/// Whether a character stands for a chip. Nothing that is typed, pasted or loaded may hold one.
pub(super) const fn is_chip(c: char) -> bool {
    c as u32 >= FIRST
}

impl Chips {
    /// The character that stands for a folded paste. `None` when there are too many.
    pub fn paste(&mut self, text: &str) -> Option<char> {
        let lines = text.lines().count();
        let label = match lines {
            0 | 1 => format!("[pasted {} characters]", text.chars().count()),
            _ => format!("[pasted {lines} lines]"),
        };
        self.add(Chip::Paste { text: text.to_owned(), label })
    }

    /// The character that stands for an image.
    pub fn image(&mut self, path: PathBuf) -> Option<char> {
        let same = |chip: &Chip| matches!(chip, Chip::Image { path: known, .. } if *known == path);
        if let Some(index) = self.chips.iter().position(same) {
            return letter(index);
        }
        let name = image_name(&path);
        let mut label = format!("[image {name}]");
        let mut number = 2;
        while self.chips.iter().any(|chip| chip.label() == label) {
            label = format!("[image {name} {number}]");
            number += 1;
        }
        self.add(Chip::Image { path, label })
    }

    /// What is shown for it; empty for a character that is none of these chips.
    pub fn label(&self, c: char) -> &str {
        self.get(c).map_or("", Chip::label)
    }

    /// The text as it is sent: pastes in full, images as their label.
    pub fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match self.get(c) {
                Some(Chip::Paste { text, .. }) => out.push_str(text),
                Some(Chip::Image { label, .. }) => out.push_str(label),
                None if is_chip(c) => {}
                None => out.push(c),
            }
        }
        out
    }

    /// The images that a text holds, each once, in order.
    pub fn images(&self, text: &str) -> Vec<PathBuf> {
        let mut images: Vec<PathBuf> = Vec::new();
        for c in text.chars() {
            if let Some(Chip::Image { path, .. }) = self.get(c)
                && !images.contains(path)
            {
                images.push(path.clone());
            }
        }
        images
    }

    /// Folds again what stands in `text` as the chips of `before` expand to: after an editor had it.
    pub fn fold(&self, text: &str, before: &str) -> String {
        let mut folded = text.to_owned();
        for c in before.chars() {
            match self.get(c) {
                Some(Chip::Paste { text, .. }) => {
                    folded = folded.replacen(text, c.encode_utf8(&mut [0; 4]), 1);
                }
                Some(Chip::Image { label, .. }) => folded = folded.replace(label, c.encode_utf8(&mut [0; 4])),
                None => {}
            }
        }
        folded
    }

    fn add(&mut self, chip: Chip) -> Option<char> {
        let letter = letter(self.chips.len())?;
        self.chips.push(chip);
        Some(letter)
    }

    fn get(&self, c: char) -> Option<&Chip> {
        let index = (c as u32).checked_sub(FIRST)?;
        self.chips.get(usize::try_from(index).ok()?)
    }
}

impl Chip {
    fn label(&self) -> &str {
        match self {
            Self::Paste { label, .. } | Self::Image { label, .. } => label,
        }
    }
}

fn letter(index: usize) -> Option<char> {
    let code = FIRST.checked_add(u32::try_from(index).ok()?)?;
    if code <= LAST { char::from_u32(code) } else { None }
}

fn image_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    clean::line(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_one_name_have_labels_of_their_own() {
        let mut chips = Chips::default();
        let one = chips.image("a/x.png".into()).unwrap();
        let other = chips.image("b/x.png".into()).unwrap();
        let again = chips.image("a/x.png".into()).unwrap();
        assert_eq!((chips.label(one), chips.label(other)), ("[image x.png]", "[image x.png 2]"));
        assert_eq!(one, again);
        assert_eq!(
            chips.images(&format!("{other}{one}{other}")),
            [Path::new("b/x.png"), Path::new("a/x.png")]
        );
    }

    #[test]
    fn what_comes_back_unchanged_is_folded_again() {
        let mut chips = Chips::default();
        let paste = chips.paste("1\n2\n3").unwrap();
        let image = chips.image("x.png".into()).unwrap();
        let before = format!("see {paste} and {image}");
        let text = chips.expand(&before);
        assert_eq!(text, "see 1\n2\n3 and [image x.png]");
        assert_eq!(chips.fold(&format!("please {text}!"), &before), format!("please {before}!"));
        assert_eq!(chips.fold("1\n2", &before), "1\n2");
    }

    #[test]
    fn a_stray_chip_expands_to_nothing() {
        assert_eq!(Chips::default().expand("a\u{100005}b"), "ab");
    }
}
