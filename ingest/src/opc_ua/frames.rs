//! A socket that lets no frame through that is longer than agreed: the library would collect it in memory up to the length that it claims.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, ReadBuf};

const HEADER: usize = 8;
const KINDS: [&[u8]; 5] = [b"ACK", b"ERR", b"MSG", b"OPN", b"CLO"];

pub(super) struct Frames<R> {
    inner: R,
    ruler: Ruler,
}

impl<R> Frames<R> {
    pub(super) fn new(inner: R, longest: usize) -> Self {
        Self { inner, ruler: Ruler { longest, header: [0; HEADER], known: 0, left: 0 } }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Frames<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let came = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.ruler.measure(came).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why)))
    }
}

/// Follows the frames in a stream of bytes.
struct Ruler {
    longest: usize,
    header: [u8; HEADER],
    /// Bytes of the header that have come.
    known: usize,
    /// Bytes of the frame that have not.
    left: usize,
}

impl Ruler {
    fn measure(&mut self, mut came: &[u8]) -> Result<(), String> {
        while let Some(byte) = came.first() {
            if self.left > 0 {
                let passed = self.left.min(came.len());
                self.left -= passed;
                came = came.get(passed..).unwrap_or_default();
                continue;
            }
            if let Some(place) = self.header.get_mut(self.known) {
                *place = *byte;
                self.known += 1;
            }
            came = came.get(1..).unwrap_or_default();
            if self.known == HEADER {
                self.known = 0;
                self.left = self.length()? - HEADER;
            }
        }
        Ok(())
    }

    fn length(&self) -> Result<usize, String> {
        let [a, b, c, _last, size @ ..] = self.header;
        if !KINDS.contains(&[a, b, c].as_slice()) {
            return Err("what comes is no OPC UA".into());
        }
        let length = u32::from_le_bytes(size) as usize;
        if length > HEADER && length <= self.longest {
            Ok(length)
        } else {
            Err(format!("a frame claims to be {length} bytes long; between 9 and {} were agreed", self.longest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: &[u8; 4], length: u32) -> Vec<u8> {
        let mut bytes = kind.to_vec();
        bytes.extend(length.to_le_bytes());
        bytes.resize(bytes.len().max(length.min(100) as usize), 0xFF);
        bytes
    }

    #[test]
    fn frames_pass_however_they_are_cut_and_none_that_is_too_long() {
        let good: Vec<u8> = [frame(b"ACKF", 28), frame(b"MSGC", 9), frame(b"MSGF", 64)].concat();
        for piece in 1..good.len() {
            let mut ruler = Frames::new((), 64).ruler;
            assert!(good.chunks(piece).all(|bytes| ruler.measure(bytes).is_ok()), "in pieces of {piece}");
            assert!(ruler.measure(&frame(b"MSGF", 65)).is_err());
        }
        for bad in [frame(b"HTTP", 20), frame(b"MSGF", 8), frame(b"MSGF", 0), frame(b"MSGF", u32::MAX)] {
            assert!(Frames::new((), 64).ruler.measure(&bad).is_err());
        }
    }
}
