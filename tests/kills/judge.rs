//! Says whether a log holds what was acknowledged: every answer once and as it was given, every scan once and in order, one unbroken chain.

use super::loader::{Heard, Place, command_id, site};
use millwright_domain::{
    Event, codec,
    ids::CommandId,
    ports::event_log::EventLog,
    position::{Lane, PartitionId},
};
use millwright_infra::log::{
    audit::ChainAudit,
    embedded::verify::{verify_ledger, verify_readings},
};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// A reader of Kafka has what is committed within this, also behind a transaction that somebody left open.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);
const PAGE: usize = 4_096;

pub struct Judge {
    place: Place,
    /// On Kafka one reader looks on all the time.
    onlooker: Option<Arc<dyn EventLog>>,
    given: HashMap<CommandId, String>,
    appended: HashMap<(String, u64), u64>,
    chain: ChainAudit,
    recorded: HashMap<CommandId, String>,
    scans: HashMap<(String, u64), u64>,
    readings_next: HashMap<PartitionId, u64>,
}

impl Judge {
    pub async fn of(place: Place) -> Self {
        let onlooker = match &place.kafka {
            Some(_) => Some(place.open_to_read().await),
            None => None,
        };
        Self {
            place,
            onlooker,
            given: HashMap::new(),
            appended: HashMap::new(),
            chain: ChainAudit::of(&site()),
            recorded: HashMap::new(),
            scans: HashMap::new(),
            readings_next: HashMap::new(),
        }
    }

    /// How many commands were answered.
    pub fn answers(&self) -> usize {
        self.given.len()
    }

    /// Takes note of what was acknowledged. The same command is never answered differently.
    pub fn hear(&mut self, heard: Heard) -> Result<(), String> {
        match heard {
            Heard::Answered { client, number, answer } => {
                let first = self.given.entry(command_id(client, number)).or_insert_with(|| answer.clone());
                if *first != answer {
                    return Err(format!("command {number} of client {client} was answered {first} first, and then {answer}"));
                }
            }
            Heard::Appended { device, life, count } => {
                let most = self.appended.entry((device, life)).or_default();
                *most = count.max(*most);
            }
        }
        Ok(())
    }

    /// Reads what is new and compares.
    pub async fn look(&mut self) -> Result<(), String> {
        // A child that died early has made no log yet.
        if self.place.kafka.is_none() && !self.place.dir.join("log").join("ledger.db").exists() && self.given.is_empty() {
            return Ok(());
        }
        let limit = Instant::now() + SHOWN_WITHIN;
        loop {
            let log = match &self.onlooker {
                Some(onlooker) => onlooker.clone(),
                None => self.place.open_to_read().await,
            };
            self.read_on(&*log).await?;
            match self.missing() {
                None => return Ok(()),
                Some(missing) if self.onlooker.is_none() || Instant::now() > limit => return Err(missing),
                Some(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Every byte, by the engine's own means.
    pub async fn verify(&self) -> Result<(), String> {
        if self.onlooker.is_some() {
            // Kafka checks its own bytes; the chain was walked from the first record on.
            return Ok(());
        }
        let log = self.place.dir.join("log");
        for verified in [verify_ledger(&log, &mut |_| {}), verify_readings(&log, &mut |_| {})] {
            let findings = verified.map_err(|error| error.to_string())?.findings;
            if !findings.is_empty() {
                return Err(format!("{findings:?}"));
            }
        }
        Ok(())
    }

    async fn read_on(&mut self, log: &dyn EventLog) -> Result<(), String> {
        let failed = |error: &dyn std::error::Error| format!("the log does not read: {error}, {:?}", error.source());
        let head = log.head().await.map_err(|error| failed(&error))?;
        while self.chain.next_seq() < head.next(&site()) {
            let page = log.read_ledger(&site(), self.chain.next_seq(), PAGE).await.map_err(|error| failed(&error))?;
            for (_, record) in page.iter() {
                let seq = record.seq;
                self.chain.admit(record).map_err(|broken| format!("seq {seq}: {broken}"))?;
                let fact = codec::decode(&record.bytes).map_err(|error| failed(&error))?;
                let Event::CommandAnswered(answered) = fact.event else { continue };
                let answer = serde_json::to_string(&answered.answer).map_err(|error| failed(&error))?;
                if let Some(before) = self.recorded.insert(answered.command, answer) {
                    return Err(format!("seq {seq}: command {} was decided twice, before as {before}", answered.command));
                }
            }
        }
        for (partition, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
            let next = self.readings_next.entry(partition.clone()).or_default();
            while *next < end {
                let page = log.read_readings(partition, *next, PAGE).await.map_err(|error| failed(&error))?;
                for (seq, scan) in page.iter() {
                    let expected = self.scans.entry((scan.device.to_string(), scan.epoch)).or_default();
                    if scan.scan != *expected {
                        let (device, life, number) = (&scan.device, scan.epoch, scan.scan);
                        return Err(format!("{partition} seq {seq}: {device} has scan {number} of life {life} where {expected} belongs"));
                    }
                    *expected += 1;
                }
                *next = page.next();
            }
        }
        Ok(())
    }

    fn missing(&self) -> Option<String> {
        for (command, given) in &self.given {
            match self.recorded.get(command) {
                Some(recorded) if recorded == given => {}
                recorded => return Some(format!("command {command} was answered {given} and is on the log as {recorded:?}")),
            }
        }
        let is_short = |(key, count): &(&(String, u64), &u64)| self.scans.get(*key).copied().unwrap_or(0) < **count;
        let ((device, life), count) = self.appended.iter().find(is_short)?;
        Some(format!("{count} scans of {device} were acknowledged in life {life}; there are {:?}", self.scans.get(&(device.clone(), *life))))
    }
}
