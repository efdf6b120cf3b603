//! The loop of one agent.

pub mod text_calls;
