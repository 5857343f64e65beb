//! What of Trello's answers about a board is read.

use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Card {
    pub id: String,
    /// Its number on the board: a card that was made later has a larger one.
    #[serde(default)]
    pub id_short: u64,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub desc: String,
    #[serde(default)]
    pub due: Option<DateTime<Utc>>,
    #[serde(default)]
    pub id_list: String,
    #[serde(default)]
    pub labels: Vec<Label>,
    #[serde(default)]
    pub closed: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Label {
    pub id: String,
    #[serde(default)]
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Member {
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

/// One of Trello's actions, as it comes by webhook and as it is found by asking.
#[derive(Debug, Deserialize)]
pub(super) struct Done {
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
pub(super) struct Data {
    pub card: Option<Touched>,
    pub old: Option<Old>,
    pub list_after: Option<ListRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Touched {
    pub id: String,
    pub closed: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Old {
    pub closed: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ListRef {
    pub id: String,
}
