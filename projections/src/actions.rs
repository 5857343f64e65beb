//! What was proposed, who said yes or no to exactly what, and what came of it? One row an action, for its whole life.

use crate::{
    db::{Ask, Conn, Db, NotRead},
    fact::{Fact, Poison},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    action::{Observed, Proposal},
    ids::{ActionId, ActorId, CaseId, SiteId},
    sealed::Sealed,
};
use serde::{Deserialize, Serialize};

/// One action as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionRow {
    pub proposal: Proposal,
    pub binding: String,
    pub case: CaseId,
    pub site: SiteId,
    pub stage: Stage,
    /// Wall time.
    pub proposed_at: Timestamp,
    pub decided_by: Option<ActorId>,
    /// Wall time.
    pub decided_at: Option<Timestamp>,
    pub note: Option<Sealed>,
    /// Wall time.
    pub started_at: Option<Timestamp>,
    pub send_by: Option<Timestamp>,
    pub observed: Vec<Observed>,
    /// Wall time.
    pub ended_at: Option<Timestamp>,
    pub read_back: Option<f64>,
    pub reason: Option<String>,
    /// Who said yes so far, where it takes several persons.
    pub yes: Vec<ActorId>,
    /// Who may answer beside those that policy names.
    pub also: Vec<ActorId>,
    pub reminders: u32,
    pub level: u32,
    /// The bytes that left for the device, hex.
    pub sent: Option<String>,
    /// Who looked whether it took.
    pub verified_by: Option<ActorId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    AwaitingApproval,
    Approved,
    Started,
    Completed,
    Unverified,
    Rejected,
    Expired,
    Superseded,
    Voided,
    Failed,
}

static ACTIONS: Table = Table {
    name: "actions",
    columns: &[
        ("id", Kind::Text),
        ("site", Kind::Text),
        ("case_id", Kind::Text),
        ("name", Kind::Text),
        ("stage", Kind::Text),
        ("proposed_at", Kind::Time),
        ("started_at", Kind::Time),
        ("ended_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["case_id", "proposed_at"]],
};

impl Shelved for ActionRow {
    const TABLE: &'static Table = &ACTIONS;
    fn key(&self) -> String {
        self.proposal.action.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(&self.site),
            Value::text(self.case),
            Value::text(&self.proposal.name),
            Value::word(&self.stage),
            Value::Time(self.proposed_at),
            Value::maybe(self.started_at, Value::Time),
            Value::maybe(self.ended_at, Value::Time),
        ]
    }
}

#[derive(Default)]
pub(crate) struct Actions {
    actions: Shelf<ActionRow>,
}

#[async_trait]
impl Projection for Actions {
    fn name(&self) -> &'static str {
        "actions"
    }
    fn version(&self) -> u32 {
        3
    }
    fn changed(&self) -> &'static [&'static str] {
        &["actions.stage", "actions.doc"]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&ACTIONS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter_map(|fact| action_of(fact.event().ok()?));
        self.actions.recall(named.map(|action| action.to_string()), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let (Some(case), Some(site)) = (fact.case, fact.site.clone()) else { return Ok(()) };
        let event = fact.event()?;
        if let Event::ActionProposed(proposed) = event {
            self.actions.put(proposed_row(&proposed.proposal, &proposed.binding, case, site, fact.recorded_at));
            return Ok(());
        }
        let Some(action) = action_of(event) else { return Ok(()) };
        let row = self.actions.edit(&action.to_string());
        let row = row.ok_or_else(|| Poison(format!("{} speaks of action {action}, which was never proposed", fact.kind)))?;
        step(row, event, fact.recorded_at);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.actions.drain(writes);
    }
    fn forget(&mut self) {
        self.actions.forget();
    }
}

/// The action that a fact of a case's stream is about.
pub(crate) fn action_of(event: &Event) -> Option<ActionId> {
    match event {
        Event::ActionProposed(fact) => Some(fact.proposal.action),
        Event::ActionApproved(fact) => Some(fact.action),
        Event::ActionRejected(fact) => Some(fact.action),
        Event::ApprovalExpired(fact) => Some(fact.action),
        Event::ActionVoided(fact) => Some(fact.action),
        Event::ActionSuperseded(fact) => Some(fact.action),
        Event::ActionStarted(fact) => Some(fact.action),
        Event::ActionCompleted(fact) => Some(fact.action),
        Event::ActionFailed(fact) => Some(fact.action),
        Event::ActionUnverified(fact) => Some(fact.action),
        Event::ActionVerified(fact) => Some(fact.action),
        Event::ApprovalGiven(fact) => Some(fact.action),
        Event::ApprovalDelegated(fact) => Some(fact.action),
        Event::ApprovalReminded(fact) => Some(fact.action),
        Event::ApprovalEscalated(fact) => Some(fact.action),
        _ => None,
    }
}

fn proposed_row(proposal: &Proposal, binding: &str, case: CaseId, site: SiteId, at: Timestamp) -> ActionRow {
    ActionRow {
        proposal: proposal.clone(),
        binding: binding.into(),
        case,
        site,
        stage: Stage::AwaitingApproval,
        proposed_at: at,
        decided_by: None,
        decided_at: None,
        note: None,
        started_at: None,
        send_by: None,
        observed: vec![],
        ended_at: None,
        read_back: None,
        reason: None,
        yes: vec![],
        also: vec![],
        reminders: 0,
        level: 0,
        sent: None,
        verified_by: None,
    }
}

fn step(row: &mut ActionRow, event: &Event, at: Timestamp) {
    let end = |row: &mut ActionRow, stage, reason: Option<&str>| {
        row.stage = stage;
        row.ended_at = Some(at);
        row.reason = reason.map(String::from);
    };
    match event {
        Event::ActionApproved(fact) => {
            row.stage = Stage::Approved;
            row.decided_by = Some(fact.by.clone());
            row.decided_at = Some(at);
        }
        Event::ActionRejected(fact) => {
            row.decided_by = Some(fact.by.clone());
            row.decided_at = Some(at);
            row.note.clone_from(&fact.note);
            end(row, Stage::Rejected, None);
        }
        Event::ActionStarted(fact) => {
            row.stage = Stage::Started;
            row.started_at = Some(at);
            row.send_by = Some(fact.send_by);
            row.observed.clone_from(&fact.observed);
        }
        Event::ActionCompleted(fact) => {
            row.read_back = fact.read_back;
            row.sent.clone_from(&fact.sent);
            end(row, Stage::Completed, None);
        }
        Event::ApprovalExpired(_) => end(row, Stage::Expired, Some("nobody said yes in time")),
        Event::ActionVoided(fact) => end(row, Stage::Voided, Some(&fact.reason)),
        Event::ActionSuperseded(fact) => end(row, Stage::Superseded, Some(&format!("replaced by action {}", fact.by))),
        Event::ActionFailed(fact) => {
            row.sent.clone_from(&fact.sent);
            end(row, Stage::Failed, Some(&fact.reason));
        }
        Event::ActionUnverified(fact) => {
            row.sent.clone_from(&fact.sent);
            end(row, Stage::Unverified, Some(&fact.reason));
        }
        Event::ActionVerified(fact) => {
            row.stage = if fact.took { Stage::Completed } else { Stage::Failed };
            row.verified_by = Some(fact.by.clone());
        }
        Event::ApprovalGiven(fact) => row.yes.push(fact.by.clone()),
        Event::ApprovalDelegated(fact) => row.also.push(fact.to.clone()),
        Event::ApprovalReminded(fact) => row.reminders = fact.number,
        Event::ApprovalEscalated(fact) => {
            row.level = fact.level;
            row.also.extend(fact.to.iter().filter(|person| !row.also.contains(person)).cloned().collect::<Vec<_>>());
        }
        _ => {}
    }
}

pub async fn find(db: &Db, action: ActionId) -> Result<Option<ActionRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM actions WHERE id = $1").bind(Value::text(action)).doc(db).await?)
}

/// The actions of so many cases, each case's in the order of their proposal.
pub async fn of_cases(db: &Db, cases: &[CaseId]) -> Result<Vec<ActionRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM actions WHERE case_id IN ");
    ask.push_list(cases.iter().map(Value::text)).push(" ORDER BY proposed_at, id");
    Ok(ask.docs(db).await?)
}

/// A case's actions in the order of their proposal.
pub async fn of_case(db: &Db, case: CaseId) -> Result<Vec<ActionRow>, NotRead> {
    of_cases(db, &[case]).await
}
