//! The connection to the broker: kept by one task, which alone moves it; one message under way at a time, and never sent again from here.

use super::{BrokerAccess, Login, trust};
use millwright_domain::ports::messenger::NotTaken;
use rumqttc::{AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS, Transport};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// A broker that does not answer a ping by the next one is taken for gone.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// A message that is not confirmed within this is taken for lost, and the connection with it.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(10);
/// Between two tries to connect; doubled up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Above everything that is sent, so that the library never breaks a connection over it.
const LARGEST_PACKET: usize = 1 << 20;

pub struct Link {
    client: AsyncClient,
    line: Arc<Line>,
    keeper: JoinHandle<()>,
}

/// What the keeper of the connection and who publishes tell each other.
struct Line {
    address: String,
    now: Mutex<Now>,
    hang_up: Notify,
}

struct Now {
    /// `None` while connected.
    trouble: Option<String>,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    /// Known once it is on the wire.
    packet: Option<u16>,
    over: oneshot::Sender<Result<(), String>>,
}

impl Link {
    pub fn start(access: &BrokerAccess) -> Result<Self, trust::TrustError> {
        let mut options = MqttOptions::new(&access.client_id, &access.host, access.port);
        // What was not confirmed is sent again by the outbox, in its order; a session that the broker keeps would mix in.
        options.set_keep_alive(KEEP_ALIVE).set_clean_session(true).set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET);
        if let Some(Login { username, password }) = &access.login {
            options.set_credentials(username, password);
        }
        if let Some(tls) = &access.tls {
            options.set_transport(Transport::tls_with_config(rumqttc::TlsConfiguration::Rustls(trust::client_config(tls)?)));
        }
        let (client, mut events) = AsyncClient::new(options, 1);
        events.network_options.set_tcp_nodelay(true);
        let now = Now { trouble: Some("not connected yet".into()), under_way: None };
        let line = Arc::new(Line { address: format!("{}:{}", access.host, access.port), now: Mutex::new(now), hang_up: Notify::new() });
        let keeper = tokio::spawn(keep(events, line.clone()));
        Ok(Self { client, line, keeper })
    }

    pub fn address(&self) -> &str {
        &self.line.address
    }

    pub fn trouble(&self) -> Option<String> {
        if self.keeper.is_finished() {
            return Some("the connection is kept by nobody any more; start millwright again".into());
        }
        self.line.now().trouble.clone()
    }

    /// Returns once the broker has confirmed it. Asked for by one at a time.
    pub async fn publish(&self, topic: String, retain: bool, body: Vec<u8>) -> Result<String, NotTaken> {
        if let Some(trouble) = self.trouble() {
            return Err(NotTaken::Away(format!("the broker at {} is away: {trouble}", self.address())));
        }
        let (over, confirmed) = oneshot::channel();
        self.line.now().under_way = Some(UnderWay { packet: None, over });
        // From here on it may leave. Given up in between, by a timeout or by whoever waited, the connection goes with it.
        let hang_up = HangUp(Some(&self.line));
        if self.client.try_publish(&topic, QoS::AtLeastOnce, retain, body).is_err() {
            return Err(NotTaken::ForNow("the connection to the broker took no message".into()));
        }
        let confirmed = match timeout(CONFIRMED_WITHIN, confirmed).await {
            Ok(confirmed) => confirmed.unwrap_or_else(|_dropped| Err("the connection was given up".into())),
            Err(_elapsed) => return Err(NotTaken::ForNow(format!("the broker did not confirm it within {} s", CONFIRMED_WITHIN.as_secs()))),
        };
        hang_up.not_needed();
        let lost = |why| NotTaken::ForNow(format!("the connection broke before the broker confirmed it: {why}"));
        confirmed.map(|()| format!("confirmed by {} in {topic}", self.address())).map_err(lost)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

struct HangUp<'a>(Option<&'a Line>);

impl HangUp<'_> {
    fn not_needed(mut self) {
        self.0 = None;
    }
}

impl Drop for HangUp<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.0 {
            line.lost("hung up, because a message was not confirmed");
            line.hang_up.notify_one();
        }
    }
}

impl Line {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected(&self) {
        self.now().trouble = None;
        tracing::info!(broker = self.address, "connected to the broker at {}", self.address);
    }

    /// Said once, not at every try.
    fn lost(&self, why: &str) {
        let mut now = self.now();
        if now.trouble.as_deref() != Some(why) {
            tracing::warn!(broker = self.address, reason = why, "the broker at {} is away; what is to be told waits", self.address);
        }
        now.trouble = Some(why.to_string());
        if let Some(under_way) = now.under_way.take() {
            under_way.over.send(Err(why.to_string())).ok();
        }
    }

    fn on_the_wire(&self, packet: u16) {
        if let Some(under_way) = &mut self.now().under_way {
            under_way.packet = Some(packet);
        }
    }

    fn confirmed(&self, packet: u16) {
        let mut now = self.now();
        if let Some(under_way) = now.under_way.take_if(|under_way| under_way.packet == Some(packet)) {
            under_way.over.send(Ok(())).ok();
        }
    }
}

/// Moves the connection, and makes it anew whenever it is lost.
async fn keep(mut events: EventLoop, line: Arc<Line>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let event = tokio::select! {
            event = events.poll() => event,
            () = line.hang_up.notified() => Err(ConnectionError::FlushTimeout),
        };
        match event {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                line.connected();
                pause = FIRST_PAUSE;
            }
            Ok(Event::Outgoing(Outgoing::Publish(packet))) => line.on_the_wire(packet),
            Ok(Event::Incoming(Packet::PubAck(confirmed))) => line.confirmed(confirmed.pkid),
            Ok(_) => {}
            Err(error) => {
                line.lost(&in_words(&error));
                // Nothing is left for the library to send again.
                events.clean();
                events.pending.clear();
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn in_words(error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized) => {
            "it refuses us; check mqtt.username and mqtt.password_file".into()
        }
        ConnectionError::ConnectionRefused(code) => format!("it refuses us ({code:?})"),
        ConnectionError::NetworkTimeout => "it does not answer".into(),
        ConnectionError::FlushTimeout => "it stopped answering".into(),
        ConnectionError::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => "nobody listens there".into(),
        ConnectionError::Io(error) => error.to_string(),
        ConnectionError::Tls(error) => format!("no trust: {error}; check mqtt.ca_file"),
        other => other.to_string(),
    }
}
