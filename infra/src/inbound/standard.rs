//! Webhooks of any ticket system that speaks Standard Webhooks. A deed is named `webhook:<webhook-id>`, which stays over repetitions.
//!
//! ```json
//! { "type": "ticket.closed", "data": { "id": "4711", "account": "ann", "words": "bearing replaced", "outcome": "repaired" } }
//! ```
//! `type` is `ticket.commented`, `ticket.closed`, `ticket.reopened` or `ticket.labelled`; `outcome` is `repaired`, `false_alarm` or
//! `no_effect` or absent; `labels` are all that it has now.

use super::{read, signature::signed_id};
use crate::secret::SecretSource;
use millwright_domain::{
    Timestamp,
    case::Outcome,
    ports::{
        inbound::{Heard, Knock, KnockRefused, News},
        ticket_system::{Deed, OutsideDeed},
    },
    ticket::TicketRef,
};
use serde::{Deserialize, Serialize};

const MOST_LABELS: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketHook {
    /// `whsec_…`, which the sender signs with.
    pub secret: SecretSource,
    /// The account that we write with there, if the system repeats to us what we do; empty for none.
    #[serde(default)]
    pub account: String,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    id: String,
    account: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    outcome: Option<Ended>,
    #[serde(default)]
    labels: Vec<String>,
}

/// The outcomes that somebody may report. The others are what readings say.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Repaired,
    FalseAlarm,
    NoEffect,
}

impl TicketHook {
    pub fn hear(&self, knock: &Knock, now: Timestamp) -> Result<Heard, KnockRefused> {
        read::only_post(knock)?;
        let id = signed_id(knock, &read::secrets(&self.secret)?, now)?;
        self.parse(id, &knock.body).map(Heard::News)
    }

    /// What a verified body says, which was sent under this id.
    pub fn parse(&self, id: &str, body: &[u8]) -> Result<Vec<News>, KnockRefused> {
        let Payload { kind, data } = read::json(body)?;
        let is_own = !self.account.is_empty() && data.account.eq_ignore_ascii_case(&self.account);
        if is_own || read::is_ours(&data.words) {
            return Ok(Vec::new());
        }
        let deed = match kind.as_str() {
            "ticket.commented" => Deed::Commented,
            "ticket.closed" => Deed::Closed(data.outcome.map(outcome)),
            "ticket.reopened" => Deed::Reopened,
            "ticket.labelled" => Deed::Labelled(data.labels.iter().take(MOST_LABELS).map(|label| read::line(label)).collect()),
            other => return Err(read::unreadable(&format!("{other:?} is no type; use ticket.commented, .closed, .reopened or .labelled"))),
        };
        let ticket = TicketRef { system: "webhook".into(), id: read::line(&data.id), url: read::line(&data.url) };
        if ticket.id.is_empty() {
            return Err(read::unreadable("data.id is empty; it says which ticket"));
        }
        let delivery = format!("webhook:{}", read::id(id));
        let deed = OutsideDeed { ticket, delivery, account: read::line(&data.account), deed, words: read::text(&data.words) };
        Ok(vec![News::Ticket(deed)])
    }
}

fn outcome(ended: Ended) -> Outcome {
    match ended {
        Ended::Repaired => Outcome::Repaired,
        Ended::FalseAlarm => Outcome::FalseAlarm,
        Ended::NoEffect => Outcome::NoEffect,
    }
}

#[cfg(test)]
mod tests;
