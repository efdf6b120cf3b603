//! What an agent can do in a worktree. Each tool is a file with `spec` and `run`; this one is the
//! table of them. Tools know nothing of agents, models or git.

mod agent;
mod apply_patch;
pub mod args;
mod changes;
mod edit;
mod find;
mod grep;
mod ls;
mod omission;
pub mod output;
mod path;
pub mod permissions;
mod progress;
mod read;
pub mod shell;
mod skill;
mod text;
mod todo;
pub mod verification;
mod walk;
mod workspace;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use shell::{Environment, SandboxPolicy, Shell};

use crate::chat::{Part, ToolCall, ToolSpec};
use crate::config::EditFormat;

pub use agent::{AgentTask, read as read_agent_task};
pub use path::{PathError, RelPath};
pub use progress::{Progress, ProgressReader, ProgressText};
pub use skill::{SkillDir, SkillInfo, Skills, WORKTREE_DIRS as SKILL_DIRS};
pub use todo::{TodoItem, TodoList, TodoStatus};
pub use walk::sweep;
pub use workspace::{MAX_FILE_BYTES, Staged, Workspace};

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutput {
    /// For the model: text and image parts, already capped.
    pub content: Vec<Part>,
    pub is_error: bool,
    /// For a person: one line, such as `src/main.rs +3 -1`.
    pub summary: String,
    pub touched: Touched,
}

/// Which files a tool may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    Nothing,
    /// These and no others, relative to the worktree.
    Paths(Vec<PathBuf>),
    /// Anything: the worktree has to be scanned.
    Unknown,
}

/// What a tool works with.
#[derive(Debug, Clone)]
pub struct ToolContext {
    pub workspace: Arc<Workspace>,
    /// Ends what runs. A tool that is cancelled says what it had done.
    pub cancel: CancellationToken,
    /// Where output goes while a tool runs.
    pub progress: Progress,
    /// What commands run with.
    pub shell: Arc<Shell>,
    /// The session's list.
    pub todo: TodoList,
    pub skills: Arc<Skills>,
}

/// The tools that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tool {
    Read,
    Write,
    Edit,
    ApplyPatch,
    Bash,
    Grep,
    Find,
    Ls,
    Todo,
    Skill,
    /// See [`AgentTask`]: whoever asks for one starts it.
    Agent,
}

impl Tool {
    /// In the order in which models are told of them.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::Edit,
        Self::ApplyPatch,
        Self::Bash,
        Self::Grep,
        Self::Find,
        Self::Ls,
        Self::Todo,
        Self::Skill,
        Self::Agent,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Edit => "edit",
            Self::ApplyPatch => "apply_patch",
            Self::Bash => "bash",
            Self::Grep => "grep",
            Self::Find => "find",
            Self::Ls => "ls",
            Self::Todo => "todo",
            Self::Skill => "skill",
            Self::Agent => "agent",
        }
    }

    /// Other names under which models call it.
    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["read_file", "view", "view_file", "open_file", "cat", "get_file", "file_read"],
            Self::Write => {
                &["write_file", "create_file", "save_file", "file_write", "write_to_file", "create"]
            }
            Self::Edit => {
                &["edit_file", "str_replace", "replace", "search_replace", "multi_edit", "replace_in_file"]
            }
            Self::ApplyPatch => &["patch", "apply_diff", "patch_file"],
            Self::Bash => &[
                "shell",
                "run_command",
                "execute_command",
                "run_shell_command",
                "run_terminal_cmd",
                "local_shell",
                "terminal",
                "exec",
            ],
            Self::Grep => &["search", "grep_search", "search_files", "search_file_content", "ripgrep", "rg"],
            Self::Find => &["glob", "find_files", "file_search", "glob_search"],
            Self::Ls => &["list", "list_dir", "list_directory", "list_files", "dir"],
            Self::Todo => &["todo_write", "write_todos", "update_todos", "update_plan"],
            Self::Skill => &["use_skill", "load_skill"],
            Self::Agent => &["task", "subagent", "spawn_agent", "dispatch_agent", "delegate"],
        }
    }

    /// The tool that a model means by `name`: its own, in any spelling, or a common other one.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = plain(name);
        let is = |tool: Self| plain(tool.name()) == name || tool.aliases().iter().any(|a| plain(a) == name);
        Self::ALL.into_iter().find(|tool| is(*tool))
    }

    pub fn spec(self) -> ToolSpec {
        match self {
            Self::Read => read::spec(),
            Self::Write => write::spec(),
            Self::Edit => edit::spec(),
            Self::ApplyPatch => apply_patch::spec(),
            Self::Bash => shell::spec(),
            Self::Grep => grep::spec(),
            Self::Find => find::spec(),
            Self::Ls => ls::spec(),
            Self::Todo => todo::spec(),
            Self::Skill => skill::spec(),
            Self::Agent => agent::spec(),
        }
    }

    /// Whether it changes nothing: such calls may run side by side.
    pub fn is_read_only(self) -> bool {
        match self {
            Self::Read | Self::Grep | Self::Find | Self::Ls | Self::Skill => true,
            Self::Write | Self::Edit | Self::ApplyPatch | Self::Bash | Self::Todo | Self::Agent => false,
        }
    }

    /// Whether a model that writes edits in `format` is told of it.
    fn suits(self, format: EditFormat) -> bool {
        match self {
            Self::Edit => format == EditFormat::Replace,
            Self::ApplyPatch => format == EditFormat::ApplyPatch,
            Self::Read
            | Self::Write
            | Self::Bash
            | Self::Grep
            | Self::Find
            | Self::Ls
            | Self::Todo
            | Self::Skill
            | Self::Agent => true,
        }
    }
}

/// The tools to tell a model of, in an order that never changes, so that prompts stay cached.
pub fn specs(format: EditFormat, enabled: impl Fn(Tool) -> bool) -> Vec<ToolSpec> {
    Tool::ALL.into_iter().filter(|tool| tool.suits(format) && enabled(*tool)).map(Tool::spec).collect()
}

/// Runs a call. Whatever is wrong with it, the result is something to tell the model.
pub async fn run(call: &ToolCall, context: &ToolContext) -> ToolOutput {
    match Tool::by_name(&call.name) {
        Some(Tool::Read) => read::run(&call.input, context).await,
        Some(Tool::Write) => write::run(&call.input, context).await,
        Some(Tool::Edit) => edit::run(&call.input, context).await,
        Some(Tool::ApplyPatch) => apply_patch::run(&call.input, context).await,
        Some(Tool::Bash) => shell::run(&call.input, context).await,
        Some(Tool::Grep) => grep::run(&call.input, context).await,
        Some(Tool::Find) => find::run(&call.input, context).await,
        Some(Tool::Ls) => ls::run(&call.input, context).await,
        Some(Tool::Todo) => todo::run(&call.input, context),
        Some(Tool::Skill) => skill::run(&call.input, context).await,
        Some(Tool::Agent) => agent::run(),
        None => unknown(&call.name),
    }
}

impl ToolContext {
    /// With nothing to cancel it and nobody who looks, commands without a sandbox and at home in the
    /// system's directory for temporary files, an empty list and no skills: set what differs.
    pub fn new(workspace: Arc<Workspace>) -> Self {
        let tmp = std::env::temp_dir();
        let env = Environment::new(std::env::vars_os(), &[], &tmp, &tmp);
        Self {
            workspace,
            cancel: CancellationToken::new(),
            progress: Progress::none(),
            shell: Arc::new(Shell::new(env, SandboxPolicy::default())),
            todo: TodoList::default(),
            skills: Arc::default(),
        }
    }
}

impl ToolOutput {
    /// A success that changed no file.
    pub fn ok(text: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            content: vec![Part::Text(text.into())],
            is_error: false,
            summary: summary.into(),
            touched: Touched::Nothing,
        }
    }

    /// A failure that changed no file; its first line is the summary.
    pub fn error(text: impl Into<String>) -> Self {
        let text = text.into();
        let summary = text.lines().next().unwrap_or_default().to_owned();
        Self { content: vec![Part::Text(text)], is_error: true, summary, touched: Touched::Nothing }
    }

    /// The same, having changed these files, under the names that git knows them by.
    #[must_use]
    pub fn touching(mut self, workspace: &Workspace, paths: impl IntoIterator<Item = RelPath>) -> Self {
        let real = |path: RelPath| PathBuf::from(workspace.behind_links(&path).unwrap_or(path));
        self.touched = Touched::Paths(paths.into_iter().map(real).collect());
        self
    }
}

/// Runs file work where it cannot hold up the runtime. An error becomes what the model is told.
pub(crate) async fn blocking<E: std::fmt::Display + Send + 'static>(
    work: impl FnOnce() -> Result<ToolOutput, E> + Send + 'static,
) -> ToolOutput {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => ToolOutput::error(error.to_string()),
        Err(_) => {
            ToolOutput::error("internal error: the tool failed; files that it had not reported are unchanged")
        }
    }
}

fn unknown(name: &str) -> ToolOutput {
    let near = |tool: &Tool| {
        let names = tool.aliases().iter().copied().chain([tool.name()]);
        names.map(|known| strsim::jaro_winkler(&plain(name), &plain(known))).fold(0.0, f64::max)
    };
    let names: Vec<&str> = Tool::ALL.iter().map(|tool| tool.name()).collect();
    let nearest = Tool::ALL.iter().max_by(|a, b| near(a).total_cmp(&near(b))).map_or("", |tool| tool.name());
    ToolOutput::error(format!(
        "unknown tool `{}`; did you mean `{nearest}`? There are: {}",
        args::excerpt(name, 60),
        names.join(", ")
    ))
}

/// A name without what models add to it and vary in it.
fn plain(name: &str) -> String {
    let name = name.trim().rsplit(['.', ':', '/']).next().unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    /// A worktree for tests of tools.
    pub(crate) struct Fixture {
        dir: TempDir,
        pub(crate) context: ToolContext,
    }

    impl Fixture {
        pub(crate) fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("tree")).unwrap();
            let workspace = Workspace::open_root(dir.path().join("tree")).unwrap();
            Self { dir, context: ToolContext::new(Arc::new(workspace)) }
        }

        /// The directory around the worktree.
        pub(crate) fn outside(&self) -> &std::path::Path {
            self.dir.path()
        }

        pub(crate) fn path(&self, path: &str) -> PathBuf {
            self.dir.path().join("tree").join(path)
        }

        pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
            let path = self.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }

        pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
            std::fs::read(self.path(path)).unwrap()
        }

        pub(crate) async fn call(&self, name: &str, input: Value) -> ToolOutput {
            let call = ToolCall { id: "1".into(), name: name.into(), input, signature: None };
            run(&call, &self.context).await
        }
    }

    /// Lines `word n` for each n, from 1.
    pub(crate) fn numbered(word: &str, lines: usize) -> String {
        let lines: Vec<String> = (1..=lines).map(|n| format!("{word} {n}\n")).collect();
        lines.concat()
    }

    /// The first text part.
    pub(crate) fn text(output: &ToolOutput) -> &str {
        match &output.content[0] {
            Part::Text(text) => text,
            other => panic!("not a text: {other:?}"),
        }
    }

    #[test]
    fn tools_are_found_by_the_names_that_models_use() {
        let cases = [
            ("read", Some(Tool::Read)),
            ("Read", Some(Tool::Read)),
            ("readFile", Some(Tool::Read)),
            ("functions.read_file", Some(Tool::Read)),
            ("Write", Some(Tool::Write)),
            ("write-to-file", Some(Tool::Write)),
            ("teleport", None),
        ];
        for (name, wanted) in cases {
            assert_eq!(Tool::by_name(name), wanted, "{name}");
        }
    }

    #[test]
    fn no_name_means_two_tools() {
        for tool in Tool::ALL {
            for name in tool.aliases().iter().chain([&tool.name()]) {
                assert_eq!(Tool::by_name(name), Some(tool), "{name}");
            }
        }
    }

    #[test]
    fn the_tools_of_a_format_keep_their_order() {
        let names = |format| -> Vec<String> { specs(format, |_| true).into_iter().map(|s| s.name).collect() };
        assert_eq!(names(EditFormat::Whole)[..2], ["read", "write"]);
        assert!(!names(EditFormat::Whole).contains(&"edit".into()));
        assert_eq!(names(EditFormat::Replace)[..3], ["read", "write", "edit"]);
        assert_eq!(names(EditFormat::ApplyPatch)[..3], ["read", "write", "apply_patch"]);
        assert!(specs(EditFormat::Replace, |tool| tool != Tool::Write).iter().all(|s| s.name != "write"));
    }

    #[tokio::test]
    async fn a_call_that_cannot_be_run_is_answered() {
        let fixture = Fixture::new();
        let output = fixture.call("raed", json!({})).await;
        assert!(output.is_error);
        assert!(
            text(&output).starts_with("unknown tool `raed`; did you mean `read`? There are: read, write")
        );
        let output = fixture.call("read", json!("{\"path\": ")).await;
        assert!(output.is_error && text(&output).contains("not valid JSON"), "{}", text(&output));
        let output = fixture.call("read", json!({"pth": "x"})).await;
        assert_eq!(text(&output), "`read` needs `path`; given: `pth`");
    }
}
