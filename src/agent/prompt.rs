//! The system prompt: what an agent is told of its work, its place and the project's own
//! instructions.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const SYSTEM: &str = include_str!("../../assets/prompts/system.md");

/// When to give work to an agent of its own.
pub const AGENTS: &str = include_str!("../../assets/prompts/agents.md");

/// What the user asks of a model when its context is full.
pub const COMPACT: &str = include_str!("../../assets/prompts/compact.md");

/// Instruction files, by the name that a project may give them.
const INSTRUCTION_FILES: &[&str] = &["AGENTS.md", "CLAUDE.md", "GEMINI.md"];

/// Bytes of one instruction file that go into the prompt.
const INSTRUCTIONS_CAP: usize = 32 * 1024;

/// Where an agent works.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    pub worktree: &'a Path,
    pub branch: &'a str,
    /// The user's own checkout, whose parent folders may hold instructions as well.
    pub checkout: &'a Path,
    /// The folder within the repository in which the user started, relative to its top.
    pub subfolder: &'a Path,
    /// The user's home: the search for instructions goes no further up.
    pub home: Option<&'a Path>,
    /// The user's own instructions, for all projects.
    pub user_instructions: &'a [PathBuf],
}

/// Instructions found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructions {
    pub path: PathBuf,
    pub text: String,
}

/// The system prompt for an agent at `place`. `extra` are further sections, such as the list of
/// skills.
pub fn system(place: &Place, instructions: &[Instructions], extra: &[String]) -> String {
    let mut prompt = SYSTEM.trim_end().to_owned();
    prompt.push_str("\n\n# Your place\n\n");
    prompt.push_str(&format!("- worktree: {}\n", place.worktree.display()));
    prompt.push_str(&format!("- branch: {}\n", place.branch));
    prompt.push_str(&format!("- system: {}\n", std::env::consts::OS));
    if !place.subfolder.as_os_str().is_empty() {
        prompt.push_str(&format!("- the user works in the folder {}\n", place.subfolder.display()));
    }
    for section in extra {
        prompt.push_str(&format!("\n{}\n", section.trim()));
    }
    if !instructions.is_empty() {
        prompt.push_str("\n# The project's instructions\n");
    }
    for file in instructions {
        let text = file.text.trim();
        prompt.push_str(&format!(
            "\n<instructions file=\"{}\">\n{text}\n</instructions>\n",
            file.path.display()
        ));
    }
    prompt
}

/// `sha256:` and the hex digest of a system prompt.
pub fn digest(prompt: &str) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(prompt.as_bytes()) {
        digest.push_str(&format!("{byte:02x}"));
    }
    digest
}

/// The instruction files that hold for `place`, the most general first: the user's own, those in
/// the folders above the checkout, those of the repository from its top down to the user's folder.
/// Within the repository the worktree's state counts. A file that says what another said is left out.
pub fn instructions(place: &Place) -> Vec<Instructions> {
    let mut candidates: Vec<PathBuf> = place.user_instructions.to_vec();
    let above: Vec<&Path> = place
        .checkout
        .ancestors()
        .skip(1)
        .take_while(|folder| place.home.is_none_or(|home| folder.starts_with(home)))
        .collect();
    let mut folders: Vec<PathBuf> = above.into_iter().rev().map(Path::to_owned).collect();
    let mut within = place.worktree.to_owned();
    folders.push(within.clone());
    for component in place.subfolder.components() {
        within.push(component);
        folders.push(within.clone());
    }
    for folder in folders {
        candidates.extend(INSTRUCTION_FILES.iter().map(|name| folder.join(name)));
    }

    let mut found: Vec<Instructions> = Vec::new();
    for path in candidates {
        // A link may lead out of the worktree: only what a person put there in full is read.
        let within = path.starts_with(place.worktree);
        let leads_out = || {
            let top = place.worktree.canonicalize();
            !matches!((path.canonicalize(), top), (Ok(real), Ok(top)) if real.starts_with(&top))
        };
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if within && leads_out() {
            continue;
        }
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if text.len() > INSTRUCTIONS_CAP {
            let end = (0..=INSTRUCTIONS_CAP).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
            text.push_str("\n[the rest of this file is left out]");
        }
        let said = found.iter().any(|earlier| earlier.text.trim() == text.trim());
        if !said && !text.trim().is_empty() {
            let shown = path.strip_prefix(place.worktree).unwrap_or(&path).to_owned();
            found.push(Instructions { path: shown, text });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_found_from_the_home_down_to_the_users_folder() {
        let home = tempfile::tempdir().unwrap();
        let (checkout, worktree) = (home.path().join("code/project"), home.path().join("data/tab"));
        std::fs::create_dir_all(&checkout).unwrap();
        std::fs::create_dir_all(worktree.join("sub")).unwrap();
        std::fs::write(home.path().join("code/AGENTS.md"), "all my code").unwrap();
        std::fs::write(checkout.join("AGENTS.md"), "the checkout's own state").unwrap();
        std::fs::write(worktree.join("AGENTS.md"), "the project").unwrap();
        std::fs::write(worktree.join("CLAUDE.md"), "the project\n").unwrap();
        std::fs::write(worktree.join("sub/CLAUDE.md"), "the folder").unwrap();
        let place = Place {
            worktree: &worktree,
            branch: "b",
            checkout: &checkout,
            subfolder: Path::new("sub"),
            home: Some(home.path()),
            user_instructions: &[],
        };
        let found = instructions(&place);
        let texts: Vec<_> = found.iter().map(|file| file.text.trim()).collect();
        assert_eq!(texts, ["all my code", "the project", "the folder"]);
        let prompt = system(&place, &found, &[]);
        assert!(prompt.contains("<instructions file=\"sub/CLAUDE.md\">\nthe folder\n"), "{prompt}");
        assert_eq!(digest("").len(), "sha256:".len() + 64);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_of_the_worktree_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let worktree = folder.path().join("tab");
        std::fs::create_dir_all(&worktree).unwrap();
        std::fs::write(folder.path().join("secret"), "hidden").unwrap();
        std::os::unix::fs::symlink("../secret", worktree.join("AGENTS.md")).unwrap();
        let place = Place {
            worktree: &worktree,
            branch: "b",
            checkout: &worktree,
            subfolder: Path::new(""),
            home: Some(&worktree),
            user_instructions: &[],
        };
        assert_eq!(instructions(&place), []);
    }
}
