//! The surface as its users meet it: over a real port.

mod asking;
mod doing;
mod http;
mod watching;
