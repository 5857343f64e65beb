//! What can be wrong in a device's settings, said with the key it stands under.

use millwright_domain::ids::DeviceId;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Error)]
#[error("device {device}: {key} {problem}")]
pub struct BadDevice {
    pub device: DeviceId,
    pub key: String,
    pub problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum Problem {
    #[error("must be host:port, like {0}")]
    NotHostAndPort(&'static str),
    #[error("must be from {low} to {high}")]
    OutOf { low: u64, high: u64 },
    #[error("must name at least one")]
    Empty,
    #[error("is given twice; names are unique in a device")]
    Twice,
    #[error("is not described in the plant; add the signal there, or correct its name")]
    UnknownSignal,
    #[error("belongs to device {0} in the plant; poll it there, or correct the plant")]
    OtherDevice(DeviceId),
    #[error("must be a finite number, and scale not 0")]
    NotFinite,
    #[error("is no class of this device; classes are: {0}")]
    UnknownClass(String),
    #[error("is writable in the plant, but {0}")]
    NotWritable(String),
    /// What the protocol says of an address, a type or a setting of its own.
    #[error("{0}")]
    Protocol(String),
}

/// A problem and the key it stands under, before it is known of which device.
pub type Under<T> = Result<T, (String, Problem)>;

/// `Err` names the key.
pub fn within(key: &str, value: u64, low: u64, high: u64) -> Under<()> {
    if (low..=high).contains(&value) { Ok(()) } else { Err((key.into(), Problem::OutOf { low, high })) }
}

/// `host:port` with a port that can be connected to.
pub fn host_and_port(key: &str, address: &str, example: &'static str) -> Under<()> {
    let is_both = address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
    if is_both { Ok(()) } else { Err((key.into(), Problem::NotHostAndPort(example))) }
}
