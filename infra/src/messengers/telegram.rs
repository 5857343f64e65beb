//! A messenger over Telegram's Bot API: plain text, answers as buttons below it. The bot's token is in every path, so no path is shown.

use super::{AT_ONCE, Outside, draft};
use crate::{
    inbound::telegram::CALLBACK,
    outward::{Again, Reply, Request},
    secret::SecretSource,
};
use async_trait::async_trait;
use millwright_domain::{
    effect::EffectWanted,
    message::{Channel, Message},
    ports::{
        inbound::ChatMessage,
        messenger::{Messenger, NotTaken},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

const LONGEST_TEXT: usize = 4_096;
/// In bytes.
const LONGEST_BUTTON_ID: usize = 64;
const LONGEST_BUTTON: usize = 60;
/// What pops up when a button is pressed.
const LONGEST_TOAST: usize = 200;
const LONGEST_WAIT_S: u64 = 24 * 3_600;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelegramSettings {
    /// As @BotFather gives it: `123456:ABC…`.
    pub token: SecretSource,
    #[serde(default = "api")]
    pub api: String,
}

fn api() -> String {
    "https://api.telegram.org".into()
}

pub struct Telegram {
    settings: TelegramSettings,
    outside: Outside,
}

#[derive(Deserialize)]
struct Answered {
    result: Sent,
}

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Telegram {
    pub fn new(settings: TelegramSettings, outside: Outside) -> Self {
        Self { settings, outside }
    }

    /// Tells the person that a pressed button was taken, and takes the buttons away so that nobody presses another. Does nothing for what
    /// was no pressed button. The first half must happen within a minute or so, or Telegram answers that the query is too old.
    pub async fn settle(&self, pressed: &ChatMessage, words: &str) -> Result<(), NotTaken> {
        let Some(query) = pressed.delivery.strip_prefix(CALLBACK) else { return Ok(()) };
        let text = draft::cut(&draft::one_line(words), LONGEST_TOAST);
        self.call("answerCallbackQuery", &json!({ "callback_query_id": query, "text": text })).await?;
        let Some((chat, message)) = pressed.in_reply_to.as_deref().and_then(|shown| shown.split_once(':')) else { return Ok(()) };
        let (Ok(chat), Ok(message)) = (chat.parse::<i64>(), message.parse::<i64>()) else { return Ok(()) };
        let bare = json!({ "chat_id": chat, "message_id": message, "reply_markup": { "inline_keyboard": [] } });
        match self.call("editMessageReplyMarkup", &bare).await {
            // Pressed twice: they are gone already.
            Err(NotTaken::ForGood(why)) if why.contains("not modified") => Ok(()),
            done => done.map(|_reply| ()),
        }
    }

    async fn call(&self, method: &str, body: &Value) -> Result<Reply, NotTaken> {
        let token = draft::active(&self.settings.token)?;
        if !is_token(token.expose()) {
            return Err(NotTaken::Away(format!("{} holds no bot's token like 123456:ABC…; take it from @BotFather", self.settings.token)));
        }
        let path = format!("bot{}", token.expose());
        let request = Request::post(&self.settings.api).hide(token.expose()).hide(&chat_of(body)).part(&path).part(method).json(body);
        let reply = self.outside.outward.send(request).await.map_err(|failed| failed.not_taken(Again::Unsafe))?;
        if reply.is_success() { Ok(reply) } else { Err(refused(&reply)) }
    }
}

/// Whose chat it is does not belong on the log, in whatever words Telegram says it.
fn chat_of(body: &Value) -> String {
    match &body["chat_id"] {
        Value::String(chat) => chat.clone(),
        Value::Number(chat) => chat.to_string(),
        _ => String::new(),
    }
}

#[async_trait]
impl Messenger for Telegram {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let message = draft::message(effect)?;
        let contact = draft::contact(&*self.outside.book, effect, Channel::Telegram).await?;
        let chat: i64 = contact.address.parse().map_err(|_no_number| {
            NotTaken::ForGood(format!(
                "the Telegram address of {} is no chat's number; the person must write /start to the bot again",
                contact.person
            ))
        })?;
        let reply = self.call("sendMessage", &form(chat, &message)).await?;
        let sent = reply.json::<Answered>().map_err(NotTaken::Unknown)?.result;
        // Without the chat's number, which is the person's address.
        Ok(sent.message_id.to_string())
    }

    fn knows_keys(&self, _effect: &EffectWanted) -> bool {
        Channel::Telegram.knows_keys()
    }
    fn at_once(&self, _adapter: &str) -> usize {
        AT_ONCE
    }
}

/// Without `parse_mode`, so that nothing in the text means anything but itself.
fn form(chat: i64, message: &Message) -> Value {
    let text = draft::plain(message, LONGEST_TEXT);
    let mut form = json!({ "chat_id": chat, "text": text, "link_preview_options": { "is_disabled": true } });
    let fit = message.buttons.iter().filter(|button| (1..=LONGEST_BUTTON_ID).contains(&button.id.len()));
    let keys = fit.map(|button| json!({ "text": draft::cut(&draft::one_line(&button.title), LONGEST_BUTTON), "callback_data": button.id }));
    let keys: Vec<Value> = keys.filter(|key| key["text"] != "").collect();
    if !keys.is_empty() {
        form["reply_markup"] = json!({ "inline_keyboard": [keys] });
    }
    form
}

/// Telegram says 403 when a person has blocked the bot, which is no matter of credentials, and 404 when the token is none.
fn refused(reply: &Reply) -> NotTaken {
    let parameters = reply.json::<Refused>().map(|refused| refused.parameters).unwrap_or_default();
    let said = format!("Telegram answered {}: {}", reply.status, reply.words());
    match (reply.status, parameters) {
        (429, Parameters { retry_after, .. }) => {
            let wait = retry_after.map(|seconds| Duration::from_secs(seconds.min(LONGEST_WAIT_S))).or_else(|| reply.retry_after());
            let wait = wait.unwrap_or(Duration::from_secs(60));
            NotTaken::Busy { reason: format!("{said}; it is asked again in {} s", wait.as_secs()), wait }
        }
        (401 | 404, _) => NotTaken::Away(format!("{said}; mend messages.telegram.token")),
        (403, _) => NotTaken::ForGood(format!("{said}; the person must write /start to the bot again")),
        (_, Parameters { migrate_to_chat_id: Some(chat), .. }) => NotTaken::ForGood(format!("{said}; enrol the group anew, it is {chat} now")),
        (400, _) => NotTaken::ForGood(said),
        _ => reply.not_taken(Again::Unsafe),
    }
}

fn is_token(text: &str) -> bool {
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    text.split_once(':').is_some_and(|(bot, key)| !bot.is_empty() && bot.bytes().all(|byte| byte.is_ascii_digit()) && is_key(key))
}
