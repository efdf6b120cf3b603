//! JSON-RPC 2.0 as one message on each line, both directions. Knows nothing of what the messages mean.

use agent_client_protocol_schema::v1::RequestId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A message that came.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message {
    /// Waits for an answer with this id.
    Request {
        id: RequestId,
        method: String,
        params: Value,
    },
    Notification {
        method: String,
        params: Value,
    },
    /// Of a request of ours.
    Answer {
        id: RequestId,
        result: Result<Value, RpcError>,
    },
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RpcError {
    #[serde(default)]
    pub code: i64,
    #[serde(default)]
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// The method is not one of ours.
pub(super) const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters make no sense.
pub(super) const INVALID_PARAMS: i64 = -32602;

/// The message on a line; `None` when it holds none, such as a banner that went to the wrong stream.
pub(super) fn parse(line: &str) -> Option<Message> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(default)]
        id: Option<RequestId>,
        #[serde(default)]
        method: Option<String>,
        #[serde(default)]
        params: Value,
        #[serde(default)]
        result: Option<Value>,
        #[serde(default)]
        error: Option<Value>,
    }
    let envelope: Envelope = serde_json::from_str(line).ok()?;
    let id = envelope.id.filter(|id| *id != RequestId::Null);
    match (envelope.method, id) {
        (Some(method), Some(id)) => Some(Message::Request { id, method, params: envelope.params }),
        (Some(method), None) => Some(Message::Notification { method, params: envelope.params }),
        (None, Some(id)) => {
            let result = match envelope.error {
                Some(error) => Err(serde_json::from_value(error.clone()).unwrap_or_else(|_| RpcError {
                    code: 0,
                    message: error.to_string(),
                    data: None,
                })),
                // A result of `null` is a result.
                None => Ok(envelope.result.unwrap_or_default()),
            };
            Some(Message::Answer { id, result })
        }
        (None, None) => None,
    }
}

pub(super) fn request(id: i64, method: &str, params: &impl Serialize) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

pub(super) fn notification(method: &str, params: &impl Serialize) -> String {
    json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
}

pub(super) fn answer(id: &RequestId, result: &impl Serialize) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()
}

pub(super) fn refusal(id: &RequestId, code: i64, message: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_notifications_and_answers_are_told_apart() {
        let method = || String::from("m");
        let cases = [
            (
                r#"{"jsonrpc":"2.0","id":0,"method":"m","params":{}}"#,
                Message::Request { id: RequestId::Number(0), method: method(), params: json!({}) },
            ),
            (
                r#"{"id":"a-1","method":"m"}"#,
                Message::Request { id: RequestId::Str("a-1".into()), method: method(), params: Value::Null },
            ),
            (
                r#"{"id":null,"method":"m","params":[1]}"#,
                Message::Notification { method: method(), params: json!([1]) },
            ),
            (
                r#"{"result":null,"id":3}"#,
                Message::Answer { id: RequestId::Number(3), result: Ok(Value::Null) },
            ),
            (
                r#"{"id":3,"error":{"code":-32000,"message":"no"}}"#,
                Message::Answer {
                    id: RequestId::Number(3),
                    result: Err(RpcError { code: -32000, message: "no".into(), data: None }),
                },
            ),
            (
                r#"{"id":3,"error":"plain"}"#,
                Message::Answer {
                    id: RequestId::Number(3),
                    result: Err(RpcError { code: 0, message: "\"plain\"".into(), data: None }),
                },
            ),
        ];
        for (line, message) in cases {
            assert_eq!(parse(line), Some(message), "{line}");
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        for line in
            ["", "starting…", "[]", "{}", "3", r#"{"id":1.5,"result":1}"#, r#"{"method":3}"#, "{\"id\":1"]
        {
            assert_eq!(parse(line), None, "{line}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&format!("{{\"id\":1,\"result\":{deep}")), None);
    }

    #[test]
    fn a_message_is_one_line() {
        let line = request(7, "m", &json!({ "text": "a\nb" }));
        assert!(!line.contains('\n'));
        assert_eq!(
            parse(&line),
            Some(Message::Request {
                id: RequestId::Number(7),
                method: "m".into(),
                params: json!({ "text": "a\nb" })
            })
        );
    }
}
