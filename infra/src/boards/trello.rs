//! A site's tasks as cards of a Trello board. Trello knows no keys, so cards and comments carry marks, and are looked for before they are made.

use super::{
    BoardSettings,
    client::Client,
    shapes::{Card, Done},
};
use crate::{
    outward::Outward,
    secret::SecretSource,
    tickets::{
        mark::{self, Counted},
        turns::Turns,
        ways::{self, OwnAccount},
    },
};
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    board::{CardText, CardWork},
    ids::TaskId,
    plain::{cleaned, text},
    ports::{
        messenger::NotTaken,
        task_board::{BoardNews, CardChange, OutsideCard, TaskBoard},
    },
    task::Stage,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Trello's own limit, of names, descriptions and comments.
const LONGEST_TEXT: Counted = Counted::Units(16_384);
const LONGEST_TITLE: usize = 256;
const LONGEST_WORDS: usize = 4_096;
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
    client: Client,
    account: OwnAccount,
    turns: Turns,
    /// Ids of the lists, once they were seen.
    lists: tokio::sync::Mutex<BTreeMap<Stage, String>>,
}

impl TrelloBoard {
    pub(super) fn new(settings: &BoardSettings, api: String, token: SecretSource, outward: Outward) -> Self {
        let client = Client { outward, api, key: settings.key.clone(), board: settings.board.clone(), token };
        Self { client, account: OwnAccount::new(&settings.account), turns: Turns::default(), lists: Default::default() }
    }

    /// People may know lists by other ids tomorrow: those that are gone are looked for again, and made if they are not there.
    async fn lists(&self, anew: bool) -> Result<BTreeMap<Stage, String>, NotTaken> {
        let mut known = self.lists.lock().await;
        if known.len() == LISTS.len() && !anew {
            return Ok(known.clone());
        }
        let there = self.client.lists().await?;
        let mut found = BTreeMap::new();
        for (stage, name) in LISTS {
            let id = there.iter().find(|list| list.name.trim().eq_ignore_ascii_case(name)).map(|list| list.id.clone());
            let id = match id {
                Some(id) => id,
                None => self.client.make_list(name).await?,
            };
            found.insert(stage, id);
        }
        known.clone_from(&found);
        Ok(found)
    }

    async fn find(&self, work: &CardWork) -> Result<Option<Card>, NotTaken> {
        if let Some(id) = work.card.as_deref().filter(|id| is_id(id)) {
            match self.client.card(id).await {
                Ok(card) => return Ok(Some(card)),
                // Somebody has deleted it: then it is made anew.
                Err(NotTaken::ForGood(_)) => {}
                Err(other) => return Err(other),
            }
        }
        let cards = self.client.cards().await?;
        Ok(cards.into_iter().filter(|card| mark::task_in(&card.desc) == Some(work.task)).min_by_key(|card| card.id_short))
    }

    async fn made(&self, work: &CardWork, list: &str) -> Result<Card, NotTaken> {
        let mut card = self.form(&work.text, work.task, self.label_ids(&work.text.labels).await?);
        card["idList"] = json!(list);
        card["pos"] = json!("bottom");
        let made = self.client.create(&card).await?;
        // Two programs that made the same task's card at once both see the older one, and the younger one goes.
        let others = self.client.cards().await?;
        let older = others.into_iter().filter(|card| mark::task_in(&card.desc) == Some(work.task)).min_by_key(|card| card.id_short);
        match older {
            Some(older) if older.id_short < made.id_short => {
                self.client.change(&made.id, &json!({"closed": true})).await?;
                Ok(older)
            }
            _ => Ok(made),
        }
    }

    fn form(&self, text: &CardText, task: TaskId, labels: Vec<String>) -> Value {
        json!({
            "name": mark::title(&text.title, LONGEST_TITLE),
            "desc": mark::marked(&text.body, &[mark::of_labels(&text.labels), mark::of_task(task)], LONGEST_TEXT),
            "due": text.due.and_then(Timestamp::to_datetime).map(ways::iso),
            "idLabels": labels.join(","),
        })
    }

    /// Labels are known to people by name and to Trello by id; those that the board lacks are made.
    async fn label_ids(&self, names: &[String]) -> Result<Vec<String>, NotTaken> {
        let _turn = self.turns.wait("the board's labels").await;
        let mut known: BTreeMap<String, String> = self.client.labels().await?.into_iter().map(|label| (label.name, label.id)).collect();
        let mut ids = vec![];
        for name in names.iter().collect::<BTreeSet<_>>() {
            let id = match known.get(name) {
                Some(id) => id.clone(),
                None => self.client.make_label(name).await?,
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
        let mut form = self.form(&work.text, work.task, labels.clone());
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
        if change.is_empty() { Ok(()) } else { self.client.change(&card.id, &Value::Object(change)).await }
    }

    async fn said(&self, card: &str, key: &str, words: &[String]) -> Result<(), NotTaken> {
        if words.is_empty() {
            return Ok(());
        }
        let there = self.client.comments(card).await?;
        for (number, words) in words.iter().enumerate() {
            let mark = mark::of_key(&format!("{key}/{number}"));
            if !there.iter().any(|text| mark::has(&mark, text)) {
                self.client.comment(card, &mark::marked(words, &[mark], LONGEST_TEXT)).await?;
            }
        }
        Ok(())
    }

    /// `None` for what is nobody's deed, or about a card that is there no more.
    async fn read(&self, done: Done, account: &str, lists: &BTreeMap<Stage, String>) -> Result<Option<OutsideCard>, NotTaken> {
        let Some(touched) = done.data.card.filter(|card| is_id(&card.id)) else { return Ok(None) };
        if done.creator.username.eq_ignore_ascii_case(account) {
            return Ok(None);
        }
        let card = match self.client.card(&touched.id).await {
            Ok(card) => card,
            Err(NotTaken::ForGood(_)) => return Ok(None),
            Err(other) => return Err(other),
        };
        let stage_of = |list: &str| lists.iter().find(|(_, id)| *id == list).map(|(stage, _)| *stage);
        let was_closed = done.data.old.and_then(|old| old.closed);
        let deed = match (done.kind.as_str(), was_closed, touched.closed) {
            ("createCard", ..) if mark::task_in(&card.desc).is_none() => made(&card),
            ("updateCard", Some(false), Some(true)) => CardChange::Moved { to: Some(Stage::Reverted) },
            ("updateCard", Some(true), Some(false)) => CardChange::Moved { to: stage_of(&card.id_list) },
            ("updateCard", ..) => match done.data.list_after {
                Some(list) => CardChange::Moved { to: stage_of(&list.id) },
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let delivery = format!("trello:action:{}", ways::line(&done.id));
        let account = ways::line(&done.creator.username);
        Ok(Some(OutsideCard { task: mark::task_in(&card.desc), card: card.id, delivery, account, deed }))
    }
}

fn made(card: &Card) -> CardChange {
    let labels = card.labels.iter().map(|label| cleaned(&label.name, 40)).filter(|label| !label.is_empty()).collect();
    CardChange::Made {
        title: cleaned(&card.name, 160),
        words: text(&card.desc).chars().take(LONGEST_WORDS).collect(),
        labels,
        due: card.due.map(Timestamp::from),
    }
}

/// Stands in paths, so it must be nothing but an id.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric())
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
        if let Err(refused @ NotTaken::ForGood(_)) = self.righted(&card, work, &list).await {
            // The list may be gone: it is looked for again at the next try.
            let lists = self.lists(true).await?;
            let anew = lists.get(&work.stage).cloned().unwrap_or_default();
            if anew == list {
                return Err(refused);
            }
            self.righted(&card, work, &anew).await?;
        }
        self.said(&card.id, key, &work.says).await?;
        Ok(card.id)
    }

    async fn news(&self, since: &str) -> Result<BoardNews, NotTaken> {
        let since = ways::since(since)?;
        let from = since.map(ways::iso);
        let (actions, asked_at) = self.client.actions(from.as_deref()).await?;
        let Some(since) = since else { return Ok(BoardNews { deeds: vec![], next: ways::iso(asked_at) }) };
        let account = self.account.get(&self.client.token, async || self.client.username().await).await?;
        let lists = self.lists(false).await?;
        let mut deeds = vec![];
        for done in actions.into_iter().rev() {
            deeds.extend(self.read(done, &account, &lists).await?);
        }
        Ok(BoardNews { deeds, next: ways::next(since, asked_at) })
    }
}
