//! What is OPC UA's own, against an asyncua server: node ids, types, status codes, source times, queues, certificates, logins. What every
//! protocol keeps is in `contract/`.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;

use millwright_domain::{Timestamp, ports::write_device::WriteVerdict, reading::Quality};
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use stage::{SOON, Stage, points_at, with};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};
use support::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

fn machine(python: &Path, port: u16, settings: &Value) -> Peer {
    Peer::script(python, "opcua_machine.py", port, &[&settings.to_string()])
}

/// Our namespace, whatever its number is.
fn named(name: &str) -> Value {
    json!({ "address": format!("nsu=urn:test:plc;s={name}") })
}

/// `more` are settings of the device.
async fn on_stage(port: u16, points: &[(&str, Value)], more: Value) -> Stage {
    let address = format!("opc.tcp://127.0.0.1:{port}/plc/");
    let class = json!({ "name": "fast", "interval_ms": 100 });
    let usual = json!({ "protocol": "opc_ua", "address": address, "read_back_ms": 1_000, "connect_timeout_ms": 3_000, "classes": [class] });
    Stage::set(with(usual, &more), points_at(points)).await
}

const NUMBERS: [(&str, &str); 11] = [
    ("bool", "Boolean"),
    ("i8", "SByte"),
    ("u8", "Byte"),
    ("i16", "Int16"),
    ("u16", "UInt16"),
    ("i32", "Int32"),
    ("u32", "UInt32"),
    ("i64", "Int64"),
    ("u64", "UInt64"),
    ("f32", "Float"),
    ("f64", "Double"),
];

#[tokio::test]
async fn every_kind_of_number_text_and_node_id_is_read_and_what_is_neither_is_refused() {
    let Some(python) = python() else { return };
    let port = free_port();
    let _peer = machine(&python, port, &json!({}));
    let mut points: Vec<(&str, Value)> =
        NUMBERS.iter().map(|(name, kind)| (*name, json!({ "address": format!("ns=2;s={kind}"), "type": kind }))).collect();
    points.extend([
        ("number", json!({ "address": "ns=2;i=1001" })),
        ("guid", json!({ "address": "ns=2;g=09087e75-8e5e-499b-954f-f2a9603db28a" })),
        ("bytes", json!({ "address": "nsu=urn:test:plc;b=c3BlZWQ=" })),
        ("text", json!({ "address": "ns=2;s=Text", "texts": { "STOP": 0.0, "RUN": 1.0 } })),
        ("empty", named("Empty")),
        ("profile", named("Profile")),
        ("born", named("Born")),
        ("nobody", json!({ "address": "nsu=urn:test:nobody;s=Speed" })),
    ]);
    let stage = on_stage(port, &points, json!({})).await;
    stage.until("p/f64", Quality::Good).await;
    stage.until("p/bytes", Quality::Good).await;
    for (name, kind) in NUMBERS {
        assert_eq!(stage.good(&format!("p/{name}")), Some(1.0), "{kind}");
    }
    for place in ["p/number", "p/guid", "p/bytes"] {
        assert_eq!(stage.good(place), Some(1_480.0), "{place}");
    }
    assert_eq!(stage.good("p/text"), Some(1.0));
    stage.until("p/empty", Quality::BadNotANumber).await;
    for place in ["p/profile", "p/born", "p/nobody"] {
        stage.until(place, Quality::BadConfiguration).await;
    }
    stage.field.stop().await;
}

#[tokio::test]
async fn the_servers_status_codes_and_source_times_are_kept() {
    let Some(python) = python() else { return };
    let port = free_port();
    let mut peer = machine(&python, port, &json!({}));
    let stage = on_stage(port, &[("temp", named("Temp"))], json!({})).await;
    stage.until("p/temp", Quality::Good).await;
    for (code, quality) in [
        (json!("BadSensorFailure"), Quality::BadDeviceFault),
        (json!("Good"), Quality::Good),
        (json!("BadNoCommunication"), Quality::BadNoCommunication),
        (json!("UncertainLastUsableValue"), Quality::UncertainStale),
        (json!("UncertainEngineeringUnitsExceeded"), Quality::UncertainOutOfRange),
        (json!("BadNotReadable"), Quality::BadConfiguration),
        // Good, and its queue has overflowed.
        (json!(0x480), Quality::Good),
        (json!("BadWaitingForInitialData"), Quality::BadNoCommunication),
        (json!("GoodClamped"), Quality::Good),
    ] {
        peer.ask(&json!({ "status": { "node": "Temp", "code": code } }).to_string());
        stage.until("p/temp", quality).await;
        let value = stage.log.last("p/temp").unwrap().value();
        assert_eq!(value, (!quality.is_bad()).then_some(61.5), "{code}");
    }
    peer.ask(&json!({ "source_time": { "node": "Temp", "time": "2026-01-01T00:00:00.25", "value": 62.5 } }).to_string());
    eventually("the new value", SOON, || stage.good("p/temp") == Some(62.5)).await;
    let at = stage.log.last("p/temp").unwrap().source_time;
    assert_eq!(at, Some(Timestamp::from_micros(1_767_225_600_250_000)));
    stage.field.stop().await;
}

#[tokio::test]
async fn what_did_not_fit_into_the_servers_queue_is_reported_as_dropped() {
    let Some(python) = python() else { return };
    let port = free_port();
    let mut peer = machine(&python, port, &json!({}));
    let stage = on_stage(port, &[("temp", named("Temp"))], json!({})).await;
    stage.until("p/temp", Quality::Good).await;
    peer.ask(&json!({ "status": { "node": "Temp", "code": 0x480 } }).to_string());
    let reports = tokio::time::timeout(SOON, stage.field.drop_reports()).await.expect("a report");
    let [report] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!(report.dropped.scans, 1);
    assert!(report.dropped.why.contains("raise queue_size"), "{report:?}");
    stage.field.stop().await;
}

#[tokio::test]
async fn a_namespace_by_its_uri_is_found_again_under_another_number() {
    let Some(python) = python() else { return };
    let port = free_port();
    let points = [("uri", named("Speed")), ("index", json!({ "address": "ns=2;s=Speed" }))];
    let peer = machine(&python, port, &json!({}));
    let stage = on_stage(port, &points, json!({})).await;
    stage.until("p/uri", Quality::Good).await;
    stage.until("p/index", Quality::Good).await;
    peer.kill();
    stage.until("p/uri", Quality::BadNoCommunication).await;
    let _peer = machine(&python, port, &json!({ "namespaces_before": 3 }));
    stage.until("p/uri", Quality::Good).await;
    stage.until("p/index", Quality::BadConfiguration).await;
    stage.field.stop().await;
}

#[tokio::test]
async fn no_change_is_lost_between_two_messages() {
    let Some(python) = python() else { return };
    let port = free_port();
    let _peer = machine(&python, port, &json!({}));
    let classes = json!({ "classes": [{ "name": "slow", "interval_ms": 1_000 }], "sampling_interval_ms": 10 });
    let stage = on_stage(port, &[("seq", named("Seq")), ("complement", named("Complement"))], classes).await;
    eventually("a hundred values", SOON, || stage.values("p/seq").len() > 100).await;
    assert_eq!(stage.connects(), 1);
    stage.field.stop().await;
    let seq = stage.values("p/seq");
    assert!(seq.windows(2).all(|pair| pair[1] == pair[0] + 1.0), "{seq:?}");
    for scan in stage.log.scans() {
        let pair: Vec<f64> = scan.readings.iter().filter_map(|reading| reading.value()).collect();
        assert!(pair.len() < 2 || pair[0] + pair[1] == 65_535.0, "what changed together is told together: {scan:?}");
    }
}

#[tokio::test]
async fn a_value_that_does_not_change_is_good_for_as_long_as_the_server_is_there_and_no_longer() {
    let Some(python) = python() else { return };
    let port = free_port();
    let peer = machine(&python, port, &json!({}));
    let classes = json!({ "classes": [{ "name": "fast", "interval_ms": 100, "timeout_ms": 300, "stale_after_ms": 1_000 }] });
    let stage = on_stage(port, &[("speed", named("Speed")), ("absent", named("Absent"))], classes).await;
    stage.until("p/speed", Quality::Good).await;
    stage.log.clear();
    eventually("it is told again and again", SOON, || stage.values("p/speed").len() > 10).await;
    let all = |quality: Quality, signal: &str| stage.readings(signal).iter().all(|reading| reading.quality() == quality);
    assert!(all(Quality::Good, "p/speed") && all(Quality::BadConfiguration, "p/absent"), "{:?}", stage.log.scans());
    peer.pause();
    let paused = Instant::now();
    stage.until("p/speed", Quality::BadNoCommunication).await;
    assert!(paused.elapsed() < Duration::from_secs(3), "{:?}", paused.elapsed());
    peer.resume();
    stage.until("p/speed", Quality::Good).await;
    stage.until("p/absent", Quality::BadConfiguration).await;
    stage.field.stop().await;
}

#[tokio::test]
async fn a_write_is_of_the_variables_own_type_or_not_sent() {
    let Some(python) = python() else { return };
    let port = free_port();
    let mut peer = machine(&python, port, &json!({}));
    let points = [
        ("set16", named("Set16")),
        ("set_on", named("SetOn")),
        ("set_fixed", named("Speed")),
        ("set_text", named("Text")),
        ("set_none", named("Absent")),
    ];
    let stage = on_stage(port, &points, json!({ "read_back_ms": 500 })).await;
    stage.until("p/set_fixed", Quality::Good).await;
    assert_eq!(stage.write("p/set16", -5.0).await, WriteVerdict::Applied { read_back: -5.0 });
    assert_eq!(stage.write("p/set_on", 1.0).await, WriteVerdict::Applied { read_back: 1.0 });
    for (signal, value, why_not) in [
        ("p/set16", 40_000.0, "does not fit into Int16"),
        ("p/set_on", 0.5, "neither 0 nor 1"),
        ("p/set_fixed", 1.0, "refuses to have it written"),
        ("p/set_text", 1.0, "Text"),
        ("p/set_none", 1.0, "BadNodeIdUnknown"),
    ] {
        let verdict = stage.write(signal, value).await;
        assert!(matches!(&verdict, WriteVerdict::NotApplied { why } if why.contains(why_not)), "{signal}: {verdict:?}");
    }
    assert_eq!(stage.good("p/set_fixed"), Some(1_480.0));
    let written = peer.ask("{\"ask\": \"writes\"}")["writes"].clone();
    assert_eq!(written, json!([["Set16", -5], ["SetOn", true], ["Speed", 1.0]]), "the last was refused by the server");
    stage.field.stop().await;
}

#[tokio::test]
async fn an_encrypted_server_is_believed_once_a_person_trusts_its_certificate() {
    let Some(python) = python() else { return };
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    let _peer =
        machine(&python, port, &json!({ "certificate": at("server.der"), "key": at("server.pem"), "user": "millwright", "password": "secret ü" }));
    fs::write(at("password"), "secret ü\n").unwrap();
    let settings = |policy: &str| {
        json!({
            "security_policy": policy, "pki": at("pki"), "user": "millwright", "password_file": at("password"), "connect_timeout_ms": 10_000,
        })
    };
    let stage = on_stage(port, &[("speed", named("Speed"))], settings("Basic256Sha256")).await;
    stage.until_it_says("is not trusted; move the server's from").await;
    assert_eq!(stage.values("p/speed"), [] as [f64; 0]);
    trust_what_was_rejected(&at("pki"));
    stage.until("p/speed", Quality::Good).await;
    stage.field.stop().await;
    assert_is_ours_alone(&at("pki/private/private.pem"));

    let stage = on_stage(port, &[("speed", named("Speed"))], settings("Aes256_Sha256_RsaPss")).await;
    stage.until("p/speed", Quality::Good).await;
    stage.field.stop().await;

    fs::write(at("password"), "wrong").unwrap();
    let stage = on_stage(port, &[("speed", named("Speed"))], settings("Basic256Sha256")).await;
    stage.until_it_says("does not know this user or password").await;
    assert_eq!(stage.values("p/speed"), [] as [f64; 0]);
    stage.field.stop().await;

    let stage = on_stage(port, &[("speed", named("Speed"))], settings("Aes128_Sha256_RsaOaep")).await;
    stage.until_it_says("it offers").await;
    assert!(stage.last_error().contains("Basic256Sha256 SignAndEncrypt"), "{}", stage.last_error());
    stage.field.stop().await;
}

/// As a person would.
fn trust_what_was_rejected(pki: &Path) {
    let rejected: Vec<_> = fs::read_dir(pki.join("rejected")).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(rejected.len(), 1);
    fs::rename(rejected[0].path(), pki.join("trusted").join(rejected[0].file_name())).unwrap();
}

fn assert_is_ours_alone(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_server_that_announces_a_gigabyte_is_hung_up_on_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = on_stage(listener.local_addr().unwrap().port(), &[("speed", named("Speed"))], json!({})).await;
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 8];
        stream.read_exact(&mut hello).await.unwrap();
        assert_eq!(&hello[..4], b"HELF");
        stream.write_all(b"ACKF\0\0\0\x40").await.unwrap();
        let hung_up = async { while stream.write_all(&[0; 4_096]).await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(2), hung_up).await.expect("it does not go on listening");
    }
    assert_eq!(stage.values("p/speed"), [] as [f64; 0]);
    stage.field.stop().await;
}

#[tokio::test]
async fn who_leaves_closes_its_session() {
    let Some(python) = python() else { return };
    let port = free_port();
    let _peer = machine(&python, port, &json!({}));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = on_stage(listener.local_addr().unwrap().port(), &[("speed", named("Speed"))], json!({})).await;
    let goodbyes = async {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let ((mut from_near, mut to_near), (mut from_far, mut to_far)) =
                (near.into_split(), TcpStream::connect(("127.0.0.1", port)).await.unwrap().into_split());
            let back = tokio::spawn(async move { tokio::io::copy(&mut from_far, &mut to_near).await });
            let mut bytes = vec![0; 64 << 10];
            while let Ok(count @ 1..) = from_near.read(&mut bytes).await {
                to_far.write_all(&bytes[..count]).await.unwrap();
                // CloseSessionRequest is 473 in the protocol's own namespace.
                if bytes[..count].windows(4).any(|four| four == [1, 0, 0xD9, 1]) {
                    return;
                }
            }
            back.abort();
        }
    };
    let leaving = async {
        stage.until("p/speed", Quality::Good).await;
        stage.field.stop().await;
    };
    tokio::time::timeout(SOON, async { tokio::join!(goodbyes, leaving) }).await.expect("it says goodbye");
}
