//! A small MQTT broker inside the program, so that the simulated plant needs nothing installed. For the demo only: no passwords, no TLS.

use anyhow::{Context, Result, bail};
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};
use std::{
    collections::HashMap,
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};
use tokio::{net::TcpStream, time::sleep};

/// Starts it and returns where it listens; port 0 takes a free one. It ends with the program, as it knows no other way.
pub async fn start(at: SocketAddr) -> Result<SocketAddr> {
    // The broker binds by itself and keeps to itself what came of it, so the place is tried out first.
    let tried = TcpListener::bind(at).and_then(|listener| listener.local_addr());
    let at = tried.with_context(|| format!("the simulated plant's MQTT broker could not listen on {at}; choose another address (`plant --at`)"))?;
    let mut broker = Broker::new(config(at));
    let started = thread::Builder::new().name("mqtt-broker".into()).spawn(move || {
        if let Err(error) = broker.start() {
            tracing::error!(%error, "the simulated plant's MQTT broker ended");
        }
    });
    started.context("the simulated plant's MQTT broker has no thread")?;
    for _ in 0..200 {
        if TcpStream::connect(at).await.is_ok() {
            return Ok(at);
        }
        sleep(Duration::from_millis(25)).await;
    }
    bail!("the simulated plant's MQTT broker does not answer on {at}");
}

fn config(at: SocketAddr) -> Config {
    let connections = ConnectionSettings {
        connection_timeout_ms: 5_000,
        max_payload_size: 256 * 1_024,
        max_inflight_count: 100,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings { name: "mqtt".into(), listen: at, tls: None, next_connection_delay_ms: 1, connections };
    let router = RouterConfig {
        max_connections: 1_000,
        max_outgoing_packet_count: 200,
        max_segment_size: 1 << 20,
        max_segment_count: 4,
        ..RouterConfig::default()
    };
    Config { router, v4: Some(HashMap::from([("mqtt".into(), server)])), ..Config::default() }
}
