//! A simulated plant of one site behind a wire of ours: what is read of it can be held back, and every write that reaches it is counted.

use super::proxy::{Look, Proxy};
use millwright_infra::clock::SystemClock;
use millwright_ingest::{
    device::DeviceConfig,
    simulator::{demo_device, demo_plant, plant::SimulatedPlant, scenario::Scenario, serve::serve},
};
use serde::Serialize;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What can be written to a pump that runs at 1480.
pub const SLOWED: f64 = 1_110.0;

pub struct SimulatedSite {
    pub site: String,
    pub wire: Proxy,
    writes: Arc<AtomicU64>,
    plant: Arc<SimulatedPlant>,
    _ends_with_us: DropGuard,
}

#[derive(Serialize)]
struct PlantFile {
    plant: millwright_domain::plant::Plant,
    devices: Vec<DeviceConfig>,
}

impl SimulatedSite {
    /// Runs the plant and writes the file that describes it into a folder of such files.
    pub async fn start(site: &str, interval_ms: u64, folder: &Path) -> Self {
        let plant = SimulatedPlant::new(1, Scenario::normal(), vec![], Arc::new(SystemClock), 1.0, Box::new(|_, _| ()));
        let (plant, stop) = (Arc::new(plant), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, plant.clone(), stop.clone()));
        tokio::spawn(plant.clone().run(stop.clone()));
        let writes = Arc::<AtomicU64>::default();
        let wire = Proxy::looking(counter_of_writes(writes.clone())).await;
        wire.lead_to(address);
        let file = described(site, &wire, interval_ms);
        std::fs::write(folder.join(format!("{site}.toml")), toml::to_string(&file).unwrap()).unwrap();
        Self { site: site.into(), wire, writes, plant, _ends_with_us: stop.drop_guard() }
    }

    /// Writes that have reached the device since the start.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }
    /// What the pump is told now.
    pub fn speed_setpoint(&self) -> f64 {
        let shown = self.plant.shown();
        shown.iter().find(|(name, _)| *name == "speed_setpoint").map(|(_, value)| *value).unwrap()
    }
}

pub fn device_of(site: &str) -> String {
    format!("{site}-plc")
}

fn described(site: &str, wire: &Proxy, interval_ms: u64) -> PlantFile {
    let mut plant = demo_plant();
    plant.site = site.parse().unwrap();
    plant.name = format!("The {site} works");
    for signal in plant.assets.iter_mut().flat_map(|asset| &mut asset.signals) {
        signal.device = device_of(site).parse().unwrap();
        if let Some(writable) = &mut signal.writable {
            // Tests do not wait a minute between two writes.
            writable.min_interval_s = 0;
        }
    }
    let mut device = demo_device(wire.address);
    device.common.id = device_of(site).parse().unwrap();
    device.common.classes[0].interval_ms = interval_ms;
    PlantFile { plant, devices: vec![device] }
}

/// Reads Modbus TCP requests out of the stream: two bytes at 4 say how long the rest is, the byte at 7 says what is asked.
pub fn counter_of_writes(writes: Arc<AtomicU64>) -> impl Fn() -> Look + Send {
    move || {
        let (writes, mut unread) = (writes.clone(), Vec::<u8>::new());
        Box::new(move |bytes| {
            unread.extend_from_slice(bytes);
            while unread.len() >= 8 {
                let whole = 6 + usize::from(u16::from_be_bytes([unread[4], unread[5]]));
                if unread.len() < whole {
                    return;
                }
                if [5, 6, 15, 16].contains(&unread[7]) {
                    writes.fetch_add(1, Ordering::SeqCst);
                }
                unread.drain(..whole);
            }
        })
    }
}
