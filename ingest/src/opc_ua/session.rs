//! One session with a server, on async-opcua. It runs only while somebody waits on it, so nothing goes out once it is dropped; and it never
//! connects by itself again: whatever breaks, breaks it for good.

use super::{frames::Frames, security::Server};
use crate::protocol::{CannotConnect, WireError, with_causes};
use futures::{FutureExt, StreamExt, stream::BoxStream};
use opcua::{
    client::{
        ClientBuilder, ClientConfig, ConnectionSource, Session, SessionActivity, SessionBuilder, SessionPollResult, SubscriptionActivity,
        transport::{
            Connector, RequestRecv, SecureChannelState, StreamConnection, StreamConnector, StreamTransport, TransportConfiguration,
            TransportPollResult,
        },
    },
    core::{ResponseMessage, comms::tcp_codec::TcpCodec, sync::RwLock},
    crypto::CertificateStore,
    types::{DateTime, DecodingOptions, EndpointDescription, Error, GetEndpointsRequest, RequestHeader, StatusCode},
};
use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Handle,
    time::timeout,
};
use tokio_util::codec::FramedRead;

/// A frame, as agreed with the server when the connection is opened.
const FRAME: usize = 64 << 10;
/// A message of many frames.
const FRAMES: usize = 64;
const MESSAGE: usize = 4 << 20;
const ELEMENTS: usize = 100_000;
const TEXT: usize = 64 << 10;
/// The caller's patience ends much earlier.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server that does not answer our goodbye keeps the session until its timeout.
const GOODBYE: Duration = Duration::from_secs(1);

type Running = BoxStream<'static, Result<SessionPollResult, StatusCode>>;

pub(super) struct Line {
    pub session: Arc<Session>,
    running: Running,
    /// Connected, and no question without its answer.
    is_sound: bool,
}

impl Line {
    pub(super) async fn open(server: &Arc<Server>) -> Result<Self, CannotConnect> {
        let secrets = server.clone();
        let read = tokio::task::spawn_blocking(move || Ok((secrets.certificates()?, secrets.identity()?)));
        let (store, identity) = read.await.map_err(|why| CannotConnect(why.to_string()))?.map_err(CannotConnect)?;
        let store = Arc::new(RwLock::new(store));
        let config = settings(server);
        let opening = async {
            let offered = endpoints(&config, &store, &server.url).await.map_err(|why| CannotConnect(why.to_string()))?;
            let endpoint = server.chosen(offered).map_err(CannotConnect)?;
            let builder = SessionBuilder::new(&config).with_connector(Dialling).connect_to_endpoint_directly(endpoint);
            let built = builder.and_then(|builder| builder.user_identity_token(identity).build(store));
            let (session, events) = built.map_err(|why| CannotConnect(why.to_string()))?;
            session.disable_reconnects();
            let mut line = Self { session, running: events.enter().boxed(), is_sound: false };
            line.until_connected(server).await?;
            Ok(line)
        };
        let panicked = |_| Err(CannotConnect("the server sent what the library could not digest".into()));
        AssertUnwindSafe(opening).catch_unwind().await.unwrap_or_else(panicked)
    }

    async fn until_connected(&mut self, server: &Server) -> Result<(), CannotConnect> {
        loop {
            match self.running.next().await {
                // The library looks for the server's state first of all; what comes of it is judged like every later look.
                Some(Ok(look @ SessionPollResult::SessionActivity(_))) => {
                    judge(Some(Ok(look))).map_err(|why| CannotConnect(with_causes(&why)))?;
                    break;
                }
                Some(Ok(SessionPollResult::ReconnectFailed(code) | SessionPollResult::ConnectionLost(code)) | Err(code)) => {
                    return Err(CannotConnect(refused(code, server)));
                }
                Some(Ok(_)) => {}
                None => return Err(CannotConnect("the server hung up".into())),
            }
        }
        self.is_sound = true;
        Ok(())
    }

    /// Waits for the next thing that happens. Safe to drop.
    pub(super) async fn step(&mut self) -> Result<(), WireError> {
        let event = AssertUnwindSafe(self.running.next()).catch_unwind().await;
        let judged = event.map_or_else(|_panic| Err(indigestible()), judge);
        self.is_sound &= judged.is_ok();
        judged
    }

    /// Does the work while the session runs. Dropped half-way, the line must not be used again.
    pub(super) async fn doing<T>(&mut self, work: impl Future<Output = T>) -> Result<T, WireError> {
        self.is_sound = false;
        let running = &mut self.running;
        let both = async move {
            let mut work = pin!(work);
            loop {
                tokio::select! {
                    biased;
                    done = &mut work => return Ok(done),
                    event = running.next() => judge(event)?,
                }
            }
        };
        let done = AssertUnwindSafe(both).catch_unwind().await.unwrap_or_else(|_panic| Err(indigestible()));
        self.is_sound = done.is_ok();
        done
    }
}

impl Drop for Line {
    /// A session that nobody closes blocks one of the server's few places until its timeout. Only where no question is under way, so that
    /// nothing but the goodbye can go out.
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.is_sound {
            let running = std::mem::replace(&mut self.running, futures::stream::empty().boxed());
            runtime.spawn(timeout(GOODBYE, AssertUnwindSafe(say_goodbye(self.session.clone(), running)).catch_unwind()));
        }
    }
}

async fn say_goodbye(session: Arc<Session>, mut running: Running) {
    let mut leaving = pin!(session.disconnect());
    loop {
        tokio::select! {
            biased;
            _left = &mut leaving => return,
            event = running.next() => if !matches!(event, Some(Ok(_))) {
                return;
            },
        }
    }
}

fn indigestible() -> WireError {
    WireError::broken("the server sent what the library could not digest")
}

fn judge(event: Option<Result<SessionPollResult, StatusCode>>) -> Result<(), WireError> {
    let lost = |code: StatusCode| Err(WireError::broken(format!("the session with the server ended ({code})")));
    match event {
        None => Err(WireError::broken("the server hung up")),
        Some(Err(code) | Ok(SessionPollResult::ConnectionLost(code) | SessionPollResult::ReconnectFailed(code))) => lost(code),
        Some(Ok(SessionPollResult::Subscription(SubscriptionActivity::FatalFailure(code)))) => lost(code),
        // It has as many requests as it wants; the next answer makes place.
        Some(Ok(SessionPollResult::Subscription(SubscriptionActivity::PublishFailed(StatusCode::BadTooManyPublishRequests)))) => Ok(()),
        Some(Ok(SessionPollResult::Subscription(SubscriptionActivity::PublishFailed(code)))) => lost(code),
        // The server answers, be it that it does not run or does not show its state: the values say themselves what they are worth.
        Some(Ok(SessionPollResult::SessionActivity(SessionActivity::KeepAliveFailed(
            StatusCode::BadServerHalted | StatusCode::BadUnknownResponse,
        )))) => Ok(()),
        Some(Ok(SessionPollResult::SessionActivity(SessionActivity::KeepAliveFailed(code)))) => lost(code),
        Some(Ok(_)) => Ok(()),
    }
}

/// What a person can do about a refused session.
fn refused(code: StatusCode, server: &Server) -> String {
    let pki = server.pki.display();
    let what = match code {
        StatusCode::BadCertificateUntrusted | StatusCode::BadSecurityChecksFailed => format!(
            "its certificate or ours is not trusted; move the server's from {pki}/rejected to {pki}/trusted if it is the right one, and let the \
             server trust {pki}/own/cert.der"
        ),
        StatusCode::BadCertificateTimeInvalid | StatusCode::BadCertificateHostNameInvalid | StatusCode::BadCertificateUriInvalid => {
            "the server's certificate is past its date or names another host; give it a new one, or set pinned_is_enough = true".into()
        }
        StatusCode::BadIdentityTokenRejected | StatusCode::BadUserAccessDenied | StatusCode::BadIdentityTokenInvalid => {
            "the server does not know this user or password".into()
        }
        StatusCode::BadTooManySessions => "the server has no place for another session; close some, or wait until they time out".into(),
        _ => "the server refused the session".into(),
    };
    format!("{what} ({code})")
}

fn settings(server: &Server) -> ClientConfig {
    let builder = ClientBuilder::new()
        .application_name("Millwright")
        .application_uri(server.application_uri.clone())
        .product_uri("urn:millwright")
        .session_name("Millwright")
        .session_timeout(server.session_timeout_ms)
        .session_retry_limit(0)
        .recreate_subscriptions(false)
        // Judged here, not by the library, which would go on half-dead.
        .max_failed_keep_alive_count(0)
        // Else a server whose clock is hours off is asked for new keys all the time, or never. Source times are not touched by it.
        .ignore_clock_skew(true)
        .channel_lifetime(3_600_000)
        .request_timeout(PATIENCE)
        .publish_timeout(PATIENCE * 60)
        .min_publish_interval(Duration::from_millis(10));
    bounded(builder).into_config()
}

/// Whatever a server sends, it takes no more memory than this.
fn bounded(builder: ClientBuilder) -> ClientBuilder {
    builder
        .max_message_size(MESSAGE)
        .max_chunk_count(FRAMES)
        .max_chunk_size(FRAME)
        .max_incoming_chunk_size(FRAME)
        .max_array_length(ELEMENTS)
        .max_string_length(TEXT)
        .max_byte_string_length(TEXT)
}

/// What the server offers, asked over a connection without security, as everybody does: what counts is checked when the session is made.
async fn endpoints(config: &ClientConfig, store: &Arc<RwLock<CertificateStore>>, url: &str) -> Result<Vec<EndpointDescription>, Error> {
    let builder = SessionBuilder::new(config).with_connector(Dialling).connect_to_endpoint_directly(EndpointDescription::from(url))?;
    let channel = builder.build_channel(store.clone())?;
    let mut running = channel.connect_no_retry(&Dial { url: url.into() }).await?;
    let request_header =
        RequestHeader { timestamp: DateTime::now(), request_handle: channel.request_handle(), timeout_hint: 10_000, ..Default::default() };
    let request = GetEndpointsRequest { request_header, endpoint_url: url.into(), locale_ids: None, profile_uris: None };
    let mut asking = pin!(channel.send(request, PATIENCE));
    let answer = loop {
        tokio::select! {
            answer = &mut asking => break answer?,
            event = running.poll() => if let TransportPollResult::Closed(code) = event {
                return Err(Error::new(code, "the server hung up"));
            },
        }
    };
    match answer {
        ResponseMessage::GetEndpoints(answer) => Ok(answer.endpoints.unwrap_or_default()),
        ResponseMessage::ServiceFault(fault) => Err(Error::new(fault.response_header.service_result, "the server does not say what it offers")),
        _ => Err(Error::new(StatusCode::BadUnknownResponse, "the server answered something else than what it offers")),
    }
}

/// Makes connections to the server's own address, whatever address its endpoints name.
struct Dialling;

impl ConnectionSource for Dialling {
    type Builder = Dial;
    fn get_connector(&self, endpoint: &EndpointDescription) -> Result<Dial, Error> {
        Ok(Dial { url: endpoint.endpoint_url.as_ref().into() })
    }
}

struct Dial {
    url: String,
}

type Reading = Frames<OwnedReadHalf>;

impl Connector for Dial {
    type Transport = StreamTransport<Reading, OwnedWriteHalf>;

    async fn connect(
        &self,
        channel: Arc<SecureChannelState>,
        outgoing: RequestRecv,
        config: TransportConfiguration,
    ) -> Result<Self::Transport, Error> {
        StreamConnector::new(dial, self.url.clone()).connect(channel, outgoing, config).await
    }
    fn default_endpoint(&self) -> EndpointDescription {
        EndpointDescription::from(self.url.as_str())
    }
}

async fn dial(url: String, options: DecodingOptions) -> Result<StreamConnection<Reading, OwnedWriteHalf>, Error> {
    let failed = |why: std::io::Error| Error::new(StatusCode::BadCommunicationError, why);
    let place = url.trim_start_matches("opc.tcp://").split('/').next().unwrap_or_default();
    let place = if place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) { place.into() } else { format!("{place}:4840") };
    let stream = TcpStream::connect(place).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let (reading, writing) = stream.into_split();
    Ok(StreamConnection::new(FramedRead::new(Frames::new(reading, FRAME), TcpCodec::new(options)), writing, url))
}
