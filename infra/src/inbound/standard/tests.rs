//! What any ticket system may say by Standard Webhooks.

use super::*;
use crate::{
    inbound::{
        signature::sign,
        testing::{NOW, kept, news, post},
    },
    secret::Secret,
};
use serde_json::{Value, json};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn hear(payload: &Value, sent: Timestamp) -> Result<Heard, KnockRefused> {
    let (_folder, secret) = kept(KEY);
    let body = payload.to_string();
    let signed = sign(&[Secret::new(KEY)], "evt_1", sent, body.as_bytes()).unwrap();
    TicketHook { secret, account: "millwright".into() }.hear(&post("tickets", &signed.headers(), body), NOW)
}

fn deed(payload: &Value) -> OutsideDeed {
    match news(hear(payload, NOW).unwrap()).remove(0) {
        News::Ticket(deed) => deed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_kind_of_deed_is_read() {
    let closed =
        deed(&json!({ "type": "ticket.closed", "data": { "id": "4711", "account": "ann", "words": "bearing replaced", "outcome": "repaired" } }));
    assert_eq!(closed.ticket, TicketRef { system: "webhook".into(), id: "4711".into(), url: String::new() });
    assert_eq!(
        (closed.delivery.as_str(), &closed.deed, closed.words.as_str()),
        ("webhook:evt_1", &Deed::Closed(Some(Outcome::Repaired)), "bearing replaced")
    );
    let of = |kind: &str| deed(&json!({ "type": kind, "data": { "id": "1", "account": "ann", "labels": ["a", "b\n"] } })).deed;
    assert_eq!(of("ticket.closed"), Deed::Closed(None));
    assert_eq!(of("ticket.commented"), Deed::Commented);
    assert_eq!(of("ticket.reopened"), Deed::Reopened);
    assert_eq!(of("ticket.labelled"), Deed::Labelled(vec!["a".into(), "b".into()]));
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    for bad in [
        json!({ "type": "ticket.eaten", "data": { "id": "1", "account": "ann" } }),
        json!({ "type": "ticket.closed", "data": { "id": "1", "account": "ann", "outcome": "mitigated" } }),
        json!({ "type": "ticket.closed", "data": { "id": " ", "account": "ann" } }),
        json!({ "type": "ticket.closed" }),
    ] {
        assert!(matches!(hear(&bad, NOW), Err(KnockRefused::Unreadable(_))), "{bad}");
    }
}

#[test]
fn our_own_deeds_are_no_news_and_old_ones_are_refused() {
    let own = json!({ "type": "ticket.closed", "data": { "id": "1", "account": "Millwright" } });
    assert_eq!(news(hear(&own, NOW).unwrap()), []);
    assert!(matches!(hear(&own, Timestamp::from_secs(1_699_999_000)), Err(KnockRefused::Stale(_))));
}
