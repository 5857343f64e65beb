//! The log goes away, hangs and comes back; the program is killed; the disk is full: what was measured arrives, in order, or is reported.
#![allow(clippy::unwrap_used)]

mod support;

use chrono::TimeDelta;
use millwright_domain::{
    Now, Timestamp,
    ports::clock::Clock,
    reading::{LastScan, Scan},
};
use millwright_ingest::{
    outlet::{DeviceOutlet, Outlet},
    store::StoreSettings,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use support::{MemoryLog, TestClock, eventually};
use tokio::task::JoinHandle;

const SOON: Duration = Duration::from_secs(20);

struct Stage {
    outlet: Outlet,
    device: DeviceOutlet,
    forwarding: JoinHandle<()>,
}

impl Stage {
    fn set(folder: &Path, log: &Arc<MemoryLog>, epoch: u64) -> Self {
        Self::with(Some(StoreSettings { dir: folder.to_path_buf(), max_bytes: 1 << 20 }), log, epoch)
    }
    fn with(store: Option<StoreSettings>, log: &Arc<MemoryLog>, epoch: u64) -> Self {
        let stage = Self::unjudged(store, log, epoch);
        stage.outlet.judged();
        stage
    }
    fn unjudged(store: Option<StoreSettings>, log: &Arc<MemoryLog>, epoch: u64) -> Self {
        let (outlet, forwarding) = Outlet::new(log.clone(), 100, store, TestClock::new(1.0));
        let device = outlet.device("s".parse().unwrap(), "plc".parse().unwrap(), epoch);
        Self { outlet, device, forwarding: tokio::spawn(forwarding) }
    }
    /// Measures so many, waiting for room where there is none.
    async fn measure(&self, scans: u64) {
        for _ in 0..scans {
            let at = Timestamp::from_secs(self.device.offered() as i64);
            eventually("there is room", SOON, || self.outlet.waiting() < 100).await;
            assert!(self.device.offer(at, at, vec![]));
        }
    }
    fn waiting(&self) -> u64 {
        self.outlet.store().map_or(0, |store| store.scans)
    }
    fn error(&self) -> Option<String> {
        self.outlet.store()?.error
    }
    async fn stop(self) {
        self.outlet.close();
        self.forwarding.await.unwrap();
    }
}

/// What folds make of it.
fn admitted(log: &MemoryLog) -> Vec<(u64, u64)> {
    let mut last = LastScan::default();
    log.scans().iter().filter(|scan| last.admits(scan)).map(|scan| (scan.epoch, scan.scan)).collect()
}

fn numbers(epoch: u64, scans: u64) -> Vec<(u64, u64)> {
    (0..scans).map(|scan| (epoch, scan)).collect()
}

#[tokio::test]
async fn what_the_log_did_not_take_arrives_before_what_is_measured_later() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    let stage = Stage::set(folder.path(), &log, 1);
    stage.measure(50).await;
    eventually("they arrive", SOON, || log.count() == 50).await;
    log.goes_away(true);
    stage.measure(700).await;
    eventually("they wait on disk", SOON, || stage.waiting() == 700).await;
    log.goes_away(false);
    stage.measure(50).await;
    eventually("all arrive", SOON, || log.count() >= 800).await;
    stage.outlet.hand_on().await;
    assert_eq!((stage.waiting(), stage.outlet.delivered(), stage.outlet.store().unwrap().bytes), (0, 800, 0));
    stage.stop().await;
    assert!(log.scans().iter().map(|scan| (scan.epoch, scan.scan)).eq(numbers(1, 800)), "each once and in order");
}

#[tokio::test]
async fn a_log_that_hangs_is_not_waited_for_with_full_hands() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    log.hangs(true);
    let stage = Stage::set(folder.path(), &log, 1);
    stage.measure(500).await;
    eventually("they wait on disk", SOON, || stage.waiting() == 500).await;
    log.hangs(false);
    stage.outlet.hand_on().await;
    stage.stop().await;
    assert!(log.scans().iter().map(|scan| scan.scan).eq(0..500), "what was on its way counts as delivered");
}

#[tokio::test]
async fn after_a_restart_the_former_epochs_scans_go_first() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    log.goes_away(true);
    let stage = Stage::set(folder.path(), &log, 1);
    stage.measure(30).await;
    eventually("they wait on disk", SOON, || stage.waiting() == 30).await;
    stage.stop().await;
    log.goes_away(false);
    let stage = Stage::set(folder.path(), &log, 2);
    stage.measure(20).await;
    eventually("all arrive", SOON, || log.count() >= 50).await;
    stage.stop().await;
    assert_eq!(admitted(&log), [numbers(1, 30), numbers(2, 20)].concat());
}

#[tokio::test]
async fn what_a_former_run_left_goes_nowhere_before_it_is_known_whose_the_device_was_since() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    let settings = || Some(StoreSettings { dir: folder.path().to_path_buf(), max_bytes: 1 << 20 });
    log.goes_away(true);
    let stage = Stage::with(settings(), &log, 1);
    stage.measure(30).await;
    eventually("they wait on disk", SOON, || stage.waiting() == 30).await;
    stage.stop().await;
    log.goes_away(false);
    // Told to stop before it knew: it keeps them.
    let stage = Stage::unjudged(settings(), &log, 3);
    stage.measure(10).await;
    stage.outlet.hand_on().await;
    stage.stop().await;
    let stage = Stage::unjudged(settings(), &log, 4);
    stage.measure(20).await;
    eventually("all wait on disk", SOON, || stage.waiting() == 60).await;
    assert_eq!(log.count(), 0);
    stage.outlet.discard(&"plc".parse().unwrap(), 1);
    stage.outlet.judged();
    eventually("the rest arrives", SOON, || log.count() >= 30).await;
    let reports = stage.outlet.drop_reports().await;
    stage.stop().await;
    assert_eq!((reports.len(), reports[0].dropped.epoch, reports[0].dropped.scans), (1, 1, 30));
    assert_eq!(admitted(&log), [numbers(3, 10), numbers(4, 20)].concat());
}

#[tokio::test]
async fn what_finds_no_room_is_reported_and_the_report_survives_a_restart() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    log.goes_away(true);
    let settings = StoreSettings { dir: folder.path().to_path_buf(), max_bytes: 64 << 10 };
    let stage = Stage::with(Some(settings.clone()), &log, 1);
    stage.measure(2_000).await;
    eventually("it is full", SOON, || stage.outlet.waiting() == 0 && stage.waiting() > 0).await;
    stage.outlet.hand_on().await;
    stage.stop().await;
    log.goes_away(false);
    let stage = Stage::with(Some(settings), &log, 2);
    stage.outlet.hand_on().await;
    let reports = stage.outlet.drop_reports().await;
    stage.stop().await;
    let arrived = admitted(&log);
    assert_eq!(reports.len(), 1);
    let dropped = &reports[0].dropped;
    assert_eq!((dropped.epoch, dropped.scans), (1, 2_000 - arrived.len() as u64));
    assert_eq!((dropped.first, dropped.last), (Timestamp::from_secs(0), Timestamp::from_secs(dropped.scans as i64 - 1)));
    assert_eq!(arrived, numbers(1, 2_000)[dropped.scans as usize..], "the newest are kept");
}

const CHILD: &str = "MILLWRIGHT_TEST_STORE";
const EPOCH: &str = "MILLWRIGHT_TEST_STORE_EPOCH";

/// This very test program again, running nothing but one test. It may get an error for a file that is too long, instead of being killed.
fn child(test: &str, folder: &Path, epoch: u64) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(CHILD, folder).env(EPOCH, epoch.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Does nothing unless another test has started it as a process: measures without end while the log is away, and says what is safe.
#[tokio::test]
async fn the_child_that_is_killed() {
    let (Some(folder), Ok(epoch)) = (env::var_os(CHILD), env::var(EPOCH)) else { return };
    let log = MemoryLog::new();
    log.goes_away(true);
    let stage = Stage::set(Path::new(&folder), &log, epoch.parse().unwrap());
    loop {
        stage.measure(37).await;
        stage.outlet.hand_on().await;
        writeln!(std::io::stdout(), "safe {}", stage.device.offered()).unwrap();
    }
}

/// Starts a child and kills it some time after its first word; returns how many of its scans it had called safe.
fn run_and_kill(folder: &Path, epoch: u64, after: Duration) -> u64 {
    let mut child = child("the_child_that_is_killed", folder, epoch).spawn().unwrap();
    let (said, hearing) = mpsc::channel();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listener = std::thread::spawn(move || {
        let safe = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("safe ")?.parse::<u64>().ok());
        safe.for_each(|safe| said.send(safe).unwrap());
    });
    let mut safe = hearing.recv_timeout(SOON).unwrap();
    let dies_at = Instant::now() + after;
    while let Ok(more) = hearing.recv_timeout(dies_at.saturating_duration_since(Instant::now())) {
        safe = more;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    listener.join().unwrap();
    hearing.iter().last().unwrap_or(safe)
}

#[tokio::test]
async fn a_program_killed_at_any_moment_loses_nothing_that_was_stored() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    let mut luck = StdRng::seed_from_u64(5);
    let safe: Vec<u64> = (1..=8).map(|epoch| run_and_kill(folder.path(), epoch, Duration::from_micros(luck.random_range(0..250_000)))).collect();
    let stage = Stage::set(folder.path(), &log, 9);
    stage.outlet.hand_on().await;
    stage.stop().await;
    let scans = log.scans();
    for (epoch, safe) in (1..).zip(&safe) {
        let arrived: Vec<u64> = scans.iter().filter(|scan| scan.epoch == epoch).map(|scan: &Scan| scan.scan).collect();
        assert!(
            arrived.len() as u64 >= *safe && arrived.iter().copied().eq(0..arrived.len() as u64),
            "epoch {epoch}: {safe} were safe, {}",
            arrived.len()
        );
    }
    assert!(scans.is_sorted_by_key(|scan| (scan.epoch, scan.scan)));
}

/// Does nothing unless another test has started it as a process, for the limit on a file's length is the whole process's.
#[tokio::test]
async fn the_child_whose_disk_is_full() {
    let Some(folder) = env::var_os(CHILD).filter(|_| env::var_os(EPOCH).is_some()) else { return };
    let limit = |bytes| setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
    let log = MemoryLog::new();
    log.goes_away(true);
    let stage = Stage::set(Path::new(&folder), &log, 1);
    stage.measure(100).await;
    eventually("they wait on disk", SOON, || stage.waiting() == 100).await;
    limit(Some(12_345));
    while stage.error().is_none() {
        stage.measure(1).await;
    }
    assert!(stage.error().unwrap().contains("check free space"), "{:?}", stage.error());
    // The memory goes on for as long as it has room, and then counts.
    let at = Timestamp::from_secs(1_000_000);
    eventually("the memory is full", SOON, || !stage.device.offer(at, at, vec![])).await;
    let dropped = stage.device.dropped();
    limit(None);
    eventually("the disk takes them again", SOON, || stage.error().is_none()).await;
    stage.measure(10).await;
    log.goes_away(false);
    stage.outlet.hand_on().await;
    let (offered, reports) = (stage.device.offered(), stage.outlet.drop_reports().await);
    stage.stop().await;
    assert_eq!(admitted(&log), numbers(1, offered), "not one is missing of those that found room");
    assert_eq!(reports.iter().map(|report| report.dropped.scans).sum::<u64>(), dropped);
    writeln!(std::io::stdout(), "went on and lost nothing").unwrap();
}

#[test]
fn a_full_disk_is_shown_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = child("the_child_whose_disk_is_full", folder.path(), 1).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("went on and lost nothing"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_shown_and_stops_nothing() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    std::fs::write(folder.path().join("file"), "").unwrap();
    let stage = Stage::set(&folder.path().join("file/spool"), &log, 1);
    eventually("it is shown", SOON, || stage.error().is_some()).await;
    stage.measure(20).await;
    eventually("scans arrive", SOON, || log.count() == 20).await;
    stage.stop().await;
}

/// Plant time moved by hand.
struct HandClock(std::sync::Mutex<Timestamp>);

#[async_trait::async_trait]
impl Clock for HandClock {
    fn now(&self) -> Now {
        Now::both(*self.0.lock().unwrap())
    }
    async fn plant_reaches(&self, _: Timestamp) {}
    async fn wall_reaches(&self, _: Timestamp) {}
}

#[tokio::test]
async fn what_waited_in_the_store_says_when_it_arrived_and_is_late_past_thirty_seconds() {
    let (folder, log) = (tempfile::tempdir().unwrap(), MemoryLog::new());
    let clock = Arc::new(HandClock(std::sync::Mutex::new(Timestamp::from_secs(1_000))));
    let store = StoreSettings { dir: folder.path().to_path_buf(), max_bytes: 1 << 20 };
    let (outlet, forwarding) = Outlet::new(log.clone(), 100, Some(store), clock.clone());
    outlet.judged();
    let device = outlet.device("s".parse().unwrap(), "plc".parse().unwrap(), 1);
    let forwarding = tokio::spawn(forwarding);
    let measure = || {
        let at = clock.now().plant;
        assert!(device.offer(at, at + TimeDelta::milliseconds(5), vec![]));
    };
    measure();
    eventually("it arrives", SOON, || log.count() == 1).await;
    log.goes_away(true);
    for second in [1_020, 1_050] {
        *clock.0.lock().unwrap() = Timestamp::from_secs(second);
        measure();
        eventually("it waits on disk", SOON, || outlet.store().is_some_and(|store| store.scans > 0) && outlet.waiting() == 0).await;
    }
    eventually("both wait", SOON, || outlet.store().is_some_and(|store| store.scans == 2)).await;
    *clock.0.lock().unwrap() = Timestamp::from_secs(1_060);
    let waits = outlet.how_they_wait();
    assert_eq!((waits.in_store, waits.oldest_in_store_s, waits.oldest_in_memory_s), (2, 40.0, 0.0));
    log.goes_away(false);
    eventually("they arrive", SOON, || log.count() == 3).await;
    measure();
    outlet.hand_on().await;
    outlet.close();
    forwarding.await.unwrap();
    let arrived = log.scans();
    let seen: Vec<(i64, i64, bool)> = arrived
        .iter()
        .map(|scan| (scan.scanned_at.micros() / 1_000_000, scan.received_at.since(scan.scanned_at).num_milliseconds(), scan.is_late()))
        .collect();
    // Ten seconds are no history: what follows from it is judged by readings that are fresh then, as for every other alert.
    assert_eq!(seen, [(1_000, 5, false), (1_020, 40_000, true), (1_050, 10_000, false), (1_060, 5, false)]);
}
