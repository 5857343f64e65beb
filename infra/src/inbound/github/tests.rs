//! What GitHub sends about issues, and what of it is news.

use super::*;
use crate::inbound::testing::{kept, news, post, sha256_hex};
use serde_json::{Value, json};
use tempfile::TempDir;

fn hook() -> (TempDir, GithubHook) {
    let (folder, secret) = kept("s3cret\nold");
    (folder, GithubHook { secret, repository: "acme/plant".into(), account: "millwright[bot]".into() })
}

fn payload(action: &str) -> Value {
    json!({
        "action": action,
        "issue": {
            "number": 42, "html_url": "https://github.com/acme/plant/issues/42", "title": "t", "state": "closed", "state_reason": "completed",
            "updated_at": "2026-01-15T08:31:00Z", "closed_at": "2026-01-15T08:30:00Z", "labels": [{ "id": 1, "name": "severity-high" }, { "id": 2, "name": "millwright" }],
        },
        "repository": { "id": 1, "full_name": "Acme/Plant" },
        "sender": { "login": "ann", "type": "User" },
    })
}

fn knock(event: &str, payload: &Value, secret: &str) -> Knock {
    let body = payload.to_string();
    let signature = format!("sha256={}", sha256_hex(secret, body.as_bytes()));
    post("github", &[("x-github-event", event), ("x-hub-signature-256", &signature), ("content-type", "application/json; charset=utf-8")], body)
}

fn heard(event: &str, payload: &Value) -> Vec<OutsideDeed> {
    let (_folder, hook) = hook();
    let heard = news(hook.hear(&knock(event, payload, "s3cret")).unwrap());
    heard.into_iter().map(|news| if let News::Ticket(deed) = news { deed } else { panic!("{news:?}") }).collect()
}

#[test]
fn a_closed_issue_says_who_and_how_under_the_name_that_asking_finds() {
    let [deed] = &heard("issues", &payload("closed"))[..] else { panic!("not one") };
    assert_eq!(deed.ticket, TicketRef { system: "github".into(), id: "42".into(), url: "https://github.com/acme/plant/issues/42".into() });
    assert_eq!((deed.account.as_str(), &deed.deed), ("ann", &Deed::Closed(Some(Outcome::Repaired))));
    assert_eq!(deed.delivery, "github:issue:42:closed:2026-01-15T08:30:00Z");
    let mut not_planned = payload("closed");
    not_planned["issue"]["state_reason"] = "not_planned".into();
    assert_eq!(heard("issues", &not_planned)[0].deed, Deed::Closed(Some(Outcome::FalseAlarm)));
    not_planned["issue"]["state_reason"] = Value::Null;
    assert_eq!(heard("issues", &not_planned)[0].deed, Deed::Closed(None));
}

#[test]
fn comments_reopenings_and_labels_are_deeds_too() {
    let mut comment = payload("created");
    comment["comment"] = json!({ "id": 7, "body": "fixed\r\nbearing\u{0}", "user": { "login": "bob" } });
    let commented = heard("issue_comment", &comment).remove(0);
    assert_eq!((commented.delivery.as_str(), commented.account.as_str(), commented.words.as_str()), ("github:comment:7", "bob", "fixed\nbearing"));
    assert_eq!(heard("issues", &payload("reopened"))[0].delivery, "github:issue:42:reopened:2026-01-15T08:31:00Z");
    let labelled = heard("issues", &payload("labeled")).remove(0);
    assert_eq!(labelled.deed, Deed::Labelled(vec!["severity-high".into(), "millwright".into()]));
    let mut other_order = payload("unlabeled");
    other_order["issue"]["labels"] = json!([{ "name": "millwright" }, { "name": "severity-high" }]);
    assert_eq!(heard("issues", &other_order)[0].delivery, labelled.delivery);
    other_order["issue"]["labels"] = json!([]);
    assert_ne!(heard("issues", &other_order)[0].delivery, labelled.delivery, "two changes in one second are two");
}

#[test]
fn what_we_did_ourselves_and_what_is_not_about_our_tickets_is_no_news() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut payload = payload("closed");
        change(&mut payload);
        heard("issues", &payload)
    };
    assert_eq!(changed(&|payload| payload["sender"]["login"] = "Millwright[bot]".into()), []);
    assert_eq!(changed(&|payload| payload["repository"]["full_name"] = "acme/other".into()), []);
    assert_eq!(changed(&|payload| payload["issue"]["pull_request"] = json!({ "url": "u" })), []);
    assert_eq!(changed(&|payload| payload["action"] = "pinned".into()), []);
    let mut marked = payload("created");
    marked["comment"] = json!({ "id": 7, "body": "Diagnosed.\n<!-- millwright:k1 -->", "user": { "login": "ann" } });
    assert_eq!(heard("issue_comment", &marked), []);
    marked["action"] = "edited".into();
    assert_eq!(heard("issue_comment", &marked), []);
    assert_eq!(heard("ping", &json!({ "zen": "Design for failure.", "hook_id": 1 })), []);
}

#[test]
fn only_what_is_signed_is_read_and_either_secret_does() {
    let (folder, hook) = hook();
    assert!(hook.hear(&knock("issues", &payload("closed"), "old")).is_ok());
    assert_eq!(hook.hear(&knock("issues", &payload("closed"), "wrong")), Err(KnockRefused::BadSignature));
    let mut unsigned = knock("issues", &payload("closed"), "s3cret");
    unsigned.body.push(b' ');
    assert_eq!(hook.hear(&unsigned), Err(KnockRefused::BadSignature));
    unsigned.headers.remove("x-hub-signature-256");
    assert_eq!(hook.hear(&unsigned), Err(KnockRefused::BadSignature));
    std::fs::write(folder.path().join("secret"), "rotated").unwrap();
    assert_eq!(hook.hear(&knock("issues", &payload("closed"), "old")), Err(KnockRefused::BadSignature));
    std::fs::remove_file(folder.path().join("secret")).unwrap();
    assert!(matches!(hook.hear(&knock("issues", &payload("closed"), "old")), Err(KnockRefused::CannotVerify(why)) if why.contains("secret")));
}

#[test]
fn a_form_is_refused_with_what_to_choose_instead() {
    let (_folder, hook) = hook();
    let mut form = knock("issues", &payload("closed"), "s3cret");
    form.headers.insert("content-type".into(), "application/x-www-form-urlencoded".into());
    assert!(matches!(hook.hear(&form), Err(KnockRefused::Unreadable(why)) if why.contains("application/json")));
}
