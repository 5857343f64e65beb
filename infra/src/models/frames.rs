//! A stream cut into frames: the data of server-sent events, or lines of JSON.

use crate::outward::{Opened, SendFailed};
use std::collections::VecDeque;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    ServerSentEvents,
    Lines,
}

pub(super) struct Frames {
    opened: Opened,
    cutter: Cutter,
    is_over: bool,
}

impl Frames {
    pub fn new(opened: Opened, framing: Framing) -> Self {
        Self { opened, cutter: Cutter { framing, rest: Vec::new(), data: Vec::new(), ready: VecDeque::new() }, is_over: false }
    }

    /// `None` once the answer is at its end.
    pub async fn next(&mut self) -> Result<Option<String>, SendFailed> {
        loop {
            if let Some(frame) = self.cutter.ready.pop_front() {
                return Ok(Some(frame));
            }
            if self.is_over {
                return Ok(None);
            }
            match self.opened.piece().await? {
                Some(piece) => self.cutter.take(&piece),
                None => {
                    // The last line, or event, may lack its end.
                    self.cutter.take(b"\n\n");
                    self.is_over = true;
                }
            }
        }
    }
}

struct Cutter {
    framing: Framing,
    /// Bytes of a line that has no end yet: a piece may end within a letter.
    rest: Vec<u8>,
    data: Vec<String>,
    ready: VecDeque<String>,
}

impl Cutter {
    fn take(&mut self, piece: &[u8]) {
        for byte in piece {
            if *byte == b'\n' {
                let line = String::from_utf8_lossy(&self.rest).trim_end_matches('\r').to_string();
                self.rest.clear();
                self.line(line);
            } else {
                self.rest.push(*byte);
            }
        }
    }

    fn line(&mut self, line: String) {
        match self.framing {
            Framing::Lines if line.trim().is_empty() => {}
            Framing::Lines => self.ready.push_back(line),
            Framing::ServerSentEvents if line.is_empty() => {
                if !self.data.is_empty() {
                    self.ready.push_back(std::mem::take(&mut self.data).join("\n"));
                }
            }
            // Names of events, ids and comments say nothing that the data does not say as well.
            Framing::ServerSentEvents => self.data.extend(line.strip_prefix("data:").map(|data| data.strip_prefix(' ').unwrap_or(data).to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(framing: Framing, pieces: &[&[u8]]) -> Vec<String> {
        let mut cutter = Cutter { framing, rest: Vec::new(), data: Vec::new(), ready: VecDeque::new() };
        pieces.iter().for_each(|piece| cutter.take(piece));
        cutter.take(b"\n\n");
        cutter.ready.into()
    }

    proptest! {
        #[test]
        fn wherever_a_stream_is_cut_its_frames_are_the_same(at in 0usize..80) {
            let events = ": hello\r\nevent: x\r\ndata: {\"a\":\r\ndata: \"ü\"}\r\n\r\ndata:[DONE]\n\n".as_bytes();
            let (one, other) = events.split_at(at.min(events.len()));
            prop_assert_eq!(cut(Framing::ServerSentEvents, &[one, other]), ["{\"a\":\n\"ü\"}", "[DONE]"]);
            let lines = "{\"a\":\"ü\"}\n\n{\"b\":1}".as_bytes();
            let (one, other) = lines.split_at(at.min(lines.len()));
            prop_assert_eq!(cut(Framing::Lines, &[one, other]), ["{\"a\":\"ü\"}", "{\"b\":1}"]);
        }
    }
}
