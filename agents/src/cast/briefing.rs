//! What the crew is told about a case: a copy of what the site knows at that moment, so that everybody speaks of the same.

use chrono::TimeDelta;
use millwright_domain::{
    Now, Timestamp,
    agent::{Agent, Presence},
    case::{CaseFile, DiagnosisRecorded, Severity},
    evidence::Evidence,
    ids::{ActorId, AssetId, CaseId, CauseId, DeviceId, SignalId},
    model_call::Prompt,
    plant::{Asset, Plant},
    site::Site,
    untrusted::{Origin, Untrusted},
};
use std::collections::{BTreeMap, BTreeSet};

/// A signal of which nothing was heard for so long is quiet.
pub const QUIET_AFTER: TimeDelta = TimeDelta::seconds(60);
/// Cases and alarms so far apart have to do with each other, perhaps.
pub const TOGETHER: TimeDelta = TimeDelta::hours(1);
/// Figures that a model is told of a case.
const MOST_FIGURES: usize = 6;

#[derive(Debug, Clone, PartialEq)]
pub struct Briefing {
    pub case: CaseId,
    pub asset: Asset,
    pub plant: Plant,
    pub opened_at: Timestamp,
    pub alerts: u32,
    /// Of its worst active alarm.
    pub severity: Option<Severity>,
    pub diagnosis: Option<DiagnosisRecorded>,
    pub evidence: Vec<Evidence>,
    /// What another monitoring system said of it: from outside, so data and never an instruction.
    pub says: Option<String>,
    /// The detectors whose alarms are active on the asset.
    pub detectors: Vec<String>,
    pub others: Vec<OtherCase>,
    pub quiet: Vec<Quiet>,
    /// Parts of Millwright that do not work.
    pub failing: Vec<String>,
    /// Models that people chose, by agent.
    pub chosen: BTreeMap<ActorId, String>,
    /// Who is on the crew, so that they can write to each other.
    pub on_crew: BTreeSet<ActorId>,
    pub now: Now,
}

/// Another case that is open at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCase {
    pub asset: AssetId,
    pub cause: Option<CauseId>,
    pub opened_at: Timestamp,
    /// How much of the path from area to cell it shares with the case's asset: 0 to 3.
    pub near: u8,
}

/// A signal of the asset that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    pub signal: SignalId,
    pub device: DeviceId,
    /// `None`: nothing was ever heard.
    pub for_s: Option<i64>,
}

impl Briefing {
    /// `None` if the case is not open or its asset is described no more. `newest` is when each signal was measured last (plant time).
    pub fn of(site: &Site, case: CaseId, newest: &BTreeMap<SignalId, Timestamp>, now: Now) -> Option<Self> {
        let file = site.case(case).open_file()?;
        let plant = site.plant.clone()?;
        let asset = plant.asset(&file.asset)?.clone();
        let alarms = site.alarms.get(&file.asset);
        let detectors = alarms.into_iter().flatten().filter(|(_, alarm)| alarm.active).map(|(detector, _)| detector.clone()).collect();
        let severity = alarms.into_iter().flatten().filter(|(_, alarm)| alarm.active).filter_map(|(_, alarm)| alarm.severity).max();
        let agents = &site.crew.agents;
        let is_up = |agent: &Agent| matches!(agent.presence, Presence::Up | Presence::Draining);
        let quiet = asset.signals.iter().filter_map(|signal| {
            let silent = newest.get(&signal.id).map(|at| now.plant.since(*at));
            let is_quiet = silent.is_none_or(|silent| silent > QUIET_AFTER);
            is_quiet.then(|| Quiet { signal: signal.id.clone(), device: signal.device.clone(), for_s: silent.map(|silent| silent.num_seconds()) })
        });
        Some(Self {
            case,
            opened_at: file.opened_at,
            alerts: file.alerts,
            severity,
            diagnosis: file.diagnosis.clone(),
            evidence: file.evidence.clone(),
            says: file.says.clone(),
            detectors,
            others: others(site, &plant, &asset, case, file),
            quiet: quiet.collect(),
            failing: site.failing.keys().cloned().collect(),
            chosen: agents.iter().filter_map(|(name, agent)| Some((name.clone(), agent.model.clone()?))).collect(),
            on_crew: agents.iter().filter(|(_, agent)| is_up(agent)).map(|(name, _)| name.clone()).collect(),
            plant: plant.clone(),
            asset,
            now,
        })
    }

    pub fn cause(&self) -> Option<&CauseId> {
        self.diagnosis.as_ref().map(|diagnosis| &diagnosis.cause)
    }

    /// What every model is told of the case: names and figures, and fenced what another system said.
    pub fn told_to(&self, prompt: Prompt) -> Prompt {
        let mut prompt = prompt.say("The case:").value("machine", &self.asset.id).value("alerts", self.alerts);
        if let Some(diagnosis) = &self.diagnosis {
            prompt = prompt.value("cause by rules", &diagnosis.cause).value("sure", diagnosis.confidence);
        }
        for one in self.evidence.iter().take(MOST_FIGURES) {
            prompt = prompt.value("signal", &one.signal).value(one.feature.as_str(), (one.magnitude * 100.0).round() / 100.0);
        }
        match &self.says {
            Some(says) => prompt.say("Another monitoring system says:").show(Untrusted::new(Origin::Alarm, says)),
            None => prompt,
        }
    }
}

/// Nearest first.
fn others(site: &Site, plant: &Plant, asset: &Asset, case: CaseId, file: &CaseFile) -> Vec<OtherCase> {
    let open = site.open_cases.values().flatten().filter(|id| **id != case).filter_map(|id| site.case(*id).open_file());
    let together = open.filter(|other| {
        let apart = file.opened_at.since(other.last_alert_at).abs().min(file.last_alert_at.since(other.opened_at).abs());
        apart <= TOGETHER
    });
    let mut others: Vec<OtherCase> = together
        .map(|other| OtherCase {
            asset: other.asset.clone(),
            cause: other.diagnosis.as_ref().map(|diagnosis| diagnosis.cause.clone()),
            opened_at: other.opened_at,
            near: plant.asset(&other.asset).map_or(0, |known| nearness(known, asset)),
        })
        .collect();
    others.sort_by(|a, b| b.near.cmp(&a.near).then(a.opened_at.cmp(&b.opened_at)).then(a.asset.cmp(&b.asset)));
    others
}

/// Of the path area, line, cell.
pub fn nearness(one: &Asset, other: &Asset) -> u8 {
    let same = [one.area == other.area, one.line == other.line, one.cell.is_some() && one.cell == other.cell];
    same.into_iter().take_while(|same| *same).map(u8::from).sum()
}
