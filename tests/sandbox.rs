//! Commands run through the real program as their helper: what they may write and read, how they
//! end, and that nothing outlives offshoot.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use offshoot::tools::output::Cap;
use offshoot::tools::shell::{
    self, End, Environment, Finished, Input, Network, Process, Sandbox, SandboxPolicy,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

/// A directory with a worktree, a home with secrets, and a place that is nobody's business.
struct World {
    root: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for dir in ["worktree", "tmp", "outside", "home/.ssh", "home/other"] {
            fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        fs::write(root.path().join("outside/file"), "kept").unwrap();
        fs::write(root.path().join("home/.ssh/id"), "secret").unwrap();
        fs::write(root.path().join("home/other/file"), "open").unwrap();
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    fn process(&self, script: &str) -> Process {
        Process {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            dir: self.path("worktree"),
            env: Environment::new(
                [("PATH".into(), "/usr/bin:/bin".into())],
                &[],
                &self.path("tmp"),
                &self.path("tmp"),
            ),
            sandbox: SandboxPolicy {
                helper: Some(env!("CARGO_BIN_EXE_offshoot").into()),
                writable: vec![self.path("worktree"), self.path("tmp"), self.path("missing")],
                hidden: shell::secret_paths(&self.path("home")),
                network: Network::Open,
                enabled: true,
            },
            timeout: Some(Duration::from_secs(60)),
            cap: Cap::COMMAND,
        }
    }

    async fn run(&self, script: &str) -> Finished {
        self.process(script).run(&CancellationToken::new(), |_| {}).await.unwrap()
    }

    /// A pipe whose end is the end of all processes that hold it; scripts open it as `../alive`.
    fn alive(&self) -> std::thread::JoinHandle<()> {
        let path = self.path("worktree/alive");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        std::thread::spawn(move || drop(fs::read(path).unwrap()))
    }
}

fn confined() -> bool {
    shell::probe() == Sandbox::Available
}

#[tokio::test]
async fn writing_works_inside_and_nowhere_else() {
    let world = World::new();
    let finished = world
        .run(
            "set -e; echo a > file; mkdir dir; mv file dir/file; echo t > $TMPDIR/t; mv $TMPDIR/t dir/; \
             echo gone > /dev/null; cat dir/file dir/t",
        )
        .await;
    assert_eq!((finished.end, finished.output.text.as_str()), (End::Exited(0), "a\nt\n"));
    if !confined() {
        return;
    }
    let outside = world.path("outside");
    for attempt in
        ["echo x > D/file", "echo x > D/new", "rm D/file", "mv D/file .", "ln D/file .", "mkdir D/sub"]
    {
        let script = attempt.replace('D', outside.to_str().unwrap());
        assert!(!world.run(&script).await.end.is_success(), "{script}");
    }
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "kept");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn a_link_out_of_the_worktree_is_no_way_out() {
    let world = World::new();
    std::os::unix::fs::symlink(world.path("outside"), world.path("worktree/link")).unwrap();
    if confined() {
        assert!(!world.run("echo x > link/file").await.end.is_success());
        assert_eq!(fs::read_to_string(world.path("outside/file")).unwrap(), "kept");
    }
}

#[tokio::test]
async fn secrets_cannot_be_read_and_all_else_can() {
    let world = World::new();
    let home = world.path("home");
    let read = |name: &str| format!("cat {}", home.join(name).display());
    assert_eq!(world.run(&read("other/file")).await.output.text, "open");
    assert!(world.run("ls / && cat /etc/passwd").await.end.is_success());
    if confined() {
        let finished = world.run(&read(".ssh/id")).await;
        assert!(!finished.output.text.contains("secret"), "{}", finished.output.text);
        assert!(!finished.end.is_success());
    }
}

#[tokio::test]
async fn processes_outside_get_no_signals_and_show_no_environment() {
    if !confined() {
        return;
    }
    let world = World::new();
    let me = std::process::id();
    assert!(!world.run(&format!("cat /proc/{me}/environ")).await.end.is_success());
    let mut outside = Command::new("sleep").arg("1000").spawn().unwrap();
    let finished = world.run(&format!("kill -9 {}", outside.id())).await;
    assert!(outside.try_wait().unwrap().is_none(), "kernel without signal scopes: {finished:?}");
    outside.kill().unwrap();
    outside.wait().unwrap();
}

#[tokio::test]
async fn a_closed_network_lets_no_connection_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = World::new();
    let mut process = world.process(&format!("exec 3<>/dev/tcp/127.0.0.1/{port}"));
    process.program = "bash".into();
    let end = process.run(&CancellationToken::new(), |_| {}).await.unwrap().end;
    assert_eq!(end, End::Exited(0), "open by default");
    if confined() {
        process.sandbox.network = Network::Closed;
        let finished = process.run(&CancellationToken::new(), |_| {}).await.unwrap();
        assert!(!finished.end.is_success(), "kernel before 6.7: {finished:?}");
    }
}

#[tokio::test]
async fn a_policy_that_is_off_confines_nothing() {
    let world = World::new();
    let mut process = world.process(&format!("echo x > {}", world.path("outside/new").display()));
    process.sandbox.enabled = false;
    assert_eq!(process.run(&CancellationToken::new(), |_| {}).await.unwrap().end, End::Exited(0));
}

#[tokio::test]
async fn the_helper_ends_as_its_command_does() {
    let world = World::new();
    assert_eq!(world.run("exit 7").await.end, End::Exited(7));
    assert_eq!(world.run("kill -KILL $$").await.end, End::Signalled(9));
    assert_eq!(world.run("echo out; echo err >&2").await.output.text, "out\nerr\n");
    let missing = Process { program: "no-such-program".into(), ..world.process("") };
    let finished = missing.run(&CancellationToken::new(), |_| {}).await.unwrap();
    assert_eq!(finished.end, End::Exited(127));
    assert!(finished.output.text.contains("cannot run `no-such-program`"));
}

#[tokio::test]
async fn children_that_leave_the_session_end_with_the_command() {
    let world = World::new();
    let alive = world.alive();
    let finished = world
        .run("exec 9>alive; setsid sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000' & echo done")
        .await;
    assert_eq!((finished.end, finished.output.text.as_str()), (End::Exited(0), "done\n"));
    alive.join().unwrap();
}

#[tokio::test]
async fn cancelling_reaches_children_that_left_the_session() {
    let world = World::new();
    let alive = world.alive();
    let cancel = CancellationToken::new();
    let script =
        "exec 9>alive; trap '' TERM; setsid sh -c 'trap \"\" TERM; echo ready; sleep 1000' & sleep 1000";
    let mut asked = None;
    let finished = world
        .process(script)
        .run(&cancel, |text| {
            if text.contains("ready") {
                asked = Some(std::time::Instant::now());
                cancel.cancel();
            }
        })
        .await
        .unwrap();
    assert_eq!(finished.end, End::Cancelled);
    assert!(asked.unwrap().elapsed() < Duration::from_secs(1));
    alive.join().unwrap();
}

#[test]
fn a_killed_offshoot_leaves_no_command_behind() {
    let world = World::new();
    let alive = world.alive();
    // A process in the place of offshoot: it holds the other end of the helper's input.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut offshoot = Command::new("sleep").arg("1000").stdout(writer).spawn().unwrap();
    let script = "exec 9>alive; setsid sleep 1000 & echo ready; sleep 1000";
    let mut helper = Command::new(env!("CARGO_BIN_EXE_offshoot"))
        .args(["__sandbox", "--unconfined", "--", "sh", "-c", script])
        .current_dir(world.path("worktree"))
        .stdin(reader)
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(helper.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    offshoot.kill().unwrap();
    offshoot.wait().unwrap();
    alive.join().unwrap();
    assert!(!helper.wait().unwrap().success());
}

#[tokio::test]
async fn a_command_with_a_pipe_for_its_input_reads_what_we_write() {
    let world = World::new();
    let mut piped = world.process("cat; echo end >&2; exit 3").start(Input::Pipe).unwrap();
    let mut stdin = piped.stdin.take().unwrap();
    stdin.write_all("grüße\n".as_bytes()).await.unwrap();
    drop(stdin);
    let (mut said, mut complained) = (String::new(), String::new());
    piped.stdout.read_to_string(&mut said).await.unwrap();
    piped.stderr.read_to_string(&mut complained).await.unwrap();
    assert_eq!((said.as_str(), complained.as_str()), ("grüße\n", "end\n"));
    assert_eq!(piped.running.ended().await.unwrap(), End::Exited(3));
}

#[tokio::test]
async fn dropping_a_command_with_a_pipe_ends_what_left_its_session() {
    let world = World::new();
    let alive = world.alive();
    let script = "exec 9>alive; setsid sh -c 'setsid sleep 1000 & sleep 1000' & echo ready; sleep 1000";
    let mut piped = world.process(script).start(Input::Pipe).unwrap();
    let mut ready = [0; 6];
    piped.stdout.read_exact(&mut ready).await.unwrap();
    assert_eq!(&ready, b"ready\n");
    drop(piped);
    tokio::task::spawn_blocking(|| alive.join().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_command_with_a_pipe_ends_within_its_grace_whatever_it_ignores() {
    let world = World::new();
    let alive = world.alive();
    let script = "exec 9>alive; trap '' TERM; (setsid sleep 1000) & echo ready; while :; do sleep 1000; done";
    let mut piped = world.process(script).start(Input::Pipe).unwrap();
    let mut ready = [0; 6];
    piped.stdout.read_exact(&mut ready).await.unwrap();
    let asked = std::time::Instant::now();
    piped.running.end(Duration::from_millis(300), async {}).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    tokio::task::spawn_blocking(|| alive.join().unwrap()).await.unwrap();
}
