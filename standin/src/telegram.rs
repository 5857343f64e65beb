//! Telegram's Bot API for one bot: refuses what Telegram refuses, and lets people write to the bot and press its buttons.

use crate::{Faults, Served, call::call, serve};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub chat: i64,
    pub message: i64,
    pub text: String,
    /// Title and data of each button; empty once they were taken away.
    pub buttons: Vec<(String, String)>,
}

#[derive(Default)]
struct Inner {
    /// People who have written to the bot; `true` for those who have blocked it since.
    people: BTreeMap<i64, bool>,
    sent: Vec<Sent>,
    /// Pressed and not answered yet.
    queries: BTreeSet<String>,
    /// What popped up on the person's screen, by the query.
    toasts: BTreeMap<String, String>,
    updates: i64,
    webhook: Option<(String, String)>,
    last: Vec<u8>,
}

type Shared = crate::shared::Shared<Inner>;

pub struct TelegramServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
}

impl TelegramServer {
    pub const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

    pub async fn start() -> io::Result<Self> {
        let shared = Shared::default();
        let faults = Faults::new(shared.time.clone());
        let served = serve(Router::new().route("/{bot}/{method}", post(asked)).with_state(shared.clone()), faults.clone()).await?;
        Ok(Self { served, shared, faults })
    }

    pub fn url(&self) -> String {
        self.served.url()
    }
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.state().sent.clone()
    }
    /// What popped up when buttons were pressed, in no order.
    pub fn toasts(&self) -> Vec<String> {
        self.shared.state().toasts.values().cloned().collect()
    }
    /// The person has written to the bot before, so that it may write to her.
    pub fn has(&self, person: i64) {
        self.shared.state().people.insert(person, false);
    }
    pub fn blocks(&self, person: i64) {
        self.shared.state().people.insert(person, true);
    }
    /// As the call `setWebhook` does.
    pub fn listens_at(&self, url: &str, secret: &str) {
        self.shared.state().webhook = Some((url.into(), secret.into()));
    }

    /// The person writes to the bot. Returns the status of the webhook.
    pub async fn writes(&self, person: i64, text: &str) -> io::Result<u16> {
        let update = {
            let mut inner = self.shared.state();
            inner.people.insert(person, false);
            inner.updates += 1;
            let message = json!({"message_id": 10_000 + inner.updates, "date": self.shared.time.now(), "chat": chat(person), "from": user(person), "text": text});
            json!({"update_id": 870_000 + inner.updates, "message": message})
        };
        self.tell(&update).await
    }

    /// The person presses the button with this title.
    pub async fn presses(&self, person: i64, message: i64, title: &str) -> io::Result<u16> {
        let none = || io::Error::new(io::ErrorKind::NotFound, "there is no such button");
        let update = {
            let mut inner = self.shared.state();
            let sent = inner.sent.iter().find(|sent| sent.chat == person && sent.message == message).cloned().ok_or_else(none)?;
            let data = sent.buttons.iter().find(|button| button.0 == title).map(|button| button.1.clone()).ok_or_else(none)?;
            inner.updates += 1;
            let query = format!("4382bfdwdsb323b2d9{}", inner.updates);
            inner.queries.insert(query.clone());
            let shown = shown(&sent);
            let query = json!({"id": query, "from": user(person), "message": shown, "chat_instance": "-1", "data": data});
            json!({"update_id": 870_000 + inner.updates, "callback_query": query})
        };
        self.tell(&update).await
    }

    /// An update comes again until it is taken.
    pub async fn repeats(&self) -> io::Result<u16> {
        let last = self.shared.state().last.clone();
        self.post(&last).await
    }

    async fn tell(&self, update: &Value) -> io::Result<u16> {
        let body = update.to_string().into_bytes();
        self.shared.state().last.clone_from(&body);
        self.post(&body).await
    }
    async fn post(&self, body: &[u8]) -> io::Result<u16> {
        let webhook = self.shared.state().webhook.clone();
        let (url, secret) = webhook.ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "no webhook is set"))?;
        call("POST", &url, &[("content-type", "application/json"), ("x-telegram-bot-api-secret-token", &secret)], body).await
    }
}

fn user(person: i64) -> Value {
    json!({"id": person, "is_bot": false, "first_name": "Somebody"})
}
fn chat(person: i64) -> Value {
    json!({"id": person, "type": "private", "first_name": "Somebody"})
}

fn shown(sent: &Sent) -> Value {
    let keys: Vec<Value> = sent.buttons.iter().map(|(title, data)| json!({"text": title, "callback_data": data})).collect();
    let from = json!({"id": 110_201_543, "is_bot": true, "first_name": "Millwright"});
    let mut shown = json!({"message_id": sent.message, "from": from, "chat": chat(sent.chat), "date": 1_767_225_600, "text": sent.text});
    if !keys.is_empty() {
        shown["reply_markup"] = json!({"inline_keyboard": [keys]});
    }
    shown
}

type Answer = Result<Value, (u16, &'static str)>;

async fn asked(State(shared): State<Shared>, Path((bot, method)): Path<(String, String)>, Json(form): Json<Value>) -> Response {
    let answer = if bot == format!("bot{}", TelegramServer::TOKEN) {
        let mut inner = shared.state();
        match method.as_str() {
            "sendMessage" => inner.send(&form),
            "answerCallbackQuery" => inner.answer(&form),
            "editMessageReplyMarkup" => inner.take_away(&form),
            "setWebhook" => inner.set_webhook(&form),
            _ => Err((404, "Not Found")),
        }
    } else {
        Err((401, "Unauthorized"))
    };
    match answer {
        Ok(result) => Json(json!({"ok": true, "result": result})).into_response(),
        Err((status, description)) => {
            let body = json!({"ok": false, "error_code": status, "description": description});
            (StatusCode::from_u16(status).unwrap_or_default(), Json(body)).into_response()
        }
    }
}

impl Inner {
    fn send(&mut self, form: &Value) -> Answer {
        let (chat, text) = (form["chat_id"].as_i64().unwrap_or_default(), form["text"].as_str().unwrap_or_default());
        match self.people.get(&chat) {
            None => return Err((400, "Bad Request: chat not found")),
            Some(true) => return Err((403, "Forbidden: bot was blocked by the user")),
            Some(false) => {}
        }
        if text.trim().is_empty() {
            return Err((400, "Bad Request: message text is empty"));
        }
        if text.chars().count() > 4_096 {
            return Err((400, "Bad Request: message is too long"));
        }
        let keys = form["reply_markup"]["inline_keyboard"].as_array().cloned().unwrap_or_default();
        let keys = keys.iter().flat_map(|row| row.as_array().cloned().unwrap_or_default());
        let text_of = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_string();
        let buttons: Vec<_> = keys.map(|key| (text_of(&key, "text"), text_of(&key, "callback_data"))).collect();
        if buttons.iter().any(|(title, data)| title.is_empty() || !(1..=64).contains(&data.len())) {
            return Err((400, "Bad Request: BUTTON_DATA_INVALID"));
        }
        let sent = Sent { chat, message: self.sent.len() as i64 + 1, text: text.into(), buttons };
        let result = shown(&sent);
        self.sent.push(sent);
        Ok(result)
    }

    fn answer(&mut self, form: &Value) -> Answer {
        let query = form["callback_query_id"].as_str().unwrap_or_default();
        let text = form["text"].as_str().unwrap_or_default();
        if !self.queries.remove(query) {
            return Err((400, "Bad Request: query is too old and response timeout expired or query ID is invalid"));
        }
        if text.chars().count() > 200 {
            return Err((400, "Bad Request: MESSAGE_TOO_LONG"));
        }
        self.toasts.insert(query.into(), text.into());
        Ok(true.into())
    }

    fn take_away(&mut self, form: &Value) -> Answer {
        let named = |sent: &&mut Sent| form["chat_id"] == sent.chat && form["message_id"] == sent.message;
        let Some(sent) = self.sent.iter_mut().find(named) else { return Err((400, "Bad Request: message to edit not found")) };
        if sent.buttons.is_empty() {
            return Err((400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"));
        }
        sent.buttons.clear();
        Ok(shown(sent))
    }

    fn set_webhook(&mut self, form: &Value) -> Answer {
        let (url, secret) = (form["url"].as_str().unwrap_or_default(), form["secret_token"].as_str().unwrap_or_default());
        let is_secret = secret.len() <= 256 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !is_secret {
            return Err((400, "Bad Request: secret token contains illegal characters"));
        }
        self.webhook = Some((url.into(), secret.into()));
        Ok(true.into())
    }
}
