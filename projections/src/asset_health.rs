//! How is each machine: is anything open, how bad, is somebody working on it, and how did its faults end?

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
    case::{Outcome, OutcomeRecorded, Severity},
    ids::{AssetId, CaseId, SiteId},
    site::AssetLockedOut,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// One machine's state and record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HealthRow {
    pub site: SiteId,
    pub asset: AssetId,
    pub open: BTreeMap<CaseId, OpenFault>,
    pub locked_out: Option<(AssetLockedOut, Timestamp)>,
    pub last_alert_at: Option<Timestamp>,
    pub closed: u64,
    pub repaired: u64,
    pub false_alarms: u64,
    pub self_recovered: u64,
    pub last_outcome: Option<(Outcome, Timestamp)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OpenFault {
    pub severity: Option<Severity>,
    /// Quiet for now, by what was done about it.
    pub mitigated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    Ok,
    Mitigated,
    Fault,
    LockedOut,
}

impl HealthRow {
    pub fn new(site: SiteId, asset: AssetId) -> Self {
        Self {
            site,
            asset,
            open: BTreeMap::new(),
            locked_out: None,
            last_alert_at: None,
            closed: 0,
            repaired: 0,
            false_alarms: 0,
            self_recovered: 0,
            last_outcome: None,
        }
    }
    pub fn state(&self) -> HealthState {
        if self.locked_out.is_some() {
            HealthState::LockedOut
        } else if self.open.is_empty() {
            HealthState::Ok
        } else if self.open.values().all(|fault| fault.mitigated) {
            HealthState::Mitigated
        } else {
            HealthState::Fault
        }
    }
    pub fn worst(&self) -> Option<Severity> {
        self.open.values().filter_map(|fault| fault.severity).max()
    }
}

static HEALTH: Table = Table {
    name: "asset_health",
    columns: &[
        ("key", Kind::Text),
        ("site", Kind::Text),
        ("asset", Kind::Text),
        ("state", Kind::Text),
        ("open_cases", Kind::Whole),
        ("closed_cases", Kind::Whole),
        ("last_alert_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[],
};

impl Shelved for HealthRow {
    const TABLE: &'static Table = &HEALTH;
    fn key(&self) -> String {
        key(&self.site, &self.asset)
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(&self.site),
            Value::text(&self.asset),
            Value::word(&self.state()),
            Value::count(self.open.len() as u64),
            Value::count(self.closed),
            Value::maybe(self.last_alert_at, Value::Time),
        ]
    }
}

fn key(site: &SiteId, asset: &AssetId) -> String {
    format!("{site}/{asset}")
}

#[derive(Default)]
pub(crate) struct AssetHealth {
    assets: Shelf<HealthRow>,
    /// The asset's key of each open case: outcomes name their case only.
    asset_of: Option<HashMap<CaseId, String>>,
}

#[async_trait]
impl Projection for AssetHealth {
    fn name(&self) -> &'static str {
        "asset_health"
    }
    fn version(&self) -> u32 {
        2
    }
    fn changed(&self) -> &'static [&'static str] {
        &["asset_health.state"]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&HEALTH]
    }
    async fn recall(&mut self, _facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        self.assets.recall_all(db).await?;
        if self.asset_of.is_none() {
            let open = self.assets.iter().flat_map(|row| row.open.keys().map(|case| (*case, row.key())));
            self.asset_of = Some(open.collect());
        }
        Ok(())
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = fact.site.clone() else { return Ok(()) };
        match fact.event()? {
            Event::PlantDescribed(described) => {
                for asset in &described.plant.assets {
                    self.with(&site, &asset.id, |_| ());
                }
            }
            Event::AssetLockedOut(locked) => self.with(&site, &locked.asset, |row| row.locked_out = Some((locked.clone(), fact.occurred_at))),
            Event::AssetReturnedToService(returned) => self.with(&site, &returned.asset, |row| row.locked_out = None),
            Event::AlertRaised(alert) => self.fault(fact, &site, &alert.asset, |row, case| {
                row.last_alert_at = row.last_alert_at.max(Some(fact.occurred_at));
                let known = row.open.entry(case).or_default();
                known.severity = known.severity.max(Some(alert.severity));
                known.mitigated = false;
            }),
            Event::DiagnosisRecorded(diagnosis) => self.fault(fact, &site, &diagnosis.asset, |row, case| {
                row.open.entry(case).or_default();
            }),
            Event::OutcomeRecorded(outcome) => self.end(fact, outcome),
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.assets.drain(writes);
    }
    fn forget(&mut self) {
        *self = Self::default();
    }
}

impl AssetHealth {
    fn with(&mut self, site: &SiteId, asset: &AssetId, change: impl FnOnce(&mut HealthRow)) {
        let key = key(site, asset);
        let mut row = self.assets.get(&key).cloned().unwrap_or_else(|| HealthRow::new(site.clone(), asset.clone()));
        change(&mut row);
        self.assets.put(row);
    }

    fn fault(&mut self, fact: &Fact, site: &SiteId, asset: &AssetId, change: impl FnOnce(&mut HealthRow, CaseId)) {
        let Some(case) = fact.case else { return };
        self.asset_of.get_or_insert_default().insert(case, key(site, asset));
        self.with(site, asset, |row| change(row, case));
    }

    fn end(&mut self, fact: &Fact, outcome: &OutcomeRecorded) {
        let Some(case) = fact.case else { return };
        let open = self.asset_of.get_or_insert_default();
        let key = if outcome.closes { open.remove(&case) } else { open.get(&case).cloned() };
        let Some(row) = key.and_then(|key| self.assets.edit(&key)) else { return };
        row.last_outcome = Some((outcome.outcome, fact.occurred_at));
        if !outcome.closes {
            let fault = row.open.entry(case).or_default();
            fault.mitigated |= outcome.outcome == Outcome::Mitigated;
            return;
        }
        row.open.remove(&case);
        row.closed += 1;
        match outcome.outcome {
            Outcome::Repaired => row.repaired += 1,
            Outcome::FalseAlarm => row.false_alarms += 1,
            Outcome::SelfRecovered => row.self_recovered += 1,
            Outcome::Mitigated | Outcome::NoEffect => {}
        }
    }
}

/// Every machine of a site, or of all.
pub async fn all(db: &Db, site: Option<&SiteId>) -> Result<Vec<HealthRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM asset_health");
    if let Some(site) = site {
        ask.push(" WHERE site = ").push_bind(Value::text(site));
    }
    ask.push(" ORDER BY key");
    Ok(ask.docs(db).await?)
}

/// Those of them of which anything is known, in no order.
pub async fn find_all(db: &Db, assets: &[(SiteId, AssetId)]) -> Result<Vec<HealthRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM asset_health WHERE key IN ");
    ask.push_list(assets.iter().map(|(site, asset)| Value::Text(key(site, asset))));
    Ok(ask.docs(db).await?)
}
