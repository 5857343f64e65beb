//! What the log must hold after all that: scans without holes, numbers that are the machine's own, and every gap as a fact.

use super::machines::{Counts, Machine};
use crate::cluster::ledger::Ledger;
use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    envelope::Recorded,
    ids::DeviceId,
    position::PartitionId,
    reading::{LastScan, Scan},
};
use millwright_infra::log::kafka::KafkaOptions;
use std::{cell::Cell, collections::BTreeMap};

/// Good values further apart than this are a gap, and a gap is a fact. Ten to thirty times the period, for machines that are slow to come.
const GAP: TimeDelta = TimeDelta::milliseconds(8_000);

pub struct Judge {
    facts: Vec<Recorded>,
    scans: BTreeMap<DeviceId, Vec<Scan>>,
    found: Cell<Found>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Found {
    good: u64,
    bad: u64,
    gaps: u64,
    lost_at_kills: u64,
}

/// A scan with the number that the machine served.
struct Served {
    epoch: u64,
    at: Timestamp,
    seq: u64,
    /// Scans without the number between this and the one before.
    bad_before: u64,
}

impl Judge {
    pub async fn read(options: KafkaOptions) -> Self {
        let ledger = Ledger::open(options).await;
        let site = PartitionId::site(&"field".parse().unwrap());
        let facts = ledger.look(&site, <[Recorded]>::to_vec).await;
        let mut last: BTreeMap<DeviceId, LastScan> = BTreeMap::new();
        let mut scans: BTreeMap<DeviceId, Vec<Scan>> = BTreeMap::new();
        for scan in ledger.scans("field").await {
            if last.entry(scan.device.clone()).or_default().admits(&scan) {
                scans.entry(scan.device.clone()).or_default().push(scan);
            }
        }
        ledger.log.close().await;
        Self { facts, scans, found: Cell::default() }
    }

    /// All of it, for all of them; `Err` says what does not hold.
    pub fn holds_what_is_served(&self, machines: &[Machine]) -> Result<()> {
        machines.iter().try_for_each(|machine| self.holds_what_one_serves(machine))
    }

    fn holds_what_one_serves(&self, machine: &Machine) -> Result<()> {
        let device: DeviceId = machine.device.parse().unwrap();
        let scans = self.scans.get(&device).with_context(|| format!("{device} was never read"))?;
        self.numbers_are_dense(&device, scans)?;
        let served = served(machine.device, scans);
        ensure!(served.len() > 50, "{device}: only {} scans with a value", served.len());
        for pair in served.windows(2) {
            let [before, after] = pair else { continue };
            self.nothing_is_missing_between(machine, &device, before, after)?;
        }
        let good = served.len() as u64;
        let mut found = self.found.get();
        found.good += good;
        found.bad += scans.len() as u64 - good;
        self.found.set(found);
        let times: Vec<_> = served.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
        eprintln!(
            "{device}: {} scans, {good} of them with a value, the longest time without one {} ms",
            scans.len(),
            times.iter().max().unwrap().num_milliseconds()
        );
        Ok(())
    }

    /// What was numbered is there: a hole is what was dropped, and that is on record.
    fn numbers_are_dense(&self, device: &DeviceId, scans: &[Scan]) -> Result<()> {
        let mut next: BTreeMap<u64, u64> = BTreeMap::new();
        let mut missing: BTreeMap<u64, u64> = BTreeMap::new();
        for scan in scans {
            let expected = next.insert(scan.epoch, scan.scan + 1).unwrap_or(0);
            *missing.entry(scan.epoch).or_default() += scan.scan - expected;
        }
        for (epoch, missing) in missing {
            let reported: u64 = self.facts.iter().filter_map(|fact| dropped(&fact.event, device, epoch)).sum();
            ensure!(missing <= reported, "{device}, epoch {epoch}: {missing} scans are missing and {reported} are on record as dropped");
        }
        Ok(())
    }

    fn nothing_is_missing_between(&self, machine: &Machine, device: &DeviceId, before: &Served, after: &Served) -> Result<()> {
        let mut found = self.found.get();
        if after.at.since(before.at) > GAP {
            let told = self.facts.iter().any(|fact| tells_of_gap(&fact.event, device, before.at, after.at));
            ensure!(told, "{device}: no value from {} to {}, and no fact says so", before.at, after.at);
            found.gaps += 1;
        }
        // A machine that was started anew counts anew.
        let skipped = after.seq.checked_sub(before.seq + 1).filter(|_| after.seq > before.seq);
        let reads_of_a_silence = match machine.counts {
            Counts::EachRead => Some(1),
            Counts::EachQuestion => Some(2),
            Counts::EachMessage | Counts::ByTime => None,
        };
        if let (Some(skipped), Some(reads)) = (skipped, reads_of_a_silence) {
            let restarts = after.epoch - before.epoch;
            let on_record = reads * after.bad_before;
            ensure!(
                skipped <= on_record + restarts,
                "{device}: the machine was read {skipped} times between {} and {} of which only {on_record} are on record, over {restarts} restarts",
                before.at,
                after.at,
            );
            found.lost_at_kills += skipped.saturating_sub(on_record);
        }
        if let (Some(skipped), Counts::EachMessage) = (skipped, machine.counts)
            && skipped > 0
            && after.bad_before == 0
        {
            let told = self.facts.iter().any(|fact| tells_of_gap(&fact.event, device, before.at, after.at));
            ensure!(told, "{device}: {skipped} messages are missing between {} and {}, and nothing says so", before.at, after.at);
        }
        self.found.set(found);
        Ok(())
    }

    pub fn says_what_it_found(&self) {
        let Found { good, bad, gaps, lost_at_kills } = self.found.get();
        eprintln!(
            "{good} scans with a value, {bad} without, {gaps} gaps of over {} s, each on record; {lost_at_kills} scans in flight were lost at kills of the program",
            GAP.num_seconds()
        );
        assert!(good > 0);
    }
}

/// The scans that hold the machine's number, which must be whole.
fn served(device: &str, scans: &[Scan]) -> Vec<Served> {
    let mut served = vec![];
    let mut bad_before = 0;
    for scan in scans {
        let good = |name: &str| scan.readings.iter().find(|reading| reading.signal.as_str() == format!("{device}/{name}"))?.good();
        match (good("seq"), good("complement")) {
            (Some(seq), Some(complement)) => {
                assert_eq!(seq + complement, 65_535.0, "{device}: {scan:?} is torn");
                served.push(Served { epoch: scan.epoch, at: scan.scanned_at, seq: seq as u64, bad_before });
                bad_before = 0;
            }
            _ => bad_before += 1,
        }
    }
    served
}

fn dropped(event: &Event, device: &DeviceId, epoch: u64) -> Option<u64> {
    match event {
        Event::ReadingsDropped(dropped) if dropped.device == *device && dropped.epoch == epoch => Some(dropped.scans),
        _ => None,
    }
}

/// Whether the fact is about a time in which that device gave nothing, and that time touches this one.
fn tells_of_gap(event: &Event, device: &DeviceId, from: Timestamp, to: Timestamp) -> bool {
    let (of, since, until) = match event {
        Event::DeviceFellSilent(fact) => (&fact.device, fact.since, to),
        Event::DeviceAnswered(fact) => (&fact.device, fact.since, fact.until),
        Event::CollectionResumed(fact) => (&fact.device, fact.since, fact.until),
        Event::ReadingsDropped(fact) => (&fact.device, fact.first, fact.last),
        _ => return false,
    };
    of == device && since <= to && until >= from
}
