//! WhatsApp: free text within a day, templates after it, and what each of Meta's refusals means.

use crate::people::{Book, effect, kept, kind, note, outside, question};
use chrono::TimeDelta;
use millwright_domain::{
    message::{Button, Channel},
    ports::messenger::{Messenger, NotTaken},
};
use millwright_infra::messengers::whatsapp::{Whatsapp, WhatsappSettings};
use millwright_standin::{Fault, whatsapp::WhatsappServer};
use serde_json::json;
use tempfile::TempDir;

const ANN: &str = "+491701234567";

struct Trial {
    server: WhatsappServer,
    whatsapp: Whatsapp,
    _secrets: TempDir,
}

/// Ann wrote `heard` ago, if ever. The server remembers it as she does.
async fn trial(heard: Option<TimeDelta>) -> Trial {
    let server = WhatsappServer::start().await.unwrap();
    server.has("491701234567");
    server.approve("millwright_message", "en", 3, 110, &[]);
    server.approve("millwright_question", "en", 3, 110, &["Yes", "No"]);
    if let Some(ago) = heard {
        server.writes("http://127.0.0.1:9/x", "491701234567", "hello", None).await.unwrap_err();
        server.time.advance(ago.num_seconds());
    }
    let (folder, whatsapp) = messenger(&server, WhatsappServer::TOKEN, heard);
    Trial { server, whatsapp, _secrets: folder }
}

fn messenger(server: &WhatsappServer, token: &str, heard: Option<TimeDelta>) -> (TempDir, Whatsapp) {
    let (folder, token) = kept(token);
    let settings = json!({ "token": token, "phone_number_id": WhatsappServer::PHONE_NUMBER_ID, "api": server.url() });
    let settings: WhatsappSettings = serde_json::from_value(settings).unwrap();
    let book = Book::default().with("ann", Channel::Whatsapp, ANN, heard).with("bob", Channel::Whatsapp, "+4915", heard);
    let book = book.with("eve", Channel::Whatsapp, "+491709999999", heard);
    (folder, Whatsapp::new(settings, outside(book)))
}

fn lately() -> Option<TimeDelta> {
    Some(TimeDelta::hours(2))
}

#[tokio::test]
async fn within_a_day_a_message_is_free_text_and_its_receipt_is_its_wamid() {
    let trial = trial(lately()).await;
    let receipt = trial.whatsapp.deliver(&effect("whatsapp:ann", "k1", &note())).await.unwrap();
    let [sent] = &trial.server.sent()[..] else { panic!("not one") };
    assert_eq!((receipt.as_str(), sent.to.as_str(), sent.form["type"].as_str()), (sent.id.as_str(), "491701234567", Some("text")));
    let text = "Pumpe 1: Ölverlust\nLagerschaden wahrscheinlich (82 %).\nSchwingung über Grenze seit 08:30. 🛠\n\nFall: https://mill.example/cases/1";
    assert_eq!(sent.text(), text);
}

#[tokio::test]
async fn within_a_day_a_question_has_its_answers_as_buttons() {
    let trial = trial(lately()).await;
    trial.whatsapp.deliver(&effect("whatsapp:ann", "k1", &question())).await.unwrap();
    let sent = trial.server.sent().remove(0);
    let buttons = &sent.form["interactive"]["action"]["buttons"];
    assert_eq!((buttons[0]["reply"]["title"].as_str(), buttons[1]["reply"]["title"].as_str()), (Some("Yes"), Some("No")));
    assert!(buttons[0]["reply"]["id"].as_str().unwrap().starts_with("y:"));
}

#[tokio::test]
async fn limits_of_meta_are_kept_however_much_is_said() {
    let trial = trial(lately()).await;
    let mut long = question();
    long.text = "Sehr lang. 🛠 ".repeat(1_000);
    long.buttons = (0..5).map(|n| Button { id: format!("b{n}"), title: format!("{n} a title that is far too long") }).collect();
    trial.whatsapp.deliver(&effect("whatsapp:ann", "k1", &long)).await.unwrap();
    long.buttons.clear();
    trial.whatsapp.deliver(&effect("whatsapp:ann", "k2", &long)).await.unwrap();
    let sent = trial.server.sent();
    assert!(sent.iter().all(|sent| sent.text().ends_with("…\n\nFall: https://mill.example/cases/1")), "{sent:?}");
    let (_folder, later) = messenger(&trial.server, WhatsappServer::TOKEN, None);
    later.deliver(&effect("whatsapp:ann", "k3", &long)).await.unwrap();
}

#[tokio::test]
async fn after_a_day_or_before_the_first_word_a_template_is_used() {
    for heard in [None, Some(TimeDelta::hours(24)), Some(TimeDelta::days(90))] {
        let trial = trial(heard).await;
        trial.whatsapp.deliver(&effect("whatsapp:ann", "k1", &note())).await.unwrap();
        trial.whatsapp.deliver(&effect("whatsapp:ann", "k2", &question())).await.unwrap();
        let [message, asked] = &trial.server.sent()[..] else { panic!("not two") };
        assert_eq!(
            (message.form["template"]["name"].as_str(), asked.form["template"]["name"].as_str()),
            (Some("millwright_message"), Some("millwright_question"))
        );
        assert_eq!(
            message.text(),
            "Pumpe 1: Ölverlust\nLagerschaden wahrscheinlich (82 %). Schwingung über Grenze seit 08:30. 🛠\nhttps://mill.example/cases/1"
        );
        assert_eq!(trial.server.faults.count("POST", "/messages"), 2, "free text was not even tried");
    }
}

#[tokio::test]
async fn when_meta_says_the_day_is_over_the_template_goes_out_in_the_same_delivery() {
    let trial = trial(Some(TimeDelta::hours(25))).await;
    let (_folder, mistaken) = messenger(&trial.server, WhatsappServer::TOKEN, lately());
    mistaken.deliver(&effect("whatsapp:ann", "k1", &note())).await.unwrap();
    assert_eq!(trial.server.sent()[0].form["type"], "template");
    assert_eq!(trial.server.faults.count("POST", "/messages"), 2);
}

#[tokio::test]
async fn every_refusal_is_told_apart() {
    let trial = trial(lately()).await;
    let said = |code: i64, status: u16| Fault::Answer {
        status,
        headers: vec![],
        body: json!({ "error": { "message": format!("(#{code}) no"), "code": code } }).to_string(),
    };
    for (fault, expected) in [
        (said(190, 401), "away"),
        (said(10, 403), "away"),
        (said(131_042, 400), "away"),
        (said(4, 400), "busy 60"),
        (said(80_007, 400), "busy 60"),
        (said(130_429, 429), "busy 60"),
        (said(131_056, 400), "busy 10"),
        (said(131_000, 500), "for now"),
        (said(131_016, 503), "for now"),
        (said(131_026, 400), "for good"),
        (said(100, 400), "for good"),
        (said(132_001, 404), "for good"),
        (said(999_999, 500), "unknown"),
        (Fault::status(502), "unknown"),
        (Fault::wait(429, 7), "busy 7"),
        (Fault::HangUp, "unknown"),
    ] {
        trial.server.faults.next(1, fault.clone());
        let (kind, words) = kind(trial.whatsapp.deliver(&effect("whatsapp:ann", "k1", &note())).await.unwrap_err());
        assert_eq!(kind, expected, "{fault:?}: {words}");
        assert!(!words.contains(WhatsappServer::TOKEN), "{words}");
    }
    assert_eq!(trial.server.sent(), [], "nothing was sent, and nothing twice");
}

#[tokio::test]
async fn a_message_without_an_answer_is_unknown_and_not_sent_again_by_itself() {
    let trial = trial(lately()).await;
    for fault in [Fault::DoneThenHangUp, Fault::DoneThenSilence] {
        trial.server.faults.next(1, fault);
        let lost = trial.whatsapp.deliver(&effect("whatsapp:ann", "k1", &note())).await;
        assert!(matches!(lost, Err(NotTaken::Unknown(_))), "{lost:?}");
    }
    assert_eq!(trial.server.sent().len(), 2);
    assert!(!trial.whatsapp.knows_keys(&effect("whatsapp:ann", "k1", &note())));
}

#[tokio::test]
async fn a_wrong_token_is_nobodys_message_and_is_not_shown() {
    let trial = trial(lately()).await;
    let (_folder, whatsapp) = messenger(&trial.server, "EAAG-another-token", lately());
    let (kind, words) = kind(whatsapp.deliver(&effect("whatsapp:ann", "k1", &note())).await.unwrap_err());
    assert_eq!(kind, "away");
    assert!(words.contains("messages.whatsapp.token") && !words.contains("EAAG"), "{words}");
}

#[tokio::test]
async fn whoever_cannot_be_reached_is_told_why() {
    let trial = trial(lately()).await;
    for (target, expected, part) in [
        ("whatsapp:nobody", "for good", "enrol"),
        ("whatsapp:bob", "for good", "+491701234567"),
        ("whatsapp:eve", "for good", "131026"),
        ("whatsapp:", "for good", "actor"),
        ("whatsapp:unlucky", "for now", "the table is away"),
    ] {
        let (kind, words) = kind(trial.whatsapp.deliver(&effect(target, "k1", &note())).await.unwrap_err());
        assert_eq!(kind, expected, "{words}");
        assert!(words.contains(part), "{words}");
    }
    let mut broken = effect("whatsapp:ann", "k1", &note());
    broken.body = "{}".into();
    assert!(matches!(trial.whatsapp.deliver(&broken).await, Err(NotTaken::ForGood(_))));
}
