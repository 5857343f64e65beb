//! Whether a program runs, is paused, or is dead; and its clock. Whatever leaves or enters a program passes its gate.

use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{Now, Timestamp, ports::clock::Clock};
use millwright_ingest::gate::SinceBoot;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// When every simulation begins: ten minutes before an hour and a day of the budgets end.
pub const START: Timestamp = Timestamp::from_secs(1_700_005_800);

const RUNNING: u8 = 0;
const PAUSED: u8 = 1;
const DEAD: u8 = 2;

/// One program from its start to its end.
#[derive(Default)]
pub struct Life {
    state: AtomicU8,
    resumed: Notify,
}

impl Life {
    /// As SIGSTOP: what was sent is on its way, nothing new happens.
    pub fn pause(&self) {
        self.state.compare_exchange(RUNNING, PAUSED, Ordering::Relaxed, Ordering::Relaxed).ok();
    }
    pub fn resume(&self) {
        self.state.compare_exchange(PAUSED, RUNNING, Ordering::Relaxed, Ordering::Relaxed).ok();
        self.resumed.notify_waiters();
    }
    /// As SIGKILL: every task stays where it is for ever.
    pub fn kill(&self) {
        self.state.store(DEAD, Ordering::Relaxed);
    }
    pub fn is_running(&self) -> bool {
        self.state.load(Ordering::Relaxed) == RUNNING
    }
    /// Lets through who runs; holds who is paused until the program is resumed, and the dead for ever.
    pub async fn gate(&self) {
        loop {
            let resumed = self.resumed.notified();
            match self.state.load(Ordering::Relaxed) {
                RUNNING => return,
                PAUSED => resumed.await,
                _ => std::future::pending().await,
            }
        }
    }
}

/// What time it really is, for whoever looks at the plant from outside.
#[derive(Clone, Copy)]
pub struct TrueTime(Instant);

impl TrueTime {
    /// Must be called in the runtime whose time is held still.
    pub fn begin() -> Self {
        Self(Instant::now())
    }
    pub fn now(&self) -> Timestamp {
        START + TimeDelta::microseconds(i64::try_from(self.0.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

/// A program's clock: a little wrong, as clocks of machines are.
pub struct NodeClock {
    pub time: TrueTime,
    pub skew: TimeDelta,
    pub life: Arc<Life>,
}

impl NodeClock {
    async fn reaches(&self, at: Timestamp) {
        loop {
            let missing = at.since(self.shown()).num_microseconds().unwrap_or(i64::MAX);
            if missing > 0 {
                tokio::time::sleep(Duration::from_micros(u64::try_from(missing).unwrap_or(0))).await;
                continue;
            }
            self.life.gate().await;
            return;
        }
    }
    fn shown(&self) -> Timestamp {
        self.time.now() + self.skew
    }
}

#[async_trait]
impl Clock for NodeClock {
    fn now(&self) -> Now {
        Now::both(self.shown())
    }
    async fn plant_reaches(&self, at: Timestamp) {
        self.reaches(at).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        self.reaches(at).await;
    }
}

/// Nobody sets this one.
impl SinceBoot for NodeClock {
    fn since_boot(&self) -> Duration {
        self.time.0.elapsed()
    }
}
