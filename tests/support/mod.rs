//! What several integration tests share.
#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::format_push_string, clippy::needless_pass_by_value, reason = "test support reads better so")]

pub mod acting_model;
#[cfg(unix)]
pub mod machine;
pub mod model_server;
#[cfg(unix)]
pub mod screen;
