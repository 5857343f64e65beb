//! What a person may say of alarms, thresholds and of what is normal; and false alarms as lines.

use crate::testing::House;
use serde_json::{Value, json};

const ALARMS: &str = "query($at: Position) { alarms(atLeast: $at) { site asset detector state severity raised acknowledgedBy silencedBy reason evidence { signal } } }";

async fn answered(house: &House, mutation: &str) -> Value {
    let answer = house.graphql(&format!("mutation {{ it: {mutation} {{ kind code reason position }} }}"), json!({})).await;
    answer["it"].clone()
}

async fn the_alarm(house: &House, answer: &Value) -> Value {
    house.graphql(ALARMS, json!({ "at": answer["position"] })).await["alarms"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_seen_shelved_with_a_reason_and_taken_off_again() {
    let house = House::open().await;
    house.case_awaiting_approval().await;
    let shown = house.graphql(ALARMS, json!({})).await["alarms"][0].clone();
    assert_eq!((shown["state"].as_str(), shown["raised"].as_u64()), (Some("UNACKNOWLEDGED"), Some(1)), "{shown}");
    let of_it = "site: \"demo\", asset: \"pump-1\", detector: \"drift\"";
    let seen = answered(&house, &format!("acknowledgeAlarm({of_it})")).await;
    assert_eq!(the_alarm(&house, &seen).await["state"], "ACKNOWLEDGED");
    let long = answered(&house, &format!("shelveAlarm({of_it}, minutes: 481, reason: \"the sensor is being mended\")")).await;
    assert_eq!((long["kind"].as_str(), long["code"].as_str()), (Some("REFUSED"), Some("bad_shelf")));
    let shelved = answered(&house, &format!("shelveAlarm({of_it}, minutes: 60, reason: \"the sensor is being mended\")")).await;
    let alarm = the_alarm(&house, &shelved).await;
    assert_eq!((&alarm["state"], &alarm["reason"]), (&json!("SHELVED"), &json!("the sensor is being mended")));
    let off = answered(&house, &format!("unshelveAlarm({of_it})")).await;
    assert_eq!(the_alarm(&house, &off).await["state"], "ACKNOWLEDGED");
    let out = answered(&house, &format!("takeAlarmOutOfService({of_it}, reason: \"no spare part\")")).await;
    assert_eq!(the_alarm(&house, &out).await["state"], "OUT_OF_SERVICE");
    let back = answered(&house, &format!("returnAlarmToService({of_it})")).await;
    assert_eq!(the_alarm(&house, &back).await["silencedBy"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn alarm_figures_stand_beside_their_targets() {
    let house = House::open().await;
    house.case_awaiting_approval().await;
    let asked = "{ alarmPerformance(site: \"demo\", from: \"2023-11-14T00:00:00Z\", to: \"2023-11-15T00:00:00Z\") {
        raised inFlood figures { name value target met } top { asset count chatters } bySeverity { severity share } } }";
    let shown = house.graphql(asked, json!({})).await["alarmPerformance"].clone();
    assert_eq!((shown["raised"].as_u64(), shown["inFlood"].as_bool()), (Some(1), Some(false)));
    assert_eq!((shown["figures"].as_array().map(Vec::len), shown["top"][0]["asset"].as_str()), (Some(7), Some("pump-1")));
    let wrong = house.graphql_raw(&asked.replace("2023-11-15", "2033-11-15"), json!({})).await;
    assert_eq!(wrong["errors"][0]["extensions"]["code"], "BAD_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_alarm_is_a_line_for_whoever_tunes_and_a_threshold_can_be_set_and_undone() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let url = format!("http://{}/review/false-positives", house.address);
    let lines = || async { reqwest::get(&url).await.unwrap().text().await.unwrap() };
    assert_eq!(lines().await, "");
    let closed = answered(&house, &format!("recordOutcome(case: \"{case}\", outcome: FALSE_ALARM, note: \"somebody leant on it\")")).await;
    house.graphql(ALARMS, json!({ "at": closed["position"] })).await;
    let text = lines().await;
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((&line["case"], &line["note"]), (&json!(case.to_string()), &json!("somebody leant on it")));
    assert_eq!((&line["detector"], &line["cause"]), (&json!("drift"), &json!("bearing_wear")));
    let threshold = "query($at: Position) { asset(site: \"demo\", asset: \"pump-1\", atLeast: $at) { signals { id threshold { factor was by } } } }";
    for (factor, shown_as) in [(1.3, json!({ "factor": 1.3, "was": 1.0, "by": "local-operator" })), (1.0, Value::Null)] {
        let set = answered(&house, &format!("setThreshold(site: \"demo\", signal: \"pump-1/vibration\", factor: {factor}, note: \"tried\")")).await;
        assert_eq!(set["kind"], "DONE", "{set}");
        let shown = house.graphql(threshold, json!({ "at": set["position"] })).await;
        assert_eq!(shown["asset"]["signals"][1]["threshold"], shown_as);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_normal_is_learned_anew_by_a_persons_word_and_taken_back() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let refused = answered(&house, "approveRelearning(site: \"demo\", asset: \"pump-1\")").await;
    assert_eq!(refused["code"], "case_open");
    answered(&house, &format!("recordOutcome(case: \"{case}\", outcome: REPAIRED)")).await;
    let approved = answered(&house, "approveRelearning(site: \"demo\", asset: \"pump-1\")").await;
    let shown =
        "query($at: Position) { asset(site: \"demo\", asset: \"pump-1\", atLeast: $at) { relearning { proposed canBeTakenBack changedBy } } }";
    let relearning = house.graphql(shown, json!({ "at": approved["position"] })).await["asset"]["relearning"].clone();
    assert_eq!(relearning, json!({ "proposed": null, "canBeTakenBack": 1, "changedBy": "local-operator" }));
    let back = answered(&house, "restoreBaseline(site: \"demo\", asset: \"pump-1\")").await;
    assert_eq!(house.graphql(shown, json!({ "at": back["position"] })).await["asset"]["relearning"]["canBeTakenBack"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_answers_what_is_known_of_others_before_anything_is() {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let asked = format!(
        "{{ case(id: \"{case}\") {{ change {{ kind }} similar {{ remembered comparedWith cases {{ similarity }} }} forecasts {{ signal }}
            diagnosis {{ record {{ confirmed refuted calibrated }} }} actions {{ trackRecord {{ tried helped rate }} }} }} faultPatterns {{ cause }} }}"
    );
    let shown = house.graphql(&asked, json!({})).await;
    assert_eq!(shown["case"]["similar"], json!({ "remembered": false, "comparedWith": 0, "cases": [] }));
    assert_eq!(shown["case"]["diagnosis"]["record"], json!({ "confirmed": 0, "refuted": 0, "calibrated": null }));
    assert_eq!(shown["case"]["actions"][0]["trackRecord"], json!({ "tried": 0, "helped": 0, "rate": null }));
    assert_eq!((&shown["case"]["change"], &shown["faultPatterns"]), (&Value::Null, &json!([])));
}
