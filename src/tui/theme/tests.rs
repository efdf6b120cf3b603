//! The shipped themes, inheritance, and what happens where there are fewer colours.

use std::fs;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};
use tempfile::TempDir;

use super::light::{indexed, luminance};
use super::*;

/// A folder with the user's themes.
struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn themes(&self) -> Themes {
        Themes::load(&[self.path()])
    }

    /// What is wrong with a theme, without the folder.
    fn complaint(&self, name: &str) -> String {
        let text = self.themes().theme(name).unwrap_err().to_string();
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn shipped() -> Vec<Theme> {
    let themes = Themes::shipped();
    themes.list().iter().map(|listed| themes.theme(&listed.name).unwrap()).collect()
}

fn true_colour() -> impl Iterator<Item = Theme> {
    shipped().into_iter().filter(|theme| theme.background().is_some())
}

fn rgb(colour: Color) -> [u8; 3] {
    match colour {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(index @ 16..) => indexed(index),
        other => panic!("{other:?} is the terminal's own"),
    }
}

/// From 1 to 21, as WCAG 2 defines it.
fn contrast(style: Style) -> f64 {
    let [fg, bg] = [style.fg, style.bg].map(|colour| luminance(rgb(colour.unwrap())));
    (fg.max(bg) + 0.05) / (fg.min(bg) + 0.05)
}

/// Lines, and numbers that are only looked up.
const QUIET: &[Role] =
    &[Role::Faint, Role::Border, Role::PopupBorder, Role::TableBorder, Role::LineNumber, Role::Selection];

#[rustfmt::skip]
const SYNTAX: &[Role] = &[
    Role::Keyword, Role::String, Role::Number, Role::Remark, Role::Function, Role::Type, Role::Variable,
    Role::Constant, Role::Operator, Role::Punctuation, Role::Attribute, Role::Tag, Role::Text,
];
#[rustfmt::skip]
const WORDS: &[Role] = &[
    Role::Text, Role::Dim, Role::Strong, Role::Accent, Role::Good, Role::Bad, Role::Warn, Role::Info,
    Role::Fuzzy, Role::Working, Role::Waiting, Role::Failed, Role::Done, Role::Input, Role::Placeholder,
];

/// Everything that is read, on every ground that it is read on.
fn readings() -> Vec<(Role, Role)> {
    let mut pairs: Vec<(Role, Role)> = Vec::new();
    let every = roles::ALL.iter().filter(|role| !QUIET.contains(role));
    pairs.extend(every.map(|role| (Role::Text, *role)));
    for ground in [Role::Bar, Role::TabActive, Role::Popup, Role::Selected] {
        pairs.extend(WORDS.iter().map(|role| (ground, *role)));
    }
    for ground in [Role::CodeBlock, Role::Context, Role::Added, Role::Removed, Role::Popup] {
        pairs.extend(SYNTAX.iter().map(|role| (ground, *role)));
    }
    pairs.extend([
        (Role::Bar, Role::BarDim),
        (Role::Bar, Role::BarAccent),
        (Role::Popup, Role::PopupTitle),
        (Role::Added, Role::AddedNumber),
        (Role::Removed, Role::RemovedNumber),
        (Role::Selection, Role::Text),
    ]);
    pairs
}

/// As the screen paints it: what is no ground lies on the screen's.
fn seen(theme: &Theme, ground: Role, role: Role) -> Style {
    theme.role(Role::Text).patch(theme.on(ground, role))
}

#[test]
fn every_shipped_theme_is_whole() {
    assert_eq!(Themes::shipped().problems(), []);
    let names: Vec<String> = Themes::shipped().list().into_iter().map(|listed| listed.name).collect();
    assert_eq!(
        names,
        [
            "dusk",
            "paper",
            "moss",
            "ember",
            "fathom",
            "rime",
            "contrast-dark",
            "contrast-light",
            "ansi",
            "mono"
        ]
    );
}

#[test]
fn the_theme_that_explains_the_format_sets_every_role() {
    let text = include_str!("../../../themes/dusk.toml");
    let file = file::ThemeFile::parse("dusk", Path::new("dusk.toml"), text).unwrap();
    let set: Vec<Role> = file.roles.iter().map(|(role, _)| *role).collect();
    let missing: Vec<&Role> = roles::ALL.iter().filter(|role| !set.contains(role)).collect();
    assert_eq!(missing, Vec::<&Role>::new());
}

#[test]
fn a_theme_is_as_dark_as_it_says() {
    for theme in true_colour() {
        let ground = rgb(theme.role(Role::Text).bg.unwrap());
        assert_eq!(theme.background(), Some(Background::of_rgb(ground)), "{}", theme.name());
    }
}

#[test]
fn what_is_read_has_contrast_to_what_it_lies_on() {
    let mut faults = Vec::new();
    for theme in true_colour() {
        let wanted = if theme.name().starts_with("contrast-") { 7.0 } else { 4.5 };
        for (ground, role) in readings() {
            let ratio = contrast(seen(&theme, ground, role));
            if ratio < wanted {
                faults.push(format!("{}: {role:?} on {ground:?} {ratio:.2}", theme.name()));
            }
        }
        for role in [Role::Faint, Role::LineNumber] {
            let ratio = contrast(seen(&theme, Role::Text, role));
            if ratio < 3.0 {
                faults.push(format!("{}: {role:?} {ratio:.2}", theme.name()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn with_256_colours_everything_can_still_be_read() {
    let mut faults = Vec::new();
    for theme in true_colour().map(|theme| theme.at(Depth::Ansi256)) {
        for (ground, role) in readings() {
            let ratio = contrast(seen(&theme, ground, role));
            // The quietest greens and reds of the 256 are louder than those of the themes.
            let on_change = matches!(ground, Role::Added | Role::Removed);
            let wanted = if on_change || role == Role::AddedWord { 2.5 } else { 4.0 };
            if ratio < wanted {
                faults.push(format!("{}: {role:?} on {ground:?} {ratio:.2}", theme.name()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_must_not_be_confused_looks_different_at_every_depth() {
    use Role::*;
    let apart: &[&[Role]] = &[
        &[Context, Added, Removed],
        &[Added, AddedWord],
        &[Removed, RemovedWord],
        &[AddedWord, RemovedWord],
        &[Text, Selected],
        &[Text, Selection],
        &[Text, Match, MatchCurrent],
        &[Bar, TabActive],
        &[Border, BorderFocus],
        &[Text, Fuzzy],
        &[Text, Cursor],
        &[Input, Placeholder],
        &[Working, Waiting, Failed, Done],
    ];
    for theme in shipped() {
        for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::None] {
            let theme = theme.clone().at(depth);
            for group in apart {
                for (at, one) in group.iter().enumerate() {
                    for other in &group[at + 1..] {
                        let [a, b] = [one, other].map(|role| {
                            let style = seen(&theme, Text, *role);
                            Style { sub_modifier: Modifier::empty(), ..style }
                        });
                        assert_ne!(a, b, "{}: {one:?} and {other:?} at {depth:?}", theme.name());
                    }
                }
            }
        }
    }
}

#[test]
fn reduced_colours_stay_within_the_depth() {
    for theme in shipped() {
        let of = |depth| theme.clone().at(depth).colours().collect::<Vec<_>>();
        assert!(of(Depth::Ansi256).iter().all(|colour| !matches!(colour, Color::Rgb(..))));
        assert!(of(Depth::Ansi16).into_iter().all(is_of_sixteen));
        assert_eq!(of(Depth::None), []);
    }
}

#[test]
fn a_theme_that_fits_the_depth_is_kept() {
    let folder = Folder::with(&[
        ("mine.toml", "inherits = \"ansi\"\n[roles]\naccent = 3"),
        ("plain.toml", "[roles]\naccent = { bold = true, fg = \"default\" }"),
    ]);
    let at = |name: &str, depth| folder.themes().theme(name).unwrap().at(depth).name().to_owned();
    assert_eq!(at("mine", Depth::Ansi16), "mine");
    assert_eq!(at("mine", Depth::None), "mono");
    assert_eq!(at("plain", Depth::None), "plain");
    assert_eq!(at("dusk", Depth::Ansi16), "ansi");
    assert_eq!(at("dusk", Depth::Ansi256), "dusk");
    assert_eq!(at("mono", Depth::Ansi16), "mono");
}

#[test]
fn a_chosen_index_stands_for_its_colour_among_256() {
    let folder = Folder::with(&[(
        "mine.toml",
        "[palette]\na = { rgb = \"#102030\", index = 99 }\n\
         [roles]\nadded = { bg = \"a\" }\nremoved = { bg = \"#102031\" }",
    )]);
    let theme = folder.themes().theme("mine").unwrap();
    assert_eq!(theme.role(Role::Added).bg, Some(Color::Rgb(0x10, 0x20, 0x30)));
    let theme = theme.at(Depth::Ansi256);
    assert_eq!(theme.role(Role::Added).bg, Some(Color::Indexed(99)));
    assert_eq!(theme.role(Role::Removed).bg, Some(Color::Indexed(light::nearest_index([0x10, 0x20, 0x31]))));
}

#[test]
fn a_palette_alone_recolours_every_role() {
    let folder = Folder::with(&[(
        "mine.toml",
        "inherits = \"dusk\"\n[palette]\naccent = \"#00ff00\"\nadded = \"#010203\"",
    )]);
    let theme = folder.themes().theme("mine").unwrap();
    let green = Some(Color::Rgb(0, 255, 0));
    assert_eq!(theme.role(Role::Accent).fg, green);
    assert_eq!(theme.role(Role::Heading).fg, green);
    assert_eq!(theme.role(Role::Cursor).bg, green);
    assert_eq!(theme.background(), Some(Background::Dark));
    // The index that the parent chose for its own colour is not kept for this one.
    assert_ne!(theme.at(Depth::Ansi256).role(Role::Added).bg, Some(Color::Indexed(22)));
}

#[test]
fn roles_that_are_not_set_look_like_others() {
    let folder = Folder::with(&[(
        "mine.toml",
        "[roles]\ntext = { fg = 1, bg = 2 }\ndim = 3\nremoved = { fg = 4, bg = 5 }\n\
         accent = 6\nselected = { bg = 7 }",
    )]);
    let theme = folder.themes().theme("mine").unwrap();
    let fg = |role| theme.role(role).fg;
    assert_eq!(theme.role(Role::RemovedWord), theme.role(Role::Removed));
    assert_eq!(fg(Role::Remark), Some(Color::Indexed(3)));
    assert_eq!(fg(Role::LineNumber), Some(Color::Indexed(3)));
    assert_eq!(fg(Role::Tag), Some(Color::Indexed(6)));
    assert_eq!(theme.role(Role::TabActive).bg, Some(Color::Indexed(7)));
    assert_eq!((fg(Role::Variable), theme.role(Role::Variable).bg), (Some(Color::Indexed(1)), None));
    assert!(theme.role(Role::Cursor).has_modifier(Modifier::REVERSED));
    assert_eq!(theme.background(), None);
}

#[test]
fn a_piece_of_text_keeps_the_ground_it_lies_on() {
    let theme = Themes::shipped().theme("dusk").unwrap();
    assert!(theme.role(Role::Text).bg.is_some());
    assert_eq!(theme.style(Role::Text.into()).bg, None);
    let on = |role| theme.on(Role::Added, role);
    assert_eq!(on(Role::Text).bg, theme.role(Role::Added).bg);
    assert_eq!(on(Role::Keyword).bg, theme.role(Role::Added).bg);
    assert_eq!(on(Role::Keyword).fg, theme.role(Role::Keyword).fg);
    assert_eq!(on(Role::AddedWord).bg, theme.role(Role::AddedWord).bg);
    assert_eq!(theme.on(Role::Text, Role::Text), theme.role(Role::Text));
    let bold = theme.on(Role::Text, Look::new(Role::Text).with(Modifier::BOLD));
    assert!(bold.has_modifier(Modifier::BOLD));
}

#[test]
fn with_few_colours_syntax_does_not_hide_what_changed() {
    let theme = Themes::shipped().theme("ansi").unwrap();
    assert_eq!(theme.on(Role::Added, Role::Keyword).fg, Some(Color::Green));
    assert_eq!(theme.on(Role::Removed, Role::String).fg, Some(Color::Red));
    assert_eq!(theme.on(Role::Context, Role::Keyword).fg, Some(Color::Magenta));
    assert_eq!(theme.on(Role::Selected, Role::Good).fg, None);
    let mono = Themes::shipped().theme("mono").unwrap();
    assert!(!mono.on(Role::Bar, Role::TabActive).add_modifier.contains(Modifier::REVERSED));
}

#[test]
fn the_default_goes_by_the_background() {
    let themes = Themes::shipped();
    let name = |setting, background, depth| themes.choose(setting, background, depth).0.name().to_owned();
    assert_eq!(name("", None, Depth::True), "dusk");
    assert_eq!(name("", Some(Background::Dark), Depth::True), "dusk");
    assert_eq!(name("", Some(Background::Light), Depth::Ansi256), "paper");
    assert_eq!(name("moss", Some(Background::Light), Depth::True), "moss");
    assert_eq!(name("moss", None, Depth::Ansi16), "ansi");
    assert_eq!(name("moss", None, Depth::None), "mono");
}

#[test]
fn a_wished_theme_that_cannot_be_used_is_replaced_and_explained() {
    let (theme, problem) = Themes::shipped().choose("papr", Some(Background::Light), Depth::True);
    assert_eq!(theme.name(), "paper");
    assert_eq!(problem.unwrap().to_string(), "no theme \"papr\"; did you mean \"paper\"?");
    let folder = Folder::with(&[("dusk.toml", "oops")]);
    let (theme, problem) = folder.themes().choose("", None, Depth::True);
    assert_eq!(theme, Themes::shipped().theme("dusk").unwrap());
    assert!(matches!(problem, Some(ThemeError::Syntax { .. })));
}

#[test]
fn inheritance_that_leads_nowhere_is_explained() {
    let folder = Folder::with(&[
        ("a.toml", "inherits = \"b\""),
        ("b.toml", "\ninherits = \"c\""),
        ("c.toml", "inherits = \"b\""),
        ("own.toml", "inherits = \"own\""),
        ("lost.toml", "inherits = \"papper\""),
        ("word.toml", "inherits = \"dusk\"\n[roles]\nlink = \"acent\""),
    ]);
    let cases = [
        ("a", "c.toml:1: themes inherit from each other in a circle: b → c → b"),
        ("own", "own.toml:1: themes inherit from each other in a circle: own → own"),
        ("lost", "lost.toml:1: unknown theme \"papper\"; did you mean \"paper\"?"),
        ("word", "word.toml:3: unknown colour \"acent\"; did you mean \"accent\"?"),
    ];
    for (name, complaint) in cases {
        assert_eq!(folder.complaint(name), complaint);
    }
    assert_eq!(folder.themes().problems().len(), 6);
    assert_eq!(folder.themes().list().len(), SHIPPED_COUNT);
}

const SHIPPED_COUNT: usize = 10;

#[test]
fn a_users_theme_may_stand_in_for_a_shipped_one_and_inherit_from_it() {
    let folder = Folder::with(&[
        ("dusk.toml", "inherits = \"dusk\"\n[palette]\naccent = \"#00ff00\""),
        ("zoo.toml", "inherits = \"dusk\""),
        ("notes.txt", "no theme"),
    ]);
    let themes = folder.themes();
    let accent = |name| themes.theme(name).unwrap().role(Role::Accent).fg;
    assert_eq!(accent("dusk"), Some(Color::Rgb(0, 255, 0)));
    assert_eq!(accent("zoo"), Some(Color::Rgb(0, 255, 0)));
    // The shipped ones keep to each other.
    assert_eq!(themes.theme("paper").unwrap(), Themes::shipped().theme("paper").unwrap());
    let listed = themes.list();
    assert_eq!(listed.len(), SHIPPED_COUNT + 1);
    assert_eq!(listed[0], Listed { name: "dusk".into(), background: Some(Background::Dark), shipped: false });
    assert_eq!(listed[SHIPPED_COUNT].name, "zoo");
    assert_eq!(themes.problems(), []);
}

#[test]
fn earlier_folders_win_and_missing_ones_are_empty() {
    let near = Folder::with(&[("mine.toml", "[roles]\naccent = 1")]);
    let far = Folder::with(&[("mine.toml", "[roles]\naccent = 2"), ("other.toml", "[roles]\naccent = 3")]);
    let themes = Themes::load(&[near.path(), near.path().join("none"), far.path()]);
    assert_eq!(themes.theme("mine").unwrap().role(Role::Accent).fg, Some(Color::Indexed(1)));
    assert_eq!(themes.theme("other").unwrap().role(Role::Accent).fg, Some(Color::Indexed(3)));
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let folder = Folder::with(&[]);
    fs::write(folder.path().join("raw.toml"), [0xff, 0xfe]).unwrap();
    assert!(folder.complaint("raw").starts_with("cannot read theme raw.toml: "));
    assert_eq!(folder.themes().list().len(), SHIPPED_COUNT);
}
