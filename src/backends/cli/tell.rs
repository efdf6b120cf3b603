//! Handing events on, in bounded numbers and sizes.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::CliEvent;
use super::watch::Cut;

/// Text of one run that is kept, in bytes. A model's answers are far below it.
const MOST_TEXT: usize = 4 << 20;
/// Of one tool's result.
const MOST_RESULT: usize = 256 * 1024;

/// The sending end of a run's events.
pub(super) struct Teller {
    events: mpsc::Sender<CliEvent>,
    cancel: CancellationToken,
    text: usize,
    pub told: Told,
}

/// What has been told so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Something came of the run.
    pub anything: bool,
    pub session: bool,
}

impl Teller {
    pub fn new(events: mpsc::Sender<CliEvent>, cancel: CancellationToken) -> Self {
        Self { events, cancel, text: 0, told: Told::default() }
    }

    /// Waits until it is taken. Whoever listens may be slow; a cancelled run does not wait for them.
    pub async fn tell(&mut self, mut event: CliEvent) -> Result<(), Cut> {
        match &mut event {
            CliEvent::Text(text) | CliEvent::Thinking(text) | CliEvent::ToolOutput { text, .. } => {
                self.told.anything |= !text.trim().is_empty();
                let before = self.text;
                self.text += text.len();
                if before > MOST_TEXT {
                    return Ok(());
                }
                if self.text > MOST_TEXT {
                    event = CliEvent::Notice("it printed too much: the rest of its text is not kept".into());
                }
            }
            CliEvent::ToolResult { content, .. } => shorten(content),
            CliEvent::ToolCall { .. } | CliEvent::Permission { .. } | CliEvent::Notice(_) => {
                self.told.anything = true;
            }
            CliEvent::Session(_) => self.told.session = true,
            _ => {}
        }
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Cut::Cancelled),
            sent = self.events.send(event) => sent.map_err(|_| Cut::Abandoned),
        }
    }

    /// One of the last events: it is told to whoever still listens, cancelled or not.
    pub async fn tell_last(&self, event: CliEvent) {
        let _ = self.events.send(event).await;
    }

    /// Returns when nobody listens any more.
    pub async fn abandoned(&self) {
        self.events.closed().await;
    }
}

/// Cuts the middle out.
fn shorten(text: &mut String) {
    if text.len() <= MOST_RESULT {
        return;
    }
    let half = MOST_RESULT / 2;
    let head = (0..=half).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let tail = (text.len() - half..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let cut = tail - head;
    text.replace_range(head..tail, &format!("\n… {cut} bytes left out …\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn text_without_end_is_cut_off_with_a_word() {
        let (sender, mut events) = mpsc::channel(64);
        let mut teller = Teller::new(sender, CancellationToken::new());
        for _ in 0..8 {
            teller.tell(CliEvent::Text("x".repeat(1 << 20))).await.unwrap();
        }
        drop(teller);
        let mut kept = 0;
        let mut notices = 0;
        while let Some(event) = events.recv().await {
            match event {
                CliEvent::Text(text) => kept += text.len(),
                CliEvent::Notice(_) => notices += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((kept, notices), (MOST_TEXT, 1));
    }

    #[test]
    fn a_long_result_keeps_its_ends() {
        let mut text = format!("begin{}end", "ä".repeat(MOST_RESULT));
        shorten(&mut text);
        assert!(text.starts_with("beginä") && text.ends_with("äend") && text.contains("bytes left out"));
        assert!(text.len() < MOST_RESULT + 64);
    }
}
