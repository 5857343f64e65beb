//! Asking a model again what was asked before, and how the models stand: for people who want to know what another would have said.

use crate::{
    ids::{ActorId, CauseId, DeploymentName, SiteId},
    kept_call::KeptWords,
    model_call::{Answer, Deployment, NanoDollars, PriceVersion},
    time::Timestamp,
};
use async_trait::async_trait;
use std::time::Duration;
use thiserror::Error;
use uuid::Uuid;

/// A recorded question, to be asked again with the material that it was asked with. Nothing is looked up anew.
#[derive(Debug, Clone)]
pub struct AskAgain {
    pub site: SiteId,
    /// Its new name: holds on the budget follow from it.
    pub again: Uuid,
    /// Of whom; only that one is asked.
    pub with: DeploymentName,
    pub words: KeptWords,
    /// What a person found to be the cause.
    pub cause: Option<CauseId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SaidAgain {
    pub answer: Answer,
    pub deployment: DeploymentName,
    /// Of all its attempts.
    pub cost: NanoDollars,
    pub took: Duration,
    pub quality: Quality,
}

/// How good an answer is, as far as rules can tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quality {
    /// Whether it names the cause that a person found; `None`: nobody has said what the cause was.
    pub names_the_cause: Option<bool>,
    /// Addresses, pages and quotations in it that the material does not hold.
    pub invented: Vec<String>,
    /// From 0 to 1: the mean of what is known.
    pub points: f64,
}

/// How one deployment stands, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelStanding {
    pub deployment: Deployment,
    /// `None`: it may be asked now. Else why not, and until when if that is known.
    pub left_alone: Option<(String, Option<Timestamp>)>,
    /// How long it has taken lately.
    pub latency: Option<Duration>,
    /// `None`: there is none in force.
    pub price: Option<PriceVersion>,
}

/// Why nothing was asked, or answered, for the person who wanted it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotAsked(pub String);

#[async_trait]
pub trait ModelDesk: Send + Sync {
    fn standings(&self, site: &SiteId) -> Vec<ModelStanding>;

    /// Held for on the budget as any call.
    async fn ask_again(&self, asked: AskAgain) -> Result<SaidAgain, NotAsked>;

    /// The same measure for an answer that is there already.
    fn quality(&self, words: &KeptWords, cause: Option<&CauseId>) -> Option<Quality>;

    /// Whose budget a repeated question counts on.
    fn agent(&self) -> ActorId;
}
