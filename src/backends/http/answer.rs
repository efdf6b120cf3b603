//! The body of an answer as a stream of deltas.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::Stream;
use reqwest::Response;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::failure::is_html;
use crate::backends::BackendError;
use crate::chat::{Delta, ErrorClass, WireFormat};
use crate::wire::{Decoder, WireError, decode_response};

/// A whole answer is not longer than this, in bytes.
const WHOLE_LIMIT: usize = 64 << 20;

struct Answer {
    shared: Arc<Shared>,
    model: String,
    cancel: CancellationToken,
    /// Dropped, and the connection with it, as soon as nothing more is wanted of it.
    response: Option<Response>,
    body: Body,
    ready: VecDeque<Result<Delta, BackendError>>,
}

enum Body {
    /// Nothing but blanks yet.
    Unknown,
    Events(Decoder),
    /// JSON in one piece, though a stream was asked for.
    Whole(Vec<u8>),
    Html,
}

pub(super) fn deltas(
    shared: Arc<Shared>,
    model: String,
    response: Response,
    cancel: CancellationToken,
) -> impl Stream<Item = Result<Delta, BackendError>> + Send + 'static {
    let body = if is_html(response.headers()) { Body::Html } else { Body::Unknown };
    let answer = Answer { shared, model, cancel, response: Some(response), body, ready: VecDeque::new() };
    futures::stream::unfold(answer, |mut answer| async move {
        let item = answer.next().await?;
        Some((item, answer))
    })
}

impl Answer {
    async fn next(&mut self) -> Option<Result<Delta, BackendError>> {
        loop {
            if self.response.is_some() && self.cancel.is_cancelled() {
                self.end_with(BackendError::cancelled());
            }
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            let response = self.response.as_mut()?;
            if matches!(self.body, Body::Html) {
                self.end_with(self.shared.not_an_api(None));
                continue;
            }
            let chunk = tokio::select! {
                biased;
                () = self.cancel.cancelled() => continue,
                chunk = tokio::time::timeout(self.shared.idle(), response.chunk()) => chunk,
            };
            match chunk {
                Err(_) => self.end_with(self.shared.silent()),
                Ok(Err(error)) => self.broke(&error),
                Ok(Ok(Some(bytes))) => self.take(&bytes),
                Ok(Ok(None)) => self.finish(),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if let Body::Unknown = self.body {
            let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else { return };
            self.body = match first {
                b'{' | b'[' => Body::Whole(Vec::new()),
                b'<' => Body::Html,
                _ => Body::Events(Decoder::new(self.shared.format())),
            };
        }
        match &mut self.body {
            Body::Whole(whole) if whole.len() + bytes.len() > WHOLE_LIMIT => {
                self.fail(&WireError::new(ErrorClass::BadResponse, "the answer is too long"));
            }
            Body::Whole(whole) => whole.extend_from_slice(bytes),
            Body::Events(decoder) => {
                let pushed = decoder.push(bytes);
                // An error behind these deltas is known already: no need to wait for more bytes.
                let held = decoder.push(&[]);
                let done = decoder.is_done();
                match pushed {
                    Ok(deltas) => self.ready.extend(deltas.into_iter().map(Ok)),
                    Err(error) => return self.fail(&error),
                }
                match held {
                    Err(error) => self.fail(&error),
                    Ok(_) if done => self.finish(),
                    Ok(_) => {}
                }
            }
            Body::Unknown | Body::Html => {}
        }
    }

    /// The body has ended, or its end marker has come.
    fn finish(&mut self) {
        self.response = None;
        let deltas = match std::mem::replace(&mut self.body, Body::Unknown) {
            Body::Unknown => Err(WireError::new(ErrorClass::BadResponse, "the answer is empty")),
            Body::Events(decoder) => decoder.finish(),
            Body::Whole(bytes) => whole(self.shared.format(), &bytes),
            Body::Html => return self.end_with(self.shared.not_an_api(None)),
        };
        match deltas {
            Ok(deltas) => self.ready.extend(deltas.into_iter().map(Ok)),
            Err(error) => self.fail(&error),
        }
    }

    /// Some servers close the connection rudely behind a complete answer.
    fn broke(&mut self, error: &reqwest::Error) {
        let broken = self.shared.broken(error);
        match std::mem::replace(&mut self.body, Body::Unknown) {
            Body::Events(decoder) if decoder.is_complete() => {
                self.body = Body::Events(decoder);
                self.finish();
            }
            _ => self.end_with(broken),
        }
    }

    fn fail(&mut self, error: &WireError) {
        self.end_with(self.shared.said(error, &self.model, None));
    }

    fn end_with(&mut self, error: BackendError) {
        if error.class == ErrorClass::Cancelled {
            self.ready.clear();
        }
        self.response = None;
        self.ready.push_back(Err(error));
    }
}

/// The deltas of an answer in one piece; Gemini without `alt=sse` sends an array of pieces.
fn whole(format: WireFormat, bytes: &[u8]) -> Result<Vec<Delta>, WireError> {
    let bad = |error| WireError::new(ErrorClass::BadResponse, format!("the answer is not JSON: {error}"));
    let body: Value = serde_json::from_slice(bytes).map_err(bad)?;
    if let Some(error) = WireError::from_body(None, &body) {
        return Err(error);
    }
    let Value::Array(pieces) = body else {
        return Ok(decode_response(format, &body)?.into_deltas());
    };
    let mut decoder = Decoder::new(format);
    let mut deltas = Vec::new();
    for piece in pieces {
        deltas.extend(decoder.push(&crate::wire::sse::write("", &piece.to_string()))?);
        deltas.extend(decoder.push(&[])?);
    }
    deltas.extend(decoder.finish()?);
    Ok(deltas)
}
