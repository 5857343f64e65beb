//! The whole simulated plant over each vendor's protocol, read by clients that nobody here wrote.
#![cfg(feature = "s7")]
#![allow(clippy::unwrap_used)]

mod support;

use millwright_domain::{
    action::WriteOrder,
    ports::{
        clock::Clock,
        plant_control::PlantControl,
        write_device::{WriteDevice, WriteVerdict},
    },
    reading::Quality,
};
use millwright_ingest::{
    field::{Field, FieldSettings, check},
    simulator::{
        demo::{Addresses, devices_of, plant_of, shipped_scenarios},
        plant::SimulatedPlant,
        s7,
        scale::ScalePlant,
        scenario::Scenario,
        serve::serve_gateway,
    },
};
use rust_snap7::{AreaTable, InternalParam, InternalParamValue, S7Client, WordLenTable};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};
use support::{MemoryLog, TestClock, eventually, taken};
use tokio::{net::TcpListener, task::spawn_blocking};
use tokio_modbus::{
    ExceptionCode,
    client::{Reader, Writer, tcp::connect_slave},
    slave::Slave,
};
use tokio_util::sync::CancellationToken;

/// A served plant of five whose seconds pass when the test says so.
struct Stage {
    plant: Arc<SimulatedPlant>,
    clock: Arc<TestClock>,
    s7: SocketAddr,
    gateway: SocketAddr,
    stop: CancellationToken,
}

impl Stage {
    async fn set() -> Self {
        let clock = TestClock::new(1.0);
        let plant = SimulatedPlant::of(5, 7, Scenario::normal(), shipped_scenarios(), clock.clone(), 1.0, Box::new(|_, _| ()));
        let (plant, stop) = (Arc::new(plant), CancellationToken::new());
        let (for_s7, for_gateway) = (listener().await, listener().await);
        let (s7, gateway) = (for_s7.local_addr().unwrap(), for_gateway.local_addr().unwrap());
        tokio::spawn(s7::serve(for_s7, plant.clone(), stop.clone()));
        tokio::spawn(serve_gateway(for_gateway, plant.clone(), stop.clone()));
        Self { plant, clock, s7, gateway, stop }
    }
    fn second(&self) {
        self.plant.tick(self.clock.now().plant);
    }
    async fn silences(&self, asset: &str) {
        let fault = json!({ "fault": "communication_fault", "asset": asset, "start_s": 0, "severity": 1 });
        self.plant.load(json!({ "name": "silence", "faults": [fault] })).await.unwrap();
        self.plant.start().await.unwrap();
        self.second();
    }
    async fn repairs(&self, asset: &str) {
        self.plant.repair(asset).await.unwrap();
        self.second();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Snap7's own client.
fn snap7(at: SocketAddr) -> Result<S7Client, String> {
    let client = S7Client::create();
    client.set_param(InternalParam::RemotePort, InternalParamValue::U16(at.port())).map_err(|error| error.to_string())?;
    client.set_param(InternalParam::RecvTimeout, InternalParamValue::I32(300)).map_err(|error| error.to_string())?;
    client.connect_to("127.0.0.1", 0, 1).map_err(|error| error.to_string())?;
    Ok(client)
}

fn real(client: &S7Client, at: i32) -> Result<f32, String> {
    let mut bytes = [0; 4];
    client.db_read(1, at, 4, &mut bytes).map_err(|error| error.to_string())?;
    Ok(f32::from_be_bytes(bytes))
}

#[tokio::test]
async fn a_client_of_snap7_reads_the_block_and_writes_only_setpoints() {
    let stage = Stage::set().await;
    let at = stage.s7;
    (0..3).for_each(|_| stage.second());
    spawn_blocking(move || {
        let client = snap7(at).unwrap();
        assert!((real(&client, 0).unwrap() - 100.0).abs() < 5.0);
        let mut seconds = [0; 4];
        client.read_area(AreaTable::S7AreaDB, 1, 28, 1, WordLenTable::S7WLDWord, &mut seconds).unwrap();
        assert_eq!(u32::from_be_bytes(seconds), 3);
        let mut running = [0];
        client.read_area(AreaTable::S7AreaDB, 1, 32 * 8, 1, WordLenTable::S7WLBit, &mut running).unwrap();
        assert_eq!(running, [1]);

        client.db_write(1, 34, 4, &mut 888.0f32.to_be_bytes()).unwrap();
        assert_eq!(real(&client, 34), Ok(888.0));
        assert!(client.db_write(1, 0, 4, &mut 1.0f32.to_be_bytes()).is_err(), "what is measured is not written");
        assert!(client.db_write(1, 34, 4, &mut 9_000.0f32.to_be_bytes()).is_err(), "nor anything that the pump does not take");
        assert_eq!(real(&client, 34), Ok(888.0));
        assert!(real(&client, 40).is_err() && client.db_read(2, 0, 4, &mut [0; 4]).is_err());
        assert_eq!(real(&client, 34), Ok(888.0), "a refusal leaves the connection as it was");
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_silent_s7_controller_answers_again_after_its_repair() {
    let stage = Stage::set().await;
    let at = stage.s7;
    stage.silences("pump-2").await;
    assert!(spawn_blocking(move || snap7(at).is_err()).await.unwrap());
    stage.repairs("pump-2").await;
    assert!(spawn_blocking(move || snap7(at).and_then(|client| real(&client, 20))).await.unwrap().is_ok());
}

#[tokio::test]
async fn what_is_no_s7_ends_its_connection_and_no_other() {
    let stage = Stage::set().await;
    let at = stage.s7;
    spawn_blocking(move || {
        let client = snap7(at).unwrap();
        let hostile: [&[u8]; 5] = [
            b"GET / HTTP/1.1\r\n\r\n",
            &[3, 0, 0xFF, 0xFF, 2, 0xF0, 0x80],
            &[3, 0, 0, 7, 2, 0xF0, 0x80],
            &[3, 0, 0, 9, 4, 0xE0, 0, 0, 0],
            &[3, 0, 0, 19, 2, 0xF0, 0x80, 0x32, 1, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 4, 1],
        ];
        for bytes in hostile {
            let mut stream = TcpStream::connect(at).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            stream.write_all(bytes).unwrap();
            // Closed, or cut off with what was unread.
            let end = stream.read(&mut [0; 64]);
            assert!(end.as_ref().map_or_else(|error| error.kind() == std::io::ErrorKind::ConnectionReset, |count| *count == 0), "{bytes:?}: {end:?}");
        }
        assert!(real(&client, 20).is_ok());
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn two_pumps_behind_one_gateway_are_told_apart_by_unit() {
    let stage = Stage::set().await;
    let mut fourth = connect_slave(stage.gateway, Slave(4)).await.unwrap();
    let mut fifth = connect_slave(stage.gateway, Slave(5)).await.unwrap();
    let mut stranger = connect_slave(stage.gateway, Slave(1)).await.unwrap();
    fourth.write_single_register(100, 8_880).await.unwrap().unwrap();
    fifth.write_multiple_registers(100, &[9_990, 500]).await.unwrap().unwrap();
    assert_eq!(fourth.read_holding_registers(100, 2).await.unwrap(), Ok(vec![8_880, 700]));
    assert_eq!(fifth.read_holding_registers(100, 2).await.unwrap(), Ok(vec![9_990, 500]));
    assert_eq!(fourth.write_single_register(100, 20_000).await.unwrap(), Err(ExceptionCode::IllegalDataValue));
    assert_eq!(fourth.read_input_registers(0, 1).await.unwrap(), Err(ExceptionCode::IllegalFunction));
    assert_eq!(stranger.read_holding_registers(0, 1).await.unwrap(), Err(ExceptionCode::GatewayTargetDevice));

    stage.silences("pump-5").await;
    assert_eq!(fifth.read_holding_registers(0, 1).await.unwrap(), Err(ExceptionCode::GatewayTargetDevice));
    assert!(fourth.read_holding_registers(0, 13).await.unwrap().is_ok(), "the other one is still there");
    stage.repairs("pump-5").await;
    assert!(fifth.read_holding_registers(0, 13).await.unwrap().is_ok());
}

#[tokio::test]
async fn our_own_collectors_read_the_same_and_write_setpoints_that_read_back() {
    let stage = Stage::set().await;
    let at = Addresses { s7: stage.s7, gateway: stage.gateway, ..Addresses::from("127.0.0.1:9".parse().unwrap()) };
    let plant = plant_of(5);
    let devices = devices_of(5, &at).into_iter().filter(|device| ["plc-2", "plc-4", "plc-5"].contains(&device.id().as_str())).collect::<Vec<_>>();
    let log = MemoryLog::new();
    let settings = FieldSettings { speed: 20.0, ..FieldSettings::default() };
    let field = taken(Field::start(&plant, check(&devices, &plant).unwrap(), stage.clock.clone(), log.clone(), settings)).await;
    for (device, asset) in [("plc-2", "pump-2"), ("plc-4", "pump-4"), ("plc-5", "pump-5")] {
        let good = |signal: &str| {
            log.last(&format!("{asset}/{signal}")).filter(|reading| reading.quality() == Quality::Good).and_then(|reading| reading.good())
        };
        eventually("it is read", Duration::from_secs(10), || good("flow").is_some()).await;
        assert!((good("flow").unwrap() - 100.0).abs() < 5.0 && (good("motor_temperature").unwrap() - 62.0).abs() < 3.0);
        let signal = format!("{asset}/speed_setpoint").parse().unwrap();
        let order = WriteOrder { device: device.parse().unwrap(), signal, value: 888.0, tolerance: 1.0 };
        let send_by = stage.clock.now().wall + chrono::TimeDelta::seconds(2);
        assert_eq!(field.write_once(&order, 1, send_by).await.verdict, WriteVerdict::Applied { read_back: 888.0 }, "{asset}");
    }
    field.stop().await;
}

#[tokio::test]
async fn each_of_many_small_devices_counts_what_it_has_answered() {
    let plant = ScalePlant::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), 20, 1).await.unwrap();
    let (addresses, stop) = (plant.addresses().unwrap(), CancellationToken::new());
    let served = tokio::spawn(plant.serve(stop.clone()));
    for address in &addresses {
        let mut device = connect_slave(*address, Slave(1)).await.unwrap();
        for number in 1..=3 {
            let registers = device.read_holding_registers(0, 12).await.unwrap().unwrap();
            assert_eq!(registers[8..10], [0, number]);
            let speed = f32::from_bits(u32::from(registers[0]) << 16 | u32::from(registers[1]));
            assert!((speed - 1_480.0).abs() <= 8.0, "{speed}");
        }
    }
    stop.cancel();
    served.await.unwrap();
}
