//! How many connections are served at once: who comes when it is full is turned away at once, before it costs anything.

use axum_server::accept::Accept;
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Many times what a plant's people and programs keep open. One client may have fewer sockets by far.
pub const MOST_CONNECTIONS: usize = 2_000;

/// Lets so many in; each holds its place until it is closed.
#[derive(Clone)]
pub struct Bounded<A> {
    inner: A,
    places: Arc<Semaphore>,
}

impl<A> Bounded<A> {
    pub fn to(most: usize, inner: A) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(most)) }
    }
}

type Accepting<T, S> = Pin<Box<dyn Future<Output = io::Result<(T, S)>> + Send>>;

impl<A, S> Accept<TcpStream, S> for Bounded<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
{
    type Stream = Held<A::Stream>;
    type Service = A::Service;
    type Future = Accepting<Self::Stream, Self::Service>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            metrics::counter!("millwright_http_connections_refused_total").increment(1);
            return Box::pin(async { Err(io::Error::other("every place for a connection is taken")) });
        };
        let accepting = self.inner.accept(stream, service);
        Box::pin(async move { accepting.await.map(|(stream, service)| (Held { stream, _place: place }, service)) })
    }
}

/// A connection and its place.
pub struct Held<T> {
    stream: T,
    _place: OwnedSemaphorePermit,
}

impl<T: AsyncRead + Unpin> AsyncRead for Held<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Held<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }
    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_server::accept::DefaultAcceptor;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_place_is_free_again_once_its_connection_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let door = Bounded::to(1, DefaultAcceptor::new());
        let arrival = async || {
            let client = TcpStream::connect(at).await.unwrap();
            (client, listener.accept().await.unwrap().0)
        };
        let ((_first, served), (_second, too_many)) = (arrival().await, arrival().await);
        let held = door.accept(served, ()).await.unwrap();
        assert!(door.accept(too_many, ()).await.is_err());
        drop(held);
        let (_third, served) = arrival().await;
        assert!(door.accept(served, ()).await.is_ok());
    }
}
