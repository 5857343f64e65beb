//! A device that answers wrongly: byte for byte, so that no library comes between.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/rogue.rs"]
mod rogue;
#[path = "support/stage.rs"]
mod stage;

use millwright_ingest::field::FieldSettings;
use rogue::{honest, rogue};
use serde_json::{Value, json};
use stage::{SOON, Stage, at};
use std::net::SocketAddr;
use support::{MemoryLog, eventually};

fn device(address: SocketAddr) -> Value {
    json!({
        "protocol": "modbus_tcp", "id": "plc-1", "address": address.to_string(), "read_back_ms": 1_000, "connect_timeout_ms": 3_000,
        "classes": [{ "name": "fast", "interval_ms": 20, "timeout_ms": 100 }],
    })
}

async fn is_dropped_and_rebuilt(wrong: impl Fn([u8; 12]) -> Vec<u8> + Send + Sync + 'static) {
    let address = rogue(move |connection, request| Some(if connection == 0 { wrong(request) } else { honest(request) })).await;
    let stage = Stage::set(device(address), vec![at("flow", "input:77")]).await;
    stage.is_right_over_a_new_socket("flow", 77.0).await;
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
    let manner = FieldSettings { queue: 5, ..FieldSettings::default() };
    let stage = Stage::run(manner, log.clone(), device(address), vec![at("flow", "input:77")]).await;
    eventually("scans are dropped", SOON, || stage.field.snapshots()[0].dropped > 10).await;
    log.goes_away(false);
    let before = stage.field.snapshots()[0].scans;
    eventually("later ones arrive", SOON, || stage.field.delivered() > before).await;
    stage.field.stop().await;
    assert!(log.scans().iter().enumerate().all(|(number, scan)| scan.scan == number as u64));
}
