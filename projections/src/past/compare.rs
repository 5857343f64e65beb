//! Two times held against each other: what is new, gone, or otherwise.

use crate::{
    NotRead, Projections,
    actions::{self, ActionRow},
    alarms::{self, AlarmRow},
    open_cases::{self, CaseRow},
    pending_approvals,
    shelf::Shelved,
};
use millwright_domain::{ids::SiteId, position::PartitionId};
use std::{collections::BTreeMap, fmt::Debug};

/// One thing at two times; `None` where it was not there. Only what differs is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<T> {
    pub before: Option<T>,
    pub after: Option<T>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    pub cases: Vec<Difference<CaseRow>>,
    /// What waited for a person at only one of the two times.
    pub approvals: Vec<Difference<ActionRow>>,
    pub actions: Vec<Difference<ActionRow>>,
    pub alarms: Vec<Difference<AlarmRow>>,
    /// There are more cases that changed.
    pub truncated: bool,
}

/// Cases that one comparison tells of at most.
const MOST_CASES: usize = 1_000;

impl Comparison {
    pub async fn of(before: &Projections, after: &Projections, site: Option<&SiteId>) -> Result<Self, NotRead> {
        let (was, is) = (before.ledger(), after.ledger());
        let (mut changed, seen) = (Vec::new(), before.position());
        for one in open_cases::sites(&is).await?.into_iter().filter(|one| site.is_none_or(|site| site == one)) {
            let next = seen.next(&PartitionId::site(&one));
            changed.extend(open_cases::changed_behind(&is, &one, next, None, MOST_CASES + 1).await?);
        }
        let truncated = changed.len() > MOST_CASES;
        changed.truncate(MOST_CASES);
        let mut compared = Self { truncated, ..Self::default() };
        for row in changed {
            let case = row.id;
            let before = open_cases::find(&was, case).await?;
            if before.as_ref().is_none_or(|before| shown(before) != shown(&row)) {
                compared.cases.push(Difference { before, after: Some(row) });
            }
            let (before, after) = (actions::of_case(&was, case).await?, actions::of_case(&is, case).await?);
            compared.actions.extend(differences(before, after, |row| row.proposal.action));
        }
        let (before, after) = (pending_approvals::all(&was, site).await?, pending_approvals::all(&is, site).await?);
        // Reminders change a row; it waits all the same.
        let waits = differences(before, after, |row| row.proposal.action).into_iter().filter(|one| one.before.is_none() || one.after.is_none());
        compared.approvals = waits.collect();
        let (before, after) = (alarms::all(&was, site).await?, alarms::all(&is, site).await?);
        compared.alarms = differences(before, after, Shelved::key);
        Ok(compared)
    }
}

/// What people are shown of a case's standing; that it was reminded of is no difference.
fn shown(row: &CaseRow) -> impl PartialEq + Debug {
    (row.stage(), row.case.file().and_then(|file| file.cause().cloned()), row.severity, row.ended_as())
}

fn differences<T: PartialEq, K: Ord>(before: Vec<T>, after: Vec<T>, key: impl Fn(&T) -> K) -> Vec<Difference<T>> {
    let mut both: BTreeMap<K, Difference<T>> = BTreeMap::new();
    for row in before {
        both.insert(key(&row), Difference { before: Some(row), after: None });
    }
    for row in after {
        let one = both.entry(key(&row)).or_insert(Difference { before: None, after: None });
        one.after = Some(row);
    }
    both.into_values().filter(|one| one.before != one.after).collect()
}
