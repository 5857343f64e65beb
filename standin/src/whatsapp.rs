//! WhatsApp's Cloud API for one business number: refuses what Meta refuses, and lets people read, write and press buttons.

use crate::{Faults, Served, Time, call::call, serve, sign};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

const WINDOW_S: i64 = 24 * 3_600;

/// What was taken, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub id: String,
    pub to: String,
    /// As it was sent to us.
    pub form: Value,
}

impl Sent {
    /// What the person sees, without buttons.
    pub fn text(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        match self.form["type"].as_str() {
            Some("text") => text(&self.form["text"]["body"]),
            Some("interactive") => text(&self.form["interactive"]["body"]["text"]),
            _ => parameters(&self.form).join("\n"),
        }
    }
}

struct Template {
    language: String,
    parameters: usize,
    /// Their titles are part of what was approved.
    quick_replies: Vec<String>,
    length: usize,
}

struct Inner {
    /// When each person wrote last; `None` for one who never did.
    people: BTreeMap<String, Option<i64>>,
    templates: BTreeMap<String, Template>,
    sent: Vec<Sent>,
    written: usize,
    /// The webhook that was sent last.
    last: Vec<u8>,
}

type Shared = crate::shared::Shared<Inner>;

pub struct WhatsappServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
    pub time: Time,
}

/// Status, code, title, details.
struct Refused(u16, i64, &'static str, String);

impl WhatsappServer {
    pub const TOKEN: &str = "EAAG-stand-in-token";
    pub const APP_SECRET: &str = "app-secret-of-the-stand-in";
    pub const PHONE_NUMBER_ID: &str = "106540352242922";

    pub async fn start() -> io::Result<Self> {
        let time = Time::default();
        let faults = Faults::new(time.clone());
        let inner = Inner { people: BTreeMap::new(), templates: BTreeMap::new(), sent: Vec::new(), written: 0, last: Vec::new() };
        let shared = Shared::new(inner, time.clone());
        let routes = Router::new().route("/v25.0/{number}/messages", post(send)).with_state(shared.clone());
        let served = serve(routes, faults.clone()).await?;
        Ok(Self { served, shared, faults, time })
    }

    /// With the version, as it stands in settings.
    pub fn url(&self) -> String {
        format!("{}/v25.0", self.served.url())
    }
    /// A person with WhatsApp, who has never written to us: digits alone.
    pub fn has(&self, number: &str) {
        self.shared.state().people.entry(number.into()).or_default();
    }
    /// An approved template with so many parameters in its body of so many characters beside them.
    pub fn approve(&self, name: &str, language: &str, parameters: usize, length: usize, quick_replies: &[&str]) {
        let quick_replies = quick_replies.iter().map(|title| title.to_string()).collect();
        self.shared.state().templates.insert(name.into(), Template { language: language.into(), parameters, quick_replies, length });
    }
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.state().sent.clone()
    }

    /// Meta asks whether the address is ours. Returns the status.
    pub async fn subscribe(&self, webhook: &str, verify_token: &str) -> io::Result<u16> {
        call("GET", &format!("{webhook}?hub.mode=subscribe&hub.verify_token={verify_token}&hub.challenge=1158201444"), &[], b"").await
    }
    /// The person writes, which opens the window for a day. Returns the status of the webhook.
    pub async fn writes(&self, webhook: &str, from: &str, text: &str, in_reply_to: Option<&str>) -> io::Result<u16> {
        let message = self.heard(from, json!({"type": "text", "text": {"body": text}}), in_reply_to);
        self.tell(webhook, json!({"messages": [message]})).await
    }
    /// The person presses the button with this title under what was sent.
    pub async fn presses(&self, webhook: &str, sent: &str, title: &str) -> io::Result<u16> {
        let pressed = self.shared.state().pressed(sent, title).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no such button"))?;
        let message = self.heard(&pressed.0, pressed.1, Some(sent));
        self.tell(webhook, json!({"messages": [message]})).await
    }
    /// The person has it on the screen.
    pub async fn reads(&self, webhook: &str, sent: &str) -> io::Result<u16> {
        self.tell(webhook, json!({"statuses": [{"id": sent, "status": "read", "timestamp": self.time.now().to_string()}]})).await
    }
    /// It did not arrive after all.
    pub async fn fails(&self, webhook: &str, sent: &str, code: i64, title: &str) -> io::Result<u16> {
        let errors = json!([{"code": code, "title": title, "message": title, "error_data": {"details": "told later"}}]);
        self.tell(webhook, json!({"statuses": [{"id": sent, "status": "failed", "errors": errors}]})).await
    }
    /// Meta sends a webhook again until it is taken, and sometimes after that.
    pub async fn repeats(&self, webhook: &str) -> io::Result<u16> {
        let body = self.shared.state().last.clone();
        post_signed(webhook, &body).await
    }

    fn heard(&self, from: &str, content: Value, in_reply_to: Option<&str>) -> Value {
        let now = self.time.tick();
        let mut inner = self.shared.state();
        inner.people.insert(from.into(), Some(now));
        inner.written += 1;
        let mut message = content;
        message["id"] = format!("wamid.in{}", inner.written).into();
        message["from"] = from.into();
        message["timestamp"] = now.to_string().into();
        if let Some(sent) = in_reply_to {
            message["context"] = json!({"from": "15550001111", "id": sent});
        }
        message
    }

    async fn tell(&self, webhook: &str, news: Value) -> io::Result<u16> {
        let mut value = news;
        value["messaging_product"] = "whatsapp".into();
        value["metadata"] = json!({"display_phone_number": "15550001111", "phone_number_id": Self::PHONE_NUMBER_ID});
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]});
        let body = escaped(&body.to_string()).into_bytes();
        self.shared.state().last.clone_from(&body);
        post_signed(webhook, &body).await
    }
}

async fn post_signed(webhook: &str, body: &[u8]) -> io::Result<u16> {
    let signature = sign::sha256_hex(WhatsappServer::APP_SECRET, body);
    call("POST", webhook, &[("content-type", "application/json"), ("x-hub-signature-256", &signature)], body).await
}

/// Meta writes letters beyond ASCII as escapes, and signs them so.
fn escaped(json: &str) -> String {
    let mut units = [0; 2];
    let mut one = |c: char| match c {
        '/' => "\\/".to_string(),
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    json.chars().map(&mut one).collect()
}

impl Inner {
    /// The person, and what Meta says when the button is pressed.
    fn pressed(&self, sent: &str, title: &str) -> Option<(String, Value)> {
        let Sent { to, form, .. } = self.sent.iter().find(|one| one.id == sent)?;
        if form["type"] == "interactive" {
            let button = form["interactive"]["action"]["buttons"].as_array()?.iter().find(|button| button["reply"]["title"] == title)?;
            let reply = json!({"type": "button_reply", "button_reply": button["reply"]});
            return Some((to.clone(), json!({"type": "interactive", "interactive": reply})));
        }
        let template = self.templates.get(form["template"]["name"].as_str()?)?;
        let index = template.quick_replies.iter().position(|reply| reply == title)?.to_string();
        let button = form["template"]["components"].as_array()?.iter().find(|part| part["index"] == index.as_str())?;
        Some((to.clone(), json!({"type": "button", "button": {"payload": button["parameters"][0]["payload"], "text": title}})))
    }

    fn check(&self, form: &Value, now: i64) -> Result<(), Refused> {
        let wrong = |details: &str| Err(Refused(400, 100, "Invalid parameter", details.to_string()));
        if form["messaging_product"] != "whatsapp" {
            return wrong("messaging_product must be whatsapp");
        }
        let Some(heard) = self.people.get(form["to"].as_str().unwrap_or_default()) else {
            return Err(Refused(400, 131_026, "Message undeliverable", "the number is not on WhatsApp".into()));
        };
        match form["type"].as_str() {
            Some("template") => return self.check_template(&form["template"]),
            Some("text") if fits(&form["text"]["body"], 4_096) => {}
            Some("interactive") if fits(&form["interactive"]["body"]["text"], 1_024) => check_buttons(&form["interactive"]["action"]["buttons"])?,
            _ => return wrong("the text is missing or too long"),
        }
        if heard.is_none_or(|heard| now - heard > WINDOW_S) {
            let why = "Message failed to send because more than 24 hours have passed since the customer last replied to this number.";
            return Err(Refused(400, 131_047, "Re-engagement message", why.into()));
        }
        Ok(())
    }

    fn check_template(&self, form: &Value) -> Result<(), Refused> {
        let known = self.templates.get(form["name"].as_str().unwrap_or_default());
        let Some(template) = known.filter(|template| form["language"]["code"] == template.language.as_str()) else {
            return Err(Refused(404, 132_001, "Template name does not exist in the translation", String::new()));
        };
        let parts = form["components"].as_array().cloned().unwrap_or_default();
        let given = parameters(&json!({"template": form}));
        let payloads = parts.iter().filter(|part| part["sub_type"] == "quick_reply");
        let fit = payloads.clone().filter(|part| fits(&part["parameters"][0]["payload"], 128)).count();
        if given.len() != template.parameters || payloads.count() != fit || fit != template.quick_replies.len() {
            return Err(Refused(400, 132_000, "Number of parameters does not match the expected number of params", String::new()));
        }
        let is_bad = |text: &String| text.is_empty() || text.contains(['\n', '\t']) || text.contains("    ");
        if given.iter().any(is_bad) {
            let why = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
            return Err(Refused(400, 132_018, "Template parameter is invalid", why.into()));
        }
        if given.iter().map(|text| text.chars().count()).sum::<usize>() + template.length > 1_024 {
            return Err(Refused(400, 132_005, "Translated text too long", String::new()));
        }
        Ok(())
    }
}

fn parameters(form: &Value) -> Vec<String> {
    let parts = form["template"]["components"].as_array().cloned().unwrap_or_default();
    let body = parts.iter().filter(|part| part["type"] == "body").flat_map(|part| part["parameters"].as_array().cloned().unwrap_or_default());
    body.map(|parameter| parameter["text"].as_str().unwrap_or_default().to_string()).collect()
}

fn fits(text: &Value, most: usize) -> bool {
    text.as_str().is_some_and(|text| (1..=most).contains(&text.chars().count()))
}

fn check_buttons(buttons: &Value) -> Result<(), Refused> {
    let buttons = buttons.as_array().cloned().unwrap_or_default();
    let alone = |key: &str| buttons.iter().map(|button| button["reply"][key].to_string()).collect::<BTreeSet<_>>().len() == buttons.len();
    let fit = |button: &Value| button["type"] == "reply" && fits(&button["reply"]["title"], 20) && fits(&button["reply"]["id"], 256);
    if (1..=3).contains(&buttons.len()) && buttons.iter().all(fit) && alone("title") && alone("id") {
        return Ok(());
    }
    Err(Refused(400, 131_009, "Parameter value is not valid", "buttons: 1 to 3, titles of 1 to 20 characters, each of its own".into()))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, code, title, details) = self;
        let data = json!({"messaging_product": "whatsapp", "details": details});
        let error = json!({"message": format!("(#{code}) {title}"), "type": "OAuthException", "code": code, "error_data": data, "fbtrace_id": "Az8or2yhqkZfEZ"});
        (StatusCode::from_u16(status).unwrap_or_default(), Json(json!({"error": error}))).into_response()
    }
}

async fn send(State(shared): State<Shared>, Path(number): Path<String>, headers: HeaderMap, Json(form): Json<Value>) -> Response {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if token != format!("Bearer {}", WhatsappServer::TOKEN) {
        return Refused(401, 190, "Invalid OAuth access token", "Cannot parse access token".into()).into_response();
    }
    if number != WhatsappServer::PHONE_NUMBER_ID {
        return Refused(400, 100, "Unsupported post request", "Object with this id does not exist".into()).into_response();
    }
    let now = shared.time.tick();
    let mut inner = shared.state();
    if let Err(refused) = inner.check(&form, now) {
        return refused.into_response();
    }
    let (id, to) = (format!("wamid.HBgL{}", inner.sent.len() + 1), form["to"].as_str().unwrap_or_default().to_string());
    inner.sent.push(Sent { id: id.clone(), to: to.clone(), form });
    Json(json!({"messaging_product": "whatsapp", "contacts": [{"input": to, "wa_id": to}], "messages": [{"id": id}]})).into_response()
}
