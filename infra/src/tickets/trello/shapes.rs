//! What of Trello's answers is read.

use super::SYSTEM;
use crate::tickets::ways;
use millwright_domain::ticket::TicketRef;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    pub id: String,
    /// Its number on the board: a card that was made later has a larger one.
    #[serde(default)]
    pub id_short: u64,
    #[serde(default)]
    pub desc: String,
    #[serde(default)]
    pub short_url: String,
    #[serde(default)]
    pub id_list: String,
    #[serde(default)]
    pub labels: Vec<Label>,
}

#[derive(Debug, Deserialize)]
pub struct Label {
    pub id: String,
    #[serde(default)]
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub struct List {
    #[serde(rename = "idBoard")]
    pub board: String,
}

#[derive(Debug, Deserialize)]
pub struct Member {
    pub username: String,
}

#[derive(Debug, Deserialize)]
pub struct Found {
    #[serde(default)]
    pub cards: Vec<Card>,
}

#[derive(Debug, Deserialize)]
pub struct Commented {
    #[serde(default)]
    pub data: Text,
}

#[derive(Debug, Default, Deserialize)]
pub struct Text {
    #[serde(default)]
    pub text: String,
}

#[derive(Debug, Deserialize)]
pub struct Id {
    pub id: String,
}

impl Card {
    pub fn reference(&self) -> TicketRef {
        TicketRef { system: SYSTEM.into(), id: ways::line(&self.id), url: ways::line(&self.short_url) }
    }
}
