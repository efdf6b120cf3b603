//! Tables of vi keys: a text, keys in normal mode with the cursor at its start, and the text with the cursor.

use super::super::Composer;
use super::ViMode;

fn vi(text: &str, keys: &str) -> Composer {
    let mut composer = Composer::new(true);
    composer.set_text(text);
    composer.type_keys("<esc>gg0");
    composer.type_keys(keys);
    composer
}

fn check(cases: &[(&str, &str, &str)]) {
    for (text, keys, shown) in cases {
        assert_eq!(vi(text, keys).shown(), *shown, "{keys:?} on {text:?}");
    }
}

#[test]
fn motions_go_where_vi_goes() {
    check(&[
        ("abc", "l", "a|bc"),
        ("abc", "9l", "ab|c"),
        ("abc", "$h", "a|bc"),
        ("one two", "w", "one |two"),
        ("one, two", "w", "one|, two"),
        ("one, two", "W", "one, |two"),
        ("one\n\ntwo", "w", "one\n|\ntwo"),
        ("one\n\n\ntwo", "www", "one\n\n\n|two"),
        ("one\n  two", "w", "one\n  |two"),
        ("one two", "e", "on|e two"),
        ("one two", "ee", "one tw|o"),
        ("one\n\ntwo", "ee", "one\n\ntw|o"),
        ("one.b two", "E", "one.|b two"),
        ("one two", "$b", "one |two"),
        ("one two", "$bb", "|one two"),
        ("one a.b", "$B", "one |a.b"),
        ("one\n\ntwo", "Gb", "one\n|\ntwo"),
        ("  one", "$^", "  |one"),
        ("  one", "^0", "|  one"),
        ("a\n  b\nc", "G", "a\n  b\n|c"),
        ("a\n  b\nc", "2G", "a\n  |b\nc"),
        ("a\nb\nc", "G2gg", "a\n|b\nc"),
        ("abcd\na\nabcd", "lljj", "abcd\na\nab|cd"),
        ("abcd\na\nabcd", "$jj", "abcd\na\nabc|d"),
        ("abcd\na", "9j", "|abcd\na"),
        ("a.b.c", "f.", "a|.b.c"),
        ("a.b.c", "2f.", "a.b|.c"),
        ("a.b.c", "f.;", "a.b|.c"),
        ("a.b.c", "f.;,", "a|.b.c"),
        ("a.b.c", "t.", "|a.b.c"),
        ("a.b.c", "t.;", "a.|b.c"),
        ("a.b.c", "$F.", "a.b|.c"),
        ("a.b.c", "$T.;", "a.|b.c"),
        ("a.b.c", "fx", "|a.b.c"),
        ("👩‍👩‍👧e\u{301}x", "ll", "👩‍👩‍👧e\u{301}|x"),
        ("", "wbejkhl$0^G", "|"),
    ]);
}

#[test]
fn operators_take_what_vi_takes() {
    check(&[
        ("abc", "x", "|bc"),
        ("abc", "2x", "|c"),
        ("abc", "$x", "a|b"),
        ("abc", "$X", "a|c"),
        ("", "x", "|"),
        ("one two", "dw", "|two"),
        ("one two", "wdw", "one| "),
        ("one\ntwo", "dw", "|\ntwo"),
        ("one\ntwo three", "d2w", "|three"),
        ("one two three", "2dw", "|three"),
        ("one two", "de", "| two"),
        ("one two", "$db", "one |o"),
        ("one two", "wd0", "|two"),
        ("one two", "wD", "one| "),
        ("a\nb\nc", "dd", "|b\nc"),
        ("a\nb\nc", "Gdd", "a\n|b"),
        ("a\nb\nc", "2dd", "|c"),
        ("a\nb\nc", "5dd", "|a\nb\nc"),
        ("a\nb\nc", "dj", "|c"),
        ("a\nb\nc", "dG", "|"),
        ("a\nb\nc", "jdgg", "|c"),
        ("a\nb\nc", "dk", "|a\nb\nc"),
        ("a.b.c", "df.", "|b.c"),
        ("a.b.c", "dt.", "|.b.c"),
        ("a.b.c", "$dF.", "a.b|c"),
        ("a.b.c", "df.d;", "|c"),
        ("one two", "wdiw", "one| "),
        ("one two three", "wdaw", "one |three"),
        ("one two", "wdaw", "on|e"),
        ("漢字 e\u{301}x", "wx", "漢字 |x"),
    ]);
}

#[test]
fn changes_go_on_in_insert_mode() {
    check(&[
        ("one two", "cwx", "x| two"),
        ("a two", "cwx", "x| two"),
        ("one two three", "c2wx", "x| three"),
        ("one two", "wcex", "one x|"),
        ("  one\ntwo", "ccx", "x|\ntwo"),
        ("a\nb\nc", "c2cx", "x|\nc"),
        ("a\nb", "cjx", "x|"),
        ("one two", "wCx", "one x|"),
        ("one", "sx", "x|ne"),
        ("one\ntwo", "Sx", "x|\ntwo"),
        ("one two", "ciwx", "x| two"),
        ("abc", "lix", "ax|bc"),
        ("abc", "lax", "abx|c"),
        ("", "ax", "x|"),
        ("  abc", "$Ix", "  x|abc"),
        ("abc", "Ax", "abcx|"),
        ("a\nb", "ox", "a\nx|\nb"),
        ("a\nb", "Ox", "x|\na\nb"),
        ("abc", "ix<esc>", "|xabc"),
        ("abc", "$ax<left><left>y<esc>", "ab|ycx"),
    ]);
}

#[test]
fn what_was_taken_can_be_put() {
    check(&[
        ("ab", "xp", "b|a"),
        ("ab", "xP", "|ab"),
        ("ab", "x3p", "baa|a"),
        ("a\nb", "ddp", "b\n|a"),
        ("a\nb", "yyP", "|a\na\nb"),
        ("a\n  b", "jyyp", "a\n  b\n  |b"),
        ("a\nb", "2yyjp", "a\nb\n|a\nb"),
        ("a\nb", "yy2p", "a\n|a\na\nb"),
        ("a", "ddp", "\n|a"),
        ("one two", "ywP", "one| one two"),
        ("one two", "wyiwgg0P", "tw|oone two"),
        ("one two", "wyb", "|one two"),
        ("a\nb", "Yjp", "a\nb\n|a"),
    ]);
}

#[test]
fn single_commands_do_what_vi_does() {
    check(&[
        ("abc", "rx", "|xbc"),
        ("abc", "2rx", "x|xc"),
        ("abc", "4rx", "|abc"),
        ("aBc", "~~~", "Ab|C"),
        ("aBc", "3~", "Ab|C"),
        ("straße", "9~", "STRAß|E"),
        ("a\n  b", "J", "a| b"),
        ("a\nb\nc", "3J", "a b| c"),
        ("a\n", "J", "|a"),
        ("a", "J", "|a"),
    ]);
}

#[test]
fn one_command_is_undone_at_once() {
    check(&[
        ("one two", "cwxyz<esc>u", "|one two"),
        ("one two", "cwxyz q<bs><c-w>r<esc>u", "|one two"),
        ("abc", "xxu", "|bc"),
        ("abc", "xx2u", "|abc"),
        ("abc", "xxuu<c-r>", "|bc"),
        ("a\nb", "ofoo<esc>u", "|a\nb"),
        ("a\nb\nc", "3Ju", "|a\nb\nc"),
        ("abc", "3rxu", "|abc"),
        ("a", "yy3pu", "|a"),
    ]);
}

#[test]
fn selections_take_what_they_show() {
    check(&[
        ("abcd", "lvld", "a|d"),
        ("abcd", "llvhd", "a|d"),
        ("abcd", "vey", "|abcd"),
        ("abcd", "lvly$p", "abcdb|c"),
        ("abcd", "vlcx", "x|cd"),
        ("a\nb\nc", "Vjd", "|c"),
        ("a\nb\nc", "jVd", "a\n|c"),
        ("a\nb\nc", "jVcx", "a\nx|\nc"),
        ("ab\ncd", "lvjd", "|a"),
        ("abcd", "lvlrx", "a|xxd"),
        ("abcd", "vl~", "|ABcd"),
        ("abcd", "lvlox", "a|d"),
        ("a\nb\nc", "VjJ", "a| b\nc"),
        ("one two", "yiwwviwp", "one on|e"),
        ("one two", "wviwd", "one| "),
        ("one two three", "wvawd", "one |three"),
        ("abc", "vl<esc>", "a|bc"),
        ("abc", "vv", "|abc"),
        ("abc", "vlV", "^a|bc"),
    ]);
}

#[test]
fn the_mode_is_told() {
    let mode = |keys: &str| vi("abc", keys).mode();
    assert_eq!(Composer::new(false).mode(), None);
    assert_eq!(Composer::new(true).mode(), Some(ViMode::Insert));
    assert_eq!(mode(""), Some(ViMode::Normal));
    assert_eq!(mode("cw"), Some(ViMode::Insert));
    assert_eq!(mode("v"), Some(ViMode::Visual));
    assert_eq!(mode("V"), Some(ViMode::VisualLine));
    assert_eq!(mode("vy"), Some(ViMode::Normal));
}
