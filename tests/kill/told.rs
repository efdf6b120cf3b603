//! What offshoot told before it was killed, and what of it is to be found in git alone.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use git2::{Oid, Repository};
use serde_json::Value;

use crate::script;
use crate::world::BRANCH;

/// What was told in all runs of a session.
#[derive(Default)]
pub struct Told {
    pub session: Option<String>,
    pub answers: Vec<Answer>,
    pub calls: Vec<Call>,
    results: Vec<(String, bool)>,
    steps: Vec<String>,
    /// Calls whose results were told since the last step.
    uncommitted: Vec<String>,
    /// Calls whose files somebody removed before they were committed.
    removed: HashSet<String>,
}

/// What was streamed of one answer.
#[derive(Default, Clone, Debug)]
pub struct Answer {
    thinking: String,
    text: String,
    is_whole: bool,
}

pub struct Call {
    id: String,
    name: String,
    input: Value,
}

/// A session as its commits hold it, read without any code of offshoot's.
pub struct Kept {
    repo: Repository,
    branch: Oid,
    lines: Vec<Value>,
}

impl Told {
    /// Takes note of the lines of one run.
    pub fn add(&mut self, lines: &[Value]) {
        let mut answer = Answer::default();
        for line in lines {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            match line["type"].as_str().unwrap_or_default() {
                "session" => {
                    let session = text("session");
                    assert!(!session.is_empty() && text("branch") == BRANCH, "{line}");
                    self.session = Some(session);
                }
                "text" => answer.text += &text("text"),
                "thinking" => answer.thinking += &text("text"),
                // Told once when an answer has ended.
                "usage" => {
                    answer.is_whole = true;
                    self.answers.push(std::mem::take(&mut answer));
                }
                "tool_call" => {
                    let call = Call { id: text("id"), name: text("name"), input: line["input"].clone() };
                    self.calls.push(call);
                }
                "tool_result" => {
                    self.results.push((text("id"), line["is_error"] == true));
                    self.uncommitted.push(text("id"));
                }
                "step" => {
                    self.steps.push(text("commit"));
                    self.uncommitted.clear();
                }
                _ => {}
            }
        }
        if !answer.text.is_empty() || !answer.thinking.is_empty() {
            self.answers.push(answer);
        }
    }

    /// The worktree was deleted: what stood only there is gone.
    pub fn forgive_files(&mut self) {
        self.removed.extend(self.uncommitted.drain(..));
    }

    /// Whether anything was told that must be found again.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.calls.is_empty() && self.steps.is_empty()
    }

    /// All that was told is in git.
    pub fn assert_kept(&self, kept: &Kept) {
        self.assert_words(kept);
        self.assert_calls(kept);
        self.assert_steps(kept);
        self.assert_files(kept);
    }

    fn assert_words(&self, kept: &Kept) {
        let said = kept.answers();
        let mut at = 0;
        for told in &self.answers {
            let found = said[at..].iter().position(|said| {
                if told.is_whole {
                    (&said.thinking, &said.text) == (&told.thinking, &told.text)
                } else {
                    said.thinking.starts_with(&told.thinking) && said.text.starts_with(&told.text)
                }
            });
            let Some(found) = found else {
                panic!("told, and lost: {told:#?}\nafter answer {at}, git has: {:#?}", &said[at..])
            };
            at += found + 1;
        }
    }

    fn assert_calls(&self, kept: &Kept) {
        let calls = kept.parts("tool_call");
        for told in &self.calls {
            let is_same = |part: &&Value| {
                part["id"] == *told.id && part["name"] == *told.name && part["input"] == told.input
            };
            assert!(calls.iter().any(is_same), "call {} ({}) was lost", told.id, told.name);
        }
        let results = kept.parts("tool_result");
        for (id, is_error) in &self.results {
            let found = results.iter().find(|part| part["id"] == **id);
            let found = found.unwrap_or_else(|| panic!("the result of {id} was lost"));
            assert_eq!(found["is_error"] == true, *is_error, "the result of {id} is another: {found}");
            let content = found["content"].to_string();
            assert!(!content.contains("was stopped before"), "the result of {id} was lost: {content}");
        }
    }

    fn assert_steps(&self, kept: &Kept) {
        for step in &self.steps {
            let step = Oid::from_str(step).unwrap();
            let is_kept = kept
                .heads()
                .any(|head| head == step || kept.repo.graph_descendant_of(head, step).unwrap_or(false));
            assert!(is_kept, "step {step} was told, and no ref leads to it");
        }
    }

    /// Each file that a call was told to have written stands so in a commit of the branch.
    fn assert_files(&self, kept: &Kept) {
        let done: HashSet<&String> =
            self.results.iter().filter(|(_, is_error)| !is_error).map(|(id, _)| id).collect();
        let traces =
            self.calls.iter().filter(|call| done.contains(&call.id) && !self.removed.contains(&call.id));
        let mut missing: BTreeMap<&str, (String, String)> =
            traces.filter_map(|call| Some((&*call.id, script::trace(&call.name, &call.input)?))).collect();
        let mut walk = kept.repo.revwalk().unwrap();
        walk.push(kept.branch).unwrap();
        for commit in walk {
            let tree = kept.repo.find_commit(commit.unwrap()).unwrap().tree().unwrap();
            missing.retain(|_, (path, text)| {
                let entry = tree.get_path(Path::new(path.as_str()));
                let blob = entry.ok().and_then(|entry| kept.repo.find_blob(entry.id()).ok());
                !blob.is_some_and(|blob| String::from_utf8_lossy(blob.content()).contains(&*text))
            });
        }
        assert!(missing.is_empty(), "told as done, and in no commit of the branch: {missing:#?}");
    }
}

impl Kept {
    /// The session whose conversation ends at its ref.
    pub fn read(repo: &Path, session: &str) -> Self {
        let repo = Repository::open(repo).unwrap();
        let branch = repo.refname_to_id(&format!("refs/heads/{BRANCH}")).unwrap();
        let tip = repo
            .refname_to_id(&format!("refs/offshoot/sessions/{session}"))
            .unwrap_or_else(|_| panic!("session {session} has no ref"));
        let mut lines: BTreeMap<usize, Value> = BTreeMap::new();
        let mut next = Some(tip);
        while let Some(id) = next {
            let commit = repo.find_commit(id).unwrap();
            next = commit.parent_ids().next();
            let message = commit.message().unwrap();
            if !message.contains(&format!("Offshoot-Session: {session}\n")) {
                continue;
            }
            let Some(range) = message.lines().find_map(|line| line.strip_prefix("Offshoot-Messages: "))
            else {
                continue;
            };
            let first: usize = range.split('-').next().unwrap().parse().unwrap();
            let (_, block) = message.split_once("```offshoot-conversation v1\n").unwrap();
            let block = block.lines().take_while(|line| line.starts_with('{'));
            for (at, line) in block.enumerate() {
                lines.entry(first + at).or_insert_with(|| serde_json::from_str(line).unwrap());
            }
        }
        let gap = lines.keys().enumerate().find(|(at, index)| at != *index);
        assert!(gap.is_none(), "the conversation has a gap: {gap:?}");
        let lines = lines.into_values().collect();
        Self { repo, branch, lines }
    }

    /// Each call has exactly one result before anybody else speaks: what every provider wants.
    pub fn assert_valid(&self) {
        let mut open: Vec<String> = Vec::new();
        for line in &self.lines {
            let ids = |kind: &str| -> Vec<String> {
                let parts = line["content"].as_array().into_iter().flatten();
                let parts = parts.filter(|part| part["type"] == kind);
                parts.map(|part| part["id"].as_str().unwrap().to_owned()).collect()
            };
            match line["role"].as_str().unwrap() {
                "tool" => {
                    for id in ids("tool_result") {
                        let at = open.iter().position(|call| *call == id);
                        open.remove(at.unwrap_or_else(|| panic!("a result without a call: {id}")));
                    }
                }
                "assistant" | "user" => {
                    assert!(open.is_empty(), "calls without results: {open:?}");
                    open = ids("tool_call");
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "calls without results: {open:?}");
    }

    /// No commit of the branch has a file that only lives while another is written.
    pub fn assert_no_leftovers(&self) {
        let tree = self.repo.find_commit(self.branch).unwrap().tree().unwrap();
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            let name = entry.name().unwrap_or_default();
            assert!(!name.starts_with(".offshoot-tmp-"), "{folder}{name} was committed");
            git2::TreeWalkResult::Ok
        })
        .unwrap();
    }

    pub fn file(&self, path: &str) -> Option<String> {
        let tree = self.repo.find_commit(self.branch).unwrap().tree().unwrap();
        let blob = self.repo.find_blob(tree.get_path(Path::new(path)).ok()?.id()).unwrap();
        Some(String::from_utf8_lossy(blob.content()).into_owned())
    }

    pub fn prompts(&self) -> usize {
        self.lines.iter().filter(|line| line["role"] == "user").count()
    }

    fn answers(&self) -> Vec<Answer> {
        let text = |line: &Value, kind: &str| -> String {
            let parts = line["content"].as_array().into_iter().flatten();
            parts.filter(|part| part["type"] == kind).filter_map(|part| part["text"].as_str()).collect()
        };
        self.lines
            .iter()
            .filter(|line| line["role"] == "assistant")
            .map(|line| Answer { thinking: text(line, "thinking"), text: text(line, "text"), is_whole: true })
            .collect()
    }

    fn parts(&self, kind: &str) -> Vec<&Value> {
        let parts = self.lines.iter().filter_map(|line| line["content"].as_array()).flatten();
        parts.filter(|part| part["type"] == kind).collect()
    }

    fn heads(&self) -> impl Iterator<Item = Oid> {
        let mut heads = vec![self.branch];
        for glob in ["refs/offshoot/sessions/*", "refs/offshoot/kept/*"] {
            for reference in self.repo.references_glob(glob).unwrap().flatten() {
                heads.extend(reference.target());
            }
        }
        heads.into_iter()
    }
}
