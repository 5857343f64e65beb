//! ReceiveCard: what somebody did to a card on the board. It is the same as her click would be, by the same rules; a no is recorded, so that the card goes back.

use super::{AcceptTask, BlockTask, FileTask, QueueTask, RevertTask, SendBackTask, UnblockTask, known_task, on};
use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    board::{CardDeed, CardTouched},
    ids::{ActorId, TaskId},
    site::Site,
    task::{BlockReason, MOVES, Stage, Step, Task},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiveCard {
    pub task: TaskId,
    pub card: String,
    pub delivery: String,
    /// In whose name; nobody where the board's account is nobody's here.
    #[serde(default)]
    pub by: Option<ActorId>,
    pub deed: CardDeed,
}

const STRANGER: &str = "nobody here is known by that account; an admin enrols it, or names a person in the board's settings";

const NO_STAGE: &str = "that list stands for no stage of a task; move the card to one that does";

const OTHER_RESULT: &str = "another result may have come since the card was moved; look at it again, then move the card";

impl ReceiveCard {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if !circumstances.by.is_part() {
            return Err(senseless("not_a_service", "what happens on a board comes by the door"));
        }
        let Some(by) = &self.by else { return self.of_nobody(site) };
        let person = Circumstances { by, ..circumstances };
        person.person("what happens on a board counts in the name of a person")?;
        let decided = match &self.deed {
            CardDeed::Made { spec } => FileTask { task: self.task, spec: spec.as_ref().clone(), queue: false }.decide(site, person),
            CardDeed::Moved { to, result } => {
                let task = known_task(site, self.task)?;
                match to {
                    Some(to) => self.moved(site, task, *to, *result, person),
                    None => Err(senseless("no_stage", NO_STAGE)),
                }
            }
        };
        match decided {
            Ok(Decision::Facts { mut facts, subject }) => {
                facts.push(on(self.task, self.touched(None)));
                Ok(Decision::Facts { facts, subject })
            }
            // It lies where it should.
            Ok(Decision::AlreadySo) => Ok(Decision::AlreadySo),
            // A new card that is no task has nowhere to go back to.
            Err(refused) if matches!(self.deed, CardDeed::Made { .. }) => Err(refused),
            Err(refused) => {
                let mut facts = vec![on(self.task, self.touched(Some(refused.reason)))];
                facts.extend(refused.facts);
                Ok(Decision::Facts { facts, subject: Some(self.task.to_string()) })
            }
        }
    }

    fn of_nobody(&self, site: &Site) -> Result<Decision, Refused> {
        match &self.deed {
            CardDeed::Made { .. } => Err(senseless("not_a_person", STRANGER)),
            CardDeed::Moved { to, .. } if Some(known_task(site, self.task)?.stage) == *to => Ok(Decision::AlreadySo),
            CardDeed::Moved { .. } => Ok(Decision::Facts { facts: vec![on(self.task, self.touched(Some(STRANGER.into())))], subject: None }),
        }
    }

    fn touched(&self, refused: Option<String>) -> CardTouched {
        let to = match &self.deed {
            CardDeed::Made { .. } => None,
            CardDeed::Moved { to, .. } => *to,
        };
        CardTouched { task: self.task, card: self.card.clone(), delivery: self.delivery.clone(), by: self.by.clone(), to, refused }
    }

    /// By the one step of a person that leads there, if there is one.
    fn moved(&self, site: &Site, task: &Task, to: Stage, result: Option<u64>, person: Circumstances<'_>) -> Result<Decision, Refused> {
        if task.stage == to {
            return Ok(Decision::AlreadySo);
        }
        let id = self.task;
        // Said of the result that she saw, which need not be the one in review by now.
        let seen = || result.ok_or_else(|| senseless("another_result", OTHER_RESULT));
        match step_of_a_person(task.stage, to) {
            Some(Step::Queue) => QueueTask { task: id, why: None }.decide(site, person),
            Some(Step::Unblock) => UnblockTask { task: id }.decide(site, person),
            Some(Step::Block) => BlockTask { task: id, reason: BlockReason::Input, fence: None, note: None }.decide(site, person),
            Some(Step::Revert) => RevertTask { task: id, note: None }.decide(site, person),
            Some(Step::Accept) => AcceptTask { task: id, fence: seen()? }.decide(site, person),
            Some(Step::SendBack) => SendBackTask { task: id, fence: seen()?, note: None }.decide(site, person),
            _ => Err(senseless("illegal_move", no_way(task.stage, to))),
        }
    }
}

/// What only an agent or the clock does is nobody's to do with a card.
fn step_of_a_person(from: Stage, to: Stage) -> Option<Step> {
    const OF_PEOPLE: [Step; 6] = [Step::Queue, Step::Unblock, Step::Block, Step::Revert, Step::Accept, Step::SendBack];
    MOVES.iter().find(|(begins, step, ends)| *begins == from && *ends == to && OF_PEOPLE.contains(step)).map(|(_, step, _)| *step)
}

fn no_way(from: Stage, to: Stage) -> String {
    let possible: Vec<String> = Stage::ALL.iter().filter(|stage| step_of_a_person(from, **stage).is_some()).map(ToString::to_string).collect();
    let places = if possible.is_empty() { "nowhere".into() } else { possible.join(", ") };
    format!("a card cannot go from {from} to {to}; from there a person can move it to {places}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crew::testing::{CODER, accept, claim, deliver, given_crew, send_back, spec, task},
        testing::{Asking, plant, scene},
    };

    #[test]
    fn a_card_goes_where_a_person_may_move_its_task_and_nowhere_else() {
        let ways = |from: Stage| Stage::ALL.into_iter().filter(|to| step_of_a_person(from, *to).is_some()).collect::<Vec<_>>();
        assert_eq!(ways(Stage::Backlog), [Stage::Pending, Stage::Reverted]);
        assert_eq!(ways(Stage::Pending), [Stage::Blocked, Stage::Reverted]);
        assert_eq!(ways(Stage::Active), [Stage::Blocked, Stage::Reverted]);
        assert_eq!(ways(Stage::Review), [Stage::Pending, Stage::Done, Stage::Reverted]);
        assert_eq!(ways(Stage::Done), [Stage::Reverted]);
        assert_eq!(ways(Stage::Blocked), [Stage::Pending, Stage::Reverted]);
        assert_eq!(ways(Stage::Failed), [Stage::Pending, Stage::Reverted]);
        assert_eq!(ways(Stage::Reverted), []);
    }

    fn card(by: Option<&str>, number: u128, deed: CardDeed) -> Asking {
        let by = by.map(|by| by.parse().unwrap());
        plant::ask("svc-door", ReceiveCard { task: task(number), card: "c1".into(), delivery: "trello:action:1".into(), by, deed })
    }
    fn moved(by: &str, to: Stage, result: Option<u64>) -> Asking {
        card(Some(by), 1, CardDeed::Moved { to: Some(to), result })
    }

    #[test]
    fn a_move_counts_for_the_result_that_the_card_showed_and_for_no_newer_one() {
        let scene = given_crew(scene()).when(claim(CODER, 1)).happens().when(deliver(CODER, 1, 1)).happens();
        let scene = scene.when(moved("ann", Stage::Done, None)).then_facts(["CardTouched"]);
        let other = scene.clone().when(moved("ann", Stage::Done, Some(1))).then_facts(["TaskAccepted", "CardTouched"]);
        other.when(accept("bob", 1, 1)).is_already_so();
        let scene = scene.when(send_back("bob", 1, 1)).happens().when(claim(CODER, 1)).happens().when(deliver(CODER, 1, 2)).happens();
        let scene = scene.when(moved("ann", Stage::Done, Some(1))).then_facts(["CardTouched"]);
        let scene = scene.when(moved("ann", Stage::Pending, Some(1))).then_facts(["CardTouched"]);
        scene.when(moved("ann", Stage::Pending, Some(2))).then_facts(["TaskSentBack", "CardTouched"]);
    }

    #[test]
    fn what_is_refused_is_a_fact_and_what_is_about_no_task_is_none() {
        let scene = given_crew(scene()).when(moved("ann", Stage::Done, None)).then_facts(["CardTouched"]);
        let scene = scene.when(card(None, 1, CardDeed::Moved { to: Some(Stage::Blocked), result: None })).then_facts(["CardTouched"]);
        let scene = scene.when(card(Some("ann"), 1, CardDeed::Moved { to: None, result: None })).then_facts(["CardTouched"]);
        let scene = scene.when(moved("ann", Stage::Pending, None)).is_already_so();
        for to in [None, Some(Stage::Pending)] {
            for by in [None, Some("ann")] {
                scene.clone().when(card(by, 77, CardDeed::Moved { to, result: None })).is_refused("unknown_task");
            }
        }
    }

    #[test]
    fn a_new_card_is_a_task_once_and_of_nobody_is_none() {
        let made = || CardDeed::Made { spec: Box::new(spec("write_code")) };
        let scene = given_crew(scene()).when(card(None, 7, made())).is_refused("not_a_person");
        let scene = scene.when(card(Some("svc-monkey"), 7, made())).is_refused("not_a_person").when(moved(CODER, Stage::Pending, None));
        let scene = scene.is_refused("not_a_person");
        let scene = scene.when(card(Some("ann"), 7, made())).then_facts(["TaskFiled", "CardTouched"]);
        scene.when(card(Some("ann"), 7, made())).is_already_so();
    }
}
