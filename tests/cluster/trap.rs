//! A trap on a node's wire to Kafka: it springs when a transaction is to be ended, before the broker hears of it or after.

use super::proxy::{Gates, Look};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// `EndTxn` in the protocol of Kafka.
const END_TRANSACTION: i16 = 26;

/// Where a transaction is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Its records are written, and it never ends.
    BeforeCommit,
    /// It is committed, and its owner does not hear of it.
    BeforeAnswer,
}

#[derive(Clone)]
pub struct Trap {
    gates: Gates,
    set_for: Arc<Mutex<Option<Moment>>>,
    sprung: Arc<Notify>,
}

impl Trap {
    pub fn on(gates: Gates) -> Self {
        Self { gates, set_for: Arc::default(), sprung: Arc::default() }
    }

    /// Returns once a transaction is held at that moment.
    pub async fn catches_one(&self, moment: Moment) {
        *self.set_for.lock().unwrap_or_else(PoisonError::into_inner) = Some(moment);
        self.sprung.notified().await;
    }

    /// Looks at what one connection asks.
    pub fn look(&self) -> Look {
        let (trap, mut requests) = (self.clone(), Requests::default());
        Box::new(move |bytes| {
            if requests.kinds(bytes).contains(&END_TRANSACTION) {
                trap.transaction_ends();
            }
        })
    }

    fn transaction_ends(&self) {
        match self.set_for.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Moment::BeforeCommit) => self.gates.hold_questions(),
            Some(Moment::BeforeAnswer) => self.gates.hold_answers(),
            None => return,
        }
        self.sprung.notify_one();
    }
}

/// Requests cut out of the bytes of a connection: four bytes of length, two of kind, and the rest.
#[derive(Default)]
struct Requests {
    head: Vec<u8>,
    skip: usize,
}

impl Requests {
    /// The kinds of the requests that begin in these bytes.
    fn kinds(&mut self, mut bytes: &[u8]) -> Vec<i16> {
        let mut kinds = vec![];
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let wanted = if self.skip == 0 { (6 - self.head.len()).min(bytes.len()) } else { 0 };
            self.head.extend_from_slice(&bytes[..wanted]);
            bytes = &bytes[wanted..];
            if let [a, b, c, d, high, low] = self.head[..] {
                kinds.push(i16::from_be_bytes([high, low]));
                self.skip = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(2);
                self.head.clear();
            }
        }
        kinds
    }
}

#[test]
fn requests_are_told_apart_however_they_are_cut() {
    let request = |kind: i16, rest: &[u8]| [&(rest.len() as u32 + 2).to_be_bytes()[..], &kind.to_be_bytes(), rest].concat();
    let bytes = [request(0, b"abc"), request(END_TRANSACTION, &[0, 0, 0, 9, 0, 26]), request(3, b"")].concat();
    for size in 1..bytes.len() {
        let mut requests = Requests::default();
        let kinds: Vec<i16> = bytes.chunks(size).flat_map(|chunk| requests.kinds(chunk)).collect();
        assert_eq!(kinds, [0, END_TRANSACTION, 3], "in pieces of {size}");
    }
}
