//! What tokens cost: the table shipped in `config/prices.json`, which `.ci/prices` makes, with the
//! user's own rows on top. A model that is not in it is unpriced, which is not free.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::Cost;
use crate::chat::Usage;

/// The prices in force. The shipped table is read when the first price is asked for: most programs start to
/// do something else first.
#[derive(Debug, Clone, Default)]
pub struct Prices {
    shipped: Arc<OnceLock<Shipped>>,
    own: Option<Own>,
}

#[derive(Debug)]
struct Shipped {
    date: String,
    /// Makers in the order in which a bare model name is looked for.
    makers: Vec<(String, BTreeMap<String, Price>)>,
}

/// The user's rows, which win.
#[derive(Debug, Clone)]
struct Own {
    date: Option<String>,
    rows: BTreeMap<String, Price>,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Price {
    #[serde(flatten)]
    pub rates: Rates,
    /// Tokens that a prompt may have.
    #[serde(default)]
    pub window: Option<u64>,
    #[serde(default)]
    pub max_output: Option<u64>,
    /// Other rates for longer prompts, in rising order.
    #[serde(default)]
    pub above: Vec<Tier>,
}

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Rates {
    pub input: f64,
    pub output: f64,
    /// As `input` when absent.
    #[serde(default)]
    pub cache_read: Option<f64>,
    /// As `input` when absent.
    #[serde(default)]
    pub cache_write: Option<f64>,
    /// As `output` when absent.
    #[serde(default)]
    pub reasoning: Option<f64>,
}

/// Rates for prompts of more than so many tokens.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Tier {
    pub tokens: u64,
    #[serde(flatten)]
    pub rates: Rates,
}

/// The user's table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Format { path: PathBuf, source: serde_json::Error },
    #[error("{}: {model} has a price below zero", path.display())]
    Negative { path: PathBuf, model: String },
}

impl PricesError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "check its permissions",
            Self::Format { .. } | Self::Negative { .. } => {
                "it should look like {\"date\":\"2026-11-20\",\"models\":{\"my-model\":{\"input\":1.0,\"output\":2.0}}}, in US dollars per million tokens"
            }
        }
    }
}

#[derive(Deserialize)]
struct ShippedFile {
    date: String,
    models: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct OwnFile {
    #[serde(default)]
    date: Option<String>,
    models: BTreeMap<String, Price>,
}

const SHIPPED: &str = include_str!("../../config/prices.json");

impl Prices {
    /// The table that came with the program.
    pub fn shipped() -> Self {
        Self::default()
    }

    /// The shipped table under the user's own, if there is one:
    /// `{"date":"…","models":{"my-model":{"input":1.0,"output":2.0}}}`.
    pub fn load(own: &Path) -> Result<Self, PricesError> {
        let mut prices = Self::shipped();
        let bytes = match std::fs::read(own) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(prices),
            Err(source) => return Err(PricesError::Read { path: own.to_owned(), source }),
        };
        let file: OwnFile = serde_json::from_slice(&bytes)
            .map_err(|source| PricesError::Format { path: own.to_owned(), source })?;
        if let Some((model, _)) = file.models.iter().find(|(_, price)| price.is_negative()) {
            return Err(PricesError::Negative { path: own.to_owned(), model: model.clone() });
        }
        prices.own = Some(Own { date: file.date, rows: file.models });
        Ok(prices)
    }

    /// The date of the shipped table.
    pub fn date(&self) -> &str {
        &self.table().date
    }

    fn table(&self) -> &Shipped {
        self.shipped.get_or_init(Shipped::read)
    }

    /// The date of the table that prices this model.
    pub fn date_of(&self, model: &str) -> Option<&str> {
        self.find(model).map(|(_, date)| date)
    }

    /// What a call cost. A local backend costs nothing, whatever its model is called.
    pub fn cost(&self, model: &str, local: bool, usage: &Usage) -> Cost {
        if local {
            return Cost::Local;
        }
        match self.price(model) {
            Some(price) => Cost::Usd(price.cost(usage)),
            None => Cost::Unpriced,
        }
    }

    /// Tokens that a prompt to this model may have.
    pub fn context_window(&self, model: &str) -> Option<u64> {
        self.price(model)?.window
    }

    /// The row of a model: its own, or that of the name without a maker, a date or a variant.
    pub fn price(&self, model: &str) -> Option<&Price> {
        self.find(model).map(|(price, _)| price)
    }

    fn find(&self, model: &str) -> Option<(&Price, &str)> {
        spellings(model).into_iter().find_map(|name| {
            let own = self.own.as_ref();
            if let Some((own, row)) = own.and_then(|own| Some((own, own.rows.get(name)?))) {
                return Some((row, own.date.as_deref().unwrap_or("own")));
            }
            let (maker, bare) = name.split_once('/').map_or((None, name), |(m, bare)| (Some(m), bare));
            // Gemini's own API calls its models `models/…`.
            let maker = maker.map(|maker| if maker == "models" { "gemini" } else { maker });
            let table = self.table();
            let mut rows = table.makers.iter().filter(|(known, _)| maker.is_none_or(|maker| maker == known));
            rows.find_map(|(_, rows)| rows.get(bare)).map(|row| (row, table.date.as_str()))
        })
    }
}

impl Shipped {
    fn read() -> Self {
        let file: ShippedFile = serde_json::from_str(SHIPPED).expect("a test reads the shipped prices");
        let rows = |rows| serde_json::from_value(rows).expect("a test reads the shipped prices");
        let makers = file.models.into_iter().map(|(maker, models)| (maker, rows(models))).collect();
        Self { date: file.date, makers }
    }
}

impl Price {
    /// US dollars. The whole prompt picks the rates, for the answer too.
    fn cost(&self, usage: &Usage) -> f64 {
        let prompt = usage.input + usage.cache_read + usage.cache_write;
        let tier = self.above.iter().rev().find(|tier| prompt > tier.tokens);
        let rates = tier.map_or(&self.rates, |tier| &tier.rates);
        let reasoning = usage.reasoning.min(usage.output);
        let dollars = [
            (usage.input, rates.input),
            (usage.cache_read, rates.cache_read.unwrap_or(rates.input)),
            (usage.cache_write, rates.cache_write.unwrap_or(rates.input)),
            (usage.output - reasoning, rates.output),
            (reasoning, rates.reasoning.unwrap_or(rates.output)),
        ]
        .into_iter()
        .map(|(tokens, rate)| {
            #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
            let tokens = tokens as f64;
            tokens * rate / 1e6
        })
        .sum::<f64>();
        // A ledger line need not show the rounding of binary fractions.
        (dollars * 1e9).round() / 1e9
    }

    fn is_negative(&self) -> bool {
        let all = std::iter::once(&self.rates).chain(self.above.iter().map(|tier| &tier.rates));
        all.flat_map(|rates| {
            [Some(rates.input), Some(rates.output), rates.cache_read, rates.cache_write, rates.reasoning]
        })
        .flatten()
        .any(|rate| rate < 0.0)
    }
}

/// The names under which a model may be listed, the most exact first.
fn spellings(model: &str) -> Vec<&str> {
    let plain = model.split_once('[').map_or(model, |(name, _)| name);
    let undated = without_date(plain);
    let mut names = vec![model, plain, undated];
    names.extend(undated.strip_suffix("-latest"));
    names.dedup();
    names
}

/// The name without `-20250929`, `@20250929` or `-2025-09-29` at its end.
fn without_date(model: &str) -> &str {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    for (length, is_date) in [
        (8, (&|tail: &str| digits(tail)) as &dyn Fn(&str) -> bool),
        (10, &|tail: &str| {
            let parts: Vec<&str> = tail.split('-').collect();
            parts.iter().map(|part| part.len()).eq([4, 2, 2]) && parts.into_iter().all(digits)
        }),
    ] {
        let Some(at) = model.len().checked_sub(length + 1) else { continue };
        if let (Some(name), Some(tail)) = (model.get(..at), model.get(at + 1..))
            && matches!(model.as_bytes()[at], b'-' | b'@')
            && tail.starts_with("20")
            && is_date(tail)
        {
            return name;
        }
    }
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Env, Sources, load};

    fn usd(cost: Cost) -> f64 {
        let Cost::Usd(usd) = cost else { panic!("{cost:?}") };
        usd
    }

    fn own(text: &str) -> Result<Prices, PricesError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prices.json");
        std::fs::write(&path, text).unwrap();
        Prices::load(&path)
    }

    #[test]
    fn the_shipped_table_is_whole() {
        let prices = Prices::shipped();
        assert_eq!(prices.date().len(), "2026-11-20".len());
        assert!(SHIPPED.len() < 150_000);
        for (maker, rows) in &prices.table().makers {
            for (name, price) in rows {
                assert!(price.rates.input > 0.0 && price.rates.output > 0.0, "{maker}/{name}");
                assert!(!price.is_negative(), "{maker}/{name}");
                assert!(price.above.is_sorted_by_key(|tier| tier.tokens), "{maker}/{name}");
            }
        }
    }

    #[test]
    fn the_default_models_of_the_built_in_backends_are_priced() {
        let vars = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "DEEPSEEK_API_KEY"];
        let env: Env = vars.into_iter().map(|name| (name, "k")).chain([("HOME", "/nowhere")]).collect();
        let cwd = Path::new("/nowhere");
        let sources =
            Sources { env: &env, cwd, repository: None, config_file: None, flags: &[], trust: None };
        let settings = load(&sources).unwrap().settings;
        assert_eq!(settings.backends.len(), 4);
        for (id, backend) in &settings.backends {
            let model = backend.model.as_deref().unwrap();
            assert!(Prices::shipped().price(model).is_some(), "{id}: {model}");
        }
    }

    #[test]
    fn names_are_found_with_and_without_maker_date_and_variant() {
        let prices = Prices::shipped();
        let same = |a: &str, b: &str| assert_eq!(prices.price(a), prices.price(b), "{a} {b}");
        assert!(prices.price("claude-sonnet-4-5").is_some());
        same("claude-sonnet-4-5-20250929", "claude-sonnet-4-5");
        same("claude-sonnet-4-5-20990101", "claude-sonnet-4-5");
        same("claude-sonnet-4-5@20990101", "claude-sonnet-4-5");
        same("claude-sonnet-4-5[1m]", "claude-sonnet-4-5");
        same("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5");
        same("gpt-5.1-2099-11-13", "gpt-5.1");
        same("models/gemini-2.5-pro", "gemini-2.5-pro");
        for unknown in [
            "qwen3-coder:30b",
            "deepseek-r1:8b",
            "openai/claude-sonnet-4-5",
            "claude-sonnet-4-5-2025",
            "claude",
            "",
            "-20250929",
            "é20250929",
        ] {
            assert_eq!(prices.price(unknown), None, "{unknown}");
            assert_eq!(prices.cost(unknown, false, &Usage::default()), Cost::Unpriced);
        }
    }

    #[test]
    fn every_bucket_has_its_rate_and_the_whole_prompt_picks_the_tier() {
        let prices = own(
            r#"{"models":{"m":{"input":1,"output":10,"cache_read":0.1,"cache_write":2,
                "above":[{"tokens":200,"input":3,"output":30}]},"bare":{"input":1,"output":2,"reasoning":4}}}"#,
        )
        .unwrap();
        for (model, input, cache_read, cache_write, output, reasoning, millionths) in [
            ("m", 100, 0, 0, 0, 0, 100.0),
            ("m", 0, 100, 0, 0, 0, 10.0),
            ("m", 0, 0, 100, 0, 0, 200.0),
            ("m", 0, 0, 0, 100, 50, 1000.0),
            ("m", 100, 100, 0, 0, 0, 110.0),
            // One token more: all of it at the higher rates, cached ones as input where not said.
            ("m", 101, 100, 0, 10, 0, 903.0),
            ("m", 0, 0, 0, 1000, 0, 10_000.0),
            ("bare", 1, 1, 1, 10, 4, 3.0 + 12.0 + 16.0),
            ("bare", 0, 0, 0, 1, 9, 4.0),
        ] {
            let usage = Usage { input, output, cache_read, cache_write, reasoning };
            let found = usd(prices.cost(model, false, &usage)) * 1e6;
            assert!((found - millionths).abs() < 1e-6, "{model} {usage:?}: {found}");
        }
    }

    #[test]
    fn a_local_backend_costs_nothing_even_with_a_famous_name() {
        let usage = Usage { input: 1_000_000, ..Usage::default() };
        let prices = Prices::shipped();
        assert_eq!(prices.cost("claude-sonnet-4-5", true, &usage), Cost::Local);
        assert!((usd(prices.cost("claude-sonnet-4-5", false, &usage)) - 3.0).abs() < 1e-9);
        assert_eq!(prices.context_window("claude-sonnet-4-5"), Some(200_000));
        assert_eq!(prices.context_window("unheard-of"), None);
    }

    #[test]
    fn the_users_own_rows_win() {
        let prices =
            own(r#"{"date":"2030-01-01","models":{"gpt-5.1":{"input":7,"output":7},"mine":{"input":0,"output":0}}}"#)
                .unwrap();
        let usage = Usage { input: 1_000_000, ..Usage::default() };
        assert!((usd(prices.cost("gpt-5.1-2025-11-13", false, &usage)) - 1.25).abs() < 1e-9);
        assert!((usd(prices.cost("gpt-5.1", false, &usage)) - 7.0).abs() < 1e-9);
        assert!(usd(prices.cost("mine", false, &usage)).abs() < 1e-12);
        assert_eq!(prices.date_of("mine"), Some("2030-01-01"));
        assert_eq!(prices.date_of("gpt-5"), Some(prices.date()));
    }

    #[test]
    fn a_damaged_table_is_said_so() {
        for text in
            ["", "{}", r#"{"models":{"m":{"input":1}}}"#, r#"{"models":{"m":{"input":"x","output":1}}}"#]
        {
            let error = own(text).unwrap_err();
            assert!(matches!(error, PricesError::Format { .. }), "{text}: {error}");
            assert!(error.to_string().contains("prices.json"), "{error}");
        }
        let error = own(r#"{"models":{"m":{"input":-1,"output":1}}}"#).unwrap_err();
        assert!(error.to_string().contains("m has a price below zero"), "{error}");
        assert!(Prices::load(Path::new("/nowhere/prices.json")).is_ok());
    }
}
