//! Two nodes: whatever happens to the one that decides, the other takes over, and nothing is lost on the way.

use super::{Cluster, Plan, load::Asked, servers::Kafka};
use millwright_domain::ids::CommandId;
use std::time::{Duration, Instant};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn the_other_node_takes_over_from_one_that_is_killed_or_put_to_sleep() {
    let Some(kafka) = Kafka::shared().await else { return };
    take_over(&kafka, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "20 rounds take minutes; make test-long runs them and prints how long takeovers took"]
async fn twenty_takeovers_in_a_row() {
    let Some(kafka) = Kafka::shared().await else { return };
    let mut took = take_over(&kafka, 20).await;
    took.sort();
    println!("takeover of 20: p50 {} ms, worst {} ms", took[took.len() / 2].as_millis(), took[took.len() - 1].as_millis());
}

/// Killed and put to sleep in turn. From the fault until a command is answered by the other.
async fn take_over(kafka: &Kafka, rounds: u64) -> Vec<Duration> {
    let mut cluster = Plan::on(kafka).at_work().await;
    let load = cluster.under_load(2).pressing_on_budgets(&cluster);
    let mut took = vec![];
    for round in 0..rounds {
        let victim = cluster.decider("north").await;
        let began = Instant::now();
        if round % 2 == 0 {
            cluster.kill(&victim)
        } else {
            cluster.pause(&victim)
        }
        answered(&cluster, &victim, round).await;
        took.push(began.elapsed());
        if round % 2 == 0 {
            cluster.start(&victim).await
        } else {
            cluster.wake(&victim)
        }
        cluster.settled().await;
    }
    let asked = load.stop().await;
    cluster.must_be_whole(asked).await;
    took
}

async fn answered(cluster: &Cluster, victim: &str, round: u64) {
    let one = Asked { id: CommandId(Uuid::now_v7()), site: "north".into(), tokens: 1_000_000 + round, answer: None };
    let way = cluster.other(victim).way();
    super::until("the other node answers", async || one.ask(&way).await).await;
}
