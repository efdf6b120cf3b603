//! `bash`: one command in the worktree. What runs it is `process`; this reads the call, watches the
//! worktree's own link to its repository, and words the result.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::environment::Environment;
use super::pointer::Pointer;
use super::process::{End, Finished, Process, ProcessError};
use super::sandbox::SandboxPolicy;
use crate::chat::{Part, ToolSpec};
use crate::tools::args::{self, ArgError, Args};
use crate::tools::output::Cap;
use crate::tools::{ToolContext, ToolOutput, Touched, permissions};

/// Seconds.
pub const DEFAULT_TIMEOUT: u64 = 120;
/// Seconds.
pub const MAX_TIMEOUT: u64 = 600;

const TIMEOUT: args::Names = &["timeout", "timeout_seconds", "timeout_secs", "timeout_s"];
const TIMEOUT_MS: args::Names = &["timeout_ms", "timeout_millis"];

/// What the commands of a tab run with.
#[derive(Debug, Clone)]
pub struct Shell {
    pub env: Environment,
    pub sandbox: SandboxPolicy,
    /// Seconds that a command may take which does not say.
    pub timeout: u64,
    /// How much of a command's output is kept.
    pub cap: Cap,
}

impl Shell {
    /// With the usual limits.
    pub fn new(env: Environment, sandbox: SandboxPolicy) -> Self {
        Self { env, sandbox, timeout: DEFAULT_TIMEOUT, cap: Cap::COMMAND }
    }

    /// A command line, ready to run in `dir`: by `bash` where there is one, else by `sh`.
    pub fn process(&self, command: &str, dir: &Path, timeout: Option<Duration>) -> Process {
        let program = self.env.find_program("bash").unwrap_or_else(|| "/bin/sh".into());
        Process {
            program: program.into(),
            args: vec!["-c".into(), command.into()],
            dir: dir.to_owned(),
            env: self.env.clone(),
            sandbox: self.sandbox.clone(),
            timeout,
            cap: self.cap,
        }
    }
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "bash".into(),
        description: format!(
            "Runs a shell command in the root of the worktree. Each call is a new shell: `cd` and \
             variables do not last. Standard error is part of the output; of long output, head and tail \
             are kept. There is no terminal and no input. Processes left in the background end with the \
             call. Prefer `read`, `grep`, `find` and the editing tools to `cat`, `grep`, `find` and `sed`. \
             Stopped after {DEFAULT_TIMEOUT} seconds unless `timeout` says otherwise (at most {MAX_TIMEOUT})."
        ),
        parameters: json!({
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": "The command line"},
                "timeout": {"type": "integer", "description": format!("Seconds, at most {MAX_TIMEOUT}")},
                "description": {"type": "string", "description": "What the command does, in a few words, for the user"}
            },
            "required": ["command"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (command, seconds) = match read(input, context.shell.timeout) {
        Ok(call) => call,
        Err(error) => return ToolOutput::error(error.to_string()),
    };
    let root = context.workspace.root();
    let process = context.shell.process(&command, root, Some(Duration::from_secs(seconds)));
    let pointer = Pointer::read(root);
    let finished = process.run(&context.cancel, |text| context.progress.send(text)).await;
    let restored = pointer.restore();
    let mut output = match finished {
        Ok(finished) => worded(&command, &finished, seconds),
        Err(error) => not_started(&error),
    };
    if let Some(note) = restored {
        output.content.push(Part::Text(note));
        output.is_error = true;
    }
    output
}

fn read(input: &Value, default: u64) -> Result<(String, u64), ArgError> {
    let args = Args::new("bash", input)?;
    let command = args.value(args::COMMAND).map(permissions::command_text).unwrap_or_default();
    if command.trim().is_empty() {
        return Err(args.missing(args::COMMAND));
    }
    let seconds = match args.number(TIMEOUT)? {
        // Some models count milliseconds, whatever they are told.
        Some(number) if number >= 10_000 => Some(number.div_ceil(1000)),
        Some(number) => Some(number),
        None => args.number(TIMEOUT_MS)?.map(|number| number.div_ceil(1000)),
    };
    let seconds = seconds.filter(|seconds| *seconds > 0);
    Ok((command, seconds.map_or(default, |seconds| seconds.min(MAX_TIMEOUT.max(default)))))
}

fn worded(command: &str, finished: &Finished, seconds: u64) -> ToolOutput {
    let mut text = finished.output.text.clone();
    if text.trim().is_empty() {
        "(no output)".clone_into(&mut text);
    }
    let end = match finished.end {
        End::Exited(0) => None,
        End::Exited(code) => Some(format!("exit code {code}")),
        End::Signalled(signal) => Some(format!("killed by signal {signal}")),
        End::TimedOut if seconds < MAX_TIMEOUT => Some(format!(
            "stopped: not finished after {seconds} seconds; call it with a larger `timeout` (at most {MAX_TIMEOUT}) if it needs longer"
        )),
        End::TimedOut => {
            Some(format!("stopped: not finished after {seconds} seconds, the longest a command may take"))
        }
        End::Cancelled => Some("stopped: interrupted by the user".to_owned()),
    };
    if let Some(end) = &end {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "[{end}]");
    }
    let how = end.as_deref().map_or("ok", |end| end.split([';', ':']).next().unwrap_or(end));
    let lines = finished.output.total_lines;
    ToolOutput {
        content: vec![Part::Text(text)],
        is_error: end.is_some(),
        summary: format!(
            "{} ({how}, {lines} line{})",
            args::excerpt(command.trim(), 80),
            if lines == 1 { "" } else { "s" }
        ),
        touched: if permissions::is_surely_read_only(command) { Touched::Nothing } else { Touched::Unknown },
    }
}

fn not_started(error: &ProcessError) -> ToolOutput {
    let hint = error.hint().map_or(String::new(), |hint| format!("\n{hint}"));
    ToolOutput::error(format!("{error}{hint}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tools::tests::{Fixture, text};

    #[tokio::test]
    async fn a_command_runs_in_the_worktree() {
        let fixture = Fixture::new();
        fixture.put("a.txt", "hello\n");
        let output = fixture.call("bash", json!({"command": "cat a.txt; pwd"})).await;
        assert_eq!(text(&output), format!("hello\n{}\n", fixture.context.workspace.root().display()));
        assert!(!output.is_error);
        assert_eq!(output.touched, Touched::Nothing);
        assert_eq!(output.summary, "cat a.txt; pwd (ok, 2 lines)");
    }

    #[tokio::test]
    async fn a_failure_is_flagged_with_its_exit_code() {
        let fixture = Fixture::new();
        let output = fixture.call("bash", json!({"command": "seq 100000; echo x > new; exit 7"})).await;
        assert!(output.is_error);
        assert_eq!(output.touched, Touched::Unknown);
        let text = text(&output);
        assert!(text.starts_with("1\n2\n") && text.ends_with("100000\n[exit code 7]"), "{text}");
        assert!(text.contains("left out"));
        assert_eq!(fixture.bytes("new"), b"x\n");
    }

    #[tokio::test]
    async fn silence_is_said() {
        let fixture = Fixture::new();
        assert_eq!(text(&fixture.call("bash", json!({"command": "true"})).await), "(no output)");
        assert_eq!(
            text(&fixture.call("bash", json!({"command": "false"})).await),
            "(no output)\n[exit code 1]"
        );
    }

    #[tokio::test]
    async fn a_command_may_be_a_list_of_words() {
        let fixture = Fixture::new();
        let output = fixture.call("shell", json!({"cmd": ["printf", "%s|", "a b", "$HOME"]})).await;
        assert_eq!(text(&output), "a b|$HOME|");
        assert!(fixture.call("bash", json!({"command": " "})).await.is_error);
    }

    #[tokio::test]
    async fn a_time_limit_says_how_to_raise_it() {
        let fixture = Fixture::new();
        let output = fixture.call("bash", json!({"command": "echo early; sleep 1000", "timeout": 1})).await;
        assert!(output.is_error);
        assert!(text(&output).starts_with("early\n[stopped: not finished after 1 seconds"));
        assert!(text(&output).contains("larger `timeout`"));
    }

    #[tokio::test]
    async fn the_link_to_the_repository_is_put_back() {
        for attack in [
            "echo 'gitdir: /tmp/evil' > .git",
            "rm .git",
            "rm .git; mkdir -p .git/hooks",
            "ln -sf /etc/passwd .git",
        ] {
            let fixture = Fixture::new();
            fixture.put(".git", "gitdir: /somewhere/real\n");
            let output = fixture.call("bash", json!({ "command": attack })).await;
            assert!(output.is_error, "{attack}");
            assert!(matches!(&output.content[1], Part::Text(note) if note.contains("put back")));
            assert!(fs::symlink_metadata(fixture.path(".git")).unwrap().is_file());
            assert_eq!(fixture.bytes(".git"), b"gitdir: /somewhere/real\n");
        }
    }

    #[test]
    fn milliseconds_are_recognised() {
        for (given, wanted) in [(json!(5), 5), (json!(120_000), 120), (json!(0), 120), (json!(1800), 600)] {
            assert_eq!(read(&json!({"command": "x", "timeout": given}), 120).unwrap().1, wanted);
        }
    }
}
