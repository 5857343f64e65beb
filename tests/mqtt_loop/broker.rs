//! A real mosquitto on a port of its own, which can be killed and started again, and a plain client that listens to everything.

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

const LIMIT: Duration = Duration::from_secs(30);

pub struct Mosquitto {
    folder: PathBuf,
    pub port: u16,
    running: Option<Child>,
}

impl Mosquitto {
    /// Keeps what it knows in the folder, on every change.
    pub fn start(folder: &Path) -> Self {
        Self::with(folder, "allow_anonymous true")
    }
    pub fn with(folder: &Path, rules: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let kept = format!("persistence true\npersistence_location {}/\nautosave_interval 1\nautosave_on_changes true\n", folder.display());
        let settings = format!("listener {port} 127.0.0.1\n{rules}\n{kept}max_queued_messages 100000\n");
        fs::write(folder.join("mosquitto.conf"), settings).expect("a folder");
        let mut broker = Self { folder: folder.into(), port, running: None };
        broker.start_again();
        broker
    }

    pub fn start_again(&mut self) {
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|path| Path::new(path).exists()).unwrap_or("mosquitto");
        let mut command = Command::new(program);
        let begun = command.arg("-c").arg(self.folder.join("mosquitto.conf")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.running = Some(begun.expect("mosquitto starts; `scripts/need.sh mosquitto` installs it"));
        let limit = Instant::now() + LIMIT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < limit, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Without a chance to say goodbye.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().and_then(|()| child.wait()).expect("it was running");
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub topic: String,
    /// Kept by the broker from before.
    pub kept: bool,
    /// Null for an empty message.
    pub body: Value,
}

impl Heard {
    pub fn kind(&self) -> &str {
        self.topic.split('/').next().unwrap_or_default()
    }
    pub fn id(&self) -> Option<&str> {
        self.body["id"].as_str()
    }
}

/// Subscribed to `#`, with a session that the broker keeps.
pub struct Listener {
    heard: Arc<Mutex<Vec<Heard>>>,
    subscribed: Arc<Mutex<u32>>,
    task: JoinHandle<()>,
}

impl Listener {
    pub async fn to(broker: &Mosquitto, name: &str) -> Self {
        let mut options = MqttOptions::new(name, "127.0.0.1", broker.port);
        options.set_clean_session(false).set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut events) = AsyncClient::new(options, 10);
        let (heard, subscribed) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(0)));
        let (hears, subscribes) = (heard.clone(), subscribed.clone());
        let task = tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => client.try_subscribe("#", QoS::AtLeastOnce).expect("room for a request"),
                    Ok(Event::Incoming(Packet::SubAck(_))) => *subscribes.lock().unwrap() += 1,
                    Ok(Event::Incoming(Packet::Publish(told))) => {
                        let body = if told.payload.is_empty() { Value::Null } else { serde_json::from_slice(&told.payload).expect("JSON") };
                        hears.lock().unwrap().push(Heard { topic: told.topic, kept: told.retain, body });
                    }
                    Ok(_) => {}
                    Err(_away) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        let listener = Self { heard, subscribed, task };
        eventually(|| *listener.subscribed.lock().unwrap() > 0, || "the listener subscribes".into(), || ()).await;
        listener
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
    /// What was told since, each message once, without what the broker repeats of before.
    pub fn once_each(&self) -> Vec<Heard> {
        let mut seen = BTreeSet::new();
        self.heard().into_iter().filter(|heard| heard.id().is_some_and(|id| seen.insert(id.to_string()))).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks until it is so. `meanwhile` is done between two looks.
pub async fn eventually(so: impl Fn() -> bool, what: impl Fn() -> String, meanwhile: impl Fn()) {
    let limit = Instant::now() + LIMIT;
    while !so() {
        assert!(Instant::now() < limit, "it did not come to pass that {}", what());
        meanwhile();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
