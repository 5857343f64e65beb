//! What goes wrong, when a test wants it: one switchboard before every stand-in, which also remembers what was asked.

use crate::time::{Time, http_date};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::DATE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

const LARGEST_BODY: usize = 8 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers so, and does nothing.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// Closes the connection, and does nothing.
    HangUp,
    /// Does it, and closes the connection without an answer.
    DoneThenHangUp,
    /// Does it, and never answers.
    DoneThenSilence,
    /// Does it and answers, later.
    Late(Duration),
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: r#"{"message":"armed by a test"}"#.into() }
    }
    /// With `retry-after` in seconds: 429, or 503.
    pub fn wait(status: u16, seconds: u64) -> Self {
        Self::Answer { status, headers: vec![("retry-after", seconds.to_string())], body: r#"{"message":"slow down"}"#.into() }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
    /// Names in lower case.
    pub fn all_headers(&self) -> Vec<(String, String)> {
        self.headers.keys().map(|name| (name.as_str().to_string(), self.header(name.as_str()).to_string())).collect()
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Clones share it.
#[derive(Clone, Default)]
pub struct Faults {
    inner: Arc<Mutex<Inner>>,
    silent: watch::Sender<usize>,
    time: Time,
}

#[derive(Default)]
struct Inner {
    armed: VecDeque<Armed>,
    seen: Vec<Seen>,
}

struct Armed {
    method: String,
    path: String,
    times: usize,
    fault: Fault,
}

impl Faults {
    pub(crate) fn new(time: Time) -> Self {
        Self { time, ..Self::default() }
    }
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next `times` requests, whichever they are.
    pub fn next(&self, times: usize, fault: Fault) {
        self.on("", "", times, fault);
    }
    /// The next `times` requests of this method whose path has `path` in it.
    pub fn on(&self, method: &str, path: &str, times: usize, fault: Fault) {
        self.inner().armed.push_back(Armed { method: method.into(), path: path.into(), times, fault });
    }
    pub fn clear(&self) {
        self.inner().armed.clear();
    }
    /// Whether all that was armed has happened.
    pub fn are_over(&self) -> bool {
        self.inner().armed.is_empty()
    }
    pub fn seen(&self) -> Vec<Seen> {
        self.inner().seen.clone()
    }
    /// So many requests of this method whose path has `path` in it.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.inner().seen.iter().filter(|seen| seen.method == method && seen.path.contains(path)).count()
    }
    /// Returns once a request was done and left without an answer.
    pub async fn silent(&self) {
        self.silent.subscribe().wait_for(|silent| *silent > 0).await.map(drop).unwrap_or_default();
    }

    fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut inner = self.inner();
        let fits = |armed: &Armed| (armed.method.is_empty() || armed.method == method) && path.contains(&armed.path);
        let at = inner.armed.iter().position(fits)?;
        let armed = &mut inner.armed[at];
        armed.times -= 1;
        let fault = armed.fault.clone();
        if armed.times == 0 {
            inner.armed.remove(at);
        }
        Some(fault)
    }
}

/// The layer before every stand-in.
pub(crate) async fn stand_before(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let (method, path) = (head.method.as_str().to_string(), head.uri.path().to_string());
    let query = head.uri.query().unwrap_or_default().to_string();
    faults.inner().seen.push(Seen { method: method.clone(), path: path.clone(), query, headers: head.headers.clone(), body: body.clone() });
    let going_on = next.run(Request::from_parts(head, Body::from(body)));
    let mut response = match faults.take(&method, &path) {
        None => going_on.await,
        Some(Fault::Answer { status, headers, body }) => answer(status, headers, body),
        Some(Fault::HangUp) => hang_up(),
        Some(Fault::DoneThenHangUp) => {
            going_on.await;
            hang_up()
        }
        Some(Fault::DoneThenSilence) => {
            going_on.await;
            faults.silent.send_modify(|silent| *silent += 1);
            std::future::pending().await
        }
        Some(Fault::Late(by)) => {
            tokio::time::sleep(by).await;
            going_on.await
        }
    };
    if let Ok(date) = HeaderValue::from_str(&http_date(faults.time.now())) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

fn answer(status: u16, headers: Vec<(&'static str, String)>, body: String) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap_or_default(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().extend(HeaderValue::from_str(&value).ok().map(|value| (HeaderName::from_static(name), value)));
    }
    response
}

/// Unwinds the connection's task, which drops the connection. The panic hook is passed by, so nothing is printed.
pub(crate) fn hang_up() -> ! {
    std::panic::resume_unwind(Box::new("hung up"))
}
