//! Local servers that speak what outside services speak, as their documentation says, for tests only. All is in memory, on a free port.
//!
//! Each has the same switchboard of faults before it ([`Faults`]), tells what it holds, lets people do things, and sends the webhooks
//! that the service would send. Nothing of Millwright is used here, so that a mistake cannot be made on both sides at once.

pub mod call;
pub mod ear;
pub mod faults;
pub mod github;
pub mod models;
pub mod oidc;
pub mod otlp;
pub mod salesforce;
mod serve;
mod shared;
pub mod sign;
pub mod smtp;
mod soql;
pub mod standard;
pub mod telegram;
mod time;
pub mod trello;
pub mod whatsapp;

pub use faults::{Fault, Faults, Seen};
pub use serve::{Served, serve};
pub use time::Time;
