//! Alerts as CloudEvents in each of their forms.

use super::*;
use crate::{
    inbound::{
        signature::sign,
        testing::{NOW, kept, news, post},
    },
    secret::Secret,
};
use millwright_domain::case::Severity;
use serde_json::json;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TOKEN: (&str, &str) = ("authorization", "Bearer whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

fn hear(knock: &Knock) -> Result<Heard, KnockRefused> {
    let (_folder, secret) = kept(KEY);
    CloudeventsHook { secret }.hear(knock, NOW)
}
fn alerts(knock: &Knock) -> Vec<OutsideAlert> {
    news(hear(knock).unwrap()).into_iter().map(|news| if let News::Alert(alert) = news { alert } else { panic!("{news:?}") }).collect()
}
fn data() -> Value {
    json!({ "asset": "pump-1", "site": "north", "summary": "seal leaks", "severity": "critical", "fingerprint": "seal-1", "labels": { "line": "3" } })
}
fn event() -> Value {
    json!({ "specversion": "1.0", "type": "com.millwright.alert", "source": "/scada", "id": "17", "time": "2026-01-15T08:30:00Z", "data": data() })
}
fn structured(event: &Value) -> Knock {
    post("cloudevents", &[TOKEN, ("content-type", "application/cloudevents+json; charset=utf-8")], event.to_string())
}

#[test]
fn each_form_says_the_same() {
    let one = alerts(&structured(&event()));
    let batch = post("cloudevents", &[TOKEN, ("content-type", "application/cloudevents-batch+json")], json!([event(), event()]).to_string());
    let headers = [
        TOKEN,
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-type", "t"),
        ("ce-source", "/scad%61"),
        ("ce-id", "17"),
        ("ce-time", "2026-01-15T08:30:00Z"),
    ];
    assert_eq!(alerts(&post("cloudevents", &headers, data().to_string())), one);
    assert_eq!(alerts(&batch), [one.clone(), one.clone()].concat());
    let mut packed = event();
    packed["data_base64"] = BASE64_STANDARD.encode(data().to_string()).into();
    packed.as_object_mut().unwrap().remove("data");
    assert_eq!(alerts(&structured(&packed)), one);
    assert_eq!((one[0].delivery.as_str(), one[0].fingerprint.as_str(), one[0].firing), ("cloudevents:/scada:17", "/scada:seal-1", true));
    assert_eq!((one[0].labels["asset"].as_str(), one[0].labels["site"].as_str(), one[0].severity), ("pump-1", "north", Some(Severity::Critical)));
}

#[test]
fn without_a_fingerprint_the_subject_or_the_asset_tells_alerts_apart() {
    let mut event = event();
    event["data"].as_object_mut().unwrap().remove("fingerprint");
    event.as_object_mut().unwrap().remove("time");
    event["data"]["status"] = "resolved".into();
    let alert = alerts(&structured(&event)).remove(0);
    assert_eq!((alert.fingerprint.as_str(), alert.firing, alert.starts_at), ("/scada:pump-1", false, NOW));
    event["subject"] = "seal".into();
    assert_eq!(alerts(&structured(&event))[0].fingerprint, "/scada:seal");
}

#[test]
fn a_signature_is_verified_where_there_is_one() {
    let body = event().to_string();
    let signed = sign(&[Secret::new(KEY)], "m1", NOW, body.as_bytes()).unwrap();
    let [id, at, signature] = signed.headers();
    let form = ("content-type", "application/cloudevents+json");
    assert!(hear(&post("cloudevents", &[form, id, at, signature], body.clone())).is_ok());
    assert_eq!(hear(&post("cloudevents", &[form, id, at, signature], format!("{body} "))), Err(KnockRefused::BadSignature));
    assert_eq!(hear(&post("cloudevents", &[form, TOKEN, id, at, (Signed::SIGNATURE, "v1,AAAA")], body.clone())), Err(KnockRefused::BadSignature));
    assert_eq!(hear(&post("cloudevents", &[form], body)), Err(KnockRefused::BadSignature));
}

#[test]
fn what_cannot_be_is_refused() {
    let with = |key: &str, value: Value| {
        let mut event = event();
        event[key] = value;
        event
    };
    for bad in [
        with("specversion", "2.0".into()),
        with("data", Value::Null),
        with("data", json!({ "asset": "x" })),
        with("id", "".into()),
        with("time", "soon".into()),
        with("data", json!({ "asset": "a", "summary": "b", "status": "odd" })),
    ] {
        assert!(matches!(hear(&structured(&bad)), Err(KnockRefused::Unreadable(_))), "{bad}");
    }
    assert!(matches!(hear(&post("cloudevents", &[TOKEN], data().to_string())), Err(KnockRefused::Unreadable(_))));
}
