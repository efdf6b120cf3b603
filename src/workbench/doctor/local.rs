//! What is the user's own: the local model server, the command that restarts it, the check of the project. None
//! of these commands is run.

use super::{Check, CheckState};
use crate::tools::shell::Environment;
use crate::tools::verification::{self, Detected};
use crate::workbench::Base;
use crate::workbench::runtime::{self, RuntimeState};

/// What a shell knows without a program.
const BUILT_IN: &[&str] =
    &[".", ":", "cd", "command", "echo", "eval", "exec", "export", "kill", "set", "source", "test", "ulimit"];

pub(super) fn verification(base: &Base) -> Check {
    let configured = base.services.settings.verify.command.trim();
    let root = base.repo.as_ref().map_or(base.options.cwd.as_path(), |repo| repo.checkout());
    let found = verification::detect(root);
    let told = |found: &Detected| format!("`{}` ({})", found.command, found.why);
    match (configured, found) {
        ("", Some(found)) => {
            let hint = "set verify.command = \"auto\" to have it run".to_owned();
            let message = format!("work is not verified; here would be {}", told(&found));
            Check::new("verify", CheckState::Skipped, message, Some(hint))
        }
        ("", None) => Check::new("verify", CheckState::Skipped, "work is not verified", None),
        (verification::AUTO, Some(found)) => Check::new("verify", CheckState::Ok, told(&found), None),
        (verification::AUTO, None) => {
            let hint = "set verify.command to a command that tests the project".to_owned();
            let message = "nothing in this project's files tells how to test it";
            Check::new("verify", CheckState::Warn, message, Some(hint))
        }
        (command, _) => Check::new("verify", CheckState::Ok, format!("`{command}`"), None),
    }
}

/// Whether the first program of the restart command is there, as far as that can be told without a shell.
pub(super) fn restart(base: &Base) -> Check {
    let command = base.services.settings.local_runtime.restart_cmd.trim();
    if command.is_empty() {
        return Check::new("restart", CheckState::Skipped, "no local_runtime.restart_cmd is set", None);
    }
    match program(command).filter(|program| !is_there(base, program)) {
        None => Check::new("restart", CheckState::Ok, format!("`{command}` (not run)"), None),
        Some(program) => {
            let hint = "mend local_runtime.restart_cmd, or install the program".to_owned();
            let message = format!("`{command}`: there is no program {program}");
            Check::new("restart", CheckState::Warn, message, Some(hint))
        }
    }
}

pub(super) async fn runtime(base: &Base) -> Check {
    let settings = &base.services.settings.local_runtime;
    if settings.health_url.is_empty() {
        let message = "no local_runtime.health_url is set: local backends are asked themselves";
        return Check::new("runtime", CheckState::Skipped, message, None);
    }
    let standing = runtime::standing(base).await;
    let message = standing.message.unwrap_or_else(|| "is up".to_owned());
    let state = match standing.state {
        RuntimeState::Up => CheckState::Ok,
        RuntimeState::Down | RuntimeState::Unconfigured => CheckState::Warn,
    };
    let hint = if settings.restart_cmd.trim().is_empty() {
        "start it, or mend local_runtime.health_url"
    } else {
        "`offshoot runtime restart` runs the command that restarts it"
    };
    Check::new("runtime", state, format!("{} {message}", standing.asked), Some(hint.to_owned()))
}

/// The program that a command line begins with; `None` where only a shell can tell.
fn program(command: &str) -> Option<&str> {
    let is_assignment = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    let first = command.split_whitespace().find(|word| !is_assignment(word))?;
    let is_plain = first.chars().all(|c| c.is_alphanumeric() || "/._-+~".contains(c));
    (is_plain && !first.starts_with('~') && !BUILT_IN.contains(&first)).then_some(first)
}

fn is_there(base: &Base, program: &str) -> bool {
    let path = base.options.env.get("PATH").map(|path| ("PATH".into(), path.into()));
    let nowhere = std::path::Path::new("");
    if program.contains('/') {
        // The command is run in the user's home.
        let home = base.services.home.as_deref().unwrap_or(nowhere);
        return home.join(program).is_file();
    }
    Environment::new(path, &[], nowhere, nowhere).find_program(program).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_command_line_is_told_where_that_needs_no_shell() {
        for (command, found) in [
            ("systemctl --user restart llama", Some("systemctl")),
            ("/opt/bin/serve -m x", Some("/opt/bin/serve")),
            ("A=1 B_2=x serve", Some("serve")),
            ("cd ~/models && ./serve", None),
            ("\"/opt/my server/serve\"", None),
            ("$HOME/serve", None),
            ("~/bin/serve", None),
            ("(serve &)", None),
            ("A=1", None),
        ] {
            assert_eq!(program(command), found, "{command}");
        }
    }
}
