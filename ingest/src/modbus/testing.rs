//! A map of plain registers, for tests of what is the same for every protocol.

use super::{Modbus, Slot, plan::Limits, value::ByteOrder, wire::Way};

/// So many holding registers, from 0 on, far enough apart to take a request each.
pub(crate) fn registers(count: u16) -> Modbus {
    let slot = |number| Slot { unit: 1, address: format!("holding:{}", number * 100).parse().unwrap(), order: ByteOrder::Abcd };
    let limits = Limits { registers: 125, coils: 2_000, max_gap: 8 };
    Modbus { way: Way::Tcp { address: "127.0.0.1:1".into() }, limits, slots: (0..count).map(slot).collect() }
}
