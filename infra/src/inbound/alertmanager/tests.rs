//! What Alertmanager sends, and what of it becomes an alert here.

use super::*;
use crate::inbound::testing::{kept, news, post};
use millwright_domain::case::Severity;
use serde_json::{Value, json};

fn hear(authorization: &str, alerts: Value) -> Result<Heard, KnockRefused> {
    let (_folder, secret) = kept("s3cret");
    let body = json!({ "version": "4", "groupKey": "{}", "receiver": "millwright", "status": "firing", "truncatedAlerts": 0, "commonLabels": {}, "alerts": alerts });
    AlertmanagerHook { secret }.hear(&post("alertmanager", &[("authorization", authorization)], body.to_string()))
}

fn alert() -> Value {
    json!({
        "status": "firing", "fingerprint": "1a30ba71cca2921f", "startsAt": "2026-01-15T08:30:00.828123456Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p/g",
        "labels": { "alertname": "TankLow", "severity": "warning", "asset": "tank-1", "site": "north" }, "annotations": { "summary": "Tank 1 is\nlow", "description": "long" },
    })
}

fn alerts(alerts: Value) -> Vec<OutsideAlert> {
    news(hear("Bearer s3cret", alerts).unwrap())
        .into_iter()
        .map(|news| if let News::Alert(alert) = news { alert } else { panic!("{news:?}") })
        .collect()
}

#[test]
fn an_alert_is_known_again_when_it_is_over() {
    let mut over = alert();
    over["status"] = "resolved".into();
    let [fires, ends] = &alerts(json!([alert(), over]))[..] else { panic!("not two") };
    assert_eq!((fires.fingerprint.as_str(), fires.firing, ends.firing), ("1a30ba71cca2921f", true, false));
    assert_eq!(fires.fingerprint, ends.fingerprint);
    assert_eq!(fires.delivery, "alertmanager:1a30ba71cca2921f:firing:2026-01-15T08:30:00.828123Z");
    assert_eq!(ends.delivery, "alertmanager:1a30ba71cca2921f:resolved:2026-01-15T08:30:00.828123Z");
    assert_eq!((fires.summary.as_str(), fires.severity, fires.labels["asset"].as_str()), ("Tank 1 is low", Some(Severity::Medium), "tank-1"));
}

#[test]
fn what_is_missing_is_made_up_for_as_far_as_can_be() {
    let mut bare = alert();
    bare["annotations"] = json!({ "summary": " ", "description": "the long one" });
    assert_eq!(alerts(json!([bare]))[0].summary, "the long one");
    bare["annotations"] = json!({});
    bare["labels"] = json!({ "alertname": "TankLow", "severity": "sev-2" });
    let alert = alerts(json!([bare])).remove(0);
    assert_eq!((alert.summary.as_str(), alert.severity), ("TankLow", None));
}

#[test]
fn which_machine_it_is_about_survives_a_flood_of_labels() {
    let mut flooded = alert();
    flooded["labels"].as_object_mut().unwrap().extend((0..200).map(|n| (format!("a{n:03}"), json!("x".repeat(1_000)))));
    let alert = alerts(json!([flooded])).remove(0);
    assert_eq!((alert.labels.len(), alert.labels["site"].as_str()), (MOST_LABELS, "north"));
    assert!(alert.labels.values().all(|value| value.chars().count() <= 257));
}

#[test]
fn what_cannot_be_told_apart_or_authenticated_is_refused() {
    for field in ["fingerprint", "startsAt", "status"] {
        let mut bad = alert();
        bad[field] = "".into();
        assert!(matches!(hear("Bearer s3cret", json!([bad])), Err(KnockRefused::Unreadable(_))), "{field}");
    }
    assert!(matches!(hear("Bearer s3cret", json!(vec![alert(); 1_001])), Err(KnockRefused::Unreadable(_))));
    assert_eq!(hear("Bearer other", json!([alert()])), Err(KnockRefused::BadSignature));
}
