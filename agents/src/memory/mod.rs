//! What machines of the past teach about this one.

pub mod remaining;
