//! Between Snap7 and the device: a relay on this machine's loopback that carries one question at a time, and only answers that belong to it.
//!
//! Snap7 opens its own socket, blocks on it, and trusts the other end with its memory. The relay is that other end. It checks every answer,
//! asks a write's gate in the very step before the first byte leaves, and when the connection is dropped it closes the device's socket at
//! once and ends Snap7's waiting.

use super::frame::{self, NONSENSE, Question};
use crate::{
    gate::Gate,
    protocol::{CannotConnect, WireError},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Snap7 waits with `select`, which writes past its set for a descriptor of 1024 or more.
const DESCRIPTORS: i32 = 960;
/// Snap7 comes at once; this is for a machine that is very busy.
const ARRIVES: Duration = Duration::from_secs(5);

/// The relay of one connection. It ends when this is dropped.
pub struct Relay {
    /// Where Snap7 has to connect to.
    pub port: u16,
    shared: Arc<Shared>,
    _until_dropped: DropGuard,
}

#[derive(Default)]
struct Shared {
    /// Of the one write that may pass. Whoever takes it out decides whether it leaves.
    gate: Mutex<Option<Arc<Gate>>>,
    /// Why the relay ended.
    ended: Mutex<Option<Ended>>,
}

enum Ended {
    Lost(io::Error),
    Mismatch(&'static str),
    NotLet(String),
}

impl From<io::Error> for Ended {
    fn from(cause: io::Error) -> Self {
        Self::Lost(cause)
    }
}

impl Relay {
    pub async fn to(device: TcpStream) -> Result<Self, CannotConnect> {
        let failed = |cause: io::Error| CannotConnect(format!("no socket on this machine: {cause}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        if !is_low(&listener) {
            let why = "this program has too many open files for Snap7, which can only use the first thousand; give it fewer devices, or share them out over several programs";
            return Err(CannotConnect(why.into()));
        }
        let port = listener.local_addr().map_err(failed)?.port();
        let (shared, cancel) = (Arc::new(Shared::default()), CancellationToken::new());
        tokio::spawn(run(listener, device, shared.clone(), cancel.clone()));
        Ok(Self { port, shared, _until_dropped: cancel.drop_guard() })
    }

    /// Lets one write pass while the returned value lives. Once that is dropped, the write has passed its gate or never will.
    pub fn open_for(&self, gate: &Arc<Gate>) -> Passage {
        *self.shared.gate() = Some(gate.clone());
        Passage(self.shared.clone())
    }

    /// Why nothing can be asked any more; `otherwise` if the relay knows of nothing.
    pub fn why(&self, otherwise: &str) -> WireError {
        match self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Ended::Lost(cause)) => WireError::broken(cause),
            Some(Ended::Mismatch(why)) => WireError::Mismatch(why.into()),
            Some(Ended::NotLet(why)) => WireError::broken(why),
            None => WireError::broken(otherwise.to_string()),
        }
    }
}

pub struct Passage(Arc<Shared>);

impl Drop for Passage {
    fn drop(&mut self) {
        self.0.gate().take();
    }
}

impl Shared {
    fn gate(&self) -> MutexGuard<'_, Option<Arc<Gate>>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn end(&self, why: Option<Ended>) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
    /// The last look, under the lock that a withdrawn write takes its gate away with.
    fn let_pass(&self, frame: &[u8]) -> Result<(), Ended> {
        let mut gate = self.gate();
        let Some(gate) = gate.take() else { return Err(Ended::NotLet("a write that nobody waits for any more was not sent".into())) };
        gate.leave().map_err(Ended::NotLet)?;
        gate.note(frame);
        Ok(())
    }
}

#[cfg(unix)]
fn is_low(listener: &TcpListener) -> bool {
    use std::os::fd::AsRawFd;
    listener.as_raw_fd() < DESCRIPTORS
}
#[cfg(not(unix))]
fn is_low(_listener: &TcpListener) -> bool {
    true
}

async fn run(listener: TcpListener, mut device: TcpStream, shared: Arc<Shared>, cancel: CancellationToken) {
    // Even if nobody waits any more: Snap7 may be on its way, and has to be told.
    let accepted = timeout(ARRIVES, accept(listener)).await.unwrap_or_else(|late| Err(late.into()));
    let mut snap7 = match accepted {
        Ok(snap7) => snap7,
        Err(cause) => return shared.end(Some(Ended::Lost(cause))),
    };
    let ended = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        ended = carry(&mut snap7, &mut device, &shared) => ended,
    };
    drop(device);
    shared.end(ended);
    // It may be gone already; else this ends its waiting.
    drop(snap7.write_all(&NONSENSE).await);
}

/// One connection from this machine, and no second.
async fn accept(listener: TcpListener) -> io::Result<TcpStream> {
    let (snap7, from): (TcpStream, SocketAddr) = listener.accept().await?;
    if !from.ip().is_loopback() {
        return Err(io::Error::other("somebody else took Snap7's place"));
    }
    snap7.set_nodelay(true)?;
    Ok(snap7)
}

/// Question and answer, until one end is gone or an answer is none. `None` if it was Snap7 that went.
async fn carry(snap7: &mut TcpStream, device: &mut TcpStream, shared: &Shared) -> Option<Ended> {
    loop {
        let Ok(asked) = whole_frame(snap7).await else { return None };
        if let Err(ended) = exchange(&asked, snap7, device, shared).await {
            return Some(ended);
        }
    }
}

async fn exchange(asked: &[u8], snap7: &mut TcpStream, device: &mut TcpStream, shared: &Shared) -> Result<(), Ended> {
    let question = Question::of(asked).ok_or(Ended::Mismatch("a question that is never asked"))?;
    if matches!(question, Question::Write { .. }) {
        shared.let_pass(asked)?;
    }
    device.write_all(asked).await?;
    let answer = whole_frame(device).await?;
    question.is_answered_by(&answer).map_err(Ended::Mismatch)?;
    snap7.write_all(&answer).await?;
    Ok(())
}

async fn whole_frame(from: &mut TcpStream) -> Result<Vec<u8>, Ended> {
    let mut header = [0; frame::HEADER];
    from.read_exact(&mut header).await?;
    let rest = frame::rest_of(header).ok_or(Ended::Mismatch("it is no frame of this protocol"))?;
    let mut frame = header.to_vec();
    frame.resize(frame::HEADER + rest, 0);
    from.read_exact(&mut frame[frame::HEADER..]).await?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Clocks, Lease, SinceBoot};
    use async_trait::async_trait;
    use millwright_domain::{Now, Timestamp, ports::clock::Clock};

    struct Stopped;

    #[async_trait]
    impl Clock for Stopped {
        fn now(&self) -> Now {
            Now::both(Timestamp::from_secs(1_000))
        }
        async fn plant_reaches(&self, _: Timestamp) {}
        async fn wall_reaches(&self, _: Timestamp) {}
    }
    impl SinceBoot for Stopped {
        fn since_boot(&self) -> Duration {
            Duration::ZERO
        }
    }

    fn gate(lease: &Lease) -> Arc<Gate> {
        let clocks = Clocks { clock: Arc::new(Stopped), since_boot: Arc::new(Stopped) };
        Arc::new(Gate::new(clocks, lease.clone(), Timestamp::from_secs(1_002)))
    }

    /// One byte into DB1, as Snap7 asks for it.
    const WRITE: [u8; 36] =
        [3, 0, 0, 36, 2, 0xF0, 0x80, 0x32, 1, 0, 0, 0, 9, 0, 14, 0, 5, 5, 1, 0x12, 0x0A, 0x10, 2, 0, 1, 0, 1, 0x84, 0, 0, 0, 0, 4, 0, 8, 1];
    const WRITTEN: [u8; 22] = [3, 0, 0, 22, 2, 0xF0, 0x80, 0x32, 3, 0, 0, 0, 9, 0, 2, 0, 1, 0, 0, 5, 1, 0xFF];

    /// A relay with both its ends in hand: Snap7's and the device's.
    async fn relay() -> (Relay, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let device = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let relay = Relay::to(device).await.unwrap();
        let snap7 = TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port)).await.unwrap();
        (relay, snap7, listener.accept().await.unwrap().0)
    }

    async fn everything(mut from: TcpStream) -> Vec<u8> {
        let mut bytes = vec![];
        from.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn a_write_passes_its_gate_once_and_a_second_one_never() {
        let (relay, mut snap7, mut device) = relay().await;
        let gate = gate(&Lease::under(3));
        let _passage = relay.open_for(&gate);
        snap7.write_all(&WRITE).await.unwrap();
        let mut arrived = [0; WRITE.len()];
        device.read_exact(&mut arrived).await.unwrap();
        assert!(arrived == WRITE && gate.has_passed());
        device.write_all(&WRITTEN).await.unwrap();
        let mut answer = [0; WRITTEN.len()];
        snap7.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, WRITTEN);
        snap7.write_all(&WRITE).await.unwrap();
        assert!(everything(device).await.is_empty());
        assert_eq!(everything(snap7).await, NONSENSE);
    }

    #[tokio::test]
    async fn a_write_that_nobody_waits_for_any_more_never_leaves() {
        let (relay, mut snap7, device) = relay().await;
        let gate = gate(&Lease::under(3));
        drop(relay.open_for(&gate));
        snap7.write_all(&WRITE).await.unwrap();
        assert!(everything(device).await.is_empty());
        assert_eq!(everything(snap7).await, NONSENSE);
        assert!(!gate.has_passed());
        assert!(format!("{:?}", relay.why("?")).contains("not sent"));
    }

    #[tokio::test]
    async fn a_write_under_a_lease_that_has_ended_never_leaves() {
        let (relay, mut snap7, device) = relay().await;
        let lease = Lease::under(3);
        let gate = gate(&lease);
        let _passage = relay.open_for(&gate);
        lease.end();
        snap7.write_all(&WRITE).await.unwrap();
        assert!(everything(device).await.is_empty());
        assert!(!gate.has_passed() && format!("{:?}", relay.why("?")).contains("epoch 3"));
    }

    #[tokio::test]
    async fn both_ends_are_let_go_of_when_it_is_dropped() {
        let (relay, snap7, device) = relay().await;
        drop(relay);
        assert!(everything(device).await.is_empty());
        assert_eq!(everything(snap7).await, NONSENSE);
    }
}
