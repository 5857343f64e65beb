//! What happened, step by step: digested, watched by the invariants, the last of it kept for the report.

use crate::invariants::{Invariant, Violation};
use millwright_commands::Answered;
use millwright_domain::{
    Event, Timestamp,
    action::WriteOrder,
    chain::{Hash, StoredRecord},
    envelope::Recorded,
    ids::CommandId,
    position::PartitionId,
    reading::Scan,
    site::Site,
};
use sha2::{Digest, Sha256};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One thing that happened, as seen from outside.
#[derive(Debug, Clone)]
pub enum Step {
    /// A fact is durable.
    Kept { partition: PartitionId, stored: StoredRecord, fact: Box<Recorded> },
    /// A scan is durable.
    Measured { partition: PartitionId, seq: u64, scan: Box<Scan> },
    /// The log told a dispatcher that its facts are durable.
    Acknowledged { node: &'static str, partition: PartitionId, records: Vec<(u64, Hash)> },
    /// The log told a collector that its scans are durable.
    ScansTaken { node: &'static str, scans: Vec<(String, u64, u64)> },
    /// Somebody outside got an answer.
    Answered { asker: String, partition: PartitionId, command: CommandId, answered: Answered },
    /// Bytes that set a value have reached a device.
    Written { node: &'static str, order: WriteOrder, under: Option<u64> },
    /// A message has reached its target.
    Delivered { key: String },
    /// What the schedule, or chance, did to somebody.
    Fault(String),
    /// All facts there are, and the states that workers kept while they came in.
    Looked { ledgers: Vec<(PartitionId, Vec<StoredRecord>)>, kept: Vec<(PartitionId, Box<Site>)> },
    /// The projections were compared: name of each, kept and rebuilt.
    Compared { what: &'static str, same: bool, detail: String },
    /// The faults are over, everything has had its time, and this is left undone.
    Settled { left: Vec<String> },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept { partition, stored, fact } => {
                let hash = &stored.hash.to_string()[..16];
                let (kind, about) = (fact.event.kind(), about(&fact.event));
                write!(f, "{partition} {} {kind}{about} of {} epoch {} by {} [{hash}]", stored.seq, fact.stream, fact.epoch, fact.actor)
            }
            Self::Measured { partition, seq, scan } => {
                let shown = scan.readings.iter().map(|reading| reading.value().unwrap_or(f64::NAN)).sum::<f64>();
                write!(f, "{partition} {seq} scan {} of {} epoch {} [{shown}]", scan.scan, scan.device, scan.epoch)
            }
            Self::Acknowledged { node, partition, records } => {
                write!(f, "{partition} tells {node} that {:?} are durable", records.iter().map(|(seq, _)| seq).collect::<Vec<_>>())
            }
            Self::ScansTaken { node, scans } => write!(f, "the log tells {node} that {} scans are durable", scans.len()),
            Self::Answered { asker, command, answered, .. } => write!(f, "{asker} is answered {:?} to {command}", answered.answer),
            Self::Written { node, order, under } => write!(f, "{node} has written {} to {} under {under:?}", order.value, order.signal),
            Self::Delivered { key } => write!(f, "message {key} has arrived"),
            Self::Fault(what) => write!(f, "FAULT {what}"),
            Self::Looked { ledgers, .. } => write!(f, "the log holds {} facts", ledgers.iter().map(|(_, all)| all.len()).sum::<usize>()),
            Self::Compared { what, same, .. } => write!(f, "{what} compared: {}", if *same { "the same" } else { "different" }),
            Self::Settled { left } => write!(f, "settled, {} left undone", left.len()),
        }
    }
}

/// Which action a fact is about.
fn about(event: &Event) -> String {
    let action = match event {
        Event::ActionProposed(fact) => fact.proposal.action,
        Event::ActionApproved(fact) => fact.action,
        Event::ActionRejected(fact) => fact.action,
        Event::ApprovalExpired(fact) => fact.action,
        Event::ActionVoided(fact) => fact.action,
        Event::ActionSuperseded(fact) => fact.action,
        Event::ActionStarted(fact) => fact.action,
        Event::ActionCompleted(fact) => fact.action,
        Event::ActionFailed(fact) => fact.action,
        Event::ActionUnverified(fact) => fact.action,
        _ => return String::new(),
    };
    format!(" {action}")
}

/// How many of the last steps a report shows.
const SHOWN: usize = 40;

struct Watched {
    number: u64,
    digest: Sha256,
    last: VecDeque<String>,
    whole: Option<Vec<String>>,
    invariants: Vec<Box<dyn Invariant>>,
    violation: Option<Violation>,
}

/// Clones share it.
#[derive(Clone)]
pub struct Trace(Arc<Mutex<Watched>>);

/// How a run went.
#[derive(Debug, Clone)]
pub struct Told {
    pub steps: u64,
    pub digest: String,
    pub violation: Option<Violation>,
    pub last: Vec<String>,
    pub whole: Vec<String>,
}

impl Trace {
    pub fn new(invariants: Vec<Box<dyn Invariant>>, keep_whole: bool) -> Self {
        let whole = keep_whole.then(Vec::new);
        let watched = Watched { number: 0, digest: Sha256::new(), last: VecDeque::new(), whole, invariants, violation: None };
        Self(Arc::new(Mutex::new(watched)))
    }

    pub fn push(&self, at: Timestamp, step: Step) {
        let mut watched = self.watched();
        if watched.violation.is_some() {
            return;
        }
        watched.number += 1;
        let since = at.since(crate::life::START).num_milliseconds();
        let line = format!("{:>6} {:>9.3} s  {step}", watched.number, since as f64 / 1_000.0);
        watched.digest.update(line.as_bytes());
        if let Some(whole) = &mut watched.whole {
            whole.push(line.clone());
        }
        // Scans come all the time and say little of what went wrong.
        if !matches!(step, Step::Measured { .. } | Step::ScansTaken { .. }) {
            watched.last.push_back(line);
        }
        if watched.last.len() > SHOWN {
            watched.last.pop_front();
        }
        let number = watched.number;
        let broken = watched.invariants.iter_mut().find_map(|invariant| Some((invariant.name(), invariant.sees(at, &step).err()?)));
        watched.violation = broken.map(|(invariant, what)| Violation { step: number, invariant, what });
    }

    pub fn is_broken(&self) -> bool {
        self.watched().violation.is_some()
    }

    pub fn told(&self) -> Told {
        let watched = self.watched();
        let digest = watched.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Told {
            steps: watched.number,
            digest,
            violation: watched.violation.clone(),
            last: watched.last.iter().cloned().collect(),
            whole: watched.whole.clone().unwrap_or_default(),
        }
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
