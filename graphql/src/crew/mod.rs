//! A site's crew: what can be asked about it, what people say about its work, and what its agents do.

mod board;
mod questions;
mod work;

pub use board::Board;
pub use questions::Crew;
pub use work::Work;
