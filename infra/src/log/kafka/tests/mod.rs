//! The log in Kafka against a real broker.

mod contract;
