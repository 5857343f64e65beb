//! Several sites in one cluster: each has its own order, and each is decided for by whoever has its share.

use super::{Plan, partition, plant::device_of, servers::Kafka};
use millwright_domain::{Event, envelope::Recorded};
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread")]
async fn each_site_of_a_cluster_has_its_own_order_and_its_own_owner() {
    let Some(kafka) = Kafka::shared().await else { return };
    let cluster = Plan::on(&kafka).three_sites().at_work().await;
    let load = cluster.under_load(2);
    let sites = cluster.names_of_sites();
    let mut deciders = HashSet::new();
    for site in &sites {
        let described = |facts: &[Recorded]| {
            facts.iter().find_map(|fact| match &fact.event {
                Event::PlantDescribed(described) => Some(described.plant.site.to_string()),
                _ => None,
            })
        };
        assert_eq!(cluster.ledger.until(&partition(site), "the plant is described", described).await, *site);
        deciders.insert(cluster.decider(site).await);
        let in_order =
            |facts: &[Recorded]| facts.iter().enumerate().all(|(place, fact)| fact.seq == place as u64 && fact.partition == partition(site));
        assert!(cluster.ledger.look(&partition(site), in_order).await);
        let scans = cluster.ledger.scans(site).await;
        assert!(scans.iter().all(|scan| scan.device.as_str() == device_of(site)), "each site is measured by its own device");
    }
    assert_eq!(deciders.len(), 2, "either node decides for some");
    load.answered(20).await;
    let asked = load.stop().await;
    assert!(asked.iter().all(|one| one.answer.is_some()), "either node answers for either site");
    cluster.must_be_whole(asked).await;
}
