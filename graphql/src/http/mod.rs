//! The HTTP side: which path leads where, and what guards them all.

mod api;
mod audit;
mod body;
mod false_positives;
mod guard;
mod metrics;
mod page;
mod review;
mod scenario;
mod webhooks;

use crate::state::AppState;
use axum::{
    Router, middleware,
    routing::{any, get, post},
};

/// Everything under one address. Serves only whoever calls it by a local name, see `guard.rs`.
pub fn router(state: AppState) -> Router {
    let schema = crate::schema(state.clone());
    let graphql = Router::new().route("/graphql", post(api::graphql)).route("/graphql/ws", get(api::subscribe)).with_state((schema, state.clone()));
    Router::new()
        .route("/webhooks/{source}", any(webhooks::webhook))
        .route("/health", get(api::health))
        .route("/audit/checkpoints", get(audit::checkpoints))
        .route("/audit/export", get(audit::export))
        .route("/metrics", get(metrics::metrics))
        .route("/schema.graphql", get(api::schema))
        .route("/review/approve", post(review::approve))
        .route("/review/edit", post(review::edit))
        .route("/review/close", post(review::close))
        .route("/review/false-positives", get(false_positives::false_positives))
        .route("/scenario/status", get(scenario::status))
        .route("/scenario/load", post(scenario::load))
        .route("/scenario/start", post(scenario::start))
        .route("/scenario/stop", post(scenario::stop))
        .route("/scenario/repair", post(scenario::repair))
        .fallback(page::page)
        .with_state(state)
        .merge(graphql)
        .layer(middleware::from_fn(guard::guard))
}
