//! Encapsulation, the outermost layer of EtherNet/IP: what a frame on the wire looks like, both ways. Pure.

use std::fmt;
use thiserror::Error;

/// Bytes of a header. What follows it is at most 65,535 bytes long, as its length has two bytes.
pub const HEADER: usize = 24;
/// Items of an answer that are looked at; two are usual.
const MOST_ITEMS: u16 = 8;
const NULL_ADDRESS: u16 = 0x0000;
const UNCONNECTED_DATA: u16 = 0x00B2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Command {
    RegisterSession = 0x65,
    SendRrData = 0x6F,
}

/// What stands before every frame's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub command: u16,
    pub length: u16,
    pub session: u32,
    pub status: u32,
    /// Chosen by the one who asks and given back with the answer.
    pub context: u64,
}

/// Bytes that are no frame of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// The device refuses the whole frame, by its encapsulation status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub struct FrameRefused(pub u32);

impl FrameRefused {
    /// It is the frame's content that the device does not take, and not the session.
    pub const fn is_about_content(self) -> bool {
        !matches!(self.0, 0x01 | 0x02 | 0x64 | 0x69)
    }
}

impl fmt::Display for FrameRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0 {
            0x01 => "it does not know the command",
            0x02 => "it has no memory for it; close other connections to the controller",
            0x03 | 0x65 => "it cannot read the request or finds it too long",
            0x64 => "it has ended the session",
            0x69 => "it speaks another version of the protocol",
            _ => "it does not take the request; check the tag",
        };
        write!(f, "the device refused the whole frame: {what} (encapsulation status 0x{:02X})", self.0)
    }
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Malformed> {
    bytes.get(at..).and_then(|rest| rest.first_chunk().copied()).ok_or(Malformed("the answer ends too early"))
}
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Malformed> {
    chunk(bytes, at).map(u16::from_le_bytes)
}
fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Malformed> {
    chunk(bytes, at).map(u32::from_le_bytes)
}

impl Header {
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            command: u16_at(bytes, 0)?,
            length: u16_at(bytes, 2)?,
            session: u32_at(bytes, 4)?,
            status: u32_at(bytes, 8)?,
            context: chunk(bytes, 12).map(u64::from_le_bytes)?,
        })
    }
}

/// A frame that asks. `None` if the body is longer than a frame can be.
pub fn question(command: Command, session: u32, context: u64, body: &[u8]) -> Option<Vec<u8>> {
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.extend((command as u16).to_le_bytes());
    frame.extend(u16::try_from(body.len()).ok()?.to_le_bytes());
    frame.extend(session.to_le_bytes());
    frame.extend(0u32.to_le_bytes());
    frame.extend(context.to_le_bytes());
    frame.extend(0u32.to_le_bytes());
    frame.extend(body);
    Some(frame)
}

/// Version 1, no options.
pub const REGISTER: [u8; 4] = [1, 0, 0, 0];

/// The body of a `SendRrData` that carries this message.
pub fn unconnected(message: &[u8]) -> Option<Vec<u8>> {
    let mut body = vec![0; 6];
    for part in [2, NULL_ADDRESS, 0, UNCONNECTED_DATA, u16::try_from(message.len()).ok()?] {
        body.extend(part.to_le_bytes());
    }
    body.extend(message);
    Some(body)
}

/// The message that the body of a `SendRrData` carries.
pub fn parse_unconnected(body: &[u8]) -> Result<&[u8], Malformed> {
    if u32_at(body, 0)? != 0 {
        return Err(Malformed("the answer belongs to another protocol than CIP"));
    }
    let items = u16_at(body, 6)?;
    if items > MOST_ITEMS {
        return Err(Malformed("the answer has too many parts"));
    }
    let mut at = 8;
    let mut message = None;
    for _ in 0..items {
        let (kind, length) = (u16_at(body, at)?, usize::from(u16_at(body, at + 2)?));
        let item = body.get(at + 4..at + 4 + length).ok_or(Malformed("the answer ends too early"))?;
        if kind == UNCONNECTED_DATA && message.replace(item).is_some() {
            return Err(Malformed("the answer carries two messages"));
        }
        at += 4 + length;
    }
    message.ok_or(Malformed("the answer carries no message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_is_laid_out_as_the_protocol_wants_it() {
        let frame = question(Command::RegisterSession, 0, 7, &REGISTER).unwrap();
        assert_eq!(frame.len(), HEADER + 4);
        assert_eq!(frame[..4], [0x65, 0, 4, 0]);
        let header = Header::parse(&frame).unwrap();
        assert_eq!(header, Header { command: 0x65, length: 4, session: 0, status: 0, context: 7 });
    }

    #[test]
    fn a_body_carries_its_message_both_ways() {
        assert_eq!(parse_unconnected(&unconnected(&[1, 2, 3]).unwrap()), Ok(&[1, 2, 3][..]));
        assert_eq!(unconnected(&vec![0; 70_000]), None);
    }

    #[test]
    fn a_length_that_points_past_the_end_is_refused() {
        let mut body = unconnected(&[1, 2, 3]).unwrap();
        body[14] = 4;
        assert_eq!(parse_unconnected(&body), Err(Malformed("the answer ends too early")));
        body[14] = 3;
        body[6] = 0xFF;
        body[7] = 0xFF;
        assert_eq!(parse_unconnected(&body), Err(Malformed("the answer has too many parts")));
        assert!(parse_unconnected(&body[..9]).is_err());
        assert!(Header::parse(&[0; 23]).is_ok(), "options are not looked at");
        assert!(Header::parse(&[0; 19]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Header::parse(&bytes);
            let _ = parse_unconnected(&bytes);
        }
    }
}
