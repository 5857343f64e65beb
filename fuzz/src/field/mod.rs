//! The field's targets, a file a protocol: what devices may send, and what people may write of them.

mod ethernet_ip;
mod modbus;
mod mqtt;
mod opc_ua;
mod s7;
mod tags;

use super::targets::Target;

pub const TARGETS: &[&[Target]] = &[modbus::TARGETS, ethernet_ip::TARGETS, s7::TARGETS, mqtt::TARGETS, opc_ua::TARGETS, tags::TARGETS];
