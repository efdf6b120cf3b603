//! Which language a code is in, as far as a name, a path or a first line tells. Which grammar that is
//! turns out when it is highlighted: asking for it here would load them all.

use std::path::Path;

use syntect::parsing::{SyntaxReference, SyntaxSet};

/// What a code may be written in: names and endings to try, the best first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Language {
    names: Vec<String>,
}

impl Language {
    pub const PLAIN: Self = Self { names: Vec::new() };

    /// By what stands behind the fence of a code block: `rust`, `rust,ignore`, `{.python}`,
    /// `ts:src/app.ts`, `src/app.ts`.
    pub fn of_fence(info: &str) -> Self {
        let word = info.trim().trim_start_matches('{').trim_start();
        let end = word.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '{' | '}'));
        let word = word[..end.unwrap_or(word.len())].trim_start_matches('.');
        // Some models write `language:path`, some `line:line:path`.
        let is_lines = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let word = word.split(':').find(|part| !is_lines(part)).unwrap_or_default();
        if word.contains('/') || is_file_name(word) { Self::of_path(word) } else { Self::named(word) }
    }

    /// By the name of a file and what it ends in.
    pub fn of_path(path: impl AsRef<Path>) -> Self {
        let Some(name) = path.as_ref().file_name().and_then(|name| name.to_str()) else {
            return Self::PLAIN;
        };
        let endings = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
        Self::of_names(std::iter::once(name).chain(endings))
    }

    /// By its first line, where that names an interpreter.
    pub fn of_first_line(line: &str) -> Self {
        let Some(command) = line.strip_prefix("#!") else { return Self::PLAIN };
        let program = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
        let is_meant = |word: &str| word != "env" && !word.starts_with('-') && !word.contains('=');
        let name = command.split_whitespace().map(program).find(|word| is_meant(word)).unwrap_or_default();
        Self::named(name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
    }

    /// By the path, or else by the first line.
    pub fn of_file(path: impl AsRef<Path>, first_line: &str) -> Self {
        let mut language = Self::of_path(path);
        language.names.extend(Self::of_first_line(first_line).names);
        language
    }

    /// Nothing is known of it.
    pub fn is_plain(&self) -> bool {
        self.names.is_empty()
    }

    /// A word for it to show; empty when nothing is known.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    pub(super) fn syntax<'a>(&self, syntaxes: &'a SyntaxSet) -> Option<&'a SyntaxReference> {
        self.names.iter().find_map(|name| syntaxes.find_syntax_by_token(grammar_of(name)))
    }

    fn named(name: &str) -> Self {
        Self::of_names(std::iter::once(name))
    }

    fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let is_plain = |name: &&str| name.is_empty() || is_plain(name);
        Self { names: names.filter(|name| !is_plain(name)).map(str::to_lowercase).collect() }
    }
}

fn is_file_name(word: &str) -> bool {
    word.find('.').is_some_and(|dot| dot > 0 && word.len() > dot + 1)
}

fn is_plain(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "text" | "txt" | "plain" | "plaintext" | "none" | "output")
}

/// Names that the grammars don't know, or know for something less likely.
fn grammar_of(name: &str) -> &str {
    match name {
        "mjs" | "cjs" | "node" | "deno" | "bun" | "ecmascript" => "js",
        "jsx" | "javascriptreact" => "tsx",
        "jsonc" | "json5" | "jsonl" | "ndjson" | "webmanifest" => "json",
        "shell" | "console" | "shellsession" | "shell-session" | "sh-session" | "terminal" | "ksh"
        | "dash" => "sh",
        "golang" => "go",
        "docker" | "containerfile" => "dockerfile",
        "csharp" => "cs",
        "fsharp" | "fs" => "f#",
        "objc" => "m",
        "h" | "cuda" | "cu" | "cuh" | "hip" | "ino" | "arduino" => "cpp",
        "elisp" | "emacs-lisp" | "scheme" => "lisp",
        "postgres" | "postgresql" | "pgsql" | "plsql" | "mysql" | "sqlite" | "tsql" => "sql",
        "plist" | "xsl" | "csproj" | "props" | "targets" => "xml",
        "conf" | "config" | "service" => "ini",
        "regex" | "regexp" => "re",
        "assembly" | "assembler" | "s" => "asm",
        "batch" | "dosbatch" => "bat",
        "udiff" | "rej" => "diff",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::SYNTAXES;
    use super::*;

    fn grammar(language: &Language) -> Option<&'static str> {
        language.syntax(&SYNTAXES).map(|syntax| syntax.name.as_str())
    }

    #[test]
    fn a_fence_names_its_language() {
        let table = [
            ("rust", "Rust"),
            ("rs", "Rust"),
            ("Rust", "Rust"),
            ("rust,ignore", "Rust"),
            ("rust title=\"x\"", "Rust"),
            ("c++", "C++"),
            ("C#", "C#"),
            ("c", "C"),
            ("h", "C++"),
            ("ts", "TypeScript"),
            ("typescript", "TypeScript"),
            ("jsx", "TypeScriptReact"),
            ("js", "JavaScript"),
            ("{.python .numberLines}", "Python"),
            ("{python}", "Python"),
            (" py ", "Python"),
            ("python:app/main.py", "Python"),
            ("12:20:src/app.ts", "TypeScript"),
            ("src/main.rs", "Rust"),
            ("main.rs", "Rust"),
            (".env", "DotENV"),
            ("console", "Bourne Again Shell (bash)"),
            ("diff", "Diff"),
            ("yml", "YAML"),
            ("Dockerfile", "Dockerfile"),
            ("fsharp", "F#"),
            ("html", "HTML"),
            ("md", "Markdown"),
        ];
        for (info, name) in table {
            assert_eq!(grammar(&Language::of_fence(info)), Some(name), "{info}");
        }
    }

    #[test]
    fn a_fence_without_a_language_is_plain() {
        for info in ["", "  ", "text", "Plain", "{}", "12:20"] {
            assert_eq!(Language::of_fence(info), Language::PLAIN, "{info}");
        }
        assert_eq!(grammar(&Language::of_fence("klingon")), None);
    }

    #[test]
    fn a_path_tells_its_language() {
        let table = [
            ("src/lib.rs", "Rust"),
            ("a/CMakeLists.txt", "CMake"),
            ("Makefile", "Makefile"),
            ("Cargo.lock", "TOML"),
            ("go.mod", "Gomod"),
            (".gitignore", "Git Ignore"),
            ("x.test.tsx", "TypeScriptReact"),
            ("page.html.twig", "HTML (Twig)"),
            ("include/a.h", "C++"),
            ("app.conf", "INI"),
        ];
        for (path, name) in table {
            assert_eq!(grammar(&Language::of_path(path)), Some(name), "{path}");
        }
        assert_eq!(grammar(&Language::of_path("notes.txt")), None);
        assert_eq!(grammar(&Language::of_path("/")), None);
    }

    #[test]
    fn a_first_line_names_an_interpreter() {
        let table = [
            ("#!/bin/sh", "Bourne Again Shell (bash)"),
            ("#!/usr/bin/env python3.12", "Python"),
            ("#!/usr/bin/env -S NODE_ENV=x node --flag", "JavaScript"),
            ("#!/usr/bin/perl -w", "Perl"),
        ];
        for (line, name) in table {
            assert_eq!(grammar(&Language::of_first_line(line)), Some(name), "{line}");
            assert_eq!(grammar(&Language::of_file("bin/tool", line)), Some(name), "{line}");
        }
        assert_eq!(Language::of_first_line("use std;"), Language::PLAIN);
        assert_eq!(grammar(&Language::of_file("a.rs", "#!/bin/sh")), Some("Rust"));
    }
}
