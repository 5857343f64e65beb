//! The engines behind the `EventLog` port, and the one suite that holds each of them to its promises.

pub mod audit;
#[cfg(test)]
mod contract;
pub mod embedded;

pub use embedded::{EmbeddedLog, EmbeddedOptions};
