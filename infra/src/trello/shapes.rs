//! What of Trello's answers and webhooks is read.

use super::is_id;
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    pub id: String,
    /// Its number on the board: a card that was made later has a larger one.
    #[serde(default)]
    pub id_short: u64,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub desc: String,
    #[serde(default)]
    pub short_url: String,
    #[serde(default)]
    pub due: Option<DateTime<Utc>>,
    #[serde(default)]
    pub id_list: String,
    #[serde(default)]
    pub labels: Vec<Named>,
    #[serde(default)]
    pub closed: bool,
}

/// A list or a label.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    pub id: String,
    #[serde(default)]
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Id {
    pub id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct OnBoard {
    #[serde(rename = "idBoard")]
    pub board: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Found {
    #[serde(default)]
    pub cards: Vec<Card>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Member {
    pub username: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commented {
    #[serde(default)]
    pub data: Text,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Text {
    #[serde(default)]
    pub text: String,
}

/// Something that somebody did, as it comes by webhook and as it is found by asking.
#[derive(Debug, Deserialize)]
pub struct Action {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub data: Data,
    #[serde(rename = "memberCreator", default)]
    pub creator: Member,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Data {
    pub card: Option<Touched>,
    pub text: Option<String>,
    old: Option<Old>,
    pub list_before: Option<OfList>,
    pub list_after: Option<OfList>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Touched {
    pub id: String,
    pub short_link: String,
    closed: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Old {
    closed: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct OfList {
    pub id: String,
}

impl Action {
    /// Whose card it is about, if it says one that can be asked for.
    pub fn card(&self) -> Option<&str> {
        self.data.card.as_ref().map(|card| card.id.as_str()).filter(|id| is_id(id))
    }
    /// Into the archive, or out of it.
    pub fn archived(&self) -> Option<bool> {
        let was_closed = self.data.old.as_ref()?.closed?;
        let is_closed = self.data.card.as_ref()?.closed?;
        (was_closed != is_closed).then_some(is_closed)
    }
}
