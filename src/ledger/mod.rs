//! The ledger of runs, prices and cost.
