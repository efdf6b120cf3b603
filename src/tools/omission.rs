//! Placeholders that stand for code a model did not want to write again, such as
//! `// ... rest of the code unchanged ...`. Written to a file they would delete what they stand for.

use std::sync::LazyLock;

use regex::Regex;

/// What such a remark says, once it stands without comment signs, brackets and dots.
static PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    let thing = "(?:code|file|function|method|class|implementation|contents?|lines|logic|body|imports|methods\
                 |functions|tests|definitions|fields|config|configuration|module|script|document|sections?|text|styles)";
    let some = r"(?:\w+\s+){0,2}";
    let the = r"(?:(?:the|your|this)\s+)?";
    let rest = format!(r"{the}(?:rest|remainder)\s+of\s+{the}{some}{thing}");
    let same = r"(?:unchanged|(?:the\s+)?same(?:\s+as\s+(?:before|above))?|as\s+(?:is|before)|here|omitted)";
    let alternatives = [
        format!(r"{rest}(?:\s+{some}{same})?"),
        format!(r"{the}(?:rest|remainder)\s+(?:is|remains|stays)\s+{same}"),
        format!(
            r"{the}(?:existing|remaining|previous|original|other|unchanged)\s+{some}{thing}(?:\s+{some}{same})?"
        ),
        format!(r"(?:{the}{thing}\s+)?(?:(?:remains?|stays?|is|are)\s+)?{same}(?:\s+for\s+brevity)?"),
        r"snip(?:ped)?".into(),
    ];
    Regex::new(&format!("(?i)^(?:{})$", alternatives.join("|")))
        .expect("the pattern is a constant that the tests compile")
});

/// The phrases that need no dots beside them: those that say that a rest stays as it is.
static PLAIN_PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:the\s+)?(?:rest|remainder)\s+of\s+(?:\w+\s+){1,4}(?:unchanged|(?:the\s+)?same(?:\s+as\s+before)?|omitted)$",
    )
    .expect("the pattern is a constant that the tests compile")
});

/// The first line of `new` that stands for omitted text and is no line of `old`.
pub fn placeholder<'a>(old: &str, new: &'a str) -> Option<&'a str> {
    let found =
        new.lines().find(|line| looks_omitted(line) && !old.lines().any(|o| o.trim() == line.trim()))?;
    Some(found.trim())
}

/// Why an edit with such a line is refused.
pub fn refusal(line: &str) -> String {
    format!(
        "`{line}` stands for text that is left out, and would replace it. Nothing was changed: write all the \
         lines that are to be in the file, or make a smaller edit that does not touch them."
    )
}

fn looks_omitted(line: &str) -> bool {
    const LEADS: [&str; 10] = ["{/*", "<!--", "/**", "/*", "//", "--", "(*", "#", "*", ";"];
    if line.len() > 200 {
        return false;
    }
    let line = line.trim();
    let lead = LEADS.iter().find(|lead| line.starts_with(**lead));
    let said = line.trim_start_matches(lead.copied().unwrap_or("\0"));
    let said =
        said.trim_end_matches("*/}").trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("*)");
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '<' | '>' | '.' | '…');
    let phrase = said.trim_matches(is_edge);
    let around = said.len() - phrase.len() > 0 && {
        let start = &said[..said.find(phrase).unwrap_or_default()];
        let end = &said[start.len() + phrase.len()..];
        [start, end].iter().any(|edge| edge.contains("...") || edge.contains('…'))
    };
    (around && PHRASE.is_match(phrase)) || (lead.is_some() && PLAIN_PHRASE.is_match(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_code_and_comments() {
        let placeholders = [
            "// ... rest of code unchanged ...",
            "    # ... existing code ...",
            "/* … rest of the file … */",
            "<!-- ... remaining content ... -->",
            "{/* ... existing imports ... */}",
            "-- ... other methods ...",
            "// ... (rest of the implementation)",
            "// rest of the function remains the same",
            "# The rest of the code stays unchanged",
            "... rest of code ...",
            "[... existing code ...]",
            "// ... unchanged ...",
            "// existing code...",
            "# ... same as before ...",
        ];
        for line in placeholders {
            assert!(looks_omitted(line), "{line}");
        }
        let honest = [
            "...",
            "    ...",
            "def f(self): ...",
            "// the rest of the bytes are padding",
            "// existing code paths must keep working",
            "foo(...rest)",
            "let [first, ...rest] = list;",
            "# unchanged",
            "// see the remaining tests below",
            "println!(\"... rest of code ...\");",
            "Loading...",
        ];
        for line in honest {
            assert!(!looks_omitted(line), "{line}");
        }
    }

    #[test]
    fn a_placeholder_that_was_there_before_is_no_omission() {
        let old = "a\n  // ... existing code ...\n";
        assert_eq!(placeholder(old, "b\n// ... existing code ...\n"), None);
        assert_eq!(placeholder("a\n", "b\n// ... existing code ...\n"), Some("// ... existing code ..."));
    }
}
