//! Telegram: messages, buttons, refusals, and a token that nobody sees.

use crate::people::{Book, effect, kept, kind, note, outside, question};
use millwright_domain::{
    message::{Button, Channel},
    ports::{
        inbound::ChatMessage,
        messenger::{Messenger, NotTaken},
    },
};
use millwright_infra::messengers::telegram::{Telegram, TelegramSettings};
use millwright_standin::{Fault, telegram::TelegramServer};
use serde_json::json;
use tempfile::TempDir;

struct Trial {
    server: TelegramServer,
    telegram: Telegram,
    _secrets: TempDir,
}

async fn trial() -> Trial {
    let server = TelegramServer::start().await.unwrap();
    server.has(55);
    let (folder, telegram) = messenger(&server, TelegramServer::TOKEN);
    Trial { server, telegram, _secrets: folder }
}

fn messenger(server: &TelegramServer, token: &str) -> (TempDir, Telegram) {
    let (folder, token) = kept(token);
    let settings: TelegramSettings = serde_json::from_value(json!({ "token": token, "api": server.url() })).unwrap();
    let book = Book::default().with("ann", Channel::Telegram, "55", None).with("eve", Channel::Telegram, "99", None);
    (folder, Telegram::new(settings, outside(book.with("bob", Channel::Telegram, "@bob", None))))
}

#[tokio::test]
async fn a_question_is_sent_with_its_answers_and_its_receipt_names_the_message_and_not_the_person() {
    let trial = trial().await;
    let mut asked = question();
    asked.headline = "*Slow* <b>down</b> _pump_1?".into();
    asked.repeat = true;
    let receipt = trial.telegram.deliver(&effect("telegram:ann", "k1", &asked)).await.unwrap();
    let sent = trial.server.sent().remove(0);
    assert_eq!(receipt, sent.message.to_string());
    assert!(sent.text.starts_with("*Slow* <b>down</b> _pump_1? (may be a repeat)\nLagerschaden"), "{}", sent.text);
    assert_eq!(sent.buttons.iter().map(|(title, _)| title.as_str()).collect::<Vec<_>>(), ["Yes", "No"]);
    assert!(sent.buttons.iter().all(|(_, data)| data.len() <= 64));
    assert!(!trial.server.faults.seen()[0].text().contains("parse_mode"));
}

#[tokio::test]
async fn limits_are_kept_however_much_is_said() {
    let trial = trial().await;
    let mut long = question();
    long.text = "Sehr lang. 🛠 ".repeat(1_000);
    long.buttons.push(Button { id: "x".repeat(65), title: "too long an id".into() });
    trial.telegram.deliver(&effect("telegram:ann", "k1", &long)).await.unwrap();
    let sent = trial.server.sent().remove(0);
    assert!(sent.text.ends_with("…\n\nFall: https://mill.example/cases/1"));
    assert_eq!(sent.buttons.len(), 2);
}

#[tokio::test]
async fn every_refusal_is_told_apart_and_the_token_is_in_none() {
    let trial = trial().await;
    let said = |status: u16, description: &str| Fault::Answer {
        status,
        headers: vec![],
        body: json!({ "ok": false, "error_code": status, "description": description }).to_string(),
    };
    let flood = json!({ "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 34", "parameters": { "retry_after": 34 } });
    let moved = json!({ "ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat", "parameters": { "migrate_to_chat_id": -1001 } });
    for (fault, expected) in [
        (said(401, "Unauthorized"), "away"),
        (said(404, "Not Found"), "away"),
        (said(403, "Forbidden: bot was blocked by the user"), "for good"),
        (said(400, "Bad Request: chat not found"), "for good"),
        (Fault::Answer { status: 400, headers: vec![], body: moved.to_string() }, "for good"),
        (Fault::Answer { status: 429, headers: vec![], body: flood.to_string() }, "busy 34"),
        (Fault::wait(429, 9), "busy 9"),
        (said(502, "Bad Gateway"), "unknown"),
        (Fault::Answer { status: 200, headers: vec![], body: format!("<html>{}", TelegramServer::TOKEN) }, "unknown"),
        (Fault::Answer { status: 302, headers: vec![("location", "https://elsewhere.example/".into())], body: String::new() }, "away"),
        (Fault::HangUp, "unknown"),
    ] {
        trial.server.faults.next(1, fault.clone());
        let (kind, words) = kind(trial.telegram.deliver(&effect("telegram:ann", "k1", &note())).await.unwrap_err());
        assert_eq!(kind, expected, "{fault:?}: {words}");
        assert!(!words.contains("AAHdq") && !words.contains("110201543"), "{words}");
    }
    assert_eq!(trial.server.sent(), []);
}

#[tokio::test]
async fn a_message_without_an_answer_is_unknown_and_not_sent_again_by_itself() {
    let trial = trial().await;
    for fault in [Fault::DoneThenHangUp, Fault::DoneThenSilence] {
        trial.server.faults.next(1, fault);
        let (kind, words) = kind(trial.telegram.deliver(&effect("telegram:ann", "k1", &note())).await.unwrap_err());
        assert!(kind == "unknown" && !words.contains("AAHdq"), "{kind}: {words}");
    }
    assert_eq!(trial.server.sent().len(), 2);
    assert!(!trial.telegram.knows_keys(&effect("telegram:ann", "k1", &note())));
}

#[tokio::test]
async fn whoever_cannot_be_reached_is_told_why() {
    let trial = trial().await;
    trial.server.blocks(99);
    for (target, part) in [("telegram:nobody", "enrol"), ("telegram:bob", "/start"), ("telegram:eve", "/start")] {
        let (kind, words) = kind(trial.telegram.deliver(&effect(target, "k1", &note())).await.unwrap_err());
        assert!(kind == "for good" && words.contains(part), "{kind}: {words}");
    }
    for (token, part) in [("110201543:AAHother", "messages.telegram.token"), ("no token at all", "@BotFather")] {
        let (_folder, telegram) = messenger(&trial.server, token);
        let (kind, words) = kind(telegram.deliver(&effect("telegram:ann", "k1", &note())).await.unwrap_err());
        assert!(kind == "away" && words.contains(part) && !words.contains(token), "{kind}: {words}");
    }
    trial.server.faults.clear();
}

#[tokio::test]
async fn nobody_listens_is_away() {
    let server = TelegramServer::start().await.unwrap();
    let url = server.url();
    drop(server);
    let (_folder, token) = kept(TelegramServer::TOKEN);
    let settings: TelegramSettings = serde_json::from_value(json!({ "token": token, "api": url })).unwrap();
    let telegram = Telegram::new(settings, outside(Book::default().with("ann", Channel::Telegram, "55", None)));
    let (kind, words) = kind(telegram.deliver(&effect("telegram:ann", "k1", &note())).await.unwrap_err());
    assert!(kind == "away" && !words.contains("AAHdq"), "{kind}: {words}");
}

#[tokio::test]
async fn a_pressed_button_is_settled_once_and_what_was_typed_is_left_alone() {
    let trial = trial().await;
    let receipt = trial.telegram.deliver(&effect("telegram:ann", "k1", &question())).await.unwrap();
    let ear = millwright_standin::ear::Ear::start().await.unwrap();
    trial.server.listens_at(&ear.url("telegram"), "s");
    trial.server.presses(55, 1, "Yes").await.unwrap();
    let update: serde_json::Value = serde_json::from_slice(&ear.heard()[0].body).unwrap();
    let delivery = format!("telegram:callback:{}", update["callback_query"]["id"].as_str().unwrap());
    let (from, text, button) = ("55".into(), "Yes".into(), Some("y".into()));
    let pressed =
        ChatMessage { channel: Channel::Telegram, delivery, from, text, button, in_reply_to: Some(format!("55:{receipt}")), written_at: None };
    trial.telegram.settle(&pressed, "Noted: yes").await.unwrap();
    assert_eq!(trial.server.toasts(), ["Noted: yes"]);
    assert_eq!(trial.server.sent()[0].buttons, []);
    assert!(matches!(trial.telegram.settle(&pressed, "Noted: yes").await, Err(NotTaken::ForGood(why)) if why.contains("too old")));
    let typed = ChatMessage { delivery: "telegram:update:1".into(), ..pressed };
    assert_eq!(trial.telegram.settle(&typed, "x").await, Ok(()));
}
