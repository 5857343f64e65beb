//! How the deployments are: a breaker and the latency of each, changed by every attempt and read by every question.

use super::{
    breaker::{AttemptNumber, Breaker, BreakerRules, Sign},
    route::Standing,
};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, ids::DeploymentName};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The newest latency counts so much.
const NEWEST: f64 = 0.2;

#[derive(Clone)]
pub struct Board {
    rules: BreakerRules,
    inner: Arc<Mutex<HashMap<DeploymentName, Health>>>,
    attempts: Arc<AtomicU64>,
}

#[derive(Debug, Clone, Default)]
struct Health {
    breaker: Breaker,
    latency_us: Option<f64>,
}

/// An attempt that the board knows of until it has ended. Dropped before, it says nothing about the deployment.
pub struct Begun {
    board: Board,
    deployment: DeploymentName,
    number: AttemptNumber,
    has_ended: bool,
}

impl Board {
    pub fn new(rules: BreakerRules) -> Self {
        Self { rules, inner: Arc::default(), attempts: Arc::default() }
    }
    fn inner(&self) -> MutexGuard<'_, HashMap<DeploymentName, Health>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn standing(&self, deployment: &DeploymentName, now: Timestamp) -> Standing {
        self.inner().get(deployment).map_or(Standing::Well, |health| health.breaker.standing(now))
    }
    pub fn latency(&self, deployment: &DeploymentName) -> Option<TimeDelta> {
        let micros = self.inner().get(deployment)?.latency_us?;
        Some(TimeDelta::microseconds(micros as i64))
    }

    /// `None` if it is not to be tried by now.
    pub fn begins(&self, deployment: &DeploymentName, now: Timestamp) -> Option<Begun> {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        let begins = self.inner().entry(deployment.clone()).or_default().breaker.begins(number, now);
        begins.then(|| Begun { board: self.clone(), deployment: deployment.clone(), number, has_ended: false })
    }
}

impl Begun {
    pub fn ended(mut self, sign: Sign, took: TimeDelta, now: Timestamp) {
        self.has_ended = true;
        let mut inner = self.board.inner();
        let health = inner.entry(self.deployment.clone()).or_default();
        health.breaker.ended(self.number, sign, now, self.board.rules);
        if sign == Sign::Well {
            let newest = took.num_microseconds().unwrap_or(i64::MAX) as f64;
            health.latency_us = Some(health.latency_us.map_or(newest, |before| before + NEWEST * (newest - before)));
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.has_ended
            && let Some(health) = self.board.inner().get_mut(&self.deployment)
        {
            health.breaker.not_tried(self.number);
        }
    }
}
