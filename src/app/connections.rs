//! How many connections are served at once, in all and from one address: who comes when it is full is turned away before it costs anything.

use axum_server::accept::Accept;
use std::{
    collections::HashMap,
    future::Future,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// How many places there are.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    pub in_all: usize,
    /// From one address that is not this machine's: a proxy on this machine speaks for everybody.
    pub of_one: usize,
}

/// Many times what a plant's people and programs keep open. One client may have fewer sockets by far; many may come through one gateway.
pub const PLACES: Places = Places { in_all: 2_000, of_one: 1_000 };

/// Lets so many in; each holds its place until it is closed.
#[derive(Clone)]
pub struct Bounded<A> {
    inner: A,
    places: Places,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    in_all: usize,
    by: HashMap<IpAddr, usize>,
}

/// Given back when it is dropped.
struct Place {
    taken: Arc<Mutex<Taken>>,
    by: IpAddr,
}

impl<A> Bounded<A> {
    pub fn to(places: Places, inner: A) -> Self {
        Self { inner, places, taken: Arc::default() }
    }

    fn place(&self, by: IpAddr) -> Option<Place> {
        let mut taken = locked(&self.taken);
        let of_one = taken.by.get(&by).copied().unwrap_or(0);
        if taken.in_all >= self.places.in_all || (of_one >= self.places.of_one && !by.is_loopback()) {
            return None;
        }
        taken.in_all += 1;
        taken.by.insert(by, of_one + 1);
        Some(Place { taken: self.taken.clone(), by })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = locked(&self.taken);
        taken.in_all -= 1;
        match taken.by.get_mut(&self.by) {
            Some(places) if *places > 1 => *places -= 1,
            _ => drop(taken.by.remove(&self.by)),
        }
    }
}

/// Whoever has one address of IPv6 has the 2^64 beside it.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) if !six.is_loopback() => IpAddr::V6((u128::from(six) & !u128::from(u64::MAX)).into()),
        other => other,
    }
}

fn locked(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
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
        // Whose address cannot be told has gone already.
        let Some(place) = stream.peer_addr().ok().and_then(|peer| self.place(network(peer.ip().to_canonical()))) else {
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
    _place: Place,
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
        let door = Bounded::to(Places { in_all: 1, of_one: 1 }, DefaultAcceptor::new());
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

    #[test]
    fn one_address_never_takes_every_place_but_a_proxy_on_this_machine_may() {
        let door = Bounded::to(Places { in_all: 5, of_one: 2 }, ());
        let [stranger, other, proxy] = ["10.0.0.7", "10.0.0.8", "127.0.0.1"].map(|address| address.parse::<IpAddr>().unwrap());
        let held = [door.place(stranger), door.place(stranger)];
        assert!(held.iter().all(Option::is_some) && door.place(stranger).is_none());
        let others = [door.place(other), door.place(proxy), door.place(proxy)];
        assert!(others.iter().all(Option::is_some) && door.place(proxy).is_none(), "five are taken");
        drop(held);
        let again = door.place(stranger);
        assert!(again.is_some() && locked(&door.taken).by[&stranger] == 1);
        drop((again, others));
        let left = locked(&door.taken);
        assert!(left.by.is_empty() && left.in_all == 0);
    }
}
