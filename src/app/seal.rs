//! Seals readings on the ledger at a steady pace: the Merkle root over what each partition of readings gained since the last seal.
//!
//! Where to go on is what the ledger says, so that whoever takes the site over goes on where the last one ended.

use chrono::TimeDelta;
use millwright_agents::insist::{insist, reaction_id};
use millwright_commands::{Ask, Commands, SealReadings};
use millwright_domain::{
    Event,
    chain::merkle_root,
    codec::{DecodeError, decode, encode_scan},
    ids::ActorId,
    ports::{
        clock::Clock,
        event_log::{EventLog, LogError},
    },
    position::{Lane, PartitionId},
    site::ReadingsSealed,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Error)]
pub enum SealError {
    #[error("the readings to seal could not be read")]
    Log(#[from] LogError),
    #[error("{partition} seq {seq} could not be read as a fact; run `millwright audit verify`")]
    Fact {
        partition: PartitionId,
        seq: u64,
        #[source]
        cause: DecodeError,
    },
}

/// The most scans under one root.
const SCANS: u64 = 1 << 20;
const PAGE: usize = 4_096;

pub struct Sealer {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    /// The site's partition, which the seals go to.
    pub partition: PartitionId,
    pub every_s: u32,
}

/// Which readings are sealed, as the ledger says.
#[derive(Default)]
struct Sealed {
    /// The ledger's seq that comes next.
    next: u64,
    /// Per partition of readings, from where to where.
    ranges: HashMap<PartitionId, BTreeMap<u64, u64>>,
}

impl Sealed {
    async fn catch_up(&mut self, log: &dyn EventLog, ledger: &PartitionId) -> Result<(), SealError> {
        loop {
            let page = log.read_ledger(ledger, self.next, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (seq, stored) in page.iter() {
                let fact = decode(&stored.bytes).map_err(|cause| SealError::Fact { partition: ledger.clone(), seq, cause })?;
                if let Event::ReadingsSealed(sealed) = &fact.event {
                    self.gain(sealed);
                }
                self.next = seq + 1;
            }
        }
    }

    fn gain(&mut self, ReadingsSealed { partition, from, to, .. }: &ReadingsSealed) {
        let ranges = self.ranges.entry(partition.clone()).or_default();
        match ranges.range_mut(..=*from).next_back().filter(|(_, end)| **end >= *from) {
            Some((_, end)) => *end = (*end).max(*to),
            None => _ = ranges.insert(*from, *to),
        }
    }

    /// The first place from `from` on that is under no root.
    fn end(&self, lane: &PartitionId, from: u64) -> u64 {
        let ranges = self.ranges.get(lane).into_iter().flatten();
        ranges.fold(from, |end, (begin, to)| if *begin <= end { end.max(*to) } else { end })
    }
}

impl Sealer {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), SealError> {
        let mut sealed = Sealed::default();
        loop {
            let due = self.clock.now().wall + TimeDelta::seconds(self.every_s.max(1).into());
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.wall_reaches(due) => {}
            }
            sealed.catch_up(&*self.log, &self.partition).await?;
            let head = self.log.head().await?;
            for (lane, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
                self.seal_up_to(lane, end, &mut sealed, &stop).await?;
            }
        }
    }

    async fn seal_up_to(&self, lane: &PartitionId, end: u64, sealed: &mut Sealed, stop: &CancellationToken) -> Result<(), LogError> {
        let mut from = sealed.end(lane, 0);
        while from < end && !stop.is_cancelled() {
            let page = self.log.read_readings(lane, from, 1).await?;
            let Some((first, _)) = page.iter().next() else { return Ok(()) };
            if first > from {
                // Retention has dropped what lies before it; whether it is sealed itself is another question.
                from = sealed.end(lane, first);
                continue;
            }
            let root = self.root(lane, from, end).await?;
            sealed.gain(&root);
            from = sealed.end(lane, root.to);
            self.seal(root, stop).await;
        }
        Ok(())
    }

    /// The root of what there is from `from` on, of so much at most as fits under one.
    async fn root(&self, lane: &PartitionId, from: u64, end: u64) -> Result<ReadingsSealed, LogError> {
        let mut leaves: Vec<Vec<u8>> = vec![];
        let mut next = from;
        while next < end && (leaves.len() as u64) < SCANS {
            let page = self.log.read_readings(lane, next, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for (_, scan) in page.iter().filter(|(seq, _)| *seq < end) {
                let mut bytes = vec![];
                encode_scan(scan, &mut bytes);
                leaves.push(bytes);
            }
            next = page.next().min(end);
        }
        let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
        let merkle_root = merkle_root(&leaves).to_string();
        Ok(ReadingsSealed { partition: lane.clone(), from, to: next, merkle_root })
    }

    async fn seal(&self, sealed: ReadingsSealed, stop: &CancellationToken) {
        let by: ActorId = "svc-sealer".parse().expect("a literal that is a name");
        // Another run may have read further: with the same beginning and another end it is another seal.
        let ReadingsSealed { partition, from, to, .. } = &sealed;
        let id = reaction_id(format_args!("{partition}:{from}:{to}"), "seal", 0);
        let ask = Ask::new(by, SealReadings { sealed }).with_id(id);
        insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_commands::Surroundings;
    use millwright_domain::{
        Now, Timestamp,
        action::Observed,
        ids::{SignalId, SiteId},
        ports::live_readings::LiveReadings,
        reading::Scan,
    };
    use millwright_infra::{
        answers::AnswerIndex,
        clock::ManualClock,
        log::embedded::{EmbeddedLog, EmbeddedOptions},
    };
    use std::time::Duration;

    struct NoReadings;
    impl LiveReadings for NoReadings {
        fn latest(&self, _: &SiteId, _: &SignalId) -> Option<Observed> {
            None
        }
    }

    struct Site {
        log: Arc<EmbeddedLog>,
        clock: Arc<ManualClock>,
        commands: Commands,
        ledger: PartitionId,
    }

    impl Site {
        async fn open(folder: &std::path::Path) -> Self {
            let clock = Arc::new(ManualClock::at(Now::both(Timestamp::from_secs(1_790_000_000))));
            let log = Arc::new(EmbeddedLog::open(folder.join("log"), EmbeddedOptions::default()).unwrap());
            let answers = Arc::new(AnswerIndex::open(folder.join("answers.db")).unwrap());
            let live = Arc::new(NoReadings);
            let commands = Commands::new(Surroundings { log: log.clone(), answers, clock: clock.clone(), live, cluster: None, owner: "test".into() });
            let ledger = PartitionId::site(&"demo".parse().unwrap());
            commands.serve(ledger.clone()).await.unwrap();
            Self { log, clock, commands, ledger }
        }
        async fn measures(&self, scans: std::ops::Range<u64>) {
            let at = Timestamp::from_secs(1_790_000_000);
            let scan = |scan| Scan {
                site: "demo".parse().unwrap(),
                device: "plc-1".parse().unwrap(),
                epoch: 1,
                scan,
                scanned_at: at,
                received_at: at,
                readings: vec![],
            };
            self.log.append_readings(scans.map(scan).collect()).await.unwrap();
        }
        async fn seals(&self) -> Vec<(u64, u64)> {
            let page = self.log.read_ledger(&self.ledger, 0, 1_000).await.unwrap();
            let facts = page.iter().map(|(_, stored)| decode(&stored.bytes).unwrap());
            let sealed = facts.filter_map(|fact| match fact.event {
                Event::ReadingsSealed(sealed) => Some((sealed.from, sealed.to)),
                _ => None,
            });
            sealed.collect()
        }
        /// A sealer begins, works until so many roots are on the ledger, and is gone.
        async fn sealed_until(&self, roots: usize) -> Vec<(u64, u64)> {
            let (log, commands, clock) = (self.log.clone(), self.commands.clone(), self.clock.clone());
            let stop = CancellationToken::new();
            let sealer = tokio::spawn(Sealer { log, commands, clock, partition: self.ledger.clone(), every_s: 1 }.run(stop.clone()));
            let working = async {
                while self.seals().await.len() < roots {
                    self.clock.advance(TimeDelta::seconds(1));
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), working).await.expect("it is sealed");
            stop.cancel();
            sealer.await.unwrap().unwrap();
            self.seals().await
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_takes_the_site_over_goes_on_where_the_last_sealer_ended() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::open(folder.path()).await;
        site.measures(0..10).await;
        assert_eq!(site.sealed_until(1).await, [(0, 10)]);
        site.measures(10..15).await;
        assert_eq!(site.sealed_until(2).await, [(0, 10), (10, 15)]);
        site.commands.stop().await;
        site.log.close().await;
    }

    fn lane() -> PartitionId {
        PartitionId::readings(0)
    }
    fn sealed(ranges: &[(u64, u64)]) -> Sealed {
        let mut sealed = Sealed::default();
        for (from, to) in ranges {
            sealed.gain(&ReadingsSealed { partition: lane(), from: *from, to: *to, merkle_root: String::new() });
        }
        sealed
    }

    #[test]
    fn what_a_former_sealer_left_out_is_sealed_next() {
        assert_eq!(sealed(&[(0, 100), (100, 200), (10_000, 12_000)]).end(&lane(), 0), 200);
        assert_eq!(sealed(&[(10_000, 12_000), (0, 100), (100, 10_000)]).end(&lane(), 0), 12_000);
        assert_eq!(sealed(&[(5_000, 6_000)]).end(&lane(), 5_000), 6_000, "also behind what retention has dropped");
    }

    #[test]
    fn the_end_of_what_is_sealed_is_the_first_place_in_no_range() {
        let every: Vec<(u64, u64)> = (0..6).flat_map(|from| (1..4).map(move |count| (from, from + count))).collect();
        let count = every.len();
        for number in 0..count.pow(3) {
            let ranges = [every[number % count], every[number / count % count], every[number / count / count]];
            for from in 0..8 {
                let free = (from..).find(|at| !ranges.iter().any(|(from, to)| (from..to).contains(&at)));
                assert_eq!(Some(sealed(&ranges).end(&lane(), from)), free, "{ranges:?} from {from}");
            }
        }
    }
}
