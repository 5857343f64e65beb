//! The last question before a write's first byte: is the device still ours under this epoch, and is there still time?
//!
//! A process can be stopped for minutes between deciding and sending, a machine can sleep, and a clock can be set back. So the time is
//! judged twice: by the wall clock, and by what was left of it when the order arrived, on a clock that counts sleep and is never set.

use millwright_domain::{Timestamp, ports::clock::Clock};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A write has some dozens of bytes; what goes beyond this is not kept.
const KEPT: usize = 4_096;

/// Time since the machine was started, sleep included. Nobody can set it.
pub trait SinceBoot: Send + Sync {
    fn since_boot(&self) -> Duration;
}

/// The kernel's: `CLOCK_BOOTTIME` where there is one.
#[derive(Debug, Clone, Copy)]
pub struct KernelClock;

impl SinceBoot for KernelClock {
    fn since_boot(&self) -> Duration {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let clock = rustix::time::ClockId::Monotonic;
        let shown = rustix::time::clock_gettime(clock);
        Duration::new(shown.tv_sec.try_into().unwrap_or(0), shown.tv_nsec.try_into().unwrap_or(0))
    }
}

/// Both clocks that a deadline is judged by.
#[derive(Clone)]
pub struct Clocks {
    pub clock: Arc<dyn Clock>,
    pub since_boot: Arc<dyn SinceBoot>,
}

/// The right to a device, until it ends. Everything that works under it holds a clone.
#[derive(Debug, Clone)]
pub struct Lease {
    epoch: u64,
    held: Arc<AtomicBool>,
}

impl Lease {
    pub fn under(epoch: u64) -> Self {
        Self { epoch, held: Arc::new(AtomicBool::new(true)) }
    }
    pub fn end(&self) {
        self.held.store(false, Ordering::SeqCst);
    }
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
    /// The epoch, while it is held.
    pub fn held(&self) -> Option<u64> {
        self.held.load(Ordering::SeqCst).then_some(self.epoch)
    }
}

/// One write's way out. Asked until its first byte has left, and never after.
pub struct Gate {
    clocks: Clocks,
    lease: Lease,
    send_by: Timestamp,
    /// `send_by` as it was when the order arrived, on the clock that is never set.
    boot_by: Duration,
    passed: AtomicBool,
    /// What left through it.
    sent: Mutex<Vec<u8>>,
}

impl Gate {
    /// For an order that arrives now.
    pub fn new(clocks: Clocks, lease: Lease, send_by: Timestamp) -> Self {
        let left = send_by.since(clocks.clock.now().wall).to_std().unwrap_or_default();
        let boot_by = clocks.since_boot.since_boot() + left;
        Self { clocks, lease, send_by, boot_by, passed: AtomicBool::new(false), sent: Mutex::default() }
    }
    /// `Err` says why nothing may be sent.
    pub fn check(&self) -> Result<(), String> {
        if self.lease.held().is_none() {
            return Err(format!("epoch {} of the device ended before the first byte; nothing was sent, propose it again", self.lease.epoch));
        }
        if self.clocks.clock.now().wall > self.send_by || self.clocks.since_boot.since_boot() > self.boot_by {
            return Err("the time to send it had passed before the first byte; propose it again".into());
        }
        Ok(())
    }
    /// For a wire whose socket is a library's: the last look, right before the call that sends. From here on the byte counts as sent.
    pub fn leave(&self) -> Result<(), String> {
        self.check()?;
        self.pass();
        Ok(())
    }
    /// The first byte has left.
    pub fn pass(&self) {
        self.passed.store(true, Ordering::SeqCst);
    }
    pub fn has_passed(&self) -> bool {
        self.passed.load(Ordering::SeqCst)
    }
    /// These bytes left, or may have.
    pub fn note(&self, bytes: &[u8]) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(sent.len());
        sent.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
    /// All that left, in hex.
    pub fn sent(&self) -> Option<String> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        (!sent.is_empty()).then(|| sent.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("lease", &self.lease).field("send_by", &self.send_by).field("passed", &self.passed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use millwright_domain::Now;
    use std::sync::Mutex;

    /// Wall time in seconds, and seconds since boot.
    struct Shown(Mutex<(i64, u64)>);

    #[async_trait]
    impl Clock for Shown {
        fn now(&self) -> Now {
            Now::both(Timestamp::from_secs(self.0.lock().unwrap().0))
        }
        async fn plant_reaches(&self, _: Timestamp) {}
        async fn wall_reaches(&self, _: Timestamp) {}
    }
    impl SinceBoot for Shown {
        fn since_boot(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().1)
        }
    }

    fn gate() -> (Arc<Shown>, Lease, Gate) {
        let shown = Arc::new(Shown(Mutex::new((1_000, 50))));
        let lease = Lease::under(3);
        let clocks = Clocks { clock: shown.clone(), since_boot: shown.clone() };
        (shown, lease.clone(), Gate::new(clocks, lease, Timestamp::from_secs(1_002)))
    }

    #[test]
    fn a_gate_is_open_up_to_its_time_and_shut_after_it_on_either_clock() {
        let (shown, _lease, gate) = gate();
        for (wall, boot, open) in [(1_002, 52, true), (1_003, 51, false), (1_001, 53, false), (900, 53, false), (900, 51, true)] {
            *shown.0.lock().unwrap() = (wall, boot);
            assert_eq!(gate.check().is_ok(), open, "wall {wall}, boot {boot}");
        }
    }

    #[test]
    fn a_gate_is_shut_once_the_lease_has_ended() {
        let (_, lease, gate) = gate();
        assert_eq!((gate.check(), lease.held()), (Ok(()), Some(3)));
        lease.end();
        assert!(gate.check().unwrap_err().contains("epoch 3"));
        assert_eq!(lease.held(), None);
    }
}
