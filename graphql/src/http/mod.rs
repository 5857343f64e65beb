//! The HTTP side: which path leads where, and what guards them all.

mod api;
mod audit;
mod body;
mod caller;
mod false_positives;
mod guard;
mod metrics;
mod oidc;
mod page;
mod pictures;
mod review;
mod scenario;
mod sign_in;
mod webhooks;

use crate::{
    limits::{MOST_SOCKETS, Tally},
    state::AppState,
};
use audit::Exports;
use axum::{
    Extension, Router, middleware,
    routing::{any, get, post},
};

const MOST_EXPORTS: usize = 2;

/// Everything under one address. Which name it is called by, `guard.rs` looks at; who calls, `caller.rs`.
pub fn router(state: AppState) -> Router {
    let schema = crate::schema(state.clone());
    let graphql = Router::new().route("/graphql", post(api::graphql)).route("/graphql/ws", get(api::subscribe)).with_state(api::Served {
        schema,
        state: state.clone(),
        sockets: Tally::of(MOST_SOCKETS),
    });
    Router::new()
        .route("/webhooks/{source}", any(webhooks::webhook))
        .route("/health", get(api::health))
        .route("/ready", get(api::ready))
        .route("/audit/checkpoints", get(audit::checkpoints))
        .route("/audit/export", get(audit::export).layer(Extension(Exports::at_once(MOST_EXPORTS))))
        .route("/inspections/{name}", get(pictures::picture))
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
        .route("/access/me", get(sign_in::me))
        .route("/access/sign-in", post(sign_in::sign_in))
        .route("/access/sign-out", post(sign_in::sign_out))
        .route("/access/password", post(sign_in::password))
        .route("/access/oidc/{id}", get(oidc::leave))
        .route("/access/oidc/{id}/back", get(oidc::back))
        .fallback(page::page)
        .with_state(state.clone())
        .merge(graphql)
        .layer(middleware::from_fn_with_state(state, guard::guard))
}
