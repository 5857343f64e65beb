//! The collector's disk is full while the log is away.

use super::{Plan, partition, servers::Kafka};
use millwright_domain::{Event, envelope::Recorded};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "ten thousand scans wait in memory before one is given up, which takes a minute; make test-long runs it"]
async fn what_a_full_disk_could_not_keep_is_reported_and_the_program_goes_on() {
    let Some(kafka) = Kafka::own().await else { return };
    let mut cluster = Plan::on(&kafka).nodes(&["ann"]).every_ms(4).with("STORE_FORWARD__MAX_MB", "1").laid_out().await;
    cluster.node_mut("ann").small_disk = Some((Path::new("spool/north").into(), 256));
    cluster.start("ann").await;
    cluster.settled().await;
    let (dropped_before, epoch) = (cluster.node("ann").figure("millwright_scans_dropped_total").await, cluster.collector("north").await.1);
    assert_eq!(dropped_before, 0.0);

    kafka.kill(1).await;
    super::until("scans are given up", async || (cluster.node("ann").figure("millwright_device_scans_dropped_total").await > 0.0).then_some(()))
        .await;
    kafka.start(1).await;
    let reported = |facts: &[Recorded]| {
        facts.iter().find_map(|fact| match &fact.event {
            Event::ReadingsDropped(dropped) => Some(dropped.clone()),
            _ => None,
        })
    };
    let dropped = cluster.ledger.until(&partition("north"), "given-up readings are reported", reported).await;
    assert_eq!((dropped.device.as_str(), dropped.epoch), ("north-plc", epoch));
    assert!(dropped.scans > 0 && dropped.first <= dropped.last, "{dropped:?}");

    let load = cluster.under_load(1);
    load.answered(20).await;
    let asked = load.stop().await;
    cluster.must_be_whole(asked).await;
}
