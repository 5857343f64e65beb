//! Commands through mutations and the review endpoints.

use crate::testing::House;
use serde_json::{Value, json};

const PENDING: &str = "{ pendingApprovals { id binding stage what expiresAt write { signal value unit } case { id stage } } }";
const APPROVE: &str = "mutation($action: ID!, $binding: String!, $commandId: ID) {
    approveAction(action: $action, binding: $binding, commandId: $commandId) { kind code reason subject facts commandId position } }";

async fn pending(house: &House) -> Value {
    house.graphql(PENDING, json!({})).await["pendingApprovals"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_what_was_shown_is_seen_by_the_next_question() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let shown = pending(&house).await;
    assert_eq!(shown["what"], "write 870 to pump-1/speed_setpoint on plc-1");
    assert_eq!(shown["write"], json!({ "signal": "pump-1/speed_setpoint", "value": 870.0, "unit": "rpm" }));
    assert_eq!(shown["case"], json!({ "id": case.to_string(), "stage": "awaiting_approval" }));
    let answer = house.graphql(APPROVE, json!({ "action": shown["id"], "binding": shown["binding"] })).await["approveAction"].clone();
    assert_eq!((answer["kind"].as_str(), answer["facts"].as_u64()), (Some("DONE"), Some(1)), "{answer}");
    let after = "query($id: ID!, $at: Position) { case(id: $id, atLeast: $at) { stage actions { stage decidedBy } timeline { kind } } pendingApprovals(atLeast: $at) { id } }";
    let seen = house.graphql(after, json!({ "id": case.to_string(), "at": answer["position"] })).await;
    assert_eq!(seen["case"]["actions"], json!([{ "stage": "APPROVED", "decidedBy": "local-operator" }]));
    assert_eq!(seen["case"]["stage"], "acting");
    assert_eq!(seen["pendingApprovals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_something_else_is_refused_and_the_same_command_is_answered_the_same() {
    let house = House::open().await;
    house.case_awaiting_approval().await;
    let shown = pending(&house).await;
    let command = "018f0000-0000-7000-8000-000000000001";
    let variables = json!({ "action": shown["id"], "binding": "0000", "commandId": command });
    let first = house.graphql(APPROVE, variables.clone()).await["approveAction"].clone();
    assert_eq!(
        (first["kind"].as_str(), first["code"].as_str(), first["commandId"].as_str()),
        (Some("REFUSED"), Some("another_binding"), Some(command))
    );
    assert_eq!(house.graphql(APPROVE, variables).await["approveAction"], first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_sealed_on_the_log_opened_for_readers_and_gone_with_its_writer() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let close = "mutation($case: ID!) { recordOutcome(case: $case, outcome: REPAIRED, note: \"bearing replaced\") { kind position } }";
    let answer = house.graphql(close, json!({ "case": case.to_string() })).await["recordOutcome"].clone();
    assert_eq!(answer["kind"], "DONE");
    let read =
        "query($id: ID!, $at: Position) { case(id: $id, atLeast: $at) { status stage outcome { outcome note by closes } timeline { kind note } }
        audit(atLeast: $at, filter: { kind: \"OutcomeRecorded\" }) { nodes { json } } }";
    let variables = json!({ "id": case.to_string(), "at": answer["position"] });
    let seen = house.graphql(read, variables.clone()).await;
    assert_eq!(seen["case"]["outcome"], json!({ "outcome": "REPAIRED", "note": "bearing replaced", "by": "local-operator", "closes": true }));
    assert_eq!((&seen["case"]["status"], &seen["case"]["stage"]), (&json!("CLOSED"), &json!("closed")));
    let stored = seen["audit"]["nodes"][0]["json"].as_str().unwrap();
    assert!(stored.contains("decalper gniraeb") && !stored.contains("bearing replaced"), "{stored}");
    millwright_domain::ports::vault::Vault::forget(house.vault.as_ref(), &"local-operator".parse().unwrap()).unwrap();
    let seen = house.graphql(read, variables).await;
    assert_eq!(seen["case"]["outcome"]["note"], "(forgotten)");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_and_what_is_mistyped_are_told_apart() {
    let house = House::open().await;
    let nobody = house.graphql_raw(APPROVE, json!({ "action": "018f0000-0000-7000-8000-000000000009", "binding": "0" })).await;
    assert_eq!(nobody["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let mistyped = house.graphql_raw(APPROVE, json!({ "action": "x", "binding": "0" })).await;
    assert_eq!(mistyped["errors"][0]["extensions"]["code"], "BAD_INPUT");
    let nowhere = house.graphql_raw("mutation { releaseKillSwitch(site: \"elsewhere\") { kind } }", json!({})).await;
    assert_eq!(nowhere["errors"][0]["extensions"]["code"], "NOBODY_OWNS");
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_show_on_the_plant() {
    let house = House::open().await;
    let stop = "mutation { engageKillSwitch(site: \"demo\", reason: \"fire drill\") { position }
        lockOutAsset(site: \"demo\", asset: \"pump-1\", tag: \"Ada has the key\") { position } }";
    let answer = house.graphql(stop, json!({})).await;
    let seen =
        "query($at: Position) { plant(site: \"demo\", atLeast: $at) { killSwitch { by reason } assets { health { state lockedOut { tag } } } } }";
    let seen = house.graphql(seen, json!({ "at": answer["lockOutAsset"]["position"] })).await;
    assert_eq!(seen["plant"]["killSwitch"], json!({ "by": "local-operator", "reason": "fire drill" }));
    assert_eq!(seen["plant"]["assets"][0]["health"], json!({ "state": "LOCKED_OUT", "lockedOut": { "tag": "Ada has the key" } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn review_by_plain_http_gives_the_same_commands() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let shown = pending(&house).await;
    let (status, refused) = house.post("/review/approve", &json!({ "action": shown["id"], "binding": "not this" })).await;
    assert_eq!((status, refused["answers"][0]["code"].as_str()), (409, Some("another_binding")));
    let (status, edited) =
        house.post("/review/edit", &json!({ "action": shown["id"], "note": "rather tell somebody", "edit": { "action": "tell_backup" } })).await;
    assert_eq!((status, edited["answers"].as_array().map(Vec::len)), (200, Some(2)), "{edited}");
    let (status, closed) = house.post("/review/close", &json!({ "case": case.to_string(), "outcome": "false_alarm" })).await;
    assert_eq!((status, closed["answers"][0]["answer"].as_str()), (200, Some("done")), "{closed}");
    let (status, unknown) = house.post("/review/close", &json!({ "case": case.to_string(), "outcome": "exploded" })).await;
    assert_eq!((status, unknown["errors"][0]["extensions"]["code"].as_str()), (400, Some("BAD_JSON")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_persons_name_is_gone_while_the_fact_stays() {
    let house = House::open().await;
    house.state.commands.serve(millwright_domain::position::PartitionId::platform()).await.unwrap();
    let introduce = "mutation { introducePerson(person: \"p-7\", name: \"Ada\") { kind } forgetPerson(person: \"p-7\") { kind position } }";
    let answers = house.graphql(introduce, json!({})).await;
    assert_eq!((answers["introducePerson"]["kind"].as_str(), answers["forgetPerson"]["kind"].as_str()), (Some("DONE"), Some("DONE")));
    let told = "query($at: Position) { audit(filter: { stream: \"person/p-7\" }, atLeast: $at) { nodes { kind json } } }";
    let told = house.graphql(told, json!({ "at": answers["forgetPerson"]["position"] })).await;
    let kinds: Vec<&str> = told["audit"]["nodes"].as_array().unwrap().iter().map(|node| node["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["PersonForgotten", "PersonIntroduced"]);
    assert!(!told.to_string().contains("Ada"));
}
