//! The surface as its users meet it: over a real port.

mod alarms;
mod asking;
mod auditing;
mod crew;
mod crew_work;
mod doing;
mod http;
mod models;
mod published;
mod reading_once;
mod resuming;
mod travelling;
mod watching;
mod weights;
