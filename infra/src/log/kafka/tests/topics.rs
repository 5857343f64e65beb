//! Topics that would break the log's promises are refused, with what to do about it.

use crate::log::kafka::{KafkaLog, KafkaOptions, OpenError, TopicError, client::Quiet, testing::Place, topics, topics::Made};
use rdkafka::{
    admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier},
    config::FromClientConfigAndContext,
};
use std::time::Duration;

async fn set(options: &KafkaOptions, topic: &str, setting: &str, value: &str) {
    set_all(options, topic, &[(setting, value)]).await;
}
async fn set_all(options: &KafkaOptions, topic: &str, settings: &[(&str, &str)]) {
    let admin: AdminClient<Quiet> = AdminClient::from_config_and_context(&options.client(), Quiet).unwrap();
    let change = settings.iter().fold(AlterConfig::new(ResourceSpecifier::Topic(topic)), |change, (setting, value)| change.set(setting, value));
    admin.alter_configs([&change], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
}
async fn refusal(options: &KafkaOptions) -> String {
    match KafkaLog::open(options.clone()).await {
        Err(OpenError::Topics(refused)) => refused.to_string(),
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_not_there_is_named_with_the_command_that_makes_it() {
    let Some(mut place) = Place::fresh().await else { return };
    place.options.prefix += "-else";
    let expected = format!(
        "topic {}-else.ledger does not exist at {}; make it with `millwright kafka init`",
        &place.options.prefix[..37],
        place.options.bootstrap
    );
    assert_eq!(refusal(&place.options).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_forgets_is_refused_until_it_is_mended() {
    let Some(place) = Place::fresh().await else { return };
    let topic = place.options.ledger_topic();
    set(&place.options, &topic, "retention.ms", "604800000").await;
    let expected = format!("topic {topic} has retention.ms 604800000 and needs -1; mend it with `millwright kafka init`");
    assert_eq!(refusal(&place.options).await, expected);
    set(&place.options, &topic, "cleanup.policy", "compact").await;
    assert!(refusal(&place.options).await.contains("cleanup.policy compact and needs delete"));
    topics::init(&place.options).await.unwrap();
    place.open().await.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_that_take_no_large_records_are_refused_and_ones_that_take_larger_are_not() {
    let Some(place) = Place::fresh().await else { return };
    let topic = place.options.ledger_topic();
    let keep = [("retention.ms", "-1"), ("retention.bytes", "-1"), ("min.insync.replicas", "1")];
    set_all(&place.options, &topic, &[&keep[..], &[("max.message.bytes", "1048588")]].concat()).await;
    let expected = format!("topic {topic} has max.message.bytes 1048588 and needs at least 8388608; mend it with `millwright kafka init`");
    assert_eq!(refusal(&place.options).await, expected);
    set_all(&place.options, &topic, &[&keep[..], &[("max.message.bytes", "9000000")]].concat()).await;
    topics::check(&place.options).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn making_the_topics_tells_how_safe_records_are_and_what_to_do_about_it() {
    let Some(place) = Place::fresh().await else { return };
    let made = topics::init(&place.options).await.unwrap();
    assert_eq!((made.copies, made.in_sync), (1, 1));
    assert!(made.brokers > 0);
    assert!(made.advice().unwrap().contains("copies of each record: 1"));
    assert_eq!(Made { copies: 3, ..made }.advice(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_number_of_partitions_is_refused_and_cannot_be_mended() {
    let Some(mut place) = Place::fresh().await else { return };
    place.options.ledger_partitions = 5;
    let refused = refusal(&place.options).await;
    assert!(refused.contains("has partitions 2 and needs 5; it cannot be changed once there are records"), "{refused}");
    assert!(matches!(topics::init(&place.options).await, Err(TopicError::Unfit { setting: "partitions", .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_copies_are_refused() {
    let Some(mut place) = Place::fresh().await else { return };
    place.options.replication = 3;
    assert!(refusal(&place.options).await.contains("has replication 1 and needs at least 3"));
    (place.options.replication, place.options.min_insync) = (1, 2);
    assert!(refusal(&place.options).await.contains("has min.insync.replicas 1 and needs 2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_does_not_answer_is_named() {
    let options = KafkaOptions { bootstrap: "127.0.0.1:1".into(), patience: Duration::from_millis(300), ..KafkaOptions::default() };
    assert_eq!(refusal(&options).await, "Kafka at 127.0.0.1:1 did not answer; check that it runs, and the address and security settings");
}
