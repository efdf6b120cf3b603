//! The command line of one run, its variables and its input, from a profile and a job. Starts nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::CliJob;
use super::profile::{Acp, Args, Group, ModelBy, Profile, Template, Value, Word};
use crate::backends::BackendError;
use crate::chat::ErrorClass;

/// A longer prompt goes another way than the command line: Linux takes 128 KiB in one argument.
const LONGEST_ARGUMENT: usize = 100 * 1024;

/// What a CLI is started with, besides its program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    pub args: Vec<OsString>,
    pub env: Vec<(String, OsString)>,
    /// What it reads, where it reads something.
    pub stdin: Option<String>,
}

/// How the prompt reaches the CLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PromptWay {
    Argument,
    Stdin,
    File,
}

/// How a prompt reaches this CLI.
///
/// # Errors
/// When it is too long for a command line and the CLI takes it in no other way.
pub(super) fn prompt_way(profile: &Profile, prompt: &str) -> Result<PromptWay, BackendError> {
    if prompt.len() <= LONGEST_ARGUMENT {
        return Ok(PromptWay::Argument);
    }
    match &profile.prompt.long {
        Some(long) if long.stdin => Ok(PromptWay::Stdin),
        Some(_) => Ok(PromptWay::File),
        None => {
            let program = profile.program.names().first().map_or("it", String::as_str);
            let kilobytes = prompt.len() / 1024;
            let message = format!("a prompt of {kilobytes} KB does not fit in a command line of {program}");
            let hint = "shorten it, or put the text in a file and name the file; \
                        the profile can say another way in [prompt.long]";
            Err(BackendError::new(ErrorClass::ContextOverflow, message).with_hint(hint))
        }
    }
}

/// What a command line depends on, besides the profile and the job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// The home directory that the CLI gets.
    pub home: &'a Path,
    /// Whether our sandbox holds.
    pub confined: bool,
    pub way: PromptWay,
    /// Holds the prompt where it goes by file.
    pub file: Option<&'a Path>,
    /// The backend's own arguments.
    pub more: &'a [String],
}

pub(super) fn command_line(profile: &Profile, job: &CliJob, given: Given<'_>) -> CommandLine {
    let words = match (&profile.resume, &job.resume) {
        (Some(words), Some(_)) => words,
        _ => &profile.start,
    };
    let groups = [Group::Permissions, Group::Model, Group::Effort, Group::Session];
    let mut line = assemble(profile, job, given, words, &groups);
    line.stdin = (given.way == PromptWay::Stdin).then(|| wording(profile, &job.prompt));
    line
}

/// The command line of an agent, which is told over the protocol what it shall do, and much of the rest.
pub(super) fn agent_line(profile: &Profile, acp: &Acp, job: &CliJob, given: Given<'_>) -> CommandLine {
    let groups: &[Group] = match acp.model {
        ModelBy::Args => &[Group::Permissions, Group::Model],
        ModelBy::SetModel => &[Group::Permissions],
    };
    // As an agent it may be told something else.
    let profile = Profile { permissions: acp.permissions.clone(), ..profile.clone() };
    assemble(&profile, job, given, &acp.args, groups)
}

/// `groups` are those whose variables are set.
fn assemble(
    profile: &Profile,
    job: &CliJob,
    given: Given<'_>,
    words: &[Word],
    groups: &[Group],
) -> CommandLine {
    let Given { confined, way, more, .. } = given;
    let value = |value| value_of(profile, job, given, value);
    let mut line = CommandLine::default();
    for word in words {
        let args: &[Template] = match word {
            Word::Text(template) => std::slice::from_ref(template),
            Word::Group(Group::More) => {
                line.args.extend(more.iter().map(OsString::from));
                continue;
            }
            Word::Group(Group::Prompt) => match &profile.prompt.long {
                Some(long) if way != PromptWay::Argument => &long.args,
                _ => &profile.prompt.args,
            },
            Word::Group(group) => of_group(profile, job, confined, *group).map_or(&[], |group| group.args),
        };
        line.args.extend(args.iter().map(|template| template.render(&value)));
    }
    line.env.extend(profile.env.set.iter().map(|(name, template)| (name.clone(), template.render(&value))));
    for group in groups {
        let Some(group) = of_group(profile, job, confined, *group) else { continue };
        line.env.extend(group.env.iter().map(|(name, template)| (name.clone(), template.render(&value))));
    }
    line
}

fn value_of(profile: &Profile, job: &CliJob, given: Given<'_>, value: Value) -> Option<OsString> {
    match value {
        Value::Dir => Some(job.dir.clone().into()),
        Value::Temporary => Some(job.temporary.clone().into()),
        Value::Home => Some(given.home.into()),
        Value::Model => job.model.clone().map(Into::into),
        Value::Effort => job.effort.map(|effort| profile.effort.name(effort).into()),
        Value::Session => Some(job.session.clone().into()),
        Value::Id => job.resume.as_ref().map(|resume| resume.id.clone().into()),
        Value::Prompt => Some(argument(&wording(profile, &job.prompt)).into()),
        Value::PromptFile => given.file.map(Into::into),
    }
}

/// Arguments and variables of a table that this job has a use for.
struct OfGroup<'a> {
    args: &'a [Template],
    env: &'a BTreeMap<String, Template>,
}

fn of_group<'a>(profile: &'a Profile, job: &CliJob, confined: bool, group: Group) -> Option<OfGroup<'a>> {
    let of = |args: &'a Args| OfGroup { args: &args.args, env: &args.env };
    match group {
        Group::Permissions => Some(of(profile.permissions.of(job.permissions, confined))),
        Group::Model => job.model.as_ref().map(|_| of(&profile.model)),
        Group::Effort => job.effort.map(|_| OfGroup { args: &profile.effort.args, env: &profile.effort.env }),
        Group::Session => job.resume.is_none().then(|| of(&profile.session)),
        Group::Prompt | Group::More => None,
    }
}

/// The prompt as this CLI has to be told it, by whichever way.
pub(super) fn wording(profile: &Profile, prompt: &str) -> String {
    let before = profile.prompt.before_slash.as_deref().filter(|_| prompt.trim_start().starts_with('/'));
    format!("{}{prompt}", before.unwrap_or_default())
}

/// A prompt as an argument: no program takes a zero byte, and one that begins like an option would be read as one.
fn argument(prompt: &str) -> String {
    let space = if prompt.starts_with('-') { " " } else { "" };
    format!("{space}{}", prompt.replace('\0', ""))
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
