//! What closed cases teach of diagnoses and of actions: each needs many cases, so that all of a question read them once.

use super::{Loaders, Tables};
use crate::errors::storage;
use async_graphql::{Result, dataloader::Loader};
use millwright_domain::{ids::CauseId, track::Track};
use millwright_projections::{
    NotRead,
    experience::{self, Attempt, Record},
};
use std::{collections::HashMap, sync::Arc};

impl Loaders {
    pub(crate) async fn track_record(&self, attempt: Attempt) -> Result<Track> {
        Ok(self.0.load_one(attempt).await.map_err(storage)?.unwrap_or_default())
    }
    pub(crate) async fn record_of(&self, cause: &CauseId, confidence: f64) -> Result<Record> {
        let claim = Claim { cause: cause.clone(), confidence: confidence.to_bits() };
        Ok(self.0.load_one(claim).await.map_err(storage)?.unwrap_or_default())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Claim {
    cause: CauseId,
    /// The bits of the number, which has no equality of its own.
    confidence: u64,
}

impl Loader<Attempt> for Tables {
    type Value = Track;
    type Error = Arc<NotRead>;
    async fn load(&self, attempts: &[Attempt]) -> Result<HashMap<Attempt, Track>, Self::Error> {
        Ok(attempts.iter().cloned().zip(self.0.track_records(attempts).await?).collect())
    }
}

impl Loader<Claim> for Tables {
    type Value = Record;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[Claim]) -> Result<HashMap<Claim, Record>, Self::Error> {
        let claims: Vec<(CauseId, f64)> = asked.iter().map(|claim| (claim.cause.clone(), f64::from_bits(claim.confidence))).collect();
        Ok(asked.iter().cloned().zip(experience::records_of(&self.0.ledger(), &claims).await?).collect())
    }
}
