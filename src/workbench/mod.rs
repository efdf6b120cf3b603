//! Tabs and sessions: `Command` in, `Event` out.
