//! Model servers on this machine that nobody has configured yet: asked for their list of models, over loopback
//! and without a key.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Client;
use serde::Deserialize;

/// A model server that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundServer {
    /// As `base_url` in the settings wants it.
    pub url: String,
    /// The program that it is, as far as can be told.
    pub what: String,
    /// In the order of the server.
    pub models: Vec<String>,
}

/// The ports on which model servers usually listen, and which they are.
const USUAL: &[(u16, &str)] = &[
    (11_434, "Ollama"),
    (1_234, "LM Studio"),
    (8_080, "llama.cpp"),
    (8_000, "vLLM"),
    (18_473, "the local runtime"),
];

/// How servers name themselves as the owners of their models.
const OWNERS: &[(&str, &str)] = &[
    ("library", "Ollama"),
    ("organization_owner", "LM Studio"),
    ("llamacpp", "llama.cpp"),
    ("vllm", "vLLM"),
];

/// The longest list of models that is read, in bytes.
const LONGEST: usize = 1 << 20;

#[derive(Deserialize)]
struct Listed {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    #[serde(default)]
    owned_by: Option<String>,
}

/// The ports that are usual.
pub fn usual_ports() -> Vec<u16> {
    USUAL.iter().map(|(port, _)| *port).collect()
}

/// Asks all ports of this machine at once, and waits so long for all of them.
pub async fn discover(ports: &[u16], limit: Duration) -> Vec<FoundServer> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let built = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tls_certs_only([])
        .user_agent(concat!("offshoot/", env!("CARGO_PKG_VERSION")))
        .build();
    let Ok(client) = built else { return Vec::new() };
    let asked = ports.iter().map(|port| {
        let client = &client;
        async move { tokio::time::timeout(limit, ask(client, *port)).await.ok().flatten() }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// `None` when nobody answers there, or somebody who has no models.
async fn ask(client: &Client, port: u16) -> Option<FoundServer> {
    let url = format!("http://127.0.0.1:{port}/v1");
    let mut response = client.get(format!("{url}/models")).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            return None;
        }
    }
    let listed: Listed = serde_json::from_slice(&bytes).ok()?;
    let owner = listed.data.iter().find_map(|model| model.owned_by.as_deref());
    let by_owner = OWNERS.iter().find(|(known, _)| Some(*known) == owner).map(|(_, what)| *what);
    let by_port = || USUAL.iter().find(|(usual, _)| *usual == port).map(|(_, what)| *what);
    let what = by_owner.or_else(by_port).unwrap_or("a model server").to_owned();
    Some(FoundServer { url, what, models: listed.data.into_iter().map(|model| model.id).collect() })
}
