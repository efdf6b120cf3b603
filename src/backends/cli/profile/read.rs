//! From the text of a profile to the profile, or to words that name the file, the line and the likely mistake.

use std::path::Path;

use super::template::{Template, Value, Word};
use super::{Group, LongPrompt, Profile};
use crate::backends::BackendError;
use crate::backends::cli::decode::{self, RunFacts};
use crate::chat::ErrorClass;

/// Reads a user's file.
pub(super) fn file(path: &Path) -> Result<Profile, BackendError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read profile {}: {error}", path.display());
        BackendError::new(ErrorClass::NotFound, message)
            .with_hint("check the path that the backend's `profile` names, and its permissions")
    })?;
    parse(&path.display().to_string(), &text)
}

/// `name` is how the file is called in words.
pub(super) fn parse(name: &str, text: &str) -> Result<Profile, BackendError> {
    let profile: Profile = toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        // The words of the parser go over several lines where it shows the source.
        let what = error.message().lines().next().unwrap_or("not TOML").to_owned();
        wrong(format!("{name}{place}: {}", suggest(&what)))
    })?;
    check(&profile).map_err(|wrong| misplaced(name, text, &wrong))?;
    Ok(profile)
}

/// A mistake that the types cannot tell.
struct Wrong {
    /// Text to look for in the file.
    at: String,
    what: String,
}

fn misplaced(name: &str, text: &str, Wrong { at, what }: &Wrong) -> BackendError {
    let place = text.find(at).map(|at| place(text, at)).unwrap_or_default();
    wrong(format!("{name}{place}: {what}"))
}

fn wrong(message: String) -> BackendError {
    BackendError::new(ErrorClass::NotFound, message)
        .with_hint("correct the profile; config/cli/example.toml explains every field")
}

fn check(profile: &Profile) -> Result<(), Wrong> {
    let wrong = |at: &str, what: String| Err(Wrong { at: at.to_owned(), what });
    if profile.program.names().iter().all(String::is_empty) {
        return wrong("program", "`program` names no program".into());
    }
    if decode::by_name(&profile.decoder, RunFacts::default()).is_none() {
        let name = &profile.decoder;
        let what = format!("no decoder is called \"{name}\"; \"text\" takes what is printed as it is");
        return wrong("decoder", what);
    }
    let seconds = [Some(profile.end.grace_seconds), profile.end.silence_seconds];
    if seconds.into_iter().flatten().any(|seconds| !(0.0..=86_400.0).contains(&seconds)) {
        return wrong("_seconds", "seconds are a number from 0 to 86400".into());
    }
    for (name, words) in [("start", Some(&profile.start)), ("resume", profile.resume.as_ref())] {
        let Some(words) = words else { continue };
        if !words.contains(&Word::Group(Group::Prompt)) {
            let what = format!("`{name}` has no \"@prompt\": the CLI would not get its task");
            return wrong(name, what);
        }
        only(
            name,
            words.iter().filter_map(Word::template),
            if name == "resume" { &[Value::Id] } else { &[] },
        )?;
    }
    if let Some(acp) = &profile.acp {
        if acp.args.contains(&Word::Group(Group::Prompt)) {
            return wrong(
                "acp",
                "`acp.args` has \"@prompt\", but an agent is told its task over the protocol".into(),
            );
        }
        only("acp.args", acp.args.iter().filter_map(Word::template), &[])?;
    }
    only("prompt.args", &profile.prompt.args, &[Value::Prompt])?;
    if let Some(LongPrompt { args, stdin }) = &profile.prompt.long {
        only("prompt.long.args", args, if *stdin { &[] } else { &[Value::PromptFile] })?;
    }
    let (model, effort) = (&profile.model, &profile.effort);
    only("model", model.args.iter().chain(model.env.values()), &[Value::Model])?;
    only("effort", effort.args.iter().chain(effort.env.values()), &[Value::Effort])?;
    only("session", profile.session.args.iter().chain(profile.session.env.values()), &[])?;
    only("env.set", profile.env.set.values(), &[])
}

/// Values that stand where they have none.
fn only<'a>(
    table: &str,
    templates: impl IntoIterator<Item = &'a Template>,
    more: &[Value],
) -> Result<(), Wrong> {
    const ALWAYS: &[Value] = &[Value::Dir, Value::Temporary, Value::Home, Value::Session];
    for value in templates.into_iter().flat_map(Template::values) {
        if !ALWAYS.contains(&value) && !more.contains(&value) {
            let name = value.name();
            return Err(Wrong { what: format!("{name} has no value in `{table}`"), at: name });
        }
    }
    Ok(())
}

/// `:line:column`, from 1.
fn place(text: &str, at: usize) -> String {
    let before = &text[..at.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

/// The parser's words, with the nearest of the names that it expected.
fn suggest(what: &str) -> String {
    let mut quoted = what.split('`').skip(1).step_by(2);
    let Some(written) = quoted.next().filter(|_| what.starts_with("unknown ")) else {
        return what.to_owned();
    };
    let nearest = quoted
        .map(|known| (strsim::normalized_damerau_levenshtein(written, known), known))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, known)) => {
            let what = what.split(", expected").next().unwrap_or(what);
            format!("{what}; did you mean `{known}`?")
        }
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "program = \"x\"\ninstall = \"y\"\nstart = [\"@prompt\"]\n[prompt]\nargs = [\"{prompt}\"]\n";

    #[test]
    fn a_profile_of_four_lines_is_enough() {
        let profile = parse("p.toml", GOOD).unwrap();
        assert_eq!(profile.program.names(), ["x"]);
        assert_eq!((profile.decoder.as_str(), profile.resume), ("text", None));
    }

    #[test]
    fn a_mistake_is_told_with_its_place_and_what_was_probably_meant() {
        for (from, to, expected) in [
            ("install", "instal", "p.toml:2:1: unknown field `instal`; did you mean `install`?"),
            ("args", "arsg", "p.toml:5:1: unknown field `arsg`; did you mean `args`?"),
            (
                "[prompt]",
                "[permissions.readonly]\n[prompt]",
                "p.toml:4:14: unknown field `readonly`; did you mean `read-only`?",
            ),
            ("\"y\"", "3", "p.toml:2:11: invalid type: integer `3`, expected a string"),
            ("\"x\"", "3", "p.toml:1:11: expected the name of a program, or a list of names"),
            ("\"@prompt\"", "\"@promt\"", "p.toml:3:9: unknown value `@promt`; did you mean `@prompt`?"),
            ("{prompt}", "{promtp}", "p.toml:5:8: unknown value `{promtp}`; did you mean `{prompt}`?"),
            ("{prompt}", "{id}", "p.toml:5:10: {id} has no value in `prompt.args`"),
            ("[\"@prompt\"]", "[]", "p.toml:3:1: `start` has no \"@prompt\": the CLI would not get its task"),
            (
                "install",
                "decoder = \"josn\"\ninstall",
                "p.toml:2:1: no decoder is called \"josn\"; \"text\" takes what is printed as it is",
            ),
            ("[prompt]", "[prompt", "p.toml:4:8: unclosed table, expected `]`"),
            ("install = \"y\"\n", "", "p.toml:1:1: missing field `install`"),
        ] {
            let error = parse("p.toml", &GOOD.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.message, expected);
            assert!(error.hint.is_some());
        }
    }
}
