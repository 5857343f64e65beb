//! What was said to a model: read by engineers, asked again, destroyed by admins, and a hash that stays.

use crate::testing::House;
use async_graphql::{Request, Variables};
use millwright_commands::KeepModelCall;
use millwright_domain::{
    access::{Access, Grant, Role},
    ids::CaseId,
    kept_call::{KeptWords, ModelCallKept, key_of_words},
    model_call::{Answer, Ending, ModelPolicy, Prompt, Said, Spent, Usage},
    ports::vault::Vault,
    untrusted::{Nonce, Origin, Untrusted},
};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const CALL: Uuid = Uuid::from_u128(77);
const READ: &str =
    "query($call: ID!) { modelCall(call: $call) { system turns { who text } answer { text tokens { total } } kept { digest state } } }";
const REPLAY: &str = "mutation($call: ID!, $with: ID) { replayModelCall(call: $call, with: $with) {
    before { answer { text } } deployment now { text model } costNanoDollars quality { points } } }";

/// A case with one call about it, which is kept.
async fn kept(house: &House) -> CaseId {
    let case = house.case_awaiting_approval().await;
    let prompt = Prompt::new("You look at pumps.", Nonce::of(7)).say("Why?").show(Untrusted::new(Origin::Alarm, "high vibration"));
    let said = Said { text: "It is the bearing.".into(), calls: vec![] };
    let spent = Spent::told(Usage { input: 80, output: 6, ..Usage::default() });
    let answer = Answer { said, json: None, ending: Ending::Done, spent, model: "m-1".into() };
    let words = KeptWords::of(&"standard".parse().unwrap(), &ModelPolicy::default(), &prompt, Ok(&answer)).unwrap().to_text().unwrap();
    let key = key_of_words(Some(case), CALL, crate::testing::NOW);
    let kept = ModelCallKept {
        call: CALL,
        attempt: 1,
        agent: "svc-weaver".parse().unwrap(),
        deployment: "small".parse().unwrap(),
        answered: true,
        digest: "ab".into(),
        bytes: words.len() as u64,
        words: Some(house.vault.seal(&key, &words).unwrap()),
        key,
    };
    let answered = house.ask("svc-gateway", KeepModelCall { kept, case: Some(case) }).await;
    house.state.projections.reached(&answered.position, std::time::Duration::from_secs(20)).await.unwrap();
    case
}

async fn as_role(house: &House, role: Role, query: &str, variables: Value) -> Value {
    let grants = vec![Grant { role, site: Some("demo".parse().unwrap()), area: None }];
    let mut state = house.state.clone();
    state.caller = Arc::new(Access { who: "ann".parse().unwrap(), grants, at_most: None });
    let answer = crate::schema(state).execute(Request::new(query).variables(Variables::from_json(variables))).await;
    serde_json::to_value(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_listed_read_and_asked_again_of_another() {
    let house = House::open().await;
    let case = kept(&house).await;
    let list = "query($case: ID!) { modelCalls(case: $case) { call attempt agent answered state digest } modelDeployments(site: \"demo\") { name available why } }";
    let seen = house.graphql(list, json!({ "case": case.to_string() })).await;
    let one = json!({ "call": CALL.to_string(), "attempt": 1, "agent": "svc-weaver", "answered": true, "state": "KEPT", "digest": "ab" });
    assert_eq!(seen["modelCalls"], json!([one]));
    assert_eq!(seen["modelDeployments"][0]["why"], "it has no price in force");
    let read = house.graphql(READ, json!({ "call": CALL })).await["modelCall"].clone();
    assert!(read["turns"][0]["text"].as_str().unwrap().contains("from alarm>\nhigh vibration\n</data"), "{read}");
    assert_eq!((read["answer"]["text"].as_str(), read["answer"]["tokens"]["total"].as_u64()), (Some("It is the bearing."), Some(86)));
    let replayed = house.graphql(REPLAY, json!({ "call": CALL })).await["replayModelCall"].clone();
    assert_eq!(
        (replayed["before"]["answer"]["text"].as_str(), replayed["now"]["text"].as_str()),
        (Some("It is the bearing."), Some("It is the seal."))
    );
    let nobody = house.graphql_raw(REPLAY, json!({ "call": CALL, "with": "large" })).await;
    assert!(nobody["errors"][0]["message"].as_str().unwrap().contains("no deployment large"), "{nobody}");
    let timeline = "query($case: ID!) { case(id: $case) { timeline { kind summary } } }";
    let told = house.graphql(timeline, json!({ "case": case.to_string() })).await.to_string();
    assert!(told.contains("local-operator had a call asked again") && !told.contains("ModelCallKept") && !told.contains("bearing."), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_what_a_model_was_told_does_not() {
    let house = House::open().await;
    let case = kept(&house).await;
    for (role, query, variables, may) in [
        (Role::Operator, READ, json!({ "call": CALL }), false),
        (Role::Engineer, READ, json!({ "call": CALL }), true),
        (Role::Operator, REPLAY, json!({ "call": CALL }), false),
        (Role::Engineer, "mutation($case: ID!) { shredCallWords(case: $case) { keys } }", json!({ "case": case.to_string() }), false),
        (Role::Admin, "mutation($case: ID!) { shredCallWords(case: $case) { keys } }", json!({ "case": case.to_string() }), true),
    ] {
        let answer = as_role(&house, role, query, variables).await;
        let code = answer.pointer("/errors/0/extensions/code").and_then(Value::as_str);
        assert_eq!(code, if may { None } else { Some("NOT_ALLOWED") }, "{role}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shredded_words_are_gone_and_their_hash_stays() {
    let house = House::open().await;
    let case = kept(&house).await;
    let shred = "mutation($case: ID!) { shredCallWords(case: $case) { keys } }";
    assert_eq!(house.graphql(shred, json!({ "case": case.to_string() })).await["shredCallWords"]["keys"], 1);
    let head = millwright_domain::ports::event_log::EventLog::head(&house.log).await.unwrap();
    house.state.projections.reached(&head, std::time::Duration::from_secs(20)).await.unwrap();
    let read = house.graphql_raw(READ, json!({ "call": CALL })).await;
    assert!(read["errors"][0]["message"].as_str().unwrap().contains("were destroyed"), "{read}");
    let seen = house.graphql("query($case: ID!) { modelCalls(case: $case) { digest state } }", json!({ "case": case.to_string() })).await;
    assert_eq!(seen["modelCalls"], json!([{ "digest": "ab", "state": "SHREDDED" }]));
    assert_eq!(house.graphql(shred, json!({ "case": case.to_string() })).await["shredCallWords"]["keys"], 0, "there is nothing left to destroy");
}
