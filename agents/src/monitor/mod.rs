//! Watching machines: pure state machines over readings. No I/O and no clock; time is the readings' own.

pub mod hysteresis;
pub mod mewma;
pub mod training;
