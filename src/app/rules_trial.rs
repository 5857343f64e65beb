//! Other rules or another policy tried on what was recorded: the same readings before both sets of rules, the same proposals before both policies.

use crate::configured;
use anyhow::{Context, Result};
use async_trait::async_trait;
use millwright_agents::{
    diagnosis::{RuleBook, Rules},
    fact_tail::FactTail,
    monitor::MonitorSettings,
    what_if::{Difference, KnownEnds, Rulings, Said, Score, WhatIf},
};
use millwright_domain::{
    Event, Timestamp,
    ids::SiteId,
    policy::Policy,
    ports::{
        event_log::EventLog,
        rules_trial::{Fit, NotTried, RulesTrial, Trial, Tried, Verdict},
    },
    position::{Lane, PartitionId},
    site::Site,
};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Tries on this program's log, one after the other: a trial reads all readings that there are.
pub struct Trials {
    pub log: Arc<dyn EventLog>,
    pub book: RuleBook,
    pub monitor: MonitorSettings,
    pub one_at_a_time: Mutex<()>,
}

/// A trial whose parts are read.
pub struct Parts {
    pub site: SiteId,
    pub rules: Option<Rules>,
    pub policy: Option<Policy>,
    pub span: [Option<Timestamp>; 2],
}

/// Scans asked of the log at a time.
const PAGE: usize = 4_096;

type Told<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

#[async_trait]
impl RulesTrial for Trials {
    async fn run(&self, trial: Trial, told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<Tried, NotTried> {
        let refused = |why: anyhow::Error| NotTried::Refused(format!("{why:#}"));
        let Ok(_one) = self.one_at_a_time.try_lock() else {
            return Err(NotTried::Refused("another trial is under way; wait until it is done, or end it".into()));
        };
        let rules = trial.rules.as_ref().map(|yaml| Rules::parse(yaml, "the rules given")).transpose();
        let policy = trial.policy.as_ref().map(|yaml| configured::policy_of(yaml, "given")).transpose();
        let parts = Parts {
            site: trial.site,
            rules: rules.map_err(|cause| refused(cause.into()))?,
            policy: policy.map_err(refused)?,
            span: [trial.from, trial.to],
        };
        let partition = PartitionId::site(&parts.site);
        let head = self.log.head().await.map_err(|cause| NotTried::Failed(cause.into()))?;
        if head.next(&partition) == 0 {
            return Err(NotTried::Refused(format!("there is no site {} on this log", parts.site)));
        }
        let in_force = Rules::new(self.book.in_force().iter().cloned().collect());
        tried(self.log.clone(), in_force, self.monitor, parts, told).await.map_err(|cause| NotTried::Failed(cause.into()))
    }
}

pub async fn tried(log: Arc<dyn EventLog>, in_force: Rules, monitor: MonitorSettings, parts: Parts, told: Told<'_>) -> Result<Tried> {
    let partition = PartitionId::site(&parts.site);
    let [from, to] = parts.span;
    let (mut ends, mut site, mut learned_in_s) = (KnownEnds::default(), Site::default(), None);
    let mut rulings = parts.policy.map(Rulings::of);
    FactTail::seen_to_the_end(log.clone(), partition.clone(), |fact| {
        ends.see(fact);
        let counts = from.is_none_or(|from| fact.recorded_at >= from) && to.is_none_or(|to| fact.recorded_at <= to);
        rulings.iter_mut().for_each(|rulings| rulings.see(fact, &site, counts));
        site.evolve_recorded(fact);
        if let Event::BaselineLearned(learned) = &fact.event {
            let took = learned.learned_to.since(learned.learned_from).num_seconds();
            learned_in_s = (took > 0).then_some(took).or(learned_in_s);
        }
    })
    .await?;
    let ends = ends.on(&site);
    let plant = site.plant.with_context(|| format!("{partition} was never described"))?;
    let mut read = Read::default();
    let difference = match parts.rules {
        Some(rules) => {
            let mut comparison = WhatIf::new(&plant, (in_force, monitor), (rules, monitor));
            read.all(log.as_ref(), &parts.site, to, &mut comparison, told).await?;
            comparison.finish_within(&ends, parts.span)
        }
        None => Difference::default(),
    };
    let (rulings, same_rulings) = rulings.map(Rulings::finish).unwrap_or_default();
    Ok(Tried {
        reaches_back_to: read.first,
        scans: read.scans,
        only_before: difference.only_before.iter().map(verdict).collect(),
        only_after: difference.only_after.iter().map(verdict).collect(),
        same: difference.same,
        known_ends: difference.known_ends,
        before: fit(difference.before),
        after: fit(difference.after),
        rulings,
        same_rulings,
        learned_in_s,
    })
}

/// What was read of the readings.
#[derive(Default)]
struct Read {
    first: Option<Timestamp>,
    scans: u64,
}

impl Read {
    async fn all(&mut self, log: &dyn EventLog, site: &SiteId, to: Option<Timestamp>, comparison: &mut WhatIf, told: Told<'_>) -> Result<()> {
        let head = log.head().await?;
        let lanes: Vec<(PartitionId, u64)> =
            head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings).map(|(partition, end)| (partition.clone(), end)).collect();
        let of = lanes.iter().map(|(_, end)| end).sum();
        let mut done = 0;
        for (lane, end) in lanes {
            let mut next = 0;
            while next < end {
                let page = log.read_readings(&lane, next, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                let wanted = page.iter().map(|(_, scan)| scan).filter(|scan| scan.site == *site && to.is_none_or(|to| scan.scanned_at <= to));
                for scan in wanted {
                    self.first = Some(self.first.map_or(scan.scanned_at, |known| known.min(scan.scanned_at)));
                    self.scans += 1;
                    comparison.observe(scan);
                }
                done += page.next() - next;
                next = page.next();
                told(done, of);
                // Two monitors at work are long for those who share this thread.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

fn verdict(said: &Said) -> Verdict {
    match said {
        Said::Alert { at, alert } => {
            Verdict { at: *at, asset: alert.asset.clone(), what: alert.detector.clone(), is_diagnosis: false, confidence: None, suggests: vec![] }
        }
        Said::Diagnosis { at, asset, cause, confidence, suggests } => Verdict {
            at: *at,
            asset: asset.clone(),
            what: cause.to_string(),
            is_diagnosis: true,
            confidence: Some(*confidence),
            suggests: suggests.clone(),
        },
    }
}

const fn fit(Score { hits, misses, wrong, false_alarms }: Score) -> Fit {
    Fit { hits, misses, wrong, false_alarms }
}
