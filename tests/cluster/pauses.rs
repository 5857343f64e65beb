//! A node is put to sleep in the middle of its work, for longer than its transactions and its membership last, and woken as a zombie.

use super::{Plan, actions::endings, load::Asked, partition, plant::SLOWED, servers::Kafka};
use millwright_domain::{Event, envelope::Recorded};

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_asleep_for_too_long_writes_nothing_that_anybody_takes_in() {
    let Some(kafka) = Kafka::shared().await else { return };
    let mut cluster = Plan::on(&kafka).at_work().await;
    let load = cluster.under_load(4).pressing_on_budgets(&cluster);
    load.answered(40).await;
    let sleeper = cluster.decider("north").await;
    // Its commits are under way when it falls asleep, and are finished when it wakes.
    cluster.pause(&sleeper);
    cluster.taken_over_from(&sleeper, "north").await;
    load.answered(20).await;
    cluster.wake(&sleeper);
    load.answered(40).await;
    cluster.settled().await;
    let asked = load.stop().await;
    let epochs = cluster.ledger.look(&partition("north"), |facts| facts.iter().map(|fact| fact.epoch).collect::<Vec<_>>()).await;
    assert!(epochs.is_sorted(), "a fact of a former owner stands behind one of its successor");
    cluster.must_be_whole(asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_a_sleeper_began_is_never_sent_and_a_person_is_told() {
    let Some(kafka) = Kafka::shared().await else { return };
    let mut cluster = Plan::on(&kafka).at_work().await;
    let proposed = cluster.slowing_down_is_proposed("north").await;
    let (holder, _) = cluster.collector("north").await;
    let before = cluster.site("north").speed_setpoint();

    // A write looks at the register first. That look is not answered until the holder is asleep, so it is asleep before it has sent.
    cluster.site("north").wire.hold_answers();
    cluster.approve(cluster.other(&holder).name, &proposed).await;
    cluster.begun("north", proposed.action).await;
    cluster.pause(&holder);
    cluster.site("north").wire.mend();
    cluster.collected_by_another_than(&holder, "north").await;
    assert_eq!(cluster.ended("north", proposed.action).await, "unverified");

    cluster.wake(&holder);
    cluster.settled().await;
    // It has heard by now what became of its device, and has answered for itself.
    cluster.node(&holder).ask("{ health { ok } }", serde_json::json!({})).await.unwrap();
    let site = cluster.site("north");
    assert_eq!((site.writes(), site.speed_setpoint()), (0, before), "nothing was written");
    let ends = cluster.ledger.look(&partition("north"), |facts| endings(facts, proposed.action)).await;
    assert_eq!(ends, ["unverified"]);
    cluster.must_be_whole(Vec::<Asked>::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_sent_once_however_often_its_owner_dies_around_it() {
    let Some(kafka) = Kafka::shared().await else { return };
    let mut cluster = Plan::on(&kafka).at_work().await;
    let proposed = cluster.slowing_down_is_proposed("north").await;
    let (holder, _) = cluster.collector("north").await;
    cluster.approve(cluster.other(&holder).name, &proposed).await;
    cluster.begun("north", proposed.action).await;
    cluster.kill(&holder);
    let ended = cluster.ended("north", proposed.action).await;
    cluster.start(&holder).await;
    cluster.settled().await;
    let site = cluster.site("north");
    match ended {
        "completed" => assert_eq!((site.writes(), site.speed_setpoint()), (1, SLOWED)),
        "unverified" => assert!(site.writes() <= 1, "it was sent again"),
        other => panic!("it was begun in good order and {other}"),
    }
    let started = |facts: &[Recorded]| facts.iter().filter(|fact| matches!(&fact.event, Event::ActionStarted(_))).count();
    assert_eq!(cluster.ledger.look(&partition("north"), started).await, 1);
    let ends = cluster.ledger.look(&partition("north"), |facts| endings(facts, proposed.action)).await;
    assert_eq!(ends, [ended]);
    cluster.must_be_whole(Vec::<Asked>::new()).await;
}
