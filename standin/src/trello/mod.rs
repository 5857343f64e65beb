//! Trello with one board of three lists: the REST API, what people do on the page, and the webhook.

mod api;
mod hooks;
mod state;

use crate::{Faults, Served, Time, serve};
use state::State;
use std::io;

pub use state::{Action, Card};

pub(crate) type Shared = crate::shared::Shared<State>;

pub struct TrelloServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
}

impl TrelloServer {
    pub const KEY: &str = "0471642aefef5fa1fa76530ce1ba4c85";
    pub const TOKEN: &str = "ATTAstandin9eb76d9a9d02b8dd40c2f3e5df18556c831d4d1fadbe2c45f8310e6c93b5c548";
    /// The user that [`Self::TOKEN`] is of.
    pub const ACCOUNT: &str = "millwright";
    /// The OAuth secret that webhooks are signed with.
    pub const SECRET: &str = "e9c4f2d1standinsecret";
    pub const BOARD: &str = "5abbe4b7ddc1b351ef961414";
    /// Where new cards go.
    pub const LIST: &str = "5abbe4b7ddc1b351ef961415";
    pub const DONE_LIST: &str = "5abbe4b7ddc1b351ef961416";
    pub const FALSE_ALARM_LIST: &str = "5abbe4b7ddc1b351ef961417";

    pub async fn start() -> io::Result<Self> {
        let time = Time::default();
        let faults = Faults::new(time.clone());
        let shared = Shared::new(State::default(), time);
        shared.state().token = Self::TOKEN.into();
        let served = serve(api::routes(shared.clone()), faults.clone()).await?;
        Ok(Self { served, shared, faults })
    }

    pub fn url(&self) -> String {
        self.served.url()
    }
    pub fn time(&self) -> &Time {
        &self.shared.time
    }
    /// From now on only this token is good.
    pub fn token_is_now(&self, token: &str) {
        self.shared.state().token = token.into();
    }
    pub fn cards(&self) -> Vec<Card> {
        self.shared.state().cards.clone()
    }
    pub fn label_name(&self, id: &str) -> Option<String> {
        self.shared.state().labels.iter().find(|label| label.id == id).map(|label| label.name.clone())
    }
    /// Of the whole board.
    pub fn all_labels(&self) -> Vec<String> {
        self.shared.state().labels.iter().map(|label| label.name.clone()).collect()
    }
    /// A card's comments, oldest first.
    pub fn comments(&self, card: &str) -> Vec<String> {
        let is_comment = |action: &&Action| action.kind == "commentCard" && action.card == card;
        self.shared.state().actions.iter().filter(is_comment).map(|action| action.text.clone().unwrap_or_default()).collect()
    }

    pub fn person_comments(&self, card: &str, username: &str, text: &str) -> String {
        self.shared.state().comment(username, card, text, &self.shared.time)
    }
    pub fn person_moves(&self, card: &str, username: &str, list: &str) {
        self.shared.state().move_to(username, card, list, &self.shared.time);
    }
    /// The list of that name, made by a person if it is not there.
    pub fn list_named(&self, name: &str) -> String {
        let mut state = self.shared.state();
        let known = state.lists.iter().find(|(_, known)| known == name).map(|(id, _)| id.clone());
        known.unwrap_or_else(|| state.make_list(name))
    }
    /// The name of a list that somebody made.
    pub fn list_name(&self, id: &str) -> Option<String> {
        self.shared.state().lists.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone())
    }
    pub fn person_makes(&self, username: &str, list: &str, name: &str, desc: &str) -> String {
        let (id, short, list, labels) = (String::new(), 0, list.into(), vec![]);
        let card = Card { id, short, name: name.into(), desc: desc.into(), list, labels, due: None, due_complete: false, closed: false };
        self.shared.state().create(username, card, &self.shared.time)
    }
    /// Who did what, oldest first.
    pub fn deeds_of(&self, username: &str) -> usize {
        self.shared.state().actions.iter().filter(|action| action.by == username).count()
    }
    pub fn person_archives(&self, card: &str, username: &str, archived: bool) {
        self.shared.state().archive(username, card, archived, &self.shared.time);
    }
    pub fn person_labels(&self, card: &str, username: &str, label: &str) {
        let mut state = self.shared.state();
        let id = state.label(label, None);
        let mut labels = state.card(card).map(|card| card.labels.clone()).unwrap_or_default();
        labels.push(id);
        state.set_labels(username, card, labels, &self.shared.time);
    }
}
