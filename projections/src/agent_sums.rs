//! What agents reported, added up: tokens in five classes, calls, errors, time, cost.

use crate::table::Value;
use millwright_domain::agent::{Figures, TokensUsed};
use serde::{Deserialize, Serialize};

/// Reported figures, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sums {
    pub tokens: TokensUsed,
    pub calls: u64,
    pub errors: u64,
    pub inference_ms: u64,
    pub cost_nano_dollars: u64,
}

impl Sums {
    pub(crate) fn add(&mut self, figures: &Figures) {
        let (sum, more) = (&mut self.tokens, figures.tokens);
        sum.input = sum.input.saturating_add(more.input);
        sum.cache_read = sum.cache_read.saturating_add(more.cache_read);
        sum.cache_write = sum.cache_write.saturating_add(more.cache_write);
        sum.output = sum.output.saturating_add(more.output);
        sum.reasoning = sum.reasoning.saturating_add(more.reasoning);
        self.calls = self.calls.saturating_add(figures.calls);
        self.errors = self.errors.saturating_add(figures.errors);
        self.inference_ms = self.inference_ms.saturating_add(figures.inference_ms);
        self.cost_nano_dollars = self.cost_nano_dollars.saturating_add(figures.cost_nano_dollars);
    }
    pub(crate) fn columns(&self) -> Vec<Value> {
        [self.tokens.total(), self.calls, self.errors, self.inference_ms, self.cost_nano_dollars].map(Value::count).into()
    }
}
