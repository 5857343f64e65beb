//! The field: what the machines say, read over their own protocols or from files, and what they are told; and a simulated plant to try it on.
//!
//! Read `field.rs` first: it owns a site's devices, and `held.rs` one of them while it is ours. Then `modbus/` (one folder a protocol, always in this shape), `outlet.rs` (how scans
//! reach the log), `simulator/` (a machine served over the real protocol) and `files/` (recordings).
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod device;
pub mod field;
pub mod files;
pub mod gate;
mod held;
pub mod lateness;
pub mod modbus;
pub mod outlet;
pub mod simulator;
pub mod snapshot;
pub mod stamp;
pub mod store;
