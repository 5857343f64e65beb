//! What agents reported, added up: tokens in five classes, calls, errors, time, cost.

use crate::table::Value;
use millwright_domain::{agent::Figures, model_call::Usage};
use serde::{Deserialize, Serialize};

/// Reported figures, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sums {
    pub tokens: Usage,
    pub calls: u64,
    pub errors: u64,
    pub inference_ms: u64,
    pub cost_nano_dollars: u64,
}

impl Sums {
    pub(crate) fn add(&mut self, figures: &Figures) {
        self.tokens = self.tokens + figures.tokens;
        self.calls = self.calls.saturating_add(figures.calls);
        self.errors = self.errors.saturating_add(figures.errors);
        self.inference_ms = self.inference_ms.saturating_add(figures.inference_ms);
        self.cost_nano_dollars = self.cost_nano_dollars.saturating_add(figures.cost_nano_dollars);
    }
    pub(crate) fn columns(&self) -> Vec<Value> {
        [self.tokens.total(), self.calls, self.errors, self.inference_ms, self.cost_nano_dollars].map(Value::count).into()
    }
}
