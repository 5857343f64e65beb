//! The library's requests, sent by our one way out: the same addresses, trust and bounds as everything else that leaves the house.

use crate::outward::{Outward, Request, SendFailed};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use std::pin::Pin;
use thiserror::Error;

/// The largest that is read: a provider's list of keys has a few thousand bytes.
const LARGEST: usize = 256 * 1024;

pub struct Road(pub Outward);

#[derive(Debug, Error)]
pub enum RoadError {
    #[error(transparent)]
    Send(#[from] SendFailed),
    #[error("{0} answered with more than {LARGEST} bytes")]
    TooLong(String),
    #[error("an answer that is none")]
    Odd(#[from] http::Error),
}

impl<'c> AsyncHttpClient<'c> for Road {
    type Error = RoadError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, RoadError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Road {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, RoadError> {
        let (head, body) = request.into_parts();
        let mut going = Request::new(head.method, &head.uri.to_string()).at_most(LARGEST);
        let mut content_type = String::new();
        for (name, value) in &head.headers {
            let value = value.to_str().unwrap_or_default();
            if *name == http::header::CONTENT_TYPE {
                content_type = value.into();
            } else if *name == http::header::AUTHORIZATION {
                going = going.secret_header(name.as_str(), value);
            } else {
                going = going.header(name.as_str(), value);
            }
        }
        if !body.is_empty() {
            going = going.body(&content_type, body);
        }
        let reply = self.0.send(going).await?;
        if reply.cut {
            return Err(RoadError::TooLong(reply.place));
        }
        let mut response = http::Response::builder().status(reply.status).body(reply.body)?;
        *response.headers_mut() = reply.headers;
        Ok(response)
    }
}
