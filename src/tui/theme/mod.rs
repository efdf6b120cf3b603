//! How each role looks. Themes are read from files: those in `themes/` are compiled in, and users can add
//! their own. Nothing outside this module names a colour; what a piece of the screen means is said in
//! `look`.

mod background;
mod build;
mod colour;
mod depth;
mod error;
mod file;
mod library;
mod light;
mod roles;
#[cfg(test)]
mod tests;

use ratatui::style::{Color, Modifier, Style};

pub use background::Background;
pub use depth::Depth;
pub use error::{Place, ThemeError, Word};
pub use library::{Listed, Themes};

use crate::tui::look::{Look, Role};

/// A look for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    background: Option<Background>,
    styles: [Style; roles::COUNT],
    /// Colours of the palette with what to show in their place where there are only 256.
    indices: Vec<(Color, u8)>,
}

impl Theme {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is made for; `None` when it uses the terminal's own colours and suits both.
    pub fn background(&self) -> Option<Background> {
        self.background
    }

    /// An area of the screen: a role with its ground.
    pub fn role(&self, role: Role) -> Style {
        self.styles[roles::index(role)]
    }

    /// A piece that lies on what is already painted. That is what tells it from `role`: ordinary text does
    /// not bring the ground of the screen with it.
    pub fn style(&self, look: Look) -> Style {
        let style = self.role(look.role).add_modifier(look.add);
        if look.role == Role::Text { Style { bg: None, ..style } } else { style }
    }

    /// Everything that is said of a role, its ground too, with what is added to it.
    pub fn whole(&self, look: Look) -> Style {
        self.role(look.role).add_modifier(look.add)
    }

    /// A piece together with the ground it lies on: the role that fills its row, or `Text` for the screen.
    pub fn on(&self, ground: Role, look: impl Into<Look>) -> Style {
        let below = self.role(ground);
        let mut above = self.style(look.into());
        // Two things that syntax and other colours of text must leave alone where there are few colours: a
        // changed line is known by the colour of its text, and where text and ground are swapped its
        // colour would be a ground.
        let changed = matches!(ground, Role::Added | Role::Removed) && below.bg.is_none();
        if changed || below.add_modifier.contains(Modifier::REVERSED) {
            above.fg = below.fg;
        }
        below.patch(above)
    }

    /// As it looks with so many colours. Where its own cannot be shown, `ansi` or `mono` takes its place.
    #[must_use]
    pub fn at(mut self, depth: Depth) -> Self {
        let replace = match depth {
            Depth::True => return self,
            Depth::Ansi256 => {
                for at in 0..self.styles.len() {
                    let style = self.styles[at];
                    let reduced = |colour: Option<Color>| colour.map(|colour| self.reduced(colour));
                    self.styles[at] = Style {
                        fg: reduced(style.fg),
                        bg: reduced(style.bg),
                        underline_color: reduced(style.underline_color),
                        ..style
                    };
                }
                return self;
            }
            Depth::Ansi16 if self.colours().all(is_of_sixteen) => return self,
            Depth::None if self.colours().all(|colour| colour == Color::Reset) => return self,
            Depth::Ansi16 => "ansi",
            Depth::None => "mono",
        };
        library::shipped(replace)
    }

    fn reduced(&self, colour: Color) -> Color {
        let Color::Rgb(r, g, b) = colour else { return colour };
        let chosen = self.indices.iter().find(|(own, _)| *own == colour);
        Color::Indexed(chosen.map_or_else(|| light::nearest_index([r, g, b]), |(_, index)| *index))
    }

    fn colours(&self) -> impl Iterator<Item = Color> {
        self.styles.iter().flat_map(|style| [style.fg, style.bg, style.underline_color]).flatten()
    }
}

/// For tests, which look at what a piece of the screen means.
#[cfg(test)]
impl Theme {
    /// Every role has a colour of its own, and those that fill areas a ground of that colour too.
    pub fn telling() -> Self {
        use Role as R;
        let colour = |role: &Role| u8::try_from(roles::index(*role)).map(Color::Indexed).ok();
        let fills = [
            R::Text,
            R::Bar,
            R::TabActive,
            R::Popup,
            R::Selected,
            R::Selection,
            R::Match,
            R::MatchCurrent,
            R::Input,
            R::User,
            R::CodeBlock,
            R::Added,
            R::Removed,
            R::AddedWord,
            R::RemovedWord,
            R::Cursor,
        ];
        let style = |role: &Role| Style {
            fg: colour(role),
            bg: colour(role).filter(|_| fills.contains(role)),
            ..Style::default()
        };
        let styles: Vec<Style> = roles::ALL.iter().map(style).collect();
        let styles = styles.try_into().expect("there are as many as there are roles");
        Self { name: "telling".to_owned(), background: None, styles, indices: Vec::new() }
    }

    /// The role whose colour in [`Theme::telling`] this is.
    pub fn told(colour: Color) -> &'static str {
        match colour {
            Color::Indexed(at) => roles::name(roles::ALL[usize::from(at)]),
            _ => "none",
        }
    }
}

fn is_of_sixteen(colour: Color) -> bool {
    !matches!(colour, Color::Rgb(..) | Color::Indexed(16..))
}
