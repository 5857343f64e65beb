//! Mails: what is in them, how they thread, and how far a conversation came when it broke.

use crate::{
    mail_tls::{self, Proxy},
    people::{Book, case, effect, kept, kind, note, outside, question},
};
use millwright_domain::{message::Channel, ports::messenger::Messenger};
use millwright_infra::messengers::email::{Email, EmailSettings};
use millwright_standin::smtp::{MailFault, SmtpServer, Step};
use serde_json::{Value, json};

fn messenger(settings: Value) -> Email {
    let mut all = json!({ "host": "127.0.0.1", "tls": "none", "from": "Millwright <millwright@plant.example>", "timeout_s": 5 });
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let settings: EmailSettings = serde_json::from_value(all).unwrap();
    let book = Book::default().with("ann", Channel::Email, "ann@plant.example", None).with("jo", Channel::Email, "jö@plant.example", None);
    let outside = outside(book.with("bob", Channel::Email, "bob", None));
    Email::new(settings, outside.book, outside.clock).unwrap()
}

async fn trial() -> (SmtpServer, Email) {
    let server = SmtpServer::start().await.unwrap();
    let email = messenger(json!({ "port": server.address().port() }));
    (server, email)
}

#[tokio::test]
async fn a_mail_says_what_the_message_says() {
    let (server, email) = trial().await;
    let receipt = email.deliver(&effect("email:ann", "k1", &note())).await.unwrap();
    let [mail] = &server.mails()[..] else { panic!("not one") };
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("millwright@plant.example", &["ann@plant.example".to_string()][..]));
    assert_eq!(mail.field("message-id"), receipt);
    assert_eq!(mail.field("from"), "Millwright <millwright@plant.example>");
    assert_eq!(mail.field("auto-submitted"), "auto-generated");
    assert_eq!(mail.field("date"), "Thu, 01 Jan 2026 20:40:00 +0000");
    assert_eq!(decoded_words(&mail.field("subject")), "Pumpe 1: Ölverlust");
    let text = quoted_printable(mail.text.split_once("\n\n").unwrap().1);
    assert!(text.contains("Schwingung über Grenze seit 08:30. 🛠\n\nFall: https://mill.example/cases/1"), "{text}");
    assert!(mail.text.is_ascii());
}

#[tokio::test]
async fn mails_of_a_case_are_one_thread_and_a_repeat_has_the_same_id_and_says_so() {
    let (server, email) = trial().await;
    email.deliver(&effect("email:ann", "k1", &note())).await.unwrap();
    let mut again = question();
    again.repeat = true;
    email.deliver(&effect("email:ann", "k1", &again)).await.unwrap();
    email.deliver(&effect("email:ann", "k2", &note())).await.unwrap();
    let mut alone = effect("email:ann", "k3", &note());
    alone.case = None;
    email.deliver(&alone).await.unwrap();
    let mails = server.mails();
    assert_eq!(mails[0].field("message-id"), mails[1].field("message-id"));
    assert_ne!(mails[0].field("message-id"), mails[2].field("message-id"));
    assert_eq!(mails[1].field("subject"), "Slow down pump 1? (may be a repeat)");
    let thread = format!("<case-{}@plant.example>", case());
    assert!(mails[..3].iter().all(|mail| mail.field("references") == thread && mail.field("in-reply-to") == thread));
    assert_eq!(mails[3].field("references"), "");
}

#[tokio::test]
async fn a_dot_or_a_line_end_in_a_message_moves_nothing() {
    let (server, email) = trial().await;
    let mut sly = note();
    sly.headline = "x\r\nBcc: eve@evil.example\r\n".into();
    sly.text = "a\n.\nMAIL FROM:<eve@evil.example>\n..b".into();
    email.deliver(&effect("email:ann", "k1", &sly)).await.unwrap();
    let [mail] = &server.mails()[..] else { panic!("not one") };
    assert_eq!((mail.field("subject").as_str(), mail.field("bcc").as_str()), ("x Bcc: eve@evil.example", ""));
    assert!(quoted_printable(mail.text.split_once("\n\n").unwrap().1).contains("a\n.\nMAIL FROM:<eve@evil.example>\n..b"));
}

#[tokio::test]
async fn every_step_that_breaks_is_told_apart() {
    let (server, email) = trial().await;
    for (step, fault, expected) in [
        (Step::Greeting, MailFault::Says("421 4.3.2 come back later"), "for now"),
        (Step::Greeting, MailFault::Says("554 5.3.2 no mail here"), "away"),
        (Step::Greeting, MailFault::HangUp, "away"),
        (Step::Hello, MailFault::HangUp, "away"),
        (Step::From, MailFault::Says("451 4.3.0 try again"), "for now"),
        (Step::From, MailFault::Says("530 5.7.0 authentication required"), "away"),
        (Step::From, MailFault::HangUp, "for now"),
        (Step::To, MailFault::Says("450 4.2.1 greylisted"), "for now"),
        (Step::To, MailFault::Says("550 5.1.1 no such user"), "for good"),
        (Step::Data, MailFault::Says("452 4.3.1 no space"), "for now"),
        (Step::Data, MailFault::HangUp, "for now"),
        (Step::Text, MailFault::Says("451 4.7.1 scanner away"), "for now"),
        (Step::Text, MailFault::Says("554 5.7.1 looks like spam"), "for good"),
        (Step::Text, MailFault::HangUp, "unknown"),
    ] {
        server.fails(step, fault.clone());
        let (kind, words) = kind(email.deliver(&effect("email:ann", "k1", &note())).await.unwrap_err());
        assert_eq!(kind, expected, "{step:?} {fault:?}: {words}");
        assert!(words.contains("the mail server 127.0.0.1"), "{words}");
        if let MailFault::Says(said) = fault {
            assert!(words.contains(&said[..3]) && words.contains(&said[10..]), "{words}");
        }
    }
    assert_eq!(server.mails(), []);
}

#[tokio::test]
async fn whose_address_was_refused_is_nobodys_business() {
    let (server, email) = trial().await;
    server.fails(Step::To, MailFault::Says("550 5.1.1 <ANN@plant.example>: no such user"));
    let (_, words) = kind(email.deliver(&effect("email:ann", "k1", &note())).await.unwrap_err());
    assert!(words.contains("<…>: no such user"), "{words}");
}

#[tokio::test]
async fn a_mail_without_an_answer_is_unknown_and_not_sent_again_by_itself() {
    let (server, email) = trial().await;
    server.fails(Step::Text, MailFault::DoneThenHangUp);
    let (kind, words) = kind(email.deliver(&effect("email:ann", "k1", &note())).await.unwrap_err());
    assert_eq!(kind, "unknown", "{words}");
    assert_eq!((server.mails().len(), server.connections()), (1, 1));
    assert!(!email.knows_keys(&effect("email:ann", "k1", &note())));
}

#[tokio::test]
async fn whoever_cannot_be_reached_is_told_why() {
    let (server, email) = trial().await;
    for (target, part) in [("email:nobody", "enrol"), ("email:bob", "enrol"), ("email:jo", "letters like")] {
        let (kind, words) = kind(email.deliver(&effect(target, "k1", &note())).await.unwrap_err());
        assert!(kind == "for good" && words.contains(part), "{kind}: {words}");
    }
    server.stop();
    let nobody = messenger(json!({ "port": 1 }));
    assert_eq!(kind(nobody.deliver(&effect("email:ann", "k1", &note())).await.unwrap_err()).0, "away");
    let unnamed = messenger(json!({ "host": "mail.invalid" }));
    assert_eq!(kind(unnamed.deliver(&effect("email:ann", "k1", &note())).await.unwrap_err()).0, "away");
    let public = messenger(json!({ "host": "192.0.2.1" }));
    let (kind, words) = kind(public.deliver(&effect("email:ann", "k1", &note())).await.unwrap_err());
    assert!(kind == "away" && words.contains("starttls"), "{words}");
}

#[tokio::test]
async fn over_tls_a_password_opens_the_door_and_is_never_shown() {
    let server = SmtpServer::start().await.unwrap();
    server.wants_login("mill", "s3cret-password");
    for (proxy, tls) in [(Proxy::tls(server.address()).await, "tls"), (Proxy::starttls(server.address()).await, "starttls")] {
        let (_folder, password) = kept("s3cret-password");
        let login = json!({ "port": proxy.port(), "tls": tls, "ca_file": mail_tls::CERTIFICATE, "username": "mill", "password": password });
        messenger(login.clone()).deliver(&effect("email:ann", tls, &note())).await.unwrap();
        let (_folder, wrong) = kept("s3cret-other");
        let mut wrongly = login.clone();
        wrongly["password"] = json!(wrong);
        // Some servers repeat what they were told.
        server.fails(Step::Login, MailFault::Says("535 5.7.8 s3cret-other is wrong"));
        let (kind_, words) = kind(messenger(wrongly).deliver(&effect("email:ann", tls, &note())).await.unwrap_err());
        assert!(kind_ == "away" && words.contains("messages.email.username") && !words.contains("s3cret"), "{kind_}: {words}");
        let mut distrusting = login;
        distrusting.as_object_mut().unwrap().remove("ca_file");
        let (kind_, words) = kind(messenger(distrusting).deliver(&effect("email:ann", tls, &note())).await.unwrap_err());
        assert_eq!(kind_, "away", "{words}");
    }
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test]
async fn who_offers_no_tls_gets_neither_password_nor_mail() {
    let server = SmtpServer::start().await.unwrap();
    let (_folder, password) = kept("s3cret-password");
    let email = messenger(json!({ "port": server.address().port(), "tls": "starttls", "username": "mill", "password": password }));
    let (kind, words) = kind(email.deliver(&effect("email:ann", "k1", &note())).await.unwrap_err());
    assert!(kind == "away" && words.contains("STARTTLS"), "{kind}: {words}");
    assert_eq!(server.mails(), []);
}

/// `=?utf-8?b?…?=` or `=?utf-8?Q?…?=`, as far as these tests need it.
fn decoded_words(field: &str) -> String {
    let mut bytes = Vec::new();
    for word in field.split_inclusive(' ') {
        match word.trim().strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?=")) {
            Some(encoded) => bytes.extend(base64(encoded)),
            None => bytes.extend(word.bytes()),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = text
        .bytes()
        .filter_map(|c| DIGITS.iter().position(|digit| *digit == c))
        .flat_map(|n| (0..6).rev().map(move |bit| (n >> bit & 1) as u8))
        .collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        match (byte, after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())) {
            (b'=', Some(decoded)) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
