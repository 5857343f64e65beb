//! A receipt that is owed to a source: given once everything that it was told for is kept for good, and never otherwise.
//!
//! Whoever splits what was told clones the receipt for each part. A part that is lost is dropped with its receipt, so the source goes on
//! waiting, and tells all of it again.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::mpsc::UnboundedSender;

pub struct Receipt(Arc<Owed>);

struct Owed {
    number: u64,
    messages: usize,
    /// Parts that are not kept yet.
    parts: AtomicUsize,
    to: UnboundedSender<u64>,
}

impl Receipt {
    /// Sends `number` once all parts are kept. `messages`: so many wait for it.
    pub(crate) fn owed(number: u64, messages: usize, to: UnboundedSender<u64>) -> Self {
        Self(Arc::new(Owed { number, messages, parts: AtomicUsize::new(1), to }))
    }
    pub(crate) fn messages(&self) -> usize {
        self.0.messages
    }
    pub(crate) fn is_for_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
    /// This part is kept.
    pub(crate) fn give(self) {
        if self.0.parts.fetch_sub(1, Ordering::AcqRel) == 1 {
            // A source that is gone will ask again.
            let _gone = self.0.to.send(self.0.number);
        }
    }
}

impl Clone for Receipt {
    fn clone(&self) -> Self {
        self.0.parts.fetch_add(1, Ordering::AcqRel);
        Self(self.0.clone())
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({})", self.0.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    #[test]
    fn it_is_given_when_the_last_part_is_kept() {
        let (to, mut given) = unbounded_channel();
        let whole = Receipt::owed(7, 3, to);
        let (one, other) = (whole.clone(), whole.clone());
        whole.give();
        other.give();
        assert!(given.try_recv().is_err());
        one.give();
        assert_eq!(given.try_recv(), Ok(7));
    }

    #[test]
    fn it_is_never_given_when_a_part_is_lost() {
        let (to, mut given) = unbounded_channel();
        let whole = Receipt::owed(7, 3, to);
        drop(whole.clone());
        whole.give();
        assert!(given.try_recv().is_err());
    }
}
