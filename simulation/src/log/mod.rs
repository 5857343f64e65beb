//! A log in memory that many programs share over a bad network: what is durable, who owns what, and everything that can go wrong on the way.
//!
//! `store` is the log itself; `link` is one program's way to it; `owner` one program's right to append. Nothing here knows what facts mean.

pub mod altered;
pub mod link;
mod owner;
pub mod store;

pub use link::{Link, Weather};
pub use store::Store;
