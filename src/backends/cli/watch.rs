//! When a run is given up: too long a silence, or retries without end. Time is an argument of the runtime's; nothing
//! is ended here.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::event::CliEvent;
use crate::chat::ErrorClass;

/// Why a run was ended by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cut {
    Cancelled,
    /// Nobody listens any more.
    Abandoned,
    /// It said nothing for so long.
    Silent(Duration),
    /// It kept trying again: how often, and what the last failure was.
    Retries {
        times: u32,
        class: ErrorClass,
        message: String,
    },
}

/// Keeps an eye on one run.
#[derive(Debug)]
pub(super) struct Watch {
    silence: Duration,
    max_retries: u32,
    last_sign: Instant,
    /// Tools that run, and questions to the user: they may take as long as they like.
    open: HashSet<String>,
    retries: u32,
}

impl Watch {
    pub fn new(silence: Duration, max_retries: u32) -> Self {
        Self { silence, max_retries, last_sign: Instant::now(), open: HashSet::new(), retries: 0 }
    }

    /// It printed something.
    pub fn alive(&mut self) {
        self.last_sign = Instant::now();
    }

    /// The user answered its question.
    pub fn answered(&mut self, id: &str) {
        self.open.remove(&question(id));
        self.alive();
    }

    /// Something of what it printed could not be read: it may have been the end of a tool.
    pub fn lost_track(&mut self) {
        self.open.clear();
    }

    /// When its silence is too long, unless it prints before.
    pub fn deadline(&self) -> Option<Instant> {
        self.open.is_empty().then(|| self.last_sign + self.silence)
    }

    pub fn silent(&self) -> Cut {
        Cut::Silent(self.silence)
    }

    pub fn saw(&mut self, event: &CliEvent) -> Result<(), Cut> {
        match event {
            CliEvent::ToolCall { call, .. } => {
                self.open.insert(call.id.clone());
            }
            CliEvent::ToolResult { id, .. } => {
                self.open.remove(id);
            }
            CliEvent::Permission { id, .. } => {
                self.open.insert(question(id));
            }
            CliEvent::Text(_) | CliEvent::Thinking(_) | CliEvent::ToolOutput { .. } => {}
            CliEvent::Retry { class, message, .. } => {
                self.retries += 1;
                if self.retries > self.max_retries {
                    let (class, message) = (*class, message.clone());
                    return Err(Cut::Retries { times: self.retries, class, message });
                }
                return Ok(());
            }
            _ => return Ok(()),
        }
        self.retries = 0;
        Ok(())
    }
}

/// Ids of questions are not those of tools.
fn question(id: &str) -> String {
    format!("? {id}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::backends::cli::ToolKind;
    use crate::chat::ToolCall;

    fn retry() -> CliEvent {
        CliEvent::Retry { attempt: 1, class: ErrorClass::Overloaded, message: "busy".into() }
    }

    #[tokio::test]
    async fn retries_in_a_row_are_cut_and_progress_counts_them_anew() {
        let mut watch = Watch::new(Duration::from_secs(1), 2);
        for event in
            [retry(), retry(), CliEvent::Text("a".into()), retry(), CliEvent::Notice("b".into()), retry()]
        {
            assert_eq!(watch.saw(&event), Ok(()));
        }
        let (times, class, message) = (3, ErrorClass::Overloaded, "busy".to_owned());
        assert_eq!(watch.saw(&retry()), Err(Cut::Retries { times, class, message }));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_counts_from_the_last_sign_and_not_while_a_tool_runs() {
        let mut watch = Watch::new(Duration::from_secs(10), 2);
        let start = Instant::now();
        assert_eq!(watch.deadline(), Some(start + Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(5)).await;
        watch.alive();
        assert_eq!(watch.deadline(), Some(start + Duration::from_secs(15)));
        let call = ToolCall { id: "1".into(), name: "bash".into(), input: Value::Null, signature: None };
        watch.saw(&CliEvent::ToolCall { call, kind: ToolKind::Other }).unwrap();
        assert_eq!(watch.deadline(), None);
        watch.saw(&CliEvent::ToolResult { id: "1".into(), is_error: false, content: String::new() }).unwrap();
        assert!(watch.deadline().is_some());
    }
    #[tokio::test(start_paused = true)]
    async fn a_question_may_wait_and_a_lost_line_may_not() {
        let mut watch = Watch::new(Duration::from_secs(10), 2);
        let call = ToolCall { id: "1".into(), name: "bash".into(), input: Value::Null, signature: None };
        watch
            .saw(&CliEvent::Permission { id: "1".into(), call: call.clone(), kind: ToolKind::Other })
            .unwrap();
        assert_eq!(watch.deadline(), None);
        watch.answered("1");
        assert!(watch.deadline().is_some());
        watch.saw(&CliEvent::ToolCall { call, kind: ToolKind::Other }).unwrap();
        watch.lost_track();
        assert!(watch.deadline().is_some());
    }
}
