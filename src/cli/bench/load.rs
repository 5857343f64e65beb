//! What the benches feed: a plant of so many signals, scans of them, and a house of log and dispatcher to take them.

use anyhow::Result;
use millwright_commands::{Ask, Commands, DescribePlant, Surroundings};
use millwright_domain::{
    Timestamp,
    action::Observed,
    ids::{DeviceId, SignalId, SiteId},
    plant::{Asset, Plant, Signal, Source},
    ports::{event_log::EventLog, live_readings::LiveReadings},
    position::PartitionId,
    quantity::{QuantityKind, Unit},
    reading::{Reading, Scan},
};
use millwright_infra::{
    answers::AnswerIndex,
    clock::SystemClock,
    log::{
        embedded::{EmbeddedLog, EmbeddedOptions},
        kafka::{KafkaLog, KafkaOptions},
    },
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

pub const SITE: &str = "bench";
/// Values in a scan.
pub const VALUES: usize = 8;
/// Scans in a batch.
pub const BATCH: u64 = 1_000;

pub fn site() -> SiteId {
    SITE.parse().expect("a literal that is a name")
}
pub fn partition() -> PartitionId {
    PartitionId::site(&site())
}

/// One asset and one device for each 8 signals.
pub fn plant(devices: usize) -> Plant {
    let kinds = [
        QuantityKind::Flow,
        QuantityKind::Pressure,
        QuantityKind::BearingTemperature,
        QuantityKind::Vibration,
        QuantityKind::MotorCurrent,
        QuantityKind::Speed,
        QuantityKind::ValvePosition,
        QuantityKind::MotorTemperature,
    ];
    let asset = |number: usize| Asset {
        id: format!("pump-{number}").parse().expect("a name"),
        name: format!("Pump {number}"),
        area: "a".into(),
        line: "l".into(),
        cell: None,
        class: "centrifugal_pump".into(),
        vendor: String::new(),
        signals: (0..VALUES)
            .map(|place| Signal {
                id: signal(number, place),
                device: device(number),
                kind: kinds.get(place).copied().unwrap_or(QuantityKind::Generic),
                unit: Unit::One,
                range: None,
                trip: None,
                writable: None,
            })
            .collect(),
    };
    Plant { site: site(), name: "Bench".into(), source: Source::Live, assets: (0..devices).map(asset).collect() }
}

pub fn device(number: usize) -> DeviceId {
    format!("plc-{number}").parse().expect("a name")
}
fn signal(device: usize, place: usize) -> SignalId {
    format!("p{device}/s{place}").parse().expect("a name")
}

/// Scan `number` of every device, 100 ms after the one before; values wander without drifting.
pub fn scans(signals: &[Vec<SignalId>], number: u64) -> Vec<Scan> {
    let at = Timestamp::from_micros(1_790_000_000_000_000 + number as i64 * 100_000);
    let site = site();
    let one = |(index, ids): (usize, &Vec<SignalId>)| Scan {
        site: site.clone(),
        device: device(index),
        epoch: 1,
        scan: number,
        scanned_at: at,
        received_at: at,
        readings: ids.iter().zip(0u64..).map(|(id, place)| Reading::measured(id.clone(), value(number, index as u64 * 8 + place))).collect(),
    };
    signals.iter().enumerate().map(one).collect()
}

/// Deterministic noise around 50, with three decimals as a field device has them.
fn value(number: u64, place: u64) -> f64 {
    let mixed = (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place.wrapping_mul(0xD1B5_4A32_D192_ED03)).wrapping_mul(0x2545_F491_4F6C_DD1D);
    50.0 + ((mixed >> 40) % 2_000) as f64 / 1_000.0
}

pub fn signals(devices: usize) -> Vec<Vec<SignalId>> {
    (0..devices).map(|number| (0..VALUES).map(|place| signal(number, place)).collect()).collect()
}

/// A batch of scans of about 200 bytes, which three values make, in turn from so many devices.
pub fn scan_batch(number: u64, devices: usize) -> Vec<Scan> {
    let signals: Vec<_> = signals(devices).into_iter().map(|ids| ids.into_iter().take(3).collect::<Vec<_>>()).collect();
    let rounds = BATCH / devices as u64;
    (0..rounds).flat_map(|index| scans(&signals, number * rounds + index)).collect()
}

/// A bench has no sensors to judge by.
struct NoSensors;
impl LiveReadings for NoSensors {
    fn latest(&self, _: &SiteId, _: &SignalId) -> Option<Observed> {
        None
    }
}

pub struct House {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    engine: Engine,
}

enum Engine {
    Embedded(Arc<EmbeddedLog>),
    Kafka(Arc<KafkaLog>),
}

impl House {
    /// A log in a folder and a served site with a plant of so many devices.
    pub async fn open(folder: &Path, devices: usize) -> Result<Self> {
        let log = Arc::new(EmbeddedLog::open(folder.join("log"), EmbeddedOptions::default())?);
        Self::on(log.clone(), Engine::Embedded(log), folder, devices).await
    }

    /// The same on Kafka.
    pub async fn open_on_kafka(options: &KafkaOptions, folder: &Path, devices: usize) -> Result<Self> {
        let log = Arc::new(KafkaLog::open(options.clone()).await?);
        Self::on(log.clone(), Engine::Kafka(log), folder, devices).await
    }

    async fn on(log: Arc<dyn EventLog>, engine: Engine, folder: &Path, devices: usize) -> Result<Self> {
        let answers = Arc::new(AnswerIndex::open(folder.join("answers.db"))?);
        let commands = Commands::new(Surroundings {
            log: log.clone(),
            answers,
            clock: Arc::new(SystemClock),
            live: Arc::new(NoSensors),
            cluster: None,
            owner: "bench".into(),
        });
        commands.serve(partition()).await?;
        let house = Self { log, commands, engine };
        house.commands.ask(&partition(), Ask::new("svc-settings".parse()?, DescribePlant { plant: plant(devices) })).await?;
        Ok(house)
    }

    pub async fn close(self) {
        self.commands.stop().await;
        match self.engine {
            Engine::Embedded(log) => log.close().await,
            Engine::Kafka(log) => log.close().await,
        }
    }
}

/// Scans of eight values, a hundred times a second.
const FED_DEVICES: usize = 125;
const FED_EVERY: Duration = Duration::from_millis(10);

/// 100,000 readings a second, of another site than the one that is measured; late ones are caught up with.
pub async fn feed(log: Arc<dyn EventLog>, loaded: Arc<AtomicU64>, stop: CancellationToken) -> Result<()> {
    let signals = signals(FED_DEVICES);
    let mut ticks = tokio::time::interval(FED_EVERY);
    for number in 0.. {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        log.append_readings(scans(&signals, number)).await?;
        loaded.fetch_add((FED_DEVICES * VALUES) as u64, Ordering::Relaxed);
    }
    Ok(())
}
