//! Finding things again: the index, reading from far back, and what retention has left.

use super::{demo, drafts, now, owner_of, whole_ledger};
use crate::log::kafka::{client::Quiet, testing::Place};
use millwright_domain::{
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
    reading::{Reading, Scan},
};
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    config::FromClientConfigAndContext,
};

fn scan(number: u64) -> Scan {
    let readings = vec![Reading::measured("plc/speed".parse().unwrap(), number as f64)];
    Scan { site: "demo".parse().unwrap(), device: "plc".parse().unwrap(), epoch: 1, scan: number, scanned_at: now(), received_at: now(), readings }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_gives_the_same_from_memory_by_the_index_and_without_it() {
    let Some(place) = Place::fresh().await else { return };
    let log = place.open().await;
    // Two that share a Kafka partition, so that each is read among the other's records.
    let (one, two): (PartitionId, PartitionId) = ("ledger/one".parse().unwrap(), PartitionId::platform());
    let mut owners = [owner_of(&log, &one).await, owner_of(&log, &two).await];
    for step in 0..10 {
        for owner in &mut owners {
            owner.commit(drafts(step * 300..(step + 1) * 300), now()).await.unwrap();
        }
    }
    let expected = [whole_ledger(&log, &one, 1000).await, whole_ledger(&log, &two, 1000).await];
    assert_eq!(expected.each_ref().map(Vec::len), [3001, 3001]);
    log.close().await;

    let by_index = place.open().await;
    // The second process is in the middle at once: what is older than its start is read from the topic.
    assert_eq!(
        by_index.read_ledger(&one, 2500, 3).await.unwrap().into_items().map(|(_, record)| record).collect::<Vec<_>>(),
        expected[0][2500..2503]
    );
    assert_eq!([whole_ledger(&by_index, &one, 70).await, whole_ledger(&by_index, &two, 4000).await], expected);
    by_index.close().await;

    std::fs::remove_file(&place.options.index).unwrap();
    let without = place.open().await;
    assert_eq!([whole_ledger(&without, &one, 1000).await, whole_ledger(&without, &two, 1000).await], expected);
    let mut owner = owner_of(&without, &two).await;
    owner.commit(drafts(0..1), now()).await.unwrap();
    assert_eq!((owner.tip().next_seq, owner.tip().epoch), (3003, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_shorter_than_it_was_is_refused() {
    let Some(mut place) = Place::fresh().await else { return };
    let log = place.open().await;
    owner_of(&log, &demo()).await.commit(drafts(0..3), now()).await.unwrap();
    log.close().await;
    let prefix = std::mem::take(&mut place.options.prefix);
    let admin: AdminClient<Quiet> = AdminClient::from_config_and_context(&place.options.client(), Quiet).unwrap();
    place.options.prefix = prefix;
    admin.delete_topics(&[&place.options.ledger_topic()], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    super::until("the topic is made anew", || async { crate::log::kafka::topics::init(&place.options).await.is_ok() }).await;
    let refused = place.open().await.head().await.unwrap_err();
    // Seen at the end of the topic, or, while the broker still makes it, at the place where reading goes on.
    let says_so = |what: &str| what.contains("delete the index") || what.contains("somebody dropped them");
    assert!(matches!(&refused, LogError::Damaged { what, .. } if says_so(what)), "{refused}");
    std::fs::remove_file(&place.options.index).unwrap();
    assert_eq!(place.open().await.head().await.unwrap().next(&demo()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_that_retention_has_dropped_are_skipped() {
    let Some(place) = Place::fresh().await else { return };
    let log = place.open().await;
    let behind = log.append_readings((0..40).map(scan).collect()).await.unwrap();
    let (partition, end) = behind.partitions().next().map(|(partition, end)| (partition.clone(), end)).unwrap();
    assert_eq!(end, 40);
    let drop_to = async |offset| {
        let admin: AdminClient<Quiet> = AdminClient::from_config_and_context(&place.options.client(), Quiet).unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&place.options.readings_topic(), partition.name().parse().unwrap(), offset).unwrap();
        admin.delete_records(&offsets, &AdminOptions::new()).await.unwrap();
    };
    drop_to(Offset::Offset(15)).await;
    log.close().await;
    let log = place.open().await;
    let read = log.read_readings(&partition, 3, 5).await.unwrap();
    assert_eq!((read.next(), read.into_items().map(|(seq, scan)| (seq, scan.scan)).next()), (20, Some((15, 15))));
    drop_to(Offset::End).await;
    log.close().await;
    let log = place.open().await;
    let read = log.read_readings(&partition, 3, 5).await.unwrap();
    assert_eq!((read.next(), read.len()), (40, 0));
}
