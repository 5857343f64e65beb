//! The store against a model: whatever is appended, taken, cut and reopened, nothing is missing but what was reported or torn off.
#![allow(clippy::unwrap_used)]

use millwright_domain::{
    Timestamp,
    reading::{LastScan, Reading, Scan},
};
use millwright_ingest::store::{Store, StoreSettings, drops::Drops};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

const DEVICES: [&str; 3] = ["a", "b", "c"];
const MAX_BYTES: u64 = 40_000;

fn scan(device: usize, epoch: u64, number: u64, filling: usize) -> Scan {
    let at = Timestamp::from_secs((epoch * 1_000_000 + number) as i64);
    let readings = (0..filling).map(|signal| Reading::measured(format!("p/signal-{signal}").parse().unwrap(), number as f64)).collect();
    Scan { site: "s".parse().unwrap(), device: DEVICES[device].parse().unwrap(), epoch, scan: number, scanned_at: at, received_at: at, readings }
}

#[derive(Debug, Clone)]
enum Step {
    /// So many scans of so many readings, of one device after the other.
    Append { scans: usize, filling: usize },
    /// The log takes a batch.
    Deliver { limit: usize },
    /// The log refuses one.
    Refuse { limit: usize },
    /// A batch is on its way while more is appended.
    AppendDuring { limit: usize, scans: usize },
    /// The program dies; so many bytes of the newest segment are torn off, and some rubbish is behind it.
    Crash { torn: u64, rubbish: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..60usize, 0..12usize).prop_map(|(scans, filling)| Step::Append { scans, filling }),
        3 => (1..80usize).prop_map(|limit| Step::Deliver { limit }),
        1 => (1..80usize).prop_map(|limit| Step::Refuse { limit }),
        1 => (1..40usize, 1..60usize).prop_map(|(limit, scans)| Step::AppendDuring { limit, scans }),
        1 => (0..3_000u64, 0..20usize).prop_map(|(torn, rubbish)| Step::Crash { torn, rubbish }),
    ]
}

struct Bench {
    folder: tempfile::TempDir,
    drops: Arc<Mutex<Drops>>,
    store: Store,
    next: u64,
    /// Each scan that was stored and not torn off since, in order.
    stored: Vec<Scan>,
    /// What the log took, repeats included.
    log: Vec<Scan>,
    crashes: u64,
    taken_twice_at_most: u64,
}

fn open(folder: &Path, drops: &Arc<Mutex<Drops>>) -> Store {
    Store::open(StoreSettings { dir: folder.to_path_buf(), max_bytes: MAX_BYTES }, drops.clone()).unwrap()
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let drops = Arc::<Mutex<Drops>>::default();
        let store = open(folder.path(), &drops);
        Self { folder, drops, store, next: 0, stored: vec![], log: vec![], crashes: 0, taken_twice_at_most: 0 }
    }
    fn append(&mut self, scans: usize, filling: usize) {
        let mut batch: Vec<Scan> = (0..scans).map(|_| self.scan(filling)).collect();
        self.stored.extend(batch.clone());
        self.store.append(&mut batch).unwrap();
        assert!(batch.is_empty());
        assert!(self.store.bytes() <= MAX_BYTES, "{} bytes", self.store.bytes());
    }
    fn scan(&mut self, filling: usize) -> Scan {
        self.next += 1;
        scan(self.next as usize % DEVICES.len(), 1, self.next, filling)
    }
    fn act(&mut self, step: Step) {
        match step {
            Step::Append { scans, filling } => self.append(scans, filling),
            Step::Deliver { limit } => {
                self.log.extend(self.store.oldest(limit));
                self.store.delivered();
            }
            Step::Refuse { limit } => {
                self.store.oldest(limit);
                self.store.not_delivered();
            }
            Step::AppendDuring { limit, scans } => {
                let on_their_way = self.store.oldest(limit);
                self.append(scans, 3);
                self.log.extend(on_their_way);
                self.store.delivered();
            }
            Step::Crash { torn, rubbish } => self.crash(torn, rubbish),
        }
    }
    fn crash(&mut self, torn: u64, rubbish: usize) {
        self.crashes += 1;
        let oldest = segments(self.folder.path()).first().map(|oldest| whole(oldest)).unwrap_or_default();
        self.taken_twice_at_most += oldest.iter().filter(|scan| self.log.contains(scan)).count() as u64;
        if let Some(newest) = segments(self.folder.path()).pop() {
            let file = OpenOptions::new().append(true).open(&newest).unwrap();
            let length = file.metadata().unwrap().len();
            let before = whole(&newest);
            file.set_len(length.saturating_sub(torn)).unwrap();
            let kept = whole(&newest).len();
            fs::write(&newest, [fs::read(&newest).unwrap(), vec![0xA5; rubbish]].concat()).unwrap();
            let gone = &before[kept..];
            self.stored.retain(|scan| !gone.contains(scan));
        }
        self.drops = Arc::default();
        self.store = open(self.folder.path(), &self.drops);
    }
    /// Everything waiting goes to the log; then the books must balance.
    fn settle(mut self) -> Result<(), TestCaseError> {
        loop {
            let batch = self.store.oldest(50);
            if batch.is_empty() {
                break;
            }
            self.log.extend(batch);
            self.store.delivered();
        }
        prop_assert!(self.store.is_empty() && segments(self.folder.path()).is_empty());
        prop_assert_eq!((self.store.scans(), self.store.bytes()), (0, 0));
        let mut seen: BTreeMap<&str, LastScan> = BTreeMap::new();
        let came_out: Vec<&Scan> = self.log.iter().filter(|scan| seen.entry(scan.device.as_str()).or_default().admits(scan)).collect();
        let missing: Vec<&Scan> = self.stored.iter().filter(|scan| !came_out.contains(scan)).collect();
        let arrived = self.stored.iter().filter(|scan| came_out.contains(scan));
        let in_order: Vec<&Scan> = came_out.iter().copied().filter(|scan| self.stored.contains(scan)).collect();
        prop_assert!(arrived.eq(in_order.iter().copied()), "out of order");
        let reports = self.drops.lock().unwrap().reports();
        for device in DEVICES {
            let lost: Vec<_> = missing.iter().filter(|scan| scan.device.as_str() == device).collect();
            let told: Vec<_> = reports.iter().filter(|report| report.dropped.device.as_str() == device).map(|report| &report.dropped).collect();
            let (count, told_count) = (lost.len() as u64, told.iter().map(|dropped| dropped.scans).sum::<u64>());
            let (first, last) = (lost.iter().map(|scan| scan.scanned_at).min(), lost.iter().map(|scan| scan.scanned_at).max());
            let (told_first, told_last) = (told.iter().map(|dropped| dropped.first).min(), told.iter().map(|dropped| dropped.last).max());
            if self.crashes == 0 {
                prop_assert_eq!((count, first, last), (told_count, told_first, told_last), "of device {}", device);
            }
            // After a crash, what the log had taken of the oldest segment counts as waiting again, and as dropped if that is given up.
            prop_assert!(count <= told_count && told_count <= count + self.taken_twice_at_most, "of device {}: {} of {}", device, count, told_count);
            prop_assert!(count == 0 || (told_first <= first && last <= told_last));
        }
        Ok(())
    }
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "scans")).collect();
    segments.sort();
    segments
}

fn whole(segment: &Path) -> Vec<Scan> {
    let parsed = millwright_ingest::store::segment::parse(&fs::read(segment).unwrap());
    parsed.scans.into_iter().map(|(scan, _)| scan).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn what_comes_out_is_what_went_in_without_what_was_reported_dropped(steps in proptest::collection::vec(step(), 1..40)) {
        let mut bench = Bench::new();
        steps.into_iter().for_each(|step| bench.act(step));
        bench.settle()?;
    }
}

#[test]
fn a_full_store_gives_its_oldest_readings_up_and_says_which() {
    let mut bench = Bench::new();
    for _ in 0..40 {
        bench.append(50, 3);
    }
    let dropped: u64 = bench.drops.lock().unwrap().reports().iter().map(|report| report.dropped.scans).sum();
    assert!(dropped > 500, "{dropped}");
    assert_eq!(bench.store.oldest(1)[0].scan, dropped + 1, "the oldest are gone and the newest are there");
    bench.settle().unwrap();
}

#[test]
fn a_segment_that_cannot_be_read_back_is_counted_and_does_not_hold_up_the_rest() {
    let mut bench = Bench::new();
    bench.append(100, 3);
    let oldest = segments(bench.folder.path()).remove(0);
    let held = whole(&oldest).len() as u64;
    fs::remove_file(&oldest).unwrap();
    assert_eq!(bench.store.oldest(1)[0].scan, held + 1);
    let reports = bench.drops.lock().unwrap().reports();
    assert_eq!(reports.iter().map(|report| report.dropped.scans).sum::<u64>(), held);
    assert!(reports[0].dropped.why.contains("could not be read back"));
}
