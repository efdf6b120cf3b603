//! The shipped keys, the user's over them, and sequences as they are pressed.

use std::path::Path;

use super::*;

fn load(text: &str) -> Result<Keymap, KeysError> {
    let known = |name: &str| crate::tui::commands::by_name(name).is_some();
    Keymap::load(Some((Path::new("keys.toml"), text)), &known)
}

fn complaint(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

/// Presses keys one after the other; what came of the last.
fn press(keymap: &Keymap, context: Context, keys: &str) -> Outcome {
    let mut matcher = Matcher::default();
    let keys = Key::parse_sequence(keys).unwrap();
    keys.into_iter().map(|key| matcher.press(keymap, context, key)).last().unwrap()
}

fn command(name: &str) -> Outcome {
    Outcome::Command(name.to_owned())
}

fn unbound(keys: &str) -> Outcome {
    Outcome::Unbound(Key::parse_sequence(keys).unwrap())
}

#[test]
fn the_shipped_keys_have_neither_mistakes_nor_doubts() {
    let shipped = Keymap::shipped();
    assert_eq!(shipped.warnings(), []);
    assert_eq!(Keymap::load(None, &|_| true), Ok(shipped.clone()));
    for context in Context::ALL {
        assert!(shipped.bindings(context).count() > 5, "{context:?}");
        for binding in shipped.bindings(context) {
            assert_eq!(binding.place.file, File::Shipped);
            let shown = shipped.keys_for(context, &binding.command);
            assert!(!shown.is_empty(), "{binding:?} cannot be reached");
        }
    }
}

#[test]
fn shipped_keys_do_what_the_contexts_say() {
    use Context::{Composer, Dialog, Global, List, Panel, Review, Scroll};
    let cases = [
        (Global, "ctrl-c", command("interrupt-or-quit")),
        (Global, "alt-9", command("tab 9")),
        (Composer, "ctrl-c", command("interrupt-or-quit")),
        (Composer, "ctrl-,", command("tab-previous")),
        (Composer, "enter", command("send")),
        (Composer, "shift-enter", command("newline")),
        (Composer, "ctrl-b", command("panel")),
        (Composer, "alt--", command("panel-narrower")),
        (Composer, "g", unbound("g")),
        (Composer, "ctrl-u", unbound("ctrl-u")),
        (Composer, "up", unbound("up")),
        (Scroll, "ctrl-b", command("scroll-page-up")),
        (Scroll, "pageup", command("scroll-page-up")),
        (Scroll, "g", Outcome::Pending),
        (Scroll, "g g", command("scroll-top")),
        (Scroll, "shift-g", command("scroll-bottom")),
        (Scroll, "z z", command("scroll-centre")),
        (Scroll, "g x", unbound("g x")),
        (Scroll, "g esc", Outcome::Cancelled),
        (Scroll, "esc", command("leave")),
        (Scroll, "alt-1", command("tab 1")),
        (Panel, "shift-tab", command("panel-previous")),
        (Review, "}", command("file-next")),
        (Review, "3", command("scope branch")),
        (List, "ctrl-p", command("list-up")),
        (List, "a", unbound("a")),
        (List, "alt-1", unbound("alt-1")),
        (Dialog, "y", command("dialog-yes")),
        (Dialog, "ctrl-d", unbound("ctrl-d")),
    ];
    let shipped = Keymap::shipped();
    for (context, keys, outcome) in cases {
        assert_eq!(press(&shipped, context, keys), outcome, "{keys} in {context:?}");
    }
}

#[test]
fn what_was_pressed_is_forgotten_when_the_context_changes() {
    let shipped = Keymap::shipped();
    let g = Key::parse("g").unwrap();
    let mut matcher = Matcher::default();
    assert_eq!(matcher.press(&shipped, Context::Scroll, g), Outcome::Pending);
    assert_eq!(matcher.pending(), [g]);
    assert_eq!(matcher.press(&shipped, Context::Composer, g), unbound("g"));
    assert_eq!(matcher.press(&shipped, Context::Scroll, g), Outcome::Pending);
    matcher.reset();
    assert_eq!(matcher.pending(), []);
    assert_eq!(matcher.press(&shipped, Context::Scroll, g), Outcome::Pending);
    assert_eq!(matcher.press(&shipped, Context::Scroll, g), command("scroll-top"));
    assert_eq!(matcher.pending(), []);
}

#[test]
fn the_users_keys_lie_over_the_shipped_ones() {
    let keymap = load(
        r#"
        [global]
        "ctrl-x ctrl-c" = "close"
        "alt-7" = "tab  1"
        [composer]
        "ctrl-p" = "none"
        "ctrl-j" = "send"
        [scroll]
        g = "search"
        "j k" = "leave"
        "z z" = "none"
        [list]
        inherits = true
        "#,
    )
    .unwrap();
    let cases = [
        (Context::Composer, "ctrl-x", Outcome::Pending),
        (Context::Composer, "ctrl-x ctrl-c", command("close")),
        (Context::Composer, "ctrl-x esc", Outcome::Cancelled),
        (Context::Global, "alt-7", command("tab 1")),
        (Context::Composer, "ctrl-p", unbound("ctrl-p")),
        (Context::Global, "ctrl-p", command("palette")),
        (Context::Composer, "ctrl-j", command("send")),
        (Context::Scroll, "g", command("search")),
        (Context::Scroll, "j", Outcome::Pending),
        (Context::Scroll, "j k", command("leave")),
        (Context::Scroll, "z z", unbound("z z")),
        (Context::Scroll, "z a", command("fold")),
        (Context::List, "alt-1", command("tab 1")),
        (Context::List, "ctrl-p", command("list-up")),
    ];
    for (context, keys, outcome) in cases {
        assert_eq!(press(&keymap, context, keys), outcome, "{keys} in {context:?}");
    }
    assert_eq!(keymap.keys_for(Context::Composer, "send"), ["Ctrl-J", "Enter"]);
    assert_eq!(keymap.keys_for(Context::Scroll, "scroll-top"), ["Home", "Ctrl-Home"]);
    let mine = keymap.bindings(Context::Global).next().unwrap();
    assert_eq!(mine.place, Place { file: File::User("keys.toml".into()), line: 3 });
}

#[test]
fn a_key_that_is_taken_away_takes_its_sequences_with_it() {
    let keymap = load("[scroll]\ng = \"none\"\n[global]\n\"g l\" = \"log\"").unwrap();
    assert_eq!(press(&keymap, Context::Scroll, "g"), unbound("g"));
    assert_eq!(press(&keymap, Context::Panel, "g l"), command("log"));
    assert_eq!(press(&keymap, Context::Panel, "g g"), command("scroll-top"));
    assert_eq!(keymap.keys_for(Context::Scroll, "log"), ["Alt-L"]);
}

#[test]
fn mistakes_name_every_line_and_what_was_meant() {
    let cases = [
        ("[scrol]\nj = \"leave\"", "keys.toml:1: unknown context \"scrol\"; did you mean \"scroll\"?"),
        ("[scroll]\nj = \"leav\"", "keys.toml:2: unknown command \"leav\"; did you mean \"leave\"?"),
        ("[scroll]\nj = \"tba 3\"", "keys.toml:2: unknown command \"tba\"; did you mean \"tab\"?"),
        ("[scroll]\nj = \"nnoe\"", "keys.toml:2: unknown command \"nnoe\"; did you mean \"none\"?"),
        ("[scroll]\nj = \"\"", "keys.toml:2: unknown command \"\""),
        ("[scroll]\nj = 1", "keys.toml:2: \"j\" expects a command in quotes"),
        ("[scroll]\ninherits = 1", "keys.toml:2: \"inherits\" expects true or false"),
        ("scroll = 1", "keys.toml:1: \"scroll\" expects a table of keys"),
        ("[scroll]\n\"\" = \"leave\"", "keys.toml:2: a key is missing"),
        (
            "[scroll]\n\"g entr\" = \"leave\"\nshift-1 = \"leave\"",
            "keys.toml:2: unknown key \"entr\"; did you mean \"enter\"?\n\
             keys.toml:3: what \"shift-1\" types differs from keyboard to keyboard",
        ),
        (
            "[scroll]\nG = \"leave\"\n\n\"shift-g\" = \"copy\"",
            "keys.toml:4: \"shift-g\" is the key that line 2 binds, in another spelling",
        ),
        (
            "[global]\n\"ctrl-alt-x\" = \"leave\"\n\"alt-ctrl-x\" = \"none\"",
            "keys.toml:3: \"alt-ctrl-x\" is the key that line 2 binds, in another spelling",
        ),
        (
            "[scroll]\n\"g g g\" = \"leave\"\n\"g g\" = \"copy\"",
            "keys.toml:2: \"g g g\" cannot be reached: line 3 binds \"g g\", which it begins with",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(complaint(text), message);
        assert!(!load(text).unwrap_err().hint().is_empty());
    }
    let twice = complaint("[scroll]\nj = \"leave\"\nj = \"copy\"");
    assert!(twice.starts_with("keys.toml:3: "), "{twice}");
}

#[test]
fn the_same_keys_in_two_contexts_are_no_mistake() {
    assert!(load("[scroll]\n\"x\" = \"leave\"\n[panel]\n\"x y\" = \"leave\"").is_ok());
}

#[test]
fn keys_that_many_terminals_cannot_tell_apart_are_doubtful() {
    let keymap = load("[composer]\n\"ctrl-m\" = \"model\"\n\"ctrl-i\" = \"complete\"").unwrap();
    let warnings: Vec<String> = keymap.warnings().iter().map(ToString::to_string).collect();
    let enter = Keymap::shipped().bindings(Context::Composer).next().unwrap().place.line;
    assert_eq!(
        warnings,
        [format!(
            "keys.toml:2: many terminals send the same for \"ctrl-m\" and for \"enter\", which \
             config/keys.toml:{enter} binds; there the latter is meant"
        )]
    );
    let keymap = load("[scroll]\n\"z ctrl-[\" = \"copy\"\n\"z esc\" = \"leave\"").unwrap();
    assert_eq!(keymap.warnings().len(), 1);
    assert_eq!(load("[scroll]\n\"ctrl-i\" = \"copy\"").unwrap().warnings(), []);
}

#[test]
fn a_sequence_shows_what_can_follow() {
    let keymap =
        load("[scroll]\n\"z t x\" = \"copy\"\n[global]\n\"z g\" = \"log\"\n\"z z\" = \"diff\"").unwrap();
    let z = [Key::parse("z").unwrap()];
    let next = |context| -> Vec<(String, Option<&str>)> {
        keymap.next_keys(context, &z).iter().map(|next| (next.key.to_string(), next.command)).collect()
    };
    assert_eq!(
        next(Context::Scroll),
        [
            ("t".into(), None),
            ("z".into(), Some("scroll-centre")),
            ("a".into(), Some("fold")),
            ("g".into(), Some("log")),
        ]
    );
    assert_eq!(next(Context::Composer), [("g".into(), Some("log")), ("z".into(), Some("diff"))]);
    assert_eq!(next(Context::Dialog), []);
    let everything = keymap.next_keys(Context::Scroll, &[]);
    assert_eq!(everything.iter().filter(|next| next.key == z[0]).count(), 1);
    assert!(everything.iter().any(|next| next.command == Some("interrupt-or-quit")));
}

#[test]
fn hints_name_the_keys_that_work_where_the_focus_is() {
    let shipped = Keymap::shipped();
    assert_eq!(shipped.keys_for(Context::Composer, "palette"), ["Ctrl-P"]);
    assert_eq!(shipped.keys_for(Context::Scroll, "palette"), [":", "Ctrl-P"]);
    assert_eq!(shipped.keys_for(Context::Composer, "tab 1"), ["Alt-1", "Ctrl-1"]);
    assert_eq!(shipped.keys_for(Context::Scroll, "panel"), Vec::<String>::new());
    assert_eq!(shipped.keys_for(Context::Panel, "scroll-top"), ["g g", "Home", "Ctrl-Home"]);
    assert_eq!(shipped.keys_for(Context::Dialog, "palette"), Vec::<String>::new());
}
