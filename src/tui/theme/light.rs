//! Colours as light: how bright one is, and which of the 256 looks most like it.

use std::sync::LazyLock;

/// The steps of the 6×6×6 cube among the 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// From linear light to what the three kinds of cones receive, and from the cube roots of that to `OKLab`.
const TO_CONES: [[f64; 3]; 3] = [
    [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
    [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
    [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
];
const TO_LAB: [[f64; 3]; 3] = [
    [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
    [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
    [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
];

/// The colours from 16 on.
static INDEXED: LazyLock<[[f64; 3]; 240]> =
    LazyLock::new(|| std::array::from_fn(|at| lab(indexed(u8::try_from(at + 16).unwrap_or(u8::MAX)))));

/// From 0 (black) to 1 (white), as WCAG 2 defines it.
pub(super) fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The index that looks most like a colour. The first sixteen are left out: what they look like is
/// the user's choice.
pub(super) fn nearest_index(rgb: [u8; 3]) -> u8 {
    let wanted = lab(rgb);
    let distance = |here: [f64; 3]| -> f64 { wanted.iter().zip(here).map(|(a, b)| (a - b).powi(2)).sum() };
    let distances = INDEXED.iter().map(|here| distance(*here));
    let nearest = (16..=255).zip(distances).min_by(|a, b| a.1.total_cmp(&b.1));
    nearest.map_or(u8::MAX, |(index, _)| index)
}

/// The colour of an index from 16 on.
pub(super) fn indexed(index: u8) -> [u8; 3] {
    if index >= 232 {
        return [8 + (index - 232) * 10; 3];
    }
    let at = index.saturating_sub(16);
    [at / 36, at / 6 % 6, at % 6].map(|step| CUBE[usize::from(step)])
}

/// In the `OKLab` space, where equal distances look equally far apart.
fn lab(rgb: [u8; 3]) -> [f64; 3] {
    let cones = times(&TO_CONES, rgb.map(linear)).map(f64::cbrt);
    times(&TO_LAB, cones)
}

fn times(matrix: &[[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(factor, value)| factor * value).sum())
}

fn linear(channel: u8) -> f64 {
    let value = f64::from(channel) / 255.0;
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_nearest_to_its_own_colour() {
        for index in 16..=255 {
            // Some greys are both in the cube and on the ramp.
            assert_eq!(indexed(nearest_index(indexed(index))), indexed(index), "{index}");
        }
    }

    #[test]
    fn nearness_is_what_the_eye_sees() {
        assert_eq!(nearest_index([0xff, 0x00, 0x00]), 196);
        assert_eq!(nearest_index([0xfe, 0x01, 0x02]), 196);
        assert_eq!(nearest_index([0x1b, 0x1b, 0x1b]), 234);
        assert_eq!(nearest_index([0x60, 0xb0, 0xd8]), 74);
    }

    #[test]
    fn luminance_goes_from_black_to_white() {
        assert!(luminance([0, 0, 0]) < 0.000_1);
        assert!((luminance([255, 255, 255]) - 1.0).abs() < 0.000_1);
        assert!((luminance([0x80, 0x80, 0x80]) - 0.2159).abs() < 0.000_1);
    }
}
