//! What is decided: a signal learns a baseline. As Millwright's `LearnBaseline`: the rule refuses figures that are none, and gives the next version.

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
pub struct Signal {
    version: u64,
}

pub struct LearnBaseline {
    count: u64,
    mean: f64,
    std: f64,
    p95: f64,
    p99: f64,
    learned_from: i64,
    learned_to: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SignalEvent {
    BaselineLearned { version: u64, count: u64, mean: f64, std: f64, p95: f64, p99: f64, learned_from: i64, learned_to: i64 },
}

#[derive(Debug, thiserror::Error)]
#[error("these figures are no baseline")]
pub struct BadBaseline;

impl LearnBaseline {
    pub fn nth(number: usize) -> Self {
        let at = 1_790_000_000_000_000 + number as i64 * 1_000_000;
        Self { count: 600, mean: 50.0 + (number % 100) as f64, std: 0.5, p95: 51.0, p99: 51.5, learned_from: at, learned_to: at }
    }
}

impl DomainEvent for SignalEvent {
    fn event_type(&self) -> String {
        "BaselineLearned".into()
    }
    fn event_version(&self) -> String {
        "1".into()
    }
}

impl Aggregate for Signal {
    const TYPE: &'static str = "signal";
    type Command = LearnBaseline;
    type Event = SignalEvent;
    type Error = BadBaseline;
    type Services = ();

    async fn handle(&mut self, command: LearnBaseline, (): &(), sink: &EventSink<Self>) -> Result<(), BadBaseline> {
        let LearnBaseline { count, mean, std, p95, p99, learned_from, learned_to } = command;
        if count == 0 || [mean, std, p95, p99].iter().any(|figure| !figure.is_finite()) || std < 0.0 {
            return Err(BadBaseline);
        }
        let version = self.version + 1;
        sink.write(SignalEvent::BaselineLearned { version, count, mean, std, p95, p99, learned_from, learned_to }, self).await;
        Ok(())
    }

    fn apply(&mut self, SignalEvent::BaselineLearned { version, .. }: SignalEvent) {
        self.version = version;
    }
}
