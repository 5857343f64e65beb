//! What auditors are answered, and what they are told when they ask for what there is not.

use crate::testing::House;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_export_takes_what_it_is_asked_for_and_refuses_the_rest_with_what_is_possible() {
    let house = House::open().await;
    let get = async |query: &str| {
        let answer = reqwest::get(format!("http://{}/audit/export?{query}", house.address)).await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_string();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    };
    let (status, kind, text) = get("partition=demo&from=2026-01-15T08:30:00Z&kind=AlertRaised&actor=olga&stream=case/7").await;
    assert_eq!((status, kind.as_str()), (200, "application/x-ndjson"));
    assert!(["AlertRaised", "demo", "olga", "case/7"].iter().all(|named| text.contains(named)), "{text}");
    for (query, hint) in
        [("format=xml", "jsonl or parquet"), ("partition=No%20Site", "partition"), ("since=1", "from, to, kind, actor, stream, format")]
    {
        let (status, _, text) = get(query).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (400, &json!("BAD_INPUT")), "{query}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(hint), "{text}");
    }
    let notes = reqwest::get(format!("http://{}/audit/checkpoints", house.address)).await.unwrap().text().await.unwrap();
    assert!(notes.starts_with("millwright/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_without_a_checkpoint_has_no_proof_and_a_name_is_no_id() {
    let house = House::open().await;
    let nothing = house.graphql("{ proof(eventId: \"00000000-0000-7000-8000-000000000000\") { json } auditVerification { ok } }", json!({})).await;
    assert_eq!(nothing, json!({"proof": null, "auditVerification": null}));
    let none = house.graphql("{ checkpoints(partition: \"ledger/demo\") { note } }", json!({})).await;
    assert_eq!(none, json!({"checkpoints": []}));
    for query in ["{ proof(eventId: \"pump\") { json } }", "{ checkpoints(partition: \"ledger/demo\", first: 0) { note } }"] {
        let refused = house.graphql_raw(query, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_INPUT", "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_begun_once_and_whoever_asks_again_is_told_how_far_it_is() {
    let house = House::open().await;
    let none = house.graphql("{ auditLook { done } }", json!({})).await;
    assert_eq!(none, json!({"auditLook": null}));
    for begun in [true, false] {
        let looked = house.graphql("mutation { verifyAudit { done of begun } }", json!({})).await;
        assert_eq!(looked, json!({"verifyAudit": {"done": 0, "of": 12, "begun": begun}}));
    }
    let under_way = house.graphql("{ auditLook { of begun } }", json!({})).await;
    assert_eq!(under_way, json!({"auditLook": {"of": 12, "begun": false}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_fact_can_be_chosen() {
    let house = House::open().await;
    let asked = house.graphql("{ auditKinds }", json!({})).await;
    let kinds = asked["auditKinds"].as_array().unwrap();
    assert_eq!(kinds.len(), millwright_domain::Event::TYPES.len());
    for kind in ["AgentBlocked", "TokenIssued", "InspectionMade", "LetterSent"] {
        assert!(kinds.contains(&json!(kind)), "{kind}");
    }
}
