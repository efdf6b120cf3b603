//! The reading end of a command's output: kept as head and tail, and handed on as it arrives.

use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;

use crate::tools::output::{Cap, HeadTail, Kept};

/// Reads a pipe to its end, in pieces, forgetting the middle.
pub(super) struct Stream {
    /// `None` once the pipe has ended.
    pipe: Option<pipe::Receiver>,
    kept: HeadTail,
    buffer: Vec<u8>,
    /// The start of a character whose rest has not arrived.
    pending: Vec<u8>,
}

const PIECE: usize = 8 * 1024;

impl Stream {
    pub fn new(pipe: pipe::Receiver, cap: Cap) -> Self {
        Self { pipe: Some(pipe), kept: HeadTail::new(cap), buffer: vec![0; PIECE], pending: Vec::new() }
    }

    pub fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Waits for one piece, or for the end. Nothing is lost when this future is dropped.
    pub async fn read(&mut self, on_output: &mut impl FnMut(&str)) {
        let Some(pipe) = &mut self.pipe else { return };
        // A pipe of our own has no errors but its end.
        let count = pipe.read(&mut self.buffer).await.unwrap_or(0);
        if count == 0 {
            self.pipe = None;
            return;
        }
        self.kept.push(&self.buffer[..count]);
        self.pending.extend_from_slice(&self.buffer[..count]);
        let ready = self.pending.len() - incomplete(&self.pending);
        on_output(&String::from_utf8_lossy(&self.pending[..ready]));
        self.pending.drain(..ready);
    }

    pub async fn read_to_end(&mut self, on_output: &mut impl FnMut(&str)) {
        while self.is_open() {
            self.read(on_output).await;
        }
    }

    pub fn finish(self, on_output: &mut impl FnMut(&str)) -> Kept {
        if !self.pending.is_empty() {
            on_output(&String::from_utf8_lossy(&self.pending));
        }
        self.kept.finish()
    }
}

/// How many bytes at the end are the start of a character that may still be completed.
fn incomplete(bytes: &[u8]) -> usize {
    bytes
        .utf8_chunks()
        .last()
        .map(|chunk| chunk.invalid())
        .filter(|invalid| {
            !invalid.is_empty() && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none())
        })
        .map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_start_of_a_character_waits() {
        for (bytes, waits) in
            [(&b"abc"[..], 0), (b"ab\xc3", 1), (b"ab\xe2\x82", 2), (b"ab\xff", 0), (b"\xc3\xa4", 0), (b"", 0)]
        {
            assert_eq!(incomplete(bytes), waits, "{bytes:?}");
        }
    }
}
