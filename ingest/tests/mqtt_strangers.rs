//! MQTT and who stands at the other end: brokers that want a password, that prove themselves by a certificate, or that send anything at all.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/broker.rs"]
mod broker;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;

use broker::{Broker, mosquitto};
use millwright_domain::reading::Quality;
use millwright_ingest::collect::probe::probe_device;
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use stage::{SOON, Stage, at, checked};
use std::{fs, net::SocketAddr, path::Path, process::Command};
use support::eventually;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn device(at: impl ToString) -> Value {
    json!({ "protocol": "mqtt", "address": at.to_string(), "keep_alive_s": 1 })
}

#[tokio::test]
async fn a_broker_that_wants_a_password_is_told_the_one_in_the_file() {
    let Some(mosquitto) = mosquitto() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (accounts, password) = (folder.path().join("accounts"), folder.path().join("password"));
    let tool = ["mosquitto_passwd", "/usr/bin/mosquitto_passwd"].into_iter().find(|tool| Command::new(tool).arg("-h").output().is_ok());
    let made = Command::new(tool.unwrap()).args(["-b", "-c"]).arg(&accounts).args(["mill", "s3cret"]).status().unwrap();
    assert!(made.success());
    readable_by_all(&folder, &accounts);
    let broker = Broker::with(mosquitto, free_port(), &format!("allow_anonymous false\npassword_file {}\n", accounts.display()));
    fs::write(&password, "wrong\n").unwrap();
    let mut settings = device(broker.address());
    (settings["username"], settings["password_file"]) = ("mill".into(), password.to_str().unwrap().into());
    let stage = Stage::set(settings, vec![at("uptime", "$SYS/broker/version")]).await;
    stage.until_it_says("check username, password_file").await;
    assert!(!stage.last_error().contains("wrong"), "the password is never shown");
    fs::write(&password, "s3cret\n").unwrap();
    eventually("it is let in", SOON, || stage.connects() > 0).await;
    stage.field.stop().await;
}

/// mosquitto reads its files as a user of its own.
fn readable_by_all(folder: &TempDir, file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
}

#[tokio::test]
async fn a_broker_is_believed_by_the_certificate_that_is_trusted_and_by_no_other() {
    let (Some(python), Some(mosquitto)) = (python(), mosquitto()) else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["ours", "stranger"] {
        let subject = ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
        let mut openssl = Command::new("openssl");
        openssl.current_dir(&folder).args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
        openssl.args(subject).args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
        assert!(openssl.output().unwrap().status.success(), "openssl makes a certificate");
    }
    let file = |name: &str| folder.path().join(name);
    readable_by_all(&folder, &file("ours.key"));
    let (plain, port) = (free_port(), free_port());
    let lines = format!("allow_anonymous true\nlistener {plain} 127.0.0.1\nlistener {port} 127.0.0.1\n");
    let lines = format!("{lines}certfile {}\nkeyfile {}\n", file("ours.pem").display(), file("ours.key").display());
    let broker = Broker::with(mosquitto, free_port(), &lines);
    let _machine = Peer::script(&python, "mqtt_machine.py", broker.address().port(), &[]);
    let trusting = |name: &str| {
        let mut settings = device(SocketAddr::from(([127, 0, 0, 1], port)));
        settings["tls"] = json!({ "ca_file": file(name) });
        settings
    };
    let stage = Stage::set(trusting("ours.pem"), vec![at("speed", "plant/pump-1/speed")]).await;
    stage.until_good("speed").await;
    stage.field.stop().await;
    let doubting = Stage::set(trusting("stranger.pem"), vec![at("speed", "plant/pump-1/speed")]).await;
    doubting.until_it_says("certificate").await;
    assert_eq!(doubting.connects(), 0);
    doubting.field.stop().await;
    let absent = Stage::set(trusting("absent.pem"), vec![at("speed", "plant/pump-1/speed")]).await;
    eventually("it says which file", SOON, || absent.last_error().contains("tls.ca_file") && absent.last_error().contains("absent.pem")).await;
    absent.field.stop().await;
}

#[tokio::test]
async fn a_look_beside_the_program_that_collects_takes_nothing_from_it() {
    let (Some(python), Some(mosquitto)) = (python(), mosquitto()) else { return };
    let broker = Broker::start(mosquitto, free_port());
    let _machine = Peer::script(&python, "mqtt_machine.py", broker.address().port(), &[]);
    let points = || vec![at("speed", "plant/pump-1/state#/speed"), at("absent", "nobody/tells/this"), at("word", "plant/pump-1/mode")];
    let stage = Stage::set(device(broker.address()), points()).await;
    stage.until_good("speed").await;
    let looked = probe_device(&checked(device(broker.address()), points())).await;
    assert_eq!(looked[0].value, Ok(1_480.0));
    assert!(looked[1].value.as_ref().unwrap_err().contains("nothing was told about it within"), "{:?}", looked[1]);
    assert_eq!(looked[2].text.as_deref(), Some("RUN"), "one that is silent does not hide the next");
    stage.until_good("speed").await;
    assert_eq!(stage.connects(), 1, "it was not thrown out");
    stage.field.stop().await;
}

/// What a broker never sends. A connection each.
const STRANGE: [&[u8]; 19] = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    &[],
    &[0x20, 0x02, 0x00, 0x00, 0x20, 0x02, 0x00, 0x00],
    &[0x20, 0x02, 0x00, 0x00, 0x40, 0x02, 0x00, 0x05],
    &[0x20, 0x02, 0x00, 0x00, 0x50, 0x02, 0xFF, 0xFF],
    &[0x20, 0x02, 0x00, 0x00, 0x62, 0x02, 0xFF, 0xFF],
    &[0x20, 0x02, 0x00, 0x00, 0x70, 0x02, 0xFF, 0xFF],
    &[0x20, 0x02, 0x00, 0x00, 0x90, 0x02, 0x00, 0x01],
    &[0x20, 0x02, 0x00, 0x00, 0x90, 0x03, 0xFF, 0xFF, 0x80],
    &[0x20, 0x02, 0x00, 0x00, 0x90, 0x03, 0x00, 0x00, 0x77],
    &[0x20, 0x02, 0x00, 0x00, 0xB0, 0x00],
    &[0x20, 0x02, 0x00, 0x00, 0x30, 0xFF, 0xFF, 0xFF, 0x7F],
    &[0x20, 0x02, 0x00, 0x00, 0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0x20, 0x02, 0x00, 0x00, 0x30, 0x03, 0x00, 0x09, b'a'],
    &[0x20, 0x02, 0x00, 0x00, 0x36, 0x05, 0x00, 0x01, b'a', 0x00, 0x01],
    &[0x20, 0x02, 0x00, 0x00, 0x32, 0x05, 0x00, 0x01, b'a', 0x00, 0x00],
    &[0x20, 0x02, 0x00, 0x00, 0x30, 0x04, 0x00, 0x02, 0xFF, 0xFE],
    &[0x20, 0x02, 0x00, 0x00, 0x10, 0x02, 0x00, 0x00, 0x82, 0x01, 0x00, 0xF0, 0x00],
    &[0x20, 0x02, 0x00, 0x63],
];

#[tokio::test]
async fn a_broker_that_sends_anything_at_all_is_no_communication_and_ends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stage = Stage::set(device(address), vec![at("value", "a")]).await;
    for strange in STRANGE {
        let (mut stream, _) = tokio::time::timeout(SOON, listener.accept()).await.expect("it tries again").unwrap();
        let mut asked = [0; 256];
        assert!(stream.read(&mut asked).await.unwrap() > 10, "it introduces itself");
        stream.write_all(strange).await.unwrap();
        // Whoever understands nothing hangs up or waits for the rest.
        while tokio::time::timeout(SOON / 200, stream.read(&mut asked)).await.is_ok_and(|read| read.is_ok_and(|count| count > 0)) {}
    }
    let (mut stream, _) = tokio::time::timeout(SOON, listener.accept()).await.expect("it tries again").unwrap();
    stream.write_all(&[0x20, 0x02, 0x00, 0x00, 0x30, 0x05, 0x00, 0x01, b'a', b'4', b'2']).await.unwrap();
    eventually("it takes a value from one that has come to its senses", SOON, || stage.good("value") == Some(42.0)).await;
    assert!(stage.values("value").iter().all(|value| *value == 42.0));
    assert_eq!(stage.log.scans()[0].readings[0].quality(), Quality::BadNoCommunication);
    stage.field.stop().await;
}
