//! Keys, kept only to be struck out of what servers say.

use std::sync::LazyLock;

use regex::Regex;

/// What may stand in no message and no log. It has no `Debug` on purpose.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

/// Shorter values would strike out ordinary words.
const SHORTEST: usize = 6;
const STRUCK: &str = "[key]";

/// Keys of any kind, should a server show another one than ours.
static KEYS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(sk-[A-Za-z0-9_\-*]{8,}|AIza[A-Za-z0-9_\-]{20,}|Bearer\s+[A-Za-z0-9._\-]{8,})")
        .expect("the pattern is fixed")
});

impl Secrets {
    pub(super) fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.push(secret.to_owned());
        }
    }

    /// A header's value with `$NAME` and `${NAME}` replaced; what they stand for is secret from now on.
    /// `Err` holds the name of a variable that is not set.
    pub(super) fn expand(
        &mut self,
        value: &str,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = value;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let (name, end) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, end)) => (name, end),
                None => after.split_at(
                    after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len()),
                ),
            };
            if name.is_empty() {
                out.push('$');
                rest = after;
                continue;
            }
            let found = env(name).ok_or_else(|| name.to_owned())?;
            self.add(found.trim());
            out.push_str(found.trim());
            rest = end;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The text without any key in it, not even the beginning of one that was cut off at its end.
    pub(super) fn strike(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = text.replace(secret.as_str(), STRUCK);
            let end = text.trim_end_matches('…').len();
            let cut = (SHORTEST..secret.len())
                .rev()
                .filter_map(|length| secret.get(..length))
                .find(|head| text[..end].ends_with(head))
                .map(|head| end - head.len());
            if let Some(cut) = cut {
                text.replace_range(cut..end, STRUCK);
            }
        }
        KEYS.replace_all(&text, STRUCK).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_survives_whole_or_cut() {
        let mut secrets = Secrets::default();
        secrets.add("topsecret-123");
        assert_eq!(
            secrets.strike("you sent topsecret-123, twice topsecret-123"),
            "you sent [key], twice [key]"
        );
        assert_eq!(secrets.strike("it was topsecret-…"), "it was [key]…");
        assert_eq!(
            secrets.strike("Incorrect API key provided: sk-proj-abcd****wxyz."),
            "Incorrect API key provided: [key]."
        );
        assert_eq!(secrets.strike("a top secret"), "a top secret");
    }

    #[test]
    fn variables_in_headers_are_replaced_and_become_secret() {
        let mut secrets = Secrets::default();
        let env = |name: &str| (name == "TOKEN").then(|| "abcdefgh".to_owned());
        assert_eq!(secrets.expand("Bearer $TOKEN!", &env), Ok("Bearer abcdefgh!".into()));
        assert_eq!(secrets.expand("${TOKEN}x $ 5", &env), Ok("abcdefghx $ 5".into()));
        assert_eq!(secrets.expand("$OTHER", &env), Err("OTHER".into()));
        assert_eq!(secrets.strike("abcdefgh"), "[key]");
    }
}
