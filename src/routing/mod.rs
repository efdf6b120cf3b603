//! Who answers a turn, who goes on with it, and why. Pure functions over facts that the caller gathered:
//! [`decide()`] chooses a backend, [`estimate`] says how sure it is that its work is good, [`escalate`] when to leave it.
//! Nothing here asks a backend or changes anything.

pub mod calibrate;
mod confidence;
mod decide;
mod decision;
mod escalation;
mod keywords;
mod mention;
mod observed;
mod outcomes;
mod question;
pub mod replay;
pub mod weights;
mod weights_file;

#[cfg(test)]
mod tests;

pub use confidence::{Confidence, Signal, estimate};
pub use decide::{CHOSEN, decide};
pub use decision::{Decision, NoRoute, Rejected, StandIn};
pub use escalation::{Cause, escalate};
pub use mention::mention;
pub use observed::{Calls, Checks, Diff, Edits, Observed, Stops};
pub use outcomes::{ENOUGH, Judge, Judged, outcomes, prior};
pub use question::{Candidate, Prior, Purse, Question, task_class};
pub use weights::Weights;
pub use weights_file::WeightsError;
