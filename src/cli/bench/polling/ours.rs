//! A field of this program's on the devices: polled, checked for sense, durable on the embedded log.

use super::{
    super::{load, worked_s},
    PERIOD, VALUES, Went,
};
use anyhow::{Context, Result};
use millwright_domain::{
    plant::{Asset, Plant, Signal, Source},
    ports::event_log::EventLog,
    quantity::{QuantityKind, Unit},
};
use millwright_infra::{
    clock::SystemClock,
    log::embedded::{EmbeddedLog, EmbeddedOptions},
};
use millwright_ingest::{
    device::DeviceConfig,
    field::{Field, FieldSettings, check},
    snapshot::DeviceSnapshot,
};
use serde_json::json;
use std::{path::Path, sync::Arc, time::Duration};

const WARM_UP: Duration = Duration::from_secs(2);

pub async fn poll(folder: &Path, addresses: &[String], lasts: Duration) -> Result<Went> {
    let plant = plant(addresses.len());
    let configs = addresses.iter().enumerate().map(|(number, at)| device(number, at)).collect::<Result<Vec<_>>>()?;
    let devices = check(&configs, &plant)?;
    let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open(folder.join("log"), EmbeddedOptions::default())?);
    let field = Field::start(&plant, devices, Arc::new(SystemClock), log, FieldSettings::default());
    for device in field.devices() {
        field.take(&device, 1).await?;
    }
    tokio::time::sleep(WARM_UP).await;
    let (before, worked) = (Sum::of(&field.snapshots()), worked_s());
    tokio::time::sleep(lasts).await;
    let (after, worked) = (Sum::of(&field.snapshots()), worked_s() - worked);
    field.stop().await;
    Ok(Went {
        devices: addresses.len(),
        polls: after.polls - before.polls,
        late: after.late - before.late,
        skipped: after.skipped - before.skipped,
        failed: after.failed - before.failed,
        p99_ms: after.p99_ms,
        cores: worked / lasts.as_secs_f64(),
    })
}

/// What all devices have come to together.
#[derive(Default)]
struct Sum {
    polls: u64,
    late: f64,
    skipped: u64,
    failed: u64,
    p99_ms: f64,
}

impl Sum {
    fn of(snapshots: &[DeviceSnapshot]) -> Self {
        let mut sum = Self::default();
        for device in snapshots {
            let punctual = &device.punctuality;
            sum.polls += punctual.polls;
            sum.late += punctual.late_share * punctual.polls as f64;
            sum.skipped += punctual.skipped;
            sum.failed += u64::from(!device.is_connected()) + device.dropped;
            sum.p99_ms = sum.p99_ms.max(punctual.p99_ms);
        }
        sum
    }
}

fn plant(devices: usize) -> Plant {
    let signal = |device: usize, place: usize| -> Result<Signal> {
        Ok(Signal {
            id: format!("m{device}/v{place}").parse()?,
            device: format!("plc-{device}").parse()?,
            kind: QuantityKind::Generic,
            unit: Unit::One,
            range: None,
            trip: None,
            writable: None,
        })
    };
    let asset = |number: usize| -> Result<Asset> {
        let signals = (0..VALUES).map(|place| signal(number, place)).collect::<Result<_>>()?;
        let (id, text) = (format!("m{number}").parse()?, String::new);
        Ok(Asset { id, name: text(), area: text(), line: text(), cell: None, class: text(), vendor: text(), signals })
    };
    let assets = (0..devices).map(asset).collect::<Result<_>>().expect("the names above are names");
    Plant { site: load::site(), name: "Bench".into(), source: Source::Live, assets }
}

fn device(number: usize, at: &str) -> Result<DeviceConfig> {
    let (address, unit) = at.rsplit_once('/').context("an address is host:port/unit")?;
    let points: Vec<_> =
        (0..VALUES).map(|place| json!({"signal": format!("m{number}/v{place}"), "address": format!("hr:{}:f32", place * 2)})).collect();
    let config = json!({
        "protocol": "modbus_tcp", "id": format!("plc-{number}"), "address": address, "unit": unit.parse::<u8>()?,
        "classes": [{"name": "fast", "interval_ms": PERIOD.as_millis() as u64, "timeout_ms": 1_000}], "points": points,
    });
    Ok(serde_json::from_value(config)?)
}
