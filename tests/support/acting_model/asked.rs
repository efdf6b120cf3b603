//! A request for an answer of the model's, read the same from all wire formats.

use offshoot::chat::WireFormat;
use serde_json::Value;

use super::format_of;
use crate::support::model_server::Received;

pub struct Asked {
    pub format: WireFormat,
    pub streamed: bool,
    pub system: String,
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    /// What JSON the answer has to be.
    pub schema: Option<Value>,
}

/// What matters of a message, in the order of the conversation.
pub enum Turn {
    User(String),
    /// Words or calls of the model.
    Model,
    /// What a tool answered.
    Result(String),
}

pub struct Tool {
    pub name: String,
    pub schema: Value,
}

impl Asked {
    /// `None` when the path is none of a wire format's.
    pub fn read(request: &Received) -> Option<Self> {
        let format = format_of(&request.path)?;
        let body = &request.body;
        let mut asked = Self {
            format,
            streamed: body["stream"] == true,
            system: String::new(),
            turns: Vec::new(),
            tools: tools(body),
            schema: None,
        };
        match format {
            WireFormat::OpenaiChat => {
                asked.messages(&body["messages"]);
                asked.schema = found(&body["response_format"]["json_schema"]["schema"]);
            }
            WireFormat::OpenaiResponses => {
                asked.system = words(&body["instructions"]);
                match &body["input"] {
                    Value::String(text) => asked.turns.push(Turn::User(text.clone())),
                    items => asked.messages(items),
                }
                asked.schema = found(&body["text"]["format"]["schema"]);
            }
            WireFormat::Anthropic => {
                asked.system = words(&body["system"]);
                asked.messages(&body["messages"]);
                asked.schema = found(&body["output_config"]["format"]["schema"]);
            }
            WireFormat::Gemini => {
                asked.streamed = request.path.contains(":streamGenerateContent");
                asked.system = words(&body["systemInstruction"]["parts"]);
                asked.messages(&body["contents"]);
                let config = &body["generationConfig"];
                asked.schema =
                    found(&config["responseJsonSchema"]).or_else(|| found(&config["responseSchema"]));
            }
        }
        Some(asked)
    }

    fn messages(&mut self, messages: &Value) {
        for message in each(messages) {
            match message["role"].as_str() {
                Some("system" | "developer") => self.system += &words(&message["content"]),
                Some("assistant" | "model") => self.turns.push(Turn::Model),
                Some("tool") => self.turns.push(Turn::Result(words(&message["content"]))),
                Some(_) => self.user(message),
                // The items of the responses API that are no messages.
                None => match message["type"].as_str() {
                    Some(kind) if kind.ends_with("_call_output") => {
                        self.turns.push(Turn::Result(words(&message["output"])));
                    }
                    Some(kind) if kind.ends_with("_call") => self.turns.push(Turn::Model),
                    _ => {}
                },
            }
        }
    }

    /// A user's message holds text, or in some formats the results of tools.
    fn user(&mut self, message: &Value) {
        let parts = if message["parts"].is_array() { &message["parts"] } else { &message["content"] };
        if let Some(text) = parts.as_str() {
            self.turns.push(Turn::User(text.to_owned()));
        }
        for part in each(parts) {
            if part["type"] == "tool_result" {
                self.turns.push(Turn::Result(words(&part["content"])));
            } else if part["functionResponse"].is_object() {
                self.turns.push(Turn::Result(part["functionResponse"]["response"].to_string()));
            } else if let Some(text) = part["text"].as_str() {
                self.turns.push(Turn::User(text.to_owned()));
            }
        }
    }
}

/// The functions that are offered; what else counts as a tool is left out.
fn tools(body: &Value) -> Vec<Tool> {
    let mut tools = Vec::new();
    for tool in each(&body["tools"]) {
        let declared = [&tool["functionDeclarations"], &tool["function_declarations"]];
        let declared: Vec<&Value> = declared.into_iter().flat_map(each).collect();
        let functions = match (&tool["function"], declared.is_empty()) {
            (function @ Value::Object(_), _) => vec![function],
            (_, true) => vec![tool],
            (_, false) => declared,
        };
        for function in functions {
            let Some(name) = function["name"].as_str() else { continue };
            let schema = ["parameters", "parametersJsonSchema", "input_schema", "parameters_json_schema"];
            let Some(schema) = schema.iter().find_map(|key| found(&function[*key])) else { continue };
            tools.push(Tool { name: name.to_owned(), schema });
        }
    }
    tools
}

/// The elements of a list; of anything but a list, itself.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        Value::Object(_) => std::slice::from_ref(value),
        _ => &[],
    };
    elements.iter()
}

fn found(value: &Value) -> Option<Value> {
    value.is_object().then(|| value.clone())
}

/// Text, or the texts of parts.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => each(value).filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
    }
}
