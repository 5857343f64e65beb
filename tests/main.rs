//! The whole program from outside: the architecture rule, the road, restarts, replay.
#![allow(clippy::unwrap_used)]

mod architecture;
mod asyncapi;
mod auditing;
mod bad_input;
mod benches;
mod cluster;
mod compose;
mod confidence;
mod demo_on_kafka;
mod describing;
mod dispatcher;
mod evening;
mod field;
mod forwarding;
mod gaps;
mod house;
mod kills;
mod metrics;
mod mqtt_loop;
mod program;
mod recordings;
mod road;
mod scenarios;
mod similar;
mod soak;
mod steps;
mod watching;
mod whole_plant;
mod workers;
