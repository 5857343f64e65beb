//! The past: the same tables as of a time of recording, folded from the log, so that every question can be put to them unchanged.
//!
//! A past is an ordinary set of tables in a file of its own. Whoever asks for a time waits a while and then asks again; all who ask for
//! the same place of the log share one fold, and one is folded at a time.

mod compare;
mod cut;
mod fold;
mod shelf;
#[cfg(test)]
mod tests;
mod view;

pub use compare::{Comparison, Difference};
pub use cut::Extent;
pub(crate) use view::Shown;

use crate::{
    NotRead,
    follow::FollowError,
    projections::Projections,
    rebuild::Progress,
    store::{Store, StoreError},
};
use fold::{STRIDE, Watched};
use millwright_domain::{
    Now, Timestamp,
    ports::event_log::{EventLog, LogError},
    position::Position,
};
use shelf::{Shelf, facts};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use thiserror::Error;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Error)]
pub enum NoPast {
    #[error("nothing is on the log yet, so there is no past to look at")]
    Empty,
    #[error("{asked} is before the first fact; the log begins at {first}")]
    BeforeTheFirst { asked: Timestamp, first: Timestamp },
    #[error("{asked} is not past yet; it is {now}. For the present leave the time away")]
    NotYet { asked: Timestamp, now: Timestamp },
    #[error("the state as of that time is being folded: {} of {} facts; ask again", .0.done, .0.of)]
    StillReplaying(Progress),
    #[error("could not read the log for the past")]
    Log(#[from] LogError),
    #[error("could not fold the log for the past")]
    Fold(#[from] FollowError),
    #[error("could not open the tables of the past")]
    Store(#[from] StoreError),
    #[error("could not read the tables of the past")]
    Read(#[from] NotRead),
    /// Told to everybody who waited for it.
    #[error("the past could not be made: {0}")]
    Shared(Arc<str>),
}

/// Pasts that are open for questions at once, each with its own few connections.
const MOST_OPEN: usize = 4;
/// Times whose answers are at hand: several times can be one place on the ledger and yet have other newest readings.
const MOST_VIEWS: usize = 8;
/// Places that wait to be folded; who drags a slider leaves many behind.
const MOST_WAITING: usize = 8;
/// A fold that nobody has asked for during this long is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(60);

/// Cheap to clone; one of the clones [runs](Pasts::run).
#[derive(Clone)]
pub struct Pasts {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    present: Projections,
    log: Arc<dyn EventLog>,
    /// Plant seconds per wall second.
    speed: f64,
    stride: u64,
    state: Mutex<State>,
    work: Notify,
    /// Folds that were begun, for whoever wants to know that one was enough.
    folds: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    /// Used last comes last.
    open: VecDeque<(Position, Arc<Store>)>,
    views: VecDeque<(Timestamp, Projections)>,
    /// The first is being folded.
    waiting: VecDeque<Arc<Wanted>>,
}

struct Wanted {
    cut: Position,
    step: watch::Sender<Step>,
    asked: Mutex<Instant>,
}

#[derive(Clone)]
enum Step {
    Under(Progress),
    Made(Arc<Store>),
    Failed(Arc<str>),
}

impl Pasts {
    /// Keeps them in a folder, which is made when the first is asked for. `speed` is the plant's clock against the wall's.
    pub fn new(dir: PathBuf, present: Projections, log: Arc<dyn EventLog>, speed: f64) -> Self {
        Self::with_stride(dir, present, log, speed, STRIDE)
    }

    /// Stops on the way each so many facts.
    pub fn with_stride(dir: PathBuf, present: Projections, log: Arc<dyn EventLog>, speed: f64, stride: u64) -> Self {
        let (state, work, folds) = (Mutex::default(), Notify::new(), watch::Sender::new(0));
        Self { inner: Arc::new(Inner { dir, present, log, speed, stride, state, work, folds }) }
    }

    pub async fn extent(&self) -> Result<Extent, NoPast> {
        Ok(cut::extent(self.inner.log.as_ref()).await?)
    }

    /// Folds begun so far.
    pub fn folds(&self) -> u64 {
        *self.inner.folds.borrow()
    }

    /// The projections as they were at a time, once they are folded. `patience` is how long to wait for that.
    pub async fn at(&self, as_of: Timestamp, now: Now, patience: Duration) -> Result<Projections, NoPast> {
        let extent = self.extent().await?;
        let first = extent.first.ok_or(NoPast::Empty)?;
        if as_of < first {
            return Err(NoPast::BeforeTheFirst { asked: as_of, first });
        }
        if as_of > now.wall {
            return Err(NoPast::NotYet { asked: as_of, now: now.wall });
        }
        let cut = cut::cut(self.inner.log.as_ref(), as_of).await?;
        if let Some(view) = self.view(as_of, &cut) {
            return Ok(view);
        }
        let store = self.store(&cut, patience).await?;
        let view = self.look(store, cut, as_of).await?;
        let mut state = self.state();
        state.views.retain(|(at, _)| *at != as_of);
        state.views.push_back((as_of, view.clone()));
        if state.views.len() > MOST_VIEWS {
            state.views.pop_front();
        }
        Ok(view)
    }

    fn view(&self, as_of: Timestamp, cut: &Position) -> Option<Projections> {
        let state = self.state();
        let (_, view) = state.views.iter().find(|(at, _)| *at == as_of)?;
        // A late fact of another node's clock, or readings that were rebuilt meanwhile, make it another.
        (view.position() == *cut && view.shares_readings_with(&self.inner.present)).then(|| view.clone())
    }

    /// The tables of a place on the log.
    async fn store(&self, cut: &Position, patience: Duration) -> Result<Arc<Store>, NoPast> {
        let wanted = {
            let mut state = self.state();
            if let Some(place) = state.open.iter().position(|(position, _)| position == cut)
                && let Some(found) = state.open.remove(place)
            {
                state.open.push_back(found.clone());
                return Ok(found.1);
            }
            self.want(&mut state, cut)?
        };
        self.inner.work.notify_one();
        let mut step = wanted.step.subscribe();
        drop(wanted);
        // Late, or whoever folds has given up: what it came to last is still there.
        drop(tokio::time::timeout(patience, step.wait_for(|step| !matches!(step, Step::Under(_)))).await);
        let last = step.borrow().clone();
        match last {
            Step::Made(store) => Ok(store),
            Step::Failed(why) => Err(NoPast::Shared(why)),
            Step::Under(progress) => Err(NoPast::StillReplaying(progress)),
        }
    }

    fn want(&self, state: &mut State, cut: &Position) -> Result<Arc<Wanted>, NoPast> {
        if let Some(wanted) = state.waiting.iter().find(|wanted| wanted.cut == *cut) {
            *wanted.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            return Ok(wanted.clone());
        }
        let begun = Progress { done: 0, of: facts(cut), left: None };
        if state.waiting.len() >= MOST_WAITING {
            return Err(NoPast::StillReplaying(begun));
        }
        let wanted = Wanted { cut: cut.clone(), step: watch::Sender::new(Step::Under(begun)), asked: Mutex::new(Instant::now()) };
        let wanted = Arc::new(wanted);
        state.waiting.push_back(wanted.clone());
        Ok(wanted)
    }

    /// Folds what is asked for, one after the other, until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut shelf = None;
        while let Some(wanted) = self.next(&shutdown).await {
            let made = self.make(&mut shelf, &wanted, &shutdown).await;
            let mut state = self.state();
            state.waiting.retain(|other| !Arc::ptr_eq(other, &wanted));
            match made {
                Ok(Some(store)) => {
                    state.open.push_back((wanted.cut.clone(), store.clone()));
                    if state.open.len() > MOST_OPEN {
                        state.open.pop_front();
                    }
                    wanted.step.send_replace(Step::Made(store));
                }
                Ok(None) => {}
                Err(cause) => {
                    let cause: &dyn std::error::Error = &cause;
                    tracing::error!(%cause, deeper = ?cause.source(), "a past could not be folded");
                    wanted.step.send_replace(Step::Failed(cause.to_string().into()));
                    // Whatever is wrong with the folder, it is looked at anew.
                    shelf = None;
                }
            }
        }
    }

    async fn next(&self, shutdown: &CancellationToken) -> Option<Arc<Wanted>> {
        loop {
            if shutdown.is_cancelled() {
                return None;
            }
            {
                let mut state = self.state();
                state.waiting.retain(|wanted| !wanted.is_given_up());
                if let Some(wanted) = state.waiting.front() {
                    return Some(wanted.clone());
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return None,
                () = self.inner.work.notified() => {}
            }
        }
    }

    async fn make(&self, shelf: &mut Option<Shelf>, wanted: &Wanted, shutdown: &CancellationToken) -> Result<Option<Arc<Store>>, NoPast> {
        let shelf = match shelf {
            Some(shelf) => shelf,
            None => shelf.insert(Shelf::open(&self.inner.dir).await?),
        };
        self.inner.folds.send_modify(|folds| *folds += 1);
        let watched = Told { wanted, shutdown };
        fold::fold(shelf, self.inner.log.as_ref(), &wanted.cut, self.inner.stride, &watched).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was locked has left whole values behind, so they may be used.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    fn is_given_up(&self) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > GIVEN_UP_AFTER
    }
}

struct Told<'a> {
    wanted: &'a Wanted,
    shutdown: &'a CancellationToken,
}

impl Watched for Told<'_> {
    fn tell(&self, progress: Progress) -> bool {
        self.wanted.step.send_replace(Step::Under(progress));
        !self.shutdown.is_cancelled() && !self.wanted.is_given_up()
    }
}
