//! A theme out of its file and those it inherits from.

use std::collections::BTreeMap;

use ratatui::style::{Color, Style};

use super::error::{ThemeError, Word, nearest};
use super::file::{RoleLook, Shade, ThemeFile, Written};
use super::roles::{self, Fallback};
use super::{Background, Theme, colour};
use crate::tui::look::Role;

/// `lineage` has at least one file: the theme itself, then its parent, and so on. Palette and roles are
/// laid over each other separately, so that other colours under the same names reach every role.
pub(super) fn theme(lineage: &[&ThemeFile]) -> Result<Theme, ThemeError> {
    let mut palette = BTreeMap::new();
    let mut looks = [None; roles::COUNT];
    let mut dark = None;
    for file in lineage.iter().rev() {
        palette.extend(file.palette.iter().map(|(name, shade)| (name.as_str(), *shade)));
        for (role, look) in &file.roles {
            looks[roles::index(*role)] = Some(look);
        }
        dark = file.dark.or(dark);
    }
    let mut set = [None; roles::COUNT];
    for (style, look) in set.iter_mut().zip(looks) {
        *style = look.map(|look| style_of(look, &palette)).transpose()?;
    }
    let mut styles = [Style::new(); roles::COUNT];
    for role in roles::ALL {
        styles[roles::index(*role)] = with_fallback(*role, &set);
    }
    Ok(Theme {
        name: lineage.first().map_or_else(String::new, |file| file.name.clone()),
        background: dark.map(|dark| if dark { Background::Dark } else { Background::Light }),
        styles,
        indices: palette.values().filter_map(|shade| Some((shade.colour, shade.index?))).collect(),
    })
}

fn style_of(look: &RoleLook, palette: &BTreeMap<&str, Shade>) -> Result<Style, ThemeError> {
    let find = |written: &Option<Written>| written.as_ref().map(|word| find(word, palette)).transpose();
    let mut style = Style::new().add_modifier(look.add).remove_modifier(look.remove);
    style.fg = find(&look.fg)?;
    style.bg = find(&look.bg)?;
    style.underline_color = find(&look.underline)?;
    Ok(style)
}

fn find(written: &Written, palette: &BTreeMap<&str, Shade>) -> Result<Color, ThemeError> {
    if let Some(shade) = palette.get(written.word.as_str()) {
        return Ok(shade.colour);
    }
    colour::parse(&written.word).ok_or_else(|| ThemeError::Unknown {
        place: written.place.clone(),
        what: Word::Colour,
        word: written.word.clone(),
        nearest: nearest(&written.word, colour::names().chain(palette.keys().copied())),
    })
}

fn with_fallback(role: Role, set: &[Option<Style>; roles::COUNT]) -> Style {
    if let Some(style) = set[roles::index(role)] {
        return style;
    }
    match roles::fallback(role) {
        // What looks like text lies on whatever is there: the ground belongs to the screen alone.
        Fallback::Like(Role::Text) => Style { bg: None, ..with_fallback(Role::Text, set) },
        Fallback::Like(other) => with_fallback(other, set),
        Fallback::Plain => Style::new(),
        Fallback::Reversed => Style::new().reversed(),
    }
}
