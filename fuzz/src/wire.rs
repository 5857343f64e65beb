//! A hostile device: whatever a collector asks, it is answered with pieces of the input, and hung up on after the last.
//!
//! The kept inputs are sessions that were captured from real peers; mutations of them reach every layer, the libraries' ones among them.

use millwright_domain::{
    plant::{Asset, Plant, Signal, Source},
    quantity::{QuantityKind, Unit},
};
use millwright_ingest::{collect::probe::probe_device, device::DeviceConfig, field::check};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    time::timeout,
};

/// A collector that waits for more is given the next piece after this.
const NEXT_QUESTION: Duration = Duration::from_millis(20);

/// The collector speaks first; on a serial line only after it has listened for a while.
const FIRST_QUESTION: Duration = Duration::from_millis(200);

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
}

/// Probes a device of this protocol that answers with the input. `point` is its one point, as in a plant file.
pub fn talk(bytes: &[u8], protocol: Value, point: Value) {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
            let at = listener.local_addr().expect("it is bound");
            let pieces = pieces(bytes);
            let serving = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // Whoever hangs up on a liar is right.
                    drop(play(stream, &pieces).await);
                }
            });
            probe(at, protocol, point).await;
            serving.abort();
        });
    });
}

async fn probe(at: SocketAddr, mut protocol: Value, mut point: Value) {
    let (signal, device) = ("m/v".parse().expect("a name"), "d".parse().expect("a name"));
    let signal = Signal { id: signal, device, kind: QuantityKind::Generic, unit: Unit::One, range: None, trip: None, writable: None };
    let (id, text) = ("m".parse().expect("a name"), String::new);
    let asset = Asset { id, name: text(), area: text(), line: text(), cell: None, class: text(), vendor: text(), signals: vec![signal] };
    let plant = Plant { site: "s".parse().expect("a name"), name: text(), source: Source::Live, assets: vec![asset] };
    point["signal"] = "m/v".into();
    for (key, value) in [
        ("id", json!("d")),
        ("address", json!(protocol["address"].as_str().unwrap_or("{}").replace("{}", &at.to_string()))),
        ("connect_timeout_ms", json!(300)),
        ("classes", json!([{ "name": "only", "interval_ms": 50, "timeout_ms": 100 }])),
        ("points", json!([point])),
    ] {
        protocol[key] = value;
    }
    let config: DeviceConfig = serde_json::from_value(protocol).expect("the target's configuration is one");
    let devices = check(&[config], &plant).expect("the target's configuration can be");
    for device in &devices {
        for probed in probe_device(device).await {
            drop(probed);
        }
    }
}

/// Each begins with its length, two bytes with the lower first. What does not fit is cut.
fn pieces(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = vec![];
    while let [low, high, rest @ ..] = bytes {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (piece, rest) = rest.split_at(length);
        pieces.push(piece.to_vec());
        bytes = rest;
    }
    pieces
}

async fn play(mut stream: TcpStream, pieces: &[Vec<u8>]) -> std::io::Result<()> {
    let mut question = vec![0; 64 << 10];
    for (number, piece) in pieces.iter().enumerate() {
        let patience = if number == 0 { FIRST_QUESTION } else { NEXT_QUESTION };
        if let Ok(0) = timeout(patience, stream.read(&mut question)).await.unwrap_or(Ok(1)) {
            return Ok(());
        }
        stream.write_all(piece).await?;
    }
    // The last answer is read before the connection ends.
    drop(timeout(NEXT_QUESTION, stream.read(&mut question)).await);
    Ok(())
}

/// A captured session as an input: a line of hexadecimal digits for each answer.
pub fn session(hex: &str) -> Vec<Vec<u8>> {
    let answer = |line: &str| -> Vec<u8> {
        let digits: Vec<u32> = line.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok()).collect()
    };
    let piece = |answer: Vec<u8>| [&u16::try_from(answer.len()).unwrap_or(u16::MAX).to_le_bytes()[..], &answer].concat();
    vec![hex.lines().map(answer).map(piece).collect::<Vec<_>>().concat()]
}
