//! What is there: sites, assets by their place, signals, what is normal for them, and whether the site may act.

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
    baseline::{BaselineLearned, Relearning},
    ids::{ActorId, AssetId, SiteId},
    plant::Plant,
    policy::Policy,
    roster::Links,
    site::{AssetLockedOut, KillSwitchEngaged},
    threshold::ThresholdAdjusted,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One site as it was last described, with what people switched and what was learned.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PlantRow {
    site: String,
    pub plant: Option<Plant>,
    pub policy: Policy,
    pub kill_switch: Option<(KillSwitchEngaged, Timestamp)>,
    pub locked_out: BTreeMap<AssetId, (AssetLockedOut, Timestamp)>,
    pub baselines: BTreeMap<String, BaselineLearned>,
    /// By asset: what was said about learning it anew.
    #[serde(default)]
    pub relearning: BTreeMap<AssetId, RelearningRow>,
    /// By signal, where the limits are not the configured ones.
    #[serde(default)]
    pub thresholds: BTreeMap<String, (ThresholdAdjusted, Timestamp)>,
    /// Of the roster in force.
    #[serde(default)]
    pub links: Links,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RelearningRow {
    /// Why it should be, while nobody has answered.
    pub proposed: Option<String>,
    /// Relearnings that can be taken back.
    pub depth: u32,
    pub changed_by: Option<ActorId>,
    pub changed_at: Option<Timestamp>,
}

impl PlantRow {
    pub fn is_of(&self, site: &SiteId) -> bool {
        self.site == site.as_str()
    }
}

static PLANTS: Table = Table {
    name: "plants",
    columns: &[("site", Kind::Text), ("name", Kind::Text), ("halted", Kind::Whole), ("doc", Kind::Doc)],
    key: 1,
    indexes: &[],
};

/// Flat, for those who ask in SQL.
static SIGNALS: Table = Table {
    name: "signals",
    columns: &[
        ("site", Kind::Text),
        ("signal", Kind::Text),
        ("asset", Kind::Text),
        ("asset_name", Kind::Text),
        ("area", Kind::Text),
        ("line", Kind::Text),
        ("device", Kind::Text),
        ("kind", Kind::Text),
        ("unit", Kind::Text),
    ],
    key: 2,
    indexes: &[&["site", "asset"]],
};

impl Shelved for PlantRow {
    const TABLE: &'static Table = &PLANTS;
    fn key(&self) -> String {
        self.site.clone()
    }
    fn columns(&self) -> Vec<Value> {
        vec![Value::maybe(self.plant.as_ref(), |plant| Value::text(&plant.name)), Value::Whole(self.kill_switch.is_some().into())]
    }
}

#[derive(Default)]
pub(crate) struct Plants {
    plants: Shelf<PlantRow>,
    signals: BTreeMap<(String, String), Option<Vec<Value>>>,
}

#[async_trait]
impl Projection for Plants {
    fn name(&self) -> &'static str {
        "plant"
    }
    fn version(&self) -> u32 {
        3
    }
    fn changed(&self) -> &'static [&'static str] {
        &["plants.doc"]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&PLANTS, &SIGNALS]
    }
    async fn recall(&mut self, _facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        self.plants.recall_all(db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = fact.site.clone() else { return Ok(()) };
        let event = fact.event()?;
        let mut row = match event {
            Event::PlantDescribed(_)
            | Event::PolicyAdopted(_)
            | Event::RosterAdopted(_)
            | Event::KillSwitchEngaged(_)
            | Event::KillSwitchReleased(_)
            | Event::AssetLockedOut(_)
            | Event::AssetReturnedToService(_)
            | Event::RelearningProposed(_)
            | Event::RelearningApproved(_)
            | Event::BaselineRestored(_)
            | Event::ThresholdAdjusted(_)
            | Event::BaselineLearned(_) => {
                self.plants.get(site.as_str()).cloned().unwrap_or_else(|| PlantRow { site: site.to_string(), ..PlantRow::default() })
            }
            _ => return Ok(()),
        };
        if let Event::PlantDescribed(fact) = event {
            self.describe_signals(&site, row.plant.as_ref(), &fact.plant);
        }
        note(&mut row, event, fact.occurred_at);
        self.plants.put(row);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.plants.drain(writes);
        let (mut rows, mut gone) = (vec![], vec![]);
        for ((site, signal), row) in std::mem::take(&mut self.signals) {
            match row {
                Some(row) => rows.push(row),
                None => gone.push(vec![Value::Text(site), Value::Text(signal)]),
            }
        }
        writes.delete(&SIGNALS, gone);
        writes.upsert(&SIGNALS, rows);
    }
    fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Plants {
    fn describe_signals(&mut self, site: &SiteId, before: Option<&Plant>, now: &Plant) {
        for (_, signal) in before.into_iter().flat_map(Plant::signals) {
            self.signals.insert((site.to_string(), signal.id.to_string()), None);
        }
        for (asset, signal) in now.signals() {
            let row = vec![
                Value::text(site),
                Value::text(&signal.id),
                Value::text(&asset.id),
                Value::text(&asset.name),
                Value::text(&asset.area),
                Value::text(&asset.line),
                Value::text(&signal.device),
                Value::text(signal.kind),
                Value::text(signal.unit),
            ];
            self.signals.insert((site.to_string(), signal.id.to_string()), Some(row));
        }
    }
}

fn note(row: &mut PlantRow, event: &Event, at: Timestamp) {
    match event {
        Event::PlantDescribed(fact) => row.plant = Some(fact.plant.clone()),
        Event::PolicyAdopted(fact) => row.policy = fact.policy.clone(),
        Event::RosterAdopted(fact) => row.links = fact.roster.links.clone(),
        Event::KillSwitchEngaged(fact) => row.kill_switch = Some((fact.clone(), at)),
        Event::KillSwitchReleased(_) => row.kill_switch = None,
        Event::AssetLockedOut(fact) => {
            row.locked_out.insert(fact.asset.clone(), (fact.clone(), at));
        }
        Event::AssetReturnedToService(fact) => {
            row.locked_out.remove(&fact.asset);
        }
        Event::BaselineLearned(fact) => {
            row.baselines.insert(fact.signal.to_string(), fact.clone());
        }
        Event::RelearningProposed(fact) => row.relearning.entry(fact.asset.clone()).or_default().proposed = Some(fact.because.clone()),
        Event::RelearningApproved(fact) => relearned(row, &fact.asset, &fact.by, at, Relearning::approved),
        Event::BaselineRestored(fact) => relearned(row, &fact.asset, &fact.by, at, Relearning::restored),
        Event::ThresholdAdjusted(fact) => {
            row.thresholds.insert(fact.signal.to_string(), (fact.clone(), at));
        }
        _ => {}
    }
}

fn relearned(row: &mut PlantRow, asset: &AssetId, by: &ActorId, at: Timestamp, change: fn(&mut Relearning)) {
    let known = row.relearning.entry(asset.clone()).or_default();
    let mut relearning = Relearning { proposed: false, depth: known.depth };
    change(&mut relearning);
    *known = RelearningRow { proposed: None, depth: relearning.depth, changed_by: Some(by.clone()), changed_at: Some(at) };
}

/// Every site, by name of its id.
pub async fn all(db: &Db) -> Result<Vec<PlantRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM plants ORDER BY site").docs(db).await?)
}
