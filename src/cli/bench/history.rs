//! A log of many cases, each from its alerts to its outcome: what years of a plant leave behind.

use super::load::{self, House};
use anyhow::{Result, bail};
use futures::{TryStreamExt, stream::FuturesUnordered};
use millwright_commands::{Ask, Command, Commands, RaiseAlert, RecordDiagnosis, RecordOutcome};
use millwright_domain::{
    case::{AlertRaised, DiagnosisRecorded, Outcome, Severity},
    envelope::Answer,
    ids::CaseId,
};
use std::path::Path;

/// Each has one open case at a time.
const MACHINES: u64 = 1_000;
/// A fault that comes and goes.
const ALERTS: u64 = 20;
/// Of a command its own fact, and its answer.
const FACTS_A_CASE: u64 = (ALERTS + 2) * 2;

/// Makes a log of so many facts and some more, in a folder that has none yet.
pub async fn make(folder: &Path, facts: u64) -> Result<()> {
    let cases = facts.div_ceil(FACTS_A_CASE);
    let machines = cases.min(MACHINES);
    let house = House::open(folder, usize::try_from(machines)?).await?;
    let lives = (0..machines).map(|machine| life(house.commands.clone(), machine, cases.div_ceil(machines)));
    lives.collect::<FuturesUnordered<_>>().try_collect::<Vec<()>>().await?;
    house.close().await;
    Ok(())
}

/// So many faults of a machine, one after the other.
async fn life(commands: Commands, machine: u64, cases: u64) -> Result<()> {
    for _ in 0..cases {
        let mut case = None;
        for number in 0..ALERTS {
            let alert = AlertRaised::new(format!("pump-{machine}").parse()?, format!("bench_{}", number % 3), Severity::Low);
            case = Some(asked(&commands, "svc-monitor", RaiseAlert { alert }).await?);
        }
        let Some(case) = case else { bail!("a case begins with an alert") };
        let diagnosis = DiagnosisRecorded {
            asset: format!("pump-{machine}").parse()?,
            cause: "bearing_wear".parse()?,
            confidence: 0.8,
            by: "bench".into(),
            explanation: "it hums".into(),
            evidence_for: vec![],
            evidence_against: vec![],
            suggests: vec![],
            branched_from: None,
        };
        asked(&commands, "svc-diagnosis", RecordDiagnosis { case, diagnosis, revises: false }).await?;
        asked(&commands, "ann", RecordOutcome { case, outcome: Outcome::Repaired, true_cause: None, note: None, evidence: vec![] }).await?;
    }
    Ok(())
}

/// The case that it was about.
async fn asked(commands: &Commands, by: &str, command: impl Into<Command>) -> Result<CaseId> {
    let answered = commands.ask(&load::partition(), Ask::new(by.parse()?, command)).await?;
    match answered.answer {
        Answer::Done { subject: Some(case), .. } => Ok(case.parse()?),
        other => bail!("a command was answered {other:?}"),
    }
}
