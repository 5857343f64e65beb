//! Questions: the plant, curves, pages, limits.

use crate::testing::{House, NOW};
use millwright_commands::{AdoptRoster, Ask, RecordDiagnosis};
use millwright_domain::{case::DiagnosisRecorded, ids::EventId, position::PartitionId, roster::Roster};
use millwright_projections::testing::road;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_plant_shows_its_places_and_newest_values() {
    let house = House::open().await;
    let seen = "query($at: Position) { plants(atLeast: $at) { site name source areas { name lines { name assets { id } } }
        assets { name class signals { id unit writable { rated } latest { value quality } baseline { mean } } } } }";
    let seen = house.graphql(seen, json!({ "at": "ledger/demo:3,readings/0:20" })).await;
    let plant = &seen["plants"][0];
    assert_eq!(plant["areas"], json!([{ "name": "cellar", "lines": [{ "name": "cooling", "assets": [{ "id": "pump-1" }] }] }]));
    let speed = &plant["assets"][0]["signals"][2];
    assert_eq!(
        *speed,
        json!({ "id": "pump-1/speed_setpoint", "unit": "rpm", "writable": { "rated": 1450.0 }, "latest": { "value": 1450.0, "quality": "GOOD" }, "baseline": null })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plant_says_where_its_roster_has_people_look() {
    let house = House::open().await;
    let asked = "query($at: Position) { plant(site: \"demo\", atLeast: $at) { links { page grafana } } }";
    assert_eq!(house.graphql(asked, json!({ "at": "ledger/demo:3" })).await["plant"]["links"], json!({ "page": null, "grafana": null }));
    let links = json!({ "page": "https://mill.example.org", "grafana": "https://g.example.org/d/plc-health?var-sensor={signal}" });
    let roster: Roster = serde_json::from_value(json!({ "links": links })).unwrap();
    let adopted = house.ask("svc-settings", AdoptRoster { roster }).await;
    assert_eq!(house.graphql(asked, json!({ "at": adopted.position.to_string() })).await["plant"]["links"], links);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curve_comes_raw_from_the_log_and_rolled_up() {
    let house = House::open().await;
    let curve = "query($resolution: Resolution!, $from: DateTime!, $to: DateTime!, $first: Int!) {
        readings(site: \"demo\", signal: \"pump-1/flow\", resolution: $resolution, from: $from, to: $to, first: $first, atLeast: \"readings/0:20\") {
            unit truncated to points { at value quality count p95 } } }";
    let (from, to) = ((NOW - chrono::TimeDelta::minutes(1)).to_string(), NOW.to_string());
    let raw = house.graphql(curve, json!({ "resolution": "RAW", "from": from, "to": to, "first": 15 })).await["readings"].clone();
    assert_eq!((raw["unit"].as_str(), raw["truncated"].as_bool(), raw["points"].as_array().map(Vec::len)), (Some("l/min"), Some(true), Some(15)));
    let rest = house.graphql(curve, json!({ "resolution": "RAW", "from": raw["to"], "to": to, "first": 15 })).await["readings"].clone();
    assert_eq!((rest["truncated"].as_bool(), rest["points"].as_array().map(Vec::len)), (Some(false), Some(5)), "each value is there once");
    let rolled = house.graphql(curve, json!({ "resolution": "S10", "from": from, "to": to, "first": 100 })).await["readings"].clone();
    let counts: Vec<u64> = rolled["points"].as_array().unwrap().iter().map(|point| point["count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [10, 10]);
    assert_eq!(rolled["points"][0]["value"], 1450.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_audit_hold_every_fact_once_in_both_directions() {
    let house = House::open().await;
    house.case_awaiting_approval().await;
    let whole = house.graphql("{ audit(first: 200) { nodes { seq hash } } }", json!({})).await["audit"]["nodes"].as_array().unwrap().clone();
    let page = "query($first: Int, $after: String, $last: Int, $before: String) {
        audit(first: $first, after: $after, last: $last, before: $before) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { seq hash } } }";
    let (mut forward, mut after) = (vec![], json!(null));
    loop {
        let page = house.graphql(page, json!({ "first": 2, "after": after })).await["audit"].clone();
        forward.extend(page["nodes"].as_array().unwrap().clone());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(forward, whole);
    let last = house.graphql(page, json!({ "last": 2 })).await["audit"].clone();
    assert_eq!(last["nodes"].as_array().unwrap()[..], whole[whole.len() - 2..]);
    let before = house.graphql(page, json!({ "last": 2, "before": last["pageInfo"]["startCursor"] })).await["audit"].clone();
    assert_eq!(before["nodes"].as_array().unwrap()[..], whole[whole.len() - 4..whole.len() - 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_are_found_by_cause_by_words_and_by_when_they_were_open() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let found = async |narrowed: &str| {
        let cases =
            house.graphql(&format!("{{ cases(site: \"demo\", {narrowed}) {{ nodes {{ id }} }} }}"), json!({})).await["cases"]["nodes"].clone();
        cases == json!([{ "id": case.to_string() }])
    };
    let (before, after) = (NOW - chrono::TimeDelta::hours(1), NOW + chrono::TimeDelta::hours(1));
    assert!(found("cause: \"bearing_wear\"").await && !found("cause: \"unknown\"").await);
    assert!(found("find: \"PUMP bearing wear\"").await && !found("find: \"%\"").await && !found("find: \"pump cavitation\"").await);
    assert!(found(&format!("from: \"{before}\", to: \"{after}\"")).await && found(&format!("from: \"{after}\"")).await, "it is open still");
    assert!(!found(&format!("to: \"{before}\"")).await);
    let long = "a ".repeat(9);
    for narrowed in [format!("find: \"{long}\""), format!("from: \"{after}\", to: \"{before}\"")] {
        let refused = house.graphql_raw(&format!("{{ cases({narrowed}) {{ nodes {{ id }} }} }}"), json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_INPUT", "{narrowed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_says_which_fact_led_to_which() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let timeline = "query($case: ID!, $at: Position) { case(id: $case, atLeast: $at) { timeline { id kind causation } } }";
    let told = house.graphql(timeline, json!({ "case": case.to_string() })).await["case"]["timeline"].clone();
    assert_eq!((&told[0]["kind"], &told[0]["causation"]), (&json!("AlertRaised"), &json!(null)));
    let alert = told[0]["id"].as_str().unwrap();
    let diagnosis = DiagnosisRecorded { cause: "cavitation".parse().unwrap(), ..road::diagnosis(NOW) };
    let mut ask = Ask::new("svc-diagnosis".parse().unwrap(), RecordDiagnosis { case, diagnosis, revises: true });
    ask.causation = Some(EventId(alert.parse().unwrap()));
    let answered = house.state.commands.ask(&PartitionId::site(&road::site()), ask).await.unwrap();
    let told = house.graphql(timeline, json!({ "case": case.to_string(), "at": answered.position.to_string() })).await["case"]["timeline"].clone();
    let revised = told.as_array().unwrap().iter().rfind(|fact| fact["kind"] == "DiagnosisRecorded").unwrap();
    assert_eq!(revised["causation"], alert);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_too_much_is_refused_in_words() {
    let house = House::open().await;
    let mut deep = "id".to_string();
    for _ in 0..8 {
        deep = format!("id actions {{ case {{ {deep} }} }}");
    }
    let refused = house.graphql_raw(&format!("{{ cases {{ nodes {{ {deep} }} }} }}"), json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "TOO_MANY", "{refused}");
    let broad: String = (0..200).map(|number| format!("a{number}: audit(first: 200) {{ nodes {{ seq hash json }} }} ")).collect();
    let refused = house.graphql_raw(&format!("{{ {broad} }}"), json!({})).await;
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("too complex"), "{refused}");
    let refused = house.graphql_raw("{ cases(first: 100000) { nodes { id } } }", json!({})).await;
    assert!(refused["errors"].is_array(), "{refused}");
    let refused = house.graphql_raw("{ cases(first: 10, after: \"nonsense\") { nodes { id } } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_position_that_never_comes_ends_with_how_far_it_is() {
    let house = House::open().await;
    let wanted = "ledger/demo:1000000".parse().unwrap();
    let waited = house.state.projections.reached(&wanted, Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(waited.wanted, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_how_far_everything_is() {
    let house = House::open().await;
    house.case_awaiting_approval().await;
    let report: serde_json::Value = reqwest::get(format!("http://{}/health", house.address)).await.unwrap().json().await.unwrap();
    assert_eq!((report["ok"].as_bool(), &report["parts"]), (Some(true), &json!([{ "name": "plc-1", "ok": true, "detail": "polled" }])));
    assert!(report["lag"].as_array().unwrap().iter().any(|lag| lag["partition"] == "ledger/demo"), "{report}");
    let same = house.graphql("{ health { ok parked { stream } unknownFacts parts { name } } }", json!({})).await;
    assert_eq!(same["health"], json!({ "ok": true, "parked": [], "unknownFacts": 0, "parts": [{ "name": "plc-1" }] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_can_ask_what_there_is_to_ask() {
    let house = House::open().await;
    let kind = (0..8).fold("kind name".to_string(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let asked = house.graphql_raw(&format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {kind} }} }} }} }} }} }}"), json!({})).await;
    assert!(asked["errors"].is_null() && asked["data"]["__schema"]["types"].is_array(), "{}", asked["errors"]);
}
