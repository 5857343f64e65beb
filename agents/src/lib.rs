//! Who works on facts: the monitor notices, the rules say why, the readings tell the outcome; each asks for a command and decides nothing else.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod evaluate;
pub mod monitor;
