//! One pump of the simulated plant: its machine, what it is told, what its sensors show, and whether its controller can be reached.

use super::{
    channel::{Channel, Setpoint},
    course::Course,
    machine::{Machine, Setpoints, Surroundings},
    transmitter::{Transmitters, Weather},
};

#[derive(Debug, Clone)]
pub(super) struct Pump {
    /// In [`ASSETS`](super::channel::ASSETS).
    place: usize,
    machine: Machine,
    told: Setpoints,
    weather: Weather,
    transmitters: Transmitters,
    shown: [f64; 8],
    seconds: u64,
    linked: bool,
}

impl Pump {
    pub fn new(seed: u64, place: usize, course: &mut Course) -> Self {
        let told = Setpoints::default();
        let machine = Machine::settled(told, Weather::calm());
        let mut transmitters = Transmitters::seeded(seed, place);
        let shown = transmitters.transmit(place, &machine, course);
        Self { place, machine, told, weather: Weather::seeded(seed, place), transmitters, shown, seconds: 0, linked: true }
    }

    /// One second passes. `hall` is the temperature in it where somebody else has measured it in this second. Returns that temperature.
    pub fn tick(&mut self, hall: Option<f64>, course: &mut Course) -> f64 {
        self.seconds += 1;
        let own = self.weather.step();
        let around = Surroundings { ambient: hall.unwrap_or(own.ambient), ..own };
        self.machine.step(self.told, around, course.condition(self.place));
        self.shown = self.transmitters.transmit(self.place, &self.machine, course);
        self.linked = course.is_linked(self.place);
        around.ambient
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
    /// Turns, by its own contact.
    pub fn is_running(&self) -> bool {
        self.machine.value(Channel::Speed) > 30.0
    }
    /// Since the plant was started: the number that lets a reader see what it missed.
    pub const fn seconds(&self) -> u64 {
        self.seconds
    }
    /// Whether its controller answers.
    pub const fn is_linked(&self) -> bool {
        self.linked
    }
}
