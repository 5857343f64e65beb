//! Conductor: asks the crew about each case once, in parallel, gathers what comes within the minute, and has it made one report.

use crate::{
    cast::{Crew, Finding, briefing::Briefing, letters},
    fact_tail::TailError,
    insist::{insist, reaction_id, service},
    office::on_duty,
    site_tail::SiteTail,
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands, DeliverContribution, DeliverReport, MissContribution, OpenInvestigation, SendLetter};
use millwright_domain::{
    Event, Now, Timestamp,
    envelope::{Answer, Recorded},
    ids::{ActorId, CaseId, EventId, SignalId},
    investigation::REPORT_WITHIN,
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    site::Site,
};
use millwright_projections::Projections;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Kept of the minute for the report.
const TO_WRITE: TimeDelta = TimeDelta::seconds(15);
/// Kept of the minute for getting the report onto the log.
const TO_DELIVER: TimeDelta = TimeDelta::seconds(3);
/// Cases are looked into side by side, but not all of them: a plant that fails as a whole must not be slowed by advice.
const AT_ONCE: usize = 4;

#[derive(Clone)]
pub struct Conductor {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub projections: Projections,
    pub crew: Crew,
}

/// A case that is to be looked into, and the fact that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    case: CaseId,
    because: Option<EventId>,
    /// When its report goes out, if the crew was asked before (wall time).
    until: Option<Timestamp>,
}

/// What came of the question.
#[derive(Default)]
struct Gathered {
    found: Vec<(ActorId, Finding)>,
    /// Had nothing, and said why.
    excused: BTreeSet<ActorId>,
}

impl Conductor {
    /// Runs until told to stop. Keeps nothing: what is still to be looked into is in the state.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        let mut waiting: BTreeSet<Due> = left_over(&tail.site);
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(due) = waiting.pop_first()
            {
                if let Some(briefing) = briefed(&tail.site, due.case, &self.projections, self.clock.now()) {
                    let (mut conductor, stop) = (self.clone(), stop.clone());
                    conductor.crew = on_duty(&self.crew, &tail.site);
                    under_way.spawn(async move { conductor.investigate(briefing, due, &stop).await });
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(_) = under_way.join_next() => {}
                facts = tail.next() => waiting.extend(facts?.iter().filter_map(|fact| asked_by(&tail.site, fact))),
            }
        }
    }

    /// From the question to the report. Whoever is late is left out; what is there is delivered.
    async fn investigate(self, briefing: Briefing, due: Due, stop: &CancellationToken) {
        let (case, because) = (briefing.case, due.because);
        let asked: Vec<ActorId> = self.crew.members.iter().map(|member| member.name()).collect();
        let opened = OpenInvestigation { case, asked: asked.clone() };
        if self.ask(conductor(), case, "investigate", 0, because, opened, stop).await.is_none() {
            return;
        }
        let now = self.clock.now().wall;
        let due_at = due.until.unwrap_or(now + REPORT_WITHIN);
        self.write(&briefing, conductor(), letters::question(&briefing, due_at), stop).await;
        // Taken up again when the minute is over, nobody is asked in vain: what it costs would be for nothing.
        let gathered = if now < due_at - TO_WRITE { self.gather(&briefing, due_at - TO_WRITE, stop).await } else { Gathered::default() };
        if stop.is_cancelled() {
            return;
        }
        let Gathered { found, excused } = gathered;
        let missing: Vec<ActorId> = asked.into_iter().filter(|agent| !found.iter().any(|(by, _)| by == agent)).collect();
        for agent in missing.iter().filter(|agent| !excused.contains(*agent)) {
            self.missed(case, agent, "it did not answer in time", because, stop).await;
        }
        let report = self.crew.writer.write(&briefing, &found, &missing, due_at - TO_DELIVER).await;
        let answer = letters::answer(case, &self.crew.writer.name(), &report.text);
        let delivered = DeliverReport { case, text: report.text, model: report.model };
        self.ask(self.crew.writer.name(), case, "report", 0, because, delivered, stop).await;
        self.write(&briefing, self.crew.writer.name(), answer, stop).await;
    }

    /// Everybody at once; each part is delivered as it comes.
    async fn gather(&self, briefing: &Briefing, until: Timestamp, stop: &CancellationToken) -> Gathered {
        let began = self.clock.now().wall;
        let mut looking = JoinSet::new();
        for member in &self.crew.members {
            let (member, briefing) = (member.clone(), briefing.clone());
            looking.spawn(async move { (member.name(), member.look_into(&briefing, until).await) });
        }
        let mut gathered = Gathered::default();
        loop {
            let answer = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                answer = looking.join_next() => answer,
                () = self.clock.wall_reaches(until) => break,
            };
            match answer {
                None => break,
                Some(Ok((by, Ok(finding)))) => {
                    if self.contribute(briefing, &by, &finding, began, stop).await.is_some() {
                        gathered.found.push((by, finding));
                    }
                }
                Some(Ok((by, Err(why)))) => {
                    self.missed(briefing.case, &by, &why, None, stop).await;
                    gathered.excused.insert(by);
                }
                Some(Err(broken)) => tracing::error!(case = %briefing.case, %broken, "an agent broke while it looked into a case"),
            }
        }
        // In the order in which they are asked, however they came.
        let place = |name: &ActorId| self.crew.members.iter().position(|member| member.name() == *name);
        gathered.found.sort_by_key(|(by, _)| place(by));
        gathered
    }

    async fn contribute(&self, briefing: &Briefing, by: &ActorId, finding: &Finding, began: Timestamp, stop: &CancellationToken) -> Option<()> {
        let case = briefing.case;
        let took_ms = u64::try_from(self.clock.now().wall.since(began).num_milliseconds()).unwrap_or_default();
        let Finding { text, citations, model, dropped } = finding.clone();
        let answer = letters::answer(case, by, &text);
        let delivered = DeliverContribution { case, text, citations, model, dropped, took_ms };
        self.ask(by.clone(), case, by.as_str(), 0, None, delivered, stop).await?;
        self.write(briefing, by.clone(), answer, stop).await;
        Some(())
    }

    async fn missed(&self, case: CaseId, by: &ActorId, why: &str, because: Option<EventId>, stop: &CancellationToken) {
        let missed = MissContribution { case, by: by.clone(), why: why.into() };
        self.ask(conductor(), case, by.as_str(), 1, because, missed, stop).await;
    }

    /// A letter that people can watch. Nothing waits for it, and nothing depends on it.
    async fn write(&self, briefing: &Briefing, by: ActorId, letter: SendLetter, stop: &CancellationToken) {
        let is_on_crew = |name: &ActorId| briefing.on_crew.contains(name);
        if is_on_crew(&by) && is_on_crew(&conductor()) && briefing.on_crew.len() > 1 {
            let reaction = format!("letter of {by}");
            self.ask(by, briefing.case, &reaction, 0, None, letter, stop).await;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "who asks what, about which case, as which reaction to what")]
    async fn ask(
        &self,
        by: ActorId,
        case: CaseId,
        reaction: &str,
        number: u32,
        because: Option<EventId>,
        command: impl Into<Command>,
        stop: &CancellationToken,
    ) -> Option<()> {
        let mut ask = Ask::new(by, command).with_id(reaction_id(case, reaction, number));
        ask.causation = because;
        ask.correlation = Some(case.0);
        let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await?;
        if let Answer::Refused { reason, .. } = &answered.answer {
            tracing::info!(%case, reaction, reason, "the crew's part was refused");
            return None;
        }
        Some(())
    }
}

fn conductor() -> ActorId {
    service("svc-conductor")
}

/// What is told about an open case, with when its signals were measured last.
pub(crate) fn briefed(site: &Site, case: CaseId, projections: &Projections, now: Now) -> Option<Briefing> {
    let plant = site.plant.as_ref()?;
    let asset = plant.asset(&site.case(case).open_file()?.asset)?;
    let live = projections.live();
    let newest: BTreeMap<SignalId, Timestamp> =
        asset.signals.iter().filter_map(|signal| Some((signal.id.clone(), live.newest(&plant.site, &signal.id)?.at))).collect();
    Briefing::of(site, case, &newest, now)
}

/// A diagnosis is what the crew is asked about.
fn asked_by(site: &Site, fact: &Recorded) -> Option<Due> {
    let case = fact.stream.as_case()?;
    let is_new = matches!(fact.event, Event::DiagnosisRecorded(_)) && !site.investigations.contains_key(&case);
    is_new.then_some(Due { case, because: Some(fact.id), until: None })
}

/// Open cases with a diagnosis that nobody was asked about, or that nobody has reported on.
fn left_over(site: &Site) -> BTreeSet<Due> {
    let open = site.open_cases.values().flatten();
    let left = open.filter(|case| {
        let has_cause = site.case(**case).open_file().is_some_and(|file| file.diagnosis.is_some());
        has_cause && site.investigations.get(case).is_none_or(|known| !known.is_reported)
    });
    let until = |case: &CaseId| site.investigations.get(case).map(|known| known.due_at);
    left.map(|case| Due { case: *case, because: None, until: until(case) }).collect()
}
