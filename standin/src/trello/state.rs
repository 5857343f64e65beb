//! What the board holds, and the action that each change leaves behind.

use super::TrelloServer;
use crate::time::{Time, iso_millis};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    pub id: String,
    /// Its number on the board.
    pub short: u64,
    pub name: String,
    pub desc: String,
    pub list: String,
    pub labels: Vec<String>,
    /// As it was given.
    pub due: Option<String>,
    pub due_complete: bool,
    pub closed: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub id: String,
    pub name: String,
    pub color: Option<String>,
}

/// What somebody did, as the board's list of actions and the webhook tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    pub id: String,
    pub kind: &'static str,
    pub card: String,
    pub by: String,
    pub text: Option<String>,
    pub date: i64,
    /// The rest of its `data`.
    pub more: Value,
}

#[derive(Default)]
pub(crate) struct State {
    pub token: String,
    /// Id and name, those that every board begins with left out.
    pub lists: Vec<(String, String)>,
    pub cards: Vec<Card>,
    pub labels: Vec<Label>,
    pub actions: Vec<Action>,
    pub hooks: Vec<String>,
    /// So many actions were sent to the hooks.
    pub told: usize,
}

impl State {
    pub fn make_list(&mut self, name: &str) -> String {
        let id = format!("66f0115f{:016x}", self.lists.len() + 1);
        self.lists.push((id.clone(), name.to_string()));
        id
    }

    pub fn card(&self, id: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }
    fn card_mut(&mut self, id: &str) -> Option<&mut Card> {
        self.cards.iter_mut().find(|card| card.id == id)
    }

    pub fn create(&mut self, by: &str, mut card: Card, time: &Time) -> String {
        card.short = self.cards.len() as u64 + 1;
        card.id = format!("66f0c0de{:016x}", card.short);
        let id = card.id.clone();
        self.cards.push(card);
        self.act(by, "createCard", &id, None, json!({}), time);
        id
    }

    pub fn comment(&mut self, by: &str, card: &str, text: &str, time: &Time) -> String {
        self.act(by, "commentCard", card, Some(text), json!({}), time)
    }

    pub fn move_to(&mut self, by: &str, card: &str, list: &str, time: &Time) {
        let Some(moved) = self.card_mut(card).filter(|card| card.list != list) else { return };
        let before = std::mem::replace(&mut moved.list, list.to_string());
        let more = json!({"old": {"idList": before}, "listBefore": {"id": before}, "listAfter": {"id": list}});
        self.act(by, "updateCard", card, None, more, time);
    }

    pub fn archive(&mut self, by: &str, card: &str, closed: bool, time: &Time) {
        let Some(archived) = self.card_mut(card).filter(|card| card.closed != closed) else { return };
        archived.closed = closed;
        self.act(by, "updateCard", card, None, json!({"old": {"closed": !closed}}), time);
    }

    pub fn set_labels(&mut self, by: &str, card: &str, labels: Vec<String>, time: &Time) {
        let Some(labelled) = self.card_mut(card) else { return };
        let before = std::mem::replace(&mut labelled.labels, labels.clone());
        for added in labels.iter().filter(|label| !before.contains(label)) {
            self.act(by, "addLabelToCard", card, None, json!({"label": {"id": added}}), time);
        }
        for removed in before.iter().filter(|label| !labels.contains(label)) {
            self.act(by, "removeLabelFromCard", card, None, json!({"label": {"id": removed}}), time);
        }
    }

    pub fn due(&mut self, card: &str, due: Option<&str>) {
        if let Some(card) = self.card_mut(card) {
            card.due = due.map(str::to_string);
        }
    }

    pub fn rewrite(&mut self, card: &str, name: Option<&str>, desc: Option<&str>, due_complete: Option<bool>) {
        let Some(card) = self.card_mut(card) else { return };
        card.name = name.unwrap_or(&card.name).to_string();
        card.desc = desc.unwrap_or(&card.desc).to_string();
        card.due_complete = due_complete.unwrap_or(card.due_complete);
    }

    /// Finds the label of this name or makes it.
    pub fn label(&mut self, name: &str, color: Option<String>) -> String {
        if let Some(label) = self.labels.iter().find(|label| label.name == name) {
            return label.id.clone();
        }
        self.make_label(name, color)
    }
    /// Trello makes a second one of the same name when it is told so.
    pub fn make_label(&mut self, name: &str, color: Option<String>) -> String {
        let id = format!("66f01abe{:016x}", self.labels.len() + 1);
        self.labels.push(Label { id: id.clone(), name: name.into(), color });
        id
    }

    fn act(&mut self, by: &str, kind: &'static str, card: &str, text: Option<&str>, more: Value, time: &Time) -> String {
        let id = format!("66f0ac7e{:016x}", self.actions.len() + 1);
        let text = text.map(str::to_string);
        self.actions.push(Action { id: id.clone(), kind, card: card.into(), by: by.into(), text, date: time.tick(), more });
        id
    }

    pub fn shown(&self, action: &Action) -> Value {
        let mut data = action.more.clone();
        data["board"] = json!({"id": TrelloServer::BOARD, "name": "Maintenance"});
        if let Some(card) = self.card(&action.card) {
            data["card"] = json!({"id": card.id, "idShort": card.short, "shortLink": card.short_link(), "name": card.name});
            if let Some(closed) = action.more["old"]["closed"].as_bool() {
                data["card"]["closed"] = json!(!closed);
            }
        }
        if let Some(text) = &action.text {
            data["text"] = json!(text);
        }
        json!({
            "id": action.id, "type": action.kind, "date": iso_millis(action.date, "Z"), "data": data,
            "memberCreator": {"id": "5abbe4b7ddc1b351ef961410", "username": action.by, "fullName": action.by},
        })
    }
}

impl Card {
    fn short_link(&self) -> String {
        format!("card{:04}", self.short)
    }
    pub(super) fn json(&self, all: &[Label]) -> Value {
        let label = |label: &Label| json!({"id": label.id, "name": label.name, "color": label.color});
        let labels: Vec<Value> = all.iter().filter(|label| self.labels.contains(&label.id)).map(label).collect();
        json!({
            "id": self.id, "idShort": self.short, "name": self.name, "desc": self.desc, "idList": self.list, "idBoard": TrelloServer::BOARD,
            "idLabels": self.labels, "labels": labels, "due": self.due, "dueComplete": self.due_complete, "closed": self.closed, "shortLink": self.short_link(),
            "shortUrl": format!("https://trello.com/c/{}", self.short_link()),
            "url": format!("https://trello.com/c/{}/{}-card", self.short_link(), self.short),
        })
    }
}
