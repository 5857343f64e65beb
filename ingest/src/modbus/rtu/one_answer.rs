//! A stream that lets one answer through to each question, whole and checked, and fails on everything else.
//!
//! tokio-modbus looks for a frame that fits in whatever has come, which is kind to noise and would be kind to a late answer as well. It sees
//! only what passed here.

use super::frame::{Heard, LONGEST, judge};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Debug)]
pub(crate) struct OneAnswer<S> {
    stream: S,
    echo: bool,
    asked: Vec<u8>,
    heard: Vec<u8>,
    /// Up to here, `heard` has been handed on; only once all of the answer is there.
    handed_on: Option<usize>,
}

impl<S> OneAnswer<S> {
    pub(crate) fn new(stream: S, echo: bool) -> Self {
        Self { stream, echo, asked: vec![], heard: vec![], handed_on: None }
    }
    fn is_between_questions(&self) -> bool {
        self.asked.is_empty() || self.handed_on.is_some_and(|up_to| up_to == self.heard.len())
    }
}

fn wrong(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

impl<S: AsyncRead + Unpin> OneAnswer<S> {
    /// Bytes that wait before anything was asked answer an older question.
    fn is_quiet(&mut self, task: &mut Context<'_>) -> io::Result<()> {
        let mut bytes = [0; LONGEST];
        let mut unasked = ReadBuf::new(&mut bytes);
        match Pin::new(&mut self.stream).poll_read(task, &mut unasked) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) if unasked.filled().is_empty() => Err(io::ErrorKind::BrokenPipe.into()),
            Poll::Ready(Ok(())) => Err(wrong("bytes came that nobody asked for; an answer was late, or there is a second master on the bus")),
            Poll::Ready(Err(error)) => Err(error),
        }
    }
    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) {
        if let Some(up_to) = self.handed_on {
            let count = buffer.remaining().min(self.heard.len() - up_to);
            buffer.put_slice(&self.heard[up_to..up_to + count]);
            self.handed_on = Some(up_to + count);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OneAnswer<S> {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.is_between_questions() || self.handed_on.is_none() {
            let mut bytes = [0; LONGEST];
            let mut arrived = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(task, &mut arrived))?;
            if arrived.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            if self.is_between_questions() {
                return Poll::Ready(Err(wrong("bytes came that nobody asked for")));
            }
            self.heard.extend_from_slice(arrived.filled());
            match judge(&self.asked, &self.heard, self.echo) {
                Heard::More => {}
                Heard::Answer(from) => self.handed_on = Some(from),
                Heard::Wrong(why) => return Poll::Ready(Err(wrong(why))),
            }
        }
        self.hand_on(buffer);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for OneAnswer<S> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let is_new = self.is_between_questions();
        if is_new {
            self.is_quiet(task)?;
        }
        let count = ready!(Pin::new(&mut self.stream).poll_write(task, bytes))?;
        if is_new {
            self.asked.clear();
            self.heard.clear();
            self.handed_on = None;
        }
        self.asked.extend_from_slice(bytes.get(..count).unwrap_or(bytes));
        match self.asked.len() {
            ..=LONGEST => Poll::Ready(Ok(count)),
            _ => Poll::Ready(Err(wrong("the question is longer than a frame can be"))),
        }
    }
    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(task)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::frame::crc, *};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn framed(content: &[u8]) -> Vec<u8> {
        [content, &crc(content).to_le_bytes()].concat()
    }

    #[tokio::test]
    async fn an_answer_in_pieces_passes_whole_and_the_next_question_may_follow() {
        let (near, mut far) = duplex(1_024);
        let mut line = OneAnswer::new(near, false);
        for number in 0..3 {
            line.write_all(&framed(&[1, 3, 0, number, 0, 1])).await.unwrap();
            let answer = framed(&[1, 3, 2, 0, number]);
            far.write_all(&answer[..2]).await.unwrap();
            far.write_all(&answer[2..]).await.unwrap();
            let mut heard = vec![0; answer.len()];
            line.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, answer);
        }
    }

    #[tokio::test]
    async fn nothing_is_asked_while_an_older_answer_waits() {
        let (near, mut far) = duplex(1_024);
        let mut line = OneAnswer::new(near, false);
        far.write_all(&framed(&[1, 3, 2, 0, 7])).await.unwrap();
        let refused = line.write_all(&framed(&[1, 3, 0, 0, 0, 1])).await.unwrap_err();
        assert!(refused.to_string().contains("nobody asked"), "{refused}");
        drop(line);
        let mut asked = vec![];
        far.read_to_end(&mut asked).await.unwrap();
        assert_eq!(asked, [] as [u8; 0], "not one byte of the question has left");
    }

    #[tokio::test]
    async fn noise_before_an_answer_is_an_error_and_not_skipped() {
        let (near, mut far) = duplex(1_024);
        let mut line = OneAnswer::new(near, false);
        line.write_all(&framed(&[1, 3, 0, 0, 0, 1])).await.unwrap();
        far.write_all(&[&[0xFF], framed(&[1, 3, 2, 0, 7]).as_slice()].concat()).await.unwrap();
        assert!(line.read(&mut [0; 64]).await.is_err());
    }
}
