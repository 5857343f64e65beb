//! What a protocol says of its peer: how it is started, how a device is configured for it, and where the contract's points are.

use serde_json::Value;
use std::{net::SocketAddr, path::Path};

pub trait Bench: Sized + Send + 'static {
    /// As in `protocol = …`, and where its captured session is kept.
    const NAME: &'static str;
    /// Whether the device tells by itself.
    const TOLD: bool = false;

    /// Starts the peer on this port of 127.0.0.1 and returns once it can be connected to.
    fn start(python: &Path, port: u16) -> Self;
    /// The protocol's own settings for the device at this address: `{ "protocol": …, "address": … }`.
    fn device(at: SocketAddr) -> Value;
    fn places() -> Places;
    /// Whether these bytes, on their way to the peer, carry a write to [`Places::set`] or [`Places::stubborn`].
    fn is_write(question: &[u8]) -> bool;
    /// Every value that arrived by a write.
    fn writes(&mut self) -> Vec<f64>;
}

/// Where the contract's points are: each what a person would write of the point, but its signal.
pub struct Places {
    /// Always 1480.
    pub speed: Value,
    /// A number that grows, modulo 65536.
    pub seq: Value,
    /// 65535 minus that number, changed together with it.
    pub complement: Value,
    /// Always 2020.
    pub twenty: Value,
    /// What the device does not have.
    pub absent: Value,
    /// What the device has as another type than it is configured as, where the protocol can tell.
    pub wrong: Option<Value>,
    /// Writable; reads back what was written.
    pub set: Value,
    /// Writable; acknowledges and goes on reading 7.
    pub stubborn: Value,
}

impl Places {
    /// Each with the name of its signal.
    pub fn named(self) -> Vec<(&'static str, Value)> {
        let Self { speed, seq, complement, twenty, absent, wrong, set, stubborn } = self;
        let always = [
            ("p/speed", speed),
            ("p/seq", seq),
            ("p/complement", complement),
            ("p/twenty", twenty),
            ("p/absent", absent),
            ("p/set", set),
            ("p/stubborn", stubborn),
        ];
        always.into_iter().chain(wrong.map(|wrong| ("p/wrong", wrong))).collect()
    }
}
