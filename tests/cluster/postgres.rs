//! The projections' Postgres dies while nodes write to it, and comes back.

use super::{
    Plan,
    servers::{Kafka, Postgres},
};

#[tokio::test(flavor = "multi_thread")]
async fn projections_go_on_where_they_were_when_their_postgres_was_killed_under_them() {
    let Some(kafka) = Kafka::shared().await else { return };
    let Some(postgres) = Postgres::own().await else { return };
    let cluster = Plan::on(&kafka).with("PROJECTIONS__POSTGRES", &postgres.url).at_work().await;
    let load = cluster.under_load(4);
    for _ in 0..2 {
        load.answered(60).await;
        postgres.kill().await;
        // Deciding does not need it.
        load.answered(20).await;
        postgres.start().await;
        load.answered(20).await;
    }
    let asked = load.stop().await;
    // Looks at what the nodes have left in it, and rebuilds that from zero.
    cluster.must_be_whole(asked).await;
}
