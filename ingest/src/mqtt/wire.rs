//! One connection to a broker, on rumqttc: the only file that knows the vendor's client.
//!
//! The client moves only while it is polled, and connects again by itself if it is polled after an error. Here it is polled by whoever waits
//! for news, so a reader that is busy makes the broker wait, and never after an error: connecting again is the keeper's. What is sent goes
//! straight to the socket and is known to nobody afterwards, so the client has nothing that it could send a second time.

use super::{broker::Broker, tls};
use crate::{
    gate::Gate,
    protocol::{CannotConnect, WireError},
};
use rumqttc::{
    ConnectReturnCode, ConnectionError, Event, EventLoop, Incoming, MqttOptions, Packet, PubAck, Publish, QoS, Subscribe, SubscribeFilter,
    SubscribeReasonCode, TlsConfiguration, Transport, Unsubscribe,
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::bytes::BytesMut;

/// Topics in one packet; some brokers take no more.
const TOPICS_AT_ONCE: usize = 8;

/// Who we are to the broker, and what it does for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub client_id: String,
    /// The broker keeps what is published while we are away.
    pub kept: bool,
    pub at_least_once: bool,
    pub filters: Vec<String>,
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    /// What the broker had kept of former times, and not news.
    pub retained: bool,
}

/// What is told to the broker when a message is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketId(u16);

/// What is published. Never retained, at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub topic: String,
    pub payload: Vec<u8>,
}

#[derive(Debug)]
pub(crate) enum News {
    Message(Message, Option<PacketId>),
    /// The broker does not let us hear these of [`Session::filters`].
    Refused(Vec<usize>),
    /// An answer to us, or nothing.
    Nothing,
}

pub(crate) struct Socket {
    eventloop: EventLoop,
    keep_alive: Duration,
    filters: usize,
    pinged: Instant,
    /// When the oldest ping was sent after which nothing came.
    silent_since: Option<Instant>,
    pings: u64,
    pongs: u64,
}

impl Socket {
    /// Connects and asks for the topics; whether they are granted comes as news.
    pub(crate) async fn open(broker: &Broker, session: &Session) -> Result<Self, CannotConnect> {
        let mut eventloop = EventLoop::new(options(broker, session).await?, 1);
        eventloop.network_options.set_tcp_nodelay(true);
        match eventloop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {}
            Ok(other) => return Err(CannotConnect(format!("the broker begins with {other:?}; is it an MQTT broker?"))),
            Err(error) => return Err(CannotConnect(refusal(error))),
        }
        // Pings are sent from here, where it is known whether anybody reads.
        eventloop.mqtt_options.set_keep_alive(Duration::ZERO);
        let keep_alive = Duration::from_secs(broker.keep_alive_s.into());
        let filters = session.filters.len();
        let mut socket = Self { eventloop, keep_alive, filters, pinged: Instant::now(), silent_since: None, pings: 0, pongs: 0 };
        socket.subscribe(session).await.map_err(|error| CannotConnect(crate::protocol::with_causes(&error)))?;
        Ok(socket)
    }

    async fn subscribe(&mut self, session: &Session) -> Result<(), WireError> {
        let qos = if session.at_least_once { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        for (packet, topics) in (1..).zip(session.filters.chunks(TOPICS_AT_ONCE)) {
            let filters = topics.iter().map(|topic| SubscribeFilter::new(topic.clone(), qos)).collect();
            self.feed(Packet::Subscribe(Subscribe { pkid: packet, filters })).await?;
        }
        self.flush().await
    }

    /// Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> Result<News, WireError> {
        loop {
            self.still_there()?;
            if Instant::now() >= self.ping_due() {
                self.ping().await?;
            }
            let due = self.ping_due();
            tokio::select! {
                biased;
                event = self.eventloop.poll() => return self.understood(event),
                () = sleep_until(due) => self.judge_silence()?,
            }
        }
    }

    /// What has arrived already.
    pub(crate) async fn next_at_once(&mut self) -> Result<Option<News>, WireError> {
        self.still_there()?;
        tokio::select! {
            biased;
            event = self.eventloop.poll() => self.understood(event).map(Some),
            () = std::future::ready(()) => Ok(None),
        }
    }

    /// The client would connect again if it were polled now.
    fn still_there(&self) -> Result<(), WireError> {
        if self.eventloop.network.is_some() { Ok(()) } else { Err(gone()) }
    }
    fn ping_due(&self) -> Instant {
        self.pinged + self.keep_alive / 2
    }

    /// Asked only after everything that had arrived was read.
    fn judge_silence(&self) -> Result<(), WireError> {
        match self.silent_since {
            Some(since) if since.elapsed() >= self.keep_alive => {
                Err(WireError::broken(format!("the broker has said nothing for {} s", self.keep_alive.as_secs())))
            }
            _ => Ok(()),
        }
    }

    fn understood(&mut self, event: Result<Event, ConnectionError>) -> Result<News, WireError> {
        let Event::Incoming(packet) = event.map_err(broken)? else { return Ok(News::Nothing) };
        self.silent_since = None;
        Ok(match packet {
            Incoming::Publish(Publish { qos, retain, topic, pkid, payload, .. }) => {
                let id = (qos == QoS::AtLeastOnce).then_some(PacketId(pkid));
                News::Message(Message { topic, payload: payload.into(), retained: retain }, id)
            }
            Incoming::PingResp => {
                self.pongs += 1;
                News::Nothing
            }
            Incoming::SubAck(granted) => {
                let first = usize::from(granted.pkid).saturating_sub(1) * TOPICS_AT_ONCE;
                let answers = granted.return_codes.iter().enumerate();
                let refused = answers.filter(|(_, code)| **code == SubscribeReasonCode::Failure).map(|(place, _)| first + place);
                News::Refused(refused.filter(|filter| *filter < self.filters).collect())
            }
            _ => News::Nothing,
        })
    }

    /// The number of a question that the broker answers after everything it had to say before.
    pub(crate) async fn ping(&mut self) -> Result<u64, WireError> {
        self.pinged = Instant::now();
        self.silent_since.get_or_insert(self.pinged);
        self.pings += 1;
        self.feed(Packet::PingReq).await?;
        self.flush().await?;
        Ok(self.pings)
    }
    pub(crate) fn is_answered(&self, ping: u64) -> bool {
        self.pongs >= ping
    }

    pub(crate) async fn acknowledge(&mut self, id: PacketId) -> Result<(), WireError> {
        self.feed(Packet::PubAck(PubAck::new(id.0))).await
    }
    /// No more of this topic, which a former configuration asked for.
    pub(crate) async fn forget(&mut self, topic: &str) -> Result<(), WireError> {
        self.feed(Packet::Unsubscribe(Unsubscribe { pkid: u16::MAX, topics: vec![topic.into()] })).await
    }
    pub(crate) async fn say(&mut self, outgoing: Outgoing) -> Result<(), WireError> {
        self.feed(publish(outgoing)).await?;
        self.flush().await
    }
    /// Sends once. Nobody acknowledges it: what came of it shows in what is told afterwards.
    pub(crate) async fn write(&mut self, outgoing: Outgoing, gate: &Gate) -> Result<(), WireError> {
        let packet = publish(outgoing);
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, usize::MAX).map_err(WireError::broken)?;
        gate.leave().map_err(WireError::broken)?;
        gate.note(&bytes);
        self.feed(packet).await?;
        self.flush().await
    }

    async fn feed(&mut self, packet: Packet) -> Result<(), WireError> {
        let limit = self.keep_alive;
        let network = self.eventloop.network.as_mut().ok_or_else(gone)?;
        timeout(limit, network.write(packet)).await.map_err(|_elapsed| takes_nothing())?.map_err(WireError::broken)
    }
    pub(crate) async fn flush(&mut self) -> Result<(), WireError> {
        let limit = self.keep_alive;
        let network = self.eventloop.network.as_mut().ok_or_else(gone)?;
        timeout(limit, network.flush()).await.map_err(|_elapsed| takes_nothing())?.map_err(WireError::broken)
    }
}

async fn options(broker: &Broker, session: &Session) -> Result<MqttOptions, CannotConnect> {
    let place = broker.host_and_port();
    let no_place = || CannotConnect(format!("{place} is no host and port"));
    let (host, port) = place.rsplit_once(':').ok_or_else(no_place)?;
    let mut options = MqttOptions::new(&session.client_id, host, port.parse().map_err(|_not_a_port| no_place())?);
    let largest = broker.max_packet_kb as usize * 1_024;
    options.set_keep_alive(Duration::from_secs(broker.keep_alive_s.into()));
    options.set_clean_session(!session.kept);
    options.set_max_packet_size(largest, largest);
    options.set_manual_acks(true);
    if let Some((name, password)) = broker.login().await? {
        options.set_credentials(name, password);
    }
    if let Some(tls) = &broker.tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls::client_config(tls).await?)));
    }
    Ok(options)
}

fn publish(Outgoing { topic, payload }: Outgoing) -> Packet {
    Packet::Publish(Publish::new(topic, QoS::AtMostOnce, payload))
}

/// Why the broker does not want us, with what to do about it.
fn refusal(error: ConnectionError) -> String {
    let ConnectionError::ConnectionRefused(code) = error else { return error.to_string() };
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
            "the broker refuses us; check username, password_file and the broker's access list"
        }
        ConnectReturnCode::BadClientId => "the broker refuses the client_id; set one that it takes",
        ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1",
        ConnectReturnCode::ServiceUnavailable | ConnectReturnCode::Success => "the broker is there, but serves nobody now",
    }
    .into()
}

fn broken(error: ConnectionError) -> WireError {
    WireError::broken(format!("{error}; if this goes on, look whether another client has the same client_id"))
}
fn gone() -> WireError {
    WireError::broken("it has ended before")
}
fn takes_nothing() -> WireError {
    WireError::broken("the broker takes nothing any more")
}
