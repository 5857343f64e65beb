//! Facts and the arithmetic on them: what happened in a plant, and the states folded from it. No I/O, no clock, no randomness.
//!
//! Read `case.rs` first: a fault's whole life is in it. Then `event.rs` (every fact there is), `site.rs` (what a
//! site's decisions rest on), `ports/` (what we ask of the outside).
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod access;
pub mod action;
pub mod agent;
pub mod agent_alarm;
pub mod alarm;
pub mod approval;
pub mod audit;
pub mod baseline;
pub mod board;
pub mod budget;
pub mod bus;
pub mod call;
pub mod case;
pub mod chain;
pub mod change;
pub mod codec;
pub mod collecting;
pub mod contact;
pub mod crew;
pub mod effect;
pub mod envelope;
pub mod event;
pub mod evidence;
pub mod export;
pub mod forecast;
pub mod going_round;
pub mod hours;
pub mod ids;
pub mod inspection;
pub mod investigation;
pub mod kept_call;
pub mod letter;
pub mod manual;
pub mod memory;
pub mod message;
pub mod model_call;
pub mod parts;
pub mod plain;
pub mod plant;
pub mod policy;
pub mod ports;
pub mod position;
pub mod priority;
pub mod quantity;
pub mod reading;
pub mod roster;
pub mod schema;
pub mod sealed;
pub mod site;
pub mod task;
pub mod threshold;
pub mod ticket;
pub mod time;
pub mod trace;
pub mod track;
pub mod untrusted;
pub mod watching;
pub mod work;

pub use event::Event;
pub use time::{Now, Timestamp};
