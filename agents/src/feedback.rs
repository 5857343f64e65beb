//! On an outcome, ask what it says of the thresholds of the signals that had raised the case. The rule counts and decides.

use crate::{
    checkpoint::{self, CannotGoOn},
    insist::{insist, reaction_id, service},
    site_tail::SiteTail,
};
use millwright_commands::{Ask, Commands, LearnThreshold};
use millwright_domain::{
    Event,
    envelope::{Answer, Recorded},
    ids::SignalId,
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    site::Site,
};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;

pub struct Feedback {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    /// Where it keeps how far it has come.
    pub checkpoint: PathBuf,
}

impl Feedback {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CannotGoOn> {
        let mut tail = match checkpoint::load(&self.checkpoint)? {
            Some(seen) => SiteTail::at(self.log.clone(), self.partition.clone(), seen).await?,
            // What ended before there was any feedback was judged by other limits.
            None => SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?,
        };
        checkpoint::save(&self.checkpoint, &tail.position())?;
        loop {
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => facts?,
            };
            let mut reacted = false;
            for fact in &facts {
                for (number, signal) in (0..).zip(signals_in_question(&tail.site, fact)) {
                    let ask = Ask::new(service("svc-feedback"), LearnThreshold { signal });
                    let ask = ask.with_id(reaction_id(fact.id, "threshold", number)).because_of(fact.id);
                    let answered = insist(&self.commands, &*self.clock, &self.partition, ask, &stop).await;
                    if let Some(Answer::Refused { reason, .. }) = answered.map(|answered| answered.answer) {
                        tracing::info!(reason, "an outcome moved no threshold");
                    }
                    reacted = true;
                }
            }
            if stop.is_cancelled() {
                return Ok(());
            }
            if reacted {
                checkpoint::save(&self.checkpoint, &tail.position())?;
            }
        }
    }
}

/// Those of the case that this fact has closed.
fn signals_in_question(site: &Site, fact: &Recorded) -> BTreeSet<SignalId> {
    let Event::OutcomeRecorded(outcome) = &fact.event else { return BTreeSet::new() };
    let file = fact.stream.as_case().filter(|_| outcome.closes).and_then(|case| site.case(case).file());
    file.into_iter().flat_map(|file| &file.evidence).map(|evidence| evidence.signal.clone()).collect()
}
