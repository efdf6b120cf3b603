//! The wire formats, both directions.

mod request;

pub use request::{Effort, Request, UnknownEffort};
