//! A node is cut off from the broker, and comes back after the other has taken over.

use super::{Cluster, Plan, servers::Kafka};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_cut_off_finds_its_place_taken_and_nothing_lost() {
    let Some((kafka, wire)) = Kafka::behind_a_wire().await else { return };
    let mut cluster = Plan::on(&kafka).three_sites().laid_out().await;
    cluster.node_mut("ann").settings.insert("MILLWRIGHT_KAFKA__BOOTSTRAP".into(), wire.address.to_string());
    cluster.start("ann").await;
    cluster.start("bob").await;
    cluster.settled().await;
    let load = cluster.under_load(4).pressing_on_budgets(&cluster);
    load.answered(40).await;

    // Each holds a part of the work; whatever ann holds, bob has to take.
    let (decided, collected) = held_by(&cluster, "ann").await;
    assert!(!decided.is_empty(), "the one that is cut off has something to lose");
    cluster.cut_off("ann", &wire);
    for site in &decided {
        cluster.taken_over_from("ann", site).await;
    }
    for site in &collected {
        cluster.collected_by_another_than("ann", site).await;
    }
    load.answered(20).await;
    cluster.mend("ann", &wire);
    // It takes part again, and what it had sent into the cut wire came too late to count.
    cluster.settled().await;
    load.answered(40).await;
    let asked = load.stop().await;
    cluster.must_be_whole(asked).await;
}

/// The sites that it decides for, and those that it collects from.
async fn held_by(cluster: &Cluster, name: &str) -> (Vec<String>, Vec<String>) {
    let (mut decided, mut collected) = (vec![], vec![]);
    for site in cluster.names_of_sites() {
        if cluster.decider(&site).await == name {
            decided.push(site.clone());
        }
        if cluster.collector(&site).await.0 == name {
            collected.push(site);
        }
    }
    (decided, collected)
}
