//! What others write to the topic: zombies, strangers, the dead. And what others read from it.

use super::{PATIENCE, demo, drafts, now, owner_of, until, whole_ledger};
use crate::log::kafka::{
    KafkaOptions,
    client::Quiet,
    placing::share_of,
    record::{Outgoing, outgoing},
    testing::Place,
};
use millwright_domain::{
    chain::{ChainTip, StoredRecord},
    codec,
    ports::event_log::EventLog,
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{BorrowedMessage, Headers, Message},
    producer::{BaseProducer, BaseRecord, Producer},
};

/// The records that an owner at `tip` would write.
fn written_at(tip: ChainTip, numbers: std::ops::Range<u64>) -> Vec<Outgoing> {
    let (mut after, batch) = (tip, drafts(numbers));
    let records: Vec<StoredRecord> = batch.iter().map(|draft| after.append(draft, &demo(), now())).collect();
    outgoing(&demo(), &tip, &batch, &records)
}
fn send(options: &KafkaOptions, producer: &BaseProducer<Quiet>, records: Vec<Outgoing>) {
    let (topic, share) = (options.ledger_topic(), share_of(&demo(), options.ledger_partitions) as i32);
    for record in records {
        producer.send(BaseRecord::to(&topic).partition(share).key("demo").payload(&record.payload).headers(record.headers)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_zombie_writes_past_every_fence_is_read_by_nobody_and_counted() {
    let Some(place) = Place::fresh().await else { return };
    let log = place.open().await;
    let mut former = owner_of(&log, &demo()).await;
    former.commit(drafts(0..3), now()).await.unwrap();
    let left_at = former.tip();
    let mut owner = owner_of(&log, &demo()).await;
    owner.commit(drafts(3..5), now()).await.unwrap();
    // No transactional id, so that no broker stops it: the rule by which all read has to.
    let zombie: BaseProducer<Quiet> = place.options.writer().create_with_context(Quiet).unwrap();
    send(&place.options, &zombie, written_at(left_at, 90..93));
    send(&place.options, &zombie, written_at(ChainTip { next_seq: owner.tip().next_seq, ..left_at }, 93..94));
    zombie.flush(PATIENCE).unwrap();
    until("the zombie's records were dropped", || async { log.dropped_records() == 4 }).await;
    owner.commit(drafts(5..6), now()).await.unwrap();
    let here = whole_ledger(&log, &demo(), 100).await;
    assert_eq!(here.len(), 8);
    log.close().await;
    // Another process, which reads it all from the beginning, drops the same.
    std::fs::remove_file(&place.options.index).unwrap();
    let other = place.open().await;
    assert_eq!((whole_ledger(&other, &demo(), 3).await, other.dropped_records()), (here, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_owner_left_half_done_is_undone_by_the_next() {
    let Some(place) = Place::fresh().await else { return };
    let log = place.open().await;
    let mut owner = owner_of(&log, &demo()).await;
    owner.commit(drafts(0..2), now()).await.unwrap();
    let dying: BaseProducer<Quiet> = place.options.owner("demo").create_with_context(Quiet).unwrap();
    dying.init_transactions(PATIENCE).unwrap();
    dying.begin_transaction().unwrap();
    send(&place.options, &dying, written_at(owner.tip(), 90..95));
    dying.flush(PATIENCE).unwrap();
    assert_eq!(whole_ledger(&log, &demo(), 100).await.len(), 3);
    let mut next = owner_of(&log, &demo()).await;
    next.commit(drafts(2..3), now()).await.unwrap();
    assert!(dying.commit_transaction(PATIENCE).is_err());
    let ids: Vec<u128> = whole_ledger(&log, &demo(), 100).await.iter().map(|record| codec::decode(&record.bytes).unwrap().id.0.as_u128()).collect();
    assert_eq!((ids.len(), ids[1], ids[2], ids[4]), (5, 0, 1, 2));
    assert_eq!(log.dropped_records(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_in_the_topic_is_damage_that_also_a_restart_finds() {
    let Some(place) = Place::fresh().await else { return };
    let log = place.open().await;
    let mut owner = owner_of(&log, &demo()).await;
    owner.commit(drafts(0..3), now()).await.unwrap();
    let producer: BaseProducer<Quiet> = place.options.writer().create_with_context(Quiet).unwrap();
    send(&place.options, &producer, written_at(ChainTip { next_seq: 9, ..owner.tip() }, 50..51));
    producer.flush(PATIENCE).unwrap();
    until("the damage is found", || async { log.read_ledger(&demo(), 4, 10).await.is_err() }).await;
    let refused = log.own(&demo(), "test", now()).await.err().unwrap().to_string();
    assert!(refused.contains("seq 9 follows where 4 belongs"), "{refused}");
    // What was before it is still there, and other partitions do not mind.
    assert_eq!(log.read_ledger(&demo(), 0, 10).await.unwrap().len(), 4);
    owner_of(&log, &"ledger/other".parse().unwrap()).await;
    log.close().await;
    assert!(place.open().await.read_ledger(&demo(), 4, 10).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_tool_reads_the_stored_json_and_the_cloud_event_around_it() {
    let Some(place) = Place::fresh().await else { return };
    let log = place.open().await;
    let stored = owner_of(&log, &demo()).await.commit(drafts(7..8), now()).await.unwrap().remove(0);
    let consumer: BaseConsumer<Quiet> = place.options.reader().create_with_context(Quiet).unwrap();
    let mut all = TopicPartitionList::new();
    let share = share_of(&demo(), place.options.ledger_partitions) as i32;
    all.add_partition_offset(&place.options.ledger_topic(), share, Offset::Beginning).unwrap();
    consumer.assign(&all).unwrap();
    let is_ours = |message: &BorrowedMessage<'_>| header(message, "ce_type").as_deref() == Some("io.millwright.KillSwitchReleased.v1");
    let message = std::iter::repeat_with(|| consumer.poll(PATIENCE)).find_map(|polled| polled.unwrap().ok().filter(is_ours)).unwrap();
    assert_eq!((message.key(), message.payload()), (Some(b"demo".as_slice()), Some(stored.bytes.as_slice())));
    let json: serde_json::Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
    assert_eq!(json["type"], "KillSwitchReleased");
    let expected = [
        ("ce_specversion", "1.0"),
        ("ce_id", "00000000-0000-0000-0000-000000000007"),
        ("ce_source", "/millwright/demo"),
        ("ce_subject", "site"),
        ("ce_time", "2023-11-14T22:13:20.000000Z"),
        ("ce_seq", "1"),
        ("ce_epoch", "1"),
        ("ce_streamversion", "8"),
        ("content-type", "application/json"),
    ];
    for (name, value) in expected {
        assert_eq!(header(&message, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(header(&message, "ce_hash"), Some(stored.hash.to_string()));
}

fn header(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let headers = message.headers()?;
    let found = headers.iter().find(|header| header.key == name)?;
    Some(String::from_utf8(found.value?.to_vec()).unwrap())
}
