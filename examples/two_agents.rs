//! The library as a program uses it: a workbench with two agents at work on two branches at once.
//!
//! The models are scripts, so it runs anywhere: `cargo run --example two_agents`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use offshoot::agent::{AgentEvent, Order};
use offshoot::workbench::{
    self, Base, BranchName, Command, EventKind, Options, Start, TabId, Uncommitted, Workbench,
};

/// One script for both: what a prompt contains decides what the model does.
const SCRIPT: &str = r#"
delay_ms = 20

[[turn]]
when = "greeting"
[[turn.reply]]
text = "I write the greeting."
[[turn.reply.call]]
tool = "write"
input = { path = "greeting.txt", content = "Hello.\n" }
[[turn.reply]]
text = "The greeting stands in greeting.txt."

[[turn]]
when = "farewell"
[[turn.reply]]
text = "I look around first."
[[turn.reply.call]]
tool = "ls"
[[turn.reply]]
text = "Now the farewell."
[[turn.reply.call]]
tool = "write"
input = { path = "farewell.txt", content = "Goodbye.\n" }
[[turn.reply]]
text = "The farewell stands in farewell.txt."
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let base = Base::load(options(folder.path())?).map_err(|failure| failure.message)?;
    let place = Arc::new(base.place().map_err(|failure| failure.message)?);
    let (workbench, mut events) = Workbench::new(place.clone());

    let tasks = [(TabId(1), "write a greeting"), (TabId(2), "write a farewell")];
    for (tab, task) in tasks {
        let branch = BranchName::From(task.to_owned());
        let start = Start::New { branch, uncommitted: Uncommitted::Exclude };
        workbench.send(Command::Open { tab, start, permissions: None }).await;
        let order = Order { prompt: task.to_owned(), ..Order::default() };
        workbench.send(Command::Prompt { tab, order }).await;
    }

    let mut branches = HashMap::new();
    let mut at_work = tasks.len();
    while at_work > 0 {
        let Some(event) = events.recv().await else { break };
        let tab = event.tab;
        match event.kind {
            EventKind::Opened(opened) => {
                println!("tab {}: {} in {}", tab.0, opened.branch, opened.worktree.display());
                branches.insert(tab, opened.branch);
            }
            EventKind::Agent(AgentEvent::Step(step)) => {
                println!("tab {}: step {} {}", tab.0, &step.commit[..10], step.subject);
            }
            EventKind::Agent(AgentEvent::TurnEnded(end)) => {
                println!("tab {}: {}", tab.0, end.text);
                workbench.send(Command::Close { tab }).await;
            }
            EventKind::Failed(failure) => {
                return Err(failure.message.into());
            }
            EventKind::Closed => at_work -= 1,
            _ => {}
        }
    }

    for (tab, branch) in branches {
        let head = place.repo.resolve(&branch)?;
        println!("tab {}: {branch} is at {}", tab.0, head.short());
    }
    Ok(())
}

/// A repository with one file, and settings of its own beside it.
fn options(folder: &Path) -> Result<Options, Box<dyn std::error::Error>> {
    let project = folder.join("project");
    std::fs::create_dir(&project)?;
    std::fs::write(project.join("README.md"), "A project.\n")?;
    workbench::found(&project, "First words").map_err(|failure| failure.message)?;

    std::fs::write(folder.join("script.toml"), SCRIPT)?;
    let config = "[router]\norder = [\"script\"]\n\n[backends.script]\nkind = \"scripted\"\nlocal = true\n\
                  script = \"script.toml\"\n";
    std::fs::write(folder.join("config.toml"), config)?;
    let below = |name: &str| folder.join(name).display().to_string();
    Ok(Options {
        cwd: project,
        env: [
            ("HOME", below("home")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("OFFSHOOT_DATA_DIR", below("data")),
            ("OFFSHOOT_STATE_DIR", below("state")),
            ("OFFSHOOT_CACHE_DIR", below("cache")),
        ]
        .into_iter()
        .collect(),
        config_file: Some(folder.join("config.toml")),
        flags: Vec::new(),
        // A program that embeds offshoot and has no `__sandbox` of its own leaves commands unconfined.
        helper: None,
        can_ask: false,
    })
}
