//! What the system knows of a process.

use std::fs;
use std::time::Duration;

use rustix::process::Pid;

/// What the system counts processor time in: hundredths of a second, on every Linux.
const MS_OF_TICK: u64 = 10;

/// In bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    pub resident: u64,
    /// The part that no file is behind: what the program allocated, and not its code.
    pub own: u64,
    /// The most that was ever resident.
    pub peak: u64,
}

pub fn memory(pid: Pid) -> Memory {
    let status = read(pid, "status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
    };
    Memory { resident: field("VmRSS"), own: field("RssAnon"), peak: field("VmHWM") }
}

/// Processor time that all of its threads took so far.
pub fn cpu(pid: Pid) -> Duration {
    let stat = read(pid, "stat");
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * MS_OF_TICK)
}

/// How often its threads were woken.
pub fn wakes(pid: Pid) -> u64 {
    threads(pid).iter().map(|thread| switches(pid, thread)).sum()
}

pub fn threads(pid: Pid) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).into_iter().flatten();
    tasks.filter_map(|task| task.ok()?.file_name().into_string().ok()).collect()
}

fn switches(pid: Pid, thread: &str) -> u64 {
    let status = read(pid, &format!("task/{thread}/status"));
    let count = |line: &str| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok();
    status.lines().find_map(count).unwrap_or(0)
}

fn read(pid: Pid, file: &str) -> String {
    fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero())).unwrap_or_default()
}
