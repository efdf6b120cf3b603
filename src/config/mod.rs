//! The settings: typed, layered, each with where it came from.

mod backend;

pub use backend::{BackendKind, BackendSettings, EditFormat, ToolCallStyle};
