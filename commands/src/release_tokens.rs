//! ReleaseTokens: the call never left, so what was held is free again.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{budget::TokensReleased, envelope::StreamId, ids::ReservationId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseTokens {
    pub scope: String,
    pub reservation: ReservationId,
    /// It left, and the provider refused it before counting anything.
    #[serde(default)]
    pub uncounted: bool,
}

impl ReleaseTokens {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let account = site.budgets.get(&self.scope);
        match account.and_then(|account| account.open.get(&self.reservation)) {
            None if account.is_some_and(|account| account.ended(&self.reservation).is_some()) => Ok(Decision::AlreadySo),
            None => Err(senseless("not_reserved", "nothing is held under this reservation")),
            Some(hold) if hold.dispatched && !self.uncounted => {
                Err(senseless("dispatched_already", "the call has left and may have been billed; settle it"))
            }
            Some(hold) => {
                let free = TokensReleased { reservation: self.reservation };
                Ok(Decision::each(hold.counts_in(&self.scope).map(StreamId::budget), free))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn a_call_that_has_left_cannot_be_released() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 1_000)).happens().when(plant::dispatch(1)).happens();
        scene.when(plant::release(1)).is_refused("dispatched_already");
    }
}
