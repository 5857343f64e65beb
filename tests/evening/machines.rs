//! Two pumps behind a Modbus server of our own: quiet until a bearing goes, and they keep what is written to them.

use std::{
    future,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;
use tokio_modbus::{
    ExceptionCode, Request, Response, SlaveRequest,
    server::{Service, tcp::Server},
};

/// Registers of a pump: vibration, bearing temperature, flow, all in hundredths, and the speed that it is told.
const VIBRATION: u16 = 0;
const SPEED: u16 = 3;

#[derive(Debug, Clone, Copy)]
struct Pump {
    worn: bool,
    speed: u16,
    /// How often it was read: what seems to be noise, the same in every run.
    read: u32,
}

impl Pump {
    fn registers(&mut self) -> [u16; 4] {
        self.read = self.read.wrapping_add(1);
        let noise = |salt: u32| u16::try_from(self.read.wrapping_mul(2_654_435_761).wrapping_add(salt.wrapping_mul(40_503)) >> 28).unwrap_or(0);
        // A worn bearing shakes and heats, by far more than the noise.
        let (shakes, heats) = if self.worn { (80, 900) } else { (0, 0) };
        [200 + noise(1) + shakes, 5_500 + 4 * noise(2) + heats, 3_000 + 3 * noise(3), self.speed]
    }
}

/// Both pumps; unit 1 and unit 2.
#[derive(Clone)]
pub struct Machines {
    pumps: Arc<Mutex<[Pump; 2]>>,
    /// Every value that was written, with its unit.
    written: Arc<Mutex<Vec<(u8, u16)>>>,
    pub address: SocketAddr,
}

impl Machines {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pump = Pump { worn: false, speed: 1_480, read: 0 };
        let machines = Self { pumps: Arc::new(Mutex::new([pump; 2])), written: Arc::default(), address: listener.local_addr().unwrap() };
        let served = machines.clone();
        tokio::spawn(async move {
            let accept = move |stream: tokio::net::TcpStream, _: SocketAddr| {
                future::ready(stream.set_nodelay(true).map(|()| Some((Line(served.clone()), stream))))
            };
            Server::new(listener).serve(&accept, |_error| {}).await.unwrap();
        });
        machines
    }
    /// From now on the bearing of this unit is worn.
    pub fn wear(&self, unit: u8) {
        self.pumps.lock().unwrap()[usize::from(unit) - 1].worn = true;
    }
    pub fn written(&self) -> Vec<(u8, u16)> {
        self.written.lock().unwrap().clone()
    }
    fn answer(&self, unit: u8, request: &Request<'_>) -> Result<Response, ExceptionCode> {
        let mut pumps = self.pumps.lock().unwrap();
        let pump = usize::from(unit).checked_sub(1).and_then(|place| pumps.get_mut(place)).ok_or(ExceptionCode::GatewayTargetDevice)?;
        match *request {
            Request::ReadHoldingRegisters(start, count) if start + count <= SPEED + 1 => {
                let registers = pump.registers();
                Ok(Response::ReadHoldingRegisters(registers[usize::from(start)..usize::from(start + count)].to_vec()))
            }
            Request::WriteSingleRegister(SPEED, value) => {
                pump.speed = value;
                self.written.lock().unwrap().push((unit, value));
                Ok(Response::WriteSingleRegister(SPEED, value))
            }
            _ => Err(ExceptionCode::IllegalDataAddress),
        }
    }
    /// The plant file that reads them.
    pub fn described(&self) -> String {
        let mut text = "[plant]\nsite = \"works\"\nname = \"Works\"\n".to_string();
        let pumps = [1, 2].map(|unit| {
            let writable = "writable = { limits = { low = 600.0, high = 1500.0 }, rated = 1480.0, max_step = 800.0, min_interval_s = 1, tolerance = 1.0 }";
            [("vibration", "mm/s", ""), ("bearing_temperature", "degC", ""), ("flow", "l/min", ""), ("speed_setpoint", "rpm", writable)]
                .map(|(kind, measured_in, extra)| {
                    format!("[[plant.assets.signals]]\nid = \"pump-{unit}/{kind}\"\ndevice = \"plc-{unit}\"\nkind = \"{kind}\"\nunit = \"{measured_in}\"\n{extra}\n")
                })
                .concat()
        });
        for (unit, signals) in (1..).zip(pumps) {
            text += &format!(
                "[[plant.assets]]\nid = \"pump-{unit}\"\nname = \"Pump {unit}\"\narea = \"a\"\nline = \"l\"\nclass = \"centrifugal_pump\"\n{signals}"
            );
        }
        for unit in 1..=2 {
            text += &format!(
                "[[devices]]\nprotocol = \"modbus_tcp\"\nid = \"plc-{unit}\"\naddress = \"{}\"\nunit = {unit}\nclasses = [{{ name = \"fast\", interval_ms = 200, timeout_ms = 500 }}]\npoints = [\n",
                self.address
            );
            for (place, kind) in (VIBRATION..).zip(["vibration", "bearing_temperature", "flow"]) {
                text += &format!("  {{ signal = \"pump-{unit}/{kind}\", address = \"hr:{place}\", type = \"u16\", scale = 0.01 }},\n");
            }
            text += &format!("  {{ signal = \"pump-{unit}/speed_setpoint\", address = \"hr:{SPEED}\", type = \"u16\" }},\n]\n");
        }
        text
    }
}

struct Line(Machines);

impl Service for Line {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = future::Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, SlaveRequest { slave, request }: SlaveRequest<'static>) -> Self::Future {
        future::ready(self.0.answer(slave, &request).map(Some))
    }
}
