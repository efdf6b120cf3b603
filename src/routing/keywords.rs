//! Whether a text has a word of the policy.

/// Those of the keywords that the text has: as whole words, in any case. The parts of a keyword of several words may be
/// joined by spaces or hyphens, however it is written: `multi-file`, `multi file`.
pub fn matched(text: &str, keywords: &[String]) -> Vec<String> {
    let words = words(text);
    keywords
        .iter()
        .filter(|keyword| {
            let wanted = self::words(keyword);
            !wanted.is_empty() && words.windows(wanted.len()).any(|found| fits(found, &wanted))
        })
        .cloned()
        .collect()
}

struct Word {
    lower: String,
    /// Only spaces or hyphens stand between it and the word before.
    is_joined: bool,
}

fn fits(found: &[Word], wanted: &[Word]) -> bool {
    found.iter().zip(wanted).all(|(one, other)| one.lower == other.lower)
        && found.iter().skip(1).all(|word| word.is_joined)
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut is_open = false;
    let mut is_joined = true;
    for character in text.chars() {
        if character.is_alphanumeric() || character == '_' {
            if !is_open {
                words.push(Word { lower: String::new(), is_joined });
                is_open = true;
                is_joined = true;
            }
            let word = words.last_mut().expect("one is open");
            word.lower.extend(character.to_lowercase());
        } else {
            is_open = false;
            is_joined &= character.is_whitespace() || matches!(character, '-' | '‐' | '‑' | '–');
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_words() {
        for (text, keyword, is_there) in [
            ("Review the security of it", "security", true),
            ("SECURITY!", "security", true),
            ("insecurity", "security", false),
            ("the security_group", "security", false),
            ("look at src/security/mod.rs", "security", true),
            ("refactoring", "refactor", false),
            ("pre-refactor", "refactor", true),
            ("a multi-file change", "multi-file", true),
            ("a Multi File change", "multi-file", true),
            ("a multi‑file change", "multi-file", true),
            ("multi. File it", "multi-file", false),
            ("multifile", "multi-file", false),
            ("a race  condition", "race condition", true),
            ("Überprüfung der ÄNDERUNG", "änderung", true),
            ("", "security", false),
            ("anything", "", false),
            ("anything", " - ", false),
        ] {
            assert_eq!(!matched(text, &[keyword.to_owned()]).is_empty(), is_there, "{text:?} {keyword:?}");
        }
    }

    #[test]
    fn all_that_match_are_told_in_the_order_of_the_policy() {
        let keywords = ["security", "migration", "performance"].map(str::to_owned);
        assert_eq!(matched("performance, then Security", &keywords), ["security", "performance"]);
    }
}
