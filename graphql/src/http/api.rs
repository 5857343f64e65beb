//! GraphQL over HTTP and WebSocket, its schema, and the program's health.

use super::{
    body::{MOST_BYTES, json, refused},
    caller::Caller,
};
use crate::{
    Schema,
    access::{Admission, Sought},
    errors::TOO_SLOW,
    limits::{MOST_SOCKETS, OnSocket, Tally},
    sdl,
    state::AppState,
    types::health::Health,
};
use async_graphql::{Data, http::ALL_WEBSOCKET_PROTOCOLS};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{
    Json,
    body::Body,
    extract::{FromRef, FromRequestParts, State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// How often it is looked at again whether a listener is still signed in.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Whoever listens says little, and a thousand listeners with the usual 128 KiB each are 128 MB. What is longer is read in pieces.
const SAYS_LITTLE: usize = 4 * 1024;
/// Facts that a node may be behind and still be asked: a moment's worth.
const NEARLY: u64 = 1_000;

#[derive(Clone)]
pub struct Served {
    pub schema: Schema,
    pub state: AppState,
    pub sockets: Tally,
}

impl FromRef<Served> for AppState {
    fn from_ref(served: &Served) -> Self {
        served.state.clone()
    }
}

/// One question at a time: a batch would multiply what the limits allow.
pub async fn graphql(State(served): State<Served>, Caller(state): Caller, headers: HeaderMap, body: Body) -> Response {
    match json::<async_graphql::Request>(&headers, body).await {
        Ok(request) => {
            let answer = served.schema.execute(request.data(state)).await;
            let status = if is_too_slow(&answer) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
            (status, Json(answer)).into_response()
        }
        Err(refusal) => refusal,
    }
}

fn is_too_slow(answer: &async_graphql::Response) -> bool {
    let mut codes = answer.errors.iter().filter_map(|error| error.extensions.as_ref()?.get("code"));
    codes.any(|code| *code == async_graphql::Value::from(TOO_SLOW))
}

/// Subscriptions by the protocol `graphql-transport-ws`, until either side ends or the program does.
pub async fn subscribe(
    State(served): State<Served>,
    Caller(state): Caller,
    headers: HeaderMap,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(held) = served.sockets.hold(&state.caller.who) else {
        return refused(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY", &format!("you hold {MOST_SOCKETS} sockets already; close some first"));
    };
    let mut data = Data::default();
    data.insert(state.clone());
    data.insert(OnSocket);
    let upgrade = upgrade.protocols(ALL_WEBSOCKET_PROTOCOLS).max_message_size(MOST_BYTES).read_buffer_size(SAYS_LITTLE);
    upgrade.on_upgrade(move |socket| async move {
        let _held = held;
        tokio::select! {
            () = state.shutdown.cancelled() => {}
            () = no_longer_signed_in(&state, &headers) => {}
            () = GraphQLWebSocket::new(socket, served.schema, protocol).with_data(data).serve() => {}
        }
    })
}

/// Returns when whoever listens has signed out, was forgotten, lost a role, or her session has ended.
async fn no_longer_signed_in(state: &AppState, headers: &HeaderMap) {
    let Admission::SignIn(door) = &state.admission else { return std::future::pending().await };
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        match door.look_at(state, headers).await {
            Ok(Sought::Known(access)) if access == *state.caller => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "whether a listener is still signed in cannot be seen; it has to come again");
                return;
            }
        }
    }
}

pub async fn schema() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], sdl()).into_response()
}

/// 200 once what is shown has caught up with the log and nothing holds it up: this node may be asked. A device that is away changes nothing.
pub async fn ready(State(state): State<AppState>) -> Response {
    let behind = state.projections.lag().iter().map(|lag| lag.head.saturating_sub(lag.next)).max().unwrap_or(0);
    let trouble = state.projections.trouble().is_some();
    let ready = behind <= NEARLY && !trouble;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": ready, "behind": behind, "trouble": trouble }))).into_response()
}

/// 200 when all is well, 503 when not; with the report, for those who are signed in.
pub async fn health(State(state): State<AppState>, mut parts: Parts) -> Response {
    let caller = Caller::from_request_parts(&mut parts, &state).await;
    match Health::of(&state).await {
        Ok(health) if !caller.is_ok_and(|Caller(state)| state.caller.sees_all()) => {
            let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            (status, Json(serde_json::json!({ "ok": health.ok }))).into_response()
        }
        Ok(health) => (if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health)).into_response(),
        Err(cause) => {
            tracing::error!(cause = %cause, "the projections could not be read for the health report");
            refused(StatusCode::SERVICE_UNAVAILABLE, "STORAGE", "the projections cannot be read; the program's log says why")
        }
    }
}
