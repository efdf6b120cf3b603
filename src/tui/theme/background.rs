//! Whether the screen is dark or light.

use super::light::luminance;

/// What a theme is made for, or what the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Background {
    Dark,
    Light,
}

/// Where black and white text are equally easy to read.
const MIDDLE: f64 = 0.179;

impl Background {
    /// From the value of `COLORFGBG`: the numbers of the colours of text and ground, as in `15;0` or
    /// `0;default;15`.
    pub fn of_colorfgbg(value: &str) -> Option<Self> {
        let (_, ground) = value.rsplit_once(';')?;
        match ground.trim().parse::<u8>().ok()? {
            0..=6 | 8 => Some(Self::Dark),
            7 | 9..=15 => Some(Self::Light),
            _ => None,
        }
    }

    /// From the colour that a terminal names when it is asked for its ground.
    pub fn of_rgb(rgb: [u8; 3]) -> Self {
        if luminance(rgb) < MIDDLE { Self::Dark } else { Self::Light }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_is_the_last_number_of_colorfgbg() {
        let cases = [
            ("15;0", Some(Background::Dark)),
            ("0;15", Some(Background::Light)),
            ("0;default;7", Some(Background::Light)),
            ("7;8", Some(Background::Dark)),
            ("15;default", None),
            ("0;16", None),
            ("15", None),
            ("", None),
            (";", None),
        ];
        for (value, background) in cases {
            assert_eq!(Background::of_colorfgbg(value), background, "{value:?}");
        }
    }

    #[test]
    fn a_ground_is_dark_when_white_reads_better_on_it() {
        assert_eq!(Background::of_rgb([0x1e, 0x1e, 0x2a]), Background::Dark);
        assert_eq!(Background::of_rgb([0x00, 0x2b, 0x80]), Background::Dark);
        assert_eq!(Background::of_rgb([0x90, 0x90, 0x90]), Background::Light);
        assert_eq!(Background::of_rgb([0xff, 0xff, 0xff]), Background::Light);
    }
}
