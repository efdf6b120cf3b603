#![doc = include_str!("README.md")]

pub mod chat;
pub mod config;

pub mod git;
pub mod ledger;
pub mod tools;
pub mod wire;

pub mod backends;

pub mod routing;

pub mod agent;

pub mod workbench;

pub mod cli;
pub mod tui;
