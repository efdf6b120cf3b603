//! A request to a model, in no wire's terms.

use std::str::FromStr;

use crate::chat::{Message, ToolSpec};

/// What a model is asked. The same value is encoded for every wire format, and decoded from a
/// request that we serve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    pub model: String,
    /// The system prompt; empty for none.
    pub system: String,
    pub messages: Vec<Message>,
    pub tools: Vec<ToolSpec>,
    pub max_output_tokens: Option<u32>,
    pub temperature: Option<f64>,
    pub effort: Option<Effort>,
    /// Whether the log-probabilities of its tokens are wanted, from formats and models that have them.
    pub logprobs: bool,
    pub stream: bool,
}

/// How hard a reasoning model should think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
}

impl Effort {
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// An effort that is none of minimal, low, medium and high.
#[derive(Debug, thiserror::Error)]
#[error("unknown effort \"{0}\": use minimal, low, medium or high")]
pub struct UnknownEffort(String);

impl FromStr for Effort {
    type Err = UnknownEffort;

    fn from_str(text: &str) -> Result<Self, UnknownEffort> {
        [Self::Minimal, Self::Low, Self::Medium, Self::High]
            .into_iter()
            .find(|effort| effort.name() == text)
            .ok_or_else(|| UnknownEffort(text.to_owned()))
    }
}
