//! External CLIs as backends, run through the real program as their helper: the CLIs are scripts, the git and the
//! sandbox are real.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use offshoot::backends::cli::{CliBackend, CliEnd, CliEvent, CliJob, CliRun, CliSetting, GitPlaces, Resume};
use offshoot::backends::{Backend, ProbeState};
use offshoot::chat::{ErrorClass, StopReason};
use offshoot::config::{BackendSettings, PermissionMode};
use offshoot::tools::shell::{self, Environment, Network, Sandbox, SandboxPolicy};
use tokio_util::sync::CancellationToken;

/// A machine: a home with secrets, a repository with a worktree, a CLI on the `PATH`, and its profile.
struct World {
    root: tempfile::TempDir,
    env: BTreeMap<String, String>,
    settings: String,
    network: Network,
}

const PROFILE: &str = r#"
program = "tool"
install = "get tool"
home = "real"
start = ["run", "@permissions", "@model", "@session", "@more", "@prompt"]
resume = ["go-on", "{id}", "@prompt"]
writable = ["~/.tool/", "$TOOL_HOME/"]
needs = ["~/.codex/auth.json"]
leaves = [".tool.cache/", ".tool.log"]
version.minimum = "2.1"
[prompt]
args = ["{prompt}"]
[model]
args = ["--model={model}"]
[session]
args = ["--name={session}"]
[permissions]
read-only.args = ["--look"]
[env]
set = { TOOL_DIR = "{dir}" }
fixed = { TOOL_HUB = "off" }
pass = ["TOOL_KEY", "TOOL_HOME"]
"#;

impl World {
    /// With a CLI that is this shell script.
    fn new(script: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let world = Self {
            env: BTreeMap::from([
                ("PATH".to_owned(), format!("{}/bin:/usr/bin:/bin", root.path().display())),
                ("HOME".to_owned(), root.path().join("home").display().to_string()),
                ("TOOL_KEY".to_owned(), "key-of-the-tool".to_owned()),
                ("OTHER_KEY".to_owned(), "key-of-another".to_owned()),
            ]),
            root,
            settings: String::new(),
            network: Network::Open,
        };
        for dir in ["bin", "home/.codex", "home/.ssh", "agents", "tmp", "outside"] {
            fs::create_dir_all(world.path(dir)).unwrap();
        }
        fs::write(world.path("home/.codex/auth.json"), "token").unwrap();
        fs::write(world.path("home/.ssh/id"), "secret").unwrap();
        fs::write(world.path("tool.toml"), PROFILE).unwrap();
        world.install("tool", script);
        world.git("", &["init", "-q", "-b", "main", "repo"]);
        world.git(
            "repo",
            &["-c", "user.name=u", "-c", "user.email=u@x", "commit", "-q", "--allow-empty", "-m", "one"],
        );
        world.git("repo", &["worktree", "add", "-q", "-b", "offshoot/task", "../worktree"]);
        world
    }

    fn install(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn git(&self, dir: &str, args: &[&str]) -> String {
        let out = Command::new("git")
            .args(args)
            .current_dir(self.path(dir))
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("GIT_CONFIG_NOSYSTEM", "1"), ("HOME", "/nonexistent")])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    fn profile(&self, from: &str, to: &str) {
        let text = self.read("tool.toml");
        assert!(text.contains(from));
        fs::write(self.path("tool.toml"), text.replace(from, to)).unwrap();
    }

    fn backend(&self) -> CliBackend {
        let profile = self.path("tool.toml");
        let text = format!("kind = \"cli\"\nprofile = \"{}\"\n{}", profile.display(), self.settings);
        let settings: BackendSettings = toml::from_str(&text).unwrap();
        CliBackend::new("mine", &settings, &|name| self.env.get(name).cloned()).unwrap()
    }

    fn setting(&self) -> CliSetting {
        let parent = self.env.iter().map(|(name, value)| (name.into(), value.into()));
        let env = Environment::new(parent, &[], &self.path("agents"), &self.path("tmp"));
        let sandbox = SandboxPolicy {
            helper: Some(env!("CARGO_BIN_EXE_offshoot").into()),
            writable: vec![self.path("worktree"), self.path("tmp"), self.path("agents")],
            hidden: shell::secret_paths(&self.path("home")),
            network: self.network,
            enabled: true,
        };
        CliSetting { env, sandbox }
    }

    fn job(&self, permissions: PermissionMode) -> CliJob {
        CliJob {
            prompt: "do it".into(),
            dir: self.path("worktree"),
            git: Some(GitPlaces {
                common: self.path("repo/.git"),
                own: self.path("repo/.git/worktrees/worktree"),
                branch: "refs/heads/offshoot/task".into(),
            }),
            temporary: self.path("tmp"),
            model: None,
            effort: None,
            permissions,
            resume: None,
            session: "name-of-session".into(),
        }
    }

    fn start(&self, job: CliJob) -> CliRun {
        self.backend().start(job, &self.setting(), &CancellationToken::new()).unwrap()
    }

    async fn run(&self, job: CliJob) -> Ran {
        Ran::of(self.start(job)).await
    }

    async fn work(&self) -> Ran {
        self.run(self.job(PermissionMode::Auto)).await
    }
}

/// All that a run told.
#[derive(Debug)]
struct Ran {
    text: String,
    notices: Vec<String>,
    session: Option<String>,
    end: CliEnd,
}

impl Ran {
    async fn of(mut run: CliRun) -> Self {
        let (mut text, mut notices, mut session) = (String::new(), Vec::new(), None);
        loop {
            match run.next().await.expect("a run ends with an end") {
                CliEvent::Text(piece) => text.push_str(&piece),
                CliEvent::Notice(notice) => notices.push(notice),
                CliEvent::Session(id) => session = Some(id),
                CliEvent::Ended(end) => {
                    assert_eq!(run.next().await, None);
                    return Self { text, notices, session, end };
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn lines(&self) -> Vec<&str> {
        assert_eq!(self.end.outcome, Ok(StopReason::End), "{self:?}");
        self.text.lines().collect()
    }
}

fn confined() -> bool {
    shell::probe() == Sandbox::Available
}

#[tokio::test]
async fn a_profile_alone_adds_a_cli() {
    let mut world =
        World::new(r#"for arg in "$@"; do echo "$arg"; done; pwd; echo "$HOME $TOOL_DIR $TMPDIR""#);
    world.settings = "model = \"m-1\"\nargs = [\"--colour\", \"a b\"]\n".into();
    let ran = world.work().await;
    let (dir, home, tmp) = (world.path("worktree"), world.path("home"), world.path("tmp"));
    let (dir, home, tmp) = (dir.display(), home.display(), tmp.display());
    let last = format!("{home} {dir} {tmp}");
    assert_eq!(
        ran.lines(),
        ["run", "--model=m-1", "--name=name-of-session", "--colour", "a b", "do it", &dir.to_string(), &last]
    );
    assert_eq!(ran.session.as_deref(), Some("name-of-session"));

    let resume = Some(Resume { id: "earlier".into(), counted: None });
    let ran = world.run(CliJob { resume, ..world.job(PermissionMode::Auto) }).await;
    assert_eq!(ran.lines()[..3], ["go-on", "earlier", "do it"]);
    assert_eq!(ran.session.as_deref(), Some("earlier"));
}

#[tokio::test]
async fn a_secret_passes_to_the_cli_whose_profile_names_it_and_into_no_message() {
    let mut world = World::new("env; echo \"bad key $TOOL_KEY and $FOR_IT\" >&2; exit 1");
    world.settings = "env = { FOR_IT = \"${OTHER_KEY}!\", TOOL_HUB = \"on\" }\n".into();
    let ran = world.work().await;
    let variables: Vec<&str> = ran.text.lines().collect();
    for variable in ["TOOL_KEY=key-of-the-tool", "FOR_IT=key-of-another!", "TOOL_HUB=off"] {
        assert!(variables.contains(&variable), "{variable}: {}", ran.text);
    }
    assert!(!variables.iter().any(|line| line.starts_with("OTHER_KEY=")), "{}", ran.text);
    let message = ran.end.outcome.unwrap_err().message;
    assert!(message.contains("bad key [redacted") && !message.contains("key-of"), "{message}");
    assert!(!format!("{:?}", Backend::Cli(world.backend())).contains("key-of"));
}

#[tokio::test]
async fn in_read_only_the_worktree_is_closed_whatever_the_cli_thinks() {
    if !confined() {
        return;
    }
    let world = World::new(
        r#"touch written ../outside/x 2>/dev/null; echo kept > "$HOME/.tool/state"; echo t > "$TMPDIR/t"
        cat "$HOME/.ssh/id" 2>/dev/null; cat "$HOME/.codex/auth.json"; echo; git commit -q --allow-empty -m x; echo "$1 $2""#,
    );
    for mode in [PermissionMode::ReadOnly, PermissionMode::Ask] {
        assert!(world.backend().read_only_enforced(&world.setting()));
        let ran = world.run(world.job(mode)).await;
        let flag = if mode == PermissionMode::ReadOnly { "--look" } else { "--name=name-of-session" };
        assert_eq!(ran.lines(), ["token", &format!("run {flag}")]);
        assert!(!world.path("worktree/written").exists() && !world.path("outside/x").exists());
        assert_eq!(world.read("home/.tool/state"), "kept\n", "a missing directory of its own is made");
        assert_eq!(world.git("repo", &["log", "--format=%s", "offshoot/task"]), "one");
    }
    let mut setting = world.setting();
    setting.sandbox.helper = None;
    assert!(!world.backend().read_only_enforced(&setting));
}

#[tokio::test]
async fn a_cli_may_commit_and_touches_nothing_else_of_the_repository() {
    let world = World::new(
        "echo new > file; git add file && git commit -q -m two || exit 1
        git log -1 --format='%an %s'
        git config user.name evil 2>/dev/null; touch ../repo/.git/hooks/pre-push 2>/dev/null
        git branch other 2>/dev/null; echo done",
    );
    world.install("hook", "touch \"$HOME/../outside/hooked\"");
    fs::create_dir_all(world.path("repo/.git/hooks")).unwrap();
    fs::copy(world.path("bin/hook"), world.path("repo/.git/hooks/post-commit")).unwrap();
    world.git("repo", &["config", "commit.gpgsign", "true"]);
    let ran = world.work().await;
    assert_eq!(ran.lines(), ["offshoot two", "done"]);
    assert_eq!(world.git("repo", &["log", "-1", "--format=%s", "offshoot/task"]), "two");
    assert!(!world.path("outside/hooked").exists());
    if confined() {
        assert!(!world.read("repo/.git/config").contains("evil"));
        assert!(!world.path("repo/.git/hooks/pre-push").exists());
        assert_eq!(world.git("repo", &["for-each-ref", "--format=%(refname:short)"]), "main\noffshoot/task");
    }
}

#[tokio::test]
async fn files_that_say_how_git_behaves_are_put_back() {
    let world = World::new(
        "own=$(git rev-parse --git-dir); echo /evil > \"$own/commondir\"; echo x > \"$own/config.worktree\"; rm .git; echo done",
    );
    let own = "repo/.git/worktrees/worktree";
    let before = (world.read(&format!("{own}/commondir")), world.read("worktree/.git"));
    let ran = world.work().await;
    assert_eq!(ran.lines(), ["done"]);
    assert_eq!((world.read(&format!("{own}/commondir")), world.read("worktree/.git")), before);
    assert!(!world.path(&format!("{own}/config.worktree")).exists());
    assert!(ran.notices[0].contains("commondir"), "{:?}", ran.notices);
}

#[tokio::test]
async fn litter_is_removed_unless_it_was_there_before() {
    let world = World::new(
        "mkdir -p .tool.cache; echo x > .tool.cache/y; echo x > .tool.log; echo z > real; git status --porcelain",
    );
    assert_eq!(
        world.work().await.lines(),
        ["?? .tool.log", "?? real"],
        "a folder is hidden from git meanwhile"
    );
    let left = |name: &str| world.path("worktree").join(name).exists();
    assert!(!left(".tool.cache") && !left(".tool.log") && left("real"));
    fs::create_dir(world.path("worktree/.tool.cache")).unwrap();
    world.work().await.lines();
    assert!(world.path("worktree/.tool.cache/y").exists());
}

#[tokio::test]
async fn a_daemon_that_it_leaves_is_ended_with_it() {
    let world =
        World::new("exec 9>\"$TMPDIR/alive\"; (setsid sh -c 'setsid sleep 1000 & sleep 1000' &) ; echo done");
    let path = world.path("tmp/alive");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let ended = std::thread::spawn(move || drop(fs::read(path).unwrap()));
    assert_eq!(world.work().await.lines(), ["done"]);
    tokio::task::spawn_blocking(|| ended.join().unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_interrupt_ends_it_and_its_daemons_within_a_second() {
    let world = World::new(
        "exec 9>\"$TMPDIR/alive\"; trap '' TERM; (setsid sleep 1000 &); echo ready; while :; do sleep 1000; done",
    );
    let path = world.path("tmp/alive");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let ended = std::thread::spawn(move || drop(fs::read(path).unwrap()));
    let cancel = CancellationToken::new();
    let job = world.job(PermissionMode::Auto);
    let mut run = world.backend().start(job, &world.setting(), &cancel).unwrap();
    assert!(matches!(run.next().await, Some(CliEvent::Text(text)) if text.trim() == "ready"));
    let asked = std::time::Instant::now();
    cancel.cancel();
    let ran = Ran::of(run).await;
    assert!(asked.elapsed().as_secs_f64() < 1.0, "{:?}", asked.elapsed());
    assert_eq!(ran.end.outcome.unwrap_err().class, ErrorClass::Cancelled);
    assert_eq!(ran.session.as_deref(), Some("name-of-session"), "the session can go on");
    tokio::task::spawn_blocking(|| ended.join().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_long_prompt_goes_by_standard_input_or_by_file() {
    let prompt = "x".repeat(300_000);
    for long in ["stdin = true", "args = [\"{prompt_file}\"]"] {
        let world =
            World::new("for last; do :; done; if [ -f \"$last\" ]; then wc -c < \"$last\"; else wc -c; fi");
        world.profile("args = [\"{prompt}\"]", &format!("args = [\"{{prompt}}\"]\nlong = {{ {long} }}"));
        let ran = world.run(CliJob { prompt: prompt.clone(), ..world.job(PermissionMode::Auto) }).await;
        assert_eq!(ran.lines(), ["300000"]);
        assert_eq!(fs::read_dir(world.path("tmp")).unwrap().count(), 0, "its file is gone");
    }
    let world = World::new("");
    let job = CliJob { prompt, ..world.job(PermissionMode::Auto) };
    let error = world.backend().start(job, &world.setting(), &CancellationToken::new()).unwrap_err();
    assert_eq!(error.class, ErrorClass::ContextOverflow);
    assert!(error.message.contains("292 KB"), "{error}");
}

#[tokio::test]
async fn text_without_end_is_kept_within_bounds() {
    let world = World::new("yes 'a line of text' | head -c 16000000");
    let ran = world.work().await;
    assert!((1_000_000..5_000_000).contains(&ran.text.len()), "{}", ran.text.len());
    assert_eq!(ran.notices.len(), 1, "{:?}", ran.notices);
}

#[tokio::test]
async fn a_cli_that_is_missing_or_old_says_what_to_do() {
    let world = World::new("echo 'tool v2.0.9 (stable)'");
    let probe = Backend::Cli(world.backend()).probe().await;
    assert_eq!(probe.state, ProbeState::Unconfigured);
    let said =
        "backend \"mine\": tool 2.0.9 is too old; its profile is for 2.1 and newer: update it (get tool)";
    assert_eq!(probe.message.as_deref(), Some(said));

    world.install("tool", "[ $1 = --version ] && echo 'tool v2.10.0 (stable)'");
    let probe = Backend::Cli(world.backend()).probe().await;
    assert_eq!((probe.state, probe.version.as_deref()), (ProbeState::Up, Some("2.10.0")));

    world.install("tool", "echo 'no runtime' >&2; exit 1");
    let probe = Backend::Cli(world.backend()).probe().await;
    assert_eq!(probe.state, ProbeState::Down);
    assert!(probe.message.unwrap().contains("does not tell its version (exit code 1): no runtime"));

    fs::remove_file(world.path("bin/tool")).unwrap();
    let backend = Backend::Cli(world.backend());
    assert_eq!(backend.probe().await.state, ProbeState::Unconfigured);
    let missing = backend.missing().unwrap();
    assert_eq!(missing.message, "backend \"mine\": tool is not on the PATH");
    assert_eq!(missing.hint(), Some("install it: get tool"));
    let job = world.job(PermissionMode::Auto);
    let error = world.backend().start(job, &world.setting(), &CancellationToken::new()).unwrap_err();
    assert_eq!(Some(&error), backend.missing());
}

#[tokio::test]
async fn one_whose_interpreter_is_missing_says_so() {
    let world = World::new("");
    fs::write(world.path("bin/tool"), "#!/no/such/interpreter\n").unwrap();
    let error = world.work().await.end.outcome.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotFound);
    assert!(error.message.contains("cannot run"), "{error}");
}

#[tokio::test]
async fn a_closed_network_is_respected() {
    let mut world = World::new("echo done");
    world.network = Network::Closed;
    let job = world.job(PermissionMode::Auto);
    let error = world.backend().start(job, &world.setting(), &CancellationToken::new()).unwrap_err();
    assert!(error.hint().unwrap().contains("sandbox.network"), "{error}");
}

#[tokio::test]
async fn a_variable_that_is_not_set_is_named() {
    let mut world = World::new("echo done");
    world.settings = "env = { A = \"$NOT_THERE\" }\n".into();
    let missing = world.backend().missing().unwrap().clone();
    assert_eq!(missing.message, "backend \"mine\": its `env` needs NOT_THERE, which is not set");
}

#[test]
fn a_profile_that_makes_no_sense_is_told_by_place() {
    let world = World::new("");
    world.profile("leaves", "leavse");
    let text = format!("kind = \"cli\"\nprofile = \"{}\"", world.path("tool.toml").display());
    let of = |text: &str| {
        let settings: BackendSettings = toml::from_str(text).unwrap();
        Backend::new("mine", &settings, &|_| None).unwrap_err()
    };
    let message = of(&text).message;
    assert!(message.ends_with("tool.toml:9:1: unknown field `leavse`; did you mean `leaves`?"), "{message}");
    let error = of("kind = \"cli\"\nprofile = \"cluade\"");
    assert_eq!(error.message, "backend \"mine\": no profile is called \"cluade\"; did you mean \"claude\"?");
    assert!(error.hint().unwrap().contains("shipped are aider, claude, cline, codex"), "{error:?}");
}

#[test]
fn the_example_is_a_profile() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/cli/example.toml");
    offshoot::backends::cli::profile::Profile::load(example.to_str().unwrap()).unwrap();
}
