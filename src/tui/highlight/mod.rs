//! Code with the roles of its syntax. Grammars say what a word is, a table of ours says which role that
//! has, and themes say how it looks. It takes time that a screen does not have: run it in the background.

mod language;
mod roles;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use syntect::parsing::{ParseState, ScopeStack, SyntaxSet};

use super::look::{Piece, Role};
use super::wrap::{clean_at, columns};

pub use language::Language;

/// A longer line, in bytes, stays plain: it is data, and costs more than it shows.
const LONGEST_LINE: usize = 2_000;

/// What comes after so many bytes stays plain.
const LONGEST_TEXT: usize = 512 * 1024;

/// A grammar may need very long for a line made to trip it. After a few such lines the rest of a text
/// stays plain.
const SLOW_LINE: Duration = Duration::from_millis(100);
const SLOW_LINES: usize = 3;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// The pieces of each line of a code. Plain text has [`Role::Text`].
pub fn highlight(code: &str, language: &Language) -> Vec<Vec<Piece>> {
    Highlighter::new(language).lines(code)
}

/// Goes through a code line by line. A clone goes on from the same place, so that of a text that grows
/// only what is new need be read: keep the one that stands after the last whole line, and give a copy
/// of it the line that still grows.
#[derive(Debug, Clone)]
pub struct Highlighter {
    /// `None` where the language is not known, and once a limit is reached.
    parser: Option<Parser>,
    read: usize,
    slow: usize,
}

#[derive(Debug, Clone)]
struct Parser {
    state: ParseState,
    scopes: ScopeStack,
}

impl Highlighter {
    /// The first one of a program loads the grammars, which takes some tens of milliseconds.
    pub fn new(language: &Language) -> Self {
        let syntax = if language.is_plain() { None } else { language.syntax(&SYNTAXES) };
        let parser = |syntax| Parser { state: ParseState::new(syntax), scopes: ScopeStack::new() };
        Self { parser: syntax.map(parser), read: 0, slow: 0 }
    }

    /// The next lines; a newline at the end of the code begins no further line.
    pub fn lines(&mut self, code: &str) -> Vec<Vec<Piece>> {
        code.lines().map(|line| self.line(line)).collect()
    }

    /// The next line, which has no newline.
    pub fn line(&mut self, line: &str) -> Vec<Piece> {
        let line = line.trim_end_matches(['\n', '\r']);
        self.read += line.len() + 1;
        if self.read > LONGEST_TEXT || self.slow >= SLOW_LINES {
            self.parser = None;
        }
        let Some(parser) = self.parser.as_mut().filter(|_| line.len() <= LONGEST_LINE) else {
            return plain(line);
        };
        let begun = Instant::now();
        let pieces = parser.line(line);
        self.slow += usize::from(begun.elapsed() > SLOW_LINE);
        pieces.unwrap_or_else(|| {
            self.parser = None;
            plain(line)
        })
    }
}

impl Parser {
    /// `None` when the grammar fails.
    fn line(&mut self, line: &str) -> Option<Vec<Piece>> {
        let text = format!("{line}\n");
        let changes = self.state.parse_line(&text, &SYNTAXES).ok()?;
        let mut pieces = Pieces::default();
        let mut from = 0;
        for (at, change) in changes {
            let to = at.min(line.len());
            if to > from {
                let text = &line[from..to];
                pieces.push(text, roles::role(&self.scopes, text));
                from = to;
            }
            self.scopes.apply(&change).ok()?;
        }
        let text = &line[from..];
        pieces.push(text, roles::role(&self.scopes, text));
        Some(pieces.pieces)
    }
}

#[derive(Default)]
struct Pieces {
    pieces: Vec<Piece>,
    column: usize,
}

impl Pieces {
    fn push(&mut self, text: &str, role: Role) {
        let cleaned = clean_at(text, self.column);
        if cleaned.is_empty() {
            return;
        }
        self.column += columns(&cleaned);
        match self.pieces.last_mut() {
            Some(last) if last.look.role == role || cleaned.trim_start_matches(' ').is_empty() => {
                last.text.push_str(&cleaned);
            }
            _ => self.pieces.push(Piece::new(cleaned, role)),
        }
    }
}

fn plain(line: &str) -> Vec<Piece> {
    let mut pieces = Pieces::default();
    pieces.push(line, Role::Text);
    pieces.pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each piece as `‹Role text›`; plain text as it is.
    fn marked(code: &str, language: &str) -> String {
        let piece = |piece: &Piece| match piece.look.role {
            Role::Text => piece.text.clone(),
            role => format!("‹{role:?} {}›", piece.text),
        };
        let line = |line: &Vec<Piece>| line.iter().map(piece).collect::<String>();
        highlight(code, &Language::of_fence(language)).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rust_has_its_roles() {
        let code = concat!(
            "/// A point.\n",
            "#[derive(Debug)]\n",
            "pub struct Point<'a> { x: f64 }\n",
            "fn main() -> u8 {\n",
            "    let s = \"a\\n\"; // done\n",
            "    println!(\"{s}\", 0x1f) as u8 + self.size(MAX)\n",
        );
        insta::assert_snapshot!(marked(code, "rust"), @r#"
        ‹Remark /// A point.›
        ‹Attribute #[derive(Debug)]›
        ‹Keyword pub struct ›‹Type Point›‹Punctuation <›‹Attribute 'a›‹Punctuation > { ›x‹Punctuation : ›‹Type f64 ›‹Punctuation }›
        ‹Keyword fn ›‹Function main›‹Punctuation () -> ›‹Type u8 ›‹Punctuation {›
            ‹Keyword let› s ‹Operator = ›‹String "a›‹Constant \n›‹String "›‹Punctuation ; ›‹Remark // done›
            ‹Function println!›‹Punctuation (›‹String "›‹Constant {s}›‹String "›‹Punctuation , ›‹Number 0x1f›‹Punctuation ) ›‹Keyword as ›‹Type u8 ›‹Operator + ›‹Keyword self›‹Punctuation .›‹Function size›‹Punctuation (›‹Constant MAX›‹Punctuation )›
        "#);
    }

    #[test]
    fn other_languages_have_theirs() {
        let table = [
            ("python", "def f(x: int): return f\"{x} a\" if not x else None"),
            ("ts", "const f = async (a: Foo) => await g(`x${a.b}`, null);"),
            ("sh", "for i in $(seq 1 3); do grep --color \"$i\"; done # x"),
            ("json", "{\"key\": [\"value\", 1.5, true]}"),
            ("toml", "[a.b]\nkey = 'value'"),
            ("c", "struct foo { unsigned int x; };"),
            ("html", "<a href=\"x\">y</a>"),
            ("diff", "@@ -1 +1 @@\n-old\n+new"),
        ];
        let line = |(language, code): &(&str, &str)| format!("{language}: {}\n", marked(code, language));
        insta::assert_snapshot!(table.iter().map(line).collect::<String>(), @r#"
        python: ‹Keyword def ›‹Function f›‹Punctuation (›‹Variable x›‹Punctuation : ›‹Type int›‹Punctuation ): ›‹Keyword return f›‹String "›‹Punctuation {›x‹Punctuation }›‹String  a" ›‹Keyword if not ›x ‹Keyword else ›‹Constant None›
        ts: ‹Keyword const ›‹Function f ›‹Operator = ›‹Keyword async ›‹Punctuation (›‹Variable a›‹Punctuation : ›‹Type Foo›‹Punctuation ) ›‹Operator => ›‹Keyword await ›‹Function g›(‹String `x›‹Punctuation ${›a‹Punctuation .›b‹Punctuation }›‹String `›‹Punctuation , ›‹Constant null›)‹Punctuation ;›
        sh: ‹Keyword for› i ‹Keyword in ›‹Variable $›‹Punctuation (›‹Function seq› 1 3‹Punctuation ); ›‹Keyword do ›‹Function grep›‹Attribute  --color ›‹String "›‹Variable $i›‹String "›‹Punctuation ; ›‹Keyword done ›‹Remark # x›
        json: ‹Punctuation {›‹Tag "key"›‹Punctuation : [›‹String "value"›‹Punctuation , ›‹Number 1.5›‹Punctuation , ›‹Constant true›‹Punctuation ]}›
        toml: ‹Punctuation [›‹Type a›‹Punctuation .›‹Type b›‹Punctuation ]›
        ‹Tag key ›‹Punctuation = ›‹String 'value'›
        c: ‹Keyword struct ›‹Type foo ›‹Punctuation { ›‹Type unsigned int› x‹Punctuation ; };›
        html: ‹Punctuation <›‹Tag a ›‹Attribute href›‹Punctuation =›‹String "x"›‹Punctuation >›y‹Punctuation </›‹Tag a›‹Punctuation >›
        diff: ‹Hunk @@ -1 +1 @@›
        ‹Removed -old›
        ‹Added +new›
        "#);
    }

    #[test]
    fn unknown_languages_stay_plain_and_clean() {
        assert_eq!(marked("let a\t= 1;\u{1b}[0m", "klingon"), "let a   = 1;[0m");
        assert_eq!(marked("let a", ""), "let a");
        assert_eq!(highlight("", &Language::PLAIN), Vec::<Vec<Piece>>::new());
        assert_eq!(highlight("\n\n", &Language::PLAIN).len(), 2);
    }

    #[test]
    fn tabs_stand_at_the_stops_of_the_whole_line() {
        assert_eq!(marked("a\tif\tx", "python"), "a   ‹Keyword if  ›x");
    }

    #[test]
    fn lines_and_texts_over_the_limits_stay_plain() {
        let long = format!("let a = \"{}\";", "x".repeat(LONGEST_LINE));
        assert_eq!(marked(&long, "rust"), long);
        let mut highlighter = Highlighter::new(&Language::of_fence("rust"));
        highlighter.read = LONGEST_TEXT;
        assert_eq!(highlighter.line("let a"), [Piece::new("let a", Role::Text)]);
        let mut highlighter = Highlighter::new(&Language::of_fence("rust"));
        highlighter.slow = SLOW_LINES;
        assert_eq!(highlighter.line("let a"), [Piece::new("let a", Role::Text)]);
    }

    #[test]
    fn a_growing_text_is_read_once() {
        let code = "/* one\ntwo\nthree */ let x = 1;";
        let whole = highlight(code, &Language::of_fence("rust"));
        let mut kept = Highlighter::new(&Language::of_fence("rust"));
        assert_eq!(kept.lines("/* one\ntwo\n"), whole[..2]);
        assert_eq!(kept.clone().line("three *"), [Piece::new("three *", Role::Remark)]);
        assert_eq!(kept.line("three */ let x = 1;"), whole[2]);
    }

    #[test]
    fn pieces_can_leave_their_thread() {
        fn leaves<T: Send + 'static>(_: &T) {}
        leaves(&Highlighter::new(&Language::PLAIN));
        leaves(&highlight("x", &Language::PLAIN));
    }
}
