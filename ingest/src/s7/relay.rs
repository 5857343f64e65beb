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
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Snap7 waits with `select`, which writes past its set for a descriptor of 1024 or more.
const DESCRIPTORS: i32 = 960;

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
    fn gate(&self) -> std::sync::MutexGuard<'_, Option<Arc<Gate>>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The last look, under the lock that a withdrawn write takes its gate away with.
    fn let_pass(&self) -> Result<(), Ended> {
        let mut gate = self.gate();
        let Some(gate) = gate.take() else { return Err(Ended::NotLet("a write that nobody waits for any more was not sent".into())) };
        gate.leave().map_err(Ended::NotLet)
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
    let accepted = tokio::select! {
        () = cancel.cancelled() => return,
        accepted = accept(listener) => accepted,
    };
    let ended = match accepted {
        Ok(mut snap7) => {
            let ended = tokio::select! {
                () = cancel.cancelled() => None,
                ended = carry(&mut snap7, &mut device, &shared) => ended,
            };
            drop(device);
            *shared.ended.lock().unwrap_or_else(PoisonError::into_inner) = ended;
            // It may be gone already; else this ends its waiting.
            drop(snap7.write_all(&NONSENSE).await);
            return;
        }
        Err(cause) => Ended::Lost(cause),
    };
    *shared.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
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
        shared.let_pass()?;
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
