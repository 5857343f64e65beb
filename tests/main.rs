//! The whole program from outside: the architecture rule, the road, restarts, replay.
#![allow(clippy::unwrap_used)]

mod access;
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
mod grafana;
mod host;
mod house;
mod judges;
mod kills;
mod kubernetes;
mod metrics;
mod mqtt_loop;
mod program;
mod recordings;
mod road;
mod scenarios;
mod similar;
mod soak;
mod steps;
mod travelling;
mod watching;
mod whole_plant;
mod workers;
