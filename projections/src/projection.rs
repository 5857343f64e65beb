//! What every projection of the ledger is: tables, the rows its fold needs, and the fold.

use crate::{
    db::Conn,
    fact::{Fact, Poison},
    table::{Table, Writes},
};
use async_trait::async_trait;

/// Folds facts in order per stream. `recall` and `drain` touch the outside; `fold` does not.
#[async_trait]
pub(crate) trait Projection: Send {
    fn name(&self) -> &'static str;
    /// Grows with any change of tables or fold; the projection is then rebuilt from the log.
    fn version(&self) -> u32;
    fn tables(&self) -> Vec<&'static Table>;
    /// Columns, as `table.column`, that are new or mean something else than in the version before. All others are held against
    /// those of the version before when a rebuild takes its place.
    fn changed(&self) -> &'static [&'static str] {
        &[]
    }

    /// Brings in the rows that folding these facts will look at or change.
    async fn recall(&mut self, _facts: &[&Fact], _db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        Ok(())
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison>;
    /// What the folded facts make of the tables.
    fn drain(&mut self, writes: &mut Writes);
    /// The writes did not happen: begin anew from the tables.
    fn forget(&mut self);
}

/// Every projection of the ledger. A new question is one file and one line here.
pub(crate) fn all() -> Vec<Box<dyn Projection>> {
    vec![
        Box::<crate::audit::Audit>::default(),
        Box::<crate::plant::Plants>::default(),
        Box::<crate::open_cases::OpenCases>::default(),
        Box::<crate::actions::Actions>::default(),
        Box::<crate::pending_approvals::PendingApprovals>::default(),
        Box::<crate::case_timeline::CaseTimeline>::default(),
        Box::<crate::case_memory::CaseMemory>::default(),
        Box::<crate::alarms::Alarms>::default(),
        Box::<crate::asset_health::AssetHealth>::default(),
        Box::<crate::notices::outbox::Outbox>::default(),
        Box::<crate::tickets::Tickets>::default(),
        Box::<crate::investigations::Investigations>::default(),
        Box::<crate::kept_calls::KeptCalls>::default(),
        Box::<crate::contacts::Contacts>::default(),
        Box::<crate::principals::Principals>::default(),
        Box::<crate::house_days::HouseDays>::default(),
        Box::<crate::inspections::Inspections>::default(),
        Box::<crate::budget::Budgets>::default(),
        Box::<crate::agents::Agents>::default(),
        Box::<crate::tasks::Tasks>::default(),
        Box::<crate::letters::Letters>::default(),
        Box::<crate::agent_days::AgentDays>::default(),
        Box::<crate::work_log::WorkLog>::default(),
    ]
}
