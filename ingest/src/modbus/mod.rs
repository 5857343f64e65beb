//! Modbus TCP: addresses and configuration in, a plan of few requests, one task that owns each connection, values with qualities out.
//!
//! `address` and `value` are the words, `config` what a person writes, `plan` which requests that takes, `link` the connection
//! (with `breaker` and `backoff` deciding when it may be used, and `guarded` the last look before a write's first byte), `decode` the way from registers to readings, `collect` the polling,
//! `write` the one careful way back, `probe` what `millwright check` shows.

pub mod address;
pub mod backoff;
pub mod breaker;
pub mod collect;
pub mod config;
pub mod decode;
mod guarded;
pub mod link;
pub mod plan;
pub mod probe;
mod spelling;
pub mod value;
pub mod wire;
pub mod write;
