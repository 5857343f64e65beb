//! CIP, what frames carry: reading and writing tags, several in one packet, sent on along a route, and the answers. Pure.

use super::{
    address::Step,
    frame::{Malformed, u16_at},
    status::Status,
};

const READ_TAG: u8 = 0x4C;
const WRITE_TAG: u8 = 0x4D;
const SEVERAL: u8 = 0x0A;
const SEND_ON: u8 = 0x52;
const ANSWERS: u8 = 0x80;
/// Words in a path: the object that takes several services in one packet.
const MESSAGE_ROUTER: [u8; 4] = [0x20, 0x02, 0x24, 0x01];
/// The object that sends a message on along a route.
const CONNECTIONS: [u8; 4] = [0x20, 0x06, 0x24, 0x01];
/// How long a message may wait on its route: 8 ticks of 128 ms. A write must not arrive long after we have given it up.
const ROUTE_TIME: [u8; 2] = [0x07, 8];
/// The backplane, where the slots are.
const BACKPLANE: u8 = 1;

/// A tag's way through the controller, in segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<u8>);

impl Path {
    pub(super) fn of(steps: &[Step]) -> Self {
        let mut bytes = Vec::new();
        for step in steps {
            match step {
                Step::Name(name) => name_segment(name, &mut bytes),
                Step::Index(places) => places.iter().for_each(|place| index_segment(*place, &mut bytes)),
            }
        }
        Self(bytes)
    }
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Names are at most 40 characters, so that their length fits its byte.
fn name_segment(name: &str, bytes: &mut Vec<u8>) {
    bytes.extend([0x91, u8::try_from(name.len()).unwrap_or(u8::MAX)]);
    bytes.extend(name.bytes());
    if name.len() % 2 == 1 {
        bytes.push(0);
    }
}

fn index_segment(place: u32, bytes: &mut Vec<u8>) {
    if let Ok(place) = u8::try_from(place) {
        bytes.extend([0x28, place]);
    } else if let Ok(place) = u16::try_from(place) {
        bytes.extend([0x29, 0]);
        bytes.extend(place.to_le_bytes());
    } else {
        bytes.extend([0x2A, 0]);
        bytes.extend(place.to_le_bytes());
    }
}

/// A service on what a path of whole words leads to. Paths are at most 400 bytes, so that their words fit the byte.
fn service(code: u8, path: &[u8], data: &[u8]) -> Vec<u8> {
    let mut message = vec![code, u8::try_from(path.len() / 2).unwrap_or(u8::MAX)];
    message.extend(path);
    message.extend(data);
    message
}

/// One element of a tag.
pub fn read_tag(path: &Path) -> Vec<u8> {
    service(READ_TAG, path.bytes(), &1u16.to_le_bytes())
}

pub fn write_tag(path: &Path, code: u16, value: &[u8]) -> Vec<u8> {
    let data = [&code.to_le_bytes()[..], &1u16.to_le_bytes(), value].concat();
    service(WRITE_TAG, path.bytes(), &data)
}

/// Several services in one packet; they are as many and as short as [`super::plan`] lets them be.
pub fn several(messages: &[Vec<u8>]) -> Vec<u8> {
    let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes();
    let mut data = short(messages.len()).to_vec();
    let mut offset = 2 + 2 * messages.len();
    for message in messages {
        data.extend(short(offset));
        offset += message.len();
    }
    messages.iter().for_each(|message| data.extend(message));
    service(SEVERAL, &MESSAGE_ROUTER, &data)
}

/// The message, to be sent on to the slot of the rack.
pub fn sent_on(message: &[u8], slot: u8) -> Vec<u8> {
    let mut data = ROUTE_TIME.to_vec();
    data.extend(u16::try_from(message.len()).unwrap_or(u16::MAX).to_le_bytes());
    data.extend(message);
    if message.len() % 2 == 1 {
        data.push(0);
    }
    data.extend([1, 0, BACKPLANE, slot]);
    service(SEND_ON, &CONNECTIONS, &data)
}

/// What was asked, as far as the answer must fit to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Read,
    Write,
    Several,
}

impl Asked {
    const fn code(self) -> u8 {
        match self {
            Self::Read => READ_TAG,
            Self::Write => WRITE_TAG,
            Self::Several => SEVERAL,
        }
    }
}

/// An answer to one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: Status,
    /// It comes from whoever should have sent the question on, not from the controller.
    pub on_the_way: bool,
    pub data: Vec<u8>,
}

/// The answer in these bytes, if it is one to what was asked.
pub fn parse_reply(asked: Asked, bytes: &[u8]) -> Result<Reply, Malformed> {
    let [code, _reserved, general, words, rest @ ..] = bytes else { return Err(Malformed("the answer ends too early")) };
    let (further, data) = rest.split_at_checked(usize::from(*words) * 2).ok_or(Malformed("the answer ends too early"))?;
    let status = Status { general: *general, further: u16_at(further, 0).ok() };
    let on_the_way = *code == SEND_ON | ANSWERS;
    if on_the_way && status.is_good() || !on_the_way && *code != asked.code() | ANSWERS {
        return Err(Malformed("the answer is to another kind of question"));
    }
    Ok(Reply { status, on_the_way, data: data.to_vec() })
}

/// The answers of a packet, one for each of its `count` reads, in their order.
pub fn parse_several(data: &[u8], count: usize) -> Result<Vec<Reply>, Malformed> {
    if usize::from(u16_at(data, 0)?) != count {
        return Err(Malformed("the packet holds another number of answers than questions"));
    }
    let mut starts: Vec<usize> = (0..count).map(|index| u16_at(data, 2 + 2 * index).map(usize::from)).collect::<Result<_, _>>()?;
    let first = 2 + 2 * count;
    starts.push(data.len());
    if starts.first().is_some_and(|start| *start < first) {
        return Err(Malformed("an answer of the packet begins outside it"));
    }
    let part = |pair: &[usize]| match pair {
        [start, end] => data.get(*start..*end).ok_or(Malformed("an answer of the packet lies outside it")),
        _ => Err(Malformed("an answer of the packet lies outside it")),
    };
    starts.windows(2).map(|pair| parse_reply(Asked::Read, part(pair)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ethernet_ip::address::parse_address;
    use proptest::prelude::*;

    fn path(text: &str) -> Path {
        Path::of(&parse_address(text).unwrap().steps)
    }

    #[test]
    fn names_and_indices_become_segments_of_whole_words() {
        assert_eq!(path("Tag").bytes(), [0x91, 3, b'T', b'a', b'g', 0]);
        assert_eq!(
            path("T2[3,300,70000].On").bytes(),
            [0x91, 2, b'T', b'2', 0x28, 3, 0x29, 0, 0x2C, 1, 0x2A, 0, 0x70, 0x11, 1, 0, 0x91, 2, b'O', b'n']
        );
        assert_eq!(path("Program:Main.Tag").bytes(), [&[0x91, 12][..], b"Program:Main", &[0x91, 3], b"Tag\0"].concat());
    }

    #[test]
    fn the_services_are_laid_out_as_the_controllers_want_them() {
        let read = read_tag(&path("Ab"));
        assert_eq!(read, [0x4C, 2, 0x91, 2, b'A', b'b', 1, 0]);
        assert_eq!(write_tag(&path("Ab"), 0xC3, &[5, 0]), [0x4D, 2, 0x91, 2, b'A', b'b', 0xC3, 0, 1, 0, 5, 0]);
        let packet = several(&[read.clone(), read.clone()]);
        assert_eq!(packet[..12], [0x0A, 2, 0x20, 2, 0x24, 1, 2, 0, 6, 0, 14, 0]);
        assert_eq!(packet[12..], [read.clone(), read.clone()].concat());
        let routed = sent_on(&read[..7], 3);
        assert_eq!(routed[..10], [0x52, 2, 0x20, 6, 0x24, 1, 7, 8, 7, 0]);
        assert_eq!(routed[17..], [0, 1, 0, 1, 3]);
    }

    #[test]
    fn an_answer_to_another_kind_of_question_is_none() {
        assert!(parse_reply(Asked::Read, &[0xCC, 0, 0, 0, 0xC3, 0, 5, 0]).is_ok());
        assert!(parse_reply(Asked::Write, &[0xCC, 0, 0, 0, 0xC3, 0, 5, 0]).is_err());
        assert!(parse_reply(Asked::Read, &[0xCC, 0, 0]).is_err());
        assert!(parse_reply(Asked::Read, &[0xCC, 0, 0xFF, 9, 1]).is_err());
        assert!(parse_reply(Asked::Read, &[0xD2, 0, 0, 0]).is_err());
        let lost = parse_reply(Asked::Read, &[0xD2, 0, 1, 1, 0x04, 0x02]).unwrap();
        assert_eq!((lost.status, lost.on_the_way), (Status { general: 1, further: Some(0x0204) }, true));
    }

    #[test]
    fn a_packets_answers_are_told_apart_or_refused() {
        let good = [2, 0, 6, 0, 14, 0, 0xCC, 0, 0, 0, 0xC3, 0, 5, 0, 0xCC, 0, 4, 0];
        let answers = parse_several(&good, 2).unwrap();
        assert_eq!((answers[0].data.as_slice(), answers[1].status.general), (&[0xC3, 0, 5, 0][..], 4));
        assert!(parse_several(&good, 3).is_err());
        for (at, wrong) in [(2, 200), (2, 0), (4, 2), (4, 200), (6, 0xCD)] {
            let mut bad = good;
            bad[at] = wrong;
            assert!(parse_several(&bad, 2).is_err(), "{at} {wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), count in 0usize..5) {
            let _ = parse_reply(Asked::Read, &bytes);
            let _ = parse_several(&bytes, count);
        }
    }
}
