//! The whole program on a simulated plant, and the load that some benches put on it meanwhile.

use super::load;
use crate::{
    app::{
        App, TimeLapse,
        foundation::Foundation,
        scenario,
        simulated::{Simulated, Simulation},
    },
    configured::{self, Configured},
    settings::Settings,
};
use anyhow::{Context, Result};
use millwright_commands::Commands;
use millwright_domain::{
    policy::Policy,
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    roster::Roster,
};
use millwright_infra::{CredentialFolder, clock::SystemClock};
use millwright_projections::Projections;
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct AtWork {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub projections: Projections,
    pub credentials: Arc<CredentialFolder>,
    pub site: PartitionId,
    /// Where the page is.
    pub address: SocketAddr,
    /// Where the first pump listens.
    pub controller: SocketAddr,
    app: App,
    simulated: Simulated,
}

impl AtWork {
    /// So many pumps that run as they should; `change` makes program and plant what the bench wants them to be.
    pub async fn start(folder: &Path, pumps: usize, policy: Policy, change: impl FnOnce(&mut Settings, &mut Configured)) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let at: SocketAddr = "127.0.0.1:0".parse()?;
        let simulation = Simulation { at, pumps, seed: 1, scenario: scenario::named_or_file("normal")?, speed: 1.0 };
        let simulated = Simulated::start(simulation, clock.clone()).await?;
        let mut configured = simulated.configured(&simulated.addresses, policy, Roster::default(), configured::shipped_rules()?)?;
        let mut settings = Settings { data: folder.join("data"), ..Settings::default() };
        settings.http.listen = at;
        change(&mut settings, &mut configured);
        let site = PartitionId::site(&configured.sites.first().context("the simulated plant is a site")?.plant.site);
        let foundation = Foundation::open(&settings, clock).await?;
        let (log, commands) = (foundation.log.clone(), foundation.commands.clone());
        let (projections, credentials) = (foundation.projections.clone(), foundation.credentials.clone());
        let app = App::start(&settings, configured, foundation, TimeLapse::default()).await?;
        let (address, controller) = (app.address, simulated.addresses.controller);
        Ok(Self { log, commands, projections, credentials, site, address, controller, app, simulated })
    }

    pub async fn stop(self) {
        self.app.stop().await;
        self.simulated.stop().await;
    }
}

/// 100,000 readings a second, of another site than the one that is measured.
pub struct Load {
    loaded: Arc<AtomicU64>,
    stop: CancellationToken,
    feeding: JoinHandle<Result<()>>,
    counted_from: (Instant, u64),
}

impl Load {
    pub fn begin(log: Arc<dyn EventLog>) -> Self {
        let (loaded, stop) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
        let feeding = tokio::spawn(load::feed(log, loaded.clone(), stop.clone()));
        Self { loaded, stop, feeding, counted_from: (Instant::now(), 0) }
    }

    /// What is measured begins here.
    pub fn count_from_now(&mut self) {
        self.counted_from = (Instant::now(), self.loaded.load(Ordering::Relaxed));
    }

    /// Readings a second, as they came in while it was counted.
    pub async fn end(self) -> Result<f64> {
        let (begun, before) = self.counted_from;
        let rate = (self.loaded.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
        self.stop.cancel();
        self.feeding.await??;
        Ok(rate)
    }
}
