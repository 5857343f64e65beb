//! What Trello sends about cards, and what of it is news.

use super::*;
use crate::inbound::testing::{kept, news, post, sha1_base64};
use serde_json::{Value, json};
use tempfile::TempDir;

const URL: &str = "https://plant.example/webhooks/trello";

fn hook() -> (TempDir, TrelloHook) {
    let (folder, secret) = kept("app-secret");
    let (callback_url, account) = (URL.to_string(), "millwright".to_string());
    (folder, TrelloHook { secret, callback_url, account, repaired_list: "done".into(), false_alarm_list: "nothing".into() })
}

fn knock(kind: &str, data: Value, by: &str) -> Knock {
    let action = json!({ "id": "59bc8e2ddbd7af0e1474fb0e", "type": kind, "data": data, "date": "2026-01-15T08:30:00.123Z", "memberCreator": { "id": "m", "username": by } });
    let body = json!({ "model": { "id": "b" }, "action": action }).to_string();
    let signature = sha1_base64("app-secret", format!("{body}{URL}").as_bytes());
    post("trello", &[("x-trello-webhook", &signature)], body)
}

fn deed(kind: &str, data: Value, by: &str) -> Option<OutsideDeed> {
    let (_folder, hook) = hook();
    match news(hook.hear(&knock(kind, data, by)).unwrap()).pop()? {
        News::Ticket(deed) => Some(deed),
        other => panic!("{other:?}"),
    }
}

fn card() -> Value {
    json!({ "id": "5abc", "name": "Pump 1", "shortLink": "Xy12" })
}

fn moved(from: &str, to: &str) -> Option<Deed> {
    deed(
        "updateCard",
        json!({ "card": card(), "old": { "idList": from }, "listBefore": { "id": from, "name": "x" }, "listAfter": { "id": to, "name": "y" } }),
        "ann",
    )
    .map(|deed| deed.deed)
}

#[test]
fn the_look_before_the_webhook_is_made_is_answered() {
    let (_folder, hook) = hook();
    let head = Knock { method: "HEAD".into(), ..post("trello", &[], "") };
    assert_eq!(hook.hear(&head), Ok(Heard::Challenge(String::new())));
}

#[test]
fn a_comment_is_a_deed_and_ours_is_none() {
    let said = |text: &str, by: &str| deed("commentCard", json!({ "card": card(), "text": text }), by);
    let commented = said("fixed bearing", "ann").unwrap();
    assert_eq!(commented.ticket, TicketRef { system: "trello".into(), id: "5abc".into(), url: "https://trello.com/c/Xy12".into() });
    assert_eq!((commented.delivery.as_str(), commented.words.as_str()), ("trello:action:59bc8e2ddbd7af0e1474fb0e", "fixed bearing"));
    assert_eq!(said("x", "millwright"), None);
    assert_eq!(said("x <!-- millwright:k -->", "ann"), None);
}

#[test]
fn a_card_is_closed_by_archiving_it_or_by_moving_it_to_where_it_is_over() {
    let archived = |before: bool, after: bool| {
        let mut card = card();
        card["closed"] = after.into();
        deed("updateCard", json!({ "card": card, "old": { "closed": before } }), "ann").map(|deed| deed.deed)
    };
    assert_eq!(archived(false, true), Some(Deed::Closed(None)));
    assert_eq!(archived(true, false), Some(Deed::Reopened));
    assert_eq!(moved("doing", "done"), Some(Deed::Closed(Some(Outcome::Repaired))));
    assert_eq!(moved("done", "nothing"), Some(Deed::Closed(Some(Outcome::FalseAlarm))));
    assert_eq!(moved("done", "doing"), Some(Deed::Reopened));
    assert_eq!(moved("doing", "later"), None);
    assert_eq!(deed("updateCard", json!({ "card": card(), "old": { "name": "x" } }), "ann"), None);
    assert_eq!(deed("updateBoard", json!({}), "ann"), None);
}

#[test]
fn the_address_is_signed_with_the_body() {
    let (_folder, hook) = hook();
    let knock = knock("commentCard", json!({ "card": card(), "text": "x" }), "ann");
    let other = TrelloHook { callback_url: format!("{URL}/"), ..hook.clone() };
    assert!(hook.hear(&knock).is_ok());
    assert_eq!(other.hear(&knock), Err(KnockRefused::BadSignature));
    assert_eq!(hook.hear(&post("trello", &[], knock.body)), Err(KnockRefused::BadSignature));
}
