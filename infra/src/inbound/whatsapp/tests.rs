//! What Meta sends for a WhatsApp number, and what of it is news.

use super::*;
use crate::inbound::testing::{kept, news, post, sha256_hex};
use serde_json::json;
use tempfile::TempDir;

fn hook() -> (TempDir, TempDir, WhatsappHook) {
    let ((a, app_secret), (b, verify_token)) = (kept("app-secret"), kept("word-of-ours"));
    (a, b, WhatsappHook { app_secret, verify_token, phone_number_id: "123".into() })
}

fn body(number: &str, messages: Value, statuses: Value) -> String {
    let value = json!({ "messaging_product": "whatsapp", "metadata": { "display_phone_number": "1555", "phone_number_id": number }, "contacts": [], "messages": messages, "statuses": statuses });
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "9", "changes": [{ "field": "messages", "value": value }] }] }).to_string()
}

fn hear(body: String) -> Result<Heard, KnockRefused> {
    let (_a, _b, hook) = hook();
    let signature = format!("sha256={}", sha256_hex("app-secret", body.as_bytes()));
    hook.hear(&post("whatsapp", &[("x-hub-signature-256", &signature)], body))
}

fn messages(messages: Value) -> Vec<ChatMessage> {
    let heard = news(hear(body("123", messages, json!([]))).unwrap());
    heard.into_iter().map(|news| if let News::Message(message) = news { message } else { panic!("{news:?}") }).collect()
}

#[test]
fn a_text_and_both_kinds_of_buttons_are_read() {
    let heard = messages(json!([
        { "id": "wamid.1", "from": "491701234567", "timestamp": "1700000000", "type": "text", "text": { "body": "fixed bearing" } },
        { "id": "wamid.2", "from": "491701234567", "type": "button", "context": { "from": "1555", "id": "wamid.q" }, "button": { "payload": "n:1", "text": "No" } },
        { "id": "wamid.3", "from": "491701234567", "type": "interactive", "context": { "id": "wamid.q" },
          "interactive": { "type": "button_reply", "button_reply": { "id": "y:1:2", "title": "Yes" } } },
        { "id": "wamid.4", "from": "491701234567", "type": "image", "image": { "id": "5", "caption": "replaced, see here" } },
    ]));
    let [text, quick, reply, picture] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((text.delivery.as_str(), text.from.as_str(), text.text.as_str()), ("whatsapp:wamid.1", "+491701234567", "fixed bearing"));
    assert_eq!((text.button.as_deref(), text.in_reply_to.as_deref()), (None, None));
    assert_eq!((quick.button.as_deref(), quick.text.as_str(), quick.in_reply_to.as_deref()), (Some("n:1"), "No", Some("wamid.q")));
    assert_eq!((reply.button.as_deref(), reply.text.as_str(), reply.in_reply_to.as_deref()), (Some("y:1:2"), "Yes", Some("wamid.q")));
    assert_eq!(picture.text, "replaced, see here");
}

#[test]
fn what_says_nothing_here_does_not_hold_up_what_does() {
    let heard = messages(json!([
        { "id": "wamid.1", "from": "1", "type": "reaction", "reaction": { "emoji": "x" } },
        { "id": "wamid.2", "from": "1", "type": "text", "text": "of another form" },
        { "id": "wamid.3", "from": "1", "type": "sticker" },
        { "id": "wamid.4", "from": "1", "type": "image", "image": { "id": "5" } },
        "nonsense",
        { "id": "wamid.5", "from": "1", "type": "text", "text": { "body": "Y" } },
    ]));
    assert_eq!(heard.iter().map(|message| message.delivery.as_str()).collect::<Vec<_>>(), ["whatsapp:wamid.5"]);
}

#[test]
fn a_change_in_a_form_that_is_not_known_is_left_out_and_its_cause_known() {
    let known: Value =
        serde_json::from_str(&body("123", json!([{ "id": "wamid.1", "from": "1", "type": "text", "text": { "body": "Y" } }]), json!([]))).unwrap();
    let mut both = known.clone();
    both["entry"][0]["changes"] = json!([{ "field": "messages", "value": { "messages": [] } }, known["entry"][0]["changes"][0]]);
    assert_eq!(news(hear(both.to_string()).unwrap()).len(), 1);
    let why = updates(both["entry"][0]["changes"][0]["value"].clone()).err();
    assert_eq!(why.as_deref(), Some("missing field `metadata`"));
}

#[test]
fn a_signature_counts_over_the_bytes_with_their_escapes() {
    let text = body("123", json!([{ "id": "w", "from": "1", "type": "text", "text": { "body": "OELFUELLEN" } }]), json!([]));
    let escaped = text.replace("OELFUELLEN", r"\u00d6lf\u00fcllen \ud83d\ude42 \u0007\u202e");
    let News::Message(message) = news(hear(escaped).unwrap()).remove(0) else { panic!("no message") };
    assert_eq!(message.text, "Ölfüllen 🙂");
    let broken = text.replace("OELFUELLEN", r"\ud83d");
    assert!(matches!(hear(broken), Err(KnockRefused::Unreadable(_))));
}

#[test]
fn read_and_failed_are_told_and_the_rest_of_the_states_is_not() {
    let statuses = json!([
        { "id": "wamid.a", "status": "sent" }, { "id": "wamid.b", "status": "delivered" }, { "id": "wamid.c", "status": "read" },
        { "id": "wamid.d", "status": "failed", "errors": [{ "code": 131026, "title": "Message undeliverable", "error_data": { "details": "not on WhatsApp\n" } }] },
    ]);
    let [News::Read { receipt: read, .. }, News::NotDelivered { receipt, reason, .. }] = &news(hear(body("123", json!([]), statuses)).unwrap())[..]
    else {
        panic!("others")
    };
    assert_eq!((read.as_str(), receipt.as_str()), ("wamid.c", "wamid.d"));
    assert_eq!(reason, "WhatsApp did not deliver it: 131026 Message undeliverable not on WhatsApp");
}

#[test]
fn a_thousand_updates_are_read_and_more_are_not() {
    let many = |count: usize| body("123", json!(vec![json!({ "id": "w", "from": "1", "type": "text", "text": { "body": "x" } }); count]), json!([]));
    assert_eq!(news(hear(many(1_000)).unwrap()).len(), 1_000);
    assert!(matches!(hear(many(1_001)), Err(KnockRefused::Unreadable(_))));
}

#[test]
fn what_is_for_another_number_is_not_listened_to() {
    assert_eq!(news(hear(body("999", json!([{ "id": "w", "from": "1", "type": "text", "text": { "body": "x" } }]), json!([]))).unwrap()), []);
    let other_field =
        json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": "account_update", "value": { "event": "x" } }] }] });
    assert_eq!(news(hear(other_field.to_string()).unwrap()), []);
    assert!(matches!(hear(json!({ "object": "page" }).to_string()), Err(KnockRefused::Unreadable(_))));
}

#[test]
fn meta_may_read_its_challenge_only_with_our_word() {
    let (_a, _b, hook) = hook();
    let ask = |token: &str, challenge: &str| {
        let query = [("hub.mode", "subscribe"), ("hub.verify_token", token), ("hub.challenge", challenge)];
        let query = query.map(|(name, value)| (name.to_string(), value.to_string())).to_vec();
        hook.hear(&Knock { method: "GET".into(), query, ..post("whatsapp", &[], "") })
    };
    assert_eq!(ask("word-of-ours", "1158201444"), Ok(Heard::Challenge("1158201444".into())));
    assert_eq!(ask("another", "1158201444"), Err(KnockRefused::BadSignature));
    assert!(matches!(ask("word-of-ours", "<script>"), Err(KnockRefused::Unreadable(_))));
    assert_eq!(hook.hear(&Knock { method: "GET".into(), ..post("whatsapp", &[], "") }), Err(KnockRefused::BadSignature));
}

#[test]
fn what_is_not_signed_by_the_app_is_refused() {
    let (_a, _b, hook) = hook();
    let signature = format!("sha256={}", sha256_hex("word-of-ours", b"{}"));
    assert_eq!(hook.hear(&post("whatsapp", &[("x-hub-signature-256", &signature)], "{}")), Err(KnockRefused::BadSignature));
    assert_eq!(hook.hear(&post("whatsapp", &[], "{}")), Err(KnockRefused::BadSignature));
}
