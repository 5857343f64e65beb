//! What Prometheus reads: the program's own figures as text.

use super::{body::refused, caller::Caller};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use millwright_domain::access::{Deed, Place};

/// The text format of Prometheus, which names its version.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub async fn metrics(Caller(state): Caller) -> Response {
    if let Err(error) = state.allow(Deed::Look, Place::default(), "metrics").await {
        return refused(StatusCode::FORBIDDEN, "NOT_ALLOWED", &error.message);
    }
    ([(header::CONTENT_TYPE, FORMAT)], (state.metrics)()).into_response()
}
