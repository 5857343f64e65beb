//! What do closed cases teach: how often did an action help, and how often was a diagnosis right when it was that sure?

use crate::{
    Projections,
    db::{Db, NotRead},
    open_cases::{self, CaseRow},
    similar::confirmed_cause,
};
use millwright_domain::{
    case::{Case, CaseFile, Outcome},
    ids::{ActionName, AssetId, CauseId, SiteId},
    memory::{Calibrating, Judged},
    track::Track,
};
use std::collections::{BTreeSet, HashMap};

/// The latest closed cases that are counted.
const COUNTED: usize = 1_000;

/// How a cause fared that was named before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Record {
    /// A person repaired what was named.
    pub confirmed: u32,
    /// A person found something else, or nothing.
    pub refuted: u32,
    /// What a claim of this confidence has come true at, over all causes; `None` until enough outcomes are known.
    pub calibrated: Option<f64>,
    /// Outcomes that `calibrated` rests on.
    pub calibrated_on: usize,
}

/// An action that is tried on an asset against a cause.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub site: SiteId,
    pub asset: AssetId,
    pub cause: CauseId,
    pub action: ActionName,
}

impl Projections {
    /// Each from closed cases of its cause on machines of its asset's class.
    pub async fn track_records(&self, attempts: &[Attempt]) -> Result<Vec<Track>, NotRead> {
        let causes: BTreeSet<&CauseId> = attempts.iter().map(|attempt| &attempt.cause).collect();
        let causes: Vec<CauseId> = causes.into_iter().cloned().collect();
        let closed = open_cases::closed_of(&self.ledger(), &causes, COUNTED).await?;
        let closed: Vec<(&CaseRow, Option<String>)> = closed.iter().map(|row| (row, self.class_of(&row.site, &row.asset))).collect();
        let track = |attempt: &Attempt| {
            let class = self.class_of(&attempt.site, &attempt.asset);
            let mut track = Track::default();
            for (row, _) in closed.iter().filter(|(_, of)| *of == class) {
                if let Case::Closed(file, outcome) = &row.case
                    && file.cause() == Some(&attempt.cause)
                {
                    track.count(file, *outcome, &attempt.action);
                }
            }
            track
        };
        Ok(attempts.iter().map(track).collect())
    }

    fn class_of(&self, site: &SiteId, asset: &AssetId) -> Option<String> {
        let plants = self.plants();
        let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
        plant.asset(asset).map(|asset| asset.class.clone())
    }
}

/// Of the diagnoses that people have judged: each cause that was claimed with that confidence.
pub async fn records_of(db: &Db, claims: &[(CauseId, f64)]) -> Result<Vec<Record>, NotRead> {
    let mut calibrating = Calibrating::default();
    let mut fared: HashMap<CauseId, (u32, u32)> = HashMap::new();
    for row in open_cases::closed(db, None, COUNTED).await? {
        let Some((named, hit)) = judged(&row) else { continue };
        calibrating.take(Judged { score: named.confidence, hit });
        let (confirmed, refuted) = fared.entry(named.cause.clone()).or_default();
        *confirmed += u32::from(hit);
        *refuted += u32::from(!hit);
    }
    let fitted = calibrating.fitted();
    let record = |(cause, confidence): &(CauseId, f64)| {
        let (confirmed, refuted) = fared.get(cause).copied().unwrap_or_default();
        let calibrated = fitted.as_ref().map(|calibration| calibration.rate(*confidence));
        Record { confirmed, refuted, calibrated, calibrated_on: if calibrated.is_some() { calibrating.len() } else { 0 } }
    };
    Ok(claims.iter().map(record).collect())
}

/// The diagnosis and whether it was right, if a person said so.
fn judged(row: &CaseRow) -> Option<(&millwright_domain::case::DiagnosisRecorded, bool)> {
    let named = row.case.file().and_then(|file: &CaseFile| file.diagnosis.as_ref())?;
    let (outcome, _) = row.outcome.as_ref().filter(|(outcome, _)| !outcome.by.is_service())?;
    match outcome.outcome {
        Outcome::FalseAlarm => Some((named, false)),
        _ => confirmed_cause(row).map(|cause| (named, cause == named.cause)),
    }
}
