//! The outside behind the domain's ports: the log, keys, answers, clocks, notices and SQL pools.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod clock;
pub mod log;
