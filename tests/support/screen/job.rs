//! The process in a terminal: running, stopped or ended, told as it happens.

use portable_pty::CommandBuilder;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, WaitStatus, waitid, waitpid};

use super::Shared;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    Signal(i32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Running,
    Stopped,
    Ended(Ended),
}

/// A shell that runs a program in the foreground. When the program stops, the shell stops itself, which
/// its parent sees; continued, it takes the program back into the foreground.
const SHELL: &str = r#"set -m
"$@"
code=$?
while [ $code -gt 128 ]; do
    case $(kill -l $code) in
        TSTP | STOP | TTIN | TTOU) kill -STOP $$ ;;
        *) break ;;
    esac
    fg > /dev/null
    code=$?
done
exit $code"#;

pub(super) fn command(program: &str) -> CommandBuilder {
    let mut command = CommandBuilder::new("/bin/sh");
    command.args(["-c", SHELL, "sh", program]);
    command
}

/// Follows a child to its end.
pub(super) fn watch(pid: Pid, shared: &Shared) {
    let changes = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
    loop {
        // The child is reaped under the lock, so that nobody signals an id that is no longer its own.
        match waitid(WaitId::Pid(pid), changes | WaitIdOptions::NOWAIT) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("the program cannot be waited for: {error}"),
        }
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let mut ended = false;
        shared.change(|view| {
            if let Some((_, status)) = waitpid(Some(pid), options).unwrap() {
                view.life = life(status);
                ended = matches!(view.life, Life::Ended(_));
            }
        });
        if ended {
            return;
        }
    }
}

fn life(status: WaitStatus) -> Life {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Life::Ended(Ended::Code(code)),
        (_, Some(signal)) => Life::Ended(Ended::Signal(signal)),
        _ if status.stopped() => Life::Stopped,
        _ => Life::Running,
    }
}
