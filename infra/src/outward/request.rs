//! A request before it is sent, with what of it must never be shown.

use crate::secret::Secret;
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde::Serialize;
use std::{fmt, time::Duration};

/// Shown instead of what is secret.
const HIDDEN: &str = "…";
/// Parts of a secret path that are shorter are no secrets.
const SHORTEST_SECRET: usize = 8;
/// A longer answer is cut off, unless the request says otherwise.
const LARGEST_ANSWER: usize = 1 << 20;

/// Built up step by step; what is wrong with it is told when it is sent.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
    hidden: Vec<String>,
    is_path_secret: bool,
    largest: usize,
    within: Option<Duration>,
    wrong: Option<String>,
}

impl Request {
    pub fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }
    pub fn post(url: &str) -> Self {
        Self::new(Method::POST, url)
    }
    pub fn put(url: &str) -> Self {
        Self::new(Method::PUT, url)
    }
    pub fn patch(url: &str) -> Self {
        Self::new(Method::PATCH, url)
    }
    pub fn delete(url: &str) -> Self {
        Self::new(Method::DELETE, url)
    }

    pub fn new(method: Method, url: &str) -> Self {
        let (url, wrong) = match Url::parse(url) {
            Ok(url) => (url, None),
            // The text itself may hold a secret.
            Err(cause) => (nowhere(), Some(format!("the address in the settings is none: {cause}"))),
        };
        Self { method, url, headers: Vec::new(), body: None, hidden: Vec::new(), is_path_secret: false, largest: LARGEST_ANSWER, within: None, wrong }
    }

    /// One more part of the path, whatever it holds: `a/b` stays one part.
    pub fn part(mut self, part: &str) -> Self {
        if let Ok(mut parts) = self.url.path_segments_mut() {
            parts.pop_if_empty().push(part);
        }
        self
    }
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => {
                self.wrong = Some(format!("the header {name:?} cannot carry what it should; look for stray characters in the settings or the secret"))
            }
        }
        self
    }
    /// A header whose value is shown nowhere.
    pub fn secret_header(mut self, name: &str, value: &str) -> Self {
        self = self.header(name, value).hide(value);
        if let Some((_, value)) = self.headers.last_mut() {
            value.set_sensitive(true);
        }
        self
    }
    pub fn bearer(self, token: &Secret) -> Self {
        self.hide(token.expose()).secret_header(AUTHORIZATION.as_str(), &format!("Bearer {}", token.expose()))
    }
    /// A text of the URL, of the body or of the answer that must not be shown, such as a token in the path.
    pub fn hide(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            self.hidden.push(secret.to_string());
        }
        self
    }

    /// Nothing but the host may be shown: path and query are as good as a password.
    pub fn secret_path(mut self) -> Self {
        self.is_path_secret = true;
        let (path, query) = (self.url.path().to_string(), self.url.query().unwrap_or_default().to_string());
        // A short part such as `v1` is no secret, and hiding it would hide half of every text.
        let parts = path.split('/').filter(|part| part.len() >= SHORTEST_SECRET);
        parts.fold(self.hide(&query), |request, part| request.hide(part))
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header(CONTENT_TYPE.as_str(), content_type)
    }
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body("application/json", body),
            Err(cause) => {
                self.wrong = Some(format!("it could not be written as JSON: {cause}"));
                self
            }
        }
    }
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        // A URL's query is written just like a form.
        let mut form = nowhere();
        form.query_pairs_mut().extend_pairs(fields);
        self.body("application/x-www-form-urlencoded", form.query().unwrap_or_default())
    }
    /// How many bytes of the answer are read.
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
    }

    /// How long the whole of it may take, where that is not what the settings say of all requests.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Where it goes, as it may be shown: without user, query, fragment and secrets.
    pub fn place(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let path = if self.is_path_secret { format!("/{HIDDEN}") } else { self.url.path().to_string() };
        let shown = format!("{}://{}{port}{path}", self.url.scheme(), self.url.host_str().unwrap_or_default());
        hide(&shown, &self.hidden)
    }
    pub(super) fn url(&self) -> &Url {
        &self.url
    }
    pub(super) fn hidden(&self) -> &[String] {
        &self.hidden
    }
    pub(super) fn largest_answer(&self) -> usize {
        self.largest
    }

    pub(super) fn time(&self) -> Option<Duration> {
        self.within
    }

    pub(super) fn build(self, client: &reqwest::Client) -> Result<reqwest::Request, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let mut request = client.request(self.method, self.url);
        if let Some(within) = self.within {
            request = request.timeout(within);
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        request.build().map_err(|cause| cause.without_url().to_string())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.place())
    }
}

pub(super) fn hide(text: &str, hidden: &[String]) -> String {
    hidden.iter().fold(text.to_string(), |text, secret| text.replace(secret.as_str(), HIDDEN))
}

fn nowhere() -> Url {
    Url::parse("http://invalid./").expect("this is a URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_where_it_goes_and_no_secret() {
        let request =
            Request::post("https://api.example/bot12:AAtoken/send?key=k1#f").query("token", "t1").hide("12:AAtoken").secret_header("x-key", "k2");
        assert_eq!(format!("{request:?}"), "POST https://api.example/bot…/send");
        let hook = Request::post("https://hooks.example/services/T0AbCdEfGh?k=v").secret_path();
        assert_eq!(format!("{hook:?}"), "POST https://hooks.example/…");
        assert_eq!(Request::get("https://user:pass@api.example:8443/a").place(), "https://api.example:8443/a");
    }

    #[test]
    fn a_part_of_a_path_stays_one_part() {
        assert_eq!(Request::get("https://a.example/v1/").part("../x?y#z").part("ü").place(), "https://a.example/v1/..%2Fx%3Fy%23z/%C3%BC");
    }

    #[test]
    fn what_is_wrong_with_it_is_told_when_it_is_sent() {
        let client = reqwest::Client::new();
        assert!(Request::get("no address with secret").build(&client).unwrap_err().contains("the address in the settings is none"));
        let refused = Request::get("https://a.example").secret_header("authorization", "Bearer a\nb").build(&client).unwrap_err();
        assert!(refused.contains("authorization") && !refused.contains("a\nb"), "{refused}");
    }
}
