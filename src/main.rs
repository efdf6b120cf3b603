use std::process::ExitCode;

use offshoot::tools::shell;
use offshoot::{cli, tui};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    // Before anything else: this process is about to become a command of an agent's.
    if args.next_if(|arg| arg == shell::SUBCOMMAND).is_some() {
        return shell::enter(args);
    }
    cli::main(|place, opening| Box::pin(tui::run(place, opening)))
}
