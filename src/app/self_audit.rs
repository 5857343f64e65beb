//! The program looks through its own ledger once a day and when asked to, slowly enough that nothing waits. A break shows on the health board.

use super::health::HealthBoard;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ports::{
        auditor::{Looking, Verification},
        clock::Clock,
        event_log::{EventLog, LogError},
    },
    position::{Lane, PartitionId, Position},
};
use millwright_infra::log::audit::ChainAudit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How it is called on the health board.
const PART: &str = "ledger's integrity";
const PAGE: usize = 1_024;
/// After a start, before the first look.
const FIRST: TimeDelta = TimeDelta::minutes(10);

/// What the last look found, and how far the present one is; shared with whoever shows it or asks for one.
#[derive(Default)]
pub struct Looks {
    state: Mutex<(Option<Verification>, Option<Looking>)>,
    wanted: Notify,
}

impl Looks {
    /// One that begins now, over all that the head is over.
    pub fn over(head: &Position, now: Timestamp) -> Looking {
        let ledgers = head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger);
        Looking { since: now, done: 0, of: ledgers.map(|(_, end)| end).sum() }
    }

    pub fn found(&self) -> Option<Verification> {
        self.state().0.clone()
    }

    pub fn looking(&self) -> Option<Looking> {
        self.state().1
    }

    /// Has a look begun unless one is under way. How far that is, and whether it was begun just now.
    pub fn want(&self, look: Looking) -> (Looking, bool) {
        let mut state = self.state();
        if let Some(under_way) = state.1 {
            return (under_way, false);
        }
        state.1 = Some(look);
        self.wanted.notify_one();
        (look, true)
    }

    fn state(&self) -> MutexGuard<'_, (Option<Verification>, Option<Looking>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look under way; however it ends, it is under way no more.
struct UnderWay<'a>(&'a Looks);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().1 = None;
    }
}

#[derive(Clone)]
pub struct SelfAudit {
    pub log: Arc<dyn EventLog>,
    pub clock: Arc<dyn Clock>,
    pub board: HealthBoard,
    pub every_h: u32,
    pub mb_per_s: u32,
    pub looks: Arc<Looks>,
}

impl SelfAudit {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), LogError> {
        let mut due = self.clock.now().wall + FIRST;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.wall_reaches(due), if self.every_h > 0 => {}
                () = self.looks.wanted.notified() => {}
            }
            let under_way = UnderWay(&self.looks);
            let looked = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                looked = self.look() => looked?,
            };
            due = looked.at + TimeDelta::hours(self.every_h.into());
            self.show(&looked);
            self.looks.state().0 = Some(looked);
            drop(under_way);
        }
    }

    /// One look from the first record to the last, up to the first that is wrong.
    pub async fn look(&self) -> Result<Verification, LogError> {
        let head = self.log.head().await?;
        self.looks.state().1 = Some(Looks::over(&head, self.clock.now().wall));
        let mut up_to = Position::default();
        let mut first_bad = None;
        for (partition, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger) {
            let (good, bad) = self.walk(partition, end).await?;
            up_to.advance(partition, good);
            first_bad = first_bad.or(bad.map(|what| (partition.clone(), good, what)));
        }
        Ok(Verification { at: self.clock.now().wall, up_to, first_bad })
    }

    async fn walk(&self, partition: &PartitionId, end: u64) -> Result<(u64, Option<String>), LogError> {
        let mut audit = ChainAudit::of(partition);
        while audit.next_seq() < end {
            let began = self.clock.now().wall;
            let page = match self.log.read_ledger(partition, audit.next_seq(), PAGE).await {
                Ok(page) => page,
                Err(LogError::Damaged { what, .. }) => return Ok((audit.next_seq(), Some(what))),
                Err(other) => return Err(other),
            };
            if let Some(looking) = &mut self.looks.state().1 {
                // The ledger grows meanwhile.
                looking.done = (looking.done + page.len() as u64).min(looking.of);
            }
            let mut bytes = 0;
            for (_, record) in page.iter() {
                if let Err(broken) = audit.admit(record) {
                    return Ok((audit.next_seq(), Some(format!("{:#}", anyhow::Error::from(broken)))));
                }
                bytes += record.bytes.len();
            }
            if page.is_empty() {
                return Ok((audit.next_seq(), Some("everything from here on is missing".into())));
            }
            self.pace(began, bytes).await;
        }
        Ok((audit.next_seq(), None))
    }

    async fn pace(&self, began: Timestamp, bytes: usize) {
        let takes = TimeDelta::microseconds((bytes / self.mb_per_s.max(1) as usize) as i64);
        self.clock.wall_reaches(began + takes).await;
    }

    fn show(&self, looked: &Verification) {
        match &looked.first_bad {
            None => self.board.runs(PART),
            Some((partition, seq, what)) => {
                let what = format!("{partition} seq {seq}: {what}; run `millwright audit verify`, and keep the folder as it is");
                tracing::error!(%partition, seq, what, "the ledger is not what was written");
                self.board.failed(PART, &what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_infra::{
        clock::SystemClock,
        log::embedded::{EmbeddedLog, EmbeddedOptions},
    };

    #[tokio::test]
    async fn a_break_in_the_ledger_is_a_part_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(folder.path(), EmbeddedOptions::default()).unwrap();
        drop(log.own(&PartitionId::platform(), "test", Timestamp::from_secs(1)).await.unwrap());
        drop(log.own(&PartitionId::platform(), "test", Timestamp::from_secs(2)).await.unwrap());
        let board = HealthBoard::default();
        let (clock, looks) = (Arc::new(SystemClock), Arc::default());
        let audit = SelfAudit { log: Arc::new(log), clock, board: board.clone(), every_h: 24, mb_per_s: 20, looks };
        let looked = audit.look().await.unwrap();
        assert_eq!((looked.up_to.next(&PartitionId::platform()), &looked.first_bad), (2, &None));
        audit.show(&looked);
        assert!(board.workers().iter().all(|part| part.ok));
        let db = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
        assert_eq!(db.execute("UPDATE batches SET bytes = zeroblob(length(bytes)) WHERE base_seq = 1", []).unwrap(), 1);
        let looked = audit.look().await.unwrap();
        assert!(matches!(&looked.first_bad, Some((partition, _, _)) if *partition == PartitionId::platform()), "{looked:?}");
        audit.show(&looked);
        assert!(board.workers().iter().any(|part| !part.ok && part.detail.contains("audit verify")), "{:?}", board.workers());
    }

    #[tokio::test]
    async fn a_look_that_is_asked_for_is_begun_once_though_none_is_due() {
        let folder = tempfile::tempdir().unwrap();
        let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open(folder.path(), EmbeddedOptions::default()).unwrap());
        drop(log.own(&PartitionId::platform(), "test", Timestamp::from_secs(1)).await.unwrap());
        let (clock, looks, stop) = (Arc::new(SystemClock), Arc::<Looks>::default(), CancellationToken::new());
        let audit = SelfAudit { log: log.clone(), clock, board: HealthBoard::default(), every_h: 0, mb_per_s: 20, looks: looks.clone() };
        let wanted = Looks::over(&log.head().await.unwrap(), Timestamp::from_secs(2));
        assert_eq!((looks.want(wanted), looks.want(wanted)), ((wanted, true), (wanted, false)));
        assert_eq!((wanted.done, wanted.of), (0, 1));
        let running = tokio::spawn(audit.run(stop.clone()));
        let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while looks.found().is_none() || looks.looking().is_some() {
            assert!(tokio::time::Instant::now() < until, "the look has not ended");
            tokio::task::yield_now().await;
        }
        assert_eq!(looks.found().unwrap().up_to.next(&PartitionId::platform()), 1);
        assert!(looks.want(wanted).1, "another one may begin");
        stop.cancel();
        running.await.unwrap().unwrap();
    }
}
