//! What an S7 client asks of the second pump's controller, and the answer: set-up, reading and writing up to twenty variables.

use super::{PUMP, block, block::No, frame::wrong};
use crate::simulator::plant::SimulatedPlant;
use std::io;

/// The longest message, as an S7-1200 has it.
pub(super) const PDU: usize = 240;
const SMALLEST_PDU: usize = 64;
const MOST_ITEMS: usize = 20;

const JOB: u8 = 1;
const ANSWER: u8 = 3;
const SETUP: u8 = 0xF0;
const READ: u8 = 0x04;
const WRITE: u8 = 0x05;
const DATA_BLOCK: u8 = 0x84;
const DONE: u8 = 0xFF;

/// Errors of a whole job; the numbers are S7's.
const NOT_SUPPORTED: [u8; 2] = [0x81, 0x04];
const WRONG_SIZE: [u8; 2] = [0x85, 0x00];

struct Job<'a> {
    reference: [u8; 2],
    parameters: &'a [u8],
    data: &'a [u8],
}

/// A variable that is asked for.
#[derive(Debug, Clone, Copy)]
struct Item {
    kind: u8,
    count: usize,
    block: u16,
    area: u8,
    bit: usize,
}

/// The message that answers this one. `pdu` is what was agreed on. An error is something that is no S7 at all.
pub(super) fn answered(plant: &SimulatedPlant, message: &[u8], pdu: &mut usize) -> io::Result<Vec<u8>> {
    let (kind, job) = opened(message)?;
    let answer = match (kind, job.parameters) {
        (JOB, [SETUP, _, _, _, _, _, high, low]) => {
            *pdu = usize::from(u16::from_be_bytes([*high, *low])).clamp(SMALLEST_PDU, PDU);
            Ok((vec![SETUP, 0, 0, 1, 0, 1, 0, *pdu as u8], vec![]))
        }
        (JOB, [function @ (READ | WRITE), count, items @ ..]) => {
            let items = itemised(*count, items).ok_or_else(|| wrong("the list of variables"))?;
            let data = match *function {
                _ if items.len() > MOST_ITEMS => None,
                READ => Some(read(plant, &items)),
                _ => Some(write(plant, &items, job.data)?),
            };
            let fitting = data.filter(|data| 14 + data.len() <= *pdu);
            fitting.map(|data| (vec![*function, *count], data)).ok_or(WRONG_SIZE)
        }
        _ => Err(NOT_SUPPORTED),
    };
    let ((parameters, data), error) = answer.map_or_else(|error| ((vec![], vec![]), error), |answer| (answer, [0, 0]));
    let lengths = [(parameters.len() as u16).to_be_bytes(), (data.len() as u16).to_be_bytes()].concat();
    Ok([&[0x32, ANSWER, 0, 0], job.reference.as_slice(), &lengths, &error, &parameters, &data].concat())
}

fn opened(message: &[u8]) -> io::Result<(u8, Job<'_>)> {
    let [0x32, kind, _, _, high, low, p_high, p_low, d_high, d_low, rest @ ..] = message else { return Err(wrong("a message begins otherwise")) };
    let (parameters, data) = (usize::from(u16::from_be_bytes([*p_high, *p_low])), usize::from(u16::from_be_bytes([*d_high, *d_low])));
    if rest.len() != parameters + data {
        return Err(wrong("a message is not as long as it says"));
    }
    let (parameters, data) = rest.split_at(parameters);
    Ok((*kind, Job { reference: [*high, *low], parameters, data }))
}

fn itemised(count: u8, bytes: &[u8]) -> Option<Vec<Item>> {
    let (items, []) = bytes.as_chunks::<12>() else { return None };
    let item = |bytes: &[u8; 12]| match *bytes {
        [0x12, 0x0A, 0x10, kind, c1, c0, b1, b0, area, a2, a1, a0] => Some(Item {
            kind,
            count: u16::from_be_bytes([c1, c0]).into(),
            block: u16::from_be_bytes([b1, b0]),
            area,
            bit: u32::from_be_bytes([0, a2, a1, a0]) as usize,
        }),
        _ => None,
    };
    let items: Option<Vec<Item>> = items.iter().map(item).collect();
    items.filter(|items| !items.is_empty() && items.len() == usize::from(count))
}

const BIT: u8 = 0x01;

impl Item {
    /// Bytes of one value of this type.
    fn width(&self) -> Result<usize, No> {
        match self.kind {
            BIT | 0x02 | 0x03 => Ok(1),
            0x04 | 0x05 => Ok(2),
            0x06..=0x08 => Ok(4),
            _ => Err(No::Type),
        }
    }
    /// From which byte on, and how many.
    fn span(&self) -> Result<(usize, usize), No> {
        if self.area != DATA_BLOCK || self.block != block::NUMBER {
            return Err(No::Missing);
        }
        let (at, length) = (self.bit / 8, self.width()? * self.count);
        let is_askew = if self.kind == BIT { self.count != 1 } else { !self.bit.is_multiple_of(8) };
        if is_askew || length == 0 || at + length > block::LENGTH { Err(No::Range) } else { Ok((at, length)) }
    }
    /// How an answer names the type, and whether it counts its length in bits.
    fn answered_as(&self) -> (u8, usize) {
        match self.kind {
            BIT => (0x03, 1),
            0x05 => (0x05, 8),
            0x08 => (0x07, 1),
            _ => (0x04, 8),
        }
    }
}

fn read(plant: &SimulatedPlant, items: &[Item]) -> Vec<u8> {
    // All of one answer is of one moment.
    let image = plant.look(PUMP, block::image).unwrap_or_default();
    let mut data = Vec::new();
    for item in items {
        if !data.len().is_multiple_of(2) {
            data.push(0);
        }
        match item.span().and_then(|(at, length)| image.get(at..at + length).ok_or(No::Missing)) {
            Err(no) => data.extend([no as u8, 0, 0, 0]),
            Ok(bytes) => {
                let (kind, bits) = item.answered_as();
                data.extend([DONE, kind]);
                data.extend(((bytes.len() * bits) as u16).to_be_bytes());
                if item.kind == BIT {
                    data.push(bytes[0] >> (item.bit % 8) & 1);
                } else {
                    data.extend(bytes);
                }
            }
        }
    }
    data
}

/// One code for each item. An error is data that does not fit its own description.
fn write(plant: &SimulatedPlant, items: &[Item], mut data: &[u8]) -> io::Result<Vec<u8>> {
    let mut codes = Vec::new();
    for item in items {
        let [_, kind, high, low, rest @ ..] = data else { return Err(wrong("values are missing")) };
        let given = usize::from(u16::from_be_bytes([*high, *low]));
        let length = if matches!(kind, 0x04..=0x06) { given / 8 } else { given };
        if length > rest.len() {
            return Err(wrong("a value is cut off"));
        }
        let (value, rest) = rest.split_at(length);
        data = if length.is_multiple_of(2) || rest.is_empty() { rest } else { &rest[1..] };
        let written = item.span().and_then(|(at, length)| match () {
            () if length != value.len() => Err(No::Type),
            () if item.kind == BIT => Err(No::Access),
            () => plant.order(PUMP, |pump| block::write(pump, at, value)).unwrap_or(Err(No::Missing)),
        });
        codes.push(written.map_or_else(|no| no as u8, |()| DONE));
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{channel::Setpoint, scenario::Scenario};
    use millwright_domain::{Now, Timestamp, ports::clock::Clock};
    use proptest::prelude::*;
    use std::sync::Arc;

    struct Still;
    #[async_trait::async_trait]
    impl Clock for Still {
        fn now(&self) -> Now {
            Now { wall: Timestamp::from_micros(0), plant: Timestamp::from_micros(0) }
        }
        async fn plant_reaches(&self, _at: Timestamp) {}
        async fn wall_reaches(&self, _at: Timestamp) {}
    }

    fn plant() -> SimulatedPlant {
        SimulatedPlant::of(2, 1, Scenario::normal(), vec![], Arc::new(Still), 1.0, Box::new(|_, _| ()))
    }
    fn asked(parameters: &[u8], data: &[u8]) -> Vec<u8> {
        let lengths = [(parameters.len() as u16).to_be_bytes(), (data.len() as u16).to_be_bytes()].concat();
        [&[0x32, JOB, 0, 0, 0xAB, 0xCD], lengths.as_slice(), parameters, data].concat()
    }
    fn item(kind: u8, count: u16, block: u16, bit: u32) -> Vec<u8> {
        [&[0x12, 0x0A, 0x10, kind], &count.to_be_bytes()[..], &block.to_be_bytes(), &[DATA_BLOCK], &bit.to_be_bytes()[1..]].concat()
    }
    fn answer_to(plant: &SimulatedPlant, parameters: &[u8], data: &[u8]) -> Vec<u8> {
        answered(plant, &asked(parameters, data), &mut PDU.clone()).unwrap()
    }

    #[test]
    fn a_larger_message_than_the_controller_has_is_not_agreed_on() {
        let (plant, mut pdu) = (plant(), PDU);
        let answer = answered(&plant, &asked(&[SETUP, 0, 0, 1, 0, 1, 0x03, 0xC0], &[]), &mut pdu).unwrap();
        assert_eq!((&answer[4..6], &answer[18..], pdu), ([0xAB, 0xCD].as_slice(), [0, 240].as_slice(), 240));
    }

    #[test]
    fn several_variables_are_answered_each_by_its_own_code() {
        let items = [item(0x08, 1, 1, 34 * 8), item(BIT, 1, 1, 32 * 8), item(0x05, 1, 1, 24 * 8), item(2, 4, 2, 0), item(2, 4, 1, 40 * 8)].concat();
        let answer = answer_to(&plant(), &[&[READ, 5], items.as_slice()].concat(), &[]);
        let data = &answer[14..];
        assert_eq!(data[..8], [&[DONE, 7, 0, 4], 1_480.0f32.to_be_bytes().as_slice()].concat());
        assert_eq!(data[8..14], [DONE, 3, 0, 1, 1, 0]);
        assert_eq!(data[14..18], [DONE, 5, 0, 16]);
        assert_eq!(data[20..], [0x0A, 0, 0, 0, 0x05, 0, 0, 0]);
    }

    #[test]
    fn a_setpoint_is_written_and_nothing_else_is() {
        let plant = plant();
        let write = |at: u32, value: f32| {
            let parameters = [&[WRITE, 1], item(0x08, 1, 1, at * 8).as_slice()].concat();
            answer_to(&plant, &parameters, &[&[0, 7, 0, 4], value.to_be_bytes().as_slice()].concat())[14]
        };
        assert_eq!((write(34, 888.0), write(0, 1.0), write(34, 9_000.0), write(60, 1.0)), (DONE, 3, 3, 5));
        assert_eq!(plant.look(PUMP, |pump| pump.told(Setpoint::Speed)), Some(888.0));
    }

    #[test]
    fn more_than_fits_is_refused_as_a_whole_and_changes_nothing() {
        let plant = plant();
        let items: Vec<u8> = (0..21).flat_map(|_| item(0x08, 1, 1, 34 * 8)).collect();
        let values: Vec<u8> = (0..21).flat_map(|_| [&[0, 7, 0, 4], 888.0f32.to_be_bytes().as_slice()].concat()).collect();
        assert_eq!(answer_to(&plant, &[&[WRITE, 21], items.as_slice()].concat(), &values)[10..12], WRONG_SIZE);
        assert_eq!(plant.look(PUMP, |pump| pump.told(Setpoint::Speed)), Some(1_480.0));
        let blocks: Vec<u8> = (0..6).flat_map(|_| item(2, 42, 1, 0)).collect();
        assert_eq!(answer_to(&plant, &[&[READ, 6], blocks.as_slice()].concat(), &[])[10..12], WRONG_SIZE);
    }

    proptest! {
        #[test]
        fn no_message_is_too_strange(mut bytes in prop::collection::vec(any::<u8>(), 0..200), parameters in 0u16..30, function in any::<u8>()) {
            if bytes.len() >= 12 {
                let data = (bytes.len() - 10) as u16;
                let head = [0x32, JOB, 0, 0, 0, 0, 0, parameters.min(data) as u8, 0, (data - parameters.min(data)) as u8, function];
                bytes[..head.len()].copy_from_slice(&head);
            }
            drop(answered(&plant(), &bytes, &mut PDU.clone()));
        }
    }
}
