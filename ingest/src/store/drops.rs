//! What was measured and could not be kept, until it is on record: counted per assignment, written down, reported under ids that repeat.
//!
//! A report is closed before it is asked for the first time, so that a repeated ask says the same. What is dropped meanwhile goes into
//! the next one. Without a folder the page lives in memory.

use millwright_domain::{
    Timestamp,
    collecting::ReadingsDropped,
    ids::{CommandId, DeviceId, derived},
    reading::Scan,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Notify;

const FILE: &str = "drops.json";

/// A closed report. Asking `ReportReadingsDropped` under its command id any number of times records it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DropReport {
    pub command: CommandId,
    pub dropped: ReadingsDropped,
}

/// What is written down.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Page {
    next: u64,
    open: Vec<ReadingsDropped>,
    closed: Vec<DropReport>,
    /// Segments that were given up and are counted above; their files go, now or at the next start.
    evicted: BTreeSet<u64>,
    /// Up to this epoch a device's scans are no longer ours to send.
    lost: BTreeMap<DeviceId, u64>,
}

/// Scans counted per assignment, with when the first and the last were measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally(BTreeMap<(DeviceId, u64), (u64, Timestamp, Timestamp)>);

impl Tally {
    pub fn of<'a>(scans: impl IntoIterator<Item = &'a Scan>) -> Self {
        let mut tally = Self::default();
        scans.into_iter().for_each(|scan| tally.add((scan.device.clone(), scan.epoch), (1, scan.scanned_at, scan.scanned_at)));
        tally
    }
    fn add(&mut self, assignment: (DeviceId, u64), (scans, first, last): (u64, Timestamp, Timestamp)) {
        let counted = self.0.entry(assignment).or_insert((0, first, last));
        *counted = (counted.0 + scans, counted.1.min(first), counted.2.max(last));
    }
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(assignment, counted)| self.add(assignment.clone(), *counted));
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// When the first of all was measured.
    pub fn first(&self) -> Option<Timestamp> {
        self.0.values().map(|(_, first, _)| *first).min()
    }
    pub fn scans(&self) -> u64 {
        self.0.values().map(|(scans, ..)| scans).sum()
    }
}

#[derive(Debug, Default)]
pub struct Drops {
    page: Page,
    /// Not closed yet, by reason. On the page only while it is written.
    open: BTreeMap<String, Tally>,
    folder: Option<PathBuf>,
    unsaved: bool,
    /// Told whenever something is noted.
    pub noted: Arc<Notify>,
}

impl Drops {
    /// Takes up what the folder's page says, beside what was noted until now.
    pub fn kept_in(&mut self, folder: &Path) -> io::Result<()> {
        if self.folder.is_some() {
            return Ok(());
        }
        let found = match fs::read(folder.join(FILE)) {
            Ok(bytes) => serde_json::from_slice::<Page>(&bytes).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Page::default()),
            Err(error) => return Err(error),
        };
        let found = match found {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(folder = %folder.display(), %error, "the list of dropped readings is damaged; it is put aside and begun anew");
                fs::rename(folder.join(FILE), folder.join("drops.damaged.json"))?;
                Page::default()
            }
        };
        let noted = std::mem::replace(&mut self.page, found);
        self.page.next = self.page.next.max(noted.next);
        for ReadingsDropped { device, epoch, scans, first, last, why } in std::mem::take(&mut self.page.open) {
            self.open.entry(why).or_default().add((device, epoch), (scans, first, last));
        }
        self.page.closed.extend(noted.closed);
        for (device, epoch) in noted.lost {
            self.lose(&device, epoch);
        }
        self.folder = Some(folder.to_path_buf());
        self.unsaved = true;
        self.noted.notify_one();
        Ok(())
    }

    pub fn note_many(&mut self, dropped: &Tally, why: &str) {
        metrics::counter!("millwright_scans_dropped_total").increment(dropped.scans());
        self.open.entry(why.to_string()).or_default().merge(dropped);
        self.unsaved = true;
        self.noted.notify_one();
    }
    pub fn note_one(&mut self, device: &DeviceId, epoch: u64, at: Timestamp, why: &str) {
        self.note_many(&Tally([((device.clone(), epoch), (1, at, at))].into()), why);
    }
    fn opened(&self) -> Vec<ReadingsDropped> {
        let of_reason = |(why, tally): (&String, &Tally)| {
            let why = why.clone();
            let dropped = tally.0.clone().into_iter().map(move |((device, epoch), (scans, first, last))| ReadingsDropped {
                device,
                epoch,
                scans,
                first,
                last,
                why: why.clone(),
            });
            dropped.collect::<Vec<_>>()
        };
        self.open.iter().flat_map(of_reason).collect()
    }

    pub fn evict(&mut self, segment: u64) {
        self.unsaved = true;
        self.page.evicted.insert(segment);
    }
    pub fn evicted(&self) -> &BTreeSet<u64> {
        &self.page.evicted
    }
    /// The evicted segment's file is gone.
    pub fn gone(&mut self, segment: u64) {
        self.unsaved |= self.page.evicted.remove(&segment);
    }

    pub fn lose(&mut self, device: &DeviceId, up_to: u64) {
        self.unsaved = true;
        let known = self.page.lost.entry(device.clone()).or_default();
        *known = up_to.max(*known);
    }
    pub fn is_lost(&self, scan: &Scan) -> bool {
        self.page.lost.get(&scan.device).is_some_and(|epoch| scan.epoch <= *epoch)
    }

    pub fn is_there_something_to_report(&self) -> bool {
        !self.open.is_empty() || !self.page.closed.is_empty()
    }
    pub fn is_there_a_closed_one(&self) -> bool {
        !self.page.closed.is_empty()
    }
    /// What is to be reported: what was closed before and is not on record yet, else what is open, closed now.
    pub fn reports(&mut self) -> Vec<DropReport> {
        if self.is_there_a_closed_one() {
            return self.page.closed.clone();
        }
        let opened = self.opened();
        self.open.clear();
        for dropped in opened {
            let cause = format!("{}/{}/{}/{}", dropped.device, dropped.epoch, self.page.next, dropped.first.micros());
            self.page.next += 1;
            self.page.closed.push(DropReport { command: CommandId(derived(&cause, "readings-dropped", 0)), dropped });
            self.unsaved = true;
        }
        self.page.closed.clone()
    }
    /// It is on record.
    pub fn reported(&mut self, command: &CommandId) {
        self.page.closed.retain(|report| report.command != *command);
        self.unsaved = true;
    }

    /// Writes the page down if it has changed.
    pub fn save(&mut self) -> io::Result<()> {
        let Some(folder) = self.folder.clone().filter(|_| self.unsaved) else { return Ok(()) };
        self.page.open = self.opened();
        let beside = folder.join("drops.new.json");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(&self.page)?)?;
        file.sync_data()?;
        fs::rename(&beside, folder.join(FILE))?;
        File::open(folder)?.sync_all()?;
        self.unsaved = false;
        Ok(())
    }
    /// For those who go on without: it is written down with the next change.
    pub fn save_or_say(&mut self) {
        if let Err(error) = self.save() {
            tracing::error!(error = &error as &dyn std::error::Error, "dropped readings are counted in memory only: {error}");
        }
    }
}

/// Between two rounds of reports, so that a long outage makes few facts.
pub const BETWEEN_REPORTS: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::super::testing::scan;
    use super::*;

    #[test]
    fn a_report_stays_as_it_was_asked_until_it_is_on_record_also_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut drops = Drops::default();
        drops.kept_in(folder.path()).unwrap();
        drops.note_many(&Tally::of([&scan("a", 1, 3)]), "full");
        drops.note_many(&Tally::of([&scan("a", 1, 4)]), "full");
        let asked = drops.reports();
        drops.note_many(&Tally::of([&scan("a", 1, 5)]), "full");
        drops.save().unwrap();

        let mut after = Drops::default();
        after.kept_in(folder.path()).unwrap();
        assert_eq!((after.reports(), asked[0].dropped.scans), (asked.clone(), 2));
        after.reported(&asked[0].command);
        let next = after.reports();
        assert_eq!((next.len(), next[0].dropped.scans), (1, 1));
        assert!(asked[0].dropped.first < asked[0].dropped.last && asked[0].command != next[0].command);
        after.reported(&next[0].command);
        assert!(!after.is_there_something_to_report());
    }

    #[test]
    fn a_damaged_page_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{").unwrap();
        let mut drops = Drops::default();
        drops.kept_in(folder.path()).unwrap();
        assert!(!drops.is_there_something_to_report() && folder.path().join("drops.damaged.json").exists());
    }
}
