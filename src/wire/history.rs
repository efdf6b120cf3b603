//! Puts a history into a shape that providers accept, before any format sees it.

use std::collections::{HashMap, HashSet};

use crate::chat::{Message, Part, Role, ToolResult, WireFormat};

/// The history as it may be sent over `format`:
///
/// - reasoning that another format signed, or nobody, is left out; so is reasoning that nothing follows;
/// - calls without a result and results without a call are left out;
/// - the results stand right behind their calls, in the order of the calls, words of the user after them;
/// - ids of calls are unique, however the servers chose them;
/// - text of blanks only is left out, and messages that hold nothing then.
pub(super) fn settle(messages: &[Message], format: WireFormat) -> Vec<Message> {
    let mut settled = Vec::with_capacity(messages.len());
    let mut seen = HashSet::new();
    let mut rest = messages;
    while let Some((first, tail)) = rest.split_first() {
        if first.role != Role::Assistant {
            settled.extend(words(first));
            rest = tail;
            continue;
        }
        let end = tail.iter().position(|m| m.role == Role::Assistant).unwrap_or(tail.len());
        let (between, next) = tail.split_at(end);
        rest = next;
        let mut results: HashMap<&str, &ToolResult> = HashMap::new();
        for result in between.iter().flat_map(Message::tool_results) {
            results.entry(&result.id).or_insert(result);
        }
        let mut answers = Vec::new();
        let mut parts = Vec::new();
        for part in &first.parts {
            match part {
                Part::ToolCall(call) => {
                    let Some(result) = results.remove(call.id.as_str()) else { continue };
                    let id = unique(&call.id, &mut seen);
                    let mut call = call.clone();
                    call.signature = call.signature.filter(|signature| signature.wire == format);
                    let content = result.content.iter().filter(|part| is_content(part)).cloned().collect();
                    answers.push(ToolResult {
                        id: id.clone(),
                        name: call.name.clone(),
                        is_error: result.is_error,
                        content,
                    });
                    call.id = id;
                    parts.push(Part::ToolCall(call));
                }
                Part::Thinking { signature: Some(signature), .. } if signature.wire == format => {
                    parts.push(part.clone());
                }
                Part::Text(_) if is_content(part) => parts.push(part.clone()),
                _ => {}
            }
        }
        // Gemini signs text by what stands behind it; elsewhere reasoning wants something to follow.
        if format != WireFormat::Gemini {
            let said = parts.iter().rposition(|part| !matches!(part, Part::Thinking { .. }));
            parts.truncate(said.map_or(0, |last| last + 1));
        }
        if parts.iter().any(|part| !matches!(part, Part::Thinking { .. })) {
            settled.push(Message { role: Role::Assistant, parts });
        }
        if !answers.is_empty() {
            settled.push(Message::results(answers));
        }
        settled.extend(between.iter().filter_map(words));
    }
    settled
}

/// The text and images of a message that is not the assistant's, as the user's words.
fn words(message: &Message) -> Option<Message> {
    let parts: Vec<Part> = message.parts.iter().filter(|part| is_content(part)).cloned().collect();
    (!parts.is_empty()).then_some(Message { role: Role::User, parts })
}

fn is_content(part: &Part) -> bool {
    match part {
        Part::Text(text) => !text.trim().is_empty(),
        Part::Image(_) => true,
        _ => false,
    }
}

fn unique(id: &str, seen: &mut HashSet<String>) -> String {
    let mut candidate = id.to_owned();
    let mut n = 1;
    while !seen.insert(candidate.clone()) {
        n += 1;
        candidate = format!("{id}_{n}");
    }
    candidate
}

/// Gives the results of decoded messages the names of their calls.
pub(super) fn name_results(messages: &mut [Message]) {
    let names: HashMap<String, String> = messages
        .iter()
        .flat_map(Message::tool_calls)
        .map(|call| (call.id.clone(), call.name.clone()))
        .collect();
    for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
        if let Part::ToolResult(result) = part
            && let Some(name) = names.get(&result.id)
            && result.name.is_empty()
        {
            result.name.clone_from(name);
        }
    }
}

/// Appends a part to the last message when that has the role, else begins one.
pub(super) fn append(messages: &mut Vec<Message>, role: Role, part: Part) {
    match messages.last_mut() {
        Some(last) if last.role == role => last.parts.push(part),
        _ => messages.push(Message { role, parts: vec![part] }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{Signature, ToolCall};

    fn call(id: &str) -> Part {
        Part::ToolCall(ToolCall { id: id.into(), name: "ls".into(), input: json!({}), signature: None })
    }

    fn result(id: &str) -> Part {
        let content = vec![Part::Text(format!("of {id}"))];
        Part::ToolResult(ToolResult { id: id.into(), name: "ls".into(), is_error: false, content })
    }

    fn message(role: Role, parts: Vec<Part>) -> Message {
        Message { role, parts }
    }

    fn ids(messages: &[Message]) -> Vec<String> {
        let of = |part: &Part| match part {
            Part::ToolCall(call) => Some(format!("call {}", call.id)),
            Part::ToolResult(result) => Some(format!("result {}", result.id)),
            Part::Text(text) => Some(text.clone()),
            _ => None,
        };
        messages.iter().flat_map(|m| m.parts.iter().filter_map(of)).collect()
    }

    #[test]
    fn orphans_are_left_out_and_results_stand_behind_their_calls() {
        let history = [
            message(Role::Tool, vec![result("lost")]),
            Message::user("go"),
            message(Role::Assistant, vec![call("a"), call("b"), call("c")]),
            Message::user("wait"),
            message(Role::Tool, vec![result("c"), result("a"), result("x")]),
            message(Role::Assistant, vec![call("open")]),
        ];
        let settled = settle(&history, WireFormat::OpenaiChat);
        assert_eq!(ids(&settled), ["go", "call a", "call c", "result a", "result c", "wait"]);
    }

    #[test]
    fn an_id_used_twice_becomes_two() {
        let round = || [message(Role::Assistant, vec![call("0")]), message(Role::Tool, vec![result("0")])];
        let history: Vec<_> = round().into_iter().chain(round()).collect();
        assert_eq!(
            ids(&settle(&history, WireFormat::Anthropic)),
            ["call 0", "result 0", "call 0_2", "result 0_2"]
        );
    }

    #[test]
    fn reasoning_goes_only_to_who_signed_it_and_never_alone() {
        let thought = |wire| Part::Thinking {
            text: "hm".into(),
            signature: Some(Signature { wire, data: json!("s") }),
        };
        let said = || Part::Text("so".into());
        let history = [
            message(
                Role::Assistant,
                vec![thought(WireFormat::Gemini), said(), thought(WireFormat::Anthropic)],
            ),
            message(Role::Assistant, vec![thought(WireFormat::Anthropic)]),
        ];
        let count = |format| settle(&history, format).iter().map(|m| m.parts.len()).sum::<usize>();
        assert_eq!(count(WireFormat::Anthropic), 1);
        assert_eq!(count(WireFormat::Gemini), 2);
        assert_eq!(count(WireFormat::OpenaiChat), 1);
    }
}
