//! Which backend answers a turn, and why.
