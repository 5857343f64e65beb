//! Watchman: what else goes on — other cases at the same time, signals that say nothing, parts of Millwright that do not work.

use super::{CrewMember, Finding, briefing::Briefing};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{Timestamp, ids::ActorId};

const MOST_TOLD: usize = 8;

pub struct Watchman;

#[async_trait]
impl CrewMember for Watchman {
    fn name(&self) -> ActorId {
        service("svc-watchman")
    }

    async fn look_into(&self, case: &Briefing, _: Timestamp) -> Result<Finding, String> {
        let parts = [others(case), quiet(case), failing(case)];
        Ok(Finding::by_rules(parts.join("\n")))
    }
}

fn others(case: &Briefing) -> String {
    if case.others.is_empty() {
        return "No other case is open within an hour of this one.".into();
    }
    let told = case.others.iter().take(MOST_TOLD).map(|other| {
        let cause = other.cause.as_ref().map_or("cause unknown", |cause| cause.as_str());
        let place = ["elsewhere", "same area", "same line", "same cell"][usize::from(other.near.min(3))];
        format!("{} ({cause}, {place})", other.asset)
    });
    let same = case.others.iter().filter(|other| other.cause.as_ref() == case.cause() && other.cause.is_some()).count();
    let hint =
        if same > 0 { format!(" {same} of them have the same cause: look for what they share before the machine itself.") } else { String::new() };
    format!("Open at the same time: {}.{hint}", told.collect::<Vec<_>>().join(", "))
}

fn quiet(case: &Briefing) -> String {
    if case.quiet.is_empty() {
        return format!("All {} signals of {} are fresh.", case.asset.signals.len(), case.asset.id);
    }
    let told = case.quiet.iter().take(MOST_TOLD).map(|one| match one.for_s {
        Some(seconds) => format!("{} for {seconds} s (device {})", one.signal, one.device),
        None => format!("{} never heard (device {})", one.signal, one.device),
    });
    format!("Quiet: {}. What they would say is not in the evidence.", told.collect::<Vec<_>>().join(", "))
}

fn failing(case: &Briefing) -> String {
    if case.failing.is_empty() { "Every part of Millwright works.".into() } else { format!("Not working: {}.", case.failing.join(", ")) }
}
