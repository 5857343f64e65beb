//! What may happen next: every step that any actor can take in a state, in a fixed order.

use super::{
    account::{Account, Life, Proposals, Stage, begin_by},
    cast::{ESCALATES_AFTER, POLICIES, STANDS_AT, Who},
    executor::{Doing, MARGIN, Node},
    judge::{APART, FRESH},
    scope::{Limit, Scope},
    step::{Ask, Change, Deed, Step, What},
    world::{SLOTS, Seen, World},
};

pub struct Menu<'a> {
    pub scope: &'a Scope,
    pub world: &'a World,
    pub proposals: &'a Proposals,
    pub steps: Vec<Step>,
}

impl Menu<'_> {
    pub fn all(mut self) -> Vec<Step> {
        self.proposing();
        for (slot, life) in lives(&self.world.account) {
            self.answering(slot);
            self.acting(slot, life);
        }
        self.governing();
        self.waiting();
        self.machine();
        (0..self.scope.nodes).for_each(|place| self.node(place));
        self.steps
    }

    fn may(&self, limit: Limit) -> bool {
        self.scope.allows(limit, &self.world.used)
    }
    fn asks(&mut self, by: Who, what: What) {
        self.steps.push(Step::Ask(Ask { by, what }));
    }

    fn proposing(&mut self) {
        if self.world.account.next().is_some() && self.may(Limit::Propose) {
            self.scope.proposes.iter().for_each(|(by, named)| self.asks(*by, What::Propose(*named)));
        }
    }

    fn answering(&mut self, slot: usize) {
        self.scope.says_yes.iter().for_each(|(by, shown)| self.asks(*by, What::Approve(slot, *shown)));
        [Who::Bob, Who::Diagnosis].into_iter().for_each(|by| self.asks(by, What::Reject(slot)));
        if self.world.account.next().is_some() && self.may(Limit::Modify) {
            self.scope.instead.iter().for_each(|(by, instead)| self.asks(*by, What::Modify(slot, *instead)));
        }
        if self.may(Limit::Delegate) {
            self.asks(Who::Ann, What::Delegate(slot, Who::Emma));
            self.asks(Who::Timekeeper, What::Escalate(slot));
        }
        self.asks(Who::Timekeeper, What::Expire(slot));
    }

    fn acting(&mut self, slot: usize, life: Life) {
        self.asks(Who::Executor, What::Start(slot, true));
        self.asks(Who::Executor, What::Start(slot, false));
        if self.scope.looks && life.stage == Stage::Unverified {
            for by in [Who::Ann, Who::Executor] {
                [true, false].into_iter().for_each(|took| self.asks(by, What::Verify(slot, took)));
            }
        }
        self.steps.push(Step::Again(slot));
        if self.world.letters[slot].is_some() {
            self.steps.push(Step::Letter(slot));
        }
    }

    fn governing(&mut self) {
        let Account { is_killed, is_locked, policy, cause, .. } = self.world.account;
        if is_killed {
            [Who::Bob, Who::Diagnosis].into_iter().for_each(|by| self.asks(by, What::ReleaseKillSwitch));
        } else if self.may(Limit::KillSwitch) {
            self.asks(Who::Bob, What::EngageKillSwitch);
        }
        if is_locked {
            [Who::Bob, Who::Diagnosis].into_iter().for_each(|by| self.asks(by, What::ReturnToService));
        } else if self.may(Limit::LockOut) {
            self.asks(Who::Bob, What::LockOut);
        }
        if self.may(Limit::Policy) {
            POLICIES.into_iter().filter(|other| *other != policy).for_each(|other| self.asks(Who::Settings, What::Adopt(other)));
        }
        if self.may(Limit::Diagnosis) {
            self.asks(Who::Diagnosis, What::Diagnose(1 - cause));
        }
        if self.may(Limit::Close) {
            self.asks(Who::Ann, What::Close);
        }
        if self.may(Limit::Assign) {
            (0..self.scope.nodes).for_each(|node| self.asks(Who::Collector, What::Assign(node)));
        }
    }

    /// To each moment ahead at which something comes to be allowed, or ceases to be.
    fn waiting(&mut self) {
        if !self.may(Limit::Wait) {
            return;
        }
        let World { account, machine, now, .. } = self.world;
        let mut moments: Vec<u16> = account.last_begun.map(|last| last + APART).into_iter().collect();
        if let Seen::Last(sight) = machine.seen {
            moments.extend([sight.at + FRESH, sight.at + FRESH + 1]);
        }
        for (_, life) in lives(account) {
            let known = self.proposals.of(life.proposal);
            match (life.stage, life.begun) {
                (Stage::Waiting, _) => {
                    moments.extend([known.expires - 1, known.expires]);
                    moments.extend((self.scope.limits[Limit::Delegate as usize] > 0).then_some(known.proposed + ESCALATES_AFTER));
                }
                (Stage::Allowed, _) => moments.extend([begin_by(known) - 1, begin_by(known)]),
                (Stage::Begun, Some(begun)) => moments.extend([begun.send_by, begun.send_by + 1, begun.send_by + MARGIN]),
                _ => {}
            }
        }
        moments.retain(|moment| moment > now);
        moments.sort_unstable();
        moments.dedup();
        self.steps.extend(moments.into_iter().map(Step::WaitUntil));
    }

    fn machine(&mut self) {
        let machine = self.world.machine;
        let mut changes = vec![];
        if machine.pressure_is_high {
            changes.push(Change::PressureFalls);
        }
        if machine.seen != Seen::Live {
            changes.push(Change::Answers);
        }
        if self.may(Limit::Machine) {
            changes.extend([Change::MovedByHand, Change::PressureRises, Change::FallsSilent, Change::IsForgotten]);
            changes.extend((machine.speed != STANDS_AT).then_some(Change::MovedBack));
        }
        self.steps.extend(changes.into_iter().map(Step::Machine));
    }

    fn node(&mut self, place: usize) {
        let node = self.world.nodes[place];
        let mut deeds = vec![];
        if node.assigned.is_some() {
            deeds.push(Deed::Takes);
        }
        if node.lease.is_some_and(|lease| lease < self.world.account.epoch) {
            deeds.push(Deed::LetsGo);
        }
        (0..SLOTS).for_each(|slot| self.executor(&node, slot, &mut deeds));
        match node.run {
            None => deeds.push(Deed::RunBegins),
            Some(run) if self.may(Limit::Crash) => {
                let says = run.doing.iter().any(|doing| matches!(doing, Doing::Says(_)));
                let sends = run.doing.contains(&Doing::Sends);
                deeds.extend([Deed::RunEnds { leaves: false }, Deed::Dies { leaves: false }]);
                deeds.extend((says || sends).then_some(Deed::RunEnds { leaves: true }));
                deeds.extend(says.then_some(Deed::Dies { leaves: true }));
            }
            Some(_) => {}
        }
        self.steps.extend(deeds.into_iter().map(|deed| Step::Node(place, deed)));
    }

    fn executor(&self, node: &Node, slot: usize, deeds: &mut Vec<Deed>) {
        if node.line & 1 << slot != 0 {
            deeds.extend(self.scope.replies.iter().map(|reply| Deed::LineSends(slot, *reply)));
        }
        let Some(run) = node.run else { return };
        if run.unread & 1 << slot != 0 {
            deeds.push(Deed::Reads(slot));
        }
        let over = |life: Life| life.begun.is_some_and(|begun| self.world.now >= begun.send_by + MARGIN);
        match run.doing[slot] {
            Doing::Sends => deeds.extend(self.scope.replies.iter().map(|reply| Deed::Sends(slot, *reply))),
            Doing::LooksAfter if self.world.account.lives[slot].is_some_and(over) => deeds.push(Deed::LooksAfter(slot)),
            Doing::Says(_) => deeds.push(Deed::Tells(slot)),
            Doing::Nothing | Doing::LooksAfter | Doing::HasSaid => {}
        }
    }
}

fn lives(account: &Account) -> impl Iterator<Item = (usize, Life)> {
    account.lives.into_iter().enumerate().filter_map(|(slot, life)| Some((slot, life?)))
}
