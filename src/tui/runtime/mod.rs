//! The loops that run the screen: what arrives becomes messages, what `update` wants is carried out, and
//! what changed is shown.

mod desk;
mod full;
mod handover;
mod load;
mod plain;
mod signals;

pub use desk::{Desk, Files, clock};
pub use full::FullScreen;
pub use plain::Plain;
