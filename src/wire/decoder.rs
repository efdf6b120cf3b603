//! Bytes of a stream to deltas.

use serde_json::Value;

use super::sse::{Event, Parser};
use super::{WireError, anthropic, gemini, openai_chat, openai_responses};
use crate::chat::{Delta, WireFormat};

/// Reads the stream of one answer. Bytes may be cut anywhere.
#[derive(Debug, Clone)]
pub struct Decoder {
    parser: Parser,
    stream: Stream,
    held: Option<WireError>,
}

#[derive(Debug, Clone)]
enum Stream {
    OpenaiChat(openai_chat::Stream),
    OpenaiResponses(openai_responses::Stream),
    Anthropic(anthropic::Stream),
    Gemini(gemini::Stream),
}

impl Decoder {
    pub fn new(format: WireFormat) -> Self {
        let stream = match format {
            WireFormat::OpenaiChat => Stream::OpenaiChat(openai_chat::Stream::default()),
            WireFormat::OpenaiResponses => Stream::OpenaiResponses(openai_responses::Stream::default()),
            WireFormat::Anthropic => Stream::Anthropic(anthropic::Stream::default()),
            WireFormat::Gemini => Stream::Gemini(gemini::Stream::default()),
        };
        Self { parser: Parser::default(), stream, held: None }
    }

    /// The deltas that these bytes complete.
    ///
    /// # Errors
    /// What the provider said in mid-stream, or `BadResponse` for what is not of the format. Deltas
    /// that came before the error are never lost for it: they are returned, and the next call (it may
    /// be `push(&[])`) gives the error. After an error the stream is over.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Delta>, WireError> {
        if let Some(error) = self.held.take() {
            return Err(error);
        }
        let mut deltas = Vec::new();
        for event in self.parser.push(bytes) {
            if let Err(error) = self.stream.event(&event, &mut deltas) {
                if deltas.is_empty() {
                    return Err(error);
                }
                self.held = Some(error);
                break;
            }
        }
        Ok(deltas)
    }

    /// Whether the end marker was read: what follows is of no interest.
    pub fn is_done(&self) -> bool {
        match &self.stream {
            Stream::OpenaiChat(stream) => stream.is_done(),
            Stream::OpenaiResponses(stream) => stream.is_done(),
            Stream::Anthropic(stream) => stream.is_done(),
            Stream::Gemini(_) => false,
        }
    }

    /// Whether the answer itself is complete, though its end marker may be missing.
    pub fn is_complete(&self) -> bool {
        self.held.is_none()
            && match &self.stream {
                Stream::OpenaiChat(stream) => stream.is_complete(),
                Stream::OpenaiResponses(stream) => stream.is_done(),
                Stream::Anthropic(stream) => stream.end().is_ok(),
                Stream::Gemini(stream) => stream.end().is_ok(),
            }
    }

    /// The last deltas, at the end of the bytes.
    ///
    /// # Errors
    /// `BadResponse` when the stream was cut before the answer was complete.
    pub fn finish(mut self) -> Result<Vec<Delta>, WireError> {
        if let Some(error) = self.held.take() {
            return Err(error);
        }
        let mut deltas = Vec::new();
        if let Some(event) = self.parser.finish() {
            // Half an event is not JSON: that is a cut, not a server that talks nonsense.
            let whole = event.data.trim() == "[DONE]" || serde_json::from_str::<Value>(&event.data).is_ok();
            if !whole {
                return Err(WireError::cut());
            }
            self.stream.event(&event, &mut deltas)?;
        }
        match &mut self.stream {
            Stream::OpenaiChat(stream) => stream.end(&mut deltas)?,
            Stream::OpenaiResponses(stream) => stream.end()?,
            Stream::Anthropic(stream) => stream.end()?,
            Stream::Gemini(stream) => stream.end()?,
        }
        Ok(deltas)
    }
}

impl Stream {
    fn event(&mut self, event: &Event, out: &mut Vec<Delta>) -> Result<(), WireError> {
        if event.data.trim().is_empty() {
            return Ok(());
        }
        if event.data.trim() == "[DONE]" {
            if let Self::OpenaiChat(stream) = self {
                stream.mark_done();
            }
            return Ok(());
        }
        let data: Value = serde_json::from_str(&event.data).map_err(|error| {
            WireError::bad(format!("the stream holds an event that is not JSON: {error}"))
        })?;
        match self {
            Self::OpenaiChat(stream) => stream.chunk(&data, out),
            Self::OpenaiResponses(stream) => stream.event(&event.name, &data, out),
            Self::Anthropic(stream) => stream.event(&event.name, &data, out),
            Self::Gemini(stream) => stream.chunk(&data, out),
        }
    }
}
