//! The door as a whole: who is listened to, and that no bytes break it.

use super::*;
use crate::inbound::testing::{NOW, kept, post, sha1_base64, sha256_hex};
use crate::{
    inbound::signature::sign,
    secret::{Secret, SecretSource},
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const URL: &str = "https://plant.example/webhooks/trello";

fn all(secret: &SecretSource) -> InboundSettings {
    let secret = secret.to_string();
    serde_json::from_value(json!({
        "github": { "secret": secret, "repository": "acme/plant", "account": "millwright[bot]" },
        "trello": { "secret": secret, "callback_url": URL, "account": "millwright" },
        "tickets": { "secret": secret },
        "whatsapp": { "app_secret": secret, "verify_token": secret, "phone_number_id": "123" },
        "telegram": { "secret": secret },
        "alertmanager": { "secret": secret },
        "cloudevents": { "secret": secret },
    }))
    .unwrap()
}

#[test]
fn nobody_is_listened_to_unless_switched_on() {
    let door = Door::new(InboundSettings::default()).unwrap();
    assert_eq!(door.sources(), Vec::<&str>::new());
    for source in ["github", "telegram", "strange\u{1b}[2J", ""] {
        let refused = door.hear(&post(source, &[], "{}"), NOW).unwrap_err();
        assert!(matches!(&refused, KnockRefused::NobodyListens(name) if !name.contains('\u{1b}')), "{refused}");
    }
    let (_folder, secret) = kept(KEY);
    assert_eq!(Door::new(all(&secret)).unwrap().sources().len(), 7);
}

#[test]
fn settings_are_refused_by_their_key() {
    let (_folder, secret) = kept(KEY);
    let with = |change: &dyn Fn(&mut InboundSettings)| {
        let mut settings = all(&secret);
        change(&mut settings);
        Door::new(settings).unwrap_err().to_string()
    };
    assert!(with(&|settings| settings.github.as_mut().unwrap().repository = "acme".into()).contains("inbound.github.repository"));
    assert!(with(&|settings| settings.trello.as_mut().unwrap().callback_url = "http://x".into()).contains("inbound.trello.callback_url"));
    assert!(with(&|settings| settings.whatsapp.as_mut().unwrap().phone_number_id = "+49 170".into()).contains("inbound.whatsapp.phone_number_id"));
    assert!(serde_json::from_value::<InboundSettings>(json!({ "telegram": { "secret": "env:X", "token": "y" } })).is_err());
    let bare = json!({ "app_secret": "a", "verify_token": "b", "phone_number_id": 106540352242922_u64 });
    let bare: InboundSettings = serde_json::from_value(json!({ "whatsapp": bare })).unwrap();
    assert_eq!(bare.whatsapp.unwrap().phone_number_id, "106540352242922", "so it comes from the environment");
    let shown = serde_json::to_value(all(&secret)).unwrap();
    assert_eq!(serde_json::from_value::<InboundSettings>(shown).unwrap(), all(&secret));
}

#[test]
fn what_is_too_large_or_not_posted_is_refused_before_it_is_read() {
    let (_folder, secret) = kept(KEY);
    let door = Door::new(all(&secret)).unwrap();
    assert!(matches!(door.hear(&post("telegram", &[], vec![b'['; LARGEST_BODY + 1]), NOW), Err(KnockRefused::Unreadable(_))));
    for source in door.sources() {
        let put = Knock { method: "PUT".into(), ..post(source, &[], "{}") };
        assert!(matches!(door.hear(&put, NOW), Err(KnockRefused::Unreadable(_))), "{source}");
    }
}

#[test]
fn deep_nesting_is_refused_and_costs_nothing() {
    let (_folder, secret) = kept(KEY);
    let door = Door::new(all(&secret)).unwrap();
    for source in door.sources() {
        for deep in ["[".repeat(1 << 20), "{\"data\":".repeat(1 << 18)] {
            assert!(matches!(door.hear(&signed(source, deep.into_bytes()), NOW), Err(KnockRefused::Unreadable(_))), "{source}");
        }
    }
}

/// A request that passes each source's verification.
fn signed(source: &str, body: Vec<u8>) -> Knock {
    let standard = sign(&[Secret::new(KEY)], "m1", NOW, &body).unwrap();
    let hub = format!("sha256={}", sha256_hex(KEY, &body));
    let trello = sha1_base64(KEY, &[&body, URL.as_bytes()].concat());
    let bearer = format!("Bearer {KEY}");
    let mut headers = vec![
        ("x-hub-signature-256", hub.as_str()),
        ("x-trello-webhook", &trello),
        ("x-telegram-bot-api-secret-token", KEY),
        ("authorization", &bearer),
    ];
    headers.extend([
        ("x-github-event", "issues"),
        ("content-type", if source == "cloudevents" { "application/cloudevents+json" } else { "application/json" }),
    ]);
    headers.extend(standard.headers());
    post(source, &headers, body)
}

static DOOR: LazyLock<(tempfile::TempDir, Door)> = LazyLock::new(|| {
    let (folder, secret) = kept(KEY);
    (folder, Door::new(all(&secret)).unwrap())
});

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "1",
    "-1e400",
    "\\u0000",
    "\"id\":",
    "\"type\":\"text\"",
    "\"text\":{\"body\":\"\\ud800\"}",
    "\"object\":\"whatsapp_business_account\"",
    "\"entry\":[",
    "\"changes\":[",
    "\"field\":\"messages\"",
    "\"value\":{",
    "\"update_id\":1",
    "\"message\":{",
    "\"alerts\":[",
    "\"action\":",
    "\"data\":{",
    "\"specversion\":\"1.0\"",
];

proptest! {
    #[test]
    fn no_bytes_break_the_door(body in prop::collection::vec(any::<u8>(), 0..300), source in 0..7usize) {
        let (_, door) = &*DOOR;
        let source = door.sources()[source];
        let _ = door.hear(&post(source, &[], body.clone()), NOW);
        let heard = door.hear(&signed(source, body), NOW);
        prop_assert!(!matches!(heard, Err(KnockRefused::BadSignature | KnockRefused::CannotVerify(_))));
    }

    #[test]
    fn no_pieces_of_what_services_send_break_the_door(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40), source in 0..7usize) {
        let (_, door) = &*DOOR;
        let _ = door.hear(&signed(door.sources()[source], pieces.concat().into_bytes()), NOW);
    }
}
