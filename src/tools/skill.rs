//! `skill`: instructions kept in files, `SKILL.md` with a name and a description in front. A model
//! is told the names and descriptions, and reads the rest when it needs it.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{ArgError, Args, Names};
use super::{ToolContext, ToolOutput, blocking};
use crate::chat::ToolSpec;

const NAME: Names = &["name", "skill", "skill_name", "command"];
const MAX_BYTES: u64 = 64 * 1024;
const MAX_SKILLS: usize = 200;
const MAX_FILES: usize = 50;

/// Where skills lie in a worktree, in the order in which they are looked for.
pub const WORKTREE_DIRS: [&str; 3] = [".offshoot/skills", ".agents/skills", ".claude/skills"];

/// A directory of skills: each is a directory in it that holds a `SKILL.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillDir {
    pub path: PathBuf,
    /// Skills that are elsewhere, behind links, do not count. For directories that an agent or a
    /// stranger's repository may write to.
    pub within: Option<PathBuf>,
}

/// What is known of a skill before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillInfo {
    pub name: String,
    pub description: String,
    /// Its `SKILL.md`.
    pub file: PathBuf,
    within: Option<PathBuf>,
}

/// The skills of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skills(Vec<SkillInfo>);

#[derive(Debug, thiserror::Error)]
enum SkillError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error("there is no skill `{name}`; there are: {known}")]
    Unknown { name: String, known: String },
    #[error("cannot read the skill `{name}`: {source}")]
    Read { name: String, source: std::io::Error },
}

impl SkillDir {
    /// The directories of a worktree, and then those of the user.
    pub fn usual(worktree: &Path, user: impl IntoIterator<Item = PathBuf>) -> Vec<Self> {
        let inside = WORKTREE_DIRS
            .iter()
            .map(|dir| Self { path: worktree.join(dir), within: Some(worktree.to_owned()) });
        inside.chain(user.into_iter().map(|path| Self { path, within: None })).collect()
    }
}

impl Skills {
    /// Looks for skills. Of two with one name the first counts; a directory that is not there, and a
    /// skill without a description, are passed over.
    pub fn discover(dirs: &[SkillDir]) -> Self {
        let mut all: Vec<SkillInfo> = Vec::new();
        for dir in dirs {
            let mut files: Vec<PathBuf> = fs::read_dir(&dir.path)
                .into_iter()
                .flatten()
                .flatten()
                .map(|e| e.path().join("SKILL.md"))
                .collect();
            files.sort();
            for file in files {
                let info =
                    load(&file, dir.within.as_deref()).ok().and_then(|text| describe(&text, &file, dir));
                if let Some(info) = info.filter(|info| all.iter().all(|known| known.name != info.name)) {
                    all.push(info);
                }
            }
        }
        all.truncate(MAX_SKILLS);
        Self(all)
    }

    pub fn list(&self) -> &[SkillInfo] {
        &self.0
    }

    /// For the system prompt: one line each. Empty when there are none.
    pub fn listing(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, skill| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "- {}: {}", skill.name, skill.description);
            text
        })
    }
}

pub fn spec() -> ToolSpec {
    ToolSpec {
        name: "skill".into(),
        description:
            "Reads the instructions of a skill, one of those listed in the system prompt. Call it before \
                      doing what a skill describes."
                .into(),
        parameters: json!({
            "type": "object",
            "properties": {"name": {"type": "string", "description": "Name of the skill"}},
            "required": ["name"]
        }),
    }
}

pub async fn run(input: &Value, context: &ToolContext) -> ToolOutput {
    let (input, skills) = (input.clone(), context.skills.clone());
    blocking(move || show(&input, &skills)).await
}

fn show(input: &Value, skills: &Skills) -> Result<ToolOutput, SkillError> {
    let name = Args::new("skill", input)?.text(NAME)?;
    let name = name.trim().trim_start_matches('/');
    let info = skills.0.iter().find(|skill| skill.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let known: Vec<&str> = skills.0.iter().map(|skill| skill.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        SkillError::Unknown { name: name.to_owned(), known }
    })?;
    let text = load(&info.file, info.within.as_deref())
        .map_err(|source| SkillError::Read { name: info.name.clone(), source })?;
    let dir = info.file.parent().unwrap_or(Path::new("."));
    let mut shown = body(&text).trim().to_owned();
    let mut files: Vec<String> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "SKILL.md")
        .collect();
    files.sort();
    files.truncate(MAX_FILES);
    if !files.is_empty() {
        let _ = write!(shown, "\n\n[beside it in {}: {}]", dir.display(), files.join(", "));
    }
    Ok(ToolOutput::ok(shown, info.name.clone()))
}

/// The text of a skill, if it lies where it may.
fn load(file: &Path, within: Option<&Path>) -> std::io::Result<String> {
    let real = file.canonicalize()?;
    if let Some(within) = within
        && !real.starts_with(within.canonicalize()?)
    {
        return Err(std::io::Error::other("it is a link that leads elsewhere"));
    }
    if !real.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(real)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn describe(text: &str, file: &Path, dir: &SkillDir) -> Option<SkillInfo> {
    let (front, _) = parts(text)?;
    let folder = file.parent()?.file_name()?.to_string_lossy().into_owned();
    let name = field(front, "name").unwrap_or(folder);
    let description = field(front, "description")?;
    Some(SkillInfo { name, description, file: file.to_owned(), within: dir.within.clone() })
}

/// What stands between the lines of dashes, and what follows.
fn parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches('\u{feff}').strip_prefix("---")?;
    let rest = rest.strip_prefix("\r\n").or(rest.strip_prefix('\n'))?;
    let end =
        rest.match_indices("---").map(|(at, _)| at).find(|at| *at == 0 || rest[..*at].ends_with('\n'))?;
    let (front, body) = rest.split_at(end);
    Some((front, body.split_once('\n').map_or("", |(_, body)| body)))
}

fn body(text: &str) -> &str {
    parts(text).map_or(text, |(_, body)| body)
}

/// One field of the front matter, on one line however it was written.
fn field(front: &str, name: &str) -> Option<String> {
    let mut lines = front.lines();
    let first = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.trim();
    let more: Vec<&str> =
        lines.take_while(|line| line.starts_with([' ', '\t']) || line.is_empty()).map(str::trim).collect();
    let first = if matches!(first, ">" | ">-" | ">+" | "|" | "|-" | "|+") { "" } else { first };
    let joined =
        [first].into_iter().chain(more).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let bare = ['"', '\''].iter().find_map(|quote| joined.strip_prefix(*quote)?.strip_suffix(*quote));
    let value = bare.unwrap_or(&joined).trim().to_owned();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::tools::tests::{Fixture, text};

    fn with_skills(fixture: &mut Fixture) {
        let root = fixture.context.workspace.root().to_owned();
        let dirs = SkillDir::usual(&root, [fixture.outside().join("user")]);
        fixture.context.skills = Arc::new(Skills::discover(&dirs));
    }

    #[tokio::test]
    async fn skills_are_found_listed_and_read() {
        let mut fixture = Fixture::new();
        fixture.put(
            ".claude/skills/review/SKILL.md",
            "---\nname: review\ndescription: \"Reviews: code\"\n---\n# Review\nLook.\n",
        );
        fixture.put(".claude/skills/review/list.md", "x");
        fixture.put(
            ".offshoot/skills/test/SKILL.md",
            "---\r\ndescription: >-\r\n  Runs\r\n  tests\r\nlicense: x\r\n---\r\nBody\r\n",
        );
        fixture.put(".agents/skills/review/SKILL.md", "---\nname: review\ndescription: First\n---\nOther\n");
        fixture.put(".agents/skills/bare/SKILL.md", "no front matter");
        let user = fixture.outside().join("user/mine");
        fs::create_dir_all(&user).unwrap();
        fs::write(user.join("SKILL.md"), "---\nname: mine\ndescription: My own\n---\nMine\n").unwrap();
        with_skills(&mut fixture);
        assert_eq!(fixture.context.skills.listing(), "- test: Runs tests\n- review: First\n- mine: My own\n");
        assert_eq!(text(&fixture.call("skill", json!({"name": "review"})).await), "Other");
        assert_eq!(text(&fixture.call("skill", json!({"name": "Mine"})).await), "Mine");
        assert_eq!(text(&fixture.call("skill", json!({"name": "test"})).await), "Body");
        let output = fixture.call("skill", json!({"name": "x"})).await;
        assert_eq!(text(&output), "there is no skill `x`; there are: test, review, mine");
    }

    #[tokio::test]
    async fn a_link_out_of_the_worktree_is_no_skill() {
        let mut fixture = Fixture::new();
        let secret = fixture.outside().join("secret");
        fs::write(&secret, "---\ndescription: x\n---\nsecret\n").unwrap();
        fixture.put(".claude/skills/a/x", "");
        std::os::unix::fs::symlink(&secret, fixture.path(".claude/skills/a/SKILL.md")).unwrap();
        with_skills(&mut fixture);
        assert!(fixture.context.skills.list().is_empty());

        // Swapped for a link after it was found.
        fixture.put(".claude/skills/b/SKILL.md", "---\ndescription: x\n---\nfine\n");
        with_skills(&mut fixture);
        fs::remove_file(fixture.path(".claude/skills/b/SKILL.md")).unwrap();
        std::os::unix::fs::symlink(&secret, fixture.path(".claude/skills/b/SKILL.md")).unwrap();
        assert!(fixture.call("skill", json!({"name": "b"})).await.is_error);
    }
}
