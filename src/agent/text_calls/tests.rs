//! Texts in, calls out.

use serde_json::json;

use super::*;

fn known(name: &str) -> bool {
    ["read", "write", "edit", "bash", "grep", "todo"].contains(&name)
}

fn one(text: &str) -> (String, Vec<(String, Value)>) {
    let found = extract(text, &known, ToolCallStyle::Auto).unwrap_or_else(|| panic!("no call in {text}"));
    assert_eq!(found.cut_off, None, "{text}");
    (found.text, found.calls.into_iter().map(|call| (call.name, call.input)).collect())
}

/// A text, what remains of it, and its calls.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, Value)]);

fn check(table: &[Case<'_>]) {
    for (text, rest, calls) in table {
        let (left, found) = one(text);
        let wanted: Vec<(String, Value)> =
            calls.iter().map(|(name, input)| ((*name).to_owned(), input.clone())).collect();
        assert_eq!(found, wanted, "{text}");
        assert_eq!(left, *rest, "{text}");
    }
}

#[test]
fn the_fenced_protocol() {
    check(&[
        (
            "I will write it.\n\n````tool:write path=src/a b.rs\nfn main() {\n    \"x\\n\";\n}\n````\n",
            "I will write it.",
            &[("write", json!({"path": "src/a b.rs", "content": "fn main() {\n    \"x\\n\";\n}\n"}))],
        ),
        (
            "```tool:edit path=a.py\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n```",
            "",
            &[("edit", json!({"path": "a.py", "old_string": "old\n", "new_string": "new\n"}))],
        ),
        (
            "```tool:edit path=a\n<<<<<<< SEARCH\na\n=======\n>>>>>>> REPLACE\n\n<<<<<<< SEARCH\nb\n=======\nc\nd\n>>>>>>> REPLACE\n```",
            "",
            &[(
                "edit",
                json!({"path": "a", "edits": [
                    {"old_string": "a\n", "new_string": ""},
                    {"old_string": "b\n", "new_string": "c\nd\n"},
                ]}),
            )],
        ),
        (
            "```tool:bash\ncd x && ls\n```\nand\n```tool:read path=a offset=3\n```\ndone",
            "and\n\ndone",
            &[("bash", json!({"command": "cd x && ls"})), ("read", json!({"path": "a", "offset": 3}))],
        ),
        ("```tool:grep\n{\"pattern\": \"a\\\\d\",}\n```", "", &[("grep", json!({"pattern": "a\\d"}))]),
        (
            "```tool:read\npath: src/a.rs\nlimit: 5\n```",
            "",
            &[("read", json!({"path": "src/a.rs", "limit": 5}))],
        ),
        ("```tool:bash\n{\"command\": \"ls\"}\n```", "", &[("bash", json!({"command": "ls"}))]),
        ("```tool:bash command=\"ls -l x=y\"\n```", "", &[("bash", json!({"command": "ls -l x=y"}))]),
        // A file of JSON, and one with blocks of its own.
        (
            "```tool:write path=a.json\n{\"content\": 1}\n```",
            "",
            &[("write", json!({"path": "a.json", "content": "{\"content\": 1}\n"}))],
        ),
        (
            "```tool:write path=README.md\n# x\n```sh\nls\n```\nend\n```\nbye",
            "bye",
            &[("write", json!({"path": "README.md", "content": "# x\n```sh\nls\n```\nend\n"}))],
        ),
        (
            "`````tool:write path=a.md\n````tool:read path=x\n````\n`````",
            "",
            &[("write", json!({"path": "a.md", "content": "````tool:read path=x\n````\n"}))],
        ),
    ]);
}

#[test]
fn the_formats_that_leak() {
    let read = || ("read", json!({"path": "a.rs"}));
    check(&[
        (
            "Look:\n<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\": \"a.rs\"}}\n</tool_call>",
            "Look:",
            &[read()],
        ),
        (
            "<tool_call>{\"name\":\"read\",\"arguments\":{\"path\":\"a.rs\"}}</tool_call>\n<tool_call>{\"name\":\"bash\",\"arguments\":\"{\\\"command\\\":\\\"ls\\\"}\"}",
            "",
            &[read(), ("bash", json!({"command": "ls"}))],
        ),
        (
            "ok.<tool_calls>[{\"name\":\"read\",\"arguments\":{\"path\":\"a.rs\"}}]</tool_calls> bye",
            "ok.\n\nbye",
            &[read()],
        ),
        (
            "<tool_call>\n<function=write>\n<parameter=path>\na.rs\n</parameter>\n<parameter=content>\nif a < b {\n}\n\n</parameter>\n</function>\n</tool_call>",
            "",
            &[("write", json!({"path": "a.rs", "content": "if a < b {\n}\n"}))],
        ),
        ("<function=read>{\"path\": \"a.rs\"}</function>", "", &[read()]),
        ("<function=read><parameter=path>a.rs</parameter></tool_call>", "</tool_call>", &[read()]),
        (
            "<function=read><parameter=path>a.rs<parameter=limit>3</parameter></function>",
            "",
            &[("read", json!({"path": "a.rs", "limit": 3}))],
        ),
        (
            "<function_calls>\n<invoke name=\"read\">\n<parameter name=\"path\">a.rs</parameter>\n</invoke>\n<invoke name=\"todo\">\n<parameter name=\"items\">[\"a\"]</parameter>\n</invoke>\n</function_calls>",
            "",
            &[read(), ("todo", json!({"items": ["a"]}))],
        ),
        ("<x:invoke name=\"read\"><x:parameter name=\"path\">a.rs</x:parameter></x:invoke>", "", &[read()]),
        (
            "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>a.rs</arg_value>\n</tool_call>",
            "",
            &[read()],
        ),
        ("[TOOL_CALLS][{\"name\": \"read\", \"arguments\": {\"path\": \"a.rs\"}}]", "", &[read()]),
        (
            "[TOOL_CALLS]read[ARGS]{\"path\": \"a.rs\"}[TOOL_CALLS]bash{\"command\": \"ls\"}",
            "",
            &[read(), ("bash", json!({"command": "ls"}))],
        ),
        ("<|python_tag|>{\"name\": \"read\", \"parameters\": {\"path\": \"a.rs\"}}<|eom_id|>", "", &[read()]),
        (
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read\n```json\n{\"path\": \"a.rs\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "",
            &[read()],
        ),
        (
            "Hm.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>{\"path\": \"a.rs\"}<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>bash<｜tool▁sep｜>{\"command\": \"ls\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "Hm.",
            &[read(), ("bash", json!({"command": "ls"}))],
        ),
        (
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{\"path\": \"a.rs\"}<|tool_call_end|><|tool_calls_section_end|>",
            "",
            &[read()],
        ),
        (
            "<|channel|>commentary to=functions.read <|constrain|>json<|message|>{\"path\": \"a.rs\"}<|call|>",
            "",
            &[read()],
        ),
        ("So:\nfunctions.read({\"path\": \"a.rs\"});", "So:", &[read()]),
        ("{\"name\": \"read\", \"parameters\": {\"path\": \"a.rs\"}}", "", &[read()]),
        ("I read.\n\n{'tool': 'read', 'args': {'path': 'a.rs',},}\n", "I read.", &[read()]),
        (
            "I read.\n```json\n{\"tool\": \"read\", \"parameters\": {\"path\": \"a.rs\"}}\n```\n",
            "I read.",
            &[read()],
        ),
        (
            "```tool_call\n{\"name\": \"read\", \"arguments\": {\"path\": \"a.rs\"}}\n```\nwait",
            "wait",
            &[read()],
        ),
        (
            "{\"function\": {\"name\": \"read\", \"arguments\": \"{\\\"path\\\": \\\"a.rs\\\"}\"}}",
            "",
            &[read()],
        ),
    ]);
}

#[test]
fn what_is_not_a_call() {
    let json = r#"{"name": "read", "arguments": {"path": "a"}}"#;
    for text in [
        "",
        "Just words, a < b, [1] and functions.",
        "{\"name\": \"offshoot\", \"arguments\": {}}",
        "{\"name\": \"read\"}",
        "{\"name\": \"package\", \"version\": \"1\"}",
        "The config:\n```json\n{\"port\": 1}\n```",
        &format!("For example\n```json\n{json}\n```\nis how it looks."),
        &format!("For example\n{json}\nis how it looks."),
        &format!("```xml\n<tool_call>{json}</tool_call>\n```\n"),
        &format!("Write `<tool_call>{json}</tool_call>` to call."),
        &format!("> <tool_call>{json}</tool_call>\n"),
        &format!("<think>I could <tool_call>{json}</tool_call></think>No."),
        &format!("<tool_response>\n<tool_call>{json}</tool_call>\n</tool_response>\nDone."),
        "<tool_call>{\"name\": \"launch\", \"arguments\": {}}</tool_call>",
        "<tool_call>not json</tool_call>",
        "The <tool_call> tag is what it prints.",
        "```tool:launch\nx\n```",
        "<function=launch><parameter=a>1</parameter></function>",
        "Vec<function> and <invoke> are types",
        "[TOOL_CALLS] is a token {of theirs}",
        "functions.read(path)",
        "<｜tool▁call▁begin｜>launch<｜tool▁sep｜>{}<｜tool▁call▁end｜>",
        "````text\n```tool:bash\nls\n```\n````",
    ] {
        assert_eq!(extract(text, &known, ToolCallStyle::Auto), None, "{text}");
    }
    let call = format!("<tool_call>{json}</tool_call>");
    assert_eq!(extract(&call, &known, ToolCallStyle::Native), None);
    assert!(extract(&call, &known, ToolCallStyle::Text).is_some());
}

#[test]
fn a_call_that_was_cut_off_is_named_and_never_run() {
    for (text, tool) in [
        ("So.\n```tool:write path=a\nhalf", "write"),
        ("So.\n```tool:bash\nrm -rf", "bash"),
        ("So.\n```tool:edit path=a\n<<<<<<< SEARCH\na\n=======\nb", "edit"),
        (
            "So.\n<tool_call>\n{\"name\": \"write\", \"arguments\": {\"path\": \"a\", \"content\": \"hal",
            "write",
        ),
        ("So.\n<function=write><parameter=path>a</parameter><parameter=content>hal", "write"),
        ("So.\n<function=write><parameter=path>a</parameter>", "write"),
        ("So.\n[TOOL_CALLS][{\"name\": \"read\", \"argum", "read"),
        (
            "So.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read\n```json\n{\"pa",
            "read",
        ),
        ("So.\n<tool_call", ""),
    ] {
        let found = extract(text, &known, ToolCallStyle::Auto).unwrap_or_else(|| panic!("{text}"));
        let wanted = Extracted { text: "So.".into(), calls: vec![], cut_off: Some(tool.to_owned()) };
        assert_eq!(found, wanted, "{text}");
    }
    let both = "```tool:read path=a\n```\n```tool:write path=b\nhalf";
    let found = extract(both, &known, ToolCallStyle::Auto).unwrap();
    assert_eq!((found.calls.len(), found.cut_off.as_deref()), (1, Some("write")));
}

#[test]
fn a_block_without_its_last_fence_counts_when_nothing_can_be_missing() {
    for (text, name) in [
        ("```tool:edit path=a\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE", "edit"),
        ("```tool:grep\n{\"pattern\": \"x\"}\n", "grep"),
    ] {
        assert_eq!(one(text).1[0].0, name, "{text}");
    }
}

#[test]
fn streaming_shows_text_and_holds_calls_back() {
    for (text, shown) in [
        ("Hello, a < b and [x] `y`", "Hello, a < b and [x] `y`"),
        ("Look: <tool_call>{\"name\": \"read\"", "Look: "),
        ("Look: <tool", "Look: "),
        ("Look: <", "Look: "),
        ("Look: <b", "Look: <b"),
        ("Look:\n``", "Look:\n"),
        ("Look:\n```to", "Look:\n"),
        ("Look:\n````tool:write path=a\nxx", "Look:\n"),
        ("Look:\n```rust\nfn main", "Look:\n```rust\nfn main"),
        ("Look:\n```rust\nVec<tool_call", "Look:\n```rust\nVec<tool_call"),
        ("Look:\n```json\n{\"a", "Look:\n"),
        ("Look:\n```json\n{\"a\": 1}\n```\nmore", "Look:\n```json\n{\"a\": 1}\n```\nmore"),
        ("{\"name\": \"re", ""),
        ("Look:\n{\"name\": \"re", "Look:\n"),
        ("Look:\n{ block }", "Look:\n{ block }"),
        ("Look:\nfunctions.rea", "Look:\n"),
        ("Look:\nfor", "Look:\nfor"),
    ] {
        let (safe, _) = settled(text, 0, &known);
        assert_eq!(&text[..safe], shown, "{text}");
        assert_eq!(could_begin_call(text, &known), safe < text.len());
        // Character by character: what was shown is never taken back, and no call is among it.
        let mut holdback = Holdback::default();
        let mut all = String::new();
        for c in text.chars() {
            all.push_str(holdback.push(&c.to_string(), &known));
            assert!(text.starts_with(&all), "{text}");
        }
        assert_eq!(all, shown, "{text}");
        assert_eq!(format!("{all}{}", holdback.held()), text);
    }
}

#[test]
fn the_prompt_teaches_what_is_understood() {
    let spec = |name: &str, parameters: Value| ToolSpec {
        name: name.into(),
        description: format!("Does {name}."),
        parameters,
    };
    let tools = [
        spec(
            "write",
            json!({"properties": {"path": {"type": "string", "description": "Where"}}, "required": ["path"]}),
        ),
        spec("edit", json!({})),
        spec("bash", json!({})),
        spec(
            "grep",
            json!({"properties": {"pattern": {"type": "string"}, "limit": {"type": "integer"}}, "required": ["pattern"]}),
        ),
    ];
    let prompt = prompt(&tools);
    let (_, calls) = one(&prompt);
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["write", "edit", "bash", "grep"]);
    assert!(prompt.contains("- `limit` (integer, optional)"), "{prompt}");
    assert_eq!(calls[3].1, json!({"pattern": "…"}));
}

#[test]
fn no_text_is_too_odd() {
    let pieces = [
        "<tool_call>",
        "{\"name\":",
        "\"read\"",
        "```",
        "tool:write",
        "\n",
        "<｜tool▁call▁begin｜>",
        "é",
        "}",
        "[TOOL_CALLS]",
        "=",
        "<parameter=a>",
        "'",
        "<function=read>",
        "functions.",
    ];
    // A fixed sequence that visits many neighbours; none may panic, in full or cut at any character.
    let mut state = 7_usize;
    for _ in 0..400 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) % pieces.len()]);
        }
        let _ = extract(&text, &known, ToolCallStyle::Text);
        let mut holdback = Holdback::default();
        for c in text.chars() {
            holdback.push(&c.to_string(), &known);
        }
    }
}

#[test]
fn what_is_rendered_reads_back() {
    let calls = [
        ("write", serde_json::json!({"path": "a.md", "content": "x\n```\ncode\n````\n"})),
        ("edit", serde_json::json!({"path": "a.rs", "old_string": "one\n", "new_string": "two\n"})),
        ("bash", serde_json::json!({"command": "echo a && ls"})),
        ("grep", serde_json::json!({"pattern": "x", "path": "src"})),
    ];
    for (name, input) in calls {
        let text = render(name, &input);
        let found = extract(&text, &|_| true, ToolCallStyle::Text).unwrap();
        assert_eq!(found.calls.len(), 1, "{text}");
        assert_eq!((found.calls[0].name.as_str(), &found.calls[0].input), (name, &input), "{text}");
    }
}
