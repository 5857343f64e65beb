//! Sessions of each protocol, captured once and kept: served again as they were, and cut off at every byte of the answer that holds the value.
//!
//! `cargo test -p millwright-ingest --test contract -- --ignored records` captures them anew, from the peers.

use crate::{
    bench::Bench,
    peer::{free_port, python},
    stage::{configured, port_of},
    wire::{Answers, Wire},
};
use millwright_ingest::{collect::probe::probe_device, device::Device, field::check};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// What the device answered to each question, in order; kept as one line of hexadecimal digits each. A library that first asks how to connect
/// does so over a connection of its own; `None`, a line of its own, is where the next one begins.
type Session = Vec<Option<Vec<u8>>>;

const NEXT_CONNECTION: &str = "-";

/// Long enough for a library to send what it wants to say next.
const NEXT_QUESTION: Duration = Duration::from_millis(700);

/// In every protocol the collector speaks first; on a serial line only after it has listened for a while.
const FIRST_QUESTION: Duration = Duration::from_secs(2);

fn file<B: Bench>() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/frames").join(format!("{}.hex", B::NAME))
}

fn kept<B: Bench>() -> Session {
    let path = file::<B>();
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let bytes = |line: &str| (0..line.len() / 2).map(|at| u8::from_str_radix(&line[at * 2..at * 2 + 2], 16).unwrap()).collect();
    text.lines().map(|line| (line != NEXT_CONNECTION).then(|| bytes(line))).collect()
}

/// One device with one point, the constant 1480.
fn device<B: Bench>(at: SocketAddr) -> Device {
    let (plant, config) = configured::<B>(at, &["p/speed"]);
    check(&[config], &plant).unwrap().remove(0)
}

pub async fn records_a_session<B: Bench>() {
    let Some(python) = python() else { return };
    let port = free_port();
    let _peer = B::start(&python, port);
    let wire = Wire::to(port_of(port), B::is_write).await;
    wire.record();
    let probed = probe_device(&device::<B>(wire.address)).await;
    assert_eq!(probed[0].value, Ok(1_480.0));
    wire.answers(Answers::Held);
    let line = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let connections = wire.recorded().iter().map(|answers| answers.iter().map(line).collect::<Vec<_>>()).collect::<Vec<_>>();
    let lines: Vec<String> = connections.join(&NEXT_CONNECTION.to_string());
    std::fs::create_dir_all(file::<B>().parent().unwrap()).unwrap();
    std::fs::write(file::<B>(), lines.join("\n") + "\n").unwrap();
}

pub async fn a_session_that_was_kept_gives_its_value_and_one_cut_off_before_its_end_none<B: Bench>() {
    let session = kept::<B>();
    let at = replay(session.clone(), None).await;
    assert_eq!(value::<B>(at.0).await, Ok(1_480.0), "as it was");
    // The first answer that the value cannot do without.
    let length = |answer: usize| session[answer].as_ref().map_or(0, Vec::len);
    let last = (0..session.len()).rev().find(|last| length(*last) > 0).unwrap();
    let mut needed = last;
    for answer in (0..=last).rev() {
        let at = replay(session.clone(), Some((answer, 0))).await;
        if value::<B>(at.0).await.is_err() {
            needed = answer;
            break;
        }
    }
    for cut in 0..length(needed) {
        let at = replay(session.clone(), Some((needed, cut))).await;
        if let Ok(value) = value::<B>(at.0).await {
            // What follows the value in its frame may be missing where a protocol has parts of its own; the value must be the true one.
            assert_eq!(value, 1_480.0, "answer {needed} cut off after {cut} bytes");
        }
    }
}

async fn value<B: Bench>(at: SocketAddr) -> Result<f64, String> {
    probe_device(&device::<B>(at)).await.remove(0).value
}

/// Ends with what it gives.
struct Replay(JoinHandle<()>);

impl Drop for Replay {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Answers the first connections with the session, cut off at some byte of some answer and closed there; further ones are closed at once.
async fn replay(session: Session, cut: Option<(usize, usize)>) -> (SocketAddr, Replay) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut from = 0;
        for answers in session.split(Option::is_none) {
            let (stream, _) = listener.accept().await.unwrap();
            let cut = cut.and_then(|(at, bytes)| Some((at.checked_sub(from)?, bytes)));
            drop(play(stream, answers, cut).await);
            if cut.is_some_and(|(at, _)| at < answers.len()) {
                break;
            }
            from += answers.len() + 1;
        }
        while listener.accept().await.is_ok() {}
    });
    (address, Replay(serving))
}

async fn play(mut stream: TcpStream, answers: &[Option<Vec<u8>>], cut: Option<(usize, usize)>) -> std::io::Result<()> {
    let mut question = vec![0; 64 << 10];
    for (number, answer) in answers.iter().flatten().enumerate() {
        // A library may say less this time, or more at once.
        let asked = timeout(if number == 0 { FIRST_QUESTION } else { NEXT_QUESTION }, stream.read(&mut question)).await;
        if matches!(asked, Ok(Ok(0))) {
            return Ok(());
        }
        match cut {
            Some((at, bytes)) if at == number => return stream.write_all(&answer[..bytes]).await,
            _ => stream.write_all(answer).await?,
        }
    }
    // Whoever still asks is kept waiting until he gives up.
    while stream.read(&mut question).await? > 0 {}
    Ok(())
}
