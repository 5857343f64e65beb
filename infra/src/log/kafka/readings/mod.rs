//! The readings' lane: what scans are written with and read by. A seq is Kafka's own offset: no transactions write here, so it is dense.

pub mod bare;
mod cold;
mod follower;
mod lane;
mod under_way;
mod writer;

pub(super) use lane::ReadingsLane;
pub(super) use writer::ReadingsWriter;
