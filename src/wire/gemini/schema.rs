//! JSON schema to the part of it that Gemini takes.

use serde_json::{Map, Value, json};

const KEPT: &[&str] = &[
    "title",
    "description",
    "nullable",
    "default",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "pattern",
    "propertyOrdering",
];

/// The parameters of a function; `None` when it takes none, since an object without properties is
/// rejected.
pub(super) fn parameters(schema: &Value) -> Option<Value> {
    let clean = clean(schema, schema, 0);
    clean.get("properties").is_some().then_some(clean)
}

fn clean(schema: &Value, root: &Value, depth: usize) -> Value {
    let Value::Object(fields) = schema else { return json!({"type": "string"}) };
    if depth > 24 {
        // A schema that refers to itself: somewhere it has to end.
        return json!({"type": "object"});
    }
    if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
        let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return found.map_or_else(|| json!({"type": "object"}), |found| clean(found, root, depth + 1));
    }
    if let Some(Value::Array(all)) = fields.get("allOf") {
        return clean(&merged(fields, all, root), root, depth + 1);
    }
    let mut out = Map::new();
    kind(fields, &mut out);
    for (key, value) in fields.iter().filter(|(key, _)| KEPT.contains(&key.as_str())) {
        out.insert(key.clone(), value.clone());
    }
    enumerate(fields, &mut out);
    if let Some(format) = fields.get("format").and_then(Value::as_str)
        && ["date-time", "enum", "int32", "int64", "float", "double"].contains(&format)
    {
        out.insert("format".into(), format.into());
    }
    let properties: Map<String, Value> = fields
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), clean(value, root, depth + 1)))
        .collect();
    if let Some(Value::Array(required)) = fields.get("required") {
        let known: Vec<Value> = required
            .iter()
            .filter(|name| name.as_str().is_some_and(|n| properties.contains_key(n)))
            .cloned()
            .collect();
        if !known.is_empty() {
            out.insert("required".into(), known.into());
        }
    }
    if !properties.is_empty() {
        out.entry("type").or_insert_with(|| "object".into());
        out.insert("properties".into(), properties.into());
    }
    if let Some(items) = fields.get("items") {
        let items = items.as_array().and_then(|list| list.first()).unwrap_or(items);
        out.insert("items".into(), clean(items, root, depth + 1));
    } else if out.get("type").is_some_and(|kind| kind == "array") {
        out.insert("items".into(), json!({"type": "string"}));
    }
    choices(fields, root, depth, &mut out);
    Value::Object(out)
}

/// A list of types becomes one type, with `nullable` where null was among them.
fn kind(fields: &Map<String, Value>, out: &mut Map<String, Value>) {
    match fields.get("type") {
        Some(Value::String(kind)) => {
            out.insert("type".into(), kind.as_str().into());
        }
        Some(Value::Array(kinds)) => {
            if kinds.iter().any(|kind| kind == "null") {
                out.insert("nullable".into(), true.into());
            }
            if let Some(kind) = kinds.iter().find(|kind| *kind != "null") {
                out.insert("type".into(), kind.clone());
            }
        }
        _ => {}
    }
}

/// Enumerations may hold strings only.
fn enumerate(fields: &Map<String, Value>, out: &mut Map<String, Value>) {
    let constant = fields.get("const").map(|value| vec![value.clone()]);
    let values = fields.get("enum").and_then(Value::as_array).cloned().or(constant);
    if let Some(values) = values
        && !values.is_empty()
        && values.iter().all(Value::is_string)
    {
        out.insert("type".into(), "string".into());
        out.insert("enum".into(), values.into());
    }
}

fn choices(fields: &Map<String, Value>, root: &Value, depth: usize, out: &mut Map<String, Value>) {
    let Some(Value::Array(list)) = fields.get("anyOf").or_else(|| fields.get("oneOf")) else { return };
    let is_null = |schema: &&Value| schema["type"] == "null";
    if list.iter().any(|schema| is_null(&schema)) {
        out.insert("nullable".into(), true.into());
    }
    let rest: Vec<Value> =
        list.iter().filter(|schema| !is_null(schema)).map(|schema| clean(schema, root, depth + 1)).collect();
    match rest.as_slice() {
        [] => {}
        [Value::Object(only)] => {
            for (key, value) in only {
                out.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        _ => {
            out.insert("anyOf".into(), rest.into());
        }
    }
}

/// The schemas of an `allOf` as one.
fn merged(fields: &Map<String, Value>, all: &[Value], root: &Value) -> Value {
    let mut out: Map<String, Value> = fields
        .iter()
        .filter(|(key, _)| *key != "allOf")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for schema in all {
        let target = schema["$ref"].as_str().and_then(|target| root.pointer(target.strip_prefix('#')?));
        let Value::Object(more) = target.unwrap_or(schema) else { continue };
        for (key, value) in more {
            match (out.get_mut(key), value) {
                (Some(Value::Object(have)), Value::Object(add)) => {
                    have.extend(add.iter().map(|(k, v)| (k.clone(), v.clone())));
                }
                (Some(Value::Array(have)), Value::Array(add)) => have.extend(add.iter().cloned()),
                (Some(_), _) => {}
                (None, value) => {
                    out.insert(key.clone(), value.clone());
                }
            }
        }
    }
    Value::Object(out)
}

/// Lower-case type names, as JSON schema has them: clients of Gemini may write `STRING`.
pub(super) fn to_json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    ("type", Value::String(kind)) => (key.clone(), kind.to_lowercase().into()),
                    ("enum" | "required" | "default" | "example", value) => (key.clone(), value.clone()),
                    (_, value) => (key.clone(), to_json_schema(value)),
                })
                .collect(),
        ),
        Value::Array(list) => list.iter().map(to_json_schema).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gemini_does_not_take_is_put_in_its_words() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "additionalProperties": false, "required": ["path", "gone"],
            "properties": {
                "path": {"type": ["string", "null"], "format": "uri", "minLength": 1},
                "mode": {"const": "fast"},
                "level": {"enum": [1, 2]},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
                "or": {"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}]},
                "both": {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}},
                    {"properties": {"b": {"type": "string"}}}]},
                "any": {"type": "array"}
            },
            "$defs": {"line": {"type": "object", "properties": {"n": {"type": "integer"},
                "next": {"$ref": "#/$defs/line"}}}}
        });
        let clean = parameters(&schema).unwrap();
        let of = |name: &str| clean["properties"][name].clone();
        assert_eq!(clean["required"], json!(["path"]));
        assert_eq!(of("path"), json!({"nullable": true, "type": "string", "minLength": 1}));
        assert_eq!(of("mode"), json!({"type": "string", "enum": ["fast"]}));
        assert_eq!(of("or"), json!({"nullable": true, "type": "integer"}));
        assert_eq!(of("both")["properties"], json!({"a": {"type": "string"}, "b": {"type": "string"}}));
        assert_eq!(of("lines")["items"]["properties"]["n"], json!({"type": "integer"}));
        assert_eq!(of("any")["items"], json!({"type": "string"}));
        let text = clean.to_string();
        for word in ["$", "additionalProperties", "exclusive", "uri", "const", "allOf"] {
            assert!(!text.contains(word), "{word}");
        }
        assert_eq!(parameters(&json!({"type": "object", "properties": {}})), None);
    }
}
