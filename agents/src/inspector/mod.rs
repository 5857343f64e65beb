//! Now and then, hold what people are shown against the ledger: tables, newest values, the page in a browser, and who was not heard of. Once a day, say what that came to.

mod compare;
mod ledger;
#[cfg(test)]
mod tests;

use crate::{
    fact_tail::TailError,
    insist::{insist, service},
};
use chrono::TimeDelta;
use compare::{differences, on_page, stale_values};
use ledger::LedgerSide;
use millwright_commands::{Ask, Command, Commands, RecordInspection, ReportInspections};
use millwright_domain::{
    Timestamp,
    agent::Presence,
    envelope::Answer,
    hours::Hours,
    ids::SiteId,
    inspection::{Finding, FindingKind, PageLook},
    ports::{
        clock::Clock,
        event_log::{EventLog, LogError},
        page_view::{PageView, Pictures},
    },
    position::{Lane, PartitionId, Position},
    site::Site,
};
use millwright_projections::{NotRead, Projections, readings, standing};
use std::{sync::Arc, time::Duration};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// After a start or a sleep, before the first look: until then parts are only on their way.
const FIRST: TimeDelta = TimeDelta::minutes(1);
/// A look that comes later than this was slept past.
const SLEPT: TimeDelta = TimeDelta::minutes(2);

#[derive(Debug, Error)]
pub enum InspectionError {
    #[error(transparent)]
    Tail(#[from] TailError),
    #[error("could not read the log for an inspection")]
    Log(#[from] LogError),
    #[error("could not read the tables for an inspection")]
    Read(#[from] NotRead),
}

/// What one look needs.
pub struct Look {
    pub log: Arc<dyn EventLog>,
    pub clock: Arc<dyn Clock>,
    pub site: SiteId,
    pub projections: Projections,
    pub view: Arc<dyn PageView>,
    pub pictures: Arc<dyn Pictures>,
    /// So long the tables may need to take in what is on the log, before it counts that they do not move.
    pub patience: Duration,
}

pub struct Inspector {
    pub look: Look,
    pub commands: Commands,
    /// One inspection for each stretch of so many seconds of the clock.
    pub every_s: i64,
}

impl Inspector {
    /// Runs until told to stop. An inspection whose stretch is over when it could be made is left out, and nobody counts it as missed.
    pub async fn run(self, stop: CancellationToken) -> Result<(), InspectionError> {
        let clock = self.look.clock.clone();
        let mut ledger = LedgerSide::new(self.look.log.clone(), self.look.partition());
        let mut awake_since = clock.now().wall;
        let first = FIRST.min(TimeDelta::seconds(self.every_s));
        let mut due = awake_since + first;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = clock.wall_reaches(due) => {}
            }
            let now = clock.now().wall;
            if now.since(due) > SLEPT {
                (awake_since, due) = (now, now + first);
                continue;
            }
            ledger.catch_up().await?;
            self.report(&ledger.site, now, &stop).await;
            let slot = now.floor_to(self.every_s);
            if ledger.site.inspections.last.is_none_or(|last| last < slot) {
                let made = tokio::select! {
                    biased;
                    () = stop.cancelled() => return Ok(()),
                    made = self.look.inspect(&mut ledger, slot, awake_since) => made?,
                };
                self.ask(made.into(), &stop).await;
            }
            if stop.is_cancelled() {
                return Ok(());
            }
            due = slot + TimeDelta::seconds(self.every_s);
        }
    }

    /// What the days that are over came to, if nobody has said so yet.
    async fn report(&self, site: &Site, now: Timestamp, stop: &CancellationToken) {
        let Some(from) = site.inspections.from.filter(|_| site.inspections.tally.made > 0) else { return };
        let to = last_end(site, now);
        if from < to {
            self.ask(ReportInspections { to }.into(), stop).await;
        }
    }

    async fn ask(&self, command: Command, stop: &CancellationToken) {
        let name = command.name();
        let ask = Ask::new(service("svc-inspector"), command);
        let answered = insist(&self.commands, &*self.look.clock, &self.look.partition(), ask, stop).await;
        if let Some(Answer::Refused { reason, .. }) = answered.map(|answered| answered.answer) {
            tracing::warn!(name, reason, "an inspection was not recorded: {reason}");
        }
    }
}

impl Look {
    fn partition(&self) -> PartitionId {
        PartitionId::site(&self.site)
    }

    /// Everything that one look can say. It is told nothing and changes nothing.
    async fn inspect(&self, ledger: &mut LedgerSide, slot: Timestamp, awake_since: Timestamp) -> Result<RecordInspection, InspectionError> {
        let mut findings: Vec<Finding> = self.stalled().await?.into_iter().collect();
        let page = self.page(ledger, &mut findings).await?;
        let (position, compared) = self.tables(ledger, &mut findings).await?;
        let values = self.newest(&mut findings).await?;
        findings.extend(silent(&ledger.site, self.clock.now().wall, awake_since));
        // Who has not looked at the tables has not seen that anything there is right again, however many values were.
        let compared = if compared == 0 { 0 } else { compared + values };
        Ok(RecordInspection { slot, position, compared, findings, page })
    }

    /// Late is not stalled: it is a finding only if nothing at all moved while there was something to take in.
    async fn stalled(&self) -> Result<Option<Finding>, InspectionError> {
        let (head, before, ours) = (self.log.head().await?, self.projections.position(), self.partition());
        let mut wanted = Position::default();
        for (partition, next) in head.partitions().filter(|(partition, _)| **partition == ours || partition.lane() == Lane::Readings) {
            wanted.advance(partition, next);
        }
        if self.projections.reached(&wanted, self.patience).await.is_ok() {
            return Ok(None);
        }
        let now = self.projections.position();
        let still = |partition: &&PartitionId| now.next(partition) < wanted.next(partition) && now.next(partition) == before.next(partition);
        let stuck = wanted.partitions().map(|(partition, _)| partition).find(still);
        Ok(stuck.map(|partition| Finding {
            kind: FindingKind::Stalled,
            what: format!("the tables of {partition}"),
            expected: wanted.next(partition).to_string(),
            shown: now.next(partition).to_string(),
        }))
    }

    async fn page(&self, ledger: &mut LedgerSide, findings: &mut Vec<Finding>) -> Result<PageLook, InspectionError> {
        let seen = match self.view.look(&self.site).await {
            Ok(seen) => seen,
            Err(why) => return Ok(PageLook::NotSeen { why: why.to_string() }),
        };
        let partition = self.partition();
        let Ok(position) = seen.position.parse::<Position>().map(|position| position.next(&partition)) else {
            return Ok(PageLook::NotSeen {
                why: format!("the page named no place of the ledger: {:?}", seen.position.chars().take(80).collect::<String>()),
            });
        };
        if !ledger.fold_to(position).await? {
            return Ok(PageLook::NotSeen { why: "the page showed an older state than the last inspection did".into() });
        }
        let expected = standing::of_site(&ledger.site, position, self.clock.now().wall).counts;
        findings.extend(on_page(&expected, &seen.figures));
        let figures = u32::try_from(expected.named().len()).unwrap_or(u32::MAX);
        match self.pictures.keep(&seen.picture, self.clock.now().wall) {
            Ok(picture) => Ok(PageLook::Seen { position, figures, picture: picture.to_string() }),
            Err(error) => Ok(PageLook::NotSeen { why: format!("its picture could not be kept: {error}") }),
        }
    }

    /// How far, and how many figures. Nothing is compared while the tables are rebuilt or behind an earlier look.
    async fn tables(&self, ledger: &mut LedgerSide, findings: &mut Vec<Finding>) -> Result<(u64, u32), InspectionError> {
        let at = self.clock.now().wall;
        let shown = standing::of_tables(&self.projections.ledger(), &self.site, at).await?;
        if !shown.level || !ledger.fold_to(shown.next).await? {
            return Ok((shown.next, 0));
        }
        let expected = standing::of_site(&ledger.site, shown.next, at);
        findings.extend(differences(&expected, &shown));
        if !shown.parked.is_empty() {
            return Ok((shown.next, 0));
        }
        Ok((shown.next, u32::try_from(expected.figures.len()).unwrap_or(u32::MAX)))
    }

    async fn newest(&self, findings: &mut Vec<Finding>) -> Result<u32, InspectionError> {
        let (position, shown) = readings::latest_at(&self.projections.readings(), &self.site).await?;
        let read = ledger::newest(&*self.log, &self.site, &position).await?;
        findings.extend(stale_values(&read, &shown));
        Ok(u32::try_from(read.signals.len()).unwrap_or(u32::MAX))
    }
}

/// The end of the last day that is over, by the roster's day.
fn last_end(site: &Site, now: Timestamp) -> Timestamp {
    let six: Hours = "06:00-06:00".parse().expect("a literal that is a stretch of hours");
    let day = site.roster.summary.as_ref().map_or(six, |plan| plan.day);
    day.end_after(now) - TimeDelta::days(1)
}

/// Whoever should be up and was not heard of. While we ourselves have not listened for as long, nobody is overdue.
fn silent(site: &Site, now: Timestamp, awake_since: Timestamp) -> Vec<Finding> {
    let should_be_up = site.crew.agents.iter().filter(|(_, agent)| matches!(agent.presence, Presence::Up | Presence::Draining));
    let overdue = should_be_up.filter(|(_, agent)| now.since(agent.heard_at.max(awake_since)) >= agent.missed_after());
    let finding = |(name, agent): (&millwright_domain::ids::ActorId, &millwright_domain::agent::Agent)| Finding {
        kind: FindingKind::SilentAgent,
        what: name.to_string(),
        expected: format!("a word within {} minutes", agent.missed_after().num_minutes()),
        shown: format!("heard last at {}", agent.heard_at),
    };
    overdue.map(finding).collect()
}
