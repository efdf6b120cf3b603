//! One prompt to several agents at once, from the same commit: who takes part, what they begin with, how they fare,
//! and what is taken home of what they made. It opens no tabs and shows nothing: front-ends do, with what they are
//! told here, so that the screen and the command line say the same.

mod ground;
mod measure;
mod plan;
mod remarks;
mod row;
mod settle;
mod table;
mod take;
#[cfg(test)]
mod tests;

pub use ground::{Begin, Ground, Member, ground, member, mix_base};
pub use measure::measure;
pub use plan::{Candidate, FEWEST, MOST, PlanError, Wish, letter};
pub use remarks::{Remark, remarks};
pub use row::{Fate, Row, State};
pub use settle::{archive, best};
pub use table::{Column, cell, order, text};
pub use take::{Mixed, Offer, Pick, offers, take};
