//! The loop of one agent.
