//! A role named in a prompt: `@review look at the parser`.

/// Finds the first role that a prompt mentions, and the prompt without the mention. A mention is a word of its own;
/// code in backticks has none, and what begins with `@` and is no role, such as a path, stays.
pub fn mention(prompt: &str, is_role: impl Fn(&str) -> bool) -> (Option<&str>, String) {
    for (start, _) in prompt.match_indices('@') {
        let (before, after) = (&prompt[..start], &prompt[start + 1..]);
        let name = name_of(after);
        let rest = &after[name.len()..];
        let stands_alone =
            before.chars().next_back().is_none_or(|c| c.is_whitespace() || "([\"'".contains(c));
        if !stands_alone || !ends_here(rest) || is_code(before) || !is_role(name) {
            continue;
        }
        return (Some(name), without(before, rest));
    }
    (None, prompt.to_owned())
}

/// The longest run of characters that a role's name can have; a hyphen at its end is the sentence's.
fn name_of(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    text[..end].trim_end_matches('-')
}

/// Whether a word ends before this: `@docs/a.md` and `@test.rs` are paths.
fn ends_here(rest: &str) -> bool {
    let mut characters = rest.chars();
    match characters.next() {
        None => true,
        Some(c) if c.is_whitespace() => true,
        Some('.' | ',' | ':' | ';' | '!' | '?' | ')' | ']' | '"' | '\'' | '-' | '–' | '—') => {
            characters.next().is_none_or(|next| !next.is_alphanumeric() && next != '/')
        }
        Some(_) => false,
    }
}

/// Whether backticks are open at the end of a text: a run of so many is closed by a run of as many.
fn is_code(before: &str) -> bool {
    let mut open: Option<usize> = None;
    let mut runs = before.split(|c| c != '`').filter(|run| !run.is_empty()).map(str::len);
    loop {
        match (open, runs.next()) {
            (_, None) => return open.is_some(),
            (None, Some(run)) => open = Some(run),
            (Some(opened), Some(run)) if run == opened => open = None,
            (Some(_), Some(_)) => {}
        }
    }
}

/// What is left: a mark that only set the mention off goes with it, and two spaces do not become one sentence's.
fn without(before: &str, rest: &str) -> String {
    let rest = rest.strip_prefix([':', ',']).unwrap_or(rest);
    if before.trim().is_empty() {
        return rest.trim_start().to_owned();
    }
    if rest.trim().is_empty() {
        return before.trim_end().to_owned();
    }
    match rest.strip_prefix(' ') {
        Some(rest) if before.ends_with(char::is_whitespace) => format!("{before}{rest}"),
        None if !rest.starts_with(char::is_whitespace) => format!("{}{rest}", before.trim_end_matches(' ')),
        _ => format!("{before}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_mentions() {
        let is_role = |name: &str| ["review", "test", "docs", "my-role"].contains(&name);
        for (prompt, role, rest) in [
            ("@review look at it", Some("review"), "look at it"),
            ("@review: look at it", Some("review"), "look at it"),
            ("look at it @review", Some("review"), "look at it"),
            ("look at it, @review.", Some("review"), "look at it,."),
            ("please @review the parser", Some("review"), "please the parser"),
            ("please\n@review the parser", Some("review"), "please\nthe parser"),
            ("@my-role - go", Some("my-role"), "- go"),
            ("@review @test both", Some("review"), "@test both"),
            ("@src/a.rs then @test it", Some("test"), "@src/a.rs then it"),
            ("(@docs) say", Some("docs"), "() say"),
            ("@review", Some("review"), ""),
            ("@docs/readme.md", None, "@docs/readme.md"),
            ("@docs.md", None, "@docs.md"),
            ("@reviewer", None, "@reviewer"),
            ("@Review", None, "@Review"),
            ("me@review", None, "me@review"),
            ("mail me@test.org", None, "mail me@test.org"),
            ("run `@test` and", None, "run `@test` and"),
            ("```\n@test\nfn a() {}\n```\n@docs it", Some("docs"), "```\n@test\nfn a() {}\n```\nit"),
            ("``a ` @test`` @docs", Some("docs"), "``a ` @test``"),
            ("no role", None, "no role"),
            ("@ @", None, "@ @"),
            ("", None, ""),
        ] {
            assert_eq!(mention(prompt, is_role), (role, rest.to_owned()), "{prompt:?}");
        }
    }
}
