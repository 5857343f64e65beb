//! The simulated plant as a peer of the program: its own servers on loopback ports, its truth on the log, its controls for `/scenario`.

use super::{broker, truth};
use crate::configured::{Configured, ConfiguredSite, PlantFile};
use anyhow::{Context, Result};
use millwright_agents::diagnosis::Rules;
use millwright_commands::Commands;
use millwright_domain::{policy::Policy, ports::clock::Clock, roster::Roster};
use millwright_ingest::simulator::{
    demo::{Addresses, demo_plant, devices_of, plant_of, shipped_scenarios},
    mqtt,
    plant::SimulatedPlant,
    s7,
    scenario::Scenario,
    serve::{serve, serve_gateway},
};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How a simulated plant is to be.
pub struct Simulation {
    /// Where the first pump listens. The others take the ports after it; of port 0 everybody takes a free one.
    pub at: SocketAddr,
    pub pumps: usize,
    pub seed: u64,
    pub scenario: Scenario,
    /// Plant seconds per real second, for people.
    pub speed: f64,
}

pub struct Simulated {
    pub plant: Arc<SimulatedPlant>,
    /// Where its devices listen; those that it does not have stand where they would.
    pub addresses: Addresses,
    marks: Option<truth::Marks>,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Simulated {
    /// Serves every pump; the plant moves by the clock.
    pub async fn start(simulation: Simulation, clock: Arc<dyn Clock>) -> Result<Self> {
        let Simulation { at, pumps, seed, scenario, speed } = simulation;
        scenario.fits(pumps).context("the simulated plant has too few pumps; choose another scenario, or more with --pumps")?;
        let (teller, marks) = truth::channel();
        let plant = Arc::new(SimulatedPlant::of(pumps, seed, scenario, shipped_scenarios(), clock, speed, teller));
        let mut simulated = Self { plant, addresses: Addresses::from(at), marks: Some(marks), tasks: vec![], stop: CancellationToken::new() };
        simulated.serve(pumps).await?;
        let running = simulated.plant.clone().run(simulated.stop.clone());
        simulated.tasks.push(tokio::spawn(running));
        Ok(simulated)
    }

    async fn serve(&mut self, pumps: usize) -> Result<()> {
        let listener = listening(&mut self.addresses.controller).await?;
        self.spawn(serve(listener, self.plant.clone(), self.stop.clone()));
        if pumps > 1 {
            let listener = listening(&mut self.addresses.s7).await?;
            self.spawn(s7::serve(listener, self.plant.clone(), self.stop.clone()));
        }
        if pumps > 2 {
            self.addresses.broker = broker::start(self.addresses.broker).await?;
            self.tasks.push(tokio::spawn(mqtt::run(self.addresses.broker, self.plant.clone(), self.stop.clone())));
        }
        if pumps > 3 {
            let listener = listening(&mut self.addresses.gateway).await?;
            self.spawn(serve_gateway(listener, self.plant.clone(), self.stop.clone()));
        }
        Ok(())
    }

    fn spawn(&mut self, serving: impl Future<Output = io::Result<()>> + Send + 'static) {
        self.tasks.push(tokio::spawn(async {
            if let Err(error) = serving.await {
                tracing::error!(%error, "a part of the simulated plant is served no more");
            }
        }));
    }

    /// The configuration that reads this plant, at its own addresses or at those that lead to it.
    pub fn configured(&self, reached_at: &Addresses, policy: Policy, roster: Roster, rules: Rules) -> Result<Configured> {
        let site = ConfiguredSite::of(described(self.plant.pumps(), reached_at))?;
        Configured::of(vec![site], policy, roster, rules)
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

/// The plant file of so many pumps.
pub fn described(pumps: usize, at: &Addresses) -> PlantFile {
    PlantFile { plant: plant_of(pumps), devices: devices_of(pumps, at) }
}

/// Listens there, and puts the port that was free in its place.
async fn listening(at: &mut SocketAddr) -> Result<TcpListener> {
    let why = || format!("the simulated plant could not listen on {at}; choose another address (`plant --at`, `demo --plant`)");
    let listener = TcpListener::bind(*at).await.with_context(why)?;
    *at = listener.local_addr().context("the simulated plant has no address")?;
    Ok(listener)
}
