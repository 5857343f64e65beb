//! Tickets in outside systems: one adapter a system, and the desk that hands them the work.

pub mod builtin;
mod desk;
pub mod github;
pub(crate) mod mark;
pub mod salesforce;
pub(crate) mod settings;
pub mod trello;
pub(crate) mod turns;
pub(crate) mod ways;
pub mod webhook;

pub use desk::TicketDesk;
pub use settings::{BadTickets, TicketSettings};
