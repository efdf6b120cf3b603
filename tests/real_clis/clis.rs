//! Which CLIs there are to try: where each is installed from, and how it is pointed at a model server as a person
//! would do it: by its own files in the home directory and by `args` and `env` of the backend.

use serde_json::json;

use crate::support::machine::{Machine, write};

pub struct Cli {
    /// Its profile.
    pub name: &'static str,
    pub package: Package,
    /// The program that the package brings, and what the profile calls it.
    pub bin: (&'static str, &'static str),
    pub model: &'static str,
    /// Extra arguments, besides those of the profile.
    pub args: &'static [&'static str],
    /// Extra variables, with `URL` for the origin of the model server and `KEY` for its key.
    pub env: &'static [(&'static str, &'static str)],
    /// Writes its settings into the home directory.
    pub settings: fn(&Machine, url: &str),
    pub shows: Shows,
    /// It goes on with a session of its own, without the protocol.
    pub resumes: bool,
    pub acp: Acp,
}

#[derive(Debug, Clone, Copy)]
pub enum Package {
    /// Name and version. Asked for without a version, npm takes an old one where Node is old.
    Npm(&'static str, &'static str),
    PyPi(&'static str, &'static str),
}

/// What can be known of what it does, from what it prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Text, tool calls and exact usage.
    All,
    /// Text alone.
    Text,
}

/// Whether the Agent Client Protocol is a way in as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acp {
    No,
    Yes,
    /// But not to a session of an earlier process.
    Forgets,
}

/// How it is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Headless,
    Acp,
}

impl Way {
    pub fn name(self, cli: &Cli) -> String {
        match self {
            Self::Headless => cli.name.to_owned(),
            Self::Acp => format!("{}-acp", cli.name),
        }
    }
}

impl Cli {
    /// Whether it goes on with a session of its own in another process.
    pub fn goes_on(&self, way: Way) -> bool {
        match way {
            Way::Headless => self.resumes,
            Way::Acp => self.acp == Acp::Yes,
        }
    }

    pub fn ways(&self) -> impl Iterator<Item = (&Self, Way)> {
        [Way::Headless, Way::Acp]
            .into_iter()
            .filter(|way| *way == Way::Headless || self.acp != Acp::No)
            .map(move |way| (self, way))
    }
}

fn nothing(_: &Machine, _: &str) {}

/// What most have in common.
const BASE: Cli = Cli {
    name: "",
    package: Package::Npm("", ""),
    bin: ("", ""),
    model: "test-model",
    args: &[],
    env: &[],
    settings: nothing,
    shows: Shows::All,
    resumes: true,
    acp: Acp::No,
};

pub const ALL: &[Cli] = &[
    Cli {
        name: "codex",
        package: Package::Npm("@openai/codex", "0.171.0"),
        bin: ("codex", "codex"),
        env: &[("TEST_KEY", "KEY")],
        settings: codex,
        ..BASE
    },
    Cli {
        name: "claude",
        package: Package::Npm("@anthropic-ai/claude-code", "2.1.328"),
        bin: ("claude", "claude"),
        model: "claude-sonnet-4-5",
        env: &[
            ("ANTHROPIC_BASE_URL", "URL"),
            ("ANTHROPIC_API_KEY", "KEY"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ],
        ..BASE
    },
    Cli {
        name: "gemini",
        package: Package::Npm("@google/gemini-cli", "0.61.0"),
        bin: ("gemini", "gemini"),
        model: "gemini-2.5-pro",
        env: &[("GOOGLE_GEMINI_BASE_URL", "URL"), ("GEMINI_API_KEY", "KEY")],
        settings: gemini,
        acp: Acp::Forgets,
        ..BASE
    },
    Cli {
        name: "qwen",
        package: Package::Npm("@qwen-code/qwen-code", "0.24.4"),
        bin: ("qwen", "qwen"),
        args: &["--auth-type", "openai"],
        env: &[("OPENAI_BASE_URL", "URL/v1"), ("OPENAI_API_KEY", "KEY")],
        settings: qwen,
        acp: Acp::Yes,
        ..BASE
    },
    Cli {
        name: "opencode",
        package: Package::Npm("opencode-ai", "1.18.33"),
        bin: ("opencode", "opencode"),
        model: "test/test-model",
        env: &[("OPENCODE_DISABLE_MODELS_FETCH", "1"), ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1")],
        settings: opencode,
        acp: Acp::Yes,
        ..BASE
    },
    Cli {
        name: "cline",
        package: Package::Npm("cline", "3.0.65"),
        bin: ("cline", "cline"),
        // As an agent it knows nobody without these.
        env: &[
            ("CLINE_API_KEY", "KEY"),
            ("CLINE_PROVIDER", "openai-compatible"),
            ("CLINE_MODEL", "test-model"),
        ],
        settings: cline,
        resumes: false,
        acp: Acp::Yes,
        ..BASE
    },
    Cli {
        name: "continue",
        package: Package::Npm("@continuedev/cli", "1.5.47"),
        bin: ("cn", "cn"),
        settings: continue_,
        shows: Shows::Text,
        // It would go on with the last session of the whole machine.
        resumes: false,
        ..BASE
    },
    Cli {
        name: "droid",
        package: Package::Npm("droid", "0.215.0"),
        bin: ("droid", "droid"),
        model: "custom:test-0",
        env: &[("FACTORY_AIRGAP_ENABLED", "1")],
        settings: droid,
        resumes: false,
        acp: Acp::Yes,
        ..BASE
    },
    Cli {
        name: "goose",
        package: Package::Npm("@aaif/goose-binary-linux-x64", "1.52.0"),
        bin: ("goose-binary-linux-x64", "goose"),
        env: &[
            ("GOOSE_PROVIDER", "openai"),
            ("OPENAI_HOST", "URL"),
            ("OPENAI_API_KEY", "KEY"),
            ("GOOSE_MODEL", "test-model"),
        ],
        acp: Acp::Yes,
        ..BASE
    },
    Cli {
        name: "aider",
        package: Package::PyPi("aider-chat", "0.86.2"),
        bin: ("aider", "aider"),
        model: "openai/test-model",
        args: &["--edit-format", "diff"],
        env: &[
            ("OPENAI_API_BASE", "URL/v1"),
            ("OPENAI_API_KEY", "KEY"),
            ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
        ],
        shows: Shows::Text,
        ..BASE
    },
    Cli {
        name: "gptme",
        package: Package::PyPi("gptme", "0.35.1"),
        bin: ("gptme", "gptme"),
        model: "local/test-model",
        env: &[("OPENAI_BASE_URL", "URL/v1"), ("OPENAI_API_KEY", "KEY")],
        ..BASE
    },
];

fn home(machine: &Machine, path: &str, text: &str) {
    write(&machine.path("home"), path, text);
}

fn codex(machine: &Machine, url: &str) {
    let text = format!(
        "model_provider = \"test\"\ncheck_for_update_on_startup = false\n[analytics]\nenabled = false\n\
         [model_providers.test]\nname = \"test\"\nbase_url = \"{url}/v1\"\nenv_key = \"TEST_KEY\"\n\
         wire_api = \"responses\"\n"
    );
    home(machine, ".codex/config.toml", &text);
}

fn gemini(machine: &Machine, _: &str) {
    let settings = json!({
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
        "privacy": {"usageStatisticsEnabled": false},
    });
    home(machine, ".gemini/settings.json", &settings.to_string());
}

fn qwen(machine: &Machine, _: &str) {
    let settings =
        json!({"general": {"enableAutoUpdate": false}, "privacy": {"usageStatisticsEnabled": false}});
    home(machine, ".qwen/settings.json", &settings.to_string());
}

fn opencode(machine: &Machine, url: &str) {
    let model = json!({"name": "test", "limit": {"context": 128_000, "output": 8192}});
    let provider = json!({
        "npm": "@ai-sdk/openai-compatible",
        "name": "test",
        "options": {"baseURL": format!("{url}/v1"), "apiKey": super::trial::KEY},
        "models": {"test-model": model},
    });
    let settings = json!({
        "autoupdate": false, "share": "disabled", "small_model": "test/test-model", "provider": {"test": provider},
    });
    // Where the variable of the desktop standard says, as a person's would be.
    write(&machine.path("config"), "opencode/opencode.json", &settings.to_string());
    home(machine, ".config/opencode/opencode.json", &settings.to_string());
}

fn cline(machine: &Machine, url: &str) {
    let settings = json!({"provider": "openai-compatible", "apiKey": super::trial::KEY, "model": "test-model",
        "baseUrl": format!("{url}/v1")});
    let providers = json!({
        "version": 1, "lastUsedProvider": "openai-compatible", "modes": {},
        "providers": {"openai-compatible": {
            "settings": settings, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual",
        }},
    });
    home(machine, ".cline/data/settings/providers.json", &providers.to_string());
}

fn continue_(machine: &Machine, url: &str) {
    let key = super::trial::KEY;
    let text = format!(
        "name: test\nversion: 1.0.0\nschema: v1\nmodels:\n  - name: test\n    provider: openai\n    \
         model: test-model\n    apiBase: {url}/v1/\n    apiKey: {key}\n    roles: [chat, edit, apply]\n    \
         capabilities:\n      - tool_use\n"
    );
    home(machine, ".continue/config.yaml", &text);
}

fn droid(machine: &Machine, url: &str) {
    let model = json!({
        "model": "test-model", "id": "custom:test-0", "index": 0, "displayName": "test",
        "baseUrl": format!("{url}/v1"), "apiKey": super::trial::KEY,
        "provider": "generic-chat-completion-api", "maxOutputTokens": 4096,
    });
    let settings = json!({"customModels": [model], "cloudSessionSync": false, "enableTelemetry": false});
    home(machine, ".factory/settings.json", &settings.to_string());
}
