//! A connection to a broker and an ear that understands what comes over it: what was told last, what is still to be handed on, and the one
//! careful way to say something.
//!
//! A message is acknowledged when the next news are asked for: by then it has been handed on. What was not acknowledged at a kill, the broker
//! sends again.

use super::wire::{Message, News, Outgoing, Receipt, Session, Socket};
use crate::{
    gate::Gate,
    protocol::{Answer, CannotConnect, Look, PointNo, Refusal, Told, Wire, WireError},
};
use async_trait::async_trait;
use std::{collections::VecDeque, sync::Arc, time::Instant};

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

pub(crate) struct Conversation<E> {
    socket: Socket,
    ear: E,
    /// What was told last of each point; nothing right after a write to it.
    last: Vec<Option<Answer>>,
    waiting: Vec<Told>,
    /// Of the messages that `waiting` is made of.
    receipts: VecDeque<Receipt>,
    /// Of what has been handed on.
    handed_on: VecDeque<Receipt>,
    says: VecDeque<Outgoing>,
    foreign: VecDeque<String>,
}

impl<E: Ear> Conversation<E> {
    pub(crate) async fn open(broker: &super::broker::Broker, session: &Session, points: usize, mut ear: E) -> Result<Self, CannotConnect> {
        let socket = Socket::open(broker, session).await?;
        let says = ear.opening(Instant::now()).into_iter().collect();
        let (receipts, handed_on, foreign) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Ok(Self { socket, ear, last: vec![None; points], waiting: vec![], receipts, handed_on, says, foreign })
    }

    fn take(&mut self, news: News) -> Result<(), WireError> {
        let told = match news {
            News::Nothing => return Ok(()),
            News::Refused(filters) => {
                let refused: Result<Vec<_>, _> = filters.into_iter().map(|filter| self.ear.refused(filter)).collect();
                refused?.concat()
            }
            News::Message(message, receipt) => {
                let heard = self.ear.hear(&message, Instant::now());
                self.says.extend(heard.say);
                self.foreign.extend(heard.is_foreign.then_some(message.topic));
                self.receipts.extend(receipt);
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

    /// Acknowledges what was handed on, and says what there is to say. Dropped half-way, the rest is said the next time.
    async fn catch_up(&mut self) -> Result<(), WireError> {
        if self.handed_on.is_empty() && self.says.is_empty() && self.foreign.is_empty() {
            return Ok(());
        }
        while let Some(receipt) = self.handed_on.front() {
            self.socket.acknowledge(*receipt).await?;
            self.handed_on.pop_front();
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

    async fn next(&mut self) -> Result<Vec<Told>, WireError> {
        loop {
            self.catch_up().await?;
            if self.waiting.is_empty() {
                let news = self.socket.next().await?;
                self.take(news)?;
            }
            while self.waiting.len() < AT_ONCE
                && let Some(news) = self.socket.next_at_once().await?
            {
                self.take(news)?;
            }
            self.handed_on.append(&mut self.receipts);
            if !self.waiting.is_empty() {
                return Ok(std::mem::take(&mut self.waiting));
            }
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
            self.handed_on.append(&mut self.receipts);
        }
    }
}
