//! What the system asks the program for.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The user's terminal or the system wants the program to end.
pub(super) struct Endings {
    hangup: Signal,
    terminate: Signal,
}

impl Endings {
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { hangup: signal(SignalKind::hangup())?, terminate: signal(SignalKind::terminate())? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
