//! Webhooks of WhatsApp's Cloud API: what people write and press, and what became of what we sent.

use super::{
    read,
    signature::{header, is_one_of, is_sha256_hex},
};
use crate::secret::SecretSource;
use millwright_domain::{
    message::Channel,
    ports::inbound::{ChatMessage, Heard, Knock, KnockRefused, News},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What Meta gives us to repeat is a number; more is not repeated.
const LONGEST_CHALLENGE: usize = 128;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsappHook {
    /// The app's secret, of its basic settings: what Meta signs with.
    pub app_secret: SecretSource,
    /// Made up by us, and typed into Meta's form for the webhook.
    pub verify_token: SecretSource,
    /// Our number's id; what comes for other numbers of the account is not listened to.
    #[serde(deserialize_with = "digits")]
    pub phone_number_id: String,
}

/// Digits that are a name and no number. Without quotation marks, and from the environment, settings take them for one.
pub fn digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Number(number) => number.to_string(),
        Written::Text(text) => text,
    })
}

#[derive(Deserialize)]
struct Payload {
    object: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    field: String,
    /// Only that of `messages` has the form that follows.
    #[serde(default)]
    value: Value,
}

/// Its parts are read one by one: a kind of message that did not exist yet must not hold up the others.
#[derive(Deserialize)]
struct Updates {
    metadata: Metadata,
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    statuses: Vec<Value>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: String,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    from: String,
    /// Seconds, as a text.
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    context: Option<Context>,
    #[serde(flatten)]
    content: Content,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content {
    Text {
        text: Text,
    },
    /// A quick reply under a template.
    Button {
        button: Pressed,
    },
    Interactive {
        interactive: Interactive,
    },
    Image {
        image: Captioned,
    },
    Video {
        video: Captioned,
    },
    Document {
        document: Captioned,
    },
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[derive(Deserialize)]
struct Pressed {
    payload: String,
    text: String,
}

#[derive(Deserialize)]
struct Interactive {
    button_reply: Reply,
}

#[derive(Deserialize)]
struct Reply {
    id: String,
    title: String,
}

#[derive(Deserialize)]
struct Captioned {
    #[serde(default)]
    caption: String,
}

#[derive(Deserialize)]
struct Context {
    /// Absent for what was forwarded.
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
    #[serde(default)]
    errors: Vec<StatusError>,
}

#[derive(Deserialize)]
struct StatusError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    error_data: Option<ErrorData>,
}

#[derive(Deserialize)]
struct ErrorData {
    #[serde(default)]
    details: String,
}

impl WhatsappHook {
    pub fn hear(&self, knock: &Knock) -> Result<Heard, KnockRefused> {
        if knock.method == "GET" {
            return self.challenge(knock);
        }
        read::only_post(knock)?;
        let given = header(knock, "x-hub-signature-256").and_then(|value| value.strip_prefix("sha256=")).ok_or(KnockRefused::BadSignature)?;
        if !is_sha256_hex(&read::secrets(&self.app_secret)?, &[&knock.body], given) {
            return Err(KnockRefused::BadSignature);
        }
        self.parse(&knock.body).map(Heard::News)
    }

    /// What a verified body says.
    pub fn parse(&self, body: &[u8]) -> Result<Vec<News>, KnockRefused> {
        let payload: Payload = read::json(body)?;
        if payload.object != "whatsapp_business_account" {
            return Err(read::unreadable("it is not about a WhatsApp Business account"));
        }
        let changes = payload.entry.into_iter().flat_map(|entry| entry.changes).filter(|change| change.field == "messages");
        // Refused, Meta would send it again for days and then switch the webhook off; the other changes can be read.
        let left_out = |why: &String| tracing::warn!(why, "WhatsApp tells of messages in a form that is not known here; they are left out: {why}");
        let updates = changes.filter_map(|change| updates(change.value).inspect_err(left_out).ok());
        let ours = updates.filter(|updates| updates.metadata.phone_number_id == self.phone_number_id);
        read::not_too_many(ours.flat_map(news).collect())
    }

    fn challenge(&self, knock: &Knock) -> Result<Heard, KnockRefused> {
        let asked = |name: &str| knock.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let knows_us = is_one_of(&read::secrets(&self.verify_token)?, asked("hub.verify_token"));
        if asked("hub.mode") != "subscribe" || !knows_us {
            return Err(KnockRefused::BadSignature);
        }
        let challenge = asked("hub.challenge");
        if challenge.len() > LONGEST_CHALLENGE || !challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Err(read::unreadable("the challenge is no plain word"));
        }
        Ok(Heard::Challenge(challenge.to_string()))
    }
}

fn updates(value: Value) -> Result<Updates, String> {
    serde_json::from_value(value).map_err(|cause| read::line(&cause.to_string()))
}

fn news(updates: Updates) -> Vec<News> {
    let messages = each::<Message>(updates.messages).filter_map(message).map(News::Message);
    messages.chain(each(updates.statuses).filter_map(status)).collect()
}

/// Those that can be read. The others are of kinds that say nothing here, such as places, contacts and reactions.
fn each<T: DeserializeOwned>(list: Vec<Value>) -> impl Iterator<Item = T> {
    list.into_iter().filter_map(|item| serde_json::from_value(item).ok())
}

fn message(message: Message) -> Option<ChatMessage> {
    let (text, button) = match message.content {
        Content::Text { text } => (text.body, None),
        Content::Button { button } => (button.text, Some(button.payload)),
        Content::Interactive { interactive } => (interactive.button_reply.title, Some(interactive.button_reply.id)),
        Content::Image { image: captioned } | Content::Video { video: captioned } | Content::Document { document: captioned } => {
            (captioned.caption, None)
        }
    };
    let text = read::text(&text);
    if text.is_empty() && button.is_none() {
        return None;
    }
    let from = read::id(message.from.trim_start_matches('+'));
    Some(ChatMessage {
        channel: Channel::Whatsapp,
        delivery: format!("whatsapp:{}", read::id(&message.id)),
        // Meta leaves out the plus that E.164 begins with.
        from: format!("+{from}"),
        text,
        button: button.map(|button| read::line(&button)),
        in_reply_to: message.context.and_then(|context| context.id).map(|id| read::id(&id)),
        written_at: message.timestamp.and_then(|seconds| read::moment(seconds.parse().ok()?)),
    })
}

/// `sent` and `delivered` change nothing. They come in any order.
fn status(status: Status) -> Option<News> {
    let receipt = read::id(&status.id);
    match status.status.as_str() {
        "read" => Some(News::Read { channel: Channel::Whatsapp, receipt }),
        "failed" => {
            let words = |error: &StatusError| {
                let details = error.error_data.as_ref().map_or("", |data| data.details.as_str());
                format!("{} {} {details}", error.code, error.title)
            };
            let reason = status.errors.first().map_or_else(|| "it does not say why".to_string(), words);
            Some(News::NotDelivered { channel: Channel::Whatsapp, receipt, reason: format!("WhatsApp did not deliver it: {}", read::line(&reason)) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
