//! A simulated plant: a pump, its piping and its bearing, with faults by script, served over real Modbus TCP.
//!
//! `machine` is the physics, `transmitter` what its sensors make of it, `scenario` the fault scripts, `course` a script in progress,
//! `world` all of it one second at a time. `plant` runs a world by the clock and takes orders, `serve` and `registers` give it a Modbus
//! face, `demo` describes it, `record` writes it to a file. What was really wrong leaves through a teller of its own, never with the readings.

pub mod channel;
mod course;
pub mod demo;
mod machine;
pub mod plant;
pub mod record;
mod registers;
pub mod scenario;
pub mod serve;
mod transmitter;
mod world;

pub use demo::{demo_device, demo_plant, shipped_scenarios};
