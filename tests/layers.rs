//! Holds the layers of the codemap: a module uses only modules of lower levels.

use std::path::{Path, PathBuf};

/// From the bottom up. Modules of one level don't know each other.
const LEVELS: &[&[&str]] = &[
    &["chat", "config"],
    &["git", "wire", "ledger", "tools"],
    &["backends"],
    &["routing"],
    &["agent"],
    &["orchestra"],
    &["workbench"],
    &["tui", "mcp", "server", "cli"],
];

#[test]
fn a_module_uses_only_lower_levels() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&src) {
        let relative = file.strip_prefix(&src).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = module.trim_end_matches(".rs");
        if module == "main" || module == "lib" {
            continue;
        }
        let own = level(module).unwrap_or_else(|| panic!("{module} is in no level of this test"));
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            for used in used_modules(line) {
                if used != module && level(&used).is_some_and(|used| used >= own) {
                    wrong.push(format!("{}:{}: {module} uses {used}", relative.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these uses go up or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn only_git_names_git2_or_runs_git() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&src) {
        let relative = file.strip_prefix(&src).unwrap();
        if relative.starts_with("git") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        if code.contains("git2::") || code.contains("Command::new(\"git\")") {
            wrong.push(relative.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "only src/git may do this: {}", wrong.join(", "));
}

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&module))
}

/// The modules of this crate that a line names through `crate::`.
fn used_modules(line: &str) -> Vec<String> {
    if line.trim_start().starts_with("//") {
        return Vec::new();
    }
    let mut modules = Vec::new();
    for rest in line.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let names =
                    list.split(['{', '}', ',']).map(|name| name.split("::").next().unwrap_or("").trim());
                modules.extend(names.map(str::to_owned));
            }
            None => {
                modules.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    modules
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
