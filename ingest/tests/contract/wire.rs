//! A wire between collector and peer that can be late, silent, garbled or cut. Whatever the protocol, it only knows bytes.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
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

/// What happens to the peer's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    Arrive,
    /// Each piece so much later than it was sent.
    Late(Duration),
    /// Nothing gets through, neither way; the connection stays open, and new ones are accepted.
    Held,
    /// They arrive with other bytes.
    Garbled,
}

pub struct Wire {
    pub address: SocketAddr,
    state: Arc<State>,
    carrying: JoinHandle<()>,
}

struct State {
    answers: watch::Sender<Answers>,
    /// Grows with each cut; connections of an older count end.
    cuts: watch::Sender<u64>,
    /// Once a write has gone over the wire, the answers are held.
    hold_after_write: Mutex<bool>,
    /// What was answered to each question on each connection, while somebody wants to know.
    recorded: Mutex<Option<Vec<Vec<Vec<u8>>>>>,
    is_write: fn(&[u8]) -> bool,
}

impl Wire {
    pub async fn to(peer: SocketAddr, is_write: fn(&[u8]) -> bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answers, cuts) = (watch::Sender::new(Answers::Arrive), watch::Sender::new(0));
        let state = Arc::new(State { answers, cuts, hold_after_write: Mutex::new(false), recorded: Mutex::new(None), is_write });
        let carrying = tokio::spawn(carry_all(listener, peer, state.clone()));
        Self { address, state, carrying }
    }
    pub fn answers(&self, answers: Answers) {
        self.state.answers.send_replace(answers);
    }
    /// The next write's answer, and everything after it, is held.
    pub fn hold_after_write(&self) {
        *self.state.hold_after_write.lock().unwrap() = true;
    }
    pub fn record(&self) {
        *self.state.recorded.lock().unwrap() = Some(vec![]);
    }
    pub fn recorded(&self) -> Vec<Vec<Vec<u8>>> {
        self.state.recorded.lock().unwrap().clone().unwrap_or_default()
    }
    /// Ends every connection.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry_all(listener: TcpListener, peer: SocketAddr, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _from)) = listener.accept().await {
        connections.spawn(carry(near, peer, state.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Whoever of the two ends hangs up, both are done.
async fn carry(near: TcpStream, peer: SocketAddr, state: Arc<State>) {
    let mut cuts = state.cuts.subscribe();
    let Ok(far) = TcpStream::connect(peer).await else { return };
    if near.set_nodelay(true).and_then(|()| far.set_nodelay(true)).is_err() {
        return;
    }
    if let Some(recorded) = &mut *state.recorded.lock().unwrap() {
        recorded.push(vec![]);
    }
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = questions(from_near, to_far, &state) => {}
        () = answers(from_far, to_near, &state) => {}
        _cut = cuts.changed() => {}
    }
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let mut may_pass = state.answers.subscribe();
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if may_pass.wait_for(|answers| *answers != Answers::Held).await.is_err() {
            return;
        }
        let question = &bytes[..count];
        if let Some(recorded) = &mut *state.recorded.lock().unwrap() {
            recorded.last_mut().expect("a connection").push(vec![]);
        }
        let holds = (state.is_write)(question) && std::mem::take(&mut *state.hold_after_write.lock().unwrap());
        if holds {
            // The write itself gets through, its answer does not.
            let written = to.write_all(question).await;
            state.answers.send_replace(Answers::Held);
            if written.is_err() {
                return;
            }
            continue;
        }
        if to.write_all(question).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let mut may_pass = state.answers.subscribe();
    let mut bytes = vec![0; 64 << 10];
    let mut noise = 0x9E37_79B9u32;
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if let Some(answer) = state.recorded.lock().unwrap().as_mut().and_then(|recorded| recorded.last_mut()?.last_mut()) {
            answer.extend(&bytes[..count]);
        }
        let now = match may_pass.wait_for(|answers| *answers != Answers::Held).await {
            Ok(now) => *now,
            Err(_gone) => return,
        };
        match now {
            Answers::Late(by) => tokio::time::sleep(by).await,
            Answers::Garbled => bytes[..count].iter_mut().for_each(|byte| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (noise >> 24) as u8;
            }),
            Answers::Arrive | Answers::Held => {}
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
