//! Webhooks of a Telegram bot: what people write to it and which of its buttons they press.
//!
//! A message is named `telegram:update:<update's id>`; a pressed button `telegram:callback:<query's id>`, which is what it is answered by.

use super::{
    read,
    signature::{header, is_one_of},
};
use crate::secret::SecretSource;
use millwright_domain::{
    message::Channel,
    ports::inbound::{ChatMessage, Heard, Knock, KnockRefused, News},
};
use serde::{Deserialize, Serialize};

/// What the delivery of a pressed button begins with.
pub const CALLBACK: &str = "telegram:callback:";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelegramHook {
    /// Made up by us and told with `setWebhook` as `secret_token`: 1 to 256 of A-Z, a-z, 0-9, `_` and `-`.
    pub secret: SecretSource,
}

#[derive(Deserialize)]
struct Update {
    update_id: i64,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    callback_query: Option<CallbackQuery>,
}

#[derive(Deserialize)]
struct Message {
    message_id: i64,
    chat: Chat,
    /// Of a pressed button's message it is when that was sent.
    #[serde(default)]
    date: Option<i64>,
    /// `None` in channels; a bot for anonymous administrators.
    #[serde(default)]
    from: Option<User>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    caption: Option<String>,
    #[serde(default)]
    reply_to_message: Option<Box<Replied>>,
    #[serde(default)]
    reply_markup: Option<Keyboard>,
}

#[derive(Deserialize)]
struct Replied {
    message_id: i64,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    is_bot: bool,
}

#[derive(Deserialize)]
struct CallbackQuery {
    id: String,
    from: User,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    data: Option<String>,
}

#[derive(Deserialize)]
struct Keyboard {
    #[serde(default)]
    inline_keyboard: Vec<Vec<Key>>,
}

#[derive(Deserialize)]
struct Key {
    text: String,
    #[serde(default)]
    callback_data: Option<String>,
}

/// Our name of a message that we sent: its number counts only within its chat.
pub fn receipt(chat: i64, message: i64) -> String {
    format!("{chat}:{message}")
}

impl TelegramHook {
    pub fn hear(&self, knock: &Knock) -> Result<Heard, KnockRefused> {
        read::only_post(knock)?;
        let given = header(knock, "x-telegram-bot-api-secret-token").ok_or(KnockRefused::BadSignature)?;
        if !is_one_of(&read::secrets(&self.secret)?, given) {
            return Err(KnockRefused::BadSignature);
        }
        parse(&knock.body).map(Heard::News)
    }
}

/// What a verified body says.
pub fn parse(body: &[u8]) -> Result<Vec<News>, KnockRefused> {
    let update: Update = read::json(body)?;
    let heard = match (update.message, update.callback_query) {
        (Some(message), _) => written(update.update_id, message),
        (None, Some(query)) => pressed(query),
        (None, None) => None,
    };
    Ok(heard.map(News::Message).into_iter().collect())
}

/// Only what is written to the bot alone: in a group, "yes" is said to colleagues.
fn written(update: i64, message: Message) -> Option<ChatMessage> {
    if message.from.as_ref().is_none_or(|from| from.id != message.chat.id) {
        return None;
    }
    let text = Some(read::text(message.text.as_deref().or(message.caption.as_deref())?)).filter(|text| !text.is_empty())?;
    let in_reply_to = message.reply_to_message.map(|replied| receipt(message.chat.id, replied.message_id));
    Some(ChatMessage {
        channel: Channel::Telegram,
        delivery: format!("telegram:update:{update}"),
        from: address_of(&message.from?)?,
        text,
        button: None,
        in_reply_to,
        written_at: message.date.and_then(read::moment),
    })
}

fn pressed(query: CallbackQuery) -> Option<ChatMessage> {
    let data = query.data?;
    if query.message.as_ref().is_some_and(|message| message.chat.id != query.from.id) {
        return None;
    }
    let title = query.message.as_ref().and_then(|message| {
        let mut keys = message.reply_markup.iter().flat_map(|keyboard| keyboard.inline_keyboard.iter().flatten());
        keys.find(|key| key.callback_data.as_deref() == Some(&data)).map(|key| read::text(&key.text))
    });
    Some(ChatMessage {
        channel: Channel::Telegram,
        delivery: format!("{CALLBACK}{}", read::id(&query.id)),
        from: address_of(&query.from)?,
        text: title.unwrap_or_default(),
        button: Some(read::line(&data)),
        in_reply_to: query.message.map(|message| receipt(message.chat.id, message.message_id)),
        written_at: None,
    })
}

/// The person's own chat, which has the person's id. Not that of a group: there anybody could answer for everybody.
fn address_of(user: &User) -> Option<String> {
    (!user.is_bot).then(|| user.id.to_string())
}

#[cfg(test)]
mod tests;
