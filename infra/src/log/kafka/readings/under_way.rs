//! Appends under way: counted down as their scans are acknowledged, and remembered when that takes longer than their caller waits.

use millwright_domain::{
    position::{PartitionId, Position},
    reading::Scan,
};
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    message::Message,
    producer::DeliveryResult,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::sync::watch;

/// So many are kept; of more, those that came through and that nobody has asked for are forgotten.
const REMEMBERED: usize = 16;

/// One call's scans.
pub(super) struct Append {
    pub scans: Vec<Scan>,
    /// Its caller waits no longer than this.
    pub deadline: Instant,
    handed: AtomicUsize,
    left: AtomicUsize,
    told: Mutex<Told>,
    over: watch::Sender<bool>,
}

#[derive(Default)]
struct Told {
    behind: BTreeMap<i32, i64>,
    failed: Option<KafkaError>,
}

impl Append {
    pub(super) fn of(scans: Vec<Scan>, deadline: Instant) -> Arc<Self> {
        let (handed, left) = (AtomicUsize::new(0), AtomicUsize::new(scans.len()));
        Arc::new(Self { scans, deadline, handed, left, told: Mutex::default(), over: watch::Sender::new(false) })
    }

    pub(super) fn handed_one(&self) {
        self.handed.fetch_add(1, Ordering::Relaxed);
    }
    /// No more of it is handed over.
    pub(super) fn cut_short(&self) {
        self.told().failed = Some(KafkaError::MessageProduction(RDKafkaErrorCode::PurgeQueue));
        self.count_down(self.scans.len() - self.handed.load(Ordering::Relaxed));
    }

    pub(super) fn report(&self, report: &DeliveryResult<'_>) {
        match report {
            Ok(message) => {
                let mut told = self.told();
                let behind = told.behind.entry(message.partition()).or_default();
                *behind = (*behind).max(message.offset() + 1);
            }
            Err((cause, _)) => self.told().failed = Some(cause.clone()),
        }
        self.count_down(1);
    }

    /// Only true once nothing of it waits to be acknowledged.
    pub(super) async fn is_over_by(&self, time: Instant) -> bool {
        let mut over = self.over.subscribe();
        tokio::time::timeout_at(time.into(), over.wait_for(|over| *over)).await.is_ok()
    }

    /// What became of it, once it is over.
    pub(super) fn outcome(&self) -> Result<Position, KafkaError> {
        let told = self.told();
        if let Some(cause) = &told.failed {
            return Err(cause.clone());
        }
        let mut position = Position::default();
        for (share, behind) in &told.behind {
            position.advance(&PartitionId::readings(*share as u32), *behind as u64);
        }
        Ok(position)
    }

    fn is_over(&self) -> bool {
        *self.over.borrow()
    }
    fn count_down(&self, by: usize) {
        if self.left.fetch_sub(by, Ordering::AcqRel) == by {
            self.over.send_replace(true);
        }
    }
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The oldest first.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<VecDeque<Arc<Append>>>);

impl UnderWay {
    pub(super) fn begin(&self, append: Arc<Append>) {
        let mut all = self.all();
        while all.len() >= REMEMBERED
            && let Some(forgotten) = all.iter().position(|append| append.is_over())
        {
            all.remove(forgotten);
        }
        all.push_back(append);
    }
    pub(super) fn end(&self, append: &Arc<Append>) {
        self.all().retain(|other| !Arc::ptr_eq(other, append));
    }

    /// Those whose callers were told that it is not known what became of them.
    pub(super) fn overdue(&self) -> Vec<Arc<Append>> {
        let now = Instant::now();
        self.all().iter().filter(|append| append.deadline <= now).cloned().collect()
    }
    /// One that was overdue, is over, and was of exactly these scans.
    pub(super) fn take_same(&self, scans: &[Scan]) -> Option<Arc<Append>> {
        let (mut all, now) = (self.all(), Instant::now());
        let found = all.iter().position(|append| append.deadline <= now && append.is_over() && append.scans == scans)?;
        all.remove(found)
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Arc<Append>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
