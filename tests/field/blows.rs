//! What is done to the field, in an order that a seed decides.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Blow {
    MachineKilled {
        which: usize,
        seconds: f64,
    },
    /// Connections stay up and nothing is answered.
    MachinePaused {
        which: usize,
        seconds: f64,
    },
    /// The MQTT broker.
    BrokerKilled {
        seconds: f64,
    },
    /// The broker that the log is on.
    LogAway {
        seconds: f64,
    },
    /// No drain, no goodbye, and started again.
    ProgramKilled,
    ProgramPaused {
        seconds: f64,
    },
}

pub struct Schedule {
    luck: ChaCha8Rng,
    machines: usize,
    given: usize,
}

/// Every machine gets its turn, and each other blow comes once in a while.
pub fn schedule(seed: u64, machines: usize) -> Schedule {
    Schedule { luck: ChaCha8Rng::seed_from_u64(seed), machines, given: 0 }
}

impl Schedule {
    pub fn pause(&mut self) -> Duration {
        Duration::from_secs_f64(self.luck.random_range(0.5..2.0))
    }

    pub fn next(&mut self) -> Blow {
        let (round, place) = (self.given / 3, self.given % 3);
        self.given += 1;
        let seconds = self.luck.random_range(0.5..3.5);
        // Two blows for machines, then one for the rest.
        let which = (2 * round + place) % self.machines;
        match place {
            0 | 1 if self.luck.random_bool(0.5) => Blow::MachineKilled { which, seconds },
            0 | 1 => Blow::MachinePaused { which, seconds },
            _ => match round % 4 {
                0 => Blow::ProgramKilled,
                1 => Blow::BrokerKilled { seconds },
                2 => Blow::LogAway { seconds: seconds * 2.0 },
                _ => Blow::ProgramPaused { seconds },
            },
        }
    }
}

#[test]
fn a_dozen_blows_strike_every_machine_and_everything_else_once() {
    let mut blows = schedule(1, 8);
    let given: Vec<Blow> = (0..12).map(|_| blows.next()).collect();
    let struck = |wanted: usize| {
        given.iter().any(|blow| matches!(blow, Blow::MachineKilled { which, .. } | Blow::MachinePaused { which, .. } if *which == wanted))
    };
    assert!((0..8).all(struck));
    assert!(given.contains(&Blow::ProgramKilled));
    assert!(given.iter().any(|blow| matches!(blow, Blow::BrokerKilled { .. })));
    assert!(given.iter().any(|blow| matches!(blow, Blow::LogAway { .. })));
    assert!(given.iter().any(|blow| matches!(blow, Blow::ProgramPaused { .. })));
}
