//! How far a rebuild is, how long it will take, and the way to stop it.

use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Given to a rebuild by whoever wants to watch or stop it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rebuilding {
    stop: CancellationToken,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Records taken in, those of a rebuild that was stopped before included.
    pub done: u64,
    pub of: u64,
    /// By the pace so far; `None` before there is one.
    pub left: Option<Duration>,
}

impl Default for Rebuilding {
    fn default() -> Self {
        Self { stop: CancellationToken::new(), progress: watch::Sender::new(Progress::default()) }
    }
}

impl Rebuilding {
    /// The rebuild ends after its present batch; the next one goes on from there.
    pub fn cancel(&self) {
        self.stop.cancel();
    }
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }
    pub(super) fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }
    pub(super) fn tell(&self, progress: Progress) {
        self.progress.send_replace(progress);
    }
}

/// Reckons how long the rest takes from how long this run took.
pub(crate) struct Pace {
    begun: Instant,
    begun_at: u64,
}

impl Pace {
    pub fn from(begun_at: u64) -> Self {
        Self { begun: Instant::now(), begun_at }
    }
    pub fn at(&self, done: u64, of: u64) -> Progress {
        Progress { done, of, left: left(self.begun.elapsed(), done.saturating_sub(self.begun_at), of.saturating_sub(done)) }
    }
}

fn left(took: Duration, done: u64, left: u64) -> Option<Duration> {
    (done > 0).then(|| took.mul_f64(left as f64 / done as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_its_share() {
        assert_eq!(left(Duration::from_secs(10), 100, 50), Some(Duration::from_secs(5)));
        assert_eq!(left(Duration::from_secs(10), 100, 0), Some(Duration::ZERO));
        assert_eq!(left(Duration::from_secs(10), 0, 50), None);
    }
}
