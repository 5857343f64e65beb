//! The thread that reads the ledger's topic from where it was left, judges every record, and tells everybody.

use super::{
    admission::{Admission, Verdict},
    client::Measured,
    index::{Checkpoint, Index},
    options::KafkaOptions,
    placing::share_of,
    record::{Arrival, arrival},
    view::{Damage, View},
};
use millwright_domain::position::{PartitionId, Position};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{BorrowedMessage, Message},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

const POLL: Duration = Duration::from_millis(100);
/// So many records are judged before they are told of.
const TELL_AFTER: usize = 1_000;
/// The index is written after so many records, or after so long.
const NOTE_AFTER: usize = 1_000;
const NOTE_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Follower {
    consumer: BaseConsumer<Measured>,
    topic: String,
    view: Arc<View>,
    index: Arc<Index>,
    stop: Arc<AtomicBool>,
    shares: HashMap<i32, Share>,
    read: u64,
    fresh: Position,
    barriers: Vec<Uuid>,
}

/// One Kafka partition.
struct Share {
    next_offset: i64,
    caught_up: bool,
    rules: HashMap<PartitionId, Admission>,
    changed: BTreeSet<PartitionId>,
    unnoted: usize,
    noted: Instant,
}

impl Follower {
    /// Blocks: asks the brokers where the topic ends.
    pub(super) fn new(options: &KafkaOptions, view: Arc<View>, index: Arc<Index>, stop: Arc<AtomicBool>) -> KafkaResult<Self> {
        let topic = options.ledger_topic();
        let consumer: BaseConsumer<Measured> =
            options.reader().set("auto.offset.reset", "error").set("statistics.interval.ms", "5000").create_with_context(Measured)?;
        let mut left = index.checkpoints();
        let mut shares = HashMap::new();
        let mut assignment = TopicPartitionList::new();
        for share in 0..options.ledger_partitions as i32 {
            let (first, end) = consumer.fetch_watermarks(&topic, share, options.patience)?;
            let checkpoint = left.remove(&share).unwrap_or_default();
            let begin = checkpoint.next_offset;
            if begin > end || begin < first {
                view.note(|following| following.failed = Some(moved(&topic, share, begin, first, end)));
            }
            view.begin(&checkpoint.ends);
            assignment.add_partition_offset(&topic, share, Offset::Offset(begin))?;
            shares.insert(share, Share::resumed(checkpoint, begin == end));
        }
        consumer.assign(&assignment)?;
        Ok(Self { consumer, topic, view, index, stop, shares, read: 0, fresh: Position::default(), barriers: Vec::new() })
    }

    pub(super) fn run(mut self) {
        self.tell();
        while !self.stop.load(Ordering::Relaxed) {
            self.read_some();
            self.tell();
            self.note_places(false);
        }
        self.note_places(true);
        self.view.note(|following| following.closed = true);
    }

    fn read_some(&mut self) {
        let consumer = &self.consumer;
        let mut wait = POLL;
        for _record in 0..TELL_AFTER {
            match consumer.poll(wait) {
                None => return,
                Some(Ok(message)) => judge(&message, &self.topic, &mut self.shares, &self.view, &mut self.fresh, &mut self.barriers),
                Some(Err(KafkaError::PartitionEOF(share))) => {
                    if let Some(share) = self.shares.get_mut(&share) {
                        share.caught_up = true;
                    }
                }
                Some(Err(cause)) => complain(&cause, &self.topic, &self.view),
            }
            self.read += 1;
            wait = Duration::ZERO;
        }
    }

    fn tell(&mut self) {
        if self.fresh != Position::default() {
            self.view.publish(&std::mem::take(&mut self.fresh));
        }
        for token in self.barriers.drain(..) {
            self.view.passed(token);
        }
        let before = self.view.following().borrow().clone();
        let caught_up = before.caught_up || self.shares.values().all(|share| share.caught_up);
        if !before.caught_up && (caught_up || before.read != self.read) {
            let read = self.read;
            self.view.note(|following| (following.caught_up, following.read) = (caught_up, read));
        }
    }

    /// Only between commits, because an unfinished one would have to be read again from its beginning.
    fn note_places(&mut self, ending: bool) {
        for (number, share) in &mut self.shares {
            let due = share.unnoted >= NOTE_AFTER || (share.unnoted > 0 && (ending || share.noted.elapsed() >= NOTE_EVERY));
            if !due || !share.rules.values().all(Admission::can_be_left) {
                continue;
            }
            let rules = &share.rules;
            let changed = share.changed.iter().filter_map(|partition| Some((partition, rules.get(partition)?.end())));
            self.index.note(*number, share.next_offset, changed);
            share.changed.clear();
            (share.unnoted, share.noted) = (0, Instant::now());
        }
    }
}

impl Share {
    fn resumed(checkpoint: Checkpoint, caught_up: bool) -> Self {
        let rules = checkpoint.ends.into_iter().map(|(partition, end)| (partition, Admission::from(end))).collect();
        Self { next_offset: checkpoint.next_offset, caught_up, rules, changed: BTreeSet::new(), unnoted: 0, noted: Instant::now() }
    }
}

fn judge(message: &BorrowedMessage<'_>, topic: &str, shares: &mut HashMap<i32, Share>, view: &View, fresh: &mut Position, barriers: &mut Vec<Uuid>) {
    let shares_count = shares.len() as u32;
    let Some(share) = shares.get_mut(&message.partition()) else { return };
    share.next_offset = message.offset() + 1;
    share.unnoted += 1;
    let candidate = match arrival(message) {
        Arrival::Fact(candidate) => *candidate,
        Arrival::Barrier(token) => return barriers.push(token),
        Arrival::Foreign => return dropped(view, topic, message, "it is no fact"),
    };
    let partition = candidate.partition.clone();
    if share_of(&partition, shares_count) as i32 != message.partition() {
        return dropped(view, topic, message, "it lies on another partition's share");
    }
    let rule = match share.rules.get_mut(&partition) {
        Some(rule) => rule,
        None => share.rules.entry(partition.clone()).or_default(),
    };
    match rule.take(candidate) {
        Verdict::Held => {}
        Verdict::Whole(records) => {
            let end = rule.end();
            view.take(&partition, end, records);
            fresh.advance(&partition, end.tip.next_seq);
            share.changed.insert(partition);
        }
        Verdict::Dropped(why) => dropped(view, topic, message, why),
        Verdict::Damaged(what) => {
            let place = format!("{topic}, Kafka partition {}, offset {}, {partition}", message.partition(), message.offset());
            tracing::error!(place, what, "the ledger is damaged");
            view.damage(&partition, Damage { place, what });
        }
    }
}

fn dropped(view: &View, topic: &str, message: &BorrowedMessage<'_>, why: &'static str) {
    view.drop_one();
    metrics::counter!("millwright_kafka_dropped_records_total", "topic" => topic.to_owned(), "why" => why).increment(1);
    tracing::warn!(topic, share = message.partition(), offset = message.offset(), why, "a record was dropped");
}

/// Lost connections mend themselves; an offset that is gone does not.
fn complain(cause: &KafkaError, topic: &str, view: &View) {
    match cause.rdkafka_error_code() {
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
            let what = "the topic no longer has the records that come next: its retention or somebody dropped them".into();
            view.note(|following| following.failed = Some(Damage { place: topic.to_owned(), what }));
        }
        _ => tracing::debug!(error = %cause, topic, "reading the ledger"),
    }
}

fn moved(topic: &str, share: i32, begin: i64, first: i64, end: i64) -> Damage {
    let what = if begin < first {
        format!("its records before offset {first} are gone, and {begin} comes next")
    } else {
        format!("it was read to offset {begin} before and ends at {end} now; if it was made anew on purpose, delete the index")
    };
    Damage { place: format!("{topic}, Kafka partition {share}"), what }
}
