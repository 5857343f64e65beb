//! The simulated plant as a peer of the program: its own Modbus TCP server on a loopback port, its truth on the log, its controls for `/scenario`.

use super::truth;
use crate::configured::{Configured, ConfiguredSite, PlantFile};
use anyhow::{Context, Result};
use millwright_agents::diagnosis::Rules;
use millwright_commands::Commands;
use millwright_domain::{policy::Policy, ports::clock::Clock};
use millwright_ingest::simulator::{
    demo::{demo_device, demo_plant, shipped_scenarios},
    plant::SimulatedPlant,
    scenario::Scenario,
    serve::serve,
};
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub struct Simulated {
    pub plant: Arc<SimulatedPlant>,
    pub address: SocketAddr,
    marks: Option<truth::Marks>,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Simulated {
    /// Serves at `at`; the plant does not move yet.
    pub async fn start(at: SocketAddr, seed: u64, scenario: Scenario, clock: Arc<dyn Clock>, speed: f64) -> Result<Self> {
        let (teller, marks) = truth::channel();
        let plant = Arc::new(SimulatedPlant::new(seed, scenario, shipped_scenarios(), clock, speed, teller));
        let listener = TcpListener::bind(at)
            .await
            .with_context(|| format!("the simulated plant could not listen on {at}; choose another address (`plant --at`, `demo --plant`)"))?;
        let address = listener.local_addr().context("the simulated plant has no address")?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(served(listener, plant.clone(), stop.clone()));
        let running = tokio::spawn(plant.clone().run(stop.clone()));
        Ok(Self { plant, address, marks: Some(marks), tasks: vec![server, running], stop })
    }

    /// The configuration that reads this plant at `reached_at`: its own address, or one that leads to it.
    pub fn configured(&self, reached_at: SocketAddr, policy: Policy, rules: Rules) -> Result<Configured> {
        let site = ConfiguredSite::of(PlantFile { plant: demo_plant(), devices: vec![demo_device(reached_at)] })?;
        Configured::of(vec![site], policy, rules)
    }

    /// Takes the truth's partition and records what is told.
    pub async fn record_truth(&mut self, commands: &Commands, clock: &Arc<dyn Clock>) -> Result<()> {
        let site = demo_plant().site;
        if let Some(marks) = self.marks.take() {
            self.tasks.push(truth::record(marks, commands.clone(), clock.clone(), &site, self.stop.clone()).await?);
        }
        Ok(())
    }

    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the simulated plant ended badly");
            }
        }
    }
}

async fn served(listener: TcpListener, plant: Arc<SimulatedPlant>, stop: CancellationToken) {
    if let Err(error) = serve(listener, plant, stop).await {
        tracing::error!(%error, "the simulated plant is served no more");
    }
}
