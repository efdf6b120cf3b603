//! Takes secrets out of text before it becomes a git object: values known to be secret, and what looks
//! like the keys and tokens of common services. It does not guess by entropy, so hashes, identifiers
//! and encoded images stay as they are.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::chat::{Entry, EntryKind, Message, Part};

/// A shorter value is too likely to be a common word.
pub const SHORTEST_KNOWN: usize = 8;

/// The text with each secret replaced by `[redacted:<kind>]`. `known` are values to mask wherever they
/// stand; those under eight bytes are ignored.
pub fn redact<'a>(text: &'a str, known: &[String]) -> Cow<'a, str> {
    let mut text = redact_known(text, known);
    for pattern in PATTERNS.iter() {
        if !pattern.hints.iter().any(|hint| text.contains(hint)) {
            continue;
        }
        let masked = pattern.regex.replace_all(&text, |found: &Captures<'_>| mask(pattern, found));
        if let Cow::Owned(masked) = masked {
            text = Cow::Owned(masked);
        }
    }
    text
}

/// The entry with every string that was said, called or returned redacted. Images are left alone; of
/// what only a provider understands, known values alone are taken out.
pub fn redact_entry(entry: &Entry, known: &[String]) -> Entry {
    let message = |message: &Message| Message {
        role: message.role,
        parts: message.parts.iter().map(|part| redact_part(part, known)).collect(),
    };
    let kind = match &entry.kind {
        EntryKind::Setup(setup) => EntryKind::Setup(setup.clone()),
        EntryKind::Prompt { message: said, base } => {
            EntryKind::Prompt { message: message(said), base: base.clone() }
        }
        EntryKind::Steer(said) => EntryKind::Steer(message(said)),
        EntryKind::Answer { message: said, by, usage, stop } => {
            EntryKind::Answer { message: message(said), by: by.clone(), usage: *usage, stop: *stop }
        }
        EntryKind::Results(said) => EntryKind::Results(message(said)),
        EntryKind::Summary(said) => EntryKind::Summary(message(said)),
    };
    Entry { turn: entry.turn, at: entry.at.clone(), kind }
}

/// The same for one part of a message.
pub fn redact_part(part: &Part, known: &[String]) -> Part {
    let text = |text: &str| redact(text, known).into_owned();
    let mut part = part.clone();
    match &mut part {
        Part::Text(said) => *said = text(said),
        Part::Thinking { text: thought, signature } => {
            *thought = text(thought);
            if let Some(signature) = signature {
                redact_value(&mut signature.data, &|text| redact_known(text, known).into_owned());
            }
        }
        Part::ToolCall(call) => {
            redact_value(&mut call.input, &text);
            if let Some(signature) = &mut call.signature {
                redact_value(&mut signature.data, &|text| redact_known(text, known).into_owned());
            }
        }
        Part::ToolResult(result) => {
            result.content = result.content.iter().map(|part| redact_part(part, known)).collect();
        }
        Part::Image(_) => {}
    }
    part
}

pub(crate) fn redact_value(value: &mut Value, text: &dyn Fn(&str) -> String) {
    match value {
        Value::String(said) => *said = text(said),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_value(item, text)),
        Value::Object(fields) => {
            // A key may be a secret too (a map of tokens); the order of the fields is kept.
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(name, mut value)| {
                    redact_value(&mut value, text);
                    (text(&name), value)
                })
                .collect();
        }
        _ => {}
    }
}

/// The text with the known values masked, and nothing else.
pub fn redact_known<'a>(text: &'a str, known: &[String]) -> Cow<'a, str> {
    let mut found: Vec<&String> =
        known.iter().filter(|value| value.len() >= SHORTEST_KNOWN && text.contains(value.as_str())).collect();
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    // One value may hold another: the longest goes first.
    found.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for value in found {
        text = text.replace(value.as_str(), "[redacted:secret]");
    }
    Cow::Owned(text)
}

struct Pattern {
    kind: &'static str,
    /// One of these stands in every text that the pattern can match.
    hints: &'static [&'static str],
    /// What the groups `keep` and `tail` match stays, before and after the mask; the rest is the secret.
    regex: Regex,
    is_secret: fn(&str) -> bool,
}

fn mask(pattern: &Pattern, found: &Captures<'_>) -> String {
    let whole = &found[0];
    let group = |name| found.name(name).map_or("", |m| m.as_str());
    let (keep, tail) = (group("keep"), group("tail"));
    if !(pattern.is_secret)(&whole[keep.len()..whole.len() - tail.len()]) {
        return whole.into();
    }
    format!("{keep}[redacted:{}]{tail}", pattern.kind)
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let pattern = |kind, hints, regex: &str, is_secret| Pattern {
        kind,
        hints,
        regex: Regex::new(regex).expect("the patterns are constants, and a test compiles them"),
        is_secret,
    };
    let any: fn(&str) -> bool = |_| true;
    vec![
        pattern(
            "private-key",
            &["PRIVATE KEY"],
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\:,.()-]*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|(?:\\[rn]|[A-Za-z0-9+/=\s])*)",
            |text| text.len() > 80,
        ),
        pattern("api-key", &["sk-"], r"\bsk-[A-Za-z0-9_-]{20,}", is_random),
        pattern("api-key", &["k_live_", "k_test_"], r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{20,}", any),
        pattern("api-key", &["gsk_", "xai-", "hf_"], r"\b(?:gsk_|xai-|hf_)[A-Za-z0-9]{30,}", any),
        pattern("github-token", &["gh"], r"\bgh[opsur]_[A-Za-z0-9]{30,}", any),
        pattern("github-token", &["github_pat_"], r"\bgithub_pat_[A-Za-z0-9_]{22,}", any),
        pattern("gitlab-token", &["glpat-"], r"\bglpat-[0-9A-Za-z_-]{20,}", any),
        pattern("npm-token", &["npm_"], r"\bnpm_[A-Za-z0-9]{36,}", any),
        pattern("pypi-token", &["pypi-"], r"\bpypi-AgEI[A-Za-z0-9_-]{30,}", any),
        pattern("aws-key", &["AKIA", "ASIA"], r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", any),
        pattern(
            "aws-secret",
            &["secret_access_key", "SECRET_ACCESS_KEY", "SecretAccessKey"],
            r#"(?<keep>(?i:aws_?)?(?i:secret_?access_?key)\\?["']?\s*[:=]\s*\\?["']?)[A-Za-z0-9/+]{40}\b=*"#,
            any,
        ),
        pattern("google-key", &["AIza"], r"\bAIza[0-9A-Za-z_-]{35}", any),
        pattern("slack-token", &["xox", "xapp-"], r"\b(?:xox[a-z]|xapp)-[0-9A-Za-z-]{10,}", has_digit),
        pattern("jwt", &["eyJ"], r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}", any),
        pattern(
            "authorization",
            &["uthorization", "UTHORIZATION"],
            r#"(?<keep>(?i:authorization)\\?["']?\s*[:=,]\s*\\?["'`]?(?i:bearer|basic|token)\s+)[A-Za-z0-9._~+/=-]{8,}"#,
            is_credential,
        ),
        pattern(
            "api-key",
            &["api-key", "Api-Key", "API-Key", "API-KEY"],
            r#"(?<keep>(?i:x-(?:goog-)?api-key)\\?["']?\s*[:=,]\s*\\?["'`]?)[A-Za-z0-9._~+/=-]{16,}"#,
            is_credential,
        ),
        pattern(
            "password",
            &["://"],
            r#"(?<keep>\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"'<>`\[\]]*:)[^\s/:@"'<>`\[\]]+(?<tail>@)"#,
            |text| !text.starts_with(['$', '{', '%', '*']),
        ),
    ]
});

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Tells a key from words joined by hyphens, such as the name of a style or a package.
fn is_random(text: &str) -> bool {
    let has_upper = text.bytes().any(|b| b.is_ascii_uppercase());
    let longest = text.split(['-', '_']).map(str::len).max().unwrap_or(0);
    has_digit(text) && (has_upper || longest >= 20)
}

/// Tells what stands behind `Bearer` from the name of a variable or of a placeholder.
fn is_credential(text: &str) -> bool {
    let is_name = text.contains(['_', '.']) || !text.bytes().any(|b| b.is_ascii_lowercase());
    has_digit(text) || (text.len() >= 16 && !is_name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{Image, Role, ToolCall, ToolResult};

    /// Joined at run time, so that no scanner takes this file for a leak.
    fn secret(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn keys_of_common_services_are_masked() {
        let random = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5";
        for (secret, kind) in [
            (secret(&["sk-", random, random]), "api-key"),
            (secret(&["sk-", "0123456789abcdef0123456789abcdef"]), "api-key"),
            (secret(&["sk-ant-", "api03-", random, "-", random, "AA"]), "api-key"),
            (secret(&["sk-proj-", random]), "api-key"),
            (secret(&["sk_", "live_", random]), "api-key"),
            (secret(&["gh", "p_", random]), "github-token"),
            (secret(&["gh", "o_", random]), "github-token"),
            (secret(&["github", "_pat_", random, "_", random]), "github-token"),
            (secret(&["glpat", "-", "abcDEF1234567890_-xy"]), "gitlab-token"),
            (secret(&["npm", "_", random]), "npm-token"),
            (secret(&["AKIA", "IOSFODNN7EXAMPLE"]), "aws-key"),
            (secret(&["AIza", "SyA1234567890abcdefghijklmnopqrstuv"]), "google-key"),
            (secret(&["xox", "b-123456789012-abcdefGHIJ"]), "slack-token"),
            (
                secret(&["eyJ", "hbGciOiJIUzI1NiJ9", ".eyJ", "zdWIiOiIxMjM0In0", ".dozjgNryP4J3jVmNHl0w5N"]),
                "jwt",
            ),
        ] {
            assert_eq!(
                redact(&format!("KEY=\"{secret}\";"), &[]),
                format!("KEY=\"[redacted:{kind}]\";"),
                "{secret}"
            );
            assert_eq!(redact(&secret, &[]), format!("[redacted:{kind}]"), "{secret}");
        }
    }

    #[test]
    fn secrets_are_masked_where_they_stand_and_what_is_around_them_is_kept() {
        for (text, masked) in [
            (
                "postgres://bob:hunter2@db.example/x, so",
                "postgres://bob:[redacted:password]@db.example/x, so",
            ),
            ("redis://:hunter2@h:6379", "redis://:[redacted:password]@h:6379"),
            (
                "curl -H 'Authorization: Bearer abc123def456ghi' x",
                "curl -H 'Authorization: Bearer [redacted:authorization]' x",
            ),
            (
                r#"{"authorization": "Basic dXNlcjpwYXNzd29yZA=="}"#,
                r#"{"authorization": "Basic [redacted:authorization]"}"#,
            ),
            ("x-api-key: 0123456789abcdef0123", "x-api-key: [redacted:api-key]"),
            (
                "aws_secret_access_key = abcdefghijklmnopqrstuvwxyz0123456789+/AB",
                "aws_secret_access_key = [redacted:aws-secret]",
            ),
        ] {
            assert_eq!(redact(text, &[]), masked);
            assert_eq!(redact(masked, &[]), masked, "masking twice changes nothing");
        }
    }

    #[test]
    fn a_private_key_is_masked_whole_escaped_or_cut() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n".repeat(3);
        let (begin, end) = (
            secret(&["-----BEGIN RSA ", "PRIVATE KEY-----"]),
            secret(&["-----END RSA ", "PRIVATE KEY-----"]),
        );
        let whole = format!("{begin}\n{body}{end}");
        assert_eq!(redact(&format!("a\n{whole}\nb"), &[]), "a\n[redacted:private-key]\nb");
        let escaped = whole.replace('\n', "\\n");
        assert_eq!(redact(&format!("\"{escaped}\""), &[]), "\"[redacted:private-key]\"");
        let cut = format!("{begin}\n{body}");
        assert!(!redact(&cut, &[]).contains("MII"));
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "550e8400-e29b-41d4-a716-446655440000",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "index 83db48f..bf2c1a9 100644",
            "class=\"sk-folding-cube sk-circle-fade-dot-animation-12\"",
            "task-0123456789abcdef0123456789abcdef",
            "Authorization: Bearer $TOKEN, Bearer YOUR_API_KEY_HERE",
            "headers[\"Authorization\"] = \"Bearer \" + self.access_token",
            "Authorization: Bearer config.api_key_name",
            "postgres://user:$PASSWORD@host/db http://{user}:{password}@host",
            "https://example.com:8080/path@v1 http://localhost:3000",
            "git@github.com:owner/name.git ssh://git@host:22/x",
            "npm_config_registry, npm_lifecycle_event",
            "let ghost_variable = \"ghp_\";",
            "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
            "grep 'BEGIN PRIVATE KEY' src",
            "fn xoxo() { AKIA }",
        ] {
            assert_eq!(redact(text, &[]), text);
        }
    }

    #[test]
    fn known_values_are_masked_exactly_and_short_ones_are_not() {
        let known = ["correct horse".to_owned(), "correct horse battery".to_owned(), "short".to_owned()];
        assert_eq!(
            redact("correct horse battery, correct horse, short", &known),
            "[redacted:secret], [redacted:secret], short"
        );
    }

    #[test]
    fn every_string_of_an_entry_is_masked_and_images_are_not() {
        let key = secret(&["gh", "p_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"]);
        let image =
            Part::Image(Image { media_type: "image/png".into(), data: format!("AKIA{}", "A".repeat(16)) });
        let call = ToolCall {
            id: "1".into(),
            name: "bash".into(),
            input: json!({"b": [key.clone()], "a": {key.clone(): 1}}),
            signature: None,
        };
        let result = ToolResult::text(&call, format!("token {key}"), false);
        let parts = vec![
            Part::Text(key.clone()),
            Part::Thinking { text: key.clone(), signature: None },
            Part::ToolCall(call),
            Part::ToolResult(result),
            image.clone(),
        ];
        let message = Message { role: Role::Assistant, parts };
        let entry = Entry { turn: 1, at: String::new(), kind: EntryKind::Steer(message) };
        let redacted = redact_entry(&entry, &[]);
        let line = crate::chat::Line::write(&redacted);
        assert!(!line.contains(&key));
        assert_eq!(line.matches("[redacted:github-token]").count(), 5);
        assert!(line.contains(r#"{"b":["[redacted:github-token]"],"a":"#), "the order is kept: {line}");
        assert_eq!(redacted.kind.message().unwrap().parts.last(), Some(&image));
    }
}
