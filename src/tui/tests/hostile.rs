//! Text of models, tools and files that would drive a terminal. It is put wherever foreign text is shown;
//! the studio looks at every cell of every picture.

use std::path::PathBuf;
use std::sync::Arc;

use super::diffs::shown;
use super::*;
use crate::agent::{AgentEvent, Failure, Recovered};
use crate::backends::health::HealthState;
use crate::chat::{Conversation, Entry as Said, EntryKind, ErrorClass, Message, Outcome, Part, Usage, Voice};
use crate::config::BackendKind;
use crate::git::CommitId;
use crate::git::codec::{Route, StepKind};
use crate::git::session::{
    ByHand, PeoplesCommit, SessionSummary, SessionTree, StepSummary, UndoPlan, UndoScope,
};
use crate::ledger::Entry;
use crate::tui::app::facts::Facts;
use crate::tui::custom::UserCommand;
use crate::tui::message::{Action, Message as News, Returned};
use crate::tui::review::{Body, Change, FileDiff};
use crate::workbench::bisect::{Found as Broke, Progress};
use crate::workbench::doctor::{BackendReport, Check, CheckState, Report};
use crate::workbench::history::{BranchLine, Hit, SessionLine};
use crate::workbench::review::Range;
use crate::workbench::state::{BackendLine, Found, FoundCli, FoundServer, LastError, Spent, SpentLine};
use crate::workbench::{Audience, Back, EventKind, History, Moved, RecoveredSession, Stat, StepMark};
use studio::is_harmless;

const CORPUS: &[&str] = &[
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}[2J\u{1b}[H\u{1b}[3Jcleared",
    "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?1000h",
    "\u{1b}[6n\u{1b}[c\u{1b}]10;?\u{7}",
    "\u{1b}]0;title\u{7}\u{1b}]2;title\u{1b}\\",
    "\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{1b}]9;ring\u{7}\u{1b}]777;notify;a;b\u{7}\u{7}",
    "\u{1b}Pq#0;2;0;0;0\u{1b}\\\u{1b}_Gf=100;AAAA\u{1b}\\",
    "\u{9b}31mred\u{9d}0;t\u{9c}\u{90}q\u{9c}\u{84}\u{85}",
    "\u{1b}(0lqqk\u{1b}(B\u{e}shifted\u{f}",
    "\u{1b}c\u{1b}7\u{1b}8\u{1b}M\u{1b}#8",
    "back\u{8}\u{8}\u{8}space\rstart of the line\u{b}\u{c}",
    "\u{202e}turned\u{202c} \u{2066}isolated\u{2069}\u{200f}\u{61c}",
    "\u{feff}zero\u{200b}width\u{2060}\u{ad}\u{e0041}",
    "nul\u{0}del\u{7f}\u{18}\u{1a}",
    "\u{1b}",
    "\u{1b}[",
    "\u{1b}]0;never ended",
    "tab\tand\nline\u{2028}and\u{2029}paragraph",
    "e\u{301}\u{301}\u{301}\u{20dd} 👩\u{200d}👩\u{200d}👧\u{fe0f} ﾊﾞ \u{1100}\u{1161}\u{11a8}",
];

/// Puts a text everywhere, and looks at everything.
fn put_everywhere(evil: &str) {
    let text = || format!("a{evil}b");
    let path = || PathBuf::from(text());
    let mut studio = Studio::of(110, 30, foreign_facts(evil));
    studio.loads(Loaded::UserBranch(Some(text())));
    studio.loads(Loaded::Recovered(vec![
        RecoveredSession {
            session: text(),
            branch: text(),
            result: Ok(Recovered { messages: 1, step: None }),
        },
        RecoveredSession { session: text(), branch: text(), result: Err(failure(evil)) },
    ]));
    studio.loads(Loaded::Found(Found {
        servers: vec![FoundServer { url: text(), what: text(), models: vec![text()] }],
        clis: vec![FoundCli { name: text(), path: path() }],
        keys: vec![text()],
    }));
    studio.pastes(&text()).keys("enter").loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    a_turn(&mut studio, evil);
    boxes(&mut studio, evil);
    for action in studio.actions() {
        let told = match action {
            Action::Notify(notice) => notice.title + &notice.body,
            _ => String::new(),
        };
        assert!(told.chars().all(is_harmless), "{told:?}");
    }
}

fn failure(evil: &str) -> Failure {
    Failure::new(ErrorClass::Internal, format!("a{evil}b")).hint(format!("h{evil}i"))
}

fn foreign_facts(evil: &str) -> Facts {
    let text = || format!("a{evil}b");
    let backend = |state, missing: Option<String>| BackendLine {
        id: text(),
        model: Some(text()),
        state,
        missing,
        retry_in_ms: 9_000,
        last_error: Some(LastError { class: ErrorClass::Internal, message: text(), at_ms: 0 }),
        ..told::up("x")
    };
    let folder = tempfile::tempdir().unwrap();
    let file = format!("---\ndescription: {}\nargument-hint: {}\n---\n{}", text(), text(), text());
    std::fs::write(folder.path().join("own.md"), file).unwrap();
    let own: Vec<UserCommand> = crate::tui::custom::discover(&[folder.path().to_owned()]);
    Facts {
        repository: text(),
        checkout: PathBuf::from(text()),
        roles: vec![text()],
        backends: vec![backend(HealthState::Open, Some(text())), backend(HealthState::Down, None)],
        ledger: vec![Entry {
            timestamp: text(),
            backend: Some(text()),
            model: Some(text()),
            branch: Some(text()),
            outcome: Some(Outcome::Error),
            ..Entry::default()
        }],
        user_commands: own,
        ..told::facts()
    }
}

fn a_turn(studio: &mut Studio, evil: &str) {
    let text = || format!("a{evil}b");
    let code = format!(
        "{}\n\n```{}\n{}\n```\n\n| {} | x |\n| --- | --- |\n| {} | y |\n",
        text(),
        text(),
        text(),
        text(),
        text()
    );
    studio
        .agent()
        .opens(&text())
        .begins(&text())
        .goes_to(&text(), &text(), &text())
        .thinks(&text())
        .says(&code)
        .calls("c1", &text(), json!({ "anything": text(), "more": { "deep": [text(), text(), text()] } }))
        .prints("c1", &text())
        .gets("c1", &text(), &text())
        .calls("c2", "bash", json!({ "command": format!("{}\n{}", text(), text()) }))
        .fails_at("c2", &text())
        .calls(
            "c3",
            "edit",
            json!({ "path": text(), "old_string": text(), "new_string": format!("{}x", text()) }),
        )
        .gets("c3", &text(), &text())
        .does(AgentEvent::Steered { text: text() })
        .falls_back(&text(), &text(), &text())
        .commits(&text(), &text(), (1, 1, 1))
        .does(AgentEvent::Notice(text()))
        .verifies(crate::agent::VerifyState::Failed, &text(), Some(1))
        .fails(&text(), &text())
        .has_in_line(&[&text(), &text(), &text(), &text()])
        .runs(1, &text(), Audience::User)
        .outputs(1, &text())
        .exits(1, 1, &text())
        .tells(EventKind::Committed { commit: text(), subject: text(), stat: Stat::default() })
        .tells(EventKind::Failed(failure(evil)))
        .tells(EventKind::Dropped(vec![text()]))
        .changes(&[(&text(), 1, 1)])
        .conflicts_in(&[&text()])
        .asks("c9", &text(), json!({ "command": text() }), &text());
    studio
        .keys("ctrl-o")
        .keys("alt-a")
        .keys("esc")
        .keys("ctrl-u")
        .keys("ctrl-t")
        .keys("alt-a")
        .keys("esc")
        .keys("alt-1");
    studio.agent().asks("c10", "x", json!({ "command": text() }), &text()).ends(EndReason::Done);
}

fn boxes(studio: &mut Studio, evil: &str) {
    let text = || format!("a{evil}b");
    let tab = studio.agent().id();
    studio.keys("ctrl-u");
    studio.keys("alt-p").keys("j").keys("j").keys("esc");
    studio.keys("type:@").loads(Loaded::Files { tab, files: vec![text(), format!("{}/", text())] });
    studio.keys("tab").keys("ctrl-u").keys("type:/o").keys("ctrl-u").keys("ctrl-u");
    studio
        .keys("ctrl-r")
        .pastes(&text())
        .keys("esc")
        .keys("alt-q")
        .keys("esc")
        .keys("alt-m")
        .keys("esc")
        .keys("alt-w")
        .keys("esc");
    for line in ["role", "rewind", "status", "errors", "usage", "ledger", "context", "help", "keys", "why"] {
        studio.runs(line).keys("esc");
    }
    studio.runs(&format!("tab rename {}", text().replace(['\n', '\r'], " ")));
    logs(studio, evil);
    let commit = CommitId::parse(&"9f31".repeat(10)).unwrap();
    let plan = UndoPlan {
        session: text(),
        branch: text(),
        scope: UndoScope::Steps(1),
        from: commit.clone(),
        to: commit,
        removed: vec![PathBuf::from(text())],
        changed: vec![PathBuf::from(text())],
        in_the_way: Vec::new(),
        by_people: vec![PeoplesCommit {
            commit: CommitId::parse(&"9f31".repeat(10)).unwrap(),
            subject: text(),
        }],
        has_uncommitted: true,
        entries: 1,
    };
    studio.loads(Loaded::Undo { tab, back: Back::Steps(1), plan: Ok(Box::new(plan)) }).keys("esc");
    studio.loads(Loaded::Undo { tab, back: Back::Steps(1), plan: Err(failure(evil)) });
    studio.runs("blame x").loads(Loaded::Blame(Ok(super::past::blamed(&text())))).keys("esc");
    studio.runs(&format!("bisect {}", text().replace(['\n', '\r'], " ")));
    let progress = Progress::Began { command: text(), commits: 3, known: 0 };
    studio.loads(Loaded::Bisecting { tab, progress });
    let found = vec![
        *super::past::culprit(super::past::step(evil)),
        *super::past::culprit(super::past::person(evil)),
    ];
    studio.loads(Loaded::Bisected { tab, command: text(), found: Ok(Broke::Between(found)) }).keys("esc");
    studio.keys("ctrl-d").keys("esc");
    let file = FileDiff {
        path: text(),
        old_path: Some(text()),
        kind: Change::Renamed,
        old_mode: Some(0o100_644),
        new_mode: Some(0o100_755),
        body: Body::Text { old: format!("{}\nsame\n", text()), new: format!("{}x\nsame\n", text()) },
    };
    let range = Range::Turn { session: text(), turn: 1 };
    let changes = Ok(shown(vec![file]));
    let tab = studio.app.tab().id;
    studio.loads(Loaded::Diff { tab, title: text(), range: range.clone(), shown: changes });
    studio
        .keys("j")
        .keys("j")
        .keys("c")
        .pastes(&text())
        .keys("enter")
        .keys("s")
        .keys("/")
        .pastes(&text())
        .keys("enter")
        .keys("S");
    studio.loads(Loaded::Diff { tab, title: text(), range, shown: Err(failure(evil)) });
    studio.keys("esc").keys("/").pastes(&text()).keys("enter").keys("v").keys("y").keys("i");
    histories(studio, evil);
}

fn logs(studio: &mut Studio, evil: &str) {
    let text = || format!("a{evil}b");
    let commit = CommitId::parse(&"9f31".repeat(10)).unwrap();
    let route = || Some(Route { backend: text(), model: text(), reason: text() });
    let tree = SessionTree {
        summary: SessionSummary {
            id: text(),
            branch: Some(text()),
            title: text(),
            started: None,
            updated: 0,
            turns: 1,
            steps: 1,
            messages: 1,
            tip: commit.clone(),
            head: commit.clone(),
            subject: text(),
            route: route(),
            usage: Usage::default(),
            cost_usd: None,
            forked_from: None,
        },
        steps: vec![StepSummary {
            commit,
            kind: StepKind::Step,
            turn: 1,
            step: 1,
            subject: text(),
            prompt: Some(text()),
            prompts: vec![(1, text())],
            route: route(),
            usage: Usage::default(),
            cost_usd: None,
            time: 0,
        }],
        forks: Vec::new(),
    };
    studio.keys("alt-l").loads(Loaded::Log(Ok(vec![tree]))).keys("esc");
    studio.keys("alt-l").loads(Loaded::Log(Err(failure(evil)))).keys("esc");
    let branch = BranchLine {
        name: text(),
        session: Some(text()),
        title: text(),
        head: text(),
        steps: 1,
        turns: 1,
        state: "working",
        updated: 0,
        landed: true,
        landed_in: None,
        is_current: true,
        archived: false,
        kept: vec![text()],
    };
    studio.keys("alt-b").loads(Loaded::Branches(Ok(vec![branch]))).keys("esc");
    let session = SessionLine {
        id: text(),
        branch: Some(text()),
        title: text(),
        state: "working",
        turns: 1,
        steps: 1,
        usage: Usage::default(),
        cost_usd: None,
        updated: 0,
    };
    studio.runs("resume").loads(Loaded::Sessions(Ok(vec![session]))).keys("esc");
    let hit = Hit {
        session: text(),
        branch: Some(text()),
        title: text(),
        turn: 1,
        role: crate::chat::Role::User,
        line: text(),
        at: text(),
    };
    studio.runs("search x").loads(Loaded::Search { text: text(), hits: Ok(vec![hit]) }).keys("esc");
    studio.runs("search x").loads(Loaded::Search { text: text(), hits: Ok(Vec::new()) }).keys("esc");
    studio.runs("search x").loads(Loaded::Search { text: text(), hits: Err(failure(evil)) }).keys("esc");
    studio.runs("config").loads(Loaded::Settings(vec![text()])).keys("esc");
    let check = Check { id: "git", state: CheckState::Warn, message: text(), hint: Some(text()) };
    let report = Report { ok: false, checks: vec![check], backends: Vec::new() };
    studio.runs("doctor").loads(Loaded::Doctor(report)).keys("esc");
    let probed = BackendReport {
        id: text(),
        kind: BackendKind::OpenaiChat,
        local: true,
        state: HealthState::Up,
        latency_ms: Some(1),
        version: Some(text()),
        message: Some(text()),
    };
    studio.runs("health").loads(Loaded::Probed(vec![probed])).keys("esc");
    let spent = SpentLine {
        backend: text(),
        model: text(),
        calls: 1,
        usage: Usage::default(),
        cost_usd: 0.0,
        unpriced: 1,
    };
    studio
        .runs("usage")
        .loads(Loaded::Spent(Spent { total: SpentLine::default(), lines: vec![spent] }))
        .keys("esc");
}

fn histories(studio: &mut Studio, evil: &str) {
    let text = || format!("a{evil}b");
    let tab = studio.agent().id();
    studio.runs("history").loads(Loaded::History { text: Ok(text()) }).keys("esc");
    studio.loads(Loaded::History { text: Err(failure(evil)) });
    studio.loads(Loaded::Exported { tab, written: Ok(PathBuf::from(text())) });
    studio.loads(Loaded::Exported { tab, written: Err(failure(evil)) });
    studio.loads(Loaded::Persona { tab, soft: true, persona: Err(failure(evil)) });
    studio.loads(Loaded::Trouble(text(), text()));
    studio.loads(Loaded::Standing { tab, rev: text(), standing: Err(failure(evil)) });
    studio.take(News::Returned(Returned::Shell { tab, command: text(), end: Ok(1) }));
    studio.take(News::Returned(Returned::Shell { tab, command: text(), end: Err(text()) }));
    studio.take(News::Returned(Returned::Prompt { tab, text: Ok(text()) }));
    studio.take(News::Returned(Returned::Prompt { tab, text: Err(text()) }));
    studio.take(News::Returned(Returned::File { tab, end: Err(text()) }));
    let entry = |kind| Said { turn: 1, at: text(), kind };
    let answer = EntryKind::Answer {
        message: Message { parts: vec![Part::Text(text())], ..Message::assistant("") },
        by: Voice { backend: text(), model: text() },
        usage: Usage::default(),
        stop: None,
    };
    let conversation = Conversation::new(vec![
        entry(EntryKind::Prompt { message: Message::user(text()), base: None }),
        entry(answer),
        entry(EntryKind::Summary(Message::user(text()))),
    ]);
    let mark = StepMark { commit: text(), turn: 1, step: 1, subject: text(), last_entry: 1, stat: None };
    let history = History { conversation: Arc::new(conversation), steps: vec![mark] };
    let moved = Moved {
        from: text(),
        to: text(),
        turn: 1,
        step: 1,
        files_removed: vec![PathBuf::from(text())],
        files_changed: Vec::new(),
        by_hand: ByHand::Aside { kept: text(), paths: vec![PathBuf::from(text())] },
        is_forward: true,
        history,
    };
    studio
        .agent()
        .tells(EventKind::Moved(Box::new(moved)))
        .tells(EventKind::Cleared { persona: Some(text()), kept: false });
}

#[test]
fn nothing_that_a_terminal_would_obey_is_ever_in_a_cell() {
    for evil in CORPUS {
        put_everywhere(evil);
    }
}

#[test]
fn a_sequence_that_arrives_in_pieces_is_in_no_cell_either() {
    for evil in CORPUS {
        let mut studio = at_work(60, 16);
        for letter in evil.chars() {
            studio.agent().says(&letter.to_string()).thinks(&letter.to_string());
        }
        studio.agent().calls("c", "bash", json!({ "command": "x" }));
        for letter in evil.chars() {
            studio.agent().prints("c", &letter.to_string());
        }
    }
}
