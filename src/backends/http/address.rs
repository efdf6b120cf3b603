//! Where a provider's endpoints are.

use std::net::IpAddr;

use reqwest::Url;

use crate::backends::BackendError;
use crate::chat::ErrorClass;
use crate::config::{BackendKind, BackendSettings};

/// The base address of a backend and what stands below it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    kind: BackendKind,
    base: Url,
    is_default: bool,
}

impl Address {
    /// # Errors
    /// When the base URL of the settings is not one of http or https.
    pub(super) fn new(id: &str, settings: &BackendSettings) -> Result<Self, BackendError> {
        let kind = settings.kind;
        let default = default_base(kind);
        let given = settings.base_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        let text = given.unwrap_or(default).trim_end_matches('/');
        let bad = |why: &str| {
            let message = format!("backends.{id}.base_url: \"{text}\" {why}");
            let hint = format!("give an address such as {default}");
            BackendError::new(ErrorClass::NotFound, message).with_hint(hint)
        };
        let mut base = Url::parse(text).map_err(|error| bad(&format!("is not a URL ({error})")))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(bad("is not an http or https address"));
        }
        base.set_query(None);
        base.set_fragment(None);
        // People paste the whole endpoint.
        let path = base.path().trim_end_matches('/');
        let path = ["/chat/completions", "/responses", "/messages"]
            .iter()
            .find_map(|end| path.strip_suffix(end))
            .unwrap_or(path)
            .to_owned();
        let path = match kind {
            BackendKind::Anthropic if !path.ends_with("/v1") => format!("{path}/v1"),
            BackendKind::Gemini if !["/v1", "/v1beta", "/v1alpha"].iter().any(|end| path.ends_with(end)) => {
                format!("{path}/v1beta")
            }
            BackendKind::OpenaiChat | BackendKind::OpenaiResponses if path.is_empty() => "/v1".to_owned(),
            _ => path,
        };
        base.set_path(&path);
        let is_default = given.is_none_or(|given| given.trim_end_matches('/') == default);
        Ok(Self { kind, base, is_default })
    }

    /// Where answers are asked for.
    pub(super) fn answers(&self, model: &str) -> Url {
        match self.kind {
            BackendKind::Anthropic => self.below(&["messages"]),
            BackendKind::OpenaiResponses => self.below(&["responses"]),
            BackendKind::Gemini => {
                let model = model.strip_prefix("models/").unwrap_or(model);
                let mut url = self.below(&["models", &format!("{model}:streamGenerateContent")]);
                url.set_query(Some("alt=sse"));
                url
            }
            _ => self.below(&["chat", "completions"]),
        }
    }

    /// Where the list of models is.
    pub(super) fn models(&self) -> Url {
        self.below(&["models"])
    }

    fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The base as it may be shown: without a user's name or password.
    pub(super) fn shown(&self) -> String {
        let mut url = self.base.clone();
        url.set_username("").ok();
        url.set_password(None).ok();
        url.to_string().trim_end_matches('/').to_owned()
    }

    /// Whether it is the vendor's own address.
    pub(super) fn is_default(&self) -> bool {
        self.is_default
    }

    pub(super) fn is_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    pub(super) fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>();
        host == "localhost"
            || host.ends_with(".localhost")
            || address.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
    }
}

fn default_base(kind: BackendKind) -> &'static str {
    match kind {
        BackendKind::Anthropic => "https://api.anthropic.com",
        BackendKind::Gemini => "https://generativelanguage.googleapis.com",
        BackendKind::Deepseek => "https://api.deepseek.com",
        _ => "https://api.openai.com/v1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(kind: BackendKind, base: Option<&str>) -> Address {
        let mut settings: BackendSettings = toml::from_str("kind = \"openai-chat\"").unwrap();
        settings.kind = kind;
        settings.base_url = base.map(str::to_owned);
        Address::new("x", &settings).unwrap()
    }

    #[test]
    fn endpoints_stand_where_the_providers_have_them() {
        use BackendKind::{Anthropic, Deepseek, Gemini, OpenaiChat, OpenaiResponses};
        let cases = [
            (OpenaiChat, Some("http://h:1/v1"), "http://h:1/v1/chat/completions"),
            (OpenaiChat, Some("http://h:1"), "http://h:1/v1/chat/completions"),
            (OpenaiChat, Some("http://h/api/v1/"), "http://h/api/v1/chat/completions"),
            (OpenaiChat, Some("http://h/v1/chat/completions"), "http://h/v1/chat/completions"),
            (OpenaiChat, None, "https://api.openai.com/v1/chat/completions"),
            (OpenaiResponses, Some("http://h"), "http://h/v1/responses"),
            (Anthropic, None, "https://api.anthropic.com/v1/messages"),
            (Anthropic, Some("http://h/v1"), "http://h/v1/messages"),
            (Anthropic, Some("https://h/anthropic"), "https://h/anthropic/v1/messages"),
            (Deepseek, None, "https://api.deepseek.com/chat/completions"),
            (Deepseek, Some("http://h:2"), "http://h:2/chat/completions"),
            (Gemini, Some("http://h/v1beta"), "http://h/v1beta/models/a%2Fb:streamGenerateContent?alt=sse"),
            (Gemini, Some("http://h"), "http://h/v1beta/models/a%2Fb:streamGenerateContent?alt=sse"),
        ];
        for (kind, base, wanted) in cases {
            assert_eq!(address(kind, base).answers("a/b").as_str(), wanted);
        }
        assert_eq!(address(Anthropic, None).models().as_str(), "https://api.anthropic.com/v1/models");
    }

    #[test]
    fn what_is_shown_has_no_password_and_loopback_is_known() {
        let secret = address(BackendKind::OpenaiChat, Some("http://me:hush@h/v1"));
        assert_eq!(secret.shown(), "http://h/v1");
        for local in ["http://127.0.0.1:1", "http://localhost", "http://[::1]:2/v1", "http://a.localhost"] {
            assert!(address(BackendKind::OpenaiChat, Some(local)).is_loopback(), "{local}");
        }
        assert!(!address(BackendKind::OpenaiChat, Some("http://192.168.1.2")).is_loopback());
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let mut settings: BackendSettings = toml::from_str("kind = \"openai-chat\"").unwrap();
        for bad in ["localhost:8080", "not a url", "ftp://h"] {
            settings.base_url = Some(bad.into());
            let error = Address::new("mine", &settings).unwrap_err();
            assert!(
                error.message.contains("backends.mine.base_url") && error.message.contains(bad),
                "{error}"
            );
        }
    }
}
