//! A process plant made from a seed: 52 channels, eleven control loops that hide a fault where it strikes and show it at the valve, 18 faults.
//!
//! A benchmark of its own for similar cases, so that no constant is ever tuned to a published recording. Linear states with recycle, PI loops
//! with saturating valves, slow analysers that hold their value, measurement noise, background disturbances.

use crate::seeded::Seeded;
use millwright_domain::memory::{Channel, ChannelKey, Episode};

const STATES: usize = 24;
const VALVES: usize = 12;
/// The last valve stands still, as an agitator's drive does.
const LOOPS: usize = 11;
const SITES: usize = 14;
const GAUGES: usize = 22;
const ANALYSERS: usize = 18;
pub const CHANNELS: usize = GAUGES + ANALYSERS + VALVES;
/// Rows from rest until the plant runs as it always does.
const BURN_IN: usize = 400;
/// Seconds between two rows.
pub const STEP_S: f64 = 180.0;
/// How far a valve can travel from its middle.
const TRAVEL: f64 = 8.0;

/// What strikes the plant. Sites are where disturbances enter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    Step {
        site: usize,
        size: f64,
    },
    /// The site's disturbance varies at random, `pace` rows to forget itself.
    Random {
        site: usize,
        size: f64,
        pace: f64,
    },
    Drift {
        site: usize,
        a_row: f64,
    },
    Ramp {
        site: usize,
        to: f64,
        rows: f64,
    },
    Oscillation {
        site: usize,
        size: f64,
        period: f64,
    },
    /// The valve moves only when asked to move by more than `band`.
    Sticking {
        valve: usize,
        band: f64,
    },
    /// The valve stays where it is.
    Stuck {
        valve: usize,
    },
}

/// 18 faults, several of which strike the same place and look alike.
pub const FAULTS: [(&str, Fault); 18] = [
    ("step-0", Fault::Step { site: 0, size: 3.0 }),
    ("step-1", Fault::Step { site: 1, size: 2.0 }),
    ("step-2", Fault::Step { site: 2, size: 1.0 }),
    ("step-3", Fault::Step { site: 3, size: 2.0 }),
    ("step-4", Fault::Step { site: 4, size: 1.5 }),
    ("step-5", Fault::Step { site: 5, size: 6.0 }),
    ("step-6", Fault::Step { site: 6, size: -3.0 }),
    ("random-3", Fault::Random { site: 3, size: 1.5, pace: 12.0 }),
    ("random-4", Fault::Random { site: 4, size: 1.5, pace: 20.0 }),
    ("random-7", Fault::Random { site: 7, size: 2.0, pace: 30.0 }),
    ("random-8", Fault::Random { site: 8, size: 1.2, pace: 8.0 }),
    ("random-9", Fault::Random { site: 9, size: 1.0, pace: 15.0 }),
    ("drift-10", Fault::Drift { site: 10, a_row: 0.008 }),
    ("ramp-11", Fault::Ramp { site: 11, to: 2.0, rows: 200.0 }),
    ("oscillation-12", Fault::Oscillation { site: 12, size: 1.5, period: 24.0 }),
    ("sticking-3", Fault::Sticking { valve: 3, band: 1.2 }),
    ("sticking-4", Fault::Sticking { valve: 4, band: 1.2 }),
    ("stuck-6", Fault::Stuck { valve: 6 }),
];

/// The fixed plant. Everything that two runs share is here.
#[derive(Debug, Clone)]
pub struct ProcessPlant {
    /// Rows to go two thirds of the way, for each state.
    pace: [f64; STATES],
    coupling: Vec<Vec<f64>>,
    /// What each state takes from each valve and each site.
    valves: Vec<Vec<f64>>,
    sites: Vec<Vec<f64>>,
    controlled: [usize; LOOPS],
    gain: [f64; LOOPS],
    reset: [f64; LOOPS],
    /// Weights of the states in each gauge and analyser.
    sensors: Vec<Vec<f64>>,
    noise: Vec<f64>,
    /// Rows between two samples of an analyser; 1 for gauges.
    hold: Vec<usize>,
    background: [f64; SITES],
}

impl ProcessPlant {
    pub fn new(seed: u64) -> Self {
        let mut dice = Seeded::named(seed, "plant");
        let pace = std::array::from_fn(|_| (dice.between(2.0_f64.ln(), 50.0_f64.ln())).exp());
        let sparse = |dice: &mut Seeded, many: usize, width: usize, size: f64| -> Vec<f64> {
            let mut row = vec![0.0; width];
            (0..many).for_each(|_| row[dice.below(width)] += dice.normal());
            let sum: f64 = row.iter().map(|value: &f64| value.abs()).sum::<f64>().max(1e-9);
            row.iter().map(|value| value * size / sum).collect()
        };
        let coupling = (0..STATES).map(|_| sparse(&mut dice, 4, STATES, 0.75)).collect();
        let mut valves: Vec<Vec<f64>> = (0..STATES).map(|_| sparse(&mut dice, 1, VALVES, 0.25)).collect();
        let mut sites: Vec<Vec<f64>> = (0..STATES).map(|_| sparse(&mut dice, 1, SITES, 0.4)).collect();
        let controlled: [usize; LOOPS] = std::array::from_fn(|number| 2 * number);
        for (number, state) in controlled.iter().enumerate() {
            valves[*state][number] = 1.0;
        }
        // A disturbance strikes next to a loop, which takes most of it, and half as hard somewhere else.
        for site in 0..SITES {
            sites[controlled[site % LOOPS]][site] += if dice.uniform() < 0.5 { -0.8 } else { 0.8 };
            sites[dice.below(STATES)][site] += 0.4 * dice.normal();
        }
        let mut sensors: Vec<Vec<f64>> = Vec::new();
        for number in 0..GAUGES + ANALYSERS {
            let mut row = if number < GAUGES { sparse(&mut dice, 1, STATES, 0.3) } else { sparse(&mut dice, 4, STATES, 1.0) };
            if number < GAUGES {
                row[number] += 1.0;
            }
            sensors.push(row);
        }
        // Two loops are quick and tight, so that a sticking valve makes them hunt; one works against a restless disturbance, so that a stuck one shows.
        let (mut pace, mut gain, mut reset): ([f64; STATES], [f64; LOOPS], [f64; LOOPS]) =
            (pace, std::array::from_fn(|_| dice.between(0.6, 2.0)), std::array::from_fn(|_| dice.between(8.0, 40.0)));
        for quick in [3, 4] {
            pace[controlled[quick]] = dice.between(2.0, 4.0);
            gain[quick] = 2.0;
            reset[quick] = dice.between(4.0, 8.0);
        }
        let mut background: [f64; SITES] = std::array::from_fn(|_| dice.between(0.05, 0.3));
        background[6] = 0.5;
        let noise = (0..CHANNELS).map(|number| if number < GAUGES + ANALYSERS { dice.between(0.05, 0.4) } else { dice.between(0.01, 0.1) }).collect();
        let hold = (0..CHANNELS)
            .map(|number| if (GAUGES..GAUGES + ANALYSERS).contains(&number) { if number % 4 == 0 { 5 } else { 2 } } else { 1 })
            .collect();
        Self { pace, coupling, valves, sites, controlled, gain, reset, sensors, noise, hold, background }
    }

    /// A run as an episode, its channels called as they are placed.
    pub fn episode(&self, fault: Fault, seed: u64, onset: usize, rows: usize) -> Episode {
        let recorded = self.run(Some(fault), seed, onset, rows, 1.0);
        let channel = |number: usize| {
            let kind = if number < GAUGES {
                "gauge"
            } else if number < GAUGES + ANALYSERS {
                "analyser"
            } else {
                "valve"
            };
            Channel { key: ChannelKey::new(kind, &format!("{number:02}")), values: recorded.iter().map(|row| row[number]).collect() }
        };
        let times = (0..rows).map(|row| row as f64 * STEP_S).collect();
        Episode { times, channels: (0..CHANNELS).map(channel).collect(), onset: onset as f64 * STEP_S }
    }

    /// `rows` rows of 52 values, the fault from row `onset` on; `strength` scales its size.
    pub fn run(&self, fault: Option<Fault>, seed: u64, onset: usize, rows: usize, strength: f64) -> Vec<Vec<f64>> {
        let mut dice = Seeded::named(seed, "run");
        let mut running = Running {
            state: [0.0; STATES],
            valve: [0.0; VALVES],
            integral: [0.0; LOOPS],
            wander: [0.0; SITES],
            struck: 0.0,
            stands: [0.0; VALVES],
            held: [0.0; GAUGES + ANALYSERS],
        };
        let mut recorded = Vec::with_capacity(rows);
        for row in 0..BURN_IN + rows {
            let since = (row + 1).checked_sub(BURN_IN + onset + 1);
            let active = fault.zip(since).map(|(fault, since)| (fault, since as f64));
            let seen = self.step(&mut running, active, row, strength, &mut dice);
            if row >= BURN_IN {
                recorded.push(seen);
            }
        }
        recorded
    }

    fn step(&self, now: &mut Running, fault: Option<(Fault, f64)>, row: usize, strength: f64, dice: &mut Seeded) -> Vec<f64> {
        let mut entering = [0.0; SITES];
        for (site, value) in now.wander.iter_mut().enumerate() {
            *value += -*value / 15.0 + (2.0 / 15.0_f64).sqrt() * self.background[site] * dice.normal();
            entering[site] = *value;
        }
        if let Some((fault, since)) = fault {
            now.disturb(&mut entering, fault, since, strength, dice);
        }
        for number in 0..LOOPS {
            let error = -now.state[self.controlled[number]] + 0.05 * dice.normal();
            now.integral[number] = (now.integral[number] + self.gain[number] * error / self.reset[number]).clamp(-TRAVEL, TRAVEL);
            now.valve[number] = (self.gain[number] * error + now.integral[number]).clamp(-TRAVEL, TRAVEL);
        }
        let told = now.valve;
        let mut doing = now.valve;
        match fault {
            Some((Fault::Sticking { valve, band }, _)) if (told[valve] - now.stands[valve]).abs() < band * strength => {
                doing[valve] = now.stands[valve]
            }
            Some((Fault::Stuck { valve }, _)) => doing[valve] = now.stands[valve],
            _ => {}
        }
        now.stands = doing;
        let was = now.state;
        for state in 0..STATES {
            let taken = dot(&self.coupling[state], &was) + dot(&self.valves[state], &doing) + dot(&self.sites[state], &entering);
            now.state[state] += (taken - was[state]) / self.pace[state];
        }
        self.measure(now, &told, row, dice)
    }

    fn measure(&self, now: &mut Running, told: &[f64; VALVES], row: usize, dice: &mut Seeded) -> Vec<f64> {
        let mut seen = Vec::with_capacity(CHANNELS);
        for (number, weights) in self.sensors.iter().enumerate() {
            let fresh = dot(weights, &now.state) + self.noise[number] * dice.normal();
            if row.is_multiple_of(self.hold[number]) {
                now.held[number] = fresh;
            }
            seen.push(now.held[number]);
        }
        for (number, value) in told.iter().enumerate() {
            seen.push(value + self.noise[GAUGES + ANALYSERS + number] * if number < LOOPS { dice.normal() } else { 0.0 });
        }
        seen
    }
}

struct Running {
    state: [f64; STATES],
    valve: [f64; VALVES],
    integral: [f64; LOOPS],
    wander: [f64; SITES],
    /// The random fault's own value.
    struck: f64,
    /// Where the valves really are.
    stands: [f64; VALVES],
    /// What each sensor said last.
    held: [f64; GAUGES + ANALYSERS],
}

impl Running {
    fn disturb(&mut self, entering: &mut [f64; SITES], fault: Fault, since: f64, strength: f64, dice: &mut Seeded) {
        match fault {
            Fault::Step { site, size } => entering[site] += strength * size,
            Fault::Random { site, size, pace } => {
                self.struck += -self.struck / pace + (2.0 / pace).sqrt() * dice.normal();
                entering[site] += strength * size * self.struck;
            }
            Fault::Drift { site, a_row } => {
                self.struck += a_row * (1.0 + 0.5 * dice.normal());
                entering[site] += strength * self.struck;
            }
            Fault::Ramp { site, to, rows } => entering[site] += strength * to * (since / rows).min(1.0),
            Fault::Oscillation { site, size, period } => entering[site] += strength * size * (std::f64::consts::TAU * since / period).sin(),
            Fault::Sticking { .. } | Fault::Stuck { .. } => {}
        }
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(rows: &[Vec<f64>], channel: usize) -> f64 {
        rows.iter().map(|row| row[channel]).sum::<f64>() / rows.len() as f64
    }

    #[test]
    fn a_loop_hides_a_step_at_the_controlled_variable_and_shows_it_at_its_valve() {
        // Site 1 strikes next to loop 1, which controls state 2, seen by gauge 2.
        let rows = ProcessPlant::new(1).run(Some(FAULTS[1].1), 5, 200, 700, 1.0);
        let (healthy, settled) = (&rows[..200], &rows[450..]);
        let moved = |channel: usize| (mean(settled, channel) - mean(healthy, channel)).abs();
        let valve = GAUGES + ANALYSERS + 1;
        assert!(moved(valve) > 3.0 * moved(2), "valve {}, controlled {}", moved(valve), moved(2));
    }

    #[test]
    fn a_seed_is_a_run_and_nothing_of_a_fault_is_seen_before_its_onset() {
        let plant = ProcessPlant::new(1);
        let one = plant.run(Some(FAULTS[0].1), 5, 50, 100, 1.0);
        assert_eq!(one, plant.run(Some(FAULTS[0].1), 5, 50, 100, 1.0));
        assert_ne!(one, plant.run(Some(FAULTS[0].1), 6, 50, 100, 1.0));
        let healthy = plant.run(None, 5, 50, 100, 1.0);
        assert_eq!(one[..50], healthy[..50]);
        assert!(one.iter().flatten().all(|value| value.is_finite()));
    }
}
