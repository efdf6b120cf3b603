//! What is said of a run that went wrong: names the backend, what the CLI said, and the next step. Never a secret,
//! and nothing that a terminal would obey.

use crate::backends::BackendError;
use crate::chat::{ErrorClass, sanitise};
use crate::git::redact::redact;
use crate::tools::shell::{End, ProcessError};

use super::profile::Profile;
use super::watch::Cut;

/// What is needed to say it.
#[derive(Clone)]
pub(super) struct Words {
    backend: String,
    program: String,
    install: String,
    log_in: Option<String>,
    older: String,
    secrets: Vec<String>,
}

/// How programs say that they do not know an option or a subcommand.
const UNKNOWN_OPTION: &[&str] = &[
    "unexpected argument",
    "unknown option",
    "unknown argument",
    "unknown command",
    "unknown flag",
    "unrecognized argument",
    "unrecognized option",
    "unrecognized subcommand",
    "no such option",
    "no such command",
    "invalid option",
];

const LONGEST: usize = 300;

impl Words {
    pub fn new(backend: &str, profile: &Profile, secrets: Vec<String>) -> Self {
        let minimum = profile.version.minimum.as_ref();
        let older = profile.version.older.clone().unwrap_or_else(|| match minimum {
            Some(minimum) => {
                format!("its profile is for {minimum} and newer: update it ({})", profile.install)
            }
            None => format!("another version may know it: update it ({})", profile.install),
        });
        Self {
            backend: backend.to_owned(),
            program: profile.program.names().first().cloned().unwrap_or_default(),
            install: profile.install.clone(),
            log_in: profile.log_in.clone(),
            older,
            secrets,
        }
    }

    /// It is not there.
    pub fn missing(&self, names: &[String]) -> BackendError {
        let message = format!("backend \"{}\": {} is not on the PATH", self.backend, names.join(" or "));
        BackendError::new(ErrorClass::NotFound, message).with_hint(format!("install it: {}", self.install))
    }

    /// The settings name a variable that is not there.
    pub fn unset(&self, name: &str) -> BackendError {
        let message = format!("backend \"{}\": its `env` needs {name}, which is not set", self.backend);
        BackendError::new(ErrorClass::Auth, message).with_hint(format!("set {name} in the environment"))
    }

    /// It did not tell its version.
    pub fn no_version(&self, end: End, output: &str) -> BackendError {
        let how = match end {
            End::Exited(code) => format!("exit code {code}"),
            End::Signalled(signal) => format!("signal {signal}"),
            End::TimedOut | End::Cancelled => "no answer in time".to_owned(),
        };
        let message = format!(
            "backend \"{}\": {} does not tell its version ({how}){}",
            self.backend,
            self.program,
            said(output)
        );
        let hint = format!("install it again: {}", self.install);
        self.clean(BackendError::new(ErrorClass::NotFound, message).with_hint(hint))
    }

    pub fn too_old(&self, version: &str) -> BackendError {
        let message = format!("backend \"{}\": {} {version} is too old", self.backend, self.program);
        BackendError::new(ErrorClass::NotFound, message).with_hint(self.older.clone())
    }

    /// It could not be started.
    pub fn not_started(&self, error: &ProcessError) -> BackendError {
        let message = format!("backend \"{}\": {error}", self.backend);
        let hint = error.hint().map_or_else(|| format!("check {}", self.program), str::to_owned);
        BackendError::new(ErrorClass::NotFound, message).with_hint(hint)
    }

    /// It was ended by us.
    pub fn cut(&self, cut: Cut, stderr: &str) -> BackendError {
        let (id, program) = (&self.backend, &self.program);
        let error = match cut {
            Cut::Cancelled | Cut::Abandoned => return BackendError::cancelled(),
            Cut::Silent(silence) => {
                let seconds = silence.as_secs_f64();
                let message =
                    format!("backend \"{id}\": {program} said nothing for {seconds} seconds{}", said(stderr));
                let hint = format!("a slow model needs a longer backends.{id}.idle_timeout_seconds");
                BackendError::new(ErrorClass::Timeout, message).with_hint(hint)
            }
            Cut::Retries { times, class, message } => {
                let message = format!("backend \"{id}\": {program} failed {times} times in a row: {message}");
                BackendError::new(class, message)
                    .with_hint(format!("backends.{id}.max_retries says how often it may try again"))
            }
        };
        self.clean(error)
    }

    /// It ended by itself and nothing came of it.
    pub fn nothing(&self, how: &str, stderr: &str) -> BackendError {
        let message =
            format!("backend \"{}\": {} said nothing ({how}){}", self.backend, self.program, said(stderr));
        self.clean(BackendError::new(ErrorClass::BadResponse, message))
    }

    /// A failure of a run in which nothing was said, where standard error tells that the command line was not
    /// understood or that the program could not be run.
    pub fn not_understood(&self, stderr: &str) -> Option<BackendError> {
        let of_helper = stderr.lines().find_map(|line| line.strip_prefix("offshoot: "));
        if let Some(line) = of_helper {
            let message = format!("backend \"{}\": {line}", self.backend);
            let hint = format!("install {} again: {}", self.program, self.install);
            return Some(self.clean(BackendError::new(ErrorClass::NotFound, message).with_hint(hint)));
        }
        let line = stderr.lines().find(|line| {
            let line = line.to_ascii_lowercase();
            UNKNOWN_OPTION.iter().any(|words| line.contains(words))
        })?;
        let message =
            format!("backend \"{}\": {} does not take its command line: {line}", self.backend, self.program);
        Some(self.clean(BackendError::new(ErrorClass::NotFound, message).with_hint(self.older.clone())))
    }

    /// The same error, fit to be shown, with a hint where there is one to give.
    pub fn clean(&self, mut error: BackendError) -> BackendError {
        error.message = self.line(&error.message);
        error.hint = match (error.hint, error.class, &self.log_in) {
            (None, ErrorClass::Auth, Some(log_in)) => Some(format!("log in: {log_in}")),
            (hint, ..) => hint.map(|hint| self.line(&hint)),
        };
        error
    }

    /// One line, short, without secrets and control characters.
    pub fn line(&self, text: &str) -> String {
        let text = redact(text, &self.secrets);
        let text = sanitise(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }
}

/// The last line of standard error that tells something, as the end of a sentence.
fn said(stderr: &str) -> String {
    last_words(stderr).map(|line| format!(": {line}")).unwrap_or_default()
}

/// The last line of standard error that tells something.
pub(super) fn last_words(stderr: &str) -> Option<&str> {
    let telling = |line: &&str| {
        let is_frame = line.starts_with("at ") || line.starts_with("Node.js v");
        line.chars().any(char::is_alphabetic) && !is_frame
    };
    stderr.lines().rev().map(str::trim).find(telling)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn words() -> Words {
        let profile = "program = \"tool\"\ninstall = \"get tool\"\nlog_in = \"tool login\"\nstart = [\"@prompt\"]\n\
                       version.minimum = \"2.0\"\n[prompt]\nargs = [\"{prompt}\"]\n";
        let profile: Profile = toml::from_str(profile).unwrap();
        Words::new("mine", &profile, vec!["very-secret".into()])
    }

    #[test]
    fn the_telling_line_of_standard_error_is_part_of_the_message() {
        let stderr =
            "warning\nError: no \x1b[31mmodel\x1b[0m, key very-secret\n    at f (x.js:1)\n\nNode.js v20\n";
        let error = words().nothing("exit code 0", stderr);
        assert_eq!(
            error.message,
            "backend \"mine\": tool said nothing (exit code 0): Error: no model, key [redacted:secret]"
        );
        let error = words().cut(Cut::Silent(Duration::from_secs(3)), "");
        assert_eq!(error.message, "backend \"mine\": tool said nothing for 3 seconds");
    }

    #[test]
    fn an_option_that_is_gone_leads_to_an_update() {
        let stderr = "error: unexpected argument '--full-auto' found\n\nUsage: tool exec";
        let error = words().not_understood(stderr).unwrap();
        assert_eq!(error.class, ErrorClass::NotFound);
        assert!(error.message.ends_with("unexpected argument '--full-auto' found"), "{error}");
        assert_eq!(error.hint(), Some("its profile is for 2.0 and newer: update it (get tool)"));
        assert_eq!(words().not_understood("some other trouble"), None);
    }

    #[test]
    fn a_failed_log_in_says_how() {
        let error = words().clean(BackendError::new(ErrorClass::Auth, "no"));
        assert_eq!(error.hint(), Some("log in: tool login"));
    }
}
