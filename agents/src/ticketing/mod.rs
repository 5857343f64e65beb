//! On what happens in a case, keep its tickets as the case is: opened once, edited with the diagnosis, told what was decided and done, closed with the outcome.

mod list;
#[cfg(test)]
mod tests;
mod words;

use crate::{
    clerk::{Desk, Due},
    precedent::Precedents,
};
use async_trait::async_trait;
use list::{Item, List};
use millwright_domain::{
    Timestamp,
    effect::EffectWanted,
    envelope::Recorded,
    ids::{EffectId, SignalId, SiteId},
    ticket::TICKETS,
};
use millwright_projections::{
    Projections,
    readings::{Period, rollups},
};
use std::sync::Arc;
pub use words::Curves;
use words::Writer;

pub struct TicketDesk {
    list: List,
    precedents: Arc<dyn Precedents>,
    curves: Arc<dyn Curves>,
}

impl TicketDesk {
    pub fn new(precedents: Arc<dyn Precedents>, curves: Arc<dyn Curves>) -> Self {
        Self { list: List::default(), precedents, curves }
    }
}

#[async_trait]
impl Desk for TicketDesk {
    fn take(&mut self, fact: &Recorded) {
        self.list.take(fact);
    }

    fn next(&self, _: Timestamp) -> Option<Due> {
        let first = self.list.ready().min_by_key(|item| item.not_before)?;
        Some(Due { at: first.not_before, effect: first.effect, because: first.because })
    }

    async fn write(&self, effect: EffectId, _: Timestamp) -> Option<EffectWanted> {
        let item: &Item = self.list.items.iter().find(|item| item.effect == effect)?;
        let writer = Writer { list: &self.list, precedents: &*self.precedents, curves: &*self.curves };
        let (work, quotes) = writer.work(item).await?;
        let asset = &self.list.site.case(item.case).file()?.asset;
        Some(EffectWanted {
            effect,
            idempotency_key: effect.to_string(),
            target: format!("{TICKETS}{}:{}", item.system, item.case),
            subject: format!("{asset}: ticket in {}", item.system),
            body: serde_json::to_string(&work).ok()?,
            case: Some(item.case),
            action: None,
            quotes,
        })
    }

    fn drop(&mut self, effect: EffectId) {
        self.list.items.retain(|item| item.effect != effect);
    }
}

/// Curves from the rollups of ten seconds.
pub struct Rollups(pub Projections);

#[async_trait]
impl Curves for Rollups {
    /// A ticket without a curve is still a ticket.
    async fn means(&self, site: &SiteId, signal: &SignalId, span: [Timestamp; 2], stretches: usize) -> Vec<Option<f64>> {
        let points = match rollups(&self.0.readings(), site, signal, Period::TenSeconds, span, 10_000).await {
            Ok(points) => points,
            Err(cause) => {
                tracing::warn!(%signal, %cause, "the curve for a ticket cannot be read");
                return vec![];
            }
        };
        let length = span[1].since(span[0]).num_microseconds().unwrap_or(1).max(1);
        let mut sums = vec![(0.0, 0_u32); stretches];
        for point in points {
            let place = point.at.since(span[0]).num_microseconds().unwrap_or(0).max(0) as f64 / length as f64 * stretches as f64;
            if let (Some(mean), Some((sum, count))) = (point.mean, sums.get_mut(place as usize)) {
                *sum += mean;
                *count += 1;
            }
        }
        sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))).collect()
    }
}
