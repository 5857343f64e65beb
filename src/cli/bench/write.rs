//! From a yes to the value read back, on a simulated pump over Modbus, while 100,000 readings a second come in.

use super::{
    Measured,
    at_work::{AtWork, Load},
    percentile, scaled,
};
use crate::{configured::Configured, settings::Settings};
use anyhow::{Context, Result, bail};
use millwright_agents::site_tail::SiteTail;
use millwright_commands::{ApproveAction, Ask, Command, ProposeAction, RaiseAlert, RecordOutcome};
use millwright_domain::{
    Event,
    case::{AlertRaised, Outcome, Severity},
    envelope::Answer,
    ids::{ActionId, CaseId, EventId},
    policy::Policy,
};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const WRITES: u64 = 100;
const GOAL_MS: f64 = 50.0;
const MOST_VOID: u32 = 20;
/// The pump is read each second.
const POLLED_BY_THEN: Duration = Duration::from_millis(1_100);

const POLICY: &str = r#"{"require_approval": ["one", "other"], "actions": {
    "one": {"write": {"kind": "speed_setpoint", "to": {"percent_of_rated": 75.0}}},
    "other": {"write": {"kind": "speed_setpoint", "to": {"percent_of_rated": 85.0}}}}}"#;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let policy: Policy = serde_json::from_str(POLICY)?;
    let bench = Bench { program: AtWork::start(folder, 1, policy, as_often_as_asked).await? };
    let mut load = Load::begin(bench.program.log.clone());
    bench.first_reading().await?;
    load.count_from_now();
    let mut took_ms = Vec::new();
    let mut device_ms = Vec::new();
    for number in 0..scaled(WRITES, scale) {
        took_ms.push(bench.written(if number % 2 == 0 { "one" } else { "other" }).await?);
        device_ms.push(asked(bench.program.controller).await?);
    }
    let rate = load.end().await?;
    bench.program.stop().await;
    took_ms.sort_by(f64::total_cmp);
    device_ms.sort_by(f64::total_cmp);
    let p99 = percentile(&took_ms, 0.99);
    // Looked at before, written, read back.
    let devices_own = 3.0 * percentile(&device_ms, 0.99);
    Ok(Measured {
        unit: "ms, p99",
        ours: p99,
        peer: "the goal and the device's own time",
        peers: GOAL_MS + devices_own,
        ratio: Some((GOAL_MS + devices_own) / p99),
        goal: "under 50 ms and the device's own time, under 100,000 readings a second",
        more: json!({
            "writes": took_ms.len(),
            "p50_ms": percentile(&took_ms, 0.5),
            "worst_ms": took_ms.last(),
            "device_answers_p99_ms": percentile(&device_ms, 0.99),
            "readings_a_second_meanwhile": rate,
        }),
    })
}

/// One write a minute is the pump's own limit, and would be all that is measured.
fn as_often_as_asked(_: &mut Settings, configured: &mut Configured) {
    let signals = configured.sites.iter_mut().flat_map(|site| &mut site.plant.assets).flat_map(|asset| &mut asset.signals);
    signals.filter_map(|signal| signal.writable.as_mut()).for_each(|writable| writable.min_interval_s = 0);
}

struct Bench {
    program: AtWork,
}

impl Bench {
    async fn ask(&self, by: &str, command: impl Into<Command>) -> Result<String> {
        let answered = self.program.commands.ask(&self.program.site, Ask::new(by.parse()?, command)).await?;
        match answered.answer {
            Answer::Done { subject, .. } => Ok(subject.unwrap_or_default()),
            other => bail!("a command was answered {other:?}"),
        }
    }

    async fn raised(&self) -> Result<CaseId> {
        let alert = AlertRaised::new("pump-1".parse()?, "bench", Severity::Low);
        Ok(self.ask("svc-monitor", RaiseAlert { alert }).await?.parse()?)
    }

    /// A write without a fresh reading is refused; soon after the start there is one.
    async fn first_reading(&self) -> Result<()> {
        let limit = Instant::now() + Duration::from_secs(60);
        while Instant::now() < limit {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let site = SiteTail::at_the_end(self.program.log.clone(), self.program.site.clone()).await?.site;
            if !site.collectors.is_empty() {
                tokio::time::sleep(Duration::from_secs(3)).await;
                return Ok(());
            }
        }
        bail!("nothing is collected from the simulated pump")
    }

    /// What was proposed by a reading of before the last write is void; what is proposed by the next one is not.
    async fn written(&self, name: &str) -> Result<f64> {
        for _ in 0..MOST_VOID {
            if let Some(took) = self.write(name).await? {
                return Ok(took);
            }
            tokio::time::sleep(POLLED_BY_THEN).await;
        }
        bail!("{MOST_VOID} writes in a row were void")
    }

    /// Milliseconds from before the yes until the fact that the value was read back can be read; `None` if it was void.
    async fn write(&self, name: &str) -> Result<Option<f64>> {
        let case = self.raised().await?;
        let propose = ProposeAction { case, name: name.parse()?, because: EventId(uuid::Uuid::nil()) };
        let action: ActionId = self.ask("svc-diagnosis", propose).await?.parse()?;
        let mut tail = SiteTail::at_the_end(self.program.log.clone(), self.program.site.clone()).await?;
        let proposal = tail.site.case(case).file().and_then(|file| file.actions.get(&action)).context("it was proposed a moment ago")?;
        let approve = ApproveAction { action, binding: proposal.proposal().binding(), via: None };
        let begun = Instant::now();
        self.ask("ann", approve).await?;
        loop {
            let facts = tokio::time::timeout(Duration::from_secs(20), tail.next()).await.context("a write did not end within 20 s")??;
            for fact in facts {
                match fact.event {
                    Event::ActionCompleted(done) if done.action == action => {
                        let took = begun.elapsed().as_secs_f64() * 1e3;
                        self.over(case).await?;
                        return Ok(Some(took));
                    }
                    Event::ActionFailed(failed) if failed.action == action => bail!("a write failed: {}", failed.reason),
                    Event::ActionVoided(voided) if voided.action == action => {
                        self.over(case).await?;
                        return Ok(None);
                    }
                    Event::ActionUnverified(unverified) if unverified.action == action => bail!("a write is unverified: {}", unverified.reason),
                    _ => {}
                }
            }
        }
    }
}

impl Bench {
    async fn over(&self, case: CaseId) -> Result<()> {
        let record = RecordOutcome { case, outcome: Outcome::NoEffect, true_cause: None, note: None, evidence: vec![] };
        self.ask("ann", record).await.map(drop)
    }
}

/// How long the device takes to answer a plain question of somebody else, in milliseconds.
async fn asked(device: SocketAddr) -> Result<f64> {
    let mut stream = TcpStream::connect(device).await.context("the simulated pump")?;
    stream.set_nodelay(true)?;
    let begun = Instant::now();
    // Transaction 1, unit 1: two holding registers from 0.
    stream.write_all(&[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2]).await?;
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}
