//! What must hold whenever the program is down: one chain, no acknowledged command lost or decided twice, each write at most once, no
//! action begun and forgotten, projections that a rebuild shows again; and files that grow only with what is in them.

use super::{lapse::How, operator::Acknowledged};
use chrono::TimeDelta;
use millwright_domain::{
    Event, codec,
    envelope::Recorded,
    ids::ActionId,
    ports::event_log::EventLog,
    position::{Lane, PartitionId},
};
use millwright_infra::log::{
    audit::ChainAudit,
    embedded::EmbeddedLog,
    kafka::{KafkaLog, KafkaOptions},
};
use millwright_projections::{Place, Projections};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use uuid::Uuid;

/// An action that began has an ending on the log within this, unless the program died meanwhile. Of the wall.
const ENDS_WITHIN: TimeDelta = TimeDelta::seconds(60);
/// Files that hold no history may be so large.
const NO_HISTORY: u64 = 4 << 20;
/// And what is written ahead of a database, until it is folded back.
const WRITTEN_AHEAD: u64 = 96 << 20;

/// Where log and projections are.
pub struct Judge {
    pub kafka: Option<KafkaOptions>,
    pub projections: Place,
}

pub struct Found {
    pub facts: usize,
    pub scans: u64,
    /// Actions that were begun, and those of them that write to a machine.
    pub begun: usize,
    pub writes_begun: usize,
}

impl Judge {
    async fn log(&self, how: &How) -> Arc<dyn EventLog> {
        match &self.kafka {
            None => Arc::new(EmbeddedLog::open_read_only(how.data().join("log")).unwrap()),
            Some(options) => Arc::new(KafkaLog::open(options.clone()).await.unwrap()),
        }
    }

    /// While the program is down. `writes` have come over the plant's wire.
    pub async fn look(&self, how: &How, acknowledged: &[Acknowledged], writes: u64, at_the_end: bool) -> Found {
        how.told(if at_the_end && self.kafka.is_none() { &["audit", "verify", "--readings"] } else { &["audit", "verify"] });
        let log = self.log(how).await;
        let facts = whole_ledger(&*log).await;
        answered_once(&facts, acknowledged);
        let (begun, writes_begun) = begun_once_and_ended(&facts, at_the_end);
        assert!(writes <= writes_begun as u64, "{writes} writes went to the machine, {writes_begun} were begun on the log");
        let projections = Projections::open_at(self.projections.clone()).await.unwrap();
        projections.catch_up(&*log).await.unwrap();
        assert_eq!((projections.parked(), projections.trouble()), (vec![], None));
        // They refuse if what they had differs from what they make of the log now.
        projections.rebuild(&*log).await.unwrap();
        if at_the_end {
            projections.rebuild_readings(&*log).await.unwrap();
        }
        let head = log.head().await.unwrap();
        let scans = head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings).map(|(_, next)| next).sum();
        Found { facts: facts.len(), scans, begun, writes_begun }
    }
}

async fn whole_ledger(log: &dyn EventLog) -> Vec<Recorded> {
    let head = log.head().await.unwrap();
    let ledger: Vec<(PartitionId, u64)> =
        head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger).map(|(partition, end)| (partition.clone(), end)).collect();
    let mut facts = vec![];
    for (partition, end) in ledger {
        let mut chain = ChainAudit::of(&partition);
        while chain.next_seq() < end {
            let page = log.read_ledger(&partition, chain.next_seq(), 4_096).await.unwrap();
            for (seq, record) in page.iter() {
                chain.admit(record).unwrap_or_else(|broken| panic!("{partition} seq {seq}: {broken}"));
                facts.push(codec::decode(&record.bytes).unwrap());
            }
        }
    }
    facts
}

fn answered_once(facts: &[Recorded], acknowledged: &[Acknowledged]) {
    let mut answered = BTreeMap::new();
    for fact in facts {
        if let Event::CommandAnswered(answer) = &fact.event {
            let before = answered.insert(answer.command.0, &answer.answer);
            assert!(before.is_none(), "command {} was decided twice", answer.command);
        }
    }
    for Acknowledged { command, answer, .. } in acknowledged {
        let stored = answered.get(command).unwrap_or_else(|| panic!("command {command} was answered {answer} and is not on the ledger"));
        let kind = match stored {
            millwright_domain::envelope::Answer::Done { .. } => "DONE",
            millwright_domain::envelope::Answer::AlreadySo => "ALREADY_SO",
            millwright_domain::envelope::Answer::Refused { .. } => "REFUSED",
        };
        assert_eq!(answer["kind"], kind, "command {command} stands on the ledger as {stored:?}");
    }
    let ids: BTreeSet<Uuid> = acknowledged.iter().map(|one| one.command).collect();
    assert_eq!(ids.len(), acknowledged.len());
}

/// How many actions were begun, and how many of them write to a machine.
fn begun_once_and_ended(facts: &[Recorded], at_the_end: bool) -> (usize, usize) {
    let mut writes = HashMap::<ActionId, bool>::new();
    let mut open = BTreeMap::<ActionId, &Recorded>::new();
    let mut begun = BTreeSet::new();
    for fact in facts {
        match &fact.event {
            Event::ActionProposed(proposed) => drop(writes.insert(proposed.proposal.action, proposed.proposal.written_signal().is_some())),
            Event::ActionStarted(started) => {
                assert!(begun.insert(started.action), "action {} was begun twice", started.action);
                open.insert(started.action, fact);
            }
            Event::ActionCompleted(ended) => drop(open.remove(&ended.action)),
            Event::ActionFailed(ended) => drop(open.remove(&ended.action)),
            Event::ActionUnverified(ended) => drop(open.remove(&ended.action)),
            _ => {}
        }
    }
    let last = facts.iter().map(|fact| fact.recorded_at).max();
    for (action, fact) in open {
        let age = last.map_or(TimeDelta::zero(), |last| last.since(fact.recorded_at));
        assert!(!at_the_end && age < ENDS_WITHIN, "action {action} was begun {} s before the last fact and has no ending", age.num_seconds());
    }
    (begun.len(), begun.iter().filter(|action| writes.get(action).copied().unwrap_or(false)).count())
}

/// History grows with what is in it; nothing else grows.
pub fn files_have_their_reasons(how: &How, found: &Found) {
    let mut all = vec![];
    files(&how.data(), &mut all);
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for path in &all {
        let name = path.file_name().unwrap().to_string_lossy();
        let size = path.metadata().map_or(0, |data| data.len());
        let reason = match &*name {
            name if name.ends_with("-wal") || name.ends_with("-shm") => {
                assert!(size < WRITTEN_AHEAD, "{} has {size} bytes", path.display());
                continue;
            }
            name if name.starts_with("readings") && name.ends_with(".db") => "scans",
            name if name.ends_with(".db") => "facts",
            _ => {
                assert!(size < NO_HISTORY, "{} has {size} bytes and holds no history", path.display());
                continue;
            }
        };
        *sizes.entry(reason).or_default() += size;
    }
    eprintln!("files: {sizes:?} for {} scans, {} facts", found.scans, found.facts);
    let (scans, facts) = (sizes.get("scans").copied().unwrap_or(0), sizes.get("facts").copied().unwrap_or(0));
    // Log and rollups together; the ledger, its answers, index and projections together. Empty databases count, too.
    assert!(scans < (32 << 20) + found.scans * 2_048, "{scans} bytes for {} scans", found.scans);
    assert!(facts < (32 << 20) + found.facts as u64 * 16_384, "{facts} bytes for {} facts", found.facts);
    let spool = all.iter().filter(|path| path.components().any(|part| part.as_os_str() == "spool"));
    let waiting: u64 = spool.map(|path| path.metadata().map_or(0, |data| data.len())).sum();
    assert!(waiting < NO_HISTORY, "{waiting} bytes still wait to be sent");
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}
