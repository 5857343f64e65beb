//! A simulated plant that runs by the clock and takes orders: load a scenario, start, stop, repair.
//!
//! Loading ends what the former scenario broke and waits for `start`; the machine itself goes on running. Stopping holds the script where
//! it is, faults included. What is really wrong goes to the teller given at the start, which hands it to the truth's own partition.

use super::{
    channel::{ASSETS, Setpoint, place_of},
    pump::Pump,
    scenario::{BadScenario, Scenario},
    world::World,
};
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
use tokio::sync::watch;
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
    /// Goes up with every second and every setpoint given, for whoever tells what has changed.
    changes: watch::Sender<u64>,
}

struct State {
    world: World,
    running: bool,
}

impl SimulatedPlant {
    /// A plant of one pump that runs and whose scenario plays. `shipped` are those that can be loaded by name.
    /// The seed is the machine's for as long as it runs; see [`Scenario::seed_or`].
    pub fn new(seed: u64, scenario: Scenario, shipped: Vec<Scenario>, clock: Arc<dyn Clock>, speed: f64, tell_truth: TruthTeller) -> Self {
        Self::of(1, seed, scenario, shipped, clock, speed, tell_truth)
    }

    /// The same of so many pumps. What the scenario does to others does not happen; see [`Scenario::fits`].
    pub fn of(
        pumps: usize,
        seed: u64,
        scenario: Scenario,
        shipped: Vec<Scenario>,
        clock: Arc<dyn Clock>,
        speed: f64,
        tell_truth: TruthTeller,
    ) -> Self {
        let shipped = shipped.into_iter().map(|scenario| (scenario.name.clone(), scenario)).collect();
        let world = World::new(pumps, seed, scenario);
        let state = Mutex::new(State { world, running: true });
        Self { clock, speed, shipped, tell_truth, state, changes: watch::Sender::new(0) }
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
        self.changed();
    }

    /// What the first pump's sensors show and its setpoints say, by name, for whoever reads the plant without a protocol in between.
    pub fn shown(&self) -> Vec<(&'static str, f64)> {
        self.look(0, |pump| {
            let told = Setpoint::ALL.into_iter().map(|setpoint| (setpoint.name(), pump.told(setpoint)));
            pump.shown().map(|(channel, value)| (channel.name(), value)).chain(told).collect()
        })
        .unwrap_or_default()
    }
    /// Gives the first pump a setpoint. False if its controller does not take that value.
    pub fn tell(&self, setpoint: Setpoint, value: f64) -> bool {
        self.order(0, |pump| pump.tell(setpoint, value)).unwrap_or(false)
    }

    pub fn pumps(&self) -> usize {
        self.state().world.pumps().len()
    }
    /// Looks at a pump through its controller. `None`: the plant has not that one.
    pub(super) fn look<T>(&self, place: usize, at: impl FnOnce(&Pump) -> T) -> Option<T> {
        self.state().world.pumps().get(place).map(at)
    }
    pub(super) fn order<T>(&self, place: usize, give: impl FnOnce(&mut Pump) -> T) -> Option<T> {
        let given = self.state().world.pump_mut(place).map(give);
        self.changed();
        given
    }
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
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
        let scenario = self.named_or_whole(scenario)?;
        scenario.fits(self.pumps()).map_err(|refused| for_person(&refused))?;
        Ok(scenario)
    }
    fn named_or_whole(&self, scenario: serde_json::Value) -> Result<Scenario, ScenarioRefused> {
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
        let pumps = self.pumps();
        let Some(place) = place_of(asset).filter(|place| *place < pumps) else {
            let asset: String = asset.chars().take(60).collect();
            return Err(ScenarioRefused(format!("there is no asset {asset:?} here; there is {}", ASSETS[..pumps].join(", "))));
        };
        let (ended, status) = {
            let mut state = self.state();
            let ended = state.world.repair(place);
            (ended, self.status_of(&state))
        };
        self.tell_truths(self.clock.now().plant, ended);
        Ok(status)
    }
}
