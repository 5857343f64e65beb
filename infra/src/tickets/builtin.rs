//! Our own list of cases as the ticket system, for plants without one. The page shows the case itself, so there is nothing to write.

use super::settings::{self, BadTickets};
use async_trait::async_trait;
use millwright_domain::{
    case::Outcome,
    ids::CaseId,
    ports::{
        messenger::NotTaken,
        ticket_system::{TicketNews, TicketSystem},
    },
    ticket::{TicketRef, TicketText},
};
use serde::{Deserialize, Serialize};

pub const SYSTEM: &str = "builtin";

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BuiltinSettings {
    /// Where people reach Millwright's page: `https://millwright.plant.example`; empty switches it off.
    pub public_url: String,
}

impl BuiltinSettings {
    pub fn is_on(&self) -> bool {
        !self.public_url.is_empty()
    }
}

pub struct BuiltinTickets {
    public_url: String,
}

impl BuiltinTickets {
    pub fn new(settings: &BuiltinSettings) -> Result<Self, BadTickets> {
        Ok(Self { public_url: settings::address("builtin.public_url", &settings.public_url)? })
    }
}

/// What happens to the ticket is what happens to the case, and is on the ledger already.
#[async_trait]
impl TicketSystem for BuiltinTickets {
    async fn open(&self, case: CaseId, _text: &TicketText) -> Result<TicketRef, NotTaken> {
        Ok(TicketRef { system: SYSTEM.into(), id: case.to_string(), url: format!("{}/#/cases/{case}", self.public_url) })
    }
    async fn edit(&self, _ticket: &TicketRef, _text: &TicketText) -> Result<(), NotTaken> {
        Ok(())
    }
    async fn comment(&self, _ticket: &TicketRef, _key: &str, _body: &str) -> Result<(), NotTaken> {
        Ok(())
    }
    async fn close(&self, _ticket: &TicketRef, _key: &str, _outcome: Outcome, _body: &str) -> Result<(), NotTaken> {
        Ok(())
    }
    async fn reopen(&self, _ticket: &TicketRef, _key: &str, _body: &str) -> Result<(), NotTaken> {
        Ok(())
    }
    async fn news(&self, _since: &str) -> Result<Option<TicketNews>, NotTaken> {
        Ok(None)
    }
}
