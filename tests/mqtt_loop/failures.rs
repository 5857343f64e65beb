//! What is told when the broker dies, when the program dies after any of its steps, when a message cannot be told, and when nothing may be.

use super::{
    Telling, access,
    broker::{Heard, Listener, Mosquitto},
    bus, hears, in_words,
};
use crate::{
    dispatcher::{alert, diagnosis, open_case},
    house::{House, demo_plant},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{DescribePlant, WantEffect};
use millwright_domain::{
    Event,
    effect::EffectWanted,
    ids::{EffectId, derived},
    plant::{Plant, Source},
    ports::messenger::{Messenger, NotTaken},
};
use millwright_infra::{
    mqtt::{Login, MqttBus},
    switchboard::Switchboard,
};
use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    sync::{Arc, atomic::Ordering},
};

/// Ids of what was wanted, in order.
async fn wanted(house: &House) -> Vec<String> {
    let facts = house.facts().await.into_iter();
    facts.filter_map(|fact| if let Event::EffectWanted(wanted) = fact.event { Some(wanted.idempotency_key) } else { None }).collect()
}

fn ids(heard: &[Heard]) -> Vec<String> {
    heard.iter().filter_map(Heard::id).map(str::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_killed_misses_nothing_and_gets_it_in_order() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut broker = Mosquitto::start(spool.path());
    let listener = Listener::to(&broker, "listener").await;
    let house = House::furnished(folder.path()).await;
    let telling = Telling::begin(&house, bus(&broker)).await;
    let case = open_case(&house).await;
    hears(&house, &listener, "the first alert", |heard| heard.len() == 2).await;
    for outage in 0..2 {
        broker.kill();
        let before = wanted(&house).await.len();
        // A diagnosis is told with the ticket that it changes; an alert that joins, by itself.
        let first_time = outage == 0;
        if first_time {
            house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &[])).await;
        }
        for _more in 0..if first_time { 5 } else { 7 } {
            house.ask("svc-monitor", alert()).await;
        }
        house.until(|story| story.iter().filter(|fact| *fact == "EffectWanted").count() == before + 7).await;
        // Hours without a broker wear nothing out.
        for _minute in 0..600 {
            house.later(TimeDelta::seconds(60));
            tokio::task::yield_now().await;
        }
        assert!(telling.tally.waiting.load(Ordering::Relaxed) >= 6, "it waits");
        broker.start_again();
        let all = before + 7;
        hears(&house, &listener, "what happened meanwhile", |_| listener.once_each().len() == all).await;
    }
    assert_eq!(ids(&listener.once_each()), wanted(&house).await, "all of it, in the order in which it happened");
    assert_eq!(telling.tally.given_up.load(Ordering::Relaxed), 0);
    let attempts = house.facts().await.iter().filter(|fact| matches!(&fact.event, Event::EffectAttempted(begun) if begun.attempt > 2)).count();
    assert_eq!(attempts, 0, "a broker that is away uses up no attempts");
    telling.end().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_after_any_of_its_steps_it_tells_everything_at_least_once_and_repeats_only_ids() {
    let spool = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start(spool.path());
    // A diagnosis, a ticket, an alert: each wanted, attempted, done.
    for steps in 0..=9 {
        let folder = tempfile::tempdir().unwrap();
        let listener = Listener::to(&broker, &format!("listener-{steps}")).await;
        let house = House::furnished(folder.path()).await;
        let begin = async || {
            let access = millwright_infra::mqtt::BrokerAccess { prefix: format!("run/{steps}"), ..access(&broker, &format!("millwright-{steps}")) };
            Telling::begin(&house, Arc::new(MqttBus::start(&access).expect("no TLS, no trouble"))).await
        };
        let so_far = |story: &[String], which: &str| story.iter().filter(|fact| fact.starts_with(which)).count();
        let telling = begin().await;
        let case = open_case(&house).await;
        super::eventually_story(&house, |story| so_far(story, "EffectDone") == 2).await;
        house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &[])).await;
        house.ask("svc-monitor", alert()).await;
        super::eventually_story(&house, |story| so_far(story, "Effect") >= 6 + steps).await;
        telling.kill().await;
        let telling = begin().await;
        super::eventually_story(&house, |story| so_far(story, "EffectDone") == 5).await;
        let wanted = wanted(&house).await;
        let ours = |heard: &[Heard]| -> Vec<Heard> { heard.iter().filter(|one| one.topic.starts_with(&format!("run/{steps}/"))).cloned().collect() };
        hears(&house, &listener, "everything", |_| ids(&ours(&listener.once_each())) == wanted).await;
        assert_eq!(wanted.len(), 5, "stopped after {steps} steps: {:#?}", in_words(&listener.heard()));
        telling.end().await;
        house.close().await;
    }
}

/// Delivers, and never comes back to say so.
struct NeverHeardOf(Arc<dyn Messenger>);

#[async_trait]
impl Messenger for NeverHeardOf {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        self.0.deliver(effect).await?;
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_but_not_written_down_is_told_again_under_the_same_id() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = Mosquitto::start(spool.path());
    let listener = Listener::to(&broker, "listener").await;
    let house = House::furnished(folder.path()).await;
    let telling = Telling::begin(&house, Arc::new(NeverHeardOf(bus(&broker)))).await;
    open_case(&house).await;
    hears(&house, &listener, "the alert", |heard| heard.len() == 1).await;
    telling.kill().await;
    let telling = Telling::begin(&house, bus(&broker)).await;
    hears(&house, &listener, "the alert again, and the ticket", |heard| heard.len() == 3).await;
    let heard = ids(&listener.heard());
    assert_eq!(heard.iter().filter(|id| **id == heard[0]).count(), 2, "the alert twice, in whatever order the ticket comes: {heard:?}");
    assert_eq!(ids(&listener.once_each()), wanted(&house).await);
    telling.end().await;
    house.close().await;
}

async fn want(house: &House, name: &str, target: &str) {
    let effect = EffectId(derived(name, "test", 0));
    let (subject, body) = (name.into(), format!("{{\"id\": \"{name}\"}}"));
    let wanted =
        EffectWanted { effect, idempotency_key: name.into(), target: target.into(), subject, body, case: None, action: None, quotes: vec![] };
    house.ask("svc-publisher", WantEffect { wanted }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_given_up_in_sight_and_holds_up_nothing_else() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = Mosquitto::start(spool.path());
    let listener = Listener::to(&broker, "listener").await;
    let house = House::furnished(folder.path()).await;
    for (name, target) in [("a", "mqtt:alerts/demo/#"), ("b", "pigeon:roof"), ("c", "mqtt:"), ("d", "mqtt:alerts/demo/pump-1")] {
        want(&house, name, target).await;
    }
    let telling = Telling::begin(&house, bus(&broker)).await;
    hears(&house, &listener, "the one that can be told", |heard| ids(heard) == ["d"]).await;
    house.until(|story| story.iter().filter(|fact| *fact == "EffectFailed").count() == 3).await;
    super::eventually(|| telling.tally.given_up.load(Ordering::Relaxed) == 3, || "three are given up".into(), || ()).await;
    telling.end().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_site_tells_nothing() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = Mosquitto::start(spool.path());
    let listener = Listener::to(&broker, "listener").await;
    let house = House::open(folder.path()).await;
    house.ask("svc-import", DescribePlant { plant: Plant { source: Source::Imported, ..demo_plant() } }).await;
    let telling = Telling::begin(&house, bus(&broker)).await;
    open_case(&house).await;
    want(&house, "by hand", "mqtt:alerts/demo/pump-1").await;
    // Another house on the same broker, whose message shows that the way is open and that nothing came before it.
    let other = tempfile::tempdir().unwrap();
    let live = House::furnished(other.path()).await;
    let bus = MqttBus::start(&access(&broker, "other")).expect("no TLS, no trouble");
    let also = Telling::begin(&live, Arc::new(bus)).await;
    want(&live, "live", "mqtt:alerts/demo/other").await;
    hears(&live, &listener, "the live site", |heard| !heard.is_empty()).await;
    assert_eq!(ids(&listener.heard()), ["live"]);
    assert!(!house.story().await.contains(&"EffectWanted".to_string()));
    for (telling, house) in [(telling, house), (also, live)] {
        telling.end().await;
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_refuses_the_password_is_waited_for_and_named_without_it() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let passwords = spool.path().join("passwords");
    fs::write(&passwords, "mill:right-one\n").unwrap();
    let hashed = Command::new("mosquitto_passwd").arg("-U").arg(&passwords).status().expect("mosquitto_passwd comes with mosquitto");
    assert!(hashed.success());
    let broker = Mosquitto::with(spool.path(), &format!("allow_anonymous false\npassword_file {}", passwords.display()));
    let house = House::furnished(folder.path()).await;
    let with = |password: &str| {
        let login = Some(Login { username: "mill".into(), password: password.into() });
        Arc::new(MqttBus::start(&millwright_infra::mqtt::BrokerAccess { login, ..access(&broker, "millwright") }).expect("no TLS, no trouble"))
    };
    let refused = with("wrong-one");
    super::eventually(|| refused.trouble().is_some_and(|why| why.contains("mqtt.password_file")), || "it is refused".into(), || ()).await;
    assert!(!refused.trouble().unwrap().contains("wrong-one"));
    let telling = Telling::begin(&house, Arc::new(Switchboard::default().with("mqtt", refused))).await;
    open_case(&house).await;
    house.until_story("EffectAttempted").await;
    telling.end().await;
    let telling = Telling::begin(&house, Arc::new(Switchboard::default().with("mqtt", with("right-one")))).await;
    super::eventually_story(&house, |story| story.iter().filter(|fact| *fact == "EffectDone").count() == 2).await;
    telling.end().await;
    let told: BTreeMap<String, usize> = house.story().await.into_iter().fold(BTreeMap::new(), |mut counts, fact| {
        *counts.entry(fact).or_default() += 1;
        counts
    });
    assert!(!told.contains_key("EffectFailed"), "{told:?}");
    house.close().await;
}
