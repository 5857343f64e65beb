//! The whole plant in one thread and one seed: the shipped dispatcher, workers, projections and physics, on a log, clocks and devices that fail.
//!
//! Two programs share a log. They are killed, paused, cut off and woken again as zombies; commits fail before and after they are durable;
//! scans and commands come twice; the power is cut. At every step of the trace the [`invariants`] look on. Begin at `run.rs`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chance;
mod check;
mod cluster;
mod disk;
mod field;
pub mod invariants;
mod life;
mod log;
mod mutant;
mod node;
mod people;
mod plant;
mod post;
mod run;
mod schedule;
#[cfg(test)]
mod tests;
mod trace;
mod work;

pub use mutant::Mutant;
pub use run::{Options, run};
pub use trace::Told;
