//! A node is cut off from the broker, and comes back after the other has taken over.

use super::{Cluster, Plan, servers::Kafka};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_cut_off_finds_its_place_taken_and_nothing_lost() {
    let Some((kafka, wire)) = Kafka::behind_a_wire().await else { return };
    let mut cluster = Plan::on(&kafka).laid_out().await;
    cluster.node_mut("ann").settings.insert("MILLWRIGHT_KAFKA__BOOTSTRAP".into(), wire.address.to_string());
    // Alone at first, so that everything is its.
    cluster.start("ann").await;
    cluster.settled().await;
    cluster.start("bob").await;
    cluster.settled().await;
    let load = cluster.under_load(2);
    load.answered(20).await;

    let had = had_by(&cluster, "ann").await;
    assert_ne!(had, (false, false), "the one that is cut off has something to lose");
    wire.cut();
    if had.0 {
        cluster.taken_over_from("ann", "north").await;
    }
    if had.1 {
        cluster.collected_by_another_than("ann", "north").await;
    }
    load.answered(20).await;
    wire.mend();
    cluster.settled().await;
    // It takes part again, and what was sent into the cut wire came too late to count.
    load.answered(20).await;
    let asked = load.stop().await;
    cluster.must_be_whole(asked).await;
}

/// Whether it decides, and whether it collects.
async fn had_by(cluster: &Cluster, name: &str) -> (bool, bool) {
    (cluster.decider("north").await == name, cluster.collector("north").await.0 == name)
}
