//! The whole program from outside: the architecture rule, the road, restarts, replay.
#![allow(clippy::unwrap_used)]

mod architecture;
mod dispatcher;
mod house;
mod scenarios;
mod workers;
