//! What Prometheus reads: the program's own figures as text.

use crate::state::AppState;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

/// The text format of Prometheus, which names its version.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub async fn metrics(State(state): State<AppState>) -> Response {
    ([(header::CONTENT_TYPE, FORMAT)], (state.metrics)()).into_response()
}
