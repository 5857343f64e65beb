//! A site's tasks as cards of a Trello board. Trello knows no keys, so cards and comments carry marks, and are looked for before they are made.

use super::{BoardSettings, reading::Reading};
use crate::{
    outward::Outward,
    secret::SecretSource,
    tickets::{
        mark::{self, Counted},
        turns::Turns,
        ways::{self, OwnAccount},
    },
    trello::{
        Trello, is_id,
        shapes::{Action, Card},
    },
};
use async_trait::async_trait;
use chrono::DateTime;
use millwright_domain::{
    Timestamp,
    board::CardWork,
    ports::{
        messenger::NotTaken,
        task_board::{BoardNews, TaskBoard},
    },
    task::Stage,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Trello's own limit, of names, descriptions and comments.
const LONGEST_TEXT: Counted = Counted::Units(16_384);
const LONGEST_TITLE: usize = 256;
/// What [`Reading`] makes something of.
pub(super) const NEWS: &str = "createCard,updateCard:closed,updateCard:idList";
/// The list of each stage, by its name on the board. What was reverted is archived.
const LISTS: [(Stage, &str); 7] = [
    (Stage::Backlog, "Backlog"),
    (Stage::Pending, "Sprint"),
    (Stage::Active, "In progress"),
    (Stage::Review, "Review"),
    (Stage::Done, "Done"),
    (Stage::Blocked, "Blocked"),
    (Stage::Failed, "Failed"),
];

pub struct TrelloBoard {
    trello: Trello,
    board: String,
    account: OwnAccount,
    turns: Turns,
    /// Ids of the lists, once they were seen.
    lists: tokio::sync::Mutex<BTreeMap<Stage, String>>,
}

impl TrelloBoard {
    pub(super) fn new(settings: &BoardSettings, api: String, token: SecretSource, outward: Outward) -> Self {
        let trello = Trello { outward, api, key: settings.key.clone(), token };
        Self {
            trello,
            board: settings.board.clone(),
            account: OwnAccount::new(&settings.account),
            turns: Turns::default(),
            lists: Default::default(),
        }
    }

    /// People may know lists by other ids tomorrow: those that are gone are looked for again, and made if they are not there.
    async fn lists(&self, anew: bool) -> Result<BTreeMap<Stage, String>, NotTaken> {
        let mut known = self.lists.lock().await;
        if known.len() == LISTS.len() && !anew {
            return Ok(known.clone());
        }
        let there = self.trello.lists(&self.board).await?;
        let mut found = BTreeMap::new();
        for (stage, name) in LISTS {
            let id = there.iter().find(|list| list.name.trim().eq_ignore_ascii_case(name)).map(|list| list.id.clone());
            let id = match id {
                Some(id) => id,
                None => self.trello.make_list(&self.board, name).await?,
            };
            found.insert(stage, id);
        }
        known.clone_from(&found);
        Ok(found)
    }

    async fn find(&self, work: &CardWork) -> Result<Option<Card>, NotTaken> {
        if let Some(id) = work.card.as_deref().filter(|id| is_id(id)) {
            match self.trello.card(id).await {
                Ok(card) => return Ok(Some(card)),
                // Somebody has deleted it: then it is made anew.
                Err(NotTaken::ForGood(_)) => {}
                Err(other) => return Err(other),
            }
        }
        let (cards, _) = self.trello.cards(&self.board).await?;
        Ok(cards.into_iter().filter(|card| mark::task_in(&card.desc) == Some(work.task)).min_by_key(|card| card.id_short))
    }

    async fn made(&self, work: &CardWork, list: &str) -> Result<Card, NotTaken> {
        let mut card = self.form(work, self.label_ids(&work.text.labels).await?);
        card["idList"] = json!(list);
        card["pos"] = json!("bottom");
        let made = self.trello.create(&card).await?;
        // Two programs that made the same task's card at once both see the older one, and the younger one goes.
        let (others, _) = self.trello.cards(&self.board).await?;
        let older = others.into_iter().filter(|card| mark::task_in(&card.desc) == Some(work.task)).min_by_key(|card| card.id_short);
        match older {
            Some(older) if older.id_short < made.id_short => {
                self.trello.change(&made.id, &json!({"closed": true})).await?;
                Ok(older)
            }
            _ => Ok(made),
        }
    }

    fn form(&self, work: &CardWork, labels: Vec<String>) -> Value {
        let text = &work.text;
        let mut marks = vec![mark::of_labels(&text.labels), mark::of_task(work.task)];
        marks.extend(work.result.map(mark::of_result));
        json!({
            "name": mark::title(&text.title, LONGEST_TITLE),
            "desc": mark::marked(&text.body, &marks, LONGEST_TEXT),
            "due": text.due.and_then(Timestamp::to_datetime).map(ways::iso),
            "idLabels": labels.join(","),
        })
    }

    /// Labels are known to people by name and to Trello by id; those that the board lacks are made.
    async fn label_ids(&self, names: &[String]) -> Result<Vec<String>, NotTaken> {
        let _turn = self.turns.wait("the board's labels").await;
        let mut known: BTreeMap<String, String> = self.trello.labels(&self.board).await?.into_iter().map(|label| (label.name, label.id)).collect();
        let mut ids = vec![];
        for name in names.iter().collect::<BTreeSet<_>>() {
            let id = match known.get(name) {
                Some(id) => id.clone(),
                None => self.trello.make_label(&self.board, name, None).await?,
            };
            known.insert(name.clone(), id.clone());
            ids.push(id);
        }
        Ok(ids)
    }

    /// Only what differs is written, so that a card that is right makes no news.
    async fn righted(&self, card: &Card, work: &CardWork, list: &str) -> Result<(), NotTaken> {
        let of_people = card.labels.iter().filter(|label| mark::is_of_people(&label.name, &card.desc, &work.text.labels));
        let of_people: Vec<String> = of_people.map(|label| label.id.clone()).collect();
        let labels: Vec<String> = self.label_ids(&work.text.labels).await?.into_iter().chain(of_people).collect();
        let has: BTreeSet<&String> = card.labels.iter().map(|label| &label.id).collect();
        let mut form = self.form(work, labels.clone());
        let is_over = work.stage == Stage::Reverted;
        let due = work.text.due.and_then(Timestamp::to_datetime).map(|due| due.timestamp());
        let mut change = serde_json::Map::new();
        let mut differs = |key: &str, is_right: bool, value: Value| {
            if !is_right {
                change.insert(key.into(), value);
            }
        };
        differs("name", form["name"] == json!(card.name), form["name"].take());
        differs("desc", form["desc"] == json!(card.desc), form["desc"].take());
        differs("due", card.due.map(|due| due.timestamp()) == due, form["due"].take());
        differs("idLabels", labels.iter().collect::<BTreeSet<_>>() == has, form["idLabels"].take());
        differs("closed", card.closed == is_over, json!(is_over));
        differs("idList", is_over || card.id_list == list, json!(list));
        if change.is_empty() { Ok(()) } else { self.trello.change(&card.id, &Value::Object(change)).await }
    }

    async fn said(&self, card: &str, key: &str, words: &[String]) -> Result<(), NotTaken> {
        if words.is_empty() {
            return Ok(());
        }
        let there = self.trello.comments(card).await?;
        for (number, words) in words.iter().enumerate() {
            let mark = mark::of_key(&format!("{key}/{number}"));
            if !there.iter().any(|text| mark::has(&mark, text)) {
                self.trello.comment(card, &mark::marked(words, &[mark], LONGEST_TEXT)).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl TaskBoard for TrelloBoard {
    async fn show(&self, key: &str, work: &CardWork) -> Result<String, NotTaken> {
        let _turn = self.turns.wait(&work.task.to_string()).await;
        let lists = self.lists(false).await?;
        let list = lists.get(&work.stage).cloned().unwrap_or_default();
        let card = match self.find(work).await? {
            Some(found) => found,
            // Nobody has seen it, and nobody needs to.
            None if work.stage == Stage::Reverted => return Ok(String::new()),
            None => self.made(work, &list).await?,
        };
        match self.righted(&card, work, &list).await {
            // The list may be gone: it is looked for again.
            Err(refused @ NotTaken::ForGood(_)) => {
                let lists = self.lists(true).await?;
                let anew = lists.get(&work.stage).filter(|anew| **anew != list).ok_or(refused)?;
                self.righted(&card, work, anew).await?;
            }
            other => other?,
        }
        self.said(&card.id, key, &work.says).await?;
        Ok(card.id)
    }

    async fn news(&self, since: &str) -> Result<BoardNews, NotTaken> {
        let since = ways::since(since)?;
        let account = self.account.get(&self.trello.token, async || self.trello.username().await).await?;
        let lists = self.lists(false).await?;
        let (mut actions, asked_at) = self.trello.actions(&self.board, NEWS, since.map(ways::iso).as_deref()).await?;
        actions.reverse();
        // Somebody may have taken a list away and made another of its name.
        let is_strange = |action: &Action| action.data.list_after.as_ref().is_some_and(|list| !lists.values().any(|known| *known == list.id));
        let lists = if actions.iter().any(is_strange) { self.lists(true).await? } else { lists };
        let mut reading = Reading::new(&self.trello, &self.board, account, lists);
        let actions = if since.is_some() { actions } else { reading.unanswered(actions) };
        if since.is_none() && !actions.is_empty() {
            // A board with a past has more cards than Trello answers one by one.
            let (cards, _) = self.trello.cards(&self.board).await?;
            reading.knows(cards);
        }
        let deeds = reading.deeds(actions, since.is_none()).await?;
        Ok(BoardNews { deeds, next: ways::next(since.unwrap_or(DateTime::UNIX_EPOCH), asked_at) })
    }
}
