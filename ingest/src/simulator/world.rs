//! The simulated world, one second at a time: weather, machine, faults and sensors. Deterministic: a seed and a script give the same seconds.

use super::{
    channel::{Channel, Setpoint},
    course::Course,
    machine::{Machine, Setpoints},
    scenario::Scenario,
    transmitter::{Transmitters, Weather},
};
use millwright_domain::site::GroundTruthMarked;

#[derive(Debug, Clone)]
pub(super) struct World {
    machine: Machine,
    told: Setpoints,
    weather: Weather,
    transmitters: Transmitters,
    course: Course,
    shown: [f64; 8],
    seconds: u64,
}

impl World {
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let told = Setpoints::default();
        let machine = Machine::settled(told, Weather::calm());
        let mut course = Course::of(scenario);
        let mut transmitters = Transmitters::seeded(seed);
        let shown = transmitters.transmit(&machine, &mut course);
        Self { machine, told, weather: Weather::seeded(seed), transmitters, course, shown, seconds: 0 }
    }

    /// One second passes; of the script only if it plays. Returns what has become noteworthy about the truth.
    pub fn tick(&mut self, script_plays: bool) -> Vec<GroundTruthMarked> {
        self.seconds += 1;
        let mut truths = Vec::new();
        if script_plays {
            truths = self.course.advance();
            for (signal, value) in self.course.due_moves() {
                if let Some(setpoint) = Setpoint::by_signal(&signal) {
                    self.tell(setpoint, value);
                }
            }
        }
        let around = self.weather.step();
        self.machine.step(self.told, around, self.course.condition());
        self.shown = self.transmitters.transmit(&self.machine, &mut self.course);
        truths
    }

    /// Another script from its beginning, on the same machine. Returns the truths that end with the old one.
    pub fn load(&mut self, scenario: Scenario) -> Vec<GroundTruthMarked> {
        let ended = self.course.repair();
        self.course = Course::of(scenario);
        ended
    }
    pub fn repair(&mut self) -> Vec<GroundTruthMarked> {
        self.course.repair()
    }
    /// False if the pump's controller does not take that value.
    pub fn tell(&mut self, setpoint: Setpoint, value: f64) -> bool {
        let takes = value.is_finite() && setpoint.range().holds(value);
        if takes {
            match setpoint {
                Setpoint::Speed => self.told.speed = value,
                Setpoint::Valve => self.told.valve = value,
            }
        }
        takes
    }
    pub const fn told(&self, setpoint: Setpoint) -> f64 {
        match setpoint {
            Setpoint::Speed => self.told.speed,
            Setpoint::Valve => self.told.valve,
        }
    }
    /// What the sensors show, in the order of [`Channel::ALL`].
    pub fn shown(&self) -> impl Iterator<Item = (Channel, f64)> {
        Channel::ALL.into_iter().zip(self.shown)
    }
    pub const fn seconds(&self) -> u64 {
        self.seconds
    }
    pub const fn course(&self) -> &Course {
        &self.course
    }
}
