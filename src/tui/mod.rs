//! The full screen, and the same as plain lines: a front-end over the workbench. What a person does becomes
//! a command, what the workbench tells becomes something to see; there is no logic of its own here.
//!
//! `app` is the state, `update` changes it, `arrange` and `view` make a picture of it, `runtime` runs them.

pub mod app;
pub mod arrange;
pub mod cells;
pub mod commands;
pub mod composer;
pub mod custom;
pub mod dialog;
pub mod fuzzy;
pub mod highlight;
pub mod keys;
pub mod look;
pub mod markdown;
pub mod message;
pub mod picker;
pub mod places;
pub mod radar;
pub mod remembered;
pub mod review;
pub mod runtime;
pub mod said;
pub mod side;
pub mod start;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod transcript;
pub mod update;
pub mod view;
pub mod words;
pub mod wrap;

pub use start::run;
