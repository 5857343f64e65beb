//! A connection to a broker and an ear that understands what comes over it: what was told last, what is still to be handed on, and the one
//! careful way to say something.
//!
//! A message is acknowledged once all that it told is kept for good, on the log or in the store. What was not at a kill, the broker sends
//! again.

use super::wire::{Message, News, Outgoing, PacketId, Session, Socket};
use crate::{
    gate::Gate,
    protocol::{Answer, Bulletin, CannotConnect, Look, PointNo, Refusal, Told, Wire, WireError},
    receipt::Receipt,
};
use async_trait::async_trait;
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Instant,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Values that are handed on together at most, but for those of one message.
const AT_ONCE: usize = 256;
/// Values that may wait while a question is answered; with more of them, the connection is plainly alive.
const WAITING: usize = 4_096;

/// What understands the messages of one protocol.
pub(crate) trait Ear: Send {
    fn hear(&mut self, message: &Message, now: Instant) -> Heard;
    /// The broker does not let us hear this one of the session's filters.
    fn refused(&self, filter: usize) -> Result<Vec<Told>, WireError>;
    /// What has to be published for the point to become this number.
    fn command(&self, point: PointNo, raw: f64) -> Result<Outgoing, Refusal>;
    /// What is said at the beginning.
    fn opening(&mut self, _now: Instant) -> Option<Outgoing> {
        None
    }
}

/// What a message comes to.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub told: Vec<Told>,
    pub say: Option<Outgoing>,
    /// The message's topic is none of ours any more.
    pub is_foreign: bool,
}

/// The messages that the broker has not been told of yet that they are kept. It is told in the order in which they came (MQTT-4.6.0-2).
struct Owing {
    /// Of those that are not handed on.
    taken: Vec<PacketId>,
    /// Handed on together, under their receipt's number.
    handed_on: VecDeque<(u64, Vec<PacketId>)>,
    /// Of those handed on, the ones that are kept, until all before them are.
    early: HashSet<u64>,
    kept: VecDeque<PacketId>,
    numbers: u64,
    to: UnboundedSender<u64>,
    given: UnboundedReceiver<u64>,
}

pub(crate) struct Conversation<E> {
    socket: Socket,
    ear: E,
    /// What was told last of each point; nothing right after a write to it.
    last: Vec<Option<Answer>>,
    waiting: Vec<Told>,
    owing: Owing,
    says: VecDeque<Outgoing>,
    foreign: VecDeque<String>,
}

impl<E: Ear> Conversation<E> {
    pub(crate) async fn open(broker: &super::broker::Broker, session: &Session, points: usize, mut ear: E) -> Result<Self, CannotConnect> {
        let socket = Socket::open(broker, session).await?;
        let says = ear.opening(Instant::now()).into_iter().collect();
        Ok(Self { socket, ear, last: vec![None; points], waiting: vec![], owing: Owing::new(), says, foreign: VecDeque::new() })
    }

    fn take(&mut self, news: News) -> Result<(), WireError> {
        let told = match news {
            News::Nothing => return Ok(()),
            News::Refused(filters) => {
                let refused: Result<Vec<_>, _> = filters.into_iter().map(|filter| self.ear.refused(filter)).collect();
                refused?.concat()
            }
            News::Message(message, id) => {
                let heard = self.ear.hear(&message, Instant::now());
                self.says.extend(heard.say);
                self.foreign.extend(heard.is_foreign.then_some(message.topic));
                self.owing.taken.extend(id);
                heard.told
            }
        };
        for told in &told {
            let is_now = told.answer.as_ref().map_or(true, |value| !value.historical);
            if let Some(last) = self.last.get_mut(told.point).filter(|_| is_now) {
                *last = Some(told.answer.clone());
            }
        }
        self.waiting.extend(told);
        Ok(())
    }

    /// Acknowledges what is kept, and says what there is to say. Dropped half-way, the rest is said the next time.
    async fn catch_up(&mut self) -> Result<(), WireError> {
        self.owing.settle();
        if self.owing.kept.is_empty() && self.says.is_empty() && self.foreign.is_empty() {
            return Ok(());
        }
        while let Some(id) = self.owing.kept.front() {
            self.socket.acknowledge(*id).await?;
            self.owing.kept.pop_front();
        }
        while let Some(topic) = self.foreign.front() {
            self.socket.forget(topic).await?;
            self.foreign.pop_front();
        }
        self.socket.flush().await?;
        while let Some(outgoing) = self.says.pop_front() {
            self.socket.say(outgoing).await?;
        }
        Ok(())
    }

    /// A round trip to the broker: a dead connection is found out, and what was on its way has arrived.
    async fn round_trip(&mut self) -> Result<(), WireError> {
        let ping = self.socket.ping().await?;
        while !self.socket.is_answered(ping) && self.waiting.len() < WAITING {
            let news = self.socket.next().await?;
            self.take(news)?;
        }
        Ok(())
    }

    fn last(&self, point: PointNo) -> Answer {
        let nothing = || Err(Refusal::Unreachable("nothing has been told about it yet".into()));
        self.last.get(point).cloned().flatten().unwrap_or_else(nothing)
    }
}

impl Owing {
    fn new() -> Self {
        let (to, given) = unbounded_channel();
        Self { taken: vec![], handed_on: VecDeque::new(), early: HashSet::new(), kept: VecDeque::new(), numbers: 0, to, given }
    }

    /// For all that was taken and is handed on now.
    fn receipt(&mut self) -> Option<Receipt> {
        if self.taken.is_empty() {
            return None;
        }
        let (number, messages) = (self.numbers, std::mem::take(&mut self.taken));
        self.numbers += 1;
        let receipt = Receipt::owed(number, messages.len(), self.to.clone());
        self.handed_on.push_back((number, messages));
        Some(receipt)
    }

    async fn something_is_kept(&mut self) {
        // It is never closed: one end is here.
        let number = self.given.recv().await;
        self.early.extend(number);
    }

    fn settle(&mut self) {
        while let Ok(number) = self.given.try_recv() {
            self.early.insert(number);
        }
        while let Some((number, _)) = self.handed_on.front()
            && self.early.remove(number)
        {
            self.kept.extend(self.handed_on.pop_front().into_iter().flat_map(|(_, messages)| messages));
        }
    }
}

#[async_trait]
impl<E: Ear> Wire for Conversation<E> {
    /// What was told last, if the broker is there.
    async fn read(&mut self, points: &[PointNo]) -> Result<Vec<Answer>, WireError> {
        self.catch_up().await?;
        self.round_trip().await?;
        Ok(points.iter().map(|point| self.last(*point)).collect())
    }

    async fn write(&mut self, point: PointNo, raw: f64, gate: &Arc<Gate>) -> Result<(), WireError> {
        let outgoing = self.ear.command(point, raw)?;
        // What was told before the write must not pass for its effect.
        while self.waiting.len() < WAITING
            && let Some(news) = self.socket.next_at_once().await?
        {
            self.take(news)?;
        }
        if let Some(last) = self.last.get_mut(point) {
            *last = None;
        }
        self.socket.write(outgoing, gate).await
    }

    async fn next(&mut self) -> Result<Bulletin, WireError> {
        loop {
            self.catch_up().await?;
            if self.waiting.is_empty() {
                let news = tokio::select! {
                    biased;
                    () = self.owing.something_is_kept() => continue,
                    news = self.socket.next() => news?,
                };
                self.take(news)?;
            }
            while self.waiting.len() < AT_ONCE
                && let Some(news) = self.socket.next_at_once().await?
            {
                self.take(news)?;
            }
            let receipt = self.owing.receipt();
            if !self.waiting.is_empty() {
                return Ok(Bulletin { told: std::mem::take(&mut self.waiting), receipt, lost: None });
            }
            // They told nothing of ours.
            receipt.into_iter().for_each(Receipt::give);
        }
    }

    /// Waits until something is told of the point. What is told meanwhile of others is remembered, but not handed on.
    async fn look(&mut self, point: PointNo) -> Result<Look, WireError> {
        loop {
            self.catch_up().await?;
            if let Some(Some(answer)) = self.last.get(point) {
                return Ok(Look { answer: answer.clone(), others: vec![] });
            }
            let news = self.socket.next().await?;
            self.take(news)?;
            self.waiting.clear();
            self.owing.receipt().into_iter().for_each(Receipt::give);
        }
    }
}
