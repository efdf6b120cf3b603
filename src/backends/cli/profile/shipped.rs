//! The profiles that come with the program.

use super::{Profile, read};
use crate::backends::BackendError;
use crate::chat::ErrorClass;

const SHIPPED: &[(&str, &str)] = &[
    ("aider", include_str!("../../../../config/cli/aider.toml")),
    ("claude", include_str!("../../../../config/cli/claude.toml")),
    ("cline", include_str!("../../../../config/cli/cline.toml")),
    ("codex", include_str!("../../../../config/cli/codex.toml")),
    ("continue", include_str!("../../../../config/cli/continue.toml")),
    ("crush", include_str!("../../../../config/cli/crush.toml")),
    ("droid", include_str!("../../../../config/cli/droid.toml")),
    ("gemini", include_str!("../../../../config/cli/gemini.toml")),
    ("goose", include_str!("../../../../config/cli/goose.toml")),
    ("gptme", include_str!("../../../../config/cli/gptme.toml")),
    ("opencode", include_str!("../../../../config/cli/opencode.toml")),
    ("qwen", include_str!("../../../../config/cli/qwen.toml")),
];

/// The names, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

pub(super) fn load(name: &str) -> Result<Profile, BackendError> {
    let Some((_, text)) = SHIPPED.iter().find(|(known, _)| *known == name) else {
        let nearest = names()
            .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
            .filter(|(likeness, _)| *likeness >= 0.6)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let message = match nearest {
            Some((_, known)) => format!("no profile is called \"{name}\"; did you mean \"{known}\"?"),
            None => format!("no profile is called \"{name}\""),
        };
        let all: Vec<&str> = names().collect();
        let hint = format!("shipped are {}; the path of a file makes another one", all.join(", "));
        return Err(BackendError::new(ErrorClass::NotFound, message).with_hint(hint));
    };
    read::parse(&format!("config/cli/{name}.toml"), text)
}
