//! What a conversation is made of: messages and their parts, the deltas a model streams, the
//! entries of a session, token usage, and the classes of outcome. Plain data that knows nothing of
//! wires, disks or screens.

mod certainty;
mod conversation;
mod delta;
mod line;
mod message;
mod outcome;
mod sanitise;
mod usage;

pub use certainty::Certainty;
pub use conversation::{Conversation, Entry, EntryKind, Setup, Voice, estimate_tokens};
pub use delta::{Assembler, Delta};
pub use line::{Content, Line, LineError};
pub use message::{Image, Message, Part, Role, Signature, ToolCall, ToolResult, ToolSpec, WireFormat};
pub use outcome::{ErrorClass, Outcome, StopReason};
pub use sanitise::sanitise;
pub use usage::Usage;
