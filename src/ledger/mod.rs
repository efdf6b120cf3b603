//! What was asked of whom, why, how it ended and what it cost: one line of JSON per attempt of a
//! turn, in a file that many processes append to; and the table of prices. It decides nothing.

mod check;
mod entry;
mod file;
mod prices;
mod stats;

pub use check::{BadLine, Records, Report};
pub use entry::{Cost, Entry, TaskClass, Tried, Verify, now};
pub use file::{Ledger, LedgerError};
pub use prices::{Price, Prices, PricesError, Rates, Tier};
pub use stats::{Percentiles, Stats, Tally};
