//! A socket that asks a write's gate in the very call that hands over its first byte, so that nothing can come between the two.

use crate::gate::Gate;
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Debug)]
pub(crate) struct Guarded<S> {
    stream: S,
    gate: Arc<Mutex<Option<Arc<Gate>>>>,
}

impl<S> Guarded<S> {
    pub(crate) fn new(stream: S, gate: Arc<Mutex<Option<Arc<Gate>>>>) -> Self {
        Self { stream, gate }
    }
    fn gate(&self) -> Option<Arc<Gate>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(task, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(gate) = self.gate() else { return Pin::new(&mut self.stream).poll_write(task, bytes) };
        if !gate.has_passed() {
            gate.check().map_err(io::Error::other)?;
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(task, bytes));
        // An error may hide that bytes have left; only a socket that was not ready has certainly taken none.
        gate.pass();
        gate.note(&bytes[..*written.as_ref().unwrap_or(&bytes.len())]);
        Poll::Ready(written)
    }
    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(task)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}
