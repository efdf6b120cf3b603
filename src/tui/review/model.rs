//! What a review is made from: plain data about the files that differ, as the workbench gives them.

pub use crate::workbench::review::{Body, ChangeKind as Change, FileDiff};

/// Before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Old,
    New,
}

/// Lines that came and lines that went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub insertions: usize,
    pub deletions: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.insertions += other.insertions;
        self.deletions += other.deletions;
    }
}

/// The letter that git gives a change.
pub const fn letter(kind: Change) -> &'static str {
    match kind {
        Change::Added => "A",
        Change::Deleted => "D",
        Change::Modified | Change::ModeChanged => "M",
        Change::Renamed => "R",
        Change::TypeChanged => "T",
    }
}

/// A file's mode as a person says it: `644`, `755`, `symlink`, `submodule`.
pub fn mode_name(mode: u32) -> String {
    match mode & 0o170_000 {
        0o120_000 => "symlink".to_owned(),
        0o160_000 => "submodule".to_owned(),
        _ => format!("{:o}", mode & 0o777),
    }
}

/// A size as a person says it: `1 byte`, `12 bytes`, `3.1 KiB`.
pub fn size_name(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_the_largest_unit_that_fits() {
        let said: Vec<String> = [0, 1, 1023, 1024, 3_200, 5 << 20, 7 << 30].map(size_name).into();
        assert_eq!(said, ["0 bytes", "1 byte", "1023 bytes", "1.0 KiB", "3.1 KiB", "5.0 MiB", "7.0 GiB"]);
    }

    #[test]
    fn modes_are_said_by_what_they_are() {
        let said: Vec<String> = [0o100_644, 0o100_755, 0o120_000, 0o160_000].map(mode_name).into();
        assert_eq!(said, ["644", "755", "symlink", "submodule"]);
    }
}
