//! How S7 travels: packets with their length (TPKT), in them a connection of class 0 and its data (COTP, ISO 8073).

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longer packets are nothing that a client of a PDU of 240 bytes sends.
const LONGEST: usize = 1_024;

const CONNECTION_REQUEST: u8 = 0xE0;
const CONNECTION_CONFIRM: u8 = 0xD0;
const DATA: u8 = 0xF0;
/// This packet ends the message; we take no others.
const LAST: u8 = 0x80;

/// What a packet holds.
pub(super) enum Opened<'a> {
    /// A request for a connection, and the packet that confirms it.
    Connect(Vec<u8>),
    /// A whole S7 message.
    Data(&'a [u8]),
}

pub(super) fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("this is no S7: {what}"))
}

/// The next packet without its length; `None` once the client has hung up between two.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; 4];
    if stream.read(&mut header[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut header[1..]).await?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header[0] != 3 || !(7..=LONGEST).contains(&length) {
        return Err(wrong("a packet begins otherwise"));
    }
    let mut packet = vec![0; length - 4];
    stream.read_exact(&mut packet).await?;
    Ok(Some(packet))
}

pub(super) fn opened(packet: &[u8]) -> io::Result<Opened<'_>> {
    match packet {
        [length, CONNECTION_REQUEST, _, _, theirs_high, theirs_low, _class, parameters @ ..] if usize::from(*length) + 1 == packet.len() => {
            // Their reference, ours, class 0; and the TSAPs and size that they proposed.
            let mut confirmation = vec![*length, CONNECTION_CONFIRM, *theirs_high, *theirs_low, 0, 1, 0];
            confirmation.extend(parameters);
            Ok(Opened::Connect(packed(&confirmation)))
        }
        [2, DATA, LAST, message @ ..] => Ok(Opened::Data(message)),
        _ => Err(wrong("a packet holds neither a connection request nor a whole message")),
    }
}

/// A message as a packet.
pub(super) fn data(message: &[u8]) -> Vec<u8> {
    packed(&[&[2, DATA, LAST], message].concat())
}

fn packed(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() + 4) as u16;
    [&[3, 0], length.to_be_bytes().as_slice(), payload].concat()
}
