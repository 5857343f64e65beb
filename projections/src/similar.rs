//! Which past cases looked like this one, and how often is such a likeness the same fault? Asked of all signatures in memory.

use crate::{
    Projections,
    case_memory::{self, RememberedRow},
    db::{Db, NotRead},
    open_cases::{self, CaseRow},
};
use millwright_domain::{
    case::CaseFile,
    ids::{CaseId, CauseId, SiteId},
    memory::{Calibrating, Calibration, Judged, Memory, NotIndexed, Pattern, Witness, patterns},
    plant::Asset,
};
use std::collections::BTreeMap;
use thiserror::Error;

/// Rows loaded at a time.
const PAGE: usize = 500;
/// Up to so many new ones are put in one by one.
const FEW: usize = 64;
/// The latest confirmed cases that claims are calibrated on.
const JUDGED: usize = 200;
/// Suggestions that a person is shown, and so those that are judged.
pub const SHOWN: usize = 5;
/// Cases of one cause are one pattern from this likeness on.
const ALIKE: f64 = 0.6;

#[derive(Debug, Error)]
pub enum NotCompared {
    #[error("the cases could not be read")]
    Read(#[from] NotRead),
    #[error("a signature could not be compared")]
    Index(#[from] NotIndexed),
}

/// Signatures in memory, as far as they were loaded. Rebuilt from the table at will: it holds nothing else.
#[derive(Default)]
pub(crate) struct Remembered {
    memory: Memory<CaseId>,
    order: BTreeMap<CaseId, (millwright_domain::Timestamp, u64)>,
    next: BTreeMap<SiteId, u64>,
    claims: Claims,
}

/// What was fitted, and on how much: fitted anew when more is known.
#[derive(Default)]
struct Claims {
    confirmed: usize,
    remembered: usize,
    judged: usize,
    calibration: Option<Calibration>,
}

/// A past case that looked like it.
#[derive(Debug, Clone)]
pub struct SimilarCase {
    pub case: CaseRow,
    /// Cosine of the signatures, -1 to 1.
    pub similarity: f64,
    /// Share of such likenesses that were the same fault, 0 to 1.
    pub likely_the_same: f64,
}

#[derive(Debug, Clone)]
pub struct SimilarCases {
    /// Whether the case itself has a signature yet; it takes some minutes.
    pub remembered: bool,
    /// Past cases that it was compared with.
    pub compared_with: usize,
    /// Outcomes of this house that the claims rest on; 0 while they rest on the calibration that is shipped.
    pub calibrated_on: usize,
    /// Likest first.
    pub cases: Vec<SimilarCase>,
}

impl Projections {
    /// The past cases that looked like this one, likest first.
    pub async fn similar_cases(&self, case: CaseId, first: usize) -> Result<SimilarCases, NotCompared> {
        let db = self.ledger();
        let mut known = self.inner.remembered.lock().await;
        self.load(&mut known, &db).await?;
        let Some(this) = case_memory::find(&db, case).await? else {
            return Ok(SimilarCases { remembered: false, compared_with: known.memory.len(), calibrated_on: 0, cases: vec![] });
        };
        known.calibrate(&db).await?;
        let past: Vec<CaseId> = known.order.iter().filter(|(id, (onset, _))| **id != case && *onset < this.onset).map(|(id, _)| *id).collect();
        let found = known.memory.similar(&this.signature, first, |id| past.binary_search(id).is_ok())?;
        let mut cases = Vec::new();
        for similar in found {
            let Some(row) = open_cases::find(&db, similar.key).await? else { continue };
            cases.push(SimilarCase { case: row, similarity: similar.score, likely_the_same: known.claims.rate(similar.score) });
        }
        Ok(SimilarCases { remembered: true, compared_with: past.len(), calibrated_on: known.claims.judged_here(), cases })
    }

    /// Confirmed faults that look the same on several machines, the most widely seen first.
    pub async fn fault_patterns(&self) -> Result<Vec<Pattern<CaseId>>, NotCompared> {
        let db = self.ledger();
        let mut known = self.inner.remembered.lock().await;
        self.load(&mut known, &db).await?;
        let plants = self.plants();
        let asset_of = |row: &CaseRow| -> Option<Asset> {
            let plant = plants.iter().filter_map(|plant| plant.plant.as_ref()).find(|plant| plant.site == row.site)?;
            plant.asset(&row.asset).cloned()
        };
        let mut witnesses = Vec::new();
        for (row, cause) in confirmed(&db).await? {
            let (Some(signature), Some(asset)) = (known.memory.get(&row.id), asset_of(&row)) else { continue };
            witnesses.push(Witness { key: row.id, cause: cause.to_string(), vendor: asset.vendor, class: asset.class, signature: signature.clone() });
        }
        Ok(patterns(&witnesses, ALIKE))
    }

    async fn load(&self, known: &mut Remembered, db: &Db) -> Result<(), NotCompared> {
        let sites: Vec<SiteId> = self.plants().iter().filter_map(|row| Some(row.plant.as_ref()?.site.clone())).collect();
        let mut new: Vec<RememberedRow> = Vec::new();
        let mut next = known.next.clone();
        for site in sites {
            loop {
                let from = next.get(&site).copied().unwrap_or(0);
                let rows = case_memory::from(db, &site, from, PAGE).await?;
                let Some(last) = rows.last().map(|row| row.seq) else { break };
                next.insert(site.clone(), last + 1);
                new.extend(rows);
            }
        }
        known.take(new);
        known.next = next;
        Ok(())
    }
}

impl Remembered {
    fn take(&mut self, rows: Vec<RememberedRow>) {
        if rows.is_empty() {
            return;
        }
        self.order.extend(rows.iter().map(|row| (row.case, (row.onset, row.seq))));
        let new = rows.into_iter().map(|row| (row.case, row.signature));
        let refused = if new.len() > FEW {
            self.memory.remember_all(new)
        } else {
            new.filter_map(|(case, signature)| Some((case, self.memory.remember(case, signature).err()?))).collect()
        };
        for (case, cause) in refused {
            tracing::warn!(%case, %cause, "the signature of case {case} cannot be compared; it is left out");
        }
    }

    /// Each confirmed case asked for its likest among the confirmed ones before it: was it the same fault?
    async fn calibrate(&mut self, db: &Db) -> Result<(), NotCompared> {
        let confirmed: BTreeMap<CaseId, CauseId> = confirmed(db).await?.into_iter().map(|(row, cause)| (row.id, cause)).collect();
        if (confirmed.len(), self.memory.len()) == (self.claims.confirmed, self.claims.remembered) {
            return Ok(());
        }
        let mut calibrating = Calibrating::default();
        for (case, cause) in &confirmed {
            let (Some(signature), Some(when)) = (self.memory.get(case), self.order.get(case)) else { continue };
            let is_before = |id: &CaseId| confirmed.contains_key(id) && self.order.get(id).is_some_and(|other| other < when);
            for similar in self.memory.similar(signature, SHOWN, is_before)? {
                calibrating.take(Judged { score: similar.score, hit: confirmed.get(&similar.key) == Some(cause) });
            }
        }
        let (confirmed, remembered) = (confirmed.len(), self.memory.len());
        self.claims = Claims { confirmed, remembered, judged: calibrating.len(), calibration: calibrating.fitted() };
        Ok(())
    }
}

impl Claims {
    fn rate(&self, score: f64) -> f64 {
        self.calibration.as_ref().map_or_else(|| Calibration::shipped().rate(score), |calibration| calibration.rate(score))
    }
    fn judged_here(&self) -> usize {
        if self.calibration.is_some() { self.judged } else { 0 }
    }
}

/// The latest cases of which a person said what it was.
async fn confirmed(db: &Db) -> Result<Vec<(CaseRow, CauseId)>, NotRead> {
    let rows = open_cases::closed(db, None, JUDGED).await?;
    Ok(rows.into_iter().filter_map(|row| Some((confirmed_cause(&row)?, row))).map(|(cause, row)| (row, cause)).collect())
}

/// What it was, by a person's word.
pub fn confirmed_cause(row: &CaseRow) -> Option<CauseId> {
    let (outcome, _) = row.outcome.as_ref()?;
    outcome.confirmed_cause(row.case.file().and_then(CaseFile::cause)).cloned()
}
