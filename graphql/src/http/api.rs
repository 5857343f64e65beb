//! GraphQL over HTTP and WebSocket, its schema, and the program's health.

use super::body::{MOST_BYTES, json, refused};
use crate::{Schema, sdl, state::AppState, types::health::Health};
use async_graphql::http::ALL_WEBSOCKET_PROTOCOLS;
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{
    Json,
    body::Body,
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

/// One question at a time: a batch would multiply what the limits allow.
pub async fn graphql(State((schema, _)): State<(Schema, AppState)>, headers: HeaderMap, body: Body) -> Response {
    match json::<async_graphql::Request>(&headers, body).await {
        Ok(request) => Json(schema.execute(request).await).into_response(),
        Err(refusal) => refusal,
    }
}

/// Subscriptions by the protocol `graphql-transport-ws`, until either side ends or the program does.
pub async fn subscribe(State((schema, state)): State<(Schema, AppState)>, protocol: GraphQLProtocol, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols(ALL_WEBSOCKET_PROTOCOLS).max_message_size(MOST_BYTES).on_upgrade(move |socket| async move {
        tokio::select! {
            () = state.shutdown.cancelled() => {}
            () = GraphQLWebSocket::new(socket, schema, protocol).serve() => {}
        }
    })
}

pub async fn schema() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], sdl()).into_response()
}

/// 200 when all is well, 503 with the same report when not.
pub async fn health(State(state): State<AppState>) -> Response {
    match Health::of(&state).await {
        Ok(health) => (if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health)).into_response(),
        Err(cause) => {
            tracing::error!(cause = %cause, "the projections could not be read for the health report");
            refused(StatusCode::SERVICE_UNAVAILABLE, "STORAGE", "the projections cannot be read; the program's log says why")
        }
    }
}
