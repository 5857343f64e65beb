//! What knocks at the door: requests from outside services, verified over their raw bytes and read into the domain's types.

pub mod alertmanager;
pub mod cloudevents;
mod door;
pub mod github;
pub(crate) mod read;
pub mod signature;
pub mod standard;
pub mod telegram;
#[cfg(test)]
pub(crate) mod testing;
pub mod trello;
pub mod whatsapp;

pub use door::{Door, InboundError, InboundSettings};
pub use read::LARGEST_BODY;
