//! What is there: sites, assets by their ISA-95 place, signals with their newest value and what is normal for them.

use crate::{
    notes,
    scalars::{id, time},
    state::AppState,
    types::{asset_health::AssetHealth, case::Case, readings::LatestReading},
};
use async_graphql::{ComplexObject, Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    baseline::BaselineLearned,
    ids::{AssetId, SiteId},
    plant, roster,
    sealed::Sealed,
};
use millwright_projections::{asset_health::HealthRow, plant::PlantRow};
use std::collections::BTreeMap;

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "plant::Source")]
pub enum PlantSource {
    Live,
    Imported,
    Replayed,
}

#[derive(SimpleObject)]
#[graphql(complex)]
pub struct KillSwitch {
    by: ID,
    at: DateTime<Utc>,
    #[graphql(skip)]
    sealed: Sealed,
}

#[ComplexObject]
impl KillSwitch {
    /// `(forgotten)` once the person who wrote it was forgotten.
    async fn reason(&self, ctx: &Context<'_>) -> Result<String> {
        notes::words(ctx.data::<AppState>()?, &self.sealed)
    }
}

/// One site.
#[derive(SimpleObject)]
pub struct Plant {
    site: ID,
    name: String,
    source: PlantSource,
    #[graphql(complexity = "crate::query::times(4, child_complexity)")]
    areas: Vec<Area>,
    #[graphql(complexity = "crate::query::times(20, child_complexity)")]
    assets: Vec<Asset>,
    /// Set while nothing may act on the site.
    kill_switch: Option<KillSwitch>,
    links: Links,
}

/// Where people look, as the site's roster says.
#[derive(SimpleObject)]
pub struct Links {
    /// The page, as people reach it.
    page: Option<String>,
    /// A dashboard; `{site}`, `{asset}`, `{signal}`, `{from}` and `{to}` (milliseconds of plant time) are to be filled in, escaped.
    grafana: Option<String>,
}

impl From<roster::Links> for Links {
    fn from(roster::Links { page, grafana }: roster::Links) -> Self {
        Self { page, grafana }
    }
}

#[derive(SimpleObject)]
pub struct Area {
    name: String,
    #[graphql(complexity = "crate::query::times(2, child_complexity)")]
    lines: Vec<Line>,
}

#[derive(SimpleObject)]
pub struct Line {
    name: String,
    #[graphql(complexity = "crate::query::times(3, child_complexity)")]
    assets: Vec<Asset>,
}

impl Plant {
    pub(crate) fn of(row: &PlantRow) -> Option<Self> {
        let plant = row.plant.as_ref()?;
        let assets: Vec<Asset> = plant.assets.iter().map(|asset| Asset { site: plant.site.clone(), asset: asset.clone() }).collect();
        let kill_switch =
            row.kill_switch.as_ref().map(|(switch, at)| KillSwitch { by: id(&switch.by), at: time(*at), sealed: switch.reason.clone() });
        Some(Self {
            site: id(&plant.site),
            name: plant.name.clone(),
            source: plant.source.into(),
            areas: areas(&assets),
            assets,
            kill_switch,
            links: row.links.clone().into(),
        })
    }
}

fn areas(assets: &[Asset]) -> Vec<Area> {
    let mut areas: BTreeMap<&str, BTreeMap<&str, Vec<Asset>>> = BTreeMap::new();
    for asset in assets {
        areas.entry(&asset.asset.area).or_default().entry(&asset.asset.line).or_default().push(asset.clone());
    }
    let line = |(name, assets): (&str, Vec<Asset>)| Line { name: name.into(), assets };
    areas.into_iter().map(|(name, lines)| Area { name: name.into(), lines: lines.into_iter().map(line).collect() }).collect()
}

#[derive(SimpleObject)]
pub struct Relearning {
    /// Why it should be learned anew, while nobody has answered.
    proposed: Option<String>,
    /// Relearnings that can be taken back, one after another.
    can_be_taken_back: u32,
    changed_by: Option<ID>,
    changed_at: Option<DateTime<Utc>>,
}

/// How many times the configured limits a signal's are.
#[derive(SimpleObject)]
pub struct Threshold {
    factor: f64,
    was: f64,
    by: ID,
    at: DateTime<Utc>,
    reason: String,
    /// The cases that were counted.
    because: Vec<ID>,
}

#[derive(Clone)]
pub struct Asset {
    site: SiteId,
    asset: plant::Asset,
}

impl Asset {
    pub(crate) fn find(state: &AppState, site: &SiteId, asset: &AssetId) -> Option<Self> {
        let plants = state.projections.plants();
        let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
        Some(Self { site: site.clone(), asset: plant.asset(asset)?.clone() })
    }
}

#[Object]
impl Asset {
    async fn id(&self) -> ID {
        id(&self.asset.id)
    }
    async fn site(&self) -> ID {
        id(&self.site)
    }
    async fn name(&self) -> &str {
        &self.asset.name
    }
    async fn area(&self) -> &str {
        &self.asset.area
    }
    async fn line(&self) -> &str {
        &self.asset.line
    }
    async fn cell(&self) -> Option<&str> {
        self.asset.cell.as_deref()
    }
    async fn class(&self) -> &str {
        &self.asset.class
    }
    /// Who made it, if it was said.
    async fn vendor(&self) -> Option<&str> {
        Some(self.asset.vendor.as_str()).filter(|vendor| !vendor.is_empty())
    }
    /// What was said about learning it anew.
    async fn relearning(&self, ctx: &Context<'_>) -> Result<Relearning> {
        let plants = ctx.data::<AppState>()?.projections.plants();
        let row = plants.iter().find(|row| row.is_of(&self.site)).and_then(|row| row.relearning.get(&self.asset.id)).cloned().unwrap_or_default();
        Ok(Relearning {
            proposed: row.proposed,
            can_be_taken_back: row.depth,
            changed_by: row.changed_by.as_ref().map(id),
            changed_at: row.changed_at.map(time),
        })
    }
    #[graphql(complexity = "crate::query::times(8, child_complexity)")]
    async fn signals(&self) -> Vec<Signal> {
        self.asset.signals.iter().map(|signal| Signal { site: self.site.clone(), signal: signal.clone() }).collect()
    }
    async fn health(&self, ctx: &Context<'_>) -> Result<AssetHealth> {
        let state = ctx.data::<AppState>()?;
        let row = state.loaders.health(&self.site, &self.asset.id).await?;
        Ok(row.unwrap_or_else(|| HealthRow::new(self.site.clone(), self.asset.id.clone())).into())
    }
    #[graphql(complexity = "crate::query::times(3, child_complexity)")]
    async fn open_cases(&self, ctx: &Context<'_>) -> Result<Vec<Case>> {
        let state = ctx.data::<AppState>()?;
        let rows = state.loaders.open_at(&self.site, &self.asset.id).await?;
        Ok(rows.into_iter().map(Case).collect())
    }
}

pub struct Signal {
    site: SiteId,
    signal: plant::Signal,
}

#[derive(SimpleObject)]
pub struct Interval {
    low: f64,
    high: f64,
}

fn interval(range: &plant::Range) -> Interval {
    Interval { low: range.low, high: range.high }
}

#[derive(SimpleObject)]
pub struct Trip {
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(SimpleObject)]
pub struct Writable {
    limits: Interval,
    rated: f64,
    max_step: f64,
    min_interval_s: u32,
    tolerance: f64,
}

#[derive(SimpleObject)]
pub struct Baseline {
    version: u32,
    count: u64,
    mean: f64,
    std: f64,
    p95: f64,
    p99: f64,
    learned_from: DateTime<Utc>,
    learned_to: DateTime<Utc>,
}

impl From<&BaselineLearned> for Baseline {
    fn from(fact: &BaselineLearned) -> Self {
        Self {
            version: fact.version,
            count: fact.count,
            mean: fact.mean,
            std: fact.std,
            p95: fact.p95,
            p99: fact.p99,
            learned_from: time(fact.learned_from),
            learned_to: time(fact.learned_to),
        }
    }
}

#[Object]
impl Signal {
    async fn id(&self) -> ID {
        id(&self.signal.id)
    }
    async fn site(&self) -> ID {
        id(&self.site)
    }
    async fn device(&self) -> ID {
        id(&self.signal.device)
    }
    /// `flow`, `bearing_temperature`, `speed_setpoint`, …
    async fn kind(&self) -> &str {
        self.signal.kind.as_str()
    }
    /// By its usual symbol: `bar`, `degC`, `l/min`, …
    async fn unit(&self) -> &str {
        self.signal.unit.as_str()
    }
    async fn range(&self) -> Option<Interval> {
        self.signal.range.as_ref().map(interval)
    }
    /// Beyond these the machine should not go on.
    async fn trip(&self) -> Option<Trip> {
        self.signal.trip.map(|trip| Trip { low: trip.low, high: trip.high })
    }
    /// Present exactly when Millwright may write it.
    async fn writable(&self) -> Option<Writable> {
        let writable = self.signal.writable.as_ref()?;
        Some(Writable {
            limits: interval(&writable.limits),
            rated: writable.rated,
            max_step: writable.max_step,
            min_interval_s: writable.min_interval_s,
            tolerance: writable.tolerance,
        })
    }
    async fn latest(&self, ctx: &Context<'_>) -> Result<Option<LatestReading>> {
        let state = ctx.data::<AppState>()?;
        Ok(state.projections.live().newest(&self.site, &self.signal.id).as_ref().map(LatestReading::from))
    }
    /// What is normal, once learned.
    async fn baseline(&self, ctx: &Context<'_>) -> Result<Option<Baseline>> {
        let plants = ctx.data::<AppState>()?.projections.plants();
        let row = plants.iter().find(|row| row.plant.as_ref().is_some_and(|plant| plant.site == self.site));
        Ok(row.and_then(|row| row.baselines.get(self.signal.id.as_str())).map(Baseline::from))
    }
    /// Set where its limits are not the configured ones.
    async fn threshold(&self, ctx: &Context<'_>) -> Result<Option<Threshold>> {
        let plants = ctx.data::<AppState>()?.projections.plants();
        let row = plants.iter().find(|row| row.is_of(&self.site));
        let adjusted = row.and_then(|row| row.thresholds.get(self.signal.id.as_str())).filter(|(fact, _)| fact.factor != 1.0);
        Ok(adjusted.map(|(fact, at)| Threshold {
            factor: fact.factor,
            was: fact.was,
            by: id(&fact.by),
            at: time(*at),
            reason: fact.reason.clone(),
            because: fact.because.iter().map(id).collect(),
        }))
    }
}
