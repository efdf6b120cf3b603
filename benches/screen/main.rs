//! How fast the screen is and how little it takes, beside the targets it was built for: the built program
//! in a real terminal, and its parts within this process.
//!
//! `cargo bench --bench screen`, or some of it: `cargo bench --bench screen -- start keys`. The sections are
//! `start`, `keys`, `idle`, `memory`, `floods`, `parts` and `review`.

mod desk;
mod parts;
mod process;
mod program;
mod review;
mod table;

#[allow(dead_code, reason = "no bench uses all of it")]
#[allow(clippy::format_push_string, clippy::needless_pass_by_value, reason = "test support reads better so")]
#[path = "../../tests/support/machine.rs"]
mod machine;
#[allow(dead_code, reason = "no bench uses all of it")]
#[path = "../../tests/support/screen/mod.rs"]
mod screen;

const SECTIONS: [(&str, fn()); 7] = [
    ("start", program::start),
    ("keys", program::keys),
    ("idle", program::idle),
    ("memory", program::memory),
    ("floods", program::floods),
    ("parts", parts::run),
    ("review", review::run),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, run) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            run();
        }
    }
}
