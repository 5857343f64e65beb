//! A thousand small controllers in one process, for measuring collectors: each its own Modbus TCP address, cheap enough not to be what is measured.
//!
//! Holding and input registers show the same twelve:
//!
//! | register | what |
//! |---|---|
//! | 0, 2, 4, 6 | speed, bearing temperature, vibration, motor current as f32 |
//! | 8 | reads that this device has answered, this one included, u32: a reader that saw every number missed no answer |
//! | 10 | tenths of a second since the start, u32 |
//!
//! Values follow from seed, device and the tenth. Only reading is answered, to any unit.

use crate::{
    classes::PollClass,
    device::{Common, DeviceConfig, Speaks},
    modbus::config::ModbusTcp,
    point::PointConfig,
};
use millwright_domain::{
    plant::{Asset, Plant, Signal, Source},
    quantity::{QuantityKind, Unit},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

const REGISTERS: usize = 12;
/// An address, a protocol, a length and a unit stand before every request.
const HEADER: usize = 7;
const MOST_REGISTERS: u16 = 125;

/// The four quantities: name, kind, unit, what they wander around and how far.
const QUANTITIES: [(&str, QuantityKind, Unit, f32, f32); 4] = [
    ("speed", QuantityKind::Speed, Unit::RevolutionsPerMinute, 1_480.0, 8.0),
    ("bearing_temperature", QuantityKind::BearingTemperature, Unit::Celsius, 49.5, 1.0),
    ("vibration", QuantityKind::Vibration, Unit::MillimetresPerSecond, 2.0, 0.2),
    ("motor_current", QuantityKind::MotorCurrent, Unit::Ampere, 12.4, 0.3),
];

/// Devices that listen and are not served yet.
pub struct ScalePlant {
    seed: u64,
    listeners: Vec<TcpListener>,
}

impl ScalePlant {
    /// So many devices, at this port and the ones after it. Port 0 gives each a free one.
    pub async fn bind(at: SocketAddr, devices: u16, seed: u64) -> io::Result<Self> {
        let mut listeners = Vec::with_capacity(devices.into());
        for number in 0..devices {
            listeners.push(TcpListener::bind(address(at, number)?).await?);
        }
        Ok(Self { seed, listeners })
    }
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// Answers until stopped. Connections end with it.
    pub async fn serve(self, stop: CancellationToken) {
        let started = Instant::now();
        let mut served = JoinSet::new();
        for (number, listener) in (0..).zip(self.listeners) {
            let device = Arc::new(Device { seed: self.seed, number, started, reads: AtomicU32::new(0) });
            served.spawn(accept(listener, device));
        }
        stop.cancelled().await;
        served.shutdown().await;
    }
}

/// The plant file that reads so many devices at this address and those after it, four values each.
pub fn described(at: SocketAddr, devices: u16, interval_ms: u64) -> io::Result<(Plant, Vec<DeviceConfig>)> {
    let mut assets = Vec::with_capacity(devices.into());
    let mut configs = Vec::with_capacity(devices.into());
    for number in 0..devices {
        let (asset, device) = (format!("machine-{:04}", number + 1), format!("plc-{:04}", number + 1));
        let id = |name: &str| format!("{asset}/{name}").parse().expect("signal names are names");
        let device: millwright_domain::ids::DeviceId = device.parse().expect("device names are names");
        let signals = QUANTITIES.map(|(name, kind, unit, ..)| Signal {
            id: id(name),
            device: device.clone(),
            kind,
            unit,
            range: None,
            trip: None,
            writable: None,
        });
        let points = (0..).step_by(2).zip(&QUANTITIES).map(|(at, (name, ..))| PointConfig::at(id(name), format!("holding:{at}:f32"))).collect();
        let every = PollClass::every(interval_ms);
        let speaks = Speaks::ModbusTcp(ModbusTcp::at(address(at, number)?.to_string()));
        configs.push(DeviceConfig { speaks, common: Common { classes: vec![every], ..Common::usual(device, points) } });
        assets.push(Asset {
            id: asset.parse().expect("asset names are names"),
            name: format!("Machine {}", number + 1),
            area: "scale".into(),
            line: "bench".into(),
            cell: None,
            class: "motor".into(),
            vendor: String::new(),
            signals: signals.into(),
        });
    }
    let site = "scale".parse().expect("the site's name is a name");
    Ok((Plant { site, name: "A plant of many machines".into(), source: Source::Live, assets }, configs))
}

fn address(at: SocketAddr, number: u16) -> io::Result<SocketAddr> {
    let port = if at.port() == 0 { Some(0) } else { at.port().checked_add(number) };
    let past = || io::Error::new(io::ErrorKind::InvalidInput, format!("there are no ports for device {} after {at}; begin lower", number + 1));
    Ok(SocketAddr::new(at.ip(), port.ok_or_else(past)?))
}

struct Device {
    seed: u64,
    number: u64,
    started: Instant,
    reads: AtomicU32,
}

async fn accept(listener: TcpListener, device: Arc<Device>) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            Some(_ended) = clients.join_next() => {}
            accepted = listener.accept() => {
                // Out of file handles, as a rule; the next one may be free again.
                let Ok((stream, _from)) = accepted else { tokio::task::yield_now().await; continue };
                let device = device.clone();
                clients.spawn(async move { device.client(stream).await.ok() });
            }
        }
    }
}

impl Device {
    async fn client(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut unread, mut filled) = ([0; 512], 0);
        let mut answers = Vec::with_capacity(512);
        loop {
            let came = stream.read(&mut unread[filled..]).await?;
            if came == 0 {
                return Ok(());
            }
            filled += came;
            let used = self.answer_all(&unread[..filled], &mut answers)?;
            unread.copy_within(used..filled, 0);
            filled -= used;
            stream.write_all(&answers).await?;
            answers.clear();
        }
    }

    /// Answers every whole request; returns how many bytes they were.
    fn answer_all(&self, bytes: &[u8], answers: &mut Vec<u8>) -> io::Result<usize> {
        let mut used = 0;
        while let Some(header) = bytes.get(used..used + HEADER) {
            let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
            if header[2..4] != [0, 0] || !(2..=254).contains(&length) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no Modbus TCP"));
            }
            let Some(request) = bytes.get(used + HEADER..used + 6 + length) else { break };
            let answer = self.answer(request);
            answers.extend(&header[..4]);
            answers.extend((answer.len() as u16 + 1).to_be_bytes());
            answers.push(header[6]);
            answers.extend(answer);
            used += 6 + length;
        }
        Ok(used)
    }

    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let refused = |code: u8| vec![request[0] | 0x80, code];
        let (function, start, count) = match *request {
            [function @ (3 | 4), a, b, c, d] => (function, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            [3 | 4, ..] => return refused(3),
            _ => return refused(1),
        };
        if count == 0 || count > MOST_REGISTERS {
            return refused(3);
        }
        let (from, to) = (2 * usize::from(start), 2 * (usize::from(start) + usize::from(count)));
        if to > 2 * REGISTERS {
            return refused(2);
        }
        let reads = self.reads.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let tenth = (self.started.elapsed().as_millis() / 100) as u32;
        let image = image(self.seed, self.number, tenth, reads);
        [&[function, (to - from) as u8], &image[from..to]].concat()
    }
}

/// All registers of a device at a tenth of a second.
fn image(seed: u64, number: u64, tenth: u32, reads: u32) -> [u8; 2 * REGISTERS] {
    let mut image = [0; 2 * REGISTERS];
    let mut put = |register: usize, bytes: [u8; 4]| image[2 * register..2 * register + 4].copy_from_slice(&bytes);
    for (place, (_, _, _, middle, reach)) in QUANTITIES.into_iter().enumerate() {
        let drawn = mixed(seed ^ mixed(number << 34 | u64::from(tenth) << 2 | place as u64));
        let share = (drawn >> 40) as f32 / (1 << 23) as f32 - 1.0;
        put(2 * place, (middle + reach * share).to_be_bytes());
    }
    put(8, reads.to_be_bytes());
    put(10, tenth.to_be_bytes());
    image
}

/// SplitMix64's finish: neighbouring numbers become unlike.
fn mixed(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Device {
        Device { seed: 1, number: 7, started: Instant::now(), reads: AtomicU32::new(0) }
    }
    fn asked(device: &Device, bytes: &[u8]) -> (usize, Vec<u8>) {
        let mut answers = vec![];
        (device.answer_all(bytes, &mut answers).unwrap(), answers)
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_devices_differ() {
        assert_eq!(image(1, 7, 30, 2), image(1, 7, 30, 2));
        assert_ne!(image(1, 7, 30, 2)[..16], image(1, 8, 30, 2)[..16]);
        assert_ne!(image(1, 7, 30, 2)[..16], image(2, 7, 30, 2)[..16]);
        let speed = f32::from_be_bytes(image(1, 7, 30, 2)[..4].try_into().unwrap());
        assert!((speed - 1_480.0).abs() <= 8.0, "{speed}");
    }

    #[test]
    fn each_read_that_is_answered_has_the_next_number() {
        let device = device();
        let read = [0, 9, 0, 0, 0, 6, 1, 3, 0, 8, 0, 2];
        for number in 1..=3 {
            assert_eq!(asked(&device, &read), (12, vec![0, 9, 0, 0, 0, 7, 1, 3, 4, 0, 0, 0, number]));
        }
        let twice_and_a_bit = [read.as_slice(), &read, &read[..8]].concat();
        let (used, answers) = asked(&device, &twice_and_a_bit);
        assert_eq!((used, answers.len()), (24, 26));
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_what_is_no_modbus_ends_the_connection() {
        let device = device();
        let code = |request: &[u8]| asked(&device, &[&[0, 1, 0, 0, 0, request.len() as u8 + 1, 1], request].concat()).1[7..].to_vec();
        assert_eq!(code(&[3, 0, 11, 0, 2]), [0x83, 2]);
        assert_eq!(code(&[4, 0, 0, 0, 126]), [0x84, 3]);
        assert_eq!(code(&[3, 0]), [0x83, 3]);
        assert_eq!(code(&[16, 0, 0, 0, 1, 2, 0, 0]), [0x90, 1]);
        assert_eq!(device.reads.load(Ordering::Relaxed), 0);
        assert!(device.answer_all(&[0, 1, 0, 1, 0, 6, 1, 3], &mut vec![]).is_err());
        assert!(device.answer_all(&[0, 1, 0, 0, 1, 6, 1, 3], &mut vec![]).is_err());
    }

    #[test]
    fn the_described_plant_can_be_collected_from_one_request_a_device() {
        let (plant, devices) = described("127.0.0.1:20000".parse().unwrap(), 3, 100).unwrap();
        let plant = plant.checked().unwrap();
        let device = devices[2].checked(&plant).unwrap();
        assert_eq!((device.address(), device.protocol.plan(&[0, 1, 2, 3]).len()), ("127.0.0.1:20002", 1));
        assert!(described("127.0.0.1:65000".parse().unwrap(), 1_000, 100).is_err());
    }
}
