//! Subscriptions over graphql-transport-ws.

use crate::testing::{House, NOW};
use futures::{SinkExt, StreamExt};
use millwright_commands::AdoptPolicy;
use millwright_domain::{approval::Risk, ids::SignalId, policy::Policy, ports::event_log::EventLog};
use millwright_projections::testing::road;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

pub(super) struct Watch(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Watch {
    pub async fn open(house: &House, query: &str, variables: Value) -> Self {
        let mut request = format!("ws://{}/graphql/ws", house.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let mut watch = Self(socket);
        watch.send(json!({ "type": "connection_init" })).await;
        assert_eq!(watch.receive().await["type"], "connection_ack");
        watch.send(json!({ "id": "1", "type": "subscribe", "payload": { "query": query, "variables": variables } })).await;
        watch
    }
    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }
    async fn receive(&mut self) -> Value {
        let message = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("a message in time").unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }
    pub async fn next(&mut self) -> Value {
        let message = self.receive().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].clone()
    }
    /// It is told of each fact that was taken in, so earlier stages may come first, and no other case.
    async fn until_stage(&mut self, case: &str, stage: &str) -> Value {
        loop {
            let told = self.next().await["caseChanged"].clone();
            assert_eq!(told["case"]["id"], case);
            if told["case"]["stage"] == stage {
                return told["position"].clone();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_followed_from_a_position_on_without_missing_anything() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let watch = "subscription($after: Position) { caseChanged(site: \"demo\", after: $after) { position case { id stage } } }";
    let mut watch = Watch::open(&house, watch, json!({ "after": "ledger/demo:0" })).await;
    watch.until_stage(&case.to_string(), "awaiting_approval").await;
    let close = format!("mutation {{ recordOutcome(case: \"{case}\", outcome: FALSE_ALARM) {{ kind }} }}");
    house.graphql(&close, json!({})).await;
    let position = watch.until_stage(&case.to_string(), "closed").await;
    assert!(position.as_str().unwrap().contains("ledger/demo:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn live_values_come_at_once_and_when_they_change() {
    let house = House::open().await;
    let mut changes = house.state.projections.live().changes();
    let flow: SignalId = "pump-1/flow".parse().unwrap();
    while house.state.projections.live().newest(&road::site(), &flow).is_none() {
        changes.changed().await.unwrap();
    }
    let watch = "subscription { readingsChanged(site: \"demo\", signals: [\"pump-1/flow\"]) { position readings { signal value at } } }";
    let mut watch = Watch::open(&house, watch, json!({})).await;
    assert_eq!(watch.next().await["readingsChanged"]["readings"][0]["value"], 1450.0);
    house.log.append_readings(vec![road::scan(20, NOW, 7.0)]).await.unwrap();
    let news = watch.next().await["readingsChanged"]["readings"].clone();
    assert_eq!((news.as_array().map(Vec::len), &news[0]["value"]), (Some(1), &json!(7.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_yes_is_shown_now_and_at_each_change() {
    let house = House::open().await;
    let watch = "subscription { pendingApprovalsChanged(site: \"demo\") { position pendingApprovals { name binding } } }";
    let mut watch = Watch::open(&house, watch, json!({})).await;
    assert_eq!(watch.next().await["pendingApprovalsChanged"]["pendingApprovals"], json!([]));
    house.case_awaiting_approval().await;
    assert_eq!(watch.next().await["pendingApprovalsChanged"]["pendingApprovals"][0]["name"], "slow_down");
}

/// The mutation's answer, which was done.
async fn done(house: &House, mutation: &str) {
    let answer = house.graphql(&format!("mutation {{ answered: {mutation} {{ kind reason }} }}"), json!({})).await;
    assert_eq!(answer["answered"]["kind"], "DONE", "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_yes_and_a_delegate_are_shown_where_approvals_wait() {
    let house = House::open().await;
    let risky = Policy { risk: [("slow_down".parse().unwrap(), Risk::High)].into(), ..road::policy() };
    house.ask("svc-settings", AdoptPolicy { policy: risky }).await;
    house.case_awaiting_approval().await;
    let watch =
        "subscription { pendingApprovalsChanged(site: \"demo\") { pendingApprovals { id binding yesNeeded yes alsoAsked reminders escalations } } }";
    let mut watch = Watch::open(&house, watch, json!({})).await;
    let mut shown = async || watch.next().await["pendingApprovalsChanged"]["pendingApprovals"][0].clone();
    let waiting = shown().await;
    assert_eq!((&waiting["yesNeeded"], &waiting["yes"], &waiting["alsoAsked"]), (&json!(2), &json!([]), &json!([])));
    let (action, binding) = (&waiting["id"], &waiting["binding"]);
    done(&house, &format!("delegateApproval(action: {action}, to: \"nora\")")).await;
    assert_eq!(shown().await["alsoAsked"], json!(["nora"]));
    done(&house, &format!("approveAction(action: {action}, binding: {binding})")).await;
    assert_eq!(shown().await["yes"], json!(["local-operator"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shelved_alarm_and_a_closed_case_are_pushed() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let mut watch = Watch::open(&house, "subscription { plantChanged { position plant } }", json!({})).await;
    assert_eq!(watch.next().await["plantChanged"]["plant"], false);
    let shelve = "mutation { shelveAlarm(site: \"demo\", asset: \"pump-1\", detector: \"drift\", minutes: 5, reason: \"mended\") { kind } }";
    house.graphql(shelve, json!({})).await;
    // What came of the case before may still be told.
    while watch.next().await["plantChanged"]["plant"] != true {}
    house.graphql(&format!("mutation {{ recordOutcome(case: \"{case}\", outcome: REPAIRED) {{ kind }} }}"), json!({})).await;
    assert!(watch.next().await["plantChanged"]["position"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_of_other_rules_ends_with_its_report() {
    let house = House::open().await;
    let question =
        "subscription($rules: String) { tryRules(site: \"demo\", rules: $rules) { done of report { reachesBackTo scans same gone sameRulings } } }";
    let mut watch = Watch::open(&house, question, json!({ "rules": "rules: []" })).await;
    let told = watch.next().await["tryRules"].clone();
    let report = json!({ "reachesBackTo": "2023-11-14T22:13:20+00:00", "scans": 10, "same": 3, "gone": 0, "sameRulings": 1 });
    assert_eq!(told, json!({ "done": 10, "of": 10, "report": report }));
    assert_eq!(watch.receive().await["type"], "complete");
    for (rules, said) in [(json!("nonsense"), "that is no rule"), (json!(null), "give `rules` or `policy`")] {
        let mut watch = Watch::open(&house, question, json!({ "rules": rules })).await;
        let refused = watch.receive().await.to_string();
        assert!(refused.contains(said) && refused.contains("BAD_INPUT"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_for_listening_and_changes_nothing() {
    let house = House::open().await;
    let mut watch = Watch::open(&house, "mutation { engageKillSwitch(site: \"demo\", reason: \"a try\") { kind } }", json!({})).await;
    let told = watch.receive().await.to_string();
    assert!(told.contains("a socket is for listening"), "{told}");
}
