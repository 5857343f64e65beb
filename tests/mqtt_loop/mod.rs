//! The loop out on MQTT: a plain client of a real mosquitto hears alert, diagnosis, ticket and feedback, whatever is killed in between.

mod broker;
mod failures;

use crate::{
    dispatcher::{alert, approve, diagnosis, open_case, propose},
    house::House,
};
use broker::{Heard, Listener, Mosquitto, eventually};
use chrono::TimeDelta;
use millwright_agents::{
    outbox::{Outbox, Tally},
    publisher::Publisher,
};
use millwright_commands::RecordOutcome;
use millwright_domain::{case::Outcome, ids::CaseId, ports::messenger::Messenger, sealed::Sealed};
use millwright_infra::{
    mqtt::{BrokerAccess, MqttBus},
    switchboard::Switchboard,
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub fn access(broker: &Mosquitto, client_id: &str) -> BrokerAccess {
    let (host, client_id) = ("127.0.0.1".into(), client_id.into());
    BrokerAccess { host, port: broker.port, client_id, login: None, tls: None, prefix: String::new(), retain: true }
}

pub fn bus(broker: &Mosquitto) -> Arc<dyn Messenger> {
    let bus = MqttBus::start(&access(broker, "millwright-test")).expect("no TLS, no trouble");
    Arc::new(Switchboard::default().with("mqtt", Arc::new(bus)))
}

/// The publisher and the outbox of a house.
pub struct Telling {
    stop: CancellationToken,
    workers: Vec<JoinHandle<()>>,
    pub tally: Arc<Tally>,
}

impl Telling {
    /// What happens from here on is told as it happens, not as how things stand.
    pub async fn begin(house: &House, messenger: Arc<dyn Messenger>) -> Self {
        let (stop, tally) = (CancellationToken::new(), Arc::new(Tally::default()));
        let (log, commands, clock, partition) = (house.log.clone(), house.commands.clone(), house.clock.clone(), house.site.clone());
        let publisher = Publisher { log: log.clone(), commands: commands.clone(), clock: clock.clone(), partition: partition.clone() };
        let outbox = Outbox { log, commands, clock, partition, messenger, tally: tally.clone() };
        let (hear, too) = (stop.clone(), stop.clone());
        let from = publisher.told_up_to().await.expect("the log is read");
        let publishing = tokio::spawn(async move { publisher.run_from(from, hear).await.expect("the publisher runs") });
        let delivering = tokio::spawn(async move { outbox.run(too).await.expect("the outbox runs") });
        Self { stop, workers: vec![publishing, delivering], tally }
    }

    pub async fn end(self) {
        self.stop.cancel();
        for worker in self.workers {
            worker.await.expect("it ends well");
        }
    }

    /// As when the program is killed: nothing is finished.
    pub async fn kill(self) {
        for worker in self.workers {
            worker.abort();
            worker.await.ok();
        }
    }
}

/// Waits on our clock, while the house's is moved on a little at a time.
pub async fn hears(house: &House, listener: &Listener, what: &str, wanted: impl Fn(&[Heard]) -> bool) {
    let meanwhile = || house.later(TimeDelta::milliseconds(50));
    eventually(|| wanted(&listener.heard()), || format!("{what} is heard, but {:#?}", in_words(&listener.heard())), meanwhile).await;
}

pub async fn close_case(house: &House, case: CaseId) {
    let note = Some(Sealed { subject: "ann".parse().unwrap(), nonce: "00".into(), text: "c0ffee".into() });
    house.ask("ann", RecordOutcome { case, outcome: Outcome::Repaired, true_cause: None, note, evidence: vec![] }).await;
}

/// Every message is of the schema that is published for its kind.
fn assert_as_published(heard: &[Heard]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mqtt");
    let schema = |name: &str| {
        let text = fs::read_to_string(folder.join(format!("{name}.schema.json"))).expect("a published schema");
        jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
    };
    let of = [("alerts", "alert"), ("diagnosis", "diagnosis"), ("tickets", "ticket"), ("feedback", "feedback")];
    let schemas: BTreeMap<&str, _> = of.map(|(kind, name)| (kind, schema(name))).into();
    for message in heard.iter().filter(|message| !message.body.is_null()) {
        let problems: Vec<String> = schemas[message.kind()].iter_errors(&message.body).map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{}: {problems:#?}", message.topic);
    }
}

fn in_words(heard: &[Heard]) -> Vec<String> {
    let one = |message: &Heard| {
        let said = ["stage", "cause", "detector", "outcome"].iter().find_map(|field| message.body[field].as_str());
        format!("{} {}", message.topic, said.unwrap_or("wiped"))
    };
    heard.iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_client_hears_the_whole_loop_in_order_and_each_message_is_as_published() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = Mosquitto::start(spool.path());
    let listener = Listener::to(&broker, "listener").await;
    let house = House::furnished(folder.path()).await;
    let telling = Telling::begin(&house, bus(&broker)).await;
    let case = open_case(&house).await;
    house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &["slow_pump_to_75pct"])).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    approve(&house, action).await;
    close_case(&house, case).await;
    hears(&house, &listener, "the end", |heard| heard.iter().filter(|message| message.body.is_null()).count() == 2).await;
    let heard = listener.heard();
    assert_as_published(&heard);
    let expected = [
        "alerts/demo/pump-1 drift",
        "tickets/demo/pump-1 open",
        "diagnosis/demo/pump-1 bearing_wear",
        "tickets/demo/pump-1 diagnosed",
        "tickets/demo/pump-1 awaiting_approval",
        "tickets/demo/pump-1 acting",
        "tickets/demo/pump-1 diagnosed",
        "tickets/demo/pump-1 closed",
        "feedback/demo/pump-1 repaired",
        "alerts/demo/pump-1 wiped",
        "diagnosis/demo/pump-1 wiped",
    ];
    assert_eq!(in_words(&heard), expected);
    assert!(heard.iter().all(|message| !message.kept), "whoever listens in time hears it live");
    let secret = heard.iter().any(|message| message.body.to_string().contains("c0ffee"));
    assert!(!secret, "a person's words are not for a bus");
    telling.end().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_late_finds_how_things_stand_and_nothing_of_what_is_over() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = Mosquitto::start(spool.path());
    let witness = Listener::to(&broker, "witness").await;
    let house = House::furnished(folder.path()).await;
    let telling = Telling::begin(&house, bus(&broker)).await;
    let case = open_case(&house).await;
    house.ask("svc-monitor", alert()).await;
    house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &[])).await;
    hears(&house, &witness, "the diagnosis", |heard| in_words(heard).contains(&"tickets/demo/pump-1 diagnosed".into())).await;
    let late = Listener::to(&broker, "late").await;
    hears(&house, &late, "what stands", |heard| heard.len() == 3).await;
    let mut stands = in_words(&late.heard());
    stands.sort();
    assert_eq!(stands, ["alerts/demo/pump-1 drift", "diagnosis/demo/pump-1 bearing_wear", "tickets/demo/pump-1 diagnosed"]);
    assert!(late.heard().iter().all(|message| message.kept));

    close_case(&house, case).await;
    hears(&house, &witness, "the end", |heard| heard.iter().filter(|message| message.body.is_null()).count() == 2).await;
    let later = Listener::to(&broker, "later").await;
    hears(&house, &later, "the closed ticket", |heard| !heard.is_empty()).await;
    assert_eq!(in_words(&later.heard()), ["tickets/demo/pump-1 closed"]);
    telling.end().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_on_later_it_tells_how_things_stand_and_no_history() {
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = Mosquitto::start(spool.path());
    let listener = Listener::to(&broker, "listener").await;
    let house = House::furnished(folder.path()).await;
    let over = open_case(&house).await;
    close_case(&house, over).await;
    let case = open_case(&house).await;
    house.ask("svc-diagnosis", diagnosis(case, "clogging", &[])).await;
    for round in 0..3 {
        // Started again it goes on from where it was, and repeats nothing.
        let telling = Telling::begin(&house, bus(&broker)).await;
        hears(&house, &listener, "what stands", |heard| heard.len() == 3 + round).await;
        house.ask("svc-monitor", alert()).await;
        hears(&house, &listener, "the new alert", |heard| heard.len() == 4 + round).await;
        telling.end().await;
    }
    let heard = listener.heard();
    let of_case = Value::from(case.to_string());
    assert!(heard.iter().all(|message| message.body["case"] == of_case), "{:#?}", in_words(&heard));
    house.close().await;
}

/// Waits for facts, while the house's clock is moved on a little at a time.
pub async fn eventually_story(house: &House, wanted: impl Fn(&[String]) -> bool) {
    for _look in 0..3_000 {
        if wanted(&house.story().await) {
            return;
        }
        house.later(TimeDelta::milliseconds(50));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it did not come to pass: {:#?}", house.story().await);
}
