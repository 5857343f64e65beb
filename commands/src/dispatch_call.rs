//! DispatchCall: the reserved call is about to leave. From here on its tokens count even if nobody ever hears of it again.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{budget::CallDispatched, envelope::StreamId, ids::ReservationId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DispatchCall {
    pub scope: String,
    pub reservation: ReservationId,
}

impl DispatchCall {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let hold = site.budgets.get(&self.scope).and_then(|account| account.open.get(&self.reservation));
        match hold {
            None => Err(senseless("not_reserved", "nothing is held under this reservation; reserve first")),
            Some(hold) if hold.dispatched => Err(senseless("dispatched_already", "one reservation is for one call")),
            Some(hold) if circumstances.now.wall >= hold.expires_at => Err(senseless("reservation_expired", "reserve again")),
            Some(hold) => {
                let left = CallDispatched { reservation: self.reservation };
                Ok(Decision::each(hold.counts_in(&self.scope).map(StreamId::budget), left))
            }
        }
    }
}
