//! Webhooks of outside services: verified over the raw bytes, taken in, answered at once. They come by any name, as their signature says whose they are.

use super::body::{bytes_of_a_stranger, refused};
use crate::{
    inbound::{NotTakenIn, take_in},
    state::AppState,
};
use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use millwright_domain::ports::inbound::{Heard, Knock, KnockRefused};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::Semaphore;

static AT_ONCE: Semaphore = Semaphore::const_new(32);
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn webhook(
    State(state): State<AppState>,
    Path(source): Path<String>,
    method: Method,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(door) = state.door.clone() else { return nobody(&source) };
    if !door.listens_to(&source) {
        return nobody(&source);
    }
    // Until a signature is checked, anybody may be behind it.
    let Ok(_place) = AT_ONCE.try_acquire() else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "BUSY", "too many webhooks at once; send it again");
    };
    let body = match bytes_of_a_stranger(body, door.largest_body(), PATIENCE).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let headers: BTreeMap<String, String> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str().to_string(), value.to_str().ok()?.to_string()))).collect();
    let knock = Knock { source, method: method.to_string(), query, headers, body };
    let now = state.clock.now().wall;
    let source = knock.source.clone();
    // It reads the secret's file.
    let heard = tokio::task::spawn_blocking(move || door.hear(&knock, now)).await;
    match heard {
        Ok(Ok(Heard::Challenge(text))) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        Ok(Ok(Heard::News(news))) => {
            let mut worst = StatusCode::OK;
            for news in news {
                if let Err(why) = take_in(&state, news).await {
                    worst = worst.max(told(&source, &why));
                }
            }
            answered(worst)
        }
        Ok(Err(refusal)) => no(&source, &refusal),
        Err(_gone) => refused(StatusCode::SERVICE_UNAVAILABLE, "STOPPED", "the program is stopping; send it again"),
    }
}

/// A service that is told 5xx sends it again; what cannot be meant would come again for ever.
fn told(source: &str, why: &NotTakenIn) -> StatusCode {
    match why {
        NotTakenIn::CannotBeMeant(reason) => {
            tracing::warn!(source, reason, "news from {source} cannot be meant: {reason}");
            StatusCode::UNPROCESSABLE_ENTITY
        }
        other => {
            tracing::error!(source, error = %other, "news from {source} could not be taken in");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn answered(status: StatusCode) -> Response {
    match status {
        StatusCode::OK => StatusCode::OK.into_response(),
        StatusCode::UNPROCESSABLE_ENTITY => refused(status, "CANNOT_BE_MEANT", "some of it cannot be meant; the program's log says why"),
        other => refused(other, "NOT_TAKEN_IN", "some of it could not be taken in; send it again"),
    }
}

fn no(source: &str, refusal: &KnockRefused) -> Response {
    let (status, code) = match refusal {
        KnockRefused::NobodyListens(_) => return nobody(source),
        KnockRefused::BadSignature => (StatusCode::UNAUTHORIZED, "BAD_SIGNATURE"),
        KnockRefused::Stale(_) => (StatusCode::UNAUTHORIZED, "STALE"),
        KnockRefused::Unreadable(_) => (StatusCode::BAD_REQUEST, "UNREADABLE"),
        KnockRefused::CannotVerify(why) => {
            tracing::error!(source, why, "webhooks of {source} cannot be verified");
            return refused(StatusCode::SERVICE_UNAVAILABLE, "CANNOT_VERIFY", "it cannot be verified here now; send it again");
        }
    };
    tracing::warn!(source, code, "a webhook for {source} was refused: {refusal}");
    refused(status, code, &refusal.to_string())
}

fn nobody(source: &str) -> Response {
    let shown: String = source.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    refused(StatusCode::NOT_FOUND, "NOBODY_LISTENS", &format!("nothing listens at webhooks/{shown}; it is switched off in the settings"))
}

#[cfg(test)]
mod tests {
    use crate::{http::router, testing::House};
    use millwright_domain::{
        Timestamp,
        ports::inbound::{Heard, Inbound, Knock, KnockRefused},
    };
    use std::sync::Arc;

    /// Listens to `github`, and takes what the query says for a challenge.
    struct Echo;

    impl Inbound for Echo {
        fn hear(&self, knock: &Knock, _: Timestamp) -> Result<Heard, KnockRefused> {
            Ok(Heard::Challenge(knock.query.iter().map(|(name, value)| format!("{name}={value};")).collect()))
        }
        fn listens_to(&self, source: &str) -> bool {
            source == "github"
        }
        fn largest_body(&self) -> usize {
            1_000
        }
    }

    #[tokio::test]
    async fn of_a_stranger_no_more_is_read_than_may_be_and_nothing_where_nobody_listens() {
        let mut state = House::open().await.state.clone();
        state.door = Some(Arc::new(Echo));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router(state)).await.unwrap() });
        let client = reqwest::Client::new();
        let post = async |path: &str, bytes: usize| {
            let answer = client.post(format!("http://{address}/webhooks/{path}")).body(vec![b'x'; bytes]).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert_eq!(post("trello", 10).await.0, 404);
        assert_eq!(post("github", 1_001).await.0, 413);
        assert_eq!(post("github?hub.mode=subscribe&hub.challenge=1%202+3&x", 10).await, (200, "hub.mode=subscribe;hub.challenge=1 2 3;x=;".into()));
    }
}
