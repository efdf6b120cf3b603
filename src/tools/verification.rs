//! Which command says whether the work is good: the one that the settings name, or the one that the project's
//! own files tell of. It runs nothing; what the files mean is a pure function of them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

/// The value of `verify.command` that has it found out.
pub const AUTO: &str = "auto";

/// Bytes of a file that are looked at.
const LONGEST: u64 = 256 * 1024;

/// A command, and how it was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    pub command: String,
    /// In a few words: `Cargo.toml`.
    pub why: String,
}

/// What checks work in a folder, as `configured` says: nothing, what it finds there, or this command.
pub fn in_force(configured: &str, root: &Path) -> Option<Detected> {
    match configured.trim() {
        "" => None,
        AUTO => detect(root),
        command => Some(Detected { command: command.to_owned(), why: "as configured".to_owned() }),
    }
}

/// What the project at `root` is checked with, as far as its files tell.
pub fn detect(root: &Path) -> Option<Detected> {
    detect_in(|name| {
        let file =
            File::open(root.join(name)).ok().filter(|file| file.metadata().is_ok_and(|is| is.is_file()))?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// The same of files that `read` gives by their names.
fn detect_in(read: impl Fn(&str) -> Option<String>) -> Option<Detected> {
    let has = |name: &str| read(name).is_some();
    let found =
        |command: &str, why: &str| Some(Detected { command: command.to_owned(), why: why.to_owned() });
    if let Some(manifest) = read("Cargo.toml") {
        let is_workspace = manifest.lines().any(|line| line.trim() == "[workspace]");
        return found(if is_workspace { "cargo test --workspace" } else { "cargo test" }, "Cargo.toml");
    }
    if let Some(runner) = read("package.json").and_then(|manifest| node(&manifest, &has)) {
        return found(&format!("{runner} test"), "the test script in package.json");
    }
    if has("deno.json") || has("deno.jsonc") {
        return found("deno test", "deno.json");
    }
    if let Some(why) = pytest(&read) {
        let command = match () {
            () if has("uv.lock") => "uv run pytest",
            () if has("poetry.lock") => "poetry run pytest",
            () => "pytest",
        };
        return found(command, why);
    }
    if has("go.mod") {
        return found("go test ./...", "go.mod");
    }
    for (name, command) in PLAIN {
        if has(name) {
            return found(command, name);
        }
    }
    for name in ["justfile", "Justfile", ".justfile"] {
        if read(name).is_some_and(|text| has_recipe(&text)) {
            return found("just test", &format!("the recipe test in {name}"));
        }
    }
    for name in ["GNUmakefile", "makefile", "Makefile"] {
        if read(name).is_some_and(|text| has_recipe(&text)) {
            return found("make test", &format!("the target test in {name}"));
        }
    }
    None
}

/// Files that by themselves say enough, the more telling ones first.
const PLAIN: &[(&str, &str)] = &[
    ("mix.exs", "mix test"),
    ("Package.swift", "swift test"),
    ("build.zig", "zig build test"),
    ("dune-project", "dune test"),
    ("gradlew", "./gradlew test"),
    ("mvnw", "./mvnw -q test"),
    ("build.gradle.kts", "gradle test"),
    ("build.gradle", "gradle test"),
    ("pom.xml", "mvn -q test"),
];

/// What runs the scripts of a manifest, when one of them tests something.
fn node(manifest: &str, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    let manifest: Value = serde_json::from_str(manifest).ok()?;
    let script = manifest["scripts"]["test"].as_str()?.trim();
    // What `npm init` writes only says that nothing is there.
    if script.is_empty() || script.contains("no test specified") {
        return None;
    }
    let named = manifest["packageManager"].as_str().unwrap_or_default();
    let is = |name: &str, locks: &[&str]| {
        named.split('@').next() == Some(name) || named.is_empty() && locks.iter().any(|lock| has(lock))
    };
    Some(match () {
        () if is("pnpm", &["pnpm-lock.yaml"]) => "pnpm",
        () if is("yarn", &["yarn.lock"]) => "yarn",
        // `bun test` is its own runner, not the script.
        () if is("bun", &["bun.lock", "bun.lockb"]) => "bun run",
        () => "npm",
    })
}

/// Where a project says that pytest tests it.
fn pytest(read: &impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let says = |name: &str, what: &str| read(name).is_some_and(|text| text.contains(what));
    match () {
        () if read("pytest.ini").is_some() => Some("pytest.ini"),
        () if says("pyproject.toml", "pytest") => Some("pytest in pyproject.toml"),
        () if says("setup.cfg", "[tool:pytest]") => Some("pytest in setup.cfg"),
        () if says("tox.ini", "[pytest]") => Some("pytest in tox.ini"),
        () if read("conftest.py").is_some() => Some("conftest.py"),
        () if read("tests/conftest.py").is_some() => Some("tests/conftest.py"),
        () if says("requirements-dev.txt", "pytest") => Some("pytest in requirements-dev.txt"),
        () => None,
    }
}

/// Whether a makefile or a justfile has a rule `test`, which is no assignment.
fn has_recipe(text: &str) -> bool {
    text.lines().any(|line| {
        let Some((targets, rest)) = line.split_once(':') else { return false };
        let starts_line = !line.starts_with([' ', '\t', '#']);
        starts_line && !rest.starts_with('=') && targets.split_whitespace().any(|target| target == "test")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[(&str, &str)]) -> Option<(String, String)> {
        let read =
            |name: &str| files.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        detect_in(read).map(|found| (found.command, found.why))
    }

    #[test]
    fn a_project_tells_what_it_is_tested_with() {
        let node = r#"{"scripts":{"test":"vitest run"}}"#;
        for (files, command, why) in [
            (&[("Cargo.toml", "[package]\n")][..], "cargo test", "Cargo.toml"),
            (&[("Cargo.toml", "[workspace]\nmembers = []\n")], "cargo test --workspace", "Cargo.toml"),
            (&[("Cargo.toml", "[package]"), ("Makefile", "test:\n")], "cargo test", "Cargo.toml"),
            (&[("package.json", node)], "npm test", "the test script in package.json"),
            (
                &[("package.json", node), ("pnpm-lock.yaml", "")],
                "pnpm test",
                "the test script in package.json",
            ),
            (&[("package.json", node), ("yarn.lock", "")], "yarn test", "the test script in package.json"),
            (&[("package.json", node), ("bun.lockb", "")], "bun run test", "the test script in package.json"),
            (
                &[
                    ("package.json", r#"{"packageManager":"pnpm@9.1.0","scripts":{"test":"x"}}"#),
                    ("yarn.lock", ""),
                ],
                "pnpm test",
                "the test script in package.json",
            ),
            (&[("deno.json", "{}")], "deno test", "deno.json"),
            (&[("pyproject.toml", "[tool.pytest.ini_options]")], "pytest", "pytest in pyproject.toml"),
            (
                &[("pyproject.toml", "dev = [\"pytest\"]"), ("uv.lock", "")],
                "uv run pytest",
                "pytest in pyproject.toml",
            ),
            (&[("pytest.ini", ""), ("poetry.lock", "")], "poetry run pytest", "pytest.ini"),
            (&[("setup.cfg", "[tool:pytest]\n")], "pytest", "pytest in setup.cfg"),
            (&[("tests/conftest.py", "")], "pytest", "tests/conftest.py"),
            (&[("go.mod", "module x")], "go test ./...", "go.mod"),
            (&[("pom.xml", ""), ("mvnw", "")], "./mvnw -q test", "mvnw"),
            (&[("build.gradle", "")], "gradle test", "build.gradle"),
            (&[("mix.exs", "")], "mix test", "mix.exs"),
            (&[("justfile", "test *args:\n  x\n")], "just test", "the recipe test in justfile"),
            (&[("Makefile", "all: test\ntest: build\n\tx\n")], "make test", "the target test in Makefile"),
            (&[("Makefile", ".PHONY: test\nbuild test:\n")], "make test", "the target test in Makefile"),
        ] {
            assert_eq!(told(files), Some((command.to_owned(), why.to_owned())), "{files:?}");
        }
    }

    #[test]
    fn what_only_looks_like_tests_is_none() {
        for files in [
            &[][..],
            &[("README.md", "run pytest")],
            &[("package.json", r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#)],
            &[("package.json", r#"{"scripts":{"build":"tsc"}}"#)],
            &[("package.json", "{ this is none")],
            &[("pyproject.toml", "[project]\nname = \"x\"")],
            &[("Makefile", "all: test\n\ttest:\n# test:\ntest := 1\nTEST:\n")],
        ] {
            assert_eq!(told(files), None, "{files:?}");
        }
    }

    #[test]
    fn what_is_configured_comes_before_what_is_found() {
        let root = tempfile::tempdir().unwrap();
        let command = |configured| in_force(configured, root.path()).map(|found| found.command);
        assert_eq!([command(" "), command("auto")], [None, None]);
        std::fs::write(root.path().join("go.mod"), "module x\n").unwrap();
        std::fs::create_dir(root.path().join("Cargo.toml")).unwrap();
        assert_eq!(command(""), None);
        assert_eq!(command("auto").as_deref(), Some("go test ./..."));
        assert_eq!(command("make check").as_deref(), Some("make check"));
    }
}
