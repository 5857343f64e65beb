//! A wire between two ends, in our hands: it can be cut, its answers can be held back, and what is asked over it can be looked at.
//!
//! A cut wire loses nothing, as TCP loses nothing: what was sent into it arrives once it is mended.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// Is shown all bytes that one connection asks with.
pub type Look = Box<dyn FnMut(&[u8]) + Send>;

/// What may pass, in each direction.
#[derive(Clone)]
pub struct Gates {
    questions: watch::Sender<bool>,
    answers: watch::Sender<bool>,
}

pub struct Proxy {
    pub address: SocketAddr,
    to: Arc<Mutex<Option<SocketAddr>>>,
    gates: Gates,
    /// Ends all connections when it is dropped.
    carrying: JoinHandle<()>,
}

impl Proxy {
    /// Listens; where it leads is said later.
    pub async fn new() -> Self {
        Self::looking(|| Box::new(|_: &[u8]| ())).await
    }

    pub async fn looking(look: impl Fn() -> Look + Send + 'static) -> Self {
        Self::with(Gates::open(), look).await
    }
    /// Whoever looks may close the gates: what it was shown has not passed yet.
    pub async fn with(gates: Gates, look: impl Fn() -> Look + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let to = Arc::<Mutex<Option<SocketAddr>>>::default();
        let (may_ask, may_answer) = (gates.questions.subscribe(), gates.answers.subscribe());
        let carrying = tokio::spawn(carry_all(listener, to.clone(), may_ask, may_answer, look));
        Self { address, to, gates, carrying }
    }

    pub fn lead_to(&self, address: SocketAddr) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    /// Nothing gets through any more, in neither direction.
    pub fn cut(&self) {
        self.gates.hold_questions();
        self.gates.hold_answers();
    }
    /// Questions still arrive.
    pub fn hold_answers(&self) {
        self.gates.hold_answers();
    }
    /// What was held back arrives now.
    pub fn mend(&self) {
        self.gates.mend();
    }
}

impl Gates {
    pub fn open() -> Self {
        Self { questions: watch::Sender::new(true), answers: watch::Sender::new(true) }
    }
    pub fn hold_questions(&self) {
        self.questions.send_replace(false);
    }
    pub fn hold_answers(&self) {
        self.answers.send_replace(false);
    }
    pub fn mend(&self) {
        self.questions.send_replace(true);
        self.answers.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry_all(
    listener: TcpListener,
    to: Arc<Mutex<Option<SocketAddr>>>,
    may_ask: watch::Receiver<bool>,
    may_answer: watch::Receiver<bool>,
    look: impl Fn() -> Look,
) {
    let mut connections = JoinSet::new();
    while let Ok((near, _from)) = listener.accept().await {
        let to = *to.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(to) = to else { continue };
        connections.spawn(carry(near, to, may_ask.clone(), may_answer.clone(), look()));
        while connections.try_join_next().is_some() {}
    }
}

/// Whoever of the two ends hangs up, both are done.
async fn carry(near: TcpStream, to: SocketAddr, may_ask: watch::Receiver<bool>, may_answer: watch::Receiver<bool>, look: Look) {
    let Ok(far) = TcpStream::connect(to).await else { return };
    if near.set_nodelay(true).and_then(|()| far.set_nodelay(true)).is_err() {
        return;
    }
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    tokio::select! {
        _ended = pass(from_near, to_far, may_ask, look) => {}
        _ended = pass(from_far, to_near, may_answer, Box::new(|_| ())) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut may_pass: watch::Receiver<bool>, mut look: Look) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut bytes).await?;
        if may_pass.wait_for(|may| *may).await.is_err() || count == 0 {
            return Ok(());
        }
        look(&bytes[..count]);
        if may_pass.wait_for(|may| *may).await.is_err() {
            return Ok(());
        }
        to.write_all(&bytes[..count]).await?;
    }
}
