//! Commands on their way to the owner of their partition, and what they look like on the topic.

use super::super::{
    client::Quiet,
    options::KafkaOptions,
    record::{TRACEPARENT, cloud_event, text, traced},
};
use millwright_domain::{Timestamp, ids::CommandId, ports::cluster::Forwarded, position::PartitionId};
use rdkafka::{
    Message,
    config::FromClientConfigAndContext,
    error::KafkaError,
    message::{Headers, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer},
    util::Timeout,
};
use std::time::Duration;

const ASK: &str = "io.millwright.Ask.v1";

pub(super) struct Courier {
    producer: FutureProducer<Quiet>,
    topic: String,
    patience: Duration,
}

impl Courier {
    pub fn new(options: &KafkaOptions) -> Result<Self, KafkaError> {
        let mut client = options.writer();
        client.set("linger.ms", "0").set("message.timeout.ms", options.patience.as_millis().to_string());
        let producer = FutureProducer::from_config_and_context(&client, Quiet)?;
        Ok(Self { producer, topic: options.commands_topic(), patience: options.patience })
    }

    /// Returns once the brokers have it.
    pub async fn send(&self, share: u32, command: &Forwarded) -> Result<(), KafkaError> {
        let headers = headers(command);
        let partition = i32::try_from(share).unwrap_or(i32::MAX);
        let record = FutureRecord::to(&self.topic).partition(partition).key(command.partition.name()).payload(&command.ask).headers(headers);
        self.producer.send(record, Timeout::After(self.patience)).await.map(drop).map_err(|(cause, _unsent)| cause)
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        if let Err(error) = self.producer.flush(Duration::from_secs(1)) {
            tracing::debug!(%error, "a command may not have left before the end; its asker asks again");
        }
    }
}

fn headers(command: &Forwarded) -> OwnedHeaders {
    let headers = cloud_event(&command.command.to_string(), &command.partition, ASK);
    traced(headers.insert(text("ce_gooduntil", &command.good_until.micros().to_string())), command.trace)
}

/// Reads a command, trusting nothing: anybody may have written to the topic.
pub(super) fn arrived<M: Message>(message: &M) -> Option<Forwarded> {
    let headers = message.headers()?;
    let header = |key: &str| headers.iter().find(|header| header.key == key).and_then(|header| std::str::from_utf8(header.value?).ok());
    if header("ce_type")? != ASK {
        return None;
    }
    let partition: PartitionId = std::str::from_utf8(message.key()?).ok()?.parse().ok()?;
    let command: CommandId = header("ce_id")?.parse().ok()?;
    let good_until = Timestamp::from_micros(header("ce_gooduntil")?.parse().ok()?);
    let trace = header(TRACEPARENT).and_then(|context| context.parse().ok());
    Some(Forwarded { partition, command, good_until, ask: message.payload()?.to_vec(), trace })
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{ids::CaseId, trace::TraceContext};
    use rdkafka::message::{OwnedMessage, Timestamp as KafkaTime};
    use uuid::Uuid;

    fn carried(command: &Forwarded, change: impl FnOnce(OwnedHeaders) -> OwnedHeaders) -> Option<Forwarded> {
        let (key, bytes) = (command.partition.name().as_bytes().to_vec(), command.ask.clone());
        arrived(&OwnedMessage::new(Some(bytes), Some(key), "t".into(), KafkaTime::NotAvailable, 0, 7, Some(change(headers(command)))))
    }

    #[test]
    fn a_command_carries_the_trace_of_its_case_and_is_decided_without_one_all_the_same() {
        let command = |trace: Option<TraceContext>| Forwarded {
            partition: PartitionId::platform(),
            command: CommandId(Uuid::from_u128(7)),
            good_until: Timestamp::from_secs(9),
            ask: b"{}".to_vec(),
            trace,
        };
        let traced = command(Some(TraceContext::of_case(CaseId(Uuid::new_v5(&Uuid::nil(), b"case")))));
        assert_eq!(carried(&traced, |headers| headers), Some(traced.clone()));
        let names: Vec<String> = headers(&traced).iter().map(|header| header.key.to_string()).collect();
        assert!(names.contains(&"ce_traceparent".to_string()), "{names:?}");
        assert_eq!(carried(&command(None), |headers| headers), Some(command(None)));
        let odd = carried(&command(None), |headers| headers.insert(text(TRACEPARENT, "00-nonsense")));
        assert_eq!(odd, Some(command(None)));
    }
}
