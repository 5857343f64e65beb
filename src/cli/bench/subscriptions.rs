//! A change of a case to each of 1,000 sockets that listen for it, as a page does: from the command's answer to the message at each.

use super::{Measured, at_work::AtWork, percentile, scaled, worked_s};
use crate::{
    configured::Configured,
    settings::{Mode, Settings},
};
use anyhow::{Context, Result, bail, ensure};
use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use millwright_commands::{Ask, Command, IssueToken, RaiseAlert, SetGrants};
use millwright_domain::{
    access::{Grant, Role},
    case::{AlertRaised, Severity},
    envelope::Answer,
    ids::{ActorId, AssetId, CaseId, TokenId},
    policy::Policy,
    ports::{
        clock::Clock,
        credentials::{Credentials, Token},
    },
    position::{PartitionId, Position},
};
use millwright_infra::clock::SystemClock;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{
    net::TcpStream,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};
use uuid::Uuid;

const SUBSCRIPTIONS: u64 = 1_000;
const CHANGES: u64 = 60;
const EVERY: Duration = Duration::from_millis(500);
const GOAL_MS: f64 = 1_000.0;
/// One client may hold 64 sockets.
const SOCKETS_OF_A_CLIENT: u64 = 60;
const PATIENCE: Duration = Duration::from_secs(60);
const ADMIN: &str = "bench";

/// What the page listens to on every screen (`web/src/api/changes.ts`).
const CASES: &str = "subscription($after: Position) { caseChanged(after: $after) { case {
    id site assetId status stage openedAt closedAt changedAt alerts severity onlyLate asset { id name area line } diagnosis { cause confidence }
    evidence { signal kind feature magnitude current expected windowS at } outcome { outcome by at trueCause } actions { id yes }
    asset { health { site asset state openCases worstSeverity lastAlertAt lockedOut { by tag at } closedCases repaired falseAlarms lastOutcome lastOutcomeAt } } } } }";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A case was told of at one of the sockets.
struct Told {
    listener: u64,
    case: CaseId,
    at: Instant,
}

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let (listeners, changes) = (scaled(SUBSCRIPTIONS, scale), scaled(CHANGES, scale));
    let program = AtWork::start(folder, 1, Policy::default(), |settings, configured| furnished(settings, configured, changes)).await?;
    let tokens = clients(&program, listeners.div_ceil(SOCKETS_OF_A_CLIENT)).await?;
    let after = program.projections.position().to_string();
    let (tell, mut told) = mpsc::unbounded_channel();
    let opening = (0..listeners).map(|listener| {
        let token = &tokens[(listener / SOCKETS_OF_A_CLIENT) as usize];
        listening(program.address, token, &after)
    });
    let sockets: Vec<Socket> = stream::iter(opening).buffered(16).try_collect().await?;
    let listening: Vec<_> = (0..).zip(sockets).map(|(listener, socket)| tokio::spawn(listen(listener, socket, tell.clone()))).collect();
    drop(tell);

    let before = worked_s();
    let mut answered = HashMap::new();
    let mut ticks = tokio::time::interval(EVERY);
    for number in 0..changes {
        ticks.tick().await;
        let (case, at) = raised(&program, number).await?;
        answered.insert(case, at);
    }
    let arrived = arrivals(&mut told, &answered, listeners * changes).await;
    let worked = (worked_s() - before) * 1e3 / changes as f64;
    listening.iter().for_each(tokio::task::JoinHandle::abort);
    program.stop().await;
    let Arrived { mut took_ms, messages } = arrived;
    took_ms.sort_by(f64::total_cmp);
    let worst = took_ms.last().copied().context("no socket was told of any change")?;
    Ok(Measured {
        unit: "ms, the slowest",
        ours: worst,
        peer: "the goal",
        peers: GOAL_MS,
        ratio: Some(GOAL_MS / worst),
        goal: "each of 1,000 subscriptions gets each change within 1 s",
        more: json!({
            "subscriptions": listeners,
            "clients": tokens.len(),
            "changes": changes,
            "came": took_ms.len(),
            "missed": listeners * changes - took_ms.len() as u64,
            "p50_ms": percentile(&took_ms, 0.5),
            "p99_ms": percentile(&took_ms, 0.99),
            "processor_ms_a_change_with_its_clients": worked,
            "messages_in_all": messages,
        }),
    })
}

/// Tokens tell clients apart, and each change is a new case on a machine of its own.
fn furnished(settings: &mut Settings, configured: &mut Configured, machines: u64) {
    settings.access.mode = Mode::SignIn;
    settings.operator = ADMIN.into();
    for site in &mut configured.sites {
        let pump = site.plant.assets.first().cloned();
        let more =
            (0..machines).filter_map(|number| Some(millwright_domain::plant::Asset { id: machine(number).ok()?, signals: vec![], ..pump.clone()? }));
        site.plant.assets.extend(more);
    }
}

fn machine(number: u64) -> Result<AssetId> {
    Ok(format!("machine-{number}").parse()?)
}

/// Tokens of so many programs that may look.
async fn clients(program: &AtWork, count: u64) -> Result<Vec<String>> {
    let mut tokens = vec![];
    let mut position = Position::default();
    for number in 0..count {
        let holder: ActorId = format!("agent-screen-{number}").parse()?;
        let grants = vec![Grant { role: Role::Viewer, site: None, area: None }];
        position.merge(&asked(program, SetGrants { principal: holder.clone(), grants }).await?);
        let expires_at = SystemClock.now().wall + chrono::TimeDelta::days(1);
        let token = Token { id: TokenId(Uuid::now_v7()), holder, at_most: Role::Viewer, expires_at };
        let Token { id, holder, at_most, .. } = token.clone();
        position.merge(&asked(program, IssueToken { token: id, holder, label: "bench".into(), at_most, expires_at }).await?);
        tokens.push(program.credentials.keep_token(&token)?);
    }
    program.projections.reached(&position, PATIENCE).await?;
    Ok(tokens)
}

async fn asked(program: &AtWork, command: impl Into<Command>) -> Result<Position> {
    let answered = program.commands.ask(&PartitionId::platform(), Ask::new(ADMIN.parse()?, command)).await?;
    match answered.answer {
        Answer::Done { .. } => Ok(answered.position),
        other => bail!("a command was answered {other:?}"),
    }
}

/// A new case, and when its alert was answered.
async fn raised(program: &AtWork, number: u64) -> Result<(CaseId, Instant)> {
    let alert = AlertRaised::new(machine(number)?, "bench", Severity::High);
    let answered = program.commands.ask(&program.site, Ask::new("svc-monitor".parse()?, RaiseAlert { alert })).await?;
    match answered.answer {
        Answer::Done { subject: Some(case), .. } => Ok((case.parse()?, Instant::now())),
        other => bail!("an alert was answered {other:?}"),
    }
}

/// A socket that listens behind a position.
async fn listening(address: SocketAddr, token: &str, after: &str) -> Result<Socket> {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let (mut socket, _) = connect_async_with_config(request, Some(listener()), false).await.context("a socket was not opened")?;
    send(&mut socket, json!({ "type": "connection_init" })).await?;
    let greeted = socket.next().await.context("a socket was closed at once")??;
    ensure!(greeted.to_text()?.contains("connection_ack"), "a socket was greeted with {greeted}");
    send(&mut socket, json!({ "id": "1", "type": "subscribe", "payload": { "query": CASES, "variables": { "after": after } } })).await?;
    Ok(socket)
}

/// With little room for what comes: it is cleared before each read, and in the bench it is the program's processor that does so.
fn listener() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(4 * 1024)
}

async fn send(socket: &mut Socket, message: Value) -> Result<()> {
    Ok(socket.send(Message::text(message.to_string())).await?)
}

async fn listen(listener: u64, mut socket: Socket, tell: UnboundedSender<Told>) {
    while let Some(Ok(message)) = socket.next().await {
        let at = Instant::now();
        let Ok(text) = message.to_text() else { continue };
        let told: Value = serde_json::from_str(text).unwrap_or_default();
        match told.pointer("/payload/data/caseChanged/case/id").and_then(Value::as_str).and_then(|case| case.parse().ok()) {
            Some(case) if tell.send(Told { listener, case, at }).is_err() => return,
            Some(_) => {}
            None if text.is_empty() => {}
            None => tracing::error!("a socket was told {text}"),
        }
    }
}

struct Arrived {
    /// Of the first message of each case at each socket.
    took_ms: Vec<f64>,
    /// With those of what followed in the same cases.
    messages: u64,
}

/// Until all have come, or nothing more comes.
async fn arrivals(told: &mut UnboundedReceiver<Told>, answered: &HashMap<CaseId, Instant>, expected: u64) -> Arrived {
    let (mut seen, mut arrived) = (HashSet::new(), Arrived { took_ms: vec![], messages: 0 });
    while (arrived.took_ms.len() as u64) < expected {
        let Ok(Some(Told { listener, case, at })) = tokio::time::timeout(PATIENCE, told.recv()).await else { break };
        let Some(begun) = answered.get(&case) else { continue };
        arrived.messages += 1;
        if seen.insert((listener, case)) {
            arrived.took_ms.push(at.saturating_duration_since(*begun).as_secs_f64() * 1e3);
        }
    }
    arrived
}
