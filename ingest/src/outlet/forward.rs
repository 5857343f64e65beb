//! The task between queue and log. All scans of a collector keep one order: what waits in the store goes before what has just come.
//!
//! ```text
//! queue ──▶ hand ──the log takes it──────────────▶ log
//!             └──it does not, or something waits──▶ store ──oldest first──▶ log
//! ```
//! A batch leaves the store only after the log has acknowledged it; after a crash it may be sent again, and folds skip it. What waited there
//! reaches the log only now and says so (`received_at`): past 30 s it is late, and nothing is done about what is seen in it.

use super::{Item, LAST_TRIES, Ledger, shelf::Shelf};
use crate::{
    receipt::Receipt,
    store::{StoreSettings, drops::Tally},
};
use millwright_domain::{
    ports::{
        clock::Clock,
        event_log::{EventLog, LogError},
    },
    position::Position,
    reading::Scan,
};
use std::{
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Scans in one append, at most.
const BATCH: usize = 512;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A log that has not answered for so long is not waited for with full hands.
const PATIENCE: Duration = Duration::from_millis(250);
/// Between two syncs of the store.
const GATHERED: Duration = Duration::from_millis(50);
const LOST: &str = "another collector had taken the device over before they were sent";
const STOPPED: &str = "the collector stopped while the log was away and there was no room to keep them";

pub(super) struct Forwarder {
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    queue: mpsc::Receiver<Item>,
    ledger: Arc<Ledger>,
    shelf: Shelf,
    stop: CancellationToken,
    /// Taken from the queue, neither stored nor acknowledged.
    hand: Vec<Scan>,
    /// Owed for what is in the hand.
    receipts: Vec<Receipt>,
    /// Who waits until nothing waits.
    barriers: Vec<oneshot::Sender<()>>,
    flight: Option<Flight>,
    /// The log did not take the last batch; not before this again, and then this much later.
    log_away: Option<Instant>,
    pause: Duration,
    tries: u32,
    /// Stopping, and what is not delivered by then stays here.
    last_call: Option<Instant>,
    drained: bool,
    gather_until: Instant,
}

/// A batch on its way to the log.
struct Flight {
    appending: Pin<Box<dyn Future<Output = Result<Position, LogError>> + Send>>,
    stored: bool,
    since: Instant,
    scans: u64,
    /// Of the stored batch, what is others' by now and was left out.
    left_out: Tally,
}

impl Forwarder {
    pub(super) fn new(
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
        queue: mpsc::Receiver<Item>,
        ledger: Arc<Ledger>,
        store: Option<StoreSettings>,
        stop: CancellationToken,
    ) -> Self {
        let shelf = Shelf::new(store, ledger.clone());
        let (hand, receipts, barriers, gather_until) = (Vec::new(), Vec::new(), Vec::new(), Instant::now());
        let (flight, log_away, last_call) = (None, None, None);
        Self {
            log,
            clock,
            queue,
            ledger,
            shelf,
            stop,
            hand,
            receipts,
            barriers,
            flight,
            log_away,
            pause: FIRST_PAUSE,
            tries: 0,
            last_call,
            drained: false,
            gather_until,
        }
    }

    pub(super) async fn run(mut self) {
        self.shelf.open().await;
        let mut items = Vec::with_capacity(BATCH);
        let mut housekeeping = interval(Duration::from_secs(1));
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.launch().await;
            self.let_pass();
            *self.ledger.hand.lock().unwrap_or_else(PoisonError::into_inner) =
                (self.hand.len() as u64, self.hand.first().map(|scan| scan.scanned_at));
            if self.drained && self.hand.is_empty() && self.flight.is_none() && !self.may_send_stored() {
                return self.shelf.save_drops().await;
            }
            let (last_call, log_away, retry_at) = (self.last_call, self.log_away, self.shelf.retry_at);
            let full_hands = self.flight.as_ref().filter(|flight| !flight.stored && self.shelf.is_usable()).map(|flight| flight.since + PATIENCE);
            let gather_until = self.gather_until;
            let (judged, was_judged) = (self.ledger.judged.clone(), self.ledger.judged.is_cancelled());
            let taking = async {
                sleep_until(gather_until).await;
                self.queue.recv_many(&mut items, BATCH).await
            };
            tokio::select! {
                biased;
                answer = landed(&mut self.flight) => self.land(answer).await,
                () = self.stop.cancelled(), if last_call.is_none() => self.begin_to_stop(),
                () = at(last_call) => return self.give_up(items).await,
                () = at(full_hands) => self.store_hand().await,
                () = at(log_away) => self.log_away = None,
                () = judged.cancelled(), if !was_judged => {}
                () = at(retry_at) => {
                    self.shelf.retry_at = None;
                    self.store_hand().await;
                }
                taken = taking, if self.hand.is_empty() && !self.drained => {
                    self.drained = taken == 0;
                    self.sort(&mut items);
                    if self.shelf.backlog || self.log_away.is_some() || self.flight.is_some() {
                        self.store_hand().await;
                    }
                }
                _ = housekeeping.tick() => self.shelf.save_drops().await,
            }
        }
    }

    fn begin_to_stop(&mut self) {
        // Nothing more comes in; what is there still goes out.
        self.queue.close();
        self.last_call = Some(Instant::now() + LAST_TRIES);
        self.gather_until = Instant::now();
        self.log_away = None;
    }

    fn sort(&mut self, items: &mut Vec<Item>) {
        for item in items.drain(..) {
            match item {
                Item::Scan(scan, receipts) => {
                    self.hand.push(scan);
                    self.receipts.extend(receipts);
                }
                Item::Barrier(barrier) => self.barriers.push(barrier),
            }
        }
    }

    /// Whoever waits for the scans before it goes on once they are on the log, or safe while it is away.
    fn let_pass(&mut self) {
        let nothing_waits = self.flight.is_none() && !self.shelf.backlog;
        if self.hand.is_empty() && (nothing_waits || self.log_away.is_some() || !self.ledger.judged.is_cancelled()) {
            self.barriers.clear();
        }
    }

    /// Sends the oldest batch, if the log is there and nothing is on its way.
    async fn launch(&mut self) {
        while self.flight.is_none() && self.log_away.is_none() && self.may_send_stored() {
            let mut batch = self.shelf.oldest(BATCH).await;
            let left_out = self.sift(&mut batch);
            let now = self.clock.now().plant;
            batch.iter_mut().for_each(|scan| scan.received_at = scan.received_at.max(now));
            if batch.is_empty() {
                self.shelf.delivered().await;
                self.discard(&left_out);
                continue;
            }
            self.send(batch, true, left_out);
        }
        if self.flight.is_none() && self.log_away.is_none() && !self.shelf.backlog && !self.hand.is_empty() {
            let mut hand = std::mem::take(&mut self.hand);
            let left_out = self.sift(&mut hand);
            self.discard(&left_out);
            self.hand = hand;
            if self.hand.is_empty() {
                self.give_receipts();
            } else {
                self.send(self.hand.clone(), false, Tally::default());
            }
        }
    }

    /// Something waits in the store, and whose it is by now is known.
    fn may_send_stored(&self) -> bool {
        self.shelf.backlog && self.ledger.judged.is_cancelled()
    }

    fn send(&mut self, batch: Vec<Scan>, stored: bool, left_out: Tally) {
        let (log, scans) = (self.log.clone(), batch.len() as u64);
        let appending = Box::pin(async move { log.append_readings(batch).await });
        self.flight = Some(Flight { appending, stored, since: Instant::now(), scans, left_out });
    }

    /// Leaves out what belongs to others by now.
    fn sift(&self, batch: &mut Vec<Scan>) -> Tally {
        let drops = self.ledger.drops();
        Tally::of(&batch.extract_if(.., |scan| drops.is_lost(scan)).collect::<Vec<_>>())
    }
    fn discard(&self, left_out: &Tally) {
        if !left_out.is_empty() {
            self.ledger.discarded.fetch_add(left_out.scans(), Ordering::Relaxed);
            self.ledger.drops().note_many(left_out, LOST);
        }
    }

    async fn land(&mut self, answer: Result<Position, LogError>) {
        let Some(flight) = self.flight.take() else { return };
        match answer {
            Ok(_) => {
                if self.tries > 0 {
                    info!(tries = self.tries, "the log takes readings again");
                }
                (self.tries, self.pause) = (0, FIRST_PAUSE);
                self.ledger.delivered.fetch_add(flight.scans, Ordering::Relaxed);
                if flight.stored {
                    self.shelf.delivered().await;
                    self.discard(&flight.left_out);
                } else {
                    self.hand.clear();
                    self.give_receipts();
                }
                if !self.shelf.is_open() && self.last_call.is_some() {
                    self.last_call = Some(Instant::now() + LAST_TRIES);
                }
            }
            Err(error) => {
                if self.tries == 0 {
                    warn!(error = &error as &dyn std::error::Error, "readings wait for the log: {error}");
                }
                self.tries += 1;
                self.log_away = Some(Instant::now() + if self.last_call.is_some() { FIRST_PAUSE } else { self.pause });
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                if flight.stored {
                    self.shelf.not_delivered().await;
                } else {
                    self.store_hand().await;
                }
            }
        }
    }

    /// Nothing is in the hand any more, and nothing of it was lost.
    fn give_receipts(&mut self) {
        self.receipts.drain(..).for_each(Receipt::give);
    }

    /// Out of the hand onto the disk, if it takes it.
    async fn store_hand(&mut self) {
        if self.hand.is_empty() || !self.shelf.is_usable() {
            return;
        }
        let sent = self.flight.as_ref().is_some_and(|flight| !flight.stored);
        self.hand = self.shelf.put(std::mem::take(&mut self.hand), sent).await;
        if self.hand.is_empty() {
            self.give_receipts();
            if let Some(flight) = &mut self.flight {
                flight.stored = true;
            }
        }
        if self.last_call.is_none() {
            self.gather_until = Instant::now() + GATHERED;
        }
    }

    /// The log did not come back in time: what can be stored is, and the rest is counted.
    async fn give_up(mut self, mut items: Vec<Item>) {
        self.flight = None;
        self.shelf.not_delivered().await;
        self.shelf.retry_at = None;
        loop {
            self.store_hand().await;
            if !self.hand.is_empty() {
                warn!(scans = self.hand.len(), "the log did not come back while stopping: {} scans are lost", self.hand.len());
                self.ledger.drops().note_many(&Tally::of(&self.hand), STOPPED);
                self.hand.clear();
                // Whoever waits for one tells it again, to the next run.
                self.receipts.clear();
            }
            let taken = self.queue.recv_many(&mut items, BATCH).await;
            self.sort(&mut items);
            if taken == 0 && self.hand.is_empty() {
                return self.shelf.save_drops().await;
            }
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn landed(flight: &mut Option<Flight>) -> Result<Position, LogError> {
    match flight {
        Some(flight) => flight.appending.as_mut().await,
        None => std::future::pending().await,
    }
}
