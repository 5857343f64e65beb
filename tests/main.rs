//! The whole program from outside: the architecture rule, the road, restarts, replay.
#![allow(clippy::unwrap_used)]

mod architecture;
mod bad_input;
mod dispatcher;
mod house;
mod program;
mod recordings;
mod road;
mod scenarios;
mod workers;
