//! Brokers die, and come back or do not, while commands are asked and readings are collected.

use super::{Plan, servers::Kafka};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_comes_back_costs_nothing_that_was_acknowledged() {
    let Some(kafka) = Kafka::own().await else { return };
    let cluster = Plan::on(&kafka).at_work().await;
    let load = cluster.under_load(2).pressing_on_budgets(&cluster);
    load.answered(20).await;
    kafka.kill(1).await;
    kafka.start(1).await;
    load.answered(20).await;
    cluster.settled().await;
    let asked = load.stop().await;
    cluster.must_be_whole(asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broker_of_three_may_be_lost_for_good() {
    let Some(kafka) = Kafka::three().await else { return };
    let cluster = Plan::on(&kafka).at_work().await;
    let load = cluster.under_load(2).pressing_on_budgets(&cluster);
    load.answered(20).await;
    kafka.kill(1).await;
    load.answered(20).await;
    cluster.settled().await;
    let asked = load.stop().await;
    cluster.must_be_whole(asked).await;
}
