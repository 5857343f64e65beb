//! The office: the parts of Millwright on a site's crew. Each joins, takes tasks that it can do, says how it is, and leaves when the program stops.
//!
//! It also takes up what may be taken up by itself, and holds agents' figures against the rules. It keeps nothing: all of it follows from the ledger.

pub mod doing;
mod duty;
mod job;
pub mod meter;
pub mod rules;
mod sample;
pub mod tally;

use crate::{
    cast::{Crew, briefing::Briefing},
    fact_tail::{FactTail, TailError},
    insist::insist,
};
use chrono::TimeDelta;
use duty::PutOff;
use futures::FutureExt;
use job::Job;
use millwright_commands::{Answered, Ask, Claim, ClaimTask, Command, Commands, DeliverTask, FailTask};
use millwright_domain::{
    Timestamp,
    agent::{Figures, Presence},
    crew::posts::POSTS,
    envelope::{Answer, Recorded},
    ids::{ActorId, CaseId, SiteId, TaskId},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    site::Site,
    task::FailureClass,
};
use millwright_projections::Projections;
use rules::AgentRules;
use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    sync::Arc,
};
use tally::Tally;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// How often it looks around when nothing happens.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(60);
/// A task is held for so long, and has so long to be done.
const LEASE_S: u32 = 180;
const WITHIN: TimeDelta = TimeDelta::seconds(150);
/// Before another try, where a claim came to nothing.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// What the program uses now, which all of the crew share.
pub type Vitals = Arc<dyn Fn() -> Figures + Send + Sync>;

#[derive(Clone)]
pub struct Office {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub site: SiteId,
    pub projections: Projections,
    pub crew: Crew,
    pub rules: Arc<AgentRules>,
    pub vitals: Vitals,
}

/// What is known of the site, folded from its facts.
#[derive(Default)]
struct Desk {
    site: Site,
    tally: Tally,
}

/// Who is at work here, and who came back with nothing a moment ago.
#[derive(Default)]
struct AtWork {
    jobs: JoinSet<bool>,
    who: HashMap<Id, ActorId>,
    not_before: BTreeMap<ActorId, Timestamp>,
    put_off: PutOff,
}

/// Those of the crew that may be asked about a case: all but whom a person has drained or stopped.
pub fn on_duty(crew: &Crew, site: &Site) -> Crew {
    let may = |name: &ActorId| site.crew.agents.get(name).is_none_or(|agent| !matches!(agent.presence, Presence::Draining | Presence::Stopped));
    let members = crew.members.iter().filter(|member| may(&member.name())).cloned().collect();
    Crew { members, writer: crew.writer.clone() }
}

impl Office {
    /// Runs until told to stop; then everybody leaves.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let (mut desk, mut at_work) = (Desk::default(), AtWork::default());
        let mut tail = FactTail::seen_to_the_end(self.log.clone(), self.partition(), |fact| drop(desk.take(fact))).await?;
        // Known from the first scrape on, so that the first of its kind is seen as a rise.
        POSTS.iter().for_each(|post| meter::count(&self.site, &post.agent(), &tally::Sums::default()));
        meter::show(&self.site, &desk.site);
        loop {
            if self.duties(&desk, &mut at_work, &stop).await {
                self.fold(&mut desk, tail.up_to_now().await?);
                continue;
            }
            self.hand_out(&desk, &mut at_work, &stop);
            meter::show(&self.site, &desk.site);
            let next = self.clock.now().wall + LOOK_EVERY;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = at_work.jobs.join_next_with_id() => {
                    at_work.ended(ended, self.clock.now().wall);
                    self.fold(&mut desk, tail.up_to_now().await?);
                }
                facts = tail.next() => self.fold(&mut desk, facts?),
                () = self.clock.wall_reaches(next) => {}
            }
        }
        at_work.jobs.shutdown().await;
        self.leave(&desk.site, &stop).await;
        meter::gone(&self.site);
        Ok(())
    }

    fn partition(&self) -> PartitionId {
        PartitionId::site(&self.site)
    }

    /// Facts that are new: those count for Prometheus, too.
    fn fold(&self, desk: &mut Desk, facts: Vec<Recorded>) {
        for fact in facts {
            if let Some((agent, sums)) = desk.take(&fact) {
                meter::count(&self.site, &agent, &sums);
            }
        }
    }

    /// Asks for the next thing that is to be said, if there is one: whether there was. One after the other, each on what the one before made.
    async fn duties(&self, desk: &Desk, at_work: &mut AtWork, stop: &CancellationToken) -> bool {
        let now = self.clock.now().wall;
        let breaches = || self.rules.breaches(&desk.site, &desk.tally, now);
        let next = duty::next(&desk.site, breaches, || (self.vitals)(), now, &at_work.put_off);
        let Some((by, command)) = next.filter(|_| !stop.is_cancelled()) else { return false };
        let name = command.name();
        match insist(&self.commands, &*self.clock, &self.partition(), Ask::new(by.clone(), command), stop).await.map(|answered| answered.answer) {
            Some(Answer::Done { .. }) => {}
            Some(Answer::Refused { reason, .. }) => {
                tracing::warn!(site = %self.site, %by, command = name, reason, "the crew's office was refused");
                at_work.put_off.until(by, name, now + PAUSE);
            }
            Some(Answer::AlreadySo) => at_work.put_off.until(by, name, now + PAUSE),
            None => return false,
        }
        true
    }

    /// A task to each that is up, has its hands free, and can do one.
    fn hand_out(&self, desk: &Desk, at_work: &mut AtWork, stop: &CancellationToken) {
        let now = self.clock.now();
        for name in POSTS.iter().map(|post| post.agent()) {
            let Some(agent) = desk.site.crew.agents.get(&name).filter(|agent| duty::may_take(agent, &desk.site, now.wall)) else { continue };
            if !at_work.is_free(&name, now.wall) {
                continue;
            }
            let Some((task, known)) = desk.site.crew.next_for(agent, now.wall).and_then(|id| Some((id, desk.site.crew.tasks.get(&id)?))) else {
                continue;
            };
            let job = Job::of(&name, &known.spec, &self.crew, &desk.site, now, |case| self.briefing(&desk.site, case));
            let (office, stop, by) = (self.clone(), stop.clone(), name.clone());
            let handle = at_work.jobs.spawn(async move { office.do_task(by, task, job, &stop).await });
            at_work.who.insert(handle.id(), name);
        }
    }

    fn briefing(&self, site: &Site, case: CaseId) -> Option<Briefing> {
        crate::conductor::briefed(site, case, &self.projections, self.clock.now())
    }

    /// Takes the task, does it, delivers: whether it came to that.
    async fn do_task(self, by: ActorId, task: TaskId, job: Job, stop: &CancellationToken) -> bool {
        let claim = ClaimTask { task: Some(task), lease_s: LEASE_S };
        let Some(Answer::Done { subject: Some(claim), .. }) = self.ask(&by, claim, stop).await.map(|answered| answered.answer) else { return false };
        let Ok(Claim { fence, .. }) = claim.parse::<Claim>() else { return false };
        let until = self.clock.now().wall + WITHIN;
        let done = tokio::select! {
            biased;
            done = AssertUnwindSafe(doing::on(task, job.done(until))).catch_unwind() => match done {
                Ok(done) => done.map_err(|why| (FailureClass::Input, false, why)),
                // Its lease would end and it would be taken again, for ever; so it has the tries that every failure has. The log has where it broke.
                Err(_) => Err((FailureClass::Other, true, "it broke off; this is a fault in the program, and its log says where".to_string())),
            },
            () = self.clock.wall_reaches(until) => Err((FailureClass::Limit, true, "it was not done in time".to_string())),
            () = stop.cancelled() => return false,
        };
        let ending: Command = match done {
            Ok(result) => DeliverTask { task, fence, result: cut(result) }.into(),
            Err((class, retryable, reason)) => FailTask { task, fence, class, retryable, reason }.into(),
        };
        match self.ask(&by, ending, stop).await.map(|answered| answered.answer) {
            Some(Answer::Refused { reason, .. }) => {
                tracing::warn!(agent = %by, %task, reason, "what {by} did of a task was not taken: {reason}");
                false
            }
            answered => answered.is_some(),
        }
    }

    /// Everybody that is up says that it leaves; whom a person drained or stopped stays as that person said.
    async fn leave(&self, site: &Site, stop: &CancellationToken) {
        let up = POSTS.iter().map(|post| post.agent()).filter(|name| site.crew.agents.get(name).is_some_and(|agent| agent.presence == Presence::Up));
        let leaving = up.map(|name| async move {
            self.ask(&name, millwright_commands::StopAgent { agent: name.clone() }, stop).await;
        });
        futures::future::join_all(leaving).await;
    }

    async fn ask(&self, by: &ActorId, command: impl Into<Command>, stop: &CancellationToken) -> Option<Answered> {
        insist(&self.commands, &*self.clock, &self.partition(), Ask::new(by.clone(), command), stop).await
    }
}

/// A result has a most of bytes; what is left out is said.
fn cut(mut result: String) -> String {
    const CUT: &str = "\n(cut)";
    if result.len() > millwright_commands::MOST_RESULT {
        let mut end = millwright_commands::MOST_RESULT - CUT.len();
        while !result.is_char_boundary(end) {
            end -= 1;
        }
        result.truncate(end);
        result.push_str(CUT);
    }
    result
}

impl Desk {
    /// What the fact says of an agent's work.
    fn take(&mut self, fact: &Recorded) -> Option<(ActorId, tally::Sums)> {
        let said = Tally::of(&self.site.crew, &fact.event);
        self.site.evolve_recorded(fact);
        let (agent, sums) = said?;
        self.tally.count(agent.clone(), &sums, fact.recorded_at);
        self.tally.forget_before(fact.recorded_at);
        Some((agent, sums))
    }
}

impl AtWork {
    fn is_free(&self, name: &ActorId, now: Timestamp) -> bool {
        !self.who.values().any(|busy| busy == name) && self.not_before.get(name).is_none_or(|at| *at <= now)
    }

    fn ended(&mut self, ended: Result<(Id, bool), tokio::task::JoinError>, now: Timestamp) {
        let (id, worked) = match ended {
            Ok(ended) => ended,
            Err(broken) => {
                tracing::error!(%broken, "one of the crew broke while it worked on a task");
                (broken.id(), false)
            }
        };
        let Some(name) = self.who.remove(&id) else { return };
        if worked {
            self.not_before.remove(&name);
        } else {
            self.not_before.insert(name, now + PAUSE);
        }
    }
}
