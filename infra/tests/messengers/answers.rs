//! There and back: what was sent is answered on the service's side, and comes in by the door with the right names.

use crate::people::{Book, NOW, action, effect, kept, outside, question};
use chrono::TimeDelta;
use millwright_domain::{
    message::{Answer, Channel},
    ports::inbound::{ChatMessage, Heard, Inbound, Knock, KnockRefused, News},
};
use millwright_infra::{
    inbound::{Door, InboundSettings},
    messengers::{MessageSettings, Messengers},
};
use millwright_standin::{Seen, ear::Ear, telegram::TelegramServer, whatsapp::WhatsappServer};
use serde_json::json;

const TELEGRAM_SECRET: &str = "of-our_own-making";

fn door() -> (Vec<tempfile::TempDir>, Door) {
    let kept = [WhatsappServer::APP_SECRET, "word-of-ours", TELEGRAM_SECRET].map(kept);
    let [app, verify, telegram] = [0, 1, 2].map(|n: usize| &kept[n].1);
    let settings: InboundSettings = serde_json::from_value(json!({
        "whatsapp": { "app_secret": app, "verify_token": verify, "phone_number_id": WhatsappServer::PHONE_NUMBER_ID },
        "telegram": { "secret": telegram },
    }))
    .unwrap();
    let door = Door::new(settings).unwrap();
    (kept.into_iter().map(|(folder, _)| folder).collect(), door)
}

fn knock(seen: &Seen) -> Knock {
    let query = seen.query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let headers = seen.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_string())).collect();
    let source = seen.path.rsplit('/').next().unwrap().to_string();
    Knock { source, method: seen.method.clone(), query, headers, body: seen.body.to_vec() }
}

fn heard(door: &Door, ear: &Ear) -> Vec<News> {
    let mut news = Vec::new();
    for seen in ear.heard() {
        match door.hear(&knock(&seen), NOW).unwrap() {
            Heard::News(more) => news.extend(more),
            Heard::Challenge(text) => panic!("a challenge: {text}"),
        }
    }
    news
}

fn message(news: &News) -> &ChatMessage {
    match news {
        News::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_yes_on_whatsapp_comes_back_as_the_yes_that_was_asked_for() {
    let (server, ear) = (WhatsappServer::start().await.unwrap(), Ear::start().await.unwrap());
    let webhook = ear.url("whatsapp");
    server.approve("millwright_question", "en", 3, 110, &["Yes", "No"]);
    server.writes(&webhook, "491701234567", "Grüße / ok 🙂", None).await.unwrap();
    let (_folder, token) = kept(WhatsappServer::TOKEN);
    let settings = json!({ "whatsapp": { "token": token, "phone_number_id": WhatsappServer::PHONE_NUMBER_ID, "api": server.url() } });
    let settings: MessageSettings = serde_json::from_value(settings).unwrap();
    let book = Book::default().with("ann", Channel::Whatsapp, "+491701234567", Some(TimeDelta::hours(1))).with(
        "bob",
        Channel::Whatsapp,
        "+491701234567",
        None,
    );
    let messengers = Messengers::new(&settings, &outside(book)).unwrap();
    let whatsapp = &messengers.all[0].1;
    let free = whatsapp.deliver(&effect("whatsapp:ann", "k1", &question())).await.unwrap();
    let template = whatsapp.deliver(&effect("whatsapp:bob", "k2", &question())).await.unwrap();
    server.presses(&webhook, &free, "Yes").await.unwrap();
    server.presses(&webhook, &template, "No").await.unwrap();
    server.writes(&webhook, "491701234567", "fixed bearing", Some(&free)).await.unwrap();
    server.reads(&webhook, &free).await.unwrap();
    server.fails(&webhook, &template, 131_047, "Re-engagement message").await.unwrap();
    server.repeats(&webhook).await.unwrap();
    let (_folders, door) = door();
    let news = heard(&door, &ear);
    assert_eq!(message(&news[0]).text, "Grüße / ok 🙂");
    let (yes, no, fixed) = (message(&news[1]), message(&news[2]), message(&news[3]));
    let meant = |message: &ChatMessage| Answer::of_button(message.button.as_deref().unwrap());
    assert_eq!(meant(yes), Some(Answer::Yes { action: Some(action()), binding: Some("0123456789abcdef".into()) }));
    assert_eq!(meant(no), Some(Answer::No { action: Some(action()) }));
    assert_eq!((yes.in_reply_to.as_ref(), no.in_reply_to.as_ref(), fixed.in_reply_to.as_ref()), (Some(&free), Some(&template), Some(&free)));
    assert!(news[..4].iter().all(|news| message(news).from == "+491701234567"));
    assert_eq!(news[4], News::Read { channel: Channel::Whatsapp, receipt: free });
    assert!(matches!(&news[5], News::NotDelivered { receipt, reason, .. } if *receipt == template && reason.contains("131047")));
    assert_eq!(news[5], news[6], "what comes twice has the same name");
}

#[tokio::test]
async fn a_yes_on_telegram_comes_back_as_the_yes_that_was_asked_for() {
    let (server, ear) = (TelegramServer::start().await.unwrap(), Ear::start().await.unwrap());
    server.listens_at(&ear.url("telegram"), TELEGRAM_SECRET);
    server.writes(55, "/start K7Q-2MX").await.unwrap();
    let (_folder, token) = kept(TelegramServer::TOKEN);
    let settings: MessageSettings = serde_json::from_value(json!({ "telegram": { "token": token, "api": server.url() } })).unwrap();
    let messengers = Messengers::new(&settings, &outside(Book::default().with("ann", Channel::Telegram, "55", None))).unwrap();
    let receipt = messengers.all[0].1.deliver(&effect("telegram:ann", "k1", &question())).await.unwrap();
    server.presses(55, 1, "No").await.unwrap();
    server.repeats().await.unwrap();
    let (_folders, door) = door();
    let news = heard(&door, &ear);
    assert_eq!((message(&news[0]).from.as_str(), message(&news[0]).text.as_str()), ("55", "/start K7Q-2MX"));
    let no = message(&news[1]);
    assert_eq!(
        (Answer::of_button(no.button.as_deref().unwrap()), no.text.as_str(), no.in_reply_to.clone()),
        (Some(Answer::No { action: Some(action()) }), "No", Some(format!("55:{receipt}")))
    );
    assert_eq!(news[1], news[2]);
    messengers.telegram.unwrap().settle(no, "Noted: no").await.unwrap();
    assert_eq!((server.toasts(), server.sent()[0].buttons.len()), (vec!["Noted: no".to_string()], 0));
}

#[tokio::test]
async fn meta_may_subscribe_with_our_word_and_not_with_another() {
    let (server, ear) = (WhatsappServer::start().await.unwrap(), Ear::start().await.unwrap());
    let (_folders, door) = door();
    server.subscribe(&ear.url("whatsapp"), "word-of-ours").await.unwrap();
    server.subscribe(&ear.url("whatsapp"), "word-of-others").await.unwrap();
    let [right, wrong] = &ear.heard()[..] else { panic!("not two") };
    assert_eq!(door.hear(&knock(right), NOW), Ok(Heard::Challenge("1158201444".into())));
    assert_eq!(door.hear(&knock(wrong), NOW), Err(KnockRefused::BadSignature));
}

#[tokio::test]
async fn channels_that_are_off_are_not_there() {
    let none = Messengers::new(&MessageSettings::default(), &outside(Book::default())).unwrap();
    assert!(none.all.is_empty() && none.telegram.is_none());
    let refused = serde_json::from_value::<MessageSettings>(json!({ "pigeon": {} })).unwrap_err();
    assert!(refused.to_string().contains("pigeon"), "{refused}");
}
