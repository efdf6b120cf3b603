use std::process::ExitCode;

use offshoot::tools::shell;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    if args.next_if(|arg| arg == shell::SUBCOMMAND).is_some() {
        return shell::enter(args);
    }
    ExitCode::SUCCESS
}
