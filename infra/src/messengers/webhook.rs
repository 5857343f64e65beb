//! A messenger for programs: Standard Webhooks, with a CloudEvent as the body. A repeated delivery has the same id and the same body.

use super::{AT_ONCE, draft};
use crate::{
    inbound::signature::sign,
    outward::{Again, Outward, Request},
    secret::SecretSource,
};
use async_trait::async_trait;
use millwright_domain::{
    effect::EffectWanted,
    message::{Channel, Message},
    ports::{
        clock::Clock,
        messenger::{Messenger, NotTaken},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

const TYPE: &str = "com.millwright.message";
const CONTENT_TYPE: &str = "application/cloudevents+json";
/// What it answers is looked at only for why it refuses.
const LARGEST_ANSWER: usize = 16 << 10;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    pub url: String,
    /// `whsec_…`. With several lines each signs, so that the receiver may change over when it likes.
    pub secret: SecretSource,
}

pub struct Webhooks {
    named: BTreeMap<String, WebhookSettings>,
    outward: Outward,
    clock: Arc<dyn Clock>,
}

impl Webhooks {
    pub fn new(named: BTreeMap<String, WebhookSettings>, outward: Outward, clock: Arc<dyn Clock>) -> Self {
        Self { named, outward, clock }
    }
}

#[async_trait]
impl Messenger for Webhooks {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let message = draft::message(effect)?;
        let (_, name) = effect.adapter_and_recipient();
        let Some(WebhookSettings { url, secret }) = self.named.get(name) else {
            let known = self.named.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(NotTaken::ForGood(format!("there is no webhook {name:?} in messages.webhook, only: {known}")));
        };
        let secrets = secret.read().map_err(|failure| NotTaken::Away(draft::in_words(&failure)))?;
        let body = event(effect, &message).to_string();
        let signed = sign(&secrets, &effect.idempotency_key, self.clock.now().wall, body.as_bytes());
        let signed = signed.map_err(|bad| NotTaken::Away(format!("{secret}: {bad}")))?;
        // Paths of webhooks often hold a token of the receiver's own.
        let mut request = Request::post(url).secret_path().at_most(LARGEST_ANSWER);
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        request = request.body(CONTENT_TYPE, body);
        let reply = self.outward.send(request).await.map_err(|failed| failed.not_taken(Again::Safe))?;
        if reply.status == 410 {
            return Err(NotTaken::ForGood(format!("{} answered 410: it wants no more; take messages.webhook.{name} away", reply.place)));
        }
        reply.taken(Again::Safe).map(|reply| format!("taken by {name} with {}", reply.status))
    }

    fn knows_keys(&self, _effect: &EffectWanted) -> bool {
        Channel::Webhook.knows_keys()
    }
    /// Each program is another's server.
    fn breaks_with<'a>(&self, effect: &'a EffectWanted) -> &'a str {
        &effect.target
    }
    fn at_once(&self, _adapter: &str) -> usize {
        AT_ONCE
    }
}

/// Nothing in it depends on when it is sent.
fn event(effect: &EffectWanted, message: &Message) -> Value {
    let mut data = json!({ "message": message });
    for (name, id) in [("case", effect.case.map(|id| id.to_string())), ("action", effect.action.map(|id| id.to_string()))] {
        if let Some(id) = id {
            data[name] = id.into();
        }
    }
    let mut event = json!({
        "specversion": "1.0",
        "id": effect.idempotency_key,
        "source": "/millwright",
        "type": TYPE,
        "datacontenttype": "application/json",
        "data": data,
    });
    if let Some(case) = effect.case {
        event["subject"] = case.to_string().into();
    }
    event
}
