//! Every five minutes, look at the parts of the house and say what changed; every day and every four hours, say what they came to.

mod counting;
mod work;

use crate::{
    fact_tail::{FactTail, TailError},
    insist::{insist, service},
};
use chrono::TimeDelta;
use counting::Counting;
use millwright_commands::{Ask, Command, Commands, ReportParts, ReportSummary, SendLetter};
use millwright_domain::{
    Timestamp,
    envelope::Answer,
    ids::{LetterId, derived},
    letter::{Addressee, LetterKind},
    parts::{SummaryKind, SummaryReported},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    priority::Priority,
};
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How often the parts are looked at.
pub const CHECK_EVERY: TimeDelta = TimeDelta::minutes(5);

/// Asked at each check: the parts that do not work, and why.
pub type Failing = Arc<dyn Fn() -> BTreeMap<String, String> + Send + Sync>;

pub struct HealthWatch {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub failing: Failing,
}

impl HealthWatch {
    /// Runs until told to stop. What heals between two checks is nobody's business but the log's.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut counting = Counting::default();
        let mut tail = FactTail::seen_to_the_end(self.log.clone(), self.partition.clone(), |fact| counting.take(fact)).await?;
        // Not at once: at the start some parts are only on their way.
        let mut next_check = self.clock.now().wall + CHECK_EVERY;
        loop {
            let now = self.clock.now().wall;
            counting.turn_to(now);
            counting.forget_stale(now);
            if let Some(over) = counting.over().cloned() {
                self.report(&over, &stop).await;
                counting.reported();
                if stop.is_cancelled() {
                    return Ok(());
                }
                continue;
            }
            let next = counting.next_end().map_or(next_check, |end| end.min(next_check));
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.clock.wall_reaches(next) => {
                    let now = self.clock.now().wall;
                    if now >= next_check {
                        self.check(now, &stop).await;
                        next_check = now + CHECK_EVERY;
                    }
                    tail.up_to_now().await?
                }
                facts = tail.next() => facts?,
            };
            facts.iter().for_each(|fact| counting.take(fact));
        }
    }

    async fn check(&self, now: Timestamp, stop: &CancellationToken) {
        let failing = (self.failing)();
        self.ask("svc-health", ReportParts { failing }.into(), "check", now, stop).await;
    }

    async fn report(&self, over: &SummaryReported, stop: &CancellationToken) {
        let SummaryReported { kind, from, to, figures, work } = over.clone();
        let (by, letter) = match kind {
            SummaryKind::Daily => ("svc-health", None),
            SummaryKind::Progress => ("svc-monkey", self.letter(over)),
        };
        self.ask(by, ReportSummary { kind, from, to, figures, work }.into(), "summary", to, stop).await;
        if let Some(letter) = letter {
            self.ask(by, letter.into(), "letter", to, stop).await;
        }
    }

    /// To everybody on the crew, once for each stretch: its id follows from that.
    fn letter(&self, report: &SummaryReported) -> Option<SendLetter> {
        let site = self.partition.as_site()?;
        let body = [vec![report.line(&site)], report.lines()].concat().join("\n");
        let letter = LetterId(derived(&format!("{site}/{}", report.to.micros()), "progress", 0));
        let (to, kind, priority) = (Addressee::Everyone, LetterKind::TaskUpdate, Priority::Low);
        Some(SendLetter { letter, to, kind, priority, body, words: None, case: None, task: None, in_reply_to: None, requires_ack: false })
    }

    async fn ask(&self, by: &'static str, command: Command, what: &str, at: Timestamp, stop: &CancellationToken) {
        // The rules know what is news, so a check that is asked for twice is one.
        let ask = Ask::new(service(by), command);
        let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
        if let Some(Answer::Refused { reason, .. }) = answered.map(|answered| answered.answer) {
            tracing::warn!(what, %at, reason, "a report on the house was refused: {reason}");
        }
    }
}
