//! Finding what went wrong in what a CLI left on standard error, among banners, warnings and stack traces.

use std::sync::LazyLock;

use regex::Regex;

use super::{pattern, read};

/// The line of a standard error that says what went wrong, with the lines that it goes on in. Of several the last
/// one that means something.
pub(in super::super) fn error_in(stderr: &str) -> Option<String> {
    let lines: Vec<&str> = stderr.lines().collect();
    let begins = |line: &&str| !line.starts_with("  ") && ERROR_LINE.is_match(line);
    let candidates = || {
        lines.iter().enumerate().rev().filter(|(_, line)| begins(line)).map(|(at, line)| {
            let rest = lines[at + 1..].iter().take_while(|line| goes_on(line)).map(|line| line.trim());
            std::iter::once(line.trim()).chain(rest).collect::<Vec<_>>().join(" ")
        })
    };
    let plain = |line: String| LEAD.replace(&line, "").into_owned();
    candidates()
        .map(plain)
        .find(|line| read(line).meaning.is_some())
        .or_else(|| candidates().next().map(plain))
}

/// The last line that is no part of a stack trace, for want of better words.
pub(in super::super) fn last_line(stderr: &str) -> Option<&str> {
    let spoken = |line: &&str| line.chars().any(char::is_alphanumeric) && !line.starts_with("at ");
    stderr.lines().rev().map(str::trim).find(spoken)
}

/// Whether a line belongs to the error above it: wrapped text does, a stack trace does not.
fn goes_on(line: &str) -> bool {
    line.starts_with("  ") && !line.trim_start().starts_with("at ")
}

/// How a line begins that tells of a failure: at most a mark and a time stand before its first word.
static ERROR_LINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^[^\w\[({]{0,8}(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\]?\s+)?\[?(?:",
        r"(?:error|fatal|critical|panic|uncaught|unhandled|exception)\b|API Error|agent run failed|",
        r"(?:\w+\.)*\w*(?:Error|Exception)\b|(?:\w+ ){0,3}failed\b|cannot |can't |could not |unable to |unknown |",
        r"unexpected |invalid |missing |no (?:such|api|auth|conversation|session|saved|previous)|",
        r"not (?:logged|authenticated|inside)|please (?:log|sign|set|run)|you (?:must|need|have)\b|thread '",
        r")",
    ))
});

/// The mark before the words of a failure.
static LEAD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\W{0,8}(?:(?i:error|fatal|critical)(?:\[\w+\])?:?\s+)?"));

#[cfg(test)]
mod tests {
    use super::super::inner_message;
    use super::*;

    #[test]
    fn the_line_that_tells_is_found_among_noise() {
        let gptme = "· WARNING  Failed to load tiktoken encoding:\n           Max retries exceeded: Failed to resolve\n\
            · ERROR    Fatal error occurred\n· ERROR    Error code: 401 - {'error': {'message': 'Incorrect API key \n\
            \x20          provided', 'type': 'x'}}\n· ERROR      at\n           /opt/llm_openai.py:1878 in _stream\n";
        let line = error_in(gptme).unwrap();
        assert_eq!(
            line,
            "Error code: 401 - {'error': {'message': 'Incorrect API key provided', 'type': 'x'}}"
        );
        assert_eq!(inner_message(&line).as_deref(), Some("Incorrect API key provided"));

        let node = "YOLO mode is enabled.\nError: boom\n    at x (y.js:1:2)\n    at z (y.js:404:2)\n";
        assert_eq!(error_in(node).as_deref(), Some("boom"));
        assert_eq!(error_in("all is well\nReading additional input from stdin...\n"), None);
        assert_eq!(
            error_in("error: unexpected argument '--x' found\n\nUsage: codex\n").as_deref(),
            Some("unexpected argument '--x' found")
        );
        assert_eq!(last_line("one\ntwo\n    at x\n}\n"), Some("two"));
    }
}
