//! Answers that are not streamed.

use offshoot::chat::WireFormat;
use serde_json::{Value, json};

use super::USAGE;
use crate::support::model_server::Piece;

pub fn render(pieces: &[Piece], format: WireFormat) -> Value {
    let (prompt, cached, output, reasoning) = USAGE;
    let calls = pieces.iter().filter(|piece| matches!(piece, Piece::Call(..)));
    let has_calls = calls.clone().next().is_some();
    let text: String = pieces
        .iter()
        .filter_map(|piece| if let Piece::Text(t) = piece { Some(&**t) } else { None })
        .collect();
    match format {
        WireFormat::OpenaiChat => {
            let call = |(at, piece): (usize, &Piece)| match piece {
                Piece::Call(name, input) => json!({"id": format!("call_{at}"), "type": "function",
                    "function": {"name": name, "arguments": input.to_string()}}),
                _ => Value::Null,
            };
            let mut message = json!({"role": "assistant", "content": text});
            if has_calls {
                message["tool_calls"] = calls.enumerate().map(call).collect();
            }
            let finish = if has_calls { "tool_calls" } else { "stop" };
            json!({"id": "chatcmpl-whole", "object": "chat.completion", "created": 1, "model": "test-model",
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output,
                    "prompt_tokens_details": {"cached_tokens": cached},
                    "completion_tokens_details": {"reasoning_tokens": reasoning}}})
        }
        WireFormat::OpenaiResponses => {
            let item = |(at, piece): (usize, &Piece)| match piece {
                Piece::Call(name, input) => json!({"id": format!("fc_{at}"), "type": "function_call",
                    "status": "completed", "call_id": format!("call_{at}"), "name": name,
                    "arguments": input.to_string()}),
                Piece::Text(text) | Piece::Thinking(text) => {
                    json!({"id": format!("msg_{at}"), "type": "message",
                    "status": "completed", "role": "assistant",
                    "content": [{"type": "output_text", "text": text, "annotations": []}]})
                }
            };
            json!({"id": "resp_whole", "object": "response", "created_at": 1, "model": "test-model",
                "status": "completed", "error": null, "incomplete_details": null,
                "output": pieces.iter().enumerate().map(item).collect::<Vec<_>>(),
                "usage": {"input_tokens": prompt, "input_tokens_details": {"cached_tokens": cached},
                    "output_tokens": output, "output_tokens_details": {"reasoning_tokens": reasoning},
                    "total_tokens": prompt + output}})
        }
        WireFormat::Anthropic => {
            let block = |(at, piece): (usize, &Piece)| match piece {
                Piece::Call(name, input) => {
                    json!({"type": "tool_use", "id": format!("toolu_{at}"), "name": name, "input": input})
                }
                Piece::Text(text) | Piece::Thinking(text) => json!({"type": "text", "text": text}),
            };
            json!({"id": "msg_whole", "type": "message", "role": "assistant", "model": "test-model",
                "content": pieces.iter().enumerate().map(block).collect::<Vec<_>>(),
                "stop_reason": if has_calls { "tool_use" } else { "end_turn" }, "stop_sequence": null,
                "usage": {"input_tokens": prompt - cached, "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": cached, "output_tokens": output}})
        }
        WireFormat::Gemini => {
            let part = |piece: &Piece| match piece {
                Piece::Call(name, input) => json!({"functionCall": {"name": name, "args": input}}),
                Piece::Text(text) | Piece::Thinking(text) => json!({"text": text}),
            };
            let content = json!({"role": "model", "parts": pieces.iter().map(part).collect::<Vec<_>>()});
            json!({"candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
                "usageMetadata": {"promptTokenCount": prompt, "cachedContentTokenCount": cached,
                    "candidatesTokenCount": output - reasoning, "thoughtsTokenCount": reasoning,
                    "totalTokenCount": prompt + output},
                "modelVersion": "test-model", "responseId": "resp_whole"})
        }
    }
}
