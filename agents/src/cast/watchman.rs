//! Watchman: what else goes on — other cases at the same time, signals that say nothing, parts of Millwright that do not work.

use super::{
    CrewMember, Finding, Found,
    briefing::{Briefing, OtherCase, Quiet},
    choosing::{Choices, Form, Piece},
};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{ids::ActorId, untrusted::Origin};

const MOST_TOLD: usize = 8;

const TASK: &str = "A machine has a fault, and other things were seen at the same time. From the numbered things choose those that may belong to this \
                    fault. In `from` stand their numbers, one to a point, and in `says` in a few words why. Choose none that merely happened at the \
                    same time.";

pub struct Watchman;

#[async_trait]
impl CrewMember for Watchman {
    fn name(&self) -> ActorId {
        service("svc-watchman")
    }

    async fn find(&self, case: &Briefing) -> Result<Found, String> {
        let parts = [others(case), quiet(case), failing(case)];
        Ok(Found { finding: Finding::by_rules(parts.join("\n")), choices: Some(choices(case)) })
    }
}

fn choices(case: &Briefing) -> Choices {
    let piece = |name: String, text: String| Piece { name, text };
    let others = case.others.iter().take(MOST_TOLD).map(|other| piece(other.asset.to_string(), other_case(other)));
    let quiet = case.quiet.iter().take(MOST_TOLD).map(|one| piece(one.signal.to_string(), format!("quiet: {}", quiet_signal(one))));
    let failing = case.failing.iter().map(|part| piece(part.clone(), format!("not working: {part}")));
    let pieces = others.chain(quiet).chain(failing).collect();
    Choices { task: TASK, heading: "May belong to this fault:", form: Form::Pieces, origin: Origin::Signal, pieces }
}

fn other_case(other: &OtherCase) -> String {
    let cause = other.cause.as_ref().map_or("cause unknown", |cause| cause.as_str());
    let place = ["elsewhere", "same area", "same line", "same cell"][usize::from(other.near.min(3))];
    format!("{} ({cause}, {place})", other.asset)
}

fn quiet_signal(one: &Quiet) -> String {
    match one.for_s {
        Some(seconds) => format!("{} for {seconds} s (device {})", one.signal, one.device),
        None => format!("{} never heard (device {})", one.signal, one.device),
    }
}

fn others(case: &Briefing) -> String {
    if case.others.is_empty() {
        return "No other case is open within an hour of this one.".into();
    }
    let told = case.others.iter().take(MOST_TOLD).map(other_case);
    let same = case.others.iter().filter(|other| other.cause.as_ref() == case.cause() && other.cause.is_some()).count();
    let hint =
        if same > 0 { format!(" {same} of them have the same cause: look for what they share before the machine itself.") } else { String::new() };
    format!("Open at the same time: {}.{hint}", told.collect::<Vec<_>>().join(", "))
}

fn quiet(case: &Briefing) -> String {
    if case.quiet.is_empty() {
        return format!("All {} signals of {} are fresh.", case.asset.signals.len(), case.asset.id);
    }
    let told = case.quiet.iter().take(MOST_TOLD).map(quiet_signal);
    format!("Quiet: {}. What they would say is not in the evidence.", told.collect::<Vec<_>>().join(", "))
}

fn failing(case: &Briefing) -> String {
    if case.failing.is_empty() { "Every part of Millwright works.".into() } else { format!("Not working: {}.", case.failing.join(", ")) }
}
