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

impl Projections {
    /// Of closed cases of that cause on machines of the asset's class.
    pub async fn track_record(&self, site: &SiteId, asset: &AssetId, cause: &CauseId, action: &ActionName) -> Result<Track, NotRead> {
        let class = self.class_of(site, asset);
        let mut track = Track::default();
        for row in open_cases::closed(&self.ledger(), Some(cause), COUNTED).await? {
            if let Case::Closed(file, outcome) = &row.case
                && self.class_of(&row.site, &row.asset) == class
            {
                track.count(file, *outcome, action);
            }
        }
        Ok(track)
    }

    fn class_of(&self, site: &SiteId, asset: &AssetId) -> Option<String> {
        let plants = self.plants();
        let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
        plant.asset(asset).map(|asset| asset.class.clone())
    }
}

/// Of the diagnoses that people have judged.
pub async fn record_of(db: &Db, cause: &CauseId, confidence: f64) -> Result<Record, NotRead> {
    let mut record = Record::default();
    let mut calibrating = Calibrating::default();
    for row in open_cases::closed(db, None, COUNTED).await? {
        let Some((named, hit)) = judged(&row) else { continue };
        calibrating.take(Judged { score: named.confidence, hit });
        if named.cause == *cause {
            record.confirmed += u32::from(hit);
            record.refuted += u32::from(!hit);
        }
    }
    record.calibrated = calibrating.fitted().map(|calibration| calibration.rate(confidence));
    record.calibrated_on = if record.calibrated.is_some() { calibrating.len() } else { 0 };
    Ok(record)
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
