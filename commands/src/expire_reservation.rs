//! ExpireReservation: nobody settled or released in time. What had left counts in full, what had not is free again.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{budget::ReservationExpired, envelope::StreamId, ids::ReservationId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpireReservation {
    pub scope: String,
    pub reservation: ReservationId,
}

impl ExpireReservation {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let hold = site.budgets.get(&self.scope).and_then(|account| account.open.get(&self.reservation));
        let Some(hold) = hold else { return Ok(Decision::AlreadySo) };
        if circumstances.now.wall < hold.expires_at {
            return Err(senseless("not_yet", format_args!("it is held until {}", hold.expires_at)));
        }
        let counted = if hold.dispatched { hold.tokens } else { 0 };
        let expired = ReservationExpired { reservation: self.reservation, counted };
        Ok(Decision::each(hold.counts_in(&self.scope).map(StreamId::budget), expired))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn what_had_left_counts_in_full_and_what_had_not_is_free() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 1_000)).happens().when(plant::dispatch(1)).happens();
        let scene = scene.when(plant::reserve(2, 2_000)).happens().later_s(120);
        let scene = scene.when(plant::expire_reservation(1)).happens().when(plant::expire_reservation(2)).happens();
        assert_eq!(scene.spent().0.total(), 1_000);
    }
}
