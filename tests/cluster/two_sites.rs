//! Several sites in one cluster: each has its own order, and each is decided for by whoever has its share.

use super::{Plan, partition, plant::device_of, servers::Kafka};
use millwright_domain::{Event, envelope::Recorded};

#[tokio::test(flavor = "multi_thread")]
async fn each_site_of_a_cluster_has_its_own_order_and_its_own_owner() {
    let Some(kafka) = Kafka::shared().await else { return };
    // These two lie in different partitions of the topic, so that either node gets one of them.
    let cluster = Plan::on(&kafka).sites(&["north", "south"]).at_work().await;
    let load = cluster.under_load(2);
    for site in ["north", "south"] {
        let described = |facts: &[Recorded]| {
            facts.iter().find_map(|fact| match &fact.event {
                Event::PlantDescribed(described) => Some(described.plant.site.to_string()),
                _ => None,
            })
        };
        assert_eq!(cluster.ledger.until(&partition(site), "the plant is described", described).await, site);
        let in_order =
            |facts: &[Recorded]| facts.iter().enumerate().all(|(place, fact)| fact.seq == place as u64 && fact.partition == partition(site));
        assert!(cluster.ledger.look(&partition(site), in_order).await);
        let scans = cluster.ledger.scans(site).await;
        assert!(scans.iter().all(|scan| scan.device.as_str() == device_of(site)), "each site is measured by its own device");
    }
    assert_ne!(cluster.decider("north").await, cluster.decider("south").await);
    let asked = load.stop().await;
    assert!(asked.iter().all(|one| one.answer.is_some()), "either node answers for either site");
    cluster.must_be_whole(asked).await;
}
