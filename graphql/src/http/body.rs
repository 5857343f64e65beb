//! Reading a request's JSON within its limit, and saying no in JSON.

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;

/// The largest question; what people and programs ask has a few thousand bytes.
pub const MOST_BYTES: usize = 256 * 1024;
/// Who takes longer over a few thousand bytes does so on purpose.
const BODY_WITHIN: Duration = Duration::from_secs(15);
/// So much of what is too large is still taken in, so that the sender reads our answer instead of a broken connection.
const MOST_DRAINED: usize = 32 * 1024 * 1024;

/// A refusal in the shape of GraphQL errors, so that every client shows it.
pub fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "errors": [{ "message": message, "extensions": { "code": code } }] }))).into_response()
}

pub async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Response> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Demanded so that no plain HTML form of another page can send what we would take.
    if !content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "NOT_JSON", "send `content-type: application/json`"));
    }
    let bytes = match tokio::time::timeout(BODY_WITHIN, bytes_up_to(body, MOST_BYTES)).await {
        Ok(bytes) => bytes?,
        Err(_elapsed) => return Err(refused(StatusCode::REQUEST_TIMEOUT, "TOO_SLOW", "the body did not arrive in time; send it again")),
    };
    serde_json::from_slice(&bytes)
        .map_err(|cause| refused(StatusCode::BAD_REQUEST, "BAD_JSON", &format!("the body is not the JSON it should be: {cause}")))
}

/// Of somebody whom we do not know yet: no byte more than the limit, and not for ever.
pub async fn bytes_of_a_stranger(body: Body, most: usize, patience: Duration) -> Result<Vec<u8>, Response> {
    match tokio::time::timeout(patience, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(_cut)) => Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", &format!("the body is larger than {most} bytes, or broke off"))),
        Err(_elapsed) => Err(refused(StatusCode::REQUEST_TIMEOUT, "TOO_SLOW", "the body did not arrive in time; send it again")),
    }
}

pub async fn bytes_up_to(body: Body, most: usize) -> Result<Vec<u8>, Response> {
    let mut bytes = Vec::new();
    let mut length = 0;
    let mut frames = body.into_data_stream();
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|cause| refused(StatusCode::BAD_REQUEST, "CUT_OFF", &format!("the body did not arrive whole: {cause}")))?;
        length += frame.len();
        if length <= most {
            bytes.extend_from_slice(&frame);
        } else if length > MOST_DRAINED {
            break;
        }
    }
    if length > most {
        let message = format!("the body is larger than {most} bytes; ask for less at once");
        return Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", &message));
    }
    Ok(bytes)
}
