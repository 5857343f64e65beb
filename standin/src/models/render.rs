//! Putting an answer on the wire: whole, in pieces, or broken.

use super::script::{End, Given, half};
use crate::faults::hang_up;
use axum::{
    Json,
    body::{Body, Bytes},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde_json::Value;
use std::{future::pending, io, time::Duration};

const BEFORE_IT_BREAKS: Duration = Duration::from_millis(30);

pub(super) fn error(status: u16, retry_after: Option<u64>, body: Value) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap_or_default(), Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

pub(super) async fn whole(end: End, body: Value) -> Response {
    match end {
        End::Whole => Json(body).into_response(),
        End::BreaksOff => hang_up(),
        End::Stalls => pending().await,
    }
}

/// The text in pieces, only half of it if it will not come to its end.
pub(super) fn pieces(given: &Given) -> Vec<String> {
    let text = if given.end == End::Whole { &given.text[..] } else { &given.text[..half(&given.text)] };
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(12).map(|piece| piece.iter().collect()).collect()
}

/// `before` the end is what comes in any case; `after` it only if the answer is whole.
pub(super) fn streamed(kind: &'static str, end: End, before: Vec<String>, after: Vec<String>) -> Response {
    let taken = |text: String| Ok::<_, io::Error>(Bytes::from(text));
    let body = match end {
        End::Whole => Body::from_stream(stream::iter(before.into_iter().chain(after).map(taken))),
        End::BreaksOff => {
            // What was said before is to arrive before the end does.
            let broken = stream::once(async {
                tokio::time::sleep(BEFORE_IT_BREAKS).await;
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "broken off"))
            });
            Body::from_stream(stream::iter(before.into_iter().map(taken)).chain(broken))
        }
        End::Stalls => Body::from_stream(stream::iter(before.into_iter().map(taken)).chain(stream::pending())),
    };
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

pub(super) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}
pub(super) fn named_event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

/// The first field that is not among those that are known.
pub(super) fn unknown<'a>(body: &'a Value, known: &[&str]) -> Option<&'a str> {
    body.as_object()?.keys().map(String::as_str).find(|key| !known.contains(key))
}
