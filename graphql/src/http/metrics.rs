//! What Prometheus reads: the program's own figures as text.

use super::caller::Caller;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// The text format of Prometheus, which names its version.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub async fn metrics(Caller(state): Caller) -> Response {
    ([(header::CONTENT_TYPE, FORMAT)], (state.metrics)()).into_response()
}
