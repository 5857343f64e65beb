//! ReceiveDeed: somebody did something in a case's ticket, outside. Recorded with what it means; what follows from it is asked for by itself.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    ids::ActorId,
    sealed::Sealed,
    site::Site,
    ticket::{TicketDeed, TicketTouched},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiveDeed {
    pub system: String,
    /// The system's id of the ticket.
    pub ticket: String,
    pub delivery: String,
    /// The enrolled person behind the account, if it is one's.
    pub by: Option<ActorId>,
    pub deed: TicketDeed,
    pub words: Option<Sealed>,
}

impl ReceiveDeed {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let key = (self.system.clone(), self.ticket.clone());
        let case = site.case_of_ticket.get(&key).copied();
        let ticket = case.and_then(|case| site.case(case).file()?.ticket_in(&self.system).cloned());
        let (Some(case), Some(ticket)) = (case, ticket) else {
            return Err(senseless("unknown_ticket", format_args!("no case of this site has the ticket {} in {}", self.ticket, self.system)));
        };
        if self.by.as_ref().is_some_and(ActorId::is_service) {
            return Err(senseless("not_a_person", "what Millwright does in tickets is no news to it"));
        }
        let touched =
            TicketTouched { ticket, delivery: self.delivery.clone(), by: self.by.clone(), deed: self.deed.clone(), words: self.words.clone() };
        Ok(Decision::one(StreamId::case(case), touched).about(case))
    }
}

#[cfg(test)]
mod tests {
    use super::ReceiveDeed;
    use crate::testing::{plant, scene};
    use millwright_domain::ticket::TicketDeed;

    fn reopened(ticket: &str) -> ReceiveDeed {
        let (system, delivery) = ("github".into(), "github:issue:17:reopened".into());
        ReceiveDeed { system, ticket: ticket.into(), delivery, by: Some("ann".parse().unwrap()), deed: TicketDeed::Reopened, words: None }
    }

    #[test]
    fn a_deed_is_recorded_with_the_case_whose_ticket_it_is() {
        let scene = scene().given_ticket("github", "17");
        let case = scene.case().to_string();
        let scene = scene.when(plant::ask("svc-door", reopened("17"))).then_facts(["TicketTouched"]).is_about(&case);
        scene.when(plant::ask("svc-door", reopened("18"))).is_refused("unknown_ticket");
    }
}
