//! A simulated plant: pumps, their piping and their bearings, with faults by script, served over the protocols of several vendors.
//!
//! `machine` is the physics, `transmitter` what its sensors make of it, `pump` one of each; `scenario` and `fault` are the scripts, `course`
//! a script in progress, `world` all of it one second at a time. `plant` runs a world by the clock and takes orders. `serve` gives it Modbus
//! TCP by two vendors' maps (`registers`, `gateway`), `s7` Siemens S7, `mqtt` MQTT. `demo` describes it, `record` writes it to a file. What was
//! really wrong leaves through a teller of its own, never with the readings. `scale` is another plant: many small controllers, to measure with.

pub mod channel;
mod course;
pub mod demo;
mod fault;
mod gateway;
mod machine;
pub mod mqtt;
pub mod plant;
mod pump;
pub mod record;
mod registers;
pub mod s7;
pub mod scale;
pub mod scenario;
pub mod serve;
mod transmitter;
mod world;

pub use demo::{demo_device, demo_plant, shipped_scenarios};
