//! What the gateway tells of each call, as data: who was considered, what was answered, what failed. Whoever listens makes facts of it.

use super::question::Question;
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    going_round::LoopSign,
    ids::{ActorId, CaseId, DeploymentName},
    model_call::{Answer, CallFailed, Considered, NanoDollars, Spent},
};
use uuid::Uuid;

/// A routing decision. There is one before each attempt, because health changes in between.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed {
    pub call: Uuid,
    pub agent: ActorId,
    /// What the question is about.
    pub case: Option<CaseId>,
    /// From 1.
    pub attempt: u32,
    pub considered: Vec<Considered>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub call: Uuid,
    pub agent: ActorId,
    pub case: Option<CaseId>,
    pub attempt: u32,
    /// The decision that led to this attempt.
    pub considered: Vec<Considered>,
    pub deployment: DeploymentName,
    /// As the provider calls it.
    pub model: String,
    pub spent: Spent,
    pub cost: NanoDollars,
    /// The version of the price; empty for the built-in model.
    pub price: String,
    pub took: TimeDelta,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    pub call: Uuid,
    pub agent: ActorId,
    pub case: Option<CaseId>,
    pub attempt: u32,
    pub considered: Vec<Considered>,
    pub deployment: DeploymentName,
    /// One word: `timed_out`, `over_budget`, …
    pub kind: &'static str,
    pub said: String,
    /// What counts all the same.
    pub spent: Option<Spent>,
    pub cost: NanoDollars,
    pub took: TimeDelta,
}

/// An agent went round in circles over a case, and its question was not asked, or its answer not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WentRound {
    pub agent: ActorId,
    pub case: CaseId,
    pub sign: LoopSign,
    pub said: String,
}

/// The words of an attempt that has left: for whoever keeps them, sealed, and for no log.
pub struct Spoken<'a> {
    pub question: &'a Question,
    pub attempt: u32,
    pub deployment: &'a DeploymentName,
    pub said: Result<&'a Answer, &'a CallFailed>,
}

/// Does nothing that could fail the call.
#[async_trait]
pub trait Observer: Send + Sync {
    async fn routed(&self, routed: &Routed);
    async fn answered(&self, answered: &Answered);
    async fn failed(&self, failed: &Failed);
    /// Whoever asked went away after the request had left. Must not block.
    fn abandoned(&self, _: Failed) {}
    async fn went_round(&self, _: &WentRound) {}
    /// After `answered` or `failed`, if anything was sent.
    async fn spoken(&self, _: &Spoken<'_>) {}
}

pub struct Nobody;

#[async_trait]
impl Observer for Nobody {
    async fn routed(&self, _: &Routed) {}
    async fn answered(&self, _: &Answered) {}
    async fn failed(&self, _: &Failed) {}
}
