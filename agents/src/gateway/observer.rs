//! What the gateway tells of each call, as data: who was considered, what was answered, what failed. Whoever listens makes facts of it.

use super::question::Question;
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    ids::{ActorId, DeploymentName},
    model_call::{Answer, CallFailed, Considered, NanoDollars, Spent},
};
use uuid::Uuid;

/// A routing decision. There is one before each attempt, because health changes in between.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed {
    pub call: Uuid,
    pub agent: ActorId,
    /// From 1.
    pub attempt: u32,
    pub considered: Vec<Considered>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub call: Uuid,
    pub agent: ActorId,
    pub attempt: u32,
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
    pub attempt: u32,
    pub deployment: DeploymentName,
    /// One word: `timed_out`, `over_budget`, …
    pub kind: &'static str,
    pub said: String,
    /// What counts all the same.
    pub spent: Option<Spent>,
    pub cost: NanoDollars,
    pub took: TimeDelta,
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
