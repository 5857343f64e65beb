//! A simulated plant that runs by the clock and takes orders: load a scenario, start, stop, repair.
//!
//! Loading ends what the former scenario broke and waits for `start`; the machine itself goes on running. Stopping holds the script where
//! it is, faults included. What is really wrong goes to the teller given at the start, which hands it to the truth's own partition.

use super::{
    channel::Setpoint,
    registers,
    scenario::{BadScenario, Scenario},
    world::World,
};
use crate::modbus::address::Table;
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ports::{
        clock::Clock,
        plant_control::{PlantControl, ScenarioRefused, ScenarioStatus},
    },
    site::GroundTruthMarked,
};
use std::{
    collections::BTreeMap,
    error::Error as StdError,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// Seconds that are made up for after a pause; past it, the plant goes on from now.
const CATCH_UP: TimeDelta = TimeDelta::hours(1);

/// Takes what was really wrong, and when (plant time). Must not block.
pub type TruthTeller = Box<dyn Fn(Timestamp, GroundTruthMarked) + Send + Sync>;

pub struct SimulatedPlant {
    clock: Arc<dyn Clock>,
    /// Simulated seconds per real second, for people.
    speed: f64,
    shipped: BTreeMap<String, Scenario>,
    tell_truth: TruthTeller,
    state: Mutex<State>,
}

struct State {
    world: World,
    running: bool,
}

impl SimulatedPlant {
    /// A plant whose machine runs and whose scenario plays. `shipped` are those that can be loaded by name.
    /// The seed is the machine's for as long as it runs; see [`Scenario::seed_or`].
    pub fn new(seed: u64, scenario: Scenario, shipped: Vec<Scenario>, clock: Arc<dyn Clock>, speed: f64, tell_truth: TruthTeller) -> Self {
        let shipped = shipped.into_iter().map(|scenario| (scenario.name.clone(), scenario)).collect();
        let world = World::new(seed, scenario);
        Self { clock, speed, shipped, tell_truth, state: Mutex::new(State { world, running: true }) }
    }

    /// Lets a second of the plant pass for each of the plant clock's, until stopped.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let second = TimeDelta::seconds(1);
        let mut next = self.clock.now().plant.floor_to(1) + second;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.clock.plant_reaches(next) => {}
            }
            self.tick(next);
            let now = self.clock.now().plant;
            // The clock has jumped, ahead or back: there are no seconds to make up for, or none to wait for.
            let jumped = now.since(next) > CATCH_UP || next.since(now) > CATCH_UP;
            next = if jumped { now.floor_to(1) + second } else { next + second };
        }
    }

    /// One second passes, which is `at` on the plant's clock.
    pub fn tick(&self, at: Timestamp) {
        let truths = {
            let mut state = self.state();
            let running = state.running;
            state.world.tick(running)
        };
        self.tell_truths(at, truths);
    }

    /// What the sensors show and the setpoints say, by name, for whoever reads the plant without a protocol in between.
    pub fn shown(&self) -> Vec<(&'static str, f64)> {
        let state = self.state();
        let told = Setpoint::ALL.into_iter().map(|setpoint| (setpoint.name(), state.world.told(setpoint)));
        state.world.shown().map(|(channel, value)| (channel.name(), value)).chain(told).collect()
    }
    /// Gives a setpoint. False if the pump's controller does not take that value.
    pub fn tell(&self, setpoint: Setpoint, value: f64) -> bool {
        self.state().world.tell(setpoint, value)
    }

    pub(super) fn read(&self, table: Table, start: u16, count: u16) -> Result<Vec<u16>, registers::No> {
        registers::read(&self.state().world, table, start, count)
    }
    pub(super) fn write(&self, start: u16, words: &[u16]) -> Result<(), registers::No> {
        registers::write(&mut self.state().world, start, words)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn tell_truths(&self, at: Timestamp, truths: Vec<GroundTruthMarked>) {
        truths.into_iter().for_each(|truth| (self.tell_truth)(at, truth));
    }
    fn status_of(&self, state: &State) -> ScenarioStatus {
        let course = state.world.course();
        ScenarioStatus {
            scenario: course.name().into(),
            running: state.running,
            elapsed_s: course.elapsed_s(),
            speed: self.speed,
            remaining_steps: course.remaining_steps(),
        }
    }
    fn wanted(&self, scenario: serde_json::Value) -> Result<Scenario, ScenarioRefused> {
        let serde_json::Value::String(name) = scenario else {
            return Scenario::from_value(scenario).map_err(|refused| for_person(&refused));
        };
        let known = || self.shipped.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let short: String = name.chars().take(60).collect();
        self.shipped.get(&name).cloned().ok_or_else(|| ScenarioRefused(format!("there is no scenario {short:?}; shipped ones are: {}", known())))
    }
    fn set_running(&self, running: bool) -> ScenarioStatus {
        let mut state = self.state();
        state.running = running;
        self.status_of(&state)
    }
}

/// With its cause, which says line and column.
fn for_person(refused: &BadScenario) -> ScenarioRefused {
    match refused.source() {
        Some(cause) => ScenarioRefused(format!("{refused}: {cause}")),
        None => ScenarioRefused(refused.to_string()),
    }
}

#[async_trait]
impl PlantControl for SimulatedPlant {
    async fn load(&self, scenario: serde_json::Value) -> Result<ScenarioStatus, ScenarioRefused> {
        let scenario = self.wanted(scenario)?;
        let (ended, status) = {
            let mut state = self.state();
            let ended = state.world.load(scenario);
            state.running = false;
            (ended, self.status_of(&state))
        };
        self.tell_truths(self.clock.now().plant, ended);
        Ok(status)
    }
    async fn start(&self) -> Result<ScenarioStatus, ScenarioRefused> {
        Ok(self.set_running(true))
    }
    async fn stop(&self) -> Result<ScenarioStatus, ScenarioRefused> {
        Ok(self.set_running(false))
    }
    async fn status(&self) -> ScenarioStatus {
        self.status_of(&self.state())
    }
    async fn repair(&self, asset: &str) -> Result<ScenarioStatus, ScenarioRefused> {
        if asset != super::channel::ASSET {
            return Err(ScenarioRefused(format!(
                "there is no asset {:?} here; it is {}",
                asset.chars().take(60).collect::<String>(),
                super::channel::ASSET
            )));
        }
        let (ended, status) = {
            let mut state = self.state();
            let ended = state.world.repair();
            (ended, self.status_of(&state))
        };
        self.tell_truths(self.clock.now().plant, ended);
        Ok(status)
    }
}
