//! The demo: the whole program on a simulated plant in time-lapse, and what it says of itself at the end.

use super::{
    App, TimeLapse,
    foundation::Foundation,
    log,
    operator::Operator,
    scenario,
    simulated::{Simulated, Simulation},
};
use crate::{
    configured,
    settings::{Engine, Settings},
};
use anyhow::{Context, Result};
use chrono::Utc;
use millwright_agents::{
    evaluate::{JudgedCase, compare_with_truth},
    site_tail::SiteTail,
};
use millwright_domain::{
    Timestamp,
    action::Action,
    case::Case,
    ids::ActionName,
    ports::clock::Clock,
    position::{Lane, PartitionId},
    roster::Roster,
};
use millwright_infra::clock::ScaledClock;
use millwright_ingest::simulator::demo::{Addresses, demo_plant};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

/// How the demo is to be.
pub struct Options {
    pub speed: f64,
    pub seed: u64,
    pub scenario: String,
    pub pumps: usize,
    /// Where the simulated plant listens; port 0 takes a free one.
    pub plant: SocketAddr,
    /// Where the collector finds its first pump, if something lies between the two.
    pub wire: Option<SocketAddr>,
}

pub struct Demo {
    app: App,
    simulated: Simulated,
    site: PartitionId,
}

impl Demo {
    pub async fn start(mut settings: Settings, options: &Options) -> Result<Self> {
        // Ten simulated minutes are enough to know this machine; a real one is watched for two days.
        settings.monitor.learning_s = 600;
        settings.operator = "demo-operator".into();
        if settings.tickets.builtin.public_url.is_empty() {
            settings.tickets.builtin.public_url = format!("http://{}", settings.http.listen);
        }
        let begin = last_plant_time(&settings).await?.map_or_else(|| Utc::now().into(), |last| last.max(Utc::now().into()));
        let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(begin, options.speed)?);
        let scenario = scenario::named_or_file(&options.scenario)?;
        let simulation = Simulation { at: options.plant, pumps: options.pumps, seed: options.seed, scenario, speed: options.speed };
        let mut simulated = Simulated::start(simulation, clock.clone()).await?;
        let reached_at = Addresses { controller: options.wire.unwrap_or(simulated.addresses.controller), ..simulated.addresses };
        let configured = simulated.configured(&reached_at, policy(&settings, options.speed)?, roster(&settings)?, rules(&settings)?)?;
        // What is shown among the settings is what holds: not the file alone that it began with.
        settings.policy = format!("{}, but the cut to 60 % asks", settings.policy.display()).into();
        let site = PartitionId::site(&demo_plant().site);
        let foundation = Foundation::open(&settings, clock.clone()).await?;
        simulated.record_truth(&foundation.commands, &clock).await?;
        let lapse = TimeLapse { speed: options.speed, plant_control: Some(simulated.plant.clone()) };
        let app = App::start(&settings, configured, foundation, lapse).await?;
        Ok(Self { app, simulated, site })
    }

    pub fn address(&self) -> SocketAddr {
        self.app.address
    }

    /// Lets the operator work until so many cases are closed.
    pub async fn until_closed(&self, cases: usize, at_most: Duration) -> Result<()> {
        let operator = Operator::at(self.app.address)?;
        let clock = self.app.foundation.clock.clone();
        let now = move || clock.now().plant.to_datetime().unwrap_or_default();
        let worked = tokio::time::timeout(at_most, operator.work(cases, now)).await;
        worked
            .with_context(|| format!("{cases} cases were not closed within {} s; `millwright log tail` shows how far it came", at_most.as_secs()))?
    }

    /// What happened, as one object.
    pub async fn summary(&self) -> Result<Value> {
        let log = &self.app.foundation.log;
        let site = SiteTail::at_the_end(log.clone(), self.site.clone()).await?.site;
        let judged = compare_with_truth(&**log, &demo_plant().site).await?.cases;
        let alerts: u32 = site.cases.values().filter_map(Case::file).map(|file| file.alerts).sum();
        let cases: Vec<Value> = judged.iter().filter_map(|judged| case_summary(judged, site.case(judged.case))).collect();
        let scans: u64 = log.head().await?.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings).map(|(_, next)| next).sum();
        // Each scan is of one pump's device.
        let values = site.plant.as_ref().and_then(|plant| plant.assets.first()).map_or(0, |pump| pump.signals.len() as u64);
        Ok(json!({"readings": scans * values, "alerts": alerts, "cases": cases}))
    }

    pub async fn stop(self) {
        self.app.stop().await;
        self.simulated.stop().await;
    }
}

/// The action shown is the write, if there was one.
fn case_summary(judged: &JudgedCase, case: &Case) -> Option<Value> {
    let file = case.file()?;
    let is_write = |action: &&Action| action.proposal().written_signal().is_some();
    let action = file.actions.values().find(is_write).or_else(|| file.actions.values().next());
    let outcome = match case {
        Case::Closed(_, outcome) => Some(*outcome),
        Case::Unopened | Case::Open(_) => None,
    };
    Some(json!({
        "id": judged.case,
        "asset": file.asset,
        "cause": file.cause(),
        "truth": judged.truth,
        "action": action.map(|action| &action.proposal().name),
        "approval": action.map(|action| action.proposal().ruling),
        "action_stage": action.map(Action::stage),
        "outcome": outcome,
        "seconds_to_alert": judged.seconds_to_alert,
    }))
}

/// A time-lapse runs ahead of the clock on the wall; one that is continued must not go back behind its own readings.
async fn last_plant_time(settings: &Settings) -> Result<Option<Timestamp>> {
    if settings.log.engine == Engine::Embedded && !settings.data.join("log").exists() {
        return Ok(None);
    }
    let log = log::read_only(settings).await?;
    let mut last = None;
    for (partition, next) in log.head().await?.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
        let page = log.read_readings(partition, next.saturating_sub(1), 1).await?;
        last = last.max(page.iter().map(|(_, scan)| scan.received_at).max());
    }
    Ok(last)
}

/// The shipped policy is built in, so that a demo needs no files; a configured one wins.
fn policy(settings: &Settings, speed: f64) -> Result<millwright_domain::policy::Policy> {
    let shipped = include_str!("../../config/policy.yaml");
    let mut policy = if settings.policy.exists() { configured::policy(&settings.policy)? } else { serde_saphyr::from_str(shipped)? };
    // In a time-lapse a bearing goes from worn to dangerous within seconds. What policy then did by itself would take the decision
    // out of the hands that a demo wants to show it in, so it asks.
    let by_itself: ActionName = "reduce_motor_speed_to_60pct".parse()?;
    if policy.auto_approve.contains(&by_itself) {
        policy.auto_approve.retain(|name| *name != by_itself);
        policy.require_approval.push(by_itself);
    }
    // In a time-lapse the road from a sensor to a decision takes as long as ever, so in plant time readings look older than they are.
    policy.readings_fresh_for_s = (f64::from(policy.readings_fresh_for_s) + speed.max(1.0)).ceil() as u32;
    Ok(policy)
}

/// The demo's own people, as long as no others are configured: the operator reads notices, cases have tickets in the list of our own.
fn roster(settings: &Settings) -> Result<Roster> {
    if !settings.roster.as_os_str().is_empty() {
        return configured::roster(&settings.roster);
    }
    let (operator, page) = (&settings.operator, &settings.tickets.builtin.public_url);
    let text = format!(
        "groups: {{ operators: [{operator}] }}\npeople: {{ {operator}: {{ by: [notice] }} }}\nalerts: {{ to: operators }}\ntickets: [builtin]\nlinks: {{ page: \"{page}\" }}"
    );
    let roster: Roster = serde_saphyr::from_str(&text).context("the demo's roster")?;
    roster.checked().context("the demo's roster")
}

fn rules(settings: &Settings) -> Result<millwright_agents::diagnosis::Rules> {
    if Path::new(&settings.rules).exists() { configured::rules(&settings.rules) } else { configured::shipped_rules() }
}
