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

#[test]
fn the_view_only_paints() {
    let mut wrong = Vec::new();
    for (file, code) in screen_code() {
        let paints =
            file.starts_with("view") || file.ends_with("paint.rs") || file.starts_with("review/view");
        if !paints {
            continue;
        }
        for (number, line) in code.lines().enumerate() {
            let word = ["Color", "&mut App", ".await", "std::fs", "tokio::"]
                .iter()
                .find(|word| line.contains(**word));
            if let Some(word) = word {
                wrong.push(format!("src/tui/{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "painting changes nothing, waits for nothing and names no colour:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_themes_know_colours() {
    let mut wrong = Vec::new();
    for (file, code) in screen_code() {
        if !file.starts_with("theme") && code.contains("Color::") {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "a colour has a role, and its looks are the theme's: {}", wrong.join(", "));
}

/// What stands below the workbench is data to the screen: it starts nothing there, and asks only where answers
/// may take their time.
#[test]
fn the_screen_asks_the_workbench_and_nobody_below_it() {
    const MAY_WAIT: &[&str] = &["runtime", "start.rs", "terminal"];
    const DOES: &[&str] = &[
        "Workbench::",
        "Repo",
        "Services",
        "Agent::",
        "routing::decide",
        "git::session::load",
        "workbench::open",
        "workbench::recover(",
        "ToolContext",
        ".await;",
        ".await?",
        "tokio::",
        "std::thread",
        "std::process::Command",
    ];
    let mut wrong = Vec::new();
    for (file, code) in screen_code() {
        if MAY_WAIT.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        for (number, line) in code.lines().enumerate() {
            let is_word = |word: &&&str| {
                let at = line.find(**word)?;
                let before = line[..at].chars().next_back();
                let after = line[at + word.len()..].chars().next();
                let ends = |side: Option<char>| side.is_none_or(|one| !one.is_alphanumeric() && one != '_');
                (word.contains(['.', ':', '(']) || ends(before) && ends(after)).then_some(())
            };
            if let Some(word) = DOES.iter().find(|word| is_word(word).is_some()) {
                wrong.push(format!("src/tui/{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "only the runtime may:\n{}", wrong.join("\n"));
}

/// Nothing that changes or lays out the screen reads a clock, a file or the environment: the same messages
/// give the same picture.
#[test]
fn the_state_of_the_screen_follows_from_its_messages() {
    const FOLDERS: &[&str] =
        &["app", "update", "view", "transcript", "picker", "arrange.rs", "places.rs", "side.rs"];
    const READS: &[&str] = &["Instant::now", "SystemTime", "std::fs", "std::env", "fastrand"];
    let mut wrong = Vec::new();
    for (file, code) in screen_code() {
        if !FOLDERS.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        for word in READS.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("src/tui/{}: {word}", file.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "the clock is the state's, and files are read by the runtime:\n{}",
        wrong.join("\n")
    );
}

/// The code of the screen without its tests, by its path within `src/tui`.
fn screen_code() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui");
    let of = |file: PathBuf| {
        let relative = file.strip_prefix(&folder).unwrap().to_owned();
        let is_test = relative.components().any(|part| part.as_os_str() == "tests")
            || relative
                .file_stem()
                .is_some_and(|stem| ["tests", "testing", "fuzz", "script"].iter().any(|name| stem == *name));
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let code: String = code
            .lines()
            .map(|line| if line.trim_start().starts_with("//") { "" } else { line }.to_owned() + "\n")
            .collect();
        (!is_test).then_some((relative, code))
    };
    rust_files(&folder).into_iter().filter_map(of).collect()
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
