//! Following the log for as long as the program runs: folding when it is our turn, looking on when it is another program's.

use crate::{
    db::NotRead,
    follow::{
        FollowError, Mends,
        ledger::{self, LedgerFold},
        readings::{self, ReadingsFollower},
    },
    home::{Home, LEDGER, READINGS},
    projections::{Projections, read, write},
    readings::tables,
    rebuild::RebuildError,
    store::{Shape, Store, StoreError},
    turn::Turn,
};
use millwright_domain::{ports::event_log::EventLog, position::Position};
use std::{
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::{task::JoinError, time::Instant};
use tokio_util::sync::CancellationToken;

const PAUSE_AFTER_TROUBLE: Duration = Duration::from_secs(1);
/// An older program waits for its upgrade, a damaged log for its backup: nobody is quicker for being asked every second.
const PAUSE_AFTER_LASTING_TROUBLE: Duration = Duration::from_secs(10);
/// What `trouble` is told of when folding has ended.
const FOLDING: &str = "folding";
/// How soon another program's work is seen here, and how soon a turn that came is noticed when the log is quiet.
const LOOK_UP_AFTER: Duration = Duration::from_millis(100);

impl Projections {
    /// Follows the log until shutdown. What ends the folding before is told at once, as trouble, and returned then: the newest values
    /// are kept up until the end.
    pub async fn run(&self, log: Arc<dyn EventLog>, shutdown: CancellationToken) -> Result<(), FollowError> {
        let turn = Arc::new(match &self.inner.home {
            Home::Folder(_) => Turn::alone(),
            Home::Postgres(house) => Turn::shared(house.place()),
        });
        // Three tasks, so that a flood of readings takes no time from decisions, and no database keeps the newest values back. All
        // end with this one; of those that fold, whichever ends takes the other along.
        let (until, stop) = (shutdown.child_token(), shutdown.child_token());
        let _ends = (until.clone().drop_guard(), stop.clone().drop_guard());
        let newest = tokio::spawn({
            let (followed, log) = (self.clone(), log.clone());
            async move { followed.follow_newest(log.as_ref(), &until).await }
        });
        let ledger = tokio::spawn({
            let (followed, log, turn, stop) = (self.clone(), log.clone(), turn.clone(), stop.clone());
            async move {
                let _ends = stop.clone().drop_guard();
                followed.follow_ledger(log.as_ref(), &turn, &stop).await
            }
        });
        let readings = tokio::spawn({
            let followed = self.clone();
            async move {
                let _ends = stop.clone().drop_guard();
                followed.follow_readings(log.as_ref(), &turn, &stop).await
            }
        });
        let folded = (ledger.await, readings.await);
        if !shutdown.is_cancelled() {
            tracing::error!(ledger = ?folded.0, readings = ?folded.1, "the projections stopped; what people see is old from here on");
            self.tell_trouble(FOLDING, "the log is folded no further; the program's messages say why, and it has to be started again");
        }
        ended(newest.await);
        ended(folded.0).unwrap_or(Ok(())).and(ended(folded.1).unwrap_or(Ok(())))
    }

    /// Takes in all that the log holds now, and returns.
    pub async fn catch_up(&self, log: &dyn EventLog) -> Result<(), FollowError> {
        let head = log.head().await?;
        self.inner.newest.lock().await.up_to(log, &head).await?;
        let on = CancellationToken::new();
        self.take_up_ledger(log).await?;
        self.ledger_to(log, &head, &on).await?;
        self.take_up_readings(log).await?;
        self.readings_to(log, &head, &on).await?;
        self.flush_readings().await?;
        self.remember_newest().await.map_err(|cause| self.unread_newest(cause))
    }

    async fn follow_ledger(&self, log: &dyn EventLog, turn: &Turn, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let (mut asked, mut taken_up) = (Position::default(), None);
        while let Some(head) = self.next_head(LEDGER, log, &asked, turn, shutdown).await? {
            let done = match turn.now() {
                Some(now) if taken_up != Some(now) => self.take_up_ledger(log).await.map(|()| taken_up = Some(now)),
                Some(_) => self.ledger_to(log, &head, shutdown).await.map(|()| asked = head),
                None => self.look_at_ledger(log).await.map(|()| asked = head),
            };
            if let Err(cause) = done {
                (asked, taken_up) = (Position::default(), None);
                self.pause(LEDGER, cause, turn, shutdown).await?;
            }
        }
        Ok(())
    }

    async fn follow_readings(&self, log: &dyn EventLog, turn: &Turn, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let (mut asked, mut taken_up, mut remembered) = (Position::default(), None, false);
        loop {
            let due = self.inner.readings_fold.lock().await.due();
            let quiet_end = tokio::time::sleep_until(due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600)));
            let head = tokio::select! {
                head = self.next_head(READINGS, log, &asked, turn, shutdown) => match head? {
                    Some(head) => head,
                    None if turn.now().is_some() => return self.flush_readings().await,
                    None => return Ok(()),
                },
                () = quiet_end, if due.is_some() => asked.clone(),
            };
            let done = match turn.now() {
                Some(now) if taken_up != Some(now) => self.take_up_readings(log).await.map(|()| taken_up = Some(now)),
                Some(_) => self.readings_up_to(log, &head, shutdown).await.map(|()| asked = head),
                None => self.look_at_readings().await.map(|()| asked = head),
            };
            let done = match done {
                Ok(()) if !remembered && asked != Position::default() && self.inner.readings_fold.lock().await.due().is_none() => {
                    remembered = true;
                    self.remember_newest().await.map_err(|cause| self.unread_newest(cause))
                }
                done => done,
            };
            if let Err(cause) = done {
                // What was in memory only is read again, from where the tables stand.
                (asked, taken_up) = (Position::default(), None);
                self.pause(READINGS, cause, turn, shutdown).await?;
            }
        }
    }

    /// The log's head once it is past `asked`, or the same again when it is time to look up; `None` at shutdown.
    async fn next_head(
        &self,
        lane: &'static str,
        log: &dyn EventLog,
        asked: &Position,
        turn: &Turn,
        shutdown: &CancellationToken,
    ) -> Result<Option<Position>, FollowError> {
        loop {
            let head = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(None),
                head = log.past(asked) => head,
                () = tokio::time::sleep(LOOK_UP_AFTER), if !turn.is_alone() => return Ok(Some(asked.clone())),
            };
            match head {
                Ok(head) => {
                    *write(&self.inner.head) = head.clone();
                    self.show_lag();
                    return Ok(Some(head));
                }
                Err(cause) => self.pause(lane, cause.into(), turn, shutdown).await?,
            }
        }
    }

    /// Begins where the tables stand: others may have written them, or put others in their place, since we last did.
    async fn take_up_ledger(&self, log: &dyn EventLog) -> Result<(), FollowError> {
        let shapes = ledger::shapes();
        {
            let mut fold = self.inner.ledger_fold.lock().await;
            match self.newer(&self.inner.ledger, LEDGER, &shapes).await? {
                Some(newer) => *fold = LedgerFold::new(newer),
                None => *fold = LedgerFold::new(read(&self.inner.ledger)),
            }
        }
        if read(&self.inner.ledger).is_outdated(&shapes) {
            tracing::info!("the projections of the ledger are an older program's and are rebuilt; the former ones are shown until then");
            self.rebuild(log).await.map_err(|cause| upgrade(&self.inner.ledger, cause))?;
            self.refresh_plants().await.map_err(|cause| upgrade(&self.inner.ledger, cause.into()))?;
        }
        Ok(())
    }

    async fn take_up_readings(&self, log: &dyn EventLog) -> Result<(), FollowError> {
        let shapes = tables::shapes();
        {
            let mut fold = self.inner.readings_fold.lock().await;
            match self.newer(&self.inner.readings, READINGS, &shapes).await? {
                Some(newer) => *fold = ReadingsFollower::new(newer),
                // What was in memory only is read from the log again.
                None => *fold = ReadingsFollower::new(read(&self.inner.readings)),
            }
        }
        if read(&self.inner.readings).is_outdated(&shapes) {
            tracing::info!("the rollups are an older program's and are rebuilt; the former ones are shown until then");
            if let Err(cause) = self.rebuild_readings(log).await {
                let held = read(&self.inner.readings);
                let goes_on = matches!(cause, RebuildError::LogIsShorter { .. })
                    && held.can_be_gone_on_with(&shapes).await.map_err(|cause| FollowError::Write { place: held.place.clone(), cause })?;
                if !goes_on {
                    return Err(upgrade(&self.inner.readings, cause));
                }
                tracing::warn!(cause = %cause, place = %held.place, "the older program's rollups are gone on with: what is new in them holds from here on; to have them all alike, and of no earlier than the log begins, delete them");
            }
        }
        Ok(())
    }

    /// What another program has put in the place of these tables, which is then held here too. The caller holds the fold's lock
    /// until the fold has it as well: the two must never be of different generations.
    pub(crate) async fn newer(&self, held: &RwLock<Arc<Store>>, lane: &'static str, shapes: &[Shape]) -> Result<Option<Arc<Store>>, FollowError> {
        let Some(newer) = self.inner.home.newer_than(&read::<Arc<Store>>(held), lane, shapes).await? else { return Ok(None) };
        let newer = Arc::new(newer);
        *write(held) = newer.clone();
        Ok(Some(newer))
    }

    async fn ledger_to(&self, log: &dyn EventLog, head: &Position, shutdown: &CancellationToken) -> Result<(), FollowError> {
        for (partition, end) in head.partitions().filter(|(partition, _)| ledger::is_followed(partition)) {
            while !shutdown.is_cancelled() {
                let mut fold = self.inner.ledger_fold.lock().await;
                let taken = fold.step(log, partition, end).await?;
                self.no_trouble(LEDGER);
                *write(&self.inner.parked) = fold.parked();
                let reached = fold.position().await?.next(partition);
                drop(fold);
                // What another program folded in between is told like our own.
                let ours = taken.as_ref().map_or(reached, |taken| taken.from);
                self.tell_up_to(log, partition, ours).await?;
                let Some(taken) = taken else { break };
                self.tell(taken.change).await;
            }
        }
        self.no_trouble(LEDGER);
        self.show_lag();
        Ok(())
    }

    async fn readings_up_to(&self, log: &dyn EventLog, head: &Position, shutdown: &CancellationToken) -> Result<(), FollowError> {
        self.readings_to(log, head, shutdown).await?;
        let due = self.inner.readings_fold.lock().await.due();
        if due.is_some_and(|due| due <= Instant::now()) {
            return self.flush_readings().await;
        }
        self.no_trouble(READINGS);
        Ok(())
    }

    async fn readings_to(&self, log: &dyn EventLog, head: &Position, shutdown: &CancellationToken) -> Result<(), FollowError> {
        for (partition, end) in head.partitions().filter(|(partition, _)| readings::is_followed(partition)) {
            while !shutdown.is_cancelled() {
                let mut fold = self.inner.readings_fold.lock().await;
                let was_any = fold.step(log, partition, end).await?;
                // Also when there was nothing: who had the turn before may have folded it, and have ended before we looked.
                let position = fold.position().await?;
                self.inner.seen.send_modify(|seen| seen.merge(&position));
                if !was_any {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn flush_readings(&self) -> Result<(), FollowError> {
        let mut fold = self.inner.readings_fold.lock().await;
        fold.flush().await?;
        self.no_trouble(READINGS);
        let position = fold.position().await?;
        self.inner.seen.send_modify(|seen| seen.merge(&position));
        self.show_lag();
        Ok(())
    }

    /// Waits before trying again, or gives up on what only another program can mend.
    async fn pause(&self, lane: &'static str, cause: FollowError, turn: &Turn, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let told = with_causes(&cause);
        tracing::warn!(lane, cause = told, "the projections wait before they go on");
        self.tell_trouble(lane, &told);
        let wait = match cause.mends() {
            Mends::Soon => PAUSE_AFTER_TROUBLE,
            Mends::Slowly => PAUSE_AFTER_LASTING_TROUBLE,
            Mends::Never => return Err(cause),
        };
        if cause.is_too_new() {
            // The newer program can fold, and this one cannot.
            turn.pass_on();
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
        Ok(())
    }

    fn tell_trouble(&self, lane: &'static str, what: &str) {
        write(&self.inner.trouble).insert(lane, what.to_string());
    }

    pub(super) fn no_trouble(&self, lane: &'static str) {
        write(&self.inner.trouble).remove(lane);
    }

    fn unread_newest(&self, cause: NotRead) -> FollowError {
        FollowError::Open(StoreError::Unreadable { place: self.inner.home.place(), cause })
    }
}

fn upgrade(held: &RwLock<Arc<Store>>, cause: RebuildError) -> FollowError {
    FollowError::Upgrade { place: read(held).place.clone(), cause: Box::new(cause) }
}

fn with_causes(error: &FollowError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// `None` if the runtime is going down, and the task with it.
fn ended<T>(task: Result<T, JoinError>) -> Option<T> {
    match task {
        Ok(ended) => Some(ended),
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => None,
    }
}
