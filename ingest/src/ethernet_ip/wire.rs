//! One session with a device: a question, and the answer that is certainly to it. Nothing is ever sent twice.

use super::frame::{self, Command, FrameRefused, HEADER, Header, Malformed};
use crate::{gate::Gate, protocol::WireError};
use std::io;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Why a question has no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The device has read the frame and refuses all of it. It may end the session by that.
    Refused(FrameRefused),
    Lost(WireError),
}

impl From<WireError> for NoAnswer {
    fn from(error: WireError) -> Self {
        Self::Lost(error)
    }
}
impl From<io::Error> for NoAnswer {
    fn from(error: io::Error) -> Self {
        Self::Lost(WireError::broken(error))
    }
}
impl From<Malformed> for NoAnswer {
    fn from(malformed: Malformed) -> Self {
        Self::Lost(malformed.into())
    }
}
impl From<Malformed> for WireError {
    fn from(malformed: Malformed) -> Self {
        Self::Mismatch(malformed.to_string())
    }
}
impl From<NoAnswer> for WireError {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Refused(refused) => Self::broken(refused),
            NoAnswer::Lost(error) => error,
        }
    }
}

pub struct Session {
    stream: TcpStream,
    handle: u32,
    /// Goes out with the question and must come back with its answer; never used twice.
    context: u64,
    /// A question went out and its answer has not been read to the end: what comes next may belong to it.
    is_waiting: bool,
}

impl Session {
    pub async fn open(address: &str) -> Result<Self, WireError> {
        let stream = TcpStream::connect(address).await.map_err(WireError::broken)?;
        stream.set_nodelay(true).map_err(WireError::broken)?;
        let mut session = Self { stream, handle: 0, context: 0, is_waiting: false };
        let (header, _versions) = session.exchange(Command::RegisterSession, &frame::REGISTER, None).await?;
        session.handle = header.session;
        Ok(session)
    }

    /// The answer to a CIP message. With a gate the message is a write to the machine, and the gate is the last to say yes.
    pub async fn ask(&mut self, message: &[u8], gate: Option<&Gate>) -> Result<Vec<u8>, NoAnswer> {
        let body = frame::unconnected(message).ok_or(Malformed("the question is too long"))?;
        let (_header, body) = self.exchange(Command::SendRrData, &body, gate).await?;
        Ok(frame::parse_unconnected(&body)?.to_vec())
    }

    async fn exchange(&mut self, command: Command, body: &[u8], gate: Option<&Gate>) -> Result<(Header, Vec<u8>), NoAnswer> {
        if self.is_waiting {
            return Err(Malformed("an earlier question was given up on this connection").into());
        }
        self.context += 1;
        let question = frame::question(command, self.handle, self.context, body).ok_or(Malformed("the question is too long"))?;
        self.is_waiting = true;
        self.send(&question, gate).await?;
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header).await?;
        let header = Header::parse(&header)?;
        self.belongs(command, &header)?;
        let mut body = vec![0; header.length.into()];
        self.stream.read_exact(&mut body).await?;
        self.is_waiting = false;
        if header.status != 0 {
            return Err(NoAnswer::Refused(FrameRefused(header.status)));
        }
        Ok((header, body))
    }

    fn belongs(&self, command: Command, header: &Header) -> Result<(), Malformed> {
        if header.command != command as u16 {
            return Err(Malformed("it is another command's, or no EtherNet/IP at all"));
        }
        if header.context != self.context {
            return Err(Malformed("it carries another question's mark"));
        }
        // A device that has ended the session says so under whatever number it likes.
        if self.handle != 0 && header.status == 0 && header.session != self.handle {
            return Err(Malformed("it belongs to another session"));
        }
        Ok(())
    }

    /// The gate is asked in the very call that hands over the first byte, so that nothing can come between the two.
    async fn send(&mut self, question: &[u8], gate: Option<&Gate>) -> Result<(), NoAnswer> {
        let mut sent = 0;
        while let Some(gate) = gate.filter(|gate| !gate.has_passed()) {
            self.stream.writable().await?;
            gate.check().map_err(WireError::broken)?;
            match self.stream.try_write(question) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // An error may hide that bytes have left; only a socket that was not ready has certainly taken none.
                written => {
                    gate.pass();
                    gate.note(question);
                    sent = written?;
                }
            }
        }
        self.stream.write_all(question.get(sent..).unwrap_or_default()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ethernet_ip::frame::parse_unconnected;
    use std::time::Duration;
    use tokio::{net::TcpListener, time::timeout};

    type Spoil = fn(&mut Vec<u8>);

    /// A device that opens a session and answers every question with the same message, in a frame that was changed by `spoil`.
    async fn device(spoil: Spoil) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut frame = vec![0; HEADER + 4];
            stream.read_exact(&mut frame).await.unwrap();
            frame[4] = 7;
            stream.write_all(&frame).await.unwrap();
            loop {
                let mut header = [0; HEADER];
                if stream.read_exact(&mut header).await.is_err() {
                    return;
                }
                let asked = Header::parse(&header).unwrap();
                let mut body = vec![0; asked.length.into()];
                stream.read_exact(&mut body).await.unwrap();
                assert!(parse_unconnected(&body).is_ok());
                let mut answer = frame::question(Command::SendRrData, 7, asked.context, &frame::unconnected(&[1, 2]).unwrap()).unwrap();
                spoil(&mut answer);
                drop(stream.write_all(&answer).await);
            }
        });
        address
    }
    async fn answer(spoil: Spoil) -> Result<Vec<u8>, WireError> {
        let mut session = Session::open(&device(spoil).await).await?;
        let question = session.ask(&[9], None);
        Ok(timeout(Duration::from_secs(5), question).await.map_err(WireError::broken)??)
    }

    #[tokio::test]
    async fn only_the_answer_that_carries_the_questions_mark_is_taken() {
        assert_eq!(answer(|_| {}).await.unwrap(), [1, 2]);
        let spoils: [(Spoil, &str); 4] = [
            (|frame| frame[12] += 1, "another question's mark"),
            (|frame| frame[0] = 0x70, "another command's"),
            (|frame| frame[4] = 8, "another session"),
            (|frame| frame[24] = 1, "another protocol"),
        ];
        for (spoil, why) in spoils {
            let error = answer(spoil).await.unwrap_err();
            assert!(matches!(&error, WireError::Mismatch(text) if text.contains(why)), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_refused_frame_is_told_from_a_lost_one() {
        let mut session = Session::open(&device(|frame| frame[8] = 8).await).await.unwrap();
        assert!(matches!(session.ask(&[9], None).await, Err(NoAnswer::Refused(FrameRefused(8)))));
        let mut session = Session::open(&device(|frame| frame.truncate(30)).await).await.unwrap();
        assert!(timeout(Duration::from_millis(50), session.ask(&[9], None)).await.is_err());
        let error = WireError::from(session.ask(&[9], None).await.unwrap_err());
        assert!(matches!(&error, WireError::Mismatch(why) if why.contains("given up")), "{error:?}");
    }
}
