//! The settings: typed, layered, each with where it came from. This reads files and an environment
//! that it is given; it starts nothing and knows nothing of what the settings are for.

mod backend;
mod env;
mod environment;
mod error;
mod layers;
mod load;
mod origin;
mod paths;
mod schema;
mod settings;
mod trust;

pub use backend::{BackendKind, BackendSettings, EditFormat, ToolCallStyle};
pub use env::Env;
pub use error::{ConfigError, Mistake};
pub use load::{Explanation, Loaded, Sources, Warning, load};
pub use origin::{Layer, Origin};
pub use paths::{Paths, PathsError};
pub use settings::{
    AgentSettings, BreakerSettings, BudgetSettings, Fallback, LedgerSettings, LocalRuntimeSettings,
    PermissionMode, PermissionRules, RoleSettings, RouterSettings, SandboxSettings, Settings, Submodules,
    UiSettings, UnknownPermissions, VerifySettings, WeightsChoice, WorktreeSettings,
};
pub use trust::{Trust, TrustError};

/// How the names of files begin that live for an instant beside the one they will replace. A crash may
/// leave one behind; it is never anybody's work.
pub const TEMPORARY_PREFIX: &str = ".offshoot-tmp-";
