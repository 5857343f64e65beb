//! Tickets by Standard Webhooks: the contract, against a receiver that verifies signatures and drops what it got twice.

use crate::{
    keeps_the_contract,
    outside::{Held, Outside, Route, SecretFile, case, outward, text},
};
use millwright_domain::{
    case::{Outcome, Severity},
    ports::{messenger::NotTaken, ticket_system::TicketSystem},
};
use millwright_infra::{
    outward::Outward,
    tickets::webhook::{TicketWebhook, WebhookSettings},
};
use millwright_standin::{Fault, Faults, standard::WebhookServer};
use serde_json::Value;
use std::sync::Arc;

struct Webhook {
    server: WebhookServer,
    secret: SecretFile,
}

async fn started() -> Webhook {
    Webhook { server: WebhookServer::start().await.unwrap(), secret: SecretFile::holding(WebhookServer::SECRET) }
}

impl Webhook {
    fn held(&self) -> Vec<Held> {
        let mut held: Vec<Held> = Vec::new();
        for taken in self.server.taken() {
            let (body, data) = (&taken.body, &taken.body["data"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
            if body["type"] == "com.millwright.ticket.opened" {
                // As the receiver numbers them.
                let id = (4_711 + held.len()).to_string();
                held.push(Held { id, is_open: true, ..Held::default() });
            }
            let at = held.iter().position(|held| data["ticket"]["id"] == held.id.as_str()).unwrap_or(held.len() - 1);
            let ticket = &mut held[at];
            match body["type"].as_str().unwrap().strip_prefix("com.millwright.ticket.").unwrap() {
                "opened" | "edited" => {
                    (ticket.title, ticket.body) = (text(&data["title"]), text(&data["body"]));
                    ticket.labels = serde_json::from_value(data["labels"].clone()).unwrap();
                }
                deed => {
                    ticket.comments.push(text(&data["body"]));
                    ticket.is_open = if deed == "commented" { ticket.is_open } else { deed == "reopened" };
                }
            }
        }
        held
    }
}

impl Outside for Webhook {
    fn adapter(&self) -> Arc<dyn TicketSystem> {
        self.adapter_at(&self.url(), outward())
    }
    fn adapter_at(&self, url: &str, outward: Outward) -> Arc<dyn TicketSystem> {
        let settings = WebhookSettings { url: url.into(), secret: self.secret.place(), ..WebhookSettings::default() };
        Arc::new(TicketWebhook::new(&settings, outward).unwrap())
    }
    fn url(&self) -> String {
        self.server.url()
    }
    fn faults(&self) -> &Faults {
        &self.server.faults
    }
    fn tickets(&self) -> Vec<Held> {
        self.held()
    }
    fn opening(&self) -> Route {
        ("POST", "/hooks/tickets")
    }
    fn commenting(&self) -> Route {
        ("POST", "/hooks/tickets")
    }
    fn longest_body(&self) -> usize {
        60_200
    }
    fn secret(&self) -> &SecretFile {
        &self.secret
    }
    fn takes_only(&self, secret: &str) {
        self.server.secrets_are_now(&[secret]);
    }
    fn new_secret(&self) -> &'static str {
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    }
}

keeps_the_contract!(started());

#[tokio::test]
async fn each_deed_is_a_signed_cloudevent() {
    let webhook = started().await;
    let adapter = webhook.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    assert_eq!((ticket.id.as_str(), ticket.url.as_str()), ("4711", "https://desk.example/t/4711"));
    adapter.close(&ticket, "k", Outcome::FalseAlarm, "a loose cable").await.unwrap();
    let taken = webhook.server.taken();
    let (opened, closed) = (&taken[0], &taken[1]);
    for taken in [opened, closed] {
        let Value::Object(event) = &taken.body else { panic!("{taken:?}") };
        assert_eq!((event["specversion"].as_str(), event["source"].as_str()), (Some("1.0"), Some("/millwright")));
        assert_eq!(event["id"], taken.id.as_str());
        assert!(taken.id.starts_with("msg_") && !taken.id.contains('.'), "{}", taken.id);
    }
    assert_eq!(opened.body["data"]["case"], case(1).to_string());
    assert_eq!(opened.body["data"]["severity"], serde_json::json!(Severity::High));
    assert_eq!(closed.body["data"]["outcome"], "false_alarm");
    assert_eq!((&closed.body["subject"], &closed.body["data"]["ticket"]["url"]), (&"4711".into(), &ticket.url.as_str().into()));
    assert!(webhook.server.faults.seen().iter().all(|seen| seen.header("content-type") == "application/cloudevents+json"));
}

#[tokio::test]
async fn a_receiver_that_names_no_ticket_has_it_under_the_case() {
    let webhook = started().await;
    webhook.server.answers_nothing();
    let ticket = webhook.adapter().open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    assert_eq!((ticket.id, ticket.url), (case(1).to_string(), String::new()));
    for odd in [r#"{"id":"","url":"javascript:alert(1)"}"#, r#"{"id":{"a":1},"url":"https://a b"}"#, "<html>", "[]", "7"] {
        webhook.server.faults.next(1, Fault::Answer { status: 200, headers: Vec::new(), body: odd.into() });
        let ticket = webhook.adapter().open(case(2), &text("pump-2 wears out", "the bearing")).await.unwrap();
        assert_eq!((ticket.id, ticket.url), (case(2).to_string(), String::new()), "{odd}");
    }
    for (answer, id) in [(r#"{"id":17}"#, "17"), (r#"{"id":"4711","url":null}"#, "4711"), (r#"{"id":"4711","url":{"self":"x"}}"#, "4711")] {
        webhook.server.faults.next(1, Fault::Answer { status: 201, headers: Vec::new(), body: answer.into() });
        let ticket = webhook.adapter().open(case(3), &text("pump-3", "x")).await.unwrap();
        assert_eq!((ticket.id.as_str(), ticket.url.as_str()), (id, ""), "{answer}");
    }
}

#[tokio::test]
async fn a_receiver_may_know_the_old_or_the_new_secret_meanwhile() {
    let webhook = started().await;
    webhook.secret.write(&format!("{}\n{}\n", webhook.new_secret(), WebhookServer::SECRET));
    for (number, known) in [(1, WebhookServer::SECRET), (2, webhook.new_secret())] {
        webhook.takes_only(known);
        webhook.adapter().open(case(number), &text("pump-1", "x")).await.unwrap();
    }
}

#[tokio::test]
async fn a_secret_that_is_none_is_told_and_nothing_is_sent() {
    let webhook = started().await;
    webhook.secret.write("hunter2");
    let refused = webhook.adapter().open(case(1), &text("pump-1", "x")).await;
    assert!(matches!(&refused, Err(NotTaken::Away(why)) if why.contains("whsec_") && !why.contains("hunter2")), "{refused:?}");
    assert!(webhook.server.faults.seen().is_empty());
}

#[tokio::test]
async fn it_cannot_be_asked() {
    assert_eq!(started().await.adapter().news("").await, Ok(None));
}

#[tokio::test]
async fn an_address_with_a_token_in_it_is_shown_without() {
    let webhook = started().await;
    let url = format!("{}/T0SECRETPATH0/x?token=t0ken", webhook.server.url());
    let failed = webhook.adapter_at(&url, outward()).open(case(1), &text("pump-1", "x")).await.unwrap_err().to_string();
    assert!(failed.contains("/…") && !failed.contains("SECRETPATH") && !failed.contains("t0ken"), "{failed}");
}
