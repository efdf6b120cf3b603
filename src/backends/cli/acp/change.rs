//! A change to a file in words for the conversation: a unified diff where it is of a size to be read.

use agent_client_protocol_schema::v1::Diff;
use similar::TextDiff;

/// A pair of texts that is larger is not compared.
const LIMIT: usize = 64 * 1024;

pub(super) fn describe(diff: &Diff) -> String {
    let path = diff.path.to_string_lossy();
    let old = diff.old_text.as_deref().unwrap_or_default();
    let new = &diff.new_text;
    if old.len() + new.len() > LIMIT {
        return format!("{path}: {} lines", new.lines().count());
    }
    if old == new {
        return format!("{path}: unchanged");
    }
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(3).header(&path, &path).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_change_is_a_diff_and_a_large_one_is_counted() {
        let small = Diff::new("/tree/a.txt", "one\n2\n").old_text("one\ntwo\n".to_owned());
        assert_eq!(describe(&small), "--- /tree/a.txt\n+++ /tree/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
        let large = Diff::new("/tree/a.txt", "line\n".repeat(100_000));
        assert_eq!(describe(&large), "/tree/a.txt: 100000 lines");
        let same = Diff::new("a", "x").old_text("x".to_owned());
        assert_eq!(describe(&same), "a: unchanged");
    }
}
