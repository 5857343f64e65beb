//! What Telegram sends to a bot, and what of it is news.

use super::*;
use crate::inbound::testing::{kept, news, post};
use serde_json::{Value, json};

fn hear(token: &str, update: &Value) -> Result<Heard, KnockRefused> {
    let (_folder, secret) = kept("Secret_1\nOld-2");
    TelegramHook { secret }.hear(&post("telegram", &[("x-telegram-bot-api-secret-token", token)], update.to_string()))
}

fn message(update: &Value) -> Option<ChatMessage> {
    match news(hear("Secret_1", update).unwrap()).pop()? {
        News::Message(message) => Some(message),
        other => panic!("{other:?}"),
    }
}

fn written(text: &str) -> Value {
    json!({ "update_id": 7, "message": { "message_id": 12, "date": 1_700_000_000, "chat": { "id": 55, "type": "private" }, "from": { "id": 55, "is_bot": false, "first_name": "Ann" }, "text": text } })
}

#[test]
fn what_somebody_wrote_is_read_as_it_stands() {
    let start = message(&written("/start K7Q-2MX")).unwrap();
    assert_eq!((start.delivery.as_str(), start.from.as_str(), start.text.as_str()), ("telegram:update:7", "55", "/start K7Q-2MX"));
    let mut reply = written("Y");
    reply["message"]["reply_to_message"] = json!({ "message_id": 9, "chat": { "id": 55, "type": "private" } });
    assert_eq!(message(&reply).unwrap().in_reply_to, Some("55:9".into()));
}

#[test]
fn a_pressed_button_brings_its_title_and_what_it_was_under() {
    let update = json!({ "update_id": 8, "callback_query": {
        "id": "4382bfdwdsb323b2d9", "from": { "id": 55, "is_bot": false, "first_name": "Ann" }, "chat_instance": "1", "data": "seen",
        "message": { "message_id": 12, "chat": { "id": 55, "type": "private" }, "from": { "id": 1, "is_bot": true, "first_name": "Mill" }, "text": "t",
            "reply_markup": { "inline_keyboard": [[{ "text": "Yes", "callback_data": "y:1" }], [{ "text": "Seen", "callback_data": "seen" }]] } } } });
    let pressed = message(&update).unwrap();
    assert_eq!((pressed.delivery.as_str(), pressed.from.as_str()), ("telegram:callback:4382bfdwdsb323b2d9", "55"));
    assert_eq!((pressed.button.as_deref(), pressed.text.as_str(), pressed.in_reply_to.as_deref()), (Some("seen"), "Seen", Some("55:12")));
}

#[test]
fn what_is_said_in_a_group_is_said_to_colleagues() {
    let mut in_group = written("Y");
    in_group["message"]["chat"] = json!({ "id": -1001, "type": "supergroup", "title": "Shift" });
    assert_eq!(message(&in_group), None);
    in_group["message"].as_object_mut().unwrap().remove("from");
    assert_eq!(message(&in_group), None);
    let mut of_a_bot = written("Y");
    of_a_bot["message"]["from"]["is_bot"] = true.into();
    assert_eq!(message(&of_a_bot), None);
    let pressed = json!({ "update_id": 8, "callback_query": { "id": "4", "from": { "id": 55 }, "data": "seen", "message": { "message_id": 12, "chat": { "id": -1001 } } } });
    assert_eq!(message(&pressed), None);
}

#[test]
fn a_time_that_no_calendar_has_is_none() {
    let mut far = written("Y");
    assert!(message(&far).unwrap().written_at.is_some());
    far["message"]["date"] = i64::MAX.into();
    assert_eq!(message(&far).unwrap().written_at, None);
}

#[test]
fn only_with_the_secret_token_is_anything_read() {
    assert!(hear("Old-2", &written("Y")).is_ok());
    for wrong in ["", "Secret_", "secret_1", "Secret_1x"] {
        assert_eq!(hear(wrong, &written("Y")), Err(KnockRefused::BadSignature), "{wrong}");
    }
    for nothing in [
        json!({ "update_id": 1 }),
        json!({ "update_id": 1, "edited_message": {} }),
        written("\u{7}"),
        json!({ "update_id": 1, "message": { "message_id": 1, "chat": { "id": 1 }, "from": { "id": 1 }, "sticker": {} } }),
    ] {
        assert_eq!(news(hear("Secret_1", &nothing).unwrap()), [], "{nothing}");
    }
    assert!(matches!(hear("Secret_1", &json!([])), Err(KnockRefused::Unreadable(_))));
}
