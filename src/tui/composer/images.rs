//! Finds image files in what is typed or dropped on the terminal. Whether a file is there is the caller's
//! to say.

use std::path::{Path, PathBuf};

const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// Longer texts name no files, in bytes.
const LONGEST: usize = 16_384;

/// Says which file a path means, if it is there and can be sent.
pub type FindImage<'a> = &'a dyn Fn(&Path) -> Option<PathBuf>;

/// The images that a pasted text names, if it names nothing else: one path as it is, or several as shells
/// and terminals write them.
pub(super) fn dropped(text: &str, find: FindImage) -> Option<Vec<PathBuf>> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    if let Some(image) = find_path(text, find) {
        return Some(vec![image]);
    }
    let words = shell_words(text)?;
    let images: Option<Vec<PathBuf>> = words.iter().map(|word| find_path(word, find)).collect();
    images.filter(|images| !images.is_empty())
}

/// The image that a typed word names, with or without the `@` of a completed path.
pub(super) fn named(word: &str, find: FindImage) -> Option<PathBuf> {
    let words = shell_words(word.strip_prefix('@').unwrap_or(word))?;
    let [path] = words.as_slice() else { return None };
    find_path(path, find)
}

fn find_path(text: &str, find: FindImage) -> Option<PathBuf> {
    let path = match text.strip_prefix("file://") {
        Some(address) => {
            PathBuf::from(percent_decoded(address.strip_prefix("localhost").unwrap_or(address))?)
        }
        None => PathBuf::from(text),
    };
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    if !ENDINGS.contains(&ending.as_str()) || text.contains('\n') {
        return None;
    }
    find(&path)
}

/// Splits at blanks that are neither quoted nor escaped. `None` when a quote stays open.
fn shell_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (_, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().push(chars.next()?),
            (_, None) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Vec<String>> {
        let there = ["/a/x.png", "/a/My Shot.PNG", "b.jpg", "/a/é.webp"];
        let find = |path: &Path| there.iter().any(|known| Path::new(known) == path).then(|| path.to_owned());
        Some(dropped(text, &find)?.iter().map(|path| path.display().to_string()).collect())
    }

    #[test]
    fn drops_of_every_terminal_are_understood() {
        for text in [
            "/a/My Shot.PNG",
            "/a/My\\ Shot.PNG ",
            "'/a/My Shot.PNG'",
            "\"/a/My Shot.PNG\"",
            "file:///a/My%20Shot.PNG\n",
            "file://localhost/a/My%20Shot.PNG",
        ] {
            assert_eq!(found(text), Some(vec!["/a/My Shot.PNG".into()]), "{text}");
        }
        assert_eq!(found("/a/x.png '/a/My Shot.PNG'\nb.jpg").map(|found| found.len()), Some(3));
        assert_eq!(found("file:///a/%C3%A9.webp"), Some(vec!["/a/é.webp".into()]));
    }

    #[test]
    fn everything_else_is_text() {
        for text in
            ["", "look at /a/x.png", "/a/missing.png", "/a/x.txt", "'/a/x.png", "file:///%zz.png", "%"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
