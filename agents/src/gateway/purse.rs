//! What the gateway asks of a budget: hold, say that it leaves, settle or let go. Each attempt has a hold of its own.

use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    ids::{ActorId, CaseId, DeploymentName, ReservationId, SiteId},
    model_call::{NanoDollars, Spent},
};
use thiserror::Error;

/// The most that one attempt can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The same for the same attempt of the same call, so that asking twice holds once.
    pub reservation: ReservationId,
    pub agent: ActorId,
    pub site: Option<SiteId>,
    pub case: Option<CaseId>,
    /// The task that it is for, by its own name.
    pub task: Option<String>,
    pub deployment: DeploymentName,
    pub provider: String,
    pub tokens: u64,
    pub cost: NanoDollars,
    /// Which version of the price the cost is from.
    pub price: String,
    /// May use what is kept for critical cases.
    pub is_critical: bool,
    /// When the attempt is certainly over: whoever has not heard by then settles it, as dispatched in full.
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    #[error("the budget of {scope} has {remaining} tokens left{}", resets(.resets_at))]
    OverBudget { scope: String, remaining: u64, resets_at: Option<Timestamp> },
    /// In its own words.
    #[error("{0}")]
    Refused(String),
    /// It cannot be asked. Then nothing is spent.
    #[error("the budget cannot be asked: {0}")]
    Unavailable(String),
}

fn resets(at: &Option<Timestamp>) -> String {
    at.map(|at| format!("; it begins anew at {at}")).unwrap_or_default()
}

/// The budget could not be told. What it was not told it settles in full when the hold expires.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the budget could not be told: {0}")]
pub struct NotTold(pub String);

#[async_trait]
pub trait Purse: Send + Sync {
    /// No hold passes a limit, not by one token.
    async fn reserve(&self, wish: &Wish) -> Result<(), Denied>;
    /// Durable when it returns: after it the request may leave, never before.
    async fn dispatched(&self, reservation: ReservationId) -> Result<(), Denied>;
    /// In full, also past what was held. Twice counts once.
    async fn settle(&self, reservation: ReservationId, spent: &Spent, cost: NanoDollars) -> Result<(), NotTold>;
    /// Nothing was counted.
    async fn release(&self, reservation: ReservationId) -> Result<(), NotTold>;
    /// Whoever asked has gone away in the middle. Must not block. `spent`, if it had left by then; the rest follows when the hold expires.
    fn abandoned(&self, reservation: ReservationId, spent: Option<Spent>, cost: NanoDollars);
}
