//! What happened, and the way back: undo and redo by turns, blame, bisect, closing.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;

use serde_json::Value;

use crate::support::machine::{Machine, call, say, writes};
use crate::support::screen::{Screen, Terminal};

/// Four turns: 1, 3 and 4 change files.
fn four_turns() -> Machine {
    let machine = Machine::new();
    machine.script(&[
        writes("one.txt", "1\n"),
        vec![say("Only words.")],
        writes("three.txt", "3\n"),
        writes("four.txt", "4\n"),
        writes("again.txt", "5\n"),
    ]);
    machine
}

fn screen(machine: &Machine, args: &[&str]) -> Screen {
    let screen = machine.offshoot(args).on(Terminal::new(100, 40));
    screen.wait("what shall be done?");
    screen
}

fn send(screen: &Screen, line: &str) {
    screen.type_text(line);
    screen.enter();
}

#[test]
fn a7_branching_before_a_turn_has_its_conversation_and_tree_and_leaves_the_parent_alone() {
    let machine = four_turns();
    let first = machine.run_well(&["ask one"]);
    let (branch, worktree) = (first.branch(), first.worktree());
    machine.run_well(&["--branch", &branch, "ask two"]);
    // A merge and an edit by hand in between.
    machine.write("of-main.txt", "main\n");
    machine.commit_all("main went on");
    machine.git_in(&worktree, &["merge", "-q", "--no-edit", "main"]);
    machine.run_well(&["--branch", &branch, "ask three"]);
    fs::write(worktree.join("hand.txt"), "by hand\n").unwrap();
    machine.run_well(&["--branch", &branch, "ask four"]);
    let tip = machine.git(&["rev-parse", &branch]);
    let (tree, checkout) = (machine.git_in(&worktree, &["status", "--porcelain"]), machine.fingerprint());

    let fork = machine.run_well(&["--from", &branch, "--turn", "2", "something else"]);
    let other = fork.branch();
    assert_ne!((&other, fork.worktree()), (&branch, worktree.clone()));
    let after_one = first.commits()[0].clone();
    assert_eq!(machine.git(&["merge-base", &other, &branch]), after_one);
    assert!(machine.is_in(&other, "one.txt") && !machine.is_in(&other, "of-main.txt"));
    assert!(!machine.is_in(&other, "three.txt") && !machine.is_in(&other, "hand.txt"));
    let log = machine.report(&["log", &other]);
    let said: Vec<&Value> = log[0]["commits"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["prompts"].as_array().unwrap())
        .collect();
    let words: Vec<&str> = said.iter().filter_map(|one| one["text"].as_str()).collect();
    assert!(words.contains(&"something else") && !words.contains(&"ask two"), "{words:?}");
    assert_eq!(log[0]["turns"], 2);
    // Backend and model are the parent's.
    assert_eq!(machine.trailer(&other, "Offshoot-Route").split(' ').next(), Some("script/player"));
    // The parent is as it was.
    assert_eq!(machine.git(&["rev-parse", &branch]), tip);
    assert_eq!(machine.git_in(&worktree, &["status", "--porcelain"]), tree);
    assert_eq!(machine.git_in(&worktree, &["rev-parse", "--abbrev-ref", "HEAD"]), branch);
    checkout.assert_same(&machine);
}

#[test]
fn a9_closing_unlanded_work_asks_and_leaves_its_branch_and_a_ref_that_are_listed() {
    let machine = four_turns();
    let screen = screen(&machine, &[]);
    send(&screen, "ask one");
    screen.wait("Wrote one.txt.");
    screen.wait("what shall be done?");
    screen.wait("✓ +1");
    let branch = "offshoot/ask-one";
    let tip = machine.git(&["rev-parse", branch]);
    for (how, word) in [("/exit", "Close"), ("/close", "Close"), ("/exit --all", "Quit?")] {
        send(&screen, how);
        screen.wait(word);
        screen.press("n");
        screen.gone(word);
    }
    screen.press("ctrl-d");
    screen.wait("nothing of it is landed");
    screen.press("y");
    screen.gone("Wrote one.txt.");
    // The last tab cannot be closed away: another one stands in its place.
    screen.wait("what shall be done?");
    send(&screen, "/branches");
    screen.wait(branch);
    screen.esc();
    screen.gone(branch);
    screen.press("ctrl-c");
    screen.wait_exit();

    assert_eq!(machine.git(&["rev-parse", branch]), tip);
    let kept = machine.report(&["log", "--kept"]);
    assert_eq!((kept[0]["why"].as_str(), kept[0]["branch"].as_str()), (Some("close"), Some(branch)));
    // Even without its branch it is opened again, with all that was said.
    let listed = machine.git(&["worktree", "list", "--porcelain"]);
    let ours = listed.lines().filter_map(|line| line.strip_prefix("worktree ")).nth(1).unwrap();
    machine.git(&["worktree", "remove", "--force", ours]);
    machine.git(&["branch", "-q", "-D", branch]);
    let hash = kept[0]["commit"].as_str().unwrap()[..10].to_owned();
    let text = machine.offshoot(&["log", "--kept"]).finish().stdout;
    assert!(text.contains(&format!("offshoot resume {hash}")), "{text}");
    let back = machine.offshoot(&["resume", &hash]).finish();
    assert!(back.code == Some(0) && back.stdout.contains("Wrote one.txt."), "{back:?}");
    assert_eq!(machine.git(&["rev-parse", branch]), tip);
}

#[test]
fn a9_a_command_that_runs_and_a_tab_without_a_worktree_are_closed_safely() {
    let machine = four_turns();
    let screen = screen(&machine, &[]);
    send(&screen, "ask one");
    screen.wait("Wrote one.txt.");
    screen.wait("✓ +1");
    let worktree = machine.run_well(&["--branch", "offshoot/nothing", "ask else"]).worktree();
    let shared = worktree.parent().unwrap().join("ask-one");
    // A tab that looks on at the first one's worktree.
    send(&screen, "/branch --no-worktree");
    screen.wait("looks on at offshoot/ask-one");
    screen.press("ctrl-d");
    screen.gone(" 2 ");
    assert!(shared.join("one.txt").exists());
    screen.wait("Wrote one.txt.");
    // And a command that would run for ever.
    send(&screen, "!echo left > left.txt; echo begun; sleep 1000");
    screen.wait("│ begun");
    screen.press("ctrl-d");
    screen.wait("1 command of yours runs in it");
    screen.press("y");
    screen.gone("begun");
    screen.press("ctrl-c");
    screen.wait_exit();
    assert_eq!(machine.file_at("offshoot/ask-one", "left.txt"), "left");
}

#[test]
fn a_session_goes_back_to_before_a_turn_with_a_preview_first() {
    let machine = four_turns();
    let branch = machine.run_well(&["ask one"]).branch();
    for prompt in ["ask two", "ask three", "ask four"] {
        machine.run_well(&["--branch", &branch, prompt]);
    }
    let tip = machine.git(&["rev-parse", &branch]);
    let checkout = machine.fingerprint();
    let plan = machine.report(&["undo", "--to-turn", "3", "--dry-run"]);
    assert_eq!(plan["files_removed"], serde_json::json!(["four.txt", "three.txt"]));
    assert_eq!(machine.git(&["rev-parse", &branch]), tip);
    let done = machine.offshoot(&["undo", "--to-turn", "3"]).finish();
    assert!(done.stdout.contains("removed 2 files:\n  four.txt\n  three.txt\n"), "{done:?}");
    assert!(done.stderr.contains(&format!("`offshoot redo {branch}` goes forward again")), "{done:?}");
    assert_eq!(machine.report(&["log"])[0]["turns"], 2);
    let missing = machine.offshoot(&["undo", "--to-turn", "3"]).finish();
    assert!(
        missing.code == Some(1) && missing.stderr.contains("has no turn 3: its last is 2"),
        "{missing:?}"
    );
    machine.offshoot(&["redo"]).finish();
    assert_eq!(machine.git(&["rev-parse", &branch]), tip);
    checkout.assert_same(&machine);
}

#[test]
fn after_an_undo_a_command_that_changed_a_file_comes_along_with_the_redo() {
    let machine = four_turns();
    let screen = screen(&machine, &[]);
    send(&screen, "ask one");
    screen.wait("Wrote one.txt.");
    screen.wait("what shall be done?");
    send(&screen, "/undo");
    screen.wait("Take back the last step?");
    screen.wait("  one.txt");
    screen.press("y");
    screen.wait("back at the beginning");
    send(&screen, "!echo mine > mine.txt; echo ran");
    screen.wait("create mine.txt  by you");
    send(&screen, "/redo");
    screen.wait("what you changed by hand since came along");
    screen.wait("Wrote one.txt.");
    screen.press("ctrl-c");
    screen.wait_exit();
    assert!(machine.is_in("offshoot/ask-one", "one.txt") && machine.is_in("offshoot/ask-one", "mine.txt"));
}

#[test]
fn blame_names_prompts_people_and_what_is_not_there() {
    let machine = Machine::new();
    machine.script(&[
        writes("src/lib.rs", "one\ntwo\n"),
        vec![
            call(
                "edit",
                serde_json::json!({"path": "src/lib.rs", "old_string": "two", "new_string": "three"}),
            ),
            say("Edited."),
        ],
    ]);
    let branch = machine.run_well(&["write a library\nwith two lines"]).branch();
    machine.run_well(&["--branch", &branch, "make it three"]);
    machine.git(&["merge", "-q", "--no-edit", &branch]);
    machine.write("src/lib.rs", "one\nthree\nfour\n");
    let blame = machine.report(&["blame", "src/lib.rs"]);
    let source = |line: usize| {
        let at = blame["lines"][line]["source"].as_u64();
        at.map_or(Value::Null, |at| blame["sources"][usize::try_from(at).unwrap()].clone())
    };
    assert_eq!(
        (&source(0)["prompt"], &source(0)["turn"]),
        (&"write a library\nwith two lines".into(), &1.into())
    );
    assert_eq!((&source(1)["prompt"], &source(1)["backend"]), (&"make it three".into(), &"script".into()));
    assert_eq!(source(2), Value::Null);
    let text = machine.offshoot(&["blame", "lib.rs:2-3"]).cwd(machine.repo.join("src")).finish().stdout;
    assert!(text.contains("turn 2, step 2 of offshoot/"), "{text}");
    assert!(text.contains("> make it three\n  2  three\nnot committed yet\n  3  four\n"), "{text}");
    let missing = machine.offshoot(&["blame", "nowhere.rs"]).finish();
    assert!(missing.code == Some(1) && missing.stderr.contains("there is no file nowhere.rs"), "{missing:?}");
    assert!(missing.stderr.contains("hint:"), "{missing:?}");
    let person = machine.report(&["blame", "README.md"]);
    assert_eq!(
        (&person["sources"][0]["kind"], &person["sources"][0]["author"]),
        (&"person".into(), &"Ada".into())
    );
    let screen = screen(&machine, &[]);
    send(&screen, "/blame src/lib.rs:2");
    screen.wait("❯ make it three");
    screen.wait("2  three");
}

/// A session of so many turns that each write a file; from `bad` on there is one named `broken`.
fn broken_at(turns: usize, bad: usize) -> (Machine, String) {
    let machine = Machine::new();
    let turn = |number: usize| {
        let name = if number == bad { "broken".to_owned() } else { format!("{number}.txt") };
        writes(&name, &format!("{number}\n"))
    };
    let last = std::iter::once(vec![say("Nothing more.")]);
    machine.script(&(1..=turns).map(turn).chain(last).collect::<Vec<_>>());
    let branch = machine.run_well(&["ask 1"]).branch();
    for number in 2..=turns {
        machine.run_well(&["--branch", &branch, &format!("ask {number}")]);
    }
    (machine, branch)
}

/// Whether no worktree but the user's and the session's is left.
fn assert_swept(machine: &Machine) {
    assert_eq!(machine.git(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 2);
    let left = fs::read_dir(machine.data().join("bisect")).into_iter().flatten().flatten();
    assert_eq!(left.flat_map(|repo| fs::read_dir(repo.path()).unwrap()).count(), 0);
}

#[test]
fn bisect_answers_with_the_prompt_that_broke_it() {
    let (machine, branch) = broken_at(6, 4);
    // A commit of the user's on top of it.
    let checkout = machine.fingerprint();
    let tip = machine.git(&["rev-parse", &branch]);
    let found = machine.offshoot(&["bisect", "--run", "test ! -e broken"]).finish();
    assert_eq!(found.code, Some(0), "{found:?}");
    assert!(found.stdout.contains("  > ask 4\n"), "{found:?}");
    assert!(found.stdout.contains("turn 4, step 4 of offshoot/ask-1 · script/player · $0\n"), "{found:?}");
    assert!(found.stdout.contains("    broken +1 −0\n"), "{found:?}");
    assert!(found.stderr.contains("the start good, about "), "{found:?}");
    assert!(found.stderr.contains("step 6 of 6 bad, about "), "{found:?}");
    let report = machine.report(&["bisect", "--run", "test ! -e broken", "--from", &format!("{branch}~4")]);
    let one = &report["commits"][0];
    assert_eq!((&report["result"], &one["prompt"]), (&"found".into(), &"ask 4".into()));
    assert_eq!((&one["turn"], &one["exit"], &one["backend"]), (&4.into(), &1.into(), &"script".into()));
    assert_eq!(machine.git(&["rev-parse", &branch]), tip);
    checkout.assert_same(&machine);
    assert_swept(&machine);
}

#[test]
fn bisect_says_plainly_when_there_is_nothing_to_find() {
    let (machine, branch) = broken_at(3, 2);
    let told = |args: &[&str]| {
        let finished = machine.offshoot(&[&["bisect"], args].concat()).finish();
        (finished.code, finished.stderr)
    };
    let (code, text) = told(&["--run", "false"]);
    assert!(code == Some(1) && text.contains("`false` fails at the start already"), "{text}");
    let (code, text) = told(&["--run", "true"]);
    assert!(code == Some(1) && text.contains("`true` succeeds at the end still"), "{text}");
    let (code, text) = told(&["--run", "no-such-command-here"]);
    assert!(code == Some(1) && text.contains("exit code 127: the shell does not find it"), "{text}");
    let (code, text) = told(&["--run", "exit 125"]);
    assert!(code == Some(1) && text.contains("cannot tell of commit"), "{text}");
    let (code, text) = told(&["--run", "exit 130"]);
    assert!(code == Some(1) && text.contains("ended with exit code 130"), "{text}");
    let (code, text) = told(&["--run", "true", "--from", "nowhere"]);
    assert!(code == Some(1) && text.contains("no commit is named \"nowhere\""), "{text}");
    let (code, text) = told(&["--run", "true", "--from", &branch, "--to", "main"]);
    assert!(code == Some(1) && text.contains("is not on the line of commits below"), "{text}");
    assert_eq!(told(&[]).0, Some(2));
    assert_eq!(told(&["--reset"]).0, Some(0));
    let (code, text) = told(&["--continue"]);
    assert!(code == Some(1) && text.contains("there is no search to go on with"), "{text}");
    assert_swept(&machine);
}

#[test]
fn bisect_has_the_ignored_files_that_worktrees_get() {
    let (machine, _) = broken_at(3, 2);
    machine.write(".env", "KEY=1\n");
    machine.write(".worktreeinclude", ".env\n");
    let report = machine.report(&["bisect", "--run", "grep -q KEY .env && test ! -e broken"]);
    assert_eq!((&report["result"], &report["commits"][0]["prompt"]), (&"found".into(), &"ask 2".into()));
    assert_swept(&machine);
}

#[test]
fn bisect_goes_around_what_cannot_be_told_and_names_people() {
    let (machine, _) = broken_at(5, 3);
    let found = machine.report(&[
        "bisect",
        "--run",
        "test -e 4.txt && test ! -e 5.txt && exit 125; test ! -e broken",
    ]);
    assert_eq!((&found["result"], &found["commits"][0]["prompt"]), (&"found".into(), &"ask 3".into()));
    let range = machine.report(&[
        "bisect",
        "--run",
        "test -e 2.txt && test ! -e 4.txt && exit 125; test ! -e broken",
    ]);
    assert_eq!(range["result"], "between");
    let turns: Vec<&Value> = range["commits"].as_array().unwrap().iter().map(|one| &one["turn"]).collect();
    assert_eq!(turns, [2, 3, 4]);
    // What the user did by hand.
    let worktree = machine.run_well(&["--branch", "offshoot/ask-1", "nothing more"]).worktree();
    fs::write(worktree.join("hand"), "x").unwrap();
    machine.git_in(&worktree, &["add", "-A"]);
    machine.git_in(&worktree, &["commit", "-q", "-m", "By hand"]);
    let found = machine.report(&["bisect", "--run", "test ! -e hand"]);
    assert_eq!(
        (&found["commits"][0]["kind"], &found["commits"][0]["author"]),
        (&"person".into(), &"Ada".into())
    );
    assert_swept(&machine);
}

/// Pipes at which a try of each commit waits until it is let on, and a file in which each try says that it was there.
struct Gates {
    folder: std::path::PathBuf,
}

impl Gates {
    fn new(machine: &Machine, commits: &[String]) -> Self {
        let folder = machine.path("shared");
        fs::create_dir(&folder).unwrap();
        assert!(machine.command("mkfifo", &folder).args(commits).status().unwrap().success());
        let settings = fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
        machine.settings(&format!("{settings}\n[sandbox]\nwritable = [\"{}\"]\n", folder.display()));
        Self { folder }
    }

    fn command(&self) -> String {
        let folder = self.folder.display();
        format!("at=$(git rev-parse HEAD); cat '{folder}'/$at; echo $at >> '{folder}'/log; test ! -e broken")
    }

    /// Waits until the try of a commit is under way; it goes on when this is dropped.
    fn reach(&self, commit: &str) -> fs::File {
        fs::File::options().write(true).open(self.folder.join(commit)).unwrap()
    }

    /// Waits until nobody is at the gate of a commit any more.
    fn wait_deserted(&self, commit: &str) {
        let without_waiting = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap();
        let open =
            || fs::File::options().write(true).custom_flags(without_waiting).open(self.folder.join(commit));
        while open().is_ok() {
            std::thread::yield_now();
        }
    }

    fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_bisect_that_was_killed_goes_on_and_tries_no_step_twice() {
    let (machine, branch) = broken_at(9, 6);
    let commits = machine.git(&["rev-list", "--reverse", "--first-parent", &format!("main~0..{branch}")]);
    let commits: Vec<String> = std::iter::once(machine.git(&["rev-parse", "main"]))
        .chain(commits.lines().map(str::to_owned))
        .collect();
    let gates = Gates::new(&machine, &commits);
    let command = gates.command();
    let start = |args: &[&str]| machine.offshoot(&[&["bisect", "--json"], args].concat()).start();

    // The ends are tried, and the first step between is under way.
    let running = start(&["--run", &command]);
    drop(gates.reach(&commits[0]));
    drop(gates.reach(&commits[9]));
    let gate = gates.reach(&commits[4]);
    running.kill();
    gates.wait_deserted(&commits[4]);
    drop(gate);
    assert_eq!(gates.log(), [commits[0].clone(), commits[9].clone()]);

    // It goes on, and is asked to stop in the middle of another one.
    let running = start(&["--continue"]);
    drop(gates.reach(&commits[4]));
    let gate = gates.reach(&commits[6]);
    running.interrupt();
    let stopped = running.finish();
    drop(gate);
    assert_eq!(stopped.code, Some(130), "{stopped:?}");
    assert!(stopped.stderr.contains("`offshoot bisect --continue` goes on"), "{stopped:?}");
    assert_swept(&machine);

    // The same command goes on as well.
    let running = start(&["--run", &command]);
    drop(gates.reach(&commits[6]));
    drop(gates.reach(&commits[5]));
    let done = running.finish();
    assert_eq!(done.code, Some(0), "{done:?}");
    let found: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(found["commits"][0]["prompt"], "ask 6");
    let order = [0, 9, 4, 6, 5].map(|at: usize| commits[at].clone());
    assert_eq!(gates.log(), order, "no step was tried twice");
    assert_swept(&machine);
    let nothing = machine.offshoot(&["bisect", "--continue"]).finish();
    assert!(nothing.stderr.contains("there is no search to go on with"), "{nothing:?}");
}

#[test]
fn bisect_on_the_screen_leaves_the_tab_usable_and_opens_the_step() {
    let (machine, branch) = broken_at(4, 3);
    let screen = screen(&machine, &["--prompt", ""]);
    send(&screen, &format!("/resume {branch}"));
    screen.wait("▌ ask 4");
    send(&screen, "/bisect test ! -e broken");
    screen.wait("trying `test ! -e broken` at 4 steps");
    screen.wait("This broke `test ! -e broken`");
    screen.wait("ask 3");
    screen.enter();
    screen.wait("broken");
    screen.wait("+1");
}
