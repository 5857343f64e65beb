//! What all providers have in common: a request is sent once, an answer is read whole or in pieces, and a failure is told apart.

use super::{
    frames::{Frames, Framing},
    heard::Heard,
};
use crate::{
    outward::{Opened, Outward, Reply, Request, SendFailed},
    secret::{Secret, SecretSource},
};
use async_trait::async_trait;
use millwright_domain::{
    model_call::{Answer, CallFailed, Prompt, Spent, Usage, token_bound},
    ports::language_model::{LanguageModel, Tell, Vectors},
};
use serde_json::Value;
use std::time::Duration;

/// Longer answers than any model gives, by far.
const LARGEST_ANSWER: usize = 8 << 20;
/// A hundred texts of a thousand numbers each.
const LARGEST_VECTORS: usize = 32 << 20;

/// How one provider is spoken to: requests and answers in its own shape. Pure.
pub(super) trait Dialect: Send + Sync {
    /// Without a key where the provider needs one, the provider says so.
    fn request(&self, prompt: &Prompt, key: Option<&Secret>, streaming: bool) -> Result<Request, CallFailed>;
    fn whole(&self, prompt: &Prompt, body: &Value) -> Result<Heard, String>;
    fn framing(&self) -> Framing {
        Framing::ServerSentEvents
    }
    /// Takes one frame of a stream in, and says whether it was the last.
    fn frame(&self, prompt: &Prompt, frame: &str, heard: &mut Heard) -> Result<Over, String>;
    /// Where a provider means something else by a status than most do.
    fn failed(&self, _reply: &Reply) -> Option<CallFailed> {
        None
    }
    fn counting(&self, _prompt: &Prompt, _key: Option<&Secret>) -> Option<Request> {
        None
    }
    fn counted(&self, _body: &Value) -> Option<u64> {
        None
    }
    fn embedding(&self, _texts: &[String], _key: Option<&Secret>) -> Option<Request> {
        None
    }
    fn embedded(&self, _body: &Value) -> Result<Embedded, String> {
        Err("it makes no vectors".into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Yes,
    No,
}

pub(super) struct Embedded {
    pub vectors: Vec<Vec<f32>>,
    pub usage: Option<Usage>,
    pub model: String,
}

/// A deployment that is spoken to in one dialect.
pub struct Spoken<D> {
    dialect: D,
    outward: Outward,
    key: Option<SecretSource>,
}

impl<D: Dialect> Spoken<D> {
    pub(super) fn new(dialect: D, outward: Outward, key: Option<SecretSource>) -> Self {
        Self { dialect, outward, key }
    }

    fn key(&self) -> Result<Option<Secret>, CallFailed> {
        let read = self.key.as_ref().map(SecretSource::active).transpose();
        read.map_err(|cause| CallFailed::NotAuthorised(cause.to_string()))
    }

    async fn open(&self, request: Request, within: Duration) -> Result<Opened, CallFailed> {
        let opened = self.outward.open(request.within(within).at_most(LARGEST_ANSWER)).await.map_err(|failed| no_answer(failed, 0))?;
        if opened.is_success() {
            return Ok(opened);
        }
        // That it was refused is known, and why may get lost on the way.
        let reply = opened.whole().await.map_err(|failed| no_answer(failed, 0))?;
        Err(self.dialect.failed(&reply).unwrap_or_else(|| refused(&reply)))
    }

    async fn body(&self, request: Request, within: Duration) -> Result<Value, CallFailed> {
        let reply = self.open(request, within).await?.whole().await.map_err(|failed| no_answer(failed, 0))?;
        reply.json().map_err(|said| CallFailed::BadAnswer { said, usage: None })
    }
}

#[async_trait]
impl<D: Dialect> LanguageModel for Spoken<D> {
    async fn complete(&self, prompt: &Prompt, within: Duration) -> Result<Answer, CallFailed> {
        let request = self.dialect.request(prompt, self.key()?.as_ref(), false)?;
        let place = request.place();
        let body = self.body(request, within).await?;
        let heard = self.dialect.whole(prompt, &body).map_err(|said| unreadable(&place, &said, None))?;
        heard.into_answer(prompt, &place)
    }

    async fn stream(&self, prompt: &Prompt, within: Duration, tell: Tell<'_>) -> Result<Answer, CallFailed> {
        let request = self.dialect.request(prompt, self.key()?.as_ref(), true)?;
        let opened = self.open(request, within).await?;
        let place = opened.place().to_string();
        let (mut frames, mut heard) = (Frames::new(opened, self.dialect.framing()), Heard::default());
        loop {
            let bytes = heard.bytes();
            let Some(frame) = frames.next().await.map_err(|failed| no_answer(failed, bytes))? else {
                let said = format!("{place} broke off in the middle of its answer");
                return Err(CallFailed::BrokenOff { said, heard: bytes });
            };
            let told = heard.text.len();
            let over = self.dialect.frame(prompt, &frame, &mut heard);
            if let Some(new) = heard.text.get(told..).filter(|new| !new.is_empty()) {
                tell(new);
            }
            match over {
                Ok(Over::Yes) => return heard.into_answer(prompt, &place),
                Ok(Over::No) => {}
                Err(said) => return Err(CallFailed::BrokenOff { said: format!("{place} broke off its answer: {said}"), heard: heard.bytes() }),
            }
        }
    }

    async fn count(&self, prompt: &Prompt, within: Duration) -> Option<u64> {
        let request = self.dialect.counting(prompt, self.key().ok()?.as_ref())?;
        self.dialect.counted(&self.body(request, within).await.ok()?)
    }

    async fn vectors(&self, texts: &[String], within: Duration) -> Result<Vectors, CallFailed> {
        let none = || CallFailed::Refused("this provider makes no vectors; choose another deployment".into());
        let request = self.dialect.embedding(texts, self.key()?.as_ref()).ok_or_else(none)?.within(within).at_most(LARGEST_VECTORS);
        let place = request.place();
        let reply = self.outward.send(request).await.map_err(|failed| no_answer(failed, 0))?;
        if !reply.is_success() {
            return Err(self.dialect.failed(&reply).unwrap_or_else(|| refused(&reply)));
        }
        let body: Value = reply.json().map_err(|said| CallFailed::BadAnswer { said, usage: None })?;
        let Embedded { vectors, usage, model } = self.dialect.embedded(&body).map_err(|said| unreadable(&place, &said, None))?;
        if vectors.len() != texts.len() || vectors.iter().any(|vector| vector.is_empty() || vector.iter().any(|number| !number.is_finite())) {
            return Err(unreadable(&place, &format!("{} texts were sent and {} vectors came back", texts.len(), vectors.len()), usage));
        }
        let bound = Usage { input: texts.iter().map(|text| token_bound(text) + 8).sum(), ..Usage::default() };
        let spent = usage.map_or(Spent { usage: bound, source: millwright_domain::model_call::Source::Estimated }, Spent::told);
        Ok(Vectors { vectors, spent, model })
    }
}

fn no_answer(failed: SendFailed, heard: u64) -> CallFailed {
    let said = failed.to_string();
    match failed {
        SendFailed::NotSent { .. } => CallFailed::NotSent(said),
        SendFailed::NoAnswer { .. } if heard > 0 => CallFailed::BrokenOff { said, heard },
        SendFailed::NoAnswer { .. } => CallFailed::TimedOut { said, heard },
    }
}

pub(super) fn unreadable(place: &str, said: &str, usage: Option<Usage>) -> CallFailed {
    CallFailed::BadAnswer { said: format!("{place} answered what was not asked for: {said}"), usage }
}

/// What a status means to most providers.
fn refused(reply: &Reply) -> CallFailed {
    let words = reply.words();
    let colon = if words.is_empty() { "" } else { ": " };
    let said = format!("{} answered {}{colon}{words}", reply.place, reply.status);
    match reply.status {
        401..=403 => CallFailed::NotAuthorised(format!("{said}; mend the key under models.deployments, or what it may do")),
        404 => CallFailed::NotAuthorised(format!("{said}; mend `model` or `api` under models.deployments")),
        429 => CallFailed::RateLimited { said, wait: reply.retry_after() },
        503 if reply.retry_after().is_some() => CallFailed::RateLimited { said, wait: reply.retry_after() },
        503 | 529 => CallFailed::Overloaded(said),
        408 | 500.. => CallFailed::Failed(said),
        300..=399 => CallFailed::NotAuthorised(format!("{said}: it has moved, and redirects are not followed; mend `api` under models.deployments")),
        _ => CallFailed::Refused(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_means_the_same_to_every_provider() {
        for (status, headers, kind) in [
            (400, vec![], "refused"),
            (401, vec![], "not_authorised"),
            (403, vec![], "not_authorised"),
            (404, vec![], "not_authorised"),
            (408, vec![], "failed"),
            (413, vec![], "refused"),
            (429, vec![("retry-after", "7")], "rate_limited"),
            (500, vec![], "failed"),
            (502, vec![], "failed"),
            (503, vec![], "overloaded"),
            (503, vec![("retry-after", "7")], "rate_limited"),
            (529, vec![], "overloaded"),
            (302, vec![], "not_authorised"),
        ] {
            assert_eq!(refused(&Reply::of(status, &headers, "")).kind(), kind, "{status}");
        }
        let CallFailed::RateLimited { wait, .. } = refused(&Reply::of(429, &[("retry-after", "7")], "")) else { panic!("not limited") };
        assert_eq!(wait, Some(Duration::from_secs(7)));
    }
}
