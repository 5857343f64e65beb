//! When one of the crew has to join, to say how it is, and when it may take a task. Pure.

use chrono::TimeDelta;
use millwright_commands::{Command, JoinCrew, QueueTask, ReportBreaches, ReportMetrics};
use millwright_domain::{
    Timestamp,
    agent::{Agent, Figures, Presence},
    agent_alarm::Breach,
    crew::{
        Crew, pick,
        posts::{POSTS, Post},
    },
    ids::ActorId,
    site::Site,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

/// When nothing else was heard of it.
const REPORTS_EVERY: TimeDelta = TimeDelta::hours(1);
const REPORTS_EVERY_S: u32 = 3_600;
/// After it joined, so that its first figures are not those of the start.
const FIRST_REPORT_AFTER: TimeDelta = TimeDelta::seconds(60);

/// What came to nothing, by whose it was and what it was: asked again only after a while, and everything else meanwhile.
#[derive(Default)]
pub(super) struct PutOff(BTreeMap<(ActorId, &'static str), Timestamp>);

impl PutOff {
    pub fn until(&mut self, by: ActorId, command: &'static str, at: Timestamp) {
        self.0.insert((by, command), at);
    }
    fn allows(&self, by: &ActorId, command: &'static str, now: Timestamp) -> bool {
        self.0.get(&(by.clone(), command)).is_none_or(|at| *at <= now)
    }
}

/// The first thing that is to be said and was not put off: who joins, what is taken up, which figures are past their limits, who says how it is.
pub(super) fn next(
    site: &Site,
    breaches: impl FnOnce() -> Vec<Breach>,
    vitals: impl Fn() -> Figures,
    now: Timestamp,
    put_off: &PutOff,
) -> Option<(ActorId, Command)> {
    let crew = &site.crew;
    let monkey: ActorId = "svc-monkey".parse().expect("a literal that is a name");
    let is_up = crew.agents.get(&monkey).is_some_and(|agent| agent.presence == Presence::Up && agent.blocker.is_none());
    let joins = POSTS.iter().filter(|post| must_join(crew.agents.get(&post.agent()), post)).map(|post| (post.agent(), join(post).into()));
    let takes_up = iter::once_with(|| {
        let picked = is_up.then(|| pick(site, now).ok()).flatten()?;
        Some((monkey.clone(), QueueTask { task: picked.task, why: Some(picked.why) }.into()))
    });
    let past_limits = iter::once_with(|| {
        let breaches = breaches();
        differ(&breaches, crew).then(|| (monkey.clone(), ReportBreaches { breaches }.into()))
    });
    let silent = POSTS.iter().map(|post| post.agent()).filter(|name| crew.agents.get(name).is_some_and(|agent| must_report(agent, now)));
    let reports = silent.map(|name| (name, report(vitals()).into()));
    let mut duties = joins.chain(takes_up.flatten()).chain(past_limits.flatten()).chain(reports);
    duties.find(|(by, command): &(ActorId, Command)| put_off.allows(by, command.name(), now))
}

/// It is not up, or not as it is today; a person's word that it should not be stands.
fn must_join(known: Option<&Agent>, post: &Post) -> bool {
    let Some(agent) = known else { return true };
    match agent.presence {
        Presence::Draining | Presence::Stopped => false,
        Presence::Wanted | Presence::Left => true,
        Presence::Up => {
            let same = agent.role == post.role() && agent.capabilities == BTreeSet::from([post.capability()]);
            agent.silent || !same || agent.reports_every_s != Some(REPORTS_EVERY_S)
        }
    }
}

fn join(post: &Post) -> JoinCrew {
    JoinCrew { role: post.role(), capabilities: [post.capability()].into(), at_once: 1, reports_every_s: Some(REPORTS_EVERY_S) }
}

fn must_report(agent: &Agent, now: Timestamp) -> bool {
    if !matches!(agent.presence, Presence::Up | Presence::Draining) {
        return false;
    }
    let due = match agent.reported_at {
        None => agent.heard_at + FIRST_REPORT_AFTER,
        Some(_) => agent.heard_at + REPORTS_EVERY,
    };
    due <= now
}

/// What it uses of models is on the ledger call by call, so only the program's own state is reported.
fn report(vitals: Figures) -> ReportMetrics {
    ReportMetrics { figures: vitals }
}

/// Up, not blocked, and nothing in its hands under a lease that still counts, as from before a restart.
pub(super) fn may_take(agent: &Agent, site: &Site, now: Timestamp) -> bool {
    let holds = |task| site.crew.tasks.get(task).and_then(|task| task.lease.as_ref()).is_some_and(|lease| now < lease.until);
    agent.presence == Presence::Up && agent.blocker.is_none() && !agent.holds.iter().any(holds)
}

/// Whether another set of figures is past its limits than is known.
fn differ(breaches: &[Breach], crew: &Crew) -> bool {
    breaches.len() != crew.breaches.len() || breaches.iter().any(|breach| !crew.breaches.contains_key(&breach.key()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        Event,
        agent::{AgentDrained, AgentJoined, AgentReported, AgentStopped},
        crew::posts::POSTS,
        envelope::StreamId,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + second)
    }
    fn joined() -> Site {
        let post = &POSTS[2];
        let asked = join(post);
        let (role, capabilities) = (asked.role, asked.capabilities);
        let joined = AgentJoined { agent: post.agent(), role, capabilities, at_once: 1, at: at(0), reports_every_s: asked.reports_every_s };
        with(Site::default(), joined)
    }
    fn with(mut site: Site, event: impl Into<Event>) -> Site {
        site.evolve(&StreamId::agent(&POSTS[2].agent()), at(0), &event.into());
        site
    }
    fn agent(site: &Site) -> &Agent {
        &site.crew.agents[&POSTS[2].agent()]
    }

    #[test]
    fn it_joins_once_and_a_persons_word_stands() {
        assert!(must_join(None, &POSTS[2]));
        let site = joined();
        assert!(!must_join(Some(agent(&site)), &POSTS[2]));
        let (name, by) = (POSTS[2].agent(), "ann".parse().unwrap());
        assert!(!must_join(Some(agent(&with(joined(), AgentDrained { agent: name.clone(), by }))), &POSTS[2]));
        let by = "ann".parse().unwrap();
        assert!(!must_join(Some(agent(&with(joined(), AgentStopped { agent: name.clone(), by }))), &POSTS[2]));
        let left = with(joined(), AgentStopped { agent: name.clone(), by: name });
        assert!(must_join(Some(agent(&left)), &POSTS[2]), "it left at the last stop");
    }

    #[test]
    fn an_idle_hour_is_one_report_and_nobody_is_missed_meanwhile() {
        let site = joined();
        assert!(!must_report(agent(&site), at(59)) && must_report(agent(&site), at(60)));
        let reported = AgentReported { agent: POSTS[2].agent(), at: at(60), figures: Figures::default() };
        let site = with(site, reported);
        assert!(!must_report(agent(&site), at(3_659)) && must_report(agent(&site), at(3_660)));
        assert_eq!(agent(&site).silent_at(), Some(at(60 + 4_500)), "an hour and a quarter");
    }

    #[test]
    fn what_is_refused_to_one_keeps_no_other_from_its_duty() {
        let next = |put_off: &PutOff| next(&joined(), Vec::new, Figures::default, at(60), put_off).map(|(by, command)| (by, command.name()));
        let mut put_off = PutOff::default();
        let mut asked = vec![];
        while let Some((by, command)) = next(&put_off) {
            asked.push(format!("{by} {command}"));
            put_off.until(by, command, at(90));
        }
        assert_eq!(asked.len(), POSTS.len(), "all others join, and the one that is up says how it is: {asked:?}");
        assert_eq!(asked.last(), Some(&format!("{} ReportMetrics", POSTS[2].agent())));
        let later = super::next(&joined(), Vec::new, Figures::default, at(90), &put_off).map(|(by, _)| by);
        assert_eq!(later, Some(POSTS[0].agent()), "after a while it is asked again");
    }
}
