//! Programs of the user's that get the terminal: an editor, a pager, whatever `$` runs.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::config::Env;
use crate::tui::message::{Returned, Run};

/// Runs it to its end. The terminal is the program's meanwhile.
pub(super) fn run(run: Run, env: &Env) -> Returned {
    match run {
        Run::Shell { tab, command, dir, variables } => {
            let shell = env.get("SHELL").unwrap_or("/bin/sh");
            let end = wait(Command::new(shell).arg("-c").arg(&command).envs(variables).current_dir(&dir));
            Returned::Shell { tab, command, end }
        }
        Run::Prompt { tab, text } => Returned::Prompt { tab, text: edit_text(&text, env) },
        Run::Message { text, .. } => Returned::Message { text: edit_text(&text, env) },
        Run::File { tab, path, line } => {
            let end = wait(editor(env, &path, Some(line))).and_then(well);
            Returned::File { tab, end }
        }
    }
}

/// The user's editor, which may have arguments of its own.
fn editor(env: &Env, path: &Path, line: Option<usize>) -> Command {
    let wish = ["VISUAL", "EDITOR"].iter().find_map(|name| env.get(name)).unwrap_or("vi");
    let mut command = Command::new("/bin/sh");
    // The editor's words are split by the shell, as every program does it.
    command.arg("-c").arg(format!("exec {wish} \"$@\"")).arg("editor");
    let program = wish.split_whitespace().next().unwrap_or_default();
    let program = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let takes_line =
        ["vi", "vim", "nvim", "nano", "emacs", "emacsclient", "kak", "micro", "less", "ne", "joe"];
    if let Some(line) = line.filter(|_| takes_line.contains(&program)) {
        command.arg(format!("+{line}"));
    }
    command.arg(path);
    command
}

fn edit_text(text: &str, env: &Env) -> Result<String, String> {
    let broken = |error: std::io::Error| format!("cannot hand the prompt to the editor: {error}");
    let file = tempfile::Builder::new().prefix("prompt-").suffix(".md").tempfile().map_err(broken)?;
    std::fs::write(file.path(), text).map_err(broken)?;
    wait(editor(env, file.path(), None)).and_then(well)?;
    let bytes = std::fs::read(file.path()).map_err(broken)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn well(code: i32) -> Result<(), String> {
    match code {
        0 => Ok(()),
        code => {
            Err(format!("the editor ended with exit code {code}: $VISUAL or $EDITOR says which one is used"))
        }
    }
}

fn wait(mut command: impl std::borrow::BorrowMut<Command>) -> Result<i32, String> {
    let command = command.borrow_mut();
    let status = command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit()).status();
    match status {
        Ok(status) => Ok(status.code().unwrap_or(-1)),
        Err(error) => Err(error.to_string()),
    }
}
