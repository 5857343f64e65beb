//! Sends the trace of each case to whoever keeps traces, from the facts themselves: what could not be sent is sent later, and nothing waits for it.

mod tree;

use crate::{
    checkpoint::{self, CannotGoOn},
    fact_tail::FactTail,
    said_once::SaidOnce,
};
use chrono::TimeDelta;
use millwright_domain::{
    envelope::Recorded,
    ports::{
        clock::Clock,
        event_log::EventLog,
        traces::{NotTraced, Span, Traces},
    },
    position::PartitionId,
};
use std::{collections::VecDeque, path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;
use tree::Tree;

/// Spans in a request.
const AT_ONCE: usize = 500;
/// While the keeper of traces is away, the oldest beyond so many are let go.
const MOST_UNSENT: usize = 20_000;
const AGAIN_AFTER: TimeDelta = TimeDelta::seconds(15);
/// Who stops waits so long for the last ones.
const LAST_WITHIN: TimeDelta = TimeDelta::seconds(2);
/// Without a place kept here: another node may have ended in the middle of this, and what comes twice is the same span.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(10);

pub struct Tracer {
    pub log: Arc<dyn EventLog>,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub traces: Arc<dyn Traces>,
    /// The share of cases that are traced, 0 to 1.
    pub share: f64,
    /// Where it keeps how far it has come.
    pub checkpoint: PathBuf,
}

impl Tracer {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CannotGoOn> {
        let seen: Option<u64> = checkpoint::load(&self.checkpoint)?;
        let since = self.clock.now().wall - LOOK_BACK;
        let is_new = |fact: &Recorded| seen.map_or(fact.recorded_at >= since, |seen| fact.seq >= seen);
        let (mut tree, mut unsent) = (Tree::default(), VecDeque::new());
        let mut tail = FactTail::seen_to_the_end(self.log.clone(), self.partition.clone(), |fact| {
            let spans = tree.grow(fact);
            if is_new(fact) {
                self.take(&mut unsent, spans);
            }
        })
        .await?;
        let mut said = SaidOnce::default();
        while self.send(&mut unsent, &mut said, &stop).await {
            checkpoint::save(&self.checkpoint, &tail.position())?;
            // A case's facts alone are worth a place on disk.
            while unsent.is_empty() && !stop.is_cancelled() {
                let facts = tokio::select! {
                    biased;
                    () = stop.cancelled() => tail.up_to_now().await?,
                    facts = tail.next() => facts?,
                };
                facts.iter().for_each(|fact| self.take(&mut unsent, tree.grow(fact)));
            }
            if stop.is_cancelled() {
                break;
            }
        }
        // What is left is tried once more, and otherwise comes at the next start.
        let until = self.clock.now().wall + LAST_WITHIN;
        let sent = tokio::select! {
            biased;
            sent = self.send_once(&mut unsent) => sent.is_ok(),
            () = self.clock.wall_reaches(until) => false,
        };
        if sent {
            checkpoint::save(&self.checkpoint, &tail.position())?;
        }
        Ok(())
    }

    fn take(&self, unsent: &mut VecDeque<Span>, spans: Vec<Span>) {
        unsent.extend(spans.into_iter().filter(|span| span.context.is_among(self.share)));
        let over = unsent.len().saturating_sub(MOST_UNSENT);
        unsent.drain(..over);
    }

    /// Until all are sent; `false` when told to stop before.
    async fn send(&self, unsent: &mut VecDeque<Span>, said: &mut SaidOnce, stop: &CancellationToken) -> bool {
        loop {
            let sent = tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                sent = self.send_once(unsent) => sent,
            };
            let Err(why) = sent else { return true };
            let now = self.clock.now().wall;
            if said.is_news(&why.to_string(), now) {
                tracing::warn!(partition = %self.partition, %why, "{why}; they are sent again until they are taken");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                () = self.clock.wall_reaches(now + AGAIN_AFTER) => {}
            }
        }
    }

    async fn send_once(&self, unsent: &mut VecDeque<Span>) -> Result<(), NotTraced> {
        while !unsent.is_empty() {
            let count = unsent.len().min(AT_ONCE);
            self.traces.keep(&unsent.make_contiguous()[..count]).await?;
            unsent.drain(..count);
        }
        Ok(())
    }
}
