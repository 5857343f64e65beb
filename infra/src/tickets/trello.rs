//! Tickets as cards of a Trello board. Trello knows no keys, so cards and comments carry marks, and are looked for before they are made.

use super::{
    mark::{self, Counted},
    settings::{self, BadTickets},
    turns::Turns,
    ways::{self, OwnAccount},
};
use crate::{
    inbound::trello::TrelloHook,
    outward::Outward,
    trello::{Trello, is_id, shapes::Card},
};
use async_trait::async_trait;
use millwright_domain::{
    case::Outcome,
    ids::CaseId,
    ports::{
        messenger::NotTaken,
        ticket_system::{TicketNews, TicketSystem},
    },
    ticket::{TicketRef, TicketText},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use tokio::sync::OnceCell;

pub const SYSTEM: &str = "trello";
/// Trello's own limit, of names, descriptions and comments.
const LONGEST: usize = 16_384;
const LONGEST_TEXT: Counted = Counted::Units(LONGEST);
const LONGEST_TITLE: usize = 256;
/// What the webhook's reader makes news of.
const NEWS: &str = "commentCard,updateCard:closed,updateCard:idList";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrelloSettings {
    /// The id of the list that new cards go to; empty switches it off.
    pub list: String,
    /// The API key of the Power-Up, which is no secret.
    pub key: String,
    /// Where the token is kept: `env:NAME`, or a file.
    pub token: String,
    /// The user name that the token is of; empty asks Trello.
    pub account: String,
    /// The id of the list for cards whose repair is done; empty archives them.
    pub repaired_list: String,
    /// The id of the list for cards that were false alarms; empty archives them.
    pub false_alarm_list: String,
    pub api: String,
}

impl Default for TrelloSettings {
    fn default() -> Self {
        let nothing = String::new;
        let (list, key, token, account) = (nothing(), nothing(), nothing(), nothing());
        Self { list, key, token, account, repaired_list: nothing(), false_alarm_list: nothing(), api: "https://api.trello.com".into() }
    }
}

impl TrelloSettings {
    pub fn is_on(&self) -> bool {
        !self.list.is_empty()
    }
}

pub struct TrelloCards {
    trello: Trello,
    /// The board that the list is on, once it was asked.
    board: OnceCell<String>,
    settings: TrelloSettings,
    account: OwnAccount,
    turns: Turns,
}

impl TrelloCards {
    pub fn new(settings: &TrelloSettings, outward: Outward) -> Result<Self, BadTickets> {
        let lists = [
            ("trello.list", &settings.list, false),
            ("trello.repaired_list", &settings.repaired_list, true),
            ("trello.false_alarm_list", &settings.false_alarm_list, true),
        ];
        for (key, list, may_be_empty) in lists {
            let is_left_out = may_be_empty && list.is_empty();
            if !is_left_out && !is_id(list) {
                return Err(settings::bad(key, list, "it is the 24 digits and letters that Trello names the list by"));
            }
        }
        if !is_id(&settings.key) {
            return Err(BadTickets::NotShown { key: "trello.key", wanted: "it is the API key of the Power-Up, 32 digits and letters" });
        }
        let (api, token) = (settings::address("trello.api", &settings.api)?, settings::secret("trello.token", &settings.token)?);
        let trello = Trello { outward, api, key: settings.key.clone(), token };
        let (account, turns) = (OwnAccount::new(&settings.account), Turns::default());
        Ok(Self { trello, board: OnceCell::new(), settings: settings.clone(), account, turns })
    }

    async fn board(&self) -> Result<&str, NotTaken> {
        self.board.get_or_try_init(async || self.trello.board_of(&self.settings.list).await).await.map(String::as_str)
    }

    async fn find(&self, case: CaseId) -> Result<Option<Card>, NotTaken> {
        let ours = |cards: Vec<Card>| cards.into_iter().filter(|card| mark::is_of_case(case, &card.desc)).min_by_key(|card| card.id_short);
        let (newest, are_all) = self.trello.cards(self.board().await?).await?;
        match ours(newest) {
            // What is older than a thousand cards is in Trello's index for long.
            None if !are_all => Ok(ours(self.trello.search(self.board().await?, &case.to_string()).await?)),
            found => Ok(found),
        }
    }

    async fn create(&self, case: CaseId, text: &TicketText) -> Result<Card, NotTaken> {
        let ids = self.label_ids(&text.labels).await?;
        let card = json!({
            "idList": self.settings.list,
            "name": mark::title(&text.title, LONGEST_TITLE),
            "desc": mark::marked(&text.body, &[mark::of_labels(&text.labels), mark::of_case(case)], LONGEST_TEXT),
            "idLabels": ids.join(","),
            "pos": "top",
        });
        self.trello.create(&card).await
    }

    /// Two programs that opened the same case's card at once both see the older one, and the younger one goes.
    async fn settle(&self, case: CaseId, made: Card) -> Result<Card, NotTaken> {
        match self.find(case).await? {
            Some(older) if older.id_short < made.id_short => {
                self.trello.change(&made.id, &json!({"closed": true})).await?;
                Ok(older)
            }
            _ => Ok(made),
        }
    }

    /// Labels are known to people by name and to Trello by id; those that the board lacks are made.
    async fn label_ids(&self, names: &[String]) -> Result<Vec<String>, NotTaken> {
        let _turn = self.turns.wait("the board's labels").await;
        let mut known: BTreeMap<String, String> =
            self.trello.labels(self.board().await?).await?.into_iter().map(|label| (label.name, label.id)).collect();
        let mut ids = Vec::new();
        for name in names {
            let id = match known.get(name) {
                Some(id) => id.clone(),
                None => self.trello.make_label(self.board().await?, name, color(name)).await?,
            };
            known.insert(name.clone(), id.clone());
            ids.push(id);
        }
        Ok(ids)
    }

    async fn say(&self, card: &str, key: &str, body: &str) -> Result<(), NotTaken> {
        let key = mark::of_key(key);
        if self.trello.comments(card).await?.iter().any(|text| mark::has(&key, text)) {
            return Ok(());
        }
        self.trello.comment(card, &mark::marked(body, &[key], LONGEST_TEXT)).await
    }

    fn list_for(&self, outcome: Outcome) -> &str {
        if ways::was_real(outcome) { &self.settings.repaired_list } else { &self.settings.false_alarm_list }
    }
}

/// As people take colours; other labels have none.
fn color(label: &str) -> Option<&'static str> {
    match label {
        "severity-critical" => Some("red"),
        "severity-high" => Some("orange"),
        "severity-medium" => Some("yellow"),
        "severity-low" => Some("sky"),
        _ => None,
    }
}

/// Stands in paths, so it must be nothing but an id.
fn id(ticket: &TicketRef) -> Result<&str, NotTaken> {
    if is_id(&ticket.id) { Ok(&ticket.id) } else { Err(NotTaken::ForGood(format!("{:?} is no card's id", ways::line(&ticket.id)))) }
}

#[async_trait]
impl TicketSystem for TrelloCards {
    async fn open(&self, case: CaseId, text: &TicketText) -> Result<TicketRef, NotTaken> {
        let _turn = self.turns.wait(&case.to_string()).await;
        let card = match self.find(case).await? {
            Some(found) => found,
            None => {
                let made = self.create(case, text).await?;
                self.settle(case, made).await?
            }
        };
        Ok(TicketRef { system: SYSTEM.into(), id: ways::line(&card.id), url: ways::line(&card.short_url) })
    }

    async fn edit(&self, ticket: &TicketRef, text: &TicketText) -> Result<(), NotTaken> {
        let id = id(ticket)?;
        let _turn = self.turns.wait(id).await;
        let card = self.trello.card(id).await?;
        let of_people = card.labels.iter().filter(|label| mark::is_of_people(&label.name, &card.desc, &text.labels)).map(|label| label.id.clone());
        let labels: Vec<String> = self.label_ids(&text.labels).await?.into_iter().chain(of_people).collect();
        let mut marks = vec![mark::of_labels(&text.labels)];
        marks.extend(mark::case_in(&card.desc).map(mark::of_case));
        let edited = json!({
            "name": mark::title(&text.title, LONGEST_TITLE),
            "desc": mark::marked(&text.body, &marks, LONGEST_TEXT),
            "idLabels": labels.join(","),
        });
        self.trello.change(id, &edited).await
    }

    async fn comment(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let id = id(ticket)?;
        let _turn = self.turns.wait(id).await;
        self.say(id, key, body).await
    }

    async fn close(&self, ticket: &TicketRef, key: &str, outcome: Outcome, body: &str) -> Result<(), NotTaken> {
        let id = id(ticket)?;
        let _turn = self.turns.wait(id).await;
        self.say(id, key, body).await?;
        let list = self.list_for(outcome);
        let done = if list.is_empty() { json!({"dueComplete": true, "closed": true}) } else { json!({"dueComplete": true, "idList": list}) };
        self.trello.change(id, &done).await
    }

    async fn reopen(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let id = id(ticket)?;
        let _turn = self.turns.wait(id).await;
        self.say(id, key, body).await?;
        let mut open = json!({"dueComplete": false, "closed": false});
        // A card that people keep in a list of their own stays there.
        let lists = [&self.settings.repaired_list, &self.settings.false_alarm_list];
        if lists.contains(&&self.trello.card(id).await?.id_list) {
            open["idList"] = json!(self.settings.list);
        }
        self.trello.change(id, &open).await
    }

    async fn news(&self, since: &str) -> Result<Option<TicketNews>, NotTaken> {
        let Some(since) = ways::since(since)? else {
            return Ok(Some(TicketNews { deeds: Vec::new(), next: ways::iso(self.trello.time().await?) }));
        };
        let (actions, asked_at) = self.trello.actions(self.board().await?, NEWS, Some(&ways::iso(since))).await?;
        let account = self.account.get(&self.trello.token, async || self.trello.username().await).await?;
        // Read as the webhook's are, so that each has one name and one meaning. Nothing is verified, so the secret is never read.
        let reader = TrelloHook {
            secret: self.trello.token.clone(),
            callback_url: String::new(),
            account,
            repaired_list: self.settings.repaired_list.clone(),
            false_alarm_list: self.settings.false_alarm_list.clone(),
        };
        let deeds = actions.into_iter().rev().filter_map(|action| reader.read(action)).collect();
        Ok(Some(TicketNews { deeds, next: ways::next(since, asked_at) }))
    }
}
