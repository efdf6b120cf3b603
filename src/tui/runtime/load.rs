//! Carries out loads: each on a task of its own, those that block on threads that may.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::agent::{Failure, Persona};
use crate::backends::health::now_ms;
use crate::chat::ErrorClass;
use crate::git::Repo;
use crate::ledger::Stats;
use crate::tools::verification::{self, Detected};
use crate::tui::markdown;
use crate::tui::message::{Load, Loaded, Records, Shown, Wanted};
use crate::tui::review::Prepared;
use crate::workbench::bisect::{self, Progress, Wanted as Search};
use crate::workbench::history::Form;
use crate::workbench::review::Compared;
use crate::workbench::{
    self, Place, TabId, Uncommitted, compare, doctor, history, landing, merging, radar, review, state, sync,
    why, worktrees,
};

/// Entries of the ledger that are shown.
const ENTRIES: usize = 50;
/// Paths that are completed from.
const FILES: usize = 200_000;
/// Hits of a search.
const HITS: usize = 500;
/// Lines of a search's progress that may wait.
const BISECTING: usize = 64;
/// How long aligning a diff may take before it becomes coarse.
const PATIENCE: Duration = Duration::from_millis(400);

#[derive(Clone)]
pub(super) struct Loader {
    place: Arc<Place>,
    answers: mpsc::Sender<Loaded>,
    /// What nobody waits for is looked up one after the other: a start should not keep all processors busy.
    turns: Arc<Semaphore>,
    /// Searches under way, one for each tab.
    bisects: Arc<Mutex<HashMap<TabId, CancellationToken>>>,
}

impl Loader {
    pub fn new(place: Arc<Place>, answers: mpsc::Sender<Loaded>) -> Self {
        Self { place, answers, turns: Arc::new(Semaphore::new(1)), bisects: Arc::default() }
    }

    pub fn start(&self, load: Load) {
        let one = self.clone();
        let is_patient = matches!(load, Load::UserBranch | Load::Recover | Load::Ledger | Load::Spent);
        tokio::spawn(async move {
            let _turn = if is_patient { one.turns.acquire().await.ok() } else { None };
            // Nobody waits for it any more when the screen is gone.
            if let Some(loaded) = one.load(load).await {
                let _ = one.answers.send(loaded).await;
            }
            let _ = one.answers.send(Loaded::Done).await;
        });
    }

    async fn load(&self, load: Load) -> Option<Loaded> {
        let place = &self.place;
        let base = &place.base;
        Some(match load {
            Load::Recover => {
                for told in landing::settle(place).await.unwrap_or_default() {
                    let hint = "`git status` shows the files there".to_owned();
                    let _ = self.answers.send(Loaded::Trouble(told, hint)).await;
                }
                Loaded::Recovered(workbench::recover(place).await)
            }
            Load::UserBranch => {
                let head = place.git(Repo::head).await.ok();
                Loaded::UserBranch(head.and_then(|head| head.branch))
            }
            Load::Health => Loaded::Health(state::health(base)),
            Load::Probe => Loaded::Probed(state::ask(base).await),
            Load::Doctor => Loaded::Doctor(doctor::examine(base).await),
            Load::Ledger => Loaded::Ledger(state::ledger_tail(base, ENTRIES).await),
            Load::Records(wanted) => Loaded::Records(self.records(wanted).await),
            Load::Why { tab, session, turn } => {
                Loaded::Why { tab, turn, told: why::told(place, session).await }
            }
            Load::Blame(question) => Loaded::Blame(workbench::blame::blame(place, question).await),
            Load::Bisect { tab, session, command } => self.bisect(tab, session, command).await,
            Load::StopBisect(tab) => {
                if let Some(cancel) = self.lock().remove(&tab) {
                    cancel.cancel();
                }
                return None;
            }
            Load::Verification { tab, root, chosen, run } => {
                let (found, origin) = self.verification(chosen, root).await;
                Loaded::Verification { tab, found, origin, run }
            }
            Load::Restart => {
                Loaded::Restarted(workbench::runtime::restart(base, now_ms()).await.map_err(Failure::from))
            }
            Load::Spent => Loaded::Spent(state::spent(base).await),
            Load::Found => Loaded::Found(state::discover(base).await),
            Load::Uncommitted => Loaded::Uncommitted(self.uncommitted().await),
            Load::Log => Loaded::Log(history::log(place).await),
            Load::Sessions => Loaded::Sessions(history::sessions(place).await),
            Load::Branches => Loaded::Branches(history::branches(place).await),
            Load::Standing { tab, rev } => {
                let standing = history::standing(place, rev.clone()).await;
                Loaded::Standing { tab, rev, standing }
            }
            Load::Files { tab, root } => {
                let files = blocking(move || workbench::files(&root, FILES)).await.unwrap_or_default();
                Loaded::Files { tab, files }
            }
            Load::Changes { tab, from, to } => {
                Loaded::Changes { tab, changes: review::changes(place, from, to).await }
            }
            Load::Push { tab, session, remote } => {
                let which = sync::Which::These(vec![session]);
                Loaded::Synced { tab, synced: sync::push(place, remote, which, false).await }
            }
            Load::Fetch { tab, remote } => {
                Loaded::Synced { tab, synced: sync::fetch(place, remote, false).await }
            }
            Load::Landed { tab, rev } => {
                let standing = landing::standing(place, rev).await.unwrap_or_default();
                Loaded::Landed { tab, standing }
            }
            Load::Land { wish, .. } => {
                let plan = landing::plan(place, wish.clone()).await.map(Box::new);
                Loaded::Land { wish, plan }
            }
            Load::Landing { tab, wish, plan } => {
                Loaded::Landing { tab, landed: landing::land(place, wish, *plan).await.map(Box::new) }
            }
            Load::Resolution { tab, wish } => {
                Loaded::Resolution { tab, resolution: landing::resolution(place, wish).await }
            }
            Load::Pair { child, into, ours, .. } => {
                let is_ours = move |id: &str| ours.iter().any(|one| one == id);
                Loaded::Pair(merging::pair(place, child, into, is_ours).await)
            }
            Load::Survey(named) => Loaded::Survey(radar::survey(place, named).await),
            Load::Diff { tab, title, range } => {
                let shown = match review::diff(place, range.clone()).await {
                    Ok(Compared { from, to, files, .. }) => {
                        let align = move || Prepared::align(files, Some(Instant::now() + PATIENCE));
                        blocking(align).await.map(|prepared| Shown { prepared, from, to })
                    }
                    Err(failure) => Err(failure),
                };
                Loaded::Diff { tab, title, range, shown }
            }
            Load::Comparison { tab, begin, prompt, candidates } => {
                let ground = compare::ground(place, begin, &prompt, &candidates).await;
                Loaded::Comparison { tab, prompt, candidates, ground }
            }
            Load::Offers { comparison, base, rows } => {
                Loaded::Offers { comparison, offers: compare::offers(place, base, rows).await }
            }
            Load::Take { comparison, base, stem, picks } => {
                Loaded::Taken { comparison, mixed: compare::take(place, base, stem, picks).await }
            }
            Load::Archive(sessions) => Loaded::Archived(compare::archive(place, sessions).await),
            Load::Dress { serial, undressed } => {
                let answers = self.answers.clone();
                // A large file is told of in parts; when nobody listens any more, it ends.
                let tell = move |dressed| match answers.blocking_send(Loaded::Dressed { serial, dressed }) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                };
                let _ = blocking(move || undressed.dress(tell)).await;
                return None;
            }
            Load::Undo { tab, session, back } => {
                let plan = history::undo_plan(place, Some(session), back.into()).await.map(Box::new);
                Loaded::Undo { tab, back, plan }
            }
            Load::Turns { tab, session } => {
                // Without the figures, the turns are listed still.
                Loaded::Turns { tab, turns: history::turns(place, session).await.unwrap_or_default() }
            }
            Load::Search(text) => {
                let hits = history::search(place, text.clone(), HITS).await;
                Loaded::Search { text, hits }
            }
            Load::Worktrees => Loaded::Worktrees(worktrees::worktrees(place).await),
            Load::GcPlan(options) => {
                Loaded::GcPlan { plan: worktrees::gc_plan(place, options.clone()).await, options }
            }
            Load::Gc(planned) => {
                let (plan, options) = *planned;
                Loaded::Gc(worktrees::gc_apply(place, plan, options).await)
            }
            Load::Settings(key) => Loaded::Settings(self.settings(&key.unwrap_or_default())),
            Load::Export { tab, rev, file } => {
                Loaded::Exported { tab, written: self.export(&rev, &file).await.map(|()| file) }
            }
            Load::History { rev, raw } => Loaded::History { text: self.text(&rev, raw).await },
            Load::Persona { tab, file, soft } => {
                let persona = blocking(move || Persona::load(&file)).await.and_then(|read| read);
                Loaded::Persona { tab, soft, persona }
            }
            Load::Colours { tab, cell, block } => {
                let source = block.source().to_owned();
                let lines = blocking(move || markdown::highlight(&block, &mut None)).await.ok()?;
                Loaded::Colours { tab, cell, source, lines }
            }
        })
    }

    async fn bisect(&self, tab: TabId, session: String, command: String) -> Loaded {
        let cancel = CancellationToken::new();
        if let Some(before) = self.lock().insert(tab, cancel.clone()) {
            before.cancel();
        }
        let wanted = Search { command: Some(command.clone()), session: Some(session), ..Search::default() };
        let (sender, mut told) = mpsc::channel(BISECTING);
        let mut tell = move |progress: Progress| {
            // What the command prints is not shown. Of the rest, one that has no room is no loss.
            if !matches!(progress, Progress::Output(_)) {
                let _ = sender.try_send(progress);
            }
        };
        let search = async move {
            let found = bisect::bisect(&self.place, wanted, &cancel, &mut tell).await;
            drop(tell);
            found
        };
        let pass_on = async {
            while let Some(progress) = told.recv().await {
                let _ = self.answers.send(Loaded::Bisecting { tab, progress }).await;
            }
        };
        let (found, ()) = tokio::join!(search, pass_on);
        Loaded::Bisected { tab, command, found }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TabId, CancellationToken>> {
        self.bisects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn records(&self, wanted: Wanted) -> Result<Records, Failure> {
        let ledger = self.place.base.services.ledger.clone();
        let read = blocking(move || match wanted {
            Wanted::Last(runs) => ledger.tail(runs).map(Records::Runs),
            Wanted::Stats => ledger.read_all().map(|all| Records::Stats(Box::new(Stats::of(&all.entries)))),
            Wanted::Check => ledger.check().map(Records::Check),
        });
        read.await?.map_err(|error| Failure::new(ErrorClass::Internal, error.to_string()).hint(error.hint()))
    }

    /// What checks the work in a folder, and who said so.
    async fn verification(&self, chosen: Option<String>, root: PathBuf) -> (Option<Detected>, String) {
        let base = &self.place.base;
        let origin = match &chosen {
            Some(_) => "you, for this tab".to_owned(),
            None => {
                let found = base.loaded.explain("verify.command");
                found.first().map_or_else(String::new, |one| format!("{} ({})", one.key, one.origin))
            }
        };
        let configured = chosen.unwrap_or_else(|| base.services.settings.verify.command.clone());
        let found = blocking(move || verification::in_force(&configured, &root)).await.ok().flatten();
        (found, origin)
    }

    /// What becomes of uncommitted work: as the user said before; else they are asked, if there is any.
    async fn uncommitted(&self) -> Option<Uncommitted> {
        let place = Arc::clone(&self.place);
        if let Ok(Some(what)) = blocking(move || place.remembered_uncommitted()).await {
            return Some(what);
        }
        let has_some = self.place.git(Repo::has_uncommitted).await.unwrap_or(false);
        (!has_some).then_some(Uncommitted::Include)
    }

    fn settings(&self, key: &str) -> Vec<String> {
        let loaded = &self.place.base.loaded;
        let found = loaded.explain(key);
        if found.is_empty() {
            let near = loaded.nearest_key(key).map(|near| format!("did you mean {near}?"));
            return vec![format!("there is no setting \"{key}\""), near.unwrap_or_default()];
        }
        found.iter().map(|one| format!("{} = {}  ({})", one.key, one.value, one.origin)).collect()
    }

    async fn export(&self, rev: &str, file: &Path) -> Result<(), Failure> {
        let is_jsonl = file.extension().is_some_and(|extension| extension == "jsonl");
        let text = self.text(rev, is_jsonl).await?;
        let file = file.to_owned();
        blocking(move || {
            let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
            // What is there is the user's: it is not written over.
            let open = || std::fs::File::options().write(true).create_new(true).open(&file);
            let written = folder.and_then(|()| open());
            written.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes())).map_err(
                |error| {
                    Failure::new(ErrorClass::Internal, format!("cannot write {}: {error}", file.display()))
                        .hint("name another file: /export notes.md")
                },
            )
        })
        .await?
    }

    async fn text(&self, rev: &str, raw: bool) -> Result<String, Failure> {
        let form = if raw { Form::JsonLines } else { Form::Markdown };
        history::export(&self.place, rev.to_owned(), form).await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let died = |_| Failure::new(ErrorClass::Internal, "a background thread died");
    tokio::task::spawn_blocking(work).await.map_err(died)
}
