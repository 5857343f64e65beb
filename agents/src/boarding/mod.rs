//! On what happens to a task, keep its card on the site's board as the task is: made once, moved with it, put back where a person's move was refused.

mod poll;
#[cfg(test)]
mod tests;

use crate::clerk::{Desk, Due};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    board::{BOARDS, CardText, CardWork},
    effect::EffectWanted,
    envelope::Recorded,
    ids::{EffectId, EventId, SiteId, TaskId, derived},
    site::Site,
    task::{Mark, Stage, Task, task_of},
};
pub use poll::{BoardPoll, CardReader};
use std::collections::{BTreeMap, BTreeSet};

/// Cards that are still to be shown, folded from the facts alone. Of one task only the latest counts: a card shows how it is, not how it came there.
pub struct BoardDesk {
    board: SiteId,
    site: Site,
    due: BTreeMap<TaskId, Item>,
    /// As the board calls them.
    cards: BTreeMap<TaskId, String>,
    wished: BTreeMap<EffectId, TaskId>,
    /// Something of it was wished for, so there may be a card.
    shown: BTreeSet<TaskId>,
}

struct Item {
    effect: EffectId,
    because: EventId,
    /// Wall time.
    at: Timestamp,
    says: Vec<String>,
}

impl BoardDesk {
    pub fn new(site: &SiteId) -> Self {
        let (due, cards, wished, shown) = Default::default();
        Self { board: site.clone(), site: Site::default(), due, cards, wished, shown }
    }

    fn changed(&mut self, fact: &Recorded, task: TaskId, says: Option<String>) {
        let mut all = self.due.remove(&task).map(|item| item.says).unwrap_or_default();
        all.extend(says);
        let effect = EffectId(derived(&format!("{}/{task}/{}", self.board, fact.id), "card", 0));
        self.due.insert(task, Item { effect, because: fact.id, at: fact.recorded_at, says: all });
    }

    fn wanted(&mut self, wanted: &EffectWanted) {
        if !wanted.target.starts_with(BOARDS) {
            return;
        }
        let Ok(work) = serde_json::from_str::<CardWork>(&wanted.body) else { return };
        self.wished.insert(wanted.effect, work.task);
        self.shown.insert(work.task);
        let Some(item) = self.due.get_mut(&work.task) else { return };
        if item.effect == wanted.effect {
            self.due.remove(&work.task);
        } else {
            // More has happened since it was written: that is still to be shown, but what was said is said.
            item.says.retain(|says| !work.says.contains(says));
        }
    }

    /// What was over before the board was there needs no card.
    fn is_worth_a_card(&self, id: TaskId) -> bool {
        let is_over = self.site.crew.tasks.get(&id).is_none_or(|task| task.stage.is_over());
        self.site.is_live() && (!is_over || self.cards.contains_key(&id) || self.shown.contains(&id))
    }

    fn text(&self, id: TaskId, task: &Task) -> CardText {
        let spec = &task.spec;
        let mut lines = vec![format!("Needs: {}. Priority: {}. Estimated: {} tokens.", spec.needs, word(&spec.priority), spec.estimated_tokens)];
        if spec.details.is_some() {
            lines.push("Details are in Millwright.".into());
        }
        if let Some(lease) = &task.lease {
            lines.push(format!("{} is at it.", lease.agent));
        }
        if let Some((reason, since)) = &task.blocked {
            lines.push(format!("Waits for {} since {since}.", word(reason)));
        }
        if task.delivery.is_some() {
            lines.push("A result is there: look at it in Millwright, then move the card on or back.".into());
        }
        if let Some(page) = &self.site.roster.links.page {
            lines.push(format!("{}/#/board?task={id}", page.trim_end_matches('/')));
        }
        let mut labels = spec.labels.clone();
        labels.push(format!("priority-{}", word(&spec.priority)));
        labels.extend(spec.autonomous.then(|| "autonomous".to_string()));
        labels.extend(task.marks.iter().map(|mark: &Mark| word(mark)));
        CardText { title: spec.title.clone(), body: lines.join("\n"), labels, due: spec.deadline }
    }
}

/// One of a few words, as it is spelt on the log.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).map(|text| text.trim_matches('"').to_string()).unwrap_or_default()
}

#[async_trait]
impl Desk for BoardDesk {
    fn take(&mut self, fact: &Recorded) {
        self.site.evolve_recorded(fact);
        match &fact.event {
            Event::EffectWanted(wanted) => self.wanted(wanted),
            Event::EffectDone(done) => {
                if let Some(task) = self.wished.remove(&done.effect) {
                    self.cards.insert(task, done.receipt.clone());
                }
            }
            Event::CardTouched(touched) => {
                self.cards.entry(touched.task).or_insert_with(|| touched.card.clone());
                let says = touched.refused.as_ref().map(|why| format!("Millwright put it back: {why}."));
                self.changed(fact, touched.task, says);
            }
            // A lease that goes on changes nothing that is shown.
            Event::LeaseRenewed(_) => {}
            event => {
                if let Some(task) = task_of(event) {
                    self.changed(fact, task, None);
                }
            }
        }
    }

    fn next(&self, _: Timestamp) -> Option<Due> {
        let worth = self.due.iter().filter(|(task, _)| self.is_worth_a_card(**task));
        let (_, first) = worth.min_by_key(|(_, item)| item.at)?;
        Some(Due { at: first.at, effect: first.effect, because: first.because })
    }

    async fn write(&self, effect: EffectId, _: Timestamp) -> Option<EffectWanted> {
        let (id, item) = self.due.iter().find(|(_, item)| item.effect == effect)?;
        let task = self.site.crew.tasks.get(id)?;
        let (card, text, says) = (self.cards.get(id).cloned(), self.text(*id, task), item.says.clone());
        let result = task.delivery.as_ref().filter(|_| task.stage == Stage::Review).map(|delivery| delivery.fence);
        let work = CardWork { task: *id, card, stage: task.stage, result, text, says };
        Some(EffectWanted {
            effect,
            idempotency_key: effect.to_string(),
            target: format!("{BOARDS}{}:{id}", self.board),
            subject: format!("card of {}", task.spec.title),
            body: serde_json::to_string(&work).ok()?,
            case: None,
            action: None,
            quotes: vec![],
        })
    }

    fn drop(&mut self, effect: EffectId) {
        self.due.retain(|_, item| item.effect != effect);
    }
}
