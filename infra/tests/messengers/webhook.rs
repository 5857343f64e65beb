//! Webhooks of ours: signed so that others verify them, the same over repetitions, and only to where they may go.

use crate::people::{Book, case, effect, kept, kind, note, outside, question};
use millwright_domain::ports::messenger::Messenger;
use millwright_infra::{
    SystemClock,
    messengers::webhook::{WebhookSettings, Webhooks},
    outward::{Outward, OutwardSettings},
};
use millwright_standin::{Fault, standard::WebhookServer};
use std::{collections::BTreeMap, sync::Arc};
use tempfile::TempDir;

async fn trial(secret: &str) -> (WebhookServer, Webhooks, TempDir) {
    let server = WebhookServer::start().await.unwrap();
    let (folder, secret) = kept(secret);
    let named = BTreeMap::from([("erp".to_string(), WebhookSettings { url: server.url(), secret })]);
    let webhooks = Webhooks::new(named, outside(Book::default()).outward, Arc::new(SystemClock));
    (server, webhooks, folder)
}

#[tokio::test]
async fn a_message_arrives_signed_and_a_repeated_one_is_known_again() {
    let (server, webhooks, _folder) = trial(WebhookServer::SECRET).await;
    let told = effect("webhook:erp", "k1", &question());
    webhooks.deliver(&told).await.unwrap();
    webhooks.deliver(&told).await.unwrap();
    let [taken] = &server.taken()[..] else { panic!("not once") };
    assert_eq!(taken.id, "k1");
    assert_eq!(
        (taken.body["type"].as_str(), taken.body["specversion"].as_str(), taken.body["id"].as_str()),
        (Some("com.millwright.message"), Some("1.0"), Some("k1"))
    );
    assert_eq!(taken.body["subject"], case().to_string());
    assert_eq!(taken.body["data"]["message"]["headline"], "Slow down pump 1?");
    let seen = server.faults.seen();
    assert_eq!(seen[0].body, seen[1].body, "a repetition is the same to the byte");
    assert_eq!(seen[0].header("content-type"), "application/cloudevents+json");
    assert!(webhooks.knows_keys(&told));
}

#[tokio::test]
async fn the_receiver_may_know_the_old_or_the_new_secret() {
    let (old, new) = (WebhookServer::SECRET, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let (server, webhooks, _folder) = trial(&format!("{new}\n{old}\n")).await;
    webhooks.deliver(&effect("webhook:erp", "k1", &note())).await.unwrap();
    server.secrets_are_now(&[new]);
    webhooks.deliver(&effect("webhook:erp", "k2", &note())).await.unwrap();
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test]
async fn every_refusal_is_told_apart() {
    let (server, webhooks, _folder) = trial(WebhookServer::SECRET).await;
    for (fault, expected) in [
        (Fault::status(401), "away"),
        (Fault::status(404), "for good"),
        (Fault::status(410), "for good"),
        (Fault::status(422), "for good"),
        (Fault::wait(429, 5), "busy 5"),
        (Fault::wait(503, 6), "busy 6"),
        (Fault::status(500), "for now"),
        (Fault::Answer { status: 301, headers: vec![("location", "/elsewhere".into())], body: String::new() }, "away"),
        (Fault::HangUp, "for now"),
        (Fault::DoneThenHangUp, "for now"),
    ] {
        server.faults.next(1, fault.clone());
        let (kind, words) = kind(webhooks.deliver(&effect("webhook:erp", "k1", &note())).await.unwrap_err());
        assert_eq!(kind, expected, "{fault:?}: {words}");
        assert!(!words.contains("hooks/tickets") && !words.contains("whsec_"), "{words}");
    }
    webhooks.deliver(&effect("webhook:erp", "k1", &note())).await.unwrap();
    assert_eq!(server.taken().len(), 1, "done before, and answered so");
}

#[tokio::test]
async fn a_short_path_is_no_secret_and_leaves_what_is_said_readable() {
    let (server, _, _folder) = trial(WebhookServer::SECRET).await;
    let (_folder, secret) = kept(WebhookServer::SECRET);
    let url = format!("{}/h", server.url().trim_end_matches("/hooks/tickets"));
    let webhooks =
        Webhooks::new([("erp".to_string(), WebhookSettings { url, secret })].into(), outside(Book::default()).outward, Arc::new(SystemClock));
    server.faults.next(1, Fault::Answer { status: 422, headers: vec![], body: r#"{"message":"the machine has another name here"}"#.into() });
    let (_, words) = kind(webhooks.deliver(&effect("webhook:erp", "k1", &note())).await.unwrap_err());
    assert!(words.contains("the machine has another name here") && words.starts_with("http://"), "{words}");
}

#[tokio::test]
async fn what_is_not_set_right_is_said() {
    let (_server, webhooks, _folder) = trial("not-a-key").await;
    let (kind_, words) = kind(webhooks.deliver(&effect("webhook:erp", "k1", &note())).await.unwrap_err());
    assert!(kind_ == "away" && words.contains("whsec_") && !words.contains("not-a-key"), "{words}");
    let (kind_, words) = kind(webhooks.deliver(&effect("webhook:crm", "k1", &note())).await.unwrap_err());
    assert!(kind_ == "for good" && words.contains("erp"), "{words}");
}

#[tokio::test]
async fn nothing_goes_into_the_house_unless_it_is_allowed() {
    let (server, _, _folder) = trial(WebhookServer::SECRET).await;
    let (_folder, secret) = kept(WebhookServer::SECRET);
    let named = BTreeMap::from([("erp".to_string(), WebhookSettings { url: server.url(), secret })]);
    let strict = Webhooks::new(named, Outward::new(OutwardSettings::default()).unwrap(), Arc::new(SystemClock));
    let (kind, words) = kind(strict.deliver(&effect("webhook:erp", "k1", &note())).await.unwrap_err());
    assert!(kind == "away" && words.contains("outward.allow"), "{words}");
    assert_eq!(server.faults.seen().len(), 0);
}
