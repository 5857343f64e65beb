//! The thread of one owner: all calls of a transaction block, so they have a thread of their own.

use super::{
    client::Quiet,
    failure::{Class, classify},
    options::KafkaOptions,
    record::Outgoing,
};
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, Producer},
};
use std::{
    sync::mpsc::{self, Receiver, Sender},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long one call may block before it is made again.
const STEP: Duration = Duration::from_secs(1);
/// `poll` always takes as long as it is given.
const LOOK: Duration = Duration::from_millis(1);

/// How a transaction failed. After any failure the producer is gone.
#[derive(Debug)]
pub(super) struct Failure {
    pub cause: KafkaError,
    /// Somebody else has the partition now, or this producer is broken; else Kafka did not answer in time.
    pub fatal: bool,
    /// Whether the transaction may be committed nevertheless: only the log knows.
    pub in_doubt: bool,
}

struct Order {
    records: Vec<Outgoing>,
    reply: oneshot::Sender<Result<(), Failure>>,
}

/// Ends its thread when it is dropped.
pub(super) struct Transactor {
    orders: Sender<Order>,
}

impl Transactor {
    /// Fences whoever wrote the partition before, and waits until what he left half-done is undone.
    pub(super) async fn start(options: &KafkaOptions, partition: &str, share: u32) -> Result<Self, Failure> {
        let (orders, queue) = mpsc::channel();
        let (reply, ready) = oneshot::channel();
        let work = Work {
            client: options.owner(partition),
            topic: options.ledger_topic(),
            share: share as i32,
            key: partition.to_owned(),
            patience: options.patience,
        };
        let spawned = std::thread::Builder::new().name(format!("own-{partition}")).spawn(move || work.run(reply, &queue));
        spawned.map_err(|cause| fatal(KafkaError::ClientCreation(cause.to_string())))?;
        ready.await.unwrap_or_else(|_ended| Err(fatal(KafkaError::Canceled)))?;
        Ok(Self { orders })
    }

    /// Writes the records in one transaction.
    pub(super) async fn write(&self, records: Vec<Outgoing>) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        if self.orders.send(Order { records, reply }).is_err() {
            return Err(fatal(KafkaError::Canceled));
        }
        answer.await.unwrap_or_else(|_ended| Err(Failure { in_doubt: true, ..fatal(KafkaError::Canceled) }))
    }
}

fn fatal(cause: KafkaError) -> Failure {
    Failure { cause, fatal: true, in_doubt: false }
}

struct Work {
    client: rdkafka::ClientConfig,
    topic: String,
    share: i32,
    key: String,
    patience: Duration,
}

impl Work {
    fn run(self, ready: oneshot::Sender<Result<(), Failure>>, queue: &Receiver<Order>) {
        let producer = match self.begin() {
            Ok(producer) => producer,
            Err(failure) => return tell(ready, Err(failure)),
        };
        tell(ready, Ok(()));
        while let Ok(Order { records, reply }) = queue.recv() {
            let written = self.write(&producer, &records);
            let failed = written.is_err();
            tell(reply, written);
            if failed {
                break;
            }
        }
    }

    fn begin(&self) -> Result<BaseProducer<Quiet>, Failure> {
        let producer: BaseProducer<Quiet> = self.client.create_with_context(Quiet).map_err(fatal)?;
        let deadline = Instant::now() + self.patience;
        // Only for the connection that it makes: without one, the coordinator is looked for again only half a second later.
        producer.client().fetch_watermarks(&self.topic, self.share, self.patience).map_err(|cause| Failure {
            cause,
            fatal: false,
            in_doubt: false,
        })?;
        self.again_until(deadline, || producer.init_transactions(STEP)).map_err(|(cause, class)| Failure {
            cause,
            fatal: class != Class::Retriable,
            in_doubt: false,
        })?;
        Ok(producer)
    }

    /// One transaction; begun again with the same bytes as long as Kafka says that nothing of it was written.
    fn write(&self, producer: &BaseProducer<Quiet>, records: &[Outgoing]) -> Result<(), Failure> {
        let deadline = Instant::now() + self.patience;
        loop {
            producer.begin_transaction().map_err(fatal)?;
            let mut in_doubt = false;
            let written = self.produce(producer, records, deadline).and_then(|()| {
                self.drain(producer, deadline);
                in_doubt = true;
                self.again_until(deadline, || producer.commit_transaction(STEP))
            });
            let Err((cause, class)) = written else { return Ok(()) };
            match class {
                Class::Fatal => return Err(Failure { cause, fatal: true, in_doubt }),
                Class::Retriable => return Err(Failure { cause, fatal: false, in_doubt }),
                Class::Abort => {
                    tracing::warn!(partition = self.key, error = %cause, "a commit was aborted by Kafka; it is tried again");
                    self.again_until(deadline, || producer.abort_transaction(STEP)).map_err(|(cause, class)| Failure {
                        cause,
                        fatal: class == Class::Fatal,
                        in_doubt: false,
                    })?;
                    if Instant::now() >= deadline {
                        return Err(Failure { cause, fatal: false, in_doubt: false });
                    }
                }
            }
        }
    }

    fn produce(&self, producer: &BaseProducer<Quiet>, records: &[Outgoing], deadline: Instant) -> Result<(), (KafkaError, Class)> {
        for record in records {
            loop {
                let sent = BaseRecord::to(&self.topic).partition(self.share).key(&self.key).payload(&record.payload).headers(record.headers.clone());
                match producer.send(sent) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) if Instant::now() < deadline => {
                        producer.poll(Duration::from_millis(50));
                    }
                    // The transaction has failed already; aborting it tells whether it may be tried again.
                    Err((cause @ KafkaError::MessageProduction(RDKafkaErrorCode::InvalidTransactionalState | RDKafkaErrorCode::State), _)) => {
                        return Err((cause, Class::Abort));
                    }
                    Err((cause, _)) => {
                        let class = classify(&cause);
                        return Err((cause, class));
                    }
                }
            }
        }
        Ok(())
    }

    /// Serves delivery reports until all are in. The commit would do it too, but looks only ten times a second.
    fn drain(&self, producer: &BaseProducer<Quiet>, deadline: Instant) {
        while producer.in_flight_count() > 0 && Instant::now() < deadline {
            producer.poll(LOOK);
        }
    }

    fn again_until(&self, deadline: Instant, call: impl Fn() -> Result<(), KafkaError>) -> Result<(), (KafkaError, Class)> {
        loop {
            let Err(cause) = call() else { return Ok(()) };
            let class = classify(&cause);
            if class != Class::Retriable || Instant::now() >= deadline {
                return Err((cause, class));
            }
        }
    }
}

/// Whoever asked may have stopped waiting; his owner is spent then.
fn tell(reply: oneshot::Sender<Result<(), Failure>>, with: Result<(), Failure>) {
    drop(reply.send(with));
}
