//! Devices that are taken, given back and lost: no scan out of order, no byte written by who does not hold the device or comes too late.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/rogue.rs"]
mod rogue;

use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    Now, Timestamp,
    action::WriteOrder,
    ids::DeviceId,
    ports::{
        clock::Clock,
        write_device::{WriteDevice, WriteVerdict},
    },
    reading::LastScan,
};
use millwright_ingest::{
    device::DeviceConfig,
    field::{Field, FieldSettings, NotTaken, check},
    gate::SinceBoot,
    simulator::demo::demo_plant,
    store::StoreSettings,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rogue::{honest, rogue};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use support::{MemoryLog, eventually};

const SOON: Duration = Duration::from_secs(10);

/// Wall time and the time since boot, both moved by hand.
struct HandClock(Mutex<(Timestamp, Duration)>);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((Timestamp::from_secs(1_800_000_000), Duration::from_secs(1_000)))))
    }
    fn moves(&self, wall: TimeDelta, boot: Duration) {
        let mut shown = self.0.lock().unwrap();
        *shown = (shown.0 + wall, shown.1 + boot);
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Now {
        Now::both(self.0.lock().unwrap().0)
    }
    async fn plant_reaches(&self, _: Timestamp) {}
    async fn wall_reaches(&self, _: Timestamp) {}
}
impl SinceBoot for HandClock {
    fn since_boot(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

fn plc() -> DeviceId {
    "plc-1".parse().unwrap()
}

fn order() -> WriteOrder {
    WriteOrder { device: plc(), signal: "pump-1/speed_setpoint".parse().unwrap(), value: 888.0, tolerance: 1.0 }
}

struct Stage {
    field: Arc<Field>,
    log: Arc<MemoryLog>,
    clock: Arc<HandClock>,
    writes: Arc<AtomicUsize>,
}

impl Stage {
    /// `answer` is given each request that is no write, and each write after it was counted.
    async fn set(answer: impl Fn(&HandClock, [u8; 12]) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let (clock, log, writes) = (HandClock::new(), MemoryLog::new(), Arc::<AtomicUsize>::default());
        let (of_device, counted) = (clock.clone(), writes.clone());
        let address = rogue(move |_, request| {
            counted.fetch_add(usize::from(request[7] == 6), Ordering::SeqCst);
            answer(&of_device, request)
        });
        let field = Arc::new(field(address.await, &clock, &log));
        Self { field, log, clock, writes }
    }
    async fn write(&self, under: u64) -> WriteVerdict {
        self.field.write_once(&order(), under, self.clock.now().wall + TimeDelta::seconds(2)).await.verdict
    }
    fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }
}

fn field(address: SocketAddr, clock: &Arc<HandClock>, log: &Arc<MemoryLog>) -> Field {
    field_with(FieldSettings::default(), address, clock, log)
}

fn field_with(settings: FieldSettings, address: SocketAddr, clock: &Arc<HandClock>, log: &Arc<MemoryLog>) -> Field {
    let plant = demo_plant();
    let config: DeviceConfig = serde_json::from_value(serde_json::json!({
        "protocol": "modbus_tcp", "id": "plc-1", "address": address.to_string(), "read_back_ms": 50,
        "classes": [{ "name": "fast", "interval_ms": 5, "timeout_ms": 200 }],
        "points": [{ "signal": "pump-1/flow", "address": "input:77" }, { "signal": "pump-1/speed_setpoint", "address": "holding:5" }],
    }))
    .unwrap();
    let devices = check(&[config], &plant).unwrap();
    Field::start_by(&plant, devices, clock.clone(), clock.clone(), log.clone(), settings)
}

#[tokio::test]
async fn nothing_is_polled_until_it_is_taken_and_only_a_higher_epoch_takes_it_again() {
    let stage = Stage::set(|_, request| Some(honest(request))).await;
    assert_eq!((stage.field.snapshots(), stage.field.held_under(&plc()), stage.field.devices()), (vec![], None, vec![plc()]));
    stage.field.take(&plc(), 4).await.unwrap();
    assert_eq!((stage.field.held_under(&plc()), stage.field.snapshots()[0].epoch), (Some(4), 4));
    for epoch in [3, 4] {
        let refused = stage.field.take(&plc(), epoch).await.unwrap_err();
        assert_eq!(refused, NotTaken::NotAbove { device: plc(), epoch, former: 4 });
        assert!(refused.to_string().contains("ask for a new assignment"));
    }
    assert!(matches!(stage.field.take(&"nobody".parse().unwrap(), 9).await, Err(NotTaken::Unknown(_))));
    stage.field.take(&plc(), 5).await.unwrap();
    eventually("epoch 5 begins at 0", SOON, || stage.log.scans().iter().any(|scan| (scan.epoch, scan.scan) == (5, 0))).await;
    stage.field.stop().await;
    assert_eq!(stage.field.take(&plc(), 6).await, Err(NotTaken::Stopping));
}

#[tokio::test]
async fn after_a_release_everything_measured_is_on_the_log_and_nothing_more_comes() {
    let stage = Stage::set(|_, request| Some(honest(request))).await;
    stage.field.take(&plc(), 1).await.unwrap();
    eventually("scans", SOON, || stage.log.count() > 5).await;
    stage.field.release(&plc()).await;
    let count = stage.log.count();
    assert_eq!((stage.field.held_under(&plc()), stage.field.snapshots().len()), (None, 0));
    stage.field.stop().await;
    assert_eq!(stage.log.count(), count);
}

#[tokio::test]
async fn however_a_device_comes_and_goes_no_scan_is_out_of_order() {
    let stage = Stage::set(|_, request| Some(honest(request))).await;
    let mut luck = StdRng::seed_from_u64(17);
    for epoch in 1..=40 {
        stage.log.goes_away(luck.random_bool(0.3));
        stage.field.take(&plc(), epoch).await.unwrap();
        eventually("a few scans", SOON, || stage.field.snapshots()[0].scans >= luck.random_range(1..8)).await;
        stage.log.goes_away(false);
        match luck.random_range(0..3) {
            0 => stage.field.release(&plc()).await,
            1 => stage.field.lose(&plc()),
            _taken_again => {}
        }
    }
    stage.field.stop().await;
    let (mut last, scans) = (LastScan::default(), stage.log.scans());
    assert!(scans.len() > 40 && scans.iter().all(|scan| last.admits(scan)), "a scan came after a later one");
}

#[tokio::test]
async fn what_a_lost_device_had_measured_is_not_sent_and_is_reported() {
    let stage = Stage::set(|_, request| Some(honest(request))).await;
    stage.log.hangs(true);
    stage.log.goes_away(true);
    stage.field.take(&plc(), 1).await.unwrap();
    eventually("scans wait", SOON, || stage.field.snapshots()[0].scans >= 10).await;
    stage.field.lose(&plc());
    stage.log.hangs(false);
    eventually("all are discarded", SOON, || stage.field.discarded() >= 10).await;
    stage.log.goes_away(false);
    stage.field.take(&plc(), 2).await.unwrap();
    eventually("the next epoch arrives", SOON, || stage.log.count() > 0).await;
    stage.field.stop().await;
    assert!(stage.log.scans().iter().all(|scan| scan.epoch == 2));
    let reports = stage.field.drop_reports().await;
    assert_eq!((reports.len(), reports[0].dropped.epoch, reports[0].dropped.scans), (1, 1, stage.field.discarded()));
    assert_eq!(stage.field.drop_reports().await, reports, "the same until it is on record");
    stage.field.drop_reported(&reports[0].command);
    assert!(tokio::time::timeout(Duration::ZERO, stage.field.drop_reports()).await.is_err(), "there is nothing more to report");
}

#[tokio::test]
async fn what_waits_of_a_device_that_is_not_held_is_discarded_only_if_another_collector_took_it_meanwhile() {
    for taken_by_another in [true, false] {
        let (clock, log, folder) = (HandClock::new(), MemoryLog::new(), tempfile::tempdir().unwrap());
        let address = rogue(move |_, request| Some(honest(request))).await;
        let store = StoreSettings { dir: folder.path().to_path_buf(), max_bytes: 1 << 20 };
        let run = || field_with(FieldSettings { store: Some(store.clone()), ..FieldSettings::default() }, address, &clock, &log);
        log.goes_away(true);
        let former = run();
        former.take(&plc(), 1).await.unwrap();
        eventually("scans wait", SOON, || former.store().is_some_and(|store| store.scans >= 10)).await;
        former.stop().await;
        let waiting = former.store().unwrap().scans;
        log.goes_away(false);

        let next = run();
        if taken_by_another {
            assert!(!next.gone_to_another(&plc(), 2), "it is not held here");
        }
        next.judged();
        eventually("all are dealt with", SOON, || {
            next.store().is_some_and(|store| store.scans == 0) && next.delivered() + next.discarded() == waiting
        })
        .await;
        let discarded = if taken_by_another { waiting } else { 0 };
        assert_eq!((next.discarded(), log.count() as u64), (discarded, waiting - discarded));
        if taken_by_another {
            let reports = next.drop_reports().await;
            assert_eq!((reports.len(), reports[0].dropped.epoch, reports[0].dropped.scans), (1, 1, waiting));
        }
        next.stop().await;
    }
}

#[tokio::test]
async fn a_write_decided_under_another_epoch_sends_nothing() {
    let stage = Stage::set(|_, request| Some(honest(request))).await;
    let unheld = stage.write(2).await;
    assert!(matches!(&unheld, WriteVerdict::NotApplied { why } if why.contains("not held by this collector")), "{unheld:?}");
    stage.field.take(&plc(), 2).await.unwrap();
    for under in [1, 3] {
        let verdict = stage.write(under).await;
        assert!(matches!(&verdict, WriteVerdict::NotApplied { why } if why.contains("held under epoch 2")), "{verdict:?}");
    }
    assert_eq!(stage.writes(), 0);
    stage.write(2).await;
    assert_eq!(stage.writes(), 1, "under its own it is sent");
    stage.field.stop().await;
}

/// The device is looked at before it is written to; during that look the process stands still.
async fn stands_still_for(wall: TimeDelta, boot: Duration) -> (WriteVerdict, usize) {
    let stage = Stage::set(move |clock, request| {
        // Only the writer asks for one holding register by itself; the poller reads it as often, and time moves for it as well.
        if request[7] == 3 {
            clock.moves(wall, boot);
        }
        Some(honest(request))
    })
    .await;
    stage.field.take(&plc(), 1).await.unwrap();
    let verdict = stage.write(1).await;
    let writes = stage.writes();
    stage.field.stop().await;
    (verdict, writes)
}

#[tokio::test]
async fn a_process_that_stood_still_for_too_long_sends_nothing_whatever_its_clocks_show() {
    let slept = [
        (TimeDelta::seconds(60), Duration::from_secs(60)),
        (TimeDelta::seconds(-3_600), Duration::from_secs(60)),
        (TimeDelta::seconds(60), Duration::ZERO),
    ];
    for (wall, boot) in slept {
        let (verdict, writes) = stands_still_for(wall, boot).await;
        assert!(matches!(&verdict, WriteVerdict::NotApplied { why } if why.contains("time to send it had passed")), "{wall} {boot:?}: {verdict:?}");
        assert_eq!(writes, 0, "{wall} {boot:?}");
    }
    assert_eq!(stands_still_for(TimeDelta::zero(), Duration::ZERO).await.1, 1);
}

/// Begins a write that the device never answers, and returns once it has arrived.
async fn unanswered_write(stage: &Stage) -> tokio::task::JoinHandle<WriteVerdict> {
    stage.field.take(&plc(), 1).await.unwrap();
    let (field, send_by) = (stage.field.clone(), stage.clock.now().wall + TimeDelta::seconds(2));
    let writing = tokio::spawn(async move { field.write_once(&order(), 1, send_by).await.verdict });
    eventually("the write arrives", SOON, || stage.writes() == 1).await;
    writing
}

fn deaf_to_writes(_: &HandClock, request: [u8; 12]) -> Option<Vec<u8>> {
    (request[7] != 6).then(|| honest(request))
}

#[tokio::test]
async fn a_release_lets_a_write_that_is_on_its_way_end() {
    let stage = Stage::set(deaf_to_writes).await;
    let writing = unanswered_write(&stage).await;
    stage.field.release(&plc()).await;
    assert!(writing.is_finished(), "nothing of it runs any more");
    let verdict = writing.await.unwrap();
    assert!(matches!(&verdict, WriteVerdict::Unknown { why } if why.contains("no answer within 200 ms")), "{verdict:?}");
    stage.field.stop().await;
    assert_eq!(stage.writes(), 1);
}

#[tokio::test]
async fn a_loss_cuts_a_write_that_is_on_its_way_off_and_nobody_knows_whether_it_took() {
    let stage = Stage::set(deaf_to_writes).await;
    let writing = unanswered_write(&stage).await;
    stage.field.lose(&plc());
    let verdict = writing.await.unwrap();
    assert!(matches!(&verdict, WriteVerdict::Unknown { why } if why.contains("lost the device while writing")), "{verdict:?}");
    stage.field.stop().await;
}
