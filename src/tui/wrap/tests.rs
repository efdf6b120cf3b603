use super::*;

fn plain(text: &str) -> Vec<Piece> {
    vec![Piece::new(text, Role::Text)]
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    texts(&wrap(&plain(text), width, &Hanging::default()))
}

fn texts(rows: &[Row]) -> Vec<String> {
    rows.iter().map(Row::text).collect()
}

fn copied(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{}{}", if row.continues { "" } else { "\n" }, row.copied());
    rows.iter().map(line).collect::<String>().trim_start_matches('\n').to_owned()
}

#[test]
fn words_wrap_and_keep_their_blank() {
    assert_eq!(wrapped("one two three four", 9), ["one two ", "three ", "four"]);
    assert_eq!(wrapped("one two", 20), ["one two"]);
    assert_eq!(wrapped("", 20), [""]);
}

#[test]
fn a_long_word_is_broken_at_the_edge() {
    assert_eq!(wrapped("see abcdefghijkl x", 5), ["see ", "abcde", "fghij", "kl x"]);
}

#[test]
fn a_word_that_fills_a_row_gives_its_blank_to_the_next() {
    let rows = wrap(&plain("abcde f"), 5, &Hanging::default());
    assert_eq!(texts(&rows), ["abcde", " f"]);
    assert_eq!(copied(&rows), "abcde f");
}

#[test]
fn blanks_at_the_end_of_a_line_make_no_row() {
    assert_eq!(wrapped("abc      ", 5), ["abc  "]);
    assert_eq!(wrapped("abcde      ", 5), ["abcde"]);
    assert_eq!(wrapped("         ", 5), ["     "]);
}

#[test]
fn an_indent_stays_with_its_word() {
    assert_eq!(wrapped("    abcdef", 8), ["    abcd", "ef"]);
    assert_eq!(wrapped("a        b", 6), ["a     ", "   b"]);
}

#[test]
fn ideographs_wrap_anywhere_but_before_closing_punctuation() {
    assert_eq!(wrapped("一二三四五六", 5), ["一二", "三四", "五六"]);
    assert_eq!(wrapped("一二三，四（五）", 6), ["一二", "三，四", "（五）"]);
    assert_eq!(wrapped("it’s “here” now", 8), ["it’s ", "“here” ", "now"]);
}

#[test]
fn a_grapheme_is_never_cut() {
    let family = "👩‍👩‍👧‍👦";
    assert_eq!(wrapped(&family.repeat(3), 5), [family.repeat(2), family.to_owned()]);
    assert_eq!(wrapped("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
}

#[test]
fn what_never_fits_shows_as_an_ellipsis() {
    assert_eq!(wrapped("a漢b", 1), ["a", "…", "b"]);
    assert_eq!(wrapped("a漢b", 0), [""]);
    assert_eq!(wrapped("abc", 1), ["a", "b", "c"]);
}

#[test]
fn looks_survive_the_wrap() {
    let pieces = [Piece::new("see ", Role::Text), Piece::new("the code", Role::Code)];
    let rows = wrap(&pieces, 9, &Hanging::default());
    assert_eq!(rows[0].pieces, [Piece::new("see ", Role::Text), Piece::new("the ", Role::Code)]);
    assert_eq!(rows[1].pieces, [Piece::new("code", Role::Code)]);
}

#[test]
fn a_mark_hangs_and_the_copy_is_the_line() {
    let rows = wrap(&plain("one two three"), 9, &Hanging::mark(Piece::new("• ", Role::ListMark)));
    assert_eq!(texts(&rows), ["• one ", "  two ", "  three"]);
    assert_eq!(copied(&rows), "• one two three");
}

#[test]
fn a_bar_stands_before_every_row_and_is_not_copied() {
    let rows = wrap(&plain("one two three"), 8, &Hanging::bar(vec![Piece::new("▎ ", Role::Quote)]));
    assert_eq!(texts(&rows), ["▎ one ", "▎ two ", "▎ three"]);
    assert_eq!(copied(&rows), "one two three");
}

#[test]
fn a_prefix_gives_way_to_the_text() {
    let rows = wrap(&plain("one two"), 5, &Hanging::bar(vec![Piece::new("▎ ", Role::Quote)]));
    assert_eq!(texts(&rows), ["one ", "two"]);
}

#[test]
fn cells_fold_without_blanks_at_their_ends() {
    let cells = |lines: Vec<Vec<Piece>>| {
        lines
            .iter()
            .map(|line| line.iter().map(|piece| piece.text.as_str()).collect())
            .collect::<Vec<String>>()
    };
    assert_eq!(cells(fold(&plain("abcde f  gh"), 5)), ["abcde", "f  gh"]);
    assert_eq!(cells(fold(&plain("abcde    f "), 5)), ["abcde", "f"]);
}

#[test]
fn text_is_cut_and_padded_to_exact_columns() {
    assert_eq!(fit("offshoot", 8), "offshoot");
    assert_eq!(fit("offshoot", 5), "offs…");
    assert_eq!(fit("漢字漢字", 6), "漢字…");
    assert_eq!(fit("漢字", 0), "");
    assert_eq!(fit_end("src/tui/wrap.rs", 8), "…wrap.rs");
    assert_eq!(fit_end("a漢字漢", 4), "…漢");
    assert_eq!(pad("漢字漢字", 6), "漢字… ");
    assert_eq!(pad("ab", 4), "ab  ");
    let pieces = [Piece::new("one ", Role::Text), Piece::new("two", Role::Code)];
    assert_eq!(fit_pieces(&pieces, 6), [pieces[0].clone(), Piece::new("t…", Role::Code)]);
    assert_eq!(fit_pieces(&pieces, 7), pieces);
}

#[test]
fn cleaning_expands_tabs_and_drops_what_a_terminal_obeys() {
    assert_eq!(clean("plain"), "plain");
    assert_eq!(clean("a\tb\tc"), "a   b   c");
    assert_eq!(clean("漢\tb"), "漢  b");
    assert_eq!(clean_at("\tb", 2), "  b");
    assert_eq!(clean("a\u{1b}[31mb\u{7}\u{9b}c\u{7f}"), "a[31mbc");
    assert_eq!(clean("evil\u{202e}txt\u{2066}\u{200b}\u{feff}"), "eviltxt");
    assert_eq!(clean("one\r\ntwo\n"), "one two");
    assert!(matches!(clean("é 👩‍👩‍👧 ❤\u{fe0f}"), Cow::Borrowed(_)));
}

#[test]
fn nothing_ever_overflows_or_gets_lost() {
    let parts = [
        "a",
        "word",
        " ",
        "   ",
        "漢",
        "。",
        "👩‍👩‍👧",
        "e\u{301}",
        "\u{301}",
        "\u{200d}",
        "ﾊﾞ",
        "لا",
        "ש",
        "🇩🇪",
        "🇩",
        "#\u{fe0f}\u{20e3}",
        "ᄀᄀᄀᄀᄀ",
        "क्ष",
        "❤\u{fe0f}",
        "\u{fe0f}",
        "ⵏ⵿ⴾ",
        "\u{1F3FD}",
        "\u{17d8}",
    ];
    let mut seed = 0x5eed_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for round in 0..4000 {
        let mut pieces = Vec::new();
        for _ in 0..next(4) {
            let text: String = (0..next(12)).map(|_| parts[next(parts.len())]).collect();
            pieces.push(Piece::new(text, Role::Text));
        }
        let width = next(24);
        let line: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let rows = wrap(&pieces, width, &Hanging::bar(plain("▎ ")));
        for row in &rows {
            assert!(row.width() <= width, "round {round}: {line:?} at {width}: {:?}", row.text());
            assert!(pieces_columns(&row.pieces) <= width, "round {round}: {line:?} at {width}");
        }
        if width > 0 && !rows.iter().any(|row| row.text().contains('…')) {
            assert_eq!(copied(&rows).trim_end(), line.trim_end(), "round {round} at {width}");
        }
        assert!(columns(&fit(&line, width)) <= width, "round {round}: {line:?} at {width}");
        assert!(columns(&fit_end(&line, width)) <= width, "round {round}: {line:?} at {width}");
        assert_eq!(columns(&pad(&line, width)), width, "round {round}: {line:?}");
        assert!(fold(&pieces, width).iter().all(|line| pieces_columns(line) <= width));
    }
}
