//! What people did on a board, read from its actions: whose move it was, of what card, and which result that card showed them.

use super::trello::NEWS;
use crate::{
    tickets::{mark, ways::line},
    trello::{
        Trello,
        shapes::{Action, Card},
    },
};
use millwright_domain::{
    Timestamp,
    plain::{cleaned, text},
    ports::{
        messenger::NotTaken,
        task_board::{CardChange, OutsideCard},
    },
    task::Stage,
};
use std::collections::BTreeMap;

const LONGEST_TITLE: usize = 160;
const LONGEST_LABEL: usize = 40;
const LONGEST_WORDS: usize = 4_096;

/// Of the actions of one asking, the oldest first.
pub(super) struct Reading<'a> {
    pub trello: &'a Trello,
    pub board: &'a str,
    /// Ours: what it did is no news.
    pub account: String,
    pub lists: BTreeMap<Stage, String>,
    /// As they are now; `None` for one that is there no more.
    cards: BTreeMap<String, Option<Card>>,
}

impl<'a> Reading<'a> {
    pub fn new(trello: &'a Trello, board: &'a str, account: String, lists: BTreeMap<Stage, String>) -> Self {
        Self { trello, board, account, lists, cards: BTreeMap::new() }
    }

    /// Cards as they are now, so that each need not be asked for.
    pub fn knows(&mut self, cards: Vec<Card>) {
        self.cards.extend(cards.into_iter().map(|card| (card.id.clone(), Some(card))));
    }

    fn is_ours(&self, done: &Action) -> bool {
        done.creator.username.eq_ignore_ascii_case(&self.account)
    }

    /// Of all that ever happened there, what stands unanswered: the cards that people made, and the last move of each that we did not move since.
    pub fn unanswered(&self, actions: Vec<Action>) -> Vec<Action> {
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        let mut last_of_ours: BTreeMap<String, usize> = BTreeMap::new();
        for (number, done) in actions.iter().enumerate() {
            let Some(id) = done.card() else { continue };
            last.insert(id.to_string(), number);
            if self.is_ours(done) {
                last_of_ours.insert(id.to_string(), number);
            }
        }
        let stands = |number: usize, done: &Action| {
            let Some(id) = done.card() else { return false };
            let is_answered = last_of_ours.get(id).is_some_and(|ours| *ours > number);
            !is_answered && (done.kind == "createCard" || last.get(id) == Some(&number))
        };
        actions.into_iter().enumerate().filter(|(number, done)| stands(*number, done)).map(|(_, done)| done).collect()
    }

    async fn card(&mut self, id: &str) -> Result<Option<Card>, NotTaken> {
        if let Some(known) = self.cards.get(id) {
            return Ok(known.clone());
        }
        let found = match self.trello.card(id).await {
            Ok(card) => Some(card),
            Err(NotTaken::ForGood(_)) => None,
            Err(other) => return Err(other),
        };
        self.cards.insert(id.to_string(), found.clone());
        Ok(found)
    }

    /// `is_first`: cards that lie about from before, done with or outside our lists, are no wishes.
    pub async fn deeds(&mut self, actions: Vec<Action>, is_first: bool) -> Result<Vec<OutsideCard>, NotTaken> {
        let mut deeds = vec![];
        for done in actions {
            if let Some(deed) = self.deed(&done, is_first).await? {
                deeds.push((done.id, deed));
            }
        }
        self.without_guesses(&mut deeds).await?;
        Ok(deeds.into_iter().map(|(_, deed)| deed).collect())
    }

    /// `None` for what is nobody's deed, or about a card that is no task's.
    async fn deed(&mut self, done: &Action, is_first: bool) -> Result<Option<OutsideCard>, NotTaken> {
        let Some(id) = done.card().filter(|_| !self.is_ours(done)) else { return Ok(None) };
        let Some(card) = self.card(id).await? else { return Ok(None) };
        // A ticket on the same board is no task.
        if mark::case_in(&card.desc).is_some() {
            return Ok(None);
        }
        let (task, result) = (mark::task_in(&card.desc), mark::result_in(&card.desc));
        let moved = |to| CardChange::Moved { to, result };
        let deed = match (done.kind.as_str(), done.archived()) {
            ("createCard", ..) if task.is_none() && (!is_first || self.is_wish(&card)) => made(&card),
            ("updateCard", Some(true)) => moved(Some(Stage::Reverted)),
            ("updateCard", Some(false)) => moved(self.stage_of(&card.id_list)),
            ("updateCard", ..) => match &done.data.list_after {
                Some(list) => moved(self.stage_of(&list.id)),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let (delivery, account) = (format!("trello:action:{}", line(&done.id)), line(&done.creator.username));
        Ok(Some(OutsideCard { card: card.id, task, delivery, account, deed }))
    }

    fn stage_of(&self, list: &str) -> Option<Stage> {
        self.lists.iter().find(|(_, id)| *id == list).map(|(stage, _)| *stage)
    }

    fn is_wish(&self, card: &Card) -> bool {
        !card.closed && self.stage_of(&card.id_list).is_some_and(|stage| !stage.is_over())
    }

    /// A card is read after it was moved, and may show another result by then. Where that can be, nothing is said of a result: the actions are
    /// asked for once more, now that the cards were read, and whatever we wrote after the move left one behind, since it puts the card elsewhere.
    async fn without_guesses(&self, deeds: &mut [(String, OutsideCard)]) -> Result<(), NotTaken> {
        let shows = |deed: &OutsideCard| matches!(deed.deed, CardChange::Moved { result: Some(_), .. });
        let Some((first, _)) = deeds.iter().find(|(_, deed)| shows(deed)) else { return Ok(()) };
        // From one on, by its id: what came later than it.
        let (later, _) = self.trello.actions(self.board, NEWS, Some(first)).await?;
        for (id, deed) in deeds {
            let since = later.iter().take_while(|done| done.id != *id);
            let is_known = since.filter(|done| done.card() == Some(&deed.card)).all(|done| !self.is_ours(done));
            if let CardChange::Moved { result, .. } = &mut deed.deed
                && !is_known
            {
                *result = None;
            }
        }
        Ok(())
    }
}

fn made(card: &Card) -> CardChange {
    let labels = card.labels.iter().map(|label| cleaned(&label.name, LONGEST_LABEL)).filter(|label| !label.is_empty()).collect();
    CardChange::Made {
        title: cleaned(&card.name, LONGEST_TITLE),
        words: text(&card.desc).chars().take(LONGEST_WORDS).collect(),
        labels,
        due: card.due.map(Timestamp::from),
    }
}
