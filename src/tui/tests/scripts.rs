//! Scripts whose letters are wide, join, or run from right to left.

use super::*;

const JAPANESE: &str = "テストを直してください";
const HEBREW: &str = "תקן את הבדיקה";
const FAMILY: &str = "👩‍👩‍👧 and 🇳🇴 and é";

#[test]
fn wide_and_joined_letters_keep_their_columns() {
    let mut studio = Studio::new(60, 24);
    studio.says(JAPANESE).loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    studio
        .agent()
        .opens("テスト")
        .begins(&format!("{JAPANESE}\n{HEBREW}\n{FAMILY}"))
        .goes_to("local", "qwen3-coder", "速い")
        .says(&format!(
            "| 名前 | n |\n| --- | --- |\n| 深さ | 1 |\n| {FAMILY} | 2 |\n\n{HEBREW} {}",
            JAPANESE.repeat(4)
        ))
        .calls(
            "c",
            "read",
            json!({ "path": "docs/漢字の長い名前のファイル/もっと長い名前のファイル/readme.md" }),
        )
        .commits("9f31c07e6d1b2a4c5e8f", "テストの深さを一度だけ数える、二度ではなく、一度だけ", (1, 12, 3))
        .changes(&[("docs/漢字.md", 3, 1)])
        .ends(EndReason::Done);
    studio.keys(&format!("type:{HEBREW} {JAPANESE}"));
    insta::assert_snapshot!(studio.screen(), @r"
     1 テストを直してください ✓ +3 −1                    parser
     ▌ テストを直してください
     ▌ תקן את הבדיקה
     ▌ 👩‍👩‍👧 and 🇳🇴 and é

     → local/qwen3-coder  速い

       名前            │ n
       ────────────────┼──
       深さ            │ 1
       👩‍👩‍👧 and 🇳🇴 and é │ 2

       תקן את הבדיקה テストを直してくださいテストを直してくださ
       いテストを直してくださいテストを直してください

     ✗ read docs/漢字の長い名前のファイル/もっと長い名前のファ…
     ◆ 9f31c07e テストの深さを一度だけ数える、…  1 file +12 −3

       1 step


    ── offshoot/テスト ───────────────────────────────── auto ──
    ❯ תקן את הבדיקה テストを直してください
     ✓ done  Ctrl-P commands  Alt-D diff      local/qwen3-coder
    ");
}

#[test]
fn boxes_over_wide_letters_cut_none_in_half() {
    // The picture is looked at by the studio after every key.
    for (width, before) in [(80, ""), (80, "-"), (81, ""), (120, ""), (120, "-"), (160, "")] {
        let mut studio = Studio::new(width, 24);
        studio.says(JAPANESE).loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
        studio.agent().opens("x").begins(JAPANESE).says(&format!("{before}{}", JAPANESE.repeat(90)));
        studio.keys("ctrl-p").keys("esc").keys("f1").keys("esc").keys("ctrl-b").keys("ctrl-b").keys("pageup");
        studio.agent().asks("c7", "bash", json!({ "command": JAPANESE }), HEBREW);
        studio.keys("alt-a").keys("esc").keys("type:/").keys("esc").keys("ctrl-u");
        studio.agent().changes(&[("a", 1, 1)]);
        studio.runs("close");
    }
}

#[test]
fn titles_and_files_of_any_script_are_listed() {
    let mut studio = Studio::new(80, 24);
    for title in [JAPANESE, HEBREW, FAMILY] {
        studio.keys("ctrl-t").runs(&format!("tab rename {title}"));
    }
    insta::assert_snapshot!(studio.first_row(), @" 1 new ○  2 テストを直してください ○  3 תקן את הבדיקה ○  4 👩‍👩‍👧 and 🇳🇴 and é ○");
    let tab = studio.agent().id();
    studio.keys("type:@");
    studio.loads(Loaded::Files {
        tab,
        files: vec![format!("{HEBREW}.md"), "漢字/深さ.rs".into(), "👩‍👩‍👧.txt".into()],
    });
    insta::assert_snapshot!(studio.rows(-6, -1), @r"
    › תקן את הבדיקה.md
      漢字/深さ.rs
      👩‍👩‍👧.txt
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ @
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
}
