//! What sensors and the weather add to the machine: seeded noise, the same for the same seed whatever goes wrong.

use super::{
    channel::Channel,
    course::Course,
    machine::{Machine, Surroundings},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Mean temperature around the pump.
const AMBIENT: f64 = 24.0;
/// Half the difference between day and night in the hall.
const DAY_AND_NIGHT: f64 = 0.5;

/// A disturbance that wanders around 0 and returns to it.
#[derive(Debug, Clone)]
struct Wander {
    value: f64,
    /// Standard deviation in the long run.
    spread: f64,
    /// Seconds that it remembers.
    memory: f64,
}

impl Wander {
    const fn new(spread: f64, memory: f64) -> Self {
        Self { value: 0.0, spread, memory }
    }
    fn step(&mut self, noise: &mut ChaCha8Rng) -> f64 {
        let push: f64 = StandardNormal.sample(noise);
        self.value += -self.value / self.memory + self.spread * (2.0 / self.memory).sqrt() * push;
        self.value
    }
}

/// A pump's weather: ambient temperature (the first pump's is the whole hall's), what is drawn from its piping, its speed control's hunting.
#[derive(Debug, Clone)]
pub(super) struct Weather {
    noise: ChaCha8Rng,
    ambient: Wander,
    demand: Wander,
    trim: Wander,
    second: u64,
}

impl Weather {
    /// Of the pump at that place.
    pub fn seeded(seed: u64, pump: usize) -> Self {
        Self {
            noise: stream(seed, 2 * pump as u64 + 1),
            ambient: Wander::new(0.06, 600.0),
            demand: Wander::new(0.004, 40.0),
            trim: Wander::new(0.8, 90.0),
            second: 0,
        }
    }
    pub fn calm() -> Surroundings {
        Surroundings { ambient: AMBIENT, demand: 0.0, trim: 0.0 }
    }
    pub fn step(&mut self) -> Surroundings {
        self.second += 1;
        let day = (self.second as f64 / 86_400.0 * std::f64::consts::TAU).sin() * DAY_AND_NIGHT;
        Surroundings {
            ambient: AMBIENT + day + self.ambient.step(&mut self.noise),
            demand: self.demand.step(&mut self.noise),
            trim: self.trim.step(&mut self.noise),
        }
    }
}

/// The eight sensors and their transmitters.
#[derive(Debug, Clone)]
pub(super) struct Transmitters {
    noise: ChaCha8Rng,
    /// Vibration comes in beats: its noise is correlated from one second to the next.
    beat: f64,
}

impl Transmitters {
    /// Of the pump at that place.
    pub fn seeded(seed: u64, pump: usize) -> Self {
        Self { noise: stream(seed, 2 * pump as u64 + 2), beat: 0.0 }
    }
    /// What is transmitted in this second, in the order of [`Channel::ALL`].
    pub fn transmit(&mut self, pump: usize, machine: &Machine, course: &mut Course) -> [f64; 8] {
        Channel::ALL.map(|channel| {
            // Drawn for every channel in every second, so that a fault changes its own signal's values and no other's.
            let white: f64 = StandardNormal.sample(&mut self.noise);
            let noise = if channel == Channel::Vibration { self.beat(white) } else { white };
            let distortion = course.distortion(pump, channel);
            let measured = machine.value(channel) + distortion.drift + noise * channel.sensor().noise * distortion.noise_factor;
            let range = channel.range();
            course.transmitted(pump, channel, measured.clamp(range.low, range.high))
        })
    }
    fn beat(&mut self, white: f64) -> f64 {
        const MEMORY: f64 = 0.5;
        self.beat = MEMORY * self.beat + (1.0 - MEMORY * MEMORY).sqrt() * white;
        self.beat
    }
}

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut noise = ChaCha8Rng::seed_from_u64(seed);
    noise.set_stream(number);
    noise
}
