//! The field: what the machines say, read over their own protocols or from files, and what they are told; and a simulated plant to try it on.
//!
//! Read `field.rs` first: it owns a site's devices, and `held.rs` one of them while it is ours. `protocol.rs` is what each protocol's folder
//! implements (always in the shape of `modbus/`), `collect/` what is the same for all of them, `outlet/` how scans reach the log,
//! `supervise.rs` who sees to it that all of it goes on, `news.rs` what the ledger is told of it. Beside them
//! `simulator/` is a plant served over real protocols, `files/` are recordings, and `tags/` are lists of tags from other tools.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod classes;
pub mod collect;
pub mod device;
pub mod ethernet_ip;
pub mod field;
pub mod files;
pub mod gate;
mod held;
pub mod modbus;
pub mod mqtt;
pub mod news;
pub mod opc_ua;
pub mod outlet;
pub mod point;
pub mod problem;
pub mod protocol;
pub mod receipt;
mod resumed;
pub mod s7;
pub mod simulator;
pub mod snapshot;
pub mod sparkplug;
pub mod store;
mod supervise;
pub mod tags;
