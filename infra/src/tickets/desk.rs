//! The messenger for `tickets/<system>:<case>`: reads what is to be done and has the system's adapter do it, under the effect's key.

use async_trait::async_trait;
use millwright_domain::{
    effect::EffectWanted,
    ports::{
        messenger::{Messenger, NotTaken},
        ticket_system::TicketSystem,
    },
    ticket::{TICKETS, TicketRef, TicketWork},
};
use std::{collections::BTreeMap, sync::Arc};

/// So many tickets are worked on at once in one system. One ticket's work is done in order.
const AT_ONCE: usize = 4;

#[derive(Clone, Default)]
pub struct TicketDesk {
    systems: BTreeMap<String, Arc<dyn TicketSystem>>,
}

impl TicketDesk {
    pub fn with(mut self, system: &str, adapter: Arc<dyn TicketSystem>) -> Self {
        self.add(system, adapter);
        self
    }
    pub fn add(&mut self, system: &str, adapter: Arc<dyn TicketSystem>) {
        self.systems.insert(system.to_string(), adapter);
    }
    pub fn system(&self, name: &str) -> Option<&Arc<dyn TicketSystem>> {
        self.systems.get(name)
    }
    /// The systems that are switched on, in order of their names.
    pub fn systems(&self) -> impl Iterator<Item = (&str, &Arc<dyn TicketSystem>)> {
        self.systems.iter().map(|(name, system)| (name.as_str(), system))
    }

    fn of(&self, target: &str) -> Result<(&str, &dyn TicketSystem), NotTaken> {
        let name = target.strip_prefix(TICKETS).and_then(|rest| rest.split(':').next()).unwrap_or_default();
        match self.systems.get_key_value(name) {
            Some((name, system)) => Ok((name, system.as_ref())),
            None => {
                let known = self.systems.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "none is" } else { &known };
                Err(NotTaken::ForGood(format!("no ticket system {name:?} is switched on here ({known}); look at [tickets] in the settings")))
            }
        }
    }
}

#[async_trait]
impl Messenger for TicketDesk {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let (name, system) = self.of(&effect.target)?;
        let unreadable = |cause: &dyn std::fmt::Display| NotTaken::ForGood(format!("it is no work on a ticket: {cause}"));
        let work: TicketWork = serde_json::from_str(&effect.body).map_err(|cause| unreadable(&cause))?;
        if let Some(ticket) = work.ticket().filter(|ticket| ticket.system != name) {
            return Err(unreadable(&format!("the ticket is one of {:?}, not of {name:?}", ticket.system)));
        }
        if let Some((case, ticket)) = effect.case.zip(work.ticket()) {
            system.holds(case, ticket).await?;
        }
        let key = effect.idempotency_key.as_str();
        match &work {
            TicketWork::Open { text } => {
                let case = effect.case.ok_or_else(|| unreadable(&"it names no case"))?;
                return receipt(&system.open(case, text).await?);
            }
            TicketWork::Edit { ticket, text } => system.edit(ticket, text).await?,
            TicketWork::Comment { ticket, body } => system.comment(ticket, key, body).await?,
            TicketWork::Close { ticket, outcome, body } => system.close(ticket, key, *outcome, body).await?,
            TicketWork::Reopen { ticket, body } => system.reopen(ticket, key, body).await?,
        }
        Ok(work.ticket().map(|ticket| format!("{name} {}", ticket.id)).unwrap_or_default())
    }

    /// Every adapter finds what it did before.
    fn knows_keys(&self, _effect: &EffectWanted) -> bool {
        true
    }
    fn at_once(&self, _adapter: &str) -> usize {
        AT_ONCE
    }
}

fn receipt(ticket: &TicketRef) -> Result<String, NotTaken> {
    serde_json::to_string(ticket).map_err(|cause| NotTaken::ForNow(format!("the ticket's reference could not be written: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::builtin::{BuiltinSettings, BuiltinTickets};
    use millwright_domain::{
        case::Severity,
        ids::{CaseId, EffectId, derived},
        ticket::TicketText,
    };

    fn desk() -> TicketDesk {
        let settings = BuiltinSettings { public_url: "https://mill.example".into() };
        TicketDesk::default().with("builtin", Arc::new(BuiltinTickets::new(&settings).unwrap()))
    }
    fn wanted(target: &str, body: String, case: Option<CaseId>) -> EffectWanted {
        let effect = EffectId(derived("k", "test", 0));
        EffectWanted { effect, idempotency_key: "k".into(), target: target.into(), subject: String::new(), body, case, action: None, quotes: vec![] }
    }
    fn open() -> String {
        let text = TicketText { title: "t".into(), body: "b".into(), labels: vec![], severity: Severity::High };
        serde_json::to_string(&TicketWork::Open { text }).unwrap()
    }

    #[tokio::test]
    async fn the_receipt_of_an_opened_ticket_is_its_reference() {
        let case = CaseId(derived("c", "test", 0));
        let receipt = desk().deliver(&wanted(&format!("tickets/builtin:{case}"), open(), Some(case))).await.unwrap();
        let ticket: TicketRef = serde_json::from_str(&receipt).unwrap();
        assert_eq!(ticket, TicketRef { system: "builtin".into(), id: case.to_string(), url: format!("https://mill.example/#/cases/{case}") });
        let work = serde_json::to_string(&TicketWork::Comment { ticket, body: "x".into() }).unwrap();
        assert_eq!(desk().deliver(&wanted("tickets/builtin:x", work, None)).await, Ok(format!("builtin {case}")));
    }

    #[tokio::test]
    async fn work_that_nobody_can_do_is_refused_for_good() {
        let elsewhere = TicketRef { system: "github".into(), id: "1".into(), url: String::new() };
        let elsewhere = serde_json::to_string(&TicketWork::Comment { ticket: elsewhere, body: "x".into() }).unwrap();
        for (target, body, why) in [
            ("tickets/pigeon:1", open(), "no ticket system \"pigeon\""),
            ("notice:1", open(), "no ticket system"),
            ("tickets/builtin:1", "{}".into(), "no work on a ticket"),
            ("tickets/builtin:1", open(), "names no case"),
            ("tickets/builtin:1", elsewhere, "one of \"github\""),
        ] {
            let refused = desk().deliver(&wanted(target, body, None)).await;
            assert!(matches!(&refused, Err(NotTaken::ForGood(said)) if said.contains(why)), "{target}: {refused:?}");
        }
    }
}
