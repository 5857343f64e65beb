//! A device that answers wrongly: byte for byte, so that no library comes between.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/rogue.rs"]
mod rogue;

use millwright_domain::{plant::Plant, reading::Quality};
use millwright_ingest::{
    device::DeviceConfig,
    field::{Field, FieldSettings, check},
    simulator::demo::demo_plant,
};
use rogue::{honest, rogue};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use support::{MemoryLog, TestClock, eventually, taken};

const SOON: Duration = Duration::from_secs(5);

async fn field(address: SocketAddr, log: &Arc<MemoryLog>, queue: usize) -> Field {
    let plant: Plant = demo_plant();
    let config: DeviceConfig = serde_json::from_value(serde_json::json!({
        "protocol": "modbus_tcp", "id": "plc-1", "address": address.to_string(), "classes": [{ "name": "fast", "interval_ms": 20, "timeout_ms": 100 }],
        "points": [{ "signal": "pump-1/flow", "address": "input:77" }],
    }))
    .unwrap();
    let devices = check(&[config], &plant).unwrap();
    taken(Field::start(&plant, devices, TestClock::new(1.0), log.clone(), FieldSettings { queue, ..FieldSettings::default() })).await
}

/// The first connection is answered wrongly, later ones honestly: the value must come, over a new socket, and never a wrong one.
async fn is_dropped_and_rebuilt(wrong: impl Fn([u8; 12]) -> Vec<u8> + Send + Sync + 'static) {
    let address = rogue(move |connection, request| Some(if connection == 0 { wrong(request) } else { honest(request) })).await;
    let log = MemoryLog::new();
    let field = field(address, &log, 100).await;
    eventually("the value comes", SOON, || log.last("pump-1/flow").is_some_and(|reading| reading.good() == Some(77.0))).await;
    let connects = field.snapshots()[0].units[0].connects;
    field.stop().await;
    assert_eq!(connects, 2);
    let first = &log.scans()[0].readings[0];
    assert_eq!((first.value(), first.quality()), (None, Quality::BadNoCommunication));
}

#[tokio::test]
async fn an_answer_to_another_question_drops_the_socket() {
    is_dropped_and_rebuilt(|request| {
        let mut late = honest(request);
        late[1] = late[1].wrapping_sub(1);
        late
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_another_unit_drops_the_socket() {
    is_dropped_and_rebuilt(|request| {
        let mut other = honest(request);
        other[6] = 9;
        other
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_another_length_drops_the_socket() {
    is_dropped_and_rebuilt(|request| {
        let [t1, t2, _, _, _, _, unit, function, ..] = request;
        vec![t1, t2, 0, 0, 0, 7, unit, function, 4, 1, 2, 3, 4]
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_another_function_drops_the_socket() {
    is_dropped_and_rebuilt(|request| {
        let mut other = honest(request);
        other[7] = 3;
        other
    })
    .await;
}

#[tokio::test]
async fn a_frame_that_never_ends_drops_the_socket() {
    is_dropped_and_rebuilt(|request| honest(request)[..9].to_vec()).await;
}

#[tokio::test]
async fn a_connection_closed_in_mid_question_is_made_anew() {
    is_dropped_and_rebuilt(|_| Vec::new()).await;
}

#[tokio::test]
async fn when_the_queue_is_full_scans_are_dropped_and_counted_and_numbers_stay_dense() {
    let address = rogue(|_, request| Some(honest(request))).await;
    let log = MemoryLog::new();
    log.goes_away(true);
    let field = field(address, &log, 5).await;
    eventually("scans are dropped", SOON, || field.snapshots()[0].dropped > 10).await;
    log.goes_away(false);
    let before = field.snapshots()[0].scans;
    eventually("later ones arrive", SOON, || field.delivered() > before).await;
    field.stop().await;
    assert!(log.scans().iter().enumerate().all(|(number, scan)| scan.scan == number as u64));
}
