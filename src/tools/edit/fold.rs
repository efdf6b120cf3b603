//! Differences that do not count: line endings, the look of quotes and dashes, one escape too many,
//! line numbers that were copied along. Each is taken away here, with the way back to the original.

use std::borrow::Cow;
use std::ops::Range;

/// A text with some characters changed or dropped, and where they stood.
#[derive(Debug)]
pub struct Folded {
    pub text: String,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    folded: Range<usize>,
    original_end: usize,
}

/// What is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// `\r\n` to `\n`.
    LineEndings,
    /// That, and quotes, dashes, blanks and dots to their plain forms.
    Punctuation,
}

impl Folded {
    pub fn new(text: &str, fold: Fold) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut changes = Vec::new();
        let mut kept = 0;
        for (at, c) in text.char_indices() {
            let plain = match c {
                '\r' if text[at + 1..].starts_with('\n') => Some(""),
                _ if fold == Fold::Punctuation => plain(c),
                _ => None,
            };
            if let Some(plain) = plain {
                folded.push_str(&text[kept..at]);
                let start = folded.len();
                folded.push_str(plain);
                kept = at + c.len_utf8();
                changes.push(Change { folded: start..folded.len(), original_end: kept });
            }
        }
        folded.push_str(&text[kept..]);
        Self { text: folded, changes }
    }

    /// The original bytes that a folded range stands for; `None` when it cuts a character apart. What
    /// was dropped at an edge of the range stays outside at its end, and inside at its start.
    pub fn original(&self, range: &Range<usize>) -> Option<Range<usize>> {
        Some(self.position(range.start)?..self.position(range.end)?)
    }

    fn position(&self, at: usize) -> Option<usize> {
        let is_before = |change: &Change| {
            change.folded.end < at || (change.folded.end == at && !change.folded.is_empty())
        };
        let next = self.changes.partition_point(is_before);
        if self.changes.get(next).is_some_and(|change| change.folded.start < at) {
            return None;
        }
        Some(match next.checked_sub(1).map(|last| &self.changes[last]) {
            Some(last) => last.original_end + (at - last.folded.end),
            None => at,
        })
    }
}

/// Quotes, dashes, blanks and dots in their plain forms.
pub fn fold_punctuation(line: &str) -> Cow<'_, str> {
    if line.is_ascii() {
        return Cow::Borrowed(line);
    }
    let mut folded = String::with_capacity(line.len());
    for c in line.chars() {
        match plain(c) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
    Cow::Owned(folded)
}

/// Takes one level of escapes away, of the kind that models add to JSON: `\n`, `\t`, `\"`, `\'`, `\\`.
/// `None` when there is none.
pub fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut changed = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let next = chars.next();
        let meant = match next {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some(c @ ('"' | '\'' | '\\' | '/' | '`' | '$')) => Some(c),
            _ => None,
        };
        changed |= meant.is_some();
        match meant {
            Some(meant) => plain.push(meant),
            None => plain.extend(std::iter::once('\\').chain(next)),
        }
    }
    changed.then_some(plain)
}

/// Takes the entities of HTML away that stand for characters of code. `None` when there is none.
pub fn unescape_html(text: &str) -> Option<String> {
    const ENTITIES: [(&str, &str); 6] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&amp;", "&")];
    if !ENTITIES.iter().any(|(entity, _)| text.contains(entity)) {
        return None;
    }
    // `&amp;` last, so that `&amp;lt;` loses one level and not two.
    Some(ENTITIES.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

/// Takes the numbers away that `read` shows before each line, and gives the first. `None` when some
/// line that is not blank has none.
pub fn strip_line_numbers(text: &str) -> Option<(String, usize)> {
    let mut first = None;
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match numbered(line) {
            Some((number, rest)) => {
                first.get_or_insert(number);
                plain.push_str(rest);
            }
            None if line.trim().is_empty() => plain.push_str(line),
            None => return None,
        }
    }
    first.map(|first| (plain, first))
}

/// The number and the rest of a line such as `12<tab>text`, `  12→text`, `12 | text` or `12: text`.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start_matches(' ');
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = line.split_at(digits);
    let number = number.parse().ok()?;
    if let Some(rest) = rest.strip_prefix('\t').or_else(|| rest.strip_prefix('→')) {
        return Some((number, rest));
    }
    let rest =
        rest.strip_prefix(" |").or_else(|| rest.strip_prefix('|')).or_else(|| rest.strip_prefix(':'))?;
    Some((number, rest.strip_prefix(' ').unwrap_or(rest)))
}

fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{ff07}' => "'",
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ff02}' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => "-",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => "",
        '\u{2026}' => "...",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_range_leads_back_to_the_original() {
        let original = "a\r\n“b”\r\n…c";
        let folded = Folded::new(original, Fold::Punctuation);
        assert_eq!(folded.text, "a\n\"b\"\n...c");
        let back = |needle: &str| {
            let at = folded.text.find(needle).unwrap();
            folded.original(&(at..at + needle.len())).map(|range| &original[range])
        };
        assert_eq!(back("a"), Some("a"));
        assert_eq!(back("a\n"), Some("a\r\n"));
        assert_eq!(back("\n\"b\""), Some("\r\n“b”"));
        assert_eq!(back("...c"), Some("…c"));
        assert_eq!(back("..c"), None);
        assert_eq!(Folded::new("a\rb\r\n", Fold::LineEndings).text, "a\rb\n");
    }

    #[test]
    fn one_level_of_escapes_is_taken_away() {
        let cases = [
            (r#"print(\"a\\n\")\nx"#, Some("print(\"a\\n\")\nx")),
            (r"\d+\n", Some("\\d+\n")),
            (r"\d+", None),
            ("plain", None),
            ("end\\", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(unescape(text).as_deref(), wanted, "{text}");
        }
        assert_eq!(unescape_html("a &lt;b&gt; &amp;amp;").as_deref(), Some("a <b> &amp;"));
        assert_eq!(unescape_html("a & b"), None);
    }

    #[test]
    fn copied_line_numbers_are_taken_away() {
        let cases = [
            ("12\ta\n13\t  b\n", Some(("a\n  b\n", 12))),
            ("    7→a\n    8→", Some(("a\n", 7))),
            ("1 | a\n\n2 | b", Some(("a\n\nb", 1))),
            ("10: a", Some(("a", 10))),
            ("12\ta\nb\n", None),
            ("a", None),
            ("\n", None),
        ];
        for (text, wanted) in cases {
            let found = strip_line_numbers(text);
            assert_eq!(found.as_ref().map(|(t, n)| (t.as_str(), *n)), wanted, "{text}");
        }
    }
}
