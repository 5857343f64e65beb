//! What a step leads to: the rules decide what is asked, the nodes do what they do, and everything is judged on the way.

use super::{
    account::{Account, Begun, Proposals},
    ask::command,
    cast::Who,
    executor::{self, Doing, Node, Run},
    judge::{self, Broken},
    mutant::Mutant,
    rules::{Question, Rules},
    scope::LIMITS,
    step::{Ask, Deed, Reply, Step, What, Word},
    world::{Answers, Id, Machine, NODES, SLOTS, World},
};
use millwright_domain::{Event, action::Order};
use std::collections::BTreeMap;

pub struct Model {
    pub rules: Rules,
    pub proposals: Proposals,
    pub mutant: Option<Mutant>,
    /// What came of the steps so far, and how often.
    pub seen: BTreeMap<&'static str, usize>,
    /// What was recorded, refused or written by the last step.
    pub told: Vec<&'static str>,
}

impl Model {
    /// After these steps, which count for nothing.
    pub fn given(steps: &[Step], mutant: Option<Mutant>) -> (Self, World) {
        let mut model = Self { rules: Rules::of(mutant), proposals: Proposals::default(), mutant, seen: BTreeMap::new(), told: vec![] };
        let watching = Node { run: Some(Run::default()), ..Node::default() };
        let holding = Node { lease: Some(1), ..watching };
        let mut world = World {
            site: 0,
            now: 0,
            machine: Machine::BEGINS,
            nodes: [holding, watching],
            account: Account::BEGINS,
            answers: Answers::default(),
            letters: [None; SLOTS],
            used: [0; LIMITS],
        };
        for step in steps {
            world = model.after(&world, *step).unwrap();
        }
        model.seen.clear();
        (model, world)
    }

    /// The state after one step, or what should not have been.
    pub fn after(&mut self, world: &World, step: Step) -> Result<World, Broken> {
        self.told.clear();
        let mut next = *world;
        match step {
            Step::Ask(ask) => self.ask(&mut next, ask, world.account.next().unwrap_or(SLOTS - 1))?,
            Step::Again(slot) => {
                let asked = world.account.lives[slot].map(|life| self.proposals.of(life.proposal).asked);
                asked.map_or(Ok(()), |asked| self.ask(&mut next, asked, slot))?;
            }
            Step::WaitUntil(at) => next.now = at,
            Step::Machine(change) => next.machine.changes(change, world.now),
            Step::Node(node, Deed::Sends(slot, reply)) => {
                let word = self.sends(&mut next, node, slot, reply)?;
                executor::says(&mut next.nodes[node], slot, word);
            }
            Step::Node(node, Deed::LineSends(slot, reply)) => {
                next.nodes[node].line &= !(1 << slot);
                self.sends(&mut next, node, slot, reply)?;
            }
            Step::Node(node, Deed::Tells(slot)) => self.tells(&mut next, node, slot)?,
            Step::Node(node, deed) => executor::does(&mut next, node, deed, self.mutant),
            Step::Letter(slot) => {
                if let Some(word) = next.letters[slot].take() {
                    self.ask(&mut next, Ask { by: Who::Executor, what: What::Finish(slot, word) }, slot)?;
                }
            }
        }
        Ok(next)
    }

    fn ask(&mut self, world: &mut World, ask: Ask, slot: usize) -> Result<(), Broken> {
        let id = ask.id(slot);
        if id.is_some_and(|id| world.answers.has(id)) && self.mutant != Some(Mutant::ForgetsAnswers) {
            self.tell("answered before");
            return Ok(());
        }
        let (case, account, now) = (self.rules.case, world.account, world.now);
        let sight = if ask.is_judged_by_readings() { world.machine.sight(now) } else { None };
        let proposals = &self.proposals;
        let answer = self.rules.decide(Question { site: world.site, ask, slot, now, sight }, || command(ask, case, &account, proposals));
        for (kind, event) in &*answer.facts {
            self.tell(kind);
            judge::fact(world, ask, event, &self.proposals)?;
            world.account.notes(event, ask, &mut self.proposals, now)?;
            hear(&mut world.nodes, event, ask);
        }
        answer.refused.into_iter().for_each(|code| self.tell(code));
        // A refused proposal is tried again under an id of its own, and that is the next one's here.
        if let Some(id) = id.filter(|id| !matches!(id, Id::Proposal(_)) || !answer.facts.is_empty()) {
            world.answers.learn(id);
        }
        world.site = answer.site;
        Ok(())
    }

    fn sends(&mut self, world: &mut World, node: usize, slot: usize, reply: Reply) -> Result<Word, Broken> {
        let (at, now) = (world.nodes[node], world.now);
        let begun = world.account.lives[slot].and_then(|life| life.begun);
        let unasked = || Begun { epoch: at.lease.unwrap_or_default(), send_by: now };
        let Some(begun) = begun.or_else(|| (self.mutant == Some(Mutant::SendsWhatNobodyBegan)).then(unasked)) else { return Ok(Word::Failed) };
        let is_let_through = executor::lets_through(&at, begun, now, self.mutant);
        if is_let_through {
            let value = self.value(world.site, slot);
            self.tell("the device was written to");
            judge::write(world, slot, at.lease.unwrap_or_default(), value, &self.proposals)?;
            world.account.lives[slot].iter_mut().for_each(|life| life.writes += 1);
            if reply != Reply::Refused {
                world.machine.speed = value;
            }
        } else {
            self.tell("the gate was shut");
        }
        Ok(executor::word(is_let_through, reply))
    }

    /// As the real fold has it.
    fn value(&self, site: u32, slot: usize) -> u16 {
        let action = self.rules.action(site, super::ask::action_id(slot));
        match action.map(|action| &action.proposal().order) {
            Some(Order::Write(order)) => order.value as u16,
            Some(Order::Message(_)) | None => 0,
        }
    }

    fn tells(&mut self, world: &mut World, node: usize, slot: usize) -> Result<(), Broken> {
        let Some(Doing::Says(word)) = world.nodes[node].run.map(|run| run.doing[slot]) else { return Ok(()) };
        self.ask(world, Ask { by: Who::Executor, what: What::Finish(slot, word) }, slot)?;
        if let Some(run) = &mut world.nodes[node].run {
            run.doing[slot] = Doing::HasSaid;
        }
        Ok(())
    }

    fn tell(&mut self, what: &'static str) {
        self.told.push(what);
        *self.seen.entry(what).or_default() += 1;
    }
}

/// Facts that concern the nodes come to each that runs.
fn hear(nodes: &mut [Node; NODES], event: &Event, ask: Ask) {
    match (event, ask.what) {
        (Event::ActionStarted(started), _) => {
            let slot = Account::slot_of(&started.action);
            nodes.iter_mut().filter_map(|node| node.run.as_mut()).for_each(|run| run.unread |= 1 << slot);
        }
        (Event::DeviceAssigned(assigned), What::Assign(node)) => nodes[node].assigned = u8::try_from(assigned.epoch).ok(),
        _ => {}
    }
}
