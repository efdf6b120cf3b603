//! Settings as a whole: files, variables and flags in, values or messages out.

use std::path::PathBuf;

use super::*;
use crate::config::{BackendKind, Fallback, PermissionMode, Submodules, TrustError};

/// A user, a project and an environment, in a directory of their own.
struct World {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
    flags: Vec<(String, String)>,
    trusts: bool,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap().to_owned();
        let env =
            [("HOME", home.clone()), ("XDG_CONFIG_HOME", format!("{home}/c")), ("XDG_STATE_HOME", home)];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { dir, env, flags: vec![], trusts: false }
    }

    fn user(self, text: &str) -> Self {
        self.file("c/offshoot/config.toml", text)
    }

    fn project(self, text: &str) -> Self {
        self.file("repo/.offshoot/config.toml", text)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.flags.push((key.into(), value.into()));
        self
    }

    fn trusted(mut self) -> Self {
        self.trusts = true;
        self
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        let env: Env = self.env.iter().cloned().collect();
        let paths = Paths::from_env(&env, self.dir.path()).unwrap();
        let repo = self.dir.path().join("repo");
        let mut trust = Trust::open(&paths);
        if self.trusts {
            trust.trust(&repo).unwrap();
        }
        load(&Sources {
            env: &env,
            cwd: self.dir.path(),
            repository: Some(&repo),
            config_file: None,
            flags: &self.flags,
            trust: Some(&trust),
        })
    }

    fn ok(&self) -> Loaded {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The message, without the directory of this test.
    fn error(&self) -> String {
        let error = self.load().expect_err("this should not load");
        assert!(!error.hint().is_empty());
        self.bare(&error.to_string())
    }

    fn bare(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

#[test]
fn the_shipped_file_sets_every_key_that_is_not_a_users_own() {
    let loaded = World::new().ok();
    assert_eq!(loaded.settings, Settings::shipped());
    for key in KEYS.iter().filter(|key| !key.path.contains('*')) {
        let origin = loaded.origin(key.path).unwrap_or_else(|| panic!("{} is not shipped", key.path));
        assert_eq!(origin.layer(), Layer::Shipped, "{}", key.path);
    }
    assert_eq!(loaded.warnings, []);
    assert!(loaded.settings.backends.is_empty());
}

/// Fails when a field is added to a type and not to the schema, or the other way round.
#[test]
fn every_key_of_the_schema_has_a_field() {
    let all = "[backends.b]\nkind='cli'\nbase_url='http://h/v1/'\nmodel='m'\nlocal=true\napi_key_env='K'\nprofile='p'\n\
        script='s'\ncontext_window=1\nmax_output_tokens=1\neffort='low'\nlogprobs=true\ntool_calls='text'\nedit_format='whole'\n\
        headers={A='$B'}\nargs=['x']\nenv={A='$B'}\nconnect_timeout_seconds=1\nidle_timeout_seconds=2.5\nmax_retries=0\n\
        [worktree.env]\nb='$B'\n[roles.r]\nbackend='b'\nmodel='m'\neffort='high'\nread_only=true\npermissions='ask'\n";
    let world = World::new().user(all);
    let settings = world.ok().settings;
    let written: toml::Table = toml::from_str(&toml::to_string(&settings).unwrap()).unwrap();
    for key in KEYS {
        let filled = if key.path.starts_with("roles") {
            key.path.replace('*', "r")
        } else {
            key.path.replacen('*', "b", 1).replace('*', "A")
        };
        let (parents, last) = filled.rsplit_once('.').unwrap();
        let table = parents.split('.').fold(&written, |table, name| table[name].as_table().unwrap());
        assert!(table.contains_key(last), "{filled}");
    }
    let backend = &settings.backends["b"];
    assert_eq!(backend.base_url.as_deref(), Some("http://h/v1"));
    assert_eq!(backend.script, Some(world.dir.path().join("c/offshoot/s")));
}

#[test]
fn a_later_layer_wins_and_the_earlier_ones_are_remembered() {
    let world = World::new()
        .user("[router]\n\nfallback = \"ask\"\nmax_local_retries = 2\n")
        .project("[router]\nmax_local_retries = 3\n")
        .env("OFFSHOOT_ROUTER__MAX_LOCAL_RETRIES", "4")
        .flag("router.max_local_retries", "5");
    let loaded = world.ok();
    assert_eq!(loaded.settings.router.max_local_retries, 5);
    assert_eq!(loaded.settings.router.fallback, Fallback::Ask);
    let [explained] = &loaded.explain("router.max_local_retries")[..] else { panic!() };
    let chain: Vec<String> = std::iter::once(explained)
        .chain(&explained.shadowed)
        .map(|one| format!("{} {:?} {}", one.value, one.layer, world.bare(&one.origin)))
        .collect();
    assert_eq!(
        chain,
        [
            "5 Flag command line (router.max_local_retries)",
            "4 Environment environment variable OFFSHOOT_ROUTER__MAX_LOCAL_RETRIES",
            "3 Project repo/.offshoot/config.toml:2",
            "2 User c/offshoot/config.toml:4",
            "1 Shipped shipped",
        ]
    );
    assert_eq!(loaded.explain("router").len(), 6);
    assert_eq!(loaded.explain("router")[0].key, "router.order");
    assert!(loaded.explain("router.ordr").is_empty());
    assert_eq!(loaded.nearest_key("router.ordr").as_deref(), Some("router.order"));
}

#[test]
fn mistakes_name_the_place_and_the_way_out() {
    for (text, message) in [
        (
            "[router]\n\nordr = [\"a\"]",
            "c/offshoot/config.toml:3: unknown key \"router.ordr\"; did you mean \"router.order\"?",
        ),
        ("[routr]\norder = []", "c/offshoot/config.toml:1: unknown key \"routr\"; did you mean \"router\"?"),
        ("order = []", "c/offshoot/config.toml:1: unknown key \"order\"; did you mean \"router.order\"?"),
        (
            "[router]\norder = \"local\"",
            "c/offshoot/config.toml:2: router.order: expected a list of texts, found \"local\"",
        ),
        (
            "[router]\nlocal_confidence_threshold = 2",
            "c/offshoot/config.toml:2: router.local_confidence_threshold: expected a number from 0 to 1, found 2",
        ),
        (
            "[budget]\nday_usd = -1",
            "c/offshoot/config.toml:2: budget.day_usd: expected a number, 0 or more, found -1",
        ),
        (
            "agent.permissions = 'yolo'",
            "c/offshoot/config.toml:1: agent.permissions: expected one of \"read-only\", \"ask\", \"auto\", \"full\", found \"yolo\"",
        ),
        (
            "[backends.b]\nkind = 'openai-chat'\nbase_url = 'localhost'",
            "c/offshoot/config.toml:3: backends.b.base_url: expected a URL that begins with http:// or https://, found other text",
        ),
        (
            "[backends.b]\nkind = 'open'",
            "c/offshoot/config.toml:2: backends.b.kind: expected one of \"openai-chat\", \"openai-responses\", \"anthropic\", \"gemini\", \"deepseek\", \"cli\", \"acp\", \"embedded\", \"scripted\", found \"open\"",
        ),
        (
            "[backends.b]",
            "c/offshoot/config.toml:1: backends.b: has no kind, for example kind = \"openai-chat\"",
        ),
        ("[router.order]\na = 1", "c/offshoot/config.toml:1: router.order: expected a value, found a table"),
        ("router = 1", "c/offshoot/config.toml:1: router: expected a table"),
        ("a = 1\n[router\n", "c/offshoot/config.toml:2:8: unclosed table, expected `]`"),
        (
            "[ledger]\nkep = 1\nmax_bytes = 'x'",
            "c/offshoot/config.toml:2: unknown key \"ledger.kep\"; did you mean \"ledger.keep\"?\n\
             c/offshoot/config.toml:3: ledger.max_bytes: expected a whole number, 1000 or more, found \"x\"",
        ),
        ("[a]\nb.c = 1", "c/offshoot/config.toml:1: unknown key \"a\""),
    ] {
        assert_eq!(World::new().user(text).error(), message, "{text}");
    }
    assert_eq!(
        World::new().env("OFFSHOOT_AGENT__MAX_STEPS", "many").error(),
        "environment variable OFFSHOOT_AGENT__MAX_STEPS: agent.max_steps: expected a whole number, 1 or more, found \"many\""
    );
    assert_eq!(
        World::new().flag("ui.them", "x").error(),
        "command line (ui.them): unknown key \"ui.them\"; did you mean \"ui.theme\"?"
    );
}

#[test]
fn what_a_worktree_gets_can_be_set_key_by_key() {
    let shipped = World::new().ok().settings.worktree;
    assert!(shipped.copy.is_empty() && shipped.link.is_empty() && shipped.setup.is_empty());
    assert!(shipped.include.is_empty() && shipped.env.is_empty());
    assert_eq!((shipped.ports, shipped.port_base, shipped.setup_timeout_seconds), (10, 20_000, 600));
    assert_eq!(shipped.submodules, Submodules::Auto);

    let text = "[worktree]\ncopy = ['.env']\ninclude = ['*.local']\nlink = ['node_modules']\n\
        setup = ['npm ci']\nsetup_timeout_seconds = 5\nports = 3\nport_base = 30000\n\
        submodules = 'never'\nenv = { PORT = '$OFFSHOOT_PORT' }\n";
    let set = World::new().user(text).ok().settings.worktree;
    assert_eq!((set.copy, set.include), (vec![".env".to_owned()], vec!["*.local".to_owned()]));
    assert_eq!((set.link, set.setup), (vec!["node_modules".to_owned()], vec!["npm ci".to_owned()]));
    assert_eq!((set.ports, set.port_base, set.setup_timeout_seconds), (3, 30_000, 5));
    assert_eq!((set.submodules, set.env["PORT"].as_str()), (Submodules::Never, "$OFFSHOOT_PORT"));

    let by_variable = World::new().env("OFFSHOOT_WORKTREE__ENV__MY_PORT", "1").ok().settings.worktree;
    assert_eq!(by_variable.env["MY_PORT"], "1");
    assert_eq!(
        World::new().user("worktree.port_base = 80").error(),
        "c/offshoot/config.toml:1: worktree.port_base: expected a whole number from 1024 to 65000, found 80"
    );
    let project = World::new().project(text).ok();
    let worktree = &project.settings.worktree;
    assert!(worktree.setup.is_empty() && worktree.env.is_empty(), "commands and variables need trust");
    assert_eq!((worktree.submodules, worktree.link.len()), (Submodules::Auto, 1));
    let trusted = World::new().project(text).trusted().ok().settings.worktree;
    assert_eq!((trusted.setup.len(), trusted.env.len()), (1, 1));
}

#[test]
fn files_that_are_named_have_to_be_there() {
    let world = World::new().env("OFFSHOOT_CONFIG", "own.toml");
    assert_eq!(world.error(), "no settings file own.toml, which OFFSHOOT_CONFIG names");
    let world = world.user("nonsense").file("own.toml", "[ui]\nvim = true");
    let loaded = world.ok();
    assert!(loaded.settings.ui.vim);
    assert_eq!(loaded.user_file, world.dir.path().join("own.toml"));

    let world = World::new();
    std::fs::create_dir_all(world.dir.path().join("c/offshoot/config.toml")).unwrap();
    assert!(world.error().starts_with("cannot read settings file c/offshoot/config.toml: "));
}

#[test]
fn an_untrusted_project_sets_only_what_is_harmless() {
    let text = "[verify]\ncommand = \"rm -rf ~\"\n[agent]\nmax_steps = 7\npermissions = \"full\"\n\
        [backends.local]\nkind = \"openai-chat\"\nbase_url = \"http://evil.example\"\n\
        [roles.review]\nbackend = \"claude\"\nread_only = false\n";
    let world = World::new().project(text);
    let loaded = world.ok();
    assert_eq!(loaded.settings.verify.command, "");
    assert_eq!(loaded.settings.agent.max_steps, 7);
    assert_eq!(loaded.settings.agent.permissions, PermissionMode::Auto);
    assert!(loaded.settings.roles["review"].read_only);
    assert_eq!(loaded.settings.roles["review"].backend.as_deref(), Some("claude"));
    assert!(loaded.settings.backends.is_empty());
    let [warning] = &loaded.warnings[..] else { panic!("{:?}", loaded.warnings) };
    assert!(warning.message.contains("verify.command (line 2)"), "{}", warning.message);
    assert!(warning.hint.contains("offshoot config trust"), "{}", warning.hint);

    let world = world.trusted();
    assert_eq!(world.ok().settings.verify.command, "rm -rf ~");
    assert_eq!(world.ok().warnings, []);
}

#[test]
fn a_changed_project_file_is_asked_for_again() {
    let world = World::new().project("[verify]\ncommand = \"make\"\n").trusted();
    assert_eq!(world.ok().settings.verify.command, "make");
    let World { dir, env, flags, .. } = world.project("[verify]\ncommand = \"make evil\"\n");
    let world = World { dir, env, flags, trusts: false };
    assert_eq!(world.ok().settings.verify.command, "");
}

#[test]
fn keys_in_the_environment_configure_backends() {
    let loaded = World::new()
        .env("ANTHROPIC_API_KEY", "sk-very-secret")
        .env("OPENAI_API_KEY", "sk-very-secret")
        .env("OPENAI_BASE_URL", "http://127.0.0.1:9/v1/")
        .env("GOOGLE_API_KEY", "sk-very-secret")
        .env("DEEPSEEK_API_KEY", "")
        .ok();
    let backends = &loaded.settings.backends;
    assert_eq!(backends.keys().collect::<Vec<_>>(), ["anthropic", "gemini", "openai"]);
    assert_eq!(backends["anthropic"].kind, BackendKind::Anthropic);
    assert_eq!(backends["anthropic"].base_url, None);
    assert_eq!(backends["openai"].kind, BackendKind::OpenaiChat);
    assert_eq!(backends["openai"].base_url.as_deref(), Some("http://127.0.0.1:9/v1"));
    assert_eq!(backends["gemini"].api_key_env.as_deref(), Some("GOOGLE_API_KEY"));
    assert_eq!(loaded.explain("backends.anthropic.kind")[0].origin, "environment variable ANTHROPIC_API_KEY");
    assert!(!format!("{loaded:?}").contains("sk-very-secret"));

    let vendor = World::new().env("OPENAI_API_KEY", "k").ok();
    assert_eq!(vendor.settings.backends["openai"].kind, BackendKind::OpenaiResponses);
}

#[test]
fn a_built_in_backend_can_be_changed_without_saying_it_all() {
    let loaded = World::new().user("[backends.anthropic]\nmodel = \"mine\"\n").ok();
    let backend = &loaded.settings.backends["anthropic"];
    assert_eq!(backend.kind, BackendKind::Anthropic);
    assert_eq!(backend.model.as_deref(), Some("mine"));
    assert_eq!(backend.api_key_env.as_deref(), Some("ANTHROPIC_API_KEY"));
}

#[test]
fn a_role_variable_names_backend_model_and_effort() {
    for (value, backend, model, effort) in [
        ("local", "local", None, None),
        ("claude:opus", "claude", Some("opus"), None),
        ("codex:gpt-5.1:high", "codex", Some("gpt-5.1"), Some("high")),
        ("local:qwen3:8b", "local", Some("qwen3:8b"), None),
        ("local:qwen3:8b:low", "local", Some("qwen3:8b"), Some("low")),
        ("gemini::high", "gemini", Some("flash"), Some("high")),
        ("claude::high", "claude", None, Some("high")),
        (":other", "gemini", Some("other"), None),
        ("gemini", "gemini", Some("flash"), None),
    ] {
        let world = World::new()
            .user("[roles.code-review]\nbackend = \"gemini\"\nmodel = \"flash\"\n")
            .env("OFFSHOOT_ROLE_CODE_REVIEW", value);
        let role = &world.ok().settings.roles["code-review"];
        let found = (role.backend.as_deref(), role.model.as_deref(), role.effort.as_deref());
        assert_eq!(found, (Some(backend), model, effort), "{value}");
    }
    assert!(
        World::new().env("OFFSHOOT_ROLE_X", "a::hgh").error().contains("roles.x.effort: expected one of")
    );
    assert!(World::new().env("OFFSHOOT_ROLE_X", ":").error().contains("expected backend[:model[:effort]]"));
}

#[test]
fn nested_variables_reach_backends() {
    let loaded = World::new()
        .user("[backends.my-box]\nkind = \"openai-chat\"\n")
        .env("OFFSHOOT_BACKENDS__MY_BOX__BASE_URL", "http://b/v1")
        .env("OFFSHOOT_BACKENDS__LOCAL__KIND", "scripted")
        .env("OFFSHOOT_BACKENDS__LOCAL__SCRIPT", "s.jsonl")
        .env("OFFSHOOT_BACKENDS__LOCAL__ENV__TOOL_URL", "$MY_URL")
        .env("OFFSHOOT_ROUTER__ORDER", "local, my-box")
        .ok();
    assert_eq!(loaded.settings.backends["my-box"].base_url.as_deref(), Some("http://b/v1"));
    assert_eq!(loaded.settings.backends["local"].kind, BackendKind::Scripted);
    assert!(loaded.settings.backends["local"].script.as_ref().is_some_and(|path| path.is_absolute()));
    assert_eq!(loaded.settings.backends["local"].env["TOOL_URL"], "$MY_URL");
    assert_eq!(loaded.settings.router.order, ["local", "my-box"]);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn a_backend_that_is_not_configured_is_a_warning() {
    let world = World::new().user("[router]\norder = [\"local\", \"lcoal\"]\n[roles.r]\nbackend = \"x\"\n");
    let messages: Vec<String> = world.ok().warnings.iter().map(|w| world.bare(&w.message)).collect();
    assert_eq!(
        messages,
        [
            "c/offshoot/config.toml:4: roles.r.backend names backend \"x\", which is not configured",
            "c/offshoot/config.toml:2: router.order names backend \"lcoal\", which is not configured",
        ]
    );
}

#[test]
fn what_may_be_secret_is_not_shown() {
    let loaded = World::new()
        .user(
            "[backends.b]\nkind = 'openai-chat'\nbase_url = 'http://me:pass@h/v1'\n\
             headers = { Authorization = 'Bearer abc', X-Team = '$TEAM' }\n",
        )
        .ok();
    let shown: Vec<String> =
        loaded.explain("backends").iter().map(|one| format!("{} = {}", one.key, one.value)).collect();
    assert_eq!(
        shown,
        [
            "backends.b.kind = \"openai-chat\"",
            "backends.b.base_url = \"http://…@h/v1\"",
            "backends.b.headers.Authorization = \"(hidden)\"",
            "backends.b.headers.X-Team = \"$TEAM\"",
        ]
    );
}

#[test]
fn trust_survives_and_can_be_taken_back() {
    let world = World::new().project("[ui]\nvim = true\n");
    let env: Env = world.env.iter().cloned().collect();
    let paths = Paths::from_env(&env, world.dir.path()).unwrap();
    let repo: PathBuf = world.dir.path().join("repo");
    let other: PathBuf = world.dir.path().to_owned();
    assert!(!Trust::open(&paths).is_trusted(&repo));
    Trust::open(&paths).trust(&repo).unwrap();
    assert!(Trust::open(&paths).is_trusted(&repo));
    assert!(matches!(Trust::open(&paths).trust(&other), Err(TrustError::Read { .. })));
    Trust::open(&paths).distrust(&repo).unwrap();
    assert!(!Trust::open(&paths).is_trusted(&repo));
}
