//! How a Kafka client speaks to us: its log lines into ours, its statistics into metrics.

use rdkafka::{
    ClientContext, Statistics,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::KafkaError,
    producer::{DeliveryResult, ProducerContext},
};

/// A client that only logs. Lost connections are its own to mend, so they are no errors of ours.
#[derive(Clone, Copy)]
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        note(level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }
}
impl ConsumerContext for Quiet {}
impl ProducerContext for Quiet {
    type DeliveryOpaque = ();
    /// A record of a transaction that was not delivered fails the commit, which is where it is told.
    fn delivery(&self, _report: &DeliveryResult<'_>, _opaque: ()) {}
}

/// A client that also tells how far it is behind.
#[derive(Clone, Copy)]
pub(super) struct Measured;

impl ClientContext for Measured {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        note(level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }
    fn stats(&self, statistics: Statistics) {
        for (topic, stats) in statistics.topics {
            for (share, part) in stats.partitions.into_iter().filter(|(share, _)| *share >= 0) {
                let labels = [("topic", topic.clone()), ("partition", share.to_string())];
                // What was fetched and taken in, or fetched and nothing of ours: the ends of transactions are records too.
                let done = if part.fetchq_cnt == 0 { part.app_offset.max(part.next_offset) } else { part.app_offset };
                let (lag, open) = (part.hi_offset - done, part.hi_offset - part.ls_offset);
                if part.hi_offset >= 0 && done >= 0 {
                    metrics::gauge!("millwright_kafka_lag_records", &labels).set(lag.max(0) as f64);
                }
                if part.hi_offset >= 0 && part.ls_offset >= 0 {
                    metrics::gauge!("millwright_kafka_lso_lag_records", &labels).set(open.max(0) as f64);
                }
            }
        }
    }
}
impl ConsumerContext for Measured {}

pub(super) fn note(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => tracing::error!(facility, message, "kafka client"),
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => tracing::warn!(facility, message, "kafka client"),
        _ => tracing::debug!(facility, message, "kafka client"),
    }
}
