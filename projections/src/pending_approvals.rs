//! What waits for a person's yes? One row while it waits, none afterwards.

use crate::{
    actions::{ActionRow, action_of},
    db::{Ask, Db, NotRead},
    fact::{Fact, Poison},
    projection::Projection,
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{Event, ids::SiteId, policy::Ruling};
use std::collections::BTreeMap;

static PENDING: Table = Table {
    name: "pending_approvals",
    columns: &[("action", Kind::Text), ("site", Kind::Text), ("case_id", Kind::Text), ("name", Kind::Text), ("expires_at", Kind::Time)],
    key: 1,
    indexes: &[&["expires_at"]],
};

/// Needs no memory between batches: a proposal puts the row there, whatever comes next takes it away.
#[derive(Default)]
pub(crate) struct PendingApprovals {
    changed: BTreeMap<String, Option<Vec<Value>>>,
}

#[async_trait]
impl Projection for PendingApprovals {
    fn name(&self) -> &'static str {
        "pending_approvals"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&PENDING]
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let (Some(case), Some(site)) = (fact.case, fact.site.clone()) else { return Ok(()) };
        let event = fact.event()?;
        let Some(action) = action_of(event) else { return Ok(()) };
        let row = match event {
            // It goes on waiting.
            Event::ApprovalGiven(_) | Event::ApprovalDelegated(_) | Event::ApprovalReminded(_) | Event::ApprovalEscalated(_) => return Ok(()),
            Event::ActionProposed(proposed) if proposed.proposal.ruling == Ruling::RequireApproval => Some(vec![
                Value::text(action),
                Value::text(site),
                Value::text(case),
                Value::text(&proposed.proposal.name),
                Value::Time(proposed.proposal.expires_at),
            ]),
            _ => None,
        };
        self.changed.insert(action.to_string(), row);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        let (mut rows, mut gone) = (vec![], vec![]);
        for (action, row) in std::mem::take(&mut self.changed) {
            match row {
                Some(row) => rows.push(row),
                None => gone.push(vec![Value::Text(action)]),
            }
        }
        writes.delete(&PENDING, gone);
        writes.upsert(&PENDING, rows);
    }
    fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Soonest expiry first.
pub async fn all(db: &Db, site: Option<&SiteId>) -> Result<Vec<ActionRow>, NotRead> {
    let mut ask = Ask::new("SELECT actions.doc FROM pending_approvals JOIN actions ON actions.id = pending_approvals.action");
    if let Some(site) = site {
        ask.push(" WHERE pending_approvals.site = ").push_bind(Value::text(site));
    }
    ask.push(" ORDER BY pending_approvals.expires_at, pending_approvals.action LIMIT 500");
    Ok(ask.docs(db).await?)
}
