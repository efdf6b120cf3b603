//! Deltas to the bytes of a stream.

use super::{WireError, anthropic, gemini, openai_chat, openai_responses};
use crate::chat::{Delta, WireFormat};

/// Writes the stream of one answer, for a client of ours.
#[derive(Debug)]
pub struct Encoder(Writer);

#[derive(Debug)]
enum Writer {
    OpenaiChat(openai_chat::Writer),
    OpenaiResponses(openai_responses::Writer),
    Anthropic(anthropic::Writer),
    Gemini(gemini::Writer),
}

impl Encoder {
    /// `id` is that of the answer, `model` the name that the client asked for.
    pub fn new(format: WireFormat, id: &str, model: &str) -> Self {
        Self(match format {
            WireFormat::OpenaiChat => Writer::OpenaiChat(openai_chat::Writer::new(id, model)),
            WireFormat::OpenaiResponses => Writer::OpenaiResponses(openai_responses::Writer::new(id, model)),
            WireFormat::Anthropic => Writer::Anthropic(anthropic::Writer::new(id, model)),
            WireFormat::Gemini => Writer::Gemini(gemini::Writer::new(id, model)),
        })
    }

    /// The bytes of a delta; may be none where the format says it later.
    pub fn push(&mut self, delta: &Delta) -> Vec<u8> {
        match &mut self.0 {
            Writer::OpenaiChat(writer) => writer.push(delta),
            Writer::OpenaiResponses(writer) => writer.push(delta),
            Writer::Anthropic(writer) => writer.push(delta),
            Writer::Gemini(writer) => writer.push(delta),
        }
    }

    /// The end of an answer that is complete.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            Writer::OpenaiChat(writer) => writer.finish(),
            Writer::OpenaiResponses(writer) => writer.finish(),
            Writer::Anthropic(writer) => writer.finish(),
            Writer::Gemini(writer) => writer.finish(),
        }
    }

    /// The end of an answer that failed in its middle.
    pub fn fail(self, error: &WireError) -> Vec<u8> {
        match self.0 {
            Writer::OpenaiChat(_) => openai_chat::Writer::fail(error),
            Writer::OpenaiResponses(writer) => writer.fail(error),
            Writer::Anthropic(_) => anthropic::Writer::fail(error),
            Writer::Gemini(_) => gemini::Writer::fail(error),
        }
    }
}
