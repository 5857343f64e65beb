//! An address that takes whatever is sent to it, and keeps it: for looking at webhooks.

use crate::{Faults, Seen, Served, Time, serve};
use axum::Router;
use std::io;

pub struct Ear {
    served: Served,
    pub faults: Faults,
}

impl Ear {
    pub async fn start() -> io::Result<Self> {
        let faults = Faults::new(Time::default());
        let served = serve(Router::new().fallback(|| async { "" }), faults.clone()).await?;
        Ok(Self { served, faults })
    }
    /// Where `source` sends its webhooks.
    pub fn url(&self, source: &str) -> String {
        format!("{}/webhooks/{source}", self.served.url())
    }
    /// In the order in which it came.
    pub fn heard(&self) -> Vec<Seen> {
        self.faults.seen()
    }
}
