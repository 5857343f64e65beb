//! The engines behind the `EventLog` port, and the one suite that holds each of them to its promises.

pub mod audit;
#[cfg(test)]
mod contract;
pub mod embedded;
pub mod kafka;
mod ownership;
pub mod signed;

pub use embedded::{EmbeddedLog, EmbeddedOptions};
pub use kafka::{KafkaLog, KafkaOptions};
