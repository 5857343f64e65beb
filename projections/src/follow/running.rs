//! Following the log for as long as the program runs: folding when it is our turn, looking on when it is another program's.

use crate::{
    follow::{
        FollowError,
        ledger::{self, LedgerFold},
        readings::{self, ReadingsFollower},
    },
    home::{Home, LEDGER, READINGS},
    projections::{Projections, read, write},
    readings::tables,
    rebuild::RebuildError,
    store::{Shape, Store},
    turn::Turn,
};
use millwright_domain::{ports::event_log::EventLog, position::Position};
use std::{
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const PAUSE_AFTER_TROUBLE: Duration = Duration::from_secs(1);
/// How soon another program's work is seen here, and how soon a turn that came is noticed when the log is quiet.
const LOOK_UP_AFTER: Duration = Duration::from_millis(100);

impl Projections {
    /// Follows the log until shutdown. Returns an error only for what does not mend itself.
    pub async fn run(&self, log: Arc<dyn EventLog>, shutdown: CancellationToken) -> Result<(), FollowError> {
        let turn = Arc::new(match &self.inner.home {
            Home::Folder(_) => Turn::alone(),
            Home::Postgres(house) => Turn::shared(house.place()),
        });
        // Two tasks, so that a flood of readings takes no time from decisions; whichever ends takes the other along.
        let stop = shutdown.child_token();
        let ends = stop.clone().drop_guard();
        let ledger = tokio::spawn({
            let (followed, log, turn, stop) = (self.clone(), log.clone(), turn.clone(), stop.clone());
            async move {
                let ended = followed.follow_ledger(log.as_ref(), &turn, &stop).await;
                stop.cancel();
                ended
            }
        });
        let readings = self.follow_readings(log.as_ref(), &turn, &stop).await;
        drop(ends);
        match ledger.await {
            Ok(ledger) => ledger.and(readings),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The runtime is going down, and this with it.
            Err(_) => readings,
        }
    }

    /// Takes in all that the log holds now, and returns.
    pub async fn catch_up(&self, log: &dyn EventLog) -> Result<(), FollowError> {
        let head = log.head().await?;
        let on = CancellationToken::new();
        self.take_up_ledger(log).await?;
        self.ledger_to(log, &head, &on).await?;
        self.take_up_readings(log).await?;
        self.readings_to(log, &head, &on).await?;
        self.flush_readings().await
    }

    async fn follow_ledger(&self, log: &dyn EventLog, turn: &Turn, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let (mut asked, mut taken_up) = (Position::default(), None);
        while let Some(head) = self.next_head(log, &asked, turn, shutdown).await? {
            let done = match turn.now() {
                Some(now) if taken_up != Some(now) => self.take_up_ledger(log).await.map(|()| taken_up = Some(now)),
                Some(_) => self.ledger_to(log, &head, shutdown).await.map(|()| asked = head),
                None => self.look_at_ledger(log).await.map(|()| asked = head),
            };
            if let Err(cause) = done {
                taken_up = None;
                self.pause(cause, shutdown).await?;
            }
        }
        Ok(())
    }

    async fn follow_readings(&self, log: &dyn EventLog, turn: &Turn, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let (mut asked, mut taken_up) = (Position::default(), None);
        loop {
            let due = self.inner.readings_fold.lock().await.due();
            let quiet_end = tokio::time::sleep_until(due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600)));
            let head = tokio::select! {
                head = self.next_head(log, &asked, turn, shutdown) => match head? {
                    Some(head) => head,
                    None if turn.now().is_some() => return self.flush_readings().await,
                    None => return Ok(()),
                },
                () = quiet_end, if due.is_some() => asked.clone(),
            };
            let done = match turn.now() {
                Some(now) if taken_up != Some(now) => self.take_up_readings(log).await.map(|()| taken_up = Some(now)),
                Some(_) => self.readings_up_to(log, &head, shutdown).await.map(|()| asked = head),
                None => self.look_at_readings(log, &head).await.map(|()| asked = head),
            };
            if let Err(cause) = done {
                taken_up = None;
                self.pause(cause, shutdown).await?;
            }
        }
    }

    /// The log's head once it is past `asked`, or the same again when it is time to look up; `None` at shutdown.
    async fn next_head(
        &self,
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
                Err(cause) => self.pause(cause.into(), shutdown).await?,
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
                Some(newer) => *fold = ReadingsFollower::new(newer, self.live()),
                // What was in memory only is read from the log again.
                None => *fold = ReadingsFollower::new(read(&self.inner.readings), self.live()),
            }
        }
        if read(&self.inner.readings).is_outdated(&shapes) {
            tracing::info!("the rollups are an older program's and are rebuilt; the former ones are shown until then");
            self.rebuild_readings(log).await.map_err(|cause| upgrade(&self.inner.readings, cause))?;
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
        *write(&self.inner.trouble) = None;
        self.show_lag();
        Ok(())
    }

    async fn readings_up_to(&self, log: &dyn EventLog, head: &Position, shutdown: &CancellationToken) -> Result<(), FollowError> {
        self.readings_to(log, head, shutdown).await?;
        let due = self.inner.readings_fold.lock().await.due();
        if due.is_some_and(|due| due <= Instant::now()) { self.flush_readings().await } else { Ok(()) }
    }

    async fn readings_to(&self, log: &dyn EventLog, head: &Position, shutdown: &CancellationToken) -> Result<(), FollowError> {
        for (partition, end) in head.partitions().filter(|(partition, _)| readings::is_followed(partition)) {
            while !shutdown.is_cancelled() {
                let mut fold = self.inner.readings_fold.lock().await;
                if !fold.step(log, partition, end).await? {
                    break;
                }
                let position = fold.position().await?;
                self.inner.seen.send_modify(|seen| seen.merge(&position));
            }
        }
        Ok(())
    }

    async fn flush_readings(&self) -> Result<(), FollowError> {
        let mut fold = self.inner.readings_fold.lock().await;
        fold.flush().await?;
        let position = fold.position().await?;
        self.inner.seen.send_modify(|seen| seen.merge(&position));
        self.show_lag();
        Ok(())
    }

    /// Waits before trying again, or gives up on what cannot mend itself.
    async fn pause(&self, cause: FollowError, shutdown: &CancellationToken) -> Result<(), FollowError> {
        if !cause.may_pass() {
            return Err(cause);
        }
        tracing::warn!(cause = %cause, source = ?std::error::Error::source(&cause), "the projections wait before they go on");
        *write(&self.inner.trouble) = Some(cause.to_string());
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(PAUSE_AFTER_TROUBLE) => {}
        }
        Ok(())
    }
}

fn upgrade(held: &RwLock<Arc<Store>>, cause: RebuildError) -> FollowError {
    FollowError::Upgrade { place: read(held).place.clone(), cause: Box::new(cause) }
}
