//! Output of a tool while it runs, on its way to a screen. It is for looking at only: the tool is
//! never held up, it is handed on a few times a moment and no more often, and what is more than anybody could
//! read of it is dropped, the oldest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// Bytes that wait at most.
const CAPACITY: usize = 64 * 1024;

/// From one look to the next at least. A tool that prints a gigabyte would keep everybody busy otherwise.
const PAUSE: Duration = Duration::from_millis(25);

/// The tool's end. Clones write to the same reader.
#[derive(Debug, Clone, Default)]
pub struct Progress(Option<Arc<Sender>>);

/// The screen's end.
#[derive(Debug)]
pub struct ProgressReader {
    shared: Arc<Shared>,
    looked: Option<Instant>,
}

/// What was written since the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressText {
    pub text: String,
    /// Bytes that were dropped before `text`.
    pub dropped: usize,
}

#[derive(Debug)]
struct Sender(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<String>,
    bytes: usize,
    dropped: usize,
    closed: bool,
}

impl Progress {
    /// A pair of ends.
    pub fn channel() -> (Self, ProgressReader) {
        let shared = Arc::new(Shared::default());
        (Self(Some(Arc::new(Sender(Arc::clone(&shared))))), ProgressReader { shared, looked: None })
    }

    /// Goes nowhere.
    pub fn none() -> Self {
        Self(None)
    }

    /// Adds text. Never waits.
    pub fn send(&self, text: &str) {
        let Some(sender) = &self.0 else { return };
        if text.is_empty() {
            return;
        }
        let mut state = sender.0.lock();
        let was_empty = state.bytes == 0;
        state.push(text);
        drop(state);
        if was_empty {
            sender.0.changed.notify_one();
        }
    }
}

impl ProgressReader {
    /// Everything written since the last call; waits for the first of it. `None` when all senders
    /// are gone and nothing is left. Safe to cancel.
    pub async fn next(&mut self) -> Option<ProgressText> {
        self.pause().await;
        loop {
            {
                let mut state = self.shared.lock();
                if state.bytes > 0 {
                    self.looked = Some(Instant::now());
                    return Some(state.take());
                }
                if state.closed {
                    return None;
                }
            }
            self.shared.changed.notified().await;
        }
    }

    /// Waits until it is time for another look, or nothing more comes.
    async fn pause(&self) {
        let Some(end) = self.looked.map(|looked| looked + PAUSE) else { return };
        while !self.shared.lock().closed {
            tokio::select! {
                () = tokio::time::sleep_until(end) => return,
                () = self.shared.changed.notified() => {}
            }
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the text whole: nothing here stops half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, text: &str) {
        let mut start = text.len().saturating_sub(CAPACITY);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        self.dropped += start;
        self.bytes += text.len() - start;
        match self.chunks.back_mut() {
            // Many small writes become few chunks, and dropping stays fine-grained.
            Some(last) if last.len() + text.len() <= CAPACITY / 16 => last.push_str(text),
            _ => self.chunks.push_back(text[start..].to_owned()),
        }
        while self.bytes > CAPACITY {
            let Some(oldest) = self.chunks.pop_front() else { break };
            self.bytes -= oldest.len();
            self.dropped += oldest.len();
        }
    }

    fn take(&mut self) -> ProgressText {
        self.bytes = 0;
        let text = self.chunks.drain(..).collect();
        ProgressText { text, dropped: std::mem::take(&mut self.dropped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writes_are_joined_and_the_end_is_told() {
        let (progress, mut reader) = Progress::channel();
        progress.send("a");
        progress.clone().send("b");
        assert_eq!(reader.next().await.unwrap(), ProgressText { text: "ab".into(), dropped: 0 });
        progress.send("c");
        drop(progress);
        assert_eq!(reader.next().await.unwrap().text, "c");
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn the_oldest_text_is_dropped_when_nobody_reads() {
        let (progress, mut reader) = Progress::channel();
        let line = "0123456789abcde\n";
        for _ in 0..100_000 {
            progress.send(line);
        }
        progress.send("end");
        let seen = reader.next().await.unwrap();
        assert!(seen.text.len() <= CAPACITY && seen.text.len() > CAPACITY / 2);
        assert!(seen.text.ends_with("end"));
        assert_eq!(seen.dropped + seen.text.len(), line.len() * 100_000 + 3);

        progress.send(&"é".repeat(CAPACITY));
        assert!(reader.next().await.unwrap().text.len() <= CAPACITY);
    }

    #[test]
    fn without_a_reader_nothing_happens() {
        Progress::none().send("x");
    }
}
