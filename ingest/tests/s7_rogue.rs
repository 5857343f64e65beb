//! An S7 controller that answers wrongly, byte for byte: what it sends goes to a library that would believe it.
#![cfg(feature = "s7")]
#![allow(clippy::unwrap_used)]

#[path = "support/stage.rs"]
mod stage;
mod support;

use millwright_domain::reading::Quality;
use serde_json::{Value, json};
use stage::{SOON, Stage, at};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

const CONFIRM: [u8; 22] = [3, 0, 0, 22, 17, 0xD0, 1, 0, 0, 1, 0, 0xC0, 1, 10, 0xC1, 2, 1, 0, 0xC2, 2, 3, 1];

async fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut frame = vec![0; 4];
    stream.read_exact(&mut frame).await.ok()?;
    frame.resize(usize::from(u16::from_be_bytes([frame[2], frame[3]])), 0);
    stream.read_exact(&mut frame[4..]).await.ok()?;
    Some(frame)
}

fn answer(number: [u8; 2], parameters: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + parameters.len() + data.len()).unwrap().to_be_bytes();
    let sizes = (u8::try_from(parameters.len()).unwrap(), u8::try_from(data.len()).unwrap());
    let head = [3, 0, length[0], length[1], 2, 0xF0, 0x80, 0x32, 3, 0, 0, number[0], number[1], 0, sizes.0, 0, sizes.1, 0, 0];
    [&head[..], parameters, data].concat()
}

/// The honest answer to a question for one word: 77.
fn honest(number: [u8; 2]) -> Vec<u8> {
    answer(number, &[4, 1], &[0xFF, 4, 0, 16, 0, 77])
}

/// Shakes hands, then answers the questions of its n-th connection with what `wrong` makes of n and the question's number; `None`
/// leaves it waiting. Tells when a connection ends.
async fn rogue(wrong: impl Fn(usize, [u8; 2]) -> Option<Vec<u8>> + Send + Sync + 'static) -> (SocketAddr, mpsc::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ends, ended) = mpsc::channel(64);
    let wrong = Arc::new(wrong);
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (wrong, ends) = (wrong.clone(), ends.clone());
            tokio::spawn(async move {
                while let Some(question) = frame(&mut stream).await {
                    let number = || [question[11], question[12]];
                    let bytes = match (question[5], question.get(17)) {
                        (0xE0, _) => Some(CONFIRM.to_vec()),
                        (_, Some(0xF0)) => Some(answer(number(), &[0xF0, 0, 0, 1, 0, 1, 0, 240], &[])),
                        _ => wrong(connection, number()),
                    };
                    let Some(bytes) = bytes else { continue };
                    if stream.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                // A test that does not listen is fine.
                let _told = ends.send(connection).await;
            });
        }
    });
    (address, ended)
}

fn controller(address: SocketAddr) -> Value {
    json!({
        "protocol": "s7", "id": "plc-1", "address": address.to_string(), "read_back_ms": 1_000, "connect_timeout_ms": 3_000,
        "classes": [{ "name": "fast", "interval_ms": 20, "timeout_ms": 100 }],
    })
}

async fn is_dropped_and_rebuilt(wrong: impl Fn([u8; 2]) -> Vec<u8> + Send + Sync + 'static) {
    let (address, _ended) = rogue(move |connection, number| Some(if connection == 0 { wrong(number) } else { honest(number) })).await;
    let stage = Stage::set(controller(address), vec![at("flow", "DB1.DBW0")]).await;
    stage.is_right_over_a_new_socket("flow", 77.0).await;
}

#[tokio::test]
async fn an_answer_to_another_question_drops_the_socket() {
    is_dropped_and_rebuilt(|[high, low]| honest([high, low.wrapping_sub(1)])).await;
}

#[tokio::test]
async fn an_item_that_says_it_is_longer_than_memory_drops_the_socket() {
    is_dropped_and_rebuilt(|number| answer(number, &[4, 1], &[0xFF, 9, 0xFF, 0xFF, 0, 77])).await;
    is_dropped_and_rebuilt(|number| answer(number, &[4, 1], &[0xFF, 4, 0, 32, 0, 77, 0, 0])).await;
}

#[tokio::test]
async fn more_items_than_asked_for_drop_the_socket() {
    is_dropped_and_rebuilt(|number| answer(number, &[4, 20], &[0xFF, 4, 0, 16, 0, 77])).await;
}

#[tokio::test]
async fn an_answer_in_pieces_drops_the_socket() {
    is_dropped_and_rebuilt(|number| {
        let mut first = honest(number);
        first[6] = 0;
        [first.clone(), first.clone(), first].concat()
    })
    .await;
}

#[tokio::test]
async fn an_endless_frame_drops_the_socket() {
    is_dropped_and_rebuilt(|_number| [&[3, 0, 0xFF, 0xFF, 2, 0xF0, 0x80][..], &[0x32; 40]].concat()).await;
    is_dropped_and_rebuilt(|_number| vec![0; 64]).await;
}

#[tokio::test]
async fn a_controller_that_falls_silent_is_hung_up_on_and_no_thread_goes_on_waiting_for_it() {
    let (address, mut ended) = rogue(|_connection, _number| None).await;
    let stage = Stage::set(controller(address), vec![at("flow", "DB1.DBW0")]).await;
    let first = tokio::time::timeout(SOON, ended.recv()).await.unwrap();
    assert_eq!(first, Some(0), "the device's end sees it");
    stage.until("flow", Quality::BadNoCommunication).await;
    stage.field.stop().await;
    #[cfg(target_os = "linux")]
    support::eventually("the last thread went home", SOON, || threads_of_snap7() == 0).await;
}

#[cfg(target_os = "linux")]
fn threads_of_snap7() -> usize {
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    std::fs::read_dir("/proc/self/task").unwrap().flatten().filter(|task| task.path().exists()).map(name).filter(|name| name.trim() == "s7").count()
}
