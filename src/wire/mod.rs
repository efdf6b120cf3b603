//! The wire formats, both directions: what we send as a client is what we accept as a server. Here a
//! request becomes JSON, the bytes of a stream become deltas, and the other way round. Nothing here
//! opens a connection.
//!
//! Each format is a module; the functions here choose it by a [`WireFormat`].

pub mod anthropic;
pub mod gemini;
pub mod openai_chat;
pub mod openai_responses;
pub mod sse;

mod decoder;
mod encoder;
mod error;
mod history;
mod json;
mod request;
mod response;

use serde_json::Value;

use crate::chat::WireFormat;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{WireError, error_status};
pub(crate) use error::{classify, shorten};
pub use openai_chat::Dialect;
pub use request::{Effort, Request, UnknownEffort};
pub use response::Response;

/// The body of a request. History that the format would reject is put right: calls and results that
/// lack each other are left out, as is reasoning that another format signed; ids are made acceptable.
/// Gemini's body names neither the model nor whether to stream: its URL does.
pub fn encode_request(format: WireFormat, request: &Request) -> Value {
    match format {
        WireFormat::OpenaiChat => openai_chat::encode_request(request, Dialect::Plain),
        WireFormat::OpenaiResponses => openai_responses::encode_request(request),
        WireFormat::Anthropic => anthropic::encode_request(request),
        WireFormat::Gemini => gemini::encode_request(request),
    }
}

/// A request that was sent to us.
///
/// # Errors
/// When the body is not a request of this format, or holds what offshoot cannot pass on (an image by
/// URL, say). To be answered with status 400.
pub fn decode_request(format: WireFormat, body: &Value) -> Result<Request, WireError> {
    match format {
        WireFormat::OpenaiChat => openai_chat::decode_request(body),
        WireFormat::OpenaiResponses => openai_responses::decode_request(body),
        WireFormat::Anthropic => anthropic::decode_request(body),
        WireFormat::Gemini => gemini::decode_request(body),
    }
}

/// An answer that came whole, not streamed.
///
/// # Errors
/// What the provider's error object says, or `BadResponse` when the body is no answer.
pub fn decode_response(format: WireFormat, body: &Value) -> Result<Response, WireError> {
    if let Some(error) = WireError::from_body(None, body) {
        return Err(error);
    }
    match format {
        WireFormat::OpenaiChat => openai_chat::decode_response(body),
        WireFormat::OpenaiResponses => openai_responses::decode_response(body),
        WireFormat::Anthropic => anthropic::decode_response(body),
        WireFormat::Gemini => gemini::decode_response(body),
    }
}

/// A whole answer, for a client that does not stream.
pub fn encode_response(format: WireFormat, response: &Response) -> Value {
    match format {
        WireFormat::OpenaiChat => openai_chat::encode_response(response),
        WireFormat::OpenaiResponses => openai_responses::encode_response(response),
        WireFormat::Anthropic => anthropic::encode_response(response),
        WireFormat::Gemini => gemini::encode_response(response),
    }
}

/// The body of an error answer; its status is [`error_status`], or 400 for a request that could not
/// be decoded.
pub fn encode_error(format: WireFormat, error: &WireError) -> Value {
    match format {
        WireFormat::OpenaiChat | WireFormat::OpenaiResponses => openai_chat::encode_error(error),
        WireFormat::Anthropic => anthropic::encode_error(error),
        WireFormat::Gemini => gemini::encode_error(error),
    }
}
