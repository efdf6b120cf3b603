//! What an agent lets be chosen for a session: its mode, its model, how hard it thinks. There are two generations of
//! this in the protocol: lists of modes and models, and options with a category. Agents have either, or both.

use agent_client_protocol_schema::v1::{
    SessionConfigKind, SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption,
    SessionConfigSelectOptions, SessionId, SessionModeState, SetSessionConfigOptionRequest,
    SetSessionModeRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Model,
    Effort,
    Mode,
}

/// What has to be done for a choice.
#[derive(Debug, PartialEq)]
pub(super) enum Choice {
    /// It is so already.
    Made,
    Request {
        method: &'static str,
        params: Value,
    },
    /// It is not among what is offered.
    Missing,
}

#[derive(Debug, Default)]
pub(super) struct Offers {
    modes: Option<SessionModeState>,
    models: Option<Models>,
    options: Vec<SessionConfigOption>,
}

/// The list of models as agents have told it before there were options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Models {
    #[serde(default)]
    available_models: Vec<Model>,
    #[serde(default)]
    current_model_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    model_id: String,
    #[serde(default)]
    name: String,
}

impl Offers {
    /// Reads the answer to `session/new`, `session/load` or `session/resume`.
    pub fn read(opened: &Value) -> Self {
        Self {
            modes: serde_json::from_value(opened["modes"].clone()).ok(),
            models: serde_json::from_value(opened["models"].clone()).ok(),
            options: read_options(opened),
        }
    }

    /// Takes over the options that came with an update or an answer, where there were any.
    pub fn renew(&mut self, told: &Value) {
        let options = read_options(told);
        if !options.is_empty() {
            self.options = options;
        }
    }

    /// The model that answers, where it is told.
    pub fn model(&self) -> Option<&str> {
        let listed = self.models.as_ref().map(|models| models.current_model_id.as_str());
        let option = || self.selects(Topic::Model).next().map(|select| select.current);
        // The options are kept up to date, the list is not.
        option().or(listed).filter(|model| !model.is_empty())
    }

    /// What to do so that `wanted` is chosen. It may be an id or a name. A model that is not on the list is asked for
    /// all the same: many agents take more than they list.
    pub fn choose(&self, topic: Topic, wanted: &str, session: &SessionId) -> Choice {
        self.by_list(topic, wanted, session, false)
            .or_else(|| self.by_option(topic, wanted, session, false))
            .or_else(|| (topic == Topic::Model).then(|| self.by_list(topic, wanted, session, true))?)
            .or_else(|| (topic == Topic::Model).then(|| self.by_option(topic, wanted, session, true))?)
            .unwrap_or(Choice::Missing)
    }

    /// The ids of what is offered.
    pub fn offered(&self, topic: Topic) -> Vec<&str> {
        let listed: Vec<&str> = match topic {
            Topic::Mode => {
                self.modes.iter().flat_map(|modes| &modes.available_modes).map(|m| &*m.id.0).collect()
            }
            Topic::Model => {
                let models = self.models.iter().flat_map(|models| &models.available_models);
                models.map(|model| model.model_id.as_str()).collect()
            }
            Topic::Effort => Vec::new(),
        };
        if !listed.is_empty() {
            return listed;
        }
        let options = self.selects(topic).next().map(|select| select.options).unwrap_or_default();
        options.into_iter().map(|option| &*option.value.0).collect()
    }

    fn by_list(&self, topic: Topic, wanted: &str, session: &SessionId, unlisted: bool) -> Option<Choice> {
        match topic {
            Topic::Mode => {
                let modes = self.modes.as_ref()?;
                if &*modes.current_mode_id.0 == wanted {
                    return Some(Choice::Made);
                }
                modes.available_modes.iter().find(|mode| &*mode.id.0 == wanted)?;
                let params = SetSessionModeRequest::new(session.clone(), wanted.to_owned());
                Some(Choice::Request { method: "session/set_mode", params: json!(params) })
            }
            Topic::Model => {
                let models = self.models.as_ref()?;
                if models.current_model_id == wanted {
                    return Some(Choice::Made);
                }
                let list = &models.available_models;
                let named = list.iter().find(|model| model.model_id == wanted);
                let found = named.or_else(|| list.iter().find(|model| model.name == wanted));
                let id = found.map(|model| model.model_id.as_str()).or(unlisted.then_some(wanted))?;
                let params = json!({ "sessionId": session, "modelId": id });
                Some(Choice::Request { method: "session/set_model", params })
            }
            Topic::Effort => None,
        }
    }

    fn by_option(&self, topic: Topic, wanted: &str, session: &SessionId, unlisted: bool) -> Option<Choice> {
        self.selects(topic).find_map(|select| {
            if select.current == wanted {
                return Some(Choice::Made);
            }
            let list = &select.options;
            let named = list.iter().find(|option| &*option.value.0 == wanted);
            let found = named.or_else(|| list.iter().find(|option| option.name == wanted));
            let value = found.map(|option| &*option.value.0).or(unlisted.then_some(wanted))?;
            let params = SetSessionConfigOptionRequest::new(session.clone(), select.id.to_owned(), value);
            Some(Choice::Request { method: "session/set_config_option", params: json!(params) })
        })
    }

    /// The options of a category with a list to choose from, the one that is called like it first.
    fn selects(&self, topic: Topic) -> impl Iterator<Item = Select<'_>> {
        let category = match topic {
            Topic::Model => SessionConfigOptionCategory::Model,
            Topic::Effort => SessionConfigOptionCategory::ThoughtLevel,
            Topic::Mode => SessionConfigOptionCategory::Mode,
        };
        let options: Vec<&SessionConfigOption> =
            self.options.iter().filter(|option| option.category.as_ref() == Some(&category)).collect();
        let (first, rest): (Vec<_>, Vec<_>) =
            options.into_iter().partition(|option| matches!(&*option.id.0, "model" | "mode"));
        first.into_iter().chain(rest).filter_map(Select::of)
    }
}

/// An option with a list.
struct Select<'a> {
    id: &'a str,
    current: &'a str,
    options: Vec<&'a SessionConfigSelectOption>,
}

impl<'a> Select<'a> {
    fn of(option: &'a SessionConfigOption) -> Option<Self> {
        let SessionConfigKind::Select(select) = &option.kind else { return None };
        let options = match &select.options {
            SessionConfigSelectOptions::Ungrouped(options) => options.iter().collect(),
            SessionConfigSelectOptions::Grouped(groups) => {
                groups.iter().flat_map(|group| &group.options).collect()
            }
            _ => return None,
        };
        Some(Self { id: &option.id.0, current: &select.current_value.0, options })
    }
}

/// One that cannot be read hides none of the others.
fn read_options(told: &Value) -> Vec<SessionConfigOption> {
    let list = told["configOptions"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|option| serde_json::from_value(option.clone()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(opened: &Value, topic: Topic, wanted: &str) -> Choice {
        Offers::read(opened).choose(topic, wanted, &SessionId::new("s"))
    }

    fn request(method: &'static str, params: Value) -> Choice {
        Choice::Request { method, params }
    }

    fn lists() -> Value {
        json!({
            "modes": { "currentModeId": "default", "availableModes": [
                { "id": "default", "name": "Default" }, { "id": "plan", "name": "Plan" }] },
            "models": { "currentModelId": "big", "availableModels": [
                { "modelId": "big", "name": "Big" }, { "modelId": "$x|small", "name": "small" }] },
        })
    }

    fn options() -> Value {
        let select = |id: &str, category: &str, values: &[&str]| {
            let options: Vec<Value> =
                values.iter().map(|value| json!({ "value": value, "name": value.to_uppercase() })).collect();
            json!({ "type": "select", "id": id, "name": id, "category": category, "currentValue": values[0],
                "options": options })
        };
        json!({ "configOptions": [
            select("provider", "model", &["one", "two"]),
            select("model", "model", &["big", "small"]),
            select("mode", "mode", &["build", "plan"]),
            select("reasoning", "thought_level", &["low", "high"]),
            { "type": "boolean", "id": "auto", "name": "Auto", "currentValue": false },
            { "type": "of a later version", "id": 3 },
        ] })
    }

    #[test]
    fn modes_and_models_are_chosen_by_list() {
        let mode = json!({ "sessionId": "s", "modeId": "plan" });
        assert_eq!(choose(&lists(), Topic::Mode, "plan"), request("session/set_mode", mode));
        assert_eq!(choose(&lists(), Topic::Mode, "default"), Choice::Made);
        let model = json!({ "sessionId": "s", "modelId": "$x|small" });
        assert_eq!(choose(&lists(), Topic::Model, "small"), request("session/set_model", model));
        let unlisted = json!({ "sessionId": "s", "modelId": "other" });
        assert_eq!(choose(&lists(), Topic::Model, "other"), request("session/set_model", unlisted));
    }

    #[test]
    fn without_lists_they_are_chosen_by_options() {
        let option = |id: &str, value: &str| {
            request("session/set_config_option", json!({ "sessionId": "s", "configId": id, "value": value }))
        };
        assert_eq!(choose(&options(), Topic::Mode, "plan"), option("mode", "plan"));
        assert_eq!(choose(&options(), Topic::Model, "small"), option("model", "small"));
        assert_eq!(choose(&options(), Topic::Model, "SMALL"), option("model", "small"));
        assert_eq!(choose(&options(), Topic::Effort, "high"), option("reasoning", "high"));
        assert_eq!(choose(&options(), Topic::Effort, "low"), Choice::Made);
        assert_eq!(Offers::read(&options()).model(), Some("big"));
    }

    #[test]
    fn what_is_not_offered_is_missing() {
        assert_eq!(choose(&lists(), Topic::Mode, "yolo"), Choice::Missing);
        assert_eq!(choose(&lists(), Topic::Effort, "high"), Choice::Missing);
        assert_eq!(choose(&json!({}), Topic::Model, "big"), Choice::Missing);
        assert_eq!(choose(&json!({ "modes": 3, "models": [] }), Topic::Mode, "plan"), Choice::Missing);
        assert_eq!(Offers::read(&lists()).offered(Topic::Mode), ["default", "plan"]);
        assert_eq!(Offers::read(&options()).offered(Topic::Model), ["big", "small"]);
        assert_eq!(Offers::read(&json!({})).model(), None);
    }

    #[test]
    fn options_that_change_on_the_way_are_taken_over() {
        let mut offers = Offers::read(&options());
        offers.renew(&json!({ "configOptions": [{ "type": "select", "id": "model", "name": "Model",
            "category": "model", "currentValue": "small", "options": [] }] }));
        assert_eq!(offers.model(), Some("small"));
        offers.renew(&json!({}));
        assert_eq!(offers.model(), Some("small"));
    }
}
