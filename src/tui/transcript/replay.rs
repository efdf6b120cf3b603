//! A session that is opened again: its conversation as cells, with the commits where they were made.

use std::collections::HashMap;

use super::Transcript;
use super::cell::{Answer, Cell, Commit, Counts, Kind, Route};
use super::feed::{call, plain};
use crate::chat::{Entry, EntryKind, Message, Part, StopReason};
use crate::tui::markdown::Splitter;
use crate::workbench::{History, StepMark};

impl Transcript {
    /// Shows a conversation from its beginning, in place of whatever was shown.
    pub fn replay(&mut self, history: &History) {
        self.clear();
        let mut marks: HashMap<usize, Vec<&StepMark>> = HashMap::new();
        for mark in &history.steps {
            marks.entry(mark.last_entry).or_default().push(mark);
        }
        let mut speaker = None;
        for (at, entry) in history.conversation.entries().iter().enumerate() {
            self.entry(entry, &mut speaker);
            for mark in marks.remove(&at).unwrap_or_default() {
                self.cells.push(Cell::new(entry.turn, Kind::Commit(commit(mark))));
            }
        }
        // What a step cannot be placed by is shown all the same.
        let last = history.conversation.turn();
        let mut rest: Vec<&StepMark> = marks.into_values().flatten().collect();
        rest.sort_by_key(|mark| mark.step);
        for mark in rest {
            self.cells.push(Cell::new(last, Kind::Commit(commit(mark))));
        }
    }

    fn entry(&mut self, entry: &Entry, speaker: &mut Option<String>) {
        let turn = entry.turn;
        match &entry.kind {
            EntryKind::Setup(_) => {}
            EntryKind::Prompt { message, .. } => {
                *speaker = None;
                self.cells.push(Cell::new(turn, Kind::Prompt(plain(&message.text()))));
            }
            EntryKind::Steer(message) => {
                self.cells.push(Cell::new(turn, Kind::Steer(plain(&message.text()))));
            }
            EntryKind::Summary(message) => {
                self.cells.push(Cell::new(turn, Kind::Summary(plain(&message.text()))));
            }
            EntryKind::Answer { message, by, stop, .. } => {
                let who = if by.model.is_empty() {
                    by.backend.clone()
                } else {
                    format!("{}/{}", by.backend, by.model)
                };
                if speaker.as_ref() != Some(&who) {
                    let route = Route { who: plain(&who), why: String::new(), is_fallback: false };
                    self.cells.push(Cell::new(turn, Kind::Route(route)));
                    *speaker = Some(who);
                }
                self.answer(turn, message);
                if *stop == Some(StopReason::Interrupted) {
                    let text = "interrupted".to_owned();
                    self.cells.push(Cell::new(turn, Kind::End { text, is_good: false }));
                }
            }
            EntryKind::Results(message) => {
                for result in message.tool_results() {
                    let text = result.content_text();
                    let summary = if result.is_error { text.lines().next().unwrap_or_default() } else { "" };
                    self.result(&result.id, result.is_error, summary, &text);
                }
            }
        }
    }

    fn answer(&mut self, turn: u32, message: &Message) {
        for part in &message.parts {
            match part {
                Part::Text(text) => {
                    let mut splitter = Splitter::default();
                    splitter.push(&plain(text));
                    let blocks = splitter.blocks().iter().cloned();
                    self.cells.extend(blocks.map(|block| Cell::new(turn, Kind::Answer(Answer::new(block)))));
                }
                Part::Thinking { text, .. } if !text.trim().is_empty() => {
                    self.cells.push(Cell::new(turn, Kind::Thinking(plain(text))));
                }
                Part::ToolCall(wish) => {
                    self.cells.push(Cell::new(turn, Kind::Call(call(&wish.id, &wish.name, &wish.input))));
                }
                Part::Thinking { .. } | Part::ToolResult(_) | Part::Image(_) => {}
            }
        }
    }
}

fn commit(mark: &StepMark) -> Commit {
    let counts = mark.stat.as_ref().map(|stat| Counts {
        files: stat.files,
        insertions: stat.insertions,
        deletions: stat.deletions,
    });
    Commit { hash: mark.commit.clone(), subject: plain(&mark.subject), counts, step: Some(mark.step) }
}
