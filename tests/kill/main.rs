//! offshoot is killed at random instants of a session, again and again, also while it recovers. What
//! it had told before is found in git afterwards, the repository is healthy, the user's checkout is as
//! it was, and the session goes on to its end.
//!
//! `OFFSHOOT_KILL_SEED` repeats a run, `OFFSHOOT_KILLS` says how many kills there are.

mod exact;
mod script;
mod told;
mod world;

use std::fs;
use std::io::Write as _;

use told::{Kept, Told};
use world::{BRANCH, Instant, Kill, Target, World};

/// Kills of one session.
const ROUNDS: usize = 8;

/// Of a run that names none. Where a kill lands still depends on the machine.
const SEED: u64 = 889_381;

#[test]
fn nothing_that_was_told_is_lost_to_kills_at_random_instants() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("OFFSHOOT_KILL_SEED").unwrap_or(SEED);
    let kills = usize::try_from(number("OFFSHOOT_KILLS").unwrap_or(16)).unwrap();
    let sessions = kills.div_ceil(ROUNDS);
    eprintln!("OFFSHOOT_KILL_SEED={seed} OFFSHOOT_KILLS={kills}");
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let session = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if session >= sessions {
                        return;
                    }
                    let seed = seed.wrapping_add(session as u64 * 0x9e37_79b9);
                    eprintln!("session {session}");
                    kill_again_and_again(&mut fastrand::Rng::with_seed(seed));
                }
            });
        }
    });
}

fn kill_again_and_again(dice: &mut fastrand::Rng) {
    let world = World::new(&script::session(ROUNDS));
    let mut told = Told::default();
    for round in 0..ROUNDS {
        let prompt = script::prompt(round);
        let kill = any_kill(dice, false);
        let ran = world.run_and_kill(&["run", "--json", "--branch", BRANCH, &prompt], kill);
        eprintln!("round {round}: {kill:?}: {:?}, {} lines", ran.code, ran.lines.len());
        assert!(matches!(ran.code, None | Some(0)), "{:?} {:#?}\n{}", ran.code, ran.lines.last(), ran.stderr);
        if std::env::var_os("DUMP").is_some() {
            for l in &ran.lines {
                eprintln!("{l}");
            }
        }
        told.add(&ran.lines);
        match dice.u8(..8) {
            0 => tear_journals(&world),
            1 if told.session.is_some() => {
                world.remove_worktree();
                told.forgive_files();
            }
            _ => {}
        }
        for _ in 0..dice.usize(..3) {
            let kill = any_kill(dice, true);
            let ran = world.run_and_kill(&["resume", "--json", BRANCH], kill);
            eprintln!("  recovery: {kill:?}: {:?}", ran.code);
        }
        check(&world, &told);
    }
    finish(&world, &mut told);
}

/// An instant of a run, or of a recovery, which is short.
fn any_kill(dice: &mut fastrand::Rng, recovering: bool) -> Kill {
    let at = match dice.u8(..if recovering { 6 } else { 12 }) {
        0 => Instant::Start,
        1 => Instant::IndexLocked(dice.usize(1..3)),
        2 => Instant::BranchMoved(dice.usize(1..if recovering { 2 } else { 5 })),
        3 => Instant::SessionMoved(dice.usize(1..if recovering { 2 } else { 5 })),
        4 | 5 => Instant::Journaled(dice.u64(1..if recovering { 3000 } else { 30_000 })),
        6 => Instant::FileStaged(dice.usize(1..3)),
        _ => Instant::Lines(dice.usize(1..150)),
    };
    let most = match at {
        Instant::Start => 20_000_000,
        _ => 10u32.pow(dice.u32(1..6)),
    };
    let target = if dice.bool() { Target::Process } else { Target::Group };
    Kill { at, spins: dice.u32(..most), target }
}

/// Starts offshoot again, and looks for what was told.
fn check(world: &World, told: &Told) {
    if told.is_empty() {
        // Nothing was said yet: there may be no session to resume.
        world.run(&["resume", "--json", BRANCH]);
        world.assert_untouched();
        return;
    }
    let ran = world.run(&["resume", "--json", BRANCH]);
    assert_eq!(ran.code, Some(0), "{:#?}\n{}", ran.lines, ran.stderr);
    let session = told.session.as_deref().expect("a session was told first");
    let kept = Kept::read(&world.repo(), session);
    kept.assert_valid();
    kept.assert_no_leftovers();
    told.assert_kept(&kept);
    world.assert_healthy();
    world.assert_untouched();
}

/// The session goes on to its end.
fn finish(world: &World, told: &mut Told) {
    let ran = world.run(&["run", "--json", "--branch", BRANCH, script::LAST]);
    assert_eq!(ran.code, Some(0), "{:#?}\n{}", ran.lines.last(), ran.stderr);
    assert_eq!(ran.lines.last().unwrap()["outcome"], "ok");
    told.add(&ran.lines);
    check(world, told);
    let kept = Kept::read(&world.repo(), told.session.as_deref().unwrap());
    for (path, text) in script::FINAL {
        assert_eq!(kept.file(path).as_deref(), Some(*text), "{path}");
        assert_eq!(fs::read_to_string(world.worktree().join(path)).unwrap(), *text, "{path}");
    }
    assert_eq!(kept.file("README.md").as_deref(), Some("edited by the user\n"), "as in the snapshot");
    assert!(!world.worktree().join(".git/index.lock").exists() && kept.prompts() > 0);
}

/// As a writer leaves a journal that is killed within a line.
fn tear_journals(world: &World) {
    for path in world.journals() {
        let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"record\":\"text\",\"text\":\"never to").unwrap();
    }
}
