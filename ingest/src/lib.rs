//! The field: what the machines say, read over their own protocols or from files, and what they are told; and a simulated plant to try it on.
//!
//! Read `field.rs` first: it owns a site's devices, and `held.rs` one of them while it is ours. `protocol.rs` is what each protocol's folder
//! implements (always in the shape of `modbus/`), `collect/` what is the same for all of them, `outlet/` how scans reach the log. Beside them
//! `simulator/` is a machine served over real protocols, `files/` are recordings, and
//! `tags/` are lists of tags from other tools.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod classes;
pub mod collect;
pub mod device;
pub mod field;
pub mod files;
pub mod gate;
mod held;
pub mod modbus;
pub mod outlet;
pub mod point;
pub mod problem;
pub mod protocol;
pub mod simulator;
pub mod snapshot;
pub mod store;
pub mod tags;
