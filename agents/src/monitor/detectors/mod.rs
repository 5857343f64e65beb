//! The detectors of one signal. Each is a pure streaming state machine: `step(value)` gives how strange the value was, before it was learned.
//!
//! Raw scores are not negative, and only their order within one detector means something; the combiner makes probabilities of them.

pub mod autoregressive;
pub mod calibration;
pub mod combiner;
pub mod cusum;
pub mod discord;
pub mod esd;
pub mod ewma;
pub mod forest;
pub mod periodicity;
pub mod robust_z;
pub mod seasonal;
pub mod shift;
pub mod sorted_window;
#[cfg(test)]
pub mod testing;
pub mod volatility;

pub use combiner::{Combiner, Kind, Verdict};
