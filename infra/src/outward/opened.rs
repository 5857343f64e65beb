//! An answer that has begun: read whole, or piece by piece as it comes, up to a bound.

use super::{Reply, SendFailed, request::hide};
use millwright_domain::plain::cleaned;
use std::{error::Error as StdError, time::Duration};

pub struct Opened {
    response: reqwest::Response,
    place: String,
    hidden: Vec<String>,
    largest: usize,
    within: Duration,
    read: usize,
}

impl Opened {
    pub(super) fn new(response: reqwest::Response, place: String, hidden: Vec<String>, largest: usize, within: Duration) -> Self {
        Self { response, place, hidden, largest, within, read: 0 }
    }

    pub fn is_success(&self) -> bool {
        self.response.status().is_success()
    }
    pub fn place(&self) -> &str {
        &self.place
    }

    /// All of it, up to the bound.
    pub async fn whole(mut self) -> Result<Reply, SendFailed> {
        let (status, headers) = (self.response.status().as_u16(), std::mem::take(self.response.headers_mut()));
        let mut reply = Reply::new(status, headers, self.place.clone(), self.hidden.clone());
        while let Some(chunk) = self.response.chunk().await.map_err(|cause| self.broke(cause))? {
            let room = self.largest - reply.body.len();
            reply.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                reply.cut = true;
                break;
            }
        }
        Ok(reply)
    }

    /// What came next; `None` at the end. Past the bound it is as if the answer had broken off.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, SendFailed> {
        let chunk = self.response.chunk().await.map_err(|cause| self.broke(cause))?;
        self.read += chunk.as_ref().map_or(0, |chunk| chunk.len());
        if self.read > self.largest {
            let reason = format!("the answer is longer than {} bytes", self.largest);
            return Err(SendFailed::NoAnswer { place: self.place.clone(), reason });
        }
        Ok(chunk.map(|chunk| chunk.to_vec()))
    }

    fn broke(&self, cause: reqwest::Error) -> SendFailed {
        SendFailed::NoAnswer { place: self.place.clone(), reason: in_words(cause, &self.hidden, self.within) }
    }
}

/// The innermost cause says most; the address in the outermost one would say too much.
pub(super) fn in_words(cause: reqwest::Error, hidden: &[String], within: Duration) -> String {
    if cause.is_timeout() && !cause.is_connect() {
        return format!("nothing came within {} s", within.as_secs());
    }
    let cause = cause.without_url();
    let mut innermost: &dyn StdError = &cause;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    hide(&cleaned(&innermost.to_string(), 300), hidden)
}
