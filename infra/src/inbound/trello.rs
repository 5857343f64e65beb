//! Webhooks of Trello: what people do to cards. A deed is named `trello:action:<action's id>`, the same whether told here or found by asking.

use super::{
    read,
    signature::{header, is_sha1_base64},
};
use crate::{
    secret::SecretSource,
    trello::shapes::{Action, Data, OfList},
};
use millwright_domain::{
    case::Outcome,
    ports::{
        inbound::{Heard, Knock, KnockRefused, News},
        ticket_system::{Deed, OutsideDeed},
    },
    ticket::TicketRef,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrelloHook {
    /// The Power-Up's OAuth secret: what Trello signs with.
    pub secret: SecretSource,
    /// Exactly as it was given to Trello when the webhook was made: it is signed with the body.
    pub callback_url: String,
    /// The user name that we write with: what it does is no news.
    pub account: String,
    /// The list for cards whose repair is done, by its id.
    #[serde(default)]
    pub repaired_list: String,
    /// The list for cards that were false alarms, by its id.
    #[serde(default)]
    pub false_alarm_list: String,
}

#[derive(Deserialize)]
struct Payload {
    action: Action,
}

/// The name of an action's delivery.
pub fn delivery(action: &str) -> String {
    format!("trello:action:{}", read::id(action))
}

/// Whether Trello only looks if we are there, as it does, without a signature, before it makes a webhook. What else is not signed is refused.
pub fn is_only_a_look(knock: &Knock, secret: &SecretSource, callback_url: &str) -> Result<bool, KnockRefused> {
    if knock.method == "HEAD" {
        return Ok(true);
    }
    read::only_post(knock)?;
    let given = header(knock, "x-trello-webhook").ok_or(KnockRefused::BadSignature)?;
    let is_signed = is_sha1_base64(&read::secrets(secret)?, &[&knock.body, callback_url.as_bytes()], given);
    if is_signed { Ok(false) } else { Err(KnockRefused::BadSignature) }
}

impl TrelloHook {
    pub fn hear(&self, knock: &Knock) -> Result<Heard, KnockRefused> {
        if is_only_a_look(knock, &self.secret, &self.callback_url)? {
            return Ok(Heard::Challenge(String::new()));
        }
        self.parse(&knock.body).map(Heard::News)
    }

    /// What a verified body says.
    pub fn parse(&self, body: &[u8]) -> Result<Vec<News>, KnockRefused> {
        let payload: Payload = read::json(body)?;
        Ok(self.read(payload.action).map(News::Ticket).into_iter().collect())
    }

    /// `None` for what is nobody's deed in a ticket.
    pub fn read(&self, action: Action) -> Option<OutsideDeed> {
        let archived = action.archived();
        let Action { id, kind, data, creator } = action;
        let card = data.card.as_ref().filter(|card| !card.id.is_empty())?;
        if creator.username.eq_ignore_ascii_case(&self.account) {
            return None;
        }
        let written = data.text.as_deref().unwrap_or_default();
        let deed = match kind.as_str() {
            "commentCard" if !read::is_ours(written) => Deed::Commented,
            "updateCard" => self.update(archived, &data)?,
            _ => return None,
        };
        let words = if deed == Deed::Commented { read::text(written) } else { String::new() };
        let url = if card.short_link.is_empty() { String::new() } else { format!("https://trello.com/c/{}", read::id(&card.short_link)) };
        let ticket = TicketRef { system: "trello".into(), id: read::id(&card.id), url };
        Some(OutsideDeed { ticket, delivery: delivery(&id), account: read::line(&creator.username), deed, words })
    }

    /// Archived and taken out of the archive, or moved into one of the lists for what is over and out of it.
    fn update(&self, archived: Option<bool>, data: &Data) -> Option<Deed> {
        if let Some(archived) = archived {
            return Some(if archived { Deed::Closed(None) } else { Deed::Reopened });
        }
        let (before, after) = (self.means(data.list_before.as_ref()?), self.means(data.list_after.as_ref()?));
        match (before, after) {
            (_, Some(outcome)) if before != after => Some(Deed::Closed(Some(outcome))),
            (Some(_), None) => Some(Deed::Reopened),
            _ => None,
        }
    }

    fn means(&self, list: &OfList) -> Option<Outcome> {
        match list.id.as_str() {
            "" => None,
            id if id == self.repaired_list => Some(Outcome::Repaired),
            id if id == self.false_alarm_list => Some(Outcome::FalseAlarm),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
